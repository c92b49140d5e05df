#!/bin/sh
# seeds.sh: makes those seeds anew that are about the cast, with the clients
# that are installed: requests in seeds/answer, and as paths in seeds/serve.
# Needs the fuzz preset's cast_pem.  What it makes is in the repository; the
# targets don't need this script.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/pem" "$tmp/requests"
"$top/build/fuzz/fuzz/cast_pem" "$tmp/pem"
cd "$tmp/pem"

# openssl_request NAME [option...]
openssl_request() {
  out=$tmp/requests/openssl-$1
  shift
  openssl ocsp -issuer ca-a.pem "$@" -reqout "$out"
}
openssl_request sha1 -no_nonce -cert a-good.pem
openssl_request sha256 -no_nonce -sha256 -cert a-revoked.pem
openssl_request nonce -nonce -cert a-held.pem
openssl_request expired -no_nonce -cert a-expired.pem
openssl_request never-issued -no_nonce -serial 0x1234567890
openssl_request two -no_nonce -cert a-good.pem -cert a-revoked.pem
openssl_request two-hashes -nonce -cert a-good.pem -sha256 -cert a-held.pem
openssl_request two-issuers -no_nonce -cert a-good.pem -issuer ca-b.pem \
  -cert b-good.pem
openssl_request other-issuer -no_nonce -issuer ca-b.pem -cert b-revoked.pem
openssl_request no-responder -no_nonce -issuer ca-c.pem -cert c-good.pem
openssl_request sha384 -no_nonce -sha384 -cert a-good.pem
openssl req -x509 -newkey ed25519 -nodes -subj /CN=asker -keyout key.pem \
  -out asker.pem 2>/dev/null
openssl_request signed -no_nonce -cert a-good.pem -signer asker.pem \
  -signkey key.pem

ocsptool --generate-request --load-issuer ca-a.pem --load-cert a-good.pem \
  --outfile "$tmp/requests/gnutls" 2>/dev/null

exec python3 "$here/seeds.py" "$tmp/pem" "$tmp/requests" "$here/seeds"
