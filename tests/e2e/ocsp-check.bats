#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check on servers and their staples.

# shellcheck disable=SC2154 # set by the helpers

load helper
load check

@test "a good staple is exit 0, in TLS 1.2 and TLS 1.3" {
  tls_server www "$PKI/www.der"
  for version in 1.2 1.3; do
    judged 0 "https://www.localhost:$port" --tls$version --json
    [ "$(field verdict <<<"$output")" = good ]
    [ "$(field source <<<"$output")" = staple ]
    [ "$(field accepted <<<"$output")" = true ]
    [ "$(field cert_status <<<"$output")" = good ]
    [ "$(field serial <<<"$output")" = 1001 ]
    [ "$(field signer <<<"$output")" = CN=responder ]
    [ "$(field tls.version <<<"$output")" = TLSv$version ]
  done
}

@test "the verdict comes first, in one line" {
  tls_server www "$PKI/www.der"
  judged 0 "https://www.localhost:$port"
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "good: stapled answer for CN=www: "*" left)" ]]
}

@test "--explain tells each step, without colour into a pipe" {
  tls_server www "$PKI/www.der"
  judged 0 "https://www.localhost:$port" --explain
  [[ ${lines[0]} == "good: "* ]]
  [[ $output == *"ok    signature  "*"[RFC 6960 3.2 (2)]"* ]]
  [[ $output != *$'\033'* ]]
}

@test "a revoked staple is exit 1, with reason and time" {
  tls_server gone "$PKI/gone.der"
  judged 1 "https://www.localhost:$port" --json
  [ "$(field verdict <<<"$output")" = revoked ]
  [ "$(field reason <<<"$output")" = keyCompromise ]
  [ "$(field revocation_time <<<"$output")" = 2026-01-02T03:04:05Z ]
  for policy in must-staple soft-fail; do
    judged 1 "https://www.localhost:$port" --policy $policy
  done
}

@test "unknown is exit 2, and only soft-fail takes it" {
  tls_server lost "$PKI/lost.der"
  judged 2 "https://www.localhost:$port"
  judged 2 "https://www.localhost:$port" --policy must-staple
  judged 0 "https://www.localhost:$port" --policy soft-fail
}

@test "an answer that must not be trusted is exit 3 under every policy" {
  tls_server www "$PKI/must.der"
  for policy in strict must-staple soft-fail; do
    judged 3 "https://www.localhost:$port" --policy $policy
    [[ $output == *"certid: "*"another serial, 1004"* ]]
  done
}

@test "--at moves the instant of judgement" {
  judged 3 --response "$PKI/www.der" --cert "$PKI/www.pem" --at +5d
  [[ $output == *expired* ]]
  judged 3 --response "$PKI/www.der" --cert "$PKI/www.pem" --at -1h
  judged 0 --response "$PKI/www.der" --cert "$PKI/www.pem" --at +3d
}

@test "the lab's clock is the instant of judgement, and --at counts from it" {
  ocsp-ca init >/dev/null
  judged 0 --response "$PKI/www.der" --cert "$PKI/www.pem"
  ocsp-ca clock advance 5d
  judged 3 --response "$PKI/www.der" --cert "$PKI/www.pem"
  [[ $output == *expired* ]]
  judged 0 --response "$PKI/www.der" --cert "$PKI/www.pem" --at -4d
}

@test "no staple is exit 4, and the policy decides" {
  tls_server www
  judged 4 "https://www.localhost:$port"
  judged 0 "https://www.localhost:$port" --policy must-staple
  judged 0 "https://www.localhost:$port" --policy soft-fail
}

@test "a certificate that demands a staple is refused without one" {
  tls_server must
  judged 4 "https://www.localhost:$port" --policy must-staple
  [[ $output == *"the certificate demands one"* ]]
  judged 0 "https://www.localhost:$port" --policy soft-fail
}

@test "no connection is exit 5 under every policy" {
  closed
  for policy in strict must-staple soft-fail; do
    judged 5 "127.0.0.1:$port" --policy $policy
    [[ ${lines[0]} == "unreachable: 127.0.0.1:$port: Connection refused: "* ]]
  done
}

