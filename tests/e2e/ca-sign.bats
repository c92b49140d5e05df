#!/usr/bin/env bats
# ocsp-ca sign: a certificate for the key of a PKCS#10 request.

load helper

# request FILE SUBJECT [EXTENSION] [openssl req option...] : a request with a
# new key in FILE.key.
request() {
  local file=$1 subject=$2 extension=${3:-}
  shift $(($# < 3 ? $# : 3))
  [ $# -gt 0 ] || set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256
  openssl req -new -nodes -keyout "$file.key" -out "$file" -subj "$subject" \
    ${extension:+-addext "$extension"} "$@" 2>/dev/null
}

dump() {
  openssl x509 -in "lab/certs/$1/cert.pem" -noout -text -nameopt RFC2253
}

nothing_issued() {
  [ -z "$(ls lab/certs)" ]
  [ -z "$(ls -A lab/certs/.new 2>/dev/null)" ]
  run ! ocsp-ca status www
}

@test "the holder's key is certified, and nothing else than it is written" {
  ocsp-ca init --depth 2
  request www.csr /CN=www subjectAltName=DNS:www.example,IP:192.0.2.1
  ocsp-ca sign www.csr --json >out
  [ "$(field name <out)" = www ]
  [ "$(field key <out)" = '' ]
  [ "$(field sans <out)" = '["www.example", "192.0.2.1"]' ]
  [ "$(ls lab/certs/www)" = $'cert.pem\nchain.pem\nfullchain.pem' ]
  [ "$(field fullchain <out)" = "$OCSP_LAB_DIR/certs/www/fullchain.pem" ]
  openssl pkey -in www.csr.key -pubout |
    cmp - <(openssl x509 -in lab/certs/www/cert.pem -noout -pubkey)
  openssl verify -x509_strict -CAfile lab/root.pem -verify_hostname \
    www.example -untrusted lab/certs/www/chain.pem lab/certs/www/cert.pem
  [ "$(openssl x509 -in lab/certs/www/cert.pem -noout -ocsp_uri)" = \
    "$(field ocsp_urls.0 <out)" ]
  ocsp-ca status www
  ocsp-ca revoke www
}

@test "what it prints without json says that there is no key" {
  ocsp-ca init
  request www.csr /CN=www
  ocsp-ca sign www.csr >out
  grep -qx 'issued www' out
  grep -qF '/certs/www/{cert,chain,fullchain}.pem' out
}

@test "PEM, DER, standard input, and a request with text around it" {
  ocsp-ca init
  request a.csr /CN=a
  openssl req -in a.csr -outform DER -out a.der
  ocsp-ca sign a.csr
  ocsp-ca sign a.der --name b
  ocsp-ca sign - --name c <a.csr
  ocsp-ca sign - --name d <a.der
  openssl req -in a.csr -text >text.csr
  ocsp-ca sign text.csr --name e
  for name in a b c d e; do
    cmp <(openssl x509 -in "lab/certs/$name/cert.pem" -noout -pubkey) \
      <(openssl x509 -in lab/certs/a/cert.pem -noout -pubkey)
  done
}

@test "the name: --name, else the common name, else the file's" {
  ocsp-ca init
  request x.csr '/CN=from-cn/O=Example'
  ocsp-ca sign x.csr --name given
  dump given | grep -q 'Subject: CN=from-cn$'
  ocsp-ca sign x.csr
  ocsp-ca status from-cn
  request by-file.v1.csr '/CN=A Person' subjectAltName=DNS:x.example
  ocsp-ca sign by-file.v1.csr
  ocsp-ca status by-file.v1
  request none.csr /O=Example subjectAltName=DNS:x.example
  ocsp-ca sign none.csr
  dump none | grep -q 'Subject: CN=none$'
  exits 64 ocsp-ca sign - <none.csr
  [[ $output == *"say --name"* ]]
  exits 64 ocsp-ca sign x.csr --name 'a b'
  exits 73 ocsp-ca sign x.csr
  exits 73 ocsp-ca sign x.csr --name root
}

@test "names: the request's, else its common name, else --san" {
  ocsp-ca init
  request cn.csr /CN=host.example
  [ "$(ocsp-ca sign cn.csr --json | field sans)" = '["host.example"]' ]
  request san.csr /CN=www \
    'subjectAltName=DNS:*.a.example,IP:::1,email:me@b.example,URI:urn:x:1,URI:http://c.example/'
  [ "$(ocsp-ca sign san.csr --json | field sans)" = \
    '["*.a.example", "::1", "me@b.example", "urn:x:1", "http://c.example/"]' ]
  [ "$(ocsp-ca sign san.csr --name other --san x.example --json |
    field sans)" = '["x.example"]' ]
  request person.csr '/CN=A Person'
  exits 76 ocsp-ca sign person.csr
  [[ $output == *"--san"* ]]
  ocsp-ca sign person.csr --profile client
  openssl verify -purpose sslclient -CAfile lab/root.pem \
    lab/certs/person/cert.pem
  dump person | grep -q 'CN=A Person$'
}

@test "must-staple is done if asked for, by either, unless refused" {
  ocsp-ca init
  request staple.csr /CN=staple tlsfeature=status_request
  ocsp-ca sign staple.csr
  dump staple | grep -A1 'TLS Feature' | grep -qx ' *status_request'
  ocsp-ca sign staple.csr --name no --no-must-staple
  run ! grep -q 'TLS Feature' <(dump no)
  request plain.csr /CN=plain
  ocsp-ca sign plain.csr --must-staple
  dump plain | grep -q 'TLS Feature'
  exits 64 ocsp-ca sign plain.csr --must-staple --no-must-staple
}

@test "what a request must not decide: CA, usage, serial" {
  ocsp-ca init
  request evil.csr /CN=evil basicConstraints=critical,CA:true \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -addext keyUsage=keyCertSign -addext extendedKeyUsage=OCSPSigning
  ocsp-ca sign evil.csr
  dump evil >text
  grep -q 'CA:FALSE' text
  run ! grep -qE 'OCSP Signing|Certificate Sign' text
  openssl verify -x509_strict -purpose sslserver -CAfile lab/root.pem \
    lab/certs/evil/cert.pem
}

@test "the other options are those of issue" {
  ocsp-ca init --depth 2
  request www.csr /CN=www
  ocsp-ca sign www.csr --ca root --days 5s --ocsp-url http://127.0.0.1:1 \
    --crl-url http://127.0.0.1:2/x.crl --json >out
  [ "$(field ca <out)" = root ]
  [ "$(field ocsp_urls <out)" = '["http://127.0.0.1:1"]' ]
  [ "$(field crl_url <out)" = http://127.0.0.1:2/x.crl ]
  ocsp-ca sign www.csr --name none --no-ocsp-url --not-after -1d
  [ -z "$(openssl x509 -in lab/certs/none/cert.pem -noout -ocsp_uri)" ]
  exits 64 ocsp-ca sign www.csr --algorithm p256
  exits 64 ocsp-ca sign www.csr --count 2
  exits 72 ocsp-ca sign www.csr --name y --ca nobody
}

@test "--renew: the signed one takes the name, with the request's own terms" {
  ocsp-ca init
  request www.csr /CN=www subjectAltName=DNS:new.example
  ocsp-ca issue www --must-staple
  ocsp-ca sign www.csr --renew --json >out
  [ "$(field before <out)" = www@1 ]
  [ "$(field sans <out)" = '["new.example"]' ]
  [ "$(field must_staple <out)" = false ]
  [ ! -e lab/certs/www/key.pem ]
  [ -e lab/certs/www@1/key.pem ]
  # And back to a key of ours.
  ocsp-ca issue www --renew --json >out
  [ "$(field before <out)" = www@2 ]
  [ "$(field sans <out)" = '["new.example"]' ]
  [ -e lab/certs/www/key.pem ]
  [ ! -e lab/certs/www@2/key.pem ]
}

@test "every kind of key that TLS takes" {
  ocsp-ca init
  request rsa.csr /CN=rsa '' -newkey rsa:2048
  request p384.csr /CN=p384 '' -newkey ec -pkeyopt ec_paramgen_curve:P-384
  request p521.csr /CN=p521 '' -newkey ec -pkeyopt ec_paramgen_curve:P-521
  request ed.csr /CN=ed '' -newkey ed25519
  for name in rsa p384 p521 ed; do
    ocsp-ca sign "$name.csr"
    openssl verify -x509_strict -CAfile lab/root.pem "lab/certs/$name/cert.pem"
    certtool --verify --load-ca-certificate lab/root.pem \
      --infile "lab/certs/$name/fullchain.pem"
  done
  dump rsa | grep -q 'Key Encipherment'
  run ! grep -q 'Key Encipherment' <(dump ed)
}

@test "weak, foreign and forged requests are refused, and say why" {
  ocsp-ca init
  request weak.csr /CN=www '' -newkey rsa:1024
  exits 76 ocsp-ca sign weak.csr
  [[ $output == *"too weak"*1024* ]]
  request curve.csr /CN=www '' -newkey ec \
    -pkeyopt ec_paramgen_curve:prime192v1
  exits 76 ocsp-ca sign curve.csr
  [[ $output == *192* ]]
  request www.csr /CN=www
  openssl req -in www.csr -outform DER -out www.der
  /usr/bin/python3 - <<'PY'
der = bytearray(open("www.der", "rb").read())
der[-1] ^= 1
open("forged.der", "wb").write(der)
open("long.der", "wb").write(open("www.der", "rb").read() + b"x")
open("cut.der", "wb").write(open("www.der", "rb").read()[:-5])
PY
  exits 76 ocsp-ca sign forged.der
  [[ $output == *signature* ]]
  for file in long.der cut.der lab/root.pem /dev/null www.csr.key; do
    exits 76 ocsp-ca sign "$file"
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 72 ocsp-ca sign absent.csr
  exits 64 ocsp-ca sign
  exits 64 ocsp-ca sign www.csr www.csr
  openssl req -new -key lab/ca/root/key.pem -subj /CN=www -out ca.csr
  exits 78 ocsp-ca sign ca.csr
  [[ $output == *"key of the CA root"* ]]
  nothing_issued
}
