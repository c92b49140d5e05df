#!/bin/sh
# many-labs.sh [--labs N] [--runs N] [--jobs N] [--only WORD,WORD] [--dir FOLDER]
#
# First N labs (default 50) that are all up at the same time: each issues,
# revokes, asks and refreshes, and goes.  Then N runs (default 500) of the
# examples in fixtures/examples, as many at once as --jobs says (default 10);
# the cheap ones more often.  --only takes some of them: sh, bats, pytest, c,
# go, java, node.  A language that is not here is said and left out.
#
# None may fail.  In the end no process may be left that had the run's mark in
# its environment, and no file in its TMPDIR.  The programs are those of
# $OCSP_LAB_BIN, else of PATH.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
exec /usr/bin/python3 -W ignore "$here/many_labs.py" "$@"
