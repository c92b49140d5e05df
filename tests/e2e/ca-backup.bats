#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca backup, and what comes of it.

load helper
load responder

@test "a backup while four others write has all that was acknowledged" {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue www >/dev/null
  mapfile -t names < <(seq -f n%.0f 60)
  ocsp-ca issue "${names[@]}" >/dev/null
  pids=()
  for worker in 0 1 2 3; do
    (for i in $(seq 15); do
      ocsp-ca revoke "n$((worker * 15 + i))" >/dev/null || exit
      echo "n$((worker * 15 + i))" >>"acked.$worker"
    done) &
    pids+=($!)
  done
  # In the midst of it, several times.
  for round in 1 2 3 4 5; do
    until [ "$(cat acked.? 2>/dev/null | wc -l)" -ge $((round * 8)) ]; do :; done
    cat acked.? >"before.$round"
    ocsp-ca backup "backup.$round" >/dev/null
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  for round in 1 2 3 4 5; do
    [ "$(sqlite3 "backup.$round" 'PRAGMA integrity_check')" = ok ]
    [ -z "$(sqlite3 "backup.$round" 'PRAGMA foreign_key_check')" ]
    mkdir "restored.$round"
    cp "backup.$round" "restored.$round/ca.db"
    ocsp-ca export --format json --dir "restored.$round" |
      grep '"status":"revoked"' >revoked
    while read -r name; do
      grep -q "\"name\":\"$name\"" revoked
    done <"before.$round"
  done
}

@test "a restored directory answers, and issues" {
  lab --depth 2
  ocsp-ca issue gone >/dev/null
  ocsp-ca revoke gone --reason superseded >/dev/null
  mkdir backup
  ocsp-ca backup backup/ca.db >out
  grep -q 'backup/ca.db: [0-9]* bytes, with every change up to number' out
  cp -a lab/root.pem lab/ca lab/responder lab/certs backup
  cp lab/certs/gone/cert.pem gone.pem
  rm -r lab
  mv backup lab
  respond
  openssl ocsp -issuer "$I" -cert "$C" -cert gone.pem -url "$url" \
    -CAfile lab/root.pem >out 2>&1
  grep -q 'Response verify OK' out
  grep -q 'www/cert.pem: good' out
  grep -q 'gone.pem: revoked' out
  ocsp-ca issue new >/dev/null
  openssl verify -CAfile lab/root.pem -untrusted "$I" lab/certs/new/cert.pem
}

@test "the file is ours alone; an older one is replaced, nothing else is" {
  lab
  umask 000
  ocsp-ca backup b --json >out
  [ "$(field certificates <out)" = 2 ]
  [ "$(field cas <out)" = 1 ]
  [ "$(field event <out)" = "$(ocsp-ca events --json | tail -1 | field seq)" ]
  [ "$(field size <out)" = "$(stat -c %s b)" ]
  [ "$(stat -c %a b)" = 600 ]
  ocsp-ca revoke www >/dev/null
  ocsp-ca backup b >/dev/null
  mkdir new
  cp b new/ca.db
  exits 1 ocsp-ca status www --dir new
  echo precious >file
  exits 73 ocsp-ca backup file
  [ "$(cat file)" = precious ]
  exits 73 ocsp-ca backup lab/ca.db
  exits 73 ocsp-ca backup lab
  ocsp-ca init --dir other --temporary >/dev/null
  exits 73 ocsp-ca backup other/ca.db
}

@test "nonsense is refused" {
  exits 72 ocsp-ca backup b
  lab
  exits 64 ocsp-ca backup
  exits 64 ocsp-ca backup a b
  exits 64 ocsp-ca backup --bogus b
  exits 72 ocsp-ca backup nowhere/b
  exits 64 ocsp-ca backup ''
  head -c 5000 /dev/urandom | dd of=lab/ca.db bs=1 seek=4096 conv=notrunc 2>/dev/null
  exits 76 ocsp-ca backup b
  [ ! -e b ]
  ocsp-ca backup --help | grep -q 'To restore'
}
