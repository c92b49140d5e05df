#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-check, group J, what stands in an answer: RFC 6960 section
# 3.2, RFC 9919 section 5.  Each answer is a real one in which one thing was
# changed and that was signed again by the one who signs.

load helper
load check
load careful

@test "J1 an answer that is not successful is no answer, and its status is named" {
  ocsp-ca init >/dev/null
  printf 'no request' >request
  ocsp-responder --answer request --out refused.der
  careful <<'PY'
said = untrusted(bytes_of("./refused.der"), "response-status")
assert said["response_status"] == "malformedRequest"
for status, name in [(1, "malformedRequest"), (2, "internalError"),
                     (3, "tryLater"), (5, "sigRequired"), (6, "unauthorized"),
                     (4, "4"), (17, "17"), (127, "127")]:
    said = untrusted(bytes([0x30, 3, 0x0a, 1, status]), "response-status")
    assert name in said["why"], said["why"]
    # Content does not help a status that is an error.
    a = Answer("www.der")
    a.top.kids[0].raw = bytes([status])
    untrusted(a.signed(), "response-status")
for status, first in [(b"\xff", "response-status"), (b"", "encoding"),
                      (b"\0\0", "encoding"), (b"\0\1", "encoding")]:
    a.top.kids[0].raw = status
    untrusted(a.signed(), first)
PY
}

@test "the control: an answer taken apart and signed again is as good as before" {
  careful <<'PY'
for name, verdict in [("www", "good"), ("gone", "revoked"),
                      ("lost", "unknown"), ("must", "good")]:
    a = Answer(name + ".der")
    assert a.der() == bytes_of(name + ".der")
    expect(judge(a.der(), cert=name), verdict)
    expect(judge(a.signed(), cert=name), verdict)
    assert openssl(a.signed(), cert=name) == verdict
PY
}

