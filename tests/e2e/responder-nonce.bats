#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: the nonce (RFC 9654).

load helper
load responder

# octets N : hex of so many.
octets() {
  printf 'a5%.0s' $(seq "$1")
}

@test "a nonce of 1 to 128 octets comes back as it was, in a fresh answer" {
  lab
  respond
  for n in 1 15 16 32 33 127 128; do
    ask request --nonce "$(octets $n)" "$C" "$I" >q.der
    post q.der
    says nonce "$(octets $n)"
    says singles.0.status good
    [ "$(header Cache-Control)" = no-store ]
    [ -z "$(header ETag)" ]
  done
}

@test "a nonce of 0 or more than 128 octets is malformed" {
  lab
  respond
  for n in 129 200; do
    ask request --nonce "$(octets $n)" "$C" "$I" >q.der
    post q.der
    is_error 1
  done
  ask request --nonce '' "$C" "$I" >q.der
  post q.der
  is_error 1
}

@test "a nonce that is no OCTET STRING, or stands there twice, is malformed" {
  lab
  respond
  for value in 0909090909 0202abcd 0401aa00 ''; do
    ask request --extn-value "$value" "$C" "$I" >q.der
    post q.der
    is_error 1
  done
  ask request --nonce abcd --twice "$C" "$I" >q.der
  post q.der
  is_error 1
}

@test "openssl accepts the nonce, and two answers are never the same" {
  lab
  respond
  for i in 1 2; do
    openssl ocsp -url "$url" -issuer "$I" -cert "$C" -CAfile lab/root.pem \
      -respout "r$i.der" 2>&1 | tee said
    grep -q 'cert.pem: good' said
    run ! grep -qi 'warning' said
  done
  run ! cmp -s r1.der r2.der
}

@test "--nonce ignore: the kept answer, without a nonce, for everybody" {
  lab
  respond --nonce ignore
  ask request --nonce "$(octets 32)" "$C" "$I" >q.der
  post q.der
  cp r.der first.der
  says extensions '[]'
  [[ $(header Cache-Control) = max-age=*public* ]]
  ask request --nonce "$(octets 16)" "$C" "$I" >q.der
  post q.der
  cmp r.der first.der
}

@test "--nonce require: without one unauthorized" {
  lab
  respond --nonce require
  ask request "$C" "$I" >q.der
  post q.der
  is_error 6
  ask request --nonce "$(octets 32)" "$C" "$I" >q.der
  post q.der
  says nonce "$(octets 32)"
}
