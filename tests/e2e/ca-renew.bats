#!/usr/bin/env bats
# ocsp-ca issue --renew: another certificate takes the name, the old one stays.

load helper
load stapler

dump() {
  openssl x509 -in "lab/certs/$1/cert.pem" -noout -text
}

serial() {
  openssl x509 -in "lab/certs/$1/cert.pem" -noout -serial |
    sed 's/serial=//' | tr A-F a-f
}

@test "the new one has name and folder, the old one is NAME@1, then NAME@2" {
  ocsp-ca init
  ocsp-ca issue www
  first=$(serial www)
  ocsp-ca issue www --renew --json >out
  second=$(serial www)
  [ "$(field name <out)" = www ]
  [ "$(field before <out)" = www@1 ]
  [ "$(field serial <out)" = "$second" ]
  [ "$first" != "$second" ]
  [ "$(serial www@1)" = "$first" ]
  ocsp-ca issue www --renew >out
  grep -qx 'renewed www' out
  grep -qx '  before   www@2' out
  [ "$(serial www@2)" = "$second" ]
  for name in www www@1 www@2; do
    openssl pkey -in "lab/certs/$name/key.pem" -pubout |
      cmp - <(openssl x509 -in "lab/certs/$name/cert.pem" -pubkey -noout)
    [ "$(stat -c %a "lab/certs/$name/key.pem")" = 600 ]
    openssl verify -x509_strict -CAfile lab/root.pem "lab/certs/$name/cert.pem"
    certtool --verify --load-ca-certificate lab/root.pem \
      --infile "lab/certs/$name/fullchain.pem"
  done
  run ! cmp lab/certs/www/key.pem lab/certs/www@2/key.pem
  [ -z "$(ls -A lab/certs/.new)" ]
}

@test "every command that takes CERT takes the old one" {
  ocsp-ca init
  ocsp-ca issue www
  old=$(serial www)
  ocsp-ca issue www --renew
  ocsp-ca status www@1
  [ "$(ocsp-ca show www@1 --json | field serial)" = "$old" ]
  [ "$(ocsp-ca show www@1 --json | field folder)" = "$T/lab/certs/www@1" ]
  ocsp-ca list | grep -q '^www@1 '
  ocsp-ca list --json | grep -q '"name":"www@1"'
  ocsp-ca hold www@1
  ocsp-ca release www@1
  ocsp-ca revoke www@1 --reason superseded
  exits 1 ocsp-ca status www@1
  exits 1 ocsp-ca status "$old"
  exits 1 ocsp-ca status lab/certs/www@1/cert.pem
  ocsp-ca status www
}

@test "what no option says otherwise is as it was" {
  ocsp-ca init --depth 2
  ocsp-ca issue www --ca root --algorithm p384 --must-staple --days 7 \
    --san 'a.example,*.b.example,192.0.2.1,me@c.example,URI:urn:x:1' \
    --ocsp-url http://127.0.0.1:1/a --ocsp-url http://127.0.0.1:2 --crl-url lab
  ocsp-ca clock advance 5d
  ocsp-ca issue www --renew --json >out
  [ "$(field ca <out)" = root ]
  [ "$(field must_staple <out)" = true ]
  [ "$(field crl_url <out)" = "$(ocsp-ca issue x --no-files --count 1 --json \
    --ca root --crl-url lab | field crl_url)" ]
  for key in sans ocsp_urls subject must_staple; do
    [ "$(field $key <out)" = "$(ocsp-ca show www@1 --json | field $key)" ]
  done
  # All but key, serial, signature and times.
  ignore='Serial Number|^ +([0-9a-fA-F]{2}:)+|Not (Before|After)'
  diff <(dump www@1 | grep -vE "$ignore") <(dump www | grep -vE "$ignore")
  # As long as before.
  length() {
    echo $(($(date -d "$(openssl x509 -in "lab/certs/$1/cert.pem" -noout \
      -enddate | cut -d= -f2)" +%s) - $(date -d "$(openssl x509 -in \
      "lab/certs/$1/cert.pem" -noout -startdate | cut -d= -f2)" +%s)))
  }
  [ "$(length www)" -eq "$(length www@1)" ]
  openssl verify -x509_strict -CAfile lab/root.pem -attime \
    "$(($(date +%s) + 6 * 86400))" lab/certs/www/cert.pem
}

@test "a client certificate stays one, without URLs if it had none" {
  ocsp-ca init
  ocsp-ca issue alice --profile client --no-ocsp-url --san me@c.example
  ocsp-ca issue alice --renew --json >out
  [ "$(field sans <out)" = '["me@c.example"]' ]
  [ "$(field ocsp_urls <out)" = '[]' ]
  openssl verify -purpose sslclient -CAfile lab/root.pem \
    lab/certs/alice/cert.pem
}

@test "options change what they say" {
  ocsp-ca init --depth 2
  ocsp-ca issue www --must-staple --crl-url lab
  ocsp-ca issue www --renew --san other.example --algorithm rsa2048 \
    --ocsp-url http://127.0.0.1:9 --no-crl-url --no-must-staple --ca root \
    --days 1 --profile client --json >out
  [ "$(field sans <out)" = '["other.example"]' ]
  [ "$(field ocsp_urls <out)" = '["http://127.0.0.1:9"]' ]
  [ "$(field crl_url <out)" = '' ]
  [ "$(field must_staple <out)" = false ]
  [ "$(field ca <out)" = root ]
  dump www | grep -q 'Public-Key: (2048 bit)'
  dump www | grep -q 'TLS Web Client'
}

