#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: the CRLs that ocsp-ca has made, over HTTP.

load helper
load responder

# fetch PATH [OPTION of curl]... : the body is in got, the headers in head.
fetch() {
  local path=$1
  shift
  curl -sS --path-as-is -D head -o got "$@" "$url$path"
}

# http CODE : of the last fetch.
http() {
  head -n 1 head | grep -q " $1 " || {
    echo "not $1:" >&2
    cat head got >&2
    return 1
  }
}

# big_crl : the lab's CRL has 16 MiB, of which the head is a CRL's; nobody looks
# at what follows.
big_crl() {
  /usr/bin/python3 - <<'PY'
def content(der):
    n, at = der[1], 2
    if n > 127:
        at += n - 128
    return der[at:]
def header(n):
    return b"\x30\x84" + n.to_bytes(4, "big")
size = 16 << 20
tbs = content(content(open("lab/crl/root.crl", "rb").read()))[:200]
head = header(size - 6) + header(size - 12) + tbs
with open("big", "wb") as f:
    f.write(head + bytes(size - len(head)))
PY
  mv big lab/crl/root.crl
}

# date_of TEXT : a time as openssl or RFC 3339 has it, as HTTP has it.
date_of() {
  LC_ALL=C date -u -d "$1" '+%a, %d %b %Y %H:%M:%S GMT'
}

