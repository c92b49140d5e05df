"""For the conformance tests, conform-*.bats: requests made octet by octet, a
bare socket, and a judge over everything that comes back.

Whatever a test asks, its answer passes judge(): an error is its five octets and
no cache may keep it; anything else is DER to the last octet, is the same when
python3-cryptography encodes it again, and has its times in the one form of RFC
9919 section 3.2.4.  There is no status 4.  All are kept in the folder answers,
for openssl to encode again when the file is through.
"""
import base64
import email.utils
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

from ask import HASHES, NONCE, bits_of, extension, oid, tlv
from oracle import walk

LAB = os.environ["OCSP_LAB_DIR"]
BASIC = "1.3.6.1.5.5.7.48.1.1"
ACCEPTABLE = "1.3.6.1.5.5.7.48.1.4"
LOCATOR = "1.3.6.1.5.5.7.48.1.7"
PREFERRED = "1.3.6.1.5.5.7.48.1.8"
EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"
BASE64_KEPT = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
MALFORMED, INTERNAL, LATER, UNAUTHORIZED = 1, 2, 3, 6


def same(got, want, what=""):
    assert got == want, "%s: %r, not %r" % (what, got, want)


# ---- requests -------------------------------------------------------------

def load(path):
    """The first certificate."""
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def cert(name):
    return load("%s/certs/%s/cert.pem" % (LAB, name))


def ca(name="root"):
    return load("%s/ca/%s/cert.pem" % (LAB, name))


def key_bits(certificate):
    return bits_of(certificate.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo))


def octets(n):
    """Content of an INTEGER."""
    return n.to_bytes(n.bit_length() // 8 + 1, "big")


def algorithm(name, parameters=b"\x05\0"):
    return tlv(0x30, oid(HASHES.get(name, name)), parameters)


def certid(leaf="www", issuer="root", digest="sha1", **given):
    """given: name, key: octets to hash in place of the issuer's; name_hash,
    key_hash: in place of the hashes; serial, algorithm: in place of those."""
    issuer = ca(issuer) if isinstance(issuer, str) else issuer

    def hashed(what, octets_of):
        if what + "_hash" in given:
            return given[what + "_hash"]
        data = given[what] if what in given else octets_of(issuer)
        return hashlib.new(digest, data).digest()

    serial = given.get("serial")
    if serial is None:
        serial = octets((leaf if isinstance(leaf, x509.Certificate)
                         else cert(leaf)).serial_number)
    return tlv(0x30, given.get("algorithm") or algorithm(digest),
               tlv(0x04, hashed("name", lambda i: i.subject.public_bytes())),
               tlv(0x04, hashed("key", key_bits)), tlv(0x02, serial))


def request(*ids, version=None, requestor=b"", extensions=(), single=(),
            signature=b""):
    """extensions, single: as extension() makes them; the latter of every
    certID."""
    tail = tlv(0xA2, tlv(0x30, *extensions)) if extensions else b""
    each = tlv(0xA0, tlv(0x30, *single)) if single else b""
    first = b"" if version is None else tlv(0xA0, tlv(0x02, version))
    ids = ids or (certid(),)
    tbs = tlv(0x30, first, requestor,
              tlv(0x30, *[tlv(0x30, i, each) for i in ids]), tail)
    return tlv(0x30, tbs, signature)


def nonce(value):
    return extension(NONCE, tlv(0x04, value))


# ---- HTTP -----------------------------------------------------------------

class Reply:
    """One response: status, headers as they came, body."""

    def __init__(self, data, bodiless=False):
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3}) [ -~]*", first)
        assert match, "no status line: %r" % first
        self.status = int(match[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines]
        bodiless = bodiless or self.status in (100, 204, 304)
        length = 0 if bodiless else int(self.get("Content-Length"))
        self.body, self.rest = rest[:length], rest[length:]
        same(len(self.body), length, "body cut off")

    def get(self, name):
        found = [v for k, v in self.headers if k.lower() == name.lower()]
        assert len(found) < 2, "%s stands there twice" % name
        return found[0] if found else None


def connect(where=None):
    """where: a URL, or the path of a socket file."""
    where = where or os.environ["url"]
    if where.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        s.connect(where)
        return s
    parts = urllib.parse.urlsplit(where)
    return socket.create_connection((parts.hostname, parts.port), 60)


def talk(data, where=None):
    """Sends, and returns all that comes until the server closes."""
    got = b""
    with connect(where) as s:
        try:
            s.sendall(data)
        except OSError:
            pass  # it has had enough, and may have said why
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    return got
                got += more
        except ConnectionResetError:
            return got


def exchange(method, path, headers=(), body=b"", where=None):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: h",
             "Connection: close", *headers]
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    reply = Reply(talk(data, where), bodiless=method == "HEAD")
    same(reply.rest, b"", "after the response")
    if reply.body and reply.get("Content-Type") == "application/ocsp-response":
        judge(reply.body)
        if len(reply.body) == 5:
            same(reply.status, 200, "HTTP status of an OCSP error")
            same(reply.get("Cache-Control"), "no-store")
    return reply


