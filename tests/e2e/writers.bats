#!/usr/bin/env bats
# Many programs that write one database: they wait for each other, with a bound.

load helper

# Everything that writes, in turns, until all is done or something has failed.
# It prints what it does.
writer() {
  local me=$1 i
  for i in 1 2 3 4 5; do
    ocsp-ca issue "w$me-$i" "v$me-$i" || return
    ocsp-ca hold "w$me-$i" || return
    ocsp-ca crl || return
    ocsp-ca release "w$me-$i" || return
    ocsp-ca clock advance 1m || return
    ocsp-ca revoke "w$me-$i" "v$me-$i" --reason superseded || return
  done
}

@test "eight writers at once: all wait, none fails, nothing is lost" {
  ocsp-ca init
  pids=()
  for me in {1..8}; do
    writer "$me" >"$me.log" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ "$(ocsp-ca list --json | grep -o '"status":"revoked"' | wc -l)" -eq 80 ]
  ocsp-ca crl --json | grep -q '"number":41,'
  openssl crl -inform DER -in lab/crl/root.crl -noout -text |
    grep -c 'Serial Number:' | grep -qx 80
  # 40 times a minute, and some seconds
  offset=$(ocsp-ca clock --json | field offset)
  [ "$offset" -ge 2400 ]
  [ "$offset" -lt 2460 ]
  # One number per change, none twice, none left out.
  ocsp-ca events | awk '$1 != NR { exit 1 }'
}

# locked : somebody holds the write lock until the end of the test, or until
# the descriptor $locked is closed.
locked() {
  mkfifo held free
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db", isolation_level=None)
c.execute("begin exclusive")
open("held", "w").close()
open("free").read()' &
  locker=$!
  echo "$locker" >>"$T/pids"
  : <held
  exec {locked}>free
}

lab() {
  ocsp-ca init --temporary
  ocsp-ca issue www mail
  ocsp-ca hold mail
}

# Sleeping is what a waiting writer does, and all that strace shows of it.
naps='-qq -e trace=?nanosleep,?clock_nanosleep,?clock_nanosleep_time64'

need_strace() {
  # The leak checker is a tracer too, and there is room for one.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
}

@test "a writer waits until the lock is free" {
  need_strace
  lab
  locked
  mkfifo sleeps
  # shellcheck disable=SC2086 # options
  strace $naps -o sleeps ocsp-ca revoke www >out 2>&1 {locked}>&- &
  pid=$!
  exec {watch}<sleeps
  read -r -t 60 -u "$watch" nap
  [[ $nap == *nanosleep* ]]
  exits 0 ocsp-ca status www # readers do not wait
  exec {locked}>&-
  cat <&"$watch" >/dev/null
  wait "$pid"
  exits 1 ocsp-ca status www
}

# bounded CMD... : fails with 75 and one line that names the bound, after having
# slept as long; which costs no time here.
bounded() {
  # A preloaded library before the address sanitizer is what we want.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
  exits 75 env "LD_PRELOAD=$T/hurry.so" "HURRY_FILE=$T/slept" ocsp-ca "$@"
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "ocsp-ca: lab/ca.db: another process kept it locked for 30 s:"*"try again"* ]]
  # The rest of the 30 seconds is what a busy machine took of them.
  [ "$(cat slept)" -ge 15 ]
  [ "$(cat slept)" -le 31 ]
}

# Commands that change something and need no file.
changes="issue new
issue www --renew
add-ca sub
revoke www
hold www
release mail
crl
signer rotate
clock advance 1h"

@test "a lock that stays: 75 after 30 seconds, one line, nothing changed" {
  cc -shared -fPIC -D_GNU_SOURCE -o hurry.so \
    "$OCSP_LAB_SOURCE/tests/e2e/hurry.c" || skip "no compiler here"
  lab
  export OCSP_LAB_DIR=lab
  events=$(ocsp-ca events)
  files=$(find lab -type f ! -name 'ca.db*')
  locked
  while read -r command; do
    # shellcheck disable=SC2086 # words
    bounded $command
  done <<<"$changes"
  [ "$(ocsp-ca clock --json | field mode)" = real ]
  exec {locked}>&-
  wait "$locker"
  [ "$events" = "$(ocsp-ca events)" ]
  [ "$files" = "$(find lab -type f ! -name 'ca.db*')" ]
  exits 0 ocsp-ca revoke www
}
