#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab mark, wait, refresh: what tests do instead of sleeping.

load helper

setup_file() {
  unset OCSP_LAB_DIR
}

@test "mark is the number of the last request" {
  eval "$(ocsp-lab up --env)"
  before=$(ocsp-lab mark)
  ocsp-check --cert www
  [ "$(ocsp-lab mark)" -eq $((before + 1)) ]
  [ "$(ocsp-lab mark --json | field last)" -eq $((before + 1)) ]
}

@test "wait returns at once for what has happened already" {
  eval "$(ocsp-lab up --env)"
  before=$(ocsp-lab mark)
  ocsp-check --cert www
  exits 0 ocsp-lab wait --since "$before" --timeout 60s
  exits 0 ocsp-lab wait --since "$before" --cert www --timeout 60s
}

@test "wait blocks until enough requests for that certificate have come" {
  eval "$(ocsp-lab up --env)"
  ocsp-ca issue other
  ocsp-lab wait --cert other --staple good
  before=$(ocsp-lab mark)
  ocsp-lab wait --since "$before" --cert other --fetches 3 --timeout 60s \
    --json >seen &
  waiter=$!
  ocsp-check --cert other
  ocsp-check --cert www
  ocsp-check --cert other
  kill -0 "$waiter"
  ocsp-check --cert other
  wait "$waiter"
  [ "$(field requests <seen | /usr/bin/python3 -c \
    'import json, sys; print(len(json.load(sys.stdin)))')" -ge 3 ]
}

@test "wait gives up with exit 75 and what it saw" {
  eval "$(ocsp-lab up --env)"
  before=$(ocsp-lab mark)
  ocsp-check --cert www
  run -75 --separate-stderr ocsp-lab wait --since "$before" --fetches 2 \
    --timeout 100ms
  [[ $stderr == *"saw 1 of 2 fetches since $before"* ]]
  run -75 --separate-stderr ocsp-lab wait --staple revoked --timeout 100ms
  [[ $stderr == *"the staple of www is good, not revoked"* ]]
}

@test "refresh fetches before it returns" {
  eval "$(ocsp-lab up --env)"
  ocsp-ca revoke www --reason superseded
  exits 0 ocsp-check www
  before=$(ocsp-lab mark)
  exits 0 ocsp-lab refresh www
  [[ $output == "www: revoked"* ]]
  exits 0 ocsp-lab wait --since "$before" --cert www --timeout 0s
  exits 0 ocsp-lab wait --staple revoked --timeout 0s
  exits 1 ocsp-check www
}

@test "refresh of a name that the stapler does not have is exit 72" {
  eval "$(ocsp-lab up --env)"
  exits 72 ocsp-lab refresh nobody
  [ "${#lines[@]}" -eq 1 ]
}

@test "wait --staple waits for a certificate that is new" {
  eval "$(ocsp-lab up --env)"
  ocsp-lab wait --cert late --staple good --timeout 60s &
  waiter=$!
  ocsp-ca issue late
  wait "$waiter"
  exits 0 ocsp-check late
}
