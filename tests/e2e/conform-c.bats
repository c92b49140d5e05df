#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group C: what is in an answer (RFC 6960 section
# 4.2, RFC 9919 section 3.2, CA/Browser Forum Baseline Requirements 4.9 and 7).
#
# Proved elsewhere:
#   C16  oracles.bats: P-256, delegated signer: all agree on every status
#   C20  responder-load.bats: who would wait too long for a signature gets tryLater with Retry-After

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "C1 the answer is an id-pkix-ocsp-basic with a BasicOCSPResponse" {
  conform <<'PY'
der = post(request()).body
open("r.der", "wb").write(der)
text = run("openssl", "asn1parse", "-inform", "DER", "-in", "r.der")
assert re.search(r"ENUMERATED +:00\n.*cont \[ 0 \].*\n.*SEQUENCE.*\n"
                 r".*OBJECT +:Basic OCSP Response\n.*OCTET STRING", text), text
# And nothing else: status, type, octets.
basic = next(c for t, c in walk(der) if t == 4)
same(der, tlv(0x30, tlv(0x0A, b"\0"), tlv(0xA0, tlv(0x30, oid(BASIC),
                                                    tlv(0x04, basic)))))
PY
}

@test "C2 successful has responseBytes, every other status has none" {
  conform <<'PY'
good(post(request()))
for der, status in [(b"junk", MALFORMED),
                    (request(certid(key=b"another's")), UNAUTHORIZED)]:
    same(post(der).body, tlv(0x30, tlv(0x0A, bytes([status]))))
PY
}

@test "C4 one SingleResponse for each certID, none besides" {
  conform <<'PY'
for names in ["www"], ["www", "two"], ["two", "gone", "lost", "held"]:
    answer = judge(post(request(*map(certid, names))).body)
    same([s.serial_number for s in answer.responses],
         [cert(n).serial_number for n in names])
PY
}

@test "C5 a serial that was never issued is unknown, never good" {
  conform <<'PY'
for n in range(20):
    serial = b"\x40" + os.urandom(15)
    says(get(request(certid(serial=serial))), "unknown")
    says(post(request(certid(serial=serial, digest="sha256"))), "unknown")
# One that another CA has issued.
far = octets(cert("far").serial_number)
says(post(request(certid(serial=far))), "unknown")
for policy, want in ("good", "good"), ("extended-revoke", "revoked"):
    says(offline(request(certid(serial=far)), "--unissued", policy), want)
PY
}

@test "C6 extended-revoke: certificateHold, 1970, and the extension that says so" {
  conform <<'PY'
der = offline(request(certid(serial=b"\x70\1\2\3")), "--unissued",
              "extended-revoke")
answer = says(der, "revoked")
single = only(answer)
same(single.revocation_reason, x509.ReasonFlags.certificate_hold)
assert tlv(0xA1, tlv(0x18, b"19700101000000Z"),
           tlv(0xA0, tlv(0x0A, b"\6"))) in der
extensions = tlv(0xA1, tlv(0x30, extension(EXTENDED_REVOKE, b"\x05\0")))
assert answer.tbs_response_bytes.endswith(extensions)
same(len(answer.single_extensions), 0)
# With a nonce both, and for issued ones no word of it.
both = offline(request(certid(serial=b"\x70\1\2\3"), extensions=[nonce(b"n")]),
               "--unissued", "extended-revoke")
same(sorted(e.oid.dotted_string for e in judge(both).extensions),
     [NONCE, EXTENDED_REVOKE])
same(len(good(offline(request(), "--unissued", "extended-revoke")).extensions),
     0)
PY
}

@test "C7 a new certificate is known to the next request" {
  conform <<'PY'
for n in range(3):
    run("ocsp-ca", "issue", "new%d" % n, "--ca", "root")
    good(get(request(certid("new%d" % n))))
PY
}

@test "C8 revoked: its time and reason, unspecified is left out" {
  conform <<'PY'
reasons = {"keyCompromise": 1, "cACompromise": 2, "affiliationChanged": 3,
           "superseded": 4, "cessationOfOperation": 5, "certificateHold": 6,
           "privilegeWithdrawn": 9, "aACompromise": 10, "unspecified": 0}
run("ocsp-ca", "issue", *["r" + r for r in reasons], "--ca", "root")
when = tlv(0x18, b"20260304050607Z")
for name, number in reasons.items():
    run("ocsp-ca", "revoke", "r" + name, "--reason", name, "--revocation-date",
        "2026-03-04T05:06:07Z")
    der = post(request(certid("r" + name))).body
    says(der, "revoked")
    reason = tlv(0xA0, tlv(0x0A, bytes([number]))) if number else b""
    assert tlv(0xA1, when, reason) in der, name
PY
}

@test "C9 reasons 7 and 8, and what is none, are refused by ocsp-ca" {
  own_lab
  for reason in 7 8 11 -1 removeFromCRL nonsense ''; do
    exits 64 ocsp-ca revoke www --reason "$reason"
  done
  exits 0 ocsp-ca status www
}

