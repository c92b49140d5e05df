#!/usr/bin/env bats
# shellcheck shell=bash
# Every scenario of the staple, as the bytes come in the handshake.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

# field_each KEY : of each line
field_each() {
  while read -r line; do field "$1" <<<"$line"; done
}

@test "each deviates as it says and no further, over TLS 1.2 and 1.3" {
  ocsp-ca init --algorithm ed25519 --temporary >/dev/null
  ocsp-ca clock freeze >/dev/null
  ocsp-ca scenario list --json | sed -n '/"acts":"staple"/p' | field_each name \
    >names
  while read -r name; do
    case $name in
    must-staple-*) ocsp-ca issue "s-$name" --must-staple ;;
    wrong-key-type)
      ocsp-ca issue "s-$name" --scenario "$name"
      ocsp-ca scenario clear --all
      ;;
    *) ocsp-ca issue "s-$name" ;;
    esac
  done <names >/dev/null
  serve responder ocsp-responder
  stapler --threads 2
  /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/stapler_scenarios.py" \
    "127.0.0.1:$port"
}
