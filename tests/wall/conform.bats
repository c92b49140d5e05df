#!/usr/bin/env bats
# shellcheck shell=bash
# Every rule that the responder, the stapling server and the client keep has its
# test: groups A to J of the list that the conformance tests are named after.

load ../e2e/helper

# items : all of them.
items() {
  local group
  for group in A:23 B:23 C:21 D:12 E:10 F:8 G:14 H:10 I:16 J:28; do
    seq -f "${group%:*}%g" "${group#*:}"
  done
}

# tested : the items that names of tests begin with.
tested() {
  sed -n 's/^@test "\(\([A-J][0-9]* \)*\).*/\1/p' e2e/conform-*.bats | tr ' ' '\n'
}

# elsewhere : "ITEM FILE: NAME" of the tables "Proved elsewhere".
elsewhere() {
  sed -n 's/^#   \([A-J][0-9]*\)  *\([a-z-]*\.bats: .*\)/\1 \2/p' e2e/conform-*.bats
}

@test "every item of the groups A to J has a test" {
  cd "$OCSP_LAB_SOURCE/tests"
  diff <(items | sort -u) <({
    tested
    elsewhere | cut -d ' ' -f 1
  } | grep . | sort -u)
}

@test "each test that a table names is there" {
  cd "$OCSP_LAB_SOURCE/tests"
  while read -r item file name; do
    grep -qxF "@test \"$name\" {" "e2e/${file%:}" || {
      echo "$item: no '$name' in $file"
      return 1
    }
  done < <(elsewhere)
}
