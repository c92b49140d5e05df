#!/usr/bin/env python3
"""Scenarios under load.

usage: scenario_load.py visible URL ROUNDS     set, ask, clear, ask, while others
       scenario_load.py count URL CLIENTS N    N answers each: how many tryLater

OCSP_LAB_DIR is a lab with the certificates www and other.
"""
import http.client
import os
import subprocess
import sys
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

LAB = os.environ["OCSP_LAB_DIR"]
GOOD = b"\x0a\x01\x00"


def load(path):
    with open(f"{LAB}/{path}", "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def request_for(name):
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        load(f"certs/{name}/cert.pem"), load("root.pem"), hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


class Client:
    """One connection that stays."""

    def __init__(self, url, name):
        self.connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(url).netloc, timeout=60)
        self.request = request_for(name)

    def status(self):
        """The response status, a number."""
        self.connection.request("POST", "/", self.request)
        body = self.connection.getresponse().read()
        at = body.index(b"\x0a\x01")
        return body[at + 2]


def visible(url, rounds):
    """www has it from the moment that set has ended, other never."""
    stop, wrong = threading.Event(), []

    def others():
        client = Client(url, "other")
        while not stop.is_set():
            if client.status() != 0:
                wrong.append("other")

    threads = [threading.Thread(target=others) for _ in range(3)]
    for thread in threads:
        thread.start()
    clients = [Client(url, "www") for _ in range(8)]  # on all threads
    for i in range(rounds):
        for words, want in ((("set", "www", "trylater"), 3), (("clear", "www"), 0)):
            subprocess.run(["ocsp-ca", "scenario", *words], check=True,
                           stdout=subprocess.DEVNULL)
            for client in clients:
                if client.status() != want:
                    wrong.append(f"round {i}: {words[0]}")
    stop.set()
    for thread in threads:
        thread.join()
    return wrong


def count(url, clients, each):
    """Together, from many connections at once."""
    seen = []

    def ask():
        client = Client(url, "www")
        seen.extend(client.status() for _ in range(each))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) <= {0, 3}
    print(seen.count(3))
    return []


found = {"visible": visible, "count": count}[sys.argv[1]](
    sys.argv[2], *map(int, sys.argv[3:]))
print("\n".join(found), end="")
sys.exit(1 if found else 0)
