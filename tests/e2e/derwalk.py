"""OCSP answers in their fields, by a DER reader of its own (RFC 6960 4.2.1)."""


def tlv(data, at=0):
    """(tag, content, end)"""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        octets = length & 0x7F
        length, at = int.from_bytes(data[at:at + octets], "big"), at + octets
    assert at + length <= len(data), "cut off"
    return tag, data[at:at + length], at + length


def items(data):
    """[(tag, content)] of what stands in a row."""
    at, out = 0, []
    while at < len(data):
        tag, content, at = tlv(data, at)
        out.append((tag, content))
    return out


def walk_certid(content, out, where):
    algorithm, name, key, serial = items(content)
    out[where + "hash"] = algorithm[1]
    out[where + "name-hash"] = name[1]
    out[where + "key-hash"] = key[1]
    out[where + "serial"] = serial[1]


def walk_single(content, out, where):
    rest = items(content)
    walk_certid(rest[0][1], out, where)
    tag, status = rest[1]
    out[where + "status"] = {0x80: "good", 0xA1: "revoked", 0x82: "unknown"}[tag]
    if tag == 0xA1:
        for tag, value in items(status):
            out[where + ("revoked-at" if tag == 0x18 else "reason")] = value
    assert rest[2][0] == 0x18
    out[where + "this-update"] = rest[2][1]
    for tag, value in rest[3:]:
        out[where + {0xA0: "next-update", 0xA1: "extensions"}[tag]] = tlv(value)[1]


def walk(der):
    """{field: value} of a whole answer; singles are numbered."""
    tag, content, end = tlv(der)
    assert tag == 0x30
    out = {"trailing": der[end:]}
    rest = items(content)
    out["response-status"] = rest[0][1]
    if len(rest) == 1:
        return out
    kind, octets = items(tlv(rest[1][1])[1])
    out["type"] = kind[1]
    basic = items(tlv(octets[1])[1])
    tbs = items(basic[0][1])
    if tbs[0][0] == 0xA0:
        out["version"] = tbs.pop(0)[1]
    out["responder-id"] = tbs[0]
    out["produced-at"] = tbs[1][1]
    for i, (_, single) in enumerate(items(tbs[2][1])):
        walk_single(single, out, f"{i}.")
    if len(tbs) > 3:
        out["extensions"] = tbs[3][1]
    out["algorithm"] = basic[1][1]
    out["signature"] = basic[2][1][1:]
    out["unused-bits"] = basic[2][1][0]
    out["certs"] = items(tlv(basic[3][1])[1]) if len(basic) > 3 else None
    return out


def differences(good, bad):
    """Names of the fields that are not the same; what follows from another is
    left out: the signature over what has changed."""
    found = {k for k in good.keys() | bad.keys() if good.get(k) != bad.get(k)}
    signed = found - {"signature", "algorithm", "unused-bits", "certs", "type",
                      "trailing", "response-status"}
    if signed:
        found -= {"signature"}
    # A record more is one difference.
    extra = {k.split(".")[0] for k in found if "." in k and k not in good}
    for i in extra:
        if f"{i}.serial" not in good:
            found = {k for k in found if not k.startswith(i + ".")} | {"record+"}
    if "0.serial" not in bad and "0.serial" in good:
        found = {k for k in found if not k.startswith("0.")} | {"record-"}
    return found
