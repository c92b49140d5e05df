#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab up, env, status: what they print, and to whom.

load helper

# The directory comes from the command line alone.
setup_file() {
  unset OCSP_LAB_DIR
}

@test "the output of up can be captured, and the lab serves" {
  out=$(ocsp-lab up --json)
  export OCSP_LAB_DIR
  OCSP_LAB_DIR=$(field dir <<<"$out")
  curl -sS --cacert "$(field ca <<<"$out")" --cert-status \
    "$(field https_url <<<"$out")/" >/dev/null
  openssl ocsp -url "$(field ocsp_url <<<"$out")" -CAfile "$(field ca <<<"$out")" \
    -issuer "$(field issuer <<<"$out")" -cert "$(field cert <<<"$out")" |
    grep ': good'
}

@test "a pipe from up ends, as does one to it" {
  : | ocsp-lab up --json | cat | field pid
}

@test "what up prints can be evaluated, whatever the directory is called" {
  dir="$T/it's \"a\" \$(lab) \`x\`"
  eval "$(ocsp-lab up --dir "$dir" --env)"
  [ "$OCSP_LAB_DIR" = "$dir" ]
  [ -f "$OCSP_LAB_CA" ]
  [ -f "$OCSP_LAB_CERT" ]
  [ -f "$OCSP_LAB_KEY" ]
  [ -f "$OCSP_LAB_ISSUER" ]
  [ "$OCSP_LAB_CERT_NAME" = www ]
  [ "$OCSP_LAB_HTTPS_URL" = "https://$OCSP_LAB_HOST:$OCSP_LAB_PORT" ]
  kill -0 "$OCSP_LAB_PID"
  curl -sS "$OCSP_LAB_RESPONDER_STATUS_URL/healthz" >/dev/null
  curl -sS "$OCSP_LAB_STAPLER_STATUS_URL/status" >/dev/null
}

@test "every format says the same" {
  ocsp-lab up --dir "$T/a lab" --format sh >exports
  ocsp-lab env --dir "$T/a lab" --format dotenv >dotenv
  ocsp-lab env --dir "$T/a lab" --json >json
  env -i bash -c '. ./exports; env' | grep OCSP_LAB | sort >from-sh
  env -i bash -c 'set -a; . ./dotenv; env' | grep OCSP_LAB | sort >from-dotenv
  /usr/bin/python3 -c 'import json
for key, value in json.load(open("json")).items():
    print(f"OCSP_LAB_{key.upper()}={value}")' | sort >from-json
  [ "$(wc -l <from-sh)" -eq 14 ]
  diff from-sh from-dotenv
  diff from-sh from-json
}

@test "up where a lab runs prints that lab again" {
  first=$(ocsp-lab up --dir "$T/d" --json)
  second=$(ocsp-lab up --dir "$T/d" --json)
  [ "$first" = "$second" ]
}

@test "two up at once make one lab, and both say so" {
  ocsp-lab up --dir "$T/d" --json >one &
  first=$!
  ocsp-lab up --dir "$T/d" --json >two &
  wait "$first"
  wait $!
  diff one two
}

@test "status says how the servers and staples are" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab status
  [[ $output == *"responder  up"*"stapler    up"*"www"*"good"* ]]
  [ "$(ocsp-lab status --json | field certificates.0.state)" = good ]
}

@test "status says which server is down, and why" {
  eval "$(ocsp-lab up --env)"
  pid=$(ocsp-lab status --json | field servers.responder.pid)
  kill -9 "$pid"
  gone "$pid"
  exits 71 ocsp-lab status
  [[ $output == *"responder  DOWN  signal 9"* ]]
}

@test "no lab: env, status, mark, wait and refresh say so and exit 72" {
  for command in env status mark wait refresh "responder stop"; do
    # shellcheck disable=SC2086
    exits 72 ocsp-lab $command --dir "$T/none"
    [[ $output == *"none: no lab runs there"* ]]
  done
}

