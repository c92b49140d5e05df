#!/usr/bin/env bats
# ocsp-ca given words and files that make no sense: one line that says why, the
# documented exit code, and nothing changed.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  ocsp-ca init --temporary --dir base
  ocsp-ca issue www mail --dir base
}

lab() {
  cp -a "$BATS_FILE_TMPDIR/base" lab
  before=$(content)
}

# What is in the lab: every change has an event, every certificate a folder.
content() {
  ocsp-ca events
  find lab/certs lab/crl
}

# refused CODE CMD... : one short line, and the lab is as it was.
refused() {
  exits "$@"
  if [ "${#lines[@]}" -ne 1 ] || [ "${#output}" -gt 560 ]; then
    printf 'not one short line: %s\n' "$output" >&2
    return 1
  fi
  [[ $output == "ocsp-ca: "* ]]
  [ "$before" = "$(content)" ]
}

@test "words of 100 kB: the line still says what is wrong with them" {
  lab
  long=$(printf '%0100000d' 0 | tr 0 z)
  for what in 'issue %s' 'issue x --san %s' 'issue x --ocsp-url http://%s' \
    'issue x --san http://h/%s' 'issue x --algorithm %s' \
    'issue x --profile %s' 'issue x --not-after %s' 'issue x --days %s' 'revoke www --reason %s' \
    'revoke www --revocation-date %s' 'crl --days %s' 'clock set %s' \
    'clock advance %s' 'clock %s' 'events --since %s' 'list %s' 'list --%s' \
    '%s' 'init --dir new --name %s' 'init --dir new --ocsp-url http://%s' \
    'list --dir %s'; do
    # shellcheck disable=SC2046,SC2059 # words of a format
    refused 64 ocsp-ca $(printf "$what" "$long")
    [[ $output =~ [^z]{12}$ ]]
  done
  refused 72 ocsp-ca show "$long"
  [[ $output == *"no certificate has that name"* ]]
  refused 72 ocsp-ca crl --ca "$long"
  [[ $output == *"this lab has root" ]]
  [ ! -e new ]
}

@test "words with control characters do not reach the terminal" {
  lab
  refused 72 ocsp-ca show $'a\x1b[31m\nb'
  [[ $output != *$'\x1b'* ]]
}

@test "files that are no certificate" {
  lab
  : >empty
  head -c 300 /dev/urandom >noise
  printf 'a\0b' >nul
  printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >bad
  head -c 200 lab/root.pem >half
  head -c 1100000 /dev/zero >big
  cp lab/certs/www/key.pem key
  openssl x509 -in lab/certs/www/cert.pem -outform DER -out trailing
  printf x >>trailing
  for file in empty noise nul bad half big key trailing; do
    for command in show status revoke hold release; do
      refused 76 ocsp-ca "$command" "./$file"
      [[ $output == *"./$file"* ]]
    done
  done
  mkdir folder
  refused 74 ocsp-ca revoke ./folder
  refused 72 ocsp-ca revoke ./missing
  exits 0 ocsp-ca status www
}

@test "a certificate file that this user may not read" {
  lab
  cp lab/certs/www/cert.pem closed
  chmod 000 closed
  if [ "$(id -u)" -eq 0 ]; then
    refused 74 setpriv --bounding-set '-dac_override,-dac_read_search' \
      --inh-caps -all ocsp-ca revoke ./closed
  else
    refused 74 ocsp-ca revoke ./closed
  fi
  [[ $output == *"Permission denied" ]]
}

@test "names that are none" {
  lab
  for name in '' . .. .x -- a/b 'a b' 'büro' $'a\nb' '*' \
    "$(printf '%0129d' 0)"; do
    refused 64 ocsp-ca issue -- "$name"
  done
  refused 64 ocsp-ca issue a b a
  [[ $output == *"a: named twice" ]]
  refused 72 ocsp-ca revoke ''
  refused 72 ocsp-ca revoke www nobody
  refused 72 ocsp-ca issue x --ca nobody
}

@test "SAN lists with empty words, spaces, odd wildcards, foreign letters" {
  lab
  for list in '' ',' 'a,' ',a' 'a,,b' 'a, b' ' a' '*' 'a.*' \
    '*.*.a' 'w*.a' 'bücher.de' 'a..b' '-a' 300.1.1.1 IP:1.2 DNS: URI:x http:// 'http:///x' 'j@' '@a'; do
    refused 64 ocsp-ca issue x --san "$list"
    [[ $output == *"--san: "* ]]
  done
  refused 64 ocsp-ca issue x --san "$(printf 'a%d,' {1..100})b"
  ocsp-ca issue x --san '*.example.org,xn--bcher-kva.example'
}

@test "times and durations that are none, or end before they begin" {
  lab
  for days in '' -1 x 1e3 1.5 99999999 999999999999999999999 '1 d' 5q; do
    refused 64 ocsp-ca issue x --days "$days"
    refused 64 ocsp-ca crl --days "$days"
    [[ $output == *"--days: "* ]]
  done
  for time in '' x 2026 2026-02-30 2026-13-01 2026-01-01T24:00:00Z \
    2026-01-01T00:00:00 10000-01-01 1949-12-31 + -x 99999999999; do
    refused 64 ocsp-ca issue x --not-after "$time"
    [[ $output == *"--not-after: "* ]]
    refused 64 ocsp-ca revoke www --revocation-date "$time"
    refused 64 ocsp-ca clock set "$time"
  done
  refused 64 ocsp-ca issue x --not-before +9d --not-after +8d
  refused 64 ocsp-ca issue x --not-before +9d --not-after +9d
  refused 64 ocsp-ca issue x --days 1 --not-after +1d
  refused 64 ocsp-ca clock advance 999999y
  refused 64 ocsp-ca events --since -1
}

