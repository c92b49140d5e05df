#!/usr/bin/python3
"""Independent witnesses for OCSP answers and CRLs: openssl, GnuTLS and
python3-cryptography.  None of them shares code with what is tested.

  oracle.py ocsp --url URL --root F --issuer F --model M EXPECTED
        every witness asks for every certificate, in every way it can; all must
        say what EXPECTED says, and the bytes must be as the RFCs want them
  oracle.py answer --root F --issuer F --model M --cert C STATUS R.der
        the same judgement over one answer in a file
  oracle.py crl --issuer F EXPECTED CRL
        the CRL lists exactly the revoked ones, with reason and date

--model is who signs: delegated, ca, or trusted, and then --root is the signer.
EXPECTED has a line for each certificate: PEM file, good|revoked|unknown, and
for revoked ones reason and date ("-": whatever).  Exit 0, or 1 with a line for
each disagreement.
"""
import argparse
import base64
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp

failures = []

UNNAMED = ("privilegeWithdrawn", "aACompromise")


def check(ok, *words):
    if not ok:
        failures.append(" ".join(str(w) for w in words))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


# ---- what is expected -----------------------------------------------------

class Subject:
    """A certificate, and what everybody has to say about it."""

    def __init__(self, line):
        self.path, self.status, self.reason, self.date = \
            (line.split() + ["-", "-"])[:4]
        self.cert = load(self.path)
        self.name = self.path

    def wants(self, who, status, reason=None, date=None):
        check(status == self.status, who, self.name, "says", status,
              "instead of", self.status)
        if self.status != "revoked":
            check(reason is None and date is None, who, self.name,
                  "gives a reason or date:", reason, date)
            return
        if self.reason != "-":
            want = None if self.reason == "unspecified" else self.reason
            if reason == "-":  # the witness cannot tell these
                check(want in UNNAMED, who, self.name, "reason", want)
            else:
                check(reason == want, who, self.name, "reason", reason)
        if self.date != "-":
            check(date == self.date, who, self.name, "date", date)


