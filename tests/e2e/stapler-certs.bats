#!/usr/bin/env bats
# shellcheck shell=bash
# Where ocsp-stapler takes its certificates from, and what it says of bad ones.

# shellcheck disable=SC2154 # set by the helpers

load helper
load stapler

@test "a certificate issued meanwhile is served at once" {
  lab
  responder
  stapler
  for name in a b c d e; do
    ocsp-ca issue $name >/dev/null
    staple -servername $name
    [[ $output =~ "subject=CN"\ ?=\ ?"$name" ]]
  done
  eventually stapled good -servername e
}

@test "an empty lab is served as soon as it has a certificate" {
  ocsp-ca init >/dev/null
  stapler
  grep -q "no certificate in" stapler.log
  staple -servername www
  [[ $output == *"unrecognized name"* ]]
  ocsp-ca issue www >/dev/null
  staple -servername www
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
}

@test "a certificate taken from disk is not served any more" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  stapler
  rm -r "$OCSP_LAB_DIR/certs/api"
  curl -sS -X POST "$status_url/reload" >answer.json
  [ "$(field certificates.1 <answer.json)" = "" ]
  staple -servername api
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
}

@test "a replaced certificate is served once it has a staple" {
  lab
  ocsp-ca issue new --san www,localhost >/dev/null
  responder
  stapler www
  old=$(row www serial)
  for file in key cert chain fullchain; do
    cp -p "$OCSP_LAB_DIR/certs/new/$file.pem" "$OCSP_LAB_DIR/certs/www/"
  done
  curl -sS -X POST "$status_url/reload" >answer.json
  [ "$(field certificates.0.serial <answer.json)" != "$old" ]
  [ "$(field certificates.0.state <answer.json)" = good ]
  stapled good
  [[ $output =~ "subject=CN"\ ?=\ ?"new" ]]
}

@test "a replacement that can't be read leaves the old one" {
  lab
  responder
  stapler
  echo nonsense >"$OCSP_LAB_DIR/certs/www/fullchain.pem"
  kill -HUP "$stapler"
  eventually grep -q 'still serving the one from before' stapler.log
  stapled good
  [[ $(row www last_error) == *fullchain.pem* ]]
}

@test "pairs of files are served, named after the files" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  certs=$OCSP_LAB_DIR/certs
  cp "$certs/api/fullchain.pem" shop.pem
  stapler --cert "$certs/www/fullchain.pem" --key "$certs/www/key.pem" \
    --cert shop.pem --key "$certs/api/key.pem"
  stapled good -servername www
  stapled good -servername api
  [ "$(row shop state)" = good ]
  # Not the lab's: nothing is stored there.
  [ ! -e "$OCSP_LAB_DIR/staples" ]
}