@test "C10 the reason is no singleExtension" {
  conform <<'PY'
for name in "gone", "lost", "held":
    der = post(request(certid(name))).body
    same(len(says(der, "revoked").single_extensions), 0)
    assert oid("2.5.29.21") not in der
PY
}

@test "C11 responderID is byKey: SHA-1 of the signer's key, whatever else" {
  conform <<'PY'
for digest in "sha1", "sha256":
    answer = good(post(request(certid(digest=digest))))
    signer, = answer.certificates
    with open("s.pem", "wb") as f:
        f.write(signer.public_bytes(serialization.Encoding.PEM))
    text = run("openssl", "x509", "-noout", "-ocspid", "-in", "s.pem")
    key = bytes.fromhex(re.search("Public key OCSP hash: (.*)", text)[1])
    assert answer.tbs_response_bytes[3:].startswith(
        tlv(0xA2, tlv(0x04, key))) or \
        answer.tbs_response_bytes[4:].startswith(tlv(0xA2, tlv(0x04, key)))
PY
}

@test "C12 responderID names the certificate that has signed, key or name" {
  conform <<'PY'
by_key = good(post(request()))
by_name = good(offline(request(), "--responder-id", "name"))
for answer in by_key, by_name:
    signer, = answer.certificates
    if answer.responder_name is None:
        same(answer.responder_key_hash, hashlib.sha1(key_bits(signer)).digest())
    else:
        same(answer.responder_name, signer.subject)
    der = answer.public_bytes(serialization.Encoding.DER)
    open("r.der", "wb").write(der)
    text = run("openssl", "ocsp", "-respin", "r.der", "-no_nonce", "-CAfile",
               LAB + "/ca/root/cert.pem", "-issuer",
               LAB + "/ca/root/cert.pem", "-cert", LAB + "/certs/www/cert.pem")
    assert "Response verify OK" in text, text
same((by_key.responder_name, by_name.responder_key_hash), (None, None))
PY
}

@test "C13 a delegate sends its certificate; a CA that signs sends no certs" {
  conform <<'PY'
same(len(good(post(request())).certificates), 1)
PY
  own_lab --signer ca
  conform <<'PY'
der = offline(request())
same(good(der).certificates, [])
basic = next(c for t, c in walk(der) if t == 4)
inner = basic[4 if basic[1] == 0x82 else 3:]
tops, at = [], 0
while at < len(inner):
    n, head = inner[at + 1], 2
    if n > 127:
        head += n & 127
        n = int.from_bytes(inner[at + 2:at + head], "big")
    tops.append(inner[at])
    at += head + n
same(tops, [0x30, 0x30, 0x03])
PY
}

@test "C14 no responseExtensions without need" {
  conform <<'PY'
for name in "www", "gone":
    answer = judge(post(request(certid(name))).body)
    same(len(answer.extensions), 0)
    # ... and the field itself is absent: singles come last.
    times = tlv(0xA0, tlv(0x18, only(answer).next_update.strftime(
        "%Y%m%d%H%M%SZ").encode()))
    assert answer.tbs_response_bytes.endswith(times)
PY
}

@test "C15 signatures use SHA-256 or better, as the key wants it" {
  conform <<'PY'
want = {"p256": "1.2.840.10045.4.3.2", "p384": "1.2.840.10045.4.3.3",
        "rsa2048": "1.2.840.113549.1.1.11", "ed25519": "1.3.101.112"}
for name, number in want.items():
    run("ocsp-ca", "add-ca", "a" + name, "--root", "--algorithm", name)
    run("ocsp-ca", "issue", "b" + name, "--ca", "a" + name)
    answer = good(post(request(certid("b" + name, "a" + name))))
    same(answer.signature_algorithm_oid.dotted_string, number)
for digest in "md5", "sha1", "sha224":
    run("ocsp-responder", "--answer", "offline.q", "--digest", digest, code=64)
PY
}

@test "C18 an expired certificate keeps its answer" {
  conform <<'PY'
run("ocsp-ca", "issue", "old", "older", "--ca", "root", "--not-before", "-20d",
    "--not-after", "-10d")
run("ocsp-ca", "revoke", "older", "--reason", "superseded")
good(post(request(certid("old"))))
same(only(says(post(request(certid("older"))), "revoked")).revocation_reason,
     x509.ReasonFlags.superseded)
PY
}

@test "C19 a CA's own revocation does not change what is said of its certificates" {
  conform <<'PY'
run("ocsp-ca", "add-ca", "sub", "--under", "root")
run("ocsp-ca", "issue", "below", "--ca", "sub")
run("ocsp-ca", "revoke", "%x" % ca("sub").serial_number, "--reason",
    "cACompromise", "--ca", "root")
serial = octets(ca("sub").serial_number)
says(post(request(certid(serial=serial))), "revoked")
good(post(request(certid("below", "sub"))))
PY
}

@test "C21 answers are small" {
  conform <<'PY'
for digest, most in ("sha1", 740), ("sha256", 764):
    n = len(post(request(certid(digest=digest))).body)
    assert 500 < n <= most, n
many = len(post(request(*[certid(digest="sha256")] * 64)).body)
assert many < 16384, many
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 40
}
