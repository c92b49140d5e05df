#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: what is said about which certID, and by whom.  The oracles
# over every algorithm and signer model are in oracles.bats.

load helper
load responder

@test "good, revoked with reason and time, held, released, never issued" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  ocsp-ca hold www >/dev/null
  post q.der
  says singles.0.status revoked
  says singles.0.reason certificateHold
  ocsp-ca release www >/dev/null
  post q.der
  says singles.0.status good
  ocsp-ca revoke www --reason keyCompromise \
    --revocation-date 2026-01-02T03:04:05Z >/dev/null
  post q.der
  says singles.0.status revoked
  says singles.0.reason keyCompromise
  says singles.0.revoked 2026-01-02T03:04:05
  ask request --serial 7123456789abcdef "$C" "$I" >q.der
  post q.der
  says singles.0.status unknown
}

@test "a revocation without a reason has none in the answer" {
  lab
  respond
  ocsp-ca revoke www >/dev/null
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status revoked
  says singles.0.reason ''
}

@test "certID comes back with the hash that the client took" {
  lab
  respond
  for hash in sha1 sha256; do
    ask request --hash $hash "$C" "$I" >q.der
    post q.der
    says singles.0.status good
    says singles.0.hash $hash
    openssl ocsp -reqin q.der -respin r.der -no_nonce "-$hash" \
      -issuer "$I" -cert "$C" -CAfile lab/root.pem | grep -q ': good'
  done
}

@test "a hash that is neither SHA-1 nor SHA-256 gets unauthorized" {
  lab
  respond
  ask request --hash sha384 "$C" "$I" >q.der
  post q.der
  is_error 6
  grep -q 'certID with hash sha384: only SHA-1 and SHA-256' responder.log
}

@test "one wrong bit in either issuer hash gets unauthorized, and a word why" {
  lab
  respond
  for what in name key; do
    for hash in sha1 sha256; do
      ask request --hash $hash --flip $what "$C" "$I" >q.der
      post q.der
      is_error 6
    done
  done
  grep -q "issuer's key is known, it is that of Lab Root (CA root), but its name" \
    responder.log
  grep -q "issuer's name is known, it is Lab Root (CA root), but its key is not" \
    responder.log
}

@test "several certIDs are answered in one answer, in their order" {
  lab
  ocsp-ca issue two three >/dev/null
  ocsp-ca revoke two >/dev/null
  respond
  ask request lab/certs/three/cert.pem "$I" lab/certs/two/cert.pem "$I" \
    "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  says singles.1.status revoked
  says singles.2.status good
  for i in 0:three 1:two 2:www; do
    serial=$(openssl x509 -in "lab/certs/${i#*:}/cert.pem" -noout -serial)
    serial=${serial#*=}
    says "singles.${i%:*}.serial" "${serial,,}"
  done
}

@test "the log names the one of several certIDs that was never issued" {
  lab
  respond
  openssl req -new -x509 -subj /CN=stray -set_serial 0x7123456789abcdef \
    -CA lab/ca/root/cert.pem -CAkey lab/ca/root/key.pem \
    -key lab/certs/www/key.pem -out stray.pem
  ask request "$C" "$I" stray.pem "$I" >q.der
  post q.der
  says singles.1.status unknown
  grep -q 'serial=7123456789abcdef why=.*never issued' responder.log
}

@test "64 certIDs pass, 65 are malformed" {
  lab
  respond
  ids=()
  for _ in $(seq 64); do ids+=("$C" "$I"); done
  ask request "${ids[@]}" >q.der
  post q.der
  says singles.63.status good
  ask request "${ids[@]}" "$C" "$I" >q.der
  post q.der
  is_error 1
  grep -q 'requestList: the limit here is 64 certIDs (RFC 6960 4.1.1, byte' \
    responder.log
}

@test "certIDs of two issuers in one request get unauthorized" {
  lab --depth 2
  respond
  ask request "$C" "$I" lab/ca/ca1/cert.pem lab/root.pem >q.der
  post q.der
  is_error 6
  grep -q 'several issuers, ca1 and root: ask about each alone' responder.log
  ask request lab/ca/ca1/cert.pem lab/root.pem >q.der
  post q.der
  says singles.0.status good
}

@test "each CA of a chain is answered for by its own signer" {
  lab --depth 2
  respond
  openssl ocsp -url "$url" -issuer "$I" -cert "$C" -CAfile lab/root.pem \
    -verify_other "$I" | grep -q 'cert.pem: good'
  openssl ocsp -url "$url" -issuer lab/root.pem -cert lab/ca/ca1/cert.pem \
    -CAfile lab/root.pem | grep -q 'cert.pem: good'
}

@test "a CA and a certificate made while it runs are answered for at once" {
  lab
  respond
  ocsp-ca issue late >/dev/null
  ask request lab/certs/late/cert.pem "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "--unissued chooses what never issued serials get" {
  lab
  ask request --serial 7123456789abcdef "$C" "$I" >q.der
  respond --unissued unauthorized
  post q.der
  is_error 6
  halt "$pid"
  respond --unissued good
  post q.der
  says singles.0.status good
  [ "$(header Cache-Control)" = no-store ]
  halt "$pid"
  respond --unissued extended-revoke
  post q.der
  says singles.0.status revoked
  says singles.0.reason certificateHold
  says singles.0.revoked 1970-01-01T00:00:00
  says extensions.0 1.3.6.1.5.5.7.48.1.9
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  says extensions '[]'
}

@test "odd serials are never issued, and harm nobody" {
  lab
  respond
  for serial in 00 80 ff00ff 8034 "$(printf '7f%.0s' $(seq 40))"; do
    ask request --serial "$serial" "$C" "$I" >q.der
    post q.der
    says singles.0.status unknown || is_error 1
  done
  ask request "$C" "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "responderID is the key's hash, or with --responder-id name the name" {
  lab
  ask request "$C" "$I" >q.der
  respond
  post q.der
  says by key
  openssl asn1parse -inform DER -in r.der -strparse \
    "$(openssl asn1parse -inform DER -in r.der |
      sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p' | head -n 1)" |
    grep -A 1 'cont \[ 2 \]' | grep -q 'l=  20 prim: OCTET STRING'
  halt "$pid"
  respond --responder-id name
  post q.der
  says by name
  openssl ocsp -reqin q.der -respin r.der -no_nonce -issuer "$I" -cert "$C" \
    -CAfile lab/root.pem | grep -q ': good'
}

@test "a delegate sends its certificate along, a CA that signs sends none" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  says certs 1
  halt "$pid"
  rm -r lab
  lab --signer ca
  respond
  ask request "$C" "$I" >q.der
  post q.der
  says certs 0
}

