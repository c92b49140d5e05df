#!/bin/sh
# kill-drill.sh [--rounds N] [--dir FOLDER] [--seed S] [--only KIND,KIND]
#
# Four processes of ocsp-ca at once on a durable lab; in each round one of them,
# in each fourth round all of them, are killed with SIGKILL at a random moment.
# After each round everything that was acknowledged with exit 0 must be there,
# nothing may be half done, and the next command must work.  What is killed:
# KIND revoke in N rounds (default 1000), each other one (issue, renew, signer,
# crl, import, add-ca) in N/5.
#
# The programs are those of $OCSP_LAB_BIN, else of PATH.  FOLDER (default: a
# temporary one) should be on the file system in question.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
unset OCSP_LAB_DIR
exec /usr/bin/python3 "$here/kill_drill.py" "$@"
