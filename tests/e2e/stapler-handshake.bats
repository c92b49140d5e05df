#!/usr/bin/env bats
# shellcheck shell=bash
# What clients see of ocsp-stapler, told by clients that are not ours.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

# what GnuTLS says of the server, in the file gnutls; not everywhere does
# localhost resolve
gnutls() {
  gnutls-cli --x509cafile "$OCSP_LAB_DIR/root.pem" -p "$port" 127.0.0.1 \
    --sni-hostname localhost --verify-hostname localhost </dev/null >gnutls
}

@test "openssl sees a good staple over TLS 1.2 and TLS 1.3" {
  lab
  responder
  stapler
  stapled good -tls1_2
  [[ $output == *"New, TLSv1.2"* ]]
  stapled good -tls1_3
  [[ $output == *"New, TLSv1.3"* ]]
  [[ $output == *"Verification: OK"* ]]
}

@test "curl, GnuTLS and ocsp-check believe the staple" {
  lab
  responder
  stapler
  curl -sS --cert-status --cacert "$OCSP_LAB_DIR/root.pem" "$url/" >page
  grep -q 'carried a staple' page
  gnutls
  grep -q 'OCSP status request' gnutls
  grep -q 'The certificate is trusted' gnutls
  ocsp-check "$url"
  ocsp-check --tls1.2 "$url"
}

@test "a staple with a SHA-256 certID is believed, but not by every curl" {
  lab
  responder
  stapler --hash sha256
  stapled good
  [[ $output == *"Hash Algorithm: sha256"* ]]
  ocsp-check "$url"
  gnutls
  grep -q 'The certificate is trusted' gnutls
}

@test "they also do below an intermediate CA" {
  lab --depth 2
  responder
  stapler
  curl -sS --cert-status --cacert "$OCSP_LAB_DIR/root.pem" "$url/" >/dev/null
  stapled good
}

@test "a client that does not ask gets no staple" {
  lab
  responder
  stapler
  curl -sS --cacert "$OCSP_LAB_DIR/root.pem" "$url/" >page
  grep -q 'your client did not ask' page
  [ "$(row www served)" = 0 ]
}

@test "nothing is resumed: each handshake has its own staple" {
  lab
  responder
  stapler
  for version in -tls1_2 -tls1_3; do
    stapled good $version -sess_out session
    [[ $output != *"session ticket"* ]]
    [ ! -e session ] || stapled good $version -sess_in session
    [[ $output != *Reused* ]]
    rm -f session
  done
}

@test "TLS 1.1 is refused, http/1.1 is what ALPN gives" {
  lab
  responder
  stapler
  staple -tls1_1 -cipher ALL:@SECLEVEL=0
  [ "$status" != 0 ]
  staple -alpn h2,http/1.1
  [[ $output == *"ALPN protocol: http/1.1"* ]]
  staple -alpn h2
  [ "$status" != 0 ]
}

@test "SNI picks the certificate, and its own staple" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  stapler
  stapled good -servername api.localhost
  [[ $output =~ "subject=CN"\ ?=\ ?"api" ]]
  stapled good -servername www
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
  # A name that nobody has, and none at all: the oldest.
  stapled good -servername nobody.example
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
  stapled good -noservername
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
  ocsp-check "$url" --servername api.localhost
}

@test "--default names the certificate for clients without SNI" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  stapler --default api
  stapled good -noservername
  [[ $output =~ "subject=CN"\ ?=\ ?"api" ]]
}

@test "RSA and Ed25519 certificates are stapled too" {
  lab --algorithm rsa2048
  ocsp-ca issue ed --algorithm ed25519 >/dev/null
  responder
  stapler
  stapled good -servername www
  stapled good -servername ed
}

@test "the page is there, other pages and methods are not" {
  lab
  responder
  stapler
  get=(curl -sS --cacert "$OCSP_LAB_DIR/root.pem" -o page -w '%{http_code}')
  [ "$("${get[@]}" "$url/")" = 200 ]
  grep -q "$(openssl x509 -in "$OCSP_LAB_DIR/certs/www/cert.pem" \
    -noout -serial | sed 's/serial=0*//' | tr A-F a-f)" page
  [ "$("${get[@]}" "$url/etc/passwd")" = 404 ]
  [ "$("${get[@]}" -X POST "$url/")" = 405 ]
  [ "$("${get[@]}" -X BREW "$url/")" != 200 ]
  [ "$("${get[@]}" -I "$url/")" = 200 ]
  [ "$("${get[@]}" -H 'Host: <script>' "$url/")" = 200 ]
  run -1 grep '<script>' page
}

@test "a responder that only the lab trusts is believed by those who are told" {
  ocsp-ca init --signer trusted >/dev/null
  ocsp-ca issue www >/dev/null
  serve ocsp-responder ocsp-responder
  stapler
  [ "$(row www state)" = good ]
  ocsp-check "$url"
  ocsp-check --cert www
  www=$OCSP_LAB_DIR/certs/www
  ocsp-stapler fetch --cert "$www/cert.pem" --out www.der
  ocsp-check --cert www --response www.der
  openssl ocsp -respin www.der -issuer "$www/chain.pem" -cert "$www/cert.pem" \
    -CAfile "$OCSP_LAB_DIR/root.pem" -VAfile "$OCSP_LAB_DIR/responder.pem" \
    -no_nonce | grep -q 'cert.pem: good'
  # The others: ours elsewhere, and clients that cannot be told.
  exits 3 ocsp-check "$url" --dir . --ca "$OCSP_LAB_DIR/root.pem"
  run ! curl -sS --cert-status --cacert "$OCSP_LAB_DIR/root.pem" "$url/"
  exits 76 ocsp-stapler fetch --cert "$www/cert.pem" --out other.der \
    --responder-cert "$OCSP_LAB_DIR/root.pem"
}
