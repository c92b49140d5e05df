#!/usr/bin/env bats
# shellcheck shell=bash
# The drop-ins of fixtures/compat beside what they stand for.

load helper

compat=$BATS_TEST_DIRNAME/../../fixtures/compat

# A CA of openssl's own making, with a delegate, three leaves and an index.
setup_file() {
  unset OCSP_LAB_DIR
  cd "$BATS_FILE_TMPDIR" || return 1
  {
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=Own -days 300 \
      -keyout ca.key -out ca.pem
    printf 'extendedKeyUsage=OCSPSigning\n' >delegate.ext
    : >leaf.ext
    leaf 10 leaf
    leaf 11 leaf
    leaf 12 leaf
    leaf 99 delegate
    printf 'V\t361231235959Z\t\t%s\tunknown\t/CN=%s\n' 10 10 99 99 >index.txt
    printf 'R\t361231235959Z\t260101000000Z,keyCompromise\t11\tunknown\t/CN=11\n' \
      >>index.txt
  } 2>log
}

leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "0x$1" \
    -days 30 -extfile "$2.ext" -out "$1.pem"
}

# our_files : a copy in the test's folder.
our_files() {
  cp "$BATS_FILE_TMPDIR"/*.{pem,key,txt} .
}

# responder CMD... : until it says ACCEPT; $port.
responder() {
  serve responder "$@"
  [[ $ready == "ACCEPT "*" PID=$pid" ]]
  port=${ready% PID=*}
  port=${port##*:}
}

# ask SERIAL... : what openssl's client makes of it.
ask() {
  local serial
  for serial in "$@"; do
    openssl ocsp -issuer ca.pem -cert "$serial.pem" -CAfile ca.pem \
      -url "http://127.0.0.1:$port" 2>&1 | grep -v ' Update: '
  done
}

@test "the same statuses, ready lines and end as openssl ocsp" {
  our_files
  flags=(-index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key -port 0 -nmin 5)
  responder openssl ocsp "${flags[@]}"
  ask 10 11 12 >theirs
  grep -q 'waiting for OCSP client' responder.log
  halt "$pid"
  theirs=$status
  responder "$compat/openssl-ocsp" "${flags[@]}"
  ask 10 11 12 >ours
  diff theirs ours
  grep -q '^11.pem: revoked' ours
  grep -q 'waiting for OCSP client' responder.log
  halt "$pid"
  [ "$status" -eq "$theirs" ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "the CA's own key signs, and -nrequest ends it with 0" {
  our_files
  responder "$compat/openssl-ocsp" ocsp -index index.txt -CA ca.pem -rsigner ca.pem \
    -rkey ca.key -port 127.0.0.1:0 -nrequest 2 -resp_key_id -rmd sha384 -ndays 1
  openssl ocsp -issuer ca.pem -serial 0x10 -CAfile ca.pem -resp_text \
    -url "http://127.0.0.1:$port" >text
  grep -q 'Signature Algorithm: sha384WithRSAEncryption' text
  grep -qE 'Responder Id: [0-9A-F]{40}' text
  ask 11
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "index.txt is followed, in both directions" {
  our_files
  responder "$compat/openssl-ocsp" -index index.txt -CA ca.pem -rsigner 99.pem \
    -rkey 99.key -port 0
  ask 10 | grep '10.pem: good'
  cp index.txt before
  sed -i 's/^V\t\([0-9Z]*\)\t\t10/R\t\1\t260101000000Z\t10/' index.txt
  until ask 10 | grep '10.pem: revoked'; do :; done
  cp before index.txt
  until ask 10 | grep '10.pem: good'; do :; done
}

@test "one answer in files, good, revoked, unknown, and a bad signature" {
  our_files
  for serial in 10 11 12; do
    openssl ocsp -issuer ca.pem -cert "$serial.pem" -no_nonce -reqout q.der
    for program in "openssl ocsp" "$compat/openssl-ocsp"; do
      # shellcheck disable=SC2086
      $program -index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key -nmin 5 \
        -reqin q.der -respout r.der
      openssl ocsp -respin r.der -issuer ca.pem -cert "$serial.pem" -CAfile ca.pem \
        -no_nonce 2>&1 | grep -v ' Update: ' >"${program##*/}.said"
    done
    diff "openssl ocsp.said" openssl-ocsp.said
  done
  "$compat/openssl-ocsp" -index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key \
    -badsig -reqin q.der -respout r.der
  openssl ocsp -respin r.der -issuer ca.pem -cert 12.pem -CAfile ca.pem \
    -no_nonce 2>&1 | grep 'Response Verify Failure'
  # No nextUpdate where none was wished, as with openssl.
  "$compat/openssl-ocsp" -index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key \
    -reqin q.der -text >text
  run ! grep 'Next Update' text
  grep 'This Update' text
}

