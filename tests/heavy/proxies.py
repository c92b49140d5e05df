#!/usr/bin/python3
"""Starts nginx on free ports.

  proxies.py CONF [WORD=VALUE]...

Fills in the @WORD@s of CONF, and @port0@, @port1@, ... with ports that the
kernel chooses, in ./nginx.conf; prints {"ports": [...]}; then becomes nginx,
which takes the listening sockets over as it does from an older nginx, through
the variable NGINX.  So no port is free for others in between.
"""
import json
import os
import re
import socket
import sys


def listener():
    s = socket.create_server(("127.0.0.1", 0), backlog=256)
    s.setblocking(False)
    s.set_inheritable(True)
    return s


def main():
    with open(sys.argv[1]) as f:
        text = f.read()
    words = dict(word.split("=", 1) for word in sys.argv[2:])
    # Without root there is nobody to become.
    words["user"] = "user root;" if os.getuid() == 0 else ""
    sockets = [listener() for _ in set(re.findall("@port[0-9]@", text))]
    ports = [s.getsockname()[1] for s in sockets]
    words.update(("port%d" % i, str(p)) for i, p in enumerate(ports))
    for folder in "tmp", "cache":
        os.makedirs(folder, exist_ok=True)
    with open("nginx.conf", "w") as f:
        f.write(re.sub("@([a-z0-9]+)@", lambda m: words[m[1]], text))
    print(json.dumps({"ports": ports}), flush=True)
    os.environ["NGINX"] = "".join("%d;" % s.fileno() for s in sockets)
    os.execvp("nginx", ["nginx", "-e", "stderr", "-p", os.getcwd() + "/",
                        "-c", "nginx.conf"])


main()
