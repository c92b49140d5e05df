#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca signer rotate: new signers, at once and without a gap.

load helper
load responder

# signer CA KEY : of 'signer list'.
signer() {
  ocsp-ca signer list --ca "$1" --json | field "$2"
}

# sound CA : the current signer's file is there, fits, and is the CA's.
sound() {
  local file
  file=$(signer "$1" path)
  openssl pkey -in "$file" -pubout |
    cmp - <(openssl x509 -in "$file" -noout -pubkey)
  [ "$(stat -c %a "$file")" = 600 ]
  [ "$(openssl x509 -in "$file" -noout -serial)" = \
    "serial=$(signer "$1" serial | tr a-f A-F)" ] || return
}

@test "rotate makes a new key and certificate for each CA, and keeps two" {
  ocsp-ca init --depth 2 --signer-algorithm ed25519
  before=$(signer root serial) other=$(signer ca1 serial)
  ocsp-ca signer rotate --json >made
  [ "$(wc -l <made)" -eq 2 ]
  [ "$(head -n 1 made | field rotated)" = true ]
  [ "$(signer root serial)" != "$before" ]
  [ "$(signer root retired.0.serial)" = "$before" ]
  [ "$(signer ca1 serial)" != "$other" ]
  sound root
  sound ca1
  openssl verify -x509_strict -CAfile lab/root.pem \
    "$(signer root path)"
  openssl x509 -in "$(signer ca1 path)" -noout -text | grep -q ED25519
  # One CA alone, with another kind of key and life.
  before=$(signer root serial)
  ocsp-ca signer rotate --ca ca1 --algorithm p384 --days 3
  [ "$(signer root serial)" = "$before" ]
  openssl x509 -in "$(signer ca1 path)" -noout -text | grep -q P-384
  ocsp-ca signer rotate --ca ca1
  openssl x509 -in "$(signer ca1 path)" -noout -text | grep -q P-384
  [ "$(signer ca1 seconds_left)" -lt 260000 ]
  # The keys of those that retired long ago are gone.
  for _ in 1 2 3 4; do
    ocsp-ca signer rotate --ca ca1
  done
  [ "$(find lab/responder -type f | wc -l)" -eq 6 ]
  [ "$(signer ca1 retired.5.path)" = '' ]
  [ "$(signer ca1 retired.1.path)" != '' ]
}

@test "--if-due: a word and exit 0 while there is time, then a new one" {
  ocsp-ca init --signer-days 30
  before=$(signer root serial)
  for _ in 1 2; do
    exits 0 ocsp-ca signer rotate --if-due 7d
    [[ $output == 'root: not due, until '* ]]
  done
  [ "$(ocsp-ca signer rotate --if-due 7d --json | field rotated)" = false ]
  [ "$(signer root serial)" = "$before" ]
  ocsp-ca clock advance 24d
  [ "$(signer root ends_soon)" = true ]
  exits 0 ocsp-ca signer rotate --if-due 7d
  [[ $output == 'root: new signer '* ]]
  [ "$(signer root serial)" != "$before" ]
  left=$(signer root seconds_left)
  [ "$left" -gt 2591000 ] && [ "$left" -le 2592000 ]
  exits 0 ocsp-ca signer rotate --if-due 7d
  [[ $output == 'root: not due'* ]]
}

@test "--if-due with signers that live shorter: a note says so" {
  ocsp-ca init --signer-days 2
  ocsp-ca signer rotate --if-due 7d >out 2>log
  grep -q 'note: the new signer of root is due again at once: say --days' log
  ocsp-ca signer rotate --if-due 7d --days 30 2>log
  [ ! -s log ]
  ocsp-ca signer rotate --days 1 2>log
  [ ! -s log ]
}

@test "model ca is not rotated, and with others it is passed over" {
  ocsp-ca init --signer ca
  exits 78 ocsp-ca signer rotate
  [ "${#lines[@]}" -eq 1 ]
  exits 78 ocsp-ca signer rotate --ca root
  [[ $output == *'root signs its answers itself'* ]]
  ocsp-ca add-ca web --signer delegated
  ocsp-ca signer rotate
  sound web
}

@test "trusted: one new signer for all, responder.pem keeps the old one too" {
  ocsp-ca init --signer trusted --depth 2 --signer-days 30
  ocsp-ca add-ca own --signer delegated
  cp lab/responder.pem first.pem
  ocsp-ca signer rotate --ca ca1
  [ "$(signer root serial)" = "$(signer ca1 serial)" ]
  sound root
  [ "$(grep -c BEGIN lab/responder.pem)" -eq 2 ]
  openssl x509 -in "$(signer root path)" >second.pem
  # The new one stands first: some clients read only that.
  cat second.pem first.pem | cmp - lab/responder.pem
  [ "$(openssl x509 -in first.pem -noout -subject)" = \
    "$(openssl x509 -in second.pem -noout -subject)" ]
  [ "$(signer own retired)" = '[]' ]
  for i in 3 4 5; do
    ocsp-ca signer rotate --ca root
    [ "$(grep -c BEGIN lab/responder.pem)" -eq "$i" ]
  done
  # Until it has expired.
  ocsp-ca clock advance 31d
  ocsp-ca signer rotate --ca root
  [ "$(grep -c BEGIN lab/responder.pem)" -eq 1 ]
  run ! cmp -s lab/responder.pem second.pem
}

