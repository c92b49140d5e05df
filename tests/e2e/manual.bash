# shellcheck shell=bash
# What the tests of all manual pages do with the page in $PAGE.

# part TITLE : that section of the page.
part() {
  awk -v want="$1" '/^\.SH/ { in_it = $0 == ".SH " want } in_it' "$PAGE" |
    sed 's/\\-/-/g; s/\\f[A-Z]/ /g'
}

# options : those that are named in what comes in.
options() {
  grep -oE -- '--[a-z][a-z0-9.-]*[a-z0-9]' | sort -u
}

# has_all_choices PROGRAM LEAST : each option of --help that has words to choose
# from, LEAST of them at least, has an entry with all of them.
has_all_choices() {
  part OPTIONS | tr -d '"' | grep '^\.B' >entries
  "$1" --help | grep -oE -- '--[a-z-]+ [a-z0-9]+(\|[a-z0-9-]+)+' >choices
  [ "$(wc -l <choices)" -ge "$2" ]
  while read -r option values; do
    for value in ${values//|/ }; do
      grep -e "$option" entries | grep -q "\b$value\b" || {
        echo "$option: no $value"
        return 1
      }
    done
  done <choices
}

# reads_well TITLE... : mandoc and groff have nothing to say, and the sections
# are all there.
reads_well() {
  command -v mandoc >/dev/null || skip "needs mandoc"
  [ -z "$(mandoc -T lint -W style "$PAGE" | tee lint)" ] || {
    cat lint
    return 1
  }
  for title; do
    mandoc -T utf8 "$PAGE" | col -b | grep -qx "$title"
  done
  command -v groff >/dev/null || skip "mandoc only: groff is not here"
  [ -z "$(groff -man -Tutf8 -ww -z "$PAGE" 2>&1)" ]
}

# examples : all of them, one after the other, as a script.
examples() {
  part EXAMPLES | awk '/^\.R[SE]/ { next } /^\.nf/ { on = 1; next }
    /^\.fi/ { on = 0 } on' | sed 's/\\e/\\/g'
}

# examples_work CLEANUP : what they print is in the file `said`.  CLEANUP is run
# whatever fails.
examples_work() {
  unset OCSP_LAB_DIR
  {
    echo "trap '$1 2>/dev/null || true' EXIT"
    examples
  } >script
  bash -e script >said 2>&1 3>&- || {
    cat script said
    return 1
  }
}

# installs_page ROOM : where man looks.
installs_page() {
  cmake -DCMAKE_INSTALL_PREFIX="$T/to" -DCMAKE_INSTALL_LOCAL_ONLY=1 \
    -P "$OCSP_LAB_BUILD/$1/cmake_install.cmake" >log 2>&1 || {
    cat log
    return 1
  }
  cmp "$T/to/share/man/man1/${PAGE##*/}" "$PAGE"
}
