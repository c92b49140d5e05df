#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder's limits (ocsp-responder(1), LIMITS): what happens at them,
# and that others go on.

load helper
load responder

# python ARG... : a program from standard input, with drilled.py at hand.
python() {
  {
    cat <<'PY'
import select, sys
from drilled import Connection, http_post

q = open("q.der", "rb").read()

def place(url):
    host, port = url[len("http://"):].split(":")
    return host, int(port)

def answered(c):
    c.send(http_post(q))
    return len(c.receive()[1]) > 100

def says_nothing(c):
    return not select.select([c.sock], [], [], 0)[0]
PY
    cat
  } >prog.py
  PYTHONPATH=$OCSP_LAB_SOURCE/tests/heavy /usr/bin/python3 -W ignore prog.py "$@"
}

@test "above --max-connections they wait, and get their turn" {
  lab
  respond --threads 1 --max-connections 20
  ask request "$C" "$I" >q.der
  python "$url" <<'PY'
at = place(sys.argv[1])
first = [Connection(at) for _ in range(20)]
assert all(map(answered, first))
late = [Connection(at) for _ in range(30)]
for c in late:
    c.send(http_post(q))
# Those who are in are served as before, again and again.
for _ in range(50):
    assert all(map(answered, first))
assert all(map(says_nothing, late))
# One goes, one comes.
first.pop().close()
assert len(late[0].receive()[1]) > 100
assert all(map(says_nothing, late[1:]))
for c in first:
    c.close()
late[0].close()
for c in late[1:]:
    assert len(c.receive()[1]) > 100
    c.close()
PY
}

@test "few descriptors and many threads: no more connections than they allow" {
  lab
  ulimit -n 500
  respond --threads 48
  ask request "$C" "$I" >q.der
  python "$url" "$status_url" <<'PY'
at, status = place(sys.argv[1]), place(sys.argv[2])
first = Connection(at)
assert answered(first)
crowd = [Connection(at) for _ in range(450)]
for c in crowd:
    c.send(http_post(q))
# What is left is enough for the status listener.
for _ in range(20):
    assert answered(first)
    s = Connection(status)
    s.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
    assert s.receive()[0].startswith(b"HTTP/1.1 200")
    s.close()
for c in crowd:
    assert len(c.receive()[1]) > 100
    c.close()
PY
  run ! grep -qi 'too many open files' responder.log
}