@test "IPv6 does as well, in brackets, by --connect and by name" {
  accepting tls6 openssl s_server -accept '[::1]:0' -www -cert "$PKI/www.pem" \
    -key "$PKI/www.key" -status_file "$PKI/www.der" -servername www.example \
    -cert2 "$PKI/gone.pem" -key2 "$PKI/gone.key"
  judged 0 "[::1]:$port" --servername www.localhost --explain
  [[ $output == *"ok    handshake "*"with [::1]:$port, as www.localhost"* ]]
  judged 0 "https://[::1]:$port" --servername www.localhost
  judged 0 https://www.localhost --connect "[::1]:$port"
  # localhost is both: 127.0.0.1 is refused, ::1 answers.
  judged 0 "https://www.localhost:$port" --json
  [ "$(field tls.address <<<"$output")" = "[::1]:$port" ]
  judged 3 "[::1]:$port"
  [[ $output == *"not for ::1 but for www.localhost"* ]]
  # The name goes along as SNI: this one has another certificate.
  judged 3 https://www.example --connect "[::1]:$port" --json
  [ "$(field subject <<<"$output")" = CN=gone ]
}

@test "a port that speaks no TLS is exit 5" {
  serve web /usr/bin/python3 -c 'import http.server
s = http.server.HTTPServer(("127.0.0.1", 0),
    http.server.BaseHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()'
  judged 5 "https://127.0.0.1:$ready"
  [[ $output == *"is it a TLS port?" ]]
}

@test "an expired certificate is exit 3, whatever the staple says" {
  tls_server www "$PKI/www.der"
  judged 3 "https://www.localhost:$port" --at +25d --policy soft-fail
  [[ $output == *"chain: CN=www: certificate has expired"* ]]
}

@test "a server with another version is exit 5, and the flags are named" {
  tls_server www "$PKI/www.der" -tls1_2
  judged 5 "https://www.localhost:$port" --tls1.3
  [[ $output == *"--tls1.2"* ]]
}

@test "a wrong CA, or none, is told with the flag that helps" {
  tls_server www "$PKI/www.der"
  exits 3 ocsp-check "https://www.localhost:$port" --ca "$PKI/must.pem"
  [[ $output == *chain:*--ca* ]]
  exits 3 ocsp-check "https://www.localhost:$port"
  [[ $output == *chain:*--ca* ]]
}

@test "a wrong host name is told with the flag that helps" {
  tls_server www "$PKI/www.der"
  judged 3 "127.0.0.1:$port"
  [[ $output == *host-name:*--servername* ]]
  judged 0 "127.0.0.1:$port" --servername www.example
  judged 0 https://www.example --connect "127.0.0.1:$port"
}

@test "--expect is exit 0 or 6, and says what was seen" {
  tls_server gone "$PKI/gone.der"
  judged 0 "https://www.localhost:$port" --expect revoked
  judged 0 "https://www.localhost:$port" --expect revoked:keycompromise
  [[ $output == *"as expected: revoked:keyCompromise"* ]]
  judged 6 "https://www.localhost:$port" --expect revoked:superseded
  judged 6 "https://www.localhost:$port" --expect good
  [[ $output == *"NOT as expected: wanted good, saw revoked:keyCompromise"* ]]
  judged 6 "https://www.localhost:$port" --expect good --json
  [ "$(field as_expected <<<"$output")" = false ]
}

@test "each outcome can be expected" {
  judged 0 --response "$PKI/www.der" --cert "$PKI/www.pem" --expect good
  judged 0 --response "$PKI/lost.der" --cert "$PKI/lost.pem" --expect unknown
  judged 0 --response "$PKI/lost.der" --cert "$PKI/www.pem" --expect untrusted
  tls_server www
  judged 0 "https://www.localhost:$port" --expect missing
  closed
  judged 0 "127.0.0.1:$port" --expect unreachable
}

@test "--save writes the answer as it came" {
  tls_server www "$PKI/www.der"
  judged 0 "https://www.localhost:$port" --save staple.der
  cmp staple.der "$PKI/www.der"
  openssl ocsp -respin staple.der -issuer "$PKI/root.pem" \
    -cert "$PKI/www.pem" -CAfile "$PKI/root.pem" 2>&1 | grep -q "www.pem: good"
}

@test "a name of the lab is asked for with its certificate and server" {
  mkdir -p lab/certs/www
  cp "$PKI/root.pem" lab/root.pem
  cp "$PKI/www.pem" lab/certs/www/cert.pem
  cp "$PKI/root.pem" lab/certs/www/chain.pem
  tls_server www "$PKI/www.der"
  OCSP_LAB_HTTPS_URL=https://localhost:$port exits 0 ocsp-check www --explain
  [[ $output == *"ok    certificate"*"ok    host-name"*"for www.localhost"* ]]
  exits 0 ocsp-check www --connect "127.0.0.1:$port"
  exits 0 ocsp-check --cert www --response "$PKI/www.der"
  OCSP_LAB_HTTPS_URL=https://www.localhost:$port exits 0 ocsp-check
  exits 64 ocsp-check www
  exits 64 ocsp-check nobody
}
