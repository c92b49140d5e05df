#!/usr/bin/env bats
# ocsp-ca issue --renew and --count, killed at any moment.

load helper
load crash

serial() {
  openssl x509 -in "lab/certs/$1/cert.pem" -noout -serial
}

# As the kill left it, with readers only.  The old certificate is there, under
# one name or the other, and what is there is whole.
still_whole() {
  local folder found=
  for folder in lab/certs/www*; do
    [ -e "$folder" ] || break
    belongs "${folder##*/}"
    [ "$(serial "${folder##*/}")" != "$old" ] || found=$folder
  done
  # Without a way to exchange names it may wait aside for a moment.
  [ -n "$found" ] || ls lab/certs/.new/*/www.*/cert.pem
  [ -n "${without:-}" ] || [ -e lab/certs/www ]
}

# After the next command that writes: the old state or the new one.
renewed_or_not() {
  ocsp-ca crl
  [ -z "$(ls -A lab/certs/.new)" ]
  fits www
  if [ "$(serial www)" = "$old" ]; then
    [ "$(ls lab/certs)" = www ]
    exits 72 ocsp-ca status www@1
  else
    [ "$(ls lab/certs)" = $'www\nwww@1' ]
    fits www@1
    [ "$(serial www@1)" = "$old" ]
  fi
}

renew_killed() {
  local call n step
  ocsp-ca init
  ocsp-ca issue www
  old=$(serial www)
  cp -a lab fresh
  rounds=0 after=0
  for call in "$@"; do
    step=1
    [ "$call" != pwrite64 ] || step=3 # pages of the database
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca issue www --renew || break
      still_whole
      renewed_or_not
      [ "$(serial www)" = "$old" ] || after=$((after + 1))
      rounds=$((rounds + 1))
    done
    [ "$(serial www@1)" = "$old" ] # the last run was not killed
  done
  sound
}

@test "a renewal killed at each call: the old certificate or both" {
  need_strace
  # shellcheck disable=SC2046 # words
  renew_killed $(writing_calls)
  [ "$rounds" -gt 25 ]
  [ "$after" -ge 2 ]
}

@test "the same where the file system cannot exchange two names" {
  need_strace
  without=renameat2
  renew_killed '?rename' '?mkdirat' '?rmdir' fsync
  [ "$rounds" -gt 10 ]
  [ "$after" -ge 3 ]
}

@test "a series killed at each call: all of it or nothing" {
  need_strace
  ocsp-ca init
  cp -a lab fresh
  rounds=0 done=0
  for call in '?rename' '?rmdir' syncfs fsync pwrite64 '?mkdirat' fchmod; do
    step=1
    case $call in
      pwrite64 | '?rename') step=5 ;;
      '?mkdirat') step=9 ;;
      fchmod) step=35 ;;
    esac
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca issue n --count 17 || break # synced at once
      [ ! -e lab/certs/n-1 ] || fits n-1
      ocsp-ca crl
      [ -z "$(ls -A lab/certs/.new)" ]
      there=$(ocsp-ca list --json | grep -c '"name":"n-') || true
      [ "$there" -eq 0 ] || [ "$there" -eq 17 ]
      [ "$(find lab/certs -name 'n-*' | wc -l)" -eq "$there" ]
      [ "$there" -eq 0 ] || done=$((done + 1))
      rounds=$((rounds + 1))
    done
    [ -e lab/certs/n-17/key.pem ]
  done
  settled n-1 n-9 n-17
  [ "$rounds" -gt 15 ]
  [ "$done" -ge 3 ]
}

@test "what a killed one has left is named before its name is renewed" {
  need_strace
  ocsp-ca init
  killed '?rename' 1 ocsp-ca issue www
  [ ! -e lab/certs/www ]
  ocsp-ca status www
  old=$(ocsp-ca show www --json | field serial)
  ocsp-ca issue www --renew
  [ "$(ocsp-ca show www@1 --json | field serial)" = "$old" ]
  fits www
  fits www@1
}

@test "kill -9 at random moments of renewals: nothing lost, nothing half" {
  ocsp-ca init --temporary
  ocsp-ca issue www
  for i in {1..40}; do
    timeout -s KILL "0.0$(printf %02d $((i % 20)))" \
      ocsp-ca issue www --renew >>out 2>>log || true
    belongs www
  done
  ocsp-ca crl
  [ -z "$(ls -A lab/certs/.new)" ]
  for folder in lab/certs/www*; do
    fits "${folder##*/}"
  done
  [ "$(ocsp-ca list --json | grep -c '"name":"www')" -eq \
    "$(find lab/certs/* -maxdepth 0 | wc -l)" ]
  sound
}
