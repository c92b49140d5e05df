#!/usr/bin/env bats
# shellcheck shell=bash
# many-labs.sh in full.  Run by `sh tests/run.sh --all`.

load ../e2e/helper

many() {
  sh "$BATS_TEST_DIRNAME/many-labs.sh" --dir "$T" "$@"
}

@test "50 labs at once and 500 runs of the examples: none fails, nothing is left" {
  many --labs 50 --runs 500
}

@test "a lab that does not go is seen, and what fails, too" {
  mkdir bin
  cat >bin/ocsp-lab <<END
#!/bin/sh
case \$1 in
up) shift; exec '$OCSP_LAB_BIN/ocsp-lab' up --owner none "\$@" ;;
down) exit 0 ;;
esac
exec '$OCSP_LAB_BIN/ocsp-lab' "\$@"
END
  chmod +x bin/ocsp-lab
  OCSP_LAB_BIN=$T/bin:$OCSP_LAB_BIN exits 1 many --labs 1 --runs 0
  [[ $output == *"labs: 1 of 1 up at once"*" 0 failed"* ]]
  [[ $output == *"running: "*" ocsp-responder "* ]]
  [[ $output == *"on disk: ocsp-lab."* ]]
  printf '#!/bin/sh\nexit 75\n' >bin/ocsp-lab
  OCSP_LAB_BIN=$T/bin:$OCSP_LAB_BIN exits 1 many --labs 1 --runs 2 --only sh
  [[ $output == *"examples: 2 runs (sh 2), 10 at once; 2 failed"* ]]
}
