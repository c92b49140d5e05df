#!/usr/bin/env bats
# shellcheck shell=bash
# What ocsp-responder gives up before it serves, and that it serves all the
# same: see CONFINEMENT in its manual page.

load helper
load responder

# jailed [OPTION]... : a responder; the test is over if Landlock is not in this
# build or kernel.
jailed() {
  respond "$@"
  needs_landlock
}

needs_landlock() {
  grep -rqs --include='*log' 'jail[=":]*landlock' "$T" ||
    skip "no Landlock in this build or kernel"
}

# verdict STATUS : that is said of the certificate that q.der asks for.
verdict() {
  post q.der
  says singles.0.status "$1"
}

# crl : HTTP status of the root's CRL.
crl() {
  curl -sS -o r.crl -w '%{http_code}' "$url/crl/root.crl"
}

# logged TEXT FILE [N] : waits until the file says so, N times.
logged() {
  timeout 30 /usr/bin/python3 - "$1" "$2" "${3:-1}" <<'PY'
import os, select, sys
text, name, times = sys.argv[1:]
while (not os.path.exists(name) or
       open(name, errors="replace").read().count(text) < int(times)):
    select.select([], [], [], 0.02)
PY
}

# inside NAME : what came of that attempt.
inside() {
  sed -n "s/^inside $1 //p" responder.log
}

# probe [OPTION]... : a responder that tries what it can do.
probe() {
  cc -shared -fPIC -D_GNU_SOURCE -w -o inside.so \
    "$OCSP_LAB_SOURCE/tests/e2e/inside.c" || skip "no compiler here"
  # A preloaded library before the address sanitizer is what we want.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
  mkdir given-up logs
  echo x | tee given-up/file >logs/other
  serve responder env "LD_PRELOAD=$T/inside.so" "INSIDE=$T/given-up" \
    "INSIDE_LOG=$T/logs" ocsp-responder --listen 127.0.0.1:0 \
    --log logs/log "$@"
  logged 'inside end' responder.log
}

