#!/usr/bin/env bats
# revoke, hold, release, status, list, show, events.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  ocsp-ca init --temporary --depth 2 --dir base
  ocsp-ca issue www mail --dir base
}

# Each test has a copy: no program has it open.
lab() {
  cp -a "$BATS_FILE_TMPDIR/base" lab
}

state() {
  ocsp-ca show "$1" --json | field "$2"
}

@test "status says good, revoked, never issued by its exit code" {
  lab
  exits 0 ocsp-ca status www
  ocsp-ca revoke www
  exits 1 ocsp-ca status www
  [[ $output == "www: revoked "* ]]
  exits 2 ocsp-ca status 00c0ffee
  exits 72 ocsp-ca status nobody
}

@test "a certificate is found by name, serial in any spelling, or file" {
  lab
  serial=$(state www serial)
  exits 0 ocsp-ca status "$serial"
  exits 0 ocsp-ca status "00${serial^^}"
  exits 0 ocsp-ca status "$(sed 's/../&:/g; s/:$//' <<<"$serial")"
  exits 0 ocsp-ca status lab/certs/www/fullchain.pem
  openssl x509 -in lab/certs/www/cert.pem -outform DER -out www.der
  exits 0 ocsp-ca status www.der
  [[ $output == www:* ]]
}

@test "a certificate of another lab is not ours, even of the same name" {
  lab
  ocsp-ca init --dir other --temporary --depth 2
  ocsp-ca issue www --dir other
  exits 72 ocsp-ca revoke other/certs/www/cert.pem
  [[ $output == *"not issued by a CA of"* ]]
}

@test "every reason is taken by name in any case and by number" {
  lab
  while read -r number name; do
    rm -rf lab && lab
    ocsp-ca revoke www --reason "${name^^}"
    ocsp-ca revoke mail --reason "$number"
    [ "$(state www reason)" = "$name" ]
    [ "$(state mail reason)" = "$name" ]
  done <<'END'
0 unspecified
1 keyCompromise
2 cACompromise
3 affiliationChanged
4 superseded
5 cessationOfOperation
6 certificateHold
9 privilegeWithdrawn
10 aACompromise
END
}

