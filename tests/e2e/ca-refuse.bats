#!/usr/bin/env bats
# ocsp-ca in front of a lab that it cannot use: one line that says why and what
# to do, the documented exit code, and nothing changed.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  ocsp-ca init --temporary --dir base
  ocsp-ca issue www --dir base
}

lab() {
  cp -a "$BATS_FILE_TMPDIR/base" lab
}

# plain CODE CMD... : exits, without the right to pass by file modes that root
# has.
plain() {
  local code=$1 drop=()
  shift
  if [ "$(id -u)" -eq 0 ]; then
    drop=(setpriv --bounding-set '-dac_override,-dac_read_search' --inh-caps -all)
    "${drop[@]}" true || skip "cannot drop root's rights here"
  fi
  exits "$code" "${drop[@]}" "$@"
  [ "${#lines[@]}" -eq 1 ]
}

# Every command that needs a lab.
every() {
  local check=$1 code=$2 command
  for command in list 'show www' 'status www' events 'clock show' \
    'issue new' 'revoke www' 'hold www' 'release www' crl 'clock real' \
    'list --count' 'revoke --from /dev/null' 'crl --all' 'events --follow' \
    'show www --pem'; do
    # shellcheck disable=SC2086 # two words
    $check "$code" ocsp-ca $command
  done
}

@test "no lab: 72, and how to make one" {
  every exits 72
  [[ $output == *"ocsp-ca init"* ]]
  [ ! -e lab ]
}

@test "unreadable directory: 74" {
  lab
  chmod 000 lab
  every plain 74
  [[ $output == *"Permission denied"* ]]
  plain 74 ocsp-ca init
  chmod 755 lab
  exits 0 ocsp-ca status www
}

@test "read-only directory: 74 for what writes" {
  lab
  chmod 555 lab lab/certs
  for command in 'issue new' 'revoke www' crl 'clock freeze'; do
    # shellcheck disable=SC2086 # two words
    plain 74 ocsp-ca $command
  done
  chmod 755 lab lab/certs
  exits 0 ocsp-ca status www
  exits 72 ocsp-ca status new
}

@test "a certs folder that cannot be written: nothing is issued" {
  lab
  chmod 555 lab/certs
  plain 74 ocsp-ca issue new
  chmod 755 lab/certs
  exits 72 ocsp-ca status new
  ocsp-ca issue new
}

@test "read-only database: 74 for what writes" {
  lab
  chmod 444 lab/ca.db
  plain 74 ocsp-ca revoke www
  [[ $output == *"may not write"* ]]
  chmod 644 lab/ca.db
  exits 0 ocsp-ca status www
}

@test "schema of a newer program: 78" {
  lab
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
c.execute("pragma user_version = 99")'
  every exits 78
  [[ $output == *"newer"* ]]
}

@test "not a database: 76" {
  lab
  head -c 8192 /dev/urandom >lab/ca.db
  every exits 76
  : >lab/ca.db
  every exits 76
  exits 73 ocsp-ca init
}

# sql TEXT... : changes the database behind the program's back.
sql() {
  /usr/bin/python3 -c 'import sqlite3, sys
c = sqlite3.connect("lab/ca.db")
for text in sys.argv[1:]:
    c.execute(text)
c.commit()' "$@"
}

@test "a database that somebody has changed: 76, one line, no endless loop" {
  for change in 'drop table setting' 'delete from setting' \
    'update ca set model = 77' "update ca set der = x''" \
    "update ca set der = x'3000'" 'update ca set parent = NULL'; do
    rm -rf lab
    ocsp-ca init --temporary --depth 2
    sql "$change"
    exits 76 ocsp-ca issue new
    [ "${#lines[@]}" -eq 1 ]
    [ -z "$(ls -A lab/certs/.new)" ]
  done
  rm -rf lab
  ocsp-ca init --temporary --depth 3
  sql "update ca set parent = 3 where name = 'ca1'"
  exits 76 ocsp-ca issue new
  [[ $output == *"no root above"* ]]
}

@test "a key that is not the CA's: 78, naming both files" {
  lab
  cp -p lab/certs/www/key.pem lab/ca/root/key.pem
  exits 78 ocsp-ca issue new
  [[ $output == *"ca/root/key.pem"*"ca/root/cert.pem"* ]]
  exits 78 ocsp-ca crl
  exits 72 ocsp-ca status new
  ocsp-ca revoke www # needs no key
}

@test "a CA key that others can read: 78, and how to mend it" {
  lab
  chmod 640 lab/ca/root/key.pem
  exits 78 ocsp-ca issue new
  [[ $output == *"chmod 600"* ]]
  chmod 600 lab/ca/root/key.pem
  ocsp-ca issue new
}

@test "a CA key that is gone: 72" {
  lab
  rm lab/ca/root/key.pem
  exits 72 ocsp-ca issue new
}

@test "a clock file that is none: 76" {
  lab
  echo noon >lab/clock
  every exits 76
}

@test "DIR is a file" {
  : >lab
  exits 74 ocsp-ca list
  exits 73 ocsp-ca init
}

@test "file size limit in place of a full disk: 74, nothing changed" {
  lab
  before=$(ocsp-ca list)
  limited() (
    trap '' XFSZ
    ulimit -f 8
    exec ocsp-ca "$@"
  )
  exits 74 limited issue new
  [[ $output == *"limit"* ]]
  exits 74 limited revoke www
  exits 74 limited init --dir other
  [ "$before" = "$(ocsp-ca list)" ]
  [ -z "$(ls -A lab/certs/.new)" ]
  ocsp-ca issue new
}

@test "output that cannot be written is a failure" {
  [ -w /dev/full ] || skip "no /dev/full here"
  lab
  run sh -c 'ocsp-ca list >/dev/full'
  [ "$status" -eq 74 ]
  run sh -c 'ocsp-ca list --json >/dev/full'
  [ "$status" -eq 74 ]
  run sh -c 'ocsp-ca --help >/dev/full'
  [ "$status" -eq 74 ]
}

# All that 'ocsp-ca --help' names.
commands() {
  ocsp-ca --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'
}

@test "unknown commands and options: 64, one line with a hint" {
  lab
  exits 64 ocsp-ca
  exits 64 ocsp-ca nothing
  [[ $output == "ocsp-ca: 'nothing' "*"ocsp-ca --help"* ]]
  exits 64 ocsp-ca --dir lab list
  for command in $(commands); do
    words=$command
    case $command in signer | scenario) words="$command list" ;; esac
    # shellcheck disable=SC2086 # words
    exits 64 ocsp-ca $words --nonsense
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"'--nonsense'"*"ocsp-ca $words --help"* ]]
    # shellcheck disable=SC2086 # words
    exits 64 ocsp-ca $words -z
    [[ $output == *"'-z'"* ]]
    # shellcheck disable=SC2086 # words
    exits 64 ocsp-ca $words --dir
  done
}

@test "every command has help, on standard output" {
  ocsp-ca --version | grep -q '^ocsp-ca [0-9]'
  for command in $(commands); do
    ocsp-ca "$command" --help | grep -q "^usage: ocsp-ca $command"
  done
}
