#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca signer and add-ca, killed at any moment or without room: a signer
# that can sign, a CA that can issue, or what was before.

load helper
load crash

# Most of these write a page of the log of a transaction that is not there yet.
stride() {
  step=1
  [ "$1" != pwrite64 ] || step=7
}

# The current signer of each CA has its file, with a key that fits; readers
# only.
can_sign() {
  local file rows files
  ocsp-ca signer list --json >signers
  mapfile -t rows <signers
  mapfile -t files < <(sed -n \
    's/^{.*"path":"\([^"]*\)".*"retired".*/\1/p' signers)
  [ "${#files[@]}" -gt 0 ] && [ "${#files[@]}" -eq "${#rows[@]}" ] || return
  for file in "${files[@]}"; do
    openssl pkey -in "$file" -pubout |
      cmp - <(openssl x509 -in "$file" -noout -pubkey) || return
  done
}

# After the next command of that kind: no file that no row knows, and no
# half-written one.
swept() {
  ocsp-ca signer rotate >/dev/null
  can_sign
  ocsp-ca signer list --json >signers
  /usr/bin/python3 -ISc 'import json, os
rows = [json.loads(line) for line in open("signers")]
known = {r["path"] for r in rows}
known |= {r["requested"] for r in rows}
known |= {o["path"] for r in rows for o in r["retired"]}
folder = os.environ["OCSP_LAB_DIR"] + "/responder/"
there = {folder + f for f in os.listdir(folder)}
assert there <= known, there - known'
}

# Trusted by clients is who signs.
trusted_fits() {
  local file
  file=$(ocsp-ca signer list --ca root --json | field path)
  openssl x509 -in "$file" >current.pem
  /usr/bin/python3 -ISc 'import sys
sys.exit(open("current.pem").read() not in open("lab/responder.pem").read())'
}

@test "rotate, killed at each call that writes: the old signer or the new" {
  need_strace
  ocsp-ca init
  cp -a lab fresh
  rounds=0
  for call in $(writing_calls); do
    stride "$call"
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca signer rotate || break
      can_sign
      swept
      rounds=$((rounds + 1))
    done
  done
  sound
  [ "$rounds" -gt 10 ]
}

@test "a trusted one, killed: responder.pem always holds who signs" {
  need_strace
  ocsp-ca init --signer trusted
  cp -a lab fresh
  rounds=0
  for call in ?rename ?renameat write pwrite64 fdatasync fsync; do
    stride "$call"
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca signer rotate || break
      can_sign
      trusted_fits
      swept
      trusted_fits
      [ "$(grep -c BEGIN lab/responder.pem)" -le 3 ]
      rounds=$((rounds + 1))
    done
  done
  [ "$rounds" -gt 10 ]
}

@test "request and install, killed: the key is there as long as it is wanted" {
  need_strace
  ocsp-ca init
  cp -a lab bare
  ocsp-ca signer request --out r.csr
  printf '%s\n' keyUsage=critical,digitalSignature \
    extendedKeyUsage=OCSPSigning noCheck=ignored >ext
  openssl x509 -req -in r.csr -CA lab/root.pem -CAkey lab/ca/root/key.pem \
    -days 9 -extfile ext -out d.pem 2>/dev/null
  cp -a lab fresh
  for call in ?rename ?unlink ?unlinkat pwrite64 fsync fdatasync; do
    stride "$call"
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca signer install d.pem || break
      can_sign
      # Half done or not: the same again does it.
      ocsp-ca signer install d.pem
      can_sign
      [ "$(ocsp-ca signer list --json | field requested)" = '' ]
      swept
    done
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a bare lab
      killed "$call" "$n" ocsp-ca signer request --out k.csr || break
      key=$(ocsp-ca signer list --json | field requested)
      [ -z "$key" ] || openssl pkey -in "$key" -noout
      ocsp-ca signer request --out k.csr
      key=$(ocsp-ca signer list --json | field requested)
      openssl pkey -in "$key" -pubout |
        cmp - <(openssl req -in k.csr -noout -pubkey)
      swept
    done
  done
}

