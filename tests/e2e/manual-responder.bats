#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder(1): it says what --help says and what the status listener
# shows, both man and mandoc can read it, and its examples work.

load helper
load responder
load manual

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/responder/ocsp-responder.1
}

@test "every option of --help is in the page, and no other" {
  diff <(ocsp-responder --help | options) <(part OPTIONS | grep '^\.[TBI]' |
    options)
}

@test "every option of --help has an entry with all its values" {
  has_all_choices ocsp-responder 5
}

@test "the limits and exit codes of --help are those of the page" {
  part LIMITS | tr '\n' ' ' >limits
  for limit in '10,000 octets' '64 certIDs' '1 to 128 octets' '1 GiB' \
    '256 are sent' 'ten seconds'; do
    grep -q "$limit" limits
  done
  ocsp-responder --help | tr '\n' ' ' | grep -q '10,000 bytes and 64 certIDs'
  for code in 0 64 70 71 72 74 76 78; do
    part 'EXIT STATUS' | grep -qx "$code"
  done
}

@test "what the status listener shows is in the page" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der
  curl -sS "$url/crl/none.crl" >/dev/null
  curl -sS "$status_url/metrics" | sed -n 's/^# TYPE ocsp_responder_\([a-z_]*\) .*/\1/p' |
    sort >metrics
  part 'STATUS LISTENER' | sed -n '/metrics$/,/requests?/p' |
    grep -oE '\b[a-z]+(_[a-z]+)*\b' | sort -u >words
  [ "$(wc -l <metrics)" -ge 10 ]
  [ -z "$(comm -23 metrics words)" ] || {
    comm -23 metrics words
    return 1
  }
  part 'STATUS LISTENER' | grep -oE '[a-z_]+' | sort -u >words
  {
    curl -sS "$status_url/healthz"
    curl -sS "$status_url/requests"
    curl -sS "$status_url/scenarios"
  } | grep -oE '"[a-z_]+":' | tr -d '":' | sort -u >keys
  [ "$(wc -l <keys)" -ge 20 ]
  [ -z "$(comm -23 keys words)" ] || {
    comm -23 keys words
    return 1
  }
  # The headers of an answer, too.
  sed -n 's/^\([A-Za-z-]*\): .*/\1/p' head | grep -vx -e Connection \
    -e Content-Length | while read -r name; do
    part HEADERS | grep -q "\b$name\b"
  done
}

@test "mandoc and groff read the page without a warning" {
  reads_well NAME SYNOPSIS DESCRIPTION OPTIONS 'STATUS LISTENER' HEADERS \
    LIMITS CHOICES SIGNALS 'EXIT STATUS' FILES EXAMPLES STANDARDS
}

@test "the examples work, one after the other" {
  examples_work 'kill $!'
  grep -q 'cert.pem: good' said
  grep -q 'cert.pem: revoked' said
  grep -q 'keyCompromise' said
  grep -q 'issued by .*, not revoked' said
  grep -q '"healthy":true' said
  grep -q 'Produced At: ' said
}

@test "the page is installed where man looks" {
  installs_page responder
}