def load(path):
    with open(path, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def subjects(path):
    with open(path) as f:
        return [Subject(line) for line in f if line.strip()]


def stamp(time):
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the bytes ------------------------------------------------------------

def walk(der, path=""):
    """Yields (tag, content) of every element; ValueError if it is not DER."""
    at = 0
    while at < len(der):
        tag, length, head = der[at], der[at + 1], 2
        if tag & 31 == 31:
            raise ValueError("long tag")
        if length == 128:
            raise ValueError("indefinite length")
        if length > 128:
            octets = der[at + 2:at + 2 + (length & 127)]
            head += len(octets)
            length = int.from_bytes(octets, "big")
            if length < 128 or octets[0] == 0:
                raise ValueError("length not minimal")
        content = der[at + head:at + head + length]
        if len(content) != length:
            raise ValueError("cut off")
        yield tag, content
        if tag & 32:
            yield from walk(content)
        at += head + length


def check_bytes(who, der, response):
    try:
        elements = list(walk(der))
        basic = next(c for t, c in elements if t == 4)
        elements += walk(basic)
    except (ValueError, IndexError, StopIteration) as e:
        check(False, who, "is not DER:", e)
        return
    for tag, content in elements:
        if tag == 0x18:
            check(re.fullmatch(rb"\d{14}Z", content), who, "time", content)
        if tag == 2 and len(content) > 1:
            check(content[0] not in (0, 255) or
                  (content[0] ^ content[1]) & 128, who, "INTEGER not minimal")
        if tag == 1:
            check(content in (b"\0", b"\xff"), who, "BOOLEAN", content)
    check(response.public_bytes(serialization.Encoding.DER) == der, who,
          "changes when it is encoded again")


# ---- the signature --------------------------------------------------------

def verify(key, signed, data):
    """The signature by the key itself, with the digest that goes with it."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signed.signature, data)
        return
    algorithm = signed.signature_hash_algorithm
    if isinstance(key, ec.EllipticCurvePublicKey):
        want = hashes.SHA384 if key.curve.key_size == 384 else hashes.SHA256
        key.verify(signed.signature, data, ec.ECDSA(algorithm))
    else:
        want = hashes.SHA256
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signed.signature, data, padding.PKCS1v15(), algorithm)
    assert isinstance(algorithm, want), algorithm.name


def check_signature(who, signer, signed, data):
    try:
        verify(signer.public_key(), signed, data)
    except Exception as e:
        check(False, who, "signature:", repr(e))


def key_hash(cert):
    """SHA-1 over the BIT STRING's content, RFC 6960 section 4.2.1."""
    return x509.SubjectKeyIdentifier.from_public_key(cert.public_key()).digest


def check_delegate(who, cert, issuer):
    """BR 7.1.2.8: what it must have, byte for byte, and nothing else."""
    got = {e.oid.dotted_string: (e.critical, e.value.public_bytes().hex())
           for e in cert.extensions}
    akid = b"\x30\x16\x80\x14" + key_hash(issuer)
    want = {
        "2.5.29.15": (True, "03020780"),
        "2.5.29.37": (False, "300a06082b06010505070309"),
        "1.3.6.1.5.5.7.48.1.5": (False, "0500"),
        "2.5.29.14": (False, "0414" + key_hash(cert).hex()),
        "2.5.29.35": (False, akid.hex()),
    }
    check(got == want, who, "responder certificate has", got)
    check(cert.issuer == issuer.subject, who, "responder certificate is of",
          cert.issuer.rfc4514_string())
    check_signature(who + " responder certificate", issuer, cert,
                    cert.tbs_certificate_bytes)


def signer_of(who, response, args):
    """The certificate that has to have signed, per the signer model."""
    issuer = load(args.issuer)
    certs = response.certificates
    if args.model == "ca":
        check(certs == [], who, "carries certificates")
        return issuer
    if args.model == "trusted":
        signer = load(args.root)
        check(certs == [signer], who, "carries other certificates")
        return signer
    if len(certs) != 1:
        check(False, who, "carries", len(certs), "certificates")
        return issuer
    check_delegate(who, certs[0], issuer)
    return certs[0]


# ---- one answer -----------------------------------------------------------

def check_times(who, response, single, signer):
    day = datetime.timedelta(days=1)
    check(response.produced_at == single.this_update, who,
          "producedAt is not thisUpdate")
    length = single.next_update - single.this_update
    check(day / 3 <= length <= 7 * day, who, "is valid for", length)
    check(single.next_update <= signer.not_valid_after, who,
          "outlives its signer")


def check_extensions(who, response, nonce):
    got = [(e.oid.dotted_string, e.critical) for e in response.extensions]
    want = [] if nonce is None else [("1.3.6.1.5.5.7.48.1.2", False)]
    check(got == want, who, "extensions", got)
    if got == want and want:
        check(response.extensions[0].value.nonce == nonce, who, "other nonce")
    check(len(response.single_extensions) == 0, who, "singleExtensions")


def check_certid(who, single, subject, issuer, algorithm):
    name = hashes.Hash(algorithm)
    name.update(issuer.subject.public_bytes())
    key = hashes.Hash(algorithm)
    info = issuer.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    bits = [c for t, c in walk(info) if t == 3][0]
    key.update(bits[1:])
    check(single.hash_algorithm.name == algorithm.name, who, "CertID hash",
          single.hash_algorithm.name)
    check(single.issuer_name_hash == name.finalize(), who, "issuerNameHash")
    check(single.issuer_key_hash == key.finalize(), who, "issuerKeyHash")
    check(single.serial_number == subject.cert.serial_number, who, "serial")


def check_answer(who, der, subject, args, algorithm=None, nonce=None):
    """Everything about one answer for one certificate.  Returns what is
    signed."""
    try:
        response = ocsp.load_der_ocsp_response(der)
    except ValueError as e:
        check(False, who, "unreadable:", e)
        return None
    if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        check(False, who, response.response_status)
        return None
    singles = list(response.responses)
    check(len(singles) == 1, who, len(singles), "SingleResponses")
    single = singles[0]
    signer = signer_of(who, response, args)
    check_signature(who, signer, response, response.tbs_response_bytes)
    check(response.responder_name is None, who, "names its responder")
    check(response.responder_key_hash == key_hash(signer), who, "responder ID")
    check_bytes(who, der, response)
    check_times(who, response, single, signer)
    check_certid(who, single, subject, load(args.issuer),
                 algorithm or single.hash_algorithm)
    if nonce != "any":
        check_extensions(who, response, nonce)
    reason = single.revocation_reason
    subject.wants(who, single.certificate_status.name.lower(),
                  reason and reason.value, stamp(single.revocation_time))
    return response.tbs_response_bytes


# ---- the witnesses --------------------------------------------------------

def fetch(url, body=None):
    request = urllib.request.Request(url, body, {
        "Content-Type": "application/ocsp-request"} if body else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        kind = answer.headers["Content-Type"]
        check(kind == "application/ocsp-response", "Content-Type", kind)
        return answer.read()


def ask_python(subject, args):
    """POST and GET, both hashes, with and without nonce."""
    issuer = load(args.issuer)
    for algorithm in hashes.SHA1(), hashes.SHA256():
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            subject.cert, issuer, algorithm)
        der = builder.build().public_bytes(serialization.Encoding.DER)
        path = urllib.parse.quote(base64.b64encode(der), safe="")
        post = check_answer("python POST " + algorithm.name,
                            fetch(args.url, der), subject, args, algorithm)
        get = check_answer("python GET " + algorithm.name,
                           fetch(args.url.rstrip("/") + "/" + path), subject,
                           args, algorithm)
        check(get == post, "GET and POST differ for", subject.name)
    nonce = os.urandom(32)
    der = builder.add_extension(x509.OCSPNonce(nonce), False).build() \
        .public_bytes(serialization.Encoding.DER)
    check_answer("python nonce", fetch(args.url, der), subject, args,
                 algorithm, nonce)


def openssl_words(text, path):
    """Status, reason and date that openssl prints for a certificate."""
    match = re.search(r"^%s: (\w+)\n((?:\t.*\n)*)" % re.escape(path), text,
                      re.M)
    if match is None:
        return "nothing", None, None
    rest = dict(line.strip().split(": ", 1)
                for line in match[2].splitlines() if ": " in line)
    date = rest.get("Revocation Time")
    if date is not None:
        date = stamp(datetime.datetime.strptime(date,
                                                "%b %d %H:%M:%S %Y GMT"))
    reason = rest.get("Reason")
    if reason == "(UNKNOWN)":
        reason = "-"  # 3.0 has no words for 9 and 10
    return match[1], reason, date


def ask_openssl(all_subjects, args):
    """All certificates in one request; sha1 and sha256; nonce and none."""
    trust = ["-CAfile", args.root, "-verify_other", args.issuer]
    if args.model == "trusted":
        trust = ["-VAfile", args.root]
    for digest, nonce in ("-sha1", "-nonce"), ("-sha256", "-no_nonce"):
        certs = []
        for s in all_subjects:
            certs += [digest, "-cert", s.path]
        rc, text = run("openssl", "ocsp", "-issuer", args.issuer, *certs,
                       "-url", args.url, nonce, *trust)
        who = "openssl " + digest
        check(rc == 0 and "Response verify OK" in text, who, text)
        check("WARNING" not in text, who, text)
        for s in all_subjects:
            s.wants(who, *openssl_words(text, s.path))


def gnutls_words(text):
    status = re.search(r"Certificate Status: (\w+)", text)
    date = re.search(r"Revocation time: \w+ (.*) UTC (\d+)", text)
    if date is not None:
        date = stamp(datetime.datetime.strptime(date[1] + " " + date[2],
                                                "%b %d %H:%M:%S %Y"))
    return status and status[1], date


def ask_gnutls(subject, args, folder):
    """It asks and verifies; its answer is judged and verified once more."""
    out = os.path.join(folder, "gnutls.der")
    trust = ["--load-signer" if args.model == "trusted" else "--load-issuer",
             args.root if args.model == "trusted" else args.issuer]
    if args.model == "trusted":
        trust += ["--load-issuer", args.issuer]
    rc, text = run("ocsptool", "--ask=" + args.url, "--nonce", "--load-cert",
                   subject.path, *trust, "--outfile", out)
    check(rc == 0 and "Verifying OCSP Response: Success" in text, "GnuTLS",
          subject.name, text)
    status, date = gnutls_words(text)
    reason = subject.reason if status == "revoked" else None
    if reason == "unspecified":
        reason = None
    subject.wants("GnuTLS", status, reason, date)  # it prints no reason
    with open(out, "rb") as f:
        check_answer("GnuTLS answer", f.read(), subject, args, nonce="any")
    trust = {"delegated": ["--load-trust", args.issuer],
             "ca": ["--load-signer", args.issuer],
             "trusted": ["--load-signer", args.root]}[args.model]
    rc, text = run("ocsptool", "-e", *trust, "--load-response", out)
    check(rc == 0 and "OCSP Response: Success" in text, "GnuTLS -e",
          subject.name, text)


def ask_ours(subject, args):
    """ocsp-check is no oracle, but it has to agree with them."""
    exits = {"good": 0, "revoked": 1, "unknown": 2}
    trust = ["--responder-cert", args.root] if args.model == "trusted" else []
    for how in ["--method", "get", "--no-nonce"], ["--hash", "sha256"]:
        rc, text = run("ocsp-check", "--cert", subject.path, "--issuer",
                       args.issuer, "--url", args.url, "--json", *how, *trust)
        check(rc == exits[subject.status], "ocsp-check", how, subject.name,
              rc, text)
        try:
            verdict = json.loads(text)
        except ValueError:
            continue
        check(verdict["cert_status"] == subject.status, "ocsp-check", text)


# ---- commands -------------------------------------------------------------

def command_ocsp(args):
    all_subjects = subjects(args.expected)
    ask_openssl(all_subjects, args)
    with tempfile.TemporaryDirectory() as folder:
        for s in all_subjects:
            ask_python(s, args)
            ask_gnutls(s, args, folder)
            ask_ours(s, args)


def command_answer(args):
    subject = Subject("%s %s" % (args.cert, args.status))
    with open(args.response, "rb") as f:
        check_answer(args.response, f.read(), subject, args, nonce="any")


def command_crl(args):
    with open(args.crl, "rb") as f:
        crl = x509.load_pem_x509_crl(f.read())
    issuer = load(args.issuer)
    check_signature("CRL", issuer, crl, crl.tbs_certlist_bytes)
    rc, text = run("openssl", "crl", "-in", args.crl, "-noout", "-CAfile",
                   args.issuer)
    check(rc == 0 and "verify OK" in text, "openssl crl:", text)
    check(crl.issuer == issuer.subject, "CRL issuer")
    all_subjects = subjects(args.expected)
    revoked = {s.cert.serial_number: s for s in all_subjects
               if s.status == "revoked"}
    check({r.serial_number for r in crl} == set(revoked), "CRL lists",
          [hex(r.serial_number) for r in crl])
    for entry in crl:
        reason = None
        for e in entry.extensions:
            check(not e.critical, "CRL entry extension is critical")
            if isinstance(e.value, x509.CRLReason):
                reason = e.value.reason.value
        if entry.serial_number in revoked:
            revoked[entry.serial_number].wants(
                "CRL", "revoked", reason, stamp(entry.revocation_date))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("ocsp")
    one.add_argument("--url", required=True)
    two = commands.add_parser("answer")
    two.add_argument("--cert", required=True)
    for p in one, two:
        p.add_argument("--root", required=True)
        p.add_argument("--model", required=True,
                       choices=["delegated", "ca", "trusted"])
    three = commands.add_parser("crl")
    for p in one, two, three:
        p.add_argument("--issuer", required=True)
    one.add_argument("expected")
    two.add_argument("status")
    two.add_argument("response")
    three.add_argument("expected")
    three.add_argument("crl")
    return parser.parse_args()


def main():
    args = arguments()
    {"ocsp": command_ocsp, "answer": command_answer,
     "crl": command_crl}[args.command](args)
    for line in failures:
        print(line)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
