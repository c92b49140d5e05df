"""Real answers taken apart, changed, and signed again; for conform-j-*.bats.

An answer is what `openssl ocsp` or ocsp-responder has written.  Each test
changes one thing in it, has it signed by whoever is said to sign, and asks
ocsp-check.  The DER here is read and written by this file alone.
"""
import contextlib
import datetime
import http.server
import json
import os
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PKI = os.environ.get("PKI", ".")
GENERALIZED = 0x18
# Object identifiers, whole.
NONCE = bytes.fromhex("06092b0601050507300102")
SHA256 = bytes.fromhex("0609608648016503040201")
ODD = bytes.fromhex("06032a0304")  # 1.2.3.4


def run(*command, **more):
    return subprocess.run(command, capture_output=True, timeout=60, **more)


def path(name):
    return name if "/" in name or name.startswith("-") else f"{PKI}/{name}"


def bytes_of(name):
    with open(path(name), "rb") as f:
        return f.read()


# ---- DER ------------------------------------------------------------------

class Node:
    """An element: its tag, and its content as bytes or as elements."""

    def __init__(self, tag, content=b""):
        self.tag = tag
        self.kids = content if isinstance(content, list) else None
        self.raw = None if self.kids is not None else content

    def __getitem__(self, i):
        return self.kids[i]

    def der(self):
        body = self.raw
        if body is None:
            body = b"".join(k.der() for k in self.kids)
        if len(body) < 128:
            return bytes([self.tag, len(body)]) + body
        size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
        return bytes([self.tag, 128 + len(size)]) + size + body


def elements(der):
    out = []
    while der:
        size, head = der[1], 2
        if size >= 128:
            head += size - 128
            size = int.from_bytes(der[2:head], "big")
        body = der[head:head + size]
        out.append(Node(der[0], elements(body) if der[0] & 32 else body))
        der = der[head + size:]
    return out


def node(der):
    return elements(der)[0]


def copy(n):
    return node(n.der())


def time_text(offset=0):
    now = datetime.datetime.now(datetime.timezone.utc)
    now += datetime.timedelta(seconds=offset)
    return now.strftime("%Y%m%d%H%M%SZ").encode()


def extension(oid, critical, value):
    return Node(0x30, [node(oid)] + [Node(1, b"\xff")] * critical +
                [Node(4, value)])


# ---- answers --------------------------------------------------------------

class Answer:
    """The parts of a successful answer, to be changed where they stand."""

    def __init__(self, der):
        if isinstance(der, str):
            der = bytes_of(der)
        self.top = node(der)
        basic = node(self.top[1][0][1].raw)
        self.tbs, self.algorithm, self.signature = basic.kids[:3]
        self.certs = basic[3][0].kids if len(basic.kids) > 3 else []
        self.after = b""  # the BasicOCSPResponse, in its OCTET STRING

    @property
    def fields(self):  # from responderID on
        return self.tbs.kids

    @property
    def records(self):
        return self.fields[2].kids

    @property
    def record(self):
        return self.records[0]

    @property
    def certid(self):
        return self.record[0]

    def set_status(self, der, record=0):
        self.records[record].kids[1] = node(der)

    def set_this_update(self, text, record=0):
        self.records[record].kids[2] = Node(GENERALIZED, text)

    def set_produced_at(self, text):
        self.fields[1] = Node(GENERALIZED, text)

    def set_next_update(self, text, record=0):
        r = self.records[record]
        r.kids[3:4] = [] if text is None else [
            Node(0xa0, [Node(GENERALIZED, text)])]

    def set_extensions(self, *exts):
        self.fields[3:] = [Node(0xa1, [Node(0x30, list(exts))])]

    def set_single_extensions(self, *exts):
        self.record.kids[4:] = [Node(0xa1, [Node(0x30, list(exts))])]

    def der(self):
        parts = [self.tbs, self.algorithm, self.signature]
        if self.certs:
            parts.append(Node(0xa0, [Node(0x30, self.certs)]))
        self.top[1][0].kids[1] = Node(4, Node(0x30, parts).der() + self.after)
        return self.top.der()

    def signed(self, key="responder", digest=hashes.SHA256):
        private = serialization.load_pem_private_key(
            bytes_of(key + ".key"), None)
        self.signature = Node(3, b"\0" + private.sign(
            self.tbs.der(), ec.ECDSA(digest())))
        return self.der()


