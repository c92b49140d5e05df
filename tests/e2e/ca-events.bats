#!/usr/bin/env bats
# ocsp-ca events: the trail, also as it grows.

load helper

# follow OUT OPTION... : a follower in the background; its process id is in
# $pid, and what it says can be read from ${trail[OUT]}.
declare -gA trail
follow() {
  local out=$1 fd
  shift
  mkfifo "$out.pipe"
  ocsp-ca events --follow "$@" >"$out.pipe" 2>"$out.log" 3>&- &
  pid=$!
  echo "$pid" >>pids
  exec {fd}<"$out.pipe"
  trail[$out]=$fd
}

# seen OUT WORDS [N] : reads its lines into the file OUT until N of them have
# these words.
seen() {
  local line left=${3:-1}
  while [ "$left" -gt 0 ]; do
    read -r -t 60 -u "${trail[$1]}" line
    printf '%s\n' "$line" >>"$1"
    [[ $line != *"$2"* ]] || left=$((left - 1))
  done
}

@test "each event has number, time, kind, and what it is about" {
  ocsp-ca init --temporary
  ocsp-ca issue www
  ocsp-ca clock freeze 2027-01-01
  last=$(ocsp-ca events --json | tail -n 1 | field seq)
  ocsp-ca revoke www --reason superseded
  ocsp-ca crl
  ocsp-ca events --since "$last" --json >out
  [ "$(wc -l <out)" -eq 2 ]
  head -n 1 out >event
  [ "$(field seq <event)" -eq $((last + 1)) ]
  [ "$(field at <event)" = 2027-01-01T00:00:00Z ]
  [ "$(field kind <event)" = revoke ]
  [ "$(field ca <event)" = root ]
  [ "$(field name <event)" = www ]
  [ "$(field serial <event)" = "$(ocsp-ca show www --json | field serial)" ]
  [ "$(field detail <event)" = superseded ]
  ocsp-ca events --since "$last" |
    grep -E "^ +$((last + 1))  2027-01-01T00:00:00Z  revoke +root www [0-9a-f]+ superseded\$"
}

@test "more events than are read at a time" {
  ocsp-ca init --temporary
  mapfile -t names < <(seq -f n%.0f 130)
  ocsp-ca issue "${names[@]}" >/dev/null
  ocsp-ca revoke "${names[@]}" >/dev/null
  ocsp-ca events --json >out
  last=$(tail -n 1 out | field seq)
  [ "$(wc -l <out)" -eq "$last" ]
  [ "$last" -gt 260 ]
  for since in 0 1 $((last - 128)) $((last - 129)) $((last - 256)) "$last"; do
    [ "$(ocsp-ca events --since "$since" | wc -l)" -eq $((last - since)) ]
  done
}

@test "--follow prints what was, then what comes, at once" {
  ocsp-ca init --temporary
  ocsp-ca issue www mail
  follow out
  seen out ' mail '
  ocsp-ca revoke www
  seen out ' revoke '
  ocsp-ca clock freeze
  seen out ' clock '
  halt "$pid"
  [ "$status" -eq 0 ]
  [ ! -s out.log ]
  cmp out <(ocsp-ca events | sed 's/^ *//')
}

@test "--follow --since N leaves out what is known" {
  ocsp-ca init --temporary
  last=$(ocsp-ca events --json | tail -n 1 | field seq)
  follow out --since "$last" --json
  ocsp-ca issue www
  seen out '"kind":"issue"'
  [ "$(field seq <out)" -eq $((last + 1)) ]
}

@test "SIGINT from a terminal ends a follower with 0" {
  ocsp-ca init --temporary
  timeout 60 /usr/bin/python3 -c '
import signal, subprocess
p = subprocess.Popen(["ocsp-ca", "events", "--follow"], stdout=subprocess.PIPE)
p.stdout.readline()
p.send_signal(signal.SIGINT)
assert p.wait() == 0, p.returncode'
}

@test "4 processes write at once: every event once, in order" {
  ocsp-ca init --temporary
  follow out --json
  follow since --json --since 3
  other=$pid
  workers=()
  for worker in 1 2 3 4; do
    (for i in 1 2 3 4 5 6; do
      ocsp-ca issue "w$worker.$i" && ocsp-ca hold "w$worker.$i" &&
        ocsp-ca release "w$worker.$i" || exit
    done) >"$worker.log" 2>&1 &
    workers+=($!)
  done
  for one in "${workers[@]}"; do
    wait "$one"
  done
  seen out '"kind":"release"' 24
  seen since '"kind":"release"' 24
  kill "$other"
  cmp out <(ocsp-ca events --json)
  cmp since <(ocsp-ca events --json --since 3)
  # One number after the other.
  /usr/bin/python3 -c '
import json
numbers = [json.loads(line)["seq"] for line in open("out")]
assert numbers == list(range(1, len(numbers) + 1)), numbers'
}

@test "a reader that goes away ends a follower, also in silence" {
  ocsp-ca init --temporary
  timeout 60 bash -c 'set -o pipefail; ocsp-ca events --follow | head -n 1'
  timeout 60 /usr/bin/python3 -c '
import subprocess
p = subprocess.Popen(["ocsp-ca", "events", "--follow"], stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE)
p.stdout.readline()
p.stdout.close()
assert p.wait() == 0, p.returncode
assert p.stderr.read() == b""'
}

@test "a follower's line that cannot be written: 74" {
  [ -w /dev/full ] || skip "no /dev/full here"
  ocsp-ca init --temporary
  exits 74 bash -c 'timeout 60 ocsp-ca events --follow >/dev/full'
  [[ $output == *"No space left"* ]]
}

@test "a directory that is removed ends a follower with a line" {
  ocsp-ca init --temporary
  follow out
  seen out ' ca '
  rm -rf lab
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 72 ]
  [ "$(wc -l <out.log)" -eq 1 ]
  grep -q '^ocsp-ca: .*lab/ca.db: ' out.log
}

@test "a follower that has stopped reading holds up nobody" {
  ocsp-ca init --temporary
  mapfile -t names < <(seq -f n%.0f 200)
  ocsp-ca issue "${names[@]}" >/dev/null
  mkfifo pipe
  ocsp-ca events --follow >pipe 2>log 3>&- &
  pid=$!
  echo "$pid" >>pids
  exec {reader}<pipe
  read -r -u "$reader" _
  for name in "${names[@]:0:5}"; do
    ocsp-ca revoke "$name" >/dev/null
  done
  # All that was written can be moved from the log into the database.
  [ "$(/usr/bin/python3 -c 'import sqlite3
print(sqlite3.connect("lab/ca.db").execute("pragma wal_checkpoint(truncate)").fetchone()[0])')" -eq 0 ]
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "refusals of events" {
  ocsp-ca init --temporary
  exits 64 ocsp-ca events --since x
  exits 64 ocsp-ca events more
  exits 64 ocsp-ca events --follow=1
  exits 72 ocsp-ca events --follow --dir nowhere
}
