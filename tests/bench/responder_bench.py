#!/usr/bin/env python3
"""What an answer of ocsp-responder costs, against yardsticks in the same run.

usage: responder_bench.py BUILD [--quick] [--rows N] [--only WORD]

BUILD is a Release build folder (cmake --preset release -DOCSP_LAB_TESTS=ON).
--rows N adds a database of N certificates (10000000: some minutes).  Each
figure is the median of interleaved rounds; the server is pinned to one core,
the load to another.  Prints a table; judges nothing.
"""
import argparse, base64, json, os, shutil, statistics, struct, subprocess, \
    sys, tempfile, threading, time, urllib.parse
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


def pin(core):
    return lambda: os.sched_setaffinity(0, {core})


def cpu_seconds(pid):
    """User and system time of a process and its children, by the scheduler."""
    total = 0
    for p in [pid] + children(pid):
        for task in os.listdir(f"/proc/{p}/task"):
            with open(f"/proc/{p}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(x) for x in f.read().split()]


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(f.read().split("VmRSS:")[1].split()[0]) / 1024


class Bench:
    def __init__(self, arguments):
        self.bin = os.path.join(arguments.build, "bin")
        self.tools = os.path.join(arguments.build, "bench")
        self.quick = arguments.quick
        self.folder = tempfile.mkdtemp(prefix="responder-bench.")
        self.servers = []

    def close(self):
        for s in self.servers:
            s.kill()
            s.wait()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ca(self, lab, *words):
        return subprocess.run([self.bin + "/ocsp-ca", *words, "--dir", lab],
                              check=True, capture_output=True, text=True).stdout

    def start(self, command, core=SERVER_CORE):
        """A server that prints one line when it can serve."""
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.DEVNULL,
                                  preexec_fn=pin(core))
        self.servers.append(server)
        return server, server.stdout.readline()

    def stop(self, server):
        server.terminate()
        server.wait()
        self.servers.remove(server)

    def responder(self, lab, *options):
        server, line = self.start(
            [self.bin + "/ocsp-responder", "--dir", lab, "--listen",
             "127.0.0.1:0", "--threads", "1", "--log", "/dev/null", *options])
        return server, json.loads(line)["url"][len("http://"):]

    def load(self, address, requests, connections, count):
        out = subprocess.run(
            [self.tools + "/load", address, requests, str(connections),
             str(count)], check=True, capture_output=True, text=True,
            preexec_fn=pin(LOAD_CORE)).stdout
        return json.loads(out)

    def measure(self, sides, count, rounds=5):
        """sides: name -> (server, address, requests, connections)."""
        seen = {name: [] for name in sides}
        for name, (_, address, requests, connections) in sides.items():
            self.load(address, requests, connections, max(connections, 2000))
        for _ in range(2 if self.quick else rounds):
            for name, (server, address, requests, connections) in sides.items():
                before = cpu_seconds(server.pid)
                r = self.load(address, requests, connections, count)
                r["cpu"] = (cpu_seconds(server.pid) - before) / count * 1e6
                seen[name].append(r)
        return {name: {k: statistics.median(r[k] for r in rs)
                       for k in rs[0]} for name, rs in seen.items()}


# ---- labs and requests ------------------------------------------------------

def make_lab(b, name, algorithm, count):
    lab = b.path(name)
    b.ca(lab, "init", "--temporary", "--algorithm", algorithm)
    b.ca(lab, "issue", "www", "--count", str(count))
    return lab


def some_request(lab, nonce=None):
    """DER of a request for a certificate of the lab, and its serial."""
    folder = next(os.scandir(lab + "/certs/")).path \
        if not os.path.exists(lab + "/certs/www-1") else lab + "/certs/www-1"
    cert = x509.load_pem_x509_certificate(open(folder + "/cert.pem", "rb").read())
    issuer = x509.load_pem_x509_certificate(open(folder + "/chain.pem", "rb").read())
    builder = ocsp.OCSPRequestBuilder().add_certificate(cert, issuer, hashes.SHA1())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    from cryptography.hazmat.primitives.serialization import Encoding
    return builder.build().public_bytes(Encoding.DER), cert.serial_number


