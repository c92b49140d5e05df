#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab(1): it says what --help says and what a lab prints, both man and
# mandoc can read it, and its examples work.

load helper

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/fixtures/lab/ocsp-lab.1
}

# part TITLE : that section of the page.
part() {
  awk -v want="$1" '/^\.SH/ { in_it = $0 == ".SH " want } in_it' "$PAGE" |
    sed 's/\\-/-/g; s/\\f[A-Z]/ /g'
}

options() {
  grep -oE -- '--[a-z][a-z0-9-]*' | sort -u
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
  for code in 0 64 70 71 72 73 74 75 125; do
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
  command -v mandoc >/dev/null || skip "needs mandoc"
  [ -z "$(mandoc -T lint -W style "$PAGE" | tee lint)" ] || {
    cat lint
    return 1
  }
  for title in NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS 'EXIT STATUS' \
    ENVIRONMENT FILES EXAMPLES; do
    mandoc -T utf8 "$PAGE" | col -b | grep -qx "$title"
  done
  command -v groff >/dev/null || skip "mandoc only: groff is not here"
  [ -z "$(groff -man -Tutf8 -ww -z "$PAGE" 2>&1)" ]
}

# examples : all of them, one after the other, as a script.
examples() {
  part EXAMPLES | awk '/^\.R[SE]/ { next } /^\.nf/ { on = 1; next }
    /^\.fi/ { on = 0 } on' | sed 's/\\e/\\/g'
}

@test "the examples work, one after the other" {
  unset OCSP_LAB_DIR
  {
    echo "trap 'ocsp-lab down 2>/dev/null || true' EXIT"
    examples
  } >script
  bash -e script >said 2>&1 3>&- || {
    cat script said
    return 1
  }
  [ "$(grep -c '^good: stapled answer for CN=www' said)" -eq 3 ]
  grep -q '^www: good$' said
  grep -q '^responder  *up ' said
  grep -q '^exit status 1$' said
}

@test "the page is installed where man looks" {
  cmake -DCMAKE_INSTALL_PREFIX="$T/to" -DCMAKE_INSTALL_LOCAL_ONLY=1 \
    -P "$OCSP_LAB_BUILD/fixtures/lab/cmake_install.cmake" >log 2>&1 || {
    cat log
    return 1
  }
  cmp "$T/to/share/man/man1/ocsp-lab.1" "$PAGE"
}
