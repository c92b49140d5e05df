#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group G: headers for caches (RFC 9919 sections
# 6 and 7.2, RFC 9110, RFC 9111).

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "G1 Content-Type is application/ocsp-response, Content-Length exact" {
  conform <<'PY'
for der in request(), request(certid("gone")), b"junk", \
        request(extensions=[nonce(b"n")]), request(*[certid()] * 9):
    for reply in get(der), post(der):  # which counts the octets
        same(reply.get("Content-Type"), "application/ocsp-response")
        assert reply.get("Content-Length").isdigit()
PY
}

@test "G2 Date is there, and the machine's real time" {
  own_lab
  ocsp-ca clock advance 1000d >/dev/null
  respond
  export url
  conform <<'PY'
for der in request(), b"junk":
    reply = get(der)
    date = email.utils.parsedate_to_datetime(reply.get("Date"))
    assert abs(date.timestamp() - time.time()) < 120, reply.get("Date")
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
                        reply.get("Date"))
PY
}

@test "G3 Last-Modified is thisUpdate, which is producedAt" {
  conform <<'PY'
for name in "www", "gone":
    reply = get(request(certid(name)))
    answer = judge(reply.body)
    want = answer.produced_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    same(reply.get("Last-Modified"), want)
    same(only(answer).this_update, answer.produced_at)
PY
}

@test "G4 Expires is nextUpdate, as an IMF-fixdate" {
  conform <<'PY'
reply = get(request())
want = only(good(reply)).next_update.strftime("%a, %d %b %Y %H:%M:%S GMT")
same(reply.get("Expires"), want)
PY
}

@test "G5 ETag is strong: the SHA-256 of the answer in hex" {
  conform <<'PY'
tags = set()
for name in "www", "gone", "two":
    reply = get(request(certid(name)))
    same(reply.get("ETag"), '"%s"' % hashlib.sha256(reply.body).hexdigest())
    tags.add(reply.get("ETag"))
same(len(tags), 3)
PY
}

