#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-stapler, group I: RFC 6066 section 8, RFC 8446 section
# 4.4.2.1, RFC 7633.
#
# Proved elsewhere:
#   I1 stapler-handshake.bats: a client that does not ask gets no staple
#   I2 stapler-handshake.bats: openssl sees a good staple over TLS 1.2 and TLS 1.3
#   I5 stapler-refresh.bats: whatever goes wrong with the responder, the last good staple stays
#   I6 stapler-refresh.bats: with the responder dead: keeps it, restarts with it, drops it in time
#   I7 stapler-refresh.bats: halfway through the validity it fetches anew
#   I8 stapler-refresh.bats: it has a staple before it serves
#   I9 stapler-refresh.bats: a must-staple certificate without a staple is refused
#   I10 stapler-handshake.bats: nothing is resumed: each handshake has its own staple
#   I11 stapler-refresh.bats: --on-missing serve and refuse overrule must-staple
#   I12 stapler-handshake.bats: SNI picks the certificate, and its own staple
#   I14 stapler-refresh.bats: --hash sha256 and a long URL: SHA-256 by POST
#   I15 stapler-server.bats: a refresh asks again, also behind one that is under way

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

@test "I3 the staple is the leaf's: OpenSSL 3.0 sends none for intermediates" {
  lab --depth 2
  responder
  stapler
  exits 0 ocsp-check www --connect "127.0.0.1:$port" --tls1.3 --explain
  [[ $output == *"ok    staple "*"--    issuer-status "*"nothing stapled for it"* ]]
}

@test "I4 status_request_v2 and unknown extensions are passed over" {
  lab
  responder
  stapler
  for version in tls1_2 tls1_3; do
    staple -serverinfo 17 -$version
    [[ $output == *"Cert Status: good"* ]]
    [ "$status" -eq 0 ]
  done
}

@test "I13 a status_request with responder IDs or of another type is no failure, a broken one is an alert" {
  lab
  responder
  stapler
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 - "$port" <<'PY'
import socket, struct, sys

def vector(width, body):
    return len(body).to_bytes(width, "big") + body

def extension(number, body):
    return struct.pack(">H", number) + vector(2, body)

def hello(status_request):
    extensions = (extension(5, status_request) +
                  extension(10, vector(2, b"\0\x17\0\x1d")) +
                  extension(11, vector(1, b"\0")) +
                  extension(13, vector(2, b"\4\3\x08\x07\x08\4\4\1")))
    body = (b"\3\3" + bytes(32) + b"\0" +
            vector(2, b"\xc0\x2b\xc0\x2f\xc0\x2c") + b"\1\0" +
            vector(2, extensions))
    return b"\x16\3\1" + vector(2, b"\1" + vector(3, body))

def answer(status_request):
    """The types of the server's messages, or its alert."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.sendall(hello(status_request))
        stream, got = s.makefile("rb"), []
        while 14 not in got:
            head = stream.read(5)
            body = stream.read(int.from_bytes(head[3:5], "big"))
            if head[0] == 21:
                return "alert %d" % body[1]
            while body:
                got.append(body[0])
                body = body[4 + int.from_bytes(body[1:4], "big"):]
        return got

STAPLED = [2, 11, 22, 12, 14]
who = vector(2, b"\xa2\x16\4\x14" + bytes(20))
for request, want in [
        (b"\1\0\0\0\0", STAPLED),
        (b"\1" + vector(2, who) + b"\0\0", STAPLED),
        (b"\1" + vector(2, who * 40) + b"\0\0", STAPLED),
        (b"\7\0\0\0\0", [2, 11, 12, 14]),
        (b"\1\0\0", "alert 50"), (b"\1\xff\xff\0\0", "alert 50"),
        (b"\1" + vector(2, vector(2, b"junk")) + b"\0\0", "alert 50"),
        (b"", "alert 50")]:
    assert answer(request) == want, (request[:8], answer(request))
PY
  stapled good
}

@test "I16 clients are not asked for certificates, and there is no DTLS" {
  lab
  responder
  stapler
  staple -msg
  [[ $output != *CertificateRequest* ]]
  run ! openssl s_client -dtls -timeout -connect "127.0.0.1:$port" </dev/null
}
