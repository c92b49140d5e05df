#!/usr/bin/env bats
# shellcheck shell=bash
# How ocsp-stapler keeps its staples: asking, keeping, expiring, revoking.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

@test "it asks by GET, for one certID of SHA-1, without nonce" {
  lab
  responder
  stapler
  run cat "$OCSP_LAB_DIR/asked"
  serial=$(row www serial)
  [ "$output" = "GET sha1 ${serial#0} plain" ]
}

@test "--hash sha256 and a long URL: SHA-256 by POST" {
  ocsp-ca init >/dev/null
  base=$(ocsp-ca issue tmp --json | field ocsp_urls.0)
  ocsp-ca issue www --ocsp-url "$base/$(printf '%0150d' 0)" >/dev/null
  plan good
  responder
  stapler www --hash sha256
  stapled good
  run cat "$OCSP_LAB_DIR/asked"
  [[ $output == "POST sha256 "* ]]
}

@test "it has a staple before it serves" {
  lab
  responder
  stapler
  [ "$(row www state)" = good ]
  [ "$(row www fetches)" = 1 ]
  [ "$(row www next_update)" \> "$(row www next_refresh)" ]
}

asked_twice() {
  [ "$(row www fetches)" = 2 ]
}

row_is() {
  [ "$(row "$1" "$2")" = "$3" ]
}

@test "halfway through the validity it fetches anew" {
  lab
  responder
  stapler
  ocsp-ca clock advance 40h >/dev/null
  [ "$(row www next_refresh)" \> "$(ocsp-ca clock show --json | field now)" ]
  ocsp-ca clock advance 16h >/dev/null
  eventually asked_twice
  eventually row_is www failures 0
  stapled good
}

@test "whatever goes wrong with the responder, the last good staple stays" {
  lab
  ocsp-ca issue other >/dev/null
  responder
  stapler www --timeout 2s
  failures=0
  for word in 503 404 trylater garbage empty unknown other stale forged \
    silent slow endless large https file loop; do
    plan $word
    refresh >answer.json
    failures=$((failures + 1))
    [ "$(field certificates.0.failures <answer.json)" = $failures ]
    [ -n "$(field certificates.0.last_error <answer.json)" ]
    stapled good
    grep -q "cert=www failures=$failures .*keeping the staple, valid until" \
      stapler.log
  done
  plan good
  refresh >answer.json
  [ "$(field certificates.0.failures <answer.json)" = 0 ]
  [ "$(field certificates.0.last_error <answer.json)" = "" ]
}

@test "with the responder dead: keeps it, restarts with it, drops it in time" {
  lab
  responder
  stapler
  halt "$responder"
  refresh | grep -q 'cannot connect'
  stapled good
  halt "$stapler"
  [ "$status" = 0 ]
  stapler
  stapled good
  ocsp-ca clock advance 95h >/dev/null
  stapled good
  ocsp-ca clock advance 1h >/dev/null
  stapled none
  [ "$(row www state)" = expired ]
  # Back in time it is good again.
  ocsp-ca clock real >/dev/null
  stapled good
}

@test "an expired staple is not taken from the store" {
  lab
  responder
  stapler
  halt "$stapler"
  halt "$responder"
  ocsp-ca clock advance 5d >/dev/null
  stapler
  stapled none
}

