#!/usr/bin/python3
"""An outage drill for ocsp-stapler, decided by a seed.

  outage_drill.py DIR [--rounds N] [--seed S] [--stapler OPTION]...

In DIR: a lab with three certificates, one of them must-staple; ocsp-responder
behind a front that spoils what it says; ocsp-stapler.  In each round the front
gets another fault, the responder is killed or started, the stapler restarted,
and the lab's clock goes on by hours or days, through many validities.  All the
time clients shake hands by TLS 1.2 and 1.3, and judge what they get by
ocsp-check, and now and then by openssl.  Exit 1 if a handshake

  - took as long as if it had waited for a fetch,
  - carried a staple that is not good now, or
  - carried none though one that is still valid had been seen.
"""
import argparse
import datetime
import http.client
import json
import os
import random
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request

NAMES = ("www", "api", "must")
FAULTS = ("refuse", "silent", "slow", "garble", "503", "html", "trylater",
          "empty", "cut")
FETCH_TIMEOUT = 60  # seconds: no handshake may take as long
HANDSHAKE_MAX = 30


def parse_time(text):
    t = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return t.replace(tzinfo=datetime.timezone.utc).timestamp()


# ---- the front ------------------------------------------------------------

class Front(socketserver.ThreadingTCPServer):
    """What certificates name as their responder."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Turn)
        self.fault, self.over = "ok", threading.Event()
        self.behind = None  # port of the responder
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def set(self, fault):
        over, self.over = self.over, threading.Event()
        self.fault = fault
        over.set()

    def handle_error(self, *_):
        pass  # the stapler has heard enough


class Turn(socketserver.StreamRequestHandler):
    def handle(self):
        fault, over = self.server.fault, self.server.over
        method, path, _ = self.rfile.readline().decode().split()
        if self.rfile.readline() == b"" or fault == "refuse":
            return
        if fault == "silent":
            over.wait()
            return
        body = self.ask(method, path)
        status = 200
        if fault == "503":
            status, body = 503, b"no"
        elif fault == "html":
            body = b"<html>we are sorry</html>"
        elif fault == "trylater":
            body = bytes.fromhex("30030a0103")
        elif fault == "empty":
            body = b""
        elif fault == "garble" and body:
            middle = len(body) // 2
            body = (body[:middle] + bytes([body[middle] ^ 0x55]) +
                    body[middle + 1:])
        self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" %
                         (status, len(body)))
        if fault == "cut":
            body = body[:len(body) // 2]
        if fault == "slow":
            for octet in body:
                self.wfile.write(bytes([octet]))
                if over.wait(0.2):
                    return
        self.wfile.write(body)

    def ask(self, method, path):
        if self.server.behind is None or method != "GET":
            raise OSError("no responder")
        c = http.client.HTTPConnection("127.0.0.1", self.server.behind)
        c.request("GET", path)
        return c.getresponse().read()


# ---- the programs ---------------------------------------------------------

def run(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


class Server:
    def __init__(self, name, *argv):
        with open(name + ".log", "a") as log:
            self.process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("outage drill: %s does not start: see its log" % name)
        self.ready = json.loads(line)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()


class Drill:
    def __init__(self, options):
        self.options, self.dice = options, random.Random(options.seed)
        self.lock = threading.Condition()
        self.shaking = 0  # clients in a handshake
        self.still = False  # nobody begins one
        self.ending = False
        self.deck = []  # of faults that are still to come
        self.last = {}  # name: end of the longest valid staple seen
        self.told = []
        self.tally = {}
        self.front = Front()
        self.responder = None
        run("ocsp-ca", "init", "--ocsp-url",
            "http://127.0.0.1:%d" % self.front.server_address[1])
        for name in NAMES:
            run("ocsp-ca", "issue", name, "--days", "3000",
                *(["--must-staple"] if name == "must" else []))
        self.start_responder()
        self.port = "0"
        self.start_stapler()

    def start_responder(self):
        self.responder = Server("responder", "ocsp-responder", "--listen",
                                "127.0.0.1:0", "--url",
                                "http://127.0.0.1:%d"
                                % self.front.server_address[1],
                                "--status", "off")
        # Where it listens is not what it says, which is the front's URL.
        pid = self.responder.process.pid
        inodes = {os.readlink("/proc/%d/fd/%s" % (pid, fd))
                  for fd in os.listdir("/proc/%d/fd" % pid)}
        for line in open("/proc/net/tcp").read().splitlines()[1:]:
            f = line.split()
            if f[3] == "0A" and "socket:[%s]" % f[9] in inodes:
                self.front.behind = int(f[1].split(":")[1], 16)

    def kill_responder(self):
        self.front.behind = None
        self.responder.end(signal.SIGKILL)
        self.responder = None

    def start_stapler(self):
        self.stapler = Server(
            "stapler", "ocsp-stapler", "--listen", "127.0.0.1:" + self.port,
            "--timeout", "%ds" % FETCH_TIMEOUT, "--patience", "1s",
            *self.options.stapler)
        self.port = self.stapler.ready["url"].rsplit(":", 1)[1]

    def refresh(self):
        request = urllib.request.Request(
            self.stapler.ready["status_url"] + "/refresh", method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["certificates"]

    # ---- handshakes -------------------------------------------------------

    def fault(self, *words):
        with self.lock:
            self.told.append(" ".join(str(w) for w in words))

    def now(self):
        return parse_time(json.loads(run("ocsp-ca", "clock", "show",
                                         "--json"))["now"])

    def shake(self, name, version, independent):
        began = time.monotonic()
        now = self.now()
        if independent:
            got = self.by_openssl(name, version, now)
        else:
            got = self.by_check(name, version)
        if time.monotonic() - began > HANDSHAKE_MAX:
            self.fault(name, version, "handshake was blocked")
        with self.lock:
            self.tally[got] = self.tally.get(got, 0) + 1
            end = self.last.get(name, 0)
        # A second or two go by between the two looks at the clock.
        if got in ("missing", "refused") and now + 30 < end:
            self.fault(name, version, got, "though one is valid until", end)
        if got == "missing" and name == "must":
            self.fault(name, version, "went on without a staple")

    def saw(self, name, end):
        with self.lock:
            self.last[name] = max(self.last.get(name, 0), end)

    def by_check(self, name, version):
        p = subprocess.run(
            ["ocsp-check", "127.0.0.1:" + self.port, "--servername", name,
             "--tls" + version, "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=FETCH_TIMEOUT)
        if p.returncode == 0:
            self.saw(name, parse_time(json.loads(p.stdout)["next_update"]))
            return "good"
        if p.returncode in (4, 5):
            return "missing" if p.returncode == 4 else "refused"
        self.fault(name, version, "bad staple: exit", p.returncode, p.stdout)
        return "bad"

    def by_openssl(self, name, version, now):
        p = subprocess.run(
            ["openssl", "s_client", "-connect", "127.0.0.1:" + self.port,
             "-servername", name, "-tls" + version.replace(".", "_"),
             "-status", "-CAfile", os.environ["OCSP_LAB_DIR"] + "/root.pem"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, timeout=FETCH_TIMEOUT)
        if "no peer certificate available" in p.stdout:
            return "refused"
        if "OCSP response: no response sent" in p.stdout:
            return "missing"
        end = re.search("Next Update: (.*)", p.stdout)
        if "Cert Status: good" not in p.stdout or not end:
            self.fault(name, version, "openssl: not good:", p.stdout)
            return "bad"
        end = datetime.datetime.strptime(end[1], "%b %d %H:%M:%S %Y GMT")
        end = end.replace(tzinfo=datetime.timezone.utc).timestamp()
        if end < now:
            self.fault(name, version, "openssl: expired at", end)
        return "good"

    def client(self, number):
        dice = random.Random(self.options.seed * 1000 + number)
        while True:
            with self.lock:
                self.lock.wait_for(lambda: not self.still or self.ending)
                if self.ending:
                    return
                self.shaking += 1
            try:
                self.shake(dice.choice(NAMES), dice.choice(("1.2", "1.3")),
                           dice.random() < 0.3)
            except Exception as e:  # a client that hangs is a finding
                self.fault("client:", e)
            with self.lock:
                self.shaking -= 1
                self.lock.notify_all()

    # ---- rounds -----------------------------------------------------------

    def alone(self, do):
        """What moves the time or the server, between two handshakes."""
        with self.lock:
            self.still = True
            self.lock.wait_for(lambda: self.shaking == 0)
        do()
        with self.lock:
            self.still = False
            self.lock.notify_all()

    def restart_stapler(self):
        self.stapler.end(signal.SIGTERM)
        self.start_stapler()

    def some_handshakes(self, more):
        with self.lock:
            want = sum(self.tally.values()) + more
            self.lock.wait_for(lambda: sum(self.tally.values()) >= want,
                               timeout=600)

    def round(self, number):
        if not self.deck:
            self.deck = self.dice.sample(FAULTS, len(FAULTS))
        fault = "ok" if number % 2 else self.deck.pop()
        hours = self.dice.choice((1, 7, 20, 40, 60, 97, 130))
        killed = fault == "refuse" or self.dice.random() < 0.15
        restart = self.dice.random() < 0.3
        print("round %d: fault %s, responder %s, %d h on%s" %
              (number, fault, "killed" if killed else "up", hours,
               ", stapler restarted" if restart else ""))
        self.front.set(fault)
        if killed:
            self.kill_responder()
        self.some_handshakes(3)
        self.alone(lambda: run("ocsp-ca", "clock", "advance", "%dh" % hours))
        if restart:
            self.alone(self.restart_stapler)
        # What ends at once has ended before they go on.
        if fault not in ("silent", "slow"):
            self.refresh()
        self.some_handshakes(6)
        if killed:
            self.start_responder()
        if fault == "ok":
            for row in self.refresh():
                if row["state"] != "good":
                    self.fault(row["name"], "all is well, and it is",
                               row["state"], row["last_error"])
            self.some_handshakes(3)

    def run(self):
        clients = [threading.Thread(target=self.client, args=(i,))
                   for i in range(3)]
        for c in clients:
            c.start()
        try:
            for number in range(1, self.options.rounds + 1):
                self.round(number)
        finally:
            with self.lock:
                self.ending = True
                self.lock.notify_all()
            for c in clients:
                c.join()

    def close(self):
        self.stapler.end(signal.SIGTERM)
        if self.responder:
            self.responder.end(signal.SIGTERM)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("--rounds", type=int, default=200)
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--stapler", action="append", default=[])
    options = p.parse_args()
    os.chdir(options.dir)
    os.environ["OCSP_LAB_DIR"] = options.dir + "/lab"
    print("outage drill: --seed %d --rounds %d" %
          (options.seed, options.rounds), flush=True)
    drill = Drill(options)
    try:
        drill.run()
    finally:
        drill.close()
    for line in drill.told[:20]:
        print("FAULT:", line)
    print("outage drill: %s; %d faults" %
          (", ".join("%d %s" % (n, what)
                     for what, n in sorted(drill.tally.items())),
           len(drill.told)))
    sys.exit(1 if drill.told else 0)


main()
