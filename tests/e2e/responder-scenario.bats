#!/usr/bin/env bats
# How scenarios come, count and go: at once, exactly, and without a trace.

load helper
load responder

load_test() {
  /usr/bin/python3 -B "$OCSP_LAB_SOURCE/tests/e2e/scenario_load.py" "$@"
}

# left : of the only scenario that is set
left() {
  curl -sS "$status_url/scenarios" | field scenarios.0.left
}

@test "set is seen by the next request of every thread, clear too, others never see it" {
  lab
  ocsp-ca issue other >/dev/null
  respond --threads 3
  [ "$(field faults <<<"$ready")" = true ]
  load_test visible "$url" 30
}

@test "--times N: of all threads together exactly N, and then it is good" {
  lab
  ocsp-ca issue other >/dev/null
  respond --threads 4
  ocsp-ca scenario set www trylater --times 37
  [ "$(left)" = 37 ]
  [ "$(load_test count "$url" 8 20)" = 37 ]
  [ "$(left)" = 0 ]
  # Something else that is set leaves the count alone; the same again does not.
  ocsp-ca scenario set other good
  [ "$(load_test count "$url" 1 3)" = 0 ]
  ocsp-ca scenario set www trylater --times 2
  [ "$(load_test count "$url" 1 5)" = 2 ]
}

@test "a kept answer is not sent while a scenario holds, nor a faulty one after" {
  lab
  respond
  ask request "$C" "$I" >q.der
  get q.der && cp r.der good.der
  get q.der && cmp r.der good.der
  ocsp-ca scenario set www revoked
  get q.der
  says singles.0.status revoked
  [ "$(header Cache-Control)" = no-store ]
  [ -z "$(header ETag)" ]
  # What a cache knows is no reason for 304.
  get q.der -H 'If-None-Match: *'
  head -n 1 head | grep -q ' 200 '
  ocsp-ca scenario clear www
  get q.der
  says singles.0.status good
}

@test "an earlier certificate of a renewed name is asked about as NAME@1" {
  lab
  ocsp-ca issue www --renew >/dev/null
  respond
  ocsp-ca scenario set www@1 revoked
  exits 0 ocsp-check --cert www@1 --url "$url" --expect revoked
  exits 0 ocsp-check --cert www --url "$url" --expect good
  exits 72 ocsp-check --cert www@2 --url "$url"
  [[ $output == *"www@2: neither a file nor a certificate of "* ]]
  exits 72 ocsp-check --cert www@x --url "$url"
  exits 72 ocsp-check --cert ../www@1 --url "$url"
}

@test "a certificate's scenario comes before its CA's, that before all's" {
  lab
  ocsp-ca issue other >/dev/null
  respond
  ocsp-ca scenario set --all serverr
  exits 0 ocsp-check --cert www --url "$url" --expect untrusted
  ocsp-ca scenario set --ca root revoked
  exits 0 ocsp-check --cert www --url "$url" --expect revoked
  ocsp-ca scenario set www good
  exits 0 ocsp-check --cert www --url "$url" --expect good
  exits 0 ocsp-check --cert other --url "$url" --expect revoked
  # When its times are over, it is as if it was not there.
  ocsp-ca scenario set www unknown --times 1
  exits 0 ocsp-check --cert www --url "$url" --expect unknown
  exits 0 ocsp-check --cert www --url "$url" --expect revoked
  ocsp-ca scenario clear --all
  exits 0 ocsp-check --cert other --url "$url" --expect good
}

