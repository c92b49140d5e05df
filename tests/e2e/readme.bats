#!/usr/bin/env bats
# shellcheck shell=bash
# Every command that the README shows in a block of sh, as a newcomer would
# type it: in an empty folder, one block after the other.

load helper

# blocks : the sh blocks of the README, each behind a line "### block".
blocks() {
  awk '/^```sh$/ { inside = 1; print "### block"; next }
       /^```/ { inside = 0 }
       inside' "$OCSP_LAB_SOURCE/README.md"
}

@test "the README has blocks of commands" {
  [ "$(blocks | grep -c '^### block')" -ge 2 ]
}

@test "every command of the README works" {
  unset OCSP_LAB_DIR
  {
    echo 'set -eu'
    blocks
  } >script
  bash script >out 2>&1 || {
    cat script out
    false
  }
  grep -q '^live: 1$' out
  grep -q '^stapled: 1$' out
  grep -q '^1 passed' out
}

@test "each file and folder that the README names is there" {
  cd "$OCSP_LAB_SOURCE"
  # shellcheck disable=SC2016 # backquotes of Markdown
  names=$(grep -oE '`(common|ca-tools|responder|stapler|fixtures|tests)/[a-z/.]*`' \
    README.md | tr -d '`' | sort -u)
  [ -n "$names" ]
  for name in $names; do
    [ -e "$name" ] || { echo "$name"; false; }
  done
}