@test "a folder is served like the lab's, with a store of its own" {
  lab
  responder
  cp -r "$OCSP_LAB_DIR/certs" folder
  chmod 644 folder/www/key.pem
  stapler --certs folder --store kept
  stapled good -servername www
  grep -q 'others can read this key' stapler.log
  eventually ls kept/*.der
}

@test "a folder may have certbot's names, or pairs side by side" {
  lab
  ocsp-ca issue api >/dev/null
  ocsp-ca issue shop >/dev/null
  responder
  certs=$OCSP_LAB_DIR/certs
  # As certbot has it: links to an archive; and what is no certificate.
  mkdir -p le/live/www le/archive/www
  cp "$certs/www/fullchain.pem" le/archive/www/fullchain1.pem
  cp -p "$certs/www/key.pem" le/archive/www/privkey1.pem
  ln -s ../../archive/www/fullchain1.pem le/live/www/fullchain.pem
  ln -s ../../archive/www/privkey1.pem le/live/www/privkey.pem
  echo "about this folder" >le/live/README
  mkdir le/live/empty
  cp "$certs/api/fullchain.pem" le/live/api.pem
  cp "$certs/shop/fullchain.pem" le/live/shop.crt
  cp -p "$certs/api/key.pem" le/live/api.key
  cp -p "$certs/shop/key.pem" le/live/shop.key
  stapler --certs le/live
  for name in www api shop; do
    stapled good -servername $name
    [[ $output =~ "subject=CN"\ ?=\ ?"$name" ]]
  done
  [ "$(curl -sS "$status_url/" | field certificates.3)" = "" ]
  run -1 grep README stapler.log
}

serial_is() {
  [ "$(row "$1" serial)" = "$2" ]
}

@test "a file that is replaced is noticed, wherever it is" {
  lab
  ocsp-ca issue new --san www,localhost >/dev/null
  new=$(ocsp-ca show new --json | field serial)
  responder
  certs=$OCSP_LAB_DIR/certs
  mkdir -p pairs folder/www link
  cp -p "$certs/www/fullchain.pem" pairs/www.pem
  cp -p "$certs/www/key.pem" pairs/www.key
  cp -p "$certs/www/"{fullchain,key}.pem folder/www
  # By --cert: written over in place.
  stapler --cert pairs/www.pem --key pairs/www.key
  cp "$certs/new/key.pem" pairs/www.key
  cp "$certs/new/fullchain.pem" pairs/www.pem
  eventually serial_is www "$new"
  stapled good
  halt "$stapler"
  # In a subfolder: renamed over.
  stapler --certs folder
  cp -p "$certs/new/"{fullchain,key}.pem link
  mv link/key.pem link/fullchain.pem folder/www
  eventually serial_is www "$new"
  stapled good
  # A key that comes after its certificate, under its other name.
  mkdir folder/late
  cp "$certs/new/fullchain.pem" folder/late
  eventually grep -q 'cert=late why=' stapler.log
  cp -p "$certs/new/key.pem" folder/late/privkey.pem
  eventually serial_is late "$new"
}

@test "without an issuer or a URL it serves, and says what is missing" {
  lab
  ocsp-ca issue lone --no-ocsp-url >/dev/null
  responder
  cp "$OCSP_LAB_DIR/certs/www/cert.pem" "$OCSP_LAB_DIR/certs/www/key.pem" .
  stapler --dir nowhere --cert cert.pem --key key.pem
  stapled none
  [[ $(curl -sS "$status_url/" | field certificates.0.last_error) == *--issuer* ]]
  halt "$stapler"
  stapler --dir nowhere --cert cert.pem --key key.pem \
    --issuer "$OCSP_LAB_DIR/root.pem"
  stapled good
  halt "$stapler"
  stapler lone
  stapled none
  [[ $(row lone last_error) == *--responder* ]]
  halt "$stapler"
  stapler lone --responder "$(openssl x509 -noout -ocsp_uri -in cert.pem)"
  stapled good
}

@test "a chain that was mended is taken at SIGHUP, with the same certificate" {
  lab
  responder
  cp "$OCSP_LAB_DIR/certs/www/key.pem" .
  cp "$OCSP_LAB_DIR/certs/www/cert.pem" full.pem
  stapler --dir nowhere --cert full.pem --key key.pem
  stapled none
  cat "$OCSP_LAB_DIR/root.pem" >>full.pem
  kill -HUP "$stapler"
  eventually stapled good
}

@test "what can't be served gets one clear line and its exit code" {
  exits 72 ocsp-stapler
  [[ $output == *"ocsp-ca init"* ]]
  lab
  exits 72 ocsp-stapler nobody
  [[ $output == *"ocsp-ca issue nobody"* ]]
  certs=$OCSP_LAB_DIR/certs
  ocsp-ca issue api >/dev/null
  exits 78 ocsp-stapler --cert "$certs/www/fullchain.pem" \
    --key "$certs/api/key.pem"
  [[ $output == *api/key.pem* ]]
  chmod 644 "$certs/www/key.pem"
  exits 78 ocsp-stapler www
  [[ $output == *"key.pem"* ]]
  [ "${#lines[@]}" -eq 1 ]
  exits 72 ocsp-stapler --cert none.pem --key none.key
  exits 76 ocsp-stapler --cert "$certs/www/key.pem" --key "$certs/www/key.pem"
  [ "${#lines[@]}" -eq 1 ]
  exits 72 ocsp-stapler --certs none
  exits 72 ocsp-stapler api --ca none.pem
  exits 64 ocsp-stapler api --default www
  [[ $output == *"--default www"* ]]
}

@test "an expired certificate is served last, and named in the log" {
  lab
  ocsp-ca issue old --not-before -10d --not-after -1d >/dev/null
  responder
  stapler
  grep -q 'cert=old why="it expired at ' stapler.log
  stapled good -noservername
  [[ $output =~ "subject=CN"\ ?=\ ?"www" ]]
}

@test "--default may name one that is still to come" {
  lab
  responder
  stapler --default api
  grep -q 'default api: no such certificate yet' stapler.log
  ocsp-ca issue api >/dev/null
  curl -sS -X POST "$status_url/reload" >/dev/null
  staple -noservername
  [[ $output =~ "subject=CN"\ ?=\ ?"api" ]]
}

@test "one bad certificate of many does not keep the others from being served" {
  lab
  ocsp-ca issue api >/dev/null
  responder
  chmod 644 "$OCSP_LAB_DIR/certs/api/key.pem"
  stapler
  stapled good -servername www
  [[ $(row api last_error) == *key.pem* ]]
  [ "$(row api state)" = none ]
  [ "$(row api served)" = 0 ]
  chmod 600 "$OCSP_LAB_DIR/certs/api/key.pem"
  kill -HUP "$stapler"
  eventually stapled good -servername api
  [[ $output =~ "subject=CN"\ ?=\ ?"api" ]]
}

@test "what it may not read or write is named, as a user without root" {
  drop=()
  if [ "$(id -u)" = 0 ]; then
    drop=(setpriv --bounding-set '-dac_override,-dac_read_search' --inh-caps -all)
  fi
  lab
  responder
  chmod 0 "$OCSP_LAB_DIR/certs/www/key.pem"
  exits 74 "${drop[@]}" ocsp-stapler www
  [[ $output == *www/key.pem* ]]
  chmod 600 "$OCSP_LAB_DIR/certs/www/key.pem"
  chmod 0 "$OCSP_LAB_DIR/certs"
  exits 74 "${drop[@]}" ocsp-stapler
  [[ $output == *lab/certs* ]]
  chmod 755 "$OCSP_LAB_DIR/certs"
  exits 72 ocsp-stapler --log nowhere/log
  exits 72 ocsp-stapler --ready-file nowhere/ready
  run -74 bash -c 'ocsp-stapler >/dev/full'
  mkdir -m 500 shut
  serve stapler "${drop[@]}" ocsp-stapler --store shut
  eventually grep -q 'store cert=www why=.*shut' stapler.log
}
