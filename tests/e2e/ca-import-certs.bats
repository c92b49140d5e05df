#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca import: certificates and CRLs.

load helper
load openssl-ca

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl_ca
  certify www
  certify mail
  certify old
}

# Each test has a copy, and the CA is known.
elsewhere() {
  cp -a "$BATS_FILE_TMPDIR/oca" .
  ocsp-ca import --ca-cert oca/ca.pem --temporary >/dev/null
}

# state SERIAL|NAME KEY
state() {
  ocsp-ca show "$1" --json | field "$2"
}

# crl FILE [OPTION]... : by python3-cryptography, signed by oca/ca.key.
#   --delta, --number N, --at TIME, SERIAL[:REASON[:TIME[:INVALIDITY]]]...
crl() {
  /usr/bin/python3 - "$@" <<'END'
import argparse, datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
p = argparse.ArgumentParser()
p.add_argument("out")
p.add_argument("entries", nargs="*")
p.add_argument("--delta", action="store_true")
p.add_argument("--number", type=int, default=1)
p.add_argument("--at", default="2026-11-20")
p.add_argument("--days", type=int, default=3650)
p.add_argument("--key", default="oca/ca.key")
p.add_argument("--critical", action="store_true")
a = p.parse_intermixed_args()
time = lambda t: datetime.datetime.strptime(t, "%Y-%m-%d")
ca = x509.load_pem_x509_certificate(open("oca/ca.pem", "rb").read())
key = serialization.load_pem_private_key(open(a.key, "rb").read(), None)
b = x509.CertificateRevocationListBuilder().issuer_name(ca.subject)
b = b.last_update(time(a.at))
b = b.next_update(time(a.at) + datetime.timedelta(days=a.days))
b = b.add_extension(x509.CRLNumber(a.number), False)
if a.delta:
    b = b.add_extension(x509.DeltaCRLIndicator(1), True)
if a.critical:
    b = b.add_extension(x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
for entry in a.entries:
    serial, reason, at, invalid = (entry.split(":") + [""] * 3)[:4]
    r = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
    r = r.revocation_date(time(at or "2026-11-19"))
    if reason:
        r = r.add_extension(x509.CRLReason(x509.ReasonFlags[reason]), False)
    if invalid:
        r = r.add_extension(x509.InvalidityDate(time(invalid)), False)
    b = b.add_revoked_certificate(r.build())
der = b.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
open(a.out, "wb").write(der)
END
}

@test "certificates: PEM, several in one file, with text before, DER" {
  elsewhere
  ocsp-ca import oca/www.pem >out
  grep -q 'Elsewhere-Root, 1 certificate: 1 added' out
  cat oca/ca.pem oca/www.pem oca/mail.pem >all.pem
  ocsp-ca import all.pem --json >out
  [ "$(field added <out)" = 1 ]
  [ "$(field same <out)" = 2 ] # and the root, which is a CA
  openssl x509 -in oca/old.pem -outform DER -out old.der
  ocsp-ca import old.der >out
  grep -q '1 added' out
  [ "$(state old not_before)" != "" ]
  rm -r lab
  ocsp-ca import oca/newcerts/1000.pem --ca-cert oca/ca.pem >/dev/null
  [ "$(state 1000 name)" = www ]
}

@test "a certificate file does not touch the state" {
  elsewhere
  ocsp-ca import oca/www.pem >/dev/null
  ocsp-ca revoke www --reason superseded >/dev/null
  before=$(ocsp-ca events)
  ocsp-ca import oca/www.pem >out
  grep -q '1 as before' out
  [ "$(state www reason)" = superseded ]
  [ "$before" = "$(ocsp-ca events)" ]
}

@test "a certificate that no CA of the lab has issued is refused" {
  elsewhere
  ocsp-ca init --dir other --temporary >/dev/null
  ocsp-ca issue leaf --dir other >/dev/null
  cat oca/www.pem other/certs/leaf/cert.pem >both.pem
  exits 76 ocsp-ca import both.pem
  [[ $output == *"both.pem: certificate 2: "*"this lab has Elsewhere-Root"* ]]
  # The same name, another key.
  openssl req -x509 -newkey rsa:2048 -nodes -keyout forged.key \
    -out forged-ca.pem -subj '/O=Elsewhere/CN=Elsewhere Root' 2>/dev/null
  openssl x509 -req -in oca/www.csr -CA forged-ca.pem -CAkey forged.key \
    -set_serial 7 -out forged.pem 2>/dev/null
  exits 76 ocsp-ca import forged.pem
  ocsp-ca import --ca-cert other/root.pem --ca other >/dev/null
  exits 76 ocsp-ca import other/certs/leaf/cert.pem --ca Elsewhere-Root
  [[ $output == *"was issued by other, not by Elsewhere-Root"* ]]
  [ "$(ocsp-ca list | wc -l)" -eq 0 ]
  printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n' >torn.pem
  exits 76 ocsp-ca import torn.pem
}

@test "several files are taken over all or none" {
  elsewhere
  exits 72 ocsp-ca import oca/www.pem oca/mail.pem nowhere.pem
  [ "$(ocsp-ca list | wc -l)" -eq 0 ]
  ocsp-ca import oca/www.pem oca/mail.pem >out
  [ "$(wc -l <out)" -eq 2 ]
  exits 0 ocsp-ca status mail
}

@test "a CRL of openssl, PEM and DER, with text before" {
  elsewhere
  ca -revoke old.pem -crl_reason superseded
  ca -revoke www.pem -crl_compromise 20260101000000Z
  ca -gencrl -out crl.pem
  ocsp-ca import oca/old.pem >/dev/null
  ocsp-ca import oca/crl.pem >out
  grep -q 'CRL of Elsewhere-Root, 2 entries: 1 added, 1 changed' out
  [ "$(state old reason)" = superseded ]
  [ "$(state 1000 reason)" = keyCompromise ]
  [ "$(state 1000 invalidity_at)" = 2026-01-01T00:00:00Z ]
  [ "$(state 1000 name)" = "" ]
  openssl crl -in oca/crl.pem -outform DER -out crl.der
  ocsp-ca import crl.der >out
  grep -q '2 entries: 0 added, 0 changed, 2 as before' out
  openssl crl -in oca/crl.pem -text -out text.pem
  ocsp-ca import text.pem --json >out
  [ "$(field same <out)" = 2 ]
  [ "$(field delta <out)" = false ]
  # The certificate itself comes later: it stays revoked.
  ocsp-ca import oca/www.pem >/dev/null
  [ "$(state www reason)" = keyCompromise ]
}

@test "an index.txt fills in what a CRL did not know" {
  elsewhere
  crl c.crl 1000:superseded 1002
  ocsp-ca import c.crl >/dev/null
  [ "$(state 1000 subject)" = "" ]
  [ "$(state 1000 not_after)" = 9999-12-31T23:59:59Z ]
  ca -revoke www.pem -crl_reason superseded
  ca -revoke old.pem
  ocsp-ca import oca/index.txt >out
  grep -q '3 lines: 1 added, 2 changed' out
  [ "$(state www serial)" = 1000 ]
  [ "$(state old serial)" = 1002 ]
  ocsp-ca export --format index | LC_ALL=C sort -t "$(printf '\t')" -k4 |
    cmp oca/index.txt -
}

@test "every reason of a CRL is taken over" {
  elsewhere
  crl c.crl a1 a2:key_compromise a3:ca_compromise a4:affiliation_changed \
    a5:superseded a6:cessation_of_operation a7:certificate_hold \
    a8:privilege_withdrawn a9:aa_compromise aa:superseded:2026-11-01:2026-10-01
  ocsp-ca import c.crl >/dev/null
  [ "$(state a1 reason)" = unspecified ]
  [ "$(state a2 reason)" = keyCompromise ]
  [ "$(state a3 reason)" = cACompromise ]
  [ "$(state a4 reason)" = affiliationChanged ]
  [ "$(state a5 reason)" = superseded ]
  [ "$(state a6 reason)" = cessationOfOperation ]
  [ "$(state a7 status)" = hold ]
  [ "$(state a8 reason)" = privilegeWithdrawn ]
  [ "$(state a9 reason)" = aACompromise ]
  [ "$(state aa revoked_at)" = 2026-11-01T00:00:00Z ]
  [ "$(state aa invalidity_at)" = 2026-10-01T00:00:00Z ]
}

@test "a delta CRL revokes, and releases what was on hold" {
  elsewhere
  crl full.crl a1:certificate_hold a2:certificate_hold a3:superseded
  ocsp-ca import full.crl >/dev/null
  crl delta.crl --delta --number 2 --at 2026-11-21 \
    a1:remove_from_crl a3:remove_from_crl a4:key_compromise a5:remove_from_crl
  ocsp-ca import delta.crl >out
  grep -q 'delta CRL of Elsewhere-Root, 4 entries: 1 added, 1 changed, 2 as before' out
  [ "$(state a1 status)" = good ]
  [ "$(state a2 status)" = hold ]
  [ "$(state a3 status)" = revoked ] # not on hold: for good
  [ "$(state a4 reason)" = keyCompromise ]
  exits 72 ocsp-ca show a5
  # A hold that came after the delta was signed stays.
  crl full.crl --number 3 a1:certificate_hold
  ocsp-ca import full.crl >/dev/null
  [ "$(state a1 status)" = hold ]
  crl delta.crl --delta --number 3 --at 2026-11-18 a1:remove_from_crl
  ocsp-ca import delta.crl >/dev/null
  [ "$(state a1 status)" = hold ]
}

@test "an older CRL neither holds nor releases, but revokes" {
  elsewhere
  crl first.crl a1:certificate_hold a2:certificate_hold
  crl delta.crl --delta --number 2 --at 2026-11-21 a1:remove_from_crl \
    a2:key_compromise
  ocsp-ca import first.crl delta.crl >/dev/null
  crl first.crl a1:certificate_hold a2:certificate_hold a3:superseded \
    a4:certificate_hold
  ocsp-ca import first.crl >out
  grep -q 'older than number 2, so its holds do not count' out
  [ "$(state a1 status)" = good ]
  [ "$(state a2 reason)" = keyCompromise ]
  [ "$(state a3 reason)" = superseded ]
  [ "$(state a4 status)" = hold ] # not known before
  crl old.crl --delta --number 1 a4:remove_from_crl
  ocsp-ca import old.crl --json >out
  [ "$(field newer <out) $(field number <out)" = '2 1' ]
  [ "$(state a4 status)" = hold ]
  # The CRLs that are made here have higher numbers.
  [ "$(ocsp-ca events | grep -c ' imported$')" -eq 2 ]
  ocsp-ca import --ca-cert oca/ca.pem --ca-key oca/ca.key >/dev/null
  exits 72 ocsp-ca crl --delta
  [ "$(ocsp-ca crl --json | field number)" = 3 ]
}

@test "what a full CRL does not list stays revoked, and is counted" {
  elsewhere
  crl one.crl a1 a2:certificate_hold
  crl two.crl --number 2 a3
  ocsp-ca import one.crl two.crl >out
  grep -q '1 added, 0 changed, 0 as before; 2 more are revoked here, and left so' out
  [ "$(state a1 status)" = revoked ]
  crl none.crl --number 3
  ocsp-ca import none.crl --json >out
  [ "$(field unlisted <out)" = 3 ]
}

@test "a CRL that should have been replaced says so" {
  elsewhere
  crl old.crl --at 2025-01-01 --days 7 a1:superseded:2024-12-31
  ocsp-ca import old.crl >out
  grep -q '; a newer one should have come by 2025-01-08T00:00:00Z' out
}

@test "foreign, forged and odd CRLs are refused, and nothing is changed" {
  elsewhere
  ocsp-ca init --dir other --temporary >/dev/null
  ocsp-ca crl --dir other --out other.crl >/dev/null
  exits 76 ocsp-ca import other.crl
  [[ $output == *"no CA that is known here: this lab has Elsewhere-Root" ]]
  new_key other.key
  crl forged.crl --key other.key a1
  exits 76 ocsp-ca import forged.crl
  [[ $output == *"signature"* ]]
  crl critical.crl --critical a1
  exits 76 ocsp-ca import critical.crl
  crl remove.crl a2 a1:remove_from_crl
  exits 76 ocsp-ca import remove.crl
  [[ $output == *"serial a1: removeFromCRL in a full CRL"* ]]
  crl good.crl a1
  head -c 100 good.crl >torn.crl
  exits 76 ocsp-ca import torn.crl
  ocsp-ca import --ca-cert other/root.pem --ca other >/dev/null
  exits 76 ocsp-ca import good.crl --ca other
  [ "$(ocsp-ca list | wc -l)" -eq 0 ]
}
