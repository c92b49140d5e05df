#!/usr/bin/env bats
# A commit that a kill caught between its log and the log's index: nobody sees
# it, and yet SQLite finishes it when the last program that has the database
# open is killed too.  Until then its files must stay.

load helper

# halfway CMD... : killed when its rows are in ca.db-wal, and not in its index;
# then NEXT, which sees nothing of them; then all who have ca.db open are dead.
halfway() {
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  mkfifo up hold
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("select count(*) from cert").fetchall()
open("up", "w").close()
open("hold").read()' &
  reader=$!
  echo "$reader" >>"$T/pids"
  : <up
  # Of the log's header, of its folder, of its frames.
  run -137 strace -qq -o /dev/null -e trace=fdatasync \
    -e inject=fdatasync:signal=KILL:when=3 ocsp-ca "$@"
  $NEXT
  kill -9 "$reader"
  wait "$reader" || true
}

@test "issue: the row that comes back finds its files" {
  ocsp-ca init
  ocsp-ca issue mail
  ocsp-ca revoke mail
  NEXT='ocsp-ca revoke mail' halfway issue www
  ocsp-ca crl
  if ocsp-ca status www; then
    openssl verify -CAfile lab/root.pem lab/certs/www/cert.pem
    [ -s lab/certs/www/key.pem ]
  fi
}

@test "issue --renew: row and folder agree, and it can be renewed again" {
  ocsp-ca init
  ocsp-ca issue mail www
  ocsp-ca revoke mail
  NEXT='ocsp-ca revoke mail' halfway issue www --renew
  ocsp-ca issue www --renew
}

@test "signer rotate: the current signer has its file" {
  ocsp-ca init
  rotate_killed() {
    run -137 strace -qq -o /dev/null -e trace=rename \
      -e inject=rename:signal=KILL:when=1 ocsp-ca signer rotate
  }
  NEXT=rotate_killed halfway signer rotate
  [ -s "lab/$(ocsp-ca signer list --json | field path)" ] ||
    [ -s "$(ocsp-ca signer list --json | field path)" ]
}
