#!/usr/bin/env bats
# ocsp-ca list: filters, columns, a million rows; and show.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  ocsp-ca init --temporary --depth 2 --dir base
  ocsp-ca clock freeze 2027-01-01 --dir base
  ocsp-ca issue www www2 mail n1 n2 nx --dir base --days 30
  ocsp-ca issue short late --dir base --days 1
  ocsp-ca issue top --ca root --dir base
  ocsp-ca revoke www2 late --reason superseded --dir base
  ocsp-ca hold mail --dir base
  ocsp-ca clock freeze 2027-01-03 --dir base
}

lab() {
  cp -a "$BATS_FILE_TMPDIR/base" lab
}

# names OPTION... : of those that are listed, sorted, in text and JSON alike.
names() {
  local text json
  text=$(ocsp-ca list "$@" | tail -n +2 | grep -v '^CN' | cut -d' ' -f1 | sort)
  json=$(ocsp-ca list "$@" --json | /usr/bin/python3 -c 'import json, sys
print("\n".join(sorted(r["name"] for r in json.load(sys.stdin) if r["name"])))')
  [ "$text" = "$json" ]
  # Those without a name count too.
  [ "$(ocsp-ca list "$@" --count)" -eq \
    "$(ocsp-ca list "$@" --json | grep -c serial || true)" ]
  xargs <<<"$text"
}

@test "all, in order of issue, with the columns people look for" {
  lab
  run --separate-stderr ocsp-ca list
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^NAME\ +CA\ +EXPIRES\ +SERIAL\ +STATUS ]]
  grep -E '^www +ca1 +2027-01-31T00:00:00Z [0-9a-f]{32} good$' <<<"$output"
  grep -E '^www2 +ca1 .* revoked 2027-01-01T00:00:00Z superseded$' <<<"$output"
  grep -E '^mail +ca1 .* hold 2027-01-01T00:00:00Z$' <<<"$output"
  grep -E '^short +ca1 +2027-01-02T00:00:00Z [0-9a-f]{32} good, expired$' <<<"$output"
  grep -E '^late +ca1 .* superseded, expired$' <<<"$output"
  grep -E '^CN=.* +ca1 .* good' <<<"$output"
  [ "$(ocsp-ca list --json | sed -n 's/.*"name":"\([^"]*\)".*/\1/p' | xargs)" = \
    "ca1 www www2 mail n1 n2 nx short late top" ]
}

@test "a CA of a long name does not move the columns" {
  lab
  ocsp-ca add-ca a-rather-long-name >/dev/null
  ocsp-ca issue one --ca a-rather-long-name >/dev/null
  ocsp-ca list '[ow][nw][ew]' | grep -o '^[^ ]* *[^ ]* *' >out
  [ "$(wc -l <out)" -eq 3 ]
  [ "$(awk '{ print length }' out | sort -u | wc -l)" -eq 1 ]
}

@test "--status: good, revoked, hold, expired" {
  lab
  [ "$(names --status good)" = "ca1 n1 n2 nx top www" ]
  [ "$(names --status revoked)" = "late www2" ]
  [ "$(names --status hold)" = "mail" ]
  [ "$(names --status expired)" = "late short" ]
  ocsp-ca list --status expired --json | grep -c '"expired":true' | grep -qx 2
  for status in '' Good bad 'good '; do
    exits 64 ocsp-ca list --status "$status"
    [[ $output == *"choose good, revoked, hold or expired" ]]
  done
}

@test "the last second of a certificate is still its own" {
  lab
  ocsp-ca clock freeze 2027-01-02T00:00:00Z
  [ "$(names --status expired)" = "" ]
  run ! grep ', expired' <<<"$(ocsp-ca list)"
  ocsp-ca clock advance 1s
  [ "$(names --status expired)" = "late short" ]
  [ "$(ocsp-ca list | grep -c ', expired$')" -eq 2 ]
}

@test "globs of names, several of them too" {
  lab
  [ "$(names 'www*')" = "www www2" ]
  [ "$(names www)" = "www" ]
  [ "$(names 'n?')" = "n1 n2 nx" ]
  [ "$(names 'n[0-9]')" = "n1 n2" ]
  [ "$(names 'n[!0-9]')" = "nx" ]
  [ "$(names 'n[0-9]' 'w*2' mail)" = "mail n1 n2 www2" ]
  [ "$(names 'n*' 'n1')" = "n1 n2 nx" ]
  [ "$(names WWW)" = "" ]
  [ "$(names '*')" = "ca1 late mail n1 n2 nx short top www www2" ]
  run --separate-stderr ocsp-ca list 'nobody*'
  [ "$status" -eq 0 ] && [ -z "$output" ]
  [ "$(ocsp-ca list 'nobody*' --json)" = "[]" ]
  [ "$(ocsp-ca list 'nobody*' --count)" = 0 ]
}

@test "--ca, --expires-before, all together" {
  lab
  [ "$(names --ca root)" = "ca1 top" ]
  [ "$(names --expires-before 2027-01-02T00:00:01Z)" = "late short" ]
  [ "$(names --expires-before 2027-01-02T00:00:00Z)" = "" ]
  [ "$(names --expires-before +60d --ca root)" = "" ]
  [ "$(names --expires-before +60d 'w*' --status good --ca ca1)" = "www" ]
  [ "$(names --expires-before 1970-01-01)" = "" ]
  exits 72 ocsp-ca list --ca nobody
  exits 64 ocsp-ca list --expires-before soon
  [[ $output == *"--expires-before: 'soon'"* ]]
  exits 64 ocsp-ca list --count=1
  [ "$(ocsp-ca list --count --json)" = "{\"count\":$(ocsp-ca list --count)}" ]
}

@test "20,000 rows in little memory" {
  lab
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
ca, = c.execute("select id from ca where name = ?", ("ca1",)).fetchone()
for i in range(20000):
    serial = (1 << 80 | i).to_bytes(16, "big")
    row = c.execute("insert into issued (ca, serial, subject, not_before)"
                    " values (?, ?, ?, 1)", (ca, serial, "CN=x")).lastrowid
    c.execute("insert into cert (ca, serial, status, not_after, version,"
              " issued) values (?, ?, 0, 4e9, 1, ?)", (ca, serial, row))
c.commit()'
  limited() (
    ulimit -v 65536
    exec "$@"
  )
  [ -z "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}" ] || skip "a sanitizer needs room"
  for option in '' --json '--status good' '--expires-before 2200-01-01' '*'; do
    # shellcheck disable=SC2086 # words
    limited ocsp-ca list $option >out
  done
  [ "$(ocsp-ca list --count)" -gt 20000 ]
}

@test "a note on standard error for a signer near its end" {
  lab
  run --separate-stderr ocsp-ca list
  # shellcheck disable=SC2154 # bats sets it
  [ -z "$stderr" ]
  end=$(ocsp-ca list --json | /usr/bin/python3 -c 'import json, sys
print(next(r["not_after"] for r in json.load(sys.stdin)
           if not r["name"] and r["ca"] == "ca1"))')
  ocsp-ca clock freeze "$end"
  ocsp-ca clock advance -1h
  run --separate-stderr ocsp-ca list
  [ "$status" -eq 0 ]
  [ "${#stderr_lines[@]}" -ge 1 ]
  [[ $stderr == *"OCSP signer of "*"signer list"* ]]
}
