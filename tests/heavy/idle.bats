#!/usr/bin/env bats
# shellcheck shell=bash
# More idle connections than a small test has.  Run by `sh tests/run.sh --all`.

load ../e2e/helper

@test "10,000 idle connections: bounded memory, and others are answered" {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue www >/dev/null
  run /usr/bin/python3 -W ignore "$BATS_TEST_DIRNAME/idle.py" lab 10000
  echo "$output"
  [[ $output != skip:* ]] || skip "${output#skip: }"
  [ "$status" -eq 0 ]
}
