#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-stapler(1): it says what --help says and what the status listener shows,
# both man and mandoc can read it, and its examples work.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/stapler/ocsp-stapler.1
}

# part TITLE : that section of the page.
part() {
  awk -v want="$1" '/^\.SH/ { in_it = $0 == ".SH " want } in_it' "$PAGE" |
    sed 's/\\-/-/g; s/\\f[A-Z]/ /g'
}

options() {
  grep -oE -- '--[a-z][a-z0-9-]*' | sort -u
}

@test "every option of --help is in the page, and no other" {
  diff <(ocsp-stapler --help | options) <(part OPTIONS | grep '^\.[TBI]' |
    options)
}

@test "every option of --help has an entry with all its values" {
  part OPTIONS | tr -d '"' | grep '^\.B' >entries
  ocsp-stapler --help | grep -oE -- '--[a-z-]+ [a-z0-9]+(\|[a-z0-9-]+)+' >choices
  [ "$(wc -l <choices)" -ge 4 ]
  while read -r option values; do
    for value in ${values//|/ }; do
      grep -e "$option" entries | grep -q "\b$value\b" || {
        echo "$option: no $value"
        return 1
      }
    done
  done <choices
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
  command -v mandoc >/dev/null || skip "needs mandoc"
  [ -z "$(mandoc -T lint -W style "$PAGE" | tee lint)" ] || {
    cat lint
    return 1
  }
  for title in NAME SYNOPSIS DESCRIPTION OPTIONS STAPLES CERTIFICATES \
    'STATUS LISTENER' 'OTHER SERVERS' LIMITS CONFINEMENT SIGNALS 'EXIT STATUS' \
    FILES EXAMPLES STANDARDS; do
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
  # Whatever fails, the servers do not stay.
  {
    echo "trap 'kill \$(jobs -p) 2>/dev/null || true' EXIT"
    examples
  } >script
  bash -e script >said 2>&1 3>&- || {
    cat script said
    return 1
  }
  grep -q 'Cert Status: good' said
  grep -q '"state": "revoked"' said
  grep -q '"healthy":true' said
  grep -q 'Revocation Reason: keyCompromise' said
}

@test "the page is installed where man looks" {
  cmake -DCMAKE_INSTALL_PREFIX="$T/to" -DCMAKE_INSTALL_LOCAL_ONLY=1 \
    -P "$OCSP_LAB_BUILD/stapler/cmake_install.cmake" >log 2>&1 || {
    cat log
    return 1
  }
  cmp "$T/to/share/man/man1/ocsp-stapler.1" "$PAGE"
}
