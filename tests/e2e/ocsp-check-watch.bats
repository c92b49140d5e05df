#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check --watch: a line for each change of what a server staples, or of
# what a responder says.

# shellcheck disable=SC2154 # set by the helpers

load helper

lab() {
  eval "$(ocsp-lab up --env --dir "$OCSP_LAB_DIR" --owner $$)"
}

# watched ARG... : starts it; its first line is in $ready.
watched() {
  serve watch ocsp-check --watch 20ms "$@"
}

# line : the next line of the watch, which must come, in $ready
line() {
  read -r -t 60 -u "$ready_fd" ready
}

# revoke REASON : www
revoke() {
  ocsp-ca revoke www --reason "$1" >/dev/null
}

@test "a line for the first look, and one for every change of the staple" {
  lab
  watched
  [[ $ready == 20*"Z good serial "*" thisUpdate 20"*"Z: not revoked"* ]]
  revoke superseded
  # The staple is the old one until the server asks again: nothing to tell.
  ocsp-lab refresh www >/dev/null
  line
  [[ $ready == 20*"Z revoked serial "*" thisUpdate "*superseded* ]]
  ocsp-ca clock advance 30d
  line
  [[ $ready != *"Z good "* ]]
  halt "$pid"
  [ "$status" -eq 0 ]
  ocsp-lab down
}

@test "--json is one object a line, the same as without --watch" {
  lab
  watched --json
  [ "$(field verdict <<<"$ready")" = good ]
  ocsp-check --json >once
  diff <(/usr/bin/python3 -c 'import json, sys
print("\n".join(sorted(json.load(sys.stdin))))' <once) \
    <(/usr/bin/python3 -c 'import json, sys
print("\n".join(sorted(json.load(sys.stdin))))' <<<"$ready")
  revoke keyCompromise
  ocsp-lab refresh www >/dev/null
  line
  [ "$(field verdict <<<"$ready")" = revoked ]
  [ "$(field reason <<<"$ready")" = keyCompromise ]
  halt "$pid"
  [ "$status" -eq 0 ]
  ocsp-lab down
}

@test "a live answer is watched by name, and the serial of a renewed one is told" {
  lab
  # Its answers are as new as they are asked for: what is watched is the clock's.
  ocsp-ca clock freeze
  watched --cert www --json
  first=$(field serial <<<"$ready")
  ocsp-ca hold www >/dev/null
  line
  [ "$(field reason <<<"$ready")" = certificateHold ]
  ocsp-ca release www >/dev/null
  line
  [ "$(field verdict <<<"$ready")" = good ]
  ocsp-ca issue www --renew >/dev/null
  line
  [ "$(field verdict <<<"$ready")" = good ]
  [ "$(field serial <<<"$ready")" != "$first" ]
  ocsp-lab responder stop
  line
  [ "$(field verdict <<<"$ready")" = unreachable ]
  ocsp-lab responder start
  line
  [ "$(field verdict <<<"$ready")" = good ]
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
  ocsp-lab down
}

@test "it ends at once, also in the middle of a handshake that hangs" {
  serve mute /usr/bin/python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c = [s.accept()[0]]
print("asked", flush=True)
while True:
    c.append(s.accept()[0])'
  port=$ready
  ocsp-check --watch 1s "127.0.0.1:$port" >said 2>&1 3>&- &
  pid=$!
  echo "$pid" >>pids
  line
  [ "$ready" = asked ]
  halt "$pid"
  [ "$status" -eq 0 ]
  [ ! -s said ]
}

@test "a reader that goes away ends it with a word" {
  lab
  run timeout 60 bash -c \
    "set -o pipefail; ocsp-check --watch 20ms --cert www --json | head -n 1"
  [ "$status" -eq 74 ]
  [[ $output == *"ocsp-check: standard output: nobody reads it any more"* ]]
  run timeout 60 bash -c "ocsp-check --watch 20ms >/dev/full"
  [ "$status" -eq 74 ]
  ocsp-lab down
}

@test "what makes no sense together is told" {
  for args in '--watch 0' '--watch soon' '--watch -1s' '--watch 1s --compare' \
    '--watch 1s --expect good' '--watch 1s --save x' \
    '--watch 1s --response r --cert c'; do
    # shellcheck disable=SC2086
    exits 64 ocsp-check a:1 $args
    [[ ${lines[0]} == "ocsp-check: "*--watch* ]]
  done
}
