#!/usr/bin/env bats
# shellcheck shell=bash
# Foreign programs under libfaketime agree with a lab whose clock was moved.

load ../e2e/helper

setup_file() {
  unset OCSP_LAB_DIR
}

setup() {
  type -P faketime >/dev/null || skip "no faketime: apt-get install faketime"
  T=$BATS_TEST_TMPDIR
  cd "$T" || return 1
  export TMPDIR=$T/tmp
  mkdir "$TMPDIR"
  : >pids
}

# moved CLOCK-COMMAND... : a lab, and its time is another; the staple is new.
moved() {
  local seen
  eval "$(ocsp-lab up --env)"
  seen=$(ocsp-lab mark)
  ocsp-ca clock "$@"
  ocsp-lab wait --since "$seen" --fetches 1
  ocsp-lab wait --staple good
  eval "$(ocsp-lab env)"
}

# there CMD... : at the lab's time.
there() {
  faketime --exclude-monotonic -f "$OCSP_LAB_FAKETIME" "$@"
}

stapled() {
  "$@" curl -sS --cert-status --cacert "$OCSP_LAB_CA" -o /dev/null "$OCSP_LAB_HTTPS_URL"
}

live() {
  "$@" openssl ocsp -issuer "$OCSP_LAB_ISSUER" -cert "$OCSP_LAB_CERT" \
    -CAfile "$OCSP_LAB_CA" -url "$OCSP_LAB_OCSP_URL" 2>&1
}

# agree : what is good there is refused at the real time.
agree() {
  ocsp-check --expect good
  stapled there
  run ! stapled command
  live there >said
  grep 'Response verify OK' said
  grep ': good' said
  ocsp-ca revoke www >/dev/null
  live there | grep ': revoked'
  ocsp-lab refresh www
  run -91 stapled there
}

@test "advanced by 30 days" {
  moved advance 30d
  agree
}

@test "the certificate has ended there, not here" {
  eval "$(ocsp-lab up --env --days 30)"
  ocsp-ca clock advance 40d
  eval "$(ocsp-lab env)"
  plain=(curl -sS --cacert "$OCSP_LAB_CA" -o /dev/null "$OCSP_LAB_HTTPS_URL")
  "${plain[@]}"
  run -60 there "${plain[@]}"
  exits 3 ocsp-check
}

@test "frozen, whatever the time zone" {
  export TZ=America/New_York
  moved freeze +20d
  agree
}
