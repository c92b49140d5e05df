#!/usr/bin/env bats
# shellcheck shell=bash
# The judges of oracles.py see what is wrong.  Run by `sh tests/run.sh --all`,
# as oracles.py is itself.

load ../e2e/helper

judge() {
  exits "$1" /usr/bin/python3 "$BATS_TEST_DIRNAME/oracles.py" --only p256
}

# liar BODY : a program that is found before ours of the same name.
liar() {
  mkdir liar
  { echo '#!/bin/sh'; cat; } >"liar/$1"
  chmod 755 "liar/$1"
  PATH=$T/liar:$PATH
}

# all_object WORDS : every judge that is here, about each of three labs.
all_object() {
  [[ $output != *'g r u'* ]]
  grep -E '(POST|GET|nonce): revoked is said to be' <<<"$output" |
    sed 's/.*depth . *//; s/: revoked is.*//' | sort | uniq -c >objections
  [ "$(wc -l <objections)" -ge 4 ]
  run -1 grep -v ' 3 ' objections
}

@test "one that was not revoked: every judge objects" {
  liar ocsp-ca <<END
[ "\$1" = revoke ] || exec '$OCSP_LAB_BIN/ocsp-ca' "\$@"
END
  judge 1
  all_object
}

@test "revoked at another time: every judge objects" {
  liar ocsp-ca <<END
[ "\$1" != revoke ] || set -- "\$@" --revocation-date 2020-01-02T03:04:06Z
exec '$OCSP_LAB_BIN/ocsp-ca' "\$@"
END
  judge 1
  all_object
}