def post(der, *headers, path="/", where=None):
    return exchange("POST", path, [
        "Content-Type: application/ocsp-request",
        "Content-Length: %d" % len(der), *headers], der, where)


def quoted(der):
    return urllib.parse.quote(base64.b64encode(der).decode(), safe="")


def get(path, *headers, method="GET", where=None):
    """path: text, or the octets of a request."""
    if isinstance(path, bytes):
        path = "/" + quoted(path)
    return exchange(method, path, headers, where=where)


def status_page(path):
    with urllib.request.urlopen(os.environ["status_url"] + path) as page:
        return page.read().decode()


def signatures():
    return int(re.search(r"^ocsp_responder_signatures_total (\d+)$",
                         status_page("/metrics"), re.M)[1])


# ---- the judge ------------------------------------------------------------

def elements(der):
    """Every element of an answer, those of its BasicOCSPResponse too."""
    outer = list(walk(der))
    return outer + list(walk(next(c for t, c in outer if t == 4)))


def judge(der):
    keep(der)
    if len(der) < 6:
        same(der[:4], bytes.fromhex("30030a01"), "an error")
        assert der[4] in (1, 2, 3, 5, 6), "status %d" % der[4]
        return None
    elements(der)  # all of it is DER
    answer = ocsp.load_der_ocsp_response(der)
    for tag, content in walk(answer.tbs_response_bytes):
        assert tag != 0x17, "UTCTime"
        if tag == 0x18:
            assert re.fullmatch(rb"\d{14}Z", content), content
    same(answer.public_bytes(serialization.Encoding.DER), der, "encoded again")
    for single in answer.responses:
        assert single.next_update is not None, "no nextUpdate"
        assert single.this_update <= answer.produced_at < single.next_update
    return answer


def keep(der):
    folder = os.environ["BATS_FILE_TMPDIR"] + "/answers"
    os.makedirs(folder, exist_ok=True)
    with open("%s/%s.der" % (folder, hashlib.sha256(der).hexdigest()),
              "wb") as f:
        f.write(der)


# ---- what a test says -----------------------------------------------------

def body_of(reply):
    if isinstance(reply, bytes):
        return reply
    same(reply.get("Content-Type"), "application/ocsp-response")
    return reply.body


def error(reply, status):
    same(body_of(reply).hex(), "30030a01%02x" % status, "answer")


def says(reply, *statuses):
    """The answer, which must have exactly these statuses."""
    der = body_of(reply)
    assert len(der) > 5, "error %d, not %r" % (der[4], statuses)
    answer = judge(der)
    same([s.certificate_status.name.lower() for s in answer.responses],
         list(statuses), "statuses")
    return answer


def good(reply):
    return says(reply, "good")


def only(answer):
    return next(iter(answer.responses))


def offline(der, *options):
    """The answer of --answer, with these options."""
    with open("offline.q", "wb") as f:
        f.write(der)
    out = subprocess.run(["ocsp-responder", "--answer", "offline.q", *options],
                         capture_output=True, check=True).stdout
    judge(out)
    return out


def run(*command, code=0):
    """Both streams of a program, which must exit so."""
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    same(done.returncode, code, done.stdout)
    return done.stdout
