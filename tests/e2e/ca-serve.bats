#!/usr/bin/env bats
# shellcheck shell=bash
# ocsp-ca serve: the CA over HTTP.

load helper

setup_file() {
  ocsp-ca init --dir "$BATS_FILE_TMPDIR/lab" --temporary >/dev/null
  ocsp-ca issue www --dir "$BATS_FILE_TMPDIR/lab" >/dev/null
}

# control [OPTION]... : a server for a copy of the lab; $url and $token.
control() {
  cp -a "$BATS_FILE_TMPDIR/lab" lab
  serve control ocsp-ca serve "$@"
  url=$(field url <<<"$ready")
  token=$(cat "$(field token_file <<<"$ready")")
}

# call STATUS PATH [curl option]... : with the token; the answer is in $said.
# STATUS: a pattern.
call() {
  local want=$1 path=$2 got
  shift 2
  got=$(curl -sS -o said -w '%{http_code}' -H "Authorization: Bearer $token" \
    "$@" "$url$path")
  said=$(cat said)
  # shellcheck disable=SC2053 # a pattern
  [[ $got == $want ]] || {
    echo "HTTP $got, wanted $want: $path: $said" >&2
    return 1
  }
}

said() {
  field "$1" <said
}

@test "the ready line, the token file, and a clean end" {
  control --ready-file "$T/ready"
  [ "$(field event <<<"$ready")" = ready ]
  [ "$(field pid <<<"$ready")" = "$pid" ]
  [ "$(cat ready)" = "$ready" ]
  [ "$(field token_file <<<"$ready")" = "$T/lab/run/control.token" ]
  [ "$(stat -c %a lab/run/control.token)" = 600 ]
  [[ $url == http://127.0.0.1:* ]]
  [ "${#token}" -eq 64 ]
  halt "$pid"
  [ "$status" -eq 0 ]
  run -7 curl -sS "$url/"
  run ! grep -r "$token" control.log
}

@test "GET / says what there is to call, and every call of it is there" {
  control
  curl -sS "$url/" >help
  grep -c '^\(GET\|POST\)  */[a-z]' help
  while read -r method path; do
    path=${path/CERT/www}
    if [ "$method" = POST ]; then
      call 400 "$path" -d '{"no_such_key":1}'
      [[ $(said error.why) == *"no key of this call"* ]]
    else
      call 200 "$path?timeout=0s&format=index"
    fi
  done < <(sed -nE 's/^(GET|POST)  *(\/[a-zA-Z/]+).*/\1 \2/p' help)
}

@test "issue, revoke, hold, release: the answer is what the command prints" {
  control
  call 200 /issue -d '{"name":"a","san":["a.example","10.0.0.1"],"days":3,"must_staple":true}'
  [ "$(said name)" = a ]
  openssl x509 -in "$(said cert)" -noout -text | grep 'DNS:a.example, IP Address:10.0.0.1'
  call 200 /issue -d '{"names":["b","c"],"algorithm":"rsa2048"}'
  [ "$(said 1.name)" = c ]
  call 200 /revoke -d '{"cert":"a","reason":"keyCompromise"}'
  [ "$(said changed)" = true ]
  exits 1 ocsp-ca status a
  [[ $output == *keyCompromise* ]]
  call 200 /hold -d '{"certs":["b","c"]}'
  [ "$(said 0.status)" = hold ]
  call 200 /release -d "{\"cert\":\"$(ocsp-ca show b --json | field serial)\"}"
  [ "$(said status)" = good ]
  call 200 /show/www
  diff said <(ocsp-ca show www --json)
  call 200 '/list?status=hold'
  [ "$(said 0.name)" = c ]
  call 200 /status/a
  [ "$(said status)" = revoked ]
  call 200 /status/00ffee
  [ "$(said status)" = "never issued" ]
}

@test "crl, signer and clock" {
  control
  call 200 /crl -d '{"days":2}'
  openssl crl -in lab/crl/root.crl -inform DER -noout -text | grep 'CRL Number'
  before=$(ocsp-ca signer list --json | field serial)
  call 200 /signer/rotate -d '{}'
  [ "$(said 0.serial)" != "$before" ]
  call 200 /signer
  [ "$(said 0.serial)" != "$before" ]
  call 200 /clock -d '{"freeze":"2030-05-06T07:08:09Z"}'
  call 200 /clock -d '{"advance":"-1h"}'
  [ "$(said now)" = 2030-05-06T06:08:09Z ]
  call 200 /clock
  [ "$(said mode)" = frozen ]
  call 200 /clock -d '{"real":true}'
}

# json KEY=FILE... : an object of the files' texts.
json() {
  /usr/bin/python3 -c 'import json, sys
print(json.dumps({a.split("=")[0]: open(a.split("=")[1]).read() for a in sys.argv[1:]}))' "$@"
}

@test "sign: a request in the body" {
  control
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem \
    -subj /CN=asked.example -addext subjectAltName=DNS:asked.example -out r.csr \
    2>/dev/null
  json csr=r.csr >body
  call 200 /sign -d @body
  [ "$(said name)" = asked.example ]
  openssl x509 -in "$(said cert)" -noout -pubkey | diff - <(openssl pkey -in k.pem -pubout)
  call 409 /sign -d @body
  call 400 /sign -d "$(sed 's/}$/, "name": "--renew"}/' body)"
  call 400 /sign -d '{"name":"x"}'
  call 422 /sign -d '{"csr":"-----BEGIN CERTIFICATE REQUEST-----"}'
  call 400 /sign -d '{"csr":["a"]}'
}

@test "import an index.txt, request a signer from outside and install it, export" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -keyout own.key -out own.pem -subj /CN=Own 2>/dev/null
  control
  ocsp-ca import --ca-cert own.pem --ca own >/dev/null
  printf 'R\t361231235959Z\t260101000000Z,keyCompromise\t11\tunknown\t/CN=eleven\n' >index.txt
  json file=index.txt | sed 's/}$/, "ca": "own"}/' >body
  call 200 /import -d @body
  [ "$(said added)" = 1 ]
  call 200 /status/eleven
  [ "$(said status)" = revoked ]
  call 400 /import -d '{"file":"V\t361231235959Z\t\t12\tunknown\t/CN=12\n"}'
  call 422 /import -d '{"ca":"own","file":"V\t361231235959Z\t\t12\tunknown\t/CN=12"}'
  call 422 /import -d '{"ca":"own","file":"neither"}'
  call 422 /import -d '{"ca":"own","file":""}'
  call 200 /signer/request -d '{"ca":"own","algorithm":"p256"}'
  said csr >signer.csr
  openssl x509 -req -in signer.csr -CA own.pem -CAkey own.key -copy_extensions copy \
    -set_serial 0x77 -days 20 -out signer.pem 2>/dev/null
  json cert=signer.pem >body
  call 200 /signer/install -d @body
  [ "$(said serial)" = 77 ]
  call 200 '/signer?ca=own'
  [ "$(said 0.serial)" = 77 ]
  call 422 /signer/install -d "$(json cert=own.pem | sed 's/}$/, "ca": "own"}/')"
  call 200 '/export?format=index&ca=own'
  said text | grep -P '^R\t361231235959Z\t260101000000Z,keyCompromise\t11\tunknown\t/CN=eleven'
  call 200 '/export?format=csv'
  diff <(echo "$(said text)") <(ocsp-ca export --format csv)
  call 400 '/export?format=xml'
  call 400 '/export?out=x'
}

@test "scenarios" {
  control
  call 200 /scenario/set -d '{"scenario":"good","cert":"www","times":3}'
  call 200 /scenario/active
  [ "$(said 0.name)" = www ]
  [ "$(said 0.times)" = 3 ]
  diff <(ocsp-ca scenario active --json) <(sed 's/^\[//; s/\]$//' said)
  call 200 /scenario/clear -d '{"all":true}'
  call 200 /scenario/active
  [ "$said" = "[]" ]
  call 200 '/scenario/list?name=good'
  [ "$(said name)" = good ]
  call 400 /scenario/set -d '{"cert":"www","scenario":"no-such"}'
  call 400 /scenario/set -d '{"cert":"www"}'
}

@test "a call that was answered is in the next OCSP answer" {
  eval "$(ocsp-lab up --env --control --no-stapler)"
  token=$(cat "$OCSP_LAB_CONTROL_TOKEN_FILE") url=$OCSP_LAB_CONTROL_URL
  for _ in 1 2 3 4 5; do
    call 200 /hold -d '{"cert":"www"}'
    exits 1 ocsp-check --cert www
    call 200 /release -d '{"cert":"www"}'
    exits 0 ocsp-check --cert www
  done
  exits 0 ocsp-lab status
  [[ $output == *"control    up"* ]]
}

@test "a list of many certificates in one call" {
  control
  call 200 /issue -d '{"name":"n","count":300,"no_files":true}'
  ocsp-ca list 'n-*' --json | /usr/bin/python3 -c 'import json, sys
print(json.dumps({"list": "\n".join(c["serial"] for c in json.load(sys.stdin))}))' >body
  call 200 /revoke -d @body
  [ "$(said changed)" = 300 ]
  call 200 /issue -d '{"name":"other"}'
  call 404 /revoke -d '{"list":"other\nno-such\n"}'
  exits 0 ocsp-ca status other
}

@test "events: at once if there are some, else as soon as there is one" {
  control
  call 200 '/events?since=0&timeout=60s'
  last=$(said last)
  [ "$last" -ge 4 ]
  [ "$(said events.0.seq)" = 1 ]
  call 200 "/events?since=$last&timeout=50ms"
  [ "$said" = "{\"last\":$last,\"events\":[]}" ]
  # Eight who wait do not keep the server from work.
  for i in 1 2 3 4 5 6 7 8; do
    curl -sS -H "Authorization: Bearer $token" \
      "$url/events?since=$last&timeout=60s" >"waited.$i" &
  done
  call 200 /revoke -d '{"cert":"www"}'
  # shellcheck disable=SC2046 # numbers
  wait $(jobs -p | grep -vx "$pid")
  for i in 1 2 3 4 5 6 7 8; do
    [ "$(field events.0.kind <"waited.$i")" = revoke ]
    [ "$(field events.0.name <"waited.$i")" = www ]
  done
  # What others change, too.
  last=$(field last <waited.1)
  curl -sS -H "Authorization: Bearer $token" \
    "$url/events?since=$last&timeout=60s" >waited &
  ocsp-ca issue other >/dev/null
  wait $!
  [ "$(field events.0.kind <waited)" = issue ]
  call 400 '/events?since=x'
  call 400 '/events?timeout=soon'
}

@test "python's urllib" {
  control
  URL=$url TOKEN=$token /usr/bin/python3 - <<'PY'
import json, os, urllib.error, urllib.request as u

def call(path, body=None):
    q = u.Request(os.environ["URL"] + path, json.dumps(body).encode() if body else None)
    q.add_header("Authorization", "Bearer " + os.environ["TOKEN"])
    with u.urlopen(q) as r:
        return json.load(r)

assert call("/revoke", {"cert": "www"})["status"] == "revoked"
assert call("/status/www")["status"] == "revoked"
try:
    call("/release", {"cert": "www"})
except urllib.error.HTTPError as e:
    assert e.code == 403 and json.load(e)["error"]["code"] == "forbidden"
else:
    raise SystemExit("a revoked certificate was released")
PY
}

# ---- refused ---------------------------------------------------------------

@test "no token, a wrong one, half of one" {
  control
  for header in X: "Authorization: $token" "Authorization: Bearer" \
    "Authorization: Bearer ${token%?}" "Authorization: Bearer ${token}0" \
    "Authorization: Bearer ${token/?/x}" "Authorization: Basic $token"; do
    [ "$(curl -sS -o said -w '%{http_code}' -H "$header" -d '{"cert":"www"}' \
      "$url/revoke")" = 401 ]
    [ "$(said error.code)" = token ]
  done
  exits 0 ocsp-ca status www
}

@test "a page of a browser, and a name that was bent to our address" {
  control --host ca.test
  port=${url##*:}
  call 403 /list -H 'Host: evil.example'
  call 403 /list -H "Host: evil.example:$port"
  call 403 /list -H "Host: 127.0.0.1.evil.example:$port"
  call 403 /list -H "Host: 127.0.0.1:1"
  # libmicrohttpd 1.0 says so itself, by 400.
  call '40[03]' /list -H 'Host:'
  call 403 /list -H 'Origin: http://127.0.0.1'
  call 403 /list -H 'Origin: null'
  call 403 / -H 'Host: evil.example'
  call 200 /list -H "Host: localhost:$port"
  call 200 /list -H "Host: ca.test:$port"
  [ "$(printf 'GET /list HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n' "$token" |
    timeout 20 curl -sS "telnet://127.0.0.1:$port" | head -n 1 | cut -d ' ' -f 2)" = 403 ]
}

@test "no loopback without a word for it, and others may not read the token" {
  exits 78 ocsp-ca serve --dir "$BATS_FILE_TMPDIR/lab" --listen 0.0.0.0:0
  [[ $output == *"no loopback"* ]]
  control --listen 0.0.0.0:0 --remote
  url=http://127.0.0.1:${url##*:} call 200 /list
  url=http://127.0.0.1:${url##*:} call 403 /list -H 'Host: evil.example'
  chmod 644 lab/run/control.token
  exits 78 ocsp-ca serve
  [[ $output == *"chmod 600"* ]]
  echo short >token
  chmod 600 token
  exits 76 ocsp-ca serve --token-file token
  if [ "$(id -u)" -eq 0 ]; then
    echo 0123456789abcdef0123456789abcdef >theirs
    chmod 600 theirs
    chown nobody theirs
    exits 78 ocsp-ca serve --token-file theirs
    [[ $output == *"belongs to somebody else"* ]]
  fi
  exits 72 ocsp-ca serve --dir "$T/none"
  chmod 600 lab/run/control.token
  exits 64 ocsp-ca serve --listen nonsense
  exits 64 ocsp-ca serve word
}

@test "a token of one's own" {
  umask 077
  echo my-very-own-token-0 >token
  control --token-file "$T/token"
  [ "$token" = my-very-own-token-0 ]
  call 200 /list
}

@test "junk, wrong types, wrong keys, files, giants" {
  control
  for body in '{' '[]' '"x"' '{"cert":1}' '{"cert":["www"]}' '{"certs":"www"}' \
    '{"certs":[]}' '{"certs":[1]}' '{"cert":"www","cert":"www"}' '{}' \
    '{"cert":"www","reason":"no-such"}' '{"cert":"www","reason":{}}' \
    '{"cert":"../../root.pem"}' '{"cert":"'"$T"'/lab/root.pem"}' '{"cert":""}' \
    '{"cert":"a\u0000b"}' '{"cert":"www","dir":"/"}' '{"cert":"www","from":"/etc/passwd"}' \
    '{"certs":[["www"]]}' "$(printf '[%.0s' $(seq 5000))"; do
    call 400 /revoke -d "$body"
    [ "$(said error.code)" = usage ]
  done
  call 404 /revoke -d '{"cert":"--help"}'
  call 404 /revoke -d '{"cert":"no-such"}'
  call 409 /issue -d '{"name":"www"}'
  call 404 /no-such-call
  call 404 /status/
  call 400 /status/%2e%2e%2froot.pem
  call 400 /status/%00
  call 400 /status/%zz
  call 405 /revoke
  call 405 /list -d '{}'
  call 405 /revoke -X DELETE
  # A value that looks like an option is a value.
  call 400 /revoke -d '{"cert":"www","reason":"--from"}'
  call 404 /revoke -d '{"cert":"www","ca":"--help"}'
  call 400 /issue -d '{"name":"--renew"}'
  call 400 /issue -d '{"name":"x","san":["--renew"],"days":"--help"}'
  call 400 /clock -d '{"set":"--help"}'
  head -c 5000000 /dev/zero | tr '\0' x >giant
  call 413 /revoke -d @giant -H 'Expect:'
  exits 0 ocsp-ca status www
  [ "$(ocsp-ca list --count)" = 2 ]
  # It is as it was.
  call 200 /revoke -d '{"cert":"www"}'
}

@test "thirty callers who never end their bodies keep nobody from his call" {
  control
  port=${url##*:} fds=()
  for _ in {1..30}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port"
    printf 'POST /revoke HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Length: 4000000\r\n\r\n{' \
      "$port" >&"$fd"
    fds+=("$fd")
  done
  call 200 /revoke -d '{"cert":"www"}'
  for fd in "${fds[@]}"; do
    exec {fd}>&-
  done
}

@test "the directory has gone: the server ends" {
  control
  rm -rf lab
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 72 ]
}
