#!/usr/bin/python3
"""Judges that know nothing of us, on answers of every algorithm.

  oracles.py [--only ALGORITHM,...]

For each algorithm, signed by a delegate or by the CA, and once by an
intermediate: a lab with three certificates, one good, one revoked and one that
was never issued, which every judge asks the responder about.  Prints a table:
"g r u" where a judge has found all three, verified the signatures, and named
reason and date where it can; "-" where it does not know the algorithm.
Judges that are not here are left out with a word.
Exit 0, or 1 with a line for each disagreement.

The judges: openssl ocsp, GnuTLS ocsptool, python3-cryptography (with
../e2e/oracle.py), x/crypto/ocsp of Go, PKIXRevocationChecker of Java.

What was found on Debian 12 with OpenSSL 3.0.22, ocsptool 3.7.9,
python3-cryptography 38.0.4, Go 1.19.8 with x/crypto 0.4.0 (which knows no
Ed25519) and OpenJDK 17.0.15 (which asks by GET up to 255 bytes):

               p256        p384        rsa2048     rsa4096     ed25519     p256
               deleg CA    deleg CA    deleg CA    deleg CA    deleg CA    inter
openssl POST   g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
openssl nonce  g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
ocsptool POST  g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
python GET     g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
Go GET         g r u g r u g r u g r u g r u g r u g r u g r u -     -     g r u
Go POST        g r u g r u g r u g r u g r u g r u g r u g r u -     -     g r u
Java GET       g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
Java POST      g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
Java nonce     g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u g r u
"""
import argparse
import base64
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "../e2e/oracle.py")
DATE = "2020-01-02T03:04:05Z"
REASON = "keyCompromise"

ALGORITHMS = ["p256", "p384", "rsa2048", "rsa4096", "ed25519"]


class Case:
    """A lab, its responder, and its three certificates."""

    def __init__(self, folder, algorithm, model, depth=1):
        self.algorithm = algorithm
        self.model = model
        self.label = "%s, %s, depth %d" % (algorithm, model, depth)
        self.signer = "inter" if depth > 1 else \
            {"ca": "CA", "delegated": "deleg"}[model]
        self.dir = folder
        self.root = folder + "/root.pem"
        self.issuer = folder + "/ca/%s/cert.pem" % (
            "root" if depth == 1 else "ca1")
        run("ocsp-ca", "init", "--temporary", "--dir", folder, "--algorithm",
            algorithm, "--signer", model, "--depth", str(depth))
        run("ocsp-ca", "issue", "good", "revoked", "--dir", folder,
            "--algorithm", "p256")
        run("ocsp-ca", "revoke", "revoked", "--dir", folder, "--reason", REASON,
            "--revocation-date", DATE)
        self.certs = {"good": folder + "/certs/good/cert.pem",
                      "revoked": folder + "/certs/revoked/cert.pem",
                      "unknown": self.stranger()}
        self.chains = {name: self.chain(path)
                       for name, path in self.certs.items()}
        self.server = subprocess.Popen(
            ["ocsp-responder", "--dir", folder, "--listen", "127.0.0.1:0",
             "--log", folder + "/responder.log"], stdout=subprocess.PIPE)
        ready = self.server.stdout.readline()
        if not ready:
            raise SystemExit("the responder did not become ready")
        self.url = json.loads(ready)["url"]
        self.status_url = json.loads(ready)["status_url"]
        self.seen = 0

    def asked(self):
        """What the responder has been asked since the last call."""
        with urllib.request.urlopen("%s/requests?since=%d" % (
                self.status_url, self.seen), timeout=30) as answer:
            log = json.load(answer)
        self.seen = log["last"]
        return log["requests"]

    def stranger(self):
        """The CA's key signed it, but the CA never issued it."""
        base = self.dir + "/stranger"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key",
            "-out", base + ".csr", "-subj", "/CN=stranger")
        run("openssl", "x509", "-req", "-in", base + ".csr", "-CA",
            self.issuer, "-CAkey", self.issuer.replace("cert.pem", "key.pem"),
            "-set_serial", "0x4fedcba98765432100112233", "-days", "1", "-out",
            base + ".pem")
        return base + ".pem"

    def chain(self, path):
        """The certificate, and what good has above it."""
        out = path + ".chain"
        with open(out, "wb") as f:
            f.write(read(path) + read(self.dir + "/certs/good/chain.pem"))
        return out

    def close(self):
        self.server.terminate()
        if self.server.wait() != 0:
            raise SystemExit("the responder ended with %d"
                             % self.server.returncode)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit("%s: %s" % (" ".join(command), done.stderr))
    return done.stdout


