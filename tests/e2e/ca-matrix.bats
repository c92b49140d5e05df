#!/usr/bin/env bats
# shellcheck shell=bash
# Every depth with every signer model, and algorithms mixed: what OpenSSL and
# GnuTLS say of the certificates, and OpenSSL of the answers.

load helper

# judge NAME CA [FILE] : the chain of certs/NAME, which CA has issued, and the
# answer about it, by a signer that FILE says to trust.
judge() {
  local name=$1 ca=$2 trusted=${3:-}
  openssl verify -x509_strict -CAfile lab/root.pem -untrusted \
    "lab/certs/$name/chain.pem" "lab/certs/$name/cert.pem"
  certtool --verify --load-ca-certificate lab/root.pem \
    --infile "lab/certs/$name/fullchain.pem" >/dev/null
  openssl ocsp -issuer "lab/ca/$ca/cert.pem" -cert "lab/certs/$name/cert.pem" \
    -reqout q.der -no_nonce >/dev/null
  ocsp-responder --answer q.der --out r.der
  # Who checks an answer has the chain from the handshake.
  cat "lab/certs/$name/chain.pem" ${trusted:+"$trusted"} >others.pem
  openssl ocsp -respin r.der -issuer "lab/ca/$ca/cert.pem" \
    -cert "lab/certs/$name/cert.pem" -CAfile lab/root.pem \
    -verify_other others.pem ${trusted:+-trust_other} >out 2>&1
  grep -q 'Response verify OK' out && grep -q "cert.pem: good" out || {
    cat out
    return 1
  }
}

# signers_pass : each signer's certificate, below its CA.
signers_pass() {
  local file
  for file in lab/responder/*.pem; do
    cat lab/root.pem lab/ca/*/cert.pem >all.pem
    openssl verify -x509_strict -purpose ocsphelper -CAfile lab/root.pem \
      -untrusted all.pem "$file"
  done
}

@test "depth 1 to 4, delegated, by the CA itself, by a trusted one" {
  for depth in 1 2 3 4; do
    for model in delegated ca trusted; do
      rm -rf lab
      ocsp-ca init --depth "$depth" --signer "$model" --temporary
      ocsp-ca issue www
      trusted=
      [ "$model" != trusted ] || trusted=lab/responder.pem
      ca=root
      [ "$depth" -eq 1 ] || ca=ca$((depth - 1))
      judge www "$ca" $trusted
      [ "$model" != delegated ] || signers_pass
    done
  done
}

@test "each algorithm for CA, signer and leaf, with the next one below it" {
  ocsp-ca init --algorithm p256 --signer-algorithm p384 --temporary
  # RSA of 3072 and 4096 bits differs from 2048 in nothing but the wait.
  while read -r name ca signer leaf; do
    ocsp-ca add-ca "$name" --algorithm "$ca" --signer-algorithm "$signer"
    ocsp-ca issue "www-$name" --ca "$name" --algorithm "$leaf"
    judge "www-$name" "$name"
  done <<'END'
a p384 ed25519 rsa2048
b ed25519 rsa2048 p256
c rsa2048 p256 ed25519
d p256 p256 p384
END
  signers_pass
}
