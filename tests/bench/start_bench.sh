#!/bin/sh
# start_bench.sh [--rounds N] [--dir FOLDER]
#
# From nothing to the first verified staple, P-256:
#
#   lab      ocsp-lab run -- ocsp-check --expect good
#   openssl  a shell script: openssl req, ca, ocsp (the responder), ocsp (the
#            stapler's query, which verifies), s_server -status_file, s_client
#            -status.  It waits for the lines that name its ports, never by the
#            clock.
#
# Wall clock and CPU time of all processes, median of N rounds (default 30),
# one of each in turn.  Goal: lab / openssl <= 1.0.  The programs are those of
# $OCSP_LAB_BIN, else of PATH; everything is made in FOLDER (default: a
# temporary one).
set -eu

rounds=30
folder=${TMPDIR:-/tmp}
while [ $# -gt 0 ]; do
  case $1 in
  --rounds) rounds=$2 ;;
  --dir) folder=$2 ;;
  --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *)
    echo "start_bench.sh: '$1' is not expected: see --help" >&2
    exit 64
    ;;
  esac
  shift 2
done

PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
unset OCSP_LAB_DIR
work=$(mktemp -d "$folder/start-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"

cat >"$work/openssl.cnf" <<'END'
[req]
distinguished_name = dn
prompt = no
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
default_ca = lab
[lab]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_days = 90
policy = any
x509_extensions = leaf
[any]
commonName = supplied
END

cat >"$work/script.sh" <<'END'
set -eu
cp "$1" openssl.cnf
: >index.txt
p256='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf'
openssl req -x509 $p256 -extensions root -subj /CN=Root -keyout root.key \
  -out root.pem 2>log
openssl req $p256 -subj /CN=www -keyout www.key -out www.csr 2>>log
openssl ca -batch -config openssl.cnf -cert root.pem -keyfile root.key \
  -in www.csr -out www.pem -notext 2>>log
mkfifo says serves
openssl ocsp -index index.txt -CA root.pem -rsigner root.pem -rkey root.key \
  -port 0 -ndays 4 >says 2>>log &
responder=$!
exec 3<says
until case ${line:-} in ACCEPT*) ;; *) false ;; esac do read -r line <&3; done
address=${line% PID=*}
openssl ocsp -issuer root.pem -cert www.pem -CAfile root.pem -no_nonce \
  -url "http://127.0.0.1:${address##*:}" -respout staple >answer 2>>log
grep -q '^www.pem: good' answer
openssl s_server -www -accept 0 -cert www.pem -key www.key \
  -status_file staple >serves 2>>log &
server=$!
exec 4<serves
line=
until case $line in ACCEPT*) ;; *) false ;; esac do read -r line <&4; done
openssl s_client -connect "127.0.0.1:${line##*:}" -CAfile root.pem -status \
  -verify_return_error </dev/null >seen 2>>log
grep -q 'OCSP Response Status: successful' seen
grep -q 'Cert Status: good' seen
kill $responder $server
wait || :
END

cat >"$work/measure.py" <<'END'
import os, resource, shutil, statistics, subprocess, sys, time
work, rounds = sys.argv[1], int(sys.argv[2])
sides = {
    "lab": ["ocsp-lab", "run", "--", "ocsp-check", "--expect", "good"],
    "openssl": ["sh", work + "/script.sh", work + "/openssl.cnf"],
}
wall, cpu = {s: [] for s in sides}, {s: [] for s in sides}

def used():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime

for number in range(-1, rounds):  # the first warms up
    for side, argv in sides.items():
        place = work + "/place"
        os.mkdir(place)
        before, begun = used(), time.monotonic()
        done = subprocess.run(argv, cwd=place, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        took, burnt = time.monotonic() - begun, used() - before
        if done.returncode != 0:
            sys.exit("start_bench.sh: %s: exit %d: %s%s" % (
                side, done.returncode, done.stderr,
                open(place + "/log").read() if side == "openssl" else ""))
        shutil.rmtree(place)
        if number >= 0:
            wall[side].append(took * 1000)
            cpu[side].append(burnt * 1000)

print("%-8s %9s %9s %9s %9s" % ("", "median ms", "min ms", "max ms",
                                "CPU ms"))
for side in sides:
    print("%-8s %9.1f %9.1f %9.1f %9.1f" % (
        side, statistics.median(wall[side]), min(wall[side]),
        max(wall[side]), statistics.median(cpu[side])))
ratio = statistics.median(wall["lab"]) / statistics.median(wall["openssl"])
print("lab / openssl: %.2f (goal: <= 1.00)" % ratio)
END

exec 3>&-
/usr/bin/python3 "$work/measure.py" "$work" "$rounds"
