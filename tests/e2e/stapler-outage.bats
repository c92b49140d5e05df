#!/usr/bin/env bats
# shellcheck shell=bash
# The outage drill of tests/heavy/outage_drill.py, in few rounds.

load helper

drill() {
  timeout 250 /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/heavy/outage_drill.py" \
    "$T" --rounds 18 "$@"
}

@test "through outages and weeks: always a staple, never a bad one, nobody waits" {
  drill --seed 1
}

@test "the drill sees a staple that is not verified" {
  exits 1 drill --seed 1 --stapler=--verify=off
  [[ $output == *"FAULT:"*"not good"* || $output == *"FAULT:"*"bad staple"* ]]
}

@test "the drill sees a must-staple certificate without its staple" {
  exits 1 drill --seed 2 --stapler=--on-missing=serve
  [[ $output == *"FAULT: must "*"went on without a staple"* ]]
}
