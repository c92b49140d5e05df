#!/usr/bin/python3
"""python3-cryptography, a strict DER reader, judges what pki_specimens made.

  specimens.py certs FOLDER      each certificate's extensions, octet by octet
  specimens.py crls FOLDER       each CRL: signature, extensions and entries

Exit 0, or 1 at the first disagreement.
"""
import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU

# Whole Extensions: OBJECT, BOOLEAN TRUE where critical, OCTET STRING.
KU_SIGNATURE = "300e0603551d0f0101ff040403020780"
KU_CA = "300e0603551d0f0101ff040403020186"
BC_CA = "300f0603551d130101ff040530030101ff"
BC_LEAF = "300c0603551d130101ff04023000"
EKU_OCSP = "30130603551d25040c300a06082b06010505070309"
NOCHECK = "300f06092b060105050730010504020500"
AKI_SKI_OIDS = {"2.5.29.35", "2.5.29.14"}
FORBIDDEN = {  # BR 7.1.2.8.2: SAN, CRLDP, AIA, policies, nameConstraints
    "2.5.29.17", "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.32", "2.5.29.30"}


def oids(cert):
    return [e.oid.dotted_string for e in cert.extensions]


def one(folder, name):
    cert = x509.load_pem_x509_certificate((folder / name).read_bytes())
    assert cert.public_bytes(Encoding.DER) == x509.load_der_x509_certificate(
        cert.public_bytes(Encoding.DER)).public_bytes(Encoding.DER)
    return cert, cert.tbs_certificate_bytes.hex()


def has_once(tbs, *extensions):
    for ext in extensions:
        assert tbs.count(ext) == 1, (ext, tbs)


def never_signs_answers(cert, tbs):
    """BR 7.1.2.7.10 and 7.1.2.10.6."""
    assert NOCHECK not in tbs
    for ext in cert.extensions:
        if isinstance(ext.value, x509.ExtendedKeyUsage):
            assert EKU.OCSP_SIGNING not in ext.value


def judge_signer(folder, ca):
    cert, tbs = one(folder, "signer.pem")
    assert sorted(oids(cert)) == sorted(
        {"2.5.29.15", "2.5.29.37", "1.3.6.1.5.5.7.48.1.5"} | AKI_SKI_OIDS)
    assert not FORBIDDEN & set(oids(cert))
    has_once(tbs, KU_SIGNATURE, EKU_OCSP, NOCHECK)
    ski = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    aki = cert.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert aki.value.key_identifier == ski.value.digest
    assert aki.value.authority_cert_issuer is None
    assert not aki.critical


def judge_certs(folder):
    root, tbs = one(folder, "root.pem")
    has_once(tbs, KU_CA, BC_CA)
    never_signs_answers(root, tbs)
    ca, tbs = one(folder, "int.pem")
    has_once(tbs, KU_CA, BC_CA)
    never_signs_answers(ca, tbs)
    for name in ("leaf.pem", "client.pem"):
        cert, tbs = one(folder, name)
        has_once(tbs, BC_LEAF)
        never_signs_answers(cert, tbs)
        judge_signer(folder, ca)


REASONS = {1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
           4: "superseded", 5: "cessationOfOperation", 6: "certificateHold",
           8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise"}


def seconds(t):
    return int(t.replace(tzinfo=datetime.timezone.utc).timestamp())


def entry_line(entry):
    reason = invalidity = 0
    for ext in entry.extensions:
        assert not ext.critical
        if isinstance(ext.value, x509.CRLReason):
            name = ext.value.reason.value
            reason = [k for k, v in REASONS.items() if v == name][0]
        else:
            invalidity = seconds(ext.value.invalidity_date)
    return f"{entry.serial_number:x} {reason} " \
           f"{seconds(entry.revocation_date)} {invalidity}"


def judge_crl(folder, name, root):
    der = (folder / name).read_bytes()
    crl = x509.load_der_x509_crl(der)
    assert crl.public_bytes(Encoding.DER) == der
    if folder.name != "ed25519":  # which Debian 12's does not know in a CRL
        assert crl.is_signature_valid(root.public_key())
    assert crl.issuer.public_bytes() == root.subject.public_bytes()
    got = {e.oid.dotted_string: e.critical for e in crl.extensions}
    want = {"2.5.29.35": False, "2.5.29.20": False}
    if name != "empty.crl":
        want["2.5.29.28"] = True
    if name == "delta.crl":
        want["2.5.29.27"] = True
        base = crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
        assert base.value.crl_number == 5
    assert got == want, got
    number = crl.extensions.get_extension_for_class(x509.CRLNumber)
    assert number.value.crl_number == 0x8000000000000001
    return crl


def same_url(folder, crl):
    """The distribution point is named by the same octets in both."""
    leaf = x509.load_pem_x509_certificate((folder / "leaf.pem").read_bytes())
    points = leaf.extensions.get_extension_for_class(
        x509.CRLDistributionPoints).value
    idp = crl.extensions.get_extension_for_class(
        x509.IssuingDistributionPoint).value
    assert [n.value for n in points[0].full_name] == \
        [n.value for n in idp.full_name]


def judge_crls(folder):
    root, _ = one(folder, "root.pem")
    empty = judge_crl(folder, "empty.crl", root)
    assert len(empty) == 0
    # two times, then [0]: the list is left out
    tail = empty.tbs_certlist_bytes
    assert tail[tail.rindex(b"\x17\x0d") + 15] == 0xA0
    full = judge_crl(folder, "full.crl", root)
    expected = (folder / "expected").read_text().splitlines()
    assert [entry_line(e) for e in full] == expected
    same_url(folder, full)
    delta = judge_crl(folder, "delta.crl", root)
    removed = [e for e in delta if entry_line(e).split()[1] == "8"]
    assert len(delta) == 20 and len(removed) == 1


def main():
    judge = {"certs": judge_certs, "crls": judge_crls}[sys.argv[1]]
    folders = sorted(pathlib.Path(sys.argv[2]).iterdir())
    assert len(folders) == 6
    for folder in folders:
        judge(folder)


main()
