#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder: headers for caches (RFC 9919 section 6), 304, and when a new
# answer is signed.

load helper
load responder

# date_of ISO : as HTTP writes it, by another hand than ours.
date_of() {
  /usr/bin/python3 -c 'import datetime, email.utils, sys
t = datetime.datetime.fromisoformat(sys.argv[1] + "+00:00")
print(email.utils.format_datetime(t.astimezone(datetime.timezone.utc), True))' \
    "$1"
}

# frozen : a lab whose clock stands still, a responder, and q.der.
frozen() {
  lab
  ocsp-ca clock set 2030-01-06T08:09:10Z >/dev/null
  ocsp-ca clock freeze >/dev/null
  respond "$@"
  ask request "$C" "$I" >q.der
}

@test "the headers say what the answer says" {
  frozen
  get q.der
  [ "$(header Content-Type)" = application/ocsp-response ]
  [ "$(header Content-Length)" = "$(stat -c %s r.der)" ]
  this=$(ask show r.der singles.0.this_update)
  next=$(ask show r.der singles.0.next_update)
  [ "$(header Last-Modified)" = "$(date_of "$this")" ]
  [ "$(header Expires)" = "$(date_of "$next")" ]
  [ "$(header ETag)" = "\"$(sha256sum <r.der | cut -d ' ' -f 1)\"" ]
  # Half of four days.
  [ "$(header Cache-Control)" = \
    'max-age=172800, public, no-transform, must-revalidate' ]
  [ -n "$(header Date)" ]
  for absent in Pragma Vary Set-Cookie; do
    [ -z "$(header $absent)" ]
  done
}

@test "dates are English in any locale" {
  export LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8
  frozen
  get q.der
  [[ $(header Last-Modified) =~ ^Sun,\ 06\ Jan\ 2030\ 08:09:[0-5][0-9]\ GMT$ ]]
}

@test "max-age counts down to the next signing, which then happens" {
  frozen
  get q.der
  cp r.der first.der
  this=$(ask show r.der singles.0.this_update)
  # An advance is a change of the clock, so it is signed anew at once; let
  # time pass without a change.
  ocsp-ca clock real >/dev/null
  respond --validity 2000s --max-age 1000s
  get q.der
  first=$(header Cache-Control)
  tag=$(header ETag)
  [[ $first = max-age=1000,* || $first = max-age=999,* ]]
  until get q.der && [[ $(header Cache-Control) != "$first" ]]; do :; done
  [ "$(header ETag)" = "$tag" ]
  [[ $(header Cache-Control) = max-age=99?,* ]]
}

@test "a new answer is signed at half of the validity, by itself" {
  lab
  respond --validity 2s
  ask request "$C" "$I" >q.der
  get q.der
  tag=$(header ETag)
  until get q.der && [ "$(header ETag)" != "$tag" ]; do :; done
  says singles.0.status good
}

@test "a moved clock is seen by the next request" {
  frozen
  get q.der
  says singles.0.this_update "$(ask show r.der produced_at)"
  for _ in 1 2 3; do
    ocsp-ca clock advance 3h >/dev/null
    now=$(ocsp-ca clock show --json | field now)
    get q.der
    [ "$(ask show r.der produced_at)Z" = "$now" ]
    post q.der
    [ "$(ask show r.der produced_at)Z" = "$now" ]
  done
  ocsp-ca clock set 2029-01-01T00:00:00Z >/dev/null
  get q.der
  [[ $(ask show r.der produced_at) = 2029-01-01T00:00:* ]]
}

@test "If-None-Match: 304 if it is among them, weak, listed or any" {
  frozen
  get q.der
  tag=$(header ETag)
  for given in "$tag" "W/$tag" "\"x\", $tag , \"y\"" '*'; do
    rm r.der
    get q.der -H "If-None-Match: $given"
    head -n 1 head | grep -q ' 304 '
    [ ! -s r.der ]
    : >r.der
    [ "$(header ETag)" = "$tag" ]
    [ -n "$(header Expires)" ]
    [ -n "$(header Cache-Control)" ]
  done
  for given in '"x"' "${tag%?}" "x$tag" "$(tr -d '"' <<<"$tag")"; do
    get q.der -H "If-None-Match: $given"
    head -n 1 head | grep -q ' 200 '
  done
}

