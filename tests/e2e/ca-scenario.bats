#!/usr/bin/env bats
# 'ocsp-ca scenario': the catalogue, what is set on what, and what is refused.

load helper

# www : a lab with that certificate
www() {
  ocsp-ca init >/dev/null
  ocsp-ca issue www >/dev/null
}

@test "the catalogue: a line each, and with --json a record each" {
  run -0 ocsp-ca scenario list
  [[ $output == *"time"*"  expired  "*"nextUpdate has passed"* ]]
  ocsp-ca scenario list --json >list
  [ "$(wc -l <list)" -ge 100 ]
  /usr/bin/python3 - <<'PY'
import json
rows = [json.loads(line) for line in open("list")]
names = [n for r in rows for n in [r["name"], *r["aliases"]]]
assert len(names) == len(set(names))
by_name = {r["name"]: r for r in rows}
assert by_name["good"]["made"] is True
expired = by_name["expired"]
assert expired["aliases"] == ["stale"] and expired["layer"] == "time"
assert expired["expect"]["file"]["verdict"] == "untrusted"
assert expired["params"][0]["name"] == "ago"
unknown = by_name["unknown"]["expect"]["get"]["accepted"]
assert unknown == {"strict": False, "must-staple": False, "soft-fail": True}
assert by_name["http-404"]["expect"]["file"] is None
PY
}

@test "the list of one says all about it, by its alias too" {
  run -0 ocsp-ca scenario list stale
  [[ $output == "expired: "*"ago=duration (default 1d)"* ]]
  run -64 --separate-stderr ocsp-ca scenario list stael
  [ "$stderr" = "ocsp-ca: no scenario 'stael': did you mean 'stale'?" ]
}