def serials(b, lab):
    out = b.ca(lab, "list", "--json")
    return [int(c["serial"], 16) for c in json.loads(out)]


def requests_for(template, old, all_serials):
    """The template with each serial of the same length in its place."""
    old_bytes = old.to_bytes(16, "big")
    for serial in all_serials:
        if serial < 1 << 127 and serial.bit_length() > 120:
            yield template.replace(old_bytes, serial.to_bytes(16, "big"))


def write_requests(path, ders, method, nonces=False):
    with open(path, "wb") as f:
        for der in ders:
            if nonces:
                der = der.replace(b"N" * 32, os.urandom(32))
            if method == "GET":
                text = urllib.parse.quote(base64.b64encode(der), safe="")
                http = f"GET /{text} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
            else:
                http = (b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                        b"application/ocsp-request\r\nContent-Length: %d\r\n"
                        b"\r\n" % len(der)) + der
            f.write(b"%d\n" % len(http) + http)
    return path


def request_files(b, lab, hot):
    name = os.path.basename(lab)
    template, old = some_request(lab)
    with_nonce, _ = some_request(lab, b"N" * 32)
    return {
        "GET": write_requests(b.path(name + ".get"),
                              requests_for(template, old, hot), "GET"),
        "POST": write_requests(b.path(name + ".post"),
                               requests_for(template, old, hot), "POST"),
        "nonce": write_requests(b.path(name + ".nonce"),
                                requests_for(with_nonce, old, hot), "POST",
                                nonces=True),
    }


def bare(b, address, requests):
    """bare_mhd with the bytes and headers that the responder sends."""
    import socket
    host, port = address.rsplit(":", 1)
    with open(requests, "rb") as f:
        first = f.read(int(f.readline()))
    with socket.create_connection((host, int(port))) as s:
        s.sendall(first)
        got = b""
        while b"\r\n\r\n" not in got:
            got += s.recv(65536)
        head, body = got.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        while len(body) < length:
            body += s.recv(65536)
    lines = [l for l in head.split(b"\r\n")[1:] if l.split(b":")[0].lower()
             not in (b"content-length", b"date", b"connection")]
    with open(b.path("response"), "wb") as f:
        f.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    server, line = b.start([b.tools + "/bare_mhd", b.path("response")])
    return server, "127.0.0.1:" + line.strip()


# ---- the table --------------------------------------------------------------

def row(what, r, against=None, other=None):
    line = (f"{what:<44} {r['cpu']:8.2f} us CPU {r['rate']:9.0f}/s  p50 "
            f"{r['p50']:8.1f}  p99 {r['p99']:8.1f} us")
    if other:
        line += (f"  | {against} {other['cpu']:.2f} us: by CPU "
                 f"{other['cpu'] / r['cpu']:.2f}, by rate "
                 f"{r['rate'] / other['rate']:.2f}")
    if r["errors"]:
        line += f"  ERRORS {r['errors']:.0f}"
    print(line, flush=True)


def cached(b, lab, files, algorithm):
    server, address = b.responder(lab)
    yard, yard_address = bare(b, address, files["GET"])
    many = (32,) if algorithm != "p256" else (1, 32, 127, 128, 129, 512)
    for connections in many:
        count = 5000 if connections == 1 else 60000
        r = b.measure({"ours": (server, address, files["GET"], connections),
                       "bare": (yard, yard_address, files["GET"], connections)},
                      count)
        row(f"{algorithm} cached GET, {connections} connections", r["ours"],
            "bare", r["bare"])
    r = b.measure({"ours": (server, address, files["POST"], 32),
                   "bare": (yard, yard_address, files["POST"], 32)}, 60000)
    row(f"{algorithm} cached POST, 32 connections", r["ours"], "bare", r["bare"])
    r = b.measure({"ours": (server, address, files["nonce"], 32)}, 10000)
    row(f"{algorithm} nonce POST, 32 connections", r["ours"])
    print(f"{'':<44} {resident_mib(server.pid):8.1f} MiB resident")
    if algorithm == "p256":
        nginx(b, server, address, files)
        revoking(b, lab, server, address, files)
        openssl_ocsp(b, lab, server, address, files)
    b.stop(yard)
    b.stop(server)


