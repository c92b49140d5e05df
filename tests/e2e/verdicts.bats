#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016 # for the shells of the clients
# ocsp-lab verdicts: a client is told what it accepts and should not.  A small
# lab for all tests of the file.

load helper

SCENARIOS="good revoked unknown expired multi revoked-future md5-signature http-404"

setup_file() {
  export LAB=$BATS_FILE_TMPDIR/lab
  ocsp-lab up --dir "$LAB" --owner none --depth 2 --verify off \
    --on-missing serve >/dev/null
  for name in $SCENARIOS; do
    ocsp-ca issue "$name" --scenario "$name" --dir "$LAB"
  done >/dev/null
  ocsp-lab refresh --dir "$LAB" >/dev/null || true # 404
}

teardown_file() {
  ocsp-lab down --dir "$LAB"
}

verdicts() {
  ocsp-lab verdicts --dir "$LAB" "$@"
}

# It looks at nothing.
blind() {
  exits 1 verdicts "$@" -- true
}

checker=(ocsp-check '{addr}' --servername '{servername}' --ca '{ca}')

@test "ocsp-check is right by each channel" {
  exits 0 verdicts --policy soft-fail -- "${checker[@]}" --policy soft-fail
  [[ $output == *" 0 wrong, 7 right"* ]]
  exits 0 verdicts --channel get -- ocsp-check --cert '{cert}' \
    --issuer '{issuer}' --method get --no-nonce
  [[ $output == *" 0 wrong, 8 right"* ]]
  exits 0 verdicts --channel post -- ocsp-check --cert '{cert}' \
    --url '{ocsp_url}' --method post --nonce
  [[ $output == *" 0 wrong, 8 right"* ]]
  exits 0 verdicts --channel file -- ocsp-check --cert '{cert}' \
    --response '{response}'
  [[ $output == *" 0 wrong, 7 right"* ]]
}

@test "a client that accepts everything hears of each scenario that it should not" {
  blind
  for name in revoked unknown expired; do
    grep -q "^wrong  *$name: accepted, expected: refused (must: " <<<"$output"
  done
  grep -q '^weak  *md5-signature: ' <<<"$output"
  grep -q '^differs  *revoked-future: ' <<<"$output"
  grep -q ' 3 wrong, 1 weak, 1 differs, 2 right$' <<<"$output"
  [[ $output != *"multi: "* ]]
  blind --all
  grep -q '^right  *multi: accepted' <<<"$output"
}

@test "what a client says is shown where it does not accept, in 120 columns" {
  exits 1 verdicts --only multi,expired -- sh -c 'printf "page%0200d\n" 0
    test "$1" != multi' sh '{name}'
  grep -q '^wrong  *expired: accepted' <<<"$output"
  [ "$(grep -c '| page0' <<<"$output")" -eq 1 ]
  line=$(grep -A 2 '^wrong  *multi: refused' <<<"$output" | tail -n 1)
  [[ $line == "          | page0"*0... && ${#line} -eq 120 ]]
}

@test "what a policy leaves open is no fault" {
  blind --policy soft-fail --channel get
  grep -q '^wrong  *revoked: ' <<<"$output"
  grep -q '^differs  *expired: ' <<<"$output"
  [[ $output != *"unknown: "* && $output != *"http-404: "* ]]
  blind --policy must-staple --channel staple
  grep -q '^wrong  *expired: ' <<<"$output"
}

@test "a client that refuses what is good cannot be judged" {
  exits 76 verdicts -- false
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *"false: does not take what is good"*"refused (exit 1)" ]]
  exits 76 verdicts -- sh -c 'echo one; echo two >&2; exit 5'
  [[ $output == *"(exit 5): two" ]]
  exits 76 verdicts -- grep '{adr}' /dev/null
  [[ $output == *"(exit 1); {adr} is not filled in"* ]]
  exits 72 verdicts -- ./no-such-client
  [[ $output == *"cannot run ./no-such-client"* ]]
}

@test "a client that refuses too much hears of that" {
  exits 1 verdicts -- sh -c 'test "$1" = good' sh '{name}'
  grep -q '^wrong  *multi: refused (exit 1), expected: accepted' <<<"$output"
}

@test "a client that hangs is ended, with all that it has started" {
  exits 0 verdicts --only expired --timeout 3s -- sh -c '
    test "$1" = good && exit
    setsid tail -f /dev/null & echo $! >pids.of
    tail -f /dev/null & echo $! >>pids.of
    echo waiting; wait' sh '{name}'
  grep -qE '^weak  *expired: timeout \([0-9]+\.[0-9] s\)' <<<"$output"
  grep -q '| waiting$' <<<"$output"
  while read -r pid; do
    run -1 kill -0 "$pid"
  done <pids.of
}

@test "a client that leaves children behind keeps nobody waiting" {
  exits 0 verdicts --only good -- sh -c \
    'setsid tail -f /dev/null & echo $! >left; exit 0'
  run -1 kill -0 "$(<left)"
}

@test "a crash is wrong whatever is expected" {
  exits 1 verdicts --only expired -- sh -c \
    'test "$1" = good || kill -SEGV $$' sh '{name}'
  grep -q '^wrong  *expired: crashed (signal 11)' <<<"$output"
}

@test "what is flaky is shown" {
  exits 1 verdicts --only expired --repeat 4 --jobs 1 -- sh -c '
    test "$1" = good && exit 0
    test -e seen || { : >seen; exit 1; }' sh '{name}'
  grep -q '^wrong  *expired: accepted in 3 of 4 runs: flaky' <<<"$output"
}

@test "a client that is not here is skipped in each format" {
  set -- -- sh -c 'echo nope: not here; exit 200'
  exits 0 verdicts "$@"
  [ "$output" = "skipped: nope: not here" ]
  exits 0 verdicts --format tap "$@"
  [ "${lines[1]}" = "1..0 # SKIP nope: not here" ]
  [ "$(verdicts --json "$@" | field skipped)" = "nope: not here" ]
  verdicts --format junit "$@" | /usr/bin/python3 -c 'import sys
from xml.etree import ElementTree
assert ElementTree.parse(sys.stdin).getroot().get("tests") == "0"'
}

@test "JSON has every case with what was expected and what happened" {
  verdicts --format json -- true >out.json || [ $? -eq 1 ]
  /usr/bin/python3 -c 'import json
with open("out.json") as f:
    report = json.loads(f.read())
assert report["summary"] == {"wrong": 3, "weak": 1, "differs": 1, "right": 2, "skipped": 0}, report["summary"]
assert report["command"] == ["true"] and report["channel"] == "staple"
cases = {c["name"]: c for c in report["cases"]}
assert len(cases) == 7
c = cases["expired"]
assert (c["finding"], c["outcome"], c["exit"], c["expected"], c["basis"], c["verdict"]) == (
    "wrong", "accepted", 0, "refused", "must", "untrusted"), c
assert c["runs"] == {"accepted": 1} and c["ref"].startswith("RFC 6960")
assert "future" in report["left_out"] and "http-404" not in report["left_out"]'
}

@test "TAP has a plan, a line for each, and not ok where it is wrong" {
  verdicts --format tap -- sh -c 'printf "a # b\033[1m\n"
    test "$1" != multi' sh '{name}' >out || [ $? -eq 1 ]
  /usr/bin/python3 -c 'import re
lines = open("out").read().splitlines()
assert lines[0] == "TAP version 13" and lines[1] == "1..7", lines[:2]
tests = [m for m in (re.fullmatch(r"(not ok|ok) (\d+) - ([a-z0-9-]+): [^#]*( # SKIP)?", l)
                     for l in lines) if m]
assert [int(m[2]) for m in tests] == list(range(1, 8))
assert {m[3] for m in tests if m[1] == "not ok"} == {"revoked", "unknown", "expired", "multi"}
others = [l for l in lines[2:] if not re.match("(not )?ok ", l)]
assert all(l.startswith("# ") and l.isprintable() for l in others), others
assert others.count("# | a # b?[1m") == 1, others'
}

@test "JUnit is well-formed whatever the client prints" {
  verdicts --format junit -- sh -c 'printf "<&\">]]>\001\377\n"' >out || [ $? -eq 1 ]
  /usr/bin/python3 -c 'from xml.etree import ElementTree
suite = ElementTree.parse("out").getroot()
assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "3", "0")
failed = {c.get("name"): c.find("failure") for c in suite if c.find("failure") is not None}
assert set(failed) == {"revoked", "unknown", "expired"}, failed
assert "accepted, expected refused" in failed["expired"].get("message")
assert failed["expired"].text.rstrip().endswith("<&\">]]>??")'
}

