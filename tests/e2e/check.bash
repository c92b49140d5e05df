# shellcheck shell=bash
# For the tests of ocsp-check, after `load helper`: what OpenSSL alone makes,
# a CA, its `openssl ocsp` responder and `openssl s_server`.

# shellcheck disable=SC2154,SC2034 # serve sets pid, ready and ready_fd

# One CA for all tests of a file, in $PKI: root, its delegate `responder`,
# and certificates of which the index says: www good, gone revoked, lost
# unheard of, must (must-staple) good.
setup_file() {
  openssl_pki
} 2>/dev/null

openssl_pki() {
  export PKI=$BATS_FILE_TMPDIR
  cd "$PKI" || return 1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout root.key -out root.pem -subj /CN=root -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
  certify responder 1000 root keyUsage=critical,digitalSignature \
    extendedKeyUsage=OCSPSigning noCheck=ignored
  certify www 1001 root subjectAltName=DNS:www.localhost,DNS:www.example
  certify gone 1002 root subjectAltName=DNS:www.localhost
  certify lost 1003 root subjectAltName=DNS:www.localhost
  certify must 1004 root subjectAltName=DNS:www.localhost \
    tlsfeature=status_request
  index >index.txt
  local name
  for name in www gone lost must; do
    answer "$name"
  done
}

# certify NAME SERIAL ISSUER EXTENSION... : NAME.pem and NAME.key
certify() {
  local name=$1 serial=$2 issuer=$3
  shift 3
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
  printf '%s\n' "$@" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" \
    -set_serial "0x$serial" -days 20 -extfile "$name.ext" -out "$name.pem" \
    2>/dev/null
}

# shellcheck disable=SC2119,SC2120 # the tests pass some
# index [REVOKED...] : 1002 is revoked, and those that are named.
index() {
  local serial
  for serial in 1001 1004 2001; do
    case " $* " in
    *" $serial "*) printf 'R\t401231235959Z\t260102030405Z,superseded' ;;
    *) printf 'V\t401231235959Z\t' ;;
    esac
    printf '\t%s\tunknown\t/CN=%s\n' "$serial" "$serial"
  done
  printf 'R\t401231235959Z\t260102030405Z,keyCompromise\t1002\tunknown\t/CN=x\n'
}

# answer NAME : NAME.der, what the responder says now, valid for four days
answer() {
  openssl ocsp -issuer root.pem -cert "$1.pem" -no_nonce -reqout "$1.req"
  openssl ocsp -index index.txt -CA root.pem -rsigner responder.pem \
    -rkey responder.key -reqin "$1.req" -respout "$1.der" -ndays 4
} >/dev/null 2>&1

# accepting NAME CMD... : starts it; $port from its line "ACCEPT ADDR:PORT".
accepting() {
  serve "$@"
  until [[ $ready == ACCEPT\ * ]]; do
    read -r -t 60 -u "$ready_fd" ready
  done
  ready=${ready%% PID=*}
  port=${ready##*:}
}

# tls_server NAME [STAPLE.der] [OPTION...]
tls_server() {
  local name=$1
  shift
  if [[ ${1:-} == *.der ]]; then
    set -- -status_file "$@"
  fi
  accepting tls openssl s_server -accept 127.0.0.1:0 -www \
    -cert "$PKI/$name.pem" -key "$PKI/$name.key" "$@"
}

# staples NAME FILE : a server with that certificate that staples the bytes of
# the file, whatever they are
staples() {
  serve staples "$OCSP_LAB_BUILD/tests/staple_server" "$PKI/$1.pem" \
    "$PKI/$1.key" "$2"
  port=$ready
}

# responder [INDEX]
responder() {
  accepting ocsp openssl ocsp -index "${1:-$PKI/index.txt}" -port 0 -ndays 4 \
    -CA "$PKI/root.pem" -rsigner "$PKI/responder.pem" \
    -rkey "$PKI/responder.key"
}

# judged CODE ARG... : ocsp-check with the CA as its trust anchor
judged() {
  local code=$1
  shift
  exits "$code" ocsp-check --ca "$PKI/root.pem" "$@"
}

# closed : $port, which is ours, but nobody listens there
closed() {
  serve closed /usr/bin/python3 -c 'import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
signal.pause()'
  port=$ready
}

# one line on standard error, and nothing else
complains() {
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "ocsp-check: "* ]]
}
