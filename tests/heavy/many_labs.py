#!/usr/bin/python3
"""many-labs.sh says what this is."""
import argparse
import concurrent.futures
import os
import pathlib
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "examples"
MARK = "OCSP_MANY_LABS"
# Longest that one of them may take, on a machine that does a hundred other
# things.  What has not come to an end then hangs.
LIMIT_S = 600
# And until the last is gone, who is told of his owner's end by the kernel.
GONE_S = 60

LAB = """set -eu
eval "$(ocsp-lab up --env)"
echo up
read -r all_are_up
ocsp-check --expect good
ocsp-ca issue extra
ocsp-lab wait --cert extra --staple good --timeout 300s
ocsp-ca revoke www
ocsp-check --cert www --expect revoked
ocsp-lab refresh www
ocsp-check --expect revoked
ocsp-lab down
echo done
"""


class Marked:
    """The processes that have our mark, found by their environment."""

    def __init__(self):
        self.text = "%s=%d-%d" % (MARK, os.getpid(), random.getrandbits(64))
        self.environment = dict(os.environ)
        for name in [n for n in self.environment if n.startswith("OCSP_LAB_")]:
            del self.environment[name]
        # Not inside a test of another bats.
        for name in [n for n in self.environment if n.startswith("BATS_")]:
            del self.environment[name]
        self.environment[MARK] = self.text.partition("=")[2]

    def living(self):
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                if self.text.encode() in environment:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[int(entry.name)] = b" ".join(words).decode(
                        errors="replace")
            except OSError:
                pass  # gone meanwhile, or not ours
        return found

    def await_end(self):
        """Those that are left when the time is up."""
        end = time.monotonic() + GONE_S
        while left := self.living():
            for pid in left:
                try:
                    fd = os.pidfd_open(pid)
                except ProcessLookupError:
                    continue
                ready, _, _ = select.select(
                    [fd], [], [], max(0, end - time.monotonic()))
                os.close(fd)
                if not ready:
                    return left
        return {}


class Ground:
    """Where everything happens."""

    def __init__(self, folder):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="many.", dir=folder))
        self.tmp, self.work = self.root / "tmp", self.root / "work"
        self.tmp.mkdir()
        self.work.mkdir()
        self.marked = Marked()
        self.marked.environment["TMPDIR"] = str(self.tmp)

    def start(self, words, **more):
        return subprocess.Popen(
            words, cwd=self.work, env=self.marked.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, **more)

    def finish(self, process):
        """What it said if it failed, else None."""
        try:
            out, _ = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            state = subprocess.run(
                ["ps", "-eo", "pid,ppid,stat,wchan:20,args"],
                capture_output=True, text=True).stdout
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            return "no end after %d s\n%s\n%s" % (LIMIT_S, out, state)
        return out if process.returncode else None

    def run(self, words):
        return self.finish(self.start(words, stdin=subprocess.DEVNULL))

    def prepare(self, *words, **environment):
        subprocess.run(words, cwd=self.work, check=True,
                       env={**self.marked.environment, **environment})

    def left_over(self):
        """What nobody took away; it goes now."""
        left = self.marked.await_end()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.marked.await_end()
        files = sorted(str(p.relative_to(self.tmp))
                       for p in self.tmp.rglob("*"))
        return (["running: %d %s" % one for one in left.items()] +
                ["on disk: " + f for f in files])


# ---- labs that are up at the same time ------------------------------------

