#!/usr/bin/env bats
# shellcheck shell=bash
# Scenarios of the staple: at once, exactly counted, and nobody else's.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

load_tool=${OCSP_LAB_BUILD:-}/bench/tls_load

# lab_of NAME... : a lab with those certificates, and a responder.
lab_of() {
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue "$@" >/dev/null
  answer
}

answer() {
  serve responder ocsp-responder
  responder=$pid
}

# sees VERDICT NAME [OPTION]... : the next handshake, by ocsp-check.
sees() {
  ocsp-check "$url" --servername "$2" --expect "$1" "${@:3}" >seen || {
    cat seen
    return 1
  }
}

# scenario METHOD [PARAMETER=VALUE]... : the code; the answer is in said.
scenario() {
  local data=()
  for word in "${@:2}"; do data+=(-d "$word"); done
  curl -sS -X "$1" -G -o said -w '%{http_code}' "${data[@]}" \
    "$status_url/scenario"
}

@test "set and clear are seen by the next handshake, and others never see it" {
  lab_of www o-1
  stapler --threads 3
  curl -sS "$status_url/status" >/dev/null
  ocsp-check "$url" --servername o-1 --save good.der >/dev/null
  "$load_tool" --ask good.der --names o-%d 1 "127.0.0.1:$port" 8 1000 >load &
  other=$!
  for word in none revoked-staple garbage-staple; do
    for version in --tls1.2 --tls1.3; do
      ocsp-ca scenario set www "$word" >/dev/null
      case $word in
      none) sees missing www $version ;;
      revoked-staple) sees revoked www $version ;;
      *) sees untrusted www $version ;;
      esac
      ocsp-ca scenario clear www >/dev/null
      sees good www $version
    done
  done
  wait $other
  [ "$(field errors <load)" = 0 ]
  [ "$(field handshakes <load)" = 1000 ]
  [ "$(row o-1 spoilt)" = 0 ]
  [ "$(row www spoilt)" = 6 ]
}

@test "--times N: of all threads and certificates together exactly N handshakes" {
  lab_of c-1 c-2
  stapler --threads 4
  ocsp-ca scenario set c-1 none --times 37
  [ "$(row c-1 scenario_left)" = 37 ]
  # Who does not ask is not counted.
  run -0 "$load_tool" --names c-%d 1 "127.0.0.1:$port" 8 50
  [ "$(row c-1 scenario_left)" = 37 ]
  run -0 "$load_tool" --ask any --names c-%d 1 "127.0.0.1:$port" 16 300
  [ "$(field errors <<<"$output")" = 37 ]
  [ "$(row c-1 scenario_left)" = '' ]
  [ "$(row c-1 scenario)" = '' ]
  # One count for all of them; something else that is set leaves it alone.
  ocsp-ca scenario set --all none --times 41
  run -0 "$load_tool" --ask any --names c-%d 2 "127.0.0.1:$port" 16 30
  [ "$(field errors <<<"$output")" = 30 ]
  ocsp-ca scenario set c-2 empty-staple
  ocsp-ca scenario clear c-2
  run -0 "$load_tool" --ask any --names c-%d 2 "127.0.0.1:$port" 16 200
  [ "$(field errors <<<"$output")" = 11 ]
  # The same again begins anew.
  ocsp-ca scenario set --all none --times 5
  run -0 "$load_tool" --ask any --names c-%d 2 "127.0.0.1:$port" 16 50
  [ "$(field errors <<<"$output")" = 5 ]
}

@test "a certificate's comes before its CA's, that before all's, as with answers" {
  lab_of www o-1
  stapler
  ocsp-ca scenario set --all none
  ocsp-ca scenario set --ca root revoked-staple
  sees revoked www
  ocsp-ca scenario set www good
  sees good www
  sees revoked o-1
  ocsp-ca scenario set www garbage-staple --times 1
  sees untrusted www
  sees revoked www
  # What acts at the answer keeps others away, too.
  ocsp-ca scenario set www serverr
  sees good www
  ocsp-ca scenario clear --ca root
  ocsp-ca scenario clear www
  sees missing www
  # One that is issued now does not escape.
  ocsp-ca issue late >/dev/null
  sees missing late
  ocsp-ca scenario clear --all
  sees good late
}

