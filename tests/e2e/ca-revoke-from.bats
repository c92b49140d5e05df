#!/usr/bin/env bats
# revoke, hold and release --from: a list of certificates in one transaction.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  ocsp-ca init --temporary --depth 2 --dir base
  ocsp-ca issue a b c d e f g --dir base
  ocsp-ca clock freeze 2027-06-01T12:00:00Z --dir base
}

lab() {
  rm -rf lab
  cp -a "$BATS_FILE_TMPDIR/base" lab
  before=$(ocsp-ca events)
}

state() {
  ocsp-ca show "$1" --json | field "$2"
}

# refused CODE LIST WORDS [OPTION...] : one line on standard error that holds
# WORDS, no word on standard output, and nothing changed.
refused() {
  local code=$1 words=$3
  printf '%b' "$2" >list
  shift 3
  run --separate-stderr ocsp-ca revoke --from list "$@"
  # shellcheck disable=SC2154 # bats sets it
  if [ "$status" -ne "$code" ] || [ -n "$output" ] ||
    [ "${#stderr_lines[@]}" -ne 1 ] || [[ $stderr != *"$words"* ]]; then
    printf 'exit %s, wanted %s: %s%s\n' "$status" "$code" "$output" "$stderr" >&2
    return 1
  fi
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "names and serials, reasons and times, blanks, tabs, commas, comments" {
  lab
  {
    printf '\xef\xbb\xbf# kept by hand\r\n\r\n'
    printf 'a\r\n'
    printf '  b superseded  # moved\n'
    printf '%s\tKEYCOMPROMISE\t2027-05-01T00:00:00Z\n' "$(state c serial)"
    printf 'd , 5 , -3h\n'
    printf 'e,,2027-04-01\n'
    printf 'f 2027-03-01\n'
    printf '%s' "$(state g serial | sed 's/../&:/g; s/:$//')" # no end of line
  } >list
  exits 0 ocsp-ca revoke --from list
  [ "$output" = "revoked 7, already 0" ]
  while read -r name reason at; do
    [ "$(state "$name" reason) $(state "$name" revoked_at)" = "$reason $at" ]
  done <<'END'
a unspecified 2027-06-01T12:00:00Z
b superseded 2027-06-01T12:00:00Z
c keyCompromise 2027-05-01T00:00:00Z
d cessationOfOperation 2027-06-01T09:00:00Z
e unspecified 2027-04-01T00:00:00Z
f unspecified 2027-03-01T00:00:00Z
g unspecified 2027-06-01T12:00:00Z
END
}

@test "the options say what a line does not" {
  lab
  printf 'a\nb,keyCompromise\nc superseded 2027-05-05\n' |
    ocsp-ca revoke --from - --reason affiliationChanged \
      --revocation-date 2027-01-01 --invalidity-date 2026-12-01
  [ "$(state a reason) $(state a revoked_at)" = "affiliationChanged 2027-01-01T00:00:00Z" ]
  [ "$(state b reason) $(state b revoked_at)" = "keyCompromise 2027-01-01T00:00:00Z" ]
  [ "$(state c reason) $(state c revoked_at)" = "superseded 2027-05-05T00:00:00Z" ]
  [ "$(state c invalidity_at)" = 2026-12-01T00:00:00Z ]
}

@test "repeated and revoked ones are counted, not refused" {
  lab
  ocsp-ca revoke b
  printf 'a\nb\na\nc\n%s\n' "$(state c serial)" >list
  ocsp-ca revoke --from list --json >sum
  [ "$(field lines <sum) $(field changed <sum) $(field already <sum)" = "5 2 3" ]
  last=$(ocsp-ca events | wc -l)
  [ "$(ocsp-ca revoke --from list)" = "revoked 0, already 5" ]
  [ "$(ocsp-ca events | wc -l)" -eq "$last" ]
  # A reason may be raised in a list too.
  echo 'a keyCompromise' | ocsp-ca revoke --from - | grep -q 'revoked 1,'
}

@test "an empty list is fine" {
  lab
  for text in '' '\n\n' '# nothing' ' \t \r\n'; do
    printf '%b' "$text" >list
    [ "$(ocsp-ca revoke --from list)" = "revoked 0, already 0" ]
  done
  [ "$(ocsp-ca revoke --from /dev/null)" = "revoked 0, already 0" ]
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "a bad line is named, with what is wrong, and nothing is changed" {
  lab
  refused 72 'a\nb\nnobody\nc\n' "list: line 3: 'nobody': never issued here"
  refused 72 'a\n# x\n\n00c0ffee\n' "list: line 4: '00c0ffee': never issued"
  refused 72 'a\n./b.pem\n' "by name or serial, not by file"
  refused 76 'a\nb nonsense\n' "line 2: 'nonsense' is no reason of RFC 5280 section 5.3.1: choose"
  refused 76 'a\nb 8\n' "line 2: removeFromCRL is no reason"
  refused 76 'a 7\n' "line 1: '7' is no reason"
  refused 76 'a\nb superseded 2027-02-30\n' "line 2: revoked: '2027-02-30'"
  refused 76 'a\nb 2027-02-30\n' "line 2: revoked: '2027-02-30'"
  refused 76 'a\nb 2027-06-02\n' "in the future"
  refused 76 'a\nb,,1970-01-01\n' "after 1970-01-01"
  refused 76 'a 2027-01-01 superseded\n' "is no reason"
  refused 76 'a 1 -3h more\n' "more words than CERT REASON TIME"
  refused 76 'a,1,-3h,\nb,1,-3h,,' "line 2: more words"
  refused 76 ',a\n' "begins with a comma"
  refused 76 'a\nb\0c\n' "line 2: holds a NUL"
  refused 76 "a\nb$(printf '%01100d' 0)\n" "line 2: longer than"
  refused 64 'a\n' "--revocation-date '+1h': in the future" --revocation-date +1h
  refused 72 'a\n' "nobody" --ca nobody
  for line in 'nobody' 'b 7'; do
    refused_text=$(printf 'a\n%s\n' "$line" | ocsp-ca revoke --from - 2>&1 || true)
    [[ $refused_text == "ocsp-ca: standard input: line 2: "*": nothing was changed" ]]
  done
  ocsp-ca revoke c
  before=$(ocsp-ca events)
  refused 78 'a\nc certificateHold\n' "line 2: c: is revoked"
}

@test "control characters of a list do not reach the terminal" {
  lab
  refused 72 'a\nb\x1b[31m\n' 'line 2'
  [[ $stderr != *$'\x1b'* ]]
}

@test "files that are no list" {
  lab
  exits 72 ocsp-ca revoke --from missing
  mkdir folder
  exits 74 ocsp-ca revoke --from folder
  exits 64 ocsp-ca revoke a --from list
  [[ $output == *"'a' and --from"* ]]
  exits 64 ocsp-ca revoke --from
  exits 64 ocsp-ca hold --from list --reason superseded
  # Endless ones end.
  exits 76 ocsp-ca revoke --from /dev/zero
  exits 74 bash -c 'ocsp-ca revoke --from - </'
  [ "$before" = "$(ocsp-ca events)" ]
  [ -z "$(find lab -name '.list*')" ]
}

@test "hold and release take a list too, of certificates only" {
  lab
  printf 'a\nb # later\n' >list
  [ "$(ocsp-ca hold --from list)" = "put on hold 2, already 0" ]
  [ "$(ocsp-ca hold --from list)" = "put on hold 0, already 2" ]
  printf 'c\n' >>list
  [ "$(ocsp-ca release --from list)" = "released 2, already 1" ]
  exits 0 ocsp-ca status a
  echo 'a superseded' >list
  exits 76 ocsp-ca hold --from list
  [[ $output == *"more words than one"* ]]
  ocsp-ca revoke b
  printf 'a\nb\n' >list
  exits 78 ocsp-ca release --from list
  [[ $output == *"line 2: b: is revoked "*"cannot be released"*"nothing was changed" ]]
}

@test "a serial that two CAs have: the line is refused, --ca settles it" {
  lab
  python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
serial, = c.execute("select serial from issued where name = ?", ("a",)).fetchone()
root, = c.execute("select id from ca where name = ?", ("root",)).fetchone()
issued = c.execute("insert into issued (ca, serial, subject, not_before)"
                   " values (?, ?, ?, 1)", (root, serial, "CN = x")).lastrowid
c.execute("insert into cert (ca, serial, status, not_after, version, issued)"
          " values (?, ?, 0, 4e9, 1, ?)", (root, serial, issued))
c.commit()'
  serial=$(state a serial)
  refused 64 "b\n$serial\n" "line 2: "
  [[ $stderr == *"--ca"* ]]
  ocsp-ca revoke --from list --ca ca1
  exits 1 ocsp-ca status a
  exits 0 ocsp-ca status "$serial" --ca root
  before=$(ocsp-ca events)
  refused 72 'b\nca1\n' "line 2: 'ca1': was issued by root, not by ca1" --ca ca1
  refused 72 "b\n$(state ca1 serial)\n" "line 2: '$(state ca1 serial)': never" \
    --ca ca1
}

@test "20,000 lines from a pipe in constant memory, one transaction" {
  lab
  serial=$(state a serial)
  {
    echo 'a superseded'
    yes "$serial" | head -n 19998
    echo b
  } >list
  limited() (
    ulimit -v 65536
    exec "$@"
  )
  [ -z "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}" ] || skip "a sanitizer needs room"
  limited bash -c 'cat list | ocsp-ca revoke --from -' >out
  [ "$(cat out)" = "revoked 2, already 19998" ]
  exits 1 ocsp-ca status b
}

@test "whoever waits for a slow list keeps nobody from writing" {
  lab
  mkfifo slow
  ocsp-ca revoke --from slow >out 3>&- &
  pid=$!
  echo "$pid" >>pids
  exec {list}>slow
  echo a >&"$list"
  timeout 20 ocsp-ca revoke b # the list is still open
  echo c >&"$list"
  exec {list}>&-
  wait "$pid"
  [ "$(cat out)" = "revoked 2, already 0" ]
}

@test "no room for what comes through a pipe: 74, nothing changed" {
  lab
  limited() (
    trap '' XFSZ
    ulimit -f 200
    exec ocsp-ca "$@"
  )
  yes a | head -n 200000 >list
  exits 74 limited revoke --from - < <(cat list)
  [[ $output == "ocsp-ca: standard input: cannot be kept: "* ]]
  [ "$before" = "$(ocsp-ca events)" ]
  [ -z "$(find lab -name '.list*')" ]
}

@test "killed in the middle: all or nothing" {
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
  printf '%s\n' a b c d e f g >list
  for at in 1 2 3 4 6 8 10 12; do
    lab
    status=0
    strace -qq -o /dev/null -e trace=pwrite64 \
      -e "inject=pwrite64:signal=KILL:when=$at" \
      ocsp-ca revoke --from list || status=$?
    done=$(ocsp-ca list --json | grep -c '"status":"revoked"' || true)
    [ "$done" -eq 7 ] || { [ "$done" -eq 0 ] && [ "$status" -eq 137 ]; }
  done
}

@test "progress: on a terminal only" {
  lab
  yes a | head -n 5000 >list
  run --separate-stderr ocsp-ca revoke --from list
  [ -z "$stderr" ]
  python3 - >seen <<'END'
import os, pty, re, subprocess, sys
ours, theirs = pty.openpty()
done = subprocess.Popen(["ocsp-ca", "revoke", "--from", "list"], stderr=theirs,
                        stdout=subprocess.PIPE, text=True)
os.close(theirs)
seen = b""
try:
    while block := os.read(ours, 4096):
        seen += block
except OSError:
    pass
assert done.communicate()[0] == "revoked 0, already 5000\n"
print(seen)
assert re.match(rb"\rlines: \d+, \d+ %", seen), seen
assert seen.endswith(b"\r\x1b[K"), seen
assert seen.count(b"\r") < 40, seen
END
}
