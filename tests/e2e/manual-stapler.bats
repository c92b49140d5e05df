#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler(1): it says what --help says and what the status listener shows,
# both man and mandoc can read it, and its examples work.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler
load manual

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/stapler/ocsp-stapler.1
}

@test "every option of --help is in the page, and no other" {
  diff <(ocsp-stapler --help | options) <(part OPTIONS | grep '^\.[TBI]' |
    options)
}

@test "every option of --help has an entry with all its values" {
  has_all_choices ocsp-stapler 4
}

@test "the exit codes are those of the programs" {
  for code in 0 64 70 71 72 74 75 76 78; do
    part 'EXIT STATUS' | grep -qx "$code"
  done
}

@test "what the status listener shows is in the page" {
  lab
  responder
  stapler
  part 'STATUS LISTENER' | grep -oE '[a-z_]+' | sort -u >words
  {
    curl -sS "$status_url/metrics" |
      sed -n 's/^# TYPE ocsp_stapler_\([a-z_]*\) .*/\1/p'
    curl -sS "$status_url/status" "$status_url/healthz" |
      grep -oE '"[a-z_]+":' | tr -d '":'
  } | sort -u >keys
  [ "$(wc -l <keys)" -ge 28 ]
  [ -z "$(comm -23 keys words)" ] || {
    comm -23 keys words
    return 1
  }
}

@test "mandoc and groff read the page without a warning" {
  reads_well NAME SYNOPSIS DESCRIPTION OPTIONS STAPLES CERTIFICATES \
    SCENARIOS 'STATUS LISTENER' 'OTHER SERVERS' LIMITS CONFINEMENT SIGNALS 'EXIT STATUS' \
    FILES EXAMPLES STANDARDS
}

@test "the examples work, one after the other" {
  examples_work 'kill $(jobs -p)'
  grep -q 'Cert Status: good' said
  grep -q '"state": "revoked"' said
  grep -q '"healthy":true' said
  grep -q 'Revocation Reason: keyCompromise' said
}

@test "the page is installed where man looks" {
  installs_page stapler
}
