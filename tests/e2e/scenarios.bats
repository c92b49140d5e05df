#!/usr/bin/env bats
# Every scenario that is made, against the good answer and against what the
# catalogue expects of a correct client.

load helper

@test "each scenario deviates as it says and no further, and ocsp-check sees it" {
  ocsp-ca init --depth 2 --algorithm ed25519 --temporary >/dev/null
  ocsp-ca clock freeze >/dev/null
  cp -a lab other
  ocsp-ca issue ghost --dir other >/dev/null
  ocsp-ca scenario list --json | sed -E '/"acts":"(certificate|staple)"/d' |
    sed -n 's/^{"name":"\([^"]*\)".*"made":true.*/s-\1/p' |
    xargs ocsp-ca issue >/dev/null
  serve responder ocsp-responder --listen 127.0.0.1:0
  /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/scenarios.py" \
    "$(field url <<<"$ready")" other/certs/ghost/cert.pem
}
