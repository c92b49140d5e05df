#!/usr/bin/env bats
# Every command that writes, where it cannot: one line that says why, the
# documented exit code, and nothing changed.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  mkdir base
  cd base || return 1
  ocsp-ca init --dir lab
  ocsp-ca issue www mail --dir lab
  ocsp-ca hold mail --dir lab
  ocsp-ca crl --dir lab
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj /CN=req -keyout req.key -out req.csr 2>/dev/null
  echo www >revoked.txt
  printf 'V\t491231235959Z\t\t1234\tunknown\t/CN=other\n' >index.txt
}

# Commands that write, those that this ocsp-ca has.
writing() {
  local line command word
  while IFS='|' read -r line word; do
    command=${line%% *}
    if ocsp-ca "$command" --help 2>/dev/null | grep -q -- "$word"; then
      echo "$line"
    fi
  done <<'END'
issue new|usage
issue new --count 3|--count
issue www --renew|--renew
sign req.csr|usage
revoke www|usage
revoke --from revoked.txt|--from
hold www|usage
release mail|usage
crl|usage
crl --delta|--delta
import index.txt|usage
add-ca sub|usage
signer rotate|rotate
signer request --out r.csr|request
clock freeze|usage
END
}

# fresh : a lab as it was, in the working directory
fresh() {
  rm -rf lab
  cp -a "$BATS_FILE_TMPDIR/base/." .
}