@test "no other reason is taken, and the known ones are listed" {
  lab
  before=$(ocsp-ca events)
  for reason in 7 8 11 -1 removeFromCRL nonsense ''; do
    exits 64 ocsp-ca revoke www --reason "$reason"
    [ "${#lines[@]}" -eq 1 ]
  done
  [[ $output == *"RFC 5280 section 5.3.1"*keyCompromise*superseded* ]]
  # To be removed from a CRL is no revocation.
  for reason in 8 removefromcrl; do
    exits 64 ocsp-ca revoke www --reason "$reason"
    [[ $output == *"RFC 5280 section 5.3.1"*"ocsp-ca release"* ]]
  done
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "revoking again changes nothing" {
  lab
  ocsp-ca revoke www --reason superseded --revocation-date -1d
  before=$(ocsp-ca show www)
  exits 0 ocsp-ca revoke www --reason cessationOfOperation
  [[ $output == "www: already revoked"* ]]
  [ "$(ocsp-ca revoke www --json | field changed)" = false ]
  [ "$before" = "$(ocsp-ca show www)" ]
}

@test "a reason may be raised to keyCompromise" {
  lab
  ocsp-ca revoke www --reason superseded
  at=$(state www revoked_at)
  ocsp-ca revoke www --reason keyCompromise
  [ "$(state www reason)" = keyCompromise ]
  [ "$(state www revoked_at)" = "$at" ]
}

@test "raised to keyCompromise, the date may move back, never forward" {
  lab
  ocsp-ca revoke www mail --reason superseded --revocation-date 2026-03-01
  ocsp-ca revoke www --reason keyCompromise --revocation-date 2026-02-01
  ocsp-ca revoke mail --reason keyCompromise --revocation-date 2026-04-01
  [ "$(state www revoked_at)" = 2026-02-01T00:00:00Z ]
  [ "$(state mail revoked_at)" = 2026-03-01T00:00:00Z ]
  [ "$(state mail reason)" = keyCompromise ]
  # Found out later that it was earlier still; and then it is known.
  ocsp-ca revoke www --reason 1 --revocation-date 2026-01-15 \
    --invalidity-date 2026-01-10
  [ "$(state www revoked_at)" = 2026-01-15T00:00:00Z ]
  [ "$(state www invalidity_at)" = 2026-01-10T00:00:00Z ]
  before=$(ocsp-ca events)
  exits 0 ocsp-ca revoke www mail --reason keyCompromise
  # No other reason replaces one, keyCompromise least of all.
  for reason in unspecified superseded cACompromise; do
    exits 0 ocsp-ca revoke www --reason "$reason" --revocation-date 2026-01-01
  done
  [ "$before" = "$(ocsp-ca events)" ]
  [ "$(state www reason)" = keyCompromise ]
}

@test "what is revoked for good is never put on hold or released" {
  lab
  ocsp-ca revoke www --reason keyCompromise
  before=$(ocsp-ca events)
  for command in 'hold www' 'release www' 'revoke www --reason 6'; do
    # shellcheck disable=SC2086 # words
    exits 78 ocsp-ca $command
    [[ $output == *"www: is revoked "*" keyCompromise, for good"* ]]
    [[ $output == *"RFC 5280 section 5.3.1"* ]]
  done
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "a hold that becomes a revocation keeps its date, or an earlier one" {
  lab
  ocsp-ca clock freeze 2027-01-01
  ocsp-ca hold www mail
  ocsp-ca clock freeze 2027-02-01
  ocsp-ca revoke www --reason superseded
  ocsp-ca revoke mail --reason superseded --revocation-date 2026-12-01
  [ "$(state www revoked_at)" = 2027-01-01T00:00:00Z ]
  [ "$(state mail revoked_at)" = 2026-12-01T00:00:00Z ]
}

@test "a revocation may be dated back, never ahead" {
  lab
  ocsp-ca revoke www --revocation-date 2026-01-02T03:04:05Z \
    --invalidity-date 2026-01-01
  [ "$(state www revoked_at)" = 2026-01-02T03:04:05Z ]
  [ "$(state www invalidity_at)" = 2026-01-01T00:00:00Z ]
  for option in --revocation-date --invalidity-date; do
    exits 64 ocsp-ca revoke mail "$option" +1h
    [[ $output == *"$option '+1h': in the future"* ]]
    exits 64 ocsp-ca revoke mail "$option" yesterday
    [[ $output == *"$option: 'yesterday' is not a time"* ]]
    exits 64 ocsp-ca revoke mail "$option" 1970-01-01
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 0 ocsp-ca status mail
}

@test "a revocation may begin before the certificate does" {
  lab
  ocsp-ca revoke www --revocation-date 1999-12-31
  [ "$(state www revoked_at)" = 1999-12-31T00:00:00Z ]
  ocsp-ca crl --out - | openssl crl -noout -text |
    grep -q 'Revocation Date: Dec 31 00:00:00 1999 GMT'
}

@test "hold and release, and again" {
  lab
  ocsp-ca hold www
  exits 1 ocsp-ca status www
  [ "$(state www status)" = hold ]
  [ "$(state www reason)" = certificateHold ]
  exits 0 ocsp-ca hold www
  ocsp-ca release www
  exits 0 ocsp-ca status www
  exits 0 ocsp-ca release www
  [ "$(state www revoked_at)" = "" ]
}

@test "a held certificate can be revoked for good" {
  lab
  ocsp-ca hold www
  ocsp-ca revoke www --reason keyCompromise
  [ "$(state www status)" = revoked ]
  exits 78 ocsp-ca release www
  [[ $output == *"cannot be released"* ]]
  exits 78 ocsp-ca hold www
  [ "$(state www reason)" = keyCompromise ]
}

@test "several are revoked all or none" {
  lab
  before=$(ocsp-ca events)
  exits 72 ocsp-ca revoke www mail nobody
  [ "$before" = "$(ocsp-ca events)" ]
  ocsp-ca revoke www mail --json >out
  [ "$(wc -l <out)" -eq 2 ]
  exits 1 ocsp-ca status mail
  exits 78 ocsp-ca hold ca1 www
  exits 0 ocsp-ca status ca1
}

@test "list shows every certificate with its status" {
  lab
  ocsp-ca revoke www --reason superseded
  ocsp-ca list | grep -E '^www +ca1 .* revoked .* superseded$'
  ocsp-ca list | grep -E '^mail +ca1 .* good$'
  ocsp-ca list | grep -E '^ca1 +root .* good$'
  ocsp-ca list --json | python3 -c '
import json, sys
rows = {r["name"]: r for r in json.load(sys.stdin)}
assert rows["www"]["status"] == "revoked", rows
assert rows["mail"]["status"] == "good", rows'
  [ "$(ocsp-ca list --ca root --json | grep -c '"name":"www"')" -eq 0 ]
}

@test "list, show, status and events only read: a revocation by others shows" {
  lab
  before=$(sha256sum lab/ca.db)
  ocsp-ca list
  ocsp-ca show www
  ocsp-ca status www
  ocsp-ca events
  [ "$before" = "$(sha256sum lab/ca.db)" ]
}

@test "every change has an event with the next number" {
  lab
  last=$(ocsp-ca events --json | tail -1 | field seq)
  ocsp-ca revoke www
  ocsp-ca hold mail
  ocsp-ca release mail
  ocsp-ca events --since "$last" --json >out
  [ "$(wc -l <out)" -eq 3 ]
  [ "$(sed -n 1p out | field kind)" = revoke ]
  [ "$(sed -n 2p out | field name)" = mail ]
  [ "$(sed -n 3p out | field seq)" -eq $((last + 3)) ]
  [ -z "$(ocsp-ca events --since $((last + 3)))" ]
}

@test "a revocation does not go by the clock" {
  lab
  ocsp-ca revoke www
  ocsp-ca clock set 2020-01-01
  exits 1 ocsp-ca status www
}

@test "8 processes revoke at once: each waits for its turn" {
  lab
  mapfile -t names < <(seq -f n%.0f 40)
  ocsp-ca issue "${names[@]}"
  pids=()
  for worker in 0 1 2 3 4 5 6 7; do
    (for i in 1 2 3 4 5; do
      ocsp-ca revoke "n$((worker * 5 + i))" || exit
    done) >"$worker.log" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ "$(ocsp-ca list --json | grep -c '"status":"revoked"')" -eq 40 ]
}
