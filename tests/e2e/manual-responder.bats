#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder(1): it says what --help says and what the status listener
# shows, both man and mandoc can read it, and its examples work.

load helper
load responder

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/responder/ocsp-responder.1
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
  diff <(ocsp-responder --help | options) <(part OPTIONS | grep '^\.[TBI]' |
    options)
}

@test "every option of --help has an entry with all its values" {
  part OPTIONS | tr -d '"' | grep '^\.B' >entries
  ocsp-responder --help | grep -oE -- '--[a-z-]+ [a-z0-9]+(\|[a-z0-9-]+)+' >choices
  [ "$(wc -l <choices)" -ge 5 ]
  while read -r option values; do
    for value in ${values//|/ }; do
      grep -e "$option" entries | grep -q "\b$value\b" || {
        echo "$option: no $value"
        return 1
      }
    done
  done <choices
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
  command -v mandoc >/dev/null || skip "needs mandoc"
  [ -z "$(mandoc -T lint -W style "$PAGE" | tee lint)" ] || {
    cat lint
    return 1
  }
  for title in NAME SYNOPSIS DESCRIPTION OPTIONS 'STATUS LISTENER' HEADERS \
    LIMITS CHOICES SIGNALS 'EXIT STATUS' FILES EXAMPLES STANDARDS; do
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
  # Whatever fails, the responder does not stay.
  {
    echo "trap 'kill \$! 2>/dev/null || true' EXIT"
    examples
  } >script
  bash -e script >said 2>&1 3>&- || {
    cat script said
    return 1
  }
  grep -q 'cert.pem: good' said
  grep -q 'cert.pem: revoked' said
  grep -q 'keyCompromise' said
  grep -q 'issued by .*, not revoked' said
  grep -q '"healthy":true' said
  grep -q 'Produced At: ' said
}

@test "the page is installed where man looks" {
  cmake -DCMAKE_INSTALL_PREFIX="$T/to" -DCMAKE_INSTALL_LOCAL_ONLY=1 \
    -P "$OCSP_LAB_BUILD/responder/cmake_install.cmake" >log 2>&1 || {
    cat log
    return 1
  }
  cmp "$T/to/share/man/man1/ocsp-responder.1" "$PAGE"
}