GOOD = bytes.fromhex("8000")
UNKNOWN = bytes.fromhex("8200")


def revoked(reason=None, at=b"20260102030405Z"):
    body = [Node(GENERALIZED, at)]
    if reason is not None:
        body.append(Node(0xa0, [Node(0x0a, bytes([reason]))]))
    return Node(0xa1, body).der()


def certificate(name):
    pem = bytes_of(name + ".pem")
    return node(x509.load_pem_x509_certificate(pem).public_bytes(
        serialization.Encoding.DER))


# ---- ocsp-check -----------------------------------------------------------

def check(*args, stdin=None):
    """Exit code, and what --json says."""
    done = run("ocsp-check", "--json", *args, input=stdin)
    assert done.returncode < 64, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def judge(der, *args, cert="www", ca="root"):
    return check("--response", "-", "--cert", path(cert + ".pem"),
                 "--ca", path(ca + ".pem"), *args, stdin=der)


CODES = {"good": 0, "revoked": 1, "unknown": 2, "untrusted": 3, "missing": 4,
         "unreachable": 5}


def expect(result, verdict, first=None):
    """The verdict, its exit code, and the step that failed first."""
    code, said = result
    assert said["verdict"] == verdict, said
    assert code == CODES[verdict], code
    failed = [c["id"] for c in said["checks"] if c["ok"] is False]
    if verdict == "untrusted":
        assert failed and said["why"].startswith(failed[0] + ": "), said
    if first is not None:
        assert failed[0] == first, (failed, said["why"])
    if verdict == "good":
        assert not failed and said["accepted"], said
    return said


def good(der, **more):
    return expect(judge(der, **more), "good")


def untrusted(der, first, *args, **more):
    return expect(judge(der, *args, **more), "untrusted", first)


def step(said, name):
    return next(c for c in said["checks"] if c["id"] == name)


# ---- the second judge -----------------------------------------------------

def openssl(der, *args, cert="www", issuer="root", ca="root"):
    """good, revoked, unknown; none (no record); refused (not verified)."""
    with open("second.der", "wb") as f:
        f.write(der)
    done = run("openssl", "ocsp", "-respin", "second.der", "-issuer",
               path(issuer + ".pem"), "-cert", path(cert + ".pem"),
               "-CAfile", path(ca + ".pem"), "-no-CApath", "-no-CAstore",
               *args)
    text = (done.stdout + done.stderr).decode()
    if "Response verify OK" not in text:
        return "refused"
    for word in "good", "revoked", "unknown":
        if f".pem: {word}" in text:
            return word
    return "none"


# ---- a responder that says what it is told ---------------------------------

