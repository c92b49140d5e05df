#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca export: the way out, and that nothing is lost on it.

load helper
load openssl-ca
load responder

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl_ca
  certify www
  certify mail
  certify old
  certify key
  certify held
  subject='/C=AA/O=a\/b, "c"/CN=é' certify odd
  ca -revoke old.pem -crl_reason superseded
  ca -revoke key.pem -crl_compromise 20260101000000Z
  ca -revoke held.pem -crl_reason certificateHold
  ca -revoke mail.pem
  # What openssl ca writes too, in other lives.
  cat >>oca/index.txt <<'END'
E	200101000000Z		2000	unknown	/CN=over
R	200101000000Z	191231235959Z,cessationOfOperation	2001	unknown	/CN=over revoked
R	20590101000000Z	261121000000Z,CACompromise	2002	unknown	/C=AA/O=x/OU=y/CN=ca
R	301122101112Z	261121000000Z,CAkeyTime,20200102030405Z	0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF	unknown	/CN=a
R	301122101112Z	261121000000Z,affiliationChanged	FFFFFFFF	unknown	/CN=a+CN=b/emailAddress=a@b.example
V	491231235959Z		00	unknown	/CN=zero
V	301122101112Z		-01	unknown	/CN=minus
V	301122101112Z		03	unknown	/CN=a\	b
V	301122101112Z		04	unknown	
END
}

elsewhere() {
  cp -a "$BATS_FILE_TMPDIR/oca" .
  ocsp-ca import oca/index.txt --ca-cert oca/ca.pem --temporary "$@" >/dev/null
}

# A lab with certificates of all kinds, nearly all made here.
mixed() {
  ocsp-ca init --temporary --depth 2 >/dev/null
  ocsp-ca issue www mail old key held >/dev/null
  ocsp-ca issue short --not-before 2020-01-01 --not-after 2020-02-01 >/dev/null
  ocsp-ca revoke old --reason superseded >/dev/null
  ocsp-ca revoke mail >/dev/null
  ocsp-ca revoke key --reason keyCompromise --invalidity-date -1h >/dev/null
  ocsp-ca hold held >/dev/null
}

@test "export of an import is the index.txt to the letter" {
  elsewhere
  ocsp-ca export --format index | diff oca/index.txt -
  ocsp-ca export --format index --ca Elsewhere-Root --out back
  cmp oca/index.txt back
  # Also with the certificates at hand.
  elsewhere --dir other --certs oca/newcerts
  ocsp-ca export --format index --dir other | diff oca/index.txt -
}

@test "import of an export is the same lab again" {
  mixed
  ocsp-ca export --format index --ca ca1 --out index.txt
  ocsp-ca import index.txt --ca-cert lab/ca/ca1/cert.pem --ca ca1 --dir other \
    >/dev/null
  for dir in lab other; do
    ocsp-ca export --format json --ca ca1 --dir "$dir" >"$dir.json"
  done
  /usr/bin/python3 - <<'END'
import json
a, b = [[json.loads(l) for l in open(f)] for f in ("lab.json", "other.json")]
assert len(a) == len(b) == 7, (len(a), len(b))
for x, y in zip(a, b):
    x["not_before"] = None  # an index.txt has none
    if x["name"] is None:   # the signer, "Lab CA OCSP"
        assert y["name"] is None
    assert x == y, (x, y)
END
  ocsp-ca export --format index --dir other | cmp index.txt -
}

@test "openssl ocsp -index answers as our responder, for every serial" {
  elsewhere --ca-key oca/ca.key --signer ca
  respond
  ocsp-ca export --format index --out exported
  openssl x509 -in oca/ca.pem -out signer.pem
  grep -v ^E exported | cut -f4 >serials # E gets no answer from openssl
  [ "$(wc -l <serials)" -eq 14 ]
  while read -r serial; do
    [[ $serial != -* && $serial != 00 ]] || continue # openssl ocsp takes none
    openssl ocsp -issuer oca/ca.pem -serial "0x$serial" -reqout q.der \
      -no_nonce >/dev/null 2>&1
    openssl ocsp -index exported -CA oca/ca.pem -rsigner oca/ca.pem \
      -rkey oca/ca.key -reqin q.der -respout theirs.der >/dev/null 2>&1
    curl -sS -o ours.der --data-binary @q.der \
      -H 'Content-Type: application/ocsp-request' "$url/"
    for who in theirs ours; do
      openssl ocsp -respin "$who.der" -resp_text -noverify 2>/dev/null |
        grep -E 'Serial Number: .|Cert Status|Revocation (Time|Reason)' |
        sed 's/^ *//' >"$who.txt"
    done
    diff theirs.txt ours.txt
    grep -q 'Cert Status: [gr]' ours.txt
  done <serials
}

@test "openssl ca goes on with an exported index.txt" {
  elsewhere
  ocsp-ca export --format index --out oca/index.txt
  (cd oca && openssl ca -config ca.cnf -status 1002 2>&1 || true) >out
  grep -q '1002=Revoked (R)' out
  (cd oca && openssl ca -config ca.cnf -status 1000 2>&1 || true) >out
  grep -q '1000=Valid (V)' out
  certify more
  ca -revoke www.pem -crl_reason superseded
  ca -gencrl -out crl.pem
  openssl crl -in oca/crl.pem -noout -text | grep -q 'Serial Number: 1000'
}