def labs(ground, count):
    started = time.monotonic()
    all_of_them = [ground.start(["sh", "-c", LAB], stdin=subprocess.PIPE)
                   for _ in range(count)]
    up = 0
    for process in all_of_them:
        # A lab that fails says so at its end, and ends the line, too.
        ready, _, _ = select.select([process.stdout], [], [], LIMIT_S)
        up += bool(ready) and os.read(process.stdout.fileno(), 3) == b"up\n"
    all_up = time.monotonic() - started
    failed = []
    for process in all_of_them:
        try:
            process.stdin.write("go\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass
    for process in all_of_them:
        said = ground.finish(process)
        if said is not None:
            failed.append(said)
    print("labs: %d of %d up at once after %.1f s; %d failed; %.1f s" %
          (up, count, all_up, len(failed), time.monotonic() - started),
          flush=True)
    return failed + ["a lab was not up"] * (count - up - len(failed))


# ---- the examples ----------------------------------------------------------

def have(*programs):
    return all(shutil.which(p) for p in programs)


def kinds(ground):
    """Of each: how often, what must be there, how it is made, and run."""
    work = ground.work
    python = "/usr/bin/python3"
    go = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
          "GOCACHE": str(work / "gocache")}
    yield ("sh", 40, have("curl"), [], {}, ["sh", EXAMPLES / "revocation.sh"])
    yield ("bats", 16, have("bats", "gnutls-cli"), [], {},
           ["bats", EXAMPLES / "revocation.bats"])
    yield ("pytest", 20, not subprocess.run(
        [python, "-c", "import pytest, cryptography"],
        stderr=subprocess.DEVNULL).returncode, [], {},
           [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
            EXAMPLES / "test_revocation.py"])
    yield ("c", 16, have("cc"),
           ["cc", EXAMPLES / "revocation.c", "-o", work / "c", "-lssl",
            "-lcrypto"], {},
           ["ocsp-lab", "run", "--no-bundle", "--", work / "c"])
    yield ("go", 4, have("go") and os.path.isdir(
        "/usr/share/gocode/src/golang.org/x/crypto/ocsp"),
           ["go", "test", "-c", "-o", work / "go.test",
            EXAMPLES / "revocation_test.go"], go, [work / "go.test"])
    yield ("java", 2, have("javac", "java"),
           ["javac", "-d", work, EXAMPLES / "Revocation.java"], {},
           ["java", "-XX:-UsePerfData", "-cp", work, "Revocation"])
    yield ("node", 2, have("node"), [], {},
           ["node", "--test", EXAMPLES / "revocation.test.js"])


def choose(ground, only, runs):
    """The commands, in a mixed order."""
    chosen = []
    for name, weight, there, made_by, environment, words in kinds(ground):
        if only and name not in only:
            continue
        if not there:
            print("%s: not here, left out" % name)
            continue
        if made_by and runs:
            ground.prepare(*made_by, **environment)
        chosen.append((name, weight, words))
    total = sum(weight for _, weight, _ in chosen)
    jobs, spent = [], 0
    for name, weight, words in chosen:
        begin = spent * runs // total
        spent += weight
        jobs += [(name, words)] * (spent * runs // total - begin)
    random.Random(1).shuffle(jobs)
    return jobs


def examples(ground, jobs, at_once):
    started = time.monotonic()
    counts, failed, slowest = {}, [], 0

    def one(job):
        began = time.monotonic()
        return job[0], ground.run(job[1]), time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for name, said, took in pool.map(one, jobs):
            counts[name] = counts.get(name, 0) + 1
            slowest = max(slowest, took)
            if said is not None:
                failed.append("%s: %s" % (name, said))
    print("examples: %d runs (%s), %d at once; %d failed; slowest %.1f s; "
          "%.1f s" % (
              len(jobs), " ".join("%s %d" % c for c in sorted(counts.items())),
              at_once, len(failed), slowest, time.monotonic() - started),
          flush=True)
    return failed


# ---- all -------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--labs", type=int, default=50)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--dir")
    args = parser.parse_args()
    ground = Ground(args.dir)
    try:
        wrong = labs(ground, args.labs) if args.labs else []
        wrong += examples(
            ground, choose(ground, args.only, args.runs), args.jobs)
    finally:
        left = ground.left_over()
        shutil.rmtree(ground.root)
    print("left: %d" % len(left))
    for text in wrong + left:
        print("many-labs.sh: %s" % text)
    return 1 if wrong or left else 0


sys.exit(main())
