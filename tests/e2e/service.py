"""A TCP service for the tests of ocsp-stapler --backend.

usage: service.py KIND LOG

echo: what comes goes back.  hash: of all that comes, until its end.  late: as
hash, but it reads nothing before LOG.go is there.  LOG gets a line for each
connection: how it ended.  Prints one line when it listens.
"""
import hashlib, json, os, socket, sys, threading

kind, log = sys.argv[1:3]


def note(word):
    with open(log, "a") as f:
        f.write(word + "\n")


def handle(c):
    total = hashlib.sha256()
    size = 0
    try:
        if kind == "late":
            with open(log + ".go") as f:  # a pipe: waits for its writer
                f.read()
        while data := c.recv(65536):
            if kind == "echo":
                c.sendall(data)
            total.update(data)
            size += len(data)
        if kind != "echo":
            c.sendall(f"{size} {total.hexdigest()}\n".encode())
        c.close()
        note("end")
    except ConnectionResetError:
        note("reset")


if kind == "late":
    os.mkfifo(log + ".go")
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
while True:
    threading.Thread(target=handle, args=(listener.accept()[0],),
                     daemon=True).start()
