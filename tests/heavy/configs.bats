#!/usr/bin/env bats
# shellcheck shell=bash
# What `ocsp-lab config` prints runs as it is, and staples.

load ../e2e/helper
load proxies

setup_file() {
  unset OCSP_LAB_DIR
}

# configured SERVER [option of up]... : SERVER.conf, and its port.
configured() {
  local server=$1
  shift
  eval "$(ocsp-lab up --env --no-stapler --host db.localhost "$@")"
  ocsp-lab config "$server" >"$server.conf"
  port=$(sed -n 's|.*https://db.localhost:\([0-9]*\)/.*|\1|p' "$server.conf")
}

# starts CMD... : in the background, and ends with the test.
starts() {
  "$@" >server.log 2>&1 3>&- &
  echo $! >>pids
  eventually curl -sS -o /dev/null --cacert "$OCSP_LAB_CA" \
    "https://db.localhost:$port/"
}

staples() {
  ocsp-check --servername db.localhost --connect "localhost:$port"
}

start_nginx() {
  needs nginx nginx-light
  configured nginx "$@"
  starts nginx -e stderr -c "$T/nginx.conf"
}

@test "nginx: not the first client, but the next ones" {
  start_nginx
  eventually staples
  # What its comments promise of a revocation.
  ocsp-ca revoke www >/dev/null
  staples
}

@test "nginx: with the staple from a file the first client has it" {
  needs nginx nginx-light
  configured nginx
  ocsp-stapler fetch --cert "$OCSP_LAB_CERT" --out "$OCSP_LAB_DIR/run/nginx/staple.der"
  sed -i 's/# ssl_stapling_file/ssl_stapling_file/' nginx.conf
  grep -q '^ *ssl_stapling_file' nginx.conf
  "$(type -P nginx)" -e stderr -c "$T/nginx.conf" >server.log 2>&1 3>&- &
  echo $! >>pids
  first() {
    run staples
    [ "$status" -ne 5 ]
  }
  eventually first
  [ "$status" -eq 0 ]
}

@test "nginx: intermediates and RSA" {
  start_nginx --depth 3 --algorithm rsa2048 --signer ca
  eventually staples
}

@test "Apache httpd" {
  needs apache2 apache2-bin
  for depth in 1 2; do
    configured apache --depth "$depth"
    starts apache2 -DFOREGROUND -f "$T/apache.conf"
    eventually staples
  done
}

@test "HAProxy" {
  needs haproxy haproxy
  for depth in 1 2; do
    configured haproxy --depth "$depth"
    starts haproxy -db -f haproxy.conf
    staples
  done
}

@test "HAProxy: none in the last 300 s" {
  needs haproxy haproxy
  configured haproxy --validity 4m
  starts haproxy -db -f haproxy.conf
  exits 4 staples
}

@test "Caddy" {
  needs caddy caddy
  for depth in 1 2; do
    configured caddy --depth "$depth"
    starts env "XDG_CONFIG_HOME=$T" caddy run --adapter caddyfile --config caddy.conf
    eventually staples
  done
}

@test "hitch" {
  needs hitch hitch
  for depth in 1 2; do
    configured hitch --depth "$depth"
    starts env "SSL_CERT_FILE=$OCSP_LAB_CA" hitch --config hitch.conf
    eventually staples
  done
}
