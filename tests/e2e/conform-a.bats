#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-responder, group A: reading requests (RFC 6960 section
# 4.1, RFC 9919 section 3.1).

load helper
load responder
load conform

setup_file() {
  begin
}

teardown_file() {
  end
}

@test "A1 version 1 may be left out or written out" {
  conform <<'PY'
der = request()
good(post(der))
good(post(request(version=b"\0")))
# openssl leaves it out, and its request is ours.
run("openssl", "ocsp", "-issuer", LAB + "/ca/root/cert.pem", "-cert",
    LAB + "/certs/www/cert.pem", "-no_nonce", "-reqout", "q.der")
same(open("q.der", "rb").read(), der, "openssl's request")
PY
}

@test "A2 every other version is malformedRequest" {
  conform <<'PY'
for version in b"\1", b"\2", b"\xff", b"\0\0", b"\1\0", b"":
    error(post(request(version=version)), MALFORMED)
PY
}

@test "A3 what is not DER, or not one object, is malformedRequest" {
  conform <<'PY'
der = request()
assert der[1] < 128
body = der[2:]
for bad in [der + b"JUNK", der + b"\0", der + der, der[:-1], der[:1], b"\x30",
            bytes([0x30, 0x81, der[1]]) + body,
            bytes([0x30, 0x82, 0, der[1]]) + body,
            b"\x30\x80" + body + b"\0\0", b"\x31" + der[1:], b"\x10" + der[1:]]:
    error(post(bad), MALFORMED)
# The same deeper inside: length of the certID, a constructed OCTET STRING.
inner = certid()
for bad in [bytes([0x30, 0x81, inner[1]]) + inner[2:],
            b"\x30\x80" + inner[2:] + b"\0\0",
            inner.replace(b"\x04\x14", b"\x24\x14", 1)]:
    error(post(request(bad)), MALFORMED)
PY
}

@test "A4 an empty requestList is malformedRequest" {
  conform <<'PY'
error(post(bytes.fromhex("300430023000")), MALFORMED)
error(post(bytes.fromhex("30023000")), MALFORMED)
error(post(bytes.fromhex("3000")), MALFORMED)
PY
}

@test "A5 each certID of a request gets its SingleResponse, in order, up to 64" {
  conform <<'PY'
names = ["three", "gone", "www"]
answer = says(post(request(*map(certid, names))), "good", "revoked", "good")
same([s.serial_number for s in answer.responses],
     [cert(n).serial_number for n in names])
# The same one twice is answered twice.
says(post(request(certid(), certid())), "good", "good")
says(post(request(*[certid()] * 64)), *["good"] * 64)
error(post(request(*[certid()] * 65)), MALFORMED)
PY
}

@test "A6 certIDs of two issuers in one request are unauthorized" {
  conform <<'PY'
near, far = certid("www"), certid("far", "other")
good(post(request(near)))
good(post(request(far)))
error(post(request(near, far)), UNAUTHORIZED)
error(post(request(far, near)), UNAUTHORIZED)
# Two hashes of one issuer are one issuer.
says(post(request(near, certid("gone", digest="sha256"))), "good", "revoked")
PY
}

@test "A7 SHA-1 and SHA-256 are answered, every other hash is unauthorized" {
  conform <<'PY'
for digest in "sha1", "sha256":
    same(only(good(post(request(certid(digest=digest))))).hash_algorithm.name,
         digest)
oids = {"md5": "1.2.840.113549.2.5", "sha512": "2.16.840.1.101.3.4.2.3",
        "sha3_256": "2.16.840.1.101.3.4.2.8", "sha384": HASHES["sha384"]}
for digest, number in oids.items():
    error(post(request(certid(digest=digest, algorithm=algorithm(number)))),
          UNAUTHORIZED)
# One that nobody knows, over five octets.
error(post(request(certid(algorithm=algorithm("1.2.3.4.5"), name_hash=b"12345",
                          key_hash=b"12345"))), UNAUTHORIZED)
PY
}

