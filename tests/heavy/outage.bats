#!/usr/bin/env bats
# shellcheck shell=bash
# The outage drill in full: another seed each time, which it prints.

load ../e2e/helper

@test "three hundred rounds of outages" {
  timeout 1200 /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/heavy/outage_drill.py" \
    "$T" --rounds 300
}
