#!/usr/bin/env bats
# shellcheck shell=bash
# How the sources look, as far as a program can judge it.

load ../e2e/helper

# sources NAME... : files of these name patterns, each with a NUL behind it.
sources() {
  local names=() name
  for name in "$@"; do
    names+=(-o -name "$name")
  done
  cd "$OCSP_LAB_SOURCE" || return 1
  find common ca-tools responder stapler fixtures tests .ci -type f \
    \( "${names[@]:1}" \) -print0
}

@test "C is formatted as .clang-format says" {
  # Another version has another opinion.
  [[ $(clang-format --version 2>/dev/null) == *" 14."* ]] ||
    skip "needs clang-format 14"
  wrong=$(sources '*.c' '*.h' | (cd "$OCSP_LAB_SOURCE" &&
    xargs -0 clang-format --dry-run -Werror 2>&1) |
    sed -n 's/:[0-9]*:[0-9]*: error:.*//p' | sort | uniq -c)
  [ -z "$wrong" ] || { echo "clang-format -i these:"; echo "$wrong"; false; }
}

@test "shell scripts satisfy shellcheck" {
  command -v shellcheck >/dev/null || skip "needs shellcheck"
  cd "$OCSP_LAB_SOURCE"
  sources '*.sh' 'openssl-ocsp' 'ocsp-mock' | xargs -0 shellcheck -x .ci/run
  # What bats and the helpers set for the tests, it cannot see.
  sources '*.bash' '*.bats' |
    xargs -0 shellcheck -x --severity=warning -e SC2034,SC2154
}

@test "no file is longer than 600 lines" {
  long=$(sources '*.c' '*.h' '*.sh' '*.bash' '*.bats' '*.py' |
    (cd "$OCSP_LAB_SOURCE" && xargs -0 wc -l) |
    awk '$1 > 600 && $2 != "total"')
  [ -z "$long" ] || { echo "$long"; false; }
}

@test "no function is longer than 80 lines" {
  # shellcheck disable=SC2016
  long=$(sources '*.c' | (cd "$OCSP_LAB_SOURCE" && xargs -0 awk '
    /^\{/ { start = FNR }
    /^\}/ && start { if (FNR - start > 80) print FILENAME ":" start; start = 0 }'))
  [ -z "$long" ] || { echo "$long"; false; }
}

@test "tests and fixtures never wait by the clock" {
  cd "$OCSP_LAB_SOURCE"
  run -1 bash -c "grep -rnE '(^|[^a-z_-])(u|nano)?sleep[ (]' tests fixtures |
    grep -vE '(tests/wall/|no .?sleep|of sleep)'"
}

@test "no program that a test or fixture starts has a fixed port" {
  cd "$OCSP_LAB_SOURCE"
  # In tests/unit such text is data: nothing there is started.
  run -1 bash -c "grep -rnE --exclude-dir=unit --exclude-dir=wall \
    '(localhost|127\.0\.0\.1|\[::1\]):[1-9][0-9]{3,4}' tests fixtures"
}
