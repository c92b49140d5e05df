#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder behind caches, nginx and Varnish, which keep their own time;
# and nginx as one who asks.  Run by `sh tests/run.sh --all`.

load ../e2e/helper
load ../e2e/responder
load proxies

# ---- caches ----------------------------------------------------------------

# The tests of a cache; $1 is nginx or varnish.

hits() {
  lab
  in_front "$1"
  cached MISS q.der
  says singles.0.status good
  cp r.der first.der
  for _ in 1 2 3; do
    cached HIT q.der
    cmp r.der first.der
  done
  [ "$(asked)" -eq 1 ]
  get q.der -H "If-None-Match: $(header ETag)"
  head -n 1 head | grep -q ' 304 '
  get q.der -H "If-Modified-Since: $(header Last-Modified)"
  head -n 1 head | grep -q ' 304 '
  [ "$(asked)" -eq 1 ]
  post q.der
  cmp r.der first.der
  [ "$(asked)" -eq 2 ]
  openssl ocsp -issuer "$I" -cert "$C" -CAfile lab/root.pem -url "$url" \
    >said 2>&1
  grep -q "$C: good" said
  grep -q 'Response verify OK' said
}

# asked_again : a GET made the cache ask, and the responder said 304.
asked_again() {
  get q.der
  curl -sS "$status_url/requests" | grep -q '"http":304'
}

# The lab's clock stands still, so nothing is signed anew when max-age, which
# the cache counts in its own time, is over.
revalidates() {
  lab
  ocsp-ca clock freeze >/dev/null
  in_front "$1" --max-age 1s
  get q.der
  cp r.der first.der
  eventually asked_again
  cmp r.der first.der
  [ "$(curl -sS "$status_url/metrics" |
    sed -n 's/^ocsp_responder_signatures_total //p')" -eq 1 ]
  # Its old tag is worth nothing after a revocation.
  ocsp-ca revoke www >/dev/null
  eventually got revoked
}

# got WORD : a GET is answered so.
got() {
  get q.der
  [ "$(ask show r.der singles.0.status)" = "$1" ]
}

# RFC 9919 section 7.1: when max-age is over there is a new one.
renews() {
  lab
  in_front "$1" --max-age 1s
  get q.der
  first=$(ask show r.der produced_at)
  eventually newer
  says singles.0.status good
}

newer() {
  get q.der
  [[ $(ask show r.der produced_at) > $first ]]
}

# now : in microseconds.
now() {
  echo "${EPOCHREALTIME/[.,]/}"
}

# turns_revoked FILE BY : GETs until the answer is revoked; one that is sent
# after BY must be.
turns_revoked() {
  local sent
  while true; do
    sent=$(now)
    get "$1"
    [ "$(ask show r.der singles.0.status)" != revoked ] || return 0
    [ "$sent" -le "$2" ] || {
      echo "$1: sent $((sent - $2)) us too late, and still:" >&2
      cat head >&2
      return 1
    }
  done
}

# Nothing stale past max-age, here 2 s, and SLACK: neither for those who ask
# all the time, nor for who asks once, for whom a cache might have a new one
# fetched only then.
never_late() {
  local slack=$2
  lab
  ocsp-ca issue c1 c2 c3 c4 >/dev/null
  in_front "$1" --max-age 2s
  for n in 1 2 3 4; do
    ask request "lab/certs/c$n/cert.pem" "$I" >"q$n.der"
    eventually cached HIT "q$n.der"
    says singles.0.status good
    ocsp-ca revoke "c$n" >/dev/null
    by=$(($(now) + 2000000 + slack))
    post "q$n.der"
    says singles.0.status revoked
    if [ "$n" -gt 2 ]; then
      until [ "$(now)" -gt "$by" ]; do
        get q.der
      done
    fi
    turns_revoked "q$n.der" "$by"
    eventually cached HIT "q$n.der"
    says singles.0.status revoked
  done
}