def said_by(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def read(path):
    with open(path, "rb") as f:
        return f.read()


# ---- the judges -----------------------------------------------------------
#
# judge(case, name) -> what it says of case.certs[name]: good, unknown,
# "revoked", with reason and date if it tells them, or "error ..."

def moment(text, form):
    return datetime.datetime.strptime(text, form).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def openssl(*options):
    def judge(case, name):
        path = case.certs[name]
        rc, text = said_by("openssl", "ocsp", *options, "-issuer", case.issuer,
                           "-cert", path, "-url", case.url, "-CAfile",
                           case.root, "-verify_other", case.issuer)
        found = re.search("^%s: (.*)$" % re.escape(path), text, re.M)
        if rc != 0 or "Response verify OK" not in text or not found or \
                "WARNING" in text:
            return "error " + text
        if found[1] != "revoked":
            return found[1]
        date = re.search("Revocation Time: (.*) GMT", text)[1]
        return "revoked %s %s" % (re.search("Reason: (.*)", text)[1],
                                  moment(date, "%b %d %H:%M:%S %Y"))
    return judge


def ocsptool(case, name):
    rc, text = said_by("ocsptool", "--ask=" + case.url, "--load-cert",
                       case.certs[name], "--load-issuer", case.issuer)
    if rc != 0 or "Verifying OCSP Response: Success" not in text:
        return "error " + text
    status = re.search(r"Certificate Status: (\w+)", text)[1]
    if status != "revoked":
        return status
    date = re.search(r"Revocation time: \w+ (.*) UTC (\d+)", text)
    return "revoked - " + moment(date[1] + date[2], "%b %d %H:%M:%S%Y")


def python(case, name):
    cert, issuer = (x509.load_pem_x509_certificate(read(path))
                    for path in (case.certs[name], case.issuer))
    request = ocsp.OCSPRequestBuilder().add_certificate(
        cert, issuer, hashes.SHA256()).build()
    text = base64.b64encode(request.public_bytes(serialization.Encoding.DER))
    with urllib.request.urlopen(case.url + "/" + urllib.parse.quote(
            text, safe=""), timeout=30) as answer:
        der = answer.read()
    with open(case.dir + "/r.der", "wb") as f:
        f.write(der)
    rc, text = said_by(
        "/usr/bin/python3", ORACLE, "answer", "--root", case.root, "--issuer",
        case.issuer, "--model", case.model, "--cert", case.certs[name], name,
        f.name)
    if rc != 0:
        return "error " + text
    single = ocsp.load_der_ocsp_response(der)
    status = single.certificate_status.name.lower()
    if status != "revoked":
        return status
    return "revoked %s %s" % (single.revocation_reason.value,
                              single.revocation_time.strftime(
                                  "%Y-%m-%dT%H:%M:%SZ"))


class Speaker:
    """A program that answers each line with one."""

    def __init__(self, *command, **environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, **environment))

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip() or "error it has ended"


def go(speaker, method, digest):
    def judge(case, name):
        return speaker.ask(case.url, case.issuer, case.certs[name], method,
                           digest).replace("revoked 1 ",
                                           "revoked keyCompromise ")
    return judge


def java(*options):
    speaker = Speaker("java", *options, HERE + "/oracles/Oracle.java")

    def judge(case, name):
        said = speaker.ask(case.url, case.root, case.chains[name])
        return said.replace("revoked KEY_COMPROMISE ",
                            "revoked keyCompromise ")
    return judge


# ---- who is here ----------------------------------------------------------

GOPATH = "/usr/share/gocode"


def build_go(folder):
    """The program, or why there is none."""
    if shutil.which("go") is None:
        return None, "no go: apt-get install golang-go"
    if not os.path.isdir(GOPATH + "/src/golang.org/x/crypto/ocsp"):
        return None, "no x/crypto: apt-get install golang-golang-x-crypto-dev"
    env = dict(os.environ, GO111MODULE="off", GOPATH=GOPATH, GOFLAGS="",
               GOPROXY="off", GOTOOLCHAIN="local", GOCACHE=folder + "/gocache")
    done = subprocess.run(["go", "build", "-o", folder + "/judge",
                           HERE + "/oracles/oracle.go"], env=env)
    if done.returncode != 0:
        raise SystemExit("oracle.go cannot be built")
    return folder + "/judge", None