@test "the list of a layer has its scenarios and no others" {
  run -0 ocsp-ca scenario list extension
  [ "${lines[0]}" = extension ]
  [[ $output == *"  nonce-wrong  "* && $output != *"  expired  "* ]]
  for name in 'response status' response-status 'Response Status'; do
    ocsp-ca scenario list "$name" --json >list
    [ "$(sed 's/.*"layer":"\([^"]*\)".*/\1/' list | sort -u)" = 'response status' ]
  done
  [ "$(ocsp-ca scenario list --json | wc -l)" -eq "$(for layer in $(ocsp-ca \
    scenario list | sed -n 's/ /-/g; /^[A-Za-z]/p' | grep -vx none); do
    ocsp-ca scenario list "$layer" --json
  done | sed '$a good' | wc -l)" ]
  # A name that is both is the scenario.
  run -0 ocsp-ca scenario list none
  [[ $output == "none: the server staples nothing"* ]]
  [[ $output == *"goes on  strict: get, post, file; must-staple: staple, "* ]]
  exits 64 ocsp-ca scenario list nolayer
  exits 64 ocsp-ca scenario list time --format man
}

@test "what is set is shown, most general first, until it is cleared" {
  www
  ocsp-ca scenario set www good
  ocsp-ca scenario set --ca root good
  ocsp-ca scenario set --all good --times 3
  run -0 ocsp-ca scenario active
  [ "$output" = 'all: good, for 3 answers
CA root: good
www: good' ]
  ocsp-ca scenario active --json >active
  [ "$(tail -n 1 active | field name)" = www ]
  ocsp-ca show www | grep -qx 'scenario      good'
  [ "$(ocsp-ca show www --json | field scenario)" = good ]
  run -0 ocsp-ca scenario clear www
  [ "$output" = '1 cleared' ]
  [ "$(ocsp-ca show www --json | field scenario)" = '' ]
  run -0 ocsp-ca scenario clear www
  [ "$output" = '0 cleared' ]
  run -0 ocsp-ca scenario clear --all
  [ "$output" = '2 cleared' ]
  run -0 ocsp-ca scenario active
  [ "$output" = 'no scenario is set' ]
}

@test "each set and clear is in the trail" {
  www
  ocsp-ca scenario set www good --times 2
  ocsp-ca scenario clear www
  run -0 ocsp-ca events --since 4
  [[ ${lines[0]} == *" scenario root www "*" good, 2 times" ]]
  [[ ${lines[1]} == *" scenario root www "*" clear" ]]
}

@test "a wrong name, place or number is a usage error that says what is right" {
  www
  local words
  while read -r words; do
    # shellcheck disable=SC2086
    exits 64 ocsp-ca scenario $words
  done <<'WORDS'
set www expird
set www expired:ago=soon
set www good --times 0
set www good --all
set good
set --all --ca root good
set www
clear
frobnicate

WORDS
  exits 72 ocsp-ca scenario set nobody good
  exits 72 ocsp-ca scenario set --ca nobody good
  run -0 ocsp-ca scenario active
  [ "$output" = 'no scenario is set' ]
}

@test "a lab without faults refuses, and so does issue" {
  export OCSP_LAB_DIR=$T/clean
  ocsp-ca init --no-faults >/dev/null
  ocsp-ca issue www >/dev/null
  exits 78 ocsp-ca scenario set www good
  exits 78 ocsp-ca scenario set --all good
  exits 78 ocsp-ca issue other --scenario good
  exits 72 ocsp-ca show other
}

@test "all of the catalogue happens" {
  ocsp-ca scenario list --json >all
  [ "$(grep -c '"made":true' all)" -ge 120 ]
  run ! grep '"made":false' all
}

@test "what a certificate must have for a staple's scenario, it must have" {
  www
  run -64 --separate-stderr ocsp-ca scenario set www must-staple-missing
  [[ $stderr == *"ocsp-ca issue NAME --must-staple"* ]]
  run -64 --separate-stderr ocsp-ca scenario set www wrong-key-type
  [[ $stderr == *"ocsp-ca issue NAME --scenario wrong-key-type"* ]]
  exits 64 ocsp-ca scenario set --all wrong-key-type
  exits 64 ocsp-ca scenario set --ca root must-staple-good
  ocsp-ca issue ms --scenario must-staple-missing
  ocsp-ca scenario set ms must-staple-revoked
  # The twin has the same names and another kind of key.
  ocsp-ca issue ec --scenario wrong-key-type
  ocsp-ca issue rsa --algorithm rsa2048 --scenario wrong-key-type
  [ "$(ocsp-ca scenario active | grep -c ': wrong-key-type$')" = 4 ]
  ocsp-ca scenario set ec-rsa wrong-key-type
  for name in ec ec-rsa rsa rsa-ecdsa; do
    openssl x509 -in "lab/certs/$name/cert.pem" -noout -ext subjectAltName \
      >"$name.names"
    openssl x509 -in "lab/certs/$name/cert.pem" -noout -text |
      sed -n 's/.*Public Key Algorithm: //p' >"$name.key"
  done
  cmp ec.names ec-rsa.names
  cmp rsa.names rsa-ecdsa.names
  cmp ec.key rsa-ecdsa.key
  cmp rsa.key ec-rsa.key
}

@test "issue --scenario: the certificate has it from the beginning" {
  www
  ocsp-ca issue a b --scenario good
  [ "$(ocsp-ca scenario active | sort)" = 'a: good
b: good' ]
}

@test "issue --scenario is one change: with its scenario, or not at all" {
  www
  ocsp-ca issue own --scenario self-signed-by-leaf >/dev/null
  grep -q 'PRIVATE KEY' lab/responder/*
  mv lab/responder away
  touch lab/responder
  for words in 'a b --scenario delegated-no-eku' '--scenarios delegated-no-eku' \
    'c --count 2 --no-files --scenario expired'; do
    # shellcheck disable=SC2086 # words
    exits 74 ocsp-ca issue $words
  done
  rm lab/responder
  mv away lab/responder
  ocsp-ca list >list
  ! grep -qE '^(a|b|c-1|delegated-no-eku) ' list || false
  [ "$(ls lab/certs)" = "$(printf 'own\nwww')" ]
  [ -z "$(ls -A lab/certs/.new)" ]
  [ "$(ocsp-ca scenario active)" = 'own: self-signed-by-leaf' ]
  ocsp-ca issue c --count 2 --no-files --scenario expired >/dev/null
  exits 64 ocsp-ca issue d --count 2 --no-files --scenario self-signed-by-leaf
}

@test "the pages: Markdown, and one that mandoc reads without a warning" {
  ocsp-ca scenario list --format markdown >page.md
  grep -q '^| `expired` (stale) |' page.md
  ocsp-ca scenario list --format man >page.7
  cmake -DCMAKE_INSTALL_PREFIX="$T/to" -DCMAKE_INSTALL_LOCAL_ONLY=1 \
    -P "$OCSP_LAB_BUILD/ca-tools/cmake_install.cmake" >log 2>&1
  cmp to/share/man/man7/ocsp-lab-scenarios.7 page.7
  command -v mandoc >/dev/null || skip "needs mandoc"
  [ -z "$(mandoc -T lint -W warning page.7)" ]
  mandoc -T utf8 page.7 | col -b | grep -q 'nextUpdate has passed'
  # All that the catalogue knows of each stands in both.
  mandoc -T utf8 -O width=1000 page.7 | col -bx >page.txt
  ocsp-ca scenario list --json >list
  /usr/bin/python3 - <<'PY'
import json
import re

def plain(text):
    return " ".join(text.replace("\u2010", "-").replace("\u2019", "'").split())

man, current = {}, None
for line in open("page.txt", encoding="utf-8"):
    name = re.match(r" {7}([a-z0-9-]+)( .*)?$", line.rstrip())
    if name:
        current = name[1]
        man[current] = name[2] or ""
    elif current:
        man[current] += " " + line
rows = {line.split("`")[1]: plain(line) for line in open("page.md", encoding="utf-8")
        if line.startswith("| `")}
listed = [json.loads(line) for line in open("list", encoding="utf-8")]
assert len(listed) >= 100 and set(rows) == {row["name"] for row in listed}
for row in listed:
    words = [row["wrong"], row["ref"], row["basis"], *row["aliases"]]
    words += [f"{c} {e['verdict']}" if len({
        v and v["verdict"] for v in row["expect"].values()}) > 1 else e["verdict"]
        for c, e in row["expect"].items() if e]
    for param in row["params"]:
        words += [param["name"], param["meaning"], param["default"],
                  *param.get("words", [])]
    for word in words:
        assert plain(word) in rows[row["name"]], (row["name"], word)
        assert plain(word) in plain(man[row["name"]]), (row["name"], word)
PY
}