@test "what is set before the start is obeyed from the first handshake on" {
  lab_of www o-1
  ocsp-ca issue ms --scenario must-staple-missing >/dev/null
  ocsp-ca issue wk --scenario wrong-key-type >/dev/null
  ocsp-ca scenario set www revoked-staple
  stapler
  sees revoked www
  # The deliberate fault comes before the rule for must-staple.
  sees missing ms
  sees good o-1
  # The clock is moved: the wrong staple is made anew before anybody gets it.
  ocsp-ca clock advance 10d >/dev/null
  sees revoked www
  sees untrusted wk
  sees good o-1
}

@test "POST /scenario: until it is deleted, or something else is set" {
  lab_of www o-1
  stapler
  [ "$(scenario POST cert=www scenario=none times=2)" = 200 ]
  [ "$(field certificates.0.scenario <said)" = none ]
  [ "$(field certificates.0.scenario_left <said)" = 2 ]
  sees missing www
  sees missing www
  sees good www
  # A form in the body, and the name that scripts may use.
  curl -sS -d name=www -d scenario=empty-staple "$status_url/scenario" >said
  sees untrusted www
  sees good o-1
  [ "$(scenario DELETE cert=www)" = 200 ]
  sees good www
  ocsp-ca scenario set www none
  [ "$(scenario POST cert=www scenario=good)" = 200 ]
  sees good www
  [ "$(scenario DELETE cert=www)" = 200 ]
  sees missing www
  [ "$(scenario POST cert=www scenario=garbage-staple)" = 200 ]
  sees untrusted www
  ocsp-ca scenario set www none
  sees missing www
  [ "$(scenario POST cert=www scenario=nonsense)" = 400 ]
  [ "$(scenario POST cert=www scenario=expired)" = 400 ]
  [ "$(scenario POST cert=www scenario=must-staple-good)" = 400 ]
  [ "$(scenario POST cert=www scenario=none times=x)" = 400 ]
  [ "$(scenario POST cert=www)" = 400 ]
  [ "$(scenario POST cert=nobody scenario=none)" = 404 ]
  [ "$(scenario GET cert=www scenario=none)" = 404 ]
  # Not for somebody else's web page.
  [ "$(curl -sS -o said -w '%{http_code}' -H 'Origin: http://example.com' \
    -d 'cert=www&scenario=none' "$status_url/scenario")" = 403 ]
}

@test "what has to be signed is the responder's, and only while it is set" {
  lab_of www
  stapler
  [ "$(scenario POST cert=www scenario=revoked-staple)" = 409 ]
  [[ $(field certificates.0.scenario_why <said) == *"ocsp-ca scenario set"* ]]
  # What does not happen must not look as if a client had stood it.
  stapled refused -servername www
  ocsp-ca scenario set www revoked-staple
  sees revoked www
  # Nobody else has that answer, whoever asks in its name for another.
  exits 0 ocsp-check --cert www --expect good
  ocsp_url=$(openssl x509 -in "$OCSP_LAB_DIR/certs/www/cert.pem" -noout -ocsp_uri)
  openssl ocsp -no_nonce -issuer "$OCSP_LAB_DIR/root.pem" \
    -cert "$OCSP_LAB_DIR/certs/www/cert.pem" -reqout q.der
  ask() {
    curl -sS -o r.der -D head --data-binary @q.der \
      -H 'Content-Type: application/ocsp-request' "$@" "$ocsp_url"
    ocsp-check --response r.der --cert www --expect "$expect" >/dev/null
  }
  expect=good ask
  expect=good ask -H 'OCSP-Lab-Staple: expired-staple'
  expect=revoked ask -H 'OCSP-Lab-Staple: revoked-staple'
  grep -q '^OCSP-Lab-Staple: revoked-staple' head
  grep -qi '^Cache-Control: no-store' head
  ocsp-ca scenario clear www
  expect=good ask -H 'OCSP-Lab-Staple: revoked-staple'
  run ! grep OCSP-Lab-Staple head
}