uncached() {
  lab
  in_front "$1"
  ask request --nonce 00112233445566778899aabbccddeeff "$C" "$I" >nonce.der
  ask request --serial 7123456789abcdef "$C" "$I" >unknown.der
  for n in 1 2 3; do
    cached MISS nonce.der
    says singles.0.status good
    says nonce 00112233445566778899aabbccddeeff
    cp r.der "nonce.$n"
    cached MISS unknown.der
    says singles.0.status unknown
    [ "$(asked)" -eq $((2 * n)) ]
  done
  run -1 cmp -s nonce.1 nonce.2
  # The unknown one is issued: at once.
  ocsp-ca issue next >/dev/null
  ask request lab/certs/next/cert.pem "$I" >next.der
  get next.der
  says singles.0.status good
}

errors_pass() {
  lab
  in_front "$1"
  head -c 40 q.der >bad.der
  for _ in 1 2; do
    cached MISS bad.der
    is_error 1
    post bad.der
    is_error 1
  done
  [ "$(asked)" -eq 4 ]
  head -c 10000 /dev/zero >big
  post big
  is_error 1
  head -c 10001 /dev/zero >big
  post big
  head -n 1 head | grep -q ' 413 '
  curl -sS -D head -o page -X DELETE "$url/"
  head -n 1 head | grep -q ' 405 '
  [ "$(header Allow)" = 'GET, HEAD, POST' ]
  post q.der -H 'Transfer-Encoding: chunked'
  says singles.0.status good
  curl -sS "$url/" | grep -q 'openssl ocsp -url'
  # Behind it nobody: an error, and no old answer after max-age.
  halt "$responder"
  post q.der
  head -n 1 head | grep -q ' 50[0-9] '
}

@test "nginx: the second GET is a hit, and the cache answers 304" {
  needs nginx nginx-light
  hits nginx
}

@test "Varnish: the second GET is a hit, and the cache answers 304" {
  needs varnishd varnish
  hits varnish
}

@test "nginx: after max-age it asks by ETag and gets 304" {
  needs nginx nginx-light
  revalidates nginx
}

@test "Varnish: after max-age it asks by ETag and gets 304" {
  needs varnishd varnish
  revalidates varnish
}

@test "nginx: after max-age it hands out a new answer" {
  needs nginx nginx-light
  renews nginx
}

@test "Varnish: after max-age it hands out a new answer" {
  needs varnishd varnish
  renews varnish
}

# It counts in whole seconds, from the beginning of one to the end of another.
@test "nginx: revoked by POST at once, by GET within max-age and a second" {
  needs nginx nginx-light
  never_late nginx 1000000
}

@test "Varnish: revoked by POST at once, by GET within max-age" {
  needs varnishd varnish
  never_late varnish 0
}

@test "nginx: answers with a nonce and unknown are never kept" {
  needs nginx nginx-light
  uncached nginx
}

@test "Varnish: answers with a nonce and unknown are never kept" {
  needs varnishd varnish
  uncached varnish
}

@test "nginx: errors and limits come through, and are never kept" {
  needs nginx nginx-light
  errors_pass nginx
}

@test "Varnish: errors and limits come through, and are never kept" {
  needs varnishd varnish
  errors_pass varnish
}

@test "Varnish: Age says how old its copy is" {
  needs varnishd varnish
  lab
  in_front varnish
  get q.der
  eventually aged
  [ "$(header X-Cache)" = HIT ]
}

aged() {
  get q.der
  [ "$(header Age)" -ge 1 ]
}

# nginx has no Age, so Date has to be the responder's.
@test "nginx: Date says how old its copy is" {
  needs nginx nginx-light
  lab
  in_front nginx
  get q.der
  date=$(header Date)
  eventually later
  cached HIT q.der
  [ "$(header Date)" = "$date" ]
}

# later : the second of $date is over.
later() {
  [ "$(date +%s)" -gt "$(date -d "$date" +%s)" ]
}

# ---- slashes ---------------------------------------------------------------

# arrives PATH : the answer about $serial comes back.
arrives() {
  curl -sS --path-as-is -D head -o r.der "$url$1"
  says singles.0.serial "$serial"
}

# malformed PATH : it did not come through.
malformed() {
  curl -sS --path-as-is -D head -o r.der "$url$1"
  is_error 1
}

