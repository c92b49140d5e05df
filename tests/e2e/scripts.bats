#!/usr/bin/env bats
# shellcheck shell=bash
# The stories of fixtures/scripts, each as its reader starts it.

load helper

scripts=$BATS_TEST_DIRNAME/../../fixtures/scripts

setup_file() {
  unset OCSP_LAB_DIR
}

# story NAME [WORD]... : it ends well, and leaves nothing.
story() {
  local name=$1
  shift
  sh "$scripts/$name.sh" "$@"
  [ -z "$(ls "$TMPDIR")" ]
}

@test "each story has its test" {
  for file in "$scripts"/*.sh; do
    name=${file##*/}
    grep -q "^  story ${name%.sh}\b" "$BATS_TEST_FILENAME"
  done
}

@test "hold and release" {
  story hold-and-release
}

@test "a stolen key" {
  story key-compromise
}

@test "an outage that the staple outlives" {
  story outage
}

@test "an outage that outlives the staple" {
  story expired-staple
}

@test "must-staple" {
  story must-staple
}

@test "a new signer" {
  story signer-rollover
}

@test "revocations under load" {
  story revoke-under-load 3 4
}

@test "very many revocations" {
  story mass-revocation 500
}

@test "a story that goes wrong is a failure" {
  mkdir idle
  cat >idle/ocsp-ca <<IDLE
#!/bin/sh
case \$1 in revoke | hold | clock | signer) exit 0 ;; esac
exec "$(type -P ocsp-ca)" "\$@"
IDLE
  chmod +x idle/ocsp-ca
  for file in "$scripts"/*.sh; do
    case $file in
    # It waits for what then never comes; the others compare.
    */outage.sh) continue ;;
    esac
    run env "PATH=$T/idle:$PATH" sh "$file" 2
    [ "$status" -ne 0 ] || {
      echo "does not notice: $file"
      return 1
    }
  done
}
