"""A lab, its responder and its clients, for stale_drill.py and soak.py."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.parse

from cryptography.x509 import ocsp

import board as boards

PATIENCE = 120


class Wrong(Exception):
    """What must not be."""


def ca(lab, *words):
    done = subprocess.run(["ocsp-ca", *words, "--dir", lab],
                          capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)
    if done.returncode:
        raise Wrong("ocsp-ca %s: exit %d: %s" % (
            " ".join(words), done.returncode, done.stderr))
    return done.stdout


NULL = os.open(os.devnull, os.O_WRONLY)
OCSP_CA = shutil.which("ocsp-ca")


def ca_quick(lab, *words):
    """The same without its words, as fast as can be: the moment of its end."""
    pid = os.posix_spawn(OCSP_CA, ["ocsp-ca", *words, "--dir", lab], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, NULL, 1)])
    status = os.waitpid(pid, 0)[1]
    ended = time.monotonic()
    if status:
        raise Wrong("ocsp-ca %s: status %d" % (" ".join(words), status))
    return ended


def seconds(text):
    """Of a time as ocsp-ca prints it, since 1970."""
    import calendar
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def move_clock(lab, board, *words):
    """Of the lab and on the board: the moment at which it was done."""
    board[boards.CLOCK_BEGUN] += 1
    before = int(time.time())
    at = json.loads(ca(lab, "clock", *words, "--json"))
    ended = time.monotonic()
    frozen = seconds(at["now"]) if at["mode"] == "frozen" else 0
    board[boards.CLOCK_OFFSET] = at["offset"]
    board[boards.CLOCK_FROZEN] = frozen
    # It was moved some time before the command had ended.
    board[boards.CLOCK_LO] = frozen or before + at["offset"]
    board[boards.CLOCK_ACKED] = board[boards.CLOCK_BEGUN]
    return ended


class Responder:
    def __init__(self, lab, folder, *options):
        self.log = os.path.join(folder, "responder.log")
        self.process = subprocess.Popen(
            ["ocsp-responder", "--dir", lab, "--listen", "127.0.0.1:0", "--log",
             self.log, *options], stdout=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            raise Wrong("ocsp-responder does not start")
        ready = json.loads(line)
        self.pid = ready["pid"]
        self.url, self.status_url = ready["url"], ready["status_url"]
        self.address = ready["url"][len("http://"):]

    def place(self, url=None):
        where = urllib.parse.urlsplit(url or self.url)
        return where.hostname, where.port

    def stop(self):
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        if code:
            raise Wrong("ocsp-responder: exit %d" % code)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def status(self, path):
        """Body and HTTP status of its status listener."""
        s = Connection(self.place(self.status_url))
        s.send(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path.encode())
        head, body = s.receive()
        s.close()
        return int(head.split()[1]), body

    def memory_kb(self):
        with open("/proc/%d/status" % self.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))


class Askers:
    """Clients that judge all the time; see asker.c."""

    def __init__(self, board, address, processes, connections):
        tool = os.path.join(os.environ["OCSP_LAB_BUILD"], "tests", "asker")
        board[boards.STOP] = 0
        self.board = board
        self.processes = [
            subprocess.Popen([tool, board.path, address, str(connections)],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             stdin=subprocess.DEVNULL, text=True)
            for _ in range(processes)]
        for p in self.processes:
            if not p.stdout.readline():
                raise Wrong("a client: " + p.stderr.read())

    def check(self):
        """One that has ended has met something."""
        for p in self.processes:
            if p.poll() is not None:
                raise Wrong("a client ended: " + p.communicate()[1])

    def stop(self):
        """How many answers there were, how many of them were no repetitions, and
        the milliseconds of the slowest."""
        self.board[boards.STOP] = 1
        asked = parsed = slowest = 0
        wrong = []
        for p in self.processes:
            out, err = p.communicate(timeout=PATIENCE)
            if p.returncode:
                wrong.append(err)
            else:
                seen = json.loads(out)
                asked += seen["asked"]
                parsed += seen["parsed"]
                slowest = max(slowest, seen["slowest_ms"])
        if wrong:
            raise Wrong("answers that are wrong:\n" + "".join(wrong))
        return asked, parsed, slowest

    def kill(self):
        for p in self.processes:
            if p.poll() is None:
                p.kill()
                p.wait()


def http_get(der):
    path = urllib.parse.quote(base64.b64encode(der), safe="")
    return b"GET /%s HTTP/1.1\r\nHost: h\r\n\r\n" % path.encode()


def http_post(der):
    return (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/"
            b"ocsp-request\r\nContent-Length: %d\r\n\r\n" % len(der)) + der


class Connection:
    def __init__(self, place):
        self.sock = socket.create_connection(place, PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send = self.sock.sendall
        self.close = self.sock.close
        self.rest = b""

    def receive(self):
        """Head and body of the next response."""
        data = self.rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        head = data[:end]
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(data) < end + 4 + length:
            data += self.more()
        self.rest = data[end + 4 + length:]
        return head, data[end + 4:end + 4 + length]

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Wrong("the responder closed a connection")
        return data


class Probe:
    """One question of each kind at once: by GET and POST, SHA-1 and SHA-256,
    without and with a nonce, each over its own connection."""
    KINDS = [(method, digest, nonce) for nonce in (False, True)
             for digest in ("sha1", "sha256") for method in ("GET", "POST")]

    IDLE_MOST = 5  # seconds; after ten the responder would close them

    def __init__(self, place):
        self.place, self.connections = place, []
        self.open()

    def open(self):
        self.close()
        self.connections = [Connection(self.place) for _ in self.KINDS]
        self.used = time.monotonic()

    def questions(self, issuer, serial, kinds):
        for method, digest, nonce in kinds:
            octets = os.urandom(32) if nonce else None
            der = issuer.request(serial, digest, octets)
            yield octets, http_get(der) if method == "GET" else http_post(der)

    def ask(self, prepared):
        """Answers in the order of the questions, and when the first came."""
        first = None
        if time.monotonic() > self.used + self.IDLE_MOST:
            self.open()
        for connection, (_, http) in zip(self.connections, prepared):
            connection.send(http)
        answers = []
        for connection, (nonce, _) in zip(self.connections, prepared):
            body = connection.receive()[1]
            first = first or time.monotonic()
            answers.append((nonce, body))
        # So that each kind meets all threads.
        self.connections.append(self.connections.pop(0))
        self.used = time.monotonic()
        return answers, first

    def close(self):
        for c in self.connections:
            c.close()


class Answer:
    """As python3-cryptography reads it."""

    def __init__(self, nonce, body):
        self.error = body[4] if len(body) == 5 else 0
        if self.error:
            return
        r = ocsp.load_der_ocsp_response(body)
        self.status = r.certificate_status.name
        self.this_update = utc(r.this_update)
        self.produced_at = utc(r.produced_at)
        self.signer = r.certificates[0].serial_number
        sent = [e.value.nonce for e in r.extensions
                if e.oid.dotted_string == "1.3.6.1.5.5.7.48.1.2"]
        if sent != ([nonce] if nonce else []):
            raise Wrong("another nonce")


def utc(t):
    import datetime
    return int(t.replace(tzinfo=datetime.timezone.utc).timestamp())
