#!/usr/bin/env python3
"""A scenario is about one certificate, or one CA: while victim (or CA ca2) gets
one after the other, clients ask about other certificates of the same CA, over
the same threads and the same connections, and every answer is right.

usage: scenario_leak.py URL ROUNDS [NAME...]       NAME: these scenarios; all

OCSP_LAB_DIR is a lab of --depth 2 with Ed25519 keys and a frozen clock, so that
an answer without a nonce is always the same octets; with CAs ca1 and ca2, and
certificates victim and other-1 to other-3 of ca1, victim2 of ca2.  ROUNDS: so
often each client asks while one scenario is set.
"""
import base64
import json
import os
import random
import select
import socket
import subprocess
import sys
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

LAB = os.environ["OCSP_LAB_DIR"]
WHERE = urllib.parse.urlsplit(sys.argv[1])
ROUNDS = int(sys.argv[2])
ONLY = sys.argv[3:]
OTHERS = ["other-1", "other-2", "other-3"]
CLIENTS, CONNECTIONS = 3, 4
PATIENCE_S = 30  # no scenario below ends sooner by itself
# As slow as can be: whom these delay waits for ever.
PARAMS = {"never-answers": ":for=600s", "slow": ":delay=600s", "drip": ":every=60s"}


def load(path):
    with open(f"{LAB}/{path}", "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


# ---- asking --------------------------------------------------------------

class Question:
    """One way to ask about one certificate."""

    def __init__(self, name, ca, digest, how):
        self.name, self.how = name, how
        self.leaf, self.issuer = load(f"certs/{name}/cert.pem"), load(
            f"ca/{ca}/cert.pem")
        self.digest = digest
        self.body = None  # the right one, unless how is "nonce"

    def request(self, nonce=None):
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.leaf, self.issuer, self.digest)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), False)
        return builder.build().public_bytes(Encoding.DER)

    def text(self, nonce=None):
        """As it goes over the wire."""
        der = self.request(nonce)
        if self.how == "get":
            path = urllib.parse.quote(base64.b64encode(der), safe="")
            return f"GET /{path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        return (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
                % len(der)) + der


def questions(name, ca):
    return [Question(name, ca, digest, how)
            for digest in (hashes.SHA1(), hashes.SHA256())
            for how in ("get", "post", "nonce")]


