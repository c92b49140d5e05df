#!/usr/bin/env bats
# ocsp-ca crl.

load helper

@test "a CRL that openssl and GnuTLS verify, with what is revoked" {
  ocsp-ca init
  ocsp-ca issue www mail
  ocsp-ca revoke www --reason keyCompromise --revocation-date 2026-01-02 \
    --invalidity-date 2026-01-01
  ocsp-ca crl --out crl.pem
  openssl crl -in crl.pem -CAfile lab/root.pem -noout
  certtool --verify-crl --load-ca-certificate lab/root.pem --infile crl.pem
  openssl crl -in crl.pem -noout -text >printed
  grep -q 'Version 2' printed
  grep -qi "Serial Number: $(ocsp-ca show www --json | field serial)" printed
  grep -q 'Revocation Date: Jan  2 00:00:00 2026 GMT' printed
  grep -q 'Key Compromise' printed
  grep -A1 'Invalidity Date' printed | grep -q 'Jan  1 00:00:00 2026 GMT'
  [ "$(grep -c 'Serial Number' printed)" -eq 1 ]
}

@test "openssl refuses the revoked one by the CRL and takes the other" {
  ocsp-ca init
  ocsp-ca issue www mail
  ocsp-ca revoke www
  ocsp-ca crl --out crl.pem
  openssl verify -crl_check -CRLfile crl.pem -CAfile lab/root.pem \
    lab/certs/mail/cert.pem
  run openssl verify -crl_check -CRLfile crl.pem -CAfile lab/root.pem \
    lab/certs/www/cert.pem
  [[ $output == *"certificate revoked"* ]]
}

@test "nothing revoked: the list is left out, not empty" {
  ocsp-ca init
  ocsp-ca crl
  /usr/bin/python3 - <<'END'
from cryptography import x509
crl = x509.load_der_x509_crl(open("lab/crl/root.crl", "rb").read())
assert len(crl) == 0
tbs = crl.tbs_certlist_bytes
# version, algorithm, issuer, two times, [0]: no SEQUENCE in between
assert tbs.count(b"\x17\x0d") == 2, tbs.hex()
assert tbs[tbs.rindex(b"\x17\x0d") + 15] == 0xA0, tbs.hex()
END
}

@test "unspecified is said by leaving the reason out" {
  ocsp-ca init
  ocsp-ca issue www
  ocsp-ca revoke www --reason unspecified
  ocsp-ca crl --out - | openssl crl -noout -text >printed
  grep -q 'Serial Number' printed
  run ! grep -q 'Reason Code' printed
}

@test "the folder has DER, --out PEM, both the same CRL" {
  ocsp-ca init
  ocsp-ca crl --out crl.pem
  openssl crl -in crl.pem -outform DER | cmp - lab/crl/root.crl
}

@test "CRLNumber grows, also across processes at once" {
  ocsp-ca init --temporary
  pids=()
  for i in 1 2 3 4 5 6; do
    ocsp-ca crl --json >"$i.json" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  numbers=$(for i in 1 2 3 4 5 6; do field number <"$i.json"; done | sort -n)
  [ "$numbers" = "$(seq 6)" ]
  openssl crl -in lab/crl/root.crl -inform DER -noout -crlnumber | grep -qi '=\(0x\)\?06$'
}

# Number of the CRL in the folder.
number() {
  openssl crl -in lab/crl/root.crl -inform DER -noout -crlnumber |
    /usr/bin/python3 -c 'print(int(input().split("=")[1], 16))'
}

@test "whoever takes a later number writes later" {
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
  ocsp-ca init --temporary
  pids=()
  # Every second one is held up between its number and its file.
  for i in 1 2 3 4 5 6 7 8; do
    slow=()
    if [ $((i % 2)) -eq 1 ]; then
      slow=(strace -qq -o /dev/null -e 'trace=?rename,?renameat'
        -e 'inject=?rename,?renameat:delay_enter=100000')
    fi
    "${slow[@]}" ocsp-ca crl --json >"$i.json" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  numbers=$(for i in 1 2 3 4 5 6 7 8; do field number <"$i.json"; done | sort -n)
  [ "$numbers" = "$(seq 8)" ]
  [ "$(number)" -eq 8 ]
}

@test "what a killed crl has left goes with the next one" {
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
  ocsp-ca init
  ocsp-ca crl
  status=0
  strace -qq -o /dev/null -e trace=fchmod -e inject=fchmod:signal=KILL:when=1 \
    ocsp-ca crl || status=$?
  [ "$status" -eq 137 ]
  [ "$(find lab/crl -type f | wc -l)" -eq 2 ]
  [ "$(number)" -eq 1 ]
  ocsp-ca crl
  [ "$(find lab/crl -type f)" = lab/crl/root.crl ]
  [ "$(number)" -eq 3 ]
}

@test "each CA lists its own, and --days sets the end" {
  ocsp-ca init --depth 2
  ocsp-ca issue www
  ocsp-ca revoke ca1 www
  ocsp-ca clock freeze 2027-01-10T00:00:00Z
  [ "$(ocsp-ca crl --ca root --days 36h --json | field next_update)" = \
    2027-01-11T12:00:00Z ]
  openssl crl -in lab/crl/root.crl -inform DER -noout -text |
    grep -qi "$(ocsp-ca show ca1 --json | field serial)"
  [ "$(ocsp-ca crl --json | field path)" = "$OCSP_LAB_DIR/crl/ca1.crl" ]
  openssl crl -in lab/crl/ca1.crl -inform DER -noout -issuer |
    grep -q 'CN *= *Lab CA'
}

@test "a held certificate is listed, a released one is not" {
  ocsp-ca init
  ocsp-ca issue www
  ocsp-ca hold www
  ocsp-ca crl --out - | openssl crl -noout -text | grep -q 'Certificate Hold'
  ocsp-ca release www
  [ "$(ocsp-ca crl --json | field entries)" -eq 0 ]
}

@test "refusals of crl" {
  ocsp-ca init
  exits 72 ocsp-ca crl --ca nobody
  exits 64 ocsp-ca crl --days x
  exits 64 ocsp-ca crl --days 0
  exits 64 ocsp-ca crl --json --out -
  exits 72 ocsp-ca crl --out missing/crl.pem
}
