#!/usr/bin/python3
"""What independent clients make of ocsp-stapler's handshakes: a table.

Each case is a certificate and its staple, each client speaks TLS 1.2 and 1.3.
Exit 1 if a client says something else than is known of it: all take a good
staple, none that checks takes a revoked or an expired one.  They differ
without a staple: curl --cert-status refuses, GnuTLS (gnutls-cli, wget2) only
if the certificate is must-staple; openssl s_client and Go only tell, and Go
enforces no must-staple; nor does Java, which asks the responder itself, and
here finds nobody.  A client that is not here is left out, with a word.
"""
import datetime
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

VERSIONS = ("1.2", "1.3")
#   case: ocsp-check, openssl, curl, gnutls-cli, wget2, go, java
CASES = {
    "good": ("accept", "good", "accept", "accept", "accept", "accept",
             "accept"),
    "must-staple": ("accept", "good", "accept", "accept", "accept", "accept",
                    "accept"),
    "revoked": ("revoked", "revoked", "refuse", "refuse", "refuse", "revoked",
                "revoked"),
    "missing": ("missing", "missing", "refuse", "accept", "accept", "missing",
                "missing"),
    "must-missing": ("missing", "missing", "refuse", "refuse", "refuse",
                     "missing", "missing"),
    "expired": ("untrusted", "expired", "refuse", "refuse", "refuse",
                "expired", "expired")}
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../fixtures/clients")
GOPATH = "/usr/share/gocode"


def run(*argv, limit=60, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=limit, **more)


def must(*argv):
    p = run(*argv)
    if p.returncode:
        sys.exit("%s: %s" % (" ".join(argv), p.stdout))
    return p.stdout


class Server:
    def __init__(self, *argv):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def end(self):
        self.process.terminate()
        self.process.wait()


# ---- clients ---------------------------------------------------------------

def ocsp_check(port, root, version):
    code = run("ocsp-check", "127.0.0.1:" + port, "--servername", "www",
               "--tls" + version, "--ca", root, "--dir", "none").returncode
    return {0: "accept", 1: "revoked", 3: "untrusted",
            4: "missing"}.get(code, "exit %d" % code)


def openssl(port, root, version):
    text = run("openssl", "s_client", "-connect", "127.0.0.1:" + port,
               "-servername", "www", "-status", "-CAfile", root,
               "-tls" + version.replace(".", "_")).stdout
    if "no response sent" in text:
        return "missing"
    end = re.search("Next Update: (.*) GMT", text)
    status = re.search("Cert Status: (.*)", text)
    if not end or not status:
        return "?"
    end = datetime.datetime.strptime(end[1], "%b %d %H:%M:%S %Y")
    return status[1] if end > datetime.datetime.utcnow() else "expired"


def curl(port, root, version):
    code = run("curl", "-sS", "--cert-status", "--cacert", root,
               "--resolve", "www:%s:127.0.0.1" % port, "--tlsv" + version,
               "--tls-max", version, "https://www:%s/" % port).returncode
    return {0: "accept", 91: "refuse"}.get(code, "exit %d" % code)


def gnutls(port, root, version):
    p = run("gnutls-cli", "--x509cafile", root, "-p", port, "127.0.0.1",
            "--sni-hostname", "www", "--verify-hostname", "www",
            "--priority", "NORMAL:-VERS-ALL:+VERS-TLS" + version)
    return "accept" if "The certificate is trusted" in p.stdout else "refuse"


def wget2(port, root, version):
    code = run("wget2", "-q", "-O", "/dev/null", "--ca-certificate=" + root,
               "--ocsp-stapling", "--no-ocsp", "--no-hsts", "--no-hpkp",
               "--secure-protocol=NORMAL:-VERS-ALL:+VERS-TLS" + version,
               "https://localhost:%s/" % port).returncode
    return "refuse" if code else "accept"


