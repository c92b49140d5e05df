#!/usr/bin/env bats
# ocsp-ca(1): it says what --help says, both man and mandoc can read it, and its
# examples work.

load helper
load manual

page=ca-tools/ocsp-ca.1

setup_file() {
  export PAGE=$OCSP_LAB_SOURCE/$page
}

commands() {
  ocsp-ca --help | sed -n 's/^  \([a-z-]*\)  *[a-z].*/\1/p'
}

# part TITLE : the lines of the page from ".SH TITLE" or ".SS TITLE..." on, up to
# the next one of another name.
part() {
  awk -v want="$1" '
    /^\.S[HS]/ { in_it = $2 == want || $0 == ".SH " want }
    in_it' "$PAGE" | sed 's/\\-/-/g'
}

options() {
  grep -oE -- '--[a-z][a-z0-9-]*' | grep -vxE -- '--(dir|json|help)' | sort -u
}

@test "every command of ocsp-ca is in the page, and no other" {
  diff <(commands) <(sed -n '/^\.SH COMMANDS/,/^\.SH EXIT/s/^\.SS \([a-z-]*\).*/\1/p' \
    "$PAGE" | uniq)
}

# What a command's help says of another one's options is no option of it.
alien='init --crl-url|init --no-faults|issue --renew|list --json|with --signer trusted'

@test "every option of a command's --help is in the page, and no other" {
  for command in $(commands); do
    ocsp-ca "$command" --help | sed -E "s/($alien)//g" | options >help || true
    part "$command" | sed -E "s/($alien)//g" | options >manual || true
    diff help manual || {
      echo "ocsp-ca $command: < --help  > $page"
      return 1
    }
  done
}

@test "no option of the page's examples is unknown" {
  part EXAMPLES | grep '^ocsp-ca ' | while read -r _ command rest; do
    for option in $(options <<<"$rest"); do
      ocsp-ca "$command" --help | grep -q -- "$option"
    done
  done
}

@test "mandoc and groff read the page without a warning" {
  reads_well NAME SYNOPSIS DESCRIPTION COMMANDS 'EXIT STATUS' EXAMPLES
}

# example N : the N-th of the page, as a script
example() {
  part EXAMPLES | awk -v n="$1" '/^\.RS/ { i++; next } /^\.RE/ { next }
    /^\.nf/ { on = 1; next } /^\.fi/ { on = 0 } on && i == n' |
    sed 's/\\e/\\/g; s/\\(dq/"/g'
}

# A CA as openssl's own tools make it.
demo_ca() {
  mkdir -p demoCA/private demoCA/newcerts
  : >demoCA/index.txt
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj /CN=Demo -days 3650 -keyout demoCA/private/cakey.pem \
    -out demoCA/cacert.pem
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/C=AU/ST=Some-State/O=Widgits/CN=host' -keyout key -out csr
  openssl ca -batch -rand_serial -in csr -out cert -md sha256 \
    -policy policy_anything -days 30
  openssl ca -revoke cert -crl_reason keyCompromise
}

@test "the examples work, one after the other" {
  unset OCSP_LAB_DIR
  demo_ca 2>log
  for ((n = 1; ; n++)); do
    example $n >script
    [ -s script ] || break
    sh -e script >said 2>&1 || {
      cat script said
      return 1
    }
  done
  [ "$n" -eq 7 ]
  # What they promise:
  openssl x509 -in ocsp-lab.d/certs/www/cert.pem -noout -text >text
  grep -q 'DNS:www.example, IP Address:127.0.0.1' text
  [ "$(ocsp-ca list 'host-*' --status revoked --count)" -eq 2 ]
  exits 0 ocsp-ca status mail
  exits 1 ocsp-ca status mail@1
  ocsp-ca list --dir backup | grep -q '^mail@1 '
  grep -q '^R.*CN=host$' said
  ocsp-ca signer list --dir ours --json >signer
  [ "$(field ca <signer)" = demo ]
  [ "$(field serial <signer)" != '' ]
}

@test "the page is installed where man looks" {
  installs_page ca-tools
}
