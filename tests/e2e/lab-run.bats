#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab run: a lab for one command.

load helper

setup_file() {
  unset OCSP_LAB_DIR
}

left_nothing() {
  [ -z "$(ls "$TMPDIR")" ]
}

@test "the command's exit code is run's, signals as 128 and more" {
  exits 0 ocsp-lab run -- true
  exits 7 ocsp-lab run --no-bundle -- sh -c 'exit 7'
  # shellcheck disable=SC2016
  exits 137 ocsp-lab run --no-bundle -- sh -c 'kill -9 $$'
  run -127 ocsp-lab run -- "$T/no-such-program"
  : >not-executable
  exits 126 ocsp-lab run -- "$T/not-executable"
  left_nothing
}

@test "a lab that fails is exit 125" {
  TMPDIR=$T/none exits 125 ocsp-lab run -- true
  [ "${#lines[@]}" -eq 1 ]
  eval "$(ocsp-lab up --dir "$T/d" --env)"
  exits 125 ocsp-lab run --dir "$T/d" -- true
  [[ $output == *"a lab runs there already"* ]]
  left_nothing
}

@test "the command sees the lab, and options of its own stay its own" {
  # shellcheck disable=SC2016
  exits 0 ocsp-lab run --must-staple sh -c \
    'test "$1" = --json && ocsp-check www --policy must-staple' sh --json
}

@test "signals to run reach the command" {
  serve run ocsp-lab run -- /usr/bin/python3 -c 'import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
print("up", flush=True)
signal.pause()'
  halt "$pid"
  [ "$status" -eq 9 ]
  left_nothing
}

@test "kill -9 of run ends its lab" {
  # shellcheck disable=SC2016
  serve run ocsp-lab run -- sh -c \
    'echo $OCSP_LAB_PID $$; exec tail -f /dev/null'
  read -r supervisor command <<<"$ready"
  kill -9 "$pid"
  gone "$supervisor"
  kill "$command"
  left_nothing
}

@test "labs nest without touching each other" {
  # shellcheck disable=SC2016
  exits 0 ocsp-lab run -- sh -c '
    outer=$OCSP_LAB_DIR
    ocsp-lab run -- sh -c "
      test \"\$OCSP_LAB_DIR\" != \"$outer\" && ocsp-ca revoke www" &&
      ocsp-check www && ocsp-check --cert www'
  left_nothing
}

@test "a directory with spaces" {
  export TMPDIR="$T/tmp/with space"
  mkdir "$TMPDIR"
  exits 0 ocsp-lab run -- ocsp-check www
  left_nothing
}

@test "20 labs at the same time do not touch each other" {
  local pids=() i
  for i in $(seq 20); do
    # Every second one revokes: none of the others may notice.
    # shellcheck disable=SC2016
    ocsp-lab run -- sh -c '
      if [ $(($1 % 2)) = 0 ]; then
        ocsp-ca revoke www && ocsp-lab refresh && ocsp-check www
        test $? = 1
      else
        ocsp-check www && ocsp-check --cert www
      fi' sh "$i" >"lab$i.log" 2>&1 &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || { cat "lab$((i + 1)).log"; return 1; }
  done
  left_nothing
}
