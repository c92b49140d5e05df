# shellcheck shell=bash
# For the tests with nginx and Varnish: `load proxies` after helper, responder.

# shellcheck disable=SC2034,SC2154 # serve sets pid and ready; tests use ours

PATH=$PATH:/usr/sbin:/sbin # where users without root do not look

# needs PROGRAM PACKAGE : else the test is skipped.
needs() {
  type -P "$1" >/dev/null || skip "no $1: apt-get install $2"
}

# nginx_runs CONF [WORD=VALUE]... : the ports it listens on are in ${ports[@]}.
nginx_runs() {
  local conf=$BATS_TEST_DIRNAME/proxies/$1
  shift
  rm -f nginx.out
  serve nginx /usr/bin/python3 "$BATS_TEST_DIRNAME/proxies.py" "$conf" "$@"
  mapfile -t ports < <(field ports <<<"$ready" | tr -d '[] ' | tr , '\n')
  nginx=$pid
}

# varnish_runs : its port is in ${ports[0]}.
varnish_runs() {
  sed "s/@port@/${url##*:}/" "$BATS_TEST_DIRNAME/proxies/cache.vcl" >cache.vcl
  varnishd -F -j none -n "$T/varnish" -a 127.0.0.1:0 -f "$T/cache.vcl" \
    -s malloc,8m -p vsl_space=1M -p thread_pool_min=5 >varnish.log 2>&1 3>&- &
  echo $! >>pids
  eventually varnish_listens
  ports=("$(awk '{ print $3 }' listens)")
}

varnish_listens() {
  varnishadm -n "$T/varnish" debug.listen_address 2>/dev/null |
    grep 127.0.0.1 >listens
}

# through N : get and post go by way of that port of the proxy.
through() {
  url=http://127.0.0.1:${ports[$1]}
}

# in_front nginx|varnish [OPTION of ocsp-responder]... : a responder for the
# certificate www, asked through that cache; q.der asks.
in_front() {
  local cache=$1
  shift
  respond "$@"
  responder=$pid
  case $cache in
  nginx) nginx_runs cache.conf "upstream=${url#http://}" ;;
  varnish) varnish_runs ;;
  esac
  through 0
  ask request "$C" "$I" >q.der
}

# cached WORD FILE : a GET for FILE is answered with that X-Cache.
cached() {
  get "$2"
  [ "$(header X-Cache)" = "$1" ]
}

# asked : how many requests the responder has seen.
asked() {
  curl -sS "$status_url/requests" | field last
}

# eventually CMD ARG... : again and again until it succeeds, 60 s at most.
eventually() {
  local end=$((SECONDS + 60))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || {
      echo "never: $*" >&2
      return 1
    }
  done
}
