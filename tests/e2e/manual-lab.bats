#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab(1): it says what --help says and what a lab prints, both man and
# mandoc can read it, and its examples work.

load helper
load manual

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/fixtures/lab/ocsp-lab.1
}

@test "every command of --help is in the page, and no other" {
  diff <(ocsp-lab --help | sed -n '/^up and run:/q; s/^  \([a-z][a-z]*\) .*/\1/p' |
    sort -u) <(part COMMANDS | sed -n 's/^\.SS //p' | sort)
}

@test "every option of --help is in the page, and no other" {
  diff <(ocsp-lab --help | options) \
    <(part OPTIONS | grep '^\.[TBI]' | options)
}

@test "the exit codes are those of the programs" {
  for code in 0 1 64 70 71 72 73 74 75 125; do
    part 'EXIT STATUS' | grep -qx "$code"
  done
  exits 72 ocsp-lab status --dir "$T/none"
  exits 64 ocsp-lab bogus
  exits 7 ocsp-lab run --no-bundle -- sh -c 'exit 7'
  run -127 ocsp-lab run --no-bundle -- ./not-there
  exits 125 ocsp-lab run --dir /dev/null/x -- true
}

@test "every variable that a lab sets is in the page, and no other" {
  ocsp-lab run --control -- sh -c 'env; ocsp-lab env' |
    grep -oE 'OCSP_LAB_[A-Z_]+=' | tr -d = | sort -u |
    grep -vx -e OCSP_LAB_BIN -e OCSP_LAB_BUILD -e OCSP_LAB_SOURCE >variables
  diff variables <(part ENVIRONMENT | grep -oE 'OCSP_LAB_[A-Z_]+' | sort -u)
}

@test "mandoc and groff read the page without a warning" {
  reads_well NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS 'EXIT STATUS' \
    ENVIRONMENT FILES EXAMPLES
}

@test "the examples work, one after the other" {
  examples_work 'ocsp-lab down'
  [ "$(grep -c '^good: stapled answer for CN=www' said)" -eq 3 ]
  grep -q '^www: good$' said
  grep -q '^responder  *up ' said
  grep -q '^exit status 1$' said
}

@test "the page is installed where man looks" {
  installs_page fixtures/lab
}