@test "who gets no answer keeps nobody waiting, and the responder still stops" {
  lab
  ocsp-ca issue other >/dev/null
  respond --threads 1
  ask request "$C" "$I" >q.der
  ocsp-ca scenario set www never-answers
  for _ in 1 2 3 4 5; do
    post q.der >/dev/null 2>&1 3>&- &
    echo $! >>pids
  done
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ocsp-check --cert other --url "$url" --expect good >/dev/null
  done
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "slow comes late, drip byte by byte, and who goes away meanwhile is no matter" {
  lab
  ocsp-ca issue other >/dev/null
  respond --threads 1
  ask request "$C" "$I" >q.der
  ask request lab/certs/other/cert.pem "$I" >o.der
  for scenario in slow:delay=60s drip:every=60s; do
    ocsp-ca scenario set www "$scenario"
    /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/scenario_pace.py" "$url" \
      "${scenario%:*}"
  done
  halt "$pid"
  [ "$status" -eq 0 ]
}

@test "cut-mid-body ends the connection, reset-mid-body resets it, after half of the bytes" {
  lab --algorithm ed25519
  ocsp-ca clock freeze >/dev/null
  respond
  ask request "$C" "$I" >q.der
  post q.der
  cp r.der good.der
  ocsp-ca scenario set www cut-mid-body
  /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/scenario_cut.py" "$url" closed
  ocsp-ca scenario set www reset-mid-body
  /usr/bin/python3 "$OCSP_LAB_SOURCE/tests/e2e/scenario_cut.py" "$url" reset
  exits 56 curl -sS -o r.der "$url/$(ask path q.der)"
  [[ $output == *reset* ]]
  exits 0 ocsp-check --cert www --expect unreachable --url "$url"
  ocsp-ca scenario clear www
  post q.der
  cmp r.der good.der
}

@test "the journal and the status listener name the scenario" {
  lab
  respond
  ocsp-ca scenario set www expired:ago=60s
  ask request "$C" "$I" >q.der
  post q.der
  curl -sS "$status_url/requests" >requests
  [ "$(field requests.0.scenario <requests)" = expired:ago=60s ]
  [ "$(field requests.0.verdict <requests)" = good ]
  curl -sS "$status_url/scenarios" >scenarios
  [ "$(field scenarios.0.scenario <scenarios)" = expired:ago=60s ]
  [ "$(field scenarios.0.ca <scenarios)" = root ]
  [ "$(field scenarios.0.left <scenarios)" = '' ]
}

@test "signers of scenarios: 0600, spared by signer rotate, gone with their scenario" {
  lab
  ocsp-ca scenario set www delegated-no-eku
  ocsp-ca signer rotate >/dev/null
  respond
  exits 0 ocsp-check --cert www --url "$url" --expect untrusted
  [ "$(stat -c %a lab/responder/* | sort -u)" = 600 ]
  before=$(find lab/responder -type f | wc -l)
  ocsp-ca scenario clear www
  ocsp-ca scenario set www expired
  [ "$(find lab/responder -type f | wc -l)" -eq $((before - 1)) ]
}

@test "a signer that is missing is internalError, never a good answer" {
  lab
  find lab/responder -type f | sort >before
  ocsp-ca scenario set www delegated-expired
  new=$(find lab/responder -type f | sort | comm -13 before -)
  rm "$new"
  respond
  ask request "$C" "$I" >q.der
  post q.der
  is_error 2
  curl -sS "$status_url/scenarios" | field scenarios.0.broken | grep -qF "$new"
}

@test "a CA that comes after the scenario of all has it, and signers of its own" {
  lab
  respond
  local before
  for scenario in delegated-included-last delegated-no-eku ca-signed; do
    ocsp-ca scenario set --all $scenario
    before=$(sqlite3 lab/ca.db 'SELECT path FROM scenario_signer')
    ocsp-ca add-ca late-$scenario >/dev/null
    ocsp-ca issue new-$scenario --ca late-$scenario >/dev/null
    for name in www new-$scenario; do
      case $scenario in
      delegated-no-eku)
        exits 0 ocsp-check --cert "$name" --url "$url" --expect untrusted --explain
        [[ $output == *OCSPSigning* ]]
        ;;
      *) exits 0 ocsp-check --cert "$name" --url "$url" --expect good ;;
      esac
    done
    [ -z "$before" ] ||
      sqlite3 lab/ca.db 'SELECT path FROM scenario_signer' | grep -qx "$before"
  done
  ocsp-ca scenario set --all delegated-included-last
  ask request lab/certs/new-ca-signed/cert.pem lab/ca/late-ca-signed/cert.pem >q.der
  post q.der
  says certs 2
  # One whose key is not here, so no bad signer can be made, is no good one.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
    -subj /CN=far -keyout far.key -out far.pem 2>/dev/null
  ocsp-ca scenario set --all delegated-no-eku
  ocsp-ca import --ca-cert far.pem --ca far
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
    -subj /CN=x -keyout x.key -out x.pem -CA far.pem -CAkey far.key 2>/dev/null
  ocsp-ca import x.pem
  ask request x.pem far.pem >q.der
  ocsp-ca signer request --ca far --out s.csr >/dev/null
  openssl x509 -req -in s.csr -CA far.pem -CAkey far.key -set_serial 8 -days 9 \
    -copy_extensions copy -out s.pem 2>/dev/null
  ocsp-ca signer install s.pem --ca far >/dev/null
  post q.der
  is_error 2
  # Until the key comes.
  ocsp-ca import --ca-cert far.pem --ca-key far.key
  exits 0 ocsp-check --cert x.pem --issuer far.pem --url "$url" --expect untrusted
  [[ $output == *OCSPSigning* ]]
}

