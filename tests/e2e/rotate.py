#!/usr/bin/python3
"""rotate.py URL CERT ISSUER ROUNDS: rotates the signer again and again while
others ask over kept connections, by GET and POST, with a nonce and without.
Every answer must be good and signed by a signer whose certificate is in it; a
request that begins after a rotation has ended gets the newest one's."""
import base64
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

url, cert_path, issuer_path, rounds = sys.argv[1:4] + [int(sys.argv[4])]
where = urllib.parse.urlsplit(url)


def load(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


cert, issuer = load(cert_path), load(issuer_path)


def request(nonce):
    b = ocsp.OCSPRequestBuilder().add_certificate(cert, issuer, hashes.SHA1())
    if nonce:
        b = b.add_extension(x509.OCSPNonce(os.urandom(16)), False)
    return b.build().public_bytes(serialization.Encoding.DER)


# Signers that were current, oldest first; written by the one who rotates.
known = []
wrong = []
asked = [0]
stop = threading.Event()


def current():
    out = subprocess.run(["ocsp-ca", "signer", "list", "--json"], check=True,
                         stdout=subprocess.PIPE).stdout
    for line in out.splitlines():
        row = json.loads(line)
        if row["ca"] == "ca1":
            return int(row["serial"], 16)


def ask(connection, n):
    """One answer, whose signer must be no older than the one known before."""
    der = request(n % 2)
    least = len(known)
    if n // 2 % 2:
        path = urllib.parse.quote(base64.b64encode(der).decode(), safe="")
        connection.request("GET", "/" + path)
    else:
        connection.request("POST", "/", der)
    answer = connection.getresponse()
    r = ocsp.load_der_ocsp_response(answer.read())
    if answer.status != 200 or r.response_status.name != "SUCCESSFUL":
        wrong.append(("refused", answer.status, r.response_status.name))
        return
    signer = r.certificates[0]
    signer.public_key().verify(r.signature, r.tbs_response_bytes,
                               ec.ECDSA(r.signature_hash_algorithm))
    issuer.public_key().verify(signer.signature, signer.tbs_certificate_bytes,
                               ec.ECDSA(signer.signature_hash_algorithm))
    if r.certificate_status.name != "GOOD":
        wrong.append(("status", r.certificate_status.name))
    if signer.serial_number in known[:least - 1]:
        wrong.append(("old signer", hex(signer.serial_number)))


def connect():
    return http.client.HTTPConnection(where.hostname, where.port, timeout=60)


def load_on():
    connection = connect()
    n = 0
    try:
        while not stop.is_set():
            ask(connection, n)
            n += 1
    except Exception as e:
        wrong.append(("failed", repr(e)))
    asked[0] += n


known.append(current())
threads = [threading.Thread(target=load_on) for _ in range(4)]
for t in threads:
    t.start()
connections = [connect() for _ in range(4)]
for i in range(rounds):
    subprocess.run(["ocsp-ca", "signer", "rotate"], check=True,
                   stdout=subprocess.DEVNULL)
    known.append(current())
    for n, c in enumerate(connections):
        ask(c, n)
stop.set()
for t in threads:
    t.join()
print("%d rotations, %d requests beside them, %d wrong answers" %
      (rounds, asked[0], len(wrong)))
for w in wrong[:10]:
    print(*w)
sys.exit(1 if wrong or asked[0] == 0 or len(set(known)) != rounds + 1 else 0)
