# shellcheck shell=bash
# For the tests of ocsp-stapler: a lab, a responder that obeys, and clients.

# shellcheck disable=SC2154,SC2034 # serve sets pid and ready; tests use ours

# lab [INIT OPTION]... : a CA, a certificate www, and a plan to answer good.
lab() {
  ocsp-ca init "$@" >/dev/null
  ocsp-ca issue www >/dev/null
  plan good
}

# plan WORD : what the responder does from now on (see responder.py).
plan() {
  echo "$1" >"$OCSP_LAB_DIR/plan.new"
  mv "$OCSP_LAB_DIR/plan.new" "$OCSP_LAB_DIR/plan"
}

# responder : starts it where the certificates say; its id is in $responder.
responder() {
  local url
  url=$(openssl x509 -in "$OCSP_LAB_DIR/certs/www/cert.pem" -noout -ocsp_uri)
  serve responder /usr/bin/python3 "$BATS_TEST_DIRNAME/responder.py" \
    "$OCSP_LAB_DIR" "$url"
  responder=$pid
}

# stapler [OPTION]... : starts it; sets $stapler, $url, $port and $status_url.
stapler() {
  rm -f "$T/stapler.out"
  serve stapler ocsp-stapler "$@"
  stapler=$pid
  url=$(field url <<<"$ready")
  port=${url##*:}
  status_url=$(field status_url <<<"$ready")
}

# refresh [NAME] : and what came of it.
refresh() {
  curl -sS --fail-with-body -X POST "$status_url/refresh${1:+?cert=$1}"
}

# row NAME KEY : of the status.
row() {
  curl -sS "$status_url/status?cert=$1" | field "certificates.0.$2"
}

# staple [S_CLIENT OPTION]... : the OCSP part of what a handshake shows, in
# $output; the exit code of s_client in $status.
staple() {
  run openssl s_client -connect "127.0.0.1:$port" -status \
    -CAfile "$OCSP_LAB_DIR/root.pem" -verify_return_error "$@" </dev/null
}

# stapled WORD [S_CLIENT OPTION]... : a handshake shows a staple of that
# status ("none": a handshake without one; "refused": no handshake).
stapled() {
  local want=$1
  shift
  staple "$@"
  case $want in
  none)
    [[ $output == *"OCSP response: no response sent"* ]] && [ "$status" = 0 ]
    ;;
  refused)
    [[ $output == *"handshake failure"* ]] && [ "$status" != 0 ]
    ;;
  *)
    [[ $output == *"Cert Status: $want"* ]] && [ "$status" = 0 ]
    ;;
  esac || {
    echo "wanted: $want; s_client exit $status" >&2
    echo "$output" >&2
    return 1
  }
}

# asked : how many requests the responder has seen.
asked() {
  cat "$OCSP_LAB_DIR/asked" 2>/dev/null | wc -l
}

# eventually CMD ARG... : again and again until it succeeds, 30 s at most.
eventually() {
  local end=$((SECONDS + 30))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || {
      echo "never: $*" >&2
      return 1
    }
  done
}
