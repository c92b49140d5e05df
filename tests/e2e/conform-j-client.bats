#!/usr/bin/env bats
# shellcheck shell=bash
# Conformance of ocsp-check, group J, what the client does: its clock, its
# handshake, whom it asks and when.
#
# Proved elsewhere:
#   J20 ocsp-check-live.bats: a revoked CA makes every answer worthless

# shellcheck disable=SC2154 # set by the helpers

load helper
load check
load careful

@test "J13 the instant of judgement is the one that is asked for" {
  ocsp-ca init >/dev/null
  careful <<'PY'
der = bytes_of("www.der")
def at(*args):
    return judge(der, *args)
expect(at("--at", "+3d"), "good")
expect(at("--at", "+5d"), "untrusted", "next-update")
expect(at("--at", "-1h"), "untrusted", "chain")
# The second itself: valid before nextUpdate, not at it.
end = datetime.datetime.strptime(
    good(der)["next_update"], "%Y-%m-%dT%H:%M:%SZ")
one = datetime.timedelta(seconds=1)
text = lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")
expect(at("--at", text(end - one)), "good")
expect(at("--at", text(end)), "untrusted", "next-update")
# The lab's clock, and --at from there.
run("ocsp-ca", "clock", "advance", "5d")
expect(at(), "untrusted", "next-update")
expect(at("--at", "-4d"), "good")
PY
}

@test "J17 a certificate that demands a staple is refused without one" {
  for version in 1.2 1.3; do
    tls_server must -tls${version/./_}
    for policy in strict must-staple; do
      judged 4 "https://www.localhost:$port" --policy $policy --json
      [ "$(field verdict <<<"$output")" = missing ]
      [ "$(field must_staple <<<"$output")" = true ]
    done
    # Who takes absence takes it here too, by his own word.
    judged 0 "https://www.localhost:$port" --policy soft-fail
    rm tls.log
  done
  # Any staple will not do: it must be one about this certificate.
  tls_server must "$PKI/www.der"
  judged 3 "https://www.localhost:$port" --policy must-staple
}

@test "J18 no session is resumed, so each handshake shows its staple" {
  for version in 1.2 1.3; do
    tls_server www "$PKI/www.der" -tls${version/./_} -msg -msgfile "$T/messages"
    for _ in 1 2 3; do
      judged 0 "https://www.localhost:$port"
    done
    halt "$pid"
    # A server that resumes sends no Certificate.
    [ "$(grep -c '>>> .*, Certificate$' messages)" -eq 3 ]
    [ "$(grep -c '<<< .*, ClientHello' messages)" -eq 3 ]
  done
}

@test "J19 whatever is stapled is judged, in both versions of TLS" {
  printf 'garbage' >garbage.der
  head -c 300 "$PKI/www.der" >cut.der
  printf '\0' >zero.der
  printf '\x30\x03\x0a\x01\x03' >later.der
  { cat "$PKI/www.der" && printf JUNK; } >more.der
  head -c 16000 /dev/zero >huge.der
  : >nothing.der
  for staple in garbage cut zero later more huge nothing; do
    staples www $staple.der
    for version in 1.2 1.3; do
      judged 3 "https://www.localhost:$port" --tls$version --policy soft-fail
      [[ $output == "untrusted: stapled answer"* ]]
    done
    halt "$pid"
  done
}

@test "J20 a CA of whose state nothing else tells is looked up in a CRL" {
  careful <<'PY'
der = answered_by("ocsp", cert="deep", issuer="int")
more = ["--issuer", path("int.pem")]
said = expect(judge(der, *more, cert="deep"), "good")
assert step(said, "issuer-status")["ok"] is None
crl("clear.crl", "root", [0x1002])
said = expect(judge(der, *more, "--crl", path("clear.crl"), cert="deep"), "good")
assert step(said, "issuer-status")["ok"] is True
crl("listed.crl", "root", [0x2000])
untrusted(der, "issuer-status", *more, "--crl", path("listed.crl"), cert="deep")
# A live answer of its own responder goes first.
issue("asked", "root", serial=0x2001, ca=True, ocsp_urls=["http://127.0.0.1:1"])
issue("below", "asked")
mine = answered_by("asked", cert="below", issuer="asked")
crl("asked.crl", "root", [0x2001])
with responder(mine) as r:
    said = expect(ask(r, "--issuer", path("asked.pem"), cert="below"), "good")
    assert step(said, "issuer-status")["ok"] is None  # nobody there
    said = expect(ask(r, "--issuer", path("asked.pem"), "--crl",
                      path("asked.crl"), cert="below"), "untrusted",
                  "issuer-status")
    assert "CRL" in said["why"]
PY
}

@test "J21 a bad staple ends the handshake with bad_certificate_status_response" {
  for version in 1.2 1.3; do
    for name in must gone; do
      certified=www
      [ $name = must ] || certified=gone
      tls_server $certified "$PKI/$name.der" -tls${version/./_} -msg \
        -msgfile "$T/messages"
      run ocsp-check --ca "$PKI/root.pem" "https://www.localhost:$port"
      [ "$status" -eq "$([ $name = must ] && echo 3 || echo 1)" ]
      halt "$pid"
      grep -q 'fatal bad_certificate_status_response' messages
    done
    # A good one does not, nor does one that the policy takes.
    tls_server lost "$PKI/lost.der" -tls${version/./_} -msg \
      -msgfile "$T/messages"
    judged 0 "https://www.localhost:$port" --policy soft-fail
    halt "$pid"
    run -1 grep -q fatal messages
  done
}

