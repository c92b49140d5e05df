#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca add-ca: several CAs in one directory, and none taken for another.

load helper

# strictly NAME : the chain of certs/NAME stands before two judges.
strictly() {
  openssl verify -x509_strict -CAfile lab/root.pem -untrusted \
    "lab/certs/$1/chain.pem" "lab/certs/$1/cert.pem"
  certtool --verify --load-ca-certificate lab/root.pem \
    --infile "lab/certs/$1/fullchain.pem" >/dev/null
}

refused() {
  local code=$1 words=$2
  shift 2
  exits "$code" ocsp-ca "$@"
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *"$words"* ]] || {
    echo "not '$words': $output"
    return 1
  }
}

@test "a CA beside the default one: it issues, the default stays" {
  ocsp-ca init --depth 2
  ocsp-ca add-ca web --json >made
  [ "$(field parent <made)" = root ]
  [ "$(field default <made)" = false ]
  ocsp-ca issue a --ca web
  strictly a
  [ "$(ocsp-ca show a --json | field ca)" = web ]
  ocsp-ca issue b
  [ "$(ocsp-ca show b --json | field ca)" = ca1 ]
  [ "$(ocsp-ca show web --json | field ca)" = root ]
  [ "$(stat -c %a lab/ca/web lab/ca/web/key.pem)" = $'700\n600' ]
  [ ! -e lab/ca/web/unfinished ]
  cmp lab/root.pem lab/ca/root/cert.pem
}

@test "a CA below a root that issues, and below that, down to four" {
  ocsp-ca init
  ocsp-ca add-ca one
  ocsp-ca add-ca two --under one
  ocsp-ca add-ca three --under two --default
  openssl x509 -in lab/ca/one/cert.pem -noout -text | grep -q pathlen:2
  openssl x509 -in lab/ca/three/cert.pem -noout -text | grep -q pathlen:0
  ocsp-ca issue www
  [ "$(ocsp-ca show www --json | field ca)" = three ]
  strictly www
  refused 64 'pathLenConstraint' add-ca four --under three
  [ ! -e lab/ca/four ]
}

@test "a certificate that allows no CA below it is obeyed, however far above" {
  ocsp-ca init --depth 3
  refused 64 'the certificate of ca2 allows 0 CAs' add-ca x --under ca2
  ocsp-ca add-ca side --under ca1
  refused 64 'the certificate of side allows 0 CAs' add-ca x --under side
}

@test "--root: root.pem holds both, and each chain verifies" {
  ocsp-ca init
  ocsp-ca add-ca other --root --name 'Other Root' --algorithm p384
  [ "$(grep -c BEGIN lab/root.pem)" -eq 2 ]
  ocsp-ca issue a
  ocsp-ca issue b --ca other
  strictly a
  strictly b
  run ! openssl verify -CAfile lab/ca/root/cert.pem lab/certs/b/cert.pem
  ocsp-ca add-ca below --under other
  ocsp-ca issue c --ca below
  strictly c
}

@test "root.pem lacks a root: the next command that writes puts it in" {
  ocsp-ca init
  ocsp-ca add-ca other --root
  cp lab/root.pem both
  for left in lab/ca/root/cert.pem lab/ca/other/cert.pem /dev/null; do
    cat "$left" >lab/root.pem
    ocsp-ca crl --out /dev/null
    [ "$(grep -c BEGIN lab/root.pem)" -eq 2 ]
    cat lab/ca/root/cert.pem lab/ca/other/cert.pem | cmp - lab/root.pem
  done
  rm lab/root.pem
  ocsp-ca issue www
  cmp lab/root.pem both
  # What somebody else has added stays.
  ocsp-ca init --dir else --name Else
  cat else/root.pem lab/ca/other/cert.pem >lab/root.pem
  ocsp-ca issue more
  [ "$(grep -c BEGIN lab/root.pem)" -eq 3 ]
  openssl verify -CAfile lab/root.pem else/root.pem lab/certs/more/cert.pem
}

@test "each CA has its model and algorithms, also mixed" {
  ocsp-ca init --algorithm p384 --signer-algorithm ed25519
  ocsp-ca add-ca a --algorithm p256 --signer-algorithm rsa2048
  ocsp-ca add-ca b --algorithm ed25519 --signer ca
  ocsp-ca add-ca c --signer trusted
  ocsp-ca add-ca d --signer trusted
  kind() {
    openssl x509 -in "$1" -noout -text |
      grep -oE 'P-256|P-384|ED25519$|\([0-9]+ bit\)' | head -n 1
  }
  signer() {
    ocsp-ca signer list --ca "$1" --json | field path
  }
  [ "$(kind lab/ca/root/cert.pem)" = '(384 bit)' ]
  openssl x509 -in "$(signer root)" -noout -text | grep -q 'Algorithm: ED25519'
  [ "$(kind "$(signer a)")" = '(2048 bit)' ]
  [ "$(signer b)" = "$OCSP_LAB_DIR/ca/b/cert.pem" ]
  [ "$(signer c)" = "$(signer d)" ]
  [ "$(kind lab/ca/c/cert.pem)" = '(384 bit)' ]
  openssl x509 -in "$(signer c)" | cmp - lab/responder.pem
  for ca in root a b c d; do
    ocsp-ca issue "w$ca" --ca "$ca" --algorithm p256
    strictly "w$ca"
  done
}

