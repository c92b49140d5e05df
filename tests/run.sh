#!/bin/sh
# Builds and runs the tests.  Safe to repeat.
set -eu

say=run.sh
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../fixtures/packages.sh
. "$top/fixtures/packages.sh"

usage() {
  cat <<USAGE
usage: sh tests/run.sh [--ci | --all] [PATTERN]

Installs the packages that are missing (Debian 12 or 13), builds in build/dev
and runs the tests, or those whose name matches PATTERN (as ctest -R).

  --ci    with -Werror; then most again with clang and the address and undefined
          behaviour sanitizers, the threaded programs with the thread
          sanitizer, and some seconds of fuzzing
  --all   --ci, but all again with each sanitizer; clang-tidy, tests with nginx,
          HAProxy, Apache httpd, Caddy, hitch, Varnish, Java and Go, suites of
          GnuTLS, wolfSSL and Erlang from Debian's source packages, fifty labs
          at once and five hundred runs of the examples, a hundred thousand
          handshakes and a thousand certificates, and both commands of the
          README in a fresh Debian 12 and 13; what can't be had is skipped with
          a word.  The packages of servers may start them as services
USAGE
}

mode=core
pattern=
for argument in "$@"; do
  case $argument in
  --ci) mode=ci ;;
  --all) mode=all ;;
  --help)
    usage
    exit 0
    ;;
  -*)
    echo "$say: '$argument' is not expected: see --help" >&2
    exit 64
    ;;
  *) pattern=$argument ;;
  esac
done

cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)
passed=
failed=
runner=
werror=OFF
[ $mode = core ] || werror=ON

# stage NAME CMD... : runs it and remembers how it went.
stage() {
  stage_name=$1
  shift
  echo "$say: $stage_name"
  if "$@"; then
    passed="$passed $stage_name"
  else
    failed="$failed $stage_name"
  fi
}

# build PRESET TARGET
build() {
  mkdir -p "build/$1"
  if ! { cmake --preset "$1" -DOCSP_LAB_WERROR=$werror &&
    cmake --build "build/$1" -j "$jobs" --target "$2"; } \
    >"build/$1/run.log" 2>&1; then
    tail -n 60 "build/$1/run.log" >&2
    return 1
  fi
}

# tests PRESET TARGET [ctest option...] : builds, then tests side by side; most
# of them wait for others most of the time.
tests() {
  preset=$1
  build "$preset" "$2" || return 1
  shift 2
  run_tests "$preset" "$@"
}

run_tests() {
  preset=$1
  shift
  if [ -n "$pattern" ]; then
    set -- "$@" -R "$pattern"
  fi
  # shellcheck disable=SC2086 # words
  $runner ctest --test-dir "build/$preset" -j $((jobs + 2)) --output-on-failure \
    --no-tests=error "$@"
}

# Clang 14 cannot live with as much address randomisation as newer kernels do.
runner_set() {
  if setarch -R true 2>/dev/null; then
    runner="setarch -R"
  fi
}

# sanitized PRESET TARGET [ctest option...] : no program of ours ever exits 99,
# and a report of a server in the background counts as well.
sanitized() {
  reports=$top/build/$1/reports
  rm -rf "$reports"
  mkdir -p "$reports"
  options="exitcode=99:log_path=\"$reports/report\""
  export ASAN_OPTIONS="$options:detect_stack_use_after_return=1"
  export UBSAN_OPTIONS="$options:print_stacktrace=1"
  export LSAN_OPTIONS="$options" TSAN_OPTIONS="$options"
  runner_set
  result=0
  tests "$@" || result=1
  # Not what the leak checker says of a process that was killed meanwhile.
  if grep -rlE 'ERROR: |WARNING: Thread|runtime error' "$reports"; then
    cat "$reports"/* >&2
    result=1
  fi
  return $result
}

# Builds nothing but the targets.  A pattern may well fit none of them.
fuzz() {
  unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS
  runner_set
  build fuzz fuzz || return 1
  if [ -n "$pattern" ]; then
    run_tests fuzz -L fuzz --no-tests=ignore
  else
    run_tests fuzz -L fuzz
  fi
}

tidy() {
  command -v clang-tidy >/dev/null || {
    echo "$say: clang-tidy: not here, skipped"
    return 0
  }
  find common ca-tools responder stapler fixtures -name '*.c' -print0 |
    xargs -0 -n 8 -P "$jobs" clang-tidy -p build/dev --quiet \
      --warnings-as-errors='*' 2>/dev/null
}

# With what `dev` has built.
heavy() {
  OCSP_LAB_BIN=$top/build/dev/bin OCSP_LAB_BUILD=$top/build/dev \
    bats --print-output-on-failure tests/heavy/*.bats
}

# What CI tries in small, in full; prints the memory before and after.
sizes() {
  OCSP_LAB_BIN=$top/build/dev/bin OCSP_LAB_BUILD=$top/build/dev \
    OCSP_LAB_HANDSHAKES=100000 OCSP_LAB_CERTIFICATES=1000 \
    bats --print-output-on-failure -f 'leave nothing behind|many certificates' \
    tests/e2e/stapler-threads.bats
}

# Each prints its table.
clients() {
  PATH=$top/build/dev/bin:$PATH /usr/bin/python3 tests/heavy/clients.py &&
    PATH=$top/build/dev/bin:$PATH sh fixtures/clients/measure.sh --check
}

oracles() {
  PATH=$top/build/dev/bin:$PATH /usr/bin/python3 tests/heavy/oracles.py
}

# Names of packages: words.
# shellcheck disable=SC2086
case $mode in
core) packages_need $packages_build $packages_test ;;
*) packages_need $packages_build $packages_test $packages_ci ;;
esac
if [ $mode = all ]; then
  # shellcheck disable=SC2046,SC2086
  for package in $(packages_missing $packages_all); do
    packages_need "$package" ||
      echo "$say: $package: can't be had: what needs it is skipped"
  done
fi

started=$(date +%s)
stage dev tests dev all
if [ $mode != core ]; then
  # The labels are those of tests/CMakeLists.txt.
  skipped='wall|once'
  [ $mode = all ] || skipped="$skipped|own"
  stage asan sanitized asan all -LE "$skipped"
  if [ $mode = all ]; then
    stage tsan sanitized tsan all -LE "$skipped"
  else
    stage tsan sanitized tsan threaded -L threaded
  fi
  stage fuzz fuzz
fi
if [ $mode = all ]; then
  stage tidy tidy
  stage heavy heavy
  stage sizes sizes
  stage oracles oracles
  stage clients clients
  stage debian12 sh tests/heavy/fresh-debian.sh bookworm
  stage debian13 sh tests/heavy/fresh-debian.sh trixie
fi

seconds=$(($(date +%s) - started))
if [ -n "$failed" ]; then
  echo "$say: FAILED:$failed; passed:${passed:- none} ($seconds s)"
  exit 1
fi
echo "$say: passed:$passed ($seconds s)"
