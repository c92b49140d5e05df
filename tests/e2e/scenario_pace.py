#!/usr/bin/env python3
"""What comes when: usage: scenario_pace.py URL, of a server with one thread;
REQUEST in q.der has no answer for a minute, or one whose bytes come so slowly,
and o.der has one at once."""
import select
import socket
import sys
import urllib.parse

WHERE = urllib.parse.urlsplit(sys.argv[1])


def ask(file):
    with open(file, "rb") as f:
        body = f.read()
    s = socket.create_connection((WHERE.hostname, WHERE.port), timeout=60)
    s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
              % len(body) + body)
    return s


def has_more(s):
    return bool(select.select([s], [], [], 0)[0])


slow = ask("q.der")
if sys.argv[2] == "drip":
    head, byte = b"", b""
    while not head.endswith(b"\r\n\r\n"):
        head += slow.recv(1)
    byte = slow.recv(1000)
    assert byte == b"\x30", byte  # the first byte of an OCSPResponse, alone
# One that comes later is answered, all of it, so the first had its turn.
assert ask("o.der").recv(10000).startswith(b"HTTP/1.1 200")
assert not has_more(slow)
slow.close()
assert ask("o.der").recv(10000).startswith(b"HTTP/1.1 200")
