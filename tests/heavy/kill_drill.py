"""The work of kill-drill.sh: says there what it does."""
import argparse
import os
import random
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from kill_kinds import KINDS, Wrong, sound

SLOTS = 4
# An operation that takes longer hangs.
PATIENCE = 60


class Process:
    """One call of ocsp-ca; its pidfd names it and nobody else."""

    def __init__(self, argv, folder):
        self.argv = argv
        self.out = tempfile.TemporaryFile(dir=folder)
        self.err = tempfile.TemporaryFile(dir=folder)
        self.started = time.monotonic()
        self.child = subprocess.Popen(
            ["ocsp-ca"] + argv, stdout=self.out, stderr=self.err,
            stdin=subprocess.DEVNULL)
        self.pidfd = os.pidfd_open(self.child.pid)

    def ends_within(self, seconds):
        return bool(select.select([self.pidfd], [], [], max(0, seconds))[0])

    def kill(self):
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def finish(self):
        if not self.ends_within(PATIENCE):
            self.kill()
            self.child.wait()
            raise Wrong("%s: still running after %d s" % (self, PATIENCE))
        self.took = time.monotonic() - self.started
        code = self.child.wait()
        os.close(self.pidfd)
        return code

    def text(self, stream):
        stream.seek(0)
        return stream.read().decode()

    def __str__(self):
        return "ocsp-ca " + " ".join(self.argv)


class Round:
    """Four slots that work until each victim among them is dead."""

    def __init__(self, drill, kind, victims):
        self.drill, self.kind = drill, kind
        self.alive = set(victims)
        self.lock = threading.Lock()
        self.wrong = None
        self.unanswered = []
        self.acknowledged = 0

    def run(self):
        threads = [threading.Thread(target=self.work, args=(slot,))
                   for slot in range(SLOTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.wrong:
            raise self.wrong

    def work(self, slot):
        try:
            victim = slot in self.alive
            while self.alive and not self.wrong:
                if self.one(victim) and victim:
                    self.alive.discard(slot)
        except Exception as problem:  # every thread must end
            self.wrong = problem

    def one(self, victim):
        """Runs one operation; true if it was killed."""
        with self.lock:
            argv, token = self.kind.next()
            moment = self.drill.moment(self.kind)
        process = Process(argv + ["--dir", self.drill.lab], self.drill.folder)
        killed = victim and not process.ends_within(moment)
        if killed:
            process.kill()
        code = process.finish()
        with self.lock:
            self.drill.learn(self.kind, process.took, code)
            if code == -signal.SIGKILL and killed:
                self.unanswered.append(token)
                return True
            if code != 0:
                raise Wrong("%s: exit %d: %s"
                            % (process, code, process.text(process.err)))
            self.kind.acknowledge(token, process.text(process.out))
            self.acknowledged += 1
        return False


class Drill:
    def __init__(self, folder, chance):
        self.folder, self.chance = folder, chance
        self.lab = os.path.join(folder, "lab")
        self.took = {}
        self.call("init", "--name", "Drill")

    def call(self, *argv):
        done = subprocess.run(
            ["ocsp-ca", *argv, "--dir", self.lab], capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        if done.returncode != 0:
            raise Wrong("ocsp-ca %s: exit %d: %s"
                        % (" ".join(argv[:4]), done.returncode, done.stderr))
        return done.stdout

    def learn(self, kind, took, code):
        if code == 0:
            self.took.setdefault(kind, []).append(took)

    def moment(self, kind):
        """Anywhere in the life of such a process, seconds from its start."""
        times = self.took.get(kind, [])[-50:] or [0.01]
        return self.chance.uniform(0, 1.2 * statistics.median(times))

    def phase(self, kind, rounds):
        begun = time.monotonic()
        kills = done = acknowledged = 0
        for number in range(rounds):
            victims = (range(SLOTS) if number % 4 == 3
                       else [self.chance.randrange(SLOTS)])
            kind.prepare()
            turn = Round(self, kind, victims)
            turn.run()
            kills += len(turn.unanswered)
            acknowledged += turn.acknowledged
            # As the kill has left it: nobody has written since.
            with sound(self.lab) as db:
                kind.check(db)
                done += sum(map(lambda t: kind.happened(db, t),
                                turn.unanswered))
            kind.after(turn.unanswered)
        print("%-7s %5d rounds, %5d kills (%d after the commit), %6d "
              "acknowledged, all there, %.1f s"
              % (kind.name, rounds, kills, done, acknowledged,
                 time.monotonic() - begun), flush=True)


def options():
    parser = argparse.ArgumentParser(prog="kill-drill.sh")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--dir")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default=",".join(k.name for k in KINDS))
    return parser.parse_args()


def main():
    args = options()
    seed = args.seed
    if seed is None:
        seed = random.SystemRandom().randrange(1000000)
    folder = tempfile.mkdtemp(prefix="kill-drill.", dir=args.dir)
    print("kill-drill.sh: seed %d, in %s" % (seed, folder), flush=True)
    try:
        drill = Drill(folder, random.Random(seed))
        for make in KINDS:
            if make.name not in args.only.split(","):
                continue
            kind = make(drill)
            if not kind.can():
                print("%-7s this ocsp-ca has it not: skipped" % kind.name)
                continue
            rounds = args.rounds if kind.name == "revoke" else args.rounds // 5
            drill.phase(kind, max(1, rounds))
    except Wrong as problem:
        print("kill-drill.sh: %s; the lab is kept: %s" % (problem, folder))
        return 1
    shutil.rmtree(folder)
    return 0


sys.exit(main())
