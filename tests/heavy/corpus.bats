#!/usr/bin/env bats
# ocsp-lab corpus with RSA, whose keys take their time, and with SHA-1 and
# ECDSA: see e2e/corpus.

load ../e2e/helper

judge() {
  /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/corpus.py" "$@"
}

@test "RSA: made twice it is the same, byte for byte, and all judge it so" {
  ocsp-lab corpus one
  judge one
  cp -a one before
  ocsp-lab corpus one
  diff -r before one
  # From the same keys, elsewhere.
  ocsp-lab corpus two --dir one/lab --json >line
  diff -r -x lab before two
  [ "$(field answers <line)" = "$(find two/answers -name '*.der' | wc -l)" ]
}

@test "P-384, P-256 and certIDs with SHA-1 are judged so, too" {
  ocsp-lab corpus p384 --algorithm p384 --hash sha1
  judge p384
  ocsp-lab corpus p256 --algorithm p256 --at 2031-02-03T04:05:06Z
  judge p256
  # Their signatures are new each time, nothing else is.
  cp -a p256 before
  ocsp-lab corpus p256
  diff -r -x answers before p256
  run -1 diff -rq before/answers p256/answers
}
