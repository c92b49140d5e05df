#!/usr/bin/env bats
# A scenario is about one certificate, or one CA, and nobody else's: in short,
# all of them in tests/heavy.

load helper

# leak THREADS ROUNDS [NAME...]
leak() {
  local threads=$1
  shift
  ocsp-ca init --temporary --depth 2 --algorithm ed25519 --freeze 2026-07-01 >/dev/null
  ocsp-ca add-ca ca2 --under root >/dev/null
  ocsp-ca issue victim other-1 other-2 other-3 --ca ca1 >/dev/null
  ocsp-ca issue victim2 --ca ca2 >/dev/null
  serve responder ocsp-responder --listen 127.0.0.1:0 --threads "$threads"
  /usr/bin/python3 -B -W ignore "$OCSP_LAB_SOURCE/tests/e2e/scenario_leak.py" \
    "$(field url <<<"$ready")" "$@"
}

@test "others are answered right, at once and over the same connections, whatever is set" {
  # One of each layer, and whatever holds a connection.
  leak 2 3 trylater truncated revoked good-unrelated-first expired \
    bad-signature delegated-no-eku nonce-wrong http-500 no-content-length \
    slow drip never-answers reset-mid-body accept-then-close
}
