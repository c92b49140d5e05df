#!/usr/bin/env bats
# shellcheck shell=bash
# The two commands that a newcomer types.

load helper

# A clone in a path with a space.
clone() {
  mkdir "$T/a clone"
  (cd "$OCSP_LAB_SOURCE" && tar cf - --exclude=./build --exclude=./.git .) |
    tar xf - -C "$T/a clone"
}

@test "quickstart builds, installs, runs the demo and ends with the PATH line" {
  grep -q '^OCSP_LAB_SANITIZE:STRING=$' "$OCSP_LAB_BUILD/CMakeCache.txt" ||
    skip "once is enough: not with sanitizers"
  clone
  sh "a clone/fixtures/quickstart.sh" --no-packages --prefix "it's here" >out
  grep -E '^(sudo )?apt-get install .*libmicrohttpd-dev.* curl$' out
  grep 'agreed on every verdict' out
  [ ! -e "a clone/build/install" ]
  PATH=/usr/bin:/bin
  eval "$(tail -n 1 out)"
  cd /
  for program in ocsp-ca ocsp-responder ocsp-stapler ocsp-check ocsp-lab; do
    [ "$(command -v $program)" = "$T/it's here/bin/$program" ]
    exits 0 $program --version
    [[ $output == "$program "* ]]
    exits 0 $program --help
  done
  # The next thing that the README has a newcomer do.
  mkdir "$T/empty"
  cd "$T/empty"
  awk '/^```/ { inside = $0 == "```sh"; text = ""; next }
       inside { text = text $0 "\n" }
       /pytest -q test_mine.py/ { printf "%s", text; exit }' \
    "$T/a clone/README.md" >block
  grep -q '^cat >test_mine.py' block
  exits 0 sh -e block
  [[ $output == *"1 passed"* ]]
}

@test "wrong words to quickstart and run.sh exit 64, and --help helps" {
  for script in fixtures/quickstart.sh tests/run.sh; do
    exits 64 sh "$OCSP_LAB_SOURCE/$script" --nonsense
    [ "${#lines[@]}" -eq 1 ]
    exits 0 sh "$OCSP_LAB_SOURCE/$script" --help
    [[ $output == "usage: sh $script"* ]]
  done
}

@test "without root and sudo, the packages that are missing are one apt line" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to become nobody"
  cp -r "$OCSP_LAB_SOURCE/fixtures" .
  chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$T"
  sed -i 's/^packages_demo="/&no-such-package-there-is /' fixtures/packages.sh
  # No sudo on this PATH.
  mkdir bin
  for program in sh id dpkg-query grep printf sed dirname; do
    ln -s "$(command -v $program)" bin/
  done
  run -1 setpriv --reuid 65534 --regid 65534 --clear-groups \
    env PATH="$T/bin" sh fixtures/quickstart.sh
  [[ $output == *"sudo apt-get install -y --no-install-recommends no-such-package-there-is" ]]
}