# content : what no failure may change
content() (
  cd lab || return 1
  unset OCSP_LAB_DIR
  ocsp-ca list --json --dir .
  ocsp-ca events --dir .
  ocsp-ca clock --json --dir . | field mode
  find certs crl ca responder ./*.pem | sort
  find certs crl ca responder ./*.pem -type f -print0 | sort -z |
    xargs -0 cat | cksum
)

# failed COMMAND : what the last run said is one line with exit code 74
failed() {
  if [ "$status" -ne 74 ] || [[ $output != "ocsp-ca: "* ]] ||
    [[ $output == *$'\n'* ]]; then
    printf 'ocsp-ca %s: exit %s:\n%s\n' "$1" "$status" "$output"
    return 1
  fi
}

# unchanged COMMAND : as $T/before says
unchanged() {
  content >"$T/after"
  if ! cmp -s "$T/before" "$T/after"; then
    printf 'ocsp-ca %s: exit %s: %s\n' "$1" "$status" "$output"
    diff "$T/before" "$T/after"
    return 1
  fi
}

# changed COMMAND
changed() {
  if content | cmp -s "$T/before" -; then
    printf 'ocsp-ca %s: exit %s, but nothing changed\n' "$1" "$status"
    return 1
  fi
}

@test "a read-only directory: 74, and why" {
  local drop=()
  if [ "$(id -u)" -eq 0 ]; then
    # Root's right to pass by file modes is of no use here.
    drop=(setpriv --bounding-set '-dac_override,-dac_read_search'
      --inh-caps -all)
    "${drop[@]}" true || skip "cannot drop root's rights here"
  fi
  fresh
  content >before
  fresh # a reader leaves ca.db-wal, and who may write that may go on
  find lab -type d -exec chmod a-w {} +
  while read -r command; do
    # shellcheck disable=SC2086 # words
    run "${drop[@]}" ocsp-ca $command
    failed "$command"
    [[ $output == *"Permission denied"* ]]
  done < <(writing)
  find lab -type d -exec chmod u+w {} +
  unchanged "all of them"
}

@test "a file size limit, without a care for its signal: 74" {
  fresh
  content >before
  while read -r command; do
    for blocks in 0 8; do
      # shellcheck disable=SC2086 # words
      run bash -c 'ulimit -c 0 -f "$1" || exit; shift; exec "$@"' - \
        $blocks ocsp-ca $command
      failed "$command"
      [[ $output == *"limit"* || $output == *"too large"* ]]
      unchanged "$command"
    done
  done < <(writing)
}

@test "output that cannot be written: 74, but what was asked for is done" {
  [ -w /dev/full ] || skip "no /dev/full here"
  while read -r command; do
    fresh
    content >before
    # shellcheck disable=SC2086 # words
    run sh -c 'exec "$@" >/dev/full' - ocsp-ca $command --json
    failed "$command"
    [[ $output == *"standard output"* ]]
    changed "$command"
  done < <(writing)
}

# small CMD ARG... : runs it with a file system of one megabyte at ./small
small() {
  local mine=(unshare --mount)
  [ "$(id -u)" -eq 0 ] || mine=(unshare --mount --map-root-user)
  mkdir -p small
  "${mine[@]}" sh -c 'mount -t tmpfs -o size=1m none small' ||
    skip "may not mount here"
  # shellcheck disable=SC2016
  "${mine[@]}" bash -c '
    mount -t tmpfs -o size=1m none small && cd small && exec "$@"' - "$@"
}

# on_full KIB COMMAND : in a small file system with so much room, then with
# enough again
on_full() {
  local room=$1 command=$2
  fresh
  content >"$T/before"
  cat /dev/zero >filler 2>/dev/null || true
  truncate -s "-${room}K" filler
  status=0
  # shellcheck disable=SC2086 # words
  output=$(ocsp-ca $command 2>&1) || status=$?
  rm filler
  if [ "$status" -ne 0 ]; then
    failed "$command"
    unchanged "$command"
    # shellcheck disable=SC2086 # words
    ocsp-ca $command >/dev/null
  fi
  changed "$command"
}

@test "a full disk: 74 or done, never half, and it goes on with room" {
  export -f on_full fresh content failed changed unchanged field
  export T BATS_FILE_TMPDIR OCSP_LAB_DIR=lab
  for room in 0 100; do
    while read -r command; do
      small bash -euo pipefail -c 'on_full "$@"' - $room "$command" || {
        echo "room for $room KiB: $command"
        return 1
      }
    done < <(writing)
  done
}

@test "a directory of somebody else: 74 for what writes, and nothing changed" {
  [ "$(id -u)" -eq 0 ] || skip "not root: no other user to be"
  stranger=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  "${stranger[@]}" test -x "$T" || chmod a+x "$T" "$T/.." "$T/../.."
  "${stranger[@]}" ocsp-ca --version || skip "no other user gets here"
  fresh
  content >before
  while read -r command; do
    # shellcheck disable=SC2086 # words
    run "${stranger[@]}" ocsp-ca $command
    failed "$command"
    [[ $output == *"Permission denied"* || $output == *"may not write"* ]]
  done < <(writing)
  unchanged "all of them"
  [ -z "$(find lab ! -user root)" ]
}

@test "root at work in a directory of another user leaves the database to him" {
  [ "$(id -u)" -eq 0 ] || skip "not root: no other user to be"
  user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chmod a+x "$T" "$T/.." "$T/../.."
  "${user[@]}" ocsp-ca --version || skip "no other user gets here"
  fresh
  chown -R 65534:65534 lab
  ocsp-ca revoke www
  exits 1 "${user[@]}" ocsp-ca status www
  exits 0 "${user[@]}" ocsp-ca release mail
  exits 0 "${user[@]}" ocsp-ca crl
}

@test "a database with any one page overwritten: 76 or unharmed, never worse" {
  fresh
  content >before
  size=$(stat -c %s lab/ca.db)
  noise=$(head -c 4096 /dev/urandom | base64 -w 0)
  seen=
  for ((page = 0; page < size / 4096; page++)); do
    for command in list 'status www' 'revoke www' 'issue new' crl events; do
      fresh
      base64 -d <<<"$noise" |
        dd of=lab/ca.db bs=4096 seek=$page conv=notrunc status=none
      cp lab/ca.db bad.db
      # shellcheck disable=SC2086 # words
      run timeout 20 ocsp-ca $command
      case $status in
        0) ;;
        76)
          [ "${#lines[@]}" -eq 1 ] || [[ $command == list || $command == events ]]
          [[ $output == *"ocsp-ca: "*"ca.db: "* ]]
          cmp lab/ca.db bad.db
          [ ! -e lab/certs/new ]
          seen=yes
          ;;
        *)
          echo "page $page, ocsp-ca $command: exit $status: $output"
          return 1
          ;;
      esac
    done
  done
  [ -n "$seen" ]
}

@test "a database that was cut off: 76" {
  for size in 100 4096 8192; do
    fresh
    truncate -s "$size" lab/ca.db
    while read -r command; do
      # shellcheck disable=SC2086 # words
      exits 76 ocsp-ca $command
      [ "${#lines[@]}" -eq 1 ]
    done < <(writing)
    exits 76 ocsp-ca list
    exits 73 ocsp-ca init
  done
}
