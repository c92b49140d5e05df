# shellcheck shell=bash
# For conform-*.bats: `load conform` after `load helper` and `load responder`.
# One lab and one responder serve all tests of a file; its clock stands still,
# so that an answer is the same a second later.

export PYTHONDONTWRITEBYTECODE=1

# begin [OPTION of ocsp-responder]... : in setup_file.  The lab has the
# certificates www, two, three (good), gone (revoked: keyCompromise), lost
# (revoked without a reason) and held of CA root, and far of another root.
begin() {
  T=$BATS_FILE_TMPDIR
  cd "$T" || return 1
  export OCSP_LAB_DIR=$T/lab
  ocsp-ca init --temporary >/dev/null
  ocsp-ca add-ca other --root >/dev/null
  ocsp-ca issue www two three gone lost held --ca root >/dev/null
  ocsp-ca issue far --ca other >/dev/null
  ocsp-ca revoke gone --reason keyCompromise \
    --revocation-date 2026-01-02T03:04:05Z >/dev/null
  ocsp-ca revoke lost >/dev/null
  ocsp-ca hold held >/dev/null
  ocsp-ca clock freeze >/dev/null
  : >pids
  respond "$@"
  export url status_url server_pid=$pid
}

# In teardown_file.
end() {
  kill "$server_pid"
}

# Instead of the helper's: the lab is the file's.
setup() {
  T=$BATS_TEST_TMPDIR
  cd "$T" || return 1
  export OCSP_LAB_DIR=$BATS_FILE_TMPDIR/lab
  export TMPDIR=$T/tmp
  mkdir "$TMPDIR"
  : >"$T/pids"
}

# own_lab [OPTION of ocsp-ca init]... : for this test alone, without a
# responder.
own_lab() {
  export OCSP_LAB_DIR=$T/lab
  lab "$@"
}

# conform [ARG]... : runs the Python program on standard input with all of
# conform.py.
conform() {
  {
    echo 'from conform import *'
    cat
  } >prog.py
  PYTHONPATH=$BATS_TEST_DIRNAME /usr/bin/python3 prog.py "$@"
}

# clean_answers LEAST : openssl reads every answer that the tests of this file
# got, and there are so many at least, and writes it again as it was; no errors
# but those of RFC 6960.  conform.py has judged them one by one.
clean_answers() {
  local der n=0
  for der in "$BATS_FILE_TMPDIR"/answers/*.der; do
    n=$((n + 1))
    if [ "$(stat -c %s "$der")" -eq 5 ]; then
      [[ $(od -An -tx1 "$der" | tr -d ' ') =~ ^30030a010[12356]$ ]]
    else
      openssl ocsp -respin "$der" -noverify -respout again.der
      cmp "$der" again.der
    fi
  done
  [ "$n" -ge "$1" ] || {
    echo "only $n answers" >&2
    return 1
  }
}

# behind_nginx SERVER HTTP PATH : nginx in front of the responder, on the socket
# file $front, with these lines in its blocks of that name, and this path behind
# the URL of proxy_pass.
behind_nginx() {
  front=$T/front
  rm -rf "$front" ngx
  mkdir ngx
  cat >nginx.conf <<NGINX
daemon off; master_process off; pid $T/ngx/pid; error_log $T/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $T/ngx/body; proxy_temp_path $T/ngx/proxy;
  fastcgi_temp_path $T/ngx/f; uwsgi_temp_path $T/ngx/u; scgi_temp_path $T/ngx/s;
  ${2:-}
  server {
    listen unix:$front;
    $1
    location / { proxy_pass $url${3:-}; }
  }
}
NGINX
  nginx -p "$T/ngx" -c "$T/nginx.conf" -e "$T/nginx.log" 2>/dev/null 3>&- &
  echo $! >>"$T/pids"
  until [ -S "$front" ]; do kill -0 $!; done
}
