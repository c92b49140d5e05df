#!/usr/bin/env bats
# shellcheck shell=bash
# The walls between the rooms: who may include what.

load ../e2e/helper

products=(common ca-tools responder stapler fixtures)

# all_includes : "FILE:HEADER" of every #include of the products.
all_includes() {
  cd "$OCSP_LAB_SOURCE" || return 1
  grep -rHoE --include='*.[ch]' '^# *include *[<"][^>"]+' "${products[@]}" |
    sed -E 's/# *include *[<"]//'
}

# none_but HEADER HOME... : every file that includes HEADER lives in one of the
# folders.
none_but() {
  local header=$1 homes
  shift
  homes=$(printf '%s|' "$@")
  strangers=$(all_includes | grep -E ":$header\$" |
    grep -vE "^(${homes%|})/" || true)
  if [ -n "$strangers" ]; then
    echo "$header belongs to: $*"
    echo "$strangers"
    return 1
  fi
}

@test "each library header has its one home" {
  none_but 'sqlite3\.h' common/cadb
  none_but 'microhttpd\.h' common/httpd
  none_but 'event2/http\.h' common/httpc stapler/web
  # An example shows how somebody else's client uses OpenSSL.
  none_but 'openssl/ocsp\.h' common/ocsp fixtures/examples
  none_but 'openssl/ssl\.h' stapler/tls stapler/check fixtures/examples
  none_but 'openssl/(x509v3|pem)\.h' common/pki
  none_but 'linux/landlock\.h' common/base
}

@test "JSON is the programs' affair" {
  none_but 'jansson\.h' ca-tools responder stapler fixtures/lab
}

# may_include ROOM PREFIX... : what ROOM includes with a folder in its name
# begins with one of the prefixes.
may_include() {
  local room=$1 allowed
  shift
  allowed=$(printf '%s|' "$@")
  cd "$OCSP_LAB_SOURCE" || return 1
  wrong=$(grep -rHE --include='*.[ch]' '^# *include *"[^"]*/' "$room" |
    grep -vE "\"(${allowed%|})/" || true)
  if [ -n "$wrong" ]; then
    echo "$room may include only: $*"
    echo "$wrong"
    return 1
  fi
}

@test "a room of common includes only what stands below it" {
  may_include common/base base
  may_include common/pki base pki
  may_include common/ocsp base pki ocsp
  may_include common/cadb base ocsp cadb
  may_include common/httpd base httpd
  may_include common/httpc base httpc
  may_include common/scenario base scenario
}

@test "a program includes common and itself, never another program" {
  local below=(base pki ocsp cadb httpd httpc scenario)
  may_include ca-tools "${below[@]}" ca-tools
  may_include responder "${below[@]}" responder
  may_include stapler "${below[@]}" stapler
  may_include fixtures "${below[@]}"
}

@test "the lab talks to the others only through the contract" {
  may_include fixtures/lab base httpc
}

@test "only the CA writes to the database" {
  none_but 'cadb/write\.h' ca-tools common/cadb
}

@test "no product links or includes the tests" {
  cd "$OCSP_LAB_SOURCE"
  run -1 grep -rnE --include='*.[ch]' --include=CMakeLists.txt \
    '(include.*"[./]*tests/|cmocka)' "${products[@]}"
}

@test "nothing under common prints, logs or ends the program" {
  cd "$OCSP_LAB_SOURCE"
  # base/log and base/cli are what programs do that with.
  run -1 bash -c "grep -rnE --include='*.c' \
    '\b(printf|fprintf|puts|perror|exit|_exit|abort|log_line)\(' common |
    grep -vE '^common/base/(log|cli)\.c:'"
}

@test "only programs read the clock" {
  cd "$OCSP_LAB_SOURCE"
  run -1 bash -c "grep -rnE --include='*.c' \
    '(labclock_now|gettimeofday|clock_gettime|[^a-z_]time)\((NULL|[a-z&])' \
    common stapler/staple responder/answer 2>/dev/null |
    grep -vE '^common/base/(clock|log)\.c:'"
}
