#!/usr/bin/env bats
# shellcheck shell=bash
# stale-drill.sh in full.  Run by `sh tests/run.sh --all`.

load ../e2e/helper

@test "10,000 revocations under load, and 500 other changes of each kind: 0 stale" {
  sh "$BATS_TEST_DIRNAME/stale-drill.sh" --dir "$T"
}
