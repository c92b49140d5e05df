# shellcheck shell=bash
# For the tests that kill ocsp-ca, or fail it, at a chosen system call.

# Calls that change something on disk; '?': where the machine has it.
writing_calls() {
  echo '?mkdir' '?mkdirat' '?rename' '?renameat' '?renameat2' '?link' \
    '?linkat' '?unlink' '?unlinkat' '?rmdir' write pwrite64 ftruncate fsync \
    syncfs fdatasync fchmod msync
}

need_strace() {
  # Each folder above the lab is one more call to be killed at.
  export OCSP_LAB_DIR=lab
  # The leak checker is a tracer too, and there is room for one.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
  strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
}

# killed CALL N CMD... : runs CMD, killed at the N-th CALL.  Fails if it came to
# its end instead; then it must have succeeded.  Every call to $without, if
# set, fails as on a machine that lacks it.
killed() {
  local call=$1 nth=$2 status=0
  shift 2
  strace -qq -o /dev/null -e "trace=$call${without:+,$without}" \
    ${without:+-e "inject=$without:error=EINVAL"} \
    -e "inject=$call:signal=KILL:when=$nth" "$@" >out 2>log || status=$?
  case $status in
    137) return 0 ;;
    0) return 1 ;;
    *)
      echo "exit $status: $*"
      cat log
      exit 1
      ;;
  esac
}

# The row of the certificate in that folder has that name, and the files fit
# together.
fits() {
  [ "$(ocsp-ca status "lab/certs/$1/cert.pem")" = "$1: good" ]
  belongs "$1"
}

# The same, whatever the name of its row is.
belongs() {
  local folder=lab/certs/$1
  ocsp-ca status "$folder/cert.pem"
  openssl pkey -in "$folder/key.pem" -pubout |
    cmp - <(openssl x509 -in "$folder/cert.pem" -noout -pubkey)
  cmp "$folder/fullchain.pem" "$folder/cert.pem"
  cmp "$folder/chain.pem" lab/root.pem
}

# After the next command that writes: all or nothing.
settled() {
  local name status=0 one
  ocsp-ca crl
  [ -z "$(ls -A lab/certs/.new)" ]
  ocsp-ca status "$1" || status=$?
  for name; do
    one=0
    ocsp-ca status "$name" || one=$?
    [ "$one" -eq "$status" ]
    case $status in
      0) fits "$name" ;;
      72) [ ! -e "lab/certs/$name" ] ;;
      *) return 1 ;;
    esac
  done
}

sound() {
  /usr/bin/python3 -c 'import sqlite3
c = sqlite3.connect("lab/ca.db")
assert c.execute("pragma integrity_check").fetchall() == [("ok",)]'
}