@test "what is no responder goes to openssl, what is wrong is exit 1" {
  our_files
  exits 0 "$compat/openssl-ocsp" version
  [[ $output == OpenSSL* ]]
  exits 0 "$compat/openssl-ocsp" ocsp -issuer ca.pem -cert 10.pem -reqout q.der
  for flags in "-port 0" "-CA ca.pem -rsigner 99.pem -rkey 99.key -no_such 1" \
    "-CA none.pem -rsigner 99.pem -rkey 99.key -port 0" \
    "-CA ca.pem -rsigner 99.pem -rkey 10.key -port 0" \
    "-CA ca.pem -rsigner 99.pem -rkey 99.key -port"; do
    # shellcheck disable=SC2086
    exits 1 "$compat/openssl-ocsp" -index index.txt $flags
    [ -n "$output" ]
  done
  exits 1 "$compat/openssl-ocsp" -index none.txt -CA ca.pem -rsigner 99.pem \
    -rkey 99.key -port 0
  [ -z "$(ls "$TMPDIR")" ]
}

@test "kill -9 of the drop-in takes its servers along" {
  command -v setpriv >/dev/null || skip "needs setpriv"
  our_files
  responder "$compat/openssl-ocsp" -index index.txt -CA ca.pem -rsigner 99.pem \
    -rkey 99.key -port 0
  kill -9 "$pid"
  # shellcheck disable=SC2046
  gone $(grep -lzsxF "TMPDIR=$TMPDIR" /proc/[0-9]*/environ | cut -d/ -f3 |
    grep -vx $$)
  run -7 curl -sS "http://127.0.0.1:$port/"
}

@test "several CAs in one file, and one whose keyUsage has no digitalSignature" {
  our_files
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout other.key -out other.pem -subj /CN=Other -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  cat other.pem ca.pem >both.pem
  # The signer is a delegate of the second, and a stranger to the first.
  responder "$compat/openssl-ocsp" -index index.txt -CA both.pem -rsigner 99.pem \
    -rkey 99.key -port 0 -nmin 5
  ask 10 11 >said
  [ "$(grep -c 'verify OK' said)" -eq 2 ]
  grep -q '^11.pem: revoked' said
  openssl ocsp -issuer other.pem -serial 0x11 -VAfile 99.pem \
    -url "http://127.0.0.1:$port" >said 2>&1
  grep -q 'verify OK' said
  grep -q '^0x11: revoked' said
  halt "$pid"
  # It signs its own answers, as openssl lets it.
  responder "$compat/openssl-ocsp" -index index.txt -CA other.pem \
    -rsigner other.pem -rkey other.key -port 0 -nmin 5
  openssl ocsp -issuer other.pem -serial 0x10 -CAfile other.pem \
    -url "http://127.0.0.1:$port" >said 2>&1
  grep -q 'verify OK' said
  grep -q '^0x10: good' said
}

@test "a last line without its end is not there yet, as with openssl" {
  our_files
  printf 'V\t361231235959Z\t\t12\tunknown\t/CN=12' >>index.txt
  openssl ocsp -issuer ca.pem -cert 12.pem -cert 11.pem -no_nonce -reqout q.der
  for program in "openssl ocsp" "$compat/openssl-ocsp"; do
    # shellcheck disable=SC2086
    $program -index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key \
      -reqin q.der -text | grep 'Cert Status' >"${program##*/}.said"
  done
  diff "openssl ocsp.said" openssl-ocsp.said
  [ "$(wc -l <openssl-ocsp.said)" -eq 2 ]
  responder "$compat/openssl-ocsp" -index index.txt -CA ca.pem -rsigner 99.pem \
    -rkey 99.key -port 0
  ask 12 | grep '12.pem: unknown'
  echo >>index.txt
  until ask 12 | grep '12.pem: good'; do :; done
}