@test "without --renew the name is taken; with it a new name is just issued" {
  ocsp-ca init
  ocsp-ca issue www
  exits 73 ocsp-ca issue www
  [[ $output == *--renew* ]]
  ocsp-ca issue mail --renew --json >out
  [ "$(field before <out)" = '' ]
  ocsp-ca status mail
  ocsp-ca issue www mail new --renew
  ocsp-ca status www@1
  ocsp-ca status mail@1
  exits 72 ocsp-ca status new@1
}

@test "all or none: one that cannot be renewed keeps the others" {
  ocsp-ca init
  ocsp-ca issue www
  before=$(ocsp-ca list --json)
  exits 73 ocsp-ca issue www root --renew
  [[ $output == *"root: is the name of a CA"* ]]
  [ "$before" = "$(ocsp-ca list --json)" ]
  exits 64 ocsp-ca issue www@1
  exits 64 ocsp-ca issue www@1 --renew
  exits 64 ocsp-ca issue www --renew --count 2
}

@test "folders that are not what the database says are left alone" {
  ocsp-ca init
  ocsp-ca issue a b
  mkdir lab/certs/a@1
  exits 73 ocsp-ca issue a --renew
  [[ $output == *"lab/certs/a@1: in the way"* ]]
  rm -r lab/certs/b
  cp -a lab/certs/a lab/certs/b
  exits 73 ocsp-ca issue b --renew
  [[ $output == *"lab/certs/b: does not hold the certificate"* ]]
  [ "$(serial b)" = "$(serial a)" ]
  exits 72 ocsp-ca status a@1
  ocsp-ca issue c
  mv lab/certs/c elsewhere
  ln -s "$T/elsewhere" lab/certs/c
  exits 73 ocsp-ca issue c --renew
  [[ $output == *"lab/certs/c: is no folder"* ]]
  ocsp-ca status lab/certs/c/cert.pem
  exits 72 ocsp-ca status c@1
  rm lab/certs/c
  [ "$(ls -A lab/certs)" = $'.new\n.scenarios\na\na@1\nb' ]
  [ -z "$(ls -A lab/certs/.new)" ]
}

@test "a certificate whose files are gone can be renewed" {
  ocsp-ca init
  ocsp-ca issue www
  rm -r lab/certs/www
  ocsp-ca issue www --renew
  openssl verify -CAfile lab/root.pem lab/certs/www/cert.pem
  ocsp-ca status www@1
  [ ! -e lab/certs/www@1 ]
}

@test "readers never miss the folder, and key and certificate always fit" {
  ocsp-ca init --temporary
  ocsp-ca issue www
  /usr/bin/python3 - <<'PY'
import os, subprocess
missed, seen = 0, set()
renewing = subprocess.Popen(
    ["sh", "-ec", "for i in $(seq 25); do ocsp-ca issue www --renew; done"],
    stdout=subprocess.DEVNULL)
while renewing.poll() is None:
    try:
        folder = os.open("lab/certs/www", os.O_RDONLY)
    except FileNotFoundError:
        missed += 1
        continue
    # One folder is of one certificate, whatever its name is by now.
    seen.add(os.fstat(folder).st_ino)
    for name in "cert.pem", "key.pem", "chain.pem", "fullchain.pem":
        os.close(os.open(name, os.O_RDONLY, dir_fd=folder))
    os.close(folder)
assert renewing.returncode == 0
assert missed == 0, missed
assert len(seen) > 3, len(seen)
PY
  [ "$(find lab/certs -name 'www@*' | wc -l)" -eq 25 ]
}

@test "two that renew the same name at once: both happen, in one order" {
  ocsp-ca init --temporary
  ocsp-ca issue www
  pids=()
  for worker in 1 2 3 4; do
    (for _ in 1 2 3 4 5; do
      ocsp-ca issue www --renew || exit
    done) >"$worker.log" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ -z "$(ls -A lab/certs/.new)" ]
  for n in '' @{1..20}; do
    [ "$(ocsp-ca show "www$n" --json | field serial)" = "$(serial "www$n")" ]
    openssl pkey -in "lab/certs/www$n/key.pem" -pubout |
      cmp - <(openssl x509 -in "lab/certs/www$n/cert.pem" -pubkey -noout)
  done
  exits 72 ocsp-ca status www@21
}

@test "ocsp-stapler serves the renewed one, and not the one that stepped aside" {
  lab
  responder
  # shellcheck disable=SC2119 # no options
  stapler
  stapled good
  new=$(ocsp-ca issue www --renew --json | field serial)
  renewed() {
    [ "$(row www serial)" = "$new" ]
  }
  eventually renewed
  eventually stapled good
  # shellcheck disable=SC2154 # set by stapler
  curl -sS "$status_url/status" | field certificates >listed
  [ "$(grep -o '"name"' listed | wc -l)" -eq 1 ]
}
