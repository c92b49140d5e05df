#!/usr/bin/env python3
"""Every scenario of the staple, over TLS 1.2 and 1.3: the bytes as they come in
the handshake deviate from the good staple as the name says and no further;
ocsp-check says what the catalogue expects; live answers stay good; and when the
scenario is cleared the staple is the one from before.

usage: stapler_scenarios.py ADDR:PORT      with OCSP_LAB_DIR of a lab with a frozen
clock, and for each scenario at the staple a certificate s-NAME
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

from cryptography import x509
from cryptography.x509 import ocsp

from derwalk import differences, walk
from scenario_diff import DIFFS, check_values

LAB = os.environ["OCSP_LAB_DIR"]
SERVER = sys.argv[1]
VERSIONS = {"TLS 1.2": "-tls1_2", "TLS 1.3": "-tls1_3"}
# By which scenario of an answer the staple is made.
ANSWER = {
    "expired-staple": "expired", "revoked-staple": "revoked",
    "other-staple": "good-other", "must-staple-expired": "expired",
    "must-staple-revoked": "revoked", "must-staple-trylater": "trylater",
    "must-staple-invalid-signer": "good-other-ca"}
BARE = {"none", "must-staple-missing"}


def run(*words, code=0):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (words, done)
    return done.stdout


def cut(data, at, octets):
    """A vector with a length of so many octets, and where it ends."""
    start = at + octets
    end = start + int.from_bytes(data[at:start], "big")
    assert end <= len(data)
    return data[start:end], end


def status_of(message):
    """CertificateStatus (RFC 6066 section 8): its OCSPResponse."""
    assert message[0] == 1
    staple, end = cut(message, 1, 3)
    assert end == len(message)
    return staple


def status_in_certificate(body):
    """Certificate of TLS 1.3 (RFC 8446 section 4.4.2): that of the first entry."""
    _, at = cut(body, 0, 1)
    entries, end = cut(body, at, 3)
    assert end == len(body)
    _, at = cut(entries, 0, 3)
    extensions, _ = cut(entries, at, 2)
    at = 0
    while at < len(extensions):
        kind, at = int.from_bytes(extensions[at:at + 2], "big"), at + 2
        content, at = cut(extensions, at, 2)
        if kind == 5:
            return status_of(content)
    return None


def staple(name, version, *options):
    """What comes in the handshake, octet for octet; None: no staple.  The
    client's own opinion does not matter: OpenSSL 3.0 ends the handshake when
    the staple is empty, after it has shown the message."""
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", SERVER, "-servername", name, "-status",
         "-msg", VERSIONS[version], *options], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60).stdout
    messages = re.findall(
        rf"^<<< {version}, Handshake \[length \w+\], (\w+)\n((?:    .*\n)+)",
        shown, re.M)
    found = {kind: bytes.fromhex("".join(dump.split()))[4:]
             for kind, dump in messages}
    assert "Certificate" in found, (messages, shown)
    if version == "TLS 1.3":
        return status_in_certificate(found["Certificate"])
    return (status_of(found["CertificateStatus"])
            if "CertificateStatus" in found else None)


def load(name):
    with open(f"{LAB}/certs/{name}/cert.pem", "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def confirm(name, bytes_):
    """Another library reads the same in it."""
    theirs = ocsp.load_der_ocsp_response(bytes_)
    if name == "must-staple-trylater":
        assert theirs.response_status == ocsp.OCSPResponseStatus.TRY_LATER
        return
    ours = walk(bytes_)
    assert theirs.certificate_status.name.lower() == ours["0.status"]
    assert theirs.serial_number == int.from_bytes(ours["0.serial"], "big")
    own = theirs.serial_number == load(f"s-{name}").serial_number
    assert own != (name == "other-staple")
    revoked = ocsp.OCSPCertStatus.REVOKED
    assert (theirs.certificate_status == revoked) == ("revoked" in name)
    if "expired" in name:
        assert theirs.next_update < theirs.produced_at or (
            theirs.produced_at == theirs.this_update)


def compare(name, version, good, bad):
    if name in BARE:
        assert bad is None
    elif name == "empty-staple":
        assert bad == b""
    elif name == "garbage-staple":
        assert bad.decode().isprintable() or bad.endswith(b"\n")
        assert bad[0] != 0x30
    elif name == "must-staple-good":
        assert bad == good
    elif name == "wrong-key-type":
        twin = ocsp.load_der_ocsp_response(bad)
        assert twin.serial_number == load(f"s-{name}-rsa").serial_number
        options = (["-cipher", "aRSA"] if version == "TLS 1.2" else
                   ["-sigalgs", "rsa_pss_rsae_sha256"])
        other = ocsp.load_der_ocsp_response(
            staple(f"s-{name}", version, *options))
        assert other.serial_number == load(f"s-{name}").serial_number
    else:
        found = differences(walk(good), walk(bad))
        assert found == DIFFS[ANSWER[name]], found
        check_values(ANSWER[name], bad)
        confirm(name, bad)


def judged(name, expect):
    for version in ("--tls1.2", "--tls1.3"):
        run("ocsp-check", f"https://{SERVER}", "--servername", f"s-{name}",
            version, "--expect", expect["staple"]["verdict"])
    for channel in ("get", "post"):
        run("ocsp-check", "--cert", f"s-{name}", "--method", channel, "--expect",
            expect[channel]["verdict"])


def attempt(row):
    name = row["name"]
    host = f"s-{name}"
    good = {version: staple(host, version) for version in VERSIONS}
    assert None not in good.values()
    on = [host, f"{host}-rsa"] if name == "wrong-key-type" else [host]
    for cert in on:
        run("ocsp-ca", "scenario", "set", cert, name)
    for version in VERSIONS:
        compare(name, version, good[version], staple(host, version))
    judged(name, row["expect"])
    for cert in on:
        run("ocsp-ca", "scenario", "clear", cert)
    for version in VERSIONS:
        assert staple(host, version) == good[version], "it stays behind"


def main():
    rows = [json.loads(line) for line in
            run("ocsp-ca", "scenario", "list", "--json").splitlines()]
    rows = [row for row in rows if row["acts"] == "staple"]
    failed = []

    def caught(row):
        try:
            attempt(row)
        except Exception as why:  # pylint: disable=broad-except
            failed.append(row["name"])
            print(f"{row['name']}: {type(why).__name__}: {why}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(caught, rows))
    print(f"{len(rows)} scenarios, {len(failed)} failed: {' '.join(failed)}")
    return 1 if failed or len(rows) < 13 else 0


sys.exit(main())
