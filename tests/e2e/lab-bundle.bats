#!/usr/bin/env bats
# shellcheck shell=bash
# What `ocsp-lab run` keeps of a lab whose command failed.

load helper

setup_file() {
  unset OCSP_LAB_DIR
}

# bundle : the only folder in TMPDIR.
bundle() {
  local all=("$TMPDIR"/ocsp-lab-bundle.*)
  [ "${#all[@]}" -eq 1 ]
  echo "${all[0]}"
}

@test "a failed command leaves events, logs and answers, and no key" {
  exits 3 ocsp-lab run -- sh -c '
    ocsp-ca revoke www --reason keyCompromise; ocsp-lab refresh; exit 3'
  [[ $output == *"exit code is 3"*"revoke   root www"*"kept (answers, logs, no keys)"* ]]
  cd "$(bundle)"
  grep -q revoke events.txt
  [ -s responder.log ]
  [ "$(field last <requests.json)" -ge 2 ]
  [ "$(field verdict <staple-www.json)" = revoked ]
  openssl ocsp -respin live-www.der -noverify -resp_text | grep -q 'keyCompromise'
  run ! grep -rl 'PRIVATE KEY' .
  [ "$(ls "$TMPDIR")" = "$(basename "$PWD")" ]
}

@test "the line that is shown gives the verdict again, without the lab" {
  ocsp-lab run --depth 2 --signer trusted -- sh -c '
    ocsp-ca clock advance 1d; ocsp-ca issue db
    ocsp-ca revoke db; exit 1' >out 2>&1 || true
  # It is about the first answer that is not good.
  line=$(grep '^ocsp-check --response .*-db.der' out)
  exits 1 sh -c "$line"
  [[ $output == "revoked: "*"CN=db"* ]]
  # The folder may be moved: it has a line for every answer.
  mv "$(bundle)" moved
  cd moved
  [ "$(wc -l <commands.txt)" -ge 3 ]
  exits 1 sh -c "$(grep live-db.der commands.txt)"
}

@test "a responder that was paused or stopped is no obstacle" {
  exits 1 ocsp-lab run -- sh -c 'ocsp-lab responder pause; exit 1'
  [ -s "$(bundle)/requests.json" ]
  rm -r "$(bundle)"
  exits 1 ocsp-lab run -- sh -c 'ocsp-lab responder stop; exit 1'
  [ "$(field verdict <"$(bundle)/staple-www.json")" = good ]
}

@test "a folder of one's own, and a lab without a stapler" {
  exits 1 ocsp-lab run --bundle "$T/it's mine" --no-stapler -- false
  line=$(grep '^ocsp-check --response' <<<"$output")
  exits 0 sh -c "$line"
  [ -z "$(ls "$TMPDIR")" ]
}

@test "success, --no-bundle and what was never run leave nothing" {
  exits 0 ocsp-lab run -- true
  exits 1 ocsp-lab run --no-bundle -- false
  [ -z "$output" ]
  run -127 ocsp-lab run -- "$T/no-such-program"
  [ -z "$(ls "$TMPDIR")" ]
  exits 64 ocsp-lab up --no-bundle
}
