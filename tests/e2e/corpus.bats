#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab corpus: an answer in a file for every scenario that is bytes, the
# same each time, and each is what its index says.  With RSA: tests/heavy.

load helper

judge() {
  /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/corpus.py" "$@"
}

@test "Ed25519: made twice it is the same, key for key and byte for byte, and all judge it so" {
  run -0 ocsp-lab corpus one --algorithm ed25519
  [[ $output == *" answers in one/answers, as of 2026-07-01T12:00:00Z: see INDEX.txt" ]]
  judge one
  cp -a one before
  rm one/answers/good.der
  echo stale >one/answers/no-such-scenario.der
  ocsp-lab corpus one >/dev/null
  diff -r before one
  # Each scenario that is an answer is there, and no key but in the lab.
  ocsp-ca scenario list --json | sed '/"made":false/d' |
    sed -n '/"acts":"answer"\|"answer":"/s/^{"name":"\([^"]*\)".*/\1/p' | sort >wanted
  [ "$(wc -l <wanted)" -ge 70 ]
  grep -o '"name": "[^"]*"' one/INDEX.json | cut -d'"' -f4 | sort >there
  [ -z "$(comm -23 wanted there)" ]
  grep -c 'ocsp-check --response' one/INDEX.txt | grep -qx "$(wc -l <there)"
  [ -z "$(grep -rl 'PRIVATE KEY' one --exclude-dir=lab)" ]
  # A judge that is told another verdict says so.
  sed -i '0,/"verdict": "good"/s//"verdict": "revoked"/' one/INDEX.json
  run judge one python
  [ "$status" -eq 1 ]
  [[ $output == *"python: good: wanted revoked: good"* ]]
}

@test "a folder that is not ours, and keys of other terms, are left alone" {
  mkdir foreign lost
  echo mine >foreign/answers
  run -73 --separate-stderr ocsp-lab corpus foreign
  [[ $stderr == *"foreign: is not empty (answers), and no corpus"* ]]
  [ "$(cat foreign/answers)" = mine ]
  ocsp-ca init --dir lost/lab >/dev/null
  exits 73 ocsp-lab corpus lost
  exits 73 ocsp-lab corpus other --dir lost/lab
  [ "$(ls other)" = '' ]
  mkdir -p ours/lab
  echo '{"version": 1, "algorithm": "p256", "hash": "sha1", "at": "2026-07-01T12:00:00Z"}' \
    >ours/lab/corpus.json
  run -73 --separate-stderr ocsp-lab corpus ours --algorithm ed25519
  [[ $stderr == *"its keys are for --algorithm p256"* ]]
  exits 73 ocsp-lab corpus ours --at 2026-07-01T12:00:01Z
  exits 73 ocsp-lab corpus ours --hash sha256
  # Nor is what only stands beside it.
  mkdir keys.new
  echo mine >keys.new/file
  exits 64 ocsp-lab corpus other --dir keys --algorithm rot13
  [ "$(cat keys.new/file)" = mine ]
  [ "$(ls -d keys* other/*)" = keys.new ]
  exits 64 ocsp-lab corpus
  exits 64 ocsp-lab corpus a b
  exits 64 ocsp-lab corpus new --algorithm rot13
  exits 64 ocsp-lab corpus new --at yesterday
  exits 64 ocsp-lab corpus new --hash md5
}
