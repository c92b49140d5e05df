#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group B: HTTP (RFC 6960 appendix A, RFC 9919
# section 6, RFC 9110, RFC 9112).
#
# Proved elsewhere:
#   B8   responder-http.bats: the URL's path is the prefix: below it OCSP, beside it 404
#   B21  responder-load.bats: half a request is closed after ten idle seconds

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "B1 GET and POST give the same answer; other methods get 405 with Allow" {
  conform <<'PY'
for name, status in ("www", "good"), ("gone", "revoked"):
    der = request(certid(name))
    says(get(der), status)
    same(get(der).body, post(der).body)
for method in "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW":
    reply = exchange(method, "/")
    same(reply.status, 405)
    same(reply.get("Allow"), "GET, HEAD, POST")
PY
}

@test "B2 the Content-Type of a POST is not looked at" {
  conform <<'PY'
der = request()
for header in ["Content-Type: application/OCSP-Request; charset=utf-8",
               "Content-Type: text/plain", "Content-Type:", "X: y"]:
    good(exchange("POST", "/", [header, "Content-Length: %d" % len(der)], der))
PY
}

@test "B3 GET takes base64 raw or percent-encoded, with + / // and =" {
  conform <<'PY'
wanted = {"+", "/", "//", "=", "=="}
n = 0
while wanted:
    n += 1
    der = request(certid(serial=b"\x7f\xff\xff" + b"\x5f" * (n % 3) + octets(n)))
    text = base64.b64encode(der).decode()
    has = {w for w in wanted if w in text and (w != "=" or text[-2] != "=")}
    if not has:
        continue
    wanted -= has
    want = post(der).body
    for path in text, quoted(der), text.replace("/", "%2F"), \
            text.replace("+", "%2B"):
        same(get("/" + path).body, want, path)
PY
}

@test "B4 percent encoding: upper case, lower case, even of letters" {
  conform <<'PY'
der = request(certid(serial=b"\x7f\xff\xfe\xfb\xff"))
text = base64.b64encode(der).decode()
assert "/" in text
want = post(der).body
everything = "".join("%%%02X" % ord(c) for c in text)
for path in quoted(der), quoted(der).replace("%2F", "%2f").replace(
        "%2B", "%2b").replace("%3D", "%3d"), everything, everything.lower():
    same(get("/" + path).body, want, path)
PY
}

@test "B5 a plus is a plus, and so is a space that a proxy made of it" {
  conform <<'PY'
n = 0
while True:
    n += 1
    der = request(certid(serial=b"\x7f\xbe\xfb\xef" + octets(n)))
    text = base64.b64encode(der).decode()
    if "+" in text and "/" in text:
        break
want = post(der).body
same(get("/" + text).body, want)
same(get("/" + text.replace("+", "%20")).body, want)
same(get("/" + text.replace("+", "%2B")).body, want)
PY
}

@test "B6 slashes in front of the request are cut off" {
  conform <<'PY'
# What Chromium sends for a responder whose URL ends in a slash.
der = request()
want = post(der).body
text = base64.b64encode(der).decode()
for path in "//" + quoted(der), "//" + text, "///" + text, "/%2F" + text:
    same(get(path).body, want, path)
PY
}

# slashes : a request with "//" in the middle of its base64, in slashes.q.
slashes() {
  conform <<'PY'
n = 0
while True:
    n += 1
    der = request(certid(serial=b"\x7f\xff\xff\xff" + octets(n)))
    if "//" in base64.b64encode(der).decode():
        break
open("slashes.q", "wb").write(der)
PY
}

@test "B7 two slashes inside the request are both meant" {
  slashes
  conform <<'PY'
der = open("slashes.q", "rb").read()
text = base64.b64encode(der).decode()
same(get("/" + text).body, post(der).body)
# One of them lost: never the answer to something else.
error(get("/" + text.replace("//", "/")), MALFORMED)
PY
}

@test "B7 behind nginx: the path stays as it is, unless it merges slashes" {
  command -v nginx >/dev/null || skip "needs nginx"
  slashes
  for merge in off on; do
    # Without a path in proxy_pass nginx hands on what came, with one what it
    # has made of that.
    for path in '' /; do
      behind_nginx "merge_slashes $merge;" '' "$path"
      conform "$merge$path" "$front" <<'PY'
how, front = sys.argv[1:]
der = open("slashes.q", "rb").read()
want = post(der).body
for form in quoted(der), base64.b64encode(der).decode():
    reply = get("/" + form, where=front)
    if how == "on/":
        error(reply, MALFORMED)
    else:
        same(reply.body, want, form)
    same(post(der, where=front).body, want)
PY
    done
  done
}

@test "B9 padding may be missing but not wrong; base64url is malformedRequest" {
  conform <<'PY'
n = 0
seen = set()
while len(seen) < 3:
    n += 1
    der = request(certid(serial=b"\x7f\xff\xfb" + bytes(n % 3) + octets(n)))
    text = base64.b64encode(der).decode()
    pads = text.count("=")
    if pads in seen or "/" not in text:
        continue
    seen.add(pads)
    want = post(der).body
    same(get("/" + text.rstrip("=")).body, want)
    for wrong in "=" * (pads + 1), "=" * (pads - 1) if pads > 1 else "===":
        error(get("/" + text.rstrip("=") + wrong), MALFORMED)
    error(get("/" + text.replace("/", "_")), MALFORMED)
PY
}

