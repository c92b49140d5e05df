#!/usr/bin/env bats
# ocsp-ca show: all that is known of one certificate.

load helper

show() {
  ocsp-ca show "$1" --json | field "$2"
}

@test "what it holds, as openssl reads it" {
  ocsp-ca init --temporary --depth 2 --crl-url lab
  ocsp-ca issue www --must-staple --san www.example,10.0.0.1 \
    --ocsp-url http://a.example --ocsp-url http://b.example/x
  cert=lab/certs/www/cert.pem
  {
    openssl x509 -in $cert -noout -ext crlDistributionPoints
    openssl x509 -in $cert -noout -ocsp_uri
  } >found
  [ "$(show www ocsp_urls.0) $(show www ocsp_urls.1)" = \
    "http://a.example http://b.example/x" ]
  grep -q "^$(show www ocsp_urls.1)$" found
  grep -q "URI:$(show www crl_url)$" found
  [ "$(show www sans.0) $(show www sans.1)" = "www.example 10.0.0.1" ]
  [ "$(show www must_staple)" = true ]
  for hash in sha1 sha256; do
    openssl x509 -in $cert -noout -fingerprint "-$hash" | tr -d : |
      grep -qi "=$(show www "$hash")\$"
  done
  ocsp-ca show www >text
  while IFS='|' read -r label words; do
    grep -E "^$label +$words\$" text
  done <<END
issued by|ca1
SANs|www.example
OCSP|http://a.example
must staple|yes
SHA-256|$(show www sha256)
END
  ocsp-ca show www --pem | cmp - $cert
  ocsp-ca show ca1 --pem | cmp - lab/ca/ca1/cert.pem
}

@test "its files, and that they are gone" {
  ocsp-ca init --temporary --depth 2
  ocsp-ca issue www
  for file in cert key chain fullchain; do
    [ "$(show www $file)" = "$OCSP_LAB_DIR/certs/www/$file.pem" ]
    [ -f "$(show www $file)" ]
  done
  [ "$(show www folder)" = "$OCSP_LAB_DIR/certs/www" ]
  [ "$(show ca1 key)" = "$OCSP_LAB_DIR/ca/ca1/key.pem" ]
  [ "$(show ca1 chain)" = "" ]
  rm lab/certs/www/key.pem
  [ "$(show www key)" = "" ]
  [ -n "$(show www cert)" ]
  rm -r lab/certs/www
  [ "$(show www folder)$(show www cert)" = "" ]
  ocsp-ca show www --pem | openssl verify -CAfile lab/root.pem \
    -untrusted lab/ca/ca1/cert.pem
}

@test "the one before and the one after a renewal" {
  ocsp-ca init --temporary
  ocsp-ca issue www ww
  [ "$(show www before)$(show www after)" = "" ]
  for _ in {1..11}; do
    ocsp-ca issue www --renew
  done
  [ "$(show www before)" = www@11 ]
  [ "$(show www after)" = "" ]
  [ "$(show www@11 before) $(show www@11 after)" = "www@10 www" ]
  [ "$(show www@2 before) $(show www@2 after)" = "www@1 www@3" ]
  [ "$(show www@1 before)" = "" ]
  [ "$(show ww before)$(show ww after)" = "" ]
  ocsp-ca show www@1 | grep -E '^after it +www@2$'
  [ "$(show www@1 serial)" != "$(show www serial)" ]
}

@test "a signer has no name and no files; an import perhaps no certificate" {
  ocsp-ca init --temporary
  serial=$(ocsp-ca list --json | field 0.serial)
  [ "$(show "$serial" folder)$(show "$serial" before)" = "" ]
  ocsp-ca show "$serial" --pem | openssl x509 -noout -subject | grep -q OCSP
  ocsp-ca issue gone
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("update issued set der = null where name = ?", ("gone",))
c.commit()'
  ocsp-ca show gone | grep -E '^certificate +not kept here$'
  [ "$(show gone sha256)" = "" ]
  exits 72 ocsp-ca show gone --pem
  [[ $output == *"gone: the certificate itself is not kept here"* ]]
}

@test "an expired one is good still, and says both; a later one its begin" {
  ocsp-ca init --temporary
  ocsp-ca issue short --not-before -2d --not-after -1d
  ocsp-ca show short | grep -Ex 'status +good, expired'
  [ "$(show short expired)" = true ]
  exits 0 ocsp-ca status short
  [ "$output" = "short: good, expired" ]
  exits 0 ocsp-ca status short --json
  [ "$(field expired <<<"$output")" = true ]
  ocsp-ca clock freeze 2027-01-01
  ocsp-ca issue later --not-before +1d --days 1 >out
  grep -q 'root, from 2027-01-02T00:00:00Z until 2027-01-03T00:00:00Z' out
  [ "$(show later expired)" = false ]
}

@test "refusals of show" {
  ocsp-ca init --temporary
  exits 64 ocsp-ca show
  exits 64 ocsp-ca show a b
  exits 72 ocsp-ca show nobody
  exits 72 ocsp-ca show 00c0ffee
  exits 64 ocsp-ca show nobody --json --pem
}
