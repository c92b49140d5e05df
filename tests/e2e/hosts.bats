#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-lab up --scenarios: a host for each scenario, and the pages about them.

load helper

setup_file() {
  unset OCSP_LAB_DIR
}

@test "each scenario has a host, which the page lists as the catalogue has it" {
  ocsp-lab run --scenarios --no-bundle -- \
    /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/hosts.py"
}

@test "up says where the page is, and what to do with the hosts" {
  exits 0 ocsp-lab up --scenarios --dir "$T/lab"
  url=$(sed -n 's/^  stapler  *\(https:[^ ]*\) .*/\1/p' <<<"$output")
  grep -q "^  scenarios  $url/ .* ocsp-lab verdicts -- CMD)\$" <<<"$output"
  curl -sS --cacert "$T/lab/root.pem" "$url/" | grep -q expired.localhost
  exits 0 ocsp-lab down --dir "$T/lab"
  exits 0 ocsp-lab up --dir "$T/lab"
  [[ $output != *scenarios* ]]
  ocsp-lab down --dir "$T/lab"
}

# tried PAGE ID... : evaluates each line of the rows' <pre> (of the whole page
# without an ID), and prints its exit code and program; output goes to "said".
tried() {
  local line
  /usr/bin/python3 -c 'import html, re, sys
page, *ids = sys.argv[1:]
text = open(page).read()
rows = [re.search(f"<tr id=\"{i}\">(.*?)<tr", text, re.S)[1] for i in ids]
for pre in re.findall("<pre>(.*?)</pre>", "".join(rows or [text]), re.S):
    assert "<" not in pre
    print(html.unescape(pre))' "$@" >lines
  while read -r line; do
    eval "$line" >>said 2>&1 && echo "0 ${line%% *}" || echo "$? ${line%% *}"
  done <lines
}

@test "the lines under 'try' work, also where a path has blanks and quotes" {
  dir="$T/a 'b' <i>&amp;"
  eval "$(ocsp-lab up --scenarios --dir "$dir" --env)"
  curl -sS --cacert "$OCSP_LAB_CA" "https://expired.localhost:$OCSP_LAB_PORT/" >page
  [ "$(tried page | xargs)" = \
    "3 ocsp-check 91 curl 0 openssl 3 ocsp-check 3 ocsp-check 0 openssl" ]
  [ "$(grep -ci 'Status times invalid\|expired' said)" -ge 4 ]
  curl -sS --cacert "$OCSP_LAB_CA" "$OCSP_LAB_HTTPS_URL/" >page
  [ "$(grep -c '<em>no host' page)" -eq 2 ]
  [ "$(tried page good-never-issued extended-revoke | xargs)" = \
    "0 ocsp-ca 0 openssl 0 ocsp-ca 0 openssl" ]
  grep -q '^0x4242: good' said
  grep -q '^0x4242: revoked' said
  grep -q 'Revocation Time: Jan  1 00:00:00 1970' said # RFC 6960 section 2.2
}

@test "up again, and one without a server of ours, keep the certificates" {
  ocsp-lab up --scenarios --no-stapler --dir "$T/d" --owner none >/dev/null
  cp d/certs/revoked/cert.pem before
  [ ! -e d/run/site ]
  ocsp-lab down --dir d
  eval "$(ocsp-lab up --scenarios --dir "$T/d" --env)"
  cmp before d/certs/revoked/cert.pem
  ocsp-check "https://revoked.localhost:$OCSP_LAB_PORT" --expect revoked
}

@test "a chain of one CA has no host for what is about the one above" {
  eval "$(ocsp-lab up --scenarios --depth 1 --env)"
  curl -sS --cacert "$OCSP_LAB_CA" "$OCSP_LAB_HTTPS_URL/" >page
  grep -A3 '<tr id="root-for-intermediate">' page | grep -q 'no host: there is no certificate'
  [ ! -e "$OCSP_LAB_DIR/certs/root-for-intermediate" ]
  [ -e "$OCSP_LAB_DIR/certs/delegated-no-eku" ]
}

@test "a lab without faults has no hosts, and says why" {
  exits 125 ocsp-lab run --scenarios --no-faults -- true
  [[ $output == *"made with --no-faults"* ]]
}

@test "issue --scenarios makes those that are named, with their parameters" {
  export OCSP_LAB_DIR=$T/lab
  ocsp-ca init --temporary >/dev/null
  ocsp-ca issue --scenarios expired:ago=2h must_staple 2>/dev/null && return 1
  [ ! -e lab/certs/expired ]
  ocsp-ca issue --scenarios stale:ago=2h refused >/dev/null
  [ "$(echo lab/certs/*)" = "lab/certs/expired lab/certs/refused" ]
  [ "$(ocsp-ca scenario active)" = "expired: expired:ago=7200s" ]
  openssl x509 -in lab/certs/refused/cert.pem -noout \
    -ext authorityInfoAccess,subjectAltName >text
  grep -q 'OCSP - URI:http://127.0.0.1:1$' text
  [ "$(grep -c DNS: text)" -eq 1 ]
  grep -q 'DNS:refused.localhost$' text
  exits 64 ocsp-ca issue --scenarios expired stale
  exits 64 ocsp-ca issue --scenarios good-never-issued
  exits 64 ocsp-ca issue --scenarios root-for-intermediate
  exits 64 ocsp-ca issue --scenarios --san x
  exits 73 ocsp-ca issue --scenarios expired
}
