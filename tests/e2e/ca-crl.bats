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

# entries FILE.der : what python3-cryptography reads in it: number, base, IDP,
# then "SERIAL REASON DATE" of each entry.
entries() {
  /usr/bin/python3 - "$1" <<'END'
import sys
from cryptography import x509
crl = x509.load_der_x509_crl(open(sys.argv[1], "rb").read())
ext = {e.oid.dotted_string: e for e in crl.extensions}
assert set(ext) <= {"2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"}, ext
assert not ext["2.5.29.20"].critical and not ext["2.5.29.35"].critical
base = idp = "-"
if "2.5.29.27" in ext:
    assert ext["2.5.29.27"].critical
    base = ext["2.5.29.27"].value.crl_number
if "2.5.29.28" in ext:
    assert ext["2.5.29.28"].critical
    point = ext["2.5.29.28"].value
    assert not (point.indirect_crl or point.only_contains_user_certs or
                point.only_contains_ca_certs or point.only_some_reasons)
    name, = point.full_name
    idp = name.value
print(ext["2.5.29.20"].value.crl_number, base, idp)
for entry in crl:
    reason = "-"
    for e in entry.extensions:
        assert not e.critical
        if e.oid.dotted_string == "2.5.29.21":
            reason = e.value.reason.value
    print("%x" % entry.serial_number, reason,
          entry.revocation_date.strftime("%Y-%m-%d"))
END
}

serial() {
  ocsp-ca show "$1" --json | field serial
}

@test "a delta lists what has changed since the last full CRL" {
  ocsp-ca init --temporary
  ocsp-ca issue a b c d e f
  ocsp-ca clock freeze 2027-01-01
  ocsp-ca revoke a
  ocsp-ca hold b c
  ocsp-ca crl
  ocsp-ca clock freeze 2027-01-02
  ocsp-ca release b
  ocsp-ca revoke c --reason keyCompromise
  ocsp-ca revoke d --reason superseded --revocation-date 2026-12-24
  ocsp-ca hold e
  ocsp-ca hold f
  ocsp-ca release f
  ocsp-ca crl --delta --days 1 --json >made
  [ "$(field number <made) $(field base <made)" = "2 1" ]
  [ "$(field path <made)" = "$OCSP_LAB_DIR/crl/root-delta.crl" ]
  [ "$(field entries <made)" -eq 5 ]
  [ "$(field next_update <made)" = 2027-01-03T00:00:00Z ]
  {
    echo "$(serial b) removeFromCRL 2027-01-02"
    echo "$(serial c) keyCompromise 2027-01-01"
    echo "$(serial d) superseded 2026-12-24"
    echo "$(serial e) certificateHold 2027-01-02"
    echo "$(serial f) removeFromCRL 2027-01-02"
  } | sort >want
  entries lab/crl/root-delta.crl >got
  [ "$(head -n 1 got)" = "2 1 -" ]
  tail -n +2 got | diff want -
  # In order of serial, as a full one; and OpenSSL can verify it.
  openssl crl -in lab/crl/root-delta.crl -inform DER -CAfile lab/root.pem -noout
  # The next one is over the same full CRL, and says all of it again.
  ocsp-ca release e
  ocsp-ca crl --delta --out delta.pem
  openssl crl -in delta.pem -outform DER | cmp - lab/crl/root-delta.crl
  entries lab/crl/root-delta.crl >got
  [ "$(head -n 1 got)" = "3 1 -" ]
  grep -q "^$(serial e) removeFromCRL" got
  [ "$(wc -l <got)" -eq 6 ]
}

@test "nothing has changed: a delta without entries" {
  ocsp-ca init --temporary
  ocsp-ca issue a
  ocsp-ca revoke a
  ocsp-ca crl
  ocsp-ca crl --delta | grep -q 'delta CRL number 2 over 1, 0 changed'
  [ "$(entries lab/crl/root-delta.crl)" = "2 1 -" ]
  openssl crl -in lab/crl/root-delta.crl -inform DER -out delta.pem
  certtool --verify-crl --load-ca-certificate lab/root.pem --infile delta.pem
}

@test "a full CRL says all, so it takes the delta away; numbers go on" {
  ocsp-ca init --temporary
  ocsp-ca issue a b
  ocsp-ca crl
  ocsp-ca revoke a
  ocsp-ca crl --delta
  [ -e lab/crl/root-delta.crl ]
  ocsp-ca crl
  [ ! -e lab/crl/root-delta.crl ]
  [ "$(entries lab/crl/root.crl | head -n 1)" = "3 - -" ]
  ocsp-ca revoke b
  ocsp-ca crl --delta
  entries lab/crl/root-delta.crl >got
  [ "$(head -n 1 got)" = "4 3 -" ]
  [ "$(tail -n +2 got | cut -d' ' -f1)" = "$(serial b)" ]
}

