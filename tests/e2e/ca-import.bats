#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca import: the index.txt of openssl ca, and the CA that wrote it.

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
  certify www # again: 1004
  ca -revoke old.pem -crl_reason superseded
  ca -revoke key.pem -crl_compromise 20260101000000Z
}

# Each test has a copy.
elsewhere() {
  cp -a "$BATS_FILE_TMPDIR/oca" .
}

# take [OPTION]... : imports oca/index.txt.
take() {
  ocsp-ca import oca/index.txt --ca-cert oca/ca.pem "$@"
}

# state SERIAL|NAME KEY
state() {
  ocsp-ca show "$1" --json | field "$2"
}

# unchanged FILE : the list of certificates is still the one in FILE.
unchanged() {
  ocsp-ca list | diff "$1" -
}

@test "an index.txt makes a directory that knows every certificate" {
  elsewhere
  take >out
  grep -q 'index.txt: Elsewhere-Root, 5 lines: 5 added, 0 changed' out
  [ "$(state 1000 status)" = good ]
  [ "$(state 1000 subject)" = 'CN=www,O=A B,C=AA' ] ||
    [ "$(state 1000 subject)" = 'C=AA,O=A B,CN=www' ]
  [ "$(state 1002 status)" = revoked ]
  [ "$(state 1002 reason)" = superseded ]
  [ "$(state 1003 reason)" = keyCompromise ]
  [ "$(state 1003 invalidity_at)" = 2026-01-01T00:00:00Z ]
  end=$(openssl x509 -in oca/www.pem -noout -enddate)
  [ "$(date -ud "${end#*=}" +%FT%TZ)" = "$(state www not_after)" ]
  cmp <(openssl x509 -in oca/ca.pem) <(openssl x509 -in lab/root.pem)
  [ ! -e lab/ca/Elsewhere-Root/key.pem ]
  [ -z "$(ls lab/responder)" ]
}

@test "without the key: the printed commands give it a signer" {
  elsewhere
  take | sed -n 's/YOUR-CA-KEY/oca\/ca.key/; /^  ocsp-ca/,$p' |
    grep -v index.txt >next.sh
  [ "$(grep -c . next.sh)" -eq 4 ]
  # No --dir was given, so none is printed: $OCSP_LAB_DIR says it.
  bash -e next.sh
  [ "$(find lab/responder -name "*.pem" | wc -l)" -eq 1 ]
  respond
  openssl ocsp -issuer oca/ca.pem -cert oca/www.pem -cert oca/mail.pem \
    -cert oca/old.pem -cert oca/key.pem -url "$url" -CAfile oca/ca.pem >out 2>&1
  grep -q 'Response verify OK' out
  [ "$(grep -c ': good' out)" -eq 2 ]
  [ "$(grep -c ': revoked' out)" -eq 2 ]
  grep -q 'Reason: superseded' out
}

@test "with the key a signer is made at once, for both models" {
  elsewhere
  for model in delegated ca; do
    take --ca-key oca/ca.key --signer "$model" --dir "$model" >out
    run ! grep -q 'signer request' out
    [ "$(stat -c %a "$model/ca/Elsewhere-Root/key.pem")" = 600 ]
    serve "$model" ocsp-responder --listen 127.0.0.1:0 --dir "$model"
    openssl ocsp -issuer oca/ca.pem -cert oca/www.pem \
      -url "$(field url <<<"$ready")" -CAfile oca/ca.pem >out 2>&1
    grep -q 'Response verify OK' out
    grep -q 'www.pem: good' out
  done
  # The CA can issue here too now, beside what it has issued elsewhere.
  ocsp-ca issue here --dir ca >/dev/null
  openssl verify -CAfile oca/ca.pem ca/certs/here/cert.pem
}

@test "the key of a known CA may come later" {
  elsewhere
  take >/dev/null
  respond
  exits 78 ocsp-ca crl
  [[ $output == *"ocsp-ca import --ca-cert FILE --ca-key FILE"* ]]
  # Another's key, or a file that is refused: none is copied.
  new_key other.key
  exits 78 take --ca-key other.key
  echo nonsense >bad
  exits 76 ocsp-ca import bad --ca-cert oca/ca.pem --ca-key oca/ca.key
  [ -z "$(find lab/ca lab/responder -name '*key.pem')" ]
  [ "$(ocsp-ca signer list --json | field ca_key)" = false ]
  ocsp-ca import --ca-cert oca/ca.pem --ca-key oca/ca.key >out
  [ "$(cat out)" = "Elsewhere-Root: known already, now with its key" ]
  [ "$(stat -c %a lab/ca/Elsewhere-Root/key.pem)" = 600 ]
  openssl ocsp -issuer oca/ca.pem -cert oca/old.pem -url "$url" \
    -CAfile oca/ca.pem >out 2>&1
  grep -q 'Response verify OK' out
  ocsp-ca crl >/dev/null
  serial=$(ocsp-ca signer list --json | field serial)
  # Done again it changes nothing, and says that.
  ocsp-ca import --ca-cert oca/ca.pem --ca-key oca/ca.key >out
  [ "$(cat out)" = "Elsewhere-Root: known already" ]
  ocsp-ca import --ca-cert oca/ca.pem --json >out
  [ "$(field name <out) $(field key <out) $(field signer <out)" = \
    "Elsewhere-Root true true" ]
  [ "$(ocsp-ca signer list --json | field serial)" = "$serial" ]
  [ "$(ocsp-ca events | grep -c ' ca .* key$')" -eq 1 ]
}

@test "a key that comes later: a delegate from elsewhere stays, --signer ca" {
  elsewhere
  take >/dev/null
  ocsp-ca signer request --out r.csr >/dev/null
  openssl x509 -req -in r.csr -CA oca/ca.pem -CAkey oca/ca.key -days 9 \
    -copy_extensions copy -out r.pem 2>/dev/null
  ocsp-ca signer install r.pem >/dev/null
  serial=$(ocsp-ca signer list --json | field serial)
  take --ca-key oca/ca.key >out
  grep -q 'now with its key' out
  [ "$(ocsp-ca signer list --json | field serial)" = "$serial" ]
  take --dir own >/dev/null
  take --ca-key oca/ca.key --signer ca --dir own >/dev/null
  [ "$(ocsp-ca signer list --dir own --json | field model)" = ca ]
  serve own ocsp-responder --listen 127.0.0.1:0 --dir own
  openssl ocsp -issuer oca/ca.pem -cert oca/www.pem \
    -url "$(field url <<<"$ready")" -CAfile oca/ca.pem >out 2>&1
  grep -q 'Response verify OK' out
}

@test "the signer is as asked for" {
  elsewhere
  take --ca-key oca/ca.key --signer-algorithm rsa2048 --signer-days 2 >/dev/null
  openssl x509 -in lab/responder/*.pem -noout -text >out
  grep -q 'Public-Key: (2048 bit)' out
  run ! openssl x509 -in lab/responder/*.pem -noout -checkend 172801
}

@test "a key that others may read is warned of" {
  elsewhere
  chmod 644 oca/ca.key
  take --ca-key oca/ca.key 2>err >/dev/null
  grep -q '^ocsp-ca: warning: oca/ca.key' err
}

@test "what the file says then is so: revoked, valid again, on hold, expired" {
  elsewhere
  take >/dev/null
  sed -i -e '/1000/s/^V\(\t[^\t]*\)\t/R\1\t261121000000Z,certificateHold/' \
    -e '/1002/s/^R\(\t[^\t]*\)\t[^\t]*/V\1\t/' \
    -e '/1001/s/^V\t[^\t]*/E\t200101000000Z/' oca/index.txt
  take --json >out
  [ "$(field changed <out)" -eq 3 ]
  [ "$(field same <out)" -eq 2 ]
  [ "$(state 1000 status)" = hold ]
  [ "$(state 1000 revoked_at)" = 2026-11-21T00:00:00Z ]
  [ "$(state 1002 status)" = good ]
  [ "$(state mail status)" = good ]
  [ "$(state mail not_after)" = 2020-01-01T00:00:00Z ]
}

@test "what is as it was writes nothing" {
  elsewhere
  take >/dev/null
  before=$(ocsp-ca events)
  take >out
  grep -q '5 lines: 0 added, 0 changed, 5 as before' out
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "what is not in the file any more is kept and counted" {
  elsewhere
  take >/dev/null
  sed -i '/1003/d' oca/index.txt
  take >out
  grep -q '4 as before; 1 more is not in it, and left as before' out
  [ "$(state 1003 status)" = revoked ]
}

@test "the newest valid certificate of a name is called by it" {
  elsewhere
  take >/dev/null
  [ "$(state www serial)" = 1004 ]
  [ "$(state 1000 name)" = "" ]
  certify www
  take >/dev/null
  [ "$(state www serial)" = 1005 ]
  [ "$(state www@1 serial)" = 1004 ]
  ca -revoke www.pem
  certify mail # an expired or revoked one replaces nothing
  sed -i '/1006/s/^V/E/; /1006/s/\t[0-9]*Z/\t200101000000Z/' oca/index.txt
  take >/dev/null
  [ "$(state mail serial)" = 1001 ]
  [ "$(state www status)" = revoked ]
  # Nor when the other is not in the file any more.
  sed -i '/CN=mail/d' oca/index.txt
  printf 'R\t301122101112Z\t261121000000Z\t77\tunknown\t/CN=mail\n' \
    >>oca/index.txt
  take >/dev/null
  [ "$(state mail serial)" = 1001 ]
  [ "$(state 77 name)" = "" ]
}

@test "the name of a certificate that was issued here stays" {
  elsewhere
  take --ca-key oca/ca.key >/dev/null
  ocsp-ca issue new >/dev/null
  certify new
  take >/dev/null
  [ "$(state new serial)" != 1005 ]
  [ "$(state 1005 name)" = "" ]
}

@test "--certs brings the certificates themselves" {
  elsewhere
  take --certs oca/newcerts >/dev/null
  [ "$(state www not_before)" != "" ]
  # Known serials without a certificate get theirs later.
  take --dir other >/dev/null
  [ "$(ocsp-ca show www --dir other --json | field not_before)" = "" ]
  rm oca/newcerts/1001.pem
  take --certs oca/newcerts --dir other >out
  grep -q '4 changed, 1 as before' out
  [ "$(ocsp-ca show www --dir other --json | field not_before)" != "" ]
  take --certs oca/newcerts --dir other >out
  grep -q '0 changed, 5 as before' out
}

@test "--certs with a wrong certificate changes nothing" {
  elsewhere
  new_key leaf.key
  take >/dev/null
  ocsp-ca list >before
  cp oca/newcerts/1001.pem oca/newcerts/1002.pem
  exits 76 take --certs oca/newcerts
  [[ $output == *"line 3: oca/newcerts/1002.pem: has another serial"* ]]
  openssl req -x509 -key oca/ca.key -out oca/newcerts/1002.pem \
    -subj '/CN=forged' -set_serial 0x1002
  exits 76 take --certs oca/newcerts
  [[ $output == *"was not issued by Elsewhere-Root"* ]]
  # By a CA of the same name.
  openssl req -x509 -key leaf.key -out forger.pem \
    -subj '/O=Elsewhere/CN=Elsewhere Root'
  openssl x509 -req -in oca/old.csr -CA forger.pem -CAkey leaf.key \
    -set_serial 0x1002 -out oca/newcerts/1002.pem 2>/dev/null
  exits 76 take --certs oca/newcerts
  [[ $output == *"was not issued by Elsewhere-Root"* ]]
  exits 72 take --certs nowhere
  unchanged before
}

@test "a bad line is refused with its number, and nothing is changed" {
  elsewhere
  take >/dev/null
  ocsp-ca list >before
  ca -revoke mail.pem
  cp oca/index.txt good
  while IFS='|' read -r script says; do
    sed "$script" good >oca/index.txt
    exits 76 take
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "ocsp-ca: oca/index.txt: line "$says ]] || {
      echo "$script: $output" >&2
      return 1
    }
    unchanged before
  done <<'END'
5s/^V/X/|5: begins with 'X'*
5s/\t/ /|5: 5 fields*
5s/1004/1000/|5: an earlier line has the serial 1000 too
3s/superseded/supersedet/|3: 'supersedet' is no revocation reason*
3s/superseded/removeFromCRL/|3: removeFromCRL is no reason*
2s/26112/26132/|2: revocation time*not in the calendar
2s/\t1001/\t10G1/|2: serial '10G1'*
3a\\|4: 1 fields*
END
  head -c -9 good >oca/index.txt # as if it were being written
  exits 76 take
  [[ $output == *"line 5: has no end"* ]]
  unchanged before
  cp good oca/index.txt
  take >/dev/null
  [ "$(state mail status)" = revoked ]
}

@test "a bad file leaves no directory behind" {
  elsewhere
  echo 'X	y' >>oca/index.txt
  exits 76 take
  [ ! -e lab ]
  exits 76 take --ca-key oca/ca.key
  [ ! -e lab ]
}

@test "CRLF, both kinds of time and comments are read" {
  elsewhere
  sed -i 's/$/\r/; 1i # comment\r' oca/index.txt
  printf 'V\t20590101000000Z\t\t00FF\tunknown\t/CN=late\r\n' >>oca/index.txt
  take >/dev/null
  [ "$(state late serial)" = ff ]
  [ "$(state late not_after)" = 2059-01-01T00:00:00Z ]
  [ "$(ocsp-ca list | wc -l)" -eq 7 ]
}

@test "whose an index.txt is must be said where there are several CAs" {
  elsewhere
  take >/dev/null
  ocsp-ca import oca/index.txt >out
  grep -q '5 as before' out
  ocsp-ca add-ca second --root >/dev/null
  exits 64 ocsp-ca import oca/index.txt
  [[ $output == *"this lab has Elsewhere-Root, second"* ]]
  ocsp-ca import oca/index.txt --ca Elsewhere-Root >out
  grep -q '5 as before' out
  exits 72 ocsp-ca import oca/index.txt --ca third
  exits 73 take --ca second
  [[ $output == *"is called Elsewhere-Root here"* ]]
}

@test "the CA is called as asked, else by its common name" {
  elsewhere
  take --ca operations >/dev/null
  [ "$(state www ca)" = operations ]
  [ -e lab/ca/operations/cert.pem ]
  exits 64 take --ca 'a/b' --dir other
  exits 64 take --ca .. --dir other
  [ ! -e other ]
}

@test "import into a lab that has a CA: both are answered for" {
  elsewhere
  lab
  exits 73 take --ca root
  exits 73 take --ca www
  take --ca-key oca/ca.key --ca operations >/dev/null
  [ "$(grep -c BEGIN lab/root.pem)" -eq 2 ]
  [ ! -e lab/ca/operations/unfinished ]
  respond
  openssl ocsp -issuer oca/ca.pem -cert oca/old.pem -url "$url" \
    -CAfile oca/ca.pem >out 2>&1
  grep -q 'Response verify OK' out
  grep -q 'old.pem: revoked' out
  openssl ocsp -issuer lab/ca/root/cert.pem -cert lab/certs/www/cert.pem \
    -url "$url" -CAfile lab/root.pem >out 2>&1
  grep -q 'cert.pem: good' out
  # The lab issues as before.
  ocsp-ca issue more >/dev/null
  [ "$(state more ca)" = root ]
}

@test "several CAs from elsewhere, in one PEM or in several files" {
  ocsp-ca init --depth 3 --dir theirs --temporary >/dev/null
  cat theirs/ca/ca2/cert.pem theirs/ca/ca1/cert.pem >chain.pem
  for option in "--ca-cert chain.pem --ca-cert theirs/root.pem" \
    "--ca-cert theirs/ca/ca2/cert.pem --ca-cert theirs/root.pem --ca-cert chain.pem"; do
    rm -rf lab
    # shellcheck disable=SC2086
    ocsp-ca import $option --ca issuing >/dev/null
    cmp theirs/root.pem lab/root.pem
    [ "$(state issuing ca)" = Lab-CA-1 ]
    [ "$(state Lab-CA-1 ca)" = Lab-Root ]
  done
  ocsp-ca issue www --dir theirs >/dev/null
  ocsp-ca import theirs/certs/www/fullchain.pem >out
  grep -q '3 certificates: 1 added, 0 changed, 2 as before' out
  [ "$(state www ca)" = issuing ]
}

@test "a CA whose issuer is not given is trusted by itself" {
  ocsp-ca init --depth 2 --dir theirs --temporary >/dev/null
  ocsp-ca import --ca-cert theirs/ca/ca1/cert.pem >/dev/null
  cmp theirs/ca/ca1/cert.pem lab/root.pem
  [ "$(ocsp-ca list | wc -l)" -eq 0 ]
}

@test "wrong CAs and keys are refused, and nothing is made" {
  elsewhere
  ocsp-ca init --dir other --temporary >/dev/null
  ocsp-ca issue leaf --dir other >/dev/null
  exits 76 ocsp-ca import oca/index.txt --ca-cert other/certs/leaf/cert.pem
  exits 78 take --ca-key other/ca/root/key.pem
  exits 76 take --ca-key oca/ca.pem
  openssl pkey -in oca/ca.key -aes256 -passout pass:x -out secret.key
  exits 78 take --ca-key secret.key
  exits 72 take --ca-key nowhere
  exits 72 ocsp-ca import oca/index.txt --ca-cert nowhere
  exits 76 ocsp-ca import oca/index.txt --ca-cert oca/index.txt
  exits 72 ocsp-ca import oca/index.txt
  [[ $output == *"bring one with --ca-cert"* ]]
  exits 72 ocsp-ca import nowhere --ca-cert oca/ca.pem
  [ ! -e lab ]
}

@test "a CA that may not sign answers is not made to" {
  mkdir oca
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout oca/ca.key -out oca/ca.pem -subj '/CN=Certs only' \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  own=(ocsp-ca import --ca-cert oca/ca.pem --ca-key oca/ca.key)
  exits 78 "${own[@]}" --signer ca
  [[ $output == *"oca/ca.pem: its keyUsage lacks digitalSignature"* ]]
  [ ! -e lab ]
  "${own[@]}" >/dev/null
  serve responder ocsp-responder --listen 127.0.0.1:0
}

@test "a wrong command line is refused" {
  elsewhere
  exits 64 ocsp-ca import
  [[ $output == *"FILE is missing"* ]]
  exits 64 ocsp-ca import oca/index.txt --ca-key oca/ca.key
  exits 64 take --signer trusted --ca-key oca/ca.key
  exits 64 take --signer nonsense --ca-key oca/ca.key
  exits 64 take --signer ca
  exits 64 take --signer-days 3
  exits 64 take --signer-days 0 --ca-key oca/ca.key
  exits 64 take --signer-days x --ca-key oca/ca.key
  exits 64 take --signer ca --signer-algorithm p256 --ca-key oca/ca.key
  exits 64 take --signer-algorithm dsa --ca-key oca/ca.key
  exits 64 take --ocsp-url ftp://x
  exits 64 take --bogus
  exits 64 ocsp-ca import --watch --ca-cert oca/ca.pem
  exits 64 ocsp-ca import oca/index.txt oca/www.pem --watch
  [ ! -e lab ]
  ocsp-ca import --help | grep -q -- --no-faults
}

@test "--no-faults is for ever" {
  elsewhere
  take --ca-key oca/ca.key --no-faults --ocsp-url http://127.0.0.1:1 >/dev/null
  exits 78 ocsp-ca clock advance 1d
  respond
  [ "$(field faults <<<"$ready")" = false ]
  # The same command again is no error; another wish is.
  take --no-faults --ocsp-url http://127.0.0.1:1 >/dev/null
  take >/dev/null
  exits 73 take --ocsp-url http://127.0.0.1:2
  exits 73 take --temporary
  take --dir other >/dev/null
  exits 73 take --dir other --no-faults
}

@test "what is no file of those is refused" {
  elsewhere
  take >/dev/null
  ocsp-ca list >before
  : >empty
  head -c 100000 /dev/urandom >junk
  head -c 10485760 /dev/zero | tr '\0' V >long
  printf 'V\t' | cat - long >long-line
  echo 'hello world' >text
  echo '<html>' >html
  for file in empty junk long long-line text html oca/ca.cnf lab/ca.db; do
    exits 76 ocsp-ca import "$file"
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"$file: "* ]]
  done
  exits 76 ocsp-ca import oca/ca.key
  [[ $output == *"holds a PRIVATE KEY"* ]]
  exits 74 ocsp-ca import oca
  mkfifo pipe
  exits 74 ocsp-ca import pipe
  exits 74 ocsp-ca import /dev/null
  if [ "$(id -u)" -ne 0 ]; then
    chmod 0 text
    exits 74 ocsp-ca import text
  fi
  unchanged before
}