# A date has whole seconds; the lab's clock stands still or goes back.  With no
# cache the responder doesn't even know what it said a moment ago.
@test "If-Modified-Since never makes a 304, so it hides no change" {
  frozen
  for cache in 1 0; do
    respond --cache "$cache"
    get q.der
    since=$(header Last-Modified)
    tag=$(header ETag)
    get q.der -H 'If-Modified-Since: Sat, 05 Jan 2036 00:00:00 GMT'
    head -n 1 head | grep -q ' 200 '
    ocsp-ca hold www >/dev/null
    get q.der -H "If-Modified-Since: $since"
    says singles.0.status revoked
    [ "$(header Last-Modified)" = "$since" ]
    held=$(header ETag)
    [ "$held" != "$tag" ]
    ocsp-ca release www >/dev/null
    get q.der -H "If-Modified-Since: $since" -H "If-None-Match: $held"
    says singles.0.status good
    get q.der -H "If-Modified-Since: $since"
    says singles.0.status good
  done
}

# A thread knows by the octets of a request what it answered a moment ago.
@test "who asks the same again and again sees each change at once" {
  frozen
  for method in get post; do
    for change in good hold release scenario clear advance; do
      want=good
      case $change in
      hold)
        ocsp-ca hold www >/dev/null
        want=revoked
        ;;
      release) ocsp-ca release www >/dev/null ;;
      scenario) ocsp-ca scenario set www trylater >/dev/null ;;
      clear) ocsp-ca scenario clear www >/dev/null ;;
      advance)
        ocsp-ca clock advance 3d >/dev/null
        now=$(ocsp-ca clock show --json | field now)
        ;;
      esac
      for _ in 1 2 3 4 5; do
        "$method" q.der
        if [ "$change" = scenario ]; then
          [ "$(od -An -tx1 r.der | tr -d ' \n')" = 30030a0103 ]
        else
          says singles.0.status "$want"
        fi
        [ "$change" != advance ] ||
          [ "$(ask show r.der produced_at)Z" = "$now" ]
      done
    done
  done
}

@test "a POST never gets 304" {
  frozen
  post q.der
  post q.der -H "If-None-Match: $(header ETag)" -H 'If-None-Match: *' \
    -H "If-Modified-Since: $(header Last-Modified)"
  head -n 1 head | grep -q ' 200 '
  says singles.0.status good
}

@test "after a revocation the old tag no longer matches" {
  frozen
  get q.der
  tag=$(header ETag)
  ocsp-ca revoke www >/dev/null
  get q.der -H "If-None-Match: $tag"
  head -n 1 head | grep -q ' 200 '
  says singles.0.status revoked
}

@test "unknown is for no cache" {
  frozen
  ask request --serial 7123456789abcdef "$C" "$I" >q.der
  get q.der -H 'If-None-Match: *'
  says singles.0.status unknown
  [ "$(header Cache-Control)" = no-store ]
  for absent in ETag Expires Last-Modified; do
    [ -z "$(header $absent)" ]
  done
}

@test "GET and POST share one kept answer, and other changes leave it" {
  frozen
  ocsp-ca issue other >/dev/null
  get q.der
  cp r.der first.der
  post q.der
  cmp r.der first.der
  ocsp-ca revoke other >/dev/null
  post q.der
  cmp r.der first.der
  [ "$(curl -sS "$status_url/requests?since=2" |
    field requests.0.cache)" = again ]
  get q.der
  cmp r.der first.der
  [ "$(curl -sS "$status_url/metrics" |
    sed -n 's/^ocsp_responder_signatures_total //p')" -eq 1 ]
}

@test "--cache 0 keeps nothing, and answers" {
  frozen --cache 0
  get q.der
  says singles.0.status good
  get q.der
  says singles.0.status good
  [ "$(curl -sS "$status_url/metrics" |
    sed -n 's/^ocsp_responder_signatures_total //p')" -eq 2 ]
}
