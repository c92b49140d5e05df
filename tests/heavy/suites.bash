# shellcheck shell=bash
# For the tests that run other people's suites: `load suites` after helper.
# Their sources come from Debian when the test runs, and go with it.

compat=$BATS_TEST_DIRNAME/../../fixtures/compat

# needs PROGRAM PACKAGE : else the test is skipped.
needs() {
  type -P "$1" >/dev/null || skip "no $1: apt-get install $2"
}

# apt_private : apt with the mirrors that this machine has, and their sources,
# but nothing of it outside of $T.
apt_private() {
  mkdir -p "$T/apt/lists/partial" "$T/apt/cache/archives/partial"
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Origin: Debian' \
    'Created-By: Packages' 'Component: main' 2>/dev/null | sort -u |
    while read -r uri release; do
      echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "$uri $release main"
    done >"$T/apt/sources.list"
  [ -s "$T/apt/sources.list" ] || skip "apt knows no mirror of Debian"
  cat >"$T/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$T/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$T/apt/lists";
Dir::Cache "$T/apt/cache";
APT::Sandbox::User "root";
Acquire::Retries "2";
CONF
  export APT_CONFIG=$T/apt/apt.conf
  timeout 120 apt-get update >apt.log 2>&1 || skip "no sources from Debian"
}

# sources PACKAGE [PATTERN]... : $T/PACKAGE, or those files of it; $version.
sources() {
  local package=$1
  shift
  needs apt-get apt
  apt_private
  mkdir -p "$T/fetched"
  (cd "$T/fetched" && timeout 200 apt-get source --download-only "$package") \
    >>apt.log 2>&1 || skip "no source package $package"
  version=$(sed -n 's/^Version: //p' "$T/fetched"/*.dsc | head -n 1)
  mkdir "$T/$package"
  tar -xf "$T/fetched/$package"_*.orig.tar.[gx]z -C "$T/$package" \
    --strip-components 1 ${1:+--wildcards} "$@"
  rm -r "$T/fetched" "$T/apt"
}

# shim WHICH [VERSION] : a folder for PATH, in which openssl is the real one or
# ours, counts the responders that it is started as, and says that VERSION.
shim() {
  mkdir -p "$T/shim.$1"
  OPENSSL_REAL=$(type -P openssl)
  export OPENSSL_REAL
  local next=$OPENSSL_REAL
  [ "$1" = real ] || next=$compat/openssl
  cat >"$T/shim.$1/openssl" <<SHIM
#!/bin/sh
if [ "\${1-}" = version ] && [ -n '${2-}' ]; then
  echo 'OpenSSL ${2-}'
  exit 0
fi
case " \$* " in
*" -index "*) echo "\$*" >>'$T/started.$1' ;;
esac
exec '$next' "\$@"
SHIM
  chmod +x "$T/shim.$1/openssl"
}

# passes WHICH CMD... : three tries, for either: their suites wait a tenth of a
# second here and a second there, and then give up.
passes() {
  local which=$1 try
  shift
  for try in 1 2 3; do
    if PATH=$T/shim.$which:$PATH timeout 300 "$@" "$which" >"log.$which" 2>&1 3>&-; then
      return 0
    fi
    echo "# $BATS_TEST_DESCRIPTION: $which: try $try failed" >&3
  done
  tail -n 60 "log.$which"
  return 1
}

# both CMD... : runs it with either; with the real one it must have passed for
# ours to be judged.  What CMD says of each test is in said.real and said.ours.
both() {
  export T
  shim real "${shim_version-}"
  passes real "$@" || skip "does not pass here with openssl itself"
  shim ours "${shim_version-}"
  passes ours "$@"
  diff said.real said.ours
  [ -s said.ours ]
  [ -s started.ours ]
  echo "# $BATS_TEST_DESCRIPTION: $version: $(wc -l <said.ours) tests," \
    "$(wc -l <started.ours) responders" >&3
}