@test "reasons that are none" {
  lab
  for reason in '' ' ' 7 8 11 -1 1.0 ' 1' 99999999999 removeFromCRL \
    keycompromised; do
    refused 64 ocsp-ca revoke www --reason "$reason"
    [[ $output == *"--reason: "* ]]
  done
}

@test "standard output that is closed" {
  lab
  for command in list 'show www' 'status www' events clock --help --version; do
    # shellcheck disable=SC2086 # words
    refused 74 bash -c 'ocsp-ca "$@" >&-' - $command
    [[ $output == *"cannot write to standard output: "* ]]
  done
  # What was asked for is done: only the words are lost.
  exits 74 bash -c 'ocsp-ca revoke www >&-'
  exits 1 ocsp-ca status www
  exits 74 bash -c 'ocsp-ca issue x >&-'
  openssl verify -CAfile lab/root.pem lab/certs/x/cert.pem
}

@test "standard output on a full disk" {
  [ -w /dev/full ] || skip "no /dev/full here"
  lab
  for command in list 'list --json' 'show www' 'show www --json' 'status www' \
    events 'events --json' clock 'clock --json'; do
    # shellcheck disable=SC2086 # words
    refused 74 bash -c 'ocsp-ca "$@" >/dev/full' - $command
    [[ $output == *"standard output: No space left on device" ]]
  done
  for command in 'revoke www' 'hold mail --json' 'release mail --json' crl \
    'issue x' 'clock freeze'; do
    # shellcheck disable=SC2086 # words
    exits 74 bash -c 'ocsp-ca "$@" >/dev/full' - $command
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 1 ocsp-ca status www
  exits 0 ocsp-ca status mail
  [ -s lab/crl/root.crl ]
  openssl verify -CAfile lab/root.pem lab/certs/x/cert.pem
}

@test "a directory that JSON cannot name is refused before anything is done" {
  lab
  mv lab $'l\xe4b'
  export OCSP_LAB_DIR=$'l\xe4b'
  for command in 'issue x' 'revoke www' 'hold www' crl list 'show www' \
    'clock freeze' 'init --temporary'; do
    # shellcheck disable=SC2086 # words
    exits 64 ocsp-ca $command --json
    [[ $output == *"is not UTF-8" ]]
  done
  exits 64 ocsp-ca list --json --dir $'new\xff'
  [ "$before" = "$(ocsp-ca events && cd "$OCSP_LAB_DIR" &&
    find certs crl | sed s,^,lab/,)" ]
  # Without JSON it is a directory like others.
  ocsp-ca issue x
  ocsp-ca crl
  exits 0 ocsp-ca status x
}

@test "a certificate file whose name JSON cannot hold" {
  lab
  sql() {
    /usr/bin/python3 -c 'import sqlite3, sys
c = sqlite3.connect("lab/ca.db")
c.execute(sys.argv[1], sys.argv[2:])
c.commit()' "$@"
  }
  cp lab/certs/www/cert.pem $'./w\xff.pem'
  exits 0 ocsp-ca status $'./w\xff.pem' --json
  exits 0 ocsp-ca revoke $'./w\xff.pem' --json
  sql "delete from cert where issued in (select id from issued where name = ?)" www
  exits 2 ocsp-ca status $'./w\xff.pem' --json
  [ "$(field cert <<<"$output")" = './w?.pem' ]
}

@test "a reader that has gone" {
  lab
  for command in list 'list --json' events 'show www' --help; do
    # shellcheck disable=SC2086 # words
    refused 74 /usr/bin/python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.run(sys.argv[1:], stdout=w).returncode)' ocsp-ca $command
    [[ $output == *"Broken pipe" ]]
  done
}

@test "no home, no folder for temporary files, closed input" {
  lab
  bare() {
    env -i "PATH=$PATH" "ASAN_OPTIONS=${ASAN_OPTIONS:-}" TMPDIR=/nonexistent \
      ocsp-ca "$@" --dir lab <&-
  }
  bare issue x
  bare revoke x
  exits 1 bare status x
  bare crl
  bare list
  bare init --dir new || [ "$?" -eq 73 ]
}

@test "crl --out onto a folder, a full device, a pipe" {
  lab
  mkdir folder
  exits 74 ocsp-ca crl --out folder
  # Links, so that no fault can harm a device.
  ln -s /dev/full full
  exits 74 ocsp-ca crl --out full
  [ -L full ]
  ln -s /dev/stdout out
  ocsp-ca crl --out out | cat | grep -q 'BEGIN X509 CRL'
  ocsp-ca crl --out >(cat >piped)
  wait $!
  grep -q 'END X509 CRL' piped
  [ -z "$(find . -name '*.tmp')" ]
}
