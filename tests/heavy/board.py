"""The board of board.h, and the requests on it."""
import mmap
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import ask  # noqa: E402

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
import hashlib  # noqa: E402

MAGIC = 0x0c5b0a4d
CAS, RETIRED, CA_DER = 64, 1024, 4096
CA_SIZE = 16 + 8 * RETIRED + CA_DER
CERT_SIZE, SLOT_DER = 64 + 4 * 240, 232
HEADER = 8 * 512
# Words of the header.
(MAGIC_AT, STOP, CERTS, HOT, GONE_BEGUN, GONE_ACKED, CLOCK_BEGUN, CLOCK_ACKED,
 CLOCK_LO, CLOCK_OFFSET, CLOCK_FROZEN) = range(11)
LOW_60 = (1 << 60) - 1


class Issuer:
    """A CA, as requests name it."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.cert = x509.load_pem_x509_certificate(f.read())
        spki = self.cert.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        name, key = self.cert.subject.public_bytes(), ask.bits_of(spki)
        self.halves = {
            h: ask.tlv(0x30, ask.oid(ask.HASHES[h]), ask.tlv(0x05)) +
            ask.tlv(0x04, hashlib.new(h, name).digest()) +
            ask.tlv(0x04, hashlib.new(h, key).digest())
            for h in ("sha1", "sha256")}

    def request(self, serial, digest, nonce=None):
        octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
        certid = ask.tlv(0x30, self.halves[digest], ask.tlv(0x02, octets))
        tail = b""
        if nonce is not None:
            tail = ask.tlv(0xA2, ask.tlv(0x30, ask.extension(
                ask.NONCE, ask.tlv(0x04, nonce))))
        return ask.tlv(0x30, ask.tlv(0x30, ask.tlv(0x30, ask.tlv(
            0x30, certid)), tail))

    def requests(self, serial):
        """In the order of a board's slots."""
        return [self.request(serial, digest, nonce)
                for nonce in (None, b"N" * 32) for digest in ("sha1", "sha256")]


class Board:
    def __init__(self, path, file):
        self.map = mmap.mmap(file.fileno(), 0)
        self.path = path
        self.room = (len(self.map) - HEADER - CAS * CA_SIZE) // CERT_SIZE
        self.words = memoryview(self.map).cast("q")
        self.cas = []

    @classmethod
    def make(cls, path, certs):
        with open(path, "wb+") as f:
            f.truncate(HEADER + CAS * CA_SIZE + certs * CERT_SIZE)
            board = cls(path, f)
        board[MAGIC_AT] = MAGIC
        return board

    @classmethod
    def open(cls, path):
        """Somebody else's, to read."""
        with open(path, "rb+") as f:
            return cls(path, f)

    def __getitem__(self, word):
        return self.words[word]

    def __setitem__(self, word, value):
        self.words[word] = value

    def add_ca(self, issuer):
        """Its number."""
        at = HEADER + len(self.cas) * CA_SIZE
        der = issuer.cert.public_bytes(serialization.Encoding.DER)
        struct.pack_into("q", self.map, at + 8, len(der))
        start = at + 16 + 8 * RETIRED
        self.map[start:start + len(der)] = der
        self.cas.append(issuer)
        return len(self.cas) - 1

    def retire(self, ca, serial):
        """From now on this one's signature is a fault; False: no room."""
        at = (HEADER + ca * CA_SIZE) // 8
        n = self.words[at]
        if n == RETIRED:
            return False
        self.words[at + 2 + n] = serial & LOW_60
        self.words[at] = n + 1
        return True

    def _cert(self, i):
        return HEADER + CAS * CA_SIZE + i * CERT_SIZE

    def add_cert(self, ca, serial, state=0):
        """Its number."""
        i = self.words[CERTS]
        if i == self.room:
            raise IndexError("the board is full")
        at = self._cert(i)
        struct.pack_into("qqq", self.map, at, state, state, ca)
        for slot, der in enumerate(self.cas[ca].requests(serial)):
            struct.pack_into("q%ds" % len(der), self.map, at + 64 + 240 * slot,
                             len(der), der)
        self.words[CERTS] = i + 1
        return i

    def request(self, i, slot):
        at = self._cert(i) + 64 + 240 * slot
        return self.map[at + 8:at + 8 + self.words[at // 8]]

    def ca_of(self, i):
        return self.words[self._cert(i) // 8 + 2]

    def state(self, i):
        return self.words[self._cert(i) // 8 + 1]

    def begin(self, i, state):
        self.words[HOT] = i
        self.words[self._cert(i) // 8] = state

    def end(self, i):
        at = self._cert(i) // 8
        self.words[at + 1] = self.words[at]