@test "a stored staple that was changed is not believed" {
  lab
  responder
  stapler
  halt "$stapler"
  halt "$responder"
  /usr/bin/python3 - "$OCSP_LAB_DIR"/staples/*.der <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    der = bytearray(f.read())
    der[len(der) // 4] ^= 1
    f.seek(0)
    f.write(der)
PY
  stapler
  stapled none
  grep -q 'store cert=www why=' stapler.log
}

@test "what a killed one has left half written in the store is removed" {
  lab
  responder
  stapler
  halt "$stapler"
  der=$(echo "$OCSP_LAB_DIR"/staples/*.der)
  head -c 100 "$der" >"$der.4711.1.tmp"
  touch "$OCSP_LAB_DIR/staples/notes"
  halt "$responder"
  stapler
  stapled good
  [ "$(ls "$OCSP_LAB_DIR/staples")" = "$(basename "$der")"$'\n'notes ]
}

@test "Retry-After is honoured, as seconds and as a date" {
  lab
  responder
  for word in busy busy-date; do
    plan $word
    stapler
    [ "$(row www state)" = none ]
    /usr/bin/python3 - "$(curl -sS "$status_url/status")" <<'PY'
import datetime, json, sys
status = json.loads(sys.argv[1])
parse = lambda t: datetime.datetime.strptime(t, "%Y-%m-%dT%H:%M:%SZ")
wait = parse(status["certificates"][0]["next_refresh"]) - parse(status["now"])
assert wait.total_seconds() > 1000, wait
PY
    halt "$stapler"
  done
}

@test "max-age puts the refresh off: the responder has nothing new before" {
  ocsp-ca init >/dev/null
  ocsp-ca issue www >/dev/null
  serve responder ocsp-responder --validity 100h --max-age 60h
  stapler --refresh 0.3
  /usr/bin/python3 - "$(curl -sS "$status_url/status")" <<'PY'
import datetime, json, sys
status = json.loads(sys.argv[1])
parse = lambda t: datetime.datetime.strptime(t, "%Y-%m-%dT%H:%M:%SZ")
wait = parse(status["certificates"][0]["next_refresh"]) - parse(status["now"])
assert 49 * 3600 < wait.total_seconds() < 65 * 3600, wait
PY
}

@test "a dead first responder is passed over for the second" {
  ocsp-ca init >/dev/null
  base=$(ocsp-ca issue tmp --json | field ocsp_urls.0)
  # A port that was just free: nobody listens.
  dead=$(/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  ocsp-ca issue www --ocsp-url "$base" >/dev/null
  ocsp-ca issue two --ocsp-url "http://127.0.0.1:$dead" --ocsp-url "$base" \
    >/dev/null
  plan good
  responder
  stapler two
  stapled good
  # The one that worked is asked first from then on: one that only takes
  # connections, where the dead one was, is not even asked.
  serve trap /usr/bin/python3 -c 'import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
print("ready", flush=True)
s.accept()' "$dead"
  refresh >answer.json
  [ "$(field certificates.0.fetches <answer.json)" = 2 ]
  [ "$(field certificates.0.failures <answer.json)" = 0 ]
  halt "$pid"
  [ "$status" = 143 ]
}

@test "revoked: still good until the refresh, then stapled as revoked" {
  lab
  responder
  stapler
  plan revoked
  stapled good
  refresh www >answer.json
  [ "$(field certificates.0.state <answer.json)" = revoked ]
  [ "$(field certificates.0.reason <answer.json)" = keyCompromise ]
  stapled revoked
  [[ $output == *"Revocation Reason: keyCompromise"* ]]
  exits 1 ocsp-check "$url"
  run ! curl -sS --cert-status --cacert "$OCSP_LAB_DIR/root.pem" "$url/"
  plan good
  refresh >/dev/null
  stapled good
}

@test "--on-revoked keep, drop and refuse" {
  lab
  responder
  for policy in keep:good drop:none refuse:refused; do
    plan good
    stapler --on-revoked "${policy%:*}"
    refresh >/dev/null
    stapled good
    plan revoked
    refresh >/dev/null
    stapled "${policy#*:}"
    halt "$stapler"
    # The same after a restart without a responder.
    plan 503
    stapler --on-revoked "${policy%:*}"
    stapled "${policy#*:}"
    halt "$stapler"
  done
}

@test "a must-staple certificate without a staple is refused" {
  lab
  ocsp-ca issue must --must-staple >/dev/null
  plan 503
  responder
  stapler must
  stapled refused
  staple -tls1_2
  [ "$status" != 0 ]
  [ "$(row must refused)" = true ]
  # As for every client, for one that does not ask.
  run ! curl -sS --cacert "$OCSP_LAB_DIR/root.pem" "$url/"
  plan good
  refresh >/dev/null
  stapled good
  halt "$stapler"
}

@test "--on-missing serve and refuse overrule must-staple" {
  lab
  ocsp-ca issue must --must-staple >/dev/null
  plan 503
  responder
  stapler must --on-missing serve
  stapled none
  halt "$stapler"
  stapler www --on-missing refuse
  stapled refused
}

@test "--verify off staples whatever comes" {
  lab
  plan forged
  responder
  stapler --verify off
  stapled good
  [ "$(row www state)" = unverified ]
  exits 3 ocsp-check "$url"
}

@test "a responder that says nothing delays no handshake and no end" {
  lab
  plan silent
  responder
  stapler --patience 100ms
  grep -q 'no answer from a responder yet' stapler.log
  stapled none
  curl -sS -X POST "$status_url/refresh" >answer.json &
  stapled none
  halt "$stapler"
  [ "$status" = 0 ]
}

@test "hold and release, with ocsp-responder" {
  ocsp-ca init >/dev/null
  ocsp-ca issue www --must-staple >/dev/null
  serve ocsp-responder ocsp-responder
  stapler
  stapled good
  ocsp-ca hold www >/dev/null
  stapled good
  refresh >/dev/null
  stapled revoked
  [[ $output == *"Revocation Reason: certificateHold"* ]]
  ocsp-ca release www >/dev/null
  refresh >/dev/null
  stapled good
  curl -sS --cert-status --cacert "$OCSP_LAB_DIR/root.pem" "$url/" >/dev/null
  # Through a week in the lab, which takes no time here.
  for day in 1 2 3 4 5 6 7; do
    ocsp-ca clock advance 1d >/dev/null
    eventually stapled good
  done
}

@test "refresh knows a certificate as soon as it is issued" {
  lab
  responder
  stapler
  for i in 1 2 3 4 5; do
    ocsp-ca issue "new$i" >/dev/null
    [ "$(refresh "new$i" | field certificates.0.state)" = good ]
  done
}
