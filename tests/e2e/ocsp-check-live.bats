#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check on live answers, on answers in files, and on what it refuses.

# shellcheck disable=SC2154 # set by the helpers

load helper
load check

@test "a live answer comes by GET and POST, SHA-1 and SHA-256" {
  responder
  for method in get post; do
    for hash in sha1 sha256; do
      judged 0 --cert "$PKI/www.pem" --url "http://127.0.0.1:$port" \
        --method $method --hash $hash --explain
      [[ $output == *"ok    http "*"${method^^} http://127.0.0.1:$port: 200"* ]]
      [[ $output == *"(SHA-${hash#sha})"* ]]
    done
  done
  judged 1 --cert "$PKI/gone.pem" --url "http://127.0.0.1:$port"
  judged 2 --cert "$PKI/lost.pem" --url "http://127.0.0.1:$port"
}

@test "a live answer comes over IPv6, too" {
  serve web /usr/bin/python3 -c 'import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(open(sys.argv[1], "rb").read())
class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6
s = Server(("::1", 0), Handler)
print(s.server_port, flush=True)
s.serve_forever()' "$PKI/www.der"
  for host in '[::1]' localhost; do
    judged 0 --cert "$PKI/www.pem" --url "http://$host:$ready" --explain
    [[ $output == *"ok    cert-status "* ]]
    # Only a remark: nobody signs the header.
    [[ $output == *"--    http "*"Content-Type is not"* ]]
  done
}

@test "a nonce goes with POST, and comes back" {
  responder
  url=http://127.0.0.1:$port
  judged 0 --cert "$PKI/www.pem" --url "$url" --nonce --explain
  [[ $output == *"POST $url"*"ok    nonce "* ]]
  judged 0 --cert "$PKI/www.pem" --url "$url" --method post --explain
  [[ $output == *"ok    nonce "* ]]
  judged 0 --cert "$PKI/www.pem" --url "$url" --method post --no-nonce --explain
  [[ $output == *"--    nonce "* ]]
  judged 0 --cert "$PKI/www.pem" --url "$url" --explain
  [[ $output == *"GET $url"*"--    nonce "* ]]
}

@test "--save-request writes what would be asked, and asks nobody" {
  for words in '--no-nonce' '--nonce' '--hash sha1 --method post' '--method get'; do
    # shellcheck disable=SC2086 # words
    exits 0 ocsp-check --cert "$PKI/www.pem" --issuer "$PKI/root.pem" \
      --url http://127.0.0.1:1 --save-request q.der $words
    [ -z "$output" ]
    openssl ocsp -reqin q.der -req_text >"said${words// /}"
    grep -qi 'Serial Number: 0*1001$' "said${words// /}"
  done
  grep -q 'OCSP Nonce' said--nonce
  ! grep -q 'OCSP Nonce' said--no-nonce || false
  grep -q 'Hash Algorithm: sha256' said--no-nonce
  grep -q 'OCSP Nonce' said--hashsha1--methodpost
  grep -q 'Hash Algorithm: sha1$' said--hashsha1--methodpost
  ! grep -q 'OCSP Nonce' said--methodget || false
  exits 64 ocsp-check --save-request q.der
  exits 64 ocsp-check --cert "$PKI/www.pem" --save-request q.der --expect good
  exits 64 ocsp-check --cert "$PKI/www.pem" --save-request q.der --response r.der
  exits 74 ocsp-check --cert "$PKI/www.pem" --issuer "$PKI/root.pem" \
    --save-request /dev/full
}

@test "the URLs of the certificate are asked in turn" {
  closed
  dead=http://127.0.0.1:$port
  responder
  cd "$PKI"
  certify two 1001 root \
    "authorityInfoAccess=OCSP;URI:$dead,OCSP;URI:http://127.0.0.1:$port"
  cd "$T"
  judged 0 --cert "$PKI/two.pem" --json
  [ "$(field verdict <<<"$output")" = good ]
  [ "$(field url <<<"$output")" = "http://127.0.0.1:$port" ]
}

