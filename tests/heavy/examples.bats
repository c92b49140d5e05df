#!/usr/bin/env bats
# shellcheck shell=bash
# The examples of fixtures/examples in languages that not every machine has.

load ../e2e/helper
load proxies

examples=$BATS_TEST_DIRNAME/../../fixtures/examples

setup_file() {
  unset OCSP_LAB_DIR
}

@test "Go" {
  needs go golang-go
  [ -d /usr/share/gocode/src/golang.org/x/crypto/ocsp ] ||
    skip "no golang.org/x/crypto/ocsp: apt-get install golang-golang-x-crypto-dev"
  mkdir revocation
  cp "$examples/revocation_test.go" revocation
  cd revocation
  GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$T/cache go test .
}

@test "Java" {
  needs java default-jdk-headless
  java "$examples/Revocation.java"
}

@test "Node's test runner" {
  needs node nodejs
  node --test --help >/dev/null 2>&1 || skip "no node --test: needs Node 18"
  node --test "$examples/revocation.test.js"
}
