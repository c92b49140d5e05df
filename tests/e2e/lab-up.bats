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
  [ "$(wc -l <from-sh)" -eq 13 ]
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
