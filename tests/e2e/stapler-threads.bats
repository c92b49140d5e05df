#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler's threads: many clients at once, slow and silent ones among
# them, many certificates, news of them under load, and an end that is in order.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

load_tool=${OCSP_LAB_BUILD:-}/bench/tls_load

# shakes COUNT [TLS_LOAD OPTION]... : that many handshakes, 16 at a time, and
# every one is what was asked for.
shakes() {
  run -0 "$load_tool" "${@:2}" "127.0.0.1:$port" 16 "$1"
  [ "$(field errors <<<"$output")" = 0 ]
  [ "$(field handshakes <<<"$output")" = "$1" ]
}

# resident : KiB.
resident() {
  sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$stapler/status"
}

@test "handshakes from many clients at once each get the staple, or none" {
  lab
  responder
  stapler --threads 4
  for version in --tls1.2 --tls1.3; do
    shakes 100 $version --ask any
    shakes 100 $version
    shakes 100 $version --ask any --get /
  done
  [ "$(row www served)" = 400 ]
  [ "$(row www bare)" = 0 ]
}

@test "--threads is a number" {
  lab
  for word in 0 -1 65 many ''; do
    exits 64 ocsp-stapler --threads "$word"
  done
}

@test "handshakes leave nothing behind" {
  lab
  responder
  stapler --threads 2
  count=${OCSP_LAB_HANDSHAKES:-400}
  shakes 300 --ask any --get /
  before=$(resident)
  shakes "$count" --ask any --get /
  shakes "$count" --tls1.2 --ask any
  after=$(resident)
  echo "# resident after 300: $before KiB, after $((2 * count)) more: $after KiB" >&3
  # A quarter of a KiB each would show in the long run; in the short one, noise.
  [ $((after - before)) -lt $((2048 + count / 4)) ] ||
    [ -n "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}" ]
  halt "$stapler" # the leak sanitizer speaks here
  [ "$status" = 0 ]
}

@test "certificates and staples change under load, and no client sees a gap" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  stapler --threads 2
  "$load_tool" --ask any --names www 1 "127.0.0.1:$port" 8 600 >load.out &
  pid=$!
  for i in 1 2 3 4 5; do
    refresh >/dev/null
    ocsp-ca issue api --renew >/dev/null
    ocsp-ca issue "new-$i" >/dev/null
    curl -sS -X POST "$status_url/reload" >/dev/null
    stapled good -servername "new-$i"
  done
  wait "$pid"
  [ "$(field errors <load.out)" = 0 ]
  [ "$(field handshakes <load.out)" = 600 ]
}

@test "an open connection keeps its certificate when that is renewed" {
  lab
  responder
  stapler
  /usr/bin/python3 - "$port" "$status_url" "$OCSP_LAB_DIR" <<'PY'
import socket, ssl, subprocess, sys, urllib.request
port, status, lab = sys.argv[1:]
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(port))), server_hostname="www")
subprocess.run(["ocsp-ca", "issue", "www", "--renew", "--dir", lab], check=True,
               stdout=subprocess.DEVNULL)
urllib.request.urlopen(status + "/reload", data=b"").read()
s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
assert b" 200 " in s.recv(65536)
new = ssl.PEM_cert_to_DER_cert(open(lab + "/certs/www/cert.pem").read())
assert s.getpeercert(True) != new
t = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(port))), server_hostname="www")
assert t.getpeercert(True) == new
PY
}

@test "each of many certificates is found by its name, and wildcards too" {
  lab
  count=${OCSP_LAB_CERTIFICATES:-60}
  ocsp-ca issue many --count "$count" >/dev/null
  ocsp-ca issue star --san '*.Example.org,example.net' >/dev/null
  responder
  stapler --patience 60s
  # Where all is slow, some have tried in vain.
  curl -sS "$status_url/status?cert=many-[1-$count]&state=good&timeout=60s" >seen
  [ "$(grep -c '"state": "good"' seen)" = "$count" ]
  shakes 200 --ask any --names many-%d "$count"
  echo "# resident with $((count + 2)) certificates: $(resident) KiB" >&3
  stapled good -servername "many-$count"
  [[ $output =~ "subject=CN"\ ?=\ ?"many-$count" ]]
  stapled good -servername www.example.org
  [[ $output =~ "subject=CN"\ ?=\ ?"star" ]]
  stapled good -servername WWW.localhost
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
  stapled good -servername a.b.example.org
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
}

@test "RSA and ECDSA side by side: the client chooses, and gets its staple" {
  lab
  both=both.example,both.localhost
  ocsp-ca issue ec --san "$both" >/dev/null
  ocsp-ca issue rsa --san "$both" --algorithm rsa2048 >/dev/null
  responder
  stapler
  for version in -tls1_2 -tls1_3; do
    stapled good $version -servername both.example -sigalgs RSA-PSS+SHA256
    [[ $output =~ "subject=CN"\ ?=\ ?"rsa" ]]
    [[ $output == *"Serial Number: $(row rsa serial | tr a-f A-F)"* ]]
    stapled good $version -servername both.example -sigalgs ECDSA+SHA256
    [[ $output =~ "subject=CN"\ ?=\ ?"ec" ]]
    [[ $output == *"Serial Number: $(row ec serial | tr a-f A-F)"* ]]
  done
  # Revoked is one of them, and the other stays what it was.
  ocsp-ca revoke rsa >/dev/null
  plan 'revoked'
  refresh rsa >/dev/null
  stapled revoked -servername both.example -sigalgs RSA-PSS+SHA256
  stapled good -servername both.example -sigalgs ECDSA+SHA256
}

@test "silent and slow clients keep nobody waiting, and are let go" {
  lab
  responder
  stapler --threads 1
  /usr/bin/python3 - "$port" <<'PY' &
import socket, ssl, sys
at = ("127.0.0.1", int(sys.argv[1]))
held = [socket.create_connection(at) for _ in range(100)]
for s in held[:50]:
    s.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
context = ssl._create_unverified_context()
for _ in range(50):
    s = context.wrap_socket(socket.create_connection(at))
    s.sendall(b"GET / HT")
    held.append(s)
open("held", "w").close()
for s in held:  # the server ends each, sooner or later
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass
PY
  slow=$!
  eventually test -e held
  shakes 100 --ask any --get /
  wait "$slow"
}

# half_way : a client in the middle of its request, on descriptor 9; what it
# gets is in the file answer, when it ends.
half_way() {
  mkfifo words
  /usr/bin/python3 - "$port" >answer <<'PY' &
import socket, ssl, sys
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
# In one record: who has answered the first has read what there is of the other.
s.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n")
got = b""
while not got.endswith(b"\r\n\r\n"):
    got += s.recv(1)
open("begun", "w").close()
with open("words") as f:
    f.read()
try:
    s.sendall(b"Host: x\r\n\r\n")
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
except OSError:
    pass
PY
  client=$!
  exec 9>words
  eventually test -e begun
}

@test "SIGTERM lets a request that has begun end, and takes no new one" {
  lab
  responder
  stapler
  half_way
  kill "$stapler"
  eventually grep -q 'next="stopping"' stapler.log
  exec 9>&-
  wait "$client"
  grep -q '^HTTP/1.1 200 OK' answer
  grep -q '^Connection: close' answer
  status=0
  wait "$stapler" || status=$?
  [ "$status" = 0 ]
}

@test "SIGTERM does not wait for ever" {
  lab
  responder
  stapler
  half_way
  halt "$stapler"
  [ "$status" = 0 ]
  exec 9>&-
  wait "$client"
  [ ! -s answer ]
}
