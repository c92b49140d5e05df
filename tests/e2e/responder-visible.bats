#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: what ocsp-ca has done is in every answer to a request that
# comes afterwards.

load helper
load responder

# hammer ROUNDS : revokes c1, c2, ... one by one and asks about each before
# and after, by GET and POST over several kept connections, while others load
# the server; fails at the first answer that is not the one of now.
hammer() {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/hammer.py" "$url" "$I" "$1"
}

# signer_of CA.pem : the file of the one who signs for that CA.
signer_of() {
  for file in lab/responder/*.pem; do
    openssl verify -partial_chain -trusted "$1" "$file" >/dev/null 2>&1 &&
      echo "$file"
  done
}

@test "200 revocations under load: no old answer, by GET or POST" {
  ocsp-ca init --temporary >/dev/null
  # shellcheck disable=SC2046
  ocsp-ca issue $(seq -f c%g 200) >/dev/null
  I=lab/ca/root/cert.pem
  respond --threads 4
  hammer 200
}

@test "hold and release, again and again" {
  lab
  respond --threads 4
  ask request "$C" "$I" >q.der
  for _ in $(seq 10); do
    ocsp-ca hold www >/dev/null
    get q.der
    says singles.0.status revoked
    post q.der
    says singles.0.status revoked
    ocsp-ca release www >/dev/null
    post q.der
    says singles.0.status good
    get q.der
    says singles.0.status good
  done
}

@test "a serial that was unknown a moment ago is good once it is issued" {
  lab
  respond
  ocsp-ca issue next --dir lab >/dev/null
  ask request lab/certs/next/cert.pem "$I" >q.der
  get q.der
  says singles.0.status good
}

@test "a clock moved back leaves revoked revoked" {
  lab
  respond
  ask request "$C" "$I" >q.der
  ocsp-ca revoke www >/dev/null
  ocsp-ca clock set -12h >/dev/null
  get q.der
  says singles.0.status revoked
}

@test "DIR removed: internalError and an unhealthy healthz, never the old" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der
  says singles.0.status good
  rm -r lab
  get q.der
  is_error 2
  post q.der
  is_error 2
  [ "$(curl -sS -o health -w '%{http_code}' "$status_url/healthz")" = 503 ]
  [ "$(field healthy <health)" = false ]
  grep -q 'ca.db was removed or replaced' health
}

@test "DIR made anew under a running responder: internalError, never the old" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der
  says singles.0.status good
  for how in 'rm -r lab' 'mv lab old'; do
    $how
    lab
    get q.der
    is_error 2
    ask request "$C" "$I" >q2.der
    post q2.der
    is_error 2
  done
}

@test "a signer whose file is spoilt later: internalError for that CA only" {
  lab --depth 2
  respond
  ask request --nonce 11 lab/ca/ca1/cert.pem lab/root.pem >root.q
  ask request --nonce 22 "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  chmod 0644 "$(signer_of "$I")"
  # Nobody looks at the file until the signers are loaded anew.
  kill -HUP "$pid"
  until grep -q 'SIGHUP' responder.log; do :; done
  post q.der
  is_error 2
  post root.q
  says singles.0.status good
  [ "$(curl -sS -o health -w '%{http_code}' "$status_url/healthz")" = 503 ]
  grep -q 'others may use this private key' health
  chmod 0600 lab/responder/*.pem
  kill -HUP "$pid"
  until [ "$(grep -c 'SIGHUP' responder.log)" -eq 2 ]; do :; done
  post q.der
  says singles.0.status good
  [ "$(curl -sS -o health -w '%{http_code}' "$status_url/healthz")" = 200 ]
}
