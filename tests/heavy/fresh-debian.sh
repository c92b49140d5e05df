#!/bin/sh
# sh tests/heavy/fresh-debian.sh bookworm|trixie [FOLDER]
#
# Both commands of the README in a base system of that Debian release, made in
# a temporary folder (or FOLDER): as root in a path with a space, then again as
# a user without root where the packages now are.  Needs root, mmdebstrap and a
# Debian mirror; says so and skips where it has not.
set -eu

say=fresh-debian
release=${1:?which release: bookworm or trixie?}
top=$(cd "$(dirname "$0")/../.." && pwd)

skip() {
  echo "$say: $release: skipped: $1"
  exit 0
}
[ "$(id -u)" -eq 0 ] || skip "not root"
command -v mmdebstrap >/dev/null || skip "no mmdebstrap"
command -v unshare >/dev/null || skip "no unshare"

work=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/fresh-debian.XXXXXX")
root=$work/root
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=apt --include=git,adduser "$release" "$root" ||
  skip "the base system could not be had"

# A clone, as a user has it.
clone="/srv/a clone"
mkdir -p "$root$clone"
(cd "$top" && git ls-files -z --cached --others --exclude-standard |
  tar cf - --null -T -) | tar xf - -C "$root$clone"
cp /etc/resolv.conf "$root/etc/resolv.conf"

# in_root COMMAND : in a mount name space of its own, which ends with it
in_root() {
  echo "$say: $release: $1"
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child sh -c '
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    exec chroot "$1" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      sh -c "$2"' sh "$root" "$1"
}

in_root "cd / && sh '$clone/fixtures/quickstart.sh'"
in_root "cd / && sh '$clone/tests/run.sh'"
in_root "adduser --quiet --disabled-password --gecos '' student &&
  cp -r '$clone' '/home/student/my clone' &&
  rm -rf '/home/student/my clone/build' &&
  chown -R student: '/home/student/my clone'"
for again in first second; do
  echo "$say: $release: without root, $again time"
  in_root "su student -c \"sh '/home/student/my clone/fixtures/quickstart.sh'\""
  in_root "su student -c \"sh '/home/student/my clone/tests/run.sh'\""
done
echo "$say: $release: passed"