@test "J2 all records are searched, in whatever order they stand" {
  cd "$PKI"
  openssl ocsp -issuer root.pem -cert must.pem -cert gone.pem -cert www.pem \
    -no_nonce -reqout three.req
  careful <<'PY'
three = Answer(real(bytes_of("three.req")))
for order in [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
    a = Answer(three.der())
    a.records[:] = [three.records[i] for i in order]
    der = a.signed()
    for name, verdict in [("must", "good"), ("gone", "revoked"),
                          ("www", "good")]:
        expect(judge(der, cert=name), verdict)
        assert openssl(der, cert=name) == verdict
    untrusted(der, "certid", cert="lost")
PY
}

@test "J3 a record counts only for the serial and both hashes of its issuer" {
  careful <<'PY'
untrusted(bytes_of("must.der"), "certid")
untrusted(bytes_of("gone.der"), "certid")
# Right serial, other CA: its own answer, and its certID under our signature.
theirs = answered_by("other", cert="theirs", issuer="other")
expect(judge(theirs, cert="theirs", ca="other"), "good")
untrusted(theirs, "certid")
a = Answer("www.der")
a.record.kids[0] = Answer(theirs).certid
untrusted(a.signed(), "certid")
for field in 1, 2, 3:
    for at in 0, -1:
        a = Answer("www.der")
        raw = bytearray(a.certid[field].raw)
        raw[at] ^= 1
        a.certid[field].raw = bytes(raw)
        untrusted(a.signed(), "certid")
        assert openssl(a.signed()) in ("none", "refused")
# A hash that is cut, or is the other's in length.
a = Answer("www.der")
a.certid[2].raw = a.certid[2].raw[:19]
assert judge(a.signed())[0] == 3
a = Answer("www.der")
a.certid[0].kids[0] = node(SHA256)
assert judge(a.signed())[0] == 3
PY
}

@test "J4 a record is found whichever hash it has, and whichever was asked for" {
  cd "$PKI"
  openssl ocsp -issuer root.pem -sha256 -cert www.pem -no_nonce -reqout w256.req
  openssl ocsp -issuer root.pem -sha384 -cert www.pem -no_nonce -reqout w384.req
  careful <<'PY'
one, two = bytes_of("www.der"), real(bytes_of("w256.req"))
good(one)
good(two)
for asked, given in ("sha256", one), ("sha1", two):
    with responder(given) as r:
        said = expect(ask(r, "--hash", asked), "good")
        assert len(r.seen) == 1
        assert ("SHA-1" if given is one else "SHA-256") in \
            step(said, "certid")["detail"]
# A hash that nobody asks with matches nothing.
untrusted(real(bytes_of("w384.req")), "certid")
# NULL and absent parameters are the same hash.
a = Answer(two)
del a.certid[0].kids[1:]
good(a.signed())
PY
}

@test "J5 of several records for one certificate the worst counts" {
  careful <<'PY'
for first, second, verdict in [
        (GOOD, revoked(1), "revoked"), (revoked(1), GOOD, "revoked"),
        (GOOD, UNKNOWN, "unknown"), (UNKNOWN, GOOD, "unknown"),
        (UNKNOWN, revoked(), "revoked"), (GOOD, GOOD, "good")]:
    a = Answer("www.der")
    a.records.append(copy(a.record))
    a.set_status(first, 0)
    a.set_status(second, 1)
    expect(judge(a.signed()), verdict)
# Both hashes, one of them revoked.
a = Answer("www.der")
b = Answer(answered_by("responder", cert="www", issuer="root"))
a.records.append(b.record)
a.set_status(revoked(1), 1)
expect(judge(a.signed()), "revoked")
# A revocation that has expired does not make way for a good record.
for order in 0, 1:
    a = Answer("www.der")
    a.records.append(copy(a.record))
    a.set_status(revoked(1), order)
    a.set_this_update(time_text(-5 * 86400), order)
    a.set_next_update(time_text(-86400), order)
    untrusted(a.signed(), "next-update")
# Of two good ones the newer.
a = Answer("www.der")
a.records.append(copy(a.record))
a.set_this_update(time_text(-5 * 86400), 0)
a.set_next_update(time_text(-86400), 0)
good(a.signed())
PY
}

@test "J6 no answer is believed whose signature does not hold" {
  careful <<'PY'
a = Answer("www.der")
a.signature.raw = a.signature.raw[:-1] + bytes([a.signature.raw[-1] ^ 1])
untrusted(a.der(), "signature")
assert openssl(a.der()) == "refused"
# Revoked made good, and good made revoked: neither counts.
for name, status in ("gone", GOOD), ("www", revoked(1)):
    a = Answer(name + ".der")
    a.set_status(status)
    untrusted(a.der(), "signature", cert=name)
# Signed by another key, under the responder's name.
a = Answer("www.der")
untrusted(a.signed("www"), "signature")
# Of a revoked answer no bit makes it good (every one: test_verdict_envelope).
whole = bytes_of("gone.der")
kinds = set()
for at in range(0, 8 * len(whole), 131):
    der = bytearray(whole)
    der[at // 8] ^= 1 << at % 8
    code, said = judge(bytes(der), cert="gone")
    kinds.add(said["verdict"])
assert kinds <= {"untrusted", "revoked"}, kinds
PY
}

@test "J7 only the issuer, and whom it has certified for that, may sign" {
  careful <<'PY'
# signer: our first failed step, what OpenSSL says.  It never looks at keyUsage,
# nor at whose key the delegate has.
for signer, first, second in [
        ("int", None, "good"), ("ocsp", None, "good"),
        ("ocspany", None, "good"),
        ("ocspku", "signer-key-usage", "good"),
        ("noeku", "signer", "refused"), ("ocspr", "signer", "refused"),
        ("ocspx", "signer-validity", "refused"),
        ("ocspodd", "signer", "refused"),
        ("deep", "signer", "refused"), ("ocspleaf", "signer", "good"),
        ("root", "signer", "good")]:
    der = answered_by(signer, cert="deep", issuer="int")
    more = ["--issuer", path("int.pem")]
    if first is None:
        expect(judge(der, *more, cert="deep"), "good")
    else:
        untrusted(der, first, *more, cert="deep")
    if signer != "root":
        assert openssl(der, "-verify_other", path("int.pem"), cert="deep",
                       issuer="int") == second, signer
    # A revocation that the wrong one signed is no more to be believed.
    der = answered_by(signer, cert="deep", issuer="int", status="revoked")
    expect(judge(der, *more, cert="deep"),
           "revoked" if first is None else "untrusted", first)
# Trusted by name, anyone may.
expect(judge(answered_by("noeku", cert="deep", issuer="int"), "--issuer",
             path("int.pem"), "--responder-cert", path("noeku.pem"),
             cert="deep"), "good")
PY
}

@test "J8 the signer's certificate must be valid when the answer is judged" {
  careful <<'PY'
more = ["--issuer", path("int.pem")]
for signer in "ocspx", "ocspf":
    der = answered_by(signer, cert="deep", issuer="int")
    untrusted(der, "signer-validity", *more, cert="deep")
# The same answer, before and after the end of the one who signed it.
issue("brief", "int", ocsp=True, days=(-1, 2))
der = answered_by("brief", cert="deep", issuer="int")
expect(judge(der, *more, "--at", "+47h", cert="deep"), "good")
untrusted(der, "signer-validity", *more, "--at", "+49h", cert="deep")
PY
}

@test "J9 the signer's keyUsage must allow digitalSignature" {
  careful <<'PY'
more = ["--issuer", path("int.pem")]
for usage in "key_agreement", "crl_sign", "key_cert_sign", "content_commitment":
    issue("odd", "int", ocsp=True, usage=usage)
    der = answered_by("odd", cert="deep", issuer="int")
    said = untrusted(der, "signer-key-usage", *more, cert="deep")
    assert step(said, "signature")["ok"]
PY
}

@test "J10 a delegate without nocheck is looked up in the CRL of its issuer" {
  careful <<'PY'
more = ["--issuer", path("int.pem")]
der = answered_by("check", cert="deep", issuer="int")
# Without a CRL nobody knows; no RFC has the answer refused for that.
said = expect(judge(der, *more, cert="deep"), "good")
assert step(said, "signer-nocheck")["ok"] is None
crl("other.crl", "int", [0x3001])
said = expect(judge(der, *more, "--crl", path("other.crl"), cert="deep"),
              "good")
assert step(said, "signer-nocheck")["ok"] is True
crl("listed.crl", "int", [0x3001, 0x3009])
untrusted(der, "signer-nocheck", *more, "--crl", path("other.crl"), "--crl",
          path("listed.crl"), cert="deep")
# nocheck says that it need not be looked up: RFC 6960 section 4.2.2.2.1.
crl("ocsp.crl", "int", [serial("ocsp")])
der = answered_by("ocsp", cert="deep", issuer="int")
expect(judge(der, *more, "--crl", path("ocsp.crl"), cert="deep"), "good")
# Of another CA, expired, or signed by nobody, a CRL says nothing.
der = answered_by("check", cert="deep", issuer="int")
crl("foreign.crl", "root", [0x3009])
crl("late.crl", "int", [0x3009], days=(-9, -1))
crl("early.crl", "int", [0x3009], days=(1, 9))
crl("forged.crl", "int", [0x3009], key="other")
for name in "foreign", "late", "early", "forged":
    said = expect(judge(der, *more, "--crl", path(name + ".crl"),
                        cert="deep"), "good")
    assert step(said, "signer-nocheck")["ok"] is None, name
PY
}

@test "J11 an answer counts from thisUpdate to nextUpdate, which must be there" {
  careful <<'PY'
DAY = 86400
for this, until, first in [
        (-60, DAY, None), (200, DAY, None), (400, DAY, "this-update"),
        (-2 * DAY, -DAY, "next-update"), (-DAY, -1, "next-update"),
        (-60, None, "next-update"), (-60, -120, "next-update"),
        (200, 100, "next-update"), (DAY, -DAY, "this-update")]:
    a = Answer("www.der")
    a.set_this_update(time_text(this))
    a.set_produced_at(time_text(max(this, 0) if this <= 300 else 0))
    a.set_next_update(None if until is None else time_text(until))
    if this == DAY:
        a.set_produced_at(time_text(0))
    code, said = judge(a.signed())
    if first is None:
        expect((code, said), "good")
    else:
        failed = [c["id"] for c in said["checks"] if c["ok"] is False]
        assert code == 3 and first in failed, (this, until, said)
    if until is None:
        assert said["next_update"] is None
        assert openssl(a.signed()) == "good"  # for ever, as OpenSSL has it
# Old for the one who asks, though its nextUpdate is far.
a = Answer("www.der")
a.set_this_update(time_text(-10 * DAY))
a.set_next_update(time_text(10 * DAY))
good(a.signed())
untrusted(a.signed(), "this-update", "--max-age", "7d")
expect(judge(a.signed(), "--max-age", "11d"), "good")
# producedAt: neither in the future, nor before what it says was known.
a = Answer("www.der")
a.set_produced_at(time_text(DAY))
untrusted(a.signed(), "produced-at")
a.set_produced_at(time_text(-DAY))
untrusted(a.signed(), "produced-at")
PY
}

@test "J12 a time has seconds, no fraction, and Z" {
  careful <<'PY'
for form in [b"20200102000000.5Z", b"20200102000000+0000", b"202001020000Z",
             b"20200102000000", b"20200102000000z", b"2020010200Z",
             b"20200230000000Z", b"20201301000000Z", b"20200101240000Z",
             b"20200101000060Z", b"2020 102000000Z"]:
    # All four in one: each is told.
    a = Answer("www.der")
    a.set_next_update(form)
    a.set_this_update(form)
    a.set_produced_at(form)
    a.set_status(revoked(1, form))
    said = untrusted(a.signed(), "produced-at")
    assert [c["id"] for c in said["checks"] if c["ok"] is False] == \
        ["produced-at", "this-update", "next-update", "revocation-time"]
# A UTCTime is no GeneralizedTime.
a = Answer("www.der")
a.record.kids[2] = Node(0x17, time_text()[2:])
untrusted(a.signed(), "this-update")
PY
}

@test "J14 a nonce that comes back must be the one that was sent" {
  careful <<'PY'
def changed(change):
    def reply(request):
        a = Answer(real(request))
        change(a)
        return a.signed()
    return reply

def put(*exts):
    return lambda a: a.set_extensions(*exts)

def flip(a):
    value = a.fields[3][0][0].kids[-1]
    value.raw = value.raw[:-1] + bytes([value.raw[-1] ^ 1])

def strip(a):
    del a.fields[3:]

def shorten(a):
    value = a.fields[3][0][0].kids[-1]
    value.raw = Node(4, node(value.raw).raw[:-1]).der()

def unwrap(a):
    value = a.fields[3][0][0].kids[-1]
    value.raw = node(value.raw).raw

def twice(a):
    exts = a.fields[3][0].kids
    exts.append(copy(exts[0]))

for change, verdict, first in [
        (lambda a: None, "good", None), (strip, "good", None),
        (flip, "untrusted", "nonce"), (shorten, "untrusted", "nonce"),
        (unwrap, "untrusted", "nonce"), (twice, "untrusted", "encoding"),
        (put(extension(NONCE, False, Node(4, b"9" * 32).der())),
         "untrusted", "nonce"),
        (put(extension(NONCE, False, b"\4\0")), "untrusted", "nonce")]:
    with responder(changed(change)) as r:
        said = expect(ask(r, "--nonce"), verdict, first)
        nonce = elements(node(r.seen[0]).der())[0]
        assert nonce[0][1][0][0].kids[-1].raw[:2] == b"\x04\x20"  # 32 octets
        if change is strip:
            assert step(said, "nonce")["ok"] is None
            expect(ask(r, "--nonce", "--require-nonce"), "untrusted", "nonce")
# One that nobody asked for is ignored.
a = Answer("www.der")
a.set_extensions(extension(NONCE, False, Node(4, b"7" * 32).der()))
assert step(good(a.signed()), "nonce")["ok"] is None
PY
}

@test "J15 an extension that is critical and unknown is refused, in either place" {
  careful <<'PY'
odd = extension(ODD, True, b"\5\0")
mild = extension(ODD, False, b"\5\0")
for put in Answer.set_extensions, Answer.set_single_extensions:
    a = Answer("www.der")
    put(a, odd)
    said = untrusted(a.signed(), "critical-extensions")
    assert "1.2.3.4" in said["why"]
    a = Answer("www.der")
    put(a, mild)
    good(a.signed())
    # FALSE is the default, and DER leaves it out.
    a = Answer("www.der")
    put(a, Node(0x30, [node(ODD), Node(1, b"\0"), Node(4, b"\5\0")]))
    untrusted(a.signed(), "encoding")
    a = Answer("www.der")
    put(a)
    untrusted(a.signed(), "encoding")
# What is understood may be critical where it belongs, and only there.
a = Answer("www.der")
a.set_extensions(extension(NONCE, True, Node(4, b"7" * 32).der()))
good(a.signed())
a = Answer("www.der")
a.set_single_extensions(extension(NONCE, True, Node(4, b"7" * 32).der()))
untrusted(a.signed(), "critical-extensions")
PY
}

@test "J16 every revocation counts, on hold too, and unknown is not good" {
  careful <<'PY'
names = {0: "unspecified", 1: "keyCompromise", 2: "cACompromise",
         3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
         6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn",
         10: "aACompromise"}
for reason in [None] + list(range(12)):
    a = Answer("www.der")
    a.set_status(revoked(reason))
    said = expect(judge(a.signed(), "--policy", "soft-fail"), "revoked")
    assert said["reason"] == names.get(reason)
    assert not said["accepted"]
for policy in "strict", "must-staple":
    expect(judge(a.signed(), "--policy", policy), "revoked")
# One of the future is one.
a.set_status(revoked(1, time_text(86400)))
expect(judge(a.signed()), "revoked")
expect(judge(bytes_of("lost.der"), cert="lost"), "unknown")
code, said = judge(bytes_of("lost.der"), "--policy", "soft-fail", cert="lost")
assert (code, said["verdict"], said["accepted"]) == (0, "unknown", True)
PY
}

@test "J22 nothing may stand behind an answer, nor behind any part of it" {
  careful <<'PY'
whole = bytes_of("www.der")
for tail in b"JUNK", b"\0", whole, b"\x30\0":
    untrusted(whole + tail, "encoding")
    a = Answer(whole)
    a.after = tail
    untrusted(a.der(), "encoding")
assert openssl(whole + b"JUNK") == "good"
for part in ("top", "tbs", "record", "certid"):
    a = Answer(whole)
    getattr(a, part).kids.append(Node(5))
    untrusted(a.signed(), "encoding")
a = Answer(whole)
a.algorithm.kids += [Node(5), Node(5)]
untrusted(a.signed(), "encoding")
# Not minimal, not definite, cut.
untrusted(b"\x30\x83\0" + whole[2:], "encoding")
untrusted(b"\x30\x80" + whole[4:] + b"\0\0", "encoding")
for size in 0, 1, 2, 5, 50, len(whole) - 1:
    untrusted(whole[:size], "encoding")
PY
}

@test "J23 an answer without records is refused" {
  careful <<'PY'
a = Answer("www.der")
a.records.clear()
untrusted(a.signed(), "certid")
del a.fields[2]
untrusted(a.signed(), "encoding")
a = Answer("www.der")
del a.top.kids[1]
untrusted(a.top.der(), "response-type")
a = Answer("www.der")
a.top[1][0].kids[0] = node(NONCE)
untrusted(a.der(), "response-type")
PY
}

@test "J24 of several certificates with the signer's name all are tried" {
  careful <<'PY'
# The delegate's name, each with its own key: no EKU, of another CA, expired.
issue("twin", "root", subject="responder")
issue("cousin", "other", subject="responder", ocsp=True)
issue("old", "root", subject="responder", ocsp=True, days=(-9, -1))
right = Answer("www.der").certs[0]
strangers = [certificate(n) for n in ("twin", "cousin", "old")]
for at in range(4):
    a = Answer("www.der")
    assert a.fields[0].tag == 0xa1  # byName
    a.certs = strangers[:at] + [right] + strangers[at:]
    good(a.der())
a.certs = strangers
untrusted(a.der(), "signer-validity")
a.certs = strangers[:1]
untrusted(a.der(), "signer")
# No certificate at all, and only such as have nothing to do with it.
a.certs = []
untrusted(a.der(), "responder-id")
a.certs = [certificate("must"), certificate("other")]
untrusted(a.der(), "responder-id")
PY
}