@test "a responder that is away is exit 5, one without an answer exit 4" {
  closed
  url=http://127.0.0.1:$port
  judged 5 --cert "$PKI/www.pem" --url "$url"
  judged 0 --cert "$PKI/www.pem" --url "$url" --policy soft-fail
  judged 4 --cert "$PKI/www.pem"
  [[ $output == *--url* ]]
  serve web /usr/bin/python3 -c 'import http.server
s = http.server.HTTPServer(("127.0.0.1", 0),
    http.server.BaseHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()'
  judged 4 --cert "$PKI/www.pem" --url "http://127.0.0.1:$ready"
  [[ $output == *"HTTP status 501"* ]]
}

@test "nothing is asked about a certificate that is not trusted itself" {
  responder
  exits 3 ocsp-check --cert "$PKI/www.pem" --issuer "$PKI/root.pem" \
    --ca "$PKI/must.pem" --url "http://127.0.0.1:$port" --explain
  [[ $output == *"FAIL  chain"*"--    http "*"not asked"* ]]
}

@test "a revoked CA makes every answer worthless" {
  cd "$PKI"
  index 2001 >ca-revoked.txt
  responder ca-revoked.txt
  certify sub 2001 root basicConstraints=critical,CA:TRUE \
    "authorityInfoAccess=OCSP;URI:http://127.0.0.1:$port"
  certify below 3001 sub subjectAltName=DNS:below.localhost
  printf 'V\t401231235959Z\t\t3001\tunknown\t/CN=below\n' >sub.txt
  accepting sub openssl ocsp -index sub.txt -port 0 -ndays 4 -CA sub.pem \
    -rsigner sub.pem -rkey sub.key
  cd "$T"
  judged 3 --cert "$PKI/below.pem" --issuer "$PKI/sub.pem" \
    --url "http://127.0.0.1:$port" --explain
  [[ ${lines[0]} == *"issuer-status: CN=sub: asked live: revoked"* ]]
  [[ $output == *"ok    cert-status          good"* ]]
}

@test "--compare says how long a client may believe a staple" {
  index 1001 >revoked.txt
  responder revoked.txt
  url=http://127.0.0.1:$port
  tls_server www "$PKI/www.der"
  judged 0 "https://www.localhost:$port" --compare --url "$url"
  [[ ${lines[0]} == "good: stapled answer"* ]]
  [[ ${lines[1]} == "revoked: live answer"*superseded* ]]
  [[ ${lines[2]} == "a client may believe the staple until 20"*" from now)" ]]
  judged 0 "https://www.localhost:$port" --compare --url "$url" --json
  [ "$(field staple.verdict <<<"$output")" = good ]
  [ "$(field live.verdict <<<"$output")" = revoked ]
  [ "$(field believed_until <<<"$output")" = "$(field next_update <<<"$output")" ]
}

@test "--compare says when both agree" {
  responder
  url=http://127.0.0.1:$port
  judged 1 --response "$PKI/gone.der" --cert "$PKI/gone.pem" --compare \
    --url "$url"
  [[ $output == *"the answer and the live answer agree"* ]]
  judged 1 --response "$PKI/gone.der" --cert "$PKI/gone.pem" --compare \
    --url "$url" --json
  [ -z "$(field believed_until <<<"$output")" ]
}

@test "--compare without the issuer at hand is still a verdict" {
  tls_server www "$PKI/www.der"
  exits 3 ocsp-check "https://www.localhost:$port" --compare
  [[ ${lines[1]} == "missing: live answer"*"--issuer" ]]
}

@test "bytes that are no answer are exit 3, whatever they are" {
  : >empty.der
  printf '<html>' >page.der
  head -c 300 "$PKI/www.der" >cut.der
  { cat "$PKI/www.der" && printf JUNK; } >more.der
  printf '\x30\x03\x0a\x01\x03' >later.der
  for file in empty page cut more later; do
    judged 3 --response - --cert "$PKI/www.pem" <$file.der
  done
  [[ $output == *tryLater* ]]
}

@test "a responder that the user trusts needs no delegation" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout own.key -out own.pem -subj /CN=own -days 30 2>/dev/null
  openssl ocsp -index "$PKI/index.txt" -CA "$PKI/root.pem" -rsigner own.pem \
    -rkey own.key -reqin "$PKI/www.req" -respout own.der -ndays 4 >/dev/null 2>&1
  judged 3 --response own.der --cert "$PKI/www.pem"
  judged 0 --response own.der --cert "$PKI/www.pem" --responder-cert own.pem
}

