#!/bin/bash
# Long runs of the fuzz targets, each bounded, and a table of what came of
# them.
set -eu

say=fuzz.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=1200
jobs=2
targets=

usage() {
  cat <<USAGE
usage: bash tests/heavy/fuzz.sh [--seconds N] [--jobs N] [TARGET...]

Builds the fuzz preset and runs the targets (all without a name), each for
N seconds (1200), N of them at once (2), and prints a table: executions, of
how many seconds of CPU time, edges covered (at the start, by the seeds and
what earlier runs have kept; at the end), features, inputs kept, findings.

What is kept is in build/fuzz/kept/TARGET, where the next run goes on; logs
and findings are in build/fuzz/long.  Exits 1 if there are findings.
USAGE
}

while [ $# -gt 0 ]; do
  case $1 in
  --seconds) seconds=$2 && shift 2 ;;
  --jobs) jobs=$2 && shift 2 ;;
  --help) usage && exit 0 ;;
  -*)
    echo "$say: '$1' is not expected: see --help" >&2
    exit 64
    ;;
  *) targets="$targets $1" && shift ;;
  esac
done

fuzz=$top/build/fuzz
seeds=$top/tests/fuzz/seeds
long=$fuzz/long

# run TARGET : leaves long/TARGET.log, and findings beside it.
run() {
  local target=$1 options=()
  mkdir -p "$fuzz/kept/$target" "$long/$target.tmp"
  rm -f "$long/$target".found-*
  case $target in
  path | serve | text | httpc) ;;
  *) options+=("-dict=$top/tests/fuzz/ocsp.dict") ;;
  esac
  # The responder remembers requests: see tests/fuzz/CMakeLists.txt.
  case $target in
  answer | serve) options+=(-detect_leaks=0) ;;
  esac
  TIMEFORMAT='cpu %U %S'
  {
    time TMPDIR=$long/$target.tmp nice -n 19 "$fuzz/fuzz/fuzz_$target" \
      -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 \
      -print_final_stats=1 -artifact_prefix="$long/$target.found-" \
      "${options[@]}" "$fuzz/kept/$target" "$seeds/$target" || true
  } >"$long/$target.log" 2>&1
  rm -rf "$long/$target.tmp"
}

# row TARGET FINDINGS
row() {
  awk -v target="$1" -v findings="$2" '
    function after(name, i) {
      for (i = 1; i < NF; i++) if ($i == name) return $(i + 1)
      return ""
    }
    /INITED/ { start = after("cov:") }
    /^#[0-9]+/ {
      runs = substr($1, 2)
      if (after("cov:") != "") { cov = after("cov:"); ft = after("ft:") }
      if (after("corp:") != "") corpus = after("corp:")
    }
    /^stat::number_of_executed_units/ { runs = $2 }
    /^cpu / { cpu = $2 + $3 }
    END {
      sub("/.*", "", corpus)
      printf "%-9s %11d %7d %8d %7s %7s %8s %7s %8d\n", target, runs, cpu,
        (cpu > 0 ? runs / cpu : 0), start, cov, ft, corpus, findings
    }' "$long/$1.log"
}

mkdir -p "$long"
if ! { cd "$top" && cmake --preset fuzz &&
  cmake --build build/fuzz -j "$(nproc)" --target fuzz; } \
  >"$long/build.log" 2>&1; then
  tail -n 40 "$long/build.log" >&2
  exit 70
fi
if [ -z "$targets" ]; then
  targets=$(cd "$seeds" && printf '%s\n' ./*/ | sed 's,[./],,g' |
    grep -vx control)
fi
for target in $targets; do
  if [ ! -x "$fuzz/fuzz/fuzz_$target" ]; then
    echo "$say: there is no target $target" >&2
    exit 64
  fi
done

running=0
for target in $targets; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n
    running=$((running - 1))
  fi
  run "$target" &
  running=$((running + 1))
done
wait

printf '%-9s %11s %7s %8s %7s %7s %8s %7s %8s\n' target executions cpu-s \
  per-cpu-s edges-0 edges features kept findings
found=0
for target in $targets; do
  findings=$(find "$long" -name "$target.found-*" | wc -l)
  row "$target" "$findings"
  found=$((found + findings))
done
[ $found -eq 0 ]
