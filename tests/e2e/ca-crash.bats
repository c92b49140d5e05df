#!/usr/bin/env bats
# ocsp-ca killed at any moment: what is left is what was, or what should be.

load helper

# Calls that change something on disk; '?': where the machine has it.
calls="?mkdir ?mkdirat ?rename ?renameat ?link ?linkat ?unlink ?unlinkat
  ?rmdir write pwrite64 ftruncate fsync fdatasync fchmod msync"

need_strace() {
  # The leak checker is a tracer too, and there is room for one.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
}

# killed CALL N CMD... : runs CMD, killed at the N-th CALL.  Fails if it came to
# its end instead; then it must have succeeded.
killed() {
  local call=$1 nth=$2 status=0
  shift 2
  strace -qq -o /dev/null -e "trace=$call" \
    -e "inject=$call:signal=KILL:when=$nth" "$@" >out 2>log || status=$?
  case $status in
    137) return 0 ;;
    0) return 1 ;;
    *)
      echo "exit $status: $*"
      cat log
      exit 1
      ;;
  esac
}

# Without a name in the database no folder; with one, files that fit together.
# The lab is as the kill left it: only readers have seen it since.
whole() {
  local name=$1 folder=lab/certs/$1
  if [ ! -e "$folder" ]; then
    return
  fi
  ocsp-ca status "$name"
  fits "$name"
}

fits() {
  local folder=lab/certs/$1
  # The row of this very certificate has this very name.
  [ "$(ocsp-ca status "$folder/cert.pem")" = "$1: good" ]
  openssl pkey -in "$folder/key.pem" -pubout |
    cmp - <(openssl x509 -in "$folder/cert.pem" -noout -pubkey)
  cmp "$folder/fullchain.pem" "$folder/cert.pem"
  cmp "$folder/chain.pem" lab/root.pem
}

# After the next command that writes: all or nothing.
settled() {
  local status=0
  ocsp-ca crl
  [ -z "$(ls -A lab/certs/.new)" ]
  ocsp-ca status "$1" || status=$?
  case $status in
    0) fits "$1" ;;
    72) [ ! -e "lab/certs/$1" ] ;;
    *) return 1 ;;
  esac
}

sound() {
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
assert c.execute("pragma integrity_check").fetchall() == [("ok",)]'
}

@test "issue, killed at each call that writes: row and files, or neither" {
  need_strace
  ocsp-ca init
  cp -a lab fresh
  rounds=0
  for call in $calls; do
    for ((n = 1; ; n++)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca issue www || break
      whole www
      settled www
      rounds=$((rounds + 1))
    done
    fits www # the last run was not killed
  done
  sound
  [ "$rounds" -gt 20 ]
}

@test "a name whose issue was killed after its commit is there, not lost" {
  need_strace
  ocsp-ca init
  # The rename that gives the folder its name comes last.
  for ((n = 1; ; n++)); do
    rm -rf lab
    ocsp-ca init
    killed '?rename' "$n" ocsp-ca issue www || break
    ls -A lab/certs/.new/* >last
  done
  grep -q '^www\.[0-9a-f]' last
  rm -rf lab
  ocsp-ca init
  killed '?rename' $((n - 1)) ocsp-ca issue www
  ocsp-ca status www
  exits 73 ocsp-ca issue www
  fits www
}

@test "init, killed at each call that writes: a whole lab, or room for one" {
  need_strace
  rounds=0
  for call in $calls; do
    step=1
    # Most of these write a page of the database, which has no name yet.
    [ "$call" != pwrite64 ] || step=5
    for ((n = 1; ; n += step)); do
      rm -rf lab
      killed "$call" "$n" ocsp-ca init || break
      if [ ! -e lab/ca.db ]; then
        ocsp-ca init
      fi
      ocsp-ca issue www
      fits www
      rounds=$((rounds + 1))
    done
  done
  [ "$rounds" -gt 20 ]
}

@test "revoke, killed at each call that writes: revoked or good, never half" {
  need_strace
  ocsp-ca init
  ocsp-ca issue a b
  cp -a lab fresh
  for call in $calls; do
    for ((n = 1; ; n++)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca revoke a b || break
      sound
      one=0 two=0
      ocsp-ca status a || one=$?
      ocsp-ca status b || two=$?
      [ "$one" -le 1 ]
      [ "$one" -eq "$two" ]
      ocsp-ca revoke a b
    done
    exits 1 ocsp-ca status b
  done
}

@test "a call that fails at any moment for want of room changes nothing" {
  need_strace
  ocsp-ca init
  ocsp-ca issue mail
  cp -a lab fresh
  ocsp-ca list >before
  rounds=0
  for call in pwrite64 ftruncate ?mkdir ?mkdirat fchmod; do
    for command in 'issue www' 'revoke mail'; do
      for ((n = 1; ; n++)); do
        rm -rf lab
        cp -a fresh lab
        # shellcheck disable=SC2086 # two words
        run strace -qq -o /dev/null -e "trace=$call" \
          -e "inject=$call:error=ENOSPC:when=$n" ocsp-ca $command
        [ "$status" -ne 0 ] || break
        [ "$status" -eq 74 ]
        [ "${#lines[@]}" -eq 1 ]
        ocsp-ca list | cmp - before
        [ "$(ls -A lab/certs)" = $'.new\nmail' ]
        [ -z "$(ls -A lab/certs/.new)" ]
        rounds=$((rounds + 1))
      done
    done
  done
  [ "$rounds" -gt 10 ]
}

@test "init that finds no room leaves nothing" {
  need_strace
  rounds=0
  for call in pwrite64 ?mkdir ?mkdirat fchmod; do
    for ((n = 1; ; n++)); do
      run strace -qq -o /dev/null -e "trace=$call" \
        -e "inject=$call:error=ENOSPC:when=$n" ocsp-ca init
      [ "$status" -ne 0 ] || break
      [ "$status" -eq 74 ]
      [ "${#lines[@]}" -eq 1 ]
      [ ! -e lab ]
      rounds=$((rounds + 1))
    done
    ocsp-ca issue www
    rm -rf lab
  done
  [ "$rounds" -gt 10 ]
}

@test "kill -9 at random moments: every acknowledged change is there" {
  ocsp-ca init
  : >issued
  for i in {1..40}; do
    # 0 to 19 ms: from before main to after the end
    if timeout -s KILL "0.0$(printf %02d $((i % 20)))" \
      ocsp-ca issue "n$i" >/dev/null 2>>log; then
      echo "n$i" >>issued
    fi
    whole "n$i"
  done
  settled n1
  sound
  while read -r name; do
    ocsp-ca status "$name"
    fits "$name"
  done <issued
}

@test "issue recovers while others issue: no name is lost or doubled" {
  ocsp-ca init --temporary
  pids=()
  for worker in 1 2 3 4; do
    (for i in 1 2 3 4 5 6; do
      ocsp-ca issue "w$worker-$i" || exit
      timeout -s KILL 0.006 ocsp-ca issue "k$worker-$i" || true
    done) >"$worker.log" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  ocsp-ca crl
  [ -z "$(ls -A lab/certs/.new)" ]
  for folder in lab/certs/*; do
    fits "${folder##*/}"
  done
  [ "$(ocsp-ca list --json | grep -c '"name":"[wk]')" -eq \
    "$(find lab/certs/* -maxdepth 0 | wc -l)" ]
}