@test "delegates are made where the CA signs itself, or a trusted one signs" {
  for model in ca trusted; do
    export OCSP_LAB_DIR=$T/$model
    ocsp-ca init --signer $model --temporary >/dev/null
    ocsp-ca issue www >/dev/null
    serve $model ocsp-responder --listen 127.0.0.1:0
    url=$(field url <<<"$ready")
    ocsp-ca scenario set www delegated-included
    exits 0 ocsp-check --cert www --url "$url" --expect good
    ocsp-ca scenario set www delegated-missing
    exits 0 ocsp-check --cert www --url "$url" --expect untrusted
    ocsp-ca scenario set --all delegated-wrong-eku
    ocsp-ca scenario clear www
    exits 0 ocsp-check --cert www --url "$url" --expect untrusted
  done
}

@test "--answer: what is set holds offline too, and --scenario is tried out" {
  lab
  ask request "$C" "$I" >q.der
  ocsp-responder --answer q.der --scenario hold --out r.der
  says singles.0.status revoked
  ocsp-responder --answer q.der --scenario ca-signed --out r.der
  exits 0 ocsp-check --response r.der --cert www --expect good
  ocsp-responder --answer q.der --out r.der
  says singles.0.status good
  ocsp-ca scenario set www delegated-expired
  ocsp-responder --answer q.der --out r.der
  exits 0 ocsp-check --response r.der --cert www --expect untrusted
  # There is no connection offline.
  ocsp-ca scenario set www accept-then-close
  ocsp-responder --answer q.der --out r.der
  says singles.0.status good
  exits 64 ocsp-responder --answer q.der --scenario http-404 --out r.der
  exits 64 ocsp-responder --answer q.der --scenario nonsense --out r.der
  exits 64 ocsp-responder --scenario hold
  exits 78 ocsp-responder --answer q.der --scenario delegated-no-eku --out r.der
}

@test "a lab without faults has none, and says so" {
  lab --no-faults
  ask request "$C" "$I" >q.der
  exits 78 ocsp-responder --answer q.der --scenario hold --out r.der
  exits 78 ocsp-ca scenario set www hold
  exits 78 ocsp-ca scenario set --all hold
  exits 78 ocsp-ca issue other --scenario hold
  exits 78 ocsp-ca issue other --scenario refused
  # Nor does who writes into the database by hand get one.
  command -v sqlite3 >/dev/null || skip "needs sqlite3"
  respond
  for _ in before after; do
    [ "$(field faults <<<"$ready")" = false ]
    post q.der
    says singles.0.status good
    sqlite3 lab/ca.db "INSERT OR REPLACE INTO scenario (ca, serial, name, params,
      version) VALUES (0, x'', 'trylater', '', 1000), ((SELECT id FROM ca), x'',
      'revoked', '', 1000); UPDATE setting SET scenarios = 1000;
      UPDATE cert SET scenario = 1, version = version + 1000;"
    post q.der
    says singles.0.status good
    ocsp-responder --answer q.der --out r.der
    says singles.0.status good
    [ "$(curl -sS "$status_url/scenarios" | field scenarios)" = '[]' ]
    halt "$pid"
    respond
  done
}

@test "the keys of RSA and ECDSA: signature and signer are spoilt as with Ed25519" {
  for algorithm in rsa2048 p256; do
    export OCSP_LAB_DIR=$T/$algorithm
    ocsp-ca init --algorithm $algorithm --temporary >/dev/null
    ocsp-ca issue www >/dev/null
    serve $algorithm ocsp-responder --listen 127.0.0.1:0
    url=$(field url <<<"$ready")
    for scenario in bad-signature algorithm-mismatch unused-bits sha1-signature \
      wrong-responder-id delegated-crlsign-only good-other-ca; do
      ocsp-ca scenario set www $scenario
      exits 0 ocsp-check --cert www --url "$url" --expect untrusted
    done
    ocsp-ca scenario set www ca-signed
    exits 0 ocsp-check --cert www --url "$url" --expect good
  done
}

@test "nonce-replayed: also the first gets the nonce of another, and all get that one" {
  lab
  respond
  ocsp-ca scenario set www nonce-replayed
  for i in 1 2 3; do
    exits 3 ocsp-check --cert www --url "$url" --method post --nonce --save "$i.der"
    openssl ocsp -respin "$i.der" -noverify -resp_text | grep -A1 'OCSP Nonce' >"$i.nonce"
  done
  grep -q . 1.nonce
  cmp 1.nonce 2.nonce
  cmp 1.nonce 3.nonce
}
