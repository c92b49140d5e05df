"""What kill-drill.sh kills, and what must hold afterwards."""
import contextlib
import datetime
import json
import os
import sqlite3
import stat
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

GOOD, REVOKED = 0, 1
CURRENT = 1


class Wrong(Exception):
    """A rule is broken: says which."""


def must(ok, *words):
    if not ok:
        raise Wrong(" ".join(map(str, words)))


# Each lists what must not be.
HALVES = {
    "a status that does not fit its date":
        "SELECT serial FROM cert WHERE (status = 1) != (revoked_at NOTNULL)"
        " OR (status = 0 AND reason NOTNULL)",
    "a certificate without the event that its version names":
        "SELECT c.serial FROM cert c WHERE NOT EXISTS (SELECT 1 FROM event e"
        " WHERE e.seq = c.version AND e.ca = c.ca AND e.serial = c.serial)",
    "an event without its change":
        "SELECT e.seq FROM event e LEFT JOIN cert c"
        " ON c.ca = e.ca AND c.serial = e.serial"
        " WHERE e.kind IN ('issue', 'revoke', 'hold', 'release')"
        " AND (c.serial IS NULL OR c.version < e.seq)",
    "a state without its certificate":
        "SELECT c.serial FROM cert c LEFT JOIN issued i"
        " ON i.id = c.issued AND i.serial = c.serial WHERE i.id IS NULL",
    "a certificate without its state":
        "SELECT i.id FROM issued i LEFT JOIN cert c"
        " ON c.ca = i.ca AND c.serial = i.serial WHERE c.serial IS NULL",
    "a key that refers to nothing": "PRAGMA foreign_key_check",
    "a gap in the trail":
        "SELECT max(seq), count(*) FROM event HAVING max(seq) != count(*)",
}


@contextlib.contextmanager
def sound(lab):
    """The database, read only, after checking it."""
    db = sqlite3.connect("file:%s/ca.db?mode=ro" % lab, uri=True)
    try:
        found = db.execute("PRAGMA integrity_check").fetchall()
        must(found == [("ok",)], "integrity_check:", found)
        for what, query in HALVES.items():
            found = db.execute(query).fetchall()
            must(not found, "half done:", what, found[:3])
        yield db
    finally:
        db.close()


def instant(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
               .timestamp())


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def pair(key_pem, cert_pem, where):
    """The certificate, if that private key is its."""
    cert = x509.load_pem_x509_certificate(cert_pem)
    key = serialization.load_pem_private_key(key_pem, None)
    must(key.public_key().public_numbers() == cert.public_key()
         .public_numbers(), where, "has a key that does not fit")
    return cert


