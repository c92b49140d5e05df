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

@test "wait --staple absent, and a state that there is none of" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab wait --cert nobody --staple absent --timeout 60s
  [ "$output" = "nobody: absent" ]
  exits 64 ocsp-lab wait --staple godo
  [[ $output == *"--staple 'godo': one of good, revoked,"* ]]
  exits 64 ocsp-lab wait --responder away
  exits 64 ocsp-lab wait --staple good --cert 'a&state=none'
}

@test "wait --staple hears of a change that nobody asked for" {
  eval "$(ocsp-lab up --env --validity 1h)"
  ocsp-lab responder stop
  ocsp-lab wait --staple expired --timeout 60s --json >seen &
  waiter=$!
  ocsp-ca clock advance 2h
  wait "$waiter"
  [ "$(field staple <seen)" = expired ]
}

@test "wait --responder and --stapler: up, down and paused, also by a kill" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab wait --responder up --stapler up --timeout 0s
  [ "$output" = $'responder: up\nstapler: up' ]
  exits 75 ocsp-lab wait --responder down --timeout 100ms
  [[ $output == *"the responder is up, not down"* ]]
  ocsp-lab responder pause
  exits 0 ocsp-lab wait --responder paused --timeout 60s
  ocsp-lab responder resume
  for word in responder stapler; do
    ocsp-lab wait "--$word" down --timeout 60s &
    waiter=$!
    kill -9 "$(ocsp-lab status --json | field "servers.$word.pid")"
    wait "$waiter"
  done
  exits 75 ocsp-lab wait --staple good --timeout 100ms
  [[ $output == *"not good: the stapler is down (signal 9)"* ]]
  ocsp-lab wait --responder up --timeout 60s &
  waiter=$!
  ocsp-lab responder start
  wait "$waiter"
}

@test "fetches go on being waited for while the responder is away" {
  eval "$(ocsp-lab up --env --no-stapler)"
  before=$(ocsp-lab mark)
  ocsp-lab responder stop
  exits 75 ocsp-lab wait --since "$before" --timeout 100ms
  [[ $output == *"saw 0 of 1 fetches since $before: the responder is down (stopped)"* ]]
  ocsp-lab wait --since "$before" --timeout 60s &
  waiter=$!
  ocsp-lab responder start
  ocsp-check --cert www
  wait "$waiter"
}

@test "a restart in the middle of a wait is no end of it" {
  eval "$(ocsp-lab up --env --no-stapler)"
  ocsp-lab wait --fetches 2 --timeout 60s --json >seen &
  waiter=$!
  ocsp-check --cert www
  ocsp-lab responder restart
  kill -9 "$(ocsp-lab status --json | field servers.responder.pid)"
  ocsp-lab wait --responder down --timeout 60s
  ocsp-lab responder start
  ocsp-check --cert www
  ocsp-check --cert www
  wait "$waiter"
}

@test "what was marked before a restart stays behind, whatever came of it" {
  eval "$(ocsp-lab up --env --no-stapler)"
  for i in 1 2 3 4 5; do
    ocsp-check --cert www
  done
  before=$(ocsp-lab mark)
  ocsp-lab responder restart
  exits 75 ocsp-lab wait --since "$before" --timeout 0s
  ocsp-check --cert www
  exits 0 ocsp-lab wait --since "$before" --timeout 60s
  [ "$(ocsp-lab mark)" -gt "$before" ]
  # With no responder to ask, too.
  ocsp-lab responder stop
  before=$(ocsp-lab mark)
  ocsp-lab responder start
  [ "$(ocsp-lab mark)" -ge "$before" ]
  exits 75 ocsp-lab wait --since "$before" --timeout 0s
  ocsp-check --cert www
  exits 0 ocsp-lab wait --since "$before" --timeout 60s
}

@test "the end of the lab ends a wait" {
  eval "$(ocsp-lab up --env)"
  ocsp-lab wait --responder down --timeout 60s 2>log &
  waiter=$!
  # It has its first word from the supervisor before this is done.
  exits 75 ocsp-lab wait --responder down --timeout 0s
  ocsp-lab down
  status=0
  wait "$waiter" || status=$?
  [ "$status" -eq 72 ]
  grep -q 'no lab runs there' log
}
