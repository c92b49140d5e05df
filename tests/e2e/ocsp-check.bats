# ocsp-check against what OpenSSL alone makes: a CA, its `openssl ocsp`
# responder and `openssl s_server`.

# shellcheck disable=SC2154 # serve sets pid, ready and ready_fd

load helper

# One CA for all tests of this file, in $PKI: root, its delegate `responder`,
# and certificates of which the index says: www good, gone revoked, lost
# unheard of, must (must-staple) good.
setup_file() {
  export PKI=$BATS_FILE_TMPDIR
  cd "$PKI" || return 1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout root.key -out root.pem -subj /CN=root -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
  certify responder 1000 root keyUsage=critical,digitalSignature \
    extendedKeyUsage=OCSPSigning noCheck=ignored
  certify www 1001 root subjectAltName=DNS:www.localhost,DNS:www.example
  certify gone 1002 root subjectAltName=DNS:www.localhost
  certify lost 1003 root subjectAltName=DNS:www.localhost
  certify must 1004 root subjectAltName=DNS:www.localhost \
    tlsfeature=status_request
  index >index.txt
  local name
  for name in www gone lost must; do
    answer "$name"
  done
} 2>/dev/null

# certify NAME SERIAL ISSUER EXTENSION... : NAME.pem and NAME.key
certify() {
  local name=$1 serial=$2 issuer=$3
  shift 3
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
  printf '%s\n' "$@" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" \
    -set_serial "0x$serial" -days 20 -extfile "$name.ext" -out "$name.pem" \
    2>/dev/null
}

# index [REVOKED...] : 1002 is revoked, and those that are named.
index() {
  local serial
  for serial in 1001 1004 2001; do
    case " $* " in
    *" $serial "*) printf 'R\t401231235959Z\t260102030405Z,superseded' ;;
    *) printf 'V\t401231235959Z\t' ;;
    esac
    printf '\t%s\tunknown\t/CN=%s\n' "$serial" "$serial"
  done
  printf 'R\t401231235959Z\t260102030405Z,keyCompromise\t1002\tunknown\t/CN=x\n'
}

# answer NAME : NAME.der, what the responder says now, valid for four days
answer() {
  openssl ocsp -issuer root.pem -cert "$1.pem" -no_nonce -reqout "$1.req"
  openssl ocsp -index index.txt -CA root.pem -rsigner responder.pem \
    -rkey responder.key -reqin "$1.req" -respout "$1.der" -ndays 4
} >/dev/null 2>&1

# accepting NAME CMD... : starts it; $port from its line "ACCEPT ADDR:PORT".
accepting() {
  serve "$@"
  until [[ $ready == ACCEPT\ * ]]; do
    read -r -t 60 -u "$ready_fd" ready
  done
  ready=${ready%% PID=*}
  port=${ready##*:}
}

# tls_server NAME [STAPLE.der] [OPTION...]
tls_server() {
  local name=$1
  shift
  if [[ ${1:-} == *.der ]]; then
    set -- -status_file "$@"
  fi
  accepting tls openssl s_server -accept 127.0.0.1:0 -www \
    -cert "$PKI/$name.pem" -key "$PKI/$name.key" "$@"
}

# responder [INDEX]
responder() {
  accepting ocsp openssl ocsp -index "${1:-$PKI/index.txt}" -port 0 -ndays 4 \
    -CA "$PKI/root.pem" -rsigner "$PKI/responder.pem" \
    -rkey "$PKI/responder.key"
}

# judged CODE ARG... : ocsp-check with the CA as its trust anchor
judged() {
  local code=$1
  shift
  exits "$code" ocsp-check --ca "$PKI/root.pem" "$@"
}

# closed : $port, which is ours, but nobody listens there
closed() {
  serve closed /usr/bin/python3 -c 'import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
signal.pause()'
  port=$ready
}

# one line on standard error, and nothing else
complains() {
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "ocsp-check: "* ]]
}

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

@test "--save writes the answer as it came" {
  tls_server www "$PKI/www.der"
  judged 0 "https://www.localhost:$port" --save staple.der
  cmp staple.der "$PKI/www.der"
  openssl ocsp -respin staple.der -issuer "$PKI/root.pem" \
    -cert "$PKI/www.pem" -CAfile "$PKI/root.pem" 2>&1 | grep -q "www.pem: good"
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
  head -c 200000 /dev/zero >large.der
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