@test "every thread is without new privileges, and there is no core" {
  lab
  ulimit -S -c 1
  jailed --threads 2
  grep -q 'main url=.* jail=landlock serving$' responder.log
  [ "$(find /proc/"$pid"/task -maxdepth 1 | wc -l)" -ge 4 ]
  run grep -L 'NoNewPrivs:[[:space:]]*1' /proc/"$pid"/task/*/status
  [ -z "$output" ]
  grep -q '^Max core file size *0 *0 ' /proc/"$pid"/limits
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "--no-jail: as the parent process was" {
  lab
  ulimit -S -c 1
  # The address sanitizer would forbid cores by itself.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0
  respond --no-jail
  grep -q 'main url=.* jail=off serving$' responder.log
  [ "$(grep NoNewPrivs /proc/"$pid"/status)" = "$(grep NoNewPrivs /proc/$$/status)" ]
  # The sanitizers see to it themselves that there is no core.
  [ -n "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}" ] ||
    run -1 grep -q '^Max core file size *0 ' /proc/"$pid"/limits
}

@test "tried from inside: no file outside, no program, no connection" {
  lab
  probe
  needs_landlock
  for denied in read-passwd read-outside write-outside make-outside write-lab \
    make-lab remove-lab read-log remove-log program; do
    [ "$(inside "$denied")" = EACCES ] || { echo "$denied"; false; }
  done
  [ "$(inside read-lab)" = "done" ]
  [ "$(inside make-log)" = "done" ]
  abi=$(sed -n 's/^inside landlock \([0-9]*\) core 0$/\1/p' responder.log)
  [ -n "$abi" ]
  # Linux 6.7 and 6.12.
  [ "$abi" -lt 4 ] || [ "$(inside connect)$(inside bind)" = EACCESEACCES ]
  [ "$abi" -lt 6 ] || [ "$(inside signal)" = EPERM ]
  ask request "$C" "$I" >q.der
  url=$(field url <<<"$ready")
  verdict good
}

@test "the same attempts with --no-jail: nothing was given up" {
  lab
  cp lab/root.pem root.pem
  probe --no-jail
  for allowed in read-passwd read-outside write-outside make-outside read-lab \
    write-lab make-lab remove-lab make-log read-log remove-log program bind \
    signal; do
    [ "$(inside "$allowed")" = "done" ] || { echo "$allowed"; false; }
  done
  [ "$(inside connect)" = ECONNREFUSED ]
}

@test "a kernel without Landlock: one line, and it serves" {
  lab
  cat >without.py <<'PY'
import ctypes, os, struct, sys
def op(code, jt, jf, k):
    return struct.pack("HBBI", code, jt, jf, k)
# landlock_create_ruleset (444 everywhere) is not implemented (38).
program = (op(0x20, 0, 0, 0) + op(0x15, 0, 1, 444) + op(0x06, 0, 0, 0x50026) +
           op(0x06, 0, 0, 0x7FFF0000))
held = ctypes.create_string_buffer(program)
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, struct.pack("HxxxxxxP", 4, ctypes.addressof(held)), 0, 0):
    sys.exit(99)
os.execvp(sys.argv[1], sys.argv[1:])
PY
  serve responder /usr/bin/python3 without.py ocsp-responder --listen 127.0.0.1:0
  grep -q 'main url=.* jail=no_new_privs serving$' responder.log
  [ "$(grep -c Landlock responder.log)" -eq 1 ]
  grep -q 'NoNewPrivs:[[:space:]]*1' /proc/"$pid"/status
  url=$(field url <<<"$ready")
  ask request "$C" "$I" >q.der
  verdict good
}

@test "links out of DIR: a CRL and a signer are not read, folders are" {
  lab
  ocsp-ca crl >/dev/null
  mv lab/crl elsewhere
  ln -s "$T/elsewhere" lab/crl
  jailed --log-format json
  [ "$(crl)" = 200 ]
  mv elsewhere/root.crl outside.crl
  ln -s "$T/outside.crl" elsewhere/root.crl
  [ "$(crl)" = 500 ]
  signer=$(echo lab/responder/*.pem)
  mv "$signer" outside.pem
  ln -s "$T/outside.pem" "$signer"
  ask request --nonce 0123456789abcdef0123456789abcdef "$C" "$I" >q.der
  kill -HUP "$pid"
  logged SIGHUP responder.log
  post q.der
  is_error 2
  grep -q 'responder/.*Permission denied' responder.log
  rm "$signer"
  mv outside.pem "$signer"
  kill -HUP "$pid"
  logged SIGHUP responder.log 2
  verdict good
}

@test "the same links with --no-jail are followed" {
  lab
  ocsp-ca crl >/dev/null
  respond --no-jail
  mv lab/crl/root.crl outside.crl
  ln -s "$T/outside.crl" lab/crl/root.crl
  [ "$(crl)" = 200 ]
}

@test "new CAs, signers, CRLs and states are served as ever" {
  lab
  jailed
  ocsp-ca add-ca own --signer ca >/dev/null
  ocsp-ca add-ca other --signer delegated --root >/dev/null
  for ca in own other; do
    ocsp-ca issue "of-$ca" --ca "$ca" >/dev/null
    ask request "lab/certs/of-$ca/cert.pem" "lab/certs/of-$ca/chain.pem" >q.der
    verdict good
    ocsp-ca revoke "of-$ca" >/dev/null
    verdict revoked
  done
  ask request "$C" "$I" >q.der
  ocsp-ca signer rotate --ca root >/dev/null
  verdict good
  rm -r lab/crl
  ocsp-ca crl >/dev/null
  [ "$(crl)" = 200 ]
  curl -sSf "$status_url/healthz" | field healthy | grep -qx true
  rm -r lab
  post q.der
  is_error 2
  grep -q 'removed or replaced' responder.log
}

@test "a log that is rotated, behind a link too, or a pipe" {
  lab
  mkdir logs real
  ln -s "$T/real/log" logs/log
  jailed --log logs/log
  mv real/log real/log.1
  kill -HUP "$pid"
  logged 'log opened anew' real/log
  halt "$pid"
  serve second ocsp-responder --listen 127.0.0.1:0 --log /dev/stderr
  kill -HUP "$pid"
  logged 'log opened anew' second.log
}

@test "a log that cannot be opened anew: said, and the old one goes on" {
  lab
  mkdir logs other
  jailed --log logs/log
  mv logs/log old
  ln -s "$T/other/log" logs/log
  kill -HUP "$pid"
  logged 'logs/log cannot be opened: Permission denied: this file is kept' old
  [ ! -e other/log ]
  rm -r logs
  mkdir logs
  kill -HUP "$pid"
  logged 'is kept' old 2
  ask request --serial 12345678 "$C" "$I" >q.der
  verdict unknown
  grep -q serial=12345678 old
}

@test "a backup in its place is not in WAL mode until the next change" {
  ocsp-ca init --temporary --dir first >/dev/null
  ocsp-ca issue www --dir first >/dev/null
  ocsp-ca backup ca.db --dir first >/dev/null
  mkdir lab
  mv ca.db lab
  cp -a first/root.pem first/ca first/responder first/certs lab
  jailed
  [ ! -e lab/ca.db-wal ]
  ask request "$C" "$I" >q.der
  verdict good
  ocsp-ca revoke www >/dev/null
  verdict revoked
  curl -sSf "$status_url/healthz" | field healthy | grep -qx true
  ocsp-ca crl >/dev/null
  [ "$(crl)" = 200 ]
}

@test "a CA without a signer yet: the first one comes while it serves" {
  openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=My CA' -days 30 \
    -keyout my.key -out my.pem 2>/dev/null
  printf 'V\t361231235959Z\t\t1000\tunknown\t/CN=first\n' >index.txt
  ocsp-ca import index.txt --ca-cert my.pem --ca my >/dev/null
  jailed
  ask request --serial 1000 my.pem my.pem >q.der
  post q.der
  is_error 6
  ocsp-ca signer request --ca my --out s.csr >/dev/null
  openssl x509 -req -in s.csr -CA my.pem -CAkey my.key -copy_extensions copy \
    -set_serial 77 -days 9 -out s.pem 2>/dev/null
  ocsp-ca signer install s.pem >/dev/null
  verdict good
}

@test "the unit file: systemd can read it, and its command line works" {
  unit=$OCSP_LAB_BUILD/responder/ocsp-responder.service
  sed "s|^ExecStart=[^ ]*/|ExecStart=$OCSP_LAB_BIN/|" "$unit" >ocsp-responder.service
  grep -q "^ExecStart=$OCSP_LAB_BIN/ocsp-responder " ocsp-responder.service
  lab
  command=$(sed -n '/^ExecStart=/,/[^\\]$/p' ocsp-responder.service |
    sed 's/^ExecStart=//; s/\\$//; s|/var/lib/ocsp|lab|; s/:808[01]/:0/' | tr '\n' ' ')
  read -ra words <<<"$command"
  serve responder "${words[@]}"
  [ "$(field url <<<"$ready")" = http://ocsp.example.org ]
  # shellcheck disable=SC2230
  if ! which systemd-analyze; then skip "no systemd-analyze here"; fi
  systemd-analyze verify --man=no ./ocsp-responder.service 2>&1 | tee said
  [ ! -s said ]
}
