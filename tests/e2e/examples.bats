#!/usr/bin/env bats
# shellcheck shell=bash
# The examples of fixtures/examples, run as their readers run them; and with a
# CA that revokes nothing, which none of them may take for success.

load helper

examples=$BATS_TEST_DIRNAME/../../fixtures/examples

setup_file() {
  unset OCSP_LAB_DIR
}

# both CMD... : succeeds; and fails where 'ocsp-ca revoke' does nothing.
both() {
  "$@" || return 1
  mkdir idle
  cat >idle/ocsp-ca <<IDLE
#!/bin/sh
case \$1 in revoke | hold) exit 0 ;; esac
exec "$(type -P ocsp-ca)" "\$@"
IDLE
  chmod +x idle/ocsp-ca
  if PATH=$T/idle:$PATH "$@"; then
    echo "it does not see that nothing was revoked: $*"
    return 1
  fi
  # A lab that its owner leaves behind is gone a moment later.
  until [ -z "$(compgen -G "$TMPDIR/ocsp-lab.*")" ]; do :; done
}

@test "a POSIX shell, with curl" {
  both sh "$examples/revocation.sh"
}

# Not inside a test of its own.
within_bats() {
  env -u BATS_TEST_FILENAME -u BATS_RUN_TMPDIR bats "$examples/revocation.bats"
}

@test "bats, with gnutls-cli" {
  both within_bats
}

@test "pytest, with ssl and cryptography" {
  /usr/bin/python3 -c 'import pytest, cryptography' || skip "needs python3-pytest"
  both /usr/bin/python3 -m pytest -q -p no:cacheprovider "$examples/test_revocation.py"
}

@test "C, with OpenSSL" {
  cc -Wall -Wextra -Werror "$examples/revocation.c" -o revocation -lssl -lcrypto
  both ocsp-lab run --no-bundle -- ./revocation
}