@test "--only takes names, aliases and layers, and good is always tried" {
  verdicts --json --only stale,certificate-status -- "${checker[@]}" >out.json
  [ "$(/usr/bin/python3 -c 'import json
print(*(c["name"] for c in json.load(open("out.json"))["cases"]))')" = \
    "good revoked revoked-future unknown expired" ]
  exits 64 verdicts --only expired,no-such -- true
  [[ $output == *"no-such"* ]]
}

@test "the words of the command are filled in, and no shell reads them" {
  exits 0 verdicts --only good --all --format json -- printf '%s\n' \
    '{name}|{servername}|{host}|$HOME;`id`|{nothing}' '{ca}'
  field cases.0.output <<<"$output" >said
  diff said - <<<'good|good.localhost|127.0.0.1|$HOME;`id`|{nothing}
'"$LAB/root.pem"
  exits 64 verdicts -- cat '{response}'
}

@test "wrong usage is exit 64, no lab is 72" {
  exits 64 verdicts
  exits 64 verdicts --
  for option in --policy=hard --channel=dns --format=xml --jobs=0 --timeout=0 \
    --repeat=x --bogus; do
    exits 64 verdicts "$option" -- true
    [ "${#lines[@]}" -eq 1 ]
  done
  exits 72 ocsp-lab verdicts --dir "$T/none" -- true
}

@test "the lab of the environment serves, and stays" {
  OCSP_LAB_DIR=$LAB exits 0 ocsp-lab verdicts --only expired -- "${checker[@]}"
  ocsp-lab status --dir "$LAB" >/dev/null
}

@test "SIGTERM ends the clients and what they have started" {
  mkfifo up
  ocsp-lab verdicts --dir "$LAB" --only expired --timeout 1h -- sh -c '
    test "$1" = good && exit
    tail -f /dev/null & echo $! >up; wait' sh '{name}' >/dev/null 2>&1 3>&- &
  pid=$!
  echo "$pid" >>"$T/pids"
  read -r child <up
  halt "$pid"
  [ "$status" -eq 143 ]
  run -1 kill -0 "$child"
}

@test "without a lab it makes one with all scenarios, and takes it down" {
  unset OCSP_LAB_DIR
  exits 0 ocsp-lab verdicts --json -- "${checker[@]}"
  [ "$(field summary.wrong <<<"$output")" = 0 ]
  [ "$(field summary.right <<<"$output")" -ge 80 ]
  [ "$(field summary <<<"$output" | grep -o '[1-9][0-9]*' | wc -l)" -eq 1 ]
  [ -z "$(ls "$TMPDIR")" ]
}
