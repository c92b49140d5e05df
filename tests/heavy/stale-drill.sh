#!/bin/sh
# stale-drill.sh [--revocations N] [--others N] [--threads N] [--clients N]
#                [--only KIND,KIND] [--dir FOLDER]
#
# Revokes N certificates (default 10000) one by one with ocsp-ca while clients
# ask ocsp-responder all the time, and right after each command has ended asks
# about that certificate: by GET and POST, by SHA-1 and SHA-256, for a kept
# answer and with a nonce, over eight connections at once.  No answer to a
# request that was sent after the end of the command may be the old one.  The
# other clients judge all of their answers in the same way.
#
# KIND revoke is that; the others, N/20 times each or --others N: hold (and
# release), rotate (the signer), clock (moved to and fro), appear (unknown, then
# good), scenario (deliberate faults), gone (DIR removed, moved, or made anew: internalError from then on, and
# an unhealthy healthz; a fifth as often, since each needs a lab of its own).
#
# Prints a line for each kind: how many answers were stale, and the time from
# the end of the command until the first answer had come.  The programs are those
# of $OCSP_LAB_BIN, else of PATH; $OCSP_LAB_BUILD is their build folder, where
# the client tests/asker is too.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
: "${OCSP_LAB_BUILD:?the build folder}"
unset OCSP_LAB_DIR
exec /usr/bin/python3 -W ignore "$here/stale_drill.py" "$@"
