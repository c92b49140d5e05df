#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-check and servers that mean harm: every run ends, with a verdict.

# shellcheck disable=SC2154 # set by the helpers

load helper
load check
load careful

@test "bytes without sense on a TLS port are no handshake, whatever they are" {
  careful <<'PY'
import random, socket
draw = random.Random(1)
hello = bytes.fromhex("160303004a020000460303") + bytes(32) + b"\0\xc0\x2f\0"
plans = [b"", b"\0", b"HTTP/1.1 200 OK\r\n\r\n" * 100, b"\x15\3\3\0\2\2\x28",
         b"\x16\3\3\x40\0\x0b\xff\xff\xff" + bytes(300000),
         b"\x16\3\3\xff\xff" + bytes(70000), b"\x16\3\3\0\0" * 50000, hello,
         b"\x16\3\3\0\4\0\0\0\0" * 20000, b"\x15\3\3\0\2\1\0" * 20000,
         b"\x14\3\3\0\1\1" * 20000]
plans += [draw.randbytes(draw.choice([1, 5, 50, 5000, 100000]))
          for _ in range(25)]
plans += [hello[:n] + draw.randbytes(200) for n in (5, 9, 11, 43)]

def serve(listener):
    for plan in plans:
        peer = listener.accept()[0]
        try:
            peer.recv(4096)
            peer.sendall(plan)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        except OSError:
            pass
        peer.close()

listener = socket.create_server(("127.0.0.1", 0))
thread = threading.Thread(target=serve, args=(listener,))
thread.start()
for plan in plans:
    code, said = check("127.0.0.1:%d" % listener.getsockname()[1], "--ca",
                       path("root.pem"), "--policy", "soft-fail")
    expect((code, said), "unreachable", "handshake")
    assert not said["accepted"]
thread.join()
PY
}

@test "a responder that sends anything but an answer is no answer, or a bad one" {
  careful <<'PY'
import random
draw = random.Random(2)
whole = bytes_of("www.der")
with responder(b"") as r:
    for body in [b"", b"\0", b"\x30\x84\xff\xff\xff\xff", b"\x30" * 50000,
                 b"\x30\x80" * 30000, bytes(102400), bytes(102401),
                 bytes(5000000), b"<html></html>"] + [
                     draw.randbytes(draw.choice([1, 20, 700, 60000]))
                     for _ in range(20)] + [
                         whole[:n] + draw.randbytes(9) + whole[n + 9:]
                         for n in draw.sample(range(len(whole) - 9), 20)]:
        r.reply = body
        code, said = ask(r)
        # A changed byte may stand in what nobody needs; then it is good.
        assert said["verdict"] in ("untrusted", "missing", "unreachable") or \
            (body[:9] == whole[:9] and said["verdict"] == "good"), said
        if len(body) > 102400:
            assert said["verdict"] == "missing", said
PY
}
