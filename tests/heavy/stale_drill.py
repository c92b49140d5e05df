"""The work of stale-drill.sh: says there what it does."""
import argparse
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time

from board import (CLOCK_FROZEN, CLOCK_LO, CLOCK_OFFSET, GONE_ACKED,
                   GONE_BEGUN, Board, Issuer)
from drilled import (Answer, Askers, Probe, Responder, Wrong, ca, ca_quick,
                     move_clock)

HOLDS = 16  # certificates that are held and released
SHOWN = 10


class Kind:
    """What came of one kind of change."""

    def __init__(self, name):
        self.name, self.changes, self.answers = name, 0, 0
        self.stale, self.lags = [], []

    def note(self, lag, answers, stale):
        self.changes += 1
        self.answers += answers
        self.lags.append(lag)
        self.stale += stale

    def print(self):
        lags = sorted(self.lags)
        print("%-28s %6d changes, %7d answers right after: %d stale; first "
              "new one after p50 %.2f  p99 %.2f  most %.2f ms"
              % (self.name, self.changes, self.answers, len(self.stale),
                 statistics.median(lags) * 1e3,
                 lags[int(len(lags) * .99)] * 1e3, lags[-1] * 1e3), flush=True)
        for what in self.stale[:SHOWN]:
            print("  " + what)


class Drill:
    def __init__(self, folder, args):
        self.folder, self.args, self.kinds = folder, args, []
        self.lab = os.path.join(folder, "lab")
        made = json.loads(ca(self.lab, "init", "--temporary", "--json"))
        ca(self.lab, "issue", "c", "--count",
           str(args.revocations + HOLDS + 2), "--no-files")
        # One is never changed; of the last one the other clients do not know.
        self.alone = args.revocations + HOLDS
        self.apart = self.alone + 1
        self.issuer = Issuer(made["cas"][0]["cert"])
        rows = [row for row in json.loads(ca(self.lab, "list", "--json"))
                if row["name"]]
        self.names = [row["name"] for row in rows]
        self.serials = [int(row["serial"], 16) for row in rows]
        self.board = Board.make(os.path.join(folder, "board"), self.apart)
        self.board.add_ca(self.issuer)
        for serial in self.serials[:self.apart]:
            self.board.add_cert(0, serial)
        self.start()
        self.begun = time.monotonic()

    def start(self):
        self.responder = Responder(self.lab, self.folder, "--threads",
                                   str(self.args.threads))
        self.askers = Askers(self.board, self.responder.address,
                             self.args.clients, 8)
        self.probe = Probe(self.responder.place())

    def stop(self):
        self.probe.close()
        asked, parsed, _ = self.askers.stop()
        took = time.monotonic() - self.begun
        print("%-28s %d answers meanwhile, %d of them new ones, %.0f a second: "
              "0 wrong" % ("%d other clients" % self.args.clients, asked,
                           parsed, asked / took), flush=True)
        self.responder.stop()

    def kill(self):
        self.askers.kill()
        self.responder.kill()

    def phase(self, name):
        self.kinds.append(Kind(name))
        return self.kinds[-1]

    def after(self, kind, what, serial, change, fault, kinds=Probe.KINDS):
        """Makes the change, then asks at once; fault says of an answer what is
        old in it, or None."""
        prepared = list(self.probe.questions(self.issuer, serial, kinds))
        ended = change()
        answers, first = self.probe.ask(prepared)
        stale = []
        for (method, digest, nonce), (octets, body) in zip(kinds, answers):
            wrong = fault(Answer(octets, body))
            if wrong:
                stale.append("%s, %s %s%s: %s" % (
                    what, method, digest, " nonce" if nonce else "", wrong))
        kind.note(first - ended, len(answers), stale)
        self.askers.check()

    def is_now(self, what, serial, status):
        """Before a change: it is as it should be, and every thread keeps it."""
        answers, _ = self.probe.ask(list(self.probe.questions(
            self.issuer, serial, Probe.KINDS[:4])))
        for answer in answers:
            a = Answer(*answer)
            if a.error or a.status != status:
                raise Wrong("%s is not %s before" % (what, status))


def says(status):
    return lambda a: (None if not a.error and a.status == status
                      else "error %d" % a.error if a.error else a.status)


# ---- kinds of change ----------------------------------------------------------

def set_state(drill, kind, i, verb, state):
    name, serial, board = drill.names[i], drill.serials[i], drill.board
    drill.is_now(name, serial, "REVOKED" if board.state(i) % 2 else "GOOD")

    def change():
        board.begin(i, state)
        ended = ca_quick(drill.lab, verb, name)
        board.end(i)
        return ended

    drill.after(kind, name, serial, change,
                says("REVOKED" if state % 2 else "GOOD"))


def revoke(drill):
    kind = drill.phase("revoke")
    for i in range(drill.args.revocations):
        set_state(drill, kind, i, "revoke", 1)


def hold(drill):
    kind = drill.phase("hold and release")
    for n in range(drill.args.others):
        i = drill.args.revocations + n % HOLDS
        state = drill.board.state(i) + 1
        set_state(drill, kind, i, "hold" if state % 2 else "release", state)


def rotate(drill):
    kind = drill.phase("signer rotate")
    drill.board.begin(drill.alone, 0)
    row = json.loads(ca(drill.lab, "signer", "list", "--json"))
    signer = int(row["serial"], 16)
    for _ in range(drill.args.others):
        made = {}

        def change():
            out = ca(drill.lab, "signer", "rotate", "--json")
            ended = time.monotonic()
            drill.board.retire(0, signer)
            made["signer"] = int(json.loads(out)["serial"], 16)
            return ended

        drill.after(kind, "signer", drill.serials[drill.alone], change, lambda a: (
            None if a.error == 0 and a.signer == made["signer"]
            else "error %d" % a.error if a.error else
            "signed by %x" % a.signer))
        signer = made["signer"]


