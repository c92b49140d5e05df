#!/usr/bin/python3
"""Passes requests on to a responder.  The first answer for a scenario of the
staple it holds back: from when a writer has opened GATE, a fifo, until that
writer closes it.

  gate.py URL GATE    prints {"url": ...} when it listens
"""
import http.client
import http.server
import json
import sys
import threading
import urllib.parse

RESPONDER = urllib.parse.urlsplit(sys.argv[1]).netloc
SCENARIO = "OCSP-Lab-Staple"
first = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        scenario = self.headers.get(SCENARIO)
        there = http.client.HTTPConnection(RESPONDER, timeout=60)
        there.request("GET", self.path,
                      headers={SCENARIO: scenario} if scenario else {})
        answer = there.getresponse()
        body = answer.read()
        if scenario and first.acquire(blocking=False):
            with open(sys.argv[2], "rb") as gate:
                gate.read()
        self.send_response(answer.status)
        if answer.getheader(SCENARIO):
            self.send_header(SCENARIO, answer.getheader(SCENARIO))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
server.serve_forever()
