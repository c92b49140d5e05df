#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group H: errors (RFC 6960 section 2.3, RFC 9919
# section 3.2.3).  All go out as HTTP 200 with five octets: conform.py looks at
# each.
#
# Proved elsewhere:
#   H2   responder-visible.bats: a signer whose file is spoilt later: internalError for that CA only
#   H3   responder-load.bats: who would wait too long for a signature gets tryLater with Retry-After
#   H10  responder-load.bats: a database that is spoilt never becomes good, nor what is kept of it

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "H1 whatever comes in, five octets or a signed answer go out" {
  conform <<'PY'
import random
random.seed(1)
der = request(certid(), extensions=[nonce(b"0123456789abcdef")])
bad = [der[:n] for n in range(len(der))]
for n in range(len(der)):
    bad.append(der[:n] + bytes([der[n] ^ 1 << random.randrange(8)]) +
               der[n + 1:])
    bad.append(der[:n] + bytes([random.randrange(256)]) + der[n:])
bad += [os.urandom(n) for n in (1, 5, 100, 9000)]
seen = {}
s = connect()
data = b""
for text in bad:
    s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (
        len(text), text))
    while True:
        try:
            reply = Reply(data)
            break
        except (AssertionError, TypeError):
            more = s.recv(65536)
            assert more, "silence after %s" % text.hex()
            data += more
    data = reply.rest
    same(reply.status, 200)
    judge(reply.body)
    kind = reply.body[4] if len(reply.body) == 5 else 0
    seen[kind] = seen.get(kind, 0) + 1
print(seen)
assert seen[MALFORMED] > 150 and set(seen) <= {0, MALFORMED, UNAUTHORIZED}, seen
# No truncation is a request.
for text in (der[:n] for n in range(0, len(der), 7)):
    error(post(text), MALFORMED)
PY
}

@test "H5 another CA's certID, and a CA without a signer, are unauthorized" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
    -keyout k.pem -out c.pem -subj '/CN=Elsewhere CA' 2>/dev/null
  conform <<'PY'
error(post(request(certid(issuer=load("c.pem")))), UNAUTHORIZED)
run("ocsp-ca", "import", "--ca-cert", "c.pem", "--ca", "elsewhere")
error(post(request(certid(issuer=load("c.pem")))), UNAUTHORIZED)
# An issuer that is here, whose key is another one's.
error(post(request(certid("far", "root", key=key_bits(ca("other"))))),
      UNAUTHORIZED)
PY
}

@test "H6 no signature is asked for: sigRequired is never said" {
  conform <<'PY'
good(post(request()))
assert "sigRequired" not in status_page("/metrics")
PY
  run ! grep -q 'status=sigRequired' "$BATS_FILE_TMPDIR/responder.log"
}

@test "H7 never issued: signed unknown, once; --unissued chooses otherwise" {
  conform <<'PY'
der = request(certid(serial=b"\x52\2\3"))
before = signatures()
for _ in range(20):
    says(post(der), "unknown")
    says(get(der), "unknown")
same(signatures() - before, 1)
says(offline(der), "unknown")
error(offline(der, "--unissued", "unauthorized"), UNAUTHORIZED)
says(offline(der, "--unissued", "good"), "good")
says(offline(der, "--unissued", "extended-revoke"), "revoked")
# Issued ones are not touched by that.
for policy in "unauthorized", "good", "extended-revoke":
    good(offline(request(), "--unissued", policy))
    says(offline(request(certid("gone")), "--unissued", policy), "revoked")
PY
}

@test "H8 an error is for no cache, and goes as soon as its cause" {
  conform <<'PY'
der = request(certid("late", serial=b"\x53\2\3"))
same(get(b"junk").get("Cache-Control"), "no-store")
says(get(der), "unknown")
same(get(der).get("Cache-Control"), "no-store")
# Unknown a moment ago.
run("ocsp-ca", "issue", "late", "--ca", "root")
good(get(request(certid("late"))))
PY
}

@test "H9 no word of the program's inside in what goes out" {
  conform <<'PY'
known = {"Content-Type", "Content-Length", "Cache-Control", "Date",
         "Connection", "Allow"}
replies = [post(b"junk"), get("/%zz"), post(request(certid(key=b"x"))),
           exchange("PUT", "/"), post(bytes(20000))]
for reply in replies:
    assert {k for k, _ in reply.headers} <= known, reply.headers
    assert len(reply.body) < 60, reply.body
    for word in b"sqlite", b"openssl", b".db", b".c:", b"/tmp", b"errno", b"0x":
        assert word not in reply.body.lower()
PY
  # Nor when the fault is its own.
  own_lab
  respond
  export url
  rm -r lab
  conform <<'PY'
LAB = os.environ["BATS_FILE_TMPDIR"] + "/lab"
import conform
conform.LAB = LAB
error(post(request()), INTERNAL)
assert {k for k, _ in post(request()).headers} == {
    "Content-Type", "Content-Length", "Cache-Control", "Date", "Connection"}
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 15
}
