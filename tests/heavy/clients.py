#!/usr/bin/python3
"""What independent clients make of ocsp-stapler's handshakes: a table.

Each case is a certificate and its staple, each client speaks TLS 1.2 and 1.3.
Exit 1 if a client says something else than is known of it: all take a good
staple, none that checks takes a revoked or an expired one; without a staple
curl --cert-status refuses, GnuTLS (gnutls-cli, wget2) only if the certificate is
must-staple, and
openssl s_client only tells.  A client that is not here is left out, with a
word.
"""
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

VERSIONS = ("1.2", "1.3")
#        case            ocsp-check  openssl    curl      gnutls    wget2
CASES = {"good":         ("accept", "good", "accept", "accept", "accept"),
         "must-staple":  ("accept", "good", "accept", "accept", "accept"),
         "revoked":      ("revoked", "revoked", "refuse", "refuse", "refuse"),
         "missing":      ("missing", "missing", "refuse", "accept", "accept"),
         "must-missing": ("missing", "missing", "refuse", "refuse", "refuse"),
         "expired":      ("untrusted", "expired", "refuse", "refuse", "refuse")}


def run(*argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, **more)


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


CLIENTS = {"ocsp-check": ocsp_check, "openssl": openssl, "curl": curl,
           "gnutls-cli": gnutls, "wget2": wget2}


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


def main():
    wrong = 0
    here = {name: ask for name, ask in CLIENTS.items() if shutil.which(name)}
    for name in CLIENTS.keys() - here.keys():
        print("%s: not here, left out" % name)
    print("%-13s %-4s" % ("case", "TLS"), *("%-10s" % n for n in here))
    with tempfile.TemporaryDirectory() as folder:
        for case, expected in CASES.items():
            want = dict(zip(CLIENTS, expected))
            lab = folder + "/" + case
            servers = make(case, lab)
            port = servers[-1].ready["url"].rsplit(":", 1)[1]
            for version in VERSIONS:
                row = []
                for name, ask in here.items():
                    got = ask(port, lab + "/root.pem", version)
                    bad = got != want[name]
                    wrong += bad
                    row.append("%-10s" % (got + ("!" if bad else "")))
                print("%-13s %-4s" % (case, version), *row, flush=True)
            for s in reversed(servers):
                s.end()
    print("clients: %d answers other than expected" % wrong)
    sys.exit(1 if wrong else 0)


main()