@test "no certificate of one CA is taken for another's" {
  ocsp-ca init
  ocsp-ca add-ca web
  serial=$(ocsp-ca issue www --json | field serial)
  for command in show status revoke hold release; do
    for what in www "$serial" lab/certs/www/cert.pem; do
      refused 72 "is root's, not web's" $command "$what" --ca web
    done
  done
  ocsp-ca status www --ca root
  ocsp-ca status "$serial" --ca root
  ocsp-ca revoke lab/certs/www/cert.pem --ca root
  exits 1 ocsp-ca status "$serial"
  exits 2 ocsp-ca status 1234 --ca web
  refused 72 'no such CA' status www --ca nobody
}

@test "a name that is taken, by a CA, a certificate or a folder" {
  ocsp-ca init
  ocsp-ca issue www
  refused 73 'there is a CA root already' add-ca root
  refused 73 'name of a certificate' add-ca www
  refused 73 "the CA root has the subject 'Lab Root'" add-ca x --name 'Lab Root'
  mkdir lab/ca/mine
  echo key >lab/ca/mine/key.pem
  refused 73 'in the way' add-ca mine
  [ "$(cat lab/ca/mine/key.pem)" = key ]
  ocsp-ca add-ca web
  refused 73 'is the name of a CA' issue web
}

@test "validity: until the CA above ends, or for days, not beyond" {
  ocsp-ca init --days 30
  ocsp-ca add-ca a
  ocsp-ca add-ca b --days 5
  ends() {
    openssl x509 -in "lab/ca/$1/cert.pem" -noout -enddate
  }
  [ "$(ends a)" = "$(ends root)" ]
  [ "$(ends b)" != "$(ends root)" ]
  refused 64 'would outlive root' add-ca c --days 31
  ocsp-ca clock advance 6d
  refused 78 'b has ended' add-ca c --under b
  ocsp-ca add-ca c --root --days 90
}

@test "bad options of add-ca: exit 64, one line, nothing made" {
  ocsp-ca init
  refused 64 'CANAME is missing' add-ca
  refused 64 'one word too many' add-ca a b
  refused 64 "a CA's name has letters" add-ca a/b
  refused 64 "a CA's name has letters" add-ca .a
  refused 64 "'a-delta': a CA's name does not end in '-delta'" add-ca a-delta
  refused 64 '--root and --under' add-ca a --root --under root
  refused 72 'no such CA' add-ca a --under nobody
  refused 64 'not an algorithm' add-ca a --algorithm dsa
  refused 64 'no signer model' add-ca a --signer x
  refused 64 'say --algorithm' add-ca a --signer ca --signer-algorithm p256
  refused 64 'must live a while' add-ca a --days 0
  refused 64 '--days' add-ca a --days x
  refused 64 '1 to 64 characters' add-ca a --name ''
  refused 64 '1 to 64 characters' add-ca a --name "$(printf '%065d' 0)"
  refused 64 'control characters' add-ca a --name $'a\nb'
  refused 64 'UTF-8' add-ca a --name $'\xff'
  [ "$(ls lab/ca)" = root ]
}

@test "two that add the same CA at once: one does, the other says so" {
  ocsp-ca init --temporary
  for i in 1 2 3 4 5; do
    ocsp-ca add-ca "n$i" >one.out 2>one.log &
    first=$!
    second=0
    ocsp-ca add-ca "n$i" >two.out 2>two.log || second=$?
    status=0
    wait "$first" || status=$?
    [ "$((status + second))" -eq 73 ]
    openssl pkey -in "lab/ca/n$i/key.pem" -pubout |
      cmp - <(openssl x509 -in "lab/ca/n$i/cert.pem" -noout -pubkey)
    ocsp-ca issue "w$i" --ca "n$i"
    strictly "w$i"
  done
}

@test "roots added at once are all in root.pem" {
  ocsp-ca init --temporary
  pids=()
  for i in 1 2 3 4 5 6; do
    ocsp-ca add-ca "r$i" --root >/dev/null &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ "$(grep -c BEGIN lab/root.pem)" -eq 7 ]
  for i in 1 2 3 4 5 6; do
    openssl verify -CAfile lab/root.pem "lab/ca/r$i/cert.pem"
  done
}

@test "a running responder answers for a CA that was added a moment ago" {
  ocsp-ca init --temporary
  serve responder ocsp-responder --listen 127.0.0.1:0
  url=$(field url <<<"$ready")
  ocsp-ca add-ca web --signer-algorithm ed25519
  ocsp-ca issue www --ca web
  openssl ocsp -issuer lab/ca/web/cert.pem -cert lab/certs/www/cert.pem \
    -CAfile lab/root.pem -url "$url" >out 2>&1
  grep -q 'Response verify OK' out
  grep -q 'cert.pem: good' out
  # The same question with the wrong issuer is nobody's.
  run openssl ocsp -issuer lab/ca/web/cert.pem -cert lab/ca/web/cert.pem \
    -CAfile lab/root.pem -url "$url"
  [[ $output == *unknown* ]] || [[ $output == *unauthorized* ]]
}