@test "the CRL comes as it is on disk, with type, dates and tag" {
  lab
  ocsp-ca revoke www >/dev/null
  ocsp-ca crl >/dev/null
  ocsp-ca clock freeze >/dev/null
  respond
  fetch /crl/root.crl
  http 200
  cmp got lab/crl/root.crl
  openssl crl -inform DER -in got -noout -CAfile lab/root.pem 2>&1 |
    grep -q 'verify OK'
  [ "$(header Content-Type)" = application/pkix-crl ]
  [ "$(header Content-Length)" = "$(stat -c %s got)" ]
  [[ $(header ETag) =~ ^\"[0-9a-f]{64}\"$ ]]
  last=$(openssl crl -inform DER -in got -noout -lastupdate)
  next=$(openssl crl -inform DER -in got -noout -nextupdate)
  [ "$(header Last-Modified)" = "$(date_of "${last#*=}")" ]
  [ "$(header Expires)" = "$(date_of "${next#*=}")" ]
  now=$(ocsp-ca clock show --json | field now)
  left=$(($(date -u -d "${next#*=}" +%s) - $(date -u -d "$now" +%s)))
  [ "$(header Cache-Control)" = \
    "max-age=$((left - 1)), public, no-transform, must-revalidate" ]
}

@test "a new CRL is served from the moment that it is written" {
  lab
  ocsp-ca crl >/dev/null
  respond
  for _ in 1 2 3; do
    fetch /crl/root.crl
    tag=$(header ETag)
    ocsp-ca crl >/dev/null
    fetch /crl/root.crl -H "If-None-Match: $tag"
    http 200
    cmp got lab/crl/root.crl
    [ "$(header ETag)" != "$tag" ]
  done
}

@test "who has it already gets 304, HEAD the headers only" {
  lab
  ocsp-ca crl >/dev/null
  ocsp-ca clock freeze >/dev/null
  respond
  fetch /crl/root.crl
  cp head first
  tag=$(header ETag)
  for have in "If-None-Match: $tag" 'If-None-Match: *' \
    "If-None-Match: \"x\", W/$tag"; do
    rm -f got
    fetch /crl/root.crl -H "$have"
    http 304
    [ ! -s got ]
    [ "$(header ETag)" = "$tag" ]
    [ -n "$(header Cache-Control)" ]
  done
  for other in 'If-None-Match: "x"' \
    'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'; do
    fetch /crl/root.crl -H "$other"
    http 200
  done
  fetch /crl/root.crl -I
  cmp <(grep -iv '^date:' first) <(grep -iv '^date:' head)
}

@test "a date hides no CRL that was made within the same second" {
  lab
  ocsp-ca clock freeze >/dev/null
  ocsp-ca crl >/dev/null
  respond
  fetch /crl/root.crl
  when=$(header Last-Modified)
  cp got old.crl
  ocsp-ca revoke www >/dev/null
  ocsp-ca crl >/dev/null
  fetch /crl/root.crl -H "If-Modified-Since: $when"
  http 200
  [ "$(header Last-Modified)" = "$when" ]
  run ! cmp -s got old.crl
}

@test "max-age follows the lab's clock and ends with --max-age" {
  lab
  ocsp-ca clock set 2030-01-01T00:00:00Z >/dev/null
  ocsp-ca clock freeze >/dev/null
  ocsp-ca crl --days 2 >/dev/null
  respond --max-age 1h
  fetch /crl/root.crl
  [[ $(header Cache-Control) = max-age=3600,* ]]
  ocsp-ca clock advance 172000s >/dev/null
  fetch /crl/root.crl
  left=$(header Cache-Control)
  left=${left#max-age=}
  [ "${left%%,*}" -le 800 ]
  [ "${left%%,*}" -gt 700 ]
  # Past its nextUpdate, and before it was made: not for keeping.
  ocsp-ca clock advance 8d >/dev/null
  fetch /crl/root.crl
  http 200
  [[ $(header Cache-Control) = max-age=0,* ]]
  ocsp-ca clock set 2029-01-01T00:00:00Z >/dev/null
  fetch /crl/root.crl
  [[ $(header Cache-Control) = max-age=0,* ]]
}

@test "each CA has its own, and a delta beside it" {
  lab --depth 2
  respond
  for ca in root ca1; do
    fetch /crl/$ca.crl
    http 404
    grep -q "'ocsp-ca crl --ca $ca' makes it" got
    [ "$(header Cache-Control)" = no-store ]
    fetch /crl/$ca-delta.crl
    http 404
    grep -q "'ocsp-ca crl --ca $ca --delta' makes it" got
    ocsp-ca crl --ca $ca >/dev/null
  done
  for ca in root ca1; do
    fetch /crl/$ca.crl
    http 200
    cmp got lab/crl/$ca.crl
  done
  ocsp-ca crl --ca root --delta >/dev/null
  fetch /crl/root-delta.crl
  http 200
  cmp got lab/crl/root-delta.crl
  openssl crl -inform DER -in got -noout -text | grep -q 'Delta CRL Indicator'
  # The next full one says all that it said, and takes it away.
  ocsp-ca crl --ca root >/dev/null
  fetch /crl/root-delta.crl
  http 404
}

@test "only names of CAs lead to files" {
  lab
  ocsp-ca crl >/dev/null
  echo secret >lab/crl/other.crl
  respond
  for path in /crl /crl/ /crl/.crl /crl/-delta.crl /crl/root /crl/root.crl/ \
    /crl/root.pem /crl/other.crl /crl/../ca.db /crl/../root.pem \
    /crl/..%2froot.pem /crl/%2e%2e/ca/root/key.pem /crl//root.crl \
    /crl/root.crl%00 /crl/root.crl.crl /crl/root-delta-delta.crl \
    "/crl/$(printf 'a%.0s' $(seq 3000)).crl" /crl/ca/root.crl; do
    fetch "$path"
    http 404
    ! grep -q secret got || return 1
    [ "$(header Content-Type)" = 'text/plain; charset=utf-8' ]
  done
  fetch //crl/root.crl
  http 200
  fetch '/crl/root.crl?x=1'
  http 200
}

@test "crl is a folder, and a GET of OCSP is a GET of OCSP" {
  lab
  ocsp-ca crl >/dev/null
  respond
  ask request "$C" "$I" >q.der
  [[ $(get_path q.der) = M* ]]
  get q.der
  says singles.0.status good
  for path in crlx crl%2froot.crl; do
    curl -sS -D head -o r.der "$url/$path"
    is_error 1
  done
  post q.der
  says singles.0.status good
  curl -sS -D head -o r.der --data-binary @q.der "$url/crl/root.crl"
  says singles.0.status good
}

@test "below the prefix of the lab's URL, where certificates say" {
  lab --ocsp-url http://127.0.0.1:1/pki/ocsp --crl-url lab
  ocsp-ca crl >/dev/null
  respond
  openssl x509 -in "$C" -noout -ext crlDistributionPoints |
    grep -q 'URI:http://127.0.0.1:1/pki/ocsp/crl/root.crl$'
  fetch /crl/root.crl
  http 200
  cmp got lab/crl/root.crl
  url=${url%/pki/ocsp}
  fetch /crl/root.crl
  http 404
}

@test "what is not one whole CRL is refused, and the log says why" {
  lab
  ocsp-ca crl >/dev/null
  respond
  cp lab/crl/root.crl whole
  head -c -1 whole >lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  grep -q 'not one whole CRL in DER' responder.log
  ! grep -q lab got || return 1
  { cat whole; echo; } >lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  openssl crl -inform DER -in whole >lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  : >lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  cp "$C" lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  rm lab/crl/root.crl
  mkfifo lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  rm lab/crl/root.crl
  mkdir lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  rmdir lab/crl/root.crl
  truncate -s 1073741825 lab/crl/root.crl
  fetch /crl/root.crl
  http 500
  grep -q 'larger than 1 GiB' responder.log
  cp whole lab/crl/root.crl
  fetch /crl/root.crl
  http 200
}

@test "a lab that was removed has no CRL for anybody" {
  lab
  ocsp-ca crl >/dev/null
  respond
  fetch /crl/root.crl
  http 200
  mv lab gone
  fetch /crl/root.crl
  http 503
  [ "$(header Cache-Control)" = no-store ]
}

@test "a big CRL costs no memory, and a slow reader gets what it asked for" {
  lab
  ocsp-ca crl >/dev/null
  respond --threads 1
  big_crl
  memory() { awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"; }
  fetch /crl/root.crl
  before=$(memory)
  # Four at once, which do not read at first; the file goes away meanwhile.
  /usr/bin/python3 - "$url" <<'PY'
import os, socket, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
want = open("lab/crl/root.crl", "rb").read()
socks = []
for _ in range(4):
    s = socket.create_connection((u.hostname, u.port), 30)
    s.sendall(b"GET /crl/root.crl HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    socks.append((s, [s.recv(1000)]))
os.unlink("lab/crl/root.crl")
ask = socket.create_connection((u.hostname, u.port), 30)
ask.sendall(b"GET /crl/root.crl HTTP/1.1\r\nHost: h\r\n\r\n")
assert b" 404 " in ask.recv(1000)
for s, parts in socks:
    while (data := s.recv(1 << 20)):
        parts.append(data)
    assert b"".join(parts).split(b"\r\n\r\n", 1)[1] == want
PY
  after=$(memory)
  echo "$before kB before, $after kB after"
  [ $((after - before)) -lt 4096 ]
}

@test "a file that becomes shorter while it is sent is never taken for whole" {
  lab
  ocsp-ca crl >/dev/null
  big_crl
  respond
  /usr/bin/python3 - "$url" <<'PY'
import socket, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
s = socket.create_connection((u.hostname, u.port), 30)
s.sendall(b"GET /crl/root.crl HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
got = s.recv(1000)
open("lab/crl/root.crl", "wb").close()
try:
    while (data := s.recv(1 << 20)):
        got += data
except ConnectionResetError:
    pass
head, body = got.split(b"\r\n\r\n", 1)
assert b"Content-Length: %d" % (16 << 20) in head, head
assert len(body) < 16 << 20, len(body)
PY
  fetch /crl/root.crl
  http 500
}

@test "metrics count what came of requests for CRLs" {
  lab
  respond
  fetch /crl/root.crl
  ocsp-ca crl >/dev/null
  fetch /crl/root.crl
  fetch /crl/root.crl -H 'If-None-Match: *'
  curl -sS "$status_url/metrics" >m
  for line in 'code="404"} 1' 'code="200"} 1' 'code="304"} 1'; do
    grep -qxF "ocsp_responder_crl_requests_total{$line" m
  done
  [ "$(curl -sS "$status_url/requests" | field last)" = 0 ]
}
