#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca import --watch: follows an index.txt.

load helper
load openssl-ca
load responder

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl_ca
  certify www
  certify mail
}

elsewhere() {
  cp -a "$BATS_FILE_TMPDIR/oca" .
}

# watch [OPTION]... : follows oca/index.txt; its lines come by `next_line`.
watch() {
  serve watch ocsp-ca import oca/index.txt --ca-cert oca/ca.pem --temporary \
    --watch "$@"
  watch_pid=$pid
  watch_fd=$ready_fd
  watch_ready=$ready
}

# next_line : what it prints next, in $line.
next_line() {
  read -r -t 60 -u "$watch_fd" line || {
    cat watch.log >&2
    return 1
  }
}

# complaint PATTERN : waits until it complains on stderr.
complaint() {
  timeout 60 tail -n +1 -f watch.log --pid="$watch_pid" |
    grep -q -m 1 "$1"
}

@test "a revocation by openssl ca is in the next answer, without a command" {
  elsewhere
  watch --ca-key oca/ca.key
  [ "$(field event <<<"$watch_ready")" = ready ]
  [ "$(field added <<<"$watch_ready")" = 2 ]
  [ "$(field kind <<<"$watch_ready")" = index ]
  respond
  openssl ocsp -issuer oca/ca.pem -cert oca/www.pem -url "$url" \
    -CAfile oca/ca.pem >out 2>&1
  grep -q 'www.pem: good' out
  ca -revoke www.pem -crl_reason keyCompromise
  next_line
  [[ $line == "oca/index.txt: Elsewhere-Root, 2 lines: 0 added, 1 changed, 1 as before" ]]
  openssl ocsp -issuer oca/ca.pem -cert oca/www.pem -url "$url" \
    -CAfile oca/ca.pem >out 2>&1
  grep -q 'www.pem: revoked' out
  grep -q 'Reason: keyCompromise' out
  certify new
  next_line
  [[ $line == *": 1 added, 0 changed, 2 as before" ]]
  openssl ocsp -issuer oca/ca.pem -cert oca/new.pem -url "$url" \
    -CAfile oca/ca.pem >out 2>&1
  grep -q 'new.pem: good' out
  halt "$watch_pid"
  [ "$status" -eq 0 ]
  [ ! -s watch.log ]
}

@test "an edit in place, a rename, a link: each is seen; --json prints JSON" {
  elsewhere
  watch --json
  sed 's/^V\(\t[^\t]*\)\t\(\t1000\)/R\1\t261121000000Z\2/' oca/index.txt >new
  cat new >oca/index.txt
  next_line
  [ "$(field event <<<"$line")" = import ]
  [ "$(field changed <<<"$line")" = 1 ]
  exits 1 ocsp-ca status 1000
  sed 's/^R\(\t[^\t]*\)\t[^\t]*/V\1\t/' oca/index.txt >oca/new
  mv oca/new oca/index.txt
  next_line
  [ "$(field changed <<<"$line")" = 1 ]
  exits 0 ocsp-ca status 1000
  rm oca/index.txt
  ln new oca/index.txt
  next_line
  [ "$(field changed <<<"$line")" = 1 ]
  halt "$watch_pid"
  [ "$status" -eq 0 ]
}

@test "a symbolic link is followed to where the file is" {
  elsewhere
  mv oca real
  mkdir oca
  cp real/ca.pem oca
  ln -s ../real/index.txt oca/index.txt
  watch --json
  printf 'V\t301122101112Z\t\t77\tunknown\t/CN=seven\n' >>real/index.txt
  next_line
  [ "$(field added <<<"$line")" = 1 ]
}

@test "a writer that never closes is heard when it pauses" {
  elsewhere
  watch --json
  exec {log}>>oca/index.txt
  printf 'V\t301122101112Z\t\t77\tunknown\t/CN=seven\n' >&"$log"
  next_line
  [ "$(field added <<<"$line")" = 1 ]
  exec {log}>&-
}

@test "a wrong or half written file is reported once, and changes nothing" {
  elsewhere
  watch --json
  ocsp-ca list >before
  cp oca/index.txt good
  head -c -5 good >torn
  cp torn oca/index.txt
  complaint 'oca/index.txt: line 2: has no end.*the database stays as it is'
  cp torn oca/index.txt
  rm oca/index.txt
  complaint 'oca/index.txt: No such file'
  ocsp-ca list | diff before -
  (cat good && printf 'V\t301122101112Z\t\t77\tunknown\t/CN=seven\n') >new
  mv new oca/index.txt
  next_line
  [ "$(field added <<<"$line")" = 1 ]
  [ "$(grep -c 'has no end' watch.log)" -eq 1 ]
  exits 0 ocsp-ca status seven
}

@test "an empty file is an index without lines yet" {
  elsewhere
  : >oca/index.txt
  watch --json
  [ "$(field rows <<<"$watch_ready")" = 0 ]
  certify first
  next_line
  [ "$(field added <<<"$line")" = 1 ]
  # While an editor has cut it to nothing, all stays.
  : >oca/index.txt
  next_line
  [ "$(field rows <<<"$line")" = 0 ]
  exits 0 ocsp-ca status first
}

@test "a CRL can be followed too" {
  elsewhere
  ca -gencrl -out crl.pem
  serve watch ocsp-ca import oca/crl.pem --ca-cert oca/ca.pem --watch --json
  watch_fd=$ready_fd
  ca -revoke www.pem -crl_reason superseded
  ca -gencrl -out crl.pem
  next_line
  while [ "$(field added <<<"$line")" = 0 ]; do # openssl writes it in parts
    next_line
  done
  exits 1 ocsp-ca status 1000
}

@test "it goes on after a restart, with the same command" {
  elsewhere
  watch --no-faults --ca-key oca/ca.key
  halt "$watch_pid"
  [ "$status" -eq 0 ]
  ca -revoke www.pem
  watch --no-faults --ca-key oca/ca.key
  [ "$(field changed <<<"$watch_ready")" = 1 ]
  kill -INT "$watch_pid"
  wait "$watch_pid"
}

@test "the folder or the database gone: it ends and says so" {
  elsewhere
  watch
  rm -r oca
  status=0
  wait "$watch_pid" || status=$?
  [ "$status" -eq 72 ]
  grep -q 'is gone' watch.log
  elsewhere
  rm -rf lab
  watch
  rm -r lab
  touch oca/index.txt
  status=0
  wait "$watch_pid" || status=$?
  [ "$status" -eq 72 ]
}

@test "a wrong file at the start is refused, and nothing is followed" {
  elsewhere
  echo nonsense >oca/index.txt
  exits 76 ocsp-ca import oca/index.txt --ca-cert oca/ca.pem --watch
  exits 72 ocsp-ca import nowhere/index.txt --ca-cert oca/ca.pem --watch
  exits 72 ocsp-ca import oca/nothing --ca-cert oca/ca.pem --watch
  [ ! -e lab ]
}