@test "a damaged database is said to be one" {
  elsewhere
  take >/dev/null
  head -c 5000 /dev/urandom | dd of=lab/ca.db bs=1 seek=4096 conv=notrunc 2>/dev/null
  rm -f lab/ca.db-*
  exits 76 take
  [[ $output == *damaged* ]]
}

@test "killed at any moment: all of it is there, or nothing" {
  elsewhere
  for i in $(seq 5000); do
    printf 'R\t301122101112Z\t261121000000Z\t%06X\tunknown\t/CN=n%d\n' \
      $((i + 65536)) "$i"
  done >many.txt
  take >/dev/null
  for ms in 5 15 25 40 60 90; do
    status=0
    timeout -s KILL "0.$(printf %03d "$ms")" ocsp-ca import many.txt \
      --ca-cert oca/ca.pem --ca-key oca/ca.key --dir new >out 2>/dev/null ||
      status=$?
    [ "$status" -ne 0 ] || [ -s out ]
    [ ! -e new/ca.db ] || [ "$(ocsp-ca list --dir new | wc -l)" -eq 5002 ]
    timeout -s KILL "0.$(printf %03d "$ms")" ocsp-ca import many.txt \
      --ca Elsewhere-Root >/dev/null 2>&1 || true
    n=$(ocsp-ca list | wc -l)
    [ "$n" -eq 6 ] || [ "$n" -eq 5006 ]
    [ "$(sqlite3 lab/ca.db 'PRAGMA integrity_check')" = ok ]
  done
  ocsp-ca import many.txt --ca-cert oca/ca.pem --ca-key oca/ca.key \
    --dir new >/dev/null
  [ "$(ocsp-ca list --dir new | wc -l)" -eq 5002 ]
  openssl x509 -in new/ca/Elsewhere-Root/cert.pem -noout -checkend 0
}

@test "two who import into one new directory: both find it complete" {
  elsewhere
  pids=()
  for i in 1 2 3 4; do
    take --ca-key oca/ca.key >"$i.log" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ "$(grep -l '5 added' ./?.log | wc -l)" -eq 1 ]
  [ "$(ls lab/ca)" = Elsewhere-Root ]
}

@test "no CA is called as the file of another one's delta CRL" {
  ocsp-ca init
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/CN=root delta' -days 30 -keyout k.pem -out c.pem 2>/dev/null
  exits 64 ocsp-ca import c.pem --ca-cert c.pem --ca root-delta
  [[ $output == *"--ca: 'root-delta': a CA's name does not end in '-delta'"* ]]
  ocsp-ca import c.pem --ca-cert c.pem
  [ -f lab/ca/root-delta-ca/cert.pem ]
}
