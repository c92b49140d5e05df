# shellcheck shell=bash
# For the tests of ocsp-responder: `load responder` after `load helper`.

C=lab/certs/www/cert.pem
I=lab/certs/www/chain.pem

ask() {
  /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/ask.py" "$@"
}

# lab [OPTION of ocsp-ca init]... : a lab with the certificate www.
lab() {
  ocsp-ca init --temporary "$@" >/dev/null
  ocsp-ca issue www >/dev/null
}

# respond [OPTION]... : a responder on a free port; $url, $status_url.
respond() {
  serve responder ocsp-responder --listen 127.0.0.1:0 "$@"
  url=$(field url <<<"$ready")
  # shellcheck disable=SC2034
  status_url=$(field status_url <<<"$ready")
}

# post FILE [OPTION of curl]... : the answer is in r.der, its headers in head.
post() {
  local file=$1
  shift
  curl -sS -D head -o r.der --data-binary "@$file" "$@" \
    -H 'Content-Type: application/ocsp-request' "$url/"
}

# get_path FILE : as `ask path` has it, in less time.
get_path() {
  local text
  text=$(base64 -w 0 "$1")
  text=${text//+/%2B}
  text=${text//\//%2F}
  echo "${text//=/%3D}"
}

# get FILE [OPTION of curl]...
get() {
  local path
  path=$(get_path "$1")
  shift
  curl -sS -D head -o r.der "$@" "$url/$path"
}

# says KEY VALUE : of the answer in r.der.
says() {
  local got
  got=$(ask show r.der "$1")
  [ "$got" = "$2" ] || {
    echo "$1 is '$got', not '$2'" >&2
    return 1
  }
}

# header NAME : its value, as it came.
header() {
  tr -d '\r' <./head | sed -n "s/^$1: //Ip"
}

# is_error N : r.der is the five bytes of that OCSP error, under HTTP 200, for
# no cache to keep.
is_error() {
  head -n 1 head | grep -q ' 200 ' || return 1
  [ "$(od -An -tx1 r.der | tr -d ' \n')" = "30030a010$1" ] || {
    echo "not error $1: $(od -An -tx1 r.der | head -n 2)" >&2
    return 1
  }
  [ "$(header Cache-Control)" = no-store ]
}