@test "A8 the certID comes back octet by octet, with the hash of the client" {
  conform <<'PY'
for digest in "sha1", "sha256":
    one = certid(digest=digest)
    answer = post(request(one))
    good(answer)
    assert one in answer.body
    open("r.der", "wb").write(answer.body)
    text = run("openssl", "ocsp", "-no_nonce", "-respin", "r.der", "-CAfile",
               LAB + "/ca/root/cert.pem", "-issuer", LAB + "/ca/root/cert.pem",
               "-" + digest, "-cert", LAB + "/certs/www/cert.pem")
    assert "Response verify OK" in text and "cert.pem: good" in text, text
PY
}

@test "A9 hash parameters: NULL and none are the same, and come back as sent" {
  conform <<'PY'
for digest in "sha1", "sha256":
    for parameters in b"\x05\0", b"":
        one = certid(digest=digest, algorithm=algorithm(digest, parameters))
        answer = post(request(one))
        good(answer)
        assert one in answer.body
for parameters in b"\x04\0", b"\x05\1\0", b"\x30\0", b"\x05\0\x05\0":
    error(post(request(certid(algorithm=algorithm("sha1", parameters)))),
          MALFORMED)
PY
}

@test "A10 issuerKeyHash is over the key's bits alone" {
  conform <<'PY'
text = run("openssl", "x509", "-noout", "-ocspid", "-in",
           LAB + "/ca/root/cert.pem")
hashes = [bytes.fromhex(h) for h in re.findall(r": ([0-9A-F]{40})", text)]
good(post(request(certid(name_hash=hashes[0], key_hash=hashes[1]))))
bits = key_bits(ca())
info = ca().public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
for wrong in b"\0" + bits, tlv(0x03, b"\0" + bits), info, bits[1:]:
    error(post(request(certid(key=wrong))), UNAUTHORIZED)
PY
}

@test "A11 issuerNameHash is over the name as it is encoded" {
  # One name in two string types.
  cat >ca.cnf <<'CNF'
[req]
distinguished_name = dn
string_mask = utf8only
utf8 = yes
prompt = no
x509_extensions = v3
[dn]
C = DE
O = Größe und Maß
CN = Mixed CA
[v3]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
subjectKeyIdentifier = hash
CNF
  openssl req -x509 -config ca.cnf -newkey ec -nodes -days 30 \
    -pkeyopt ec_paramgen_curve:P-256 -keyout ca.key -out ca.pem 2>/dev/null
  openssl req -new -subj /CN=srv -key ca.key -out srv.csr
  openssl x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -days 9 \
    -set_serial 0x5123456789abcdef -out srv.pem 2>/dev/null
  own_lab # whose clock goes on: this CA begins now
  ocsp-ca import srv.pem --ca-cert ca.pem --ca-key ca.key --ca mixed >/dev/null
  conform <<'PY'
issuer, leaf = load("ca.pem"), load("srv.pem")
name = issuer.subject.public_bytes()
tags = {t for t, _ in walk(name)}
assert 0x13 in tags and 0x0C in tags, tags
good(offline(request(certid(leaf, issuer))))
utf8 = name.replace(b"\x13\x02DE", b"\x0c\x02DE")
assert utf8 != name
for wrong in utf8, name.lower():
    error(offline(request(certid(leaf, issuer, name=wrong))), UNAUTHORIZED)
PY
}

@test "A12 one wrong bit in either hash: unauthorized, never good or revoked" {
  conform <<'PY'
for digest in "sha1", "sha256":
    name = hashlib.new(digest, ca().subject.public_bytes()).digest()
    key = hashlib.new(digest, key_bits(ca())).digest()
    for who in "www", "gone":
        for at in 0, len(name) - 1:
            flip = bytes(at) + b"\1" + bytes(len(name) - at - 1)
            wrong = lambda h: bytes(a ^ b for a, b in zip(h, flip))
            error(post(request(certid(who, digest=digest,
                                      name_hash=wrong(name)))), UNAUTHORIZED)
            error(post(request(certid(who, digest=digest,
                                      key_hash=wrong(key)))), UNAUTHORIZED)
# The name of one CA with the key of another.
other = hashlib.sha1(key_bits(ca("other"))).digest()
error(post(request(certid(key_hash=other))), UNAUTHORIZED)
PY
}

