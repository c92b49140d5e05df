#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler --root: files, and nothing but files of that folder.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

# rooted : a stapler that serves the folder www, which is made here.
rooted() {
  mkdir -p www/sub/.well-known www/.well-known www/.git
  echo '<p>front' >www/index.html
  echo 'body{}' >www/style.css
  echo sub >www/sub/index.html
  echo proof >www/.well-known/token
  echo secret | tee secret www/.git/config >www/sub/.well-known/x
  lab
  responder
  stapler --root www "$@"
}

# get PATH [CURL OPTION]... : the status in $code, the rest in head and body.
get() {
  rm -f body
  code=$(curl -sS --path-as-is --cacert "$OCSP_LAB_DIR/root.pem" -D head \
    -o body -w '%{http_code}' "${@:2}" "$url$1")
}

# gives STATUS PATH [CURL OPTION]...
gives() {
  get "${@:2}"
  [ "$code" = "$1" ] || {
    echo "$2: $code, wanted $1" >&2
    return 1
  }
}

@test "files are served with their type, folders by their index" {
  rooted
  gives 200 /
  [ "$(cat body)" = '<p>front' ]
  grep -qi '^content-type: text/html; charset=utf-8' head
  gives 200 /style.css
  grep -qi '^content-type: text/css' head
  gives 200 /sub/
  [ "$(cat body)" = sub ]
  gives 301 /sub
  grep -qi '^location: /sub/' head
  gives 200 '/index.html?query'
  gives 200 /%69ndex.html
  gives 200 /.well-known/token
  gives 404 /nothing
  gives 404 /index.html/
  gives 404 /index.html/x
}

@test "HEAD has the same head and no body, other methods are refused" {
  rooted
  # In its first second a file has no Last-Modified yet.
  touch -d '2020-01-01 00:00:00Z' www/index.html
  get /
  grep -vi '^date' head >get.head
  gives 200 / -I
  diff get.head <(grep -vi '^date' head)
  gives 405 / -X POST -d x
  grep -qi '^allow: GET, HEAD' head
  gives 405 / -X DELETE
}

@test "nothing outside of the folder is reached" {
  rooted
  ln -s ../secret www/out
  ln -s "$T/secret" www/absolute
  ln -s .. www/up
  ln -s /proc/self/root www/magic
  ln -s index.html www/inside
  mkfifo www/pipe
  for path in /../secret /sub/../../secret /%2e%2e/secret /.%2e/secret \
    /%2e%2e%2fsecret /sub/..%2f..%2fsecret /out /absolute /up/secret \
    "/magic$T/secret" //etc/passwd /./index.html /.git/config \
    /sub/.well-known/x /pipe /sub/../index.html; do
    gives 404 "$path"
    run -1 grep -q secret body
  done
  for path in /%00 /index.html%00.css /%zz /a%; do
    gives 400 "$path"
  done
  gives 200 /inside
}

@test "a large file arrives whole, also for a slow reader, and another client is served meanwhile" {
  rooted --threads 1
  head -c 20000000 /dev/urandom >www/large
  gives 200 /large
  cmp body www/large
  curl -sS --limit-rate 40M --cacert "$OCSP_LAB_DIR/root.pem" \
    "$url/large" >slow &
  gives 200 /
  wait $!
  cmp slow www/large
}

# A send that the kernel cut short, and room again before the turn is over: no
# event will ever tell of it.
@test "a file goes on when the socket has room again at once" {
  grep -q '^OCSP_LAB_SANITIZE:STRING=$' "$OCSP_LAB_BUILD/CMakeCache.txt" ||
    skip "sanitizers want to be the first library"
  command -v cc || skip "no compiler here"
  cc -shared -fPIC -D_GNU_SOURCE -o choppy.so "$OCSP_LAB_SOURCE/tests/e2e/choppy.c"
  mkdir bin
  cat >bin/ocsp-stapler <<END
#!/bin/sh
LD_PRELOAD='$T/choppy.so' exec '$OCSP_LAB_BIN/ocsp-stapler' "\$@"
END
  chmod +x bin/ocsp-stapler
  PATH="$T/bin:$PATH"
  rooted --threads 1
  head -c 2000000 /dev/urandom >www/large
  gives 200 /large --max-time 30
  cmp body www/large
}

@test "a file that has not changed is not sent again" {
  rooted
  touch -d '2020-01-01 00:00:00Z' www/style.css
  gives 200 /style.css
  since=$(sed -n 's/^Last-Modified: //p' head | tr -d '\r')
  [ "$since" = "Wed, 01 Jan 2020 00:00:00 GMT" ]
  gives 304 /style.css -H "If-Modified-Since: $since"
  [ ! -s body ]
  gives 200 /style.css -H 'If-Modified-Since: Tue, 31 Dec 2019 23:59:59 GMT'
  # Written within this second: it may change in it once more.
  echo new >www/style.css
  gives 200 /style.css -H "If-Modified-Since: $since"
}

@test "many requests share a connection, and each gets its own answer" {
  rooted
  curl -sS --cacert "$OCSP_LAB_DIR/root.pem" -w '%{num_connects} ' \
    "$url/style.css" "$url/sub/" "$url/none" "$url/" >all
  [ "$(tr -d '\n' <all)" = 'body{}1 sub0 not found0 <p>front0 ' ]
}

@test "requests that come together are answered in order" {
  rooted
  /usr/bin/python3 - "$port" >got <<'PY'
import socket, ssl, sys
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
s.sendall(b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"
          b"HEAD /sub/ HTTP/1.1\r\nHost: x\r\n\r\n"
          b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
          b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
          b"GET /sub/ HTTP/1.1\r\nHost: x\r\n\r\n")
while data := s.recv(65536):
    sys.stdout.buffer.write(data)
PY
  [ "$(grep -a '^HTTP/1.1' got | tr -d '\r')" = "HTTP/1.1 200 OK
HTTP/1.1 200 OK
HTTP/1.1 404 Not Found
HTTP/1.1 200 OK" ]
  [ "$(grep -ac '^sub' got)" = 0 ]
  grep -aq '^<p>front' got
}

@test "a folder that is not there is refused" {
  lab
  exits 72 ocsp-stapler --root nowhere
  [[ $output == *"--root: nowhere"* ]]
  : >file
  exits 74 ocsp-stapler --root file
}

@test "with --by-host each host has its folder first, and no way out of it" {
  mkdir -p www/www.localhost www/.hidden
  echo 'of www' >www/www.localhost/index.html
  echo hidden >www/.hidden/index.html
  echo secret >index.html
  rooted --by-host
  gives 200 /
  [ "$(cat body)" = '<p>front' ]
  for host in www.localhost WWW.Localhost:80 www.localhost:1; do
    gives 200 / -H "Host: $host"
    [ "$(cat body)" = 'of www' ]
    gives 200 /style.css -H "Host: $host"
    [ "$(cat body)" = 'body{}' ]
  done
  for host in .. . .hidden sub/.. 'www.localhost/' '..:80' none '[::1]'; do
    get / -H "Host: $host"
    [ "$code" = 400 ] || [ "$(cat body)" = '<p>front' ]
  done
}
