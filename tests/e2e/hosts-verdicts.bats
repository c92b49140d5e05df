#!/usr/bin/env bats
# ocsp-check over all scenarios, channels and policies.

load helper

@test "ocsp-check says of every scenario what the catalogue says, by each channel and policy" {
  ocsp-lab run --scenarios --no-bundle -- \
    /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/hosts_verdicts.py"
}
