#!/usr/bin/env python3
"""Every scenario that 'ocsp-ca scenario list --json' says is made: what differs
from the good answer is what the scenario names and nothing else, and ocsp-check
says what the catalogue expects, for a live GET, a live POST and a file.

usage: scenarios.py OCSP_URL GHOST.pem     with OCSP_LAB_DIR of a lab of --depth 2
with a frozen clock, and certificates s-NAME; GHOST.pem was never issued there.
"""
import concurrent.futures
import http.client
import json
import os
import subprocess
import sys
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from scenario_diff import DIFFS, HTTP_DIFFS, OPENSSL_DIFFERS, check_values
from derwalk import differences, walk

LAB = os.environ["OCSP_LAB_DIR"]
URL, GHOST = sys.argv[1:3]
ISSUER = f"{LAB}/ca/ca1/cert.pem"
PARAMS = {"never-answers": ":for=150ms", "slow": ":delay=150ms",
          "drip": ":every=1ms"}


def run(*words, code=0):
    """What it prints; it must exit so."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        raise AssertionError(
            f"exit {done.returncode}, wanted {code}: {' '.join(words)}\n"
            f"{done.stdout}{done.stderr}")
    return done.stdout


def load(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


class Answer:
    """An HTTP response; body None: the connection ended without one."""

    def __init__(self, request):
        parts = urllib.parse.urlsplit(URL)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        try:
            connection.request("POST", parts.path or "/", request,
                               {"Content-Type": "application/ocsp-request"})
            response = connection.getresponse()
            self.body = response.read()
            self.http = {"status": response.status} | {
                k.lower(): v for k, v in response.getheaders() if k != "Date"}
        except http.client.IncompleteRead as cut:
            self.body = cut.partial
            self.http = {"status": "cut off"}
        except (http.client.HTTPException, ConnectionError):
            self.body, self.http = None, {"status": None}
        finally:
            connection.close()


def confirm(body):
    """Where a library can read the answer, it reads what we do."""
    try:
        theirs = ocsp.load_der_ocsp_response(body)
        status = theirs.certificate_status.name.lower()
    except (ValueError, TypeError):
        return
    ours = walk(body)
    assert status == ours["0.status"]
    assert theirs.serial_number == int.from_bytes(ours["0.serial"], "big")
    assert theirs.this_update.strftime("%Y%m%d%H%M%SZ").encode() == ours[
        "0.this-update"]
    assert len(theirs.certificates) == len(ours["certs"] or [])


class Case:
    def __init__(self, row):
        self.row = row
        self.name = row["name"]
        self.ghost = "unissued" in row["needs"]
        self.on = ["--ca", "ca1"] if self.ghost else [f"s-{self.name}"]
        self.path = GHOST if self.ghost else f"{LAB}/certs/s-{self.name}/cert.pem"
        self.leaf = load(self.path)
        self.issuer = load(ISSUER)
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.leaf, self.issuer, hashes.SHA256())
        if self.name.startswith("nonce-"):
            builder = builder.add_extension(x509.OCSPNonce(b"n" * 32), False)
        self.request = builder.build().public_bytes(Encoding.DER)

    def judged(self, channel, *words):
        """ocsp-check says what the catalogue expects of that channel."""
        expect = self.row["expect"][channel]
        if expect is None:
            return
        run("ocsp-check", "--cert", self.path, "--issuer", ISSUER,
            "--expect", expect["verdict"], *words)
        accepted = expect["accepted"]
        for policy in ("strict", "soft-fail") if channel == "file" else ():
            done = subprocess.run(
                ["ocsp-check", "--cert", self.path, "--issuer",
                 ISSUER, "--policy", policy, *words],
                capture_output=True, timeout=60)
            assert (done.returncode == 0) == accepted[policy], (policy, done)

    def openssl_agrees(self, file):
        """What an RFC demands, openssl sees too, but where it is known not to."""
        if self.row["basis"] != "must" or self.name in OPENSSL_DIFFERS:
            return
        done = subprocess.run(
            ["openssl", "ocsp", "-no_nonce", "-respin", file, "-issuer", ISSUER, "-sha256",
             "-cert", self.path, "-CAfile", f"{LAB}/root.pem", "-verify_other",
             ISSUER], capture_output=True, text=True, timeout=60)
        said = [word for word in ("good", "revoked", "unknown")
                if f": {word}" in done.stdout]
        if "verify OK" not in done.stderr or "times invalid" in done.stdout + \
                done.stderr or not said:
            said = ["untrusted"]
        assert said[0] == self.row["expect"]["file"]["verdict"], (said, done)

    def compare(self, good, bad):
        """Field by field, and nothing else than what is named."""
        expected = DIFFS[self.name]
        if bad.body is None:
            assert self.name in (
                "accept-then-close", "never-answers", "reset-mid-body")
        elif bad.http["status"] == "cut off":
            assert good.body.startswith(bad.body)
        elif expected == {"body"}:
            assert bad.body != good.body
        elif self.row["acts"] != "connection" or bad.http["status"] == 200:
            found = differences(walk(good.body), walk(bad.body))
            assert found == expected, f"differs in {found}, not in {expected}"
            confirm(bad.body)
        headers = {k for k in good.http.keys() | bad.http.keys()
                   if good.http.get(k) != bad.http.get(k)}
        assert headers - {"content-length"} == HTTP_DIFFS.get(self.name, set()), (
            good.http, bad.http)

    def __call__(self):
        before = Answer(self.request)
        run("ocsp-ca", "scenario", "set", *self.on, "good")
        good = Answer(self.request)
        assert good.body == before.body, "'good' is not the good answer"
        run("ocsp-ca", "scenario", "set", *self.on,
            self.name + PARAMS.get(self.name, ""))
        bad = Answer(self.request)
        self.compare(good, bad)
        check_values(self.name, bad.body)
        self.judged("get", "--url", URL, "--method", "get", "--no-nonce")
        self.judged("post", "--url", URL, "--method", "post", "--nonce")
        if self.row["expect"]["file"] is not None:
            file = f"{self.name}.der"
            with open(file, "wb") as f:
                f.write(bad.body)
            self.judged("file", "--response", file)
            self.openssl_agrees(file)
        run("ocsp-ca", "scenario", "clear", *self.on)
        assert Answer(self.request).body == before.body, "it stays behind"


def issue(row):
    """One that stands in the certificate: 'set' comes too late for it."""
    name = row["name"]
    run("ocsp-ca", "issue", f"s-{name}", "--ocsp-url", URL, "--scenario", name)
    done = subprocess.run(["ocsp-ca", "scenario", "set", f"s-{name}", name],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "--scenario" in done.stderr, done
    for channel in ("get", "post"):
        run("ocsp-check", "--cert", f"s-{name}", "--method", channel, "--expect",
            row["expect"][channel]["verdict"])


def main():
    rows = [json.loads(line) for line in
            run("ocsp-ca", "scenario", "list", "--json").splitlines()]
    # Staples are the TLS server's: see stapler_scenarios.py.
    made = [row for row in rows if row["made"] and row["acts"] != "staple"]
    # Those in certificates by themselves; those on the CA after those on certificates, one after the other.
    apart = [row for row in made if "unissued" in row["needs"]]
    issued = [row for row in made if row["acts"] == "certificate"]
    together = [row for row in made if row not in apart + issued]
    failed = []

    def attempt(row):
        try:
            if row in issued:
                issue(row)
            else:
                Case(row)()
        except Exception as why:  # pylint: disable=broad-except
            failed.append(row["name"])
            print(f"{row['name']}: {type(why).__name__}: {why}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, together + issued))
    for row in apart:
        attempt(row)
    print(f"{len(made)} scenarios, {len(failed)} failed: {' '.join(failed)}")
    return 1 if failed or len(made) < 100 else 0


sys.exit(main())