class Responder(http.server.ThreadingHTTPServer):
    """Answers every request with reply(request DER or None); .seen has them."""

    def __init__(self, reply, headers=()):
        self.reply, self.headers, self.seen = reply, headers, []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        request = self.rfile.read(size) if size else None
        self.server.seen.append(request)
        reply = self.server.reply
        body = reply(request) if callable(reply) else reply
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def responder(reply, headers=()):
    server = Responder(reply, headers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(server, *args, cert="www", ca="root"):
    return check("--cert", path(cert + ".pem"), "--ca", path(ca + ".pem"),
                 "--url", server.url, *args)


def real(request, signer="responder"):
    """What openssl's responder answers to those bytes."""
    with open("real.req", "wb") as f:
        f.write(request)
    done = run("openssl", "ocsp", "-index", path("index.txt"), "-CA",
               path("root.pem"), "-rsigner", path(signer + ".pem"), "-rkey",
               path(signer + ".key"), "-reqin", "real.req", "-respout",
               "real.der", "-ndays", "4")
    assert done.returncode == 0, done.stderr
    return bytes_of("./real.der")


# ---- certificates that openssl would not make -------------------------------

def issue(name, issuer, *, serial=None, subject=None, ca=False, ocsp=False,
          usage="digital_signature", nocheck=None, days=(-1, 20), key=None,
          extra=(), names=(), ocsp_urls=()):
    """NAME.pem and NAME.key: days from now; key: whose it has."""
    def named(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    if key is None:
        private = ec.generate_private_key(ec.SECP256R1())
        with open(path(name + ".key"), "wb") as f:
            f.write(private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
    else:
        private = serialization.load_pem_private_key(
            bytes_of(key + ".key"), None)
        with open(path(name + ".key"), "wb") as f:
            f.write(bytes_of(key + ".key"))
    by_name, by_key = named(subject or name), private
    if issuer != name:
        by_key = serialization.load_pem_private_key(
            bytes_of(issuer + ".key"), None)
        by_name = x509.load_pem_x509_certificate(
            bytes_of(issuer + ".pem")).subject
    builder = (x509.CertificateBuilder().subject_name(named(subject or name))
               .issuer_name(by_name).public_key(private.public_key())
               .serial_number(serial or x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=days[0]))
               .not_valid_after(now + datetime.timedelta(days=days[1])))
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        usage = "key_cert_sign"
    if usage:
        bits = dict.fromkeys(
            ["digital_signature", "content_commitment", "key_encipherment",
             "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
             "encipher_only", "decipher_only"], False)
        bits[usage] = True
        bits["digital_signature"] |= ca
        bits["crl_sign"] |= ca
        builder = builder.add_extension(x509.KeyUsage(**bits), True)
    if ocsp:
        builder = builder.add_extension(x509.ExtendedKeyUsage(
            [ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    if nocheck or (nocheck is None and ocsp):
        builder = builder.add_extension(x509.OCSPNoCheck(), False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.DNSName(n) for n in names]), False)
    if ocsp_urls:
        builder = builder.add_extension(x509.AuthorityInformationAccess([
            x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP,
                                   x509.UniformResourceIdentifier(u))
            for u in ocsp_urls]), False)
    for oid, critical in extra:
        builder = builder.add_extension(x509.UnrecognizedExtension(
            x509.ObjectIdentifier(oid), b"\x05\0"), critical)
    with open(path(name + ".pem"), "wb") as f:
        f.write(builder.sign(by_key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM))


def answered_by(signer, *, cert, issuer, status="good"):
    """openssl's answer about cert, signed by signer; it asks no questions."""
    line = {"good": "V\t401231235959Z\t",
            "revoked": "R\t401231235959Z\t260102030405Z,superseded"}[status]
    serial = x509.load_pem_x509_certificate(
        bytes_of(cert + ".pem")).serial_number
    serial = "%X" % serial
    with open("one.txt", "w") as f:
        f.write("%s\t%s\tunknown\t/CN=x\n" % (
            line, serial.zfill(len(serial) + len(serial) % 2)))
    done = run("openssl", "ocsp", "-index", "one.txt", "-CA",
               path(issuer + ".pem"), "-rsigner", path(signer + ".pem"),
               "-rkey", path(signer + ".key"), "-issuer",
               path(issuer + ".pem"), "-cert", path(cert + ".pem"),
               "-no_nonce", "-reqout", "one.req")
    done = run("openssl", "ocsp", "-index", "one.txt", "-CA",
               path(issuer + ".pem"), "-rsigner", path(signer + ".pem"),
               "-rkey", path(signer + ".key"), "-reqin", "one.req",
               "-respout", "one.der", "-ndays", "4")
    assert done.returncode == 0, done.stderr
    return bytes_of("./one.der")


def serial(name):
    return x509.load_pem_x509_certificate(bytes_of(name + ".pem")).serial_number


def crl(name, issuer, serials, *, days=(-1, 9), key=None):
    now = datetime.datetime.now(datetime.timezone.utc)
    private = serialization.load_pem_private_key(
        bytes_of((key or issuer) + ".key"), None)
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(x509.load_pem_x509_certificate(
                   bytes_of(issuer + ".pem")).subject)
               .last_update(now + datetime.timedelta(days=days[0]))
               .next_update(now + datetime.timedelta(days=days[1]))
               .add_extension(x509.CRLNumber(1), False))
    for number in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(number)
            .revocation_date(now).build())
    with open(path(name), "wb") as f:
        f.write(builder.sign(private, hashes.SHA256()).public_bytes(
            serialization.Encoding.DER))
