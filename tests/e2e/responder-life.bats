#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: start, stop, and what keeps it from starting.

load helper
load responder

# refused CODE WORDS [OPTION]... : it does not start, exits with CODE, and its
# one line has these words.
refused() {
  local code=$1 words=$2
  shift 2
  exits "$code" timeout 60 ocsp-responder --listen 127.0.0.1:0 "$@"
  [[ $output = 'ocsp-responder: '* && $output != *$'\n'* ]]
  grep -q -- "$words" <<<"$output" || {
    echo "no '$words' in: $output" >&2
    return 1
  }
}

@test "the ready line has the URLs, the process and whether faults are allowed" {
  lab
  respond --ready-file ready.json
  [ "$(field event <<<"$ready")" = ready ]
  [ "$(field pid <<<"$ready")" = "$pid" ]
  [ "$(field faults <<<"$ready")" = true ]
  [[ $url =~ ^http://127\.0\.0\.1:[1-9][0-9]*$ ]]
  [[ $status_url =~ ^http://127\.0\.0\.1:[1-9][0-9]*$ ]]
  [ "$(cat ready.json)" = "$ready" ]
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "--no-faults of the lab and --status off show in the ready line" {
  lab --no-faults
  respond --status off
  [ "$(field faults <<<"$ready")" = false ]
  [ -z "$(field status_url <<<"$ready")" ]
}

@test "without --listen it is where certificates say" {
  lab
  aia=$(openssl x509 -in "$C" -noout -ocsp_uri)
  # The port was free when the lab was made; another test may have it by now.
  if serve responder ocsp-responder; then
    [ "$(field url <<<"$ready")" = "$aia" ]
    openssl ocsp -url "$aia" -issuer "$I" -cert "$C" -CAfile lab/root.pem |
      grep -q ': good'
  else
    grep -q 'the port is in use' responder.log
  fi
}

@test "a second responder on the same port fails, and the first goes on" {
  lab
  respond
  refused 71 'the port is in use' --listen "${url#http://}"
  curl -sS "$url/" | grep -q OCSP
}

@test "fd:N: a socket of the parent; one that does not listen is refused" {
  lab
  cat >parent.py <<'PY'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
if sys.argv[1] == "listen":
    s.listen()
os.set_inheritable(s.fileno(), True)
os.execvp("ocsp-responder", ["ocsp-responder", "--listen", "fd:%d" % s.fileno()])
PY
  serve responder python3 parent.py listen
  curl -sS "$(field url <<<"$ready")/" | grep -q OCSP
  exits 64 python3 parent.py bind
  grep -q 'not an open listening socket' <<<"$output"
}

@test "an IPv6 address works" {
  lab
  serve responder ocsp-responder --listen '[::1]:0' ||
    { grep -q 'cannot listen' responder.log && skip 'no IPv6 here'; }
  url=$(field url <<<"$ready")
  [[ $url = http://\[::1\]:* ]]
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "SIGTERM: a request that has begun gets its answer, then exit 0" {
  lab
  respond
  ask request "$C" "$I" >q.der
  /usr/bin/python3 - "$url" "$pid" <<'PY'
import os, signal, socket, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
body = open("q.der", "rb").read()
s = socket.create_connection((u.hostname, u.port), 30)
# The first answer shows that the connection was taken.
s.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
s.recv(1)
head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
s.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
seen = b""
while b" 100 " not in seen:
    seen += s.recv(1000)
os.kill(int(sys.argv[2]), signal.SIGTERM)
s.sendall(body)
seen = b""
while b"application/ocsp-response" not in seen:
    data = s.recv(1000)
    assert data, "closed without an answer"
    seen += data
PY
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
}

@test "SIGTERM with idle connections and a waiting status request: exit 0" {
  lab
  respond
  exec {idle}<>"/dev/tcp/127.0.0.1/${url##*:}"
  exec {waiting}<>"/dev/tcp/127.0.0.1/${status_url##*:}"
  printf 'GET /requests?min=5&timeout=60s HTTP/1.1\r\nHost: h\r\n\r\n' \
    >&"$waiting"
  curl -sSf "$status_url/healthz" >/dev/null
  halt "$pid"
  [ "$status" -eq 0 ]
  read -r -u "$waiting" line
  [[ $line = *' 503 '* ]]
  exec {idle}>&- {waiting}>&-
}

@test "--max-requests: so many answers, then it ends by itself" {
  lab
  respond --max-requests 3
  ask request "$C" "$I" >q.der
  curl -sS "$url/" >/dev/null
  for _ in 1 2 3; do
    get q.der
    says singles.0.status good
  done
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
}

@test "--log goes to the file, and SIGHUP opens it anew" {
  lab
  respond --log log
  grep -q 'signer ca=root' log
  mv log log.1
  kill -HUP "$pid"
  until [ -s log ]; do :; done
  curl -sS "$url/junk!" >/dev/null
  grep -q 'status=malformedRequest' log
}

@test "no lab, no database, no readable file: one line and its exit code" {
  refused 72 "make one with 'ocsp-ca init'"
  mkdir lab
  refused 72 "make one with 'ocsp-ca init'"
  head -c 8192 /dev/urandom >lab/ca.db
  refused 76 'ca.db'
}

@test "a wrong command line is 64" {
  lab
  refused 64 -- '--frobnicate: no such option' --frobnicate
  refused 64 -- '--validity wants a value' --validity
  refused 64 -- '--help=x: it takes no value' --help=x
  refused 64 -- '-x: no such option' -x
  refused 64 "'x' is not expected" x
  refused 64 -- '--validity: 0s is too short' --validity 0
  refused 64 "'maybe' is none of echo, ignore, require" --nonce maybe
  refused 64 'is none of sha256, sha384, sha512' --digest md5
  refused 64 '--threads: 0 is too few' --threads 0
  refused 64 '--at goes with --answer only' --at now
  refused 64 'not an http:// URL' --url https://x/
  refused 64 'is not an IP address' --listen nowhere.example:1
  refused 64 '--status' --status 127.0.0.1
}

@test "a signer that must not sign keeps it from starting" {
  lab
  ocsp-ca issue other >/dev/null
  signer=$(echo lab/responder/*.pem)
  cp -p "$signer" kept
  chmod 0644 "$signer"
  refused 78 'others may use this private key'
  cat "$C" lab/certs/www/key.pem >leaf
  install -m 0600 leaf "$signer"
  refused 78 'no extended key usage OCSPSigning'
  { openssl x509 -in kept; cat lab/certs/www/key.pem; } >mixed
  install -m 0600 mixed "$signer"
  refused 78 "$signer"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout k.pem -out c.pem -subj '/CN=Lab Root OCSP' -days 9 \
    -addext extendedKeyUsage=OCSPSigning 2>/dev/null
  cat c.pem k.pem >foreign
  install -m 0600 foreign "$signer"
  refused 78 'not issued by the CA'
  rm "$signer"
  refused 78 "$signer"
  cp -p kept "$signer"
  ocsp-ca clock advance 5000d >/dev/null
  refused 78 'has expired'
  ocsp-ca clock real >/dev/null
  respond
}

@test "a full disk or a closed pipe under the ready line is a failure" {
  lab
  run timeout 60 bash -c 'ocsp-responder --listen 127.0.0.1:0 >/dev/full'
  [ "$status" -eq 74 ]
  exits 72 timeout 60 ocsp-responder --listen 127.0.0.1:0 \
    --ready-file nowhere/f
}

@test "closed standard descriptors: none of its own files takes their place" {
  lab
  ask request "$C" "$I" >q.der
  ocsp-responder --answer q.der --out r.der <&- >&- 2>&-
  says singles.0.status good
  serve responder bash -c 'exec ocsp-responder --listen 127.0.0.1:0 <&- 2>&-'
  url=$(field url <<<"$ready")
  curl -sS -D head -o r.der "$url/junk!"
  is_error 1
  halt "$pid"
  [ "$status" -eq 0 ]
  # A log line would have spoilt the first file that it opened.
  /usr/bin/python3 -c 'import sqlite3
assert sqlite3.connect("lab/ca.db").execute(
    "pragma integrity_check").fetchall() == [("ok",)]'
  ocsp-ca status www >/dev/null
  # Nobody could hear that it is ready.
  status=0
  ocsp-responder --listen 127.0.0.1:0 >&- 2>err || status=$?
  [ "$status" -eq 74 ]
  grep -q 'cannot write to standard output' err
}

@test "--answer: one answer from a file, without a socket" {
  lab
  ask request --nonce abcd "$C" "$I" >q.der
  ocsp-responder --answer q.der --out r.der
  says singles.0.status good
  says nonce abcd
  openssl ocsp -no_nonce -reqin q.der -respin r.der -issuer "$I" -cert "$C" \
    -CAfile lab/root.pem | grep -q ': good'
  ocsp-responder --answer q.der --at 2027-01-01T00:00:00Z --validity 1h |
    cat >r.der
  says produced_at 2027-01-01T00:00:00
  says singles.0.next_update 2027-01-01T01:00:00
}

@test "--answer: an OCSP error is an answer too, with the reason beside it" {
  lab
  echo junk >q.der
  ocsp-responder --answer q.der --out r.der 2>err
  says status malformed_request
  grep -q '^ocsp-responder: answered malformedRequest: ' err
  exits 72 ocsp-responder --answer nothing.der --out r.der
  exits 64 script -qec 'ocsp-responder --answer q.der' /dev/null
}

@test "help and version" {
  ocsp-responder --help | grep -q 'usage: ocsp-responder'
  [[ $(ocsp-responder --version) =~ ^ocsp-responder\ [0-9.]+$ ]]
  run bash -c 'ocsp-responder --help >/dev/full'
  [ "$status" -eq 74 ]
}