@test "a signer never outlives its CA; a CA that has ended gets none" {
  ocsp-ca init --days 10
  exits 0 ocsp-ca signer rotate --days 20
  [[ $output == *'ends with its CA'* ]]
  [ "$(openssl x509 -in "$(signer root path)" -noout -enddate)" = \
    "$(openssl x509 -in lab/root.pem -noout -enddate)" ]
  ocsp-ca clock advance 11d
  exits 78 ocsp-ca signer rotate
  [[ $output == *'root has expired on '* ]]
}

@test "bad options of signer: exit 64, one line" {
  ocsp-ca init
  refused() {
    exits 64 ocsp-ca signer "$@"
    [ "${#lines[@]}" -eq 1 ]
  }
  refused
  refused frob
  refused --ca root list
  refused list word
  refused rotate word
  refused rotate --if-due x
  refused rotate --days 0
  refused rotate --days x
  refused rotate --algorithm dsa
  refused rotate --out x
  refused request
  refused request --out - --json
  refused request --out x --algorithm dsa
  refused install
  refused install a b
  exits 72 ocsp-ca signer rotate --ca nobody
  exits 72 ocsp-ca signer list --ca nobody
  ocsp-ca signer --help | grep -q 'install FILE'
  ocsp-ca signer rotate --help | grep -q -- --if-due
}

@test "the next answer is the new signer's; the old ones stay valid" {
  lab --depth 2
  respond --threads 4
  ask request "$C" "$I" >q.der
  ask request --nonce 33 "$C" "$I" >n.der
  get q.der
  cp r.der old.der
  for i in 1 2 3; do
    for question in q n; do
      post $question.der
      cp r.der "$question$i.der"
    done
    ocsp-ca signer rotate >/dev/null
    serial=$(signer ca1 serial)
    for how in 'get q.der' 'post q.der' 'post n.der' 'get n.der'; do
      $how
      says singles.0.status good
      openssl ocsp -respin r.der -noverify -resp_text -issuer "$I" \
        -cert "$C" >text 2>&1
      tr -d ' :\n' <text | tr A-F a-f | grep -q "$serial"
    done
  done
  for answer in old q1 q2 q3 n1 n2 n3; do
    openssl ocsp -respin $answer.der -issuer "$I" -cert "$C" \
      -CAfile lab/root.pem -no_nonce 2>&1 | tee out
    grep -q 'Response verify OK' out
  done
}

@test "rotations under load: no gap, no answer of the old signer afterwards" {
  lab --depth 2
  respond --threads 4
  /usr/bin/python3 "$BATS_TEST_DIRNAME/rotate.py" "$url" "$C" "$I" 12
}

@test "trusted, under load: responder.pem verifies old answers and new" {
  lab --signer trusted
  respond
  ask request "$C" "$I" >q.der
  get q.der
  cp r.der old.der
  ocsp-ca signer rotate >/dev/null
  get q.der
  for answer in old r; do
    openssl ocsp -respin $answer.der -issuer "$I" -cert "$C" \
      -CAfile lab/root.pem -verify_other lab/responder.pem -trust_other \
      >out 2>&1
    grep -q 'Response verify OK' out
  done
}

@test "a signer near its end is announced by one line" {
  ocsp-ca init --depth 2 --signer-days 20
  ocsp-ca list 2>log
  [ ! -s log ]
  ocsp-ca clock advance 16d
  ocsp-ca signer list >out
  [ "$(grep -c 'ends soon' out)" -eq 2 ]
  ocsp-ca clock advance 5d
  ocsp-ca signer list >out
  [ "$(grep -c 'has ended' out)" -eq 2 ]
  ocsp-ca signer rotate --if-due 7d
  ocsp-ca signer list >out
  run ! grep -E 'ends soon|has ended' out
}

@test "ocsp-check and a running stapler follow a trusted signer's rotation" {
  lab --signer trusted
  respond
  ask request "$C" "$I" >q.der
  get q.der
  cp r.der old.der
  serve stapler ocsp-stapler www --listen 127.0.0.1:0 --responder "$url"
  https=$(field url <<<"$ready")
  stapler_status=$(field status_url <<<"$ready")
  ocsp-check "${https#https://}" --servername www.localhost
  ocsp-ca signer rotate >/dev/null
  get q.der
  for answer in old r; do
    ocsp-check --response $answer.der --cert "$C"
  done
  curl -sS -X POST "$stapler_status/refresh" >refreshed
  ocsp-check "${https#https://}" --servername www.localhost --json >seen
  [ "$(field signer <seen)" = "$(ocsp-check --response r.der --cert "$C" --json |
    field signer)" ]
  # The staple is the new signer's: the old one is not even needed.
  openssl x509 -in "$(signer root path)" >only.pem
  ocsp-check "${https#https://}" --servername www.localhost \
    --responder-cert only.pem
}
