#!/usr/bin/env python3
"""What an answer of ocsp-responder costs, against yardsticks in the same run.

usage: responder_bench.py BUILD [--quick] [--rows N] [--only WORDS]

BUILD is a Release build folder (cmake --preset release -DOCSP_LAB_TESTS=ON).
--quick: some minutes, few connections and rounds.  --only p256,rsa2048,ed25519
chooses keys ("": none).  --rows N adds a database of N certificates (10000000:
three minutes to import, 4 GB).
Each figure is the median of interleaved rounds; the server is pinned to one
core, the load to another.  "goal" is what DESIGN asks for.  Prints a table;
judges nothing.  The row "revoke, then ask" is stale_bench.sh's.
"""
import argparse, base64, json, os, random, shutil, signal, statistics, \
    subprocess, sys, threading, time, urllib.parse
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from bench import Bench, Side, CORES, LOAD_CORE, SERVER_CORE, cpu_seconds, \
    median, pin, resident_mib

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


def bare(b, address, requests, copies=1):
    """bare_mhd with the bytes and headers that the responder sends; copies: of
    the answer, sent in turn, as the responder sends many different ones."""
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
    server, line = b.start([b.tools + "/bare_mhd", b.path("response"), "1",
                            str(copies)])
    return server, "127.0.0.1:" + line.strip()


# ---- the table --------------------------------------------------------------

def row(what, ours, against=None, others=None, goal=None):
    """ours, others: rounds, each next to its like in time."""
    line = (f"{what:<44} {median(ours, 'cpu'):8.2f} us CPU "
            f"{median(ours, 'rate'):9.0f}/s  p50 {median(ours, 'p50'):8.1f}  "
            f"p99 {median(ours, 'p99'):8.1f} us")
    if others:
        pairs = list(zip(ours, others))
        by_cpu = statistics.median(o["cpu"] / r["cpu"] for r, o in pairs)
        by_rate = statistics.median(r["rate"] / o["rate"] for r, o in pairs)
        line += (f"  | {against} {median(others, 'cpu'):.2f} us: by CPU "
                 f"{by_cpu:.2f}, by rate {by_rate:.2f}")
    if goal:
        line += f"  goal {goal}"
    errors = sum(r["errors"] for r in ours + (others or []))
    if errors:
        line += f"  ERRORS {errors}"
    print(line, flush=True)


def plain(what, text):
    print(f"{what:<44} {text}", flush=True)


SPEED = {"p256": "ecdsap256", "rsa2048": "rsa2048", "ed25519": "ed25519"}


def signature_us(b, algorithm):
    """CPU of one signature, as `openssl speed` has it, on the same core."""
    out = subprocess.run(
        ["openssl", "speed", "-seconds", "1" if b.quick else "3",
         SPEED[algorithm]], check=True, capture_output=True, text=True,
        preexec_fn=pin({SERVER_CORE})).stdout
    per_second = float(out.splitlines()[-1].split()[-2])
    plain(f"{algorithm} openssl speed",
          f"{1e6 / per_second:8.2f} us CPU {per_second:9.0f} signatures/s")
    return 1e6 / per_second


def nonce(b, algorithm, server, address, files):
    """Against 1 / (1/bare + 1/signatures a second)."""
    yard, yard_address = bare(b, address, files["nonce"])
    before = signature_us(b, algorithm)
    r = b.measure({"ours": Side(server, address, files["nonce"], 32),
                   "bare": Side(yard, yard_address, files["nonce"], 32)}, 10000)
    sign = (before + signature_us(b, algorithm)) / 2
    row(f"{algorithm} nonce POST, 32 connections", r["ours"], "bare",
        r["bare"])
    sums = [sign + o["cpu"] for o in r["bare"]]
    share = statistics.median(s / o["cpu"] for s, o in zip(sums, r["ours"]))
    plain("  against bare and openssl speed",
          f"{statistics.median(sums):8.2f} us CPU: {share:.2f}"
          + ("  goal 0.80" if algorithm == "p256" else ""))
    b.stop(yard)