def build_go(folder):
    """Asks with Go's crypto/tls, or says why not."""
    if not shutil.which("go"):
        return None, "not here"
    if not os.path.isdir(GOPATH + "/src/golang.org/x/crypto/ocsp"):
        return None, "no x/crypto: apt-get install golang-golang-x-crypto-dev"
    p = run("go", "build", "-o", folder + "/handshake",
            CLIENTS + "/handshake.go",
            env=dict(os.environ, GO111MODULE="off", GOPATH=GOPATH, GOFLAGS="",
                     GOPROXY="off", GOTOOLCHAIN="local",
                     GOCACHE=folder + "/gocache"), limit=300)
    if p.returncode:
        sys.exit("handshake.go cannot be built: " + p.stdout)
    return (lambda *how: last_line(folder + "/handshake", *how)), None


def build_java(folder):
    """Asks with Java's SSLSocket and revocation checker, or says why not."""
    if not shutil.which("javac"):
        return None, "not here"
    p = run("javac", "-d", folder, CLIENTS + "/Handshake.java", limit=300)
    if p.returncode:
        sys.exit("Handshake.java cannot be built: " + p.stdout)
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))  # ours, and not listening
    return (lambda *how: last_line(
        "java", "-Djdk.tls.client.enableStatusRequestExtension=true",
        "-cp", folder, "Handshake", *how,
        "http://127.0.0.1:%d" % nobody.getsockname()[1])), None


def last_line(*argv):
    return (run(*argv).stdout.splitlines() or ["?"])[-1]


def here(name, ask):
    return (ask, None) if shutil.which(name) else (None, "not here")


def find_clients(folder):
    return {"ocsp-check": here("ocsp-check", ocsp_check),
            "openssl": here("openssl", openssl),
            "curl": here("curl", curl),
            "gnutls-cli": here("gnutls-cli", gnutls),
            "wget2": here("wget2", wget2),
            "go": build_go(folder),
            "java": build_java(folder)}


# ---- cases -----------------------------------------------------------------

def make(case, folder):
    """A lab whose stapler does that; returns its servers."""
    os.environ["OCSP_LAB_DIR"] = folder
    must("ocsp-ca", "init")
    must("ocsp-ca", "issue", "www", *(["--must-staple"]
                                      if case.startswith("must") else []))
    servers = []
    if case == "expired":  # for the clients, not for the lab
        must("ocsp-ca", "clock", "set", "-3h")
    if not case.endswith("missing"):
        servers.append(Server("ocsp-responder", "--validity",
                              "10m" if case == "expired" else "4d"))
    if case == "revoked":
        must("ocsp-ca", "revoke", "www")
    servers.append(Server("ocsp-stapler", "--on-missing", "serve"))
    return servers


def table(clients, folder):
    """Prints it; returns how many answers are other than expected."""
    wrong = 0
    asked = {name: ask for name, (ask, _) in clients.items() if ask}
    print("%-13s %-4s" % ("case", "TLS"), *("%-10s" % n for n in asked))
    for case, expected in CASES.items():
        want = dict(zip(clients, expected))
        lab = folder + "/" + case
        servers = make(case, lab)
        port = servers[-1].ready["url"].rsplit(":", 1)[1]
        for version in VERSIONS:
            row = []
            for name, ask in asked.items():
                got = ask(port, lab + "/root.pem", version)
                bad = got != want[name]
                wrong += bad
                row.append("%-10s" % (got + ("!" if bad else "")))
            print("%-13s %-4s" % (case, version), *row, flush=True)
        for s in reversed(servers):
            s.end()
    return wrong


def main():
    with tempfile.TemporaryDirectory() as folder:
        clients = find_clients(folder)
        for name, (ask, why) in clients.items():
            if not ask:
                print("%s: %s, left out" % (name, why))
        wrong = table(clients, folder)
    print("clients: %d answers other than expected" % wrong)
    sys.exit(1 if wrong else 0)


main()
