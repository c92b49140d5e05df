"""pests.py BOARD URL STATUS_URL SEED: clients that nobody wants, until the
board says stop.  Each of their requests must end in an answer or in the end of
the connection; prints a line of JSON with how many of each there were."""
import json
import os
import random
import socket
import struct
import sys
import time
import urllib.parse

from cryptography.x509 import ocsp

import board as boards
from drilled import PATIENCE, Connection, Wrong, http_get, http_post

SLOTHS = 200
PIPELINE = 60
BIG = 60000


class Pests:
    def __init__(self, path, url, status_url, seed):
        self.board = boards.Board.open(path)
        self.place, self.status = place(url), place(status_url)
        self.chance = random.Random(seed)
        self.sloths, self.left, self.seen = [], [], {}

    def run(self):
        kinds = (self.garbage, self.spoilt, self.giant, self.pipeline,
                 self.browser, self.scan, self.walk_away, self.foreign,
                 self.watch, self.sloth, self.sloth, self.sloth)
        while not self.board[boards.STOP]:
            kind = self.chance.choice(kinds)
            kind()
            self.collect()
            self.seen[kind.__name__] = self.seen.get(kind.__name__, 0) + 1
        for one in self.sloths + self.left:
            one[0].close()
        print(json.dumps(self.seen))

    # -- help

    def request(self):
        """DER for some certificate, with a nonce or without."""
        cert = self.chance.randrange(self.board[boards.CERTS])
        return self.board.request(cert, self.chance.randrange(4)).replace(
            b"N" * 32, self.chance.randbytes(32))

    def http(self, der):
        return self.chance.choice((http_get, http_post))(der)

    def leave(self, http, where=None, check=None):
        """Sends it and no more.  It must come to its end, but nobody waits:
        half a request may have ten seconds."""
        s = socket.create_connection(where or self.place, PATIENCE)
        try:
            s.sendall(http)
            s.shutdown(socket.SHUT_WR)
        except (ConnectionResetError, BrokenPipeError, OSError):
            pass  # it has had enough
        s.setblocking(False)
        self.left.append((s, time.monotonic(), http[:60], check))

    def collect(self):
        """Those that have come to their end."""
        for one in list(self.left):
            s, since, http, check = one
            try:
                while data := s.recv(65536):
                    if check:
                        check(data)
                    check = None
            except BlockingIOError:
                if time.monotonic() > since + PATIENCE:
                    raise Wrong("no end: %r" % http)
                continue
            except OSError:
                pass
            s.close()
            self.left.remove(one)

    # -- kinds

    def garbage(self):
        self.leave(self.chance.randbytes(self.chance.randrange(3000)))

    def spoilt(self):
        """A request with some wrong octets: an error or, for an octet that
        does not count, an answer."""
        der = bytearray(self.request())
        for _ in range(self.chance.randrange(1, 4)):
            der[self.chance.randrange(len(der))] = self.chance.randrange(256)
        c = Connection(self.place)
        c.send(self.http(bytes(der[:self.chance.choice((len(der), 20))])))
        head, body = c.receive()
        c.close()
        if not head.startswith(b"HTTP/1.1 200 ") or not body.startswith(b"0"):
            raise Wrong("%r after %s" % (head, der.hex()))
        ocsp.load_der_ocsp_response(body)

    def giant(self):
        def check(got):
            if not got.startswith(b"HTTP/1.1 4"):
                raise Wrong("a giant got %r" % got[:60])

        self.leave(self.chance.choice((
            b"GET /" + b"M" * BIG + b" HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * BIG + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (BIG // 6) + b"\r\n",
            http_post(b"0" * BIG),
            http_post(b"0" * (2 << 20)),
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"400\r\n" + b"x" * 1024 + b"\r\n" + b"ffffff\r\n" + b"y" * BIG
        )), check=check)

    def pipeline(self):
        ders = [self.request() for _ in range(PIPELINE)]
        c = Connection(self.place)
        c.send(b"".join(map(self.http, ders)))
        for der in ders:
            check_answer(der, c.receive()[1])
        c.close()

    def browser(self):
        c = Connection(self.place)
        for path in (b"/", b"/favicon.ico", b"/robots.txt", b"/crl/ca1.crl"):
            c.send(b"GET %s HTTP/1.1\r\nHost: h\r\nUser-Agent: Mozilla/5.0\r\n"
                   b"Accept: text/html\r\nConnection: keep-alive\r\n\r\n"
                   % path)
            head, _ = c.receive()
            if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404")):
                raise Wrong("%r for %r" % (head, path))
        c.close()

    def scan(self):
        """Connects to both ports and goes, politely or with a reset."""
        for where in (self.place, self.status) * 10:
            s = socket.create_connection(where, PATIENCE)
            if self.chance.randrange(2):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
            s.close()

    def walk_away(self):
        """Asks for much and does not read it."""
        for _ in range(5):
            s = socket.create_connection(self.place, PATIENCE)
            s.sendall(b"".join(self.http(self.request()) for _ in range(40)))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
            s.close()

    def foreign(self):
        self.leave(self.chance.choice((
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
            b"SSH-2.0-OpenSSH_9.2\r\n", b"HELO h\r\n", b"\0" * 64,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
            b"GET http://h/ HTTP/1.1\r\n\r\n", b"CONNECT h:1 HTTP/1.1\r\n\r\n",
            b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
            self.chance.choice((self.place, self.status)))

    def watch(self):
        """Somebody who looks at the status listener, oddly too."""
        path, wanted = self.chance.choice((
            (b"/healthz", 200), (b"/metrics", 200),
            (b"/requests?since=1&min=1", 200), (b"/requests?since=x", 400),
            (b"/requests?since=18446744073709551615&timeout=10ms", 200),
            (b"/nothing", 404)))
        c = Connection(self.status)
        c.send(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path)
        head, body = c.receive()
        c.close()
        if int(head.split()[1]) != wanted:
            raise Wrong("%r: %r %r" % (path, head, body[:500]))

    def sloth(self):
        """One more octet of a request; when it is whole, its answer.  A sloth
        that was silent for too long may find itself cut off."""
        if len(self.sloths) < SLOTHS:
            der = self.request()
            http = self.http(der)
            s = Connection(self.place)
            s.send(http[:-5])
            self.sloths.append((s, [der, http[-5:]]))
        at = self.chance.randrange(len(self.sloths))
        s, state = self.sloths[at]
        try:
            s.send(state[1][:1])
            state[1] = state[1][1:]
            if state[1]:
                return
            body = s.receive()[1]
        except (ConnectionResetError, BrokenPipeError, Wrong):
            self.seen["cut off"] = self.seen.get("cut off", 0) + 1
        else:
            check_answer(state[0], body)
        s.close()
        del self.sloths[at]


def check_answer(der, body):
    r = ocsp.load_der_ocsp_response(body)
    asked = ocsp.load_der_ocsp_request(der)
    if r.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL or \
            r.serial_number != asked.serial_number:
        raise Wrong("%s got %s" % (der.hex(), body[:20].hex()))


def place(url):
    where = urllib.parse.urlsplit(url)
    return where.hostname, where.port


try:
    Pests(*sys.argv[1:4], int(sys.argv[4])).run()
except Wrong as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
