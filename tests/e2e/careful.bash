# shellcheck shell=bash
# For conform-j-*.bats: `load careful` after `load helper` and `load check`.

export PYTHONDONTWRITEBYTECODE=1

# One PKI for all tests of a file: that of check.bash, and below its root the CA
# `int` with the certificate `deep`, and whoever might sign about that.
setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  openssl_pki
  careful <<'PY'
issue("int", "root", serial=0x2000, ca=True)
issue("deep", "int", serial=0x3001, names=["deep.localhost"])
issue("ocsp", "int", ocsp=True)
issue("ocspku", "int", ocsp=True, usage="key_agreement")
issue("ocspany", "int", ocsp=True, usage=None)
issue("noeku", "int")
issue("ocspr", "root", ocsp=True)
issue("ocspx", "int", ocsp=True, days=(-9, -1))
issue("ocspf", "int", ocsp=True, days=(1, 20))
issue("ocspodd", "int", ocsp=True, extra=[("1.2.3.4", True)])
issue("ocspleaf", "int", ocsp=True, key="deep")
issue("check", "int", serial=0x3009, ocsp=True, nocheck=False)
# Another CA, whose certificate has the serial and the name of www.
issue("other", "other", ca=True)
issue("theirs", "other", serial=0x1001, subject="www")
PY
} 2>/dev/null

# careful [ARG]... : runs the Python program on standard input with all of
# careful.py.
# shellcheck disable=SC2120 # arguments are for whoever needs some
careful() {
  {
    echo 'from careful import *'
    cat
  } >prog.py
  PYTHONPATH=$BATS_TEST_DIRNAME /usr/bin/python3 prog.py "$@"
}
