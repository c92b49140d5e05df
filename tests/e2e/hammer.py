#!/usr/bin/python3
"""hammer.py URL ISSUER ROUNDS: revokes the certificates lab/certs/*, one by
one with ocsp-ca, and asks about each before and after.  No answer may be older
than the revocation.  Others ask all the time, over kept connections."""
import glob
import http.client
import subprocess
import sys
import threading
import urllib.parse
import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

url, issuer_path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
where = urllib.parse.urlsplit(url)


def load(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


issuer = load(issuer_path)


def request(cert, algorithm):
    b = ocsp.OCSPRequestBuilder().add_certificate(cert, issuer, algorithm)
    return b.build().public_bytes(serialization.Encoding.DER)


def ask(connection, der, method):
    if method == "GET":
        path = urllib.parse.quote(base64.b64encode(der).decode(), safe="")
        connection.request("GET", "/" + path)
    else:
        connection.request("POST", "/", der)
    r = ocsp.load_der_ocsp_response(connection.getresponse().read())
    return r.certificate_status.name


def connect():
    return http.client.HTTPConnection(where.hostname, where.port, timeout=60)


stop = threading.Event()
asked = [0]


def load_on(requests):
    connection = connect()
    n = 0
    while not stop.is_set():
        for der in requests:
            ask(connection, der, "GET" if n % 2 else "POST")
            n += 1
    asked[0] += n


paths = sorted(glob.glob("lab/certs/*/cert.pem"))[:rounds]
assert len(paths) == rounds, len(paths)
names = [p.split("/")[2] for p in paths]
certs = [load(p) for p in paths]
requests = [[request(c, h) for h in (hashes.SHA1(), hashes.SHA256())]
            for c in certs]
loads = [threading.Thread(target=load_on, args=([r[i % 2] for r in requests],))
         for i in range(2)]
for t in loads:
    t.start()
connections = [connect() for _ in range(6)]
stale = []
for i, name in enumerate(names):
    for der in requests[i]:
        for n, c in enumerate(connections[:2]):
            got = ask(c, der, "GET" if n % 2 else "POST")
            if got != "GOOD":
                stale.append((name, "before", got))
    subprocess.run(["ocsp-ca", "revoke", name], check=True,
                   stdout=subprocess.DEVNULL)
    for n, c in enumerate(connections):
        got = ask(c, requests[i][n // 2 % 2], "GET" if n % 2 else "POST")
        if got != "REVOKED":
            stale.append((name, "after", got))
stop.set()
for t in loads:
    t.join()
print("%d revocations, %d requests beside them, %d wrong answers" %
      (rounds, asked[0], len(stale)))
for s in stale[:10]:
    print(*s)
sys.exit(1 if stale or asked[0] == 0 else 0)