@test "a delta is over the full CRL that got into its file" {
  ocsp-ca init
  ocsp-ca issue www
  ocsp-ca crl
  cp lab/crl/root.crl first.crl
  ocsp-ca revoke www
  ocsp-ca crl
  cp first.crl lab/crl/root.crl
  ocsp-ca crl --delta >out
  [[ $(cat out) == *'delta CRL number 3 over 1, 1 changed'* ]]
  ocsp-ca crl
  [ "$(ocsp-ca crl --delta --json | field base)" = 4 ]
}

@test "no delta over a CRL that is not from this database" {
  ocsp-ca init
  ocsp-ca crl
  ocsp-ca init --dir other
  for _ in 1 2 3; do ocsp-ca crl --dir other; done
  cp other/crl/root.crl lab/crl/root.crl
  exits 72 ocsp-ca crl --delta
  [[ $output == *'no full CRL of ours'*"'ocsp-ca crl --ca root'" ]]
  [ ! -e lab/crl/root-delta.crl ]
}

@test "OpenSSL takes a full CRL with its delta beside it" {
  ocsp-ca init --temporary
  ocsp-ca issue kept held new
  ocsp-ca hold held
  ocsp-ca crl --out full.pem
  ocsp-ca release held
  ocsp-ca revoke new
  ocsp-ca crl --delta --out delta.pem
  cat full.pem delta.pem >both.pem
  judged() {
    openssl verify -crl_check -use_deltas -extended_crl -CAfile lab/root.pem \
      -CRLfile "$1" "lab/certs/$2/cert.pem" 2>&1
  }
  # OpenSSL looks for deltas where the full CRL or the certificate names one
  # (freshestCRL), which ours do not: so only the full one is judged here.
  judged full.pem kept
  run judged full.pem held
  [[ $output == *"certificate revoked"* ]]
  judged both.pem kept
}

@test "an expired certificate stays in the list" {
  ocsp-ca init --temporary
  ocsp-ca issue short --days 1
  ocsp-ca issue held --days 1
  ocsp-ca revoke short --reason superseded
  ocsp-ca hold held
  ocsp-ca crl
  ocsp-ca clock advance 40d
  ocsp-ca crl
  entries lab/crl/root.crl >got
  grep -q "^$(serial short) superseded" got
  grep -q "^$(serial held) certificateHold" got
  # Also one that ran out before any CRL had it.
  ocsp-ca issue late --days 1
  ocsp-ca clock advance 2d
  ocsp-ca revoke late
  ocsp-ca crl --delta
  entries lab/crl/root-delta.crl | grep -q "^$(serial late) - "
}

