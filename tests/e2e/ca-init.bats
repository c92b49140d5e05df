#!/usr/bin/env bats
# ocsp-ca init: what a new lab holds, and what keeps it from being made.

load helper

# text FILE : the certificate as openssl prints it.
text() {
  openssl x509 -in "$1" -noout -text
}

@test "init makes a root that passes openssl's strict checks" {
  ocsp-ca init
  openssl verify -x509_strict -CAfile lab/root.pem lab/root.pem
  cmp lab/root.pem lab/ca/root/cert.pem
  text lab/root.pem | grep -q 'Subject: CN *= *Lab Root'
}

@test "init without a URL chooses a port of the loopback and keeps it" {
  url=$(ocsp-ca init --json | field ocsp_url)
  [[ $url =~ ^http://127\.0\.0\.1:[1-9][0-9]*$ ]]
  [ "$(ocsp-ca issue www --json | field ocsp_urls.0)" = "$url" ]
}

@test "--ocsp-url again: the responder's first, certificates name them all" {
  ocsp-ca init --depth 2 --ocsp-url http://127.0.0.1:1/a \
    --ocsp-url 'http://[::1]:2' --ocsp-url http://ocsp.example/ --json >made
  [ "$(field ocsp_url <made)" = http://127.0.0.1:1/a ]
  [ "$(field ocsp_urls.2 <made)" = http://ocsp.example/ ]
  ocsp-ca issue www
  ocsp-ca issue own --ocsp-url http://127.0.0.1:3
  three=$'http://127.0.0.1:1/a\nhttp://[::1]:2\nhttp://ocsp.example/'
  for cert in lab/certs/www/cert.pem lab/ca/ca1/cert.pem; do
    [ "$(openssl x509 -in "$cert" -noout -ocsp_uri)" = "$three" ]
  done
  [ "$(openssl x509 -in lab/certs/own/cert.pem -noout -ocsp_uri)" = \
    http://127.0.0.1:3 ]
}

@test "depth 2: the intermediate issues, and its chain verifies strictly" {
  ocsp-ca init --depth 2
  ocsp-ca issue www
  cd lab
  openssl verify -x509_strict -CAfile root.pem -untrusted \
    certs/www/chain.pem certs/www/cert.pem
  certtool --verify --load-ca-certificate root.pem \
    --infile certs/www/fullchain.pem
  [ "$(grep -c BEGIN certs/www/chain.pem)" -eq 1 ]
  [ "$(grep -c BEGIN certs/www/fullchain.pem)" -eq 2 ]
  cmp certs/www/chain.pem ca/ca1/cert.pem
}

@test "depth 4: every CA of the chain may have exactly what is below it" {
  ocsp-ca init --depth 4 --name Deep
  ocsp-ca issue www
  cd lab
  openssl verify -x509_strict -CAfile root.pem -untrusted \
    certs/www/chain.pem certs/www/cert.pem
  text ca/ca1/cert.pem | grep -q 'CA:TRUE, pathlen:2'
  text ca/ca3/cert.pem | grep -q 'CA:TRUE, pathlen:0'
  text ca/ca3/cert.pem | grep -q 'Subject: CN *= *Deep CA 3'
}

@test "the intermediate is a certificate of the root: listed, revocable" {
  ocsp-ca init --depth 2
  [ "$(ocsp-ca show ca1 --json | field ca)" = root ]
  openssl x509 -in lab/ca/ca1/cert.pem -noout -ocsp_uri | grep -q 127.0.0.1
  ocsp-ca revoke ca1 --reason cACompromise
  exits 1 ocsp-ca status lab/ca/ca1/cert.pem
}

@test "each CA has a delegated signer of its own, as RFC 6960 wants it" {
  ocsp-ca init --depth 2
  [ "$(find lab/responder -type f | wc -l)" -eq 2 ]
  for signer in lab/responder/*.pem; do
    [ "$(stat -c %a "$signer")" = 600 ]
    text "$signer" >printed
    grep -A1 'Key Usage: critical' printed | grep -qx ' *Digital Signature'
    grep -A1 'Extended Key Usage:' printed | grep -qx ' *OCSP Signing'
    grep -q 'OCSP No Check' printed
    run ! grep -E 'Subject Alternative|CRL Distribution|Authority Info' printed
    openssl pkey -in "$signer" -pubout >key.pub
    openssl x509 -in "$signer" -noout -pubkey | cmp - key.pub
  done
  issuers=$(for signer in lab/responder/*.pem; do
    openssl x509 -in "$signer" -noout -issuer -nameopt RFC2253
  done | sort)
  [ "$issuers" = $'issuer=CN=Lab CA\nissuer=CN=Lab Root' ]
}

@test "signer ca: no delegate is made" {
  ocsp-ca init --signer ca
  [ -z "$(ls lab/responder)" ]
}

@test "signer trusted: one self-signed signer, its certificate beside the root" {
  ocsp-ca init --signer trusted --depth 2
  [ "$(find lab/responder -type f | wc -l)" -eq 1 ]
  [ "$(openssl x509 -in lab/responder.pem -noout -subject | cut -d= -f2-)" = \
    "$(openssl x509 -in lab/responder.pem -noout -issuer | cut -d= -f2-)" ]
  run ! grep -q PRIVATE lab/responder.pem
}

@test "every algorithm makes a CA and leaves" {
  while read -r algorithm kind; do
    # One key each: those of RSA take seconds.
    ocsp-ca init --dir "$algorithm" --algorithm "$algorithm" --signer ca
    ocsp-ca issue www --dir "$algorithm" --algorithm p256
    openssl verify -x509_strict -CAfile "$algorithm/root.pem" \
      "$algorithm/certs/www/cert.pem"
    text "$algorithm/root.pem" | grep -q "$kind"
  done <<'END'
p256 NIST CURVE: P-256
p384 NIST CURVE: P-384
rsa2048 Public-Key: (2048 bit)
rsa3072 Public-Key: (3072 bit)
rsa4096 Public-Key: (4096 bit)
ed25519 ED25519
END
}

@test "signer and leaves have the CA's algorithm unless told otherwise" {
  ocsp-ca init --algorithm rsa2048
  ocsp-ca issue www
  for cert in lab/responder/*.pem lab/certs/www/cert.pem; do
    text "$cert" | grep -q 'Public-Key: (2048 bit)'
  done
}

@test "the signers' algorithm and life are their own, if told" {
  ocsp-ca init --depth 2 --signer-algorithm rsa2048 --signer-days 30 --json >made
  [ "$(field signer_algorithm <made)" = rsa2048 ]
  for cert in lab/responder/*.pem; do
    text "$cert" | grep -q 'Public-Key: (2048 bit)'
    [ "$(date -u -d "$(openssl x509 -in "$cert" -noout -enddate |
      cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)" = "$(field signer_not_after <made)" ]
    openssl x509 -in "$cert" -noout -checkend $((29 * 86400))
    run ! openssl x509 -in "$cert" -noout -checkend $((31 * 86400))
  done
  text lab/ca/ca1/cert.pem | grep -q 'NIST CURVE: P-256'
}

@test "--crl-url: certificates point to that CRL, or to the responder's" {
  ocsp-ca init --depth 2 --crl-url lab --ocsp-url http://127.0.0.1:1 --json >made
  [ "$(field crl_url <made)" = lab ]
  text lab/ca/ca1/cert.pem | grep -q 'URI:http://127.0.0.1:1/crl/root.crl'
  run ! grep -q 'CRL Distribution' <<<"$(text lab/root.pem)"
  ocsp-ca init --dir fixed --depth 2 --crl-url http://crl.example/x.crl
  text fixed/ca/ca1/cert.pem | grep -q 'URI:http://crl.example/x.crl'
  ocsp-ca init --dir none --depth 2 --json >made
  [ "$(field crl_url <made)" = '' ]
  run ! grep -q 'CRL Distribution' <<<"$(text none/ca/ca1/cert.pem)"
}

@test "keys are 0600 and their folders closed, whatever the umask" {
  (umask 000 && ocsp-ca init && ocsp-ca issue www)
  [ "$(stat -c %a lab/ca lab/responder | sort -u)" = 700 ]
  [ "$(stat -c %a lab/ca/root/key.pem lab/certs/www/key.pem lab/responder/*.pem |
    sort -u)" = 600 ]
}

@test "a CA is never made over another" {
  ocsp-ca init
  before=$(sha256sum lab/ca.db lab/root.pem)
  exits 73 ocsp-ca init
  [[ $output == *"there is a CA already"* ]]
  [ "$before" = "$(sha256sum lab/ca.db lab/root.pem)" ]
}

@test "two inits at once: one makes the lab, the other says so" {
  for _ in 1 2 3 4 5 6 7 8; do
    rm -rf lab
    ocsp-ca init >one.out 2>one.log &
    first=$!
    second=0
    ocsp-ca init >two.out 2>two.log || second=$?
    status=0
    wait "$first" || status=$?
    [ "$((status + second))" -eq 73 ]
    grep -q 'there is a CA already' one.log two.log
    ocsp-ca issue www
    openssl verify -CAfile lab/root.pem lab/certs/www/cert.pem
  done
}

@test "somebody's own folder in the way is left alone" {
  mkdir -p lab/certs
  echo mine >lab/certs/file
  exits 73 ocsp-ca init
  [[ $output == *"lab/certs: in the way"* ]]
  [ "$(cat lab/certs/file)" = mine ]
  [ ! -e lab/ca.db.new ]
}

@test "a failed init leaves a folder that was there as it was" {
  mkdir lab
  echo mine >lab/file
  exits 64 ocsp-ca init --name $'\xff'
  [ "$(ls -A lab)" = file ]
}

@test "what an interrupted init has left is overwritten" {
  mkdir -p lab/ca/ca3 lab/responder
  echo part >lab/ca.db.new
  echo old >lab/responder/00.pem
  echo half >lab/root.pem.4711.1.tmp
  ocsp-ca init
  [ ! -e lab/root.pem.4711.1.tmp ]
  [ ! -e lab/ca/ca3 ]
  [ ! -e lab/responder/00.pem ]
  ocsp-ca issue www
}

@test "bad options of init: exit 64, one line, no directory" {
  refused() {
    exits 64 ocsp-ca init "$@"
    [ "${#lines[@]}" -eq 1 ]
    [ ! -e lab ]
  }
  refused --algorithm dsa
  refused --depth 0
  refused --depth 5
  refused --signer nobody
  refused --ocsp-url https://127.0.0.1
  refused --ocsp-url ''
  refused --ocsp-url http://
  refused --ocsp-url http://a --ocsp-url ftp://b
  # shellcheck disable=SC2046 # nine words each
  refused $(printf -- '--ocsp-url http://h%d ' 1 2 3 4 5 6 7 8 9)
  refused --ocsp-url "http://$(printf '%0300d' 0)"
  refused --crl-url https://a/b.crl
  refused --crl-url ''
  refused --crl-url "http://$(printf '%0300d' 0)"
  refused --signer-algorithm dsa
  refused --signer-algorithm p256 --signer ca
  refused --signer-days 0
  refused --signer-days x
  refused --signer-days 9 --days 8
  refused --signer-days 9 --signer ca
  refused --days x
  refused --days 0
  refused --name ''
  refused --name $'two\nlines'
  refused --name $'\xff'
  refused --frobnicate
  refused word
}
