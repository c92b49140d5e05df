#!/usr/bin/env bats
# ocsp-ca issue --count: many certificates for load tests, all or none.

load helper

@test "NAME-1 to NAME-N, each a certificate as any other" {
  ocsp-ca init
  ocsp-ca issue load --count 40 --days 3 --must-staple --crl-url lab >out
  grep -qx 'issued load-1 to load-40' out
  grep -qF '/certs/load-{1..40}/{cert,key,chain,fullchain}.pem' out
  [ "$(wc -l <out)" -lt 10 ]
  for n in 1 17 40; do
    folder=lab/certs/load-$n
    openssl verify -x509_strict -CAfile lab/root.pem -verify_hostname \
      "load-$n.localhost" "$folder/cert.pem"
    certtool --verify --load-ca-certificate lab/root.pem \
      --infile "$folder/fullchain.pem"
    openssl pkey -in "$folder/key.pem" -pubout |
      cmp - <(openssl x509 -in "$folder/cert.pem" -pubkey -noout)
    [ "$(stat -c %a "$folder/key.pem")" = 600 ]
    [ "$(ocsp-ca status "$folder/cert.pem")" = "load-$n: good" ]
  done
  exits 72 ocsp-ca status load-0
  exits 72 ocsp-ca status load-41
  [ "$(find lab/certs -name '*.pem' | wc -l)" -eq 160 ]
  [ -z "$(ls -A lab/certs/.new)" ]
}

@test "json: one line each, with a serial of its own" {
  ocsp-ca init --temporary
  ocsp-ca issue load --count 300 --no-files --json >out 2>err
  [ ! -s err ]
  [ "$(wc -l <out)" -eq 300 ]
  [ "$(sed -n 300p out | field name)" = load-300 ]
  [ "$(grep -oE '"serial":"[4-7][0-9a-f]{31}"' out | sort -u | wc -l)" -eq 300 ]
  [ "$(ocsp-ca list --json | grep -c '"name":"load-')" -eq 300 ]
}

@test "--no-files: in the database whole, and nowhere else" {
  ocsp-ca init --temporary
  ocsp-ca issue load --count 20 --no-files --json >out
  [ "$(sed -n 1p out | field cert)" = '' ]
  [ -z "$(ls lab/certs)" ]
  ocsp-ca show load-7 --json >shown
  [ "$(field sans <shown)" = "$(sed -n 7p out | field sans)" ]
  ocsp-ca revoke load-7
  exits 1 ocsp-ca status load-7
  # With files from now on.
  ocsp-ca issue load-8 --renew
  openssl verify -CAfile lab/root.pem lab/certs/load-8/cert.pem
  ocsp-ca status load-8@1
}

@test "one name of the series is taken: none is issued" {
  ocsp-ca init
  ocsp-ca issue load-20
  before=$(ocsp-ca list --json)
  for files in '' --no-files; do
    exits 73 ocsp-ca issue load --count 30 $files
    [[ $output == *"load-20: a certificate of that name exists"* ]]
    [ "$before" = "$(ocsp-ca list --json)" ]
  done
  mkdir lab/certs/x-3
  exits 73 ocsp-ca issue x --count 5
  [[ $output == *"lab/certs/x-3: in the way"* ]]
  [ "$(ls -A lab/certs)" = $'.new\n.scenarios\nload-20\nx-3' ]
  [ -z "$(ls -A lab/certs/.new)" ]
}

@test "counts that are none, too large, or together with what excludes them" {
  ocsp-ca init
  before=$(sha256sum lab/ca.db)
  for count in 0 -1 x 1.5 100001 99999999999999999999 ''; do
    exits 64 ocsp-ca issue load --count "$count"
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 64 ocsp-ca issue a b --count 2
  exits 64 ocsp-ca issue a --no-files
  exits 64 ocsp-ca issue a --count 2 --renew
  exits 64 ocsp-ca issue "$(printf 'x%.0s' {1..127})" --count 10
  exits 64 ocsp-ca issue www@1 --count 10
  [ "$before" = "$(sha256sum lab/ca.db)" ]
  ocsp-ca issue "$(printf 'x%.0s' {1..126})" --count 9
}

@test "progress is for a terminal only" {
  ocsp-ca init --temporary
  ocsp-ca issue quiet --count 300 --no-files 2>err >out
  [ ! -s err ]
  [ "$(wc -l <out)" -eq 4 ]
  script -qec 'ocsp-ca issue loud --count 500 --no-files' /dev/null >typed
  grep -qE 'issue: [0-9]+, [0-9]+ %' typed
}

@test "others write while a long series is made" {
  ocsp-ca init --temporary
  ocsp-ca issue www
  ocsp-ca issue load --count 1500 >out &
  making=$!
  echo "$making" >>pids
  # Its folders appear; nobody takes them for a dead one's.
  until compgen -G 'lab/certs/.new/*/load-20.*' >/dev/null; do
    kill -0 "$making"
  done
  ocsp-ca revoke www
  ocsp-ca issue other
  ocsp-ca issue other --renew
  wait "$making"
  [ -z "$(ls -A lab/certs/.new)" ]
  [ "$(find lab/certs -name 'load-*' | wc -l)" -eq 1500 ]
  openssl verify -CAfile lab/root.pem lab/certs/load-20/cert.pem
}
