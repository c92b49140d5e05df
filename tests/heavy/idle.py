"""idle.py LAB N: a responder with N connections on which nothing happens, half
of them in the middle of a request.  Others are answered meanwhile, the memory
of a connection has its bound, and in the end nothing of them is left."""
import os
import resource
import select
import socket
import sys
import tempfile
import time

from board import Issuer
from drilled import Answer, Connection, Responder, Wrong, http_post

KB_EACH = 48
HALF = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\nhalf"


class Client:
    """Somebody else, who asks and gets the answer."""

    def __init__(self, responder, lab):
        self.issuer = Issuer(lab + "/ca/root/cert.pem")
        self.serial = Issuer(lab + "/certs/www/cert.pem").cert.serial_number
        self.connection = Connection(responder.place())
        self.asked, self.slowest = 0, 0.0

    def ask(self):
        nonce = os.urandom(16) if self.asked % 2 else None
        start = time.monotonic()
        self.connection.send(http_post(
            self.issuer.request(self.serial, "sha1", nonce)))
        a = Answer(nonce, self.connection.receive()[1])
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.asked += 1
        if a.error or a.status != "GOOD":
            raise Wrong("the other client got error %d" % a.error)


def connect_all(responder, client, n):
    """Until the responder has them all, at the same time."""
    socks = []
    for i in range(n):
        socks.append(socket.create_connection(responder.place(), 60))
        if i % 2:
            socks[-1].sendall(HALF)
        if i % 50 == 0:
            client.ask()
    while responder.descriptors() < n:
        client.ask()
    return socks


def all_closed(responder, client, socks, before):
    poll = select.poll()
    for s in socks:
        poll.register(s, select.POLLIN)
    waiting = {s.fileno(): s for s in socks}
    while waiting:
        for fd, _ in poll.poll(1000):
            try:
                if waiting[fd].recv(4096):
                    continue
            except ConnectionResetError:
                pass
            poll.unregister(fd)
            waiting.pop(fd).close()
        client.ask()
    while responder.descriptors() > before:
        client.ask()


def run(lab, n):
    with tempfile.TemporaryDirectory() as folder:
        responder = Responder(lab, folder, "--threads", "4")
        try:
            client = Client(responder, lab)
            for _ in range(100):
                client.ask()
            before = responder.memory_kb(), responder.descriptors()
            start = time.monotonic()
            socks = connect_all(responder, client, n)
            took = time.monotonic() - start
            each = (responder.memory_kb() - before[0]) / n
            print("%d connections in %.1f s: %.1f kB each" % (n, took, each))
            if each > KB_EACH:
                raise Wrong("more than %d kB" % KB_EACH)
            all_closed(responder, client, socks, before[1])
            print("another client: %d answers, the slowest after %.0f ms; "
                  "afterwards %.1f MiB resident, before %.1f" % (
                      client.asked, client.slowest * 1e3,
                      responder.memory_kb() / 1024, before[0] / 1024))
            client.connection.close()
            responder.stop()
        finally:
            responder.kill()


lab, count = sys.argv[1], int(sys.argv[2])
wanted = count + 500
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if hard < wanted:
    print("skip: only %d open files are allowed" % hard)
    sys.exit(0)
resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
try:
    run(lab, count)
except Wrong as problem:
    sys.exit("idle.py: %s" % problem)
