#!/usr/bin/env python3
"""How a connection ends in the middle of an answer: usage: scenario_cut.py URL
closed|reset, of a certificate with cut-mid-body or reset-mid-body, whose request
is in q.der, and whose answer without a scenario is in good.der."""
import base64
import socket
import sys
import urllib.parse

WHERE = urllib.parse.urlsplit(sys.argv[1])
with open("q.der", "rb") as f:
    REQUEST = f.read()
with open("good.der", "rb") as f:
    GOOD = f.read()
PATH = urllib.parse.quote(base64.b64encode(REQUEST), safe="")


def end(s):
    """What comes, and whether a reset ends it; TimeoutError is neither."""
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionResetError:
        return got, "reset"
    return got, "closed"


for request in (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
                % len(REQUEST) + REQUEST,
                f"GET /{PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode()) * 5:
    with socket.create_connection((WHERE.hostname, WHERE.port), timeout=60) as s:
        s.sendall(request)
        got, how = end(s)
    head, body = got.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert f"\r\ncontent-length: {len(GOOD)}\r\n" in head.decode().lower() + "\r\n"
    assert body == GOOD[:len(GOOD) - len(GOOD) // 2], (len(body), len(GOOD))
    assert how == sys.argv[2], how
