"""The work of ca_bench.sh: says there what it measures."""
import argparse
import os
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1024  # of ru_maxrss, in KiB


class Failed(Exception):
    pass


class Figures:
    """What each side of each step took, round by round."""

    def __init__(self):
        self.runs = {}

    def add(self, step, side, seconds, cpu, peak):
        self.runs.setdefault((step, side), []).append((seconds, cpu, peak))

    def median(self, step, side):
        runs = self.runs.get((step, side))
        return runs and [statistics.median(x) for x in zip(*runs)]


def run(argv, stdin=None, out=os.devnull):
    """Seconds, CPU seconds and peak KiB of one process."""
    with open(stdin or os.devnull, "rb") as given, open(out, "wb") as taken, \
            tempfile.TemporaryFile() as errors:
        begun = time.monotonic()
        child = subprocess.Popen(argv, stdin=given, stdout=taken,
                                 stderr=errors)
        _, status, used = os.wait4(child.pid, 0)
        took = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            raise Failed("%s: exit %d: %s" % (
                " ".join(argv), child.returncode, errors.read().decode()))
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss


class Bench:
    def __init__(self, folder, rows, issues):
        self.folder, self.rows, self.issues = folder, rows, issues
        self.figures = Figures()
        self.lab = self.path("lab")
        self.shell = shutil.which("sqlite3")
        self.random = random.Random(6960)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ours(self, step, *argv, out=os.devnull):
        self.figures.add(step, "ours", *run(
            ["ocsp-ca", *argv, "--dir", self.lab], out=out))

    def theirs(self, step, sql):
        if self.shell:
            self.figures.add(step, "sqlite3", *run(
                [self.shell, "-bail", self.path("copy.db")], stdin=sql))
            os.unlink(sql)

    def init(self):
        shutil.rmtree(self.lab, ignore_errors=True)
        run(["ocsp-ca", "init", "--dir", self.lab])

    def freeze(self):
        """The database before a step: what the shell begins with."""
        for name in ("copy.db", "copy.db-wal", "copy.db-shm"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        with sqlite3.connect(self.lab + "/ca.db") as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = {table: db.execute("SELECT coalesce(max(rowid), 0) FROM "
                                        + table).fetchone()[0]
                      for table in ("issued", "event")}
        db.close()
        shutil.copyfile(self.lab + "/ca.db", self.path("copy.db"))
        return before

    def script(self, queries):
        """Statements that the queries print, as one transaction."""
        path = self.path("rows.sql")
        db = sqlite3.connect("file:%s/ca.db?mode=ro" % self.lab, uri=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write("PRAGMA synchronous = FULL;\nBEGIN IMMEDIATE;\n")
            for query in queries:
                for line in db.execute(query):
                    f.writelines(x + "\n" for x in line)
            f.write("COMMIT;\n")
        db.close()
        return path

    def inserts(self, table, where, order):
        db = sqlite3.connect("file:%s/ca.db?mode=ro" % self.lab, uri=True)
        columns = [row[1] for row in db.execute(
            "PRAGMA table_info(%s)" % table)]
        db.close()
        values = " || ',' || ".join("quote(%s)" % c for c in columns)
        return ("SELECT 'INSERT INTO %s VALUES (' || %s || ');' FROM %s"
                " WHERE %s ORDER BY %s" % (table, values, table, where, order))

    def same(self):
        """The shell has written what we have."""
        if self.shell:
            totals = [sqlite3.connect(path).execute(
                "SELECT (SELECT count(*) FROM issued), count(*), sum(status),"
                " sum(version), (SELECT count(*) FROM event) FROM cert")
                .fetchone() for path in (self.lab + "/ca.db",
                                         self.path("copy.db"))]
            if totals[0] != totals[1]:
                raise Failed("not the same rows: %s" % totals)

    # ---- the steps -------------------------------------------------------

    def issue(self):
        self.init()
        self.ours("issue", "issue", "load", "--count", str(self.issues))

    # Nothing here may grow with the rows: the memory of a process at its
    # start is ours, and counts as its own.

    def index(self):
        with open(self.path("index.txt"), "w", encoding="ascii") as f, \
                open(self.path("list"), "w", encoding="ascii") as serials:
            for number in range(self.rows):
                serial = "%032X" % (self.random.getrandbits(126) | 1 << 120)
                f.write("V\t491231235959Z\t\t%s\tunknown\t/CN=host%d.example"
                        "\n" % (serial, number))
                serials.write(serial + "\n")

    def import_(self):
        self.init()
        before = self.freeze()
        self.ours("import", "import", self.path("index.txt"), "--ca", "root")
        if self.shell:
            self.theirs("import", self.script([
                self.inserts("issued", "id > %d" % before["issued"], "id"),
                self.inserts("cert", "issued > %d" % before["issued"],
                             "issued"),
                self.inserts("event", "seq > %d" % before["event"], "seq")]))
        self.same()

    def revoke(self):
        before = self.freeze()
        self.ours("revoke", "revoke", "--from", self.path("list"),
                  "--reason", "superseded", "--ca", "root")
        if self.shell:
            self.theirs("revoke", self.script([
                "SELECT 'UPDATE cert SET status = ' || status || ', reason = '"
                " || quote(reason) || ', revoked_at = ' || revoked_at ||"
                " ', version = ' || version || ' WHERE ca = ' || ca ||"
                " ' AND serial = ' || quote(serial) || ';' FROM cert WHERE"
                " version > %d ORDER BY version" % before["event"],
                self.inserts("event", "seq > %d" % before["event"], "seq")]))
        self.same()

    def crl(self):
        self.ours("crl", "crl", "--ca", "root")

    def list(self):
        self.ours("list", "list")

    def list_tenth(self):
        """A lab of a tenth, to compare the memory with."""
        self.init()
        with open(self.path("tenth"), "w", encoding="ascii") as out, \
                open(self.path("index.txt"), encoding="ascii") as rows:
            out.writelines(line for line, _ in zip(rows,
                                                   range(self.rows // 10)))
        run(["ocsp-ca", "import", self.path("tenth"), "--ca", "root",
             "--dir", self.lab])
        self.ours("list/10", "list")

    # ---- the table -------------------------------------------------------

    def table(self):
        floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
        print("%-8s %9s %8s %8s %9s %9s %6s  %s" % (
            "", "rows", "s", "CPU s", "peak MiB", "sqlite3 s", "ratio",
            "goal"))
        goals = {"import": "<= 3", "revoke": "<= 3", "crl": "<= 5 s",
                 "list": "constant memory"}
        sizes = {"issue": self.issues, "list/10": self.rows // 10}
        for step in ("issue", "import", "revoke", "crl", "list", "list/10"):
            ours = self.figures.median(step, "ours")
            theirs = self.figures.median(step, "sqlite3")
            print("%-8s %9d %8.2f %8.2f %9.1f %9s %6s  %s" % (
                step, sizes.get(step, self.rows), ours[0], ours[1],
                ours[2] / MIB, "%.2f" % theirs[0] if theirs else "-",
                "%.2f" % (ours[0] / theirs[0]) if theirs else "-",
                goals.get(step, "")))
        print("(peaks below %.1f MiB cannot be seen from here)" % floor)


def options():
    parser = argparse.ArgumentParser(prog="ca_bench.sh")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--issue", type=int, default=10000)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--dir")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.issue, args.rows = 1, 100, 10000
    return args


def main():
    args = options()
    folder = tempfile.mkdtemp(prefix="ca-bench.", dir=args.dir)
    try:
        bench = Bench(folder, args.rows, args.issue)
        if not bench.shell:
            print("ca_bench.sh: no sqlite3 here: no yardstick")
        bench.index()
        for _ in range(args.rounds):
            for step in (bench.issue, bench.import_, bench.revoke, bench.crl,
                         bench.list, bench.list_tenth):
                step()
        bench.table()
    except Failed as problem:
        print("ca_bench.sh: %s" % problem, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


sys.exit(main())
