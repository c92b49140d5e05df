#!/usr/bin/env bats
# shellcheck shell=bash
# How long a lab lives, and what is left when something is killed.

load helper

setup_file() {
  unset OCSP_LAB_DIR
}

# servers : process numbers of the lab in OCSP_LAB_DIR, supervisor first
servers() {
  ocsp-lab status --json | /usr/bin/python3 -c 'import json, sys
lab = json.load(sys.stdin)
print(lab["pid"], *(s["pid"] for s in lab["servers"].values()))'
}

# An owner that starts a lab, says where, and waits to be killed.
owner() {
  serve owner bash -c 'ocsp-lab up --json; exec tail -f /dev/null'
  OCSP_LAB_DIR=$(field dir <<<"$ready")
}

@test "kill -9 of the owner ends the lab and removes what is temporary" {
  owner
  read -ra pids <<<"$(servers)"
  kill -9 "$pid"
  gone "${pids[@]}"
  [ -z "$(ls "$TMPDIR")" ]
}

@test "an owner that just exits ends the lab, but not a directory of one's own" {
  bash -c 'ocsp-lab up --dir own --json >json; cp own/run/lab.json .'
  gone "$(field pid <json)"
  [ -f own/ca.db ]
  exits 72 ocsp-lab status --dir own
}

@test "a subshell is not the owner: the lab outlives the substitution" {
  for shell in bash dash; do
    # shellcheck disable=SC2016
    $shell -c '
      set -e
      eval "$(ocsp-lab up --env || exit 1)"
      (ocsp-lab status >/dev/null; true)
      out=$(true; ocsp-lab env --json; true)
      test -n "$out"
      ocsp-lab down'
  done
}

@test "--owner PID: the lab ends with that process" {
  serve other bash -c 'echo here; exec tail -f /dev/null'
  eval "$(ocsp-lab up --env --owner "$pid")"
  kill -9 "$pid"
  gone "$OCSP_LAB_PID"
  exits 72 ocsp-lab up --owner "$pid"
}

@test "--owner none: the lab lives until down" {
  bash -c 'ocsp-lab up --env --owner none' >environment
  # shellcheck disable=SC1091
  . ./environment
  exits 0 ocsp-lab status
  exits 0 ocsp-lab down
  gone "$OCSP_LAB_PID"
  [ -z "$(ls "$TMPDIR")" ]
}

@test "down waits until the servers are gone, and can be repeated" {
  eval "$(ocsp-lab up --env)"
  read -ra pids <<<"$(servers)"
  exits 0 ocsp-lab down
  run ! kill -0 "${pids[1]}"
  run ! kill -0 "${pids[2]}"
  [ ! -e "$OCSP_LAB_DIR" ]
  exits 0 ocsp-lab down
  [[ $output == *"no lab runs there"* ]]
}

@test "down --keep leaves the directory, which starts again" {
  eval "$(ocsp-lab up --env)"
  url=$OCSP_LAB_OCSP_URL
  ocsp-lab down --keep
  eval "$(ocsp-lab up --dir "$OCSP_LAB_DIR" --env)"
  [ "$OCSP_LAB_OCSP_URL" = "$url" ]
}

@test "SIGTERM to the supervisor is as good as down" {
  eval "$(ocsp-lab up --env)"
  kill "$OCSP_LAB_PID"
  gone "$OCSP_LAB_PID"
  [ ! -e "$OCSP_LAB_DIR" ]
}

@test "a server that ends by itself stays down, the lab goes on" {
  eval "$(ocsp-lab up --env)"
  read -ra pids <<<"$(servers)"
  kill -9 "${pids[2]}"
  gone "${pids[2]}"
  exits 71 ocsp-lab status
  exits 0 ocsp-lab mark
}

@test "kill -9 of the supervisor takes the servers along, and up works again" {
  eval "$(ocsp-lab up --env --dir "$T/d")"
  url=$OCSP_LAB_OCSP_URL
  for _ in 1 2 3; do
    kill -9 "$OCSP_LAB_PID"
    # At once: the servers may still be about to end.
    eval "$(ocsp-lab up --env --dir "$T/d")"
    [ "$OCSP_LAB_OCSP_URL" = "$url" ]
    exits 0 ocsp-lab status
  done
}

