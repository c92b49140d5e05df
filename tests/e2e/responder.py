#!/usr/bin/python3
"""A responder that does what a test says, for clients of responders.

  responder.py DIR URL    answers for the lab in DIR, at the port of URL

It prints {"url": ...} when it listens, appends "METHOD HASH SERIAL NONCE" of
each request to DIR/asked, and reads DIR/plan, one word, before each answer:

  good revoked unknown    a signed answer, valid for four days of lab time
  trylater                that OCSP error
  garbage empty           bytes that are no answer
  other                   good, but for another certificate
  stale                   good, but until an hour ago
  forged                  good, but with a signature that does not fit
  503 404                 that HTTP status
  busy                    503 with Retry-After: 1800
  busy-date               the same, as a date of HTTP
  silent                  takes the request and says nothing
  slow                    an octet of a good answer now and then
  endless large           octets without an end, or 1 MiB of them
  https file loop         redirects: to those schemes, or to itself
"""
import base64
import datetime
import email.utils
import glob
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

DIR = sys.argv[1]
PLACES = {"https": "https://127.0.0.1:1/", "file": "file:///etc/passwd",
          "loop": None}
HOUR = datetime.timedelta(hours=1)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def certificate(path):
    return x509.load_pem_x509_certificate(read(path))


def lab_now():
    shown = subprocess.run(["ocsp-ca", "clock", "show", "--json", "--dir", DIR],
                           capture_output=True, check=True).stdout
    return datetime.datetime.strptime(json.loads(shown)["now"],
                                      "%Y-%m-%dT%H:%M:%SZ")


def find(serial, other):
    """The lab's certificate of that serial, or one that is not it; and its
    issuer, which begins chain.pem."""
    for path in sorted(glob.glob(DIR + "/certs/*/cert.pem")):
        cert = certificate(path)
        if (cert.serial_number == serial) != other:
            return cert, certificate(path.replace("cert.pem", "chain.pem"))
    raise KeyError(serial)


def signer_of(issuer):
    for path in glob.glob(DIR + "/responder/*.pem"):
        signer = certificate(path)
        if signer.issuer == issuer.subject:
            return signer, serialization.load_pem_private_key(read(path), None)
    raise KeyError(issuer.subject)


def sign(request, plan):
    cert, issuer = find(request.serial_number, plan == "other")
    signer, key = signer_of(issuer)
    now = lab_now()
    # python3-cryptography signs with the real time as producedAt, which must
    # not be before thisUpdate.
    real = datetime.datetime.utcnow().replace(microsecond=0)
    begin, end = min(now, real), now + 96 * HOUR
    if plan == "stale":
        begin, end = now - 96 * HOUR, now - HOUR
    status = {"revoked": ocsp.OCSPCertStatus.REVOKED,
              "unknown": ocsp.OCSPCertStatus.UNKNOWN
              }.get(plan, ocsp.OCSPCertStatus.GOOD)
    revoked = plan == "revoked"
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=cert, issuer=issuer,
        algorithm=request.hash_algorithm, cert_status=status,
        this_update=begin, next_update=end,
        revocation_time=now if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
    answer = builder.certificates([signer]).sign(key, hashes.SHA256())
    der = answer.public_bytes(serialization.Encoding.DER)
    if plan == "forged":
        tbs = answer.tbs_response_bytes
        at = der.index(tbs) + len(tbs) - 1
        der = der[:at] + bytes([der[at] ^ 1]) + der[at + 1:]
    return der


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.unquote(self.path.lstrip("/"))
        self.answer(base64.b64decode(path))

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, der):
        request = ocsp.load_der_ocsp_request(der)
        with open(DIR + "/asked", "a") as f:
            print(self.command, request.hash_algorithm.name,
                  "%x" % request.serial_number,
                  "nonce" if len(request.extensions) else "plain", file=f)
        plan = read(DIR + "/plan").decode().strip()
        if plan == "silent":
            threading.Event().wait()
        elif plan in ("503", "404", "busy", "busy-date"):
            self.say(503 if plan.startswith("busy") else int(plan), b"no")
        elif plan in PLACES:
            self.say(302, b"", ("Location", PLACES[plan] or self.path))
        elif plan == "slow":
            self.drip(sign(request, plan))
        elif plan in ("endless", "large"):
            self.pour(plan == "endless")
        elif plan == "trylater":
            self.say(200, bytes.fromhex("30030a0103"))
        elif plan in ("garbage", "empty"):
            self.say(200, b"" if plan == "empty" else b"<html>not OCSP</html>")
        else:
            self.say(200, sign(request, plan))

    def say(self, status, body, *headers):
        plan = read(DIR + "/plan").decode().strip()
        self.send_response(status)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        if plan == "busy":
            self.send_header("Retry-After", "1800")
        elif plan == "busy-date":
            self.send_header("Retry-After", email.utils.formatdate(
                time.time() + 1800, usegmt=True))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for octet in body:
            self.wfile.write(bytes([octet]))
            threading.Event().wait(0.05)

    def pour(self, endless):
        self.send_response(200)
        self.end_headers()
        written = 0
        while endless or written < 1 << 20:
            written += self.wfile.write(b"\x30\x84" * 8192)

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # the client has heard enough

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


url = sys.argv[2]
server = Server(("127.0.0.1", urllib.parse.urlsplit(url).port), Handler)
print(json.dumps({"url": url}), flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    os._exit(0)
