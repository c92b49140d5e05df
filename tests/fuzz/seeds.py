#!/usr/bin/python3
"""seeds.py PEM REQUESTS SEEDS: requests of python3-cryptography, and of Go and
Java where these are, beside those in the folder REQUESTS; then all as seeds
of the targets.  Go and Java ask a server here, which keeps what they ask."""
import base64
import http.server
import os
import shutil
import subprocess
import sys
import threading
import urllib.parse

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives import hashes, serialization

PEM, REQUESTS, SEEDS = sys.argv[1:]
ORACLES = os.path.join(os.path.dirname(__file__), "../heavy/oracles")
TRY_LATER = bytes([0x30, 3, 10, 1, 3])
# The order is that of fuzz_answer.c: policy, and time in the next two bits.
PLAIN, IGNORE, REQUIRE, GOOD, EXPIRED, EARLY = 0, 1, 2, 3, 8, 12


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def certificate(name):
    with open(os.path.join(PEM, name + ".pem"), "rb") as f:
        return x509.load_pem_x509_certificate(f.read())


def ask_by_cryptography():
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate("a-secret"), certificate("ca-a"), hashes.SHA256())
    builder = builder.add_extension(x509.OCSPNonce(b"n" * 32), False)
    write(REQUESTS, "cryptography", builder.build().public_bytes(
        serialization.Encoding.DER))


class Keeper(http.server.BaseHTTPRequestHandler):
    """Answers tryLater, and keeps the request under the server's label."""

    def keep(self, der):
        write(REQUESTS, self.server.label, der)
        self.send_response(200)
        self.send_header("Content-Length", str(len(TRY_LATER)))
        self.end_headers()
        self.wfile.write(TRY_LATER)

    def do_POST(self):
        self.keep(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self):
        # The path itself is a seed, too.
        if self.server.label == "java-get":
            write(os.path.join(SEEDS, "serve"), self.server.label,
                  bytes([PLAIN, 0]) + self.path.encode())
        self.keep(base64.b64decode(urllib.parse.unquote(self.path[1:])))

    def log_message(self, *args):
        pass


def ask_by_program(server, label, command, line):
    server.label = label
    if shutil.which(command[0]) is None:
        print("seeds.py: no", command[0], file=sys.stderr)
        return
    url = "http://127.0.0.1:%d" % server.server_port
    subprocess.run(command, input=line.format(url=url, pem=PEM), text=True,
                   cwd=ORACLES, env=dict(os.environ, GO111MODULE="off",
                                         GOPATH="/usr/share/gocode"),
                   stdout=subprocess.DEVNULL, check=False)


def ask_by_programs():
    server = http.server.HTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    go = ["go", "run", "oracle.go"]
    line = "{url} {pem}/ca-a.pem {pem}/a-good.pem %s %s\n"
    ask_by_program(server, "go-get", go, line % ("GET", "sha1"))
    ask_by_program(server, "go-post", go, line % ("POST", "sha256"))
    line = "{url} {pem}/ca-a.pem {pem}/a-good.pem\n"
    nonce = "-Djdk.security.certpath.ocspNonce=true"
    post = "-Dcom.sun.security.ocsp.useget=false"
    ask_by_program(server, "java-get", ["java", "Oracle.java"], line)
    ask_by_program(
        server, "java-nonce", ["java", nonce, post, "Oracle.java"], line)
    server.shutdown()


def make_answer_seeds():
    for name in sorted(os.listdir(REQUESTS)):
        with open(os.path.join(REQUESTS, name), "rb") as f:
            der = f.read()
        heads = [PLAIN]
        if name == "openssl-nonce":
            heads += [IGNORE, REQUIRE]
        if name == "openssl-sha1":
            heads += [IGNORE, REQUIRE, EXPIRED, EARLY]
        if "never" in name:
            heads += [GOOD]
        for head in heads:
            write(os.path.join(SEEDS, "answer"),
                  name if head == PLAIN else "%s.%d" % (name, head),
                  bytes([head]) + der)


def make_serve_seeds():
    with open(os.path.join(REQUESTS, "openssl-sha1"), "rb") as f:
        text = base64.b64encode(f.read()).decode()
    quoted = urllib.parse.quote(text, safe="")
    seeds = {
        "plain": (PLAIN, "/" + text),
        "quoted": (PLAIN, "/" + quoted),
        # As Chromium has it, under a URL that ends in a slash.
        "two-slashes": (PLAIN, "//" + quoted),
        "prefix": (IGNORE, "/ocsp/" + quoted),
        "not-below": (IGNORE, "/" + quoted),
        "space": (PLAIN, "/" + text.replace("+", "%20")),
        "no-padding": (PLAIN, "/" + text.rstrip("=")),
        "root": (PLAIN, "/"),
        "crl": (PLAIN, "/crl/a.crl"),
        "delta-crl": (IGNORE, "/ocsp/crl/b-delta.crl"),
        "dots": (PLAIN, "/crl/../a.crl"),
    }
    for name, (head, path) in seeds.items():
        write(os.path.join(SEEDS, "serve"), name,
              bytes([head, 0]) + path.encode())


ask_by_cryptography()
ask_by_programs()
make_answer_seeds()
make_serve_seeds()