@test "J25 nothing is kept, and what HTTP says of validity does not count" {
  careful <<'PY'
old = Answer("www.der")
old.set_this_update(time_text(-5 * 86400))
old.set_next_update(time_text(-86400))
fresh = [("Cache-Control", "max-age=86400, public"), ("Age", "0"),
         ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")]
stale = [("Cache-Control", "no-store, max-age=0"), ("Age", "999999"),
         ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")]
with responder(old.signed(), fresh) as r:
    expect(ask(r), "untrusted", "next-update")
with responder(bytes_of("www.der"), stale) as r:
    expect(ask(r), "good")
with responder(bytes_of("www.der"), fresh) as r:
    for n in 1, 2, 3:
        expect(ask(r), "good")
        assert len(r.seen) == n
    # Revoked in between: seen at once.
    a = Answer("www.der")
    a.set_status(revoked(1))
    r.reply = a.signed()
    expect(ask(r), "revoked")
PY
}

@test "J26 nothing is asked about a certificate that is not trusted or expired" {
  careful <<'PY'
issue("past", "root", days=(-9, -1))
issue("later", "root", days=(1, 9))
issue("badly", "root")
der = bytearray(certificate("badly").der())
der[-1] ^= 1
with open(path("badly.pem"), "wb") as f:
    f.write(bytes(der))
with responder(bytes_of("www.der")) as r:
    for cert, args in [
            ("past", []), ("later", []), ("badly", []),
            ("www", ["--at", "+25d"]), ("theirs", [])]:
        said = expect(ask(r, "--issuer", path("root.pem"), *args, cert=cert),
                      "untrusted", "chain")
        assert step(said, "http")["ok"] is None
        assert "not asked" in step(said, "http")["detail"]
    # No anchor at hand: still nothing about one that has expired.
    for cert in "past", "later":
        code, said = check("--cert", path(cert + ".pem"), "--issuer",
                           path("root.pem"), "--url", r.url)
        expect((code, said), "untrusted", "chain")
    assert r.seen == []
    expect(ask(r), "good")
    assert len(r.seen) == 1
PY
}

@test "J27 only http is asked, in the certificate's order, and no name or password" {
  careful <<'PY'
def with_aia(name, *urls):
    issue(name, "root", serial=0x1001, ocsp_urls=urls)

with responder(bytes_of("www.der")) as r, responder(b"") as other:
    port = r.url.rsplit(":", 1)[1]
    bad = ["file:///etc/passwd", "ldap://127.0.0.1/x", "ftp://127.0.0.1/",
           "https://127.0.0.1:%s/" % port,
           "http://user:secret@127.0.0.1:%s/" % port, "gopher:", "http://",
           "http://127.0.0.1:0/", "javascript:1"]
    for n, url in enumerate(bad):
        with_aia("bad%d" % n, url)
        code, said = check("--cert", path("bad%d.pem" % n), "--ca",
                           path("root.pem"))
        assert code in (4, 5) and said["verdict"] != "good", (url, said)
    assert r.seen == []
    # The first that answers; one that cannot is passed over.
    with_aia("two", bad[0], r.url, other.url)
    code, said = check("--cert", path("two.pem"), "--ca", path("root.pem"))
    expect((code, said), "good")
    assert said["url"] == r.url and other.seen == []
    with_aia("none")
    code, said = check("--cert", path("must.pem"), "--ca", path("root.pem"))
    assert code == 4 and "--url" in said["why"]
PY
}

@test "J28 each outcome has its exit code, and --expect turns it into 0 or 6" {
  careful <<'PY'
a = Answer("www.der")
a.signature.raw = a.signature.raw[:-1] + bytes([a.signature.raw[-1] ^ 1])
with responder(b"") as r:
    gone = r.url
for verdict, args, stdin in [
        ("good", ["--response", "-", "--cert", "www"], bytes_of("www.der")),
        ("revoked", ["--response", "-", "--cert", "gone"], bytes_of("gone.der")),
        ("unknown", ["--response", "-", "--cert", "lost"], bytes_of("lost.der")),
        ("untrusted", ["--response", "-", "--cert", "www"], a.der()),
        ("missing", ["--cert", "www"], None),
        ("unreachable", ["--cert", "www", "--url", gone], None)]:
    args = [path(x + ".pem") if x in ("www", "gone", "lost") else x
            for x in args] + ["--ca", path("root.pem")]
    code, said = check(*args, stdin=stdin)
    assert (code, said["verdict"]) == (CODES[verdict], verdict), said
    for other in CODES:
        code, said = check(*args, "--expect", other, stdin=stdin)
        assert code == (0 if other == verdict else 6), (verdict, other, code)
        assert said["as_expected"] == (other == verdict)
# openssl is content with what is not good, which is why it is no model.
for cert in "gone", "lost":
    done = run("openssl", "ocsp", "-respin", path(cert + ".der"), "-issuer",
               path("root.pem"), "-cert", path(cert + ".pem"), "-CAfile",
               path("root.pem"))
    assert done.returncode == 0
PY
}