@test "B10 what is not base64 is malformedRequest, or 400" {
  conform <<'PY'
text = base64.b64encode(request()).decode()
for bad in "%", "%4":
    error(get("/" + text + bad), MALFORMED)
for bad in ["%zz", "%4G", "%00", "%0d%0a", "%0A", "*", "é", "%C3%A9",
            "favicon.ico", "%ff" * 100]:
    for path in bad, text[:20] + bad + text[20:], text + bad:
        error(get("/" + path), MALFORMED)
# Such octets raw, which are no request line: any end of it will do, 400 or 301
# among them (RFC 9112 section 3).
for bad in b"\0", b"\t", b"\r", b"\n", b"\x7f", b"\xff", b" ":
    got = talk(b"GET /" + text[:20].encode() + bad + text[20:].encode() +
               b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert got == b"" or re.match(rb"HTTP/1\.[01] (301|4\d\d) ", got) or \
        got.endswith(b"\x30\x03\x0a\x01\x01"), (bad, got)
good(post(request()))
PY
}

@test "B11 a query is cut off" {
  conform <<'PY'
der = request()
want = post(der).body
for tail in "?x=1", "?", "?/MEow", "?%00", "?a?b":
    same(get("/" + quoted(der) + tail).body, want)
PY
}

@test "B12 the bare URL is 200 and words, and nothing is signed" {
  conform <<'PY'
before = signatures()
for path in "/", "//", "/?probe=1":
    for method in "GET", "HEAD":
        reply = get(path, method=method)
        same(reply.status, 200)
        assert reply.get("Content-Type").startswith("text/plain")
same(signatures(), before)
PY
}

@test "B13 HEAD has the headers of GET, and no body" {
  conform <<'PY'
nodate = lambda r: [h for h in r.headers if h[0] != "Date"]
for der in request(), request(certid("gone")), b"\x30\x00":
    a, b = get(der), get(der, method="HEAD")
    same((b.status, nodate(b)), (a.status, nodate(a)))
    same(b.body, b"")
PY
}

@test "B14 a long URL is malformedRequest, a giant one 414 or 431" {
  conform <<'PY'
error(get("/" + "M" * 9000), MALFORMED)
for n in 20000, 100000:
    got = talk(b"GET /" + b"M" * n + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert re.match(rb"HTTP/1\.1 4(14|31) ", got), got[:40]
good(get(request()))
PY
}

@test "B15 Expect: 100-continue gets its 100, then the answer" {
  conform <<'PY'
der = request()
with connect() as s:
    s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
              b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(der))
    first = b""
    while b"\r\n\r\n" not in first:
        first += s.recv(1)
    same(Reply(first).status, 100)
    s.sendall(der)
    got = b""
    while True:
        more = s.recv(65536)
        if not more:
            break
        got += more
good(Reply(got))
PY
}

@test "B16 a chunked POST is answered; with a Content-Length besides it is 400" {
  conform <<'PY'
der = request()
chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c)
                  for c in (der[:7], der[7:8], der[8:])) + b"0\r\n\r\n"
good(exchange("POST", "/", ["Transfer-Encoding: chunked"], chunks))
for length in len(chunks), len(der), 0:
    for order in 1, -1:
        same(exchange("POST", "/", [
            "Transfer-Encoding: chunked", "Content-Length: %d" % length
        ][::order], chunks).status, 400)
PY
}

@test "B17 a Content-Length that is no length: 4xx, and the end" {
  conform <<'PY'
der = request()
for length in b"-1", b"+5", b"1208925819614629174706176", b"five", b"0x47", \
        b"71, 71", b"7 1":
    # libmicrohttpd sends its headers twice in some of these: only the first
    # line counts.
    got = talk(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + length +
               b"\r\n\r\n" + der)
    assert re.match(rb"HTTP/1\.1 4\d\d ", got), (length, got)
good(post(der))
PY
}

@test "B18 a POST without length or coding is malformedRequest" {
  conform <<'PY'
error(exchange("POST", "/"), MALFORMED)
error(exchange("POST", "/", ["Content-Length: 0"]), MALFORMED)
PY
}

@test "B19 HTTP/1.0 is answered; HTTP/1.1 without Host too, or it gets its 400" {
  conform <<'PY'
der = request()
want = post(der).body
path = quoted(der).encode()
same(Reply(talk(b"GET /%s HTTP/1.0\r\n\r\n" % path)).body, want)
# RFC 9112 section 3.2 wants 400: libmicrohttpd sends it from 1.0 on.
got = talk(b"GET /%s HTTP/1.1\r\nConnection: close\r\n\r\n" % path)
assert got.startswith(b"HTTP/1.1 400 ") or Reply(got).body == want, got
same(Reply(talk(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(der) +
                der)).body, want)
# The absolute form, as for a proxy.
same(get("http://any.example/" + quoted(der)).body, want)
PY
}

@test "B20 pipelined and kept connections: answers in the order of requests" {
  conform <<'PY'
names = ["www", "gone", "three", "held"] * 3
want = [post(request(certid(n))).body for n in names]
one = lambda n, end=b"": b"GET /%s HTTP/1.1\r\nHost: h\r\n%s\r\n" % (
    quoted(request(certid(n))).encode(), end)
last = one(names[-1], b"Connection: close\r\n")
rest = talk(b"".join(map(one, names[:-1])) + last)
for body in want:
    reply = Reply(rest)
    same(reply.body, body)
    rest = reply.rest
same(rest, b"")
PY
}

@test "B22 the URL is http: in certificates, and for --url" {
  own_lab
  [[ $(openssl x509 -in "$C" -noout -ocsp_uri) = http://* ]]
  exits 64 ocsp-responder --listen 127.0.0.1:0 --url https://h.example/
  grep -q 'OCSP goes over plain HTTP' <<<"$output"
}

@test "B23 a revocation shows in GET and POST alike" {
  conform <<'PY'
der = request(certid("two"))
good(get(der))
good(post(der))
run("ocsp-ca", "revoke", "two")
says(get(der), "revoked")
same(get(der).body, post(der).body)
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 10
}
