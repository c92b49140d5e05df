#!/bin/sh
# stale_bench.sh BUILD [REVOCATIONS]
#
# How soon a change is in the answers: REVOCATIONS (10000) certificates are
# revoked one by one under load and asked about at once, and N/20 times each
# other kind of change is made.  A row for each, with the time from the end of
# ocsp-ca until the first answer (one round trip beside the load); the goal is 0
# stale.  BUILD as for responder_bench.py; the responder has four threads, and
# all have all processors.  The work is that of tests/heavy/stale-drill.sh.
set -eu

case ${1-} in
'' | -*)
  sed -n '2,9s/^# \{0,1\}//p' "$0"
  exit 64
  ;;
esac
OCSP_LAB_BUILD=$(cd "$1" && pwd)
OCSP_LAB_BIN=$OCSP_LAB_BUILD/bin
export OCSP_LAB_BUILD OCSP_LAB_BIN
exec sh "$(dirname "$0")/../heavy/stale-drill.sh" --revocations "${2:-10000}"
