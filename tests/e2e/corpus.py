#!/usr/bin/env python3
"""Every answer of a corpus, judged by ocsp-check as its INDEX says, and by
python3-cryptography and 'openssl ocsp -respin' where those can judge it.

usage: corpus.py FOLDER [JUDGE...]      ocsp-check python openssl (default: all)
"""
import concurrent.futures
import datetime
import json
import os
import subprocess
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from derwalk import walk
from scenario_diff import OPENSSL_DIFFERS

os.chdir(sys.argv[1])
# Of what an RFC demands: this judge knows no critical extensions, no keyUsage,
# and not how many bits of a signature count.
PYTHON_DIFFERS = {
    "critical-extension", "critical-single-extension", "delegated-crlsign-only",
    "unused-bits"}


def load(name):
    with open(name, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


with open("INDEX.json", encoding="utf-8") as index:
    INDEX = json.load(index)
AT = datetime.datetime.strptime(INDEX["at"], "%Y-%m-%dT%H:%M:%SZ")
ISSUER = load("certs/issuer.pem")
MINUTES = datetime.timedelta(minutes=5)


# ---- a judge of our own making, on a library that is not ours ------------

def verify(key, signature, data, algorithm, digest):
    """The algorithm says whose kind of key it is: Ed25519, ECDSA, RSA."""
    kind = algorithm.dotted_string
    if kind == "1.3.101.112" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    elif kind.startswith("1.2.840.10045.4.") and \
            isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(digest))
    elif not kind.startswith("1.2.840.113549.1.1.") or \
            not isinstance(key, rsa.RSAPublicKey):
        raise InvalidSignature
    else:
        if key.key_size < 2048 or digest.name in ("md5", "sha1"):
            raise InvalidSignature
        key.verify(signature, data, padding.PKCS1v15(), digest)


def may_sign(cert):
    """The CA, or a delegate of the CA, now."""
    if cert == ISSUER:
        return True
    try:
        verify(ISSUER.public_key(), cert.signature, cert.tbs_certificate_bytes,
               cert.signature_algorithm_oid, cert.signature_hash_algorithm)
        eku = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (InvalidSignature, TypeError, AttributeError,
            x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in eku.value and \
        cert.not_valid_before <= AT <= cert.not_valid_after


def key_hash(key):
    return x509.SubjectKeyIdentifier.from_public_key(key).digest


def is_signer(answer, cert):
    if answer.responder_key_hash is not None:
        return answer.responder_key_hash == key_hash(cert.public_key())
    return answer.responder_name == cert.subject


def signed(answer):
    for cert in [*answer.certificates, ISSUER]:
        if not is_signer(answer, cert) or not may_sign(cert):
            continue
        try:
            verify(cert.public_key(), answer.signature, answer.tbs_response_bytes,
                   answer.signature_algorithm_oid,
                   answer.signature_hash_algorithm)
            return True
        except (InvalidSignature, TypeError, ValueError):
            pass
    return False


def concerns(single, leaf):
    name = hashes.Hash(single.hash_algorithm)
    name.update(ISSUER.subject.public_bytes())
    key = hashes.Hash(single.hash_algorithm)
    key.update(ISSUER.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)[KEY_AT:])
    return (single.serial_number == leaf.serial_number and
            single.issuer_name_hash == name.finalize() and
            single.issuer_key_hash == key.finalize())


def content_of_bits():
    """Where the key stands in SubjectPublicKeyInfo: the end of it."""
    info = ISSUER.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    for at in range(len(info)):
        digest = hashes.Hash(hashes.SHA1())
        digest.update(info[at:])
        if digest.finalize() == key_hash(ISSUER.public_key()):
            return at
    raise AssertionError("no key in SubjectPublicKeyInfo")


KEY_AT = content_of_bits()


def verdict(single):
    if single.next_update is None or single.next_update < AT or \
            single.next_update < single.this_update or \
            single.this_update > AT + MINUTES:
        return "untrusted"
    return single.certificate_status.name.lower()


def judge(der, leaf):
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL or \
                not signed(answer):
            return "untrusted"
        mine = [verdict(s) for s in answer.responses if concerns(s, leaf)]
    except (ValueError, TypeError, UnsupportedAlgorithm, AttributeError):
        return "untrusted"
    for word in ("revoked", "untrusted", "unknown", "good"):
        if word in mine:
            return word
    return "untrusted"


# ---- the judges ----------------------------------------------------------

def by_python(entry):
    if entry["basis"] != "must" or entry["scenario"].split(":")[0] in PYTHON_DIFFERS:
        return None
    with open(entry["files"]["response"], "rb") as f:
        said = judge(f.read(), load(entry["files"]["cert"]))
    return None if said == entry["verdict"] else said


def by_check(entry):
    done = subprocess.run(["sh", "-c", entry["check"]], capture_output=True,
                          text=True, timeout=60)
    return None if done.returncode == 0 else done.stdout + done.stderr


def by_openssl(entry):
    """It judges times by the machine's clock alone, so not here."""
    if entry["basis"] != "must" or entry["layer"] == "time" or \
            entry["scenario"].endswith(("expired", "expired-staple")) or \
            entry["scenario"] in OPENSSL_DIFFERS:
        return None
    files = entry["files"]
    at = int(AT.replace(tzinfo=datetime.timezone.utc).timestamp())
    done = subprocess.run(
        ["openssl", "ocsp", "-no_nonce", "-respin", files["response"],
         "-issuer", files["issuer"], "-" + INDEX["hash"], "-cert", files["cert"],
         "-CAfile", files["root"], "-verify_other", files["issuer"],
         "-attime", str(at), "-validity_period", str(1 << 31)],
        capture_output=True, text=True, timeout=60)
    said = [w for w in ("good", "revoked", "unknown") if f": {w}" in done.stdout]
    if "verify OK" not in done.stderr or not said:
        said = ["untrusted"]
    return None if said[0] == entry["verdict"] else said[0] + done.stderr


JUDGES = {"ocsp-check": by_check, "python": by_python, "openssl": by_openssl}


def main():
    entries = INDEX["entries"]
    names = [e["name"] for e in entries]
    assert len(names) == len(set(names))
    have = {f"answers/{name}.der" for name in names}
    assert have == {f"answers/{f}" for f in os.listdir("answers")}
    for entry in entries:
        assert all(os.path.isfile(f) for f in entry["files"].values()), entry
        assert entry["what"] and entry["why"] and entry["layer"], entry
    assert walk(open("answers/good.der", "rb").read())["0.serial"]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for who in sys.argv[2:] or JUDGES:
            for entry, other in zip(entries, pool.map(JUDGES[who], entries)):
                if other is not None:
                    wrong += 1
                    print(f"{who}: {entry['name']}: wanted {entry['verdict']}: "
                          f"{other}")
    print(f"{len(entries)} answers, {wrong} wrong verdicts")
    return 1 if wrong else 0


sys.exit(main())
