#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check --explain: the walk, for people.

# shellcheck disable=SC2154 # set by the helpers

load helper
load check
load careful

# on_terminal COLUMNS CMD ARG... : what CMD writes to a terminal of that width
on_terminal() {
  /usr/bin/python3 - "$@" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("4H", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
out = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
os.waitpid(pid, 0)
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))
PY
}

plain() {
  sed 's/\x1b\[[0-9;]*m//g'
}

explain=(ocsp-check --explain)

@test "each step has one line with its mark and section, under a question" {
  judged 0 --explain --cert "$PKI/www.pem" --response "$PKI/www.der"
  for question in 'May the certificate be believed?' 'Is it an OCSP answer?' \
    'Is it about this certificate?' 'Who signed it, and may he?' \
    'Is it of now?' 'What does it say?'; do
    grep -qxF " $question" <<<"$output"
  done
  # No step is under a question that comes twice.
  [ -z "$(grep '^ [A-Z]' <<<"$output" | sort | uniq -d)" ]
  steps=$(grep -c '^  \(ok  \|--  \)  [a-z-]* .*\[[A-Z].*\]$' <<<"$output")
  [ "$steps" -eq 19 ]
  [ "${lines[-1]}" = "policy strict: accepted" ]
}

@test "the steps are those of --json, in the same order and words" {
  careful <<'PY'
import time
# Both look at one instant: the words have seconds in them.
at = ("--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
stale = Answer("www.der")
stale.set_next_update(time_text(-60))
for der in bytes_of("www.der"), bytes_of("gone.der"), stale.signed(), b"":
    code, said = judge(der, *at)
    text = run("ocsp-check", "--explain", "--response", "-", "--cert",
               path("www.pem"), "--ca", path("root.pem"), *at, input=der
               ).stdout.decode()
    marks = {True: ("ok", "STOP"), False: ("FAIL",), None: ("--",)}
    lines = [l for l in text.splitlines() if l.startswith("  ") and l[2] != " "]
    assert len(lines) == len(said["checks"])
    for line, c in zip(lines, said["checks"]):
        mark, name, rest = line.split(None, 2)
        assert mark in marks[c["ok"]] and name == c["id"], line
        assert rest.split("  [")[0] == c["detail"].strip()
        assert rest.endswith("[%s]" % c["ref"])
PY
}

@test "on a terminal it has colour and keeps to the width" {
  for columns in 60 80 132; do
    TERM=xterm on_terminal $columns "${explain[@]}" --ca "$PKI/root.pem" --cert \
      "$PKI/www.pem" --response "$PKI/www.der" >seen
    grep -q $'\033\[32mok' seen
    # The verdict itself is for the terminal to break.
    plain <seen | sed 1d >rest
    most=$columns
    [ $columns -le 100 ] || most=100
    [ -z "$(awk -v most=$most 'length($0) > most' rest)" ]
    # Nothing is lost, whatever the width.
    tr -s ' \n' ' ' <rest >words
    judged 0 --explain --cert "$PKI/www.pem" --response "$PKI/www.der"
    grep -oE '^  (ok|--) .*' <<<"$output" | sed 's/, now 20.*//' | while read -r _ name _; do
      grep -q " $name " words
    done
  done
}

@test "NO_COLOR, a dumb terminal and a pipe have none" {
  args=(--ca "$PKI/root.pem" --cert "$PKI/www.pem" --response "$PKI/www.der")
  NO_COLOR=1 TERM=xterm on_terminal 80 "${explain[@]}" "${args[@]}" >seen
  run -1 grep -q $'\033' seen
  TERM=dumb on_terminal 80 "${explain[@]}" "${args[@]}" >seen
  run -1 grep -q $'\033' seen
  NO_COLOR='' TERM=xterm on_terminal 80 "${explain[@]}" "${args[@]}" >seen
  grep -q $'\033' seen
  "${explain[@]}" "${args[@]}" >seen
  run -1 grep -q $'\033' seen
}

@test "a step that fails says what could happen to who leaves it out" {
  careful <<'PY'
def said(der, *args, cert="www", ca="root"):
    return run("ocsp-check", "--explain", "--response", "-", "--cert",
               path(cert + ".pem"), "--ca", path(ca + ".pem"), *args,
               input=der).stdout.decode()

def lesson(text, step):
    """The line below the failed step."""
    lines = text.splitlines()
    at = next(i for i, l in enumerate(lines)
              if l.split(None, 2)[:2] == ["FAIL", step])
    assert lines[at + 1].startswith(" " * 29), (step, lines[at + 1])
    return lines[at + 1]

good = bytes_of("www.der")
assert not [l for l in said(good).splitlines() if l.startswith(" " * 29)]
stale = Answer("www.der")
stale.set_next_update(time_text(-60))
assert "attacker keeps" in lesson(said(stale.signed()), "next-update")
assert "easy to get" in lesson(said(bytes_of("must.der")), "certid")
assert "anchor" in lesson(said(good, ca="must"), "chain")
assert "not signed" in lesson(said(b"\x30\3\x0a\1\3"), "response-status")
assert "DER" in lesson(said(good + b"x"), "encoding")
a = Answer(good)
assert "somebody else signed" in lesson(said(a.signed("www")), "signature")
odd = Answer(good)
odd.set_extensions(extension(ODD, True, b"\5\0"))
assert "rely" in lesson(said(odd.signed()), "critical-extensions")
more = "--issuer", path("int.pem")
for signer, step in [("noeku", "signer"), ("ocspku", "signer-key-usage"),
                     ("ocspx", "signer-validity")]:
    der = answered_by(signer, cert="deep", issuer="int")
    lesson(said(der, *more, cert="deep"), step)
# Bad news is no failed step, but the end all the same.
text = said(bytes_of("gone.der"), cert="gone")
assert "  STOP  cert-status " in text and "must not be used" in text
assert text.endswith("policy strict: refused\n")
PY
}

@test "what is wrong with server, chain or name is told with the flag that helps" {
  tls_server www "$PKI/www.der"
  at=https://www.localhost:$port
  judged 3 "https://elsewhere.localhost:$port" --explain
  [[ $output == *"FAIL  host-name"*"not for elsewhere.localhost but for www.localhost, www.example"*--servername* ]]
  exits 3 ocsp-check "$at" --ca "$PKI/must.pem" --explain
  [[ $output == *"FAIL  chain"*--ca*--issuer* ]]
  exits 3 ocsp-check "$at" --explain
  [[ $output == *"FAIL  chain"*"no trust anchor is at hand: name one with --ca"* ]]
  judged 0 "$at" --explain
  [[ $output == *"ok    handshake            TLSv1.3 with 127.0.0.1:$port, as www.localhost"* ]]
  closed
  judged 5 "127.0.0.1:$port" --explain
  [[ $output == *"FAIL  handshake"*"refused: is the server up?"* ]]
  tls_server must
  judged 4 "https://www.localhost:$port" --explain
  [[ $output == *"FAIL  must-staple"*"FAIL  staple               asked for, and none came"* ]]
}
