#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: GET, POST and what else comes in over HTTP.

load helper
load responder

# same PATH : a GET of exactly that path has the answer in first.der.
same() {
  curl -sS --path-as-is -D head -o r.der "$url$1"
  cmp r.der first.der
}

@test "GET in all its forms gets the answer that POST gets" {
  lab
  respond
  for text in + / //; do
    ask request --has "$text" "$C" "$I" >q.der
    post q.der
    cp r.der first.der
    same "/$(get_path q.der)"
    same "/$(ask path q.der lower)"
    same "/$(ask path q.der plain)"
    same "/$(ask path q.der unpadded)"
    same "//$(get_path q.der)"
    same "//$(ask path q.der plain)"
    same "/$(ask path q.der | sed 's/%2B/%20/g')"
    same "/$(get_path q.der)?a=b"
  done
}

@test "a path that is not base64 is malformed" {
  lab
  respond
  for path in favicon.ico robots.txt %zz a%00b a%0d%0ab '%' 'MEI*' \
    "$(printf 'A%.0s' $(seq 9000))"; do
    curl -sS --path-as-is -D head -o r.der "$url/$path"
    is_error 1
  done
  ask request --has / "$C" "$I" >q.der
  curl -sS --path-as-is -D head -o r.der "$url/$(ask path q.der url-safe)"
  is_error 1
}

@test "base64 of what is no request is malformed" {
  lab
  respond
  ask request "$C" "$I" >q.der
  for edit in 'cat q.der; echo junk' 'head -c 40 q.der' 'printf 0' \
    'printf "\x30\x80"; tail -c +3 q.der; printf "\0\0"' \
    'printf "\x30\x84\x7f\xff\xff\xff"' 'printf "\x30\x04\x30\x02\x30\x00"'; do
    eval "$edit" >bad.der
    post bad.der
    is_error 1
    get bad.der
    is_error 1
  done
  : >empty.der
  post empty.der
  is_error 1
}

@test "the root says what this is, and signs nothing" {
  lab
  respond
  curl -sSi "$url/" | tee page
  head -n 1 page | grep -q ' 200 '
  grep -qi '^content-type: text/plain' page
  grep -q 'openssl ocsp -url' page
  curl -sSI "$url" | head -n 1 | grep -q ' 200 '
  [ "$(curl -sS "$status_url/requests" | field last)" = 0 ]
}

@test "HEAD has the headers of GET and no body" {
  lab
  ocsp-ca clock freeze >/dev/null # max-age counts down
  respond
  ask request "$C" "$I" >q.der
  get q.der
  cp head head.get
  get q.der -I
  cmp <(grep -iv '^date:' head.get) <(grep -iv '^date:' head)
}

@test "other methods get 405 with Allow" {
  lab
  respond
  for method in PUT DELETE OPTIONS PATCH; do
    curl -sSi -X $method "$url/" | tr -d '\r' >page
    head -n 1 page | grep -q ' 405 '
    grep -qx 'Allow: GET, HEAD, POST' page
  done
}

@test "Content-Type of a POST is not looked at" {
  lab
  respond
  ask request "$C" "$I" >q.der
  for type in text/plain 'application/OCSP-request; charset=utf-8' ''; do
    curl -sS -D head -o r.der --data-binary @q.der -H "Content-Type: $type" \
      "$url"
    says singles.0.status good
    [ "$(header Content-Type)" = application/ocsp-response ]
  done
}

@test "a chunked POST is a POST" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der -H 'Transfer-Encoding: chunked'
  says singles.0.status good
}

@test "Expect: 100-continue is answered" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der -H 'Expect: 100-continue'
  grep -q ' 100 ' head
  says singles.0.status good
}

@test "a body of more than 10,000 bytes gets 413" {
  lab
  respond
  head -c 10000 /dev/zero >big
  post big
  is_error 1
  head -c 10001 /dev/zero >big
  post big
  head -n 1 head | grep -q ' 413 '
  head -c 3000000 /dev/zero | post - 2>/dev/null || true
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "length and transfer coding together get 400" {
  lab
  respond
  printf 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n%s\r\n\r\n0\r\n\r\n' \
    'Transfer-Encoding: chunked' | ask raw "$url" >page
  head -n 1 page | grep -q ' 400 '
}

@test "pipelined requests are answered in order" {
  lab
  respond
  ask request "$C" "$I" >q.der
  path=$(get_path q.der)
  {
    printf 'GET /%s HTTP/1.1\r\nHost: h\r\n\r\n' "$path"
    printf 'GET /favicon.ico HTTP/1.1\r\nHost: h\r\n\r\n'
    printf 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
  } | ask raw "$url" >page
  grep -a -i '^content-length' page | tr -d '\r' | awk '{ print $2 }' >lengths
  [ "$(sed -n 2p lengths)" -eq 5 ]
  [ "$(sed -n 1p lengths)" -gt 400 ]
  grep -a -q 'openssl ocsp -url' page
}

@test "junk, half requests and a TLS hello harm nobody" {
  lab
  respond
  printf 'GET / HTTP/1.1\r\nHo' >half
  printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' >hello
  head -c 5000 /dev/urandom >noise
  for file in half hello noise; do
    # The responder waits for the rest; the client leaves.
    /usr/bin/python3 - "$url" $file <<'PY'
import socket, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
s = socket.create_connection((u.hostname, u.port))
s.sendall(open(sys.argv[2], "rb").read())
s.close()
PY
  done
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "the URL's path is the prefix: below it OCSP, beside it 404" {
  lab --ocsp-url http://127.0.0.1:1/pki/ocsp
  respond
  [[ $url = http://127.0.0.1:*/pki/ocsp ]]
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  get q.der
  says singles.0.status good
  base=${url%/pki/ocsp}
  for path in / /pki/ocspx /pki "/$(get_path q.der)"; do
    curl -sSi "$base$path" | head -n 1 | grep -q ' 404 '
  done
}

# chromium : its GET, byte for byte: the URL of the certificate as it stands, a
# slash, and base64 with three characters escaped.
chromium() {
  local aia base
  aia=$(openssl x509 -in "$C" -noout -ocsp_uri)
  base=/${aia#http://*/}
  printf 'GET %s/%s HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n' \
    "$base" "$(get_path q.der)" 127.0.0.1:1
  printf 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0\r\n'
  printf 'Accept-Encoding: gzip, deflate\r\n\r\n'
}

@test "a URL that ends in a slash: Chromium's GET with two of them" {
  for path in / /pki/ocsp/; do
    rm -rf lab
    lab --ocsp-url "http://127.0.0.1:1$path"
    respond
    ask request "$C" "$I" >q.der
    chromium >asked
    head -n 1 asked | grep -q "^GET $path/M"
    # Two in one connection, of which the second closes it.
    { cat asked; sed 's/keep-alive/close/' asked; } | ask raw "$url" >page
    [ "$(grep -a -c 'HTTP/1.1 200 ' page)" -eq 2 ]
    post q.der
    says singles.0.status good
    /usr/bin/python3 -c 'import sys
page, answer = (open(f, "rb").read() for f in ("page", "r.der"))
sys.exit(page.count(answer) != 2 or b"ontent-Encoding" in page)'
    halt "$pid"
  done
}

@test "requests of all kinds in one go over one connection" {
  lab
  respond
  ask request "$C" "$I" >q.der
  curl -sS -o a -o b -o c -o d "$url/$(get_path q.der)" "$url/favicon.ico" \
    "$url/" "$url/$(get_path q.der)" -w '%{num_connects}\n' >connects
  [ "$(awk "{ n += \$1 } END { print n }" connects)" -eq 1 ]
  cmp a d
}
