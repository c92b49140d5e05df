#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca signer list, request, install: delegates that were made elsewhere.

load helper
load responder

signer() {
  ocsp-ca signer list --ca "$1" --json | field "$2"
}

# sign FILE.csr CA OUT.pem [EXTENSION]... : what somebody else's CA would make
# of a request, with openssl.
sign() {
  local csr=$1 ca=$2 out=$3
  shift 3
  printf '%s\n' "$@" >ext
  openssl x509 -req -in "$csr" -CA "$ca/cert.pem" -CAkey "$ca/key.pem" \
    -days "${days:-30}" -extfile ext -out "$out" 2>/dev/null
}

delegate=('keyUsage=critical,digitalSignature'
  'extendedKeyUsage=OCSPSigning' 'noCheck=ignored')

refused() {
  local code=$1 words=$2
  shift 2
  exits "$code" ocsp-ca signer "$@"
  [ "${#lines[@]}" -eq 1 ] || return
  [[ $output == *"$words"* ]] || {
    echo "not '$words': $output"
    return 1
  }
}

# verifies : the responder's answer about www, with a nonce, by openssl; the
# signer's serial is in $by.
verifies() {
  openssl ocsp -issuer "$I" -cert "$C" -CAfile lab/root.pem -url "$url" \
    -respout r.der >out 2>&1
  grep -q 'Response verify OK' out || {
    cat out
    return 1
  }
  by=$(openssl ocsp -respin r.der -noverify -resp_text |
    openssl x509 -noout -serial | cut -d= -f2 | tr A-F a-f)
}

@test "list: every CA, its model and signer, until when; --json has all" {
  ocsp-ca init --depth 2 --signer-days 30
  ocsp-ca add-ca own --signer ca
  ocsp-ca signer list >out
  grep -q '^ca1: delegated [0-9a-f]*$' out
  grep -q '^own: ca ' out
  [ "$(grep -c ' left$' out)" -eq 3 ]
  [ "$(ocsp-ca signer list --json | wc -l)" -eq 3 ]
  for key in serial path not_before not_after ends_soon; do
    [ -n "$(signer ca1 $key)" ]
  done
  [ "$(signer own path)" = "$OCSP_LAB_DIR/ca/own/cert.pem" ]
  [ "$(signer own ends_soon)" = false ]
  [ "$(signer ca1 requested)" = '' ]
  ocsp-ca clock advance 29d
  [ "$(signer ca1 ends_soon)" = true ]
  grep -q 'ends soon' <<<"$(ocsp-ca signer list)"
}

@test "request, signed elsewhere, installed: the responder signs with it" {
  lab --depth 2
  respond
  verifies
  ocsp-ca signer request --ca ca1 --out r.csr --algorithm p384
  key=$(signer ca1 requested)
  [ "$(stat -c %a "$key")" = 600 ]
  openssl req -in r.csr -noout -verify -text >text 2>&1
  grep -q 'Subject: CN *= *Lab CA OCSP' text
  grep -q P-384 text
  openssl pkey -in "$key" -pubout | cmp - <(openssl req -in r.csr -noout -pubkey)
  verifies # the one before still signs
  sign r.csr lab/ca/ca1 d.pem "${delegate[@]}"
  ocsp-ca signer install d.pem 2>log
  [ ! -s log ]
  [ ! -e "$key" ]
  [ "$(signer ca1 requested)" = '' ]
  verifies
  [ "$by" = "$(signer ca1 serial)" ]
  # It is a certificate of that CA, and again changes nothing.
  ocsp-ca status "$by" --ca ca1
  ocsp-ca events --json >before
  exits 0 ocsp-ca signer install d.pem
  [[ $output == *'has this signer already'* ]]
  ocsp-ca events --json | cmp - before
}