@test "a lab that cannot start says why in one line, and leaves nothing" {
  run -64 --separate-stderr ocsp-lab up --validity nonsense
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ $stderr == *"ocsp-responder: "*nonsense* ]]
  [ -z "$output" ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "a failure is something that eval fails on" {
  run --separate-stderr ocsp-lab up --env --validity nonsense
  [ "$status" -ge 64 ]
  [[ $output == "false # "* ]]
  exits 1 bash -c "$output"
  run --separate-stderr ocsp-lab up --no-such-option --env
  [ "$status" -eq 64 ]
  exits 1 bash -c "$output"
}

@test "a directory that cannot be made is refused" {
  : >file
  exits 74 ocsp-lab up --dir "$T/file/lab"
  [ "${#lines[@]}" -eq 1 ]
}

@test "a closed output ends the lab that nobody has heard of" {
  exits 74 bash -c 'ocsp-lab up >/dev/full'
  [ -z "$(ls "$TMPDIR")" ]
}

@test "options for the others reach them" {
  eval "$(ocsp-lab up --env --algorithm rsa2048 --depth 2 --signer ca \
    --must-staple --san other.example --days 7 --validity 2h)"
  openssl x509 -in "$OCSP_LAB_CERT" -noout -text >text
  grep 'Public-Key: (2048 bit)' text
  grep 'TLS Feature' text
  grep 'DNS:other.example' text
  openssl x509 -in "$OCSP_LAB_CERT" -noout -checkend $((6 * 86400))
  run ! openssl x509 -in "$OCSP_LAB_CERT" -noout -checkend $((8 * 86400))
  [ "$(grep -c BEGIN "$OCSP_LAB_CERT")" -eq 2 ]
  ocsp-check --cert www --json | tee json
  /usr/bin/python3 -c 'import json
from datetime import datetime as d
j = json.load(open("json"))
t = [d.strptime(j[k], "%Y-%m-%dT%H:%M:%SZ") for k in ("this_update", "next_update")]
assert (t[1] - t[0]).total_seconds() == 7200, t'
}

@test "--no-stapler: a lab for a server of one's own" {
  eval "$(ocsp-lab up --env --no-stapler --host db.example)"
  [ "$OCSP_LAB_HOST" = db.example ]
  [ -z "${OCSP_LAB_HTTPS_URL+x}${OCSP_LAB_PORT+x}${OCSP_LAB_STAPLER_STATUS_URL+x}" ]
  openssl x509 -in "$OCSP_LAB_CERT" -noout -checkhost db.example | grep 'does match'
  openssl x509 -in "$OCSP_LAB_CERT" -noout -checkhost localhost | grep 'does match'
  exits 0 ocsp-lab status
  [[ $output != *stapler* ]]
  [ "$(ocsp-lab env --json | field https_url)" = "" ]
  exits 72 ocsp-lab refresh
  [[ $output == *"has no stapler"* ]]
  exits 72 ocsp-lab wait --staple good
  exits 0 ocsp-check --cert www
  [ "$(ocsp-lab mark)" -eq 1 ]
  exits 64 ocsp-lab up --no-stapler --on-revoked keep
  exits 64 ocsp-lab up --host a,b
  exits 64 ocsp-lab up --host ''
}

@test "--host beside --san, and with a stapler" {
  eval "$(ocsp-lab up --env --host db.example --san other.example)"
  openssl x509 -in "$OCSP_LAB_CERT" -noout -ext subjectAltName >names
  grep -q 'DNS:other.example, DNS:db.example' names
  [ "$OCSP_LAB_HOST" = db.example ]
  exits 0 ocsp-check --servername db.example --connect "localhost:$OCSP_LAB_PORT"
}

@test "options that init, issue and the responder have too" {
  eval "$(ocsp-lab up --env --no-stapler --ca-days 50 --days 3 --crl-url lab \
    --signer-algorithm rsa2048 --profile client \
    --ocsp-url http://second.example --max-wait 1s --log-format json)"
  ocsp-ca show www | grep -q 'http://second.example'
  openssl x509 -in "$OCSP_LAB_CERT" -noout -text >text
  grep -q "$OCSP_LAB_OCSP_URL/crl/root.crl" text
  grep -q 'TLS Web Client Authentication' text
  openssl x509 -in "$OCSP_LAB_CA" -noout -checkend $((49 * 86400))
  run ! openssl x509 -in "$OCSP_LAB_CA" -noout -checkend $((51 * 86400))
  openssl pkey -in "$OCSP_LAB_DIR"/responder/*.pem -noout -text | grep -q '2048 bit'
}

@test "the lab's time for libfaketime, and a word that foreign programs lack it" {
  eval "$(ocsp-lab up --env --no-stapler)"
  [ "$OCSP_LAB_FAKETIME" = +0 ]
  ocsp-ca clock advance 7d 2>note
  grep -q 'foreign programs .* keep the real time' note
  eval "$(ocsp-lab env)"
  [ "$OCSP_LAB_FAKETIME" = +604800 ]
  ocsp-ca clock freeze 2030-05-06T07:08:09Z --json 2>/dev/null | field now
  [ "$(TZ=UTC ocsp-lab env --json | field faketime)" = "2030-05-06 07:08:09" ]
  ocsp-ca clock real 2>note
  [ ! -s note ]
}

@test "config prints what a server needs, and where it listens" {
  eval "$(ocsp-lab up --env --no-stapler --host db.example --dir "$T/a lab")"
  for server in nginx apache haproxy caddy hitch; do
    exits 0 ocsp-lab config "$server"
    [[ $output == *"https://db.example:"*"$OCSP_LAB_DIR"* ]]
    [[ $output != *@* ]]
  done
  exits 0 ocsp-lab config nginx --port 8443
  grep -q "listen .*:8443 ssl" <<<"$output"
  [ "$(stat -c %a "$OCSP_LAB_DIR/run/haproxy/www.pem")" = 600 ]
  exits 64 ocsp-lab config iis
  exits 64 ocsp-lab config nginx --port 70000
  eval "$(ocsp-lab up --env --no-stapler --dir "$T/a\$b")"
  exits 78 ocsp-lab config nginx
}

@test "wrong options exit 64 with one line" {
  for words in up\ --format\ xml up\ --owner\ me up\ word run run\ --owner\ none\ --\ true \
    "wait --fetches x" "wait --timeout x" "refresh a b" "responder dance" \
    "no-such-command" "status --format" "demo --loud"; do
    # shellcheck disable=SC2086
    exits 64 ocsp-lab $words
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "ocsp-lab: "* ]]
  done
}

@test "a caller without standard descriptors gets its lab all the same" {
  ocsp-lab up --dir "$T/d" --owner none <&- >&- 2>&-
  exits 0 ocsp-lab status --dir "$T/d"
  exits 0 ocsp-lab down --dir "$T/d"
}