def octets(cert):
    n = cert.serial_number
    return n.to_bytes(n.bit_length() // 8 + 1, "big")


def private(path):
    mode = stat.S_IMODE(os.stat(path).st_mode)
    must(mode == 0o600, "%s: mode %o" % (path, mode))


def take(new, known):
    """One of the new ones becomes known; false if there is none."""
    if not new:
        return False
    known.add(new.pop())
    return True


def signers(db, lab):
    """Each CA has one signer that is there, and whole."""
    cas = db.execute("SELECT count(*) FROM ca").fetchone()[0]
    rows = db.execute("SELECT ca, serial, path, der FROM signer"
                      " WHERE state = ?", (CURRENT,)).fetchall()
    must(len(rows) == len({row[0] for row in rows}) == cas, len(rows),
         "current signers of", cas, "CAs")
    for _, serial, path, der in rows:
        path = os.path.join(lab, path)
        must(os.path.exists(path), path, "is a current signer, and missing")
        private(path)
        cert = pair(read(path), read(path), path)
        must(cert.public_bytes(serialization.Encoding.DER) == der and
             octets(cert) == serial, path, "is not what the database names")


class Kind:
    """One thing to kill: its calls, and what they leave."""

    needs = None  # command and a word in its help; None: always there

    def __init__(self, drill):
        self.drill, self.lab, self.chance = drill, drill.lab, drill.chance
        self.count = 0

    def can(self):
        if self.needs is None:
            return True
        command, word = self.needs
        done = subprocess.run(["ocsp-ca", command, "--help"], text=True,
                              capture_output=True, check=False)
        return done.returncode == 0 and word in done.stdout

    def prepare(self):
        """Before a round."""

    def after(self, unanswered):
        """After the check: the next command works."""

    def fresh(self, prefix):
        self.count += 1
        return "%s%d" % (prefix, self.count)


class Revoke(Kind):
    name = "revoke"

    def __init__(self, drill):
        super().__init__(drill)
        self.pool = []
        self.acknowledged = {}  # name: (revoked_at, reason)

    def prepare(self):
        if len(self.pool) < 60:  # a round takes some 20
            names = [self.fresh("n") for _ in range(100)]
            self.drill.call("issue", *names)
            self.pool += names

    def next(self):
        names = [self.pool.pop() for _ in range(self.chance.choice((1, 1, 2)))]
        argv = ["revoke", "--json", *names]
        if self.chance.random() < 0.5:
            argv += ["--revocation-date",
                     "-%dh" % self.chance.randrange(1, 1000)]
        if self.chance.random() < 0.5:
            argv += ["--reason", self.chance.choice(("1", "4", "5", "6"))]
        return argv, names

    def acknowledge(self, names, out):
        records = lines(out)
        must([r["name"] for r in records] == names, "printed:", out)
        for record in records:
            must(record["status"] == "revoked" or record["status"] == "hold",
                 "acknowledged as", record)
            self.acknowledged[record["name"]] = (
                instant(record["revoked_at"]), record["reason"])

    REASONS = {None: "unspecified", 1: "keyCompromise", 4: "superseded",
               5: "cessationOfOperation", 6: "certificateHold"}

    def check(self, db):
        found = {name: (at, self.REASONS[reason]) for name, at, reason
                 in db.execute("SELECT name, revoked_at, reason FROM cert"
                               " JOIN issued ON issued.id = cert.issued"
                               " WHERE status = 1 AND name LIKE 'n%'")}
        for name, state in self.acknowledged.items():
            must(found.get(name) == state, name, "was acknowledged as", state,
                 "but is", found.get(name))

    def happened(self, db, names):
        states = {db.execute("SELECT status FROM cert JOIN issued ON"
                             " issued.id = cert.issued WHERE name = ?",
                             (name,)).fetchone()[0] for name in names}
        must(len(states) == 1, names, "half of them revoked")
        return states == {REVOKED}

    def after(self, unanswered):
        for names in unanswered:
            self.acknowledge(names,
                             self.drill.call("revoke", "--json", *names))


class Issue(Kind):
    name = "issue"

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = {}  # name: serial, not seen yet
        self.seen = set()

    def next(self):
        names = [self.fresh("i") for _ in range(self.chance.choice((1, 3)))]
        if self.chance.random() < 0.3:
            series = self.fresh("i")
            return (["issue", "--json", series, "--count", "4"],
                    ["%s-%d" % (series, n) for n in range(1, 5)])
        return ["issue", "--json", *names], names

    def acknowledge(self, names, out):
        records = lines(out)
        must([r["name"] for r in records] == names, "printed:", out)
        for record in records:
            self.acknowledged[record["name"]] = record["serial"]

    def row(self, db, name):
        return db.execute("SELECT serial, der FROM issued WHERE name = ?",
                          (name,)).fetchone()

    def folder(self, db, name):
        """A folder has its row and fits it, from the first moment on."""
        folder = os.path.join(self.lab, "certs", name)
        row = self.row(db, name)
        must(row, folder, "is there without a row")
        cert = pair(read(folder, "key.pem"), read(folder, "cert.pem"), folder)
        must(cert.public_bytes(serialization.Encoding.DER) == row[1],
             folder, "has another certificate than the database")
        must(octets(cert) == row[0], folder, "has another serial")
        private(os.path.join(folder, "key.pem"))
        must(read(folder, "chain.pem") == read(self.lab, "root.pem"),
             folder, "has another chain.pem")
        return row[0]

    def check(self, db):
        for name in os.listdir(os.path.join(self.lab, "certs")):
            if name.startswith("i") and name not in self.seen:
                self.folder(db, name)
                self.seen.add(name)
        for name, serial in self.acknowledged.items():
            must(name in self.seen, name, "was acknowledged, without files")
            must(self.row(db, name)[0].hex().lstrip("0") == serial.lstrip("0"),
                 name, "was acknowledged with another serial")
        self.acknowledged = {}

    def happened(self, db, names):
        rows = {self.row(db, name) is not None for name in names}
        must(len(rows) == 1, names, "half of them issued")
        return rows == {True}

    def after(self, unanswered):
        self.drill.call("issue", self.fresh("i"))
        aside = os.listdir(os.path.join(self.lab, "certs", ".new"))
        must(not aside, "left aside:", aside)
        with sound(self.lab) as db:
            self.check(db)
            for name in (n for names in unanswered for n in names):
                there = os.path.exists(os.path.join(self.lab, "certs", name))
                must(there == (self.row(db, name) is not None), name,
                     "has a row and no folder")


class Renew(Kind):
    name, needs = "renew", ("issue", "--renew")
    NAMES = ["r%d" % n for n in range(6)]

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = set()
        self.seen = {}

    def prepare(self):
        if not self.acknowledged:
            self.acknowledge(None, self.drill.call("issue", "--json",
                                                   *self.NAMES))

    def next(self):
        name = self.chance.choice(self.NAMES)
        return ["issue", "--json", "--renew", name], name

    def acknowledge(self, name, out):
        self.acknowledged |= {int(r["serial"], 16) for r in lines(out)}

    def rows(self, db):
        return {int.from_bytes(serial, "big"): name for serial, name
                in db.execute("SELECT serial, name FROM issued"
                              " WHERE name GLOB 'r[0-9]*'")}

    def folders(self):
        """Serial of each, where key and certificate fit."""
        found = {}
        top = os.path.join(self.lab, "certs")
        for name in os.listdir(top):
            if name.startswith("r"):
                folder = os.path.join(top, name)
                cert = pair(read(folder, "key.pem"),
                            read(folder, "cert.pem"), folder)
                private(os.path.join(folder, "key.pem"))
                found[cert.serial_number] = name
        return found

    def check(self, db):
        rows, folders = self.rows(db), self.folders()
        must(folders.keys() <= rows.keys(), "a folder without a row:",
             [folders[s] for s in folders.keys() - rows.keys()])
        must(self.acknowledged <= rows.keys(), "acknowledged, but lost:",
             self.acknowledged - rows.keys())
        self.before = rows

    def happened(self, db, name):
        return take(self.rows(db).keys() - self.acknowledged,
                    self.acknowledged)

    def after(self, unanswered):
        self.acknowledge(None, self.drill.call(
            "issue", "--json", "--renew", self.chance.choice(self.NAMES)))
        aside = os.listdir(os.path.join(self.lab, "certs", ".new"))
        must(not aside, "left aside:", aside)
        with sound(self.lab) as db:
            rows = self.rows(db)
            must(rows == self.folders(), "rows and folders differ:",
                 set(rows.items()) ^ set(self.folders().items()))
            self.acknowledged = set(rows)


class Signer(Kind):
    name, needs = "signer", ("signer", "rotate")

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = set()

    def next(self):
        return ["signer", "rotate", "--json"], None

    def acknowledge(self, token, out):
        for record in lines(out):
            self.acknowledged.add(int(record["serial"], 16))

    def prepare(self):
        if not self.acknowledged:
            self.after([])

    def check(self, db):
        signers(db, self.lab)
        self.serials = {int.from_bytes(row[0], "big") for row in db.execute(
            "SELECT serial FROM signer WHERE serial NOTNULL AND id > 1")}
        must(self.acknowledged <= self.serials, "acknowledged, but lost")

    def happened(self, db, token):
        return take(self.serials - self.acknowledged, self.acknowledged)

    def after(self, unanswered):
        self.acknowledge(None, self.drill.call("signer", "rotate", "--json"))


class AddCa(Kind):
    name, needs = "add-ca", ("add-ca", "--under")

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = set()

    def next(self):
        name = self.fresh("sub")
        return ["add-ca", name, "--json"], name

    def acknowledge(self, name, out):
        self.acknowledged.add(name)

    def check(self, db):
        rows = dict(db.execute("SELECT name, der FROM ca"))
        must(self.acknowledged <= rows.keys(), "acknowledged, but lost:",
             self.acknowledged - rows.keys())
        top = os.path.join(self.lab, "ca")
        for name in set(os.listdir(top)) - rows.keys():
            inside = os.listdir(os.path.join(top, name))
            must(not inside or "unfinished" in inside, name,
                 "is a folder without a row and without its mark")
        for name in rows:
            folder = os.path.join(self.lab, "ca", name)
            cert = pair(read(folder, "key.pem"), read(folder, "cert.pem"),
                        folder)
            must(cert.public_bytes(serialization.Encoding.DER) == rows[name],
                 folder, "has another certificate than the database")
            private(os.path.join(folder, "key.pem"))
        signers(db, self.lab)

    def happened(self, db, name):
        return db.execute("SELECT 1 FROM ca WHERE name = ?",
                          (name,)).fetchone() is not None

    def after(self, unanswered):
        self.drill.call("add-ca", self.fresh("sub"))
        with sound(self.lab) as db:
            self.check(db)
            rows = {row[0] for row in db.execute("SELECT name FROM ca")}
        folders = set(os.listdir(os.path.join(self.lab, "ca")))
        must(rows <= folders, "rows without a folder:", rows - folders)


class Crl(Kind):
    name = "crl"

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = 0

    def next(self):
        # A delta, too, has a number, but not this file.
        if self.acknowledged and self.chance.random() < 0.3:
            return ["crl", "--delta"], None
        return ["crl", "--json"], None

    def acknowledge(self, token, out):
        if not out.startswith("{"):
            return
        for record in lines(out):
            self.acknowledged = max(self.acknowledged, record["number"])

    def check(self, db):
        path = os.path.join(self.lab, "crl", "root.crl")
        if not os.path.exists(path):
            must(not self.acknowledged, path, "is missing")
            return
        crl = x509.load_der_x509_crl(read(path))
        issuer = x509.load_pem_x509_certificate(read(self.lab, "root.pem"))
        must(crl.is_signature_valid(issuer.public_key()), path, "is broken")
        number = crl.extensions.get_extension_for_class(
            x509.CRLNumber).value.crl_number
        self.last = db.execute("SELECT max(number) FROM crl").fetchone()[0]
        must(self.acknowledged <= number <= self.last, path, "has number",
             number, "after", self.acknowledged, "was acknowledged and",
             self.last, "taken")

    def happened(self, db, token):
        taken, self.acknowledged = self.acknowledged, self.last
        return self.last > taken

    def after(self, unanswered):
        self.acknowledge(None, self.drill.call("crl", "--json"))
        left = [name for name in os.listdir(os.path.join(self.lab, "crl"))
                if not name.endswith(".crl")]
        must(not left, "left over:", left)


class Import(Kind):
    """An index.txt of openssl: all its rows or none."""

    name, needs = "import", ("import", "index")
    ROWS = 40

    def __init__(self, drill):
        super().__init__(drill)
        self.acknowledged = {}  # serial: (status, revoked_at)

    def next(self):
        rows = {}
        path = os.path.join(self.drill.folder, self.fresh("index"))
        now = int(time.time())
        with open(path, "w", encoding="ascii") as f:
            for _ in range(self.ROWS):
                serial = "%032X" % self.chance.getrandbits(127)
                at = now - self.chance.randrange(1, 10 ** 7)
                stamp = time.strftime("%y%m%d%H%M%SZ", time.gmtime(at))
                revoked = self.chance.random() < 0.5
                f.write("%s\t491231235959Z\t%s\t%s\tunknown\t/CN=%s\n" % (
                    "R" if revoked else "V", stamp if revoked else "", serial,
                    serial))
                rows[int(serial, 16)] = (
                    (REVOKED, at) if revoked else (GOOD, None))
        return ["import", path, "--json"], (path, rows)

    def acknowledge(self, token, out):
        path, rows = token
        self.acknowledged.update(rows)
        os.unlink(path)

    def check(self, db):
        self.found = {int.from_bytes(serial, "big"): (status, at)
                      for serial, status, at in db.execute(
                          "SELECT serial, status, revoked_at FROM cert")}
        for serial, state in self.acknowledged.items():
            must(self.found.get(serial) == state, "%x" % serial,
                 "was acknowledged as", state)

    def happened(self, db, token):
        there = [serial for serial in token[1] if serial in self.found]
        must(len(there) in (0, self.ROWS), len(there), "rows of", self.ROWS,
             "are there")
        return bool(there)

    def after(self, unanswered):
        for token in unanswered:
            self.acknowledge(token,
                             self.drill.call("import", token[0], "--json"))


KINDS = (Revoke, Issue, Renew, Signer, Crl, Import, AddCa)
