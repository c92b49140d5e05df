#!/usr/bin/env bats
# shellcheck shell=bash
# tests/heavy/soak.sh for some seconds: changes, clients and pests all at once.

load helper

soak() {
  sh "$OCSP_LAB_SOURCE/tests/heavy/soak.sh" --dir "$T" "$@"
}

# The memory has only warmed up by then, most of all under a sanitizer; long
# runs measure it.
@test "some seconds of everything: every answer is right, nothing is left over" {
  soak --seconds 3 --growth 200
  [ -z "$(ls -d soak.* 2>/dev/null)" ]
}

@test "the soak sees a change that was not made" {
  mkdir liar
  ln -s "$OCSP_LAB_BIN/ocsp-responder" liar/
  cat >liar/ocsp-ca <<END
#!/bin/sh
[ "\$1" != release ] || exit 0
exec '$OCSP_LAB_BIN/ocsp-ca' "\$@"
END
  chmod 755 liar/ocsp-ca
  OCSP_LAB_BIN=$T/liar exits 1 soak --seconds 60
  [[ $output == *"after release, "*": REVOKED"* ]]
}

@test "the soak sees memory that grows" {
  exits 1 soak --seconds 1 --growth -1000
  [[ $output == *"soak.sh: memory grows"* ]]
}