@test "the issuing distribution point: a URL, the lab's, or none" {
  ocsp-ca init --temporary --ocsp-url http://ocsp.example
  ocsp-ca crl
  [ "$(entries lab/crl/root.crl)" = "1 - -" ]
  ocsp-ca crl --idp http://crl.example/a.crl --json >made
  [ "$(field idp <made)" = http://crl.example/a.crl ]
  [ "$(entries lab/crl/root.crl)" = "2 - http://crl.example/a.crl" ]
  ocsp-ca crl --idp lab
  [ "$(entries lab/crl/root.crl)" = "3 - http://ocsp.example/crl/root.crl" ]
  ocsp-ca crl --delta --idp lab
  [ "$(entries lab/crl/root-delta.crl)" = \
    "4 3 http://ocsp.example/crl/root.crl" ]
  ocsp-ca crl --idp none
  [ "$(entries lab/crl/root.crl)" = "5 - -" ]
  for idp in '' x root 'http://a b/' http:// LAB $'http://a/\xc3\xbc' \
    "http://a/$(printf '%0500d' 0)"; do
    exits 64 ocsp-ca crl --idp "$idp"
    [[ $output == *"--idp"* ]]
  done
}

@test "a lab with a CRL URL: the IDP is what its certificates carry" {
  ocsp-ca init --help | grep -q -e --crl-url || skip "no --crl-url"
  for url in lab http://crl.example/of/ours.crl; do
    rm -rf lab
    ocsp-ca init --temporary --depth 2 --crl-url "$url"
    ocsp-ca issue www
    ocsp-ca revoke www
    ocsp-ca crl --out crl.pem
    ocsp-ca crl --ca root --out root.pem
    /usr/bin/python3 - <<'END'
from cryptography import x509
def names(path, load, kind):
    with open(path, "rb") as f:
        value = load(f.read()).extensions.get_extension_for_class(kind).value
    points = value if kind is x509.CRLDistributionPoints else [value]
    return [n.value for p in points for n in p.full_name]
for cert, crl in (("lab/certs/www/cert.pem", "crl.pem"),
                  ("lab/ca/ca1/cert.pem", "root.pem")):
    point = names(cert, x509.load_pem_x509_certificate,
                  x509.CRLDistributionPoints)
    idp = names(crl, x509.load_pem_x509_crl, x509.IssuingDistributionPoint)
    assert point == idp, (point, idp)
END
    run openssl verify -crl_check -CRLfile crl.pem -CAfile lab/root.pem \
      -untrusted lab/ca/ca1/cert.pem lab/certs/www/cert.pem
    [[ $output == *"certificate revoked"* ]]
    # A certificate of a lab with a CRL URL, a CRL without: all the same.
    ocsp-ca crl --idp none
    [ "$(entries lab/crl/ca1.crl | head -n 1)" = "2 - -" ]
  done
}

@test "--all makes one for every CA whose key is here" {
  ocsp-ca init --temporary --depth 3
  exits 72 ocsp-ca crl --all --delta
  ocsp-ca crl --all --json >made
  [ "$(wc -l <made)" -eq 3 ]
  [ "$(find lab/crl -name '*.crl' | sort | tr '\n' ' ')" = \
    "lab/crl/ca1.crl lab/crl/ca2.crl lab/crl/root.crl " ]
  ocsp-ca revoke ca1
  ocsp-ca crl --all --delta | grep -c 'delta CRL' | grep -qx 3
  [ "$(entries lab/crl/root-delta.crl | tail -n +2 | cut -d' ' -f1)" = "$(serial ca1)" ]
  [ "$(entries lab/crl/ca1-delta.crl)" = "2 1 -" ]
  for option in '--ca root' '--out x'; do
    # shellcheck disable=SC2086 # words
    exits 64 ocsp-ca crl --all $option
    [[ $output == *"--all and ${option% *} exclude"* ]]
  done
}

@test "a CA whose key is not here signs no CRL" {
  ocsp-ca init --temporary --depth 2
  ocsp-ca crl --all
  python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("update ca set key_path = ? where name = ?", ("", "root"))
c.commit()'
  before=$(ocsp-ca events && sha256sum lab/crl/*)
  for option in '' --delta; do
    # shellcheck disable=SC2086 # none or one
    exits 78 ocsp-ca crl --ca root $option
    [[ $output == "ocsp-ca: root: the key of this CA is not in "* ]]
  done
  [ "$before" = "$(ocsp-ca events && sha256sum lab/crl/*)" ]
  [ "$(ocsp-ca crl --all --json | field ca)" = ca1 ]
  python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("update ca set key_path = ?", ("",))
c.commit()'
  exits 78 ocsp-ca crl --all
}

@test "a CA that is called like another one's delta" {
  ocsp-ca init --temporary --depth 2
  python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("update ca set name = ? where name = ?", ("root-delta", "ca1"))
c.commit()'
  ocsp-ca crl --all
  exits 78 ocsp-ca crl --ca root --delta
  [[ $output == *"lab/crl/root-delta.crl: is the CRL of another CA"* ]]
  ocsp-ca crl --ca root
  [ -e lab/crl/root-delta.crl ]
  ocsp-ca crl --ca root-delta --delta
}

@test "delta without a full CRL, and other refusals of crl" {
  ocsp-ca init
  exits 72 ocsp-ca crl --delta
  [[ $output == *"root: there is no full CRL"*"ocsp-ca crl --ca root"* ]]
  [ -z "$(ocsp-ca events | grep crl)" ]
  ocsp-ca crl
  rm lab/crl/root.crl
  exits 72 ocsp-ca crl --delta
  echo nonsense >lab/crl/root.crl
  exits 72 ocsp-ca crl --delta
  [ ! -e lab/crl/root-delta.crl ]
  exits 72 ocsp-ca crl --ca nobody
  exits 64 ocsp-ca crl --days x
  exits 64 ocsp-ca crl --days 0
  exits 64 ocsp-ca crl --json --out -
  exits 72 ocsp-ca crl --out missing/crl.pem
}
