#!/bin/sh
# ca_bench.sh [--rounds N] [--issue N] [--rows N] [--dir FOLDER] [--quick]
#
# What ocsp-ca does to many certificates, on a durable database
# (synchronous=FULL), against the sqlite3 shell where it can do the same:
#
#   issue    N certificates of P-256 (default 10,000) by 'issue --count'
#   import   an index.txt of N rows (default 1,000,000), random serial numbers;
#            sqlite3: INSERTs of the same rows into the same schema, table by
#            table, in one transaction, in the same synchronous mode
#   revoke   all of them by 'revoke --from'; sqlite3: the same UPDATEs and the
#            INSERTs of their events
#   crl      of all of them
#   list     all of them; the peak of memory beside that of listing a tenth
#
# Wall clock, CPU time and peak memory of one process, median of N rounds
# (default 3), one of each in turn.  Goals: import and revoke <= 3 times
# sqlite3, crl <= 5 s.  --quick: a hundredth of everything, one round.  Without
# the package sqlite3 only ocsp-ca is measured.  The programs are those of
# $OCSP_LAB_BIN, else of PATH; everything is made in FOLDER (default: a
# temporary one), which needs 2 GB for a million rows.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
case ${1:-} in
--help)
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac
PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
unset OCSP_LAB_DIR
exec /usr/bin/python3 "$here/ca_bench.py" "$@"
