#!/usr/bin/env bats
# ocsp-check over all scenarios, channels and policies, in labs of every kind.

load ../e2e/helper

# says_so UP_OPTION... : as in e2e/hosts-verdicts.bats.
says_so() {
  mkdir "$T/$*"
  cd "$T/$*" || return 1
  ocsp-lab run --scenarios --no-bundle "$@" -- \
    /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/hosts_verdicts.py"
}

@test "ocsp-check is right whatever the keys are" {
  says_so --algorithm rsa2048
  says_so --algorithm p384
  says_so --algorithm ed25519
  says_so --signer-algorithm rsa2048
}

@test "ocsp-check is right whoever signs, and however long the chain is" {
  says_so --signer ca
  says_so --signer trusted
  says_so --depth 3
}