@test "--digest changes the signature's hash" {
  lab --algorithm rsa2048
  respond --digest sha512
  ask request "$C" "$I" >q.der
  post q.der
  openssl ocsp -respin r.der -noverify -resp_text |
    grep -q 'Signature Algorithm: sha512WithRSAEncryption'
}

@test "what is not understood: ignored if it may be, refused if critical" {
  lab
  respond
  ask request --extension 1.2.3.4 "$C" "$I" >q.der
  post q.der
  says singles.0.status good
  ask request --extension 1.2.3.4 --critical "$C" "$I" >q.der
  post q.der
  is_error 1
  grep -q 'extension 1.2.3.4 is critical and not understood' responder.log
  ask request --name "$C" "$I" >q.der
  post q.der
  says singles.0.status good
}

@test "a signed request gets the same answer as an unsigned one" {
  lab
  respond
  openssl ocsp -issuer "$I" -cert "$C" -no_nonce -reqout q.der \
    -signer "$C" -signkey lab/certs/www/key.pem
  post q.der
  says singles.0.status good
}

@test "thisUpdate is producedAt, nextUpdate is --validity later, to the second" {
  lab
  ocsp-ca clock set 2030-01-02T03:04:05Z >/dev/null
  ocsp-ca clock freeze >/dev/null
  respond --validity 90m
  ask request "$C" "$I" >q.der
  post q.der
  this=$(ask show r.der produced_at)
  [[ $this = 2030-01-02T03:04:* ]]
  says singles.0.this_update "$this"
  [[ $(ask show r.der singles.0.next_update) = 2030-01-02T04:34:* ]]
}

@test "no answer outlives its signer, and an expired one signs nothing" {
  lab --days 30
  respond --validity 4d
  end=$(openssl x509 -noout -enddate -in lab/responder/*.pem)
  end=$(date -u -d "${end#*=}" +%s)
  ask request "$C" "$I" >q.der
  ocsp-ca clock set "$(date -u -d "@$((end - 86400))" +%Y-%m-%dT%H:%M:%SZ)" \
    >/dev/null
  post q.der
  says singles.0.next_update "$(date -u -d "@$end" +%Y-%m-%dT%H:%M:%S)"
  ocsp-ca clock set "$(date -u -d "@$((end + 1))" +%Y-%m-%dT%H:%M:%SZ)" \
    >/dev/null
  post q.der
  is_error 2
  grep -q 'the OCSP signer of CA root has expired' responder.log
}
