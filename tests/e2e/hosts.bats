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

@test "the lines under 'try' work, also where a path has blanks and quotes" {
  dir="$T/a 'b' <i>&amp;"
  eval "$(ocsp-lab up --scenarios --dir "$dir" --env)"
  curl -sS --cacert "$OCSP_LAB_CA" "https://expired.localhost:$OCSP_LAB_PORT/" >page
  /usr/bin/python3 -c 'import html, re
page = open("page").read()
lines = "".join(re.findall("<pre>(.*?)</pre>", page, re.S))
assert "<" not in lines
for line in re.findall("<pre>(.*?)</pre>", page, re.S):
    print(html.unescape(line))' >lines
  [ "$(wc -l <lines)" -eq 6 ]
  while read -r line; do
    eval "$line" >>said 2>&1 && echo "0 $line" >>codes || echo "$? $line" >>codes
  done <lines
  [ "$(cut -d' ' -f1,2 codes | xargs)" = \
    "3 ocsp-check 91 curl 0 openssl 3 ocsp-check 3 ocsp-check 0 openssl" ]
  [ "$(grep -ci 'Status times invalid\|expired' said)" -ge 4 ]
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

@test "what has no host can be tried without one" {
  eval "$(ocsp-lab up --scenarios --env)"
  cp "$OCSP_LAB_DIR/run/site/index.html" page
  /usr/bin/python3 -c 'import html, re
for name in "good-never-issued", "extended-revoke":
    row = re.search(f"<tr id=\"{name}\">(.*?)<tr", open("page").read(), re.S)[1]
    assert "<em>no host" in row
    print(html.unescape(re.search("<pre>(.*?)</pre>", row, re.S)[1]))' >lines
  [ "$(wc -l <lines)" -eq 4 ]
  while read -r line; do
    eval "$line" >>said 2>&1
  done <lines
  grep -q '^0x4242: good' said
  grep -q '^0x4242: revoked' said
  grep -q 'Revocation Time: Jan  1 00:00:00 1970' said # RFC 6960 section 2.2
}