def nginx(b, server, address, files):
    if not shutil.which("nginx"):
        print("nginx: not here, skipped")
        return
    root = b.path("www")
    os.mkdir(root)
    with open(b.path("response"), "rb") as f:
        body = f.read().split(b"\r\n\r\n", 1)[1]
    with open(root + "/answer", "wb") as f:
        f.write(body)
    port = free_port()
    with open(b.path("nginx.conf"), "w") as f:
        f.write(f"""daemon off; master_process off; pid {root}/pid;
error_log /dev/null; worker_rlimit_nofile 4096;
events {{ worker_connections 4096; }}
http {{ access_log off; open_file_cache max=10; sendfile on; tcp_nopush on;
 keepalive_requests 100000000; client_body_temp_path {root}/t1;
 proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
 uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
 server {{ listen 127.0.0.1:{port}; root {root};
  types {{ }} default_type application/ocsp-response; }} }}""")
    get = b"GET /answer HTTP/1.1\r\nHost: bench\r\n\r\n"
    with open(b.path("nginx.get"), "wb") as f:
        f.write(b"%d\n" % len(get) + get)
    n = subprocess.Popen(["nginx", "-c", b.path("nginx.conf"), "-p", root],
                         preexec_fn=pin(SERVER_CORE), stderr=subprocess.DEVNULL)
    b.servers.append(n)
    wait_for(port)
    r = b.measure({"ours": (server, address, files["GET"], 32),
                   "nginx": (n, f"127.0.0.1:{port}", b.path("nginx.get"), 32)},
                  60000)
    row("p256 cached GET, 32 connections", r["ours"], "nginx", r["nginx"])
    b.stop(n)


