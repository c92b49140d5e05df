#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder's status listener: /requests, /healthz, /metrics.

load helper
load responder

# requests QUERY : their JSON.
requests() {
  curl -sS "$status_url/requests?$1"
}

@test "each request is told: method, certIDs, nonce, answer and why" {
  lab
  respond
  serial=$(openssl x509 -in "$C" -noout -serial)
  serial=${serial#*=}
  ask request --hash sha256 --nonce 0a0b "$C" "$I" >q.der
  post q.der
  requests since=0 >told
  [ "$(field last <told)" = 1 ]
  [ "$(field requests.0.seq <told)" = 1 ]
  [ "$(field requests.0.method <told)" = POST ]
  [ "$(field requests.0.nonce <told)" = 0a0b ]
  [ "$(field requests.0.status <told)" = successful ]
  [ "$(field requests.0.verdict <told)" = good ]
  [ "$(field requests.0.cached <told)" = false ]
  [ "$(field requests.0.certids.0.serial <told)" = "${serial,,}" ]
  [ "$(field requests.0.certids.0.hash <told)" = sha256 ]
  [ "$(field requests.0.certids.0.ca <told)" = root ]
  [ "$(field requests.0.why <told)" = 'issued by Lab Root (CA root), not revoked' ]
}

@test "what went wrong is told in words" {
  lab
  respond
  ask request --flip key "$C" "$I" >q.der
  get q.der
  ask request --serial 7123456789 "$C" "$I" >q.der
  get q.der
  get q.der
  ask request --nonce "$(printf 'a5%.0s' $(seq 200))" "$C" "$I" >q.der
  post q.der
  curl -sS "$url/favicon.ico" -o r.der
  requests since=0 >told
  [[ $(field requests.0.why <told) = *'older CA key'* ]]
  [ "$(field requests.0.status <told)" = unauthorized ]
  [ "$(field requests.1.why <told)" = 'serial never issued by Lab Root (CA root)' ]
  [ "$(field requests.2.cached <told)" = true ]
  [ "$(field requests.2.why <told)" = 'serial never issued by Lab Root (CA root)' ]
  [[ $(field requests.3.why <told) = *200* ]]
  [[ $(field requests.4.why <told) = *'not base64'* ]]
  [ "$(grep -c 'info answer' responder.log)" -eq 5 ]
}

@test "of several certIDs each has its own why, and the odd one the word" {
  lab
  respond
  ocsp-ca issue other >/dev/null
  ocsp-ca revoke other --reason superseded >/dev/null
  openssl req -new -x509 -subj /CN=stray -set_serial 0x7123456789abcdef \
    -CA lab/ca/root/cert.pem -CAkey lab/ca/root/key.pem \
    -key lab/certs/www/key.pem -out stray.pem
  ask request "$C" "$I" stray.pem "$I" lab/certs/other/cert.pem "$I" >q.der
  post q.der
  requests since=0 >told
  [[ $(field requests.0.certids.0.why <told) = *'not revoked' ]]
  [[ $(field requests.0.certids.1.why <told) = 'serial never issued by Lab Root'* ]]
  [[ $(field requests.0.certids.2.why <told) = 'revoked at '*': superseded' ]]
  [[ $(field requests.0.why <told) = 'serial never issued'* ]]
  [ "$(field requests.0.verdict <told)" = several ]
}

@test "min=N returns when so many have come, not before" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  requests 'since=1&min=2&timeout=60s' >told &
  waiter=$!
  post q.der
  kill -0 "$waiter"
  post q.der
  wait "$waiter"
  [ "$(field last <told)" = 3 ]
  [ "$(field requests.1.seq <told)" = 3 ]
}

