#!/usr/bin/env bats
# shellcheck shell=bash
# What ocsp-stapler gives up before it serves, and that it staples all the
# same: see CONFINEMENT in its manual page.

# shellcheck disable=SC2154,SC2034 # set by the helpers, for them

load helper
load stapler

needs_landlock() {
  grep -qs 'jail=landlock' "$T"/*log "$T"/logs/* || skip "no Landlock in this build or kernel"
}

# inside NAME : what came of that attempt.
inside() {
  sed -n "s/^inside $1 //p" stapler.log
}

# probe [OPTION]... : a stapler that tries what it can do.
probe() {
  cc -shared -fPIC -D_GNU_SOURCE -DINSIDE_EPOLL -w -o inside.so \
    "$OCSP_LAB_SOURCE/tests/e2e/inside.c" || skip "no compiler here"
  # A preloaded library before the address sanitizer is what we want.
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
  mkdir given-up logs
  echo x | tee given-up/file >logs/other
  serve stapler env "LD_PRELOAD=$T/inside.so" "INSIDE=$T/given-up" \
    "INSIDE_LOG=$T/logs" ocsp-stapler "$@"
  stapler=$pid
  port=$(field url <<<"$ready" | sed 's/.*://')
  status_url=$(field status_url <<<"$ready")
}

@test "every thread is without new privileges, and there is no core" {
  lab
  responder
  ulimit -S -c 1
  stapler
  needs_landlock
  eventually test -s "$(echo "$OCSP_LAB_DIR"/staples/*.der)"
  [ "$(find /proc/"$stapler"/task -maxdepth 1 | wc -l)" -ge 3 ]
  run grep -L 'NoNewPrivs:[[:space:]]*1' /proc/"$stapler"/task/*/status
  [ -z "$output" ]
  grep -q '^Max core file size *0 *0 ' /proc/"$stapler"/limits
}

@test "tried from inside: no CA, no file outside, no program, no listening" {
  lab
  responder
  probe --log logs/log
  grep -q 'jail=landlock' logs/log || skip "no Landlock in this build or kernel"
  for denied in read-outside write-outside make-outside write-lab make-lab \
    remove-lab read-lab read-ca write-key make-cert read-log remove-log \
    program; do
    [ "$(inside "$denied")" = EACCES ] || { echo "$denied"; false; }
  done
  for allowed in read-key make-staple make-log; do
    [ "$(inside "$allowed")" = "done" ] || { echo "$allowed"; false; }
  done
  # Responders are asked, by all means.
  [ "$(inside connect)" = ECONNREFUSED ]
  abi=$(sed -n 's/^inside landlock \([0-9]*\) core 0$/\1/p' stapler.log)
  # Linux 6.7 and 6.12.
  [ "$abi" -lt 4 ] || [ "$(inside bind)" = EACCES ]
  [ "$abi" -lt 6 ] || [ "$(inside signal)" = EPERM ]
  stapled good
}

@test "the same attempts with --no-jail: nothing was given up" {
  lab
  cp lab/root.pem root.pem
  responder
  mkdir "$OCSP_LAB_DIR/staples"
  probe --log logs/log --no-jail
  grep -q 'jail=off' logs/log
  for allowed in read-outside write-outside make-outside write-lab make-lab \
    remove-lab read-lab read-ca write-key make-cert read-key make-staple \
    make-log read-log remove-log program bind signal; do
    [ "$(inside "$allowed")" = "done" ] || { echo "$allowed"; false; }
  done
}

@test "new certificates, renewed ones, a rotated log and a restart" {
  lab
  responder
  mkdir logs
  stapler --log logs/log --ready-file ready.json
  needs_landlock
  ocsp-ca issue api >/dev/null
  eventually stapled good -servername api
  old=$(row www serial)
  ocsp-ca issue www --renew >/dev/null
  curl -sS -X POST "$status_url/reload" >/dev/null
  [ "$(row www serial)" != "$old" ]
  stapled good -servername www
  mv logs/log logs/log.1
  kill -HUP "$stapler"
  eventually grep -q 'SIGHUP' logs/log
  halt "$stapler"
  plan 503
  stapler --log logs/log
  stapled good -servername www
  stapled good -servername api
}

@test "certbot's links lead out of the folder, and are renewed there" {
  lab
  ocsp-ca issue new --san www,localhost >/dev/null
  new=$(ocsp-ca show new --json | field serial)
  responder
  certs=$OCSP_LAB_DIR/certs
  mkdir -p le/live/www le/archive/www elsewhere
  for i in 1:www 2:new; do
    cp "$certs/${i#*:}/fullchain.pem" "le/archive/www/fullchain${i%:*}.pem"
    cp -p "$certs/${i#*:}/key.pem" "le/archive/www/privkey${i%:*}.pem"
  done
  ln -s ../../archive/www/fullchain1.pem le/live/www/fullchain.pem
  ln -s ../../archive/www/privkey1.pem le/live/www/privkey.pem
  stapler --certs le/live
  needs_landlock
  for file in privkey fullchain; do
    ln -s "../../archive/www/${file}2.pem" le/live/www/next
    mv -T le/live/www/next "le/live/www/$file.pem"
  done
  renewed() { [ "$(row www serial)" = "$new" ]; }
  eventually renewed
  stapled good
  # Out of reach: said, and the one from before is served.
  cp "$certs/www/fullchain.pem" elsewhere
  ln -s "$T/elsewhere/fullchain.pem" le/live/www/next
  mv -T le/live/www/next le/live/www/fullchain.pem
  eventually grep -q 'fullchain.pem: Permission denied.*still serving' stapler.log
  stapled good
}

@test "a trusted responder's successor is read from the lab" {
  ocsp-ca init --signer trusted >/dev/null
  ocsp-ca issue www >/dev/null
  serve ocsp-responder ocsp-responder
  stapler
  needs_landlock
  [ "$(row www state)" = good ]
  ocsp-ca signer rotate >/dev/null
  refresh >/dev/null
  [ "$(row www failures)" = 0 ]
}

@test "the unit file: systemd can read it, and its command line works" {
  unit=$OCSP_LAB_BUILD/stapler/ocsp-stapler.service
  sed "s|^ExecStart=[^ ]*/|ExecStart=$OCSP_LAB_BIN/|" "$unit" >ocsp-stapler.service
  grep -q "^ExecStart=$OCSP_LAB_BIN/ocsp-stapler " ocsp-stapler.service
  lab
  responder
  cp -r "$OCSP_LAB_DIR/certs" folder
  command=$(sed -n '/^ExecStart=/,/[^\\]$/p' ocsp-stapler.service |
    sed 's/^ExecStart=//; s/\\$//; s|/etc/ocsp-stapler/certs|folder|;
      s|/var/lib/ocsp-stapler|kept|; s/0\.0\.0\.0:443/127.0.0.1:0/; s/:9443/:0/' |
    tr '\n' ' ')
  read -ra words <<<"$command"
  serve stapler "${words[@]}"
  port=$(field url <<<"$ready" | sed 's/.*://')
  stapled good
  # shellcheck disable=SC2230
  if ! which systemd-analyze; then skip "no systemd-analyze here"; fi
  systemd-analyze verify --man=no ./ocsp-stapler.service 2>&1 | tee said
  [ ! -s said ]
}