@test "kill -9 of all of them, and up works again" {
  eval "$(ocsp-lab up --env --dir "$T/d")"
  # shellcheck disable=SC2046
  kill -9 $(servers)
  eval "$(ocsp-lab up --env --dir "$T/d")"
  exits 0 ocsp-lab status
  exits 0 ocsp-check www
}

# kill_all_of WORD : every process that has it on its command line
kill_all_of() {
  local pid
  for pid in $(grep -lzsF -- "$1" /proc/[0-9]*/cmdline | cut -d/ -f3); do
    kill -9 "$pid" 2>/dev/null || true
  done
}

@test "kill -9 of all at any moment of the start, and up works again" {
  for _ in $(seq 15); do
    ocsp-lab up --dir "$T/d" >/dev/null 2>&1 &
    # Somewhere within its start, each time elsewhere.
    head -c $((RANDOM * 500)) /dev/zero | sha1sum >/dev/null
    kill_all_of "$T/d"
    wait $! || true
  done
  eval "$(ocsp-lab up --env --dir "$T/d")"
  exits 0 ocsp-lab status
  exits 0 ocsp-check www
}

@test "kill -9 of up alone leaves no lab that nobody knows of" {
  for _ in $(seq 15); do
    ocsp-lab up --owner none >/dev/null 2>&1 &
    head -c $((RANDOM * 500)) /dev/zero | sha1sum >/dev/null
    kill -9 $! || true
    wait $! || true
  done
  # A lab whose `up` had printed is known, and ends like any other; the
  # others end by themselves.
  # (A sanitizer that is killed leaves files of its own.)
  for dir in "$TMPDIR"/ocsp-lab.*; do
    [ ! -e "$dir" ] || ocsp-lab down --dir "$dir"
  done
  # shellcheck disable=SC2046
  gone $(grep -lzsxF "TMPDIR=$TMPDIR" /proc/[0-9]*/environ | cut -d/ -f3)
  [ -z "$(compgen -G "$TMPDIR/ocsp-lab.*")" ]
}

@test "down removes what a killed temporary lab has left" {
  eval "$(ocsp-lab up --env)"
  read -ra pids <<<"$(servers)"
  kill -9 "$OCSP_LAB_PID"
  gone "${pids[@]}"
  [ -d "$OCSP_LAB_DIR" ]
  exits 0 ocsp-lab down
  [ ! -e "$OCSP_LAB_DIR" ]
}

@test "responder restart and start: the same ports, whoever had the old one" {
  eval "$(ocsp-lab up --env)"
  pid=$(ocsp-lab status --json | field servers.responder.pid)
  exits 0 ocsp-lab responder restart
  [ "$(ocsp-lab status --json | field servers.responder.pid)" != "$pid" ]
  exits 0 ocsp-check --cert www
  curl -sS "$OCSP_LAB_RESPONDER_STATUS_URL/healthz"
  exits 0 ocsp-lab responder stop
  exits 0 ocsp-lab responder restart
  exits 0 ocsp-check --cert www
}

@test "responder pause: connections are taken and not answered, until resume" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab responder pause
  exits 0 ocsp-lab responder pause
  exits 0 ocsp-lab status
  [[ $output == *"responder  PAUSED"* ]]
  run -28 curl -sS --max-time 0.3 "$OCSP_LAB_OCSP_URL/"
  exits 75 ocsp-lab mark
  exits 75 ocsp-lab wait --fetches 1
  exits 0 ocsp-lab responder resume
  exits 0 ocsp-check --cert www
  exits 0 ocsp-lab responder pause
  exits 0 ocsp-lab responder start
  exits 0 ocsp-check --cert www
  exits 0 ocsp-lab responder pause
  exits 0 ocsp-lab down
}

@test "pause and resume of a responder that is down" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab responder stop
  exits 72 ocsp-lab responder pause
  [[ $output == *"the responder is down: stopped"* ]]
  exits 72 ocsp-lab responder resume
}

@test "responder stop makes the port refuse, start takes it back" {
  eval "$(ocsp-lab up --env)"
  exits 0 ocsp-lab responder stop
  run -7 curl -sS "$OCSP_LAB_OCSP_URL/"
  exits 71 ocsp-lab status
  exits 0 ocsp-lab responder start
  exits 0 ocsp-lab status
  exits 0 ocsp-check --cert www
}