@test "A13 a hash of the wrong length is malformedRequest" {
  conform <<'PY'
for n in 0, 1, 19, 21, 32, 200:
    error(post(request(certid(name_hash=bytes(n)))), MALFORMED)
    error(post(request(certid(key_hash=bytes(n)))), MALFORMED)
error(post(request(certid(digest="sha256", key_hash=bytes(20)))), MALFORMED)
PY
}

@test "A14 serial numbers are compared octet by octet, odd ones are unknown" {
  conform <<'PY'
serial = octets(cert("www").serial_number)
good(post(request(certid(serial=serial))))
near = [serial[:-1], serial + b"\0", serial[:-1] + bytes([serial[-1] ^ 1])]
odd = [b"\0", b"\x80", b"\x80\x34", b"\xff\x00\xff", b"\x00\xff" + serial,
       b"\x7f" * 20, b"\x7f" * 21, b"\x7f" * 64]
for value in near + odd:
    one = certid(serial=value)
    answer = post(request(one))
    says(answer, "unknown")
    assert one in answer.body
# Not DER, or longer than anybody keeps.
for value in b"", b"\0\x34", b"\0" + serial, b"\xff\xff", b"\x7f" * 65:
    error(post(request(certid(serial=value))), MALFORMED)
PY
}

@test "A15 unknown extensions: ignored, or if critical malformedRequest" {
  conform <<'PY'
for where in "extensions", "single":
    for value in b"\x05\0", b"", b"\xff\xff":
        good(post(request(**{where: [extension("1.2.3.4", value)]})))
        error(post(request(**{where: [extension("1.2.3.4", value, True)]})),
              MALFORMED)
# A critical flag that says no is not DER.
no = extension("1.2.3.4", b"\x05\0", True).replace(b"\1\1\xff", b"\1\1\0")
error(post(request(extensions=[no])), MALFORMED)
PY
}

@test "A16 an extension that stands there twice is malformedRequest" {
  conform <<'PY'
error(post(request(extensions=[nonce(b"one"), nonce(b"two")])), MALFORMED)
error(post(request(extensions=[nonce(b"one")] * 2)), MALFORMED)
other = extension("1.2.3.4", b"\x05\0")
error(post(request(extensions=[other, nonce(b"one"), other])), MALFORMED)
error(post(request(single=[other, other])), MALFORMED)
PY
}

@test "A17 acceptableResponses without the basic type is malformedRequest" {
  conform <<'PY'
def wants(*types):
    return extension(ACCEPTABLE, tlv(0x30, *map(oid, types)))

good(post(request(extensions=[wants(BASIC)])))
good(post(request(extensions=[wants("1.2.3.4", BASIC, "1.2.3.5")])))
error(post(request(extensions=[wants("1.2.3.4")])), MALFORMED)
error(post(request(extensions=[wants()])), MALFORMED)
error(post(request(extensions=[extension(ACCEPTABLE, oid(BASIC))])), MALFORMED)
PY
}

@test "A18 serviceLocator is taken, and its URL never called" {
  conform <<'PY'
trap = socket.create_server(("127.0.0.1", 0))
trap.settimeout(0)
where = b"http://127.0.0.1:%d/" % trap.getsockname()[1]
aia = tlv(0x30, tlv(0x30, oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, where)))
value = tlv(0x30, ca().subject.public_bytes(), aia)
for critical in False, True:
    good(post(request(single=[extension(LOCATOR, value, critical)])))
    good(post(request(single=[extension(LOCATOR, value, critical)],
                      extensions=[nonce(b"new")])))
try:
    trap.accept()
    raise AssertionError("it called")
except BlockingIOError:
    pass
