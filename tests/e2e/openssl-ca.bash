# shellcheck shell=bash
# A CA of somebody else, for the tests of import: `load openssl-ca` after
# `load helper`.  It lives in oca/ and can be copied.

# new_key FILE
new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# openssl_ca : oca/ with a root and an empty index.txt.
openssl_ca() {
  mkdir -p oca/newcerts
  : >oca/index.txt
  echo 1000 >oca/serial
  echo 01 >oca/crlnumber
  cat >oca/ca.cnf <<'END'
[ca]
default_ca = default
[default]
dir = .
database = index.txt
new_certs_dir = newcerts
certificate = ca.pem
private_key = ca.key
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 30
default_crl_days = 7
unique_subject = no
policy = policy
crl_extensions = crl
copy_extensions = copy
[policy]
countryName = optional
organizationName = optional
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
END
  new_key oca/ca.key
  openssl req -x509 -key oca/ca.key -out oca/ca.pem -days 3650 \
    -subj '/O=Elsewhere/CN=Elsewhere Root'
}

# ca OPTION... : openssl ca, quiet unless it fails.
ca() {
  (cd oca && openssl ca -config ca.cnf -batch "$@") >ca.log 2>&1 || {
    cat ca.log >&2
    return 1
  }
}

# certify NAME [OPTION of openssl ca]... : oca/NAME.pem, of $subject if that is
# set
certify() {
  local name=$1
  shift
  [ -e leaf.key ] || new_key leaf.key
  openssl req -new -utf8 -key leaf.key -out "oca/$name.csr" \
    -subj "${subject:-/C=AA/O=A B/CN=$name}"
  ca -in "$name.csr" -out "$name.pem" -notext "$@"
}
