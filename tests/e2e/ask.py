#!/usr/bin/python3
"""Requests made byte by byte, and answers read by python3-cryptography.

  ask.py request [options] CERT ISSUER [CERT ISSUER]...    DER on standard output
      --hash sha1|sha256|sha384   of the certIDs (sha1)
      --serial HEX                content octets instead of the certificate's
      --has TEXT                  such a serial that base64 has that text in it
      --flip name|key             one bit of that hash is wrong
      --nonce HEX                 these octets, in an OCTET STRING
      --extn-value HEX            nonce extension with exactly this in extnValue
      --extension OID             of no known meaning; --critical makes it so
      --twice                     the last extension stands there twice
      --name                      with a requestorName
  ask.py path FILE [plain|lower|unpadded|url-safe]    as it stands in a GET
  ask.py show FILE [KEY]          JSON of an answer, or the text of one value
  ask.py raw URL                  sends standard input as it is, and prints all
                                  that comes until the server closes
"""
import argparse
import base64
import hashlib
import json
import socket
import sys
import urllib.parse

# python3-cryptography takes its time to load: only who needs it does so.

# ---- DER ------------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(text):
    first, second, *rest = [int(n) for n in text.split(".")]
    out = bytearray()
    for n in [40 * first + second] + rest:
        digits = [n & 0x7F]
        while n > 0x7F:
            n >>= 7
            digits.append(n & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return tlv(0x06, bytes(out))


HASHES = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1",
          "sha384": "2.16.840.1.101.3.4.2.2"}
NONCE = "1.3.6.1.5.5.7.48.1.2"


def certid(cert, issuer, args):
    hashed = {"name": issuer["subject"], "key": bits_of(issuer["spki"])}
    for what in hashed:
        digest = bytearray(hashlib.new(args.hash, hashed[what]).digest())
        if args.flip == what:
            digest[0] ^= 1
        hashed[what] = bytes(digest)
    serial = cert["serial"]
    if args.serial is not None:
        serial = bytes.fromhex(args.serial)
    return tlv(0x30, tlv(0x30, oid(HASHES[args.hash]), tlv(0x05)),
               tlv(0x04, hashed["name"]), tlv(0x04, hashed["key"]),
               tlv(0x02, serial))


def content(der, at):
    """Where the content of the element at `at` begins and ends."""
    n, at = der[at + 1], at + 2
    if n > 0x7F:
        n, at = int.from_bytes(der[at:at + n - 128], "big"), at + n - 128
    return at, at + n


def elements(der):
    """Those within the first element, whole."""
    at, end = content(der, 0)
    while at < end:
        _, after = content(der, at)
        yield der[at:after]
        at = after


def bits_of(spki):
    """subjectPublicKey without tag, length and unused bits."""
    _, key = elements(spki)
    return key[content(key, 0)[0] + 1:]


def load(path):
    """The first certificate."""
    with open(path) as f:
        text = f.read().split("-----BEGIN CERTIFICATE-----")[1]
    der = base64.b64decode(text.split("-----END")[0])
    fields = list(elements(next(elements(der))))
    if fields[0][0] == 0xA0:  # the version; absent: v1
        del fields[0]
    serial, _, _, _, subject, spki = fields[:6]
    return {"serial": serial[content(serial, 0)[0]:],
            "subject": subject, "spki": spki}


def extension(name, value, critical=False):
    flag = tlv(0x01, b"\xff") if critical else b""
    return tlv(0x30, oid(name), flag, tlv(0x04, value))


def request(args):
    files = [load(f) for f in args.files]
    der = request_of(files, args)
    n = 1000
    while args.has and args.has not in base64.b64encode(der).decode():
        args.serial = "7f%d%dfffefb%d" % (n, n, n)
        der = request_of(files, args)
        n += 1
    sys.stdout.buffer.write(der)


def request_of(files, args):
    ids = [certid(c, i, args) for c, i in zip(files[::2], files[1::2])]
    extensions = []
    if args.nonce is not None:
        extensions.append(
            extension(NONCE, tlv(0x04, bytes.fromhex(args.nonce))))
    if args.extn_value is not None:
        extensions.append(extension(NONCE, bytes.fromhex(args.extn_value)))
    if args.extension is not None:
        extensions.append(
            extension(args.extension, tlv(0x05), args.critical))
    if args.twice:
        extensions.append(extensions[-1])
    name = b""
    if args.name:
        name = tlv(0xA1, tlv(0x82, b"client.example"))
    tail = tlv(0xA2, tlv(0x30, *extensions)) if extensions else b""
    tbs = tlv(0x30, name, tlv(0x30, *[tlv(0x30, i) for i in ids]), tail)
    return tlv(0x30, tbs)


# ---- GET ------------------------------------------------------------------

def path(args):
    with open(args.file, "rb") as f:
        text = base64.b64encode(f.read()).decode()
    quoted = urllib.parse.quote(text, safe="")
    print({"": quoted, "plain": text, "lower": quoted.replace(
        "%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
        "unpadded": text.rstrip("="),
        "url-safe": text.replace("+", "-").replace("/", "_")}[args.form])


# ---- answers --------------------------------------------------------------

def pick(value, key):
    """What a.0.b names, as text; nothing if there is none."""
    for k in key.split("."):
        value = (value[int(k)] if isinstance(value, list)
                 else value.get(k) if value is not None else None)
    return (value if isinstance(value, str)
            else "" if value is None else json.dumps(value))


def show(args):
    from cryptography.x509 import ocsp

    with open(args.file, "rb") as f:
        r = ocsp.load_der_ocsp_response(f.read())
    out = {"status": r.response_status.name.lower()}
    if r.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL:
        out["singles"] = [{
            "status": s.certificate_status.name.lower(),
            "reason": s.revocation_reason and s.revocation_reason.value,
            "revoked": s.revocation_time and s.revocation_time.isoformat(),
            "serial": "%x" % s.serial_number,
            "hash": s.hash_algorithm.name,
            "this_update": s.this_update.isoformat(),
            "next_update": s.next_update and s.next_update.isoformat(),
        } for s in r.responses]
        out["produced_at"] = r.produced_at.isoformat()
        out["by"] = "name" if r.responder_name else "key"
        out["certs"] = len(r.certificates)
        out["extensions"] = [e.oid.dotted_string for e in r.extensions]
        for e in r.extensions:
            if e.oid.dotted_string == NONCE:
                out["nonce"] = e.value.nonce.hex()
    print(json.dumps(out) if args.key is None else pick(out, args.key))


def raw(args):
    where = urllib.parse.urlsplit(args.url)
    with socket.create_connection((where.hostname, where.port), 30) as s:
        s.sendall(sys.stdin.buffer.read())
        while True:
            try:
                data = s.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            sys.stdout.buffer.write(data)


def main():
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(required=True)
    p = sub.add_parser("request")
    p.set_defaults(run=request)
    p.add_argument("--hash", default="sha1")
    for name in ("serial", "has", "flip", "nonce", "extn-value", "extension"):
        p.add_argument("--" + name)
    for name in ("critical", "twice", "name"):
        p.add_argument("--" + name, action="store_true")
    p.add_argument("files", nargs="+")
    p = sub.add_parser("path")
    p.set_defaults(run=path)
    p.add_argument("file")
    p.add_argument("form", nargs="?", default="")
    p = sub.add_parser("show")
    p.set_defaults(run=show)
    p.add_argument("file")
    p.add_argument("key", nargs="?")
    p = sub.add_parser("raw")
    p.set_defaults(run=raw)
    p.add_argument("url")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
