#!/usr/bin/env python3
"""What a full handshake of ocsp-stapler costs, against nginx in the same run.

usage: stapler_bench.py BUILD [--quick] [--certs 1,100,1000] [--algorithm A]
                        [--threads N]

BUILD is a Release build folder (cmake --preset release -DOCSP_LAB_TESTS=ON).
Both serve the same certificates and the same staples (ssl_stapling_file), with
N threads or workers each, resume nothing, and are pinned to one core; the load
is pinned to another.  Each figure is the median of interleaved rounds.  "goal"
is what DESIGN asks for.  Prints a table; judges nothing.
"""
import argparse, hashlib, json, os, shutil, signal, ssl, statistics, \
    subprocess, sys
from bench import Bench, LOAD_CORE, SERVER_CORE, children, median, pin
from responder_bench import free_port, make_lab, plain, wait_for

BODY = "hello\n"


class Side:
    """A server, how it is asked, and what that gave."""

    def __init__(self, server, address, *flags):
        self.server, self.address, self.flags = server, address, flags

    def load(self, b, connections, count, *flags):
        words = [b.tools + "/tls_load", "--pid", str(self.server.pid),
                 *self.flags, *flags, self.address, str(connections),
                 str(count)]
        out = subprocess.run(words, check=True, capture_output=True, text=True,
                             preexec_fn=pin({LOAD_CORE})).stdout
        return json.loads(out)


