# shellcheck shell=bash
# For every program test: `load helper`.  Each test has its own folder, its own
# ports (always 0), and ends only the processes that it started.

bats_require_minimum_version 1.5.0
export PATH="${OCSP_LAB_BIN:?run the tests with ctest or tests/run.sh}:$PATH"
# The caller's lab is not ours.  Bats reads this file more than once, each time
# with what the last reading has left: so the build's own variables stay.
for variable in "${!OCSP_LAB_@}"; do
  case $variable in
    OCSP_LAB_BIN | OCSP_LAB_BUILD | OCSP_LAB_SOURCE) ;;
    OCSP_LAB_HANDSHAKES | OCSP_LAB_CERTIFICATES) ;; # sizes of e2e/stapler-threads
    *) unset "$variable" ;;
  esac
done
OCSP_LAB_SOURCE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
export OCSP_LAB_SOURCE

setup() {
  T=$BATS_TEST_TMPDIR
  cd "$T" || return 1
  export OCSP_LAB_DIR=$T/lab
  export TMPDIR=$T/tmp
  mkdir "$TMPDIR"
  : >"$T/pids"
}

teardown() {
  local pid
  while read -r pid; do
    kill "$pid" 2>/dev/null || continue
    wait "$pid" 2>/dev/null || true
  done <"$T/pids"
  if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
    tail -n 40 "$T"/*.log 2>/dev/null || true
  fi
}

# serve NAME CMD ARG... : starts a server and waits for its ready line, which
# is then in $ready; its process id is in $pid, its stderr in NAME.log.
serve() {
  local name=$1
  shift
  mkfifo "$T/$name.out"
  "$@" >"$T/$name.out" 2>"$T/$name.log" 3>&- &
  pid=$!
  echo "$pid" >>"$T/pids"
  exec {ready_fd}<"$T/$name.out"
  rm "$T/$name.out"
  if ! read -r -t 60 -u "$ready_fd" ready; then
    echo "$name did not become ready" >&2
    cat "$T/$name.log" >&2
    return 1
  fi
}

# halt PID : SIGTERM, and its exit code in $status.
halt() {
  kill "$1"
  status=0
  wait "$1" || status=$?
}

# field KEY : of the JSON on standard input, as text; nothing if absent.
field() {
  /usr/bin/python3 -ISc 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("."):
    v = v[int(k)] if isinstance(v, list) else v.get(k) if v is not None else None
if v is not None:
    print(v if isinstance(v, str) else json.dumps(v))' "$1"
}

# exits CODE CMD ARG... : run, and the exit code must be CODE; $output has
# what it printed, both streams.
exits() {
  local want=$1
  shift
  run "$@"
  if [ "$status" -ne "$want" ]; then
    echo "exit $status, wanted $want: $*" >&2
    echo "$output" >&2
    return 1
  fi
}

# gone PID... : waits for the end of processes that are not our children.
gone() {
  timeout 60 /usr/bin/python3 -c 'import os, select, sys
for pid in sys.argv[1:]:
    try:
        select.select([os.pidfd_open(int(pid))], [], [])
    except ProcessLookupError:
        pass' "$@"
}
