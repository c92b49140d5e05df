"""What each scenario changes, and to what."""
import datetime

from derwalk import walk

ERROR = {"response-status", "type", "responder-id", "produced-at", "record-",
         "algorithm", "unused-bits", "certs"}
SIGNER = {"responder-id", "certs"}
OTHER_KEY = SIGNER | {"algorithm"}

# Against the good answer to the same request, without a nonce.
DIFFS = {name: ERROR for name in (
    "malformed", "serverr", "trylater", "needssig", "unauthorized", "flap")}
DIFFS |= {name: {"body"} for name in (
    "bad-status", "empty", "one-zero-byte", "garbage", "truncated",
    "invalid-response-data", "html-page", "gzip")}
DIFFS |= {
    "skip-response-bytes": ERROR - {"response-status"},
    "bad-response-type": {"type"},
    "trailing-data": {"trailing"},
    "huge-body": {"trailing"},
    "revoked": {"0.status", "0.revoked-at"},
    "revoked-future": {"0.status", "0.revoked-at"},
    "unknown": {"0.status"},
    "hold": {"0.status", "0.revoked-at", "0.reason"},
    "good-never-issued": {"0.status"},
    "extended-revoke": {"0.status", "0.revoked-at", "0.reason", "extensions"},
    "good-other": {"0.serial"},
    "serial-mismatch": {"0.serial"},
    "wrong-issuer-name-hash": {"0.name-hash"},
    "wrong-issuer-key-hash": {"0.key-hash"},
    "hash-swapped": {"0.name-hash", "0.key-hash"},
    "missing": {"record-"},
    "multi": {"record+"},
    "multi-good-revoked": {"record+"},
    "good-unrelated-first": {"0.serial", "record+"},
    "duplicate": {"record+"},
    "expired": {"0.this-update", "0.next-update", "produced-at"},
    "expired-fresh-signature": {"0.this-update", "0.next-update"},
    "future": {"0.this-update", "0.next-update"},
    "no-next-update": {"0.next-update"},
    "next-before-this": {"0.next-update"},
    "long": {"0.next-update"},
    "longer": {"0.next-update"},
    "almost-expired": {"0.next-update"},
    "produced-early": {"produced-at"},
    "produced-late": {"produced-at"},
    "beyond-signer": {"0.next-update"},
    "beyond-certificate": {"0.next-update"},
    "fractional-seconds": {"0.next-update"},
    "no-seconds": {"0.next-update"},
    "offset-time": {"0.next-update"},
    "bad-signature": {"signature"},
    "algorithm-mismatch": {"algorithm"},
    "unused-bits": {"unused-bits"},
    "sha1-signature": OTHER_KEY,
    "md5-signature": OTHER_KEY,
    "weak-key": OTHER_KEY,
    "ca-signed": SIGNER,
    "delegated-included-last": {"certs"},
    "delegated-missing": {"certs"},
    "delegated-missing-multiple": {"certs"},
    "extra-certs": {"certs"},
    "wrong-responder-id": {"responder-id"},
    "by-name": {"responder-id"},
    "critical-extension": {"extensions"},
    "critical-single-extension": {"0.extensions"},
    "noncritical-extension": {"extensions"},
    "empty-extensions": {"0.extensions"},
    "has-version": {"version"},
    "nonce-absent": {"extensions"},
    "nonce-wrong": {"extensions"},
    "nonce-replayed": {"extensions"},
    "nonce-too-long": {"extensions"},
    "nonce-raw": {"extensions"},
}
# As good as the good one, or the same as it in that request: GET is another
# channel.
DIFFS |= {name: set() for name in (
    "good", "this-update-now", "delegated-included", "by-key",
    "http-404", "http-500", "http-503-retry-after", "redirect", "redirect-loop",
    "wrong-content-type", "missing-content-type", "charset", "get-refused",
    "post-refused", "cache-stale", "accept-then-close", "never-answers", "slow", "drip",
    "chunked", "no-content-length", "wrong-length", "cut-mid-body",
    "reset-mid-body")}
DIFFS |= {name: SIGNER for name in (
    "delegated-no-eku", "delegated-wrong-eku", "delegated-crlsign-only",
    "delegated-from-intermediate", "delegated-expired", "delegated-not-yet-valid",
    "delegated-no-nocheck", "delegated-revoked", "good-other-ca",
    "self-signed-by-leaf", "root-for-intermediate")}

# Of the HTTP response to a POST.
HTTP_DIFFS = {
    "html-page": {"content-type"},
    "http-404": {"status", "content-type"},
    "http-500": {"status", "content-type"},
    "http-503-retry-after": {"status", "content-type", "retry-after"},
    "redirect": {"status", "content-type", "location"},
    "redirect-loop": {"status", "content-type", "location"},
    "wrong-content-type": {"content-type"},
    "missing-content-type": {"content-type"},
    "charset": {"content-type"},
    "gzip": {"content-encoding"},
    "post-refused": {"status", "content-type", "allow"},
    "accept-then-close": {"status", "content-type", "cache-control"},
    "never-answers": {"status", "content-type", "cache-control"},
    "reset-mid-body": {"status", "content-type", "cache-control"},
    "wrong-length": {"status", "content-type", "cache-control"},
    "cut-mid-body": {"status", "content-type", "cache-control"},
    "chunked": {"transfer-encoding"},
    "no-content-length": {"connection"},
}


# What 'openssl ocsp' 3.0 takes for good, though an RFC says no: an answer without
# an end, times whose comparison fails, a signer's keyUsage, critical extensions.
OPENSSL_DIFFERS = {
    "no-next-update", "fractional-seconds", "no-seconds", "offset-time",
    "delegated-crlsign-only", "critical-extension", "critical-single-extension"}


def at(text):
    """An instant as a good answer writes it."""
    return datetime.datetime.strptime(text.decode(), "%Y%m%d%H%M%SZ")


def check_values(name, body):
    """What the changed fields say, where one could be wrong in another way."""
    if DIFFS[name] in (set(), {"body"}):
        return
    f = walk(body)
    day, hour = datetime.timedelta(1), datetime.timedelta(hours=1)
    if "produced-at" in f:
        made = at(f["produced-at"])
    if name == "expired":
        assert at(f["0.this-update"]) == made
        assert at(f["0.next-update"]) - made == 4 * day
    elif name == "expired-fresh-signature":
        assert made - at(f["0.next-update"]) == day
    elif name == "future":
        assert at(f["0.this-update"]) - made == day
    elif name == "next-before-this":
        assert made - at(f["0.next-update"]) == hour
    elif name in ("long", "longer"):
        days = {"long": 366, "longer": 368}[name]
        assert at(f["0.next-update"]) - at(f["0.this-update"]) == days * day
    elif name == "almost-expired":
        assert (at(f["0.next-update"]) - made).seconds == 60
    elif name == "revoked-future":
        assert at(f["0.revoked-at"]) - made == day
    elif name == "hold":
        assert f["0.reason"] == bytes((0x0A, 1, 6))
    elif name == "fractional-seconds":
        assert f["0.next-update"].endswith(b".5Z")
    elif name == "multi-good-revoked":
        assert (f["0.status"], f["1.status"]) == ("good", "revoked")
        assert f["0.serial"] == f["1.serial"]
    elif name == "good-unrelated-first":
        assert (f["0.status"], f["1.status"]) == ("good", "revoked")
    elif name == "extra-certs":
        assert len(f["certs"]) == 9
    elif name == "delegated-missing":
        assert f["certs"] is None
    elif name == "delegated-from-intermediate":
        assert len(f["certs"]) == 2
    elif name == "ca-signed":
        assert f["certs"] is None