@test "serial=HEX waits for that certificate only" {
  lab
  ocsp-ca issue other >/dev/null
  respond
  serial=$(openssl x509 -in lab/certs/other/cert.pem -noout -serial)
  ask request "$C" "$I" >q.der
  ask request lab/certs/other/cert.pem "$I" >q2.der
  requests "serial=${serial#*=}&min=1&timeout=60s" >told &
  waiter=$!
  post q.der
  post q2.der
  wait "$waiter"
  [ "$(field requests.0.seq <told)" = 2 ]
  [ "$(requests "serial=00:${serial#*=}" | field requests.0.seq)" = 2 ]
  [ "$(requests "serial=1234" | field requests)" = '[]' ]
}

@test "many waiters, each gets its own answer" {
  lab
  respond
  ask request "$C" "$I" >q.der
  for i in $(seq 20); do
    requests "min=$i&timeout=60s" >"told.$i" &
    waiters[i]=$!
  done
  for _ in $(seq 20); do post q.der; done
  for i in $(seq 20); do
    wait "${waiters[i]}"
    [ "$(field "requests.$((i - 1)).seq" <"told.$i")" = "$i" ]
  done
}

@test "at the timeout it returns with what there is" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  requests 'min=5&timeout=50ms' >told
  [ "$(field last <told)" = 1 ]
  [ "$(field requests.0.seq <told)" = 1 ]
}

@test "a query that makes no sense gets 400, other paths 404" {
  lab
  respond
  for q in since=x min=-1 timeout=soon serial=xyz serial= min=99999999; do
    [ "$(curl -sS -o /dev/null -w '%{http_code}' \
      "$status_url/requests?$q")" = 400 ]
  done
  [ "$(curl -sS -o /dev/null -w '%{http_code}' "$status_url/x")" = 404 ]
  [ "$(curl -sS -o /dev/null -w '%{http_code}' -d x \
    "$status_url/healthz")" = 405 ]
}

@test "only the last 10,000 are kept" {
  lab
  respond
  ask request "$C" "$I" >q.der
  /usr/bin/python3 - "$url" "$(get_path q.der)" <<'PY'
import http.client, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
c = http.client.HTTPConnection(u.hostname, u.port)
for _ in range(10005):
    c.request("GET", "/" + sys.argv[2])
    c.getresponse().read()
PY
  requests since=3 >told
  [ "$(field last <told)" = 10005 ]
  [ "$(field requests.0.seq <told)" = 6 ]
  [ "$(requests since=10004 | field requests.0.seq)" = 10005 ]
  [ "$(requests since=18446744073709551615 | field requests)" = '[]' ]
}

@test "healthz reads the database and signs for each CA" {
  lab --depth 2
  respond
  curl -sSf "$status_url/healthz" >health
  [ "$(field healthy <health)" = true ]
  [ "$(field database.ok <health)" = true ]
  [ "$(field cas.1.ca <health)" = ca1 ]
  [ "$(field cas.1.signs <health)" = true ]
}

@test "each line of the metrics is one that Prometheus reads, once" {
  lab --depth 2
  respond
  ask request --nonce aa "$C" "$I" >q.der
  for _ in 1 2 3; do post q.der; done
  curl -sS "$status_url/metrics" >m
  run -1 grep -vE '^(# (HELP|TYPE) [a-z_]+ [^ ].*|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+)$' m
  [ -z "$(grep -v '^#' m | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
  # A histogram goes up to its count.
  sed -n 's/^ocsp_responder_signing_seconds_bucket.* //p' m >buckets
  sort -nc buckets
  [ "$(tail -n 1 buckets)" -eq 3 ]
  seq=$(sed -n 's/^ocsp_responder_generation //p' m)
  ocsp-ca revoke www >/dev/null
  curl -sS "$status_url/metrics" >m
  [ "$(sed -n 's/^ocsp_responder_generation //p' m)" -eq $((seq + 1)) ]
  grep -q '^ocsp_responder_time_seconds [0-9]' m
}

@test "metrics count by method, status and cache" {
  lab
  respond
  ask request "$C" "$I" >q.der
  post q.der
  get q.der
  get q.der
  curl -sS "$url/junk!" -o r.der
  curl -sS -X PUT "$url/" -o r.der
  curl -sS "$status_url/metrics" >m
  p=ocsp_responder_
  grep -qx "${p}requests_total{method=\"POST\",status=\"successful\",cache=\"miss\"} 1" m
  grep -qx "${p}requests_total{method=\"GET\",status=\"successful\",cache=\"hit\"} 2" m
  grep -qx "${p}requests_total{method=\"GET\",status=\"malformedRequest\",cache=\"none\"} 1" m
  grep -qx "${p}signatures_total 1" m
  grep -qx "${p}signing_seconds_count 1" m
  grep -qx "${p}signing_seconds_bucket{le=\"+Inf\"} 1" m
  grep -qE "^${p}signing_seconds_sum 0\.[0-9]*[1-9]" m
  grep -qx "${p}http_refused_total 1" m
  grep -qx "${p}cache_entries 1" m
}