@test "while the bytes are fetched their handshakes wait, and no others" {
  lab_of www o-1
  stapler --threads 2
  kill -STOP "$responder"
  ocsp-ca scenario set www expired-staple
  ocsp-check "$url" --servername www --expect untrusted >waited 3>&- &
  waits=$!
  for _ in 1 2 3 4 5; do sees good o-1; done
  ocsp-ca issue late >/dev/null
  sees missing late
  # Who does not ask for a staple does not wait for one.
  curl -sS --cacert "$OCSP_LAB_DIR/root.pem" "$url/" --connect-to "::127.0.0.1:" \
    >/dev/null
  kill -0 "$waits"
  kill -CONT "$responder"
  wait "$waits"
  sees untrusted www
}

@test "bytes from before the clock was set are not waited for" {
  ocsp-ca init --temporary >/dev/null
  answer
  mkfifo gate
  serve between /usr/bin/python3 "$BATS_TEST_DIRNAME/gate.py" \
    "$(field url <<<"$ready")" gate
  ocsp-ca issue www --ocsp-url "$(field url <<<"$ready")" >/dev/null
  stapler
  ocsp-ca scenario set www expired-staple
  exec {gate}>gate
  ocsp-ca clock advance 30d >/dev/null
  sees untrusted www
  exec {gate}>&-
}

@test "without a responder a fault that needs it refuses; when it is back it is had" {
  lab_of www
  stapler
  halt "$responder"
  ocsp-ca scenario set www expired-staple
  stapled refused -servername www
  [ -n "$(row www scenario_why)" ]
  ocsp-ca scenario set www garbage-staple
  sees untrusted www
  ocsp-ca scenario set www expired-staple
  answer
  eventually sees untrusted www
  [ "$(row www scenario_why)" = '' ]
}

@test "a lab without faults has none, nor has who serves files" {
  ocsp-ca init --no-faults --temporary >/dev/null
  ocsp-ca issue www >/dev/null
  answer
  stapler
  [ "$(scenario POST cert=www scenario=none)" = 403 ]
  # Somebody puts a board there.
  sed -i 's/ never//' "$OCSP_LAB_DIR/certs/.scenarios"
  echo "1 0 - - none" >>"$OCSP_LAB_DIR/certs/.scenarios"
  curl -sS -X POST "$status_url/reload" >/dev/null
  [ "$(scenario POST cert=www scenario=none)" = 403 ]
  sees good www
  halt "$stapler"
  stapler --certs "$OCSP_LAB_DIR/certs"
  [ "$(scenario POST cert=www scenario=none)" = 403 ]
  sees good www
}

@test "a board that is spoilt changes nothing, and is said" {
  lab_of www
  stapler
  ocsp-ca scenario set www none
  sees missing www
  echo nonsense >"$OCSP_LAB_DIR/certs/.scenarios"
  curl -sS -X POST "$status_url/reload" >/dev/null
  sees missing www
  grep -q 'scenario why=.*not a list of scenarios.*those from before hold' \
    stapler.log
  ocsp-ca scenario clear www
  sees good www
}

@test "the log has a line for each that is set, each that is cleared, each handshake" {
  lab_of www
  stapler
  ocsp-ca scenario set www none --times 2
  sees missing www
  ocsp-ca scenario clear www
  sees good www
  grep -c 'scenario cert=www scenario=none left=2 ' stapler.log
  grep -c 'scenario cert=www handshake=none left=1$' stapler.log
  grep -c 'scenario cert=www scenario=- ' stapler.log
}

@test "what a command did not come to tell TLS servers the next one tells" {
  lab_of www
  stapler
  board=$OCSP_LAB_DIR/certs/.scenarios
  mv "$board" kept
  mkdir "$board"
  run ! ocsp-ca scenario set www none
  [[ $output == *"not told"* ]]
  [ -e "$OCSP_LAB_DIR/scenarios.untold" ]
  rmdir "$board"
  mv kept "$board"
  ocsp-ca issue other >/dev/null
  sees missing www
  [ ! -e "$OCSP_LAB_DIR/scenarios.untold" ]
}