@test "install finds key and certificate in what people have" {
  ocsp-ca init --depth 2
  cd lab || return
  export OCSP_LAB_DIR=.
  install() {
    ocsp-ca signer install "$@" >out
    [ "$(ocsp-ca signer list --ca "${ca:-ca1}" --json | field serial)" = \
      "$(openssl x509 -in want.pem -noout -serial | cut -d= -f2 | tr A-F a-f)" ]
  }
  # DER
  ocsp-ca signer request --ca ca1 --out - >r.csr
  sign r.csr ca/ca1 want.pem "${delegate[@]}"
  openssl x509 -in want.pem -outform DER -out want.der
  install want.der
  # a chain in any order
  ocsp-ca signer request --ca ca1 --out r.csr
  sign r.csr ca/ca1 want.pem "${delegate[@]}"
  cat ca/ca1/cert.pem want.pem root.pem >chain.pem
  install chain.pem --ca ca1
  # a certificate anew for the key that signs already
  sign r.csr ca/ca1 want.pem "${delegate[@]}"
  install want.pem
  # a key of its own in the file; the open request stays
  ocsp-ca signer request --ca ca1 --out r.csr
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout own.key -subj '/CN=Own' -out own.csr 2>/dev/null
  sign own.csr ca/ca1 want.pem "${delegate[@]}"
  cat want.pem own.key >both.pem
  install both.pem
  [ -e "$(ocsp-ca signer list --ca ca1 --json | field requested)" ]
  # and an answer to it can still come
  sign r.csr ca/ca1 want.pem "${delegate[@]}"
  install want.pem
  # the other CA's, without --ca
  ocsp-ca signer request --ca root --out r.csr
  sign r.csr ca/root want.pem "${delegate[@]}"
  ca=root install want.pem
}

@test "install refuses what must not sign, and says why" {
  ocsp-ca init --depth 2
  ocsp-ca signer request --ca ca1 --out r.csr
  before=$(signer ca1 serial)
  root=lab/ca/root ca1=lab/ca/ca1
  sign r.csr $root x.pem "${delegate[@]}"
  refused 76 'was not issued by ca1' install x.pem --ca ca1
  ocsp-ca init --dir other --depth 2
  sign r.csr other/ca/ca1 x.pem "${delegate[@]}"
  refused 76 'another key has signed it' install x.pem
  sign r.csr $ca1 x.pem "${delegate[0]}"
  refused 76 'no extended key usage OCSPSigning' install x.pem
  sign r.csr $ca1 x.pem 'extendedKeyUsage=serverAuth'
  refused 76 'no extended key usage OCSPSigning' install x.pem
  sign r.csr $ca1 x.pem 'keyUsage=keyAgreement' 'extendedKeyUsage=OCSPSigning'
  refused 76 'lacks digitalSignature' install x.pem
  sign r.csr $ca1 x.pem 'basicConstraints=CA:TRUE' \
    'extendedKeyUsage=OCSPSigning'
  refused 76 'a CA certificate' install x.pem
  refused 76 'a CA certificate' install $ca1/cert.pem --ca root
  sign r.csr $ca1 x.pem "${delegate[@]}"
  ocsp-ca clock advance 40d
  refused 76 'has expired on' install x.pem
  ocsp-ca clock real
  ocsp-ca clock set -10d
  refused 76 'is not valid before' install x.pem
  ocsp-ca clock real
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout y.key -subj '/CN=Y' -out y.csr 2>/dev/null
  sign y.csr $ca1 y.pem "${delegate[@]}"
  refused 78 'neither the one of the last request' install y.pem
  cat x.pem y.key >mixed.pem
  chmod 600 mixed.pem
  ocsp-ca signer request --ca ca1 --out new.csr
  refused 78 'neither the one of the last request' install mixed.pem
  sign new.csr $root x.pem "${delegate[@]}"
  refused 78 'none was requested for root' install x.pem
  refused 72 'nofile' install nofile
  echo rubbish >rubbish
  refused 76 rubbish install rubbish
  # Nothing of all that has changed anything.
  [ "$(signer ca1 serial)" = "$before" ]
  [ "$(find lab/responder -name 'request-*' | wc -l)" -le 2 ]
}

@test "what is odd but allowed is installed with a word" {
  ocsp-ca init
  ocsp-ca signer request --out r.csr
  sign r.csr lab/ca/root x.pem "${delegate[0]}" 'extendedKeyUsage=OCSPSigning'
  ocsp-ca signer install x.pem 2>log
  grep -q 'no id-pkix-ocsp-nocheck' log
  ocsp-ca signer request --out r.csr
  sign r.csr lab/ca/root x.pem "${delegate[0]}" noCheck=ignored \
    'extendedKeyUsage=OCSPSigning,serverAuth'
  ocsp-ca signer install x.pem 2>log
  grep -q 'other extended key usages' log
  [ "$(wc -l <log)" -eq 1 ]
}

@test "a delegate that its CA has revoked is not installed" {
  ocsp-ca init
  ocsp-ca signer request --out r.csr
  sign r.csr lab/ca/root x.pem "${delegate[@]}"
  ocsp-ca signer install x.pem
  serial=$(signer root serial)
  ocsp-ca signer rotate
  ocsp-ca revoke "$serial" --ca root
  cat x.pem "$(signer root retired.0.path)" >both.pem
  chmod 600 both.pem
  refused 76 'has revoked this certificate' install both.pem
}

