#!/usr/bin/env bats
# ocsp-ca killed at any moment: what is left is what was, or what should be.

load helper
load crash

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

@test "issue, killed at each call that writes: row and files, or neither" {
  need_strace
  ocsp-ca init
  cp -a lab fresh
  rounds=0
  for call in $(writing_calls); do
    step=1
    [ "$call" != pwrite64 ] || step=3 # pages of the database
    for ((n = 1; ; n += step)); do
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
  for call in $(writing_calls); do
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
  for call in $(writing_calls); do
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
        [ "$(ls -A lab/certs)" = $'.new\n.scenarios\nmail' ]
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
  # Who is being killed may hold on to its folder for a moment.
  for _ in $(seq 100); do
    ocsp-ca crl >/dev/null
    [ -n "$(ls -A lab/certs/.new)" ] || break
  done
  [ -z "$(ls -A lab/certs/.new)" ]
  for folder in lab/certs/*; do
    fits "${folder##*/}"
  done
  [ "$(ocsp-ca list --json | grep -c '"name":"[wk]')" -eq \
    "$(find lab/certs/* -maxdepth 0 | wc -l)" ]
}
