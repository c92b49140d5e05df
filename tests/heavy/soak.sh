#!/bin/sh
# soak.sh [--minutes M | --seconds S] [--clients N] [--cas N] [--certificates N]
#         [--growth MIB] [--seed N] [--dir FOLDER]
#
# ocsp-responder, with a cache that is too small, under a mixed load for S
# seconds (default 60) or M minutes:
#
#   clients  that ask all the time, by GET and POST, with a nonce and without,
#            and judge each answer by what is known of the lab
#   changes  by ocsp-ca, one after the other: revocations, holds, releases, new
#            certificates and CAs (up to N), new signers, CRLs, scenarios, the clock
#            moved, SIGHUP; after each, questions in every way
#   pests    garbage, spoilt and giant requests, pipelines, browsers, port scans,
#            other protocols, those who hang up and those who send an octet now
#            and then
#
# Every answer must be right; the memory of the last tenth of the time may be
# MIB (8) more than after the first third; no descriptor may be left over; the
# responder ends with 0.  With a sanitizer in it, its reports count.  The
# programs are those of $OCSP_LAB_BIN, else of PATH; $OCSP_LAB_BUILD is their
# build folder.  Under the sanitizers, from the top of the sources:
#
#   for b in tsan asan; do
#     OCSP_LAB_BIN=$PWD/build/$b/bin OCSP_LAB_BUILD=$PWD/build/$b \
#       sh tests/heavy/soak.sh --minutes 15 --growth 48
#   done
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=${OCSP_LAB_BIN:+$OCSP_LAB_BIN:}$PATH
export PATH
: "${OCSP_LAB_BUILD:?the build folder}"
unset OCSP_LAB_DIR
reports=$(mktemp -d "${TMPDIR:-/tmp}/soak-reports.XXXXXX")
trap 'rm -rf "$reports"' EXIT
# As tests/run.sh has it; what it has said goes first.  Freed memory is not kept
# for ever, or it would look like growth.
options="exitcode=99:log_path=\"$reports/report\""
export ASAN_OPTIONS="$options:quarantine_size_mb=8:${ASAN_OPTIONS-}"
export UBSAN_OPTIONS="$options:print_stacktrace=1:${UBSAN_OPTIONS-}"
export LSAN_OPTIONS="$options:${LSAN_OPTIONS-}"
export TSAN_OPTIONS="$options:${TSAN_OPTIONS-}"
runner=
# Clang 14 cannot live with as much address randomisation as newer kernels do.
if setarch -R true 2>/dev/null; then
  runner="setarch -R"
fi
status=0
$runner /usr/bin/python3 -W ignore "$here/soak.py" "$@" || status=$?
if grep -rlE 'ERROR: |WARNING: Thread|runtime error' "$reports"; then
  cat "$reports"/*
  status=1
fi
exit $status