def first_line(*command):
    return said_by(*command)[1].strip().split("\n")[0]


def package(name):
    rc, text = said_by("dpkg-query", "-W", "-f", "${Version}", name)
    return text if rc == 0 else "?"


def judges(folder, say):
    """Column -> judge, and the versions."""
    all_judges = {"openssl POST": openssl("-no_nonce", "-sha256"),
                  "openssl nonce": openssl("-nonce")}
    versions = [first_line("openssl", "version")]
    if shutil.which("ocsptool"):
        all_judges["ocsptool POST"] = ocsptool
        versions.append(first_line("ocsptool", "--version"))
    else:
        say("ocsptool", "not here: apt-get install gnutls-bin")
    all_judges["python GET"] = python
    versions.append("python3-cryptography " + cryptography.__version__)
    program, why = build_go(folder)
    if program:
        speaker = Speaker(program)
        all_judges["Go GET"] = go(speaker, "GET", "sha256")
        all_judges["Go POST"] = go(speaker, "POST", "sha1")
        versions.append(first_line("go", "version") + ", x/crypto " +
                        package("golang-golang-x-crypto-dev"))
    else:
        say("Go", why)
    if shutil.which("java"):
        all_judges["Java GET"] = java()
        all_judges["Java POST"] = java("-Dcom.sun.security.ocsp.useget=false")
        all_judges["Java nonce"] = java(
            "-Djdk.security.certpath.ocspNonce=true")
        versions.append(first_line("java", "--version"))
    else:
        say("Java", "not here: apt-get install default-jdk-headless")
    return all_judges, versions


# Who does not know what, and says so.
UNKNOWN_TO = {("Go", "ed25519"): "unimplemented"}


# ---- all of it ------------------------------------------------------------

def right(said, name):
    if name != "revoked":
        return said == name
    words = said.split()
    return len(words) == 3 and words[0] == name and \
        words[1] in (REASON, "-") and words[2] == DATE


def cell(case, column, judge, failures):
    said = {name: judge(case, name) for name in case.certs}
    who, how = column.split()
    ways = {q["method"] if how != "nonce" else "nonce" if q["nonce"] else "none"
            for q in case.asked()}
    if ways != {how}:
        failures.append("%s: %s asked by %s" % (case.label, column, ways))
    if all(right(text, name) for name, text in said.items()):
        return "g r u"
    words = UNKNOWN_TO.get((who, case.algorithm))
    if words and all(words in text for text in said.values()):
        return "-"
    for name, text in said.items():
        if not right(text, name):
            failures.append("%s: %s: %s is said to be: %s" % (
                case.label, column, name, text))
    return "FAIL"


def print_row(label, cells):
    print((label.ljust(15) + " ".join(c.ljust(5) for c in cells)).rstrip(),
          flush=True)


def print_table(table):
    """table: (case, cells by judge) of each case; two columns to an
    algorithm, whose name stands over the first."""
    head = ""
    for n, (case, _) in enumerate(table):
        if case.signer != "CA":
            head = head.ljust(15 + 6 * n) + case.algorithm
    print(head)
    print_row("", [case.signer for case, _ in table])
    for judge in table[0][1]:
        print_row(judge, [cells[judge] for _, cells in table])


def cases(only):
    for algorithm in only:
        yield algorithm, "delegated", 1
        yield algorithm, "ca", 1
    yield only[0], "delegated", 2


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ALGORITHMS))
    return parser.parse_args()


def main():
    args = arguments()
    failures = []

    def say(judge, why):
        print("oracles: %s: skipped: %s" % (judge, why), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        all_judges, versions = judges(folder, say)
        for version in versions:
            print(version)
        table = []
        for n, (algorithm, model, depth) in enumerate(
                cases(args.only.split(","))):
            case = Case("%s/%d" % (folder, n), algorithm, model, depth)
            try:
                table.append((case, {
                    column: cell(case, column, judge, failures)
                    for column, judge in all_judges.items()}))
            finally:
                case.close()
        print_table(table)
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
