#!/usr/bin/env bats
# Certificates, CRLs and requests of common/pki, in every algorithm and mixed,
# before openssl, GnuTLS and python3-cryptography.

load helper

setup_file() {
  "$OCSP_LAB_BUILD/tests/pki_specimens" "$BATS_FILE_TMPDIR/made"
}

# each CMD ARG... : in every folder of specimens.
each() {
  local folder
  for folder in "$BATS_FILE_TMPDIR"/made/*/; do
    cd "$folder" || return 1
    if ! "$@" >"$T/said" 2>&1; then
      echo "$folder: $*"
      cat "$T/said"
      return 1
    fi
  done
}

@test "openssl takes every chain, strictly" {
  strict=(openssl verify -x509_strict -check_ss_sig -CAfile root.pem)
  each "${strict[@]}" root.pem
  each "${strict[@]}" -untrusted int.pem -purpose sslserver leaf.pem
  each "${strict[@]}" -untrusted int.pem -purpose sslclient client.pem
  each "${strict[@]}" -untrusted int.pem -purpose ocsphelper signer.pem
}

gnutls_verifies() {
  local cert
  for cert in leaf client signer; do
    cat "$cert.pem" int.pem >"$T/chain.pem"
    certtool --verify --load-ca-certificate root.pem --infile "$T/chain.pem" ||
      return 1
  done
}

@test "GnuTLS takes every chain" {
  each gnutls_verifies
}

@test "extensions are those of the profile, octet by octet" {
  /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/specimens.py" certs \
    "$BATS_FILE_TMPDIR/made"
}

crls_verify() {
  local crl
  for crl in empty full delta; do
    # It exits 0 either way.
    openssl crl -inform DER -in "$crl.crl" -CAfile root.pem \
      -out "$T/crl.pem" 2>&1 | grep -x 'verify OK' || return 1
    certtool --verify-crl --load-ca-certificate root.pem \
      --infile "$T/crl.pem" || return 1
  done
}

@test "openssl and GnuTLS take every CRL" {
  each crls_verify
}

@test "CRLs list what they should, and are DER" {
  /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/specimens.py" crls \
    "$BATS_FILE_TMPDIR/made"
}

@test "openssl and GnuTLS take a signer's request" {
  each openssl req -in key.csr -verify -noout
  each certtool --crq-info --infile key.csr
}
