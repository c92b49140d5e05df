#!/usr/bin/env bats
# shellcheck shell=bash
# What openssl, GnuTLS and python3-cryptography say of our answers and CRLs.
# The judgement is in oracle.py; ocsp-check has to agree with them.

# shellcheck disable=SC2154 # serve sets pid and ready

load helper

oracle() {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/oracle.py" "$@"
}

# stranger NAME : a certificate that the CA's key signed, but that the CA
# never issued.
stranger() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "lab/ca/$CA/cert.pem" \
    -CAkey "lab/ca/$CA/key.pem" -set_serial 0x4fedcba98765432100112233 \
    -days 1 -out "$1.pem" 2>/dev/null
}

# populate : certificates in every state, and what is to be said of them in
# the file expected.
populate() {
  local reason day=0
  local reasons='unspecified keyCompromise cACompromise affiliationChanged
    superseded cessationOfOperation privilegeWithdrawn aACompromise'
  # shellcheck disable=SC2086
  ocsp-ca issue good released held $reasons --algorithm p256 >/dev/null
  ocsp-ca hold held released >/dev/null
  ocsp-ca release released >/dev/null
  stranger strange
  {
    echo lab/certs/good/cert.pem good
    echo lab/certs/released/cert.pem good
    echo lab/certs/held/cert.pem revoked certificateHold
    echo strange.pem unknown
    for reason in $reasons; do
      day=$((day + 1))
      ocsp-ca revoke "$reason" --reason "$reason" \
        --revocation-date "2020-01-0${day}T01:02:03Z" >/dev/null
      echo "lab/certs/$reason/cert.pem revoked $reason 2020-01-0${day}T01:02:03Z"
    done
  } >expected
}

# agree ALGORITHM MODEL [DEPTH] : a lab of that kind, in which all witnesses
# must say the same of every certificate, and the CRL too.
agree() {
  local model=$2 trust=lab/root.pem
  CA=root
  [ "${3:-1}" -eq 1 ] || CA=ca1
  [ "$model" != trusted ] || trust=lab/responder.pem
  ocsp-ca init --temporary --algorithm "$1" --signer "$model" \
    --depth "${3:-1}" >/dev/null
  populate
  # So that GET and POST, asked in different seconds, sign the same.
  ocsp-ca clock freeze >/dev/null
  serve responder ocsp-responder --listen 127.0.0.1:0
  oracle ocsp --url "$(field url <<<"$ready")" --root "$trust" \
    --issuer "lab/ca/$CA/cert.pem" --model "$model" expected
  ocsp-ca crl --out all.crl >/dev/null
  oracle crl --issuer "lab/ca/$CA/cert.pem" expected all.crl
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "P-256, delegated signer: all agree on every status" {
  agree p256 delegated
}

@test "P-256, the CA signs: all agree on every status" {
  agree p256 ca
}

@test "P-256, a signer that clients are told to trust: all agree" {
  agree p256 trusted
}

@test "P-256, delegated by an intermediate: all agree on every status" {
  agree p256 delegated 2
}

@test "P-384, delegated signer: all agree on every status" {
  agree p384 delegated
}

@test "P-384, the CA signs: all agree on every status" {
  agree p384 ca
}

@test "RSA 2048, delegated signer: all agree on every status" {
  agree rsa2048 delegated
}

@test "RSA 2048, the CA signs: all agree on every status" {
  agree rsa2048 ca
}

# One key each of the large ones: they take seconds to make.
@test "RSA 3072, the CA signs: all agree on every status" {
  agree rsa3072 ca
}

@test "RSA 4096, the CA signs: all agree on every status" {
  agree rsa4096 ca
}

@test "Ed25519, delegated signer: all agree on every status" {
  agree ed25519 delegated
}

@test "Ed25519, the CA signs: all agree on every status" {
  agree ed25519 ca
}

@test "an answer read and written again by openssl is the same" {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue www >/dev/null
  ocsp-ca revoke www --reason keyCompromise >/dev/null
  openssl ocsp -issuer lab/root.pem -cert lab/certs/www/cert.pem \
    -reqout req.der 2>/dev/null
  ocsp-responder --answer req.der --out r.der
  openssl ocsp -respin r.der -noverify -respout again.der
  cmp r.der again.der
}

@test "the oracle itself refuses an answer with one bit changed" {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue www >/dev/null
  openssl ocsp -issuer lab/root.pem -cert lab/certs/www/cert.pem -no_nonce \
    -reqout req.der 2>/dev/null
  ocsp-responder --answer req.der --out r.der
  judge=(oracle answer --root lab/root.pem --issuer lab/root.pem
    --model delegated --cert lab/certs/www/cert.pem)
  exits 0 "${judge[@]}" good r.der
  exits 1 "${judge[@]}" revoked r.der
  /usr/bin/python3 - <<'END'
der = bytearray(open("r.der", "rb").read())
for place in 5, 40, 90, 150, len(der) // 2, len(der) - 1:
    flipped = der[:]
    flipped[place] ^= 1
    open("flipped.%d" % place, "wb").write(flipped)
END
  for file in flipped.*; do
    exits 1 "${judge[@]}" good "$file"
  done
}