MOVES = (["advance", "3d"], ["advance", "-30h"], ["freeze"], ["real"],
         ["set", "-12h"], ["advance", "10s"], ["real"])


def clock(drill):
    kind = drill.phase("clock")
    board = drill.board
    for n in range(drill.args.others):
        move = MOVES[n % len(MOVES)]

        def fault(a):
            low = board[CLOCK_LO]
            high = (board[CLOCK_FROZEN] or
                    time.time() + 1 + board[CLOCK_OFFSET])
            if a.error:
                return "error %d" % a.error
            if low <= a.this_update == a.produced_at <= high:
                return None
            return "thisUpdate %d, but it is %d" % (a.this_update, low)

        drill.after(kind, " ".join(move), drill.serials[drill.alone],
                    lambda: move_clock(drill.lab, board, *move), fault)
    move_clock(drill.lab, board, "real")


def appear(drill):
    """Unknown, and kept as that; then it is in the database."""
    kind = drill.phase("unknown becomes good")
    index = os.path.join(drill.folder, "index.txt")
    for n in range(drill.args.others):
        serial = 0x41 << 120 | n
        drill.is_now("%x" % serial, serial, "UNKNOWN")
        with open(index, "w") as f:
            f.write("V\t360101000000Z\t\t%X\tunknown\t/CN=late%d\n"
                    % (serial, n))
        drill.after(kind, "%x" % serial, serial, lambda: ca_quick(
            drill.lab, "import", index, "--ca", "root"), says("GOOD"))


# A deliberate fault, and what is then said.
SCENARIOS = (("trylater", "error 3"), ("revoked", "REVOKED"),
             ("unknown", "UNKNOWN"), ("unauthorized", "error 6"),
             (None, "GOOD"))


def scenario(drill):
    """On one certificate, each in the place of the one before."""
    kind = drill.phase("scenario set and clear")
    name = drill.names[drill.apart]
    for n in range(drill.args.others):
        fault, said = SCENARIOS[n % len(SCENARIOS)]
        words = ("set", name, fault) if fault else ("clear", name)

        def odd(a):
            got = "error %d" % a.error if a.error else a.status
            return None if got == said else got

        drill.after(kind, " ".join(words), drill.serials[drill.apart],
                    lambda: ca_quick(drill.lab, "scenario", *words), odd)


# ---- the directory goes -------------------------------------------------------

def removed(drill):
    shutil.rmtree(drill.lab)


def moved(drill):
    os.rename(drill.lab, drill.lab + ".old")


def exchanged(drill):
    """With one that was made aside, so between two questions."""
    os.rename(drill.lab, drill.lab + ".old")
    os.rename(drill.lab + ".new", drill.lab)


def made_anew(drill):
    shutil.rmtree(drill.lab)
    ca(drill.lab, "init", "--temporary")


def database_removed(drill):
    os.unlink(drill.lab + "/ca.db")


WAYS = (removed, moved, exchanged, made_anew, database_removed)


def gone(drill):
    """Each time with a copy of the lab and a responder of its own."""
    kind = drill.phase("DIR is gone or another one")
    drill.stop()
    keep = drill.lab
    for n, way in zip(range(max(drill.args.others // 5, len(WAYS))),
                      itertools.cycle(WAYS)):
        drill.lab = os.path.join(drill.folder, "lab%d" % n)
        for copy in (drill.lab, drill.lab + ".new"):
            shutil.copytree(keep, copy)
        drill.start()
        drill.board.begin(drill.alone, 0)
        drill.is_now(way.__name__, drill.serials[drill.alone], "GOOD")

        def change():
            drill.board[GONE_BEGUN] += 1
            way(drill)
            ended = time.monotonic()
            drill.board[GONE_ACKED] = drill.board[GONE_BEGUN]
            return ended

        drill.after(kind, way.__name__, drill.serials[drill.alone], change,
                    lambda a: None if a.error == 2 else "an answer")
        code, body = drill.responder.status("/healthz")
        if code != 503 or b"removed or replaced" not in body:
            raise Wrong("%s: healthz says %d" % (way.__name__, code))
        drill.probe.close()
        drill.askers.stop()
        drill.responder.stop()
        drill.board[GONE_BEGUN] += 1
        drill.board[GONE_ACKED] = drill.board[GONE_BEGUN]


# ---- the program --------------------------------------------------------------

KINDS = (revoke, hold, rotate, clock, appear, scenario, gone)


def options():
    parser = argparse.ArgumentParser(prog="stale-drill.sh")
    parser.add_argument("--revocations", type=int, default=10000)
    parser.add_argument("--others", type=int)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--dir")
    parser.add_argument("--only", default=",".join(k.__name__ for k in KINDS))
    args = parser.parse_args()
    if args.others is None:
        args.others = max(args.revocations // 20, 6)
    return args


def main():
    args = options()
    folder = tempfile.mkdtemp(prefix="stale-drill.", dir=args.dir)
    drill = None
    try:
        drill = Drill(folder, args)
        for kind in KINDS:
            if kind.__name__ in args.only.split(","):
                kind(drill)
                drill.kinds[-1].print()
        if drill.responder.process.poll() is None:
            drill.stop()
        stale = sum(len(k.stale) for k in drill.kinds)
    except Wrong as problem:
        print("stale-drill.sh: %s" % problem)
        stale = 1
    finally:
        if drill:
            drill.kill()
        shutil.rmtree(folder)
    return 1 if stale else 0


sys.exit(main())
