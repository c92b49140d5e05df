#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group D: who signs (RFC 6960 sections 2.6 and
# 4.2.2.2, CA/Browser Forum Baseline Requirements 7.1.2.8).
#
# Proved elsewhere:
#   D10  signer-rotate.bats: rotations under load: no gap, no answer of the old signer afterwards
#   D12  responder-many.bats: two roots with their intermediates: each answer by its own signer

load helper
load responder
load conform

# Here each test has a lab of its own: a root, an intermediate ca1 that issues
# www, and a key for signers of our making.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  export OCSP_LAB_DIR=$BATS_FILE_TMPDIR/lab
  lab --depth 2
  openssl ecparam -name prime256v1 -genkey -noout -out signer.key
  openssl req -new -subj '/CN=Signer' -key signer.key -out signer.csr
}

# fresh : a copy of the file's lab.
fresh() {
  cp -a "$BATS_FILE_TMPDIR/lab" lab
  export OCSP_LAB_DIR=$T/lab
  signer=$(signer_file ca1)
}

# signer_file CA : where its signer is.
signer_file() {
  local file
  for file in lab/responder/*.pem; do
    openssl verify -partial_chain -CAfile "lab/ca/$1/cert.pem" "$file" \
      >/dev/null 2>&1 || continue
    echo "$file"
  done
}

# made CA EXTENSION... : the signer of ca1 is now one that CA has issued, with
# these extensions.
made() {
  local ca=$1
  shift
  {
    echo '[x]'
    printf '%s\n' "$@"
  } >ext
  openssl x509 -req -in "$BATS_FILE_TMPDIR/signer.csr" -days 30 \
    -CA "lab/ca/$ca/cert.pem" -CAkey "lab/ca/$ca/key.pem" -extfile ext \
    -extensions x -set_serial 0x7123456789abcdef -out made.pem 2>/dev/null
  cat made.pem "$BATS_FILE_TMPDIR/signer.key" >pair
  install -m 0600 pair "$signer"
}

# refused WORDS : the responder does not start and says why.
refused() {
  exits 78 timeout 60 ocsp-responder --listen 127.0.0.1:0
  grep -q -- "$1" <<<"$output" || {
    echo "no '$1' in: $output" >&2
    return 1
  }
}

# works [WORDS] : it starts, says good of www, and has these words in its log;
# none: no warning.
works() {
  respond
  export url
  conform <<'PY'
good(post(request(certid(issuer="ca1"))))
PY
  if [ $# -gt 0 ]; then
    grep 'warn signer' responder.log | grep -q -- "$1"
  else
    run ! grep 'warn signer' responder.log
  fi
  halt "$pid"
}

right=('keyUsage=critical,digitalSignature' 'extendedKeyUsage=OCSPSigning'
  'noCheck=ignored')

@test "D1 the signer is the CA or its direct delegate for OCSPSigning" {
  fresh
  made ca1 "${right[@]}"
  works
  made ca1 "${right[0]}" noCheck=ignored
  refused 'no extended key usage OCSPSigning'
  made ca1 "${right[0]}" extendedKeyUsage=clientAuth,anyExtendedKeyUsage
  refused 'no extended key usage OCSPSigning'
  made root "${right[@]}" # by the CA above, not by the one it speaks for
  refused 'not issued by the CA'
  cat lab/certs/www/cert.pem lab/certs/www/key.pem >pair
  install -m 0600 pair "$signer"
  refused 'no extended key usage OCSPSigning'
  # A delegate that a delegate has issued.
  made ca1 "${right[@]}"
  openssl x509 -req -in "$BATS_FILE_TMPDIR/signer.csr" -days 9 -CA made.pem \
    -CAkey "$BATS_FILE_TMPDIR/signer.key" -extfile ext -extensions x \
    -set_serial 7 -out second.pem 2>/dev/null
  cat second.pem "$BATS_FILE_TMPDIR/signer.key" >pair
  install -m 0600 pair "$signer"
  refused 'not issued by the CA'
}

@test "D2 other extended key usages beside OCSPSigning get a warning" {
  fresh
  conform "$signer" <<'PY'
usage, = [e.value for e in load(sys.argv[1]).extensions
          if e.oid.dotted_string == "2.5.29.37"]
same([u.dotted_string for u in usage], ["1.3.6.1.5.5.7.3.9"])
PY
  made ca1 "${right[0]}" extendedKeyUsage=OCSPSigning,serverAuth noCheck=ignored
  works 'other extended key usages'
}

@test "D3 the signer has id-pkix-ocsp-nocheck, a NULL; without: a warning" {
  fresh
  openssl asn1parse -in "$signer" | grep -A 1 'OCSP No Check' >two
  grep -q 'HEX DUMP.:0500$' two
  run ! grep -q BOOLEAN two
  made ca1 "${right[@]:0:2}"
  works 'no id-pkix-ocsp-nocheck'
}

@test "D4 keyUsage is digitalSignature, critical; one without is refused" {
  fresh
  conform "$signer" <<'PY'
usage, = [e for e in load(sys.argv[1]).extensions
          if e.oid.dotted_string == "2.5.29.15"]
same((usage.critical, usage.value.public_bytes().hex()), (True, "03020780"))
PY
  for usage in keyAgreement keyCertSign,cRLSign nonRepudiation; do
    made ca1 "keyUsage=critical,$usage" "${right[@]:1}"
    refused 'keyUsage does not allow digitalSignature'
  done
}

@test "D5 the signer has no other extensions: no CRL, name or policy" {
  fresh
  conform lab/responder/*.pem <<'PY'
for path in sys.argv[1:]:
    same(sorted(e.oid.dotted_string for e in load(path).extensions),
         sorted(["2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35",
                 "1.3.6.1.5.5.7.48.1.5"]), path)
PY
}

@test "D6 the signer is no CA; one that is gets a warning" {
  fresh
  openssl x509 -in "$signer" -noout -text >text
  run ! grep -q 'Basic Constraints' text
  made ca1 "${right[@]}" basicConstraints=CA:FALSE
  works
  made ca1 keyUsage=critical,digitalSignature,keyCertSign "${right[@]:1}" \
    basicConstraints=critical,CA:TRUE
  works 'is a CA certificate'
}

@test "D7 nextUpdate is not after the end of the signer, or of a CA that signs" {
  for model in delegated ca; do
    own_lab --signer $model --days 30
    [ $model = delegated ] && end=$(echo lab/responder/*.pem) ||
      end=lab/ca/root/cert.pem
    conform "$end" <<'PY'
import datetime
end = load(sys.argv[1]).not_valid_after
at = lambda s: (end - datetime.timedelta(seconds=s)).strftime(
    "%Y-%m-%dT%H:%M:%SZ")
for left in 3600, 2, 1:
    answer = good(offline(request(), "--at", at(left), "--validity", "4d"))
    same(only(answer).next_update, end)
for left in 0, -1, -86400:
    error(offline(request(), "--at", at(left)), INTERNAL)
same(only(good(offline(request(), "--at", at(5 * 86400)))).next_update,
     end - datetime.timedelta(days=1))
PY
    rm -r lab
  done
}

@test "D8 a CA without digitalSignature does not sign" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
    -keyout k.pem -out c.pem -subj /CN=Bare 2>/dev/null \
    -addext keyUsage=critical,keyCertSign,cRLSign
  own_lab --signer ca
  exits 78 ocsp-ca import --ca-cert c.pem --ca-key k.pem --ca bare --signer ca
  [[ $output == *"c.pem: its keyUsage lacks digitalSignature"* ]]
  # And if it got there by another way.
  ocsp-ca import --ca-cert c.pem --ca-key k.pem --ca bare >/dev/null
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db", timeout=60)
c.execute("update signer set path = ? where ca ="
          " (select id from ca where name = ?)", ("", "bare"))
c.execute("update ca set model = 1, version = version + 1 where name = ?",
          ("bare",))
c.commit()'
  refused 'keyUsage does not allow digitalSignature'
}

@test "D9 a key that is not the certificate's is refused" {
  fresh
  {
    openssl x509 -in "$signer"
    cat "$BATS_FILE_TMPDIR/signer.key"
  } >pair
  install -m 0600 pair "$signer"
  refused "$signer"
}

@test "D11 a key that others may read is refused, and no log shows keys" {
  fresh
  for mode in 0640 0604 0666; do
    chmod $mode "$signer"
    refused 'others may use this private key'
  done
  chmod 0600 "$signer"
  works
  run ! grep -rE 'PRIVATE|BEGIN' responder.log
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 10
}