@test "self-signed: only with --trusted, and then responder.pem has it" {
  lab
  respond
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout s.key -subj '/CN=Central' -out s.pem -days 30 \
    -addext basicConstraints=CA:FALSE 2>/dev/null
  cat s.key >>s.pem
  chmod 600 s.pem
  refused 76 'add --trusted' install s.pem
  ocsp-ca signer install s.pem --trusted
  [ "$(signer root model)" = trusted ]
  openssl x509 -in s.pem | cmp - lab/responder.pem
  openssl ocsp -issuer "$I" -cert "$C" -CAfile lab/root.pem -url "$url" \
    -verify_other lab/responder.pem -trust_other >out 2>&1
  grep -q 'Response verify OK' out
  # And back to a delegate.
  ocsp-ca signer request --out r.csr
  sign r.csr lab/ca/root d.pem "${delegate[@]}"
  ocsp-ca signer install d.pem
  [ "$(signer root model)" = delegated ]
  verifies
}

@test "--unchecked: a CA's certificate that may not sign, but never --no-faults" {
  lab
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout s.key -subj '/CN=Central' -out s.pem -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  cat s.key >>s.pem
  chmod 600 s.pem
  refused 76 'a CA certificate' install s.pem --trusted
  refused 64 'only with --trusted' install s.pem --unchecked
  ocsp-ca signer install s.pem --trusted --unchecked
  respond
  openssl ocsp -issuer "$I" -cert "$C" -CAfile lab/root.pem -url "$url" \
    -verify_other lab/responder.pem -trust_other >out 2>&1
  grep -q 'Response verify OK' out
  ocsp-ca init --dir strict --no-faults >/dev/null
  refused 78 'no-faults' install s.pem --trusted --unchecked --dir strict
}

@test "a CA that signs itself gets a delegate by request and install" {
  lab --signer ca
  respond
  ocsp-ca signer request --out r.csr
  sign r.csr lab/ca/root d.pem "${delegate[@]}"
  ocsp-ca signer install d.pem
  [ "$(signer root model)" = delegated ]
  verifies
  [ "$by" = "$(signer root serial)" ]
  ocsp-ca signer rotate
  verifies
}

@test "a CA without its key here: rotate points to request, cron hears of it" {
  ocsp-ca init --depth 2 --signer-days 30
  mv lab/ca/ca1/key.pem kept.pem
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("update ca set key_path = ?1 where name = ?2", ("", "ca1"))
c.commit()'
  exits 0 ocsp-ca signer rotate
  [[ $output == *'the key of ca1 is not here'* ]]
  exits 78 ocsp-ca signer rotate --ca ca1
  exits 0 ocsp-ca signer rotate --if-due 7d
  ocsp-ca clock advance 25d
  exits 78 ocsp-ca signer rotate --if-due 7d
  [[ $output == *'root: new signer'* ]]
  [[ $output == *"'ocsp-ca signer request'"* ]]
  ocsp-ca clock real
  ocsp-ca signer request --ca ca1 --out r.csr
  cp kept.pem lab/ca/ca1/key.pem
  days=60 sign r.csr lab/ca/ca1 d.pem "${delegate[@]}"
  ocsp-ca signer install d.pem
  ocsp-ca clock advance 25d
  exits 0 ocsp-ca signer rotate --if-due 7d
}

@test "two CAs elsewhere gave their delegates one serial: both are kept" {
  ocsp-ca init --depth 2
  for ca in root ca1; do
    ocsp-ca signer request --ca $ca --out $ca.csr
    printf '%s\n' "${delegate[@]}" >ext
    openssl x509 -req -in $ca.csr -CA lab/ca/$ca/cert.pem -set_serial 4711 \
      -CAkey lab/ca/$ca/key.pem -days 30 -extfile ext -out $ca.pem 2>/dev/null
    ocsp-ca signer install $ca.pem
  done
  [ "$(signer root path)" = "$OCSP_LAB_DIR"/responder/1267.pem ]
  [ "$(signer ca1 path)" = "$OCSP_LAB_DIR"/responder/1267-ca1.pem ]
  for ca in root ca1; do
    openssl x509 -in "$(signer $ca path)" | cmp - <(openssl x509 -in $ca.pem)
  done
}

@test "--out that cannot be written: no request is left" {
  ocsp-ca init
  refused 72 'no/such' request --out no/such/r.csr
  [ "$(signer root requested)" = '' ]
  [ "$(find lab/responder -name 'request-*' | wc -l)" -eq 0 ]
}