# there_or_not NAME : the CA can issue and is trusted, or there is none.
there_or_not() {
  if ocsp-ca issue w --ca "$1" 2>log; then
    openssl verify -x509_strict -CAfile lab/root.pem -untrusted \
      lab/certs/w/chain.pem lab/certs/w/cert.pem
    return
  fi
  grep -q 'no such CA' log
  ocsp-ca add-ca "$1" "${@:2}"
  ocsp-ca issue w --ca "$1"
  openssl verify -x509_strict -CAfile lab/root.pem -untrusted \
    lab/certs/w/chain.pem lab/certs/w/cert.pem
}

@test "add-ca, killed at each call that writes: there, or room for it" {
  need_strace
  ocsp-ca init
  cp -a lab fresh
  rounds=0
  for call in ?mkdir ?rename ?unlink ?rmdir write pwrite64 fsync fdatasync; do
    stride "$call"
    for ((n = 1; ; n += step)); do
      rm -rf lab
      cp -a fresh lab
      killed "$call" "$n" ocsp-ca add-ca web --root || break
      can_sign
      there_or_not web --root
      rounds=$((rounds + 1))
    done
  done
  swept
  sound
  [ "$rounds" -gt 15 ]
}

@test "no room at any moment: exit 74, one line, and all is as before" {
  need_strace
  ocsp-ca init --signer trusted
  ocsp-ca add-ca own --signer delegated
  cp -a lab fresh
  ocsp-ca signer list | grep -v ' left' >before
  rounds=0
  for call in pwrite64 ?mkdir ?mkdirat fchmod; do
    for command in 'signer rotate' 'add-ca web' 'signer request --out r.csr'; do
      stride "$call"
      for ((n = 1; ; n += step)); do
        rm -rf lab
        cp -a fresh lab
        # shellcheck disable=SC2086 # words
        run strace -qq -o /dev/null -e "trace=$call" \
          -e "inject=$call:error=ENOSPC:when=$n" ocsp-ca $command
        [ "$status" -ne 0 ] || break
        [ "$status" -eq 74 ]
        [ "${#lines[@]}" -eq 1 ]
        ocsp-ca signer list | grep -v ' left' | cmp - before
        diff -r fresh/ca lab/ca
        diff -r fresh/responder lab/responder
        cmp fresh/responder.pem lab/responder.pem
        cmp fresh/root.pem lab/root.pem
        rounds=$((rounds + 1))
      done
    done
  done
  [ "$rounds" -gt 10 ]
}

@test "two that rotate at once: each CA has one signer, and it can sign" {
  ocsp-ca init --depth 2 --temporary
  for _ in 1 2 3 4 5; do
    ocsp-ca signer rotate >one.out &
    first=$!
    ocsp-ca signer rotate >two.out
    wait "$first"
    can_sign
  done
  swept
}

@test "what is due to several at once is done once" {
  ocsp-ca init --temporary --signer-days 5
  cp -a lab fresh
  for _ in 1 2 3 4 5 6; do
    rm -rf lab
    cp -a fresh lab
    pids=()
    for i in 1 2 3; do
      # Keys of RSA take their time: all have looked before one is done.
      ocsp-ca signer rotate --if-due 7d --days 30 --algorithm rsa2048 \
        >"$i.out" &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do
      wait "$pid"
    done
    ocsp-ca signer list --json >all
    [ "$(field retired <all | grep -o serial | wc -l)" -eq 1 ]
    [ "$(cat 1.out 2.out 3.out | grep -c 'new signer')" -eq 1 ]
    can_sign
  done
}

@test "killed at random moments: the signer can always sign" {
  ocsp-ca init --temporary
  for i in {1..30}; do
    timeout -s KILL "0.0$(printf %02d $((i % 15)))" \
      ocsp-ca signer rotate >/dev/null 2>>log || true
    can_sign
  done
  swept
}

@test "a directory that nobody may write: a line, nothing changed" {
  [ "$(id -u)" -ne 0 ] || skip "root may write everywhere"
  ocsp-ca init
  chmod a-w lab lab/ca lab/responder
  for command in 'signer rotate' 'add-ca web' 'signer request --out r.csr'; do
    # shellcheck disable=SC2086 # words
    run ocsp-ca $command
    [ "$status" -ge 70 ]
    [ "${#lines[@]}" -eq 1 ]
  done
  chmod u+w lab lab/ca lab/responder
  [ "$(ls lab/ca)" = root ]
  can_sign
}
