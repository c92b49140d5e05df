#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-responder under overload and abuse: bounded waiting, and others keep
# being served.

load helper
load responder

# python ARG... : a program from standard input, with http.py's few helpers.
python() {
  {
    cat <<'PY'
import os, re, signal, socket, sys, urllib.parse

def connect(url):
    u = urllib.parse.urlsplit(url)
    return socket.create_connection((u.hostname, u.port), 60)

def get(path):
    return b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path

def post(body):
    return (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
            % len(body)) + body

def receive(s):
    """One response: head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise EOFError(data)
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(body) < length:
        body += s.recv(65536)
    return head, body

def closed(s):
    """The server has ended it; what it said before does not matter."""
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True
PY
    cat
  } >prog.py
  /usr/bin/python3 prog.py "$@"
}

@test "who would wait too long for a signature gets tryLater with Retry-After" {
  lab --signer-algorithm rsa4096
  respond --threads 1 --max-wait 20ms
  ask request --nonce abcd "$C" "$I" >nonce.der
  ask request "$C" "$I" >plain.der
  post plain.der
  # All of them are there when it looks again; one signature takes
  # milliseconds.
  python "$url" "$pid" <<'PY'
url, pid = sys.argv[1], int(sys.argv[2])
nonce, plain = open("nonce.der", "rb").read(), open("plain.der", "rb").read()
socks = [connect(url) for _ in range(100)]
for s in socks:
    s.sendall(get(b"/"))
    receive(s)
os.kill(pid, signal.SIGSTOP)
for s in socks[:80]:
    s.sendall(post(nonce))
for s in socks[80:]:
    s.sendall(post(plain))
os.kill(pid, signal.SIGCONT)
answers = [receive(s) for s in socks]
later = [h for h, b in answers if b == bytes.fromhex("30030a0103")]
print(len(later), "of 80 were put off")
assert 0 < len(later) < 80
for head in later:
    assert b" 200 " in head and b"\r\nRetry-After: 5" in head, head
    assert b"no-store" in head, head
# What is kept needs no signature.
assert all(len(b) > 100 for h, b in answers[80:])
# And afterwards there is room again.
s.sendall(post(nonce))
assert len(receive(s)[1]) > 100
PY
  grep -q 'status=tryLater .*too many signatures are waiting' responder.log
  curl -sS "$status_url/metrics" | grep -q 'status="tryLater",cache="none"'
}

@test "2,000 idle connections cost little, and one that asks is served" {
  lab
  respond
  ask request "$C" "$I" >q.der
  before=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
  python "$url" "$pid" "$before" <<'PY'
url, pid, before = sys.argv[1], sys.argv[2], int(sys.argv[3])
idle = [connect(url) for _ in range(1000)]
halves = [connect(url) for _ in range(1000)]
for s in halves:
    s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\nhalf")
s = connect(url)
for _ in range(100):
    s.sendall(post(open("q.der", "rb").read()))
    assert len(receive(s)[1]) > 100
status = open("/proc/%s/status" % pid).read()
after = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
print("%d kB for 2,000 connections" % (after - before))
assert (after - before) / 2000 < 48
PY
}

@test "half a request is closed after ten idle seconds" {
  lab
  respond
  ask request "$C" "$I" >q.der
  python "$url" <<'PY'
url = sys.argv[1]
half = [connect(url) for _ in range(3)]
half[0].sendall(b"GET /")
half[1].sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90\r\n\r\nhalf")
for s in half: # the last has not said a word
    assert closed(s)
s = connect(url)
s.sendall(post(open("q.der", "rb").read()))
assert len(receive(s)[1]) > 100
PY
}

@test "giant, odd and broken requests end in an answer or the end" {
  lab
  respond --threads 1
  ask request "$C" "$I" >q.der
  python "$url" <<'PY'
url = sys.argv[1]
body = open("q.der", "rb").read()
big = 60000
odd = [
    b"GET /" + b"M" * big + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * big + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10000 + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GARBAGE\r\n\r\n",
    b"\0" * 1000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n" * 20,
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: h\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
]
for text in odd:
    s = connect(url)
    try:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass # it has had enough
    assert closed(s), text[:40]
    s.close()
    s = connect(url)
    s.sendall(post(body))
    assert len(receive(s)[1]) > 100, text[:40]
    s.close()
PY
}

@test "a browser's visit: pages and words, and nothing signed" {
  lab
  respond
  for path in / /favicon.ico /robots.txt /index.html /.well-known/x; do
    code=$(curl -sS -A Mozilla/5.0 -o page -w '%{http_code}' "$url$path")
    [ "$code" = 200 ]
    [ "$(stat -c %s page)" -lt 1000 ]
  done
  curl -sS "$status_url/metrics" >m
  grep -qx 'ocsp_responder_signatures_total 0' m
}

@test "500 pipelined requests come back in their order" {
  lab
  ocsp-ca issue other >/dev/null
  respond
  ask request "$C" "$I" >1.der
  ask request --nonce ab lab/certs/other/cert.pem "$I" >2.der
  python "$url" <<'PY'
one, two = open("1.der", "rb").read(), open("2.der", "rb").read()
s = connect(sys.argv[1])
s.sendall((post(one) + post(two) + get(b"/favicon.ico")) * 166)
rest = b""
kinds = []
while len(kinds) < 498:
    while b"\r\n\r\n" not in rest:
        rest += s.recv(65536)
    head, rest = rest.split(b"\r\n\r\n", 1)
    n = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(rest) < n:
        rest += s.recv(65536)
    kinds.append("e" if n == 5 else "n" if b"no-store" in head else "k")
    rest = rest[n:]
assert "".join(kinds) == "kne" * 166
PY
}

@test "a database that is spoilt never becomes good, nor what is kept of it" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der
  says singles.0.status good
  # Over the pages of the file, and a change that makes it look.
  ocsp-ca revoke www >/dev/null
  cp lab/ca.db kept
  for file in lab/ca.db lab/ca.db-wal; do
    [ ! -s "$file" ] || dd if=/dev/urandom of="$file" bs=4096 conv=notrunc \
      count=$(($(stat -c %s "$file") / 4096)) 2>/dev/null
  done
  for _ in 1 2 3; do
    get q.der
    post q.der
    is_error 2 || says singles.0.status revoked
  done
  run curl -sS -o health -w '%{http_code}' "$status_url/healthz"
  [ "$output" = 503 ]
}
