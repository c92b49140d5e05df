#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group E: time (RFC 6960 section 2.4, RFC 9919
# section 3.2.4, CA/Browser Forum Baseline Requirements 4.9.9).

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "E1 the times of an answer are YYYYMMDDHHMMSSZ, all of them" {
  conform <<'PY'
open("r.der", "wb").write(post(request(certid("gone"))).body)
text = run("openssl", "asn1parse", "-inform", "DER", "-in", "r.der",
           "-strparse", re.search(r"^ *(\d+):.*OCTET STRING", run(
               "openssl", "asn1parse", "-inform", "DER", "-in", "r.der"),
               re.M)[1])
text = text[:text.index("ecdsa-with-SHA256")]
times = re.findall(r"(?:GENERALIZED|UTC)TIME +:(.*)", text)
same(len(times), 4)  # producedAt, revocationTime, thisUpdate, nextUpdate
for t in times:
    assert re.fullmatch(r"20\d{12}Z", t), t
same(times[1], "20260102030405Z")
PY
}

@test "E2 nextUpdate is in every SingleResponse" {
  conform <<'PY'
answers = [post(request(certid(n))).body for n in ("www", "gone", "held")]
answers.append(post(request(certid(serial=b"\x41\2\3"))).body)
answers.append(post(request(extensions=[nonce(b"n")])).body)
answers.append(offline(request(certid(serial=b"\x41\2\3")), "--unissued",
                       "good"))
for der in answers:
    assert bytes.fromhex("a011180f") in der
many = post(request(*[certid()] * 5)).body
same(many.count(bytes.fromhex("a011180f")), 5)
PY
}

@test "E3 thisUpdate is producedAt, not after now, and before nextUpdate" {
  conform <<'PY'
def now():
    return json.loads(run("ocsp-ca", "clock", "show", "--json"))["now"]

for name in "www", "gone":
    answer = judge(post(request(certid(name))).body)
    single = only(answer)
    same(single.this_update, answer.produced_at)
    same(answer.produced_at.strftime("%Y-%m-%dT%H:%M:%SZ"), now())
    assert single.next_update > single.this_update
# The shortest life that can be asked for.
answer = good(offline(request(), "--validity", "1s"))
same((only(answer).next_update - answer.produced_at).total_seconds(), 1.0)
PY
}

@test "E4 validity is 4 days; 8 hours to 7 days pass without a word" {
  conform <<'PY'
for given, want in ([], 4 * 86400), (["--validity", "8h"], 8 * 3600), \
        (["--validity", "7d"], 7 * 86400), (["--validity", "90s"], 90):
    single = only(good(offline(request(), *given)))
    same((single.next_update - single.this_update).total_seconds(), want)
PY
  own_lab
  for v in 4d 8h 7d; do
    respond --validity $v
    halt "$pid"
    run ! grep -q 'public CAs must stay' responder.log
  done
  for v in 7h 169h 60s; do
    respond --validity $v
    halt "$pid"
    grep -q 'public CAs must stay between 8h and 7d' responder.log
  done
}

@test "E5 a new answer is due at half of the life, after 4 days at the latest" {
  conform <<'PY'
import re
want = {"10h": 5 * 3600, "16h": 8 * 3600, "4d": 2 * 86400, "7d": 7 * 43200,
        "10d": 4 * 86400, "40d": 4 * 86400, "2s": 1}
for validity, due in want.items():
    server = subprocess.Popen(
        ["ocsp-responder", "--listen", "127.0.0.1:0", "--status", "off",
         "--validity", validity], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    try:
        url = json.loads(server.stdout.readline())["url"]
        reply = get(request(), where=url)
        good(reply)
        age = int(re.match(r"max-age=(\d+),", reply.get("Cache-Control"))[1])
        same(age, due, validity)
    finally:
        server.terminate()
        server.wait()
PY
}

@test "E6 after a revocation nothing kept is sent, and no 304" {
  conform <<'PY'
der = request(certid("two"))
old = get(der)
good(old)
run("ocsp-ca", "revoke", "two", "--reason", "superseded")
for reply in get(der), get(der, "If-None-Match: " + old.get("ETag")), \
        get(der, "If-Modified-Since: " + old.get("Last-Modified")), post(der):
    same(reply.status, 200)
    says(reply, "revoked")
PY
}

@test "E6 the date of an answer of the past or the future hides no change" {
  own_lab
  ocsp-ca clock freeze >/dev/null
  respond
  export url
  conform <<'PY'
der = request()
for move in "+0s", "-12h", "+1d":
    run("ocsp-ca", "hold", "www")
    held = "If-Modified-Since: " + get(der).get("Last-Modified")
    run("ocsp-ca", "release", "www")
    run("ocsp-ca", "clock", "advance", move)
    reply = get(der, held)
    same(reply.status, 200, "after " + move)
    good(reply)
PY
}

@test "E7 thisUpdate is when the state was read, and does not creep" {
  own_lab
  respond
  export url status_url
  conform <<'PY'
der = request()
first = get(der)
good(first)
# Two seconds by the server's own word, and it is still the same answer.
begin = email.utils.parsedate_to_datetime(first.get("Date"))
while True:
    later = get(der)
    passed = email.utils.parsedate_to_datetime(later.get("Date")) - begin
    if passed.total_seconds() > 1:
        break
same(later.body, first.body)
same(later.get("Last-Modified"), first.get("Last-Modified"))
same(signatures(), 1)
PY
}

@test "E8 thisUpdate is not set back; clients allow for clocks of their own" {
  own_lab
  conform <<'PY'
def ask(ahead):
    run("ocsp-ca", "clock", "advance", ahead)
    open("r.der", "wb").write(offline(request()))
    root = LAB + "/root.pem"
    return run("openssl", "ocsp", "-respin", "r.der", "-no_nonce", "-CAfile",
               root, "-issuer", root, "-cert", LAB + "/certs/www/cert.pem")

# To openssl, which keeps the real time, an answer from 4 minutes ahead is
# fine (its leeway is 300 s), one from 10 minutes ahead is not.
assert "WARNING" not in ask("4m")
assert "not yet valid" in ask("6m")
PY
}

@test "E9 2038 and 2050 are years like others" {
  own_lab --days 12000
  conform <<'PY'
run("ocsp-ca", "revoke", "www", "--revocation-date", "2026-01-02T03:04:05Z")
for at in "2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z", \
        "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "2051-06-07T08:09:10Z":
    answer = says(offline(request(), "--at", at), "revoked")
    same(answer.produced_at.strftime("%Y-%m-%dT%H:%M:%SZ"), at)
    text = re.sub("[-:T]", "", at).encode()
    assert tlv(0x18, text) in answer.tbs_response_bytes
    assert bytes.fromhex("a011180f3230") in answer.tbs_response_bytes
PY
}

@test "E10 revocationTime may be in the past, never in the future" {
  own_lab
  for when in +1s +1d 2060-01-01T00:00:00Z; do
    run ocsp-ca revoke www --revocation-date "$when"
    [ "$status" -ge 64 ]
    exits 0 ocsp-ca status www
  done
  ocsp-ca revoke www --revocation-date 2000-02-29T12:00:00Z >/dev/null
  conform <<'PY'
same(only(says(offline(request()), "revoked")).revocation_time.isoformat(),
     "2000-02-29T12:00:00")
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 25
}
