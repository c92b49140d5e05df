#!/usr/bin/env python3
"""In a lab of 'ocsp-lab run --scenarios': what ocsp-check says of each
scenario, by each channel (the staple of its host, a live GET, a live POST with
a nonce, the saved body of a POST) and with each policy, against the catalogue:
its verdict, whether it goes on, and its exit code.
"""
import concurrent.futures
import http.client
import json
import os
import subprocess
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

LAB = os.environ["OCSP_LAB_DIR"]
PORT = os.environ["OCSP_LAB_PORT"]
URL = os.environ["OCSP_LAB_OCSP_URL"]
ISSUER = os.environ["OCSP_LAB_ISSUER"]  # and what stands above it
CODES = {"good": 0, "revoked": 1, "unknown": 2, "untrusted": 3, "missing": 4,
         "unreachable": 5}
POLICIES = ("strict", "must-staple", "soft-fail")
# Those that are otherwise after some answers must not change while we ask.
SET_ANEW = {"flap": "flap:fails=100000", "never-answers": "never-answers:for=300ms",
            "slow": "slow:delay=150ms"}


def run(*words, code=0):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60,
                          close_fds=False)
    assert done.returncode == code, (words, done)
    return done.stdout


def save_body(name, cert):
    """The body of an answer to a POST without a nonce."""
    with open(cert, "rb") as f, open(ISSUER, "rb") as g:
        request = ocsp.OCSPRequestBuilder().add_certificate(
            x509.load_pem_x509_certificate(f.read()),
            x509.load_pem_x509_certificate(g.read()), hashes.SHA1())
    connection = http.client.HTTPConnection(
        urllib.parse.urlsplit(URL).netloc, timeout=20)
    connection.request("POST", "/", request.build().public_bytes(Encoding.DER),
                       {"Content-Type": "application/ocsp-request"})
    with open(f"{name}.der", "wb") as f:
        f.write(connection.getresponse().read())
    connection.close()
    return f"{name}.der"


def command(channel, host, cert):
    if channel == "staple":
        return [f"https://{host}.localhost:{PORT}"]
    if channel == "get":
        return ["--cert", cert, "--method", "get", "--no-nonce"]
    if channel == "post":
        return ["--cert", cert, "--method", "post", "--nonce"]
    return ["--response", save_body(host, cert), "--cert", cert]


def judge(case):
    """What is wrong with ocsp-check's verdict, or None."""
    row, channel, policy, words = case
    expect = row["expect"][channel]
    done = subprocess.run(["ocsp-check", "--json", "--policy", policy, *words],
                          capture_output=True, text=True, timeout=60,
                          close_fds=False)
    accepted = expect["accepted"][policy]
    wanted = (expect["verdict"], accepted,
              0 if accepted else CODES[expect["verdict"]])
    said = json.loads(done.stdout) if done.stdout else {}
    got = (said.get("verdict"), said.get("accepted"), done.returncode)
    if got == wanted:
        return None
    return (f"{row['name']}, {channel}, {policy}: {got}, not {wanted}: "
            f"{said.get('why')} {done.stderr.strip()}")


def cases_of(row, host, cert):
    return [(row, channel, policy, words)
            for channel, expect in row["expect"].items() if expect is not None
            for words in [command(channel, host, cert)]
            for policy in POLICIES]


def attempt(pool, cases):
    wrong = [said for said in pool.map(judge, cases) if said]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return len(cases), len(wrong)


def add_ghost():
    """A certificate that the CA has signed and its database knows nothing of,
    which the server serves; its path."""
    run("cp", "-a", LAB, "other")
    run("ocsp-ca", "issue", "ghost", "--dir", "other")
    os.rename("other/certs/ghost", f"{LAB}/certs/.ghost")
    os.rename(f"{LAB}/certs/.ghost", f"{LAB}/certs/ghost")
    return f"{LAB}/certs/ghost/fullchain.pem"


def main():
    rows = [json.loads(line) for line in
            run("ocsp-ca", "scenario", "list", "--json").splitlines()]
    for name, text in SET_ANEW.items():
        run("ocsp-ca", "scenario", "set", name, text)
    hosts = [row for row in rows if row["host"]]
    about_ca = [row for row in rows if row["made"] and "unissued" in row["needs"]]
    assert hosts + about_ca and not [
        row for row in rows if row["made"] and row not in hosts + about_ca]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        lists = pool.map(lambda row: cases_of(
            row, row["name"], f"{LAB}/certs/{row['name']}/fullchain.pem"), hosts)
        tried, wrong = attempt(pool, sum(lists, []))
        ghost = add_ghost()
        for row in about_ca:
            run("ocsp-ca", "scenario", "set", "--all", row["name"])
            run("ocsp-lab", "refresh", "ghost")
            n, bad = attempt(pool, cases_of(row, "ghost", ghost))
            tried, wrong = tried + n, wrong + bad
    print(f"{len(hosts) + len(about_ca)} scenarios, {tried} cases, {wrong} wrong")
    return 1 if wrong or tried < 1000 else 0


if __name__ == "__main__":
    raise SystemExit(main())
