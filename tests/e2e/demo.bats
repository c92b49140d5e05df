#!/usr/bin/env bats
# shellcheck shell=bash
# The demo is a test of its own: it fails where openssl or curl disagree.

load helper

@test "the demo passes, and leaves nothing" {
  exits 0 ocsp-lab demo
  [[ ${lines[-1]} == *"agreed on every verdict"* ]]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "the demo fails where another client disagrees" {
  mkdir bin
  printf '#!/bin/sh\nexit 0\n' >bin/curl
  chmod +x bin/curl
  # Ours come before PATH, curl from it.
  PATH=$T/bin:$PATH exits 70 ocsp-lab demo
  [[ $output == *"exits with 0, not 91"* ]]
  [ -z "$(ls "$TMPDIR")" ]
}