@test "nginx: slashes in base64 come through where the path goes on as it is" {
  needs nginx nginx-light
  lab
  in_front nginx
  serial=7fbefbefbefbefbeffffffffff
  ask request --serial $serial "$C" "$I" >q.der
  plain=$(ask path q.der plain)
  [[ $plain == *+* && $plain == *//* ]]
  for form in '' lower plain; do
    path=$(ask path q.der $form)
    through 0
    arrives "/$path"
    arrives "//$path"
    # Decoded, but not merged: %2F or /, all the same.
    through 2
    arrives "/$path"
    arrives "//$path"
    # Merged, %2F too: that is another request, and no answer to this one.
    through 1
    malformed "/$path"
  done
}

@test "nginx: without // in the base64, merging does no harm" {
  needs nginx nginx-light
  lab
  serial=7fbefbefbefbefbe00003f00
  ask request --serial $serial "$C" "$I" >q.der
  while [[ $(ask path q.der plain) == *//* ]]; do
    rm -r lab # its hashes had them
    lab
    ask request --serial $serial "$C" "$I" >q.der
  done
  in_front nginx
  ask request --serial $serial "$C" "$I" >q.der
  plain=$(ask path q.der plain)
  [[ $plain == *+* && $plain == */* ]]
  through 1
  for form in '' lower plain; do
    arrives "/$(ask path q.der $form)"
    arrives "//$(ask path q.der $form)"
  done
}

@test "Varnish: slashes in base64 come through" {
  needs varnishd varnish
  lab
  in_front varnish
  serial=7fbefbefbefbefbeffffffffff
  ask request --serial $serial "$C" "$I" >q.der
  for form in '' lower plain; do
    arrives "/$(ask path q.der $form)"
    arrives "//$(ask path q.der $form)"
  done
}

# ---- nginx asks ------------------------------------------------------------

# fetcher [OPTION of ocsp-ca init]... : nginx with the certificate www, which
# asks a responder about itself and its clients.
fetcher() {
  needs nginx nginx-light
  lab "$@"
  ocsp-ca issue alice --profile client >/dev/null
  respond
  cat lab/root.pem >trust.pem
  cat lab/certs/www/cert.pem lab/certs/www/chain.pem >server.pem
  nginx_runs fetch.conf "upstream=${url#http://}"
}

# stapled WORDS : a handshake shows them.
stapled() {
  openssl s_client -connect "127.0.0.1:${ports[0]}" -servername localhost \
    -status -CAfile lab/root.pem -verify_return_error </dev/null >shown 2>&1
  grep -q "$1" shown
}

# refused_to_staple : a handshake without a staple, and the log says why.
refused_to_staple() {
  stapled 'OCSP response: no response sent' || exit 1
  grep -q 'certificate status "revoked" in the OCSP response' nginx.log
}

# nginx_staples [OPTION of ocsp-ca init]...
nginx_staples() {
  fetcher "$@"
  eventually stapled 'Cert Status: good'
  grep -q 'OCSP Response Status: successful' shown
  curl -sS "$status_url/requests" | grep -q '"method":"GET","http":200'
  halt "$nginx"
  run -1 grep -E '\[(warn|error|crit|alert|emerg)\]' nginx.log
  ocsp-ca revoke www >/dev/null
  nginx_runs fetch.conf "upstream=${url#http://}"
  eventually refused_to_staple
  stapled 'OCSP response: no response sent'
}

@test "nginx staples our good and never our revoked: P-256" {
  nginx_staples
}

@test "nginx staples our good and never our revoked: RSA, the CA signs" {
  nginx_staples --algorithm rsa2048 --signer ca
}

@test "nginx staples our good and never our revoked: Ed25519, intermediate" {
  nginx_staples --algorithm ed25519 --depth 2
}

# enter CODE : the HTTP status that alice gets.
enter() {
  got=$(curl -sS -o page -w '%{http_code}' --cacert lab/root.pem \
    --cert lab/certs/alice/fullchain.pem --key lab/certs/alice/key.pem \
    "https://127.0.0.1:${ports[1]}/")
  [ "$got" = "$1" ]
}

@test "nginx lets clients in while they are good, and asks each time" {
  fetcher
  enter 200
  ocsp-ca hold alice >/dev/null
  enter 400
  ocsp-ca release alice >/dev/null
  enter 200
  ocsp-ca revoke alice >/dev/null
  enter 400
  grep -q 'certificate revoked' nginx.log
  [ "$(curl -sS "$status_url/requests" | field last)" -ge 4 ]
}
