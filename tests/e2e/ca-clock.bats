#!/usr/bin/env bats
# ocsp-ca clock: the time that all programs of the lab go by.

load helper

now() {
  ocsp-ca clock show --json | field now
}

@test "a frozen clock stands, at the instant given" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-05-06T07:08:09Z
  [ "$(now)" = 2030-05-06T07:08:09Z ]
  [ "$(ocsp-ca clock --json | field mode)" = frozen ]
}

@test "advance goes forth and, with a minus, back" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-01-01
  ocsp-ca clock advance 8d
  [ "$(now)" = 2030-01-09T00:00:00Z ]
  ocsp-ca clock advance -3h
  [ "$(now)" = 2030-01-08T21:00:00Z ]
  ocsp-ca clock advance +90s
  [ "$(now)" = 2030-01-08T21:01:30Z ]
  ocsp-ca clock set -1d
  [[ $(now) == 2030-01-07T21:01:3* ]]
}

@test "a clock that was set goes on from there, and real ends it" {
  ocsp-ca init --temporary
  ocsp-ca clock set 2031-01-01
  [[ $(now) == 2031-01-01T00:0* ]]
  [ "$(ocsp-ca clock --json | field mode)" = offset ]
  ocsp-ca clock real
  [ "$(ocsp-ca clock --json | field offset)" -eq 0 ]
}

@test "certificates are made at the lab's time" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-01-01
  [ "$(ocsp-ca issue www --json | field not_after)" = 2030-04-01T00:00:00Z ]
}

@test "each change of the clock is an event" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-01-01
  ocsp-ca events --json | tail -1 >event
  [ "$(field kind <event)" = clock ]
  [ "$(field at <event)" = 2030-01-01T00:00:00Z ]
}

@test "6 processes advance at once: none is lost" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-01-01
  pids=()
  for _ in 1 2 3 4 5 6; do
    ocsp-ca clock advance 1h &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid"
  done
  [ "$(now)" = 2030-01-01T06:00:00Z ]
}

@test "a lab made with --no-faults keeps the real time for ever" {
  ocsp-ca init --temporary --no-faults
  for change in 'advance 1h' 'set +1d' freeze real; do
    # shellcheck disable=SC2086 # two words
    exits 78 ocsp-ca clock $change
  done
  [ "$(ocsp-ca clock --json | field mode)" = real ]
}

@test "nonsense is refused and the clock stays" {
  ocsp-ca init --temporary
  ocsp-ca clock freeze 2030-01-01
  before=$(ocsp-ca events)
  exits 64 ocsp-ca clock sideways
  exits 64 ocsp-ca clock advance
  exits 64 ocsp-ca clock advance soon
  exits 64 ocsp-ca clock advance -999y
  exits 64 ocsp-ca clock set 2030-02-30
  exits 64 ocsp-ca clock freeze now later
  [ "$before" = "$(ocsp-ca events)" ]
  [ "$(now)" = 2030-01-01T00:00:00Z ]
}

@test "init --freeze: the clock stands from the beginning, and the CAs are as old" {
  ocsp-ca init --temporary --freeze 2030-05-06T07:08:09Z >/dev/null
  [ "$(now)" = 2030-05-06T07:08:09Z ]
  [ "$(ocsp-ca clock --json | field mode)" = frozen ]
  ocsp-ca issue www >/dev/null
  openssl x509 -in lab/root.pem -noout -startdate |
    grep -qx 'notBefore=May  5 07:08:09 2030 GMT'
  openssl x509 -in lab/certs/www/cert.pem -noout -startdate |
    grep -qx 'notBefore=May  6 06:08:09 2030 GMT'
  [[ $(ocsp-ca events | head -n 1) == *2030-05-06T07:08:09Z* ]]
  exits 64 ocsp-ca init --dir new --freeze 2030-05-06 --no-faults
  exits 64 ocsp-ca init --dir new --freeze someday
  exits 64 ocsp-ca init --dir new --freeze 9999-01-01
  [ ! -e new ]
}
