#!/usr/bin/env bats
# shellcheck shell=bash
# The twelve groups by which OpenSSL tests its own verification, with a CA made
# here: the answers of six authorities (the CA or its delegate, for a certificate
# below an intermediate, for that intermediate, and below the root), each wrong in
# one way.  OpenSSL is the second judge: we agree, or a comment says where not.

load helper
load check
load careful

# Goes before each test's program.
groups() {
  {
    cat <<'PY'
# signer, certificate, its issuer
PLAIN = [("int", "deep", "int"), ("root", "int", "root"), ("root", "www", "root")]
DELEGATED = [("ocsp", "deep", "int"), ("responder", "int", "root"),
             ("responder", "www", "root")]
ALL = PLAIN + DELEGATED


def ours(der, cert, issuer, *args):
    """True: good.  The issuer is believed, as by openssl -partial_chain."""
    done = run("ocsp-check", "--response", "-", "--cert", path(cert + ".pem"),
               "--issuer", path(issuer + ".pem"), *args, input=der)
    assert done.returncode in (0, 3, 72), done.stderr
    return done.returncode == 0


def theirs(der, issuer, *args):
    with open("other.der", "wb") as f:
        f.write(der)
    return run("openssl", "ocsp", "-respin", "other.der", "-partial_chain",
               "-CAfile", path(issuer + ".pem"), "-verify_other",
               path(issuer + ".pem"), "-no-CApath", "-no-CAstore",
               *args).returncode == 0


def both(der, cert, issuer, good):
    assert ours(der, cert, issuer) == good, (cert, issuer)
    assert theirs(der, issuer) == good, (cert, issuer)


def answers(cases=ALL):
    for signer, cert, issuer in cases:
        yield (signer, cert, issuer,
               Answer(answered_by(signer, cert=cert, issuer=issuer)))


def flip(raw, at=-1):
    raw = bytearray(raw)
    raw[at] ^= 1
    return bytes(raw)


def write_pem(name, der):
    import base64
    with open(path(name + ".pem"), "wb") as f:
        f.write(b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) +
                b"-----END CERTIFICATE-----\n")
PY
    cat
  } | careful
}

@test "1 valid answers" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    both(a.der(), cert, issuer, True)
# Three levels, up to the root itself.
der = answered_by("ocsp", cert="deep", issuer="int")
assert expect(judge(der, "--issuer", path("int.pem"), cert="deep"), "good")
PY
}

@test "2 invalid signature on the answer" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    a.signature.raw = flip(a.signature.raw)
    both(a.der(), cert, issuer, False)
PY
}

@test "3 wrong responderID" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    a.fields[0] = Node(0xa1, [node(certificate("must").der())[0][5]])
    both(a.signed(signer), cert, issuer, False)
    a.fields[0] = Node(0xa2, [Node(4, b"\1" * 20)])
    both(a.signed(signer), cert, issuer, False)
PY
}

@test "4 wrong issuerNameHash" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    a.certid[1].raw = flip(a.certid[1].raw)
    both(a.signed(signer), cert, issuer, False)
PY
}

@test "5 wrong issuerKeyHash" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    a.certid[2].raw = flip(a.certid[2].raw)
    both(a.signed(signer), cert, issuer, False)
PY
}

@test "6 wrong key in the delegate's certificate" {
  groups <<'PY'
for signer, cert, issuer, a in answers(DELEGATED):
    issue("wrongkey", issuer, subject=signer, ocsp=True)
    a.certs = [certificate("wrongkey")]
    both(a.der(), cert, issuer, False)
PY
}

@test "7 invalid signature on the delegate's certificate" {
  groups <<'PY'
for signer, cert, issuer, a in answers(DELEGATED):
    a.certs[0][2].raw = flip(a.certs[0][2].raw)
    both(a.der(), cert, issuer, False)
    assert not theirs(a.der(), issuer, "-no_cert_checks")
PY
}

@test "8 wrong subject in the issuer's certificate" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    issue("misnamed", issuer if issuer == "root" else "root", key=issuer,
          subject="another", ca=True)
    both(a.der(), cert, "misnamed", False)
PY
}

@test "9 wrong key in the issuer's certificate" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    issue("mistaken", "root", subject=issuer, ca=True)
    both(a.der(), cert, "mistaken", False)
PY
}

@test "10 invalid signature on the issuer's certificate, which is trusted all the same" {
  groups <<'PY'
for signer, cert, issuer, a in answers():
    der = certificate(issuer)
    der[2].raw = flip(der[2].raw)
    write_pem("unsigned", der.der())
    both(a.der(), cert, "unsigned", True)
PY
}

@test "11 answers with and without certificates" {
  groups <<'PY'
for signer, cert, issuer, a in answers(PLAIN):
    a.certs = []
    both(a.der(), cert, issuer, True)
    a.certs = [certificate(issuer)]
    both(a.der(), cert, issuer, True)
for signer, cert, issuer, a in answers(DELEGATED):
    a.certs = []
    both(a.der(), cert, issuer, False)
    assert ours(a.der(), cert, issuer, "--responder-cert",
                path(signer + ".pem"))
    assert theirs(a.der(), issuer, "-verify_other", path(signer + ".pem"))
PY
}

@test "12 a hint at an issuer that the anchor did not sign is no issuer" {
  groups <<'PY'
der = certificate("int")
der[2].raw = flip(der[2].raw)
write_pem("hint", der.der())
for signer in "int", "ocsp":
    answer = answered_by(signer, cert="deep", issuer="int")
    untrusted(answer, "chain", "--issuer", path("hint.pem"), cert="deep")
    with open("other.der", "wb") as f:
        f.write(answer)
    assert run("openssl", "ocsp", "-respin", "other.der", "-CAfile",
               path("root.pem"), "-verify_other", path("hint.pem"),
               "-no-CApath", "-no-CAstore").returncode == 1
PY
}