@test "openssl reads what was issued here" {
  mixed
  ocsp-ca export --format index --ca ca1 --out index.txt
  grep -q $'^E\t200201000000Z\t\t[0-9A-F]*\tunknown\t/CN=short$' index.txt
  while read -r name status; do
    openssl ocsp -index index.txt -CA lab/ca/ca1/cert.pem \
      -rsigner lab/ca/ca1/cert.pem -rkey lab/ca/ca1/key.pem \
      -issuer lab/ca/ca1/cert.pem -cert "lab/certs/$name/cert.pem" \
      -respout r.der >/dev/null 2>&1
    openssl ocsp -respin r.der -issuer lab/ca/ca1/cert.pem \
      -cert "lab/certs/$name/cert.pem" -noverify >out 2>&1
    grep -q "cert.pem: $status" out
  done <<'END'
www good
mail revoked
old revoked
held revoked
END
}

@test "reasons and dates that openssl has no words for are warned of" {
  mixed
  ocsp-ca revoke www --reason privilegeWithdrawn --invalidity-date -1h >/dev/null
  ocsp-ca export --format index --ca ca1 2>err >out
  grep -q 'warning: 1 revoked without their reason' err
  grep -q 'warning: 1 revoked without their invalidity date' err
  grep -q $'Z\t[0-9A-F]*\tunknown\t/CN=www$' out
}

@test "a subject that our text cuts is whole in the index.txt" {
  mixed
  long=$(printf 'x%.0s' $(seq 60))
  openssl req -new -newkey rsa:2048 -nodes -keyout k -out r.csr \
    -subj "/CN=$long/O=$long/OU=$long" 2>/dev/null
  openssl x509 -req -in r.csr -CA lab/ca/ca1/cert.pem \
    -CAkey lab/ca/ca1/key.pem -set_serial 77 -out long.pem 2>/dev/null
  ocsp-ca import long.pem >/dev/null
  ocsp-ca export --format index --ca ca1 |
    grep -q $'\t4D\tunknown\t'"/CN=$long/O=$long/OU=$long\$"
}

@test "a long subject of an index.txt comes back whole" {
  openssl_ca
  for n in 150 155 156 158 159 160 161 2000; do
    printf 'V\t301122101112Z\t\t%04d\tunknown\t/CN=%s\n' "$n" \
      "$(printf 'é%.0s' $(seq 20))$(head -c "$((n - 44))" /dev/zero | tr '\0' x)"
  done >oca/index.txt
  for n in 150 155 156 158 159 160 161 2000; do
    printf 'V\t301122101112Z\t\t%04d01\tunknown\t/CN=%s\n' "$n" \
      "$(head -c "$((n - 4))" /dev/zero | tr '\0' x)"
  done >>oca/index.txt
  ocsp-ca import oca/index.txt --ca-cert oca/ca.pem >/dev/null
  ocsp-ca export --format index | cmp oca/index.txt -
}

@test "csv: a line of titles, and python reads what list says" {
  elsewhere
  mixed_up=$(ocsp-ca export --format csv --out c.csv)
  [ -z "$mixed_up" ]
  ocsp-ca list --json >list.json
  /usr/bin/python3 - <<'END'
import csv, json
rows = list(csv.DictReader(open("c.csv", newline="")))
want = json.load(open("list.json"))
assert len(rows) == len(want) == 15
for r, w in zip(rows, want):
    for key in r:
        assert r[key] == (w[key] or ""), (key, r, w)
assert any("," in r["subject"] for r in rows)
END
}

@test "json: an object a line, as list says" {
  mixed
  ocsp-ca export --format json >j
  ocsp-ca export --json | cmp j -
  ocsp-ca list --json >list.json
  /usr/bin/python3 - <<'END'
import json
rows = [json.loads(l) for l in open("j")]
assert rows == json.load(open("list.json"))
END
  [ "$(ocsp-ca export --format json --ca root | wc -l)" -eq 2 ]
}

@test "a lab without certificates is an empty file" {
  openssl_ca
  ocsp-ca import --ca-cert oca/ca.pem >/dev/null
  [ -z "$(ocsp-ca export --format index)" ]
  [ "$(ocsp-ca export --format csv | wc -l)" -eq 1 ]
}

@test "a wrong wish is refused" {
  mixed
  exits 64 ocsp-ca export
  [[ $output == *"--format is missing"* ]]
  exits 64 ocsp-ca export --format xml
  exits 64 ocsp-ca export --format csv --json
  exits 64 ocsp-ca export --format csv more
  exits 64 ocsp-ca export --format index
  [[ $output == *"choose with --ca: root, ca1 have issued"* ]]
  exits 72 ocsp-ca export --format index --ca nobody
  exits 72 ocsp-ca export --format csv --dir nowhere
  ocsp-ca export --help | grep -q -- --out
}

@test "what cannot be written leaves the file that was there" {
  mixed
  echo old >there
  ocsp-ca export --format csv --out there
  [ "$(wc -l <there)" -gt 5 ]
  exits 72 ocsp-ca export --format csv --out nowhere/file
  exits 74 ocsp-ca export --format csv --out /dev/full
  exits 74 bash -c 'ocsp-ca export --format csv >/dev/full'
  exits 74 ocsp-ca export --format csv --out .
  echo old >there
  head -c 5000 /dev/urandom | dd of=lab/ca.db bs=1 seek=4096 conv=notrunc 2>/dev/null
  exits 76 ocsp-ca export --format csv --out there
  [ "$(cat there)" = old ]
  [ -z "$(find . -maxdepth 1 -name 'there.*')" ]
  ln -s there link
  ocsp-ca init --dir other --temporary >/dev/null
  ocsp-ca export --format csv --out link --dir other
  [ -L link ]
  [ "$(wc -l <there)" -eq 2 ]
}