@test "the folder first in PATH, an encrypted key, and a request of its own" {
  our_files
  openssl pkey -in 99.key -aes256 -passout pass:secret -out locked.key
  PATH=$compat:$PATH
  [ "$(openssl version)" = "$("$(type -aP openssl | sed -n 2p)" version)" ]
  openssl ocsp -index index.txt -CA ca.pem -rsigner 99.pem -rkey locked.key \
    -passin pass:secret -ndays 1 -issuer ca.pem -cert 11.pem -respout r.der
  openssl ocsp -respin r.der -issuer ca.pem -cert 11.pem -CAfile ca.pem -no_nonce |
    grep '11.pem: revoked'
  # As a CGI script does.
  openssl ocsp -issuer ca.pem -cert 10.pem -no_nonce -reqout q.der
  openssl ocsp -index index.txt -CA ca.pem -rsigner 99.pem -rkey 99.key \
    -reqin /dev/stdin -respout /dev/stdout <q.der | cat >r.der
  openssl ocsp -respin r.der -issuer ca.pem -cert 10.pem -CAfile ca.pem -no_nonce |
    grep '10.pem: good'
  exits 1 openssl ocsp -index index.txt -CA ca.pem -rsigner 99.pem \
    -rkey locked.key -passin pass:wrong -reqin q.der -respout r.der
  [ -z "$(ls "$TMPDIR")" ]
}

# mock FLAG... : ocsp-mock on a free port; $port.
mock() {
  # Or the words of the one before are taken for its own.
  : >mock.log
  "$compat/ocsp-mock" --ca_file ca.pem --ocsp_responder_cert 99.pem \
    --ocsp_responder_key 99.key -p 0 -v "$@" 2>mock.log 3>&- &
  pid=$!
  echo "$pid" >>pids
  until grep -q 'Running on' mock.log; do
    kill -0 "$pid"
  done
  port=$(sed -n 's|.*Running on http://127.0.0.1:\([0-9]*\)/.*|\1|p' mock.log)/status
}

@test "the mock: one status for every serial, under /status" {
  our_files
  mock
  ask 10 11 12 >said
  [ "$(grep -c ': good' said)" -eq 3 ]
  [ "$(grep -c 'verify OK' said)" -eq 3 ]
  for method in get post; do
    exits 0 ocsp-check --cert 10.pem --issuer ca.pem --ca ca.pem \
      --url "http://127.0.0.1:$port" --method $method
  done
  halt "$pid"
  mock --fault revoked
  ask 10 | grep ': revoked'
  halt "$pid"
  mock --fault=unknown --next_update_seconds 7
  ask 10 | grep ': unknown'
  openssl ocsp -issuer ca.pem -cert 10.pem -CAfile ca.pem -no_nonce \
    -url "http://127.0.0.1:$port" -respout r.der >/dev/null 2>&1
  /usr/bin/python3 - <<'PY'
from cryptography.x509 import ocsp
r = ocsp.load_der_ocsp_response(open("r.der", "rb").read())
assert (r.next_update - r.this_update).total_seconds() == 7
PY
  halt "$pid"
  # At the longest ask, it ends within the second; and it is late by one.
  mock --next_update_seconds=0 -b=127.0.0.1 -p=0
  grep -q 'Debugger is active' mock.log
  openssl ocsp -issuer ca.pem -cert 10.pem -CAfile ca.pem \
    -url "http://127.0.0.1:$port" -status_age 100 -validity_period 0 >said 2>&1
  grep -q 'status expired' said
  halt "$pid"
  mock --response_delay_seconds 1 -p0
  [ "$(curl -sS -o r.der -w '%{time_total}' -H 'Content-Type: application/ocsp-request' \
    --data-binary @<(openssl ocsp -issuer ca.pem -cert 10.pem -no_nonce -reqout /dev/stdout) \
    "http://127.0.0.1:$port" | cut -d. -f1)" -ge 1 ]
  halt "$pid"
  exits 2 "$compat/ocsp-mock" --fault broken
  exits 2 "$compat/ocsp-mock" -p 0
  [ -z "$(ls "$TMPDIR")" ]
}