class Connection:
    def __init__(self):
        self.sock = socket.create_connection(
            (WHERE.hostname, WHERE.port), timeout=PATIENCE_S)
        self.have = b""

    def response(self):
        """Status and body of what has come, or None; what follows stays."""
        head, end, rest = self.have.partition(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:")]
        if not end or not length or len(rest) < int(length[0]):
            return None
        self.have = rest[int(length[0]):]
        return int(head.split()[1]), rest[:int(length[0])]

    def ask(self, question):
        """Asks and judges; raises, or returns what is wrong."""
        nonce = os.urandom(32) if question.how == "nonce" else None
        self.sock.sendall(question.text(nonce))
        while (answer := self.response()) is None:
            piece = self.sock.recv(65536)
            if not piece:
                return "the connection was closed"
            self.have += piece
        return judge(question, nonce, *answer)

    def come(self):
        """Takes what has come by now; False: it has ended."""
        try:
            while select.select([self.sock], [], [], 0)[0]:
                piece = self.sock.recv(65536)
                if not piece:
                    return False
                self.have += piece
        except ConnectionError:
            return False
        return True


def judge(question, nonce, status, body):
    if status != 200:
        return f"HTTP status {status}"
    if nonce is None:
        return None if body == question.body else "other octets"
    answer = ocsp.load_der_ocsp_response(body)
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return answer.response_status.name
    answer.certificates[0].public_key().verify(
        answer.signature, answer.tbs_response_bytes)
    question.issuer.public_key().verify(
        answer.certificates[0].signature,
        answer.certificates[0].tbs_certificate_bytes)
    got = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    if got != nonce or len(answer.extensions) != 1:
        return "another nonce"
    if answer.serial_number != question.leaf.serial_number or \
            answer.certificate_status != ocsp.OCSPCertStatus.GOOD:
        return "another status or serial"
    return None


# ---- the others ----------------------------------------------------------

class Load:
    def __init__(self, asked):
        self.asked, self.wrong, self.stop = asked, [], False
        self.counts, self.moved = [0] * CLIENTS, threading.Condition()
        self.what = "nothing yet"
        self.threads = [threading.Thread(target=self.client, args=(i,))
                        for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self, i):
        connections = [Connection() for _ in range(CONNECTIONS)]
        chance = random.Random(i)
        while not self.stop:
            question = chance.choice(self.asked)
            try:
                flaw = chance.choice(connections).ask(question)
            except Exception as why:  # pylint: disable=broad-except
                flaw = f"{type(why).__name__}: {why}"
            if flaw is not None:
                self.note(question, flaw)
                connections = [Connection() for _ in range(CONNECTIONS)]
            with self.moved:
                self.counts[i] += 1
                self.moved.notify_all()

    def note(self, question, flaw):
        self.wrong.append(f"{self.what}: {question.name} by {question.how}: {flaw}")
        if len(self.wrong) > 50:
            self.stop = True

    def go_on(self):
        """Until each client has asked ROUNDS times more."""
        with self.moved:
            goal = [n + ROUNDS for n in self.counts]
            if not self.moved.wait_for(
                    lambda: self.stop or all(
                        n >= g for n, g in zip(self.counts, goal)),
                    4 * PATIENCE_S):
                raise AssertionError(f"{self.what}: the others wait")

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


# ---- the victim ----------------------------------------------------------

def scenario(*words):
    subprocess.run(["ocsp-ca", "scenario", *words], check=True,
                   stdout=subprocess.DEVNULL)


class Leak:
    def __init__(self):
        self.others = [q for name in OTHERS for q in questions(name, "ca1")]
        self.victims = {"victim": questions("victim", "ca1"),
                        "victim2": questions("victim2", "ca2")}
        first = Connection()
        for q in self.others + sum(self.victims.values(), []):
            if q.how == "nonce":
                continue
            first.sock.sendall(q.text())
            while (answer := first.response()) is None:
                first.have += first.sock.recv(65536)
            q.body = answer[1]
            read = ocsp.load_der_ocsp_response(q.body)
            assert read.certificate_status == ocsp.OCSPCertStatus.GOOD
        self.load = Load(self.others)
        self.shared = self.tried = 0

    def one(self, name, aim, on, victim):
        """Others over the very connections of the victim, before and after."""
        self.load.what = f"{name} on {aim}"
        scenario("set", *on, name + PARAMS.get(name, ""))
        connections = []
        for q in self.victims[victim]:
            c = Connection()
            self.same(c)
            c.sock.sendall(q.text(b"n" * 32 if q.how == "nonce" else None))
            connections.append(c)
        self.load.go_on()
        for c in connections:
            if c.come() and c.response() is not None and c.have == b"":
                self.same(c)
                self.shared += 1
        scenario("clear", *on)
        self.load.go_on()
        flaw = Connection().ask(self.victims[victim][0])
        if flaw is not None:
            self.load.note(self.victims[victim][0], "it stays behind: " + flaw)
        self.tried += 1

    def same(self, connection):
        question = random.choice(self.others)
        flaw = connection.ask(question)
        if flaw is not None:
            self.load.note(question, "over the victim's connection: " + flaw)

    def all(self, rows):
        for row in rows:
            name, needs = row["name"], row["needs"]
            if self.load.stop:
                return
            if "unissued" not in needs:
                self.one(name, "one certificate", ["victim"], "victim")
            if "cert-key" not in needs:
                self.one(name, "the CA beside", ["--ca", "ca2"], "victim2")


def main():
    lines = subprocess.run(["ocsp-ca", "scenario", "list", "--json"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    rows = [row for row in map(json.loads, lines)
            if row["made"] and row["acts"] in ("answer", "connection") and
            (not ONLY or row["name"] in ONLY)]
    assert len(rows) >= (len(ONLY) or 90), [row["name"] for row in rows]
    leak = Leak()
    try:
        leak.all(rows)
    finally:
        leak.load.end()
    print("\n".join(leak.load.wrong[:20]))
    print(f"{len(rows)} scenarios in {leak.tried} places, {sum(leak.load.counts)} "
          f"answers about others, {leak.shared} over the victim's connections, "
          f"{len(leak.load.wrong)} wrong")
    # Most scenarios leave the connection as it is.
    assert leak.shared > leak.tried, leak.shared
    return 1 if leak.load.wrong else 0


sys.exit(main())