def rounds(b, sides, connections, count):
    seen = {name: [] for name in sides}
    for side in sides.values():
        side.load(b, connections, max(connections, count // 10))
    for _ in range(3 if b.quick else 9):
        for name, side in sides.items():
            seen[name].append(side.load(b, connections, count))
    return seen


def row(what, seen, ours, other, goal=None):
    """ours against other, each round next to its like in time."""
    a, o = seen[ours], seen[other]
    cpu = statistics.median(y["cpu"] / x["cpu"] for x, y in zip(a, o))
    rate = statistics.median(x["rate"] / y["rate"] for x, y in zip(a, o))
    line = (f"{what:<40} {median(a, 'cpu'):7.1f} us CPU "
            f"{median(a, 'rate'):6.0f}/s  p50 {median(a, 'p50'):7.0f}  "
            f"p99 {median(a, 'p99'):7.0f} us  | {other} "
            f"{median(o, 'cpu'):7.1f} us {median(o, 'rate'):6.0f}/s p99 "
            f"{median(o, 'p99'):.0f}: by CPU {cpu:.2f}, by rate {rate:.2f}")
    if goal:
        line += f"  goal {goal}"
    errors = sum(r["errors"] for r in a + o)
    if errors:
        line += f"  ERRORS {errors}"
    print(line, flush=True)


# ---- the servers ------------------------------------------------------------

def stapler(b, lab, *options):
    """With all staples fetched; the responder is not needed any more then."""
    helper, address = b.responder(lab)
    server, line = b.start(
        [b.bin + "/ocsp-stapler", "--dir", lab, "--listen", "127.0.0.1:0",
         "--log", "/dev/null", "--patience", "60s", "--responder",
         "http://" + address, *options])
    b.stop(helper)
    return server, "127.0.0.1:" + json.loads(line)["url"].rsplit(":", 1)[1]


def staple_of(lab, name):
    with open(f"{lab}/certs/{name}/cert.pem") as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    return f"{lab}/staples/{hashlib.sha256(der).hexdigest()}.der"


def as_sent(lab, name):
    """What ocsp-stapler sends: the issuer as well, if it is the root."""
    path = f"{lab}/nginx/{name}.pem"
    with open(path, "w") as out:
        for part in ("fullchain", "chain"):
            with open(f"{lab}/certs/{name}/{part}.pem") as f:
                out.write(f.read())
    return path


def server_block(lab, name, port):
    return (f"server {{ listen 127.0.0.1:{port} ssl; server_name {name};\n"
            f" ssl_certificate {as_sent(lab, name)};\n"
            f" ssl_certificate_key {lab}/certs/{name}/key.pem;\n"
            f" ssl_stapling_file {staple_of(lab, name)};\n"
            f" location / {{ root {lab}/www; }} }}\n")


def nginx(b, lab, names, workers):
    root = f"{lab}/nginx"
    os.makedirs(root, exist_ok=True)
    port = free_port()
    blocks = "".join(server_block(lab, name, port) for name in names)
    with open(root + "/conf", "w") as f:
        f.write(f"""daemon off; worker_processes {workers}; pid {root}/pid;
error_log {root}/log; worker_rlimit_nofile 8192; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off;
 ssl_session_tickets off; ssl_stapling on; keepalive_requests 100000000;
 server_names_hash_max_size 8192; server_names_hash_bucket_size 128;
 open_file_cache max=10; client_body_temp_path {root}/t1;
 proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
 uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
{blocks} }}""")
    server = b.run(["nginx", "-c", root + "/conf", "-p", root], {SERVER_CORE})
    wait_for(port)
    return server, f"127.0.0.1:{port}"


# ---- the tables -------------------------------------------------------------

def resident_kib(pid):
    total = 0
    for p in [pid] + children(pid):
        with open(f"/proc/{p}/smaps_rollup") as f:
            total += int(f.read().split("Pss:")[1].split()[0])
    return total


def hold(b, side, connections):
    """KiB that a connection costs which has done its handshake and waits."""
    before = resident_kib(side.server.pid)
    load = subprocess.Popen(
        [b.tools + "/tls_load", "--hold", *side.flags, side.address,
         str(connections), str(connections)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, preexec_fn=pin({LOAD_CORE}))
    load.stdout.readline()
    held = resident_kib(side.server.pid) - before
    load.communicate("")
    return held / connections


def idle_memory(b, start):
    """Each in servers that have not seen a connection yet."""
    for version in ("--tls1.3", "--tls1.2"):
        kib = []
        for server, address in start():
            kib.append(hold(b, Side(server, address, version), 1000))
            b.stop(server)
        plain(f"an idle connection, {version[2:]}",
              f"{kib[0]:6.1f} KiB, nginx {kib[1]:.1f} KiB")


def versions(b, ours, theirs, what, names, staple, connections):
    for version in ("--tls1.3", "--tls1.2"):
        flags = [version, *names]
        ask = ["--ask", staple]
        seen = rounds(b, {"ours": Side(*ours, *flags, *ask),
                          "nginx": Side(*theirs, *flags, *ask),
                          "not asked": Side(*ours, *flags),
                          "nginx not asked": Side(*theirs, *flags)},
                      connections, 1000 if b.quick else 3000)
        goal = version == "--tls1.3"
        label = f"{what}, {version[2:]}, {connections} conn."
        row(label + ", asked", seen, "ours", "nginx", "1.0" if goal else None)
        row(label + ", not asked", seen, "not asked", "nginx not asked")
        row("  asked against not asked", seen, "ours", "not asked",
            "0.98" if goal else None)


def table(b, arguments, count):
    lab = make_lab(b, f"lab{count}", arguments.algorithm, count)
    names = [f"www-{i + 1}" for i in range(count)]
    threads = arguments.threads
    os.mkdir(lab + "/www")
    with open(lab + "/www/index.html", "w") as f:
        f.write(BODY)

    options = ["--threads", str(threads)] if threads else []

    def start():
        return stapler(b, lab, *options), nginx(b, lab, names, threads or 2)

    if count == 1:
        idle_memory(b, start)
    ours, theirs = start()
    one = count == 1
    sni = ["--names", names[0], "1"] if one else \
        ["--names", "www-%d", str(count)]
    staple = staple_of(lab, names[0]) if one else "any"
    what = f"{arguments.algorithm}, {count} cert."
    for connections in ((1, 32, 256) if one and not b.quick else (32,)):
        versions(b, ours, theirs, what, sni, staple, connections)
    if one:
        get = ["--tls1.3", *sni, "--get", "/"]
        row(what + ", tls1.3 and GET", rounds(
            b, {"ours": Side(*ours, *get), "nginx": Side(*theirs, *get)}, 32,
            1000 if b.quick else 3000), "ours", "nginx")
    b.stop(ours[0])
    b.stop(theirs[0])


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("build")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--certs", default="1,100,1000")
    p.add_argument("--algorithm", default="p256")
    p.add_argument("--threads", type=int, default=2)
    arguments = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not shutil.which("nginx"):
        sys.exit("needs nginx (nginx-light)")
    b = Bench(arguments)
    try:
        for count in arguments.certs.split(","):
            table(b, arguments, int(count))
    finally:
        b.close()


if __name__ == "__main__":
    main()
