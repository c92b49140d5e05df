#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check(1): it says what --help says and what --json prints, both man and
# mandoc can read it, and its examples work.

# shellcheck disable=SC2154 # set by the helpers

load helper
load check
load manual

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/stapler/check/ocsp-check.1
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl_pki
} 2>/dev/null

@test "every option of --help is in the page, and no other" {
  diff <(ocsp-check --help | options) <(part OPTIONS | grep '^\.[TBI]' |
    grep -v -e --version | options)
}

@test "every exit code of --help has its entry, and the words of --expect too" {
  for code in 0 1 2 3 4 5 6 64 70 71 72 74 76; do
    part 'EXIT STATUS' | grep -qx "$code"
  done
  for word in good revoked unknown untrusted missing unreachable; do
    ocsp-check --help | grep -q "\b$word\b"
    part OPTIONS | grep -q "\b$word\b"
  done
  for word in strict must-staple soft-fail; do
    part POLICY | grep -q "^\.B $word"
  done
}

@test "every step and every key of --json is in the page" {
  responder
  tls_server www "$PKI/www.der"
  url=$port
  {
    judged 0 "https://www.localhost:$port" --json --expect good
    echo "$output"
    judged 0 --response "$PKI/www.der" --cert "$PKI/www.pem" --json --compare \
      --url "http://127.0.0.1:$url"
    echo "$output"
    tls_server gone "$PKI/gone.der"
    judged 1 "https://www.localhost:$port" --json
    echo "$output"
  } >seen || true
  /usr/bin/python3 - seen <<'PY'
import json, sys
keys, steps = set(), set()
for line in open(sys.argv[1]):
    said = json.loads(line)
    keys |= set(said) | set(said["checks"][0]) | set(said["tls"] or {})
    steps |= {c["id"] for c in said["checks"]}
open("keys", "w").write("\n".join(sorted(keys)) + "\n")
open("steps", "w").write("\n".join(sorted(steps)) + "\n")
PY
  [ "$(wc -l <keys)" -ge 25 ]
  [ "$(wc -l <steps)" -ge 22 ]
  part JSON | grep -oE '[a-z_]+' | sort -u >words
  diff <(comm -23 keys words) /dev/null
  part STEPS | grep '^\.B' | grep -oE '[a-z-]+' | sort -u >words
  diff <(comm -23 steps words) /dev/null
}

@test "mandoc and groff read the page without a warning" {
  reads_well NAME SYNOPSIS DESCRIPTION OPTIONS POLICY STEPS JSON \
    'EXIT STATUS' ENVIRONMENT FILES EXAMPLES STANDARDS BUGS
}

@test "the examples work, one after the other" {
  examples_work 'ocsp-lab down'
  grep -q '^good: stapled answer for CN=www' said
  grep -q '^a client may believe the staple until' said
  [ "$(grep -c '^exit status 1$' said)" -eq 2 ]
  grep -q '^as expected: revoked:keyCompromise$' said
  grep -q 'Revocation Reason: keyCompromise' said
  grep -q '^as expected: untrusted$' said
}

@test "the page is installed where man looks" {
  installs_page stapler/check
}
