#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder's log, as text and as lines of JSON.

load helper
load responder

# line N KEY : of the lines about answers in the log.
line() {
  grep '"subsystem":"answer"' log | sed -n "${1}p" | field "$2"
}

@test "text: a line for what is neither good nor revoked, with its why" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  ask request --serial 7123456789 "$C" "$I" >q.der
  get q.der
  get q.der -I
  [ "$(grep -c ' answer ' responder.log)" -eq 2 ]
  grep -q 'info answer method=GET status=successful verdict=unknown cache=miss serial=7123456789 why="serial never issued by Lab Root (CA root)"$' responder.log
  grep -q 'answer method=HEAD .*cache=hit' responder.log
}

@test "--log-format json: an object a line, and one for each request" {
  lab
  respond --log log --log-format json
  ask request "$C" "$I" >q.der
  post q.der
  post q.der
  ocsp-ca revoke www >/dev/null
  post q.der
  ask request --flip key "$C" "$I" >q.der
  post q.der
  curl -sS "$url/a%22%5c%0a%ff" -o r.der
  # Every line, whoever reads it.
  python3 - <<'PY'
import json
for text in open("log"):
    line = json.loads(text)
    assert line["at"].endswith("Z") and line["level"] and line["subsystem"]
PY
  [ "$(grep -c '"subsystem":"answer"' log)" -eq 5 ]
  [ "$(line 1 verdict)" = good ]
  [ "$(line 1 cache)" = miss ]
  [ "$(line 2 cache)" = hit ]
  [ "$(line 3 verdict)" = revoked ]
  [[ $(line 3 why) = 'revoked at '* ]]
  serial=$(openssl x509 -in "$C" -noout -serial)
  serial=${serial#*=}
  [ "$(line 3 serial)" = "${serial,,}" ]
  [ "$(line 4 status)" = unauthorized ]
  [ "$(line 4 verdict)" = none ]
  [[ $(line 4 why) = *'older CA key?' ]]
  [ "$(line 5 status)" = malformedRequest ]
  [ "$(line 5 serial)" = '' ]
  head -n 1 log | field threads | grep -qx '[0-9]*'
  [ "$(head -n 1 log | field text)" = serving ]
}

@test "JSON lines: SIGHUP opens the file anew, nothing is lost" {
  lab
  respond --log log --log-format json
  mv log log.1
  kill -HUP "$pid"
  until [ -s log ]; do :; done
  curl -sS "$url/junk!" >/dev/null
  [ "$(line 1 status)" = malformedRequest ]
  ! grep -q malformedRequest log.1 || return 1
}

@test "JSON lines on standard error, of many threads, never mix" {
  lab
  respond --log-format json --threads 4
  ask request "$C" "$I" >q.der
  path=$(get_path q.der)
  for _ in 1 2 3 4; do
    curl -sS "$url/$path?n=[1-100]" -o /dev/null &
    curls+=($!)
  done
  wait "${curls[@]}"
  [ "$(grep -c '"verdict":"good"' responder.log)" -eq 400 ]
  python3 -c 'import json
for text in open("responder.log"):
    json.loads(text)'
}

@test "a word that is neither text nor json, a folder for a log" {
  lab
  exits 64 ocsp-responder --log-format xml
  grep -q -- "--log-format: 'xml' is none of text, json" <<<"$output"
  for format in text json; do
    exits 74 ocsp-responder --listen 127.0.0.1:0 --log lab --log-format $format
    grep -q 'cannot open the log' <<<"$output"
  done
}
