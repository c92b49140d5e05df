#!/usr/bin/env bats
# ocsp-ca issue: what stands in a certificate and where it is put.

load helper

text() {
  openssl x509 -in "lab/certs/$1/cert.pem" -noout -text
}

@test "a certificate verifies for each of its default names" {
  ocsp-ca init
  ocsp-ca issue www
  for name in www www.localhost localhost; do
    openssl verify -x509_strict -CAfile lab/root.pem -verify_hostname "$name" \
      lab/certs/www/cert.pem
  done
  for ip in 127.0.0.1 ::1; do
    openssl verify -CAfile lab/root.pem -verify_ip "$ip" lab/certs/www/cert.pem
  done
}

@test "key and certificate are a pair, and chain.pem is the issuer" {
  ocsp-ca init
  ocsp-ca issue www
  cd lab/certs/www
  openssl pkey -in key.pem -pubout | cmp - <(openssl x509 -in cert.pem -pubkey -noout)
  cmp chain.pem ../../root.pem
  cmp fullchain.pem cert.pem
}

@test "json tells name, serial, files, end and URLs" {
  ocsp-ca init --ocsp-url http://127.0.0.1:9
  ocsp-ca issue www --json >out
  [ "$(field name <out)" = www ]
  [ "$(field ocsp_urls <out)" = '["http://127.0.0.1:9"]' ]
  [ "$(field key <out)" = "$OCSP_LAB_DIR/certs/www/key.pem" ]
  for file in cert key chain fullchain; do
    [ -s "$(field $file <out)" ]
  done
  serial=$(openssl x509 -in lab/certs/www/cert.pem -noout -serial)
  [ "serial=$(field serial <out)" = "${serial,,}" ]
  end=$(date -u -d "$(openssl x509 -in lab/certs/www/cert.pem -noout -enddate |
    cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
  [ "$(field not_after <out)" = "$end" ]
}

@test "SANs are recognised by their form" {
  ocsp-ca init
  ocsp-ca issue www --san 'a.example,*.b.example,192.0.2.1,2001:db8::1' \
    --san me@c.example,https://d.example/x
  text www >printed
  for san in DNS:a.example 'DNS:\*.b.example' 'IP Address:192.0.2.1' \
    'IP Address:2001:DB8:0:0:0:0:0:1' email:me@c.example \
    URI:https://d.example/x; do
    grep -q "$san" printed
  done
}

@test "issue and show print the SANs as they stand in the certificate" {
  ocsp-ca init
  sans='["a.example", "::1", "me@c.example", "urn:x:1"]'
  ocsp-ca issue www --json --san 'DNS:a.example,0:0::1,me@c.example,URI:urn:x:1' \
    --san a.example >out
  [ "$(field sans <out)" = "$sans" ]
  [ "$(ocsp-ca show www --json | field sans)" = "$sans" ]
  ocsp-ca show www | grep -A1 '^SANs  *a.example$' | grep -q '^  *::1$'
  ocsp-ca issue mail
  [ "$(ocsp-ca show mail --json | field sans)" = \
    '["mail", "mail.localhost", "localhost", "127.0.0.1", "::1"]' ]
}

@test "must-staple is the TLS feature 5" {
  ocsp-ca init
  ocsp-ca issue www --must-staple
  text www | grep -A1 'TLS Feature' | grep -qx ' *status_request'
}

@test "OCSP URLs: several in order, or none" {
  ocsp-ca init
  ocsp-ca issue two --ocsp-url http://127.0.0.1:1/a --ocsp-url http://127.0.0.1:2
  [ "$(openssl x509 -in lab/certs/two/cert.pem -noout -ocsp_uri)" = \
    $'http://127.0.0.1:1/a\nhttp://127.0.0.1:2' ]
  ocsp-ca issue none --no-ocsp-url
  [ -z "$(openssl x509 -in lab/certs/none/cert.pem -noout -ocsp_uri)" ]
  [ "$(ocsp-ca show none --json | field ocsp_urls)" = '[]' ]
}

@test "eight OCSP URLs are the most" {
  ocsp-ca init
  urls=()
  for n in {1..8}; do
    urls+=(--ocsp-url "http://127.0.0.1:$n")
  done
  ocsp-ca issue www "${urls[@]}"
  [ "$(openssl x509 -in lab/certs/www/cert.pem -noout -ocsp_uri | wc -l)" -eq 8 ]
  openssl verify -x509_strict -CAfile lab/root.pem lab/certs/www/cert.pem
  certtool --verify --load-ca-certificate lab/root.pem \
    --infile lab/certs/www/cert.pem
  exits 64 ocsp-ca issue other "${urls[@]}" --ocsp-url http://127.0.0.1:9
}

@test "the CRL distribution point: a URL, the lab's own, or none" {
  crl_url() {
    text "$1" | sed -n '/CRL Distribution/,/URI/s/^ *URI://p'
  }
  ocsp-ca init --depth 2 --ocsp-url http://127.0.0.1:9
  ocsp-ca issue plain --json >out
  [ "$(field crl_url <out)" = '' ]
  [ -z "$(crl_url plain)" ]
  ocsp-ca issue url --crl-url http://crl.example/a.crl --json >out
  [ "$(field crl_url <out)" = http://crl.example/a.crl ]
  [ "$(crl_url url)" = http://crl.example/a.crl ]
  ocsp-ca issue lab --crl-url lab >out
  grep -qx '  CRL      http://127.0.0.1:9/crl/ca1.crl' out
  [ "$(crl_url lab)" = http://127.0.0.1:9/crl/ca1.crl ]
  ocsp-ca issue top --crl-url lab --ca root
  [ "$(crl_url top)" = http://127.0.0.1:9/crl/root.crl ]
  for name in plain url lab; do
    openssl verify -x509_strict -CAfile lab/root.pem -untrusted \
      "lab/certs/$name/chain.pem" "lab/certs/$name/cert.pem"
    certtool --verify --load-ca-certificate lab/root.pem \
      --infile "lab/certs/$name/fullchain.pem"
  done
}

@test "the CRL distribution point that init named is the default" {
  ocsp-ca init --ocsp-url http://127.0.0.1:9 --crl-url lab
  [ "$(ocsp-ca issue www --json | field crl_url)" = \
    http://127.0.0.1:9/crl/root.crl ]
  [ "$(ocsp-ca issue other --crl-url http://x.example --json |
    field crl_url)" = http://x.example ]
  [ "$(ocsp-ca issue none --no-crl-url --json | field crl_url)" = '' ]
}

@test "validity: seconds, days, instants, past and future" {
  ends() {
    openssl x509 -in "lab/certs/$1/cert.pem" -noout -enddate | cut -d= -f2
  }
  ocsp-ca init
  ocsp-ca clock freeze 2027-01-10T00:00:00Z
  ocsp-ca issue short --days 10s
  [ "$(ends short)" = 'Jan 10 00:00:10 2027 GMT' ]
  ocsp-ca issue week --days 7
  [ "$(ends week)" = 'Jan 17 00:00:00 2027 GMT' ]
  ocsp-ca issue exact --not-before 2027-02-01 --not-after 2027-02-01T00:00:05Z
  [ "$(ends exact)" = 'Feb  1 00:00:05 2027 GMT' ]
  ocsp-ca issue later --not-before +1d --days 1d
  [ "$(ends later)" = 'Jan 12 00:00:00 2027 GMT' ]
  ocsp-ca issue expired --not-after -3h
  [ "$(ends expired)" = 'Jan  9 21:00:00 2027 GMT' ]
}

@test "nobody outlives the CA unless asked to, and then it is noted" {
  ocsp-ca init --days 2
  ocsp-ca issue www 2>log
  grep -q 'ends with its CA root' log
  [ "$(openssl x509 -in lab/certs/www/cert.pem -noout -enddate)" = \
    "$(openssl x509 -in lab/root.pem -noout -enddate)" ]
  ocsp-ca issue long --days 30 2>log
  grep -q 'outlives its CA root' log
}

@test "a CA that has ended issues only what is asked for with its end" {
  ocsp-ca init --days 2
  ocsp-ca clock advance 30d
  exits 78 ocsp-ca issue www
  [[ $output == *"root: this CA ends on"* ]]
  ocsp-ca issue www --days 1
}

@test "leaf algorithms mix with the CA's" {
  ocsp-ca init --algorithm p384
  ocsp-ca issue rsa --algorithm rsa2048
  ocsp-ca issue ed --algorithm ed25519
  ocsp-ca issue same
  openssl verify -x509_strict -CAfile lab/root.pem lab/certs/{rsa,ed,same}/cert.pem
  text rsa | grep -q 'Public-Key: (2048 bit)'
  text ed | grep -q ED25519
  text same | grep -q P-384
}

@test "a client certificate serves clients only" {
  ocsp-ca init
  ocsp-ca issue alice --profile client
  openssl verify -purpose sslclient -CAfile lab/root.pem lab/certs/alice/cert.pem
  run ! openssl verify -purpose sslserver -CAfile lab/root.pem \
    lab/certs/alice/cert.pem
}

@test "--ca chooses the issuer" {
  ocsp-ca init --depth 2
  ocsp-ca issue www --ca root
  openssl verify -CAfile lab/root.pem lab/certs/www/cert.pem
  exits 72 ocsp-ca issue other --ca nobody
  [[ $output == *"this lab has root, ca1"* ]]
}

@test "several names at once, one JSON line each" {
  ocsp-ca init
  ocsp-ca issue a b c --json >out
  [ "$(wc -l <out)" -eq 3 ]
  [ "$(sed -n 3p out | field name)" = c ]
  [ "$(find lab/certs/{a,b,c} -name key.pem | wc -l)" -eq 3 ]
}

@test "one of several names is taken: none is issued" {
  ocsp-ca init
  ocsp-ca issue b
  before=$(ocsp-ca list --json)
  exits 73 ocsp-ca issue a b c
  [[ $output == *"b: a certificate of that name exists"* ]]
  [ "$before" = "$(ocsp-ca list --json)" ]
  [ "$(ls -A lab/certs)" = $'.new\n.scenarios\nb' ]
  [ -z "$(ls -A lab/certs/.new)" ]
}

@test "serial numbers are random: positive, 16 octets, never the same" {
  ocsp-ca init --temporary
  mapfile -t names < <(seq -f n%.0f 200)
  ocsp-ca issue "${names[@]}" --json | grep -o '"serial":"[^"]*"' >serials
  [ "$(sort -u serials | wc -l)" -eq 200 ]
  run ! grep -vxE '"serial":"[4-7][0-9a-f]{31}"' serials
}

@test "a name that is a path, a flag or too long is refused" {
  ocsp-ca init
  before=$(ocsp-ca list --json)
  for name in .. ../x a/b .hidden '' 'a b' "$(printf 'x%.0s' {1..129})"; do
    exits 64 ocsp-ca issue -- "$name"
  done
  exits 64 ocsp-ca issue -3h
  exits 73 ocsp-ca issue root
  [ "$before" = "$(ocsp-ca list --json)" ]
}

@test "a long name is fine, though a CN has room for 64" {
  ocsp-ca init
  name=$(printf 'x%.0s' {1..128})
  ocsp-ca issue "$name" --san localhost
  openssl verify -x509_strict -CAfile lab/root.pem "lab/certs/$name/cert.pem"
}

@test "bad options of issue: exit 64 and nothing issued" {
  ocsp-ca init
  before=$(sha256sum lab/ca.db)
  for option in --san=300.1.1.1 --san= --ocsp-url=x --crl-url=x \
    "--crl-url=http://x/$(printf 'x%.0s' {1..250})" --not-before=soon \
    --not-after=2027-02-30 --days=-1 --algorithm=x --profile=x --nothing; do
    exits 64 ocsp-ca issue www "$option"
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 64 ocsp-ca issue
  exits 64 ocsp-ca issue www --days 1 --not-after +1d
  exits 64 ocsp-ca issue www --no-ocsp-url --ocsp-url http://127.0.0.1
  exits 64 ocsp-ca issue www --no-crl-url --crl-url lab
  exits 64 ocsp-ca issue www --not-before +2d --not-after +1d
  [ ! -e lab/certs/www ]
  [ "$before" = "$(sha256sum lab/ca.db)" ]
}

@test "a folder in the way that the database does not know is left alone" {
  ocsp-ca init
  mkdir lab/certs/www
  exits 73 ocsp-ca issue www
  [[ $output == *"lab/certs/www: in the way"* ]]
  exits 72 ocsp-ca status www
}

@test "a name is unique over all CAs" {
  ocsp-ca init --depth 2
  ocsp-ca issue www --ca root
  exits 73 ocsp-ca issue www --ca ca1
  exits 73 ocsp-ca issue ca1 --ca root
}

@test "certs/.new that cannot be read keeps nobody from revoking" {
  ocsp-ca init
  ocsp-ca issue www
  drop=()
  if [ "$(id -u)" -eq 0 ]; then
    drop=(setpriv --bounding-set '-dac_override,-dac_read_search'
      --inh-caps -all)
    "${drop[@]}" true || skip "cannot drop root's rights here"
  fi
  chmod 000 lab/certs/.new
  "${drop[@]}" ocsp-ca revoke www
  "${drop[@]}" ocsp-ca crl
  exits 74 "${drop[@]}" ocsp-ca issue other
  [[ $output == *certs/.new* ]]
  chmod 755 lab/certs/.new
  exits 1 ocsp-ca status www
  exits 72 ocsp-ca status other
}
