#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: several CAs in one process, their signers, and the end of
# those.

load helper
load responder

# answered CERT ISSUER ROOT... : openssl asks, and believes it with that root.
answered() {
  local got
  got=$(openssl ocsp -url "$url" -issuer "$2" -cert "$1" -CAfile "$3" \
    -verify_other "$2" 2>&1)
  [[ $got = *'Response verify OK'* && $got = *': good'* ]] || {
    echo "$got" >&2
    return 1
  }
}

@test "two roots with their intermediates: each answer by its own signer" {
  lab --depth 2
  respond
  ocsp-ca add-ca other --root >/dev/null
  ocsp-ca add-ca othersub --under other --algorithm p384 >/dev/null
  ocsp-ca add-ca self --root --signer ca --algorithm ed25519 >/dev/null
  ocsp-ca issue a --ca root >/dev/null
  ocsp-ca issue b --ca ca1 >/dev/null
  ocsp-ca issue c --ca other >/dev/null
  ocsp-ca issue d --ca othersub >/dev/null
  ocsp-ca issue e --ca self >/dev/null
  for pair in a:root b:root c:other d:other e:self; do
    cert=lab/certs/${pair%:*}
    answered "$cert/cert.pem" "$cert/chain.pem" "lab/ca/${pair#*:}/cert.pem"
  done
  answered lab/ca/othersub/cert.pem lab/ca/other/cert.pem lab/ca/other/cert.pem
  # A signer of one root is no word about the other's.
  ! openssl ocsp -url "$url" -issuer lab/certs/d/chain.pem \
    -cert lab/certs/d/cert.pem -CAfile lab/ca/root/cert.pem \
    -verify_other lab/certs/d/chain.pem 2>&1 | grep -q 'verify OK' || return 1
  # One answer cannot have two signers.
  ask request lab/certs/a/cert.pem lab/certs/a/chain.pem \
    lab/certs/c/cert.pem lab/certs/c/chain.pem >q.der
  post q.der
  is_error 6
  grep -q 'several issuers, root and other' responder.log
  [ "$(curl -sS "$status_url/healthz" | field healthy)" = true ]
}

@test "the same serial of two CAs: each has its own state" {
  lab
  ocsp-ca add-ca other --root >/dev/null
  openssl req -new -subj /CN=twin -key lab/certs/www/key.pem -out twin.csr
  for ca in root other; do
    openssl x509 -req -in twin.csr -set_serial 0x7123456789abcdef -days 9 \
      -CA lab/ca/$ca/cert.pem -CAkey lab/ca/$ca/key.pem -out $ca.pem 2>/dev/null
    ocsp-ca import $ca.pem >/dev/null
  done
  ocsp-ca revoke other.pem >/dev/null
  respond
  ask request root.pem lab/ca/root/cert.pem >q.der
  post q.der
  says singles.0.status good
  ask request other.pem lab/ca/other/cert.pem >q.der
  post q.der
  says singles.0.status revoked
}

@test "a CA from elsewhere: why nobody answers, what to run, and then an answer" {
  lab
  respond
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout k.pem -out company.pem -subj '/CN=Company CA' -days 30 2>/dev/null
  openssl req -new -subj /CN=srv -key lab/certs/www/key.pem -out srv.csr
  openssl x509 -req -in srv.csr -CA company.pem -CAkey k.pem -days 9 \
    -set_serial 0x5123456789abcdef -out srv.pem 2>/dev/null
  ocsp-ca import srv.pem --ca-cert company.pem --ca company >/dev/null
  ask request srv.pem company.pem >q.der
  post q.der
  is_error 6
  words="CA company has no OCSP signer: its key is not here, so run 'ocsp-ca"
  grep -q "$words signer request --ca company" responder.log
  [[ $(curl -sS "$status_url/requests" | field requests.0.why) = "$words"* ]]
  # Nobody is ill of that.
  [ "$(curl -sSf "$status_url/healthz" | field healthy)" = true ]
  curl -sS -D head -o got "$url/crl/company.crl"
  grep -q ' 404 ' head
  grep -q 'ocsp-ca import' got
  ocsp-ca signer request --ca company --out s.csr >/dev/null
  openssl x509 -req -in s.csr -CA company.pem -CAkey k.pem -days 20 \
    -set_serial 0x6123456789abcdef -copy_extensions copy -out s.pem 2>/dev/null
  ocsp-ca signer install s.pem --ca company >/dev/null
  post q.der
  says singles.0.status good
  answered srv.pem company.pem company.pem
  grep -q 'signer ca=company valid-until' responder.log
}

@test "a signer is rotated while it runs: the next answer is the new one's" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der
  cp r.der old.der
  ocsp-ca signer rotate >/dev/null
  get q.der
  for der in old.der r.der; do
    openssl ocsp -reqin q.der -respin $der -no_nonce -issuer "$I" -cert "$C" \
      -CAfile lab/root.pem 2>&1 | grep -q ': good'
    openssl ocsp -respin $der -noverify -resp_text |
      sed -n 's/.*Responder Id: //p' >>ids
  done
  [ "$(sort -u ids | wc -l)" -eq 2 ]
}

@test "a signer near its end: once in the log, in healthz, in the metrics" {
  lab --signer-days 20
  ocsp-ca clock freeze >/dev/null
  respond
  end=$(openssl x509 -noout -enddate -in lab/responder/*.pem)
  end=$(date -u -d "${end#*=}" +%s)
  curl -sSf "$status_url/healthz" >health
  [ -z "$(field warning <health)" ]
  curl -sS "$status_url/metrics" >m
  grep -qx "ocsp_responder_signer_not_after_seconds{ca=\"root\"} $end" m
  ask request "$C" "$I" >q.der
  # A quarter of 20 days is 5.
  ocsp-ca clock advance 14d >/dev/null
  get q.der
  ! grep -q 'ends in' responder.log || return 1
  ocsp-ca clock advance 36h >/dev/null
  for _ in 1 2 3; do
    get q.der
    says singles.0.status good
  done
  grep 'warn signer ca=root the OCSP signer of CA root ends in 4d' responder.log |
    grep -q "run 'ocsp-ca signer rotate --ca root'"
  [ "$(grep -c 'ends in' responder.log)" -eq 1 ]
  curl -sSf "$status_url/healthz" >health
  [ "$(field healthy <health)" = true ]
  [[ $(field warning <health) = *'ends in 4d'*'signer rotate --ca root'* ]]
  [[ $(field cas.0.warning <health) = *'ends in 4d'* ]]
  # Other changes and a reload are no reason to say it again.
  ocsp-ca issue more >/dev/null
  ocsp-ca add-ca other --root >/dev/null
  kill -HUP "$pid"
  get q.der
  [ "$(grep -c 'ends in' responder.log)" -eq 1 ]
  ocsp-ca signer rotate --ca root >/dev/null
  get q.der
  curl -sSf "$status_url/healthz" >health
  [ -z "$(field warning <health)" ]
}

@test "a signer that is near its end at the start is announced then" {
  lab --signer-days 20
  ocsp-ca clock advance 433h >/dev/null
  respond
  grep -q 'ends in 1d' responder.log
}

@test "a CA that signs itself has no end to announce" {
  lab --signer ca --days 10
  ocsp-ca clock advance 9d >/dev/null
  respond
  ! grep -q 'ends in' responder.log || return 1
  [ -z "$(curl -sSf "$status_url/healthz" | field warning)" ]
}
