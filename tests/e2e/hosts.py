#!/usr/bin/env python3
"""In a lab of 'ocsp-lab run --scenarios': the page at localhost says what the
catalogue says, its links are those of scenarios.json, and behind each is the
certificate of that name and a page about it.
"""
import concurrent.futures
import html.parser
import json
import os
import re
import socket
import ssl
import subprocess

PORT = os.environ["OCSP_LAB_PORT"]
DIR = os.environ["OCSP_LAB_DIR"]
CHANNELS = ("staple", "get", "post", "file")
CONTEXT = ssl.create_default_context(cafile=os.environ["OCSP_LAB_CA"])


def get(host, path="/"):
    """Status and body; the name is checked, and the address is ours whatever
    the resolver thinks of *.localhost."""
    with socket.create_connection(("127.0.0.1", int(PORT)), timeout=20) as tcp:
        with CONTEXT.wrap_socket(tcp, server_hostname=host) as tls:
            names = [v for k, v in tls.getpeercert()["subjectAltName"]]
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{PORT}\r\n"
                        "Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: tls.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode(), names


class Rows(html.parser.HTMLParser):
    """The rows of all tables: [id, link, [text of each cell]]."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.heading = [], ""
        self.inside, self.in_table = None, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag != "script" and not [k for k in attrs if k.startswith("on")]
        self.in_table |= tag == "td"
        if tag == "tr":
            self.rows.append([attrs.get("id"), None, [], self.heading])
        elif tag == "td":
            self.rows[-1][2].append("")
        elif tag == "a" and self.in_table:
            self.rows[-1][1] = attrs["href"]
        self.inside = tag
        if tag == "h2":
            self.heading = ""

    def handle_endtag(self, tag):
        if tag == "table":
            self.in_table = False

    def handle_data(self, data):
        if self.inside == "h2":
            self.heading += data.strip()
        elif self.in_table and self.rows[-1][2]:
            self.rows[-1][2][-1] += data


def check_row(row, shown):
    ident, link, cells, layer = shown
    assert (ident, link, layer) == (row["name"], row["url"], row["layer"])
    assert cells[0] == row["name"], cells
    assert cells[1].startswith(f"{row['wrong']} ({row['ref']})"), cells
    verdicts = [(row["expect"][c] or {"verdict": "-"})["verdict"]
                for c in CHANNELS]
    assert [cell.strip() for cell in cells[2:]] == verdicts + [row["basis"]]
    has_certificate = os.path.exists(f"{DIR}/certs/{row['name']}/cert.pem")
    assert (link is not None) == has_certificate
    if link is None:
        assert "no host" in cells[1] or "nothing makes it" in cells[1], cells
        return
    for word in ("ocsp-check --explain", "curl --cert-status", "-status",
                 f"{row['name']}.localhost:{PORT}", f"{DIR}/root.pem"):
        assert word in cells[1], (word, cells[1])


def check_host(row):
    host = f"{row['name']}.localhost"
    assert row["url"] == f"https://{host}:{PORT}/"
    status, page, names = get(host)
    assert status == 200 and names == [host], (status, names)
    assert f"<h1>{row['name']}</h1>" in page
    assert f"<code>{row['host']}</code>" in page
    shown = [[cell.strip() for cell in r[2]] for r in Rows(page).rows if r[2]]
    for channel, cells in zip(CHANNELS, shown, strict=True):
        expect = row["expect"][channel]
        words = ["-"] * 4 if expect is None else [expect["verdict"]] + [
            "yes" if expect["accepted"][p] else "no"
            for p in ("strict", "must-staple", "soft-fail")]
        assert cells == [channel] + words, (cells, words)


def main():
    listed = subprocess.run(["ocsp-ca", "scenario", "list", "--json"],
                            capture_output=True, text=True, check=True).stdout
    catalogue = [json.loads(line) for line in listed.splitlines()]
    status, text, _ = get("localhost", "/scenarios.json")
    assert status == 200
    told = json.loads(text)
    assert [dict(r, url=None) for r in told["scenarios"]] == [
        dict(r, url=None) for r in catalogue]
    assert told["url"] == f"https://localhost:{PORT}/"
    page = get("localhost")[1]
    shown = [r for r in Rows(page).rows if r[2]]
    assert len(shown) == len(catalogue)
    for row, cells in zip(told["scenarios"], shown):
        check_row(row, cells)
    hosts = [row for row in told["scenarios"] if row["url"]]
    made = [row for row in catalogue if row["host"]]
    assert [h["name"] for h in hosts] == [m["name"] for m in made]
    assert len(hosts) >= 100
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(check_host, hosts))
    assert "<h1>Everything" in get("www.localhost")[1]
    assert get("expired.localhost", "/scenarios.json")[0] == 200
    assert get("expired.localhost", "/none")[0] == 404
    assert not re.search(r"<script|\son\w+=", page)
    print(f"{len(hosts)} hosts of {len(catalogue)} scenarios")


main()
