#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group F: the nonce (RFC 9654, RFC 9919 section
# 3.2.1).  F4 and F6 are rules for clients: ocsp-check is ours.

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "F1 the nonce comes back octet by octet" {
  conform <<'PY'
for value in os.urandom(32), bytes(16), b"\xff" * 20, b"\x04\x10" + bytes(16):
    answer = good(post(request(extensions=[nonce(value)])))
    same([(e.oid.dotted_string, e.critical, e.value.nonce)
          for e in answer.extensions], [(NONCE, False, value)])
    assert answer.tbs_response_bytes.endswith(
        tlv(0xA1, tlv(0x30, nonce(value))))
# A critical nonce is understood; the echo is not critical.
answer = good(post(request(extensions=[
    extension(NONCE, tlv(0x04, b"important"), True)])))
same([e.critical for e in answer.extensions], [False])
text = run("openssl", "ocsp", "-url", os.environ["url"], "-nonce", "-CAfile",
           LAB + "/ca/root/cert.pem", "-issuer", LAB + "/ca/root/cert.pem",
           "-cert", LAB + "/certs/www/cert.pem")
assert "www/cert.pem: good" in text and "WARNING" not in text, text
PY
}

@test "F2 1 to 128 octets are echoed, none or more are malformedRequest" {
  conform <<'PY'
for n in 1, 2, 15, 16, 31, 32, 33, 64, 127, 128:
    answer = good(post(request(extensions=[nonce(os.urandom(n))])))
    same(len(answer.extensions), 1)
for n in 0, 129, 200, 4000:
    error(post(request(extensions=[nonce(os.urandom(n))])), MALFORMED)
PY
}

@test "F3 a nonce that is no OCTET STRING is malformedRequest" {
  conform <<'PY'
for value in b"\x09" * 5, b"", b"\x04\x05four", b"\x04\x03fours", \
        b"\x04\x81\x04four", b"\x24\x06\x04\x04four", b"\x02\x04four", \
        b"\x04\x80four\0\0":
    error(post(request(extensions=[extension(NONCE, value)])), MALFORMED)
PY
}

@test "F4 our client sends 32 octets" {
  conform <<'PY'
last = json.loads(status_page("/requests"))["last"]
for n in 1, 2:
    run("ocsp-check", "--cert", LAB + "/certs/www/cert.pem", "--issuer",
        LAB + "/ca/root/cert.pem", "--url", os.environ["url"], "--nonce")
asked = json.loads(status_page("/requests?since=%d" % last))["requests"]
same([len(r["nonce"]) for r in asked], [64, 64])
assert asked[0]["nonce"] != asked[1]["nonce"]
PY
}

@test "F5 --nonce ignore: a normal, kept answer without a nonce" {
  own_lab
  ocsp-ca clock freeze >/dev/null
  respond --nonce ignore
  export url status_url
  conform <<'PY'
plain = get(request())
for n in range(50):  # F8: and no signature for any of them
    reply = post(request(extensions=[nonce(os.urandom(32))]))
    same(reply.body, plain.body)
same(reply.get("Cache-Control"), plain.get("Cache-Control"))
same(len(good(plain).extensions), 0)
same(signatures(), 1)
# What is no nonce is still malformed.
error(post(request(extensions=[nonce(b"")])), MALFORMED)
PY
}

@test "F6 clients take an answer without a nonce, one of ours too" {
  own_lab
  respond --nonce ignore
  export url status_url
  conform <<'PY'
common = ["-issuer", LAB + "/root.pem", "-cert", LAB + "/certs/www/cert.pem"]
text = run("openssl", "ocsp", "-url", os.environ["url"], "-CAfile",
           LAB + "/root.pem", *common)
assert "WARNING: no nonce in response" in text and ": good" in text, text
run("ocsp-check", "--cert", LAB + "/certs/www/cert.pem", "--issuer",
    LAB + "/root.pem", "--url", os.environ["url"], "--nonce")
# A nonce that is another's is fatal: openssl over an answer in a file.
run("openssl", "ocsp", *common, "-reqout", "one.q")
other = request(extensions=[nonce(b"other nonce.....")])
open("other.r", "wb").write(offline(other))
text = run("openssl", "ocsp", "-reqin", "one.q", "-respin", "other.r",
           "-CAfile", LAB + "/root.pem", *common, code=1)
assert "Nonce Verify error" in text, text
PY
}

@test "F7 an answer with a nonce is fresh, for no cache, for nobody else" {
  conform <<'PY'
plain = get(request())
value = b"the same nonce twice"
with_nonce = request(extensions=[nonce(value)])
replies = [ask(with_nonce) for ask in (get, post, get)]
same(len({r.body for r in replies}), 3)
for reply in replies:
    good(reply)
    same(reply.get("Cache-Control"), "no-store")
    for absent in "ETag", "Expires", "Last-Modified":
        same(reply.get(absent), None)
same(get(with_nonce, "If-None-Match: *").status, 200)
same(get(request()).body, plain.body)
PY
}

@test "F8 nonces cost a signature each, so --nonce and --max-wait bound them" {
  conform <<'PY'
before = signatures()
for n in range(10):
    good(post(request(extensions=[nonce(os.urandom(16))])))
same(signatures() - before, 10)
PY
  own_lab
  respond --nonce require
  export url status_url
  conform <<'PY'
error(post(request()), UNAUTHORIZED)
good(post(request(extensions=[nonce(b"n")])))
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 25
}