PY
}

@test "A19 prefSigAlgs does not lead to a weak signature" {
  conform <<'PY'
weak = ["1.2.840.113549.1.1.5", "1.2.840.10045.4.1", "1.2.840.113549.1.1.4"]
value = tlv(0x30, *[tlv(0x30, tlv(0x30, oid(w))) for w in weak])
plain = good(post(request(extensions=[nonce(b"x")])))
for critical in False, True:
    answer = good(post(request(extensions=[
        extension(PREFERRED, value, critical), nonce(b"y")])))
    same(answer.signature_algorithm_oid, plain.signature_algorithm_oid)
    same(answer.signature_hash_algorithm.name, "sha256")
PY
}

@test "A20 the signature of a request is not looked at, good or bad" {
  openssl ocsp -issuer "$OCSP_LAB_DIR/ca/root/cert.pem" \
    -cert "$OCSP_LAB_DIR/certs/www/cert.pem" -no_nonce -no_certs -reqout q.der \
    -signer "$OCSP_LAB_DIR/certs/www/cert.pem" \
    -signkey "$OCSP_LAB_DIR/certs/www/key.pem"
  conform <<'PY'
der = open("q.der", "rb").read()
assert len(der) > len(request()) + 60, "not signed"
plain = post(request()).body
good(post(der))
same(post(der).body, plain)
same(post(der[:-1] + bytes([der[-1] ^ 1])).body, plain)
# But it has to be one.
error(post(request(signature=tlv(0xA0, tlv(0x30)))), MALFORMED)
PY
}

@test "A21 a requestorName changes nothing" {
  conform <<'PY'
plain = post(request()).body
names = [tlv(0x81, b"a@b.example"), tlv(0x82, b"client.example"),
         tlv(0xA4, ca().subject.public_bytes()), tlv(0x86, b"http://h/"),
         tlv(0x87, b"\x7f\0\0\1"), tlv(0x88, b"\x2a\3")]
for name in names:
    same(post(request(requestor=tlv(0xA1, name))).body, plain)
error(post(request(requestor=tlv(0xA1, b"\x9f\0"))), MALFORMED)
PY
}

@test "A22 requests of more than 10,000 octets are refused, in little memory" {
  conform "$server_pid" <<'PY'
def memory():
    text = open("/proc/%s/status" % sys.argv[1]).read()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

before = memory()
error(post(bytes(10000)), MALFORMED)
for n in 10001, 64 << 10, 1 << 20:
    same(post(bytes(n)).status, 413)
# Chunks without an end: it stops reading.
s = connect()
s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
sent = 0
try:
    while sent < 64 << 20:
        s.sendall(b"1000\r\n" + bytes(4096) + b"\r\n")
        sent += 4096
except OSError:
    pass
assert sent < 64 << 20, "it read them all"
assert memory() - before < 4096, "%d kB more" % (memory() - before)
good(post(request()))
PY
}

@test "A23 huge lengths and deep nesting are malformedRequest" {
  conform "$server_pid" <<'PY'
status = lambda: open("/proc/%s/status" % sys.argv[1]).read()
peak = lambda: int(re.search(r"VmPeak:\s+(\d+)", status())[1])
good(post(request()))
before = peak()
for text in ["30847fffffff", "3084ffffffff", "308900ffffffffffffffff",
             "30880000000000000003", "30ff", "3083ffffff" + "00" * 100]:
    error(post(bytes.fromhex(text)), MALFORMED)
nest = b""
while len(nest) < 9900:
    nest = tlv(0x30, nest)
error(post(nest), MALFORMED)
error(post(b"\x30\x80" * 5000), MALFORMED)
# The same as the content of an extension, which nobody has to read.
good(post(request(extensions=[extension("1.2.3.4", nest[:9000])])))
assert peak() - before < 32768, "%d kB more" % (peak() - before)
PY
}

@test "C3 C17 E1 H4 every answer of these tests is DER, and none has status 4" {
  clean_answers 20
}