@test "G6 max-age ends with the next signing and before nextUpdate, never below 0" {
  own_lab --signer-days 30
  end=$(openssl x509 -noout -enddate -in lab/responder/*.pem)
  respond
  export url
  conform "$(date -u -d "${end#*=}" +%s)" <<'PY'
import datetime
end = int(sys.argv[1])
form = r"max-age=(\d+), public, no-transform, must-revalidate"
for left in 20 * 86400, 4 * 86400, 7200, 100, 9, 4:
    at = datetime.datetime.utcfromtimestamp(end - left)
    run("ocsp-ca", "clock", "set", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    run("ocsp-ca", "clock", "freeze")
    reply = get(request())
    single = only(good(reply))
    now = single.this_update
    left = end - (now - datetime.datetime(1970, 1, 1)).total_seconds()
    age = int(re.fullmatch(form, reply.get("Cache-Control"))[1])
    life = (single.next_update - now).total_seconds()
    same(life, min(left, 4 * 86400))
    same(age, life // 2, "max-age with %d s left" % left)
    assert age < life
PY
}

@test "G7 nothing forbids to keep an answer that may be kept" {
  conform <<'PY'
for reply in get(request()), get(request(certid("gone"))):
    same(reply.get("Pragma"), None)
    for word in "no-cache", "no-store", "private":
        assert word not in reply.get("Cache-Control")
PY
}

@test "G8 errors, OCSP's and HTTP's, are for no cache" {
  conform <<'PY'
replies = [get(b"junk"), post(b"junk"), get("/favicon.ico"),
           get(request(certid(key=b"another's"))), get("/"),
           exchange("PUT", "/"), post(bytes(20000)),
           exchange("POST", "/", ["Transfer-Encoding: chunked",
                                  "Content-Length: 5"], b"0\r\n\r\n")]
same([r.status for r in replies], [200] * 5 + [405, 413, 400])
for reply in replies:
    same(reply.get("Cache-Control"), "no-store")
    for absent in "ETag", "Expires", "Last-Modified":
        same(reply.get(absent), None)
PY
}

@test "G9 answers with a nonce, of unknown or of several are for no cache" {
  conform <<'PY'
for der in request(extensions=[nonce(b"n")]), \
        request(certid(serial=b"\x51\2\3")), \
        request(certid(), certid(serial=b"\x51\2\3")):
    for reply in get(der), post(der):
        same(reply.get("Cache-Control"), "no-store")
        for absent in "ETag", "Expires", "Last-Modified":
            same(reply.get(absent), None)
PY
}

@test "G10 If-None-Match: 304 without a body, with the tag and the dates" {
  conform <<'PY'
der = request()
full = get(der)
tag = full.get("ETag")
for given in tag, "W/" + tag, '"x", %s' % tag, '"a,b" ,%s , "y"' % tag, "*":
    for method in "GET", "HEAD":
        reply = get(der, "If-None-Match: " + given, method=method)
        same((reply.status, reply.body), (304, b""), given)
        for name in "ETag", "Cache-Control", "Expires", "Last-Modified":
            same(reply.get(name), full.get(name), name)
        assert reply.get("Date")
for given in '"x"', tag[:-1], tag[1:-1], tag.upper(), "":
    same(get(der, "If-None-Match: " + given).status, 200, given)
# An answer that is none of the kind has no 304.
same(get(b"junk", "If-None-Match: *").status, 200)
PY
}

@test "G11 If-Modified-Since makes no 304 by itself, nor beside If-None-Match" {
  conform <<'PY'
der = request()
full = get(der)
since = "If-Modified-Since: " + full.get("Last-Modified")
same(get(der, since, 'If-None-Match: "x"').status, 200)
same(get(der, 'If-None-Match: "x"', since).status, 200)
same(get(der, since, "If-None-Match: " + full.get("ETag")).status, 304)
for date in full.get("Last-Modified"), "Thu, 01 Jan 1970 00:00:00 GMT", \
        "Fri, 31 Dec 2099 23:59:59 GMT", "yesterday":
    reply = get(der, "If-Modified-Since: " + date)
    same((reply.status, reply.body), (200, full.body))
PY
}

@test "G12 a POST never gets 304" {
  conform <<'PY'
der = request()
full = get(der)
for header in "If-None-Match: *", "If-None-Match: " + full.get("ETag"), \
        "If-Modified-Since: " + full.get("Last-Modified"):
    reply = post(der, header)
    same((reply.status, reply.body), (200, full.body))
PY
}

@test "G13 no Vary, no Set-Cookie, no header but those of the standard" {
  conform <<'PY'
known = {"Content-Type", "Content-Length", "Date", "Last-Modified", "Expires",
         "ETag", "Cache-Control", "Connection"}
for reply in get(request()), post(request()), get(b"junk"), get(request(
        extensions=[nonce(b"n")])), get(request(), "Accept-Encoding: gzip",
                                        "Cookie: a=b", "Origin: http://h"):
    assert {k for k, _ in reply.headers} <= known, reply.headers
PY
}

@test "G14 behind nginx's cache: a hit until max-age, then what is true" {
  command -v nginx >/dev/null || skip "needs nginx"
  own_lab
  respond --validity 4s # so max-age is at most 2 s
  export url
  behind_nginx "merge_slashes off; proxy_cache ocsp;
    add_header X-Cache \$upstream_cache_status;" \
    "proxy_cache_path $T/ngx/cache keys_zone=ocsp:1m;"
  conform "$front" <<'PY'
front = sys.argv[1]
ask = lambda der: get(der, where=front)
der = request()
# The machine may be slow: until a second one comes within max-age.
while True:
    first, second = ask(der), ask(der)
    if second.get("X-Cache") == "HIT":
        break
good(first)
same(second.body, first.body)
# What is for no cache is never kept.
for other in request(extensions=[nonce(b"n")]), b"junk", request(
        certid(serial=b"\x51\2\3")):
    same([ask(other).get("X-Cache") for _ in range(3)], ["MISS"] * 3)
run("ocsp-ca", "revoke", "www")
says(post(der, where=front), "revoked")
revoked_at = time.monotonic()
while True:
    asked_at = time.monotonic()
    reply = ask(der)
    state = only(judge(reply.body)).certificate_status.name
    if state == "REVOKED":
        break
    same(reply.get("X-Cache"), "HIT")
    assert asked_at - revoked_at < 4, "stale past max-age"
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 20
}
