#!/usr/bin/env bats
# As of a CRL's thisUpdate it and OCSP say the same of every serial that was
# ever issued: status, date, reason.  A full CRL with its delta says what a new
# full one says.

load helper
load responder

agree() {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/agree.py" "$@"
}

# crls : new full ones, and what they would be as old ones with their deltas is
# the same.
crls() {
  local ca
  ocsp-ca crl --all --delta
  agree "$url" lab
  for ca in "$@"; do
    agree entries "lab/crl/$ca.crl" "lab/crl/$ca-delta.crl" >"$ca.old"
  done
  ocsp-ca crl --all
  for ca in "$@"; do
    agree entries "lab/crl/$ca.crl" | diff "$ca.old" -
  done
}

# everything : certificates of root and ca1 in every state there is.
everything() {
  local reason names=()
  for reason in {0..6} 9 10; do
    names+=("r$reason" "late$reason")
  done
  ocsp-ca issue g1 g2 g3 h1 h2 h3 released reheld heldrevoked raised back inval \
    both "${names[@]}"
  ocsp-ca issue top toprevoked --ca root
  ocsp-ca issue short shortrevoked shortheld --days 1
  for reason in {0..6} 9 10; do
    ocsp-ca revoke "r$reason" --reason "$reason"
  done
  ocsp-ca hold h1 h2 h3 released reheld heldrevoked shortheld
  ocsp-ca revoke shortrevoked --reason superseded
  ocsp-ca revoke back --revocation-date -400d
  ocsp-ca revoke inval --invalidity-date -3d --reason 1
  ocsp-ca revoke both --revocation-date -5d --invalidity-date 2001-01-01
  ocsp-ca clock advance 1h
  ocsp-ca release released reheld
  ocsp-ca hold reheld
  ocsp-ca revoke heldrevoked --reason privilegeWithdrawn
  ocsp-ca revoke raised --reason superseded
  ocsp-ca clock advance 1h
  ocsp-ca revoke raised --reason keyCompromise
  ocsp-ca revoke toprevoked --reason cessationOfOperation
}

# signer CA : serial of its OCSP signer.
signer() {
  ocsp-ca list --ca "$1" --json | /usr/bin/python3 -c 'import json, sys
print([r["serial"] for r in json.load(sys.stdin) if not r["name"]][-1])'
}

@test "every certificate in every state, CRL and OCSP, full and delta" {
  ocsp-ca init --temporary --depth 3 >/dev/null
  ocsp-ca clock freeze
  respond
  ocsp-ca crl --all
  agree "$url" lab
  everything >/dev/null
  # An intermediate, and the signer that was before.
  old=$(signer ca2)
  ocsp-ca signer rotate --ca ca2
  ocsp-ca revoke "$old" --reason superseded
  ocsp-ca hold ca2
  ocsp-ca revoke ca1 --reason cACompromise
  crls root ca1 ca2
  agree "$url" lab >seen
  # Nothing was left out by mistake.
  for state in good unknown None keyCompromise cACompromise affiliationChanged \
    superseded cessationOfOperation certificateHold privilegeWithdrawn \
    aACompromise; do
    grep -q "\\b$state=[1-9]" seen
  done
  # They expire, and stay as they are.
  ocsp-ca clock advance 3d
  crls root ca1 ca2
  # What is held is released, stays, is revoked; what was good is not.
  ocsp-ca release h1 shortheld ca2
  ocsp-ca revoke h2 --reason superseded
  ocsp-ca hold g1 released
  ocsp-ca hold g2
  ocsp-ca release g2
  for reason in {0..6} 9 10; do
    ocsp-ca revoke "late$reason" --reason "$reason" --revocation-date -2h
  done
  ocsp-ca clock advance 90s
  crls root ca1 ca2
  ocsp-ca crl --all --delta # and one that says nothing
  agree "$url" lab
}

@test "several deltas over one full CRL: each says all that has changed" {
  ocsp-ca init --temporary --signer ca >/dev/null
  ocsp-ca clock freeze
  respond
  ocsp-ca issue a b c d e >/dev/null
  ocsp-ca hold a b c
  ocsp-ca crl
  ocsp-ca release a b
  for step in 'hold a' 'release c' 'revoke d' 'release a' 'hold e' 'hold b' \
    'revoke b --reason 4' 'release e' 'hold a' 'revoke a --reason 1'; do
    ocsp-ca clock advance 1m
    # shellcheck disable=SC2086 # words
    ocsp-ca $step
    ocsp-ca crl --delta
    agree "$url" lab
  done
}

@test "a disagreement would be seen" {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca clock freeze
  respond
  ocsp-ca issue a b >/dev/null
  ocsp-ca revoke a
  ocsp-ca crl
  agree "$url" lab
  ocsp-ca revoke b
  exits 1 agree "$url" lab
  [[ $output == *"CRL good"* ]]
  ocsp-ca crl
  agree "$url" lab
  ocsp-ca clock advance 1s
  exits 1 agree "$url" lab
  [[ $output == *"OCSP is as of"* ]]
}
