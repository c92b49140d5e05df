#!/usr/bin/env bats
# The drill of tests/heavy/kill-drill.sh, in few rounds: ocsp-ca killed at
# random moments, four at once.

load helper

drill() {
  sh "$OCSP_LAB_SOURCE/tests/heavy/kill-drill.sh" --dir "$T" "$@"
}

@test "killed at random moments: what was acknowledged is there, nothing half" {
  drill --rounds 15
  [ -z "$(ls -d kill-drill.* 2>/dev/null)" ]
}

# behind CHANGE : an ocsp-ca after whose every revoke CHANGE is made to the
# certificate's row, behind its back.
behind() {
  mkdir liar
  cat >liar/ocsp-ca <<END
#!/bin/sh
'$OCSP_LAB_BIN/ocsp-ca' "\$@" || exit
[ "\$1" = revoke ] || exit 0
exec /usr/bin/python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[-1] + "/ca.db", timeout=60)
c.execute("$1")
c.commit()' "\$@"
END
  chmod 755 liar/ocsp-ca
}

@test "the drill sees a revocation that was lost" {
  behind 'update cert set status = 0, reason = NULL, revoked_at = NULL'
  OCSP_LAB_BIN=$T/liar exits 1 drill --rounds 8 --only revoke
  [[ $output == *"was acknowledged as"*"but is None"* ]]
}

@test "the drill sees a date that is not the acknowledged one" {
  behind 'update cert set revoked_at = revoked_at - 1 where status = 1'
  OCSP_LAB_BIN=$T/liar exits 1 drill --rounds 8 --only revoke
  [[ $output == *"was acknowledged as"* ]]
}

@test "the drill sees a change without its event" {
  behind 'update cert set version = 1 where status = 1'
  OCSP_LAB_BIN=$T/liar exits 1 drill --rounds 8 --only revoke
  [[ $output == *"half done: a certificate without the event"* ]]
}