def revoking(b, lab, server, address, files):
    """The same while a hundred revocations a second are going on."""
    names = [f"www-{i}" for i in range(500, 1000)]
    stop = threading.Event()
    made = []

    def revoke():
        i = 0
        while not stop.is_set():
            verb = "hold" if (i // len(names)) % 2 == 0 else "release"
            subprocess.run([b.bin + "/ocsp-ca", verb, names[i % len(names)],
                            "--dir", lab], check=True, capture_output=True,
                           preexec_fn=pin(LOAD_CORE))
            made.append(time.monotonic())
            i += 1
            stop.wait(0.004)  # a pace

    idle = b.measure({"ours": (server, address, files["GET"], 32)}, 60000)
    worker = threading.Thread(target=revoke)
    worker.start()
    busy = b.measure({"ours": (server, address, files["GET"], 32)}, 60000)
    stop.set()
    worker.join()
    pace = len(made) / (made[-1] - made[0])
    row(f"p256 cached GET, {pace:.0f} holds a second", busy["ours"], "idle",
        idle["ours"])


def openssl_ocsp(b, lab, server, address, files):
    """openssl ocsp, two processes, its best of some concurrencies."""
    index = b.path("index.txt")
    if subprocess.run([b.bin + "/ocsp-ca", "export", "--format", "index", "--ca",
                       "root", "--out", index, "--dir", lab],
                      capture_output=True).returncode:
        print("openssl ocsp: no export, skipped")
        return
    signer = b.path("signer.pem")
    with open(signer, "wb") as f:
        for name in os.listdir(lab + "/responder"):
            f.write(open(f"{lab}/responder/{name}", "rb").read())
    # A probe would end it: it says by itself where it listens.
    o = subprocess.Popen(
        ["openssl", "ocsp", "-index", index, "-CA", lab + "/root.pem",
         "-rsigner", signer, "-rkey", signer, "-port", "0", "-multi", "2",
         "-ndays", "1"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL, preexec_fn=pin(SERVER_CORE))
    try:
        while not (line := o.stdout.readline()).startswith("ACCEPT"):
            if not line:
                print("openssl ocsp: does not start, skipped")
                return
        port = int(line.split()[1].rsplit(":", 1)[1])
        best = 0
        for connections in (1, 2, 4, 8):
            best = max(best, oneshot_rate(port, files["nonce"], connections))
    finally:
        os.killpg(o.pid, 9)  # it made itself the leader of a group
        o.wait()
    r = b.measure({"ours": (server, address, files["nonce"], 32)}, 10000)["ours"]
    print(f"{'p256 nonce against openssl ocsp -multi 2':<44} {r['rate']:.0f}/s "
          f"against {best:.0f}/s: {r['rate'] / best:.1f}")


def oneshot_rate(port, requests, connections, total=600):
    """openssl ocsp closes after each answer: a connection a request."""
    import socket
    ders = []
    with open(requests, "rb") as f:
        while line := f.readline():
            ders.append(f.read(int(line)))
    todo, bad = iter(range(total)), []
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                i = next(todo, None)
            if i is None:
                return
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(ders[i % len(ders)])
                got = b""
                while more := s.recv(65536):
                    got += more
                if b" 200 " not in got[:16] or len(got) < 300:
                    bad.append(got)
                    return

    start = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        sys.exit(f"openssl ocsp: no answer: {bad[0][:80]}")
    return total / (time.monotonic() - start)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    import socket
    pace = threading.Event()
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            pace.wait(0.02)
    sys.exit(f"nothing listens on {port}")


def large(b, rows):
    """A database of many certificates: 1,000 hot ones, then all of them."""
    small = make_lab(b, "small", "p256", 1000)
    big = make_lab(b, "big", "p256", 1000)
    hot = serials(b, big)
    index = b.path("big.index")
    with open(index, "w") as f:
        for i in range(rows):
            f.write(f"V\t360101000000Z\t\t{0x40 << 120 | i * 7919 + 1:032X}"
                    f"\tunknown\t/CN=c{i}\n")
    start = time.monotonic()
    b.ca(big, "import", index, "--ca", "root")
    print(f"{'import of ' + str(rows) + ' rows':<44} "
          f"{time.monotonic() - start:8.1f} s")
    os.unlink(index)
    files = {}
    for lab, some in ((small, serials(b, small)), (big, hot)):
        files[lab] = request_files(b, lab, some)
    template, old = some_request(big)
    with_nonce, _ = some_request(big, b"N" * 32)
    import random
    every = [0x40 << 120 | random.randrange(rows) * 7919 + 1
             for _ in range(200000)]
    uniform = write_requests(b.path("uniform"),
                             requests_for(template, old, every), "POST")
    start = time.monotonic()
    server, address = b.responder(big)
    print(f"{'start with ' + str(rows) + ' rows':<44} "
          f"{(time.monotonic() - start) * 1e3:8.1f} ms")
    other, other_address = b.responder(small)
    r = b.measure({"big": (server, address, files[big]["GET"], 32),
                   "small": (other, other_address, files[small]["GET"], 32)},
                  60000)
    row(f"{rows} certificates, 1,000 hot, GET", r["big"], "1,000", r["small"])
    r = b.measure({"big": (server, address, uniform, 32),
                   "small": (other, other_address, files[small]["nonce"], 32)},
                  20000)
    row(f"{rows} certificates, uniform", r["big"], "nonce of 1,000", r["small"])
    print(f"{'':<44} {resident_mib(server.pid):8.1f} MiB resident")
    b.stop(server)
    b.stop(other)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("build")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--rows", type=int, default=0)
    p.add_argument("--only", default="p256,rsa2048,ed25519")
    arguments = p.parse_args()
    b = Bench(arguments)
    try:
        for algorithm in arguments.only.split(","):
            if not algorithm:
                continue
            lab = make_lab(b, algorithm, algorithm, 1000)
            files = request_files(b, lab, serials(b, lab))
            cached(b, lab, files, algorithm)
        if arguments.rows:
            large(b, arguments.rows)
    finally:
        b.close()


main()
