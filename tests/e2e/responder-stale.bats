#!/usr/bin/env bats
# shellcheck shell=bash
# The drill of tests/heavy/stale-drill.sh, small: no answer is older than the
# change that was made before the question.

load helper

drill() {
  sh "$OCSP_LAB_SOURCE/tests/heavy/stale-drill.sh" --dir "$T" "$@"
}

# liar VERB : an ocsp-ca that says that it has done so, and has not.
liar() {
  mkdir liar
  cat >liar/ocsp-ca <<END
#!/bin/sh
[ "\$1 \$2" != "$1" ] && [ "\$1" != "$1" ] || exit 0
exec '$OCSP_LAB_BIN/ocsp-ca' "\$@"
END
  chmod 755 liar/ocsp-ca
  ln -s "$OCSP_LAB_BIN/ocsp-responder" liar/
}

@test "changes of each kind under load: no answer is stale" {
  drill --revocations 150 --others 10
  [ -z "$(ls -d stale-drill.* 2>/dev/null)" ]
}

@test "the drill sees what is stale: right after, and all the time" {
  liar revoke
  OCSP_LAB_BIN=$T/liar exits 1 drill --revocations 3 --only revoke
  [[ $output == *"24 answers right after: 24 stale"* ]]
  [[ $output == *"c-1, POST sha256 nonce: GOOD"* ]]
  [[ $output == *"asker: certificate "*"good: STALE"* ]]
}

@test "the drill sees a hold that was not released" {
  liar release
  OCSP_LAB_BIN=$T/liar exits 1 drill --revocations 1 --others 20 --only hold
  [[ $output == *"c-2, GET sha1: REVOKED"* ]]
  [[ $output == *"asker: certificate "*"revoked, though good"* ]]
}