@test "a file and a live answer need no anchor if the issuer is named" {
  exits 0 ocsp-check --response "$PKI/www.der" --cert "$PKI/www.pem" \
    --issuer "$PKI/root.pem" --explain
  [[ $output == *"--    chain"* ]]
  exits 72 ocsp-check --response "$PKI/www.der" --cert "$PKI/www.pem"
  complains
  [[ $output == *--issuer* ]]
}

@test "a command line that makes no sense is exit 64 with one line" {
  for line in "--bogus" "-xy" "--json=yes" "--cert" "a:1 b:2" "--response x" "--policy hard" \
    "--expect fine" "--expect good:superseded" "--expect revoked:boredom" \
    "--cert x --compare" "--cert x https://y" "--tls1.2 --tls1.3 a:1" \
    "http://www.localhost" "host" "--hash md5 --cert x" "--at then --cert x" \
    "--nonce a:1" \
    "--cert x --url https://y" "--cert x --url y"; do
    # shellcheck disable=SC2086
    exits 64 ocsp-check $line
    complains
  done
}

@test "a file that is not there or not readable is one line too" {
  judged 72 --cert nothing.pem
  complains
  [[ $output == *"nothing.pem: neither a file nor a certificate of $T/lab" ]]
  judged 72 --cert ./nothing.pem
  complains
  printf 'no certificate' >text.pem
  judged 76 --cert text.pem
  complains
  judged 72 --cert "$PKI/www.pem" --response nothing.der
  complains
  for line in "a:b" "a:99999" ":443" "https://"; do
    judged 64 "$line"
    complains
  done
  # What is too long for an answer is not believed, what is absurd not read.
  head -c 200000 /dev/zero >large.der
  judged 3 --cert "$PKI/www.pem" --response large.der
  truncate -s 33M large.der
  judged 76 --cert "$PKI/www.pem" --response large.der
  complains
}

@test "what it may not read is named, as a user without root" {
  drop=()
  if [ "$(id -u)" = 0 ]; then
    drop=(setpriv --bounding-set '-dac_override,-dac_read_search' --inh-caps -all)
  fi
  ocsp-ca init >/dev/null
  ocsp-ca issue www >/dev/null
  for file in clock root.pem certs/www/cert.pem; do
    chmod 0 "$OCSP_LAB_DIR/$file"
    exits 74 "${drop[@]}" ocsp-check --cert www
    complains
    [[ $output == *"$file: Permission denied" ]]
    chmod 644 "$OCSP_LAB_DIR/$file"
  done
}

@test "a full disk is not a verdict" {
  run bash -c "ocsp-check --ca $PKI/root.pem --cert $PKI/www.pem \
    --response $PKI/www.der >/dev/full"
  [ "$status" -eq 74 ]
  complains
  run bash -c "ocsp-check --ca $PKI/root.pem --cert $PKI/www.pem \
    --response $PKI/www.der >&-"
  [ "$status" -eq 74 ]
  complains
  judged 74 --cert "$PKI/www.pem" --response "$PKI/www.der" --save /dev/full/x
}

@test "--help and --version answer" {
  exits 0 ocsp-check --help
  [[ $output == *--compare* ]]
  exits 0 ocsp-check --version
  [[ $output == "ocsp-check "* ]]
}