def cached(b, lab, files, algorithm):
    server, address = b.responder(lab)
    yard, yard_address = bare(b, address, files["GET"])
    alike, alike_address = bare(b, address, files["GET"], 1000)
    many = (1, 32, 127, 128, 129, 512)
    if b.quick:
        many = (32,)
    for method, connections in [("GET", n) for n in many] + [("POST", 32)]:
        count = 5000 if connections == 1 else 60000
        r = b.measure(
            {"ours": Side(server, address, files[method], connections),
             "bare": Side(yard, yard_address, files[method], connections),
             "alike": Side(alike, alike_address, files[method], connections)},
            count)
        row(f"{algorithm} cached {method}, {connections} connections",
            r["ours"], "bare, one answer", r["bare"], "0.90")
        row("  1,000 answers on both sides", r["ours"], "bare, 1,000",
            r["alike"])
    b.stop(alike)
    b.stop(yard)
    nonce(b, algorithm, server, address, files)
    plain("", f"{resident_mib(server.pid):8.1f} MiB resident")
    if algorithm == "p256":
        nginx(b, server, address, files)
        revoking(b, lab, server, address, files)
    b.stop(server)
    if algorithm == "p256":
        openssl_ocsp(b, lab, files)


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
    n = b.run(["nginx", "-c", b.path("nginx.conf"), "-p", root], {SERVER_CORE})
    wait_for(port)
    r = b.measure({"ours": Side(server, address, files["GET"], 32),
                   "nginx": Side(n, f"127.0.0.1:{port}", b.path("nginx.get"),
                                 32)}, 60000)
    row("p256 cached GET, 32 connections", r["ours"], "nginx", r["nginx"],
        "1.5")
    b.stop(n)


class Holds:
    """A hundred holds and releases a second in a lab, as far as the machine
    manages, by ocsp-ca."""
    PACE = 0.01

    def __init__(self, b, lab):
        self.b, self.lab = b, lab
        self.done, self.seconds = 0, 0.0
        self.failed = None

    def start(self):
        self.stop_now = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.began = time.monotonic()
        self.thread.start()

    def stop(self):
        self.stop_now.set()
        self.thread.join()
        self.seconds += time.monotonic() - self.began
        if self.failed:
            sys.exit(f"ocsp-ca: {self.failed}")

    def work(self):
        due = self.began
        while not self.stop_now.wait(max(0, due - time.monotonic())):
            verb = "release" if self.done // 500 % 2 else "hold"
            r = subprocess.run(
                [self.b.bin + "/ocsp-ca", verb, f"www-{500 + self.done % 500}",
                 "--dir", self.lab], capture_output=True, text=True,
                preexec_fn=pin({LOAD_CORE}))
            if r.returncode:
                self.failed = r.stderr
                return
            self.done += 1
            due = max(due + self.PACE, time.monotonic())


def revoking(b, lab, server, address, files):
    """While holds go on in its lab, and while they go on in another one: so
    what ocsp-ca takes from the machine is on both sides."""
    here = Holds(b, lab)
    elsewhere = Holds(b, make_lab(b, "elsewhere", "p256", 1000))
    r = b.measure(
        {"busy": Side(server, address, files["GET"], 32, before=here.start,
                      after=here.stop),
         "idle": Side(server, address, files["GET"], 32,
                      before=elsewhere.start, after=elsewhere.stop)}, 60000)
    row(f"p256 cached GET, {here.done / here.seconds:.0f} holds a second",
        r["busy"], "in another lab", r["idle"], "0.90")


def openssl_signer(b, lab):
    """Files for openssl ocsp: index, and the signer in one file."""
    index, signer = b.path("index.txt"), b.path("signer.pem")
    b.ca(lab, "export", "--format", "index", "--ca", "root", "--out", index)
    with open(signer, "wb") as f:
        for name in os.listdir(lab + "/responder"):
            with open(f"{lab}/responder/{name}", "rb") as one:
                f.write(one.read())
    return index, signer


def start_openssl(b, lab):
    index, signer = openssl_signer(b, lab)
    # A probe would end it: it says by itself where it listens.
    o = b.run(["openssl", "ocsp", "-index", index, "-CA", lab + "/root.pem",
               "-rsigner", signer, "-rkey", signer, "-port", "0", "-multi", "2",
               "-ndays", "1"], set(CORES), stdout=subprocess.PIPE, text=True)
    while not (line := o.stdout.readline()).startswith("ACCEPT"):
        if not line:
            sys.exit("openssl ocsp: does not start")
    return o, "127.0.0.1:" + line.split()[1].rsplit(":", 1)[1]


def closing(b, requests):
    """The same requests, each the last of its connection."""
    path = requests + ".close"
    with open(requests, "rb") as f, open(path, "wb") as out:
        while line := f.readline():
            http = f.read(int(line)).replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            out.write(b"%d\n" % len(http) + http)
    return path


def best(b, sides, count):
    """Of some concurrencies: the one with the highest rate."""
    tried = []
    for connections, side in sides.items():
        r = b.measure({"it": side}, count, 3)["it"]
        tried.append((median(r, "rate"), connections, r))
    return max(tried)[1:]


