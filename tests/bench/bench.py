"""What the benches share: servers on a core of their own, what they burn, and
rounds of load that take turns."""
import ctypes, json, os, shutil, signal, statistics, subprocess, sys, tempfile

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def pin(cores):
    return lambda: os.sched_setaffinity(0, cores)


def server_of_ours(cores):
    """Runs in the child: a group of its own, that ends with this program."""
    def prepare():
        os.sched_setaffinity(0, cores)
        os.setpgid(0, 0)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    return prepare


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
        # What is run there has other working directories.
        build = os.path.abspath(arguments.build)
        self.bin = os.path.join(build, "bin")
        self.tools = os.path.join(build, "bench")
        self.quick = arguments.quick
        self.folder = tempfile.mkdtemp(prefix="responder-bench.")
        self.servers = []

    def close(self):
        for s in list(self.servers):
            self.stop(s)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ca(self, lab, *words):
        return subprocess.run([self.bin + "/ocsp-ca", *words, "--dir", lab],
                              check=True, capture_output=True, text=True).stdout

    def run(self, command, cores, **options):
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL,
                                  preexec_fn=server_of_ours(cores), **options)
        self.servers.append(server)
        return server

    def start(self, command, cores={SERVER_CORE}):
        """A server that prints one line when it can serve."""
        server = self.run(command, cores, stdout=subprocess.PIPE, text=True)
        line = server.stdout.readline()
        if not line:
            sys.exit(f"{command[0]}: does not start")
        return server, line

    def stop(self, server):
        """With its children, of which openssl ocsp has some."""
        try:
            os.killpg(server.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        server.wait()
        self.servers.remove(server)

    def responder(self, lab, *options, cores={SERVER_CORE}, threads=1):
        server, line = self.start(
            [self.bin + "/ocsp-responder", "--dir", lab, "--listen",
             "127.0.0.1:0", "--threads", str(threads), "--log", "/dev/null",
             *options], cores)
        return server, json.loads(line)["url"][len("http://"):]

    def load(self, side, count):
        words = [self.tools + "/load", *side.flags, side.address, side.requests,
                 str(side.connections), str(count), str(side.asked)]
        out = subprocess.run(words, check=True, capture_output=True, text=True,
                             preexec_fn=pin(side.load_cores)).stdout
        side.asked += count
        return json.loads(out)

    def measure(self, sides, count, rounds=5):
        """sides: name -> Side.  The rounds of each."""
        seen = {name: [] for name in sides}
        for side in sides.values():
            self.load(side, max(side.connections, 2000))
        for _ in range(2 if self.quick else rounds):
            for name, side in sides.items():
                side.before()
                before = cpu_seconds(side.server.pid)
                r = self.load(side, count)
                r["cpu"] = (cpu_seconds(side.server.pid) - before) / count * 1e6
                side.after()
                seen[name].append(r)
        return seen


class Side:
    """A server and how it is asked."""

    def __init__(self, server, address, requests, connections, flags=(),
                 load_cores={LOAD_CORE}, before=lambda: None,
                 after=lambda: None):
        self.server, self.address, self.requests = server, address, requests
        self.connections, self.flags = connections, flags
        self.load_cores, self.before, self.after = load_cores, before, after
        self.asked = 0  # so that each round goes on where the last one ended


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)
