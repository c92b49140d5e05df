#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler as a program: its command line, its listeners, `fetch`.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

@test "the ready line has the URLs and the process id" {
  lab
  responder
  stapler --ready-file ready.json
  [ "$(field event <<<"$ready")" = ready ]
  [ "$(field pid <<<"$ready")" = "$stapler" ]
  [[ $url == https://localhost:* ]]
  [ "$(cat ready.json)" = "$ready" ]
  halt "$stapler"
  stapler --status off
  [ "$status_url" = "" ]
}

@test "a port in use is refused" {
  lab
  responder
  stapler
  exits 71 ocsp-stapler --listen "127.0.0.1:$port"
  [[ $output == *"--listen"* ]]
  exits 71 ocsp-stapler --status "127.0.0.1:$port"
}

@test "it listens on a socket that it inherits" {
  lab
  responder
  serve stapler /usr/bin/python3 -c 'import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
os.set_inheritable(s.fileno(), True)
os.execvp("ocsp-stapler", ["ocsp-stapler", "--listen", f"fd:{s.fileno()}"])'
  port=$(field url <<<"$ready" | sed 's/.*://')
  stapled good
}

@test "SIGTERM and SIGINT end it cleanly, also in the middle of connections" {
  lab
  responder
  stapler
  exec {idle}<>"/dev/tcp/127.0.0.1/$port"
  kill -INT "$stapler"
  wait "$stapler"
  exec {idle}>&-
  stapler
  halt "$stapler"
  [ "$status" = 0 ]
}

@test "a SIGTERM that comes before it is up ends it cleanly too" {
  lab
  run -0 timeout -s KILL 60 /usr/bin/python3 -c 'import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
os.execvp("ocsp-stapler", ["ocsp-stapler"])'
  [[ $output == *"signal 15"* ]]
}

@test "without a standard output it does not start" {
  lab
  run -74 bash -c 'timeout 60 ocsp-stapler >&-'
  [[ $output == *"cannot write to standard output"* ]]
}

@test "wrong words on the command line are refused" {
  lab
  exits 64 ocsp-stapler --nonsense
  exits 64 ocsp-stapler -xy
  [[ $output == *"-x: no such option"* ]]
  exits 64 ocsp-stapler --help=me
  exits 64 ocsp-stapler --verify
  exits 64 ocsp-stapler --verify maybe
  exits 64 ocsp-stapler --on-revoked ignore
  exits 64 ocsp-stapler --refresh 1.5
  exits 64 ocsp-stapler --refresh nan
  exits 64 ocsp-stapler --patience long
  exits 64 ocsp-stapler --timeout 0s
  exits 64 ocsp-stapler --timeout 1h
  exits 64 ocsp-stapler --hash md5
  exits 64 ocsp-stapler --log-format xml
  exits 64 ocsp-stapler --cert a.pem
  exits 64 ocsp-stapler www --certs folder
  exits 64 ocsp-stapler ../www
  exits 64 ocsp-stapler --listen nowhere
  exits 64 ocsp-stapler --responder ocsp.example
  exits 64 ocsp-stapler --responder https://ocsp.example/
  [[ $output == *"only http:// is fetched" ]]
  exits 64 ocsp-stapler fetch
  exits 64 ocsp-stapler fetch --cert a.pem
  exits 0 ocsp-stapler --help
  exits 0 ocsp-stapler fetch --help
  exits 0 ocsp-stapler fetch --version
  exits 0 ocsp-stapler --version
  [[ $output == "ocsp-stapler "* ]]
}

@test "the status listener answers what it knows, and nothing else" {
  lab
  responder
  stapler
  code=(curl -sS -o body -w '%{http_code}')
  [ "$("${code[@]}" "$status_url/status")" = 200 ]
  [ "$("${code[@]}" "$status_url/")" = 200 ]
  [ "$("${code[@]}" "$status_url/metrics")" = 200 ]
  [ "$("${code[@]}" "$status_url/nothing")" = 404 ]
  [ "$("${code[@]}" -X POST "$status_url/nothing")" = 404 ]
  [ "$("${code[@]}" -X POST "$status_url/refresh?cert=nobody")" = 404 ]
  [ "$("${code[@]}" -X DELETE "$status_url/status")" = 405 ]
  head -c 100000 /dev/zero >large
  [ "$("${code[@]}" --data-binary @large "$status_url/refresh")" = 413 ]
}

metric() {
  curl -sS "$status_url/metrics" | sed -n "s/^ocsp_stapler_$1 //p"
}

@test "the metrics count staples, handshakes and fetches" {
  lab
  ocsp-ca issue lone --no-ocsp-url >/dev/null
  responder
  stapler
  [ "$(metric 'certificates{state="good"}')" = 1 ]
  [ "$(metric 'certificates{state="none"}')" = 1 ]
  [ "$(metric 'fetches_total{cert="www",result="taken"}')" = 1 ]
  [ "$(metric 'next_refresh_seconds{cert="lone"}')" = 0 ]
  [ "$(metric 'next_refresh_seconds{cert="www"}')" -gt "$(metric time_seconds)" ]
  [ "$(metric 'next_update_seconds{cert="www"}')" -gt \
    "$(metric 'next_refresh_seconds{cert="www"}')" ]
  plan 503
  refresh >/dev/null
  [ "$(metric 'fetches_total{cert="www",result="failed"}')" = 1 ]
  [ "$(metric 'failures{cert="www"}')" = 1 ]
  stapled good -servername www
  stapled none -servername lone
  [ "$(metric 'handshakes_total{cert="www",got="staple"}')" = 1 ]
  [ "$(metric 'handshakes_total{cert="lone",got="none"}')" = 1 ]
  ocsp-ca clock advance 5d >/dev/null
  [ "$(metric 'certificates{state="expired"}')" = 1 ]
}

# health CODE KEY : of /healthz, which must answer with that code
health() {
  [ "$(curl -sS -o health -w '%{http_code}' "$status_url/healthz")" = "$1" ]
  field "$2" <health
}

@test "/healthz says whether each certificate has what it should have" {
  lab
  responder
  stapler
  [ "$(health 200 warning)" = false ]
  # A responder that is down is a warning as long as the staple lasts.
  plan 503
  refresh >/dev/null
  [ "$(health 200 warning)" = true ]
  [[ $(health 200 certificates.0.warning) == *"HTTP status 503"* ]]
  ocsp-ca clock advance 5d >/dev/null
  [ "$(health 503 healthy)" = false ]
  [[ $(health 503 certificates.0.why) == *"HTTP status 503"* ]]
  plan good
  refresh >/dev/null
  [ "$(health 200 warning)" = false ]
  plan revoked
  refresh >/dev/null
  [[ $(health 200 certificates.0.warning) == *revoked* ]]
  # One that asks nobody is as well as it can be; one that is unreadable not.
  ocsp-ca issue lone --no-ocsp-url >/dev/null
  curl -sS -X POST "$status_url/reload" >/dev/null
  [ "$(health 200 certificates.1.healthy)" = true ]
  ocsp-ca issue bad >/dev/null
  echo x >"$OCSP_LAB_DIR/certs/bad/key.pem"
  rm -r "$OCSP_LAB_DIR/certs/lone"
  kill -HUP "$stapler"
  eventually health 503 certificates.1.why
  # Nothing to serve.
  halt "$stapler"
  mkdir none
  stapler --certs none
  [ "$(health 503 healthy)" = false ]
}

@test "the log can be JSON, and says of each event what happens next" {
  lab
  responder
  stapler --log-format json
  plan 503
  refresh >/dev/null
  halt "$stapler"
  /usr/bin/python3 - stapler.log <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert all({"at", "level", "subsystem"} <= line.keys() for line in lines)
taken, failed = [l for l in lines if l["subsystem"] == "staple"]
assert taken["cert"] == "www" and taken["status"] == "good", taken
assert "refresh at " in taken["next"], taken
assert failed["level"] == "warn" and failed["failures"] == "1", failed
assert "HTTP status 503" in failed["why"], failed
assert "keeping the staple" in failed["next"], failed
assert "asking again in " in failed["next"], failed
PY
}

@test "a refresh asks again, also behind one that is under way" {
  lab
  responder
  stapler
  askers=()
  for _ in 1 2 3 4 5 6; do
    refresh >/dev/null &
    askers+=($!)
  done
  wait "${askers[@]}"
  [ "$(row www state)" = good ]
  [ "$(row www fetches)" -ge 2 ]
  [ "$(row www fetches)" = "$(asked)" ]
}

@test "clients that vanish or talk nonsense hurt nobody" {
  lab
  responder
  stapler
  /usr/bin/python3 - "$port" "${status_url##*:}" <<'PY'
import socket, struct, sys
held = []
for port in map(int, sys.argv[1:]):
    for text in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HT",
                 b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70000,
                 b"POST /refresh HTTP/1.1\r\nContent-Length: 0\r\n\r\n"):
        for reset in (False, True):
            s = socket.create_connection(("127.0.0.1", port))
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
            try:
                s.sendall(text)
            except OSError:
                pass
            s.close()
        held.append(socket.create_connection(("127.0.0.1", port)))
PY
  stapled good
  refresh >/dev/null
  halt "$stapler"
  [ "$status" = 0 ]
}

@test "fetch writes a staple that openssl believes" {
  lab
  responder
  www=$OCSP_LAB_DIR/certs/www
  run -0 ocsp-stapler fetch --cert "$www/fullchain.pem" --out www.der
  [[ $output == "www.der: good, valid until "* ]]
  openssl ocsp -respin www.der -issuer "$www/chain.pem" -cert "$www/cert.pem" \
    -CAfile "$OCSP_LAB_DIR/root.pem" -no_nonce | grep -q 'cert.pem: good'
  plan revoked
  run -0 ocsp-stapler fetch --cert "$www/cert.pem" --out www.der
  [[ $output == "www.der: revoked, valid until "* ]]
}

@test "fetch leaves the file alone unless the new answer verifies" {
  lab
  ocsp-ca issue other >/dev/null
  responder
  fetch=(ocsp-stapler fetch --cert "$OCSP_LAB_DIR/certs/www/fullchain.pem"
    --out www.der)
  "${fetch[@]}"
  cp www.der before.der
  for word in 503 trylater; do
    plan $word
    exits 75 "${fetch[@]}"
  done
  for word in garbage unknown other stale forged 404; do
    plan $word
    exits 76 "${fetch[@]}"
  done
  halt "$responder"
  exits 75 "${fetch[@]}"
  [[ $output == *"cannot connect"* ]]
  cmp www.der before.der
  [ "$(find . -maxdepth 1 -name '*www.der*')" = ./www.der ]
}
