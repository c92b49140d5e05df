#!/usr/bin/python3
"""Whether CRLs and OCSP answers say the same, for every serial ever issued.

  agree.py URL DIR

For each CA of DIR whose CRL lies in DIR/crl: the CRL, with its delta if there
is one, as python3-cryptography and openssl read it; the responder's answers,
asked now; and the rows of the database.  The clock of DIR stands still since
the CRL was made.  Prints how many serials were compared in which states; exit
1 with a line for each disagreement.

  agree.py entries CRL [DELTA]

What the CRL lists, with the delta applied as RFC 5280 section 5.2.4 says:
SERIAL DATE REASON INVALIDITY, sorted.
"""
import collections
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

REASONS = {0: None, 1: "keyCompromise", 2: "cACompromise",
           3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
           6: "certificateHold", 9: "privilegeWithdrawn", 10: "aACompromise"}
BATCH = 40
failures = []


def check(ok, *words):
    if not ok:
        failures.append(" ".join(str(w) for w in words))


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- CRLs -----------------------------------------------------------------

Entry = collections.namedtuple("Entry", "date reason invalidity")


class Crl:
    """As python3-cryptography reads it; openssl has to agree."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.crl = x509.load_der_x509_crl(f.read())
        self.this_update = stamp(self.crl.last_update)
        number = self.extension(x509.CRLNumber)
        base = self.extension(x509.DeltaCRLIndicator)
        self.number = number.crl_number
        self.base = base and base.crl_number
        self.entries = {}
        for entry in self.crl:
            check(entry.serial_number not in self.entries, path,
                  "lists twice", hex(entry.serial_number))
            self.entries[entry.serial_number] = self.read(entry)
        check(self.by_openssl(path) ==
              {n: (e.date, e.reason) for n, e in self.entries.items()},
              path, "openssl reads it otherwise")

    def extension(self, kind):
        try:
            return self.crl.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    @staticmethod
    def read(entry):
        reason = invalidity = None
        for e in entry.extensions:
            if isinstance(e.value, x509.CRLReason):
                reason = e.value.reason.value
                check(reason != "unspecified", "unspecified is written")
            elif isinstance(e.value, x509.InvalidityDate):
                invalidity = stamp(e.value.invalidity_date)
        return Entry(stamp(entry.revocation_date), reason, invalidity)

    @staticmethod
    def by_openssl(path):
        text = subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", path, "-noout",
             "-text"], capture_output=True, text=True, check=True,
            timeout=60).stdout
        known = {r.lower(): r for r in REASONS.values() if r}
        known["removefromcrl"] = "removeFromCRL"
        out = {}
        for part in re.split(r"\n    Serial Number: ", text)[1:]:
            serial, rest = part.split("\n", 1)
            date = re.search(r"Revocation Date: (.*) GMT", rest).group(1)
            reason = re.search(r"CRL Reason Code: *\n *(.*)", rest)
            out[int(serial, 16)] = (
                stamp(datetime.strptime(date, "%b %d %H:%M:%S %Y")),
                reason and known[reason.group(1).replace(" ", "").lower()])
        return out

    def plus(self, delta):
        """What holds with the delta: its entries replace, or remove."""
        check(delta.base == self.number, "the delta is over", delta.base,
              "and not", self.number)
        check(delta.number > self.number, "numbers do not grow")
        out = dict(self.entries)
        for serial, entry in delta.entries.items():
            if entry.reason == "removeFromCRL":
                out.pop(serial, None)
            else:
                out[serial] = entry
        return out


def combined(path):
    """The entries as of now, and of when they are."""
    full = Crl(path)
    check(full.base is None, path, "is a delta")
    check(not any(e.reason == "removeFromCRL" for e in full.entries.values()),
          path, "removeFromCRL in a full CRL")
    delta_path = path[:-len(".crl")] + "-delta.crl"
    if not os.path.exists(delta_path):
        return full.entries, full.this_update
    delta = Crl(delta_path)
    return full.plus(delta), delta.this_update


# ---- OCSP -----------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def hashed(*parts):
    h = hashes.Hash(hashes.SHA1())
    for part in parts:
        h.update(part)
    return h.finalize()


def ask(url, issuer, serials):
    """The answer about serials of that issuer: serial -> SingleResponse."""
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    name = hashed(issuer.subject.public_bytes())
    sha1 = tlv(0x30, bytes.fromhex("06052b0e03021a0500"))
    ids = [tlv(0x30, tlv(0x30, sha1, tlv(4, name), tlv(4, key),
                         tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))))
           for n in serials]
    request = urllib.request.Request(
        url, tlv(0x30, tlv(0x30, tlv(0x30, *ids))),
        {"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer = ocsp.load_der_ocsp_response(reply.read())
    check(answer.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL,
          "OCSP says", answer.response_status)
    singles = {s.serial_number: s for s in answer.responses}
    check(set(singles) == set(serials), "answers are missing")
    return singles


def state(single):
    """"good", "unknown", or (date, reason)."""
    if single.certificate_status == ocsp.OCSPCertStatus.REVOKED:
        reason = single.revocation_reason
        return stamp(single.revocation_time), reason and reason.value
    return single.certificate_status.name.lower()


# ---- all of it ------------------------------------------------------------

def rows(db, ca):
    query = ("select serial, status, reason, strftime('%Y-%m-%dT%H:%M:%SZ',"
             " revoked_at, 'unixepoch') from cert where ca = ?")
    return {int.from_bytes(serial, "big"):
            (date, REASONS[reason or 0]) if status else "good"
            for serial, status, reason, date in db.execute(query, (ca,))}


def compare(url, folder, db, ca, name, seen):
    with open(f"{folder}/ca/{name}/cert.pem", "rb") as f:
        issuer = x509.load_pem_x509_certificate(f.read())
    entries, at = combined(f"{folder}/crl/{name}.crl")
    issued = rows(db, ca)
    check(set(entries) <= set(issued), name, "lists what was never issued")
    never = {n ^ 1 << 40 for n in list(issued)[:3]}
    asked = sorted(set(issued) | never)
    for i in range(0, len(asked), BATCH):
        for n, single in ask(url, issuer, asked[i:i + BATCH]).items():
            listed = entries.get(n)
            want = "unknown" if n in never else \
                (listed.date, listed.reason) if listed else "good"
            check(state(single) == want, name, "%x" % n, "OCSP",
                  state(single), "CRL", want)
            check(issued.get(n, "unknown") == want, name, "%x" % n,
                  "database", issued.get(n), "CRL", want)
            check(stamp(single.this_update) == at, name, "OCSP is as of",
                  stamp(single.this_update), "the CRL of", at)
            seen[want if isinstance(want, str) else str(want[1])] += 1


def main():
    if sys.argv[1] == "entries":
        full = Crl(sys.argv[2])
        entries = full.plus(Crl(sys.argv[3])) if len(sys.argv) > 3 \
            else full.entries
        for n, e in sorted(entries.items()):
            print("%x" % n, *e)
    else:
        url, folder = sys.argv[1:]
        seen = collections.Counter()
        db = sqlite3.connect(f"file:{folder}/ca.db?mode=ro", uri=True)
        for ca, name in db.execute("select id, name from ca").fetchall():
            compare(url, folder, db, ca, name, seen)
        print(*(f"{k}={v}" for k, v in sorted(seen.items())))
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


main()
