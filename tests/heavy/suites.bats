#!/usr/bin/env bats
# shellcheck shell=bash
# Suites that start `openssl ocsp`, from Debian's source packages: once as they
# are, once with fixtures/compat first in PATH.  They must pass the same tests.

load ../e2e/helper
load suites

setup_file() {
  unset OCSP_LAB_DIR
}

# ---- GnuTLS: gnutls-cli, gnutls-serv, must-staple; the time is that of 2016 --

gnutls_run() {
  local name
  : >"said.$1"
  for name in ocsp-tls-connection ocsp-must-staple-connection; do
    (cd "$T/gnutls28/tests" && sh "ocsp-tests/$name.sh") || return 1
    echo "$name" >>"said.$1"
  done
}

@test "GnuTLS" {
  needs gnutls-serv gnutls-bin
  needs datefudge datefudge
  needs ss iproute2
  sources gnutls28 '*/tests/*'
  gcc -o gnutls28/tests/datefudge-check gnutls28/tests/datefudge-check.c
  export srcdir=. top_builddir=.. abs_top_builddir=$T/gnutls28
  CERTTOOL=$(type -P certtool) OCSPTOOL=$(type -P ocsptool)
  SERV=$(type -P gnutls-serv) CLI=$(type -P gnutls-cli)
  export CERTTOOL OCSPTOOL SERV CLI
  export -f gnutls_run
  both bash -c 'gnutls_run "$0"'
}

# ---- wolfSSL: three responders at once, staples for a chain; 2023 -------------

# ocsp-stapling.test is left out: it wants the internet.
wolfssl_run() {
  local name
  : >"said.$1"
  for name in ocsp-stapling2 ocsp-stapling-with-ca-as-responder; do
    (cd "$T/wolfssl" && faketime "$when" bash "scripts/$name.test") >one.log 2>&1 || {
      cat one.log
      return 1
    }
    # The last try of those that it makes.
    tac one.log | sed '/^retrying/q' | tac | sed 's/^\(Test .*\)/'"$name"': \1/' |
      grep -E '^ocsp-stapling.*: Test|skipping' >>"said.$1"
  done
  cat "said.$1"
  ! grep skipping "said.$1"
}

@test "wolfSSL" {
  needs faketime faketime
  needs autoreconf autoconf
  needs automake automake
  needs libtoolize libtool
  needs nc netcat-openbsd
  sources wolfssl
  (
    cd wolfssl || exit 1
    ./autogen.sh && ./configure --enable-ocsp --enable-ocspstapling \
      --enable-ocspstapling2 --disable-shared --enable-static \
      --disable-crypttests &&
      make -j "$(nproc)" examples/client/client examples/server/server
  ) >make.log 2>&1 || {
    tail -n 20 make.log
    skip "does not build here"
  }
  # A tenth of a second is enough for three responders on an idle machine only.
  sed -i 's/ 0\.1$/ 2/' wolfssl/scripts/ocsp-*.test
  # Its certificates lived then.
  when=$(openssl x509 -in wolfssl/certs/ca-cert.pem -noout -startdate)
  when=$(date -u -d "${when#*=} + 60 days" '+%F %T')
  export when
  export -f wolfssl_run
  both bash -c 'wolfssl_run "$0"'
}

# ---- Erlang/OTP: its client, TLS 1.2, TLS 1.3 and DTLS ------------------------

erlang_run() {
  local sum
  rm -rf "logs.$1"
  mkdir "logs.$1"
  (
    cd ebin || exit 1
    erl -noshell -eval 'R = ct:run_test([{dir,"."},{suite,openssl_ocsp_SUITE},
      {auto_compile,false},{logdir,"../logs.'"$1"'"}]), io:format("~p~n",[R]), halt().'
  )
  sum=$(find "logs.$1" -name suite.log)
  awk '$1 == "=case" { name = $2 }
    $1 == "=group_props" { group = $2 }
    $1 == "=result" && name ~ /:ocsp_/ { print group, name, $2 }' "$sum" >"said.$1"
  cat "said.$1"
  [ "$(grep -c 'ok$' "said.$1")" -eq "$(wc -l <"said.$1")" ] && [ -s "said.$1" ]
}

@test "Erlang/OTP" {
  needs erl erlang-base
  needs ct_run erlang-common-test
  sources erlang '*/lib/ssl/*'
  local test=erlang/lib/ssl/test
  [ -e $test/openssl_ocsp_SUITE.erl ] || skip "another suite than that of Debian 12"
  # It waits a second for the responder, and ten for a test: not on a busy one.
  sed -i 's/after 1000 ->/after 20000 ->/; s/{seconds, 10}/{seconds, 60}/' \
    $test/openssl_ocsp_SUITE.erl
  mkdir ebin include
  ln -s ../erlang/lib/ssl include/ssl
  erlc -I include -I include/ssl/src -o ebin $test/openssl_ocsp_SUITE.erl \
    $test/{ssl_test_lib,make_certs,x509_test,ssl_ECC}.erl >erlc.log 2>&1 ||
    skip "does not compile here: apt-get install erlang-dev erlang-ssl"
  # It would leave itself out with OpenSSL 3.
  shim_version="1.1.1w  11 Sep 2023"
  export -f erlang_run
  both bash -c 'erlang_run "$0"'
}
