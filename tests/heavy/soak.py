"""The work of soak.sh: says there what it does."""
import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from board import CERTS, CLOCK_FROZEN, CLOCK_LO, CLOCK_OFFSET, Board, Issuer
from drilled import (PATIENCE, Answer, Askers, Connection, Probe, Responder,
                     Wrong, ca, ca_quick, move_clock)

FIRST, ROOM, CAS_MOST = 300, 20000, 40
# Seconds that the clock is moved to and fro: less than the day that signers
# begin before they are made.
MOVES = (-39000, 39000)
ALGORITHMS = ("p256", "ed25519", "rsa2048", "p384")


class Soak:
    def __init__(self, folder, args, seed):
        self.folder, self.args = folder, args
        self.chance = random.Random(seed)
        self.lab = os.path.join(folder, "lab")
        self.board = Board.make(os.path.join(folder, "board"), ROOM)
        self.cas, self.signers = [], {}
        self.names, self.serials, self.done = [], [], {}
        self.samples, self.probed = [], 0
        ca(self.lab, "init", "--temporary", "--depth", "2")
        self.learn_ca("root")
        self.learn_ca("ca1")
        self.issue("ca1", FIRST)
        # Of this one the clients do not know.
        ca(self.lab, "issue", "apart")
        self.apart = Issuer(self.lab + "/certs/apart/cert.pem").cert
        self.responder = Responder(
            self.lab, folder, "--threads", "4", "--cache", "1",
            "--max-wait", "60s")  # tryLater is another test's
        self.askers = Askers(self.board, self.responder.address,
                             args.clients, 8)
        self.pests = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(__file__),
                                          "pests.py"), self.board.path,
             self.responder.url, self.responder.status_url, str(seed)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.probe = Probe(self.responder.place())
        self.begun = time.monotonic()

    # -- what is known

    def learn_ca(self, name):
        self.board.add_ca(Issuer("%s/ca/%s/cert.pem" % (self.lab, name)))
        self.cas.append(name)
        row = json.loads(ca(self.lab, "signer", "list", "--ca", name, "--json"))
        self.signers[name] = int(row["serial"], 16)

    def issue(self, ca_name, count):
        name = "s%d" % len(self.names)
        out = ca(self.lab, "issue", name, "--count", str(count), "--no-files",
                 "--ca", ca_name, "--json")
        for line in out.splitlines():
            row = json.loads(line)
            self.serials.append(int(row["serial"], 16))
            self.names.append(row["name"])
            self.board.add_cert(self.cas.index(ca_name), self.serials[-1])

    def some(self, state):
        """A certificate that is good (0) or held (1)."""
        while True:
            i = self.chance.randrange(len(self.names))
            if self.board.state(i) % 2 == state:
                return i

    def expect(self, what, i, fault):
        """Asks about certificate i at once, in every way."""
        self.ask("%s, %s" % (what, self.names[i]), self.board.ca_of(i),
                 self.serials[i],
                 lambda a: "error %d" % a.error if a.error else fault(a))

    def ask(self, what, ca_index, serial, fault):
        answers, _ = self.probe.ask(list(self.probe.questions(
            self.board.cas[ca_index], serial, Probe.KINDS)))
        for octets, body in answers:
            wrong = fault(Answer(octets, body))
            if wrong:
                raise Wrong("after %s: %s" % (what, wrong))
        self.probed += len(answers)

    # -- changes

    def change(self, i, state, *words):
        self.board.begin(i, state)
        ca_quick(self.lab, *words)
        self.board.end(i)
        self.expect(words[0], i, lambda a: a.status if a.status !=
                    ("REVOKED" if state % 2 else "GOOD") else None)

    def revoke(self):
        i = self.some(0)
        self.change(i, self.board.state(i) + 1, "revoke", self.names[i],
                    "--reason", "superseded")

    def revoke_many(self):
        path = os.path.join(self.folder, "list")
        these = {self.some(0) for _ in range(5)}
        with open(path, "w") as f:
            for i in these:
                f.write(self.names[i] + "\n")
                self.board.begin(i, self.board.state(i) + 1)
        ca_quick(self.lab, "revoke", "--from", path)
        for i in these:
            self.board.end(i)
        for i in these:
            self.expect("revoke --from", i,
                        lambda a: a.status if a.status != "REVOKED" else None)

    def hold_and_release(self):
        i = self.some(0)
        self.change(i, self.board.state(i) + 1, "hold", self.names[i])
        self.change(i, self.board.state(i) + 1, "release", self.names[i])

    def new_certificates(self):
        if len(self.names) + 3 > self.args.certificates:
            return self.hold_and_release()
        self.issue(self.chance.choice(self.cas), 3)
        i = len(self.names) - 1
        self.expect("issue", i,
                    lambda a: a.status if a.status != "GOOD" else None)

    def rotate(self):
        name = self.chance.choice(self.cas)
        ca_index = self.cas.index(name)
        out = ca(self.lab, "signer", "rotate", "--ca", name, "--json")
        self.board.retire(ca_index, self.signers[name])
        new = self.signers[name] = int(json.loads(out)["serial"], 16)
        for i in range(len(self.names) - 1, -1, -1):
            if self.board.ca_of(i) == ca_index:
                return self.expect("signer rotate", i, lambda a: "signed by %x"
                                   % a.signer if a.signer != new else None)

    def clock(self):
        real = time.gmtime(time.time() + self.chance.randint(*MOVES))
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ", real)
        words = self.chance.choice((("real",), ("set", text), ("set", text),
                                    ("freeze", text)))
        move_clock(self.lab, self.board, *words)
        low = self.board[CLOCK_LO]
        high = self.board[CLOCK_FROZEN] or 0

        def fault(a):
            most = high or time.time() + 1 + self.board[CLOCK_OFFSET]
            if not low <= a.this_update == a.produced_at <= most:
                return "thisUpdate %d, but it is %d" % (a.this_update, low)

        self.expect("clock " + " ".join(words), len(self.names) - 1, fault)

    def new_ca(self):
        if len(self.cas) >= self.args.cas:
            return self.rotate()
        name = "x%d" % len(self.cas)
        ca(self.lab, "add-ca", name, "--algorithm",
           ALGORITHMS[len(self.cas) % len(ALGORITHMS)])
        self.learn_ca(name)
        self.issue(name, 5)
        self.expect("add-ca", len(self.names) - 1,
                    lambda a: a.status if a.status != "GOOD" else None)

    def crl(self):
        name = self.chance.choice(self.cas)
        ca_quick(self.lab, "crl", "--ca", name)
        with open("%s/crl/%s.crl" % (self.lab, name), "rb") as f:
            wanted = f.read()
        c = Connection(self.responder.place())
        c.send(b"GET /crl/%s.crl HTTP/1.1\r\nHost: h\r\n\r\n" % name.encode())
        if c.receive()[1] != wanted:
            raise Wrong("another CRL of %s" % name)
        c.close()

    def scenario(self):
        """A deliberate fault of one certificate comes and goes."""
        fault, said = self.chance.choice((("trylater", 3), ("serverr", 2),
                                          ("revoked", "REVOKED")))
        for words, status in ((("set", "apart", fault), said),
                              (("clear", "apart"), "GOOD")):
            ca_quick(self.lab, "scenario", *words)
            self.ask(" ".join(words), 1, self.apart.serial_number,
                     lambda a: None if status == (a.error or a.status)
                     else a.error or a.status)

    def hang_up(self):
        os.kill(self.responder.pid, signal.SIGHUP)

    # -- watching

    def watch(self):
        """Once in a second."""
        now = time.monotonic() - self.begun
        if self.samples and now < self.samples[-1][0] + 1:
            return
        self.samples.append((now, self.responder.memory_kb(),
                             self.responder.descriptors()))
        self.askers.check()
        if self.pests.poll() is not None:
            raise Wrong("pests.py: " + self.pests.communicate()[1])

    def run(self):
        kinds = ([self.revoke] * 8 + [self.hold_and_release] * 8 +
                 [self.new_certificates] * 4 + [self.rotate] * 3 +
                 [self.clock] * 3 + [self.scenario] * 2 +
                 [self.revoke_many, self.new_ca, self.crl, self.hang_up])
        self.watch()
        while self.samples[-1][0] < self.args.seconds:
            kind = self.chance.choice(kinds)
            kind()
            self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1
            self.watch()

    def stop(self):
        asked, parsed, slowest = self.askers.stop()
        out, err = self.pests.communicate(timeout=PATIENCE)
        if self.pests.returncode:
            raise Wrong("pests.py: " + err)
        code, body = self.responder.status("/healthz")
        if code != 200:
            raise Wrong("healthz: %d %s" % (code, body))
        self.probe.close()
        self.left = self.settle()
        self.responder.stop()
        self.print(asked, parsed, slowest, json.loads(out))
        self.judge_memory()

    def settle(self):
        """Descriptors, once all clients have gone."""
        end = time.monotonic() + PATIENCE
        while (n := self.responder.descriptors()) > self.samples[0][2]:
            if time.monotonic() > end:
                raise Wrong("%d descriptors, %d at the start" % (
                    n, self.samples[0][2]))
            self.responder.status("/metrics")
        return n

    def print(self, asked, parsed, slowest, pests):
        took = self.samples[-1][0]
        print("clients: %d answers, %d of them new ones, %.0f a second, the "
              "slowest after %d ms: 0 wrong" % (
                  asked, parsed, asked / took, slowest))
        print("changes: %d in %.0f s, %d answers right after: 0 wrong; %s" % (
            sum(self.done.values()), took, self.probed, words(self.done)))
        print("pests: %d visits; %s" % (sum(pests.values()), words(pests)))
        print("%d CAs, %d certificates" % (len(self.cas), self.board[CERTS]))
        for minute in (0, 1, 2, 5, 10, 15, 30, 60):
            near = [s for s in self.samples if s[0] >= minute * 60]
            if near:
                print("minute %2d: %.1f MiB resident, %d descriptors" % (
                    minute, near[0][1] / 1024, near[0][2]))
        print("end: %.1f MiB resident; descriptors %d, at the start %d" % (
            self.samples[-1][1] / 1024, self.left, self.samples[0][2]),
            flush=True)

    def judge_memory(self):
        """From the end of the first third on it stays as it is."""
        n = len(self.samples)
        part = max(n // 10, 1)
        kb = [s[1] for s in self.samples]
        begin = statistics.median(kb[n // 3:n // 3 + part])
        end = statistics.median(kb[-part:])
        print("memory: %.1f MiB after a third, %.1f MiB in the last tenth" % (
            begin / 1024, end / 1024))
        if end - begin > self.args.growth * 1024:
            raise Wrong("memory grows")

    def kill(self):
        self.askers.kill()
        if self.pests.poll() is None:
            self.pests.kill()
            self.pests.wait()
        self.responder.kill()


def words(counts):
    return ", ".join("%s %d" % (k.replace("_", " "), v)
                     for k, v in sorted(counts.items()))


def options():
    parser = argparse.ArgumentParser(prog="soak.sh")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--cas", type=int, default=CAS_MOST)
    parser.add_argument("--certificates", type=int, default=2000)
    parser.add_argument("--growth", type=float, default=8)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--dir")
    args = parser.parse_args()
    if args.minutes:
        args.seconds = args.minutes * 60
    return args


def main():
    args = options()
    seed = args.seed
    if seed is None:
        seed = random.SystemRandom().randrange(1000000)
    folder = tempfile.mkdtemp(prefix="soak.", dir=args.dir)
    print("soak.sh: seed %d" % seed, flush=True)
    soak = None
    try:
        soak = Soak(folder, args, seed)
        soak.run()
        soak.stop()
    except Wrong as problem:
        print("soak.sh: %s" % problem)
        if soak:
            with open(soak.responder.log, errors="replace") as f:
                sys.stdout.writelines(f.readlines()[-20:])
        return 1
    finally:
        if soak:
            soak.kill()
        shutil.rmtree(folder)
    return 0


sys.exit(main())
