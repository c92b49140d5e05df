#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler --backend: TLS here, any TCP service behind it.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

# before KIND [OPTION]... : a service of that kind, and a stapler before it.
before() {
  serve service /usr/bin/python3 "$BATS_TEST_DIRNAME/service.py" "$1" ends
  backend=127.0.0.1:$(field port <<<"$ready")
  service=$pid
  lab
  responder
  stapler --backend "$backend" "${@:2}"
}

# ends_with WORD : the service's last connection has ended so.
ends_with() {
  [ "$(tail -n 1 ends 2>/dev/null)" = "$1" ]
}

@test "bytes pass in both directions, with the staple as ever" {
  before echo
  head -c 5000000 /dev/urandom >sent
  /usr/bin/python3 - "$port" <<'PY'
import socket, ssl, sys, threading
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
sent = open("sent", "rb").read()
threading.Thread(target=s.sendall, args=(sent,), daemon=True).start()
got = b""
while len(got) < len(sent):
    got += s.recv(1 << 16)
assert got == sent
PY
  stapled good -tls1_2
  stapled good -tls1_3
}

@test "the client's end is the service's end of input, and its answer comes back" {
  before hash
  head -c 3000000 /dev/urandom >sent
  for version in 1.2 1.3; do
    # GnuTLS says close_notify at the end of its input, and reads on.
    gnutls-cli --x509cafile "$OCSP_LAB_DIR/root.pem" -p "$port" 127.0.0.1 \
      --sni-hostname localhost --verify-hostname localhost \
      --priority "NORMAL:-VERS-ALL:+VERS-TLS$version" --logfile=gnutls.log \
      <sent >got
    [ "$(tail -n 1 got)" = "3000000 $(sha256sum sent | cut -d ' ' -f 1)" ]
    eventually ends_with end
    : >ends
  done
}

@test "a client that is cut off is no end of input" {
  before hash
  /usr/bin/python3 - "$port" <<'PY'
import os, socket, ssl, sys
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s = ssl._create_unverified_context().wrap_socket(raw)
s.sendall(b"pay 10")
os.close(s.fileno())  # a FIN, but no close_notify
os._exit(0)
PY
  eventually ends_with reset
}

@test "a client and a service that both are silent at first keep their connection" {
  before echo
  # Longer than connecting to the service may take.
  /usr/bin/python3 - "$port" <<'PY'
import select, socket, ssl, sys
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
assert not select.select([s], [], [], 6)[0]
s.sendall(b"late")
assert s.recv(16) == b"late"
PY
}

@test "a service that is gone costs the client its connection, and a log line" {
  before echo
  kill -KILL "$service"
  wait "$service" || true
  run -0 /usr/bin/python3 - "$port" <<'PY'
import socket, ssl, sys
context = ssl._create_unverified_context()
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
s = context.wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))),
    suppress_ragged_eofs=False)
try:
    print("got", s.recv(10))
except (ssl.SSLError, OSError):
    print("closed")
PY
  [ "$output" = closed ]
  grep -q "warn backend backend=$backend failures=1 why=\"Connection refused\"" \
    stapler.log
  # The handshake comes before: s_client may or may not see the end of it.
  staple
  [[ $output == *"Cert Status: good"* ]]
}

@test "what the service does not read waits in the client, not in us" {
  before late --threads 1
  before_kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$stapler/status")
  /usr/bin/python3 - "$port" ends.go <<'PY'
import select, socket, ssl, sys, threading
s = ssl._create_unverified_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
s.setblocking(False)
data, total, stuck = b"x" * 65536, 0, 0
while stuck < 20000:  # in a row: it is really full
    try:
        total += s.send(data)
        stuck = 0
    except ssl.SSLWantWriteError:
        stuck += 1
assert total < 64 << 20
open(sys.argv[2], "w").close()
while True:
    try:
        total += s.send(data)
        break
    except ssl.SSLWantWriteError:
        select.select([], [s], [])
print(total)
PY
  after_kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$stapler/status")
  [ $((after_kib - before_kib)) -lt 4096 ] || [ -n "${ASAN_OPTIONS:-}" ]
}

@test "a backend that cannot be one is refused" {
  lab
  for word in nowhere :80 host: ::1:80 127.0.0.1:http 127.0.0.1:0x50; do
    exits 64 ocsp-stapler --backend "$word"
  done
  exits 64 ocsp-stapler --backend 127.0.0.1:0 --root .
}
