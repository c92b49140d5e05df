#!/usr/bin/env bats
# e2e/responder-leak with every scenario, under load: none touches another
# certificate.  Run by `sh tests/run.sh --all`.

load ../e2e/helper

@test "107 scenarios and more, on one certificate and on one CA: nothing leaks" {
  for threads in 1 2 5; do
    export OCSP_LAB_DIR=$T/$threads
    ocsp-ca init --temporary --depth 2 --algorithm ed25519 \
      --freeze 2026-07-01 >/dev/null
    ocsp-ca add-ca ca2 --under root >/dev/null
    ocsp-ca issue victim other-1 other-2 other-3 --ca ca1 >/dev/null
    ocsp-ca issue victim2 --ca ca2 >/dev/null
    serve "responder$threads" ocsp-responder --listen 127.0.0.1:0 \
      --threads $threads --log /dev/null
    /usr/bin/python3 -B -W ignore \
      "$OCSP_LAB_SOURCE/tests/e2e/scenario_leak.py" \
      "$(field url <<<"$ready")" 100 | tee "said$threads" >&3
    halt "$pid"
    [ "$status" -eq 0 ]
    grep -q ', 0 wrong$' "said$threads"
  done
}