def openssl_ocsp(b, lab, files):
    """openssl ocsp, two processes, against two threads: all cores for both and
    for the load, each at its best concurrency.  It closes after each answer;
    ours is asked so as well as by connections that stay."""
    everywhere = set(CORES)
    close = closing(b, files["nonce"])
    ours, address = b.responder(lab, cores=everywhere, threads=2)
    theirs, their_address = start_openssl(b, lab)
    many = (2, 8, 32)

    def sides(server, where, requests, *flags):
        return {n: Side(server, where, requests, n, flags, everywhere)
                for n in many}

    their_n, o = best(b, sides(theirs, their_address, close, "-c"), 3000)
    for what, flags, requests in (("kept", (), files["nonce"]),
                                  ("one a request", ("-c",), close)):
        n, r = best(b, sides(ours, address, requests, *flags), 10000)
        row(f"p256 nonce, connections {what}: {n}", r,
            f"openssl ocsp -multi 2, {their_n} connections", o,
            "6" if not flags else None)
    b.stop(theirs)
    b.stop(ours)


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


def import_rows(b, lab, rows):
    index = b.path("big.index")
    with open(index, "w") as f:
        for i in range(rows):
            f.write(f"V\t360101000000Z\t\t{nth_serial(i):032X}\tunknown\t"
                    f"/CN=c{i}\n")
    start = time.monotonic()
    b.ca(lab, "import", index, "--ca", "root")
    os.unlink(index)
    plain(f"import of {rows} rows", f"{time.monotonic() - start:8.1f} s, "
          f"{os.path.getsize(lab + '/ca.db') >> 20} MiB")


def nth_serial(i):
    return 0x40 << 120 | i * 7919 + 1


def start_once(b, lab):
    """From posix_spawn to the ready line: no copy of this program in it."""
    ours, theirs = os.pipe()
    words = [b.bin + "/ocsp-responder", "--dir", lab, "--listen",
             "127.0.0.1:0", "--log", "/dev/null"]
    os.sched_setaffinity(0, {SERVER_CORE})
    began = time.monotonic()
    pid = os.posix_spawn(words[0], words, os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 1)])
    os.close(theirs)
    line = os.read(ours, 4096)
    took = (time.monotonic() - began) * 1e3
    os.sched_setaffinity(0, set(CORES))
    os.close(ours)
    burnt = cpu_seconds(pid) * 1e3
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    if not line:
        sys.exit("ocsp-responder: does not start")
    return took, burnt


def start_times(b, lab, what):
    seen = [start_once(b, lab) for _ in range(7 if b.quick else 31)]
    took, burnt = zip(*seen)
    plain(f"start, {what}", f"{statistics.median(took):8.1f} ms, least "
          f"{min(took):.1f}; CPU {statistics.median(burnt):.1f} ms  goal 20 ms")


def uniform_files(b, lab, rows):
    """Of all rows, so many that none is asked about twice in a side."""
    template, old = some_request(lab)
    with_nonce, _ = some_request(lab, b"N" * 32)
    every = [nth_serial(random.randrange(rows)) for _ in range(150000)]
    return (write_requests(b.path("uniform"),
                           requests_for(template, old, every), "POST"),
            write_requests(b.path("uniform.nonce"),
                           requests_for(with_nonce, old, every), "POST", True))


def large(b, rows):
    """A database of many certificates: 1,000 hot ones, then all of them."""
    small = make_lab(b, "small", "p256", 1000)
    big = make_lab(b, "big", "p256", 1000)
    files = {lab: request_files(b, lab, serials(b, lab))
             for lab in (small, big)}
    import_rows(b, big, rows)
    first, with_nonce = uniform_files(b, big, rows)
    start_times(b, small, "1,000 rows")
    start_times(b, big, f"{rows} rows")
    server, address = b.responder(big)
    other, other_address = b.responder(small)
    r = b.measure(
        {"big": Side(server, address, files[big]["GET"], 32),
         "small": Side(other, other_address, files[small]["GET"], 32)}, 60000)
    row(f"{rows} certificates, 1,000 hot, GET", r["big"], "1,000", r["small"],
        "0.95")
    for what, requests in (("with a nonce", with_nonce),
                           ("asked the first time", first)):
        r = b.measure(
            {"big": Side(server, address, requests, 32),
             "small": Side(other, other_address, files[small]["nonce"], 32)},
            20000)
        row(f"{rows} certificates, uniform, {what}", r["big"],
            "nonce of 1,000", r["small"], "0.90")
    plain("", f"{resident_mib(server.pid):8.1f} MiB resident  goal 64 MiB "
          "and --cache")
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    b = Bench(arguments)
    try:
        for algorithm in arguments.only.split(","):
            if not algorithm:
                continue
            lab = make_lab(b, algorithm, algorithm, 1000)
            files = request_files(b, lab, serials(b, lab))
            start_times(b, lab, f"{algorithm}, 1,000 rows")
            cached(b, lab, files, algorithm)
        if arguments.rows:
            large(b, arguments.rows)
    finally:
        b.close()


if __name__ == "__main__":
    main()
