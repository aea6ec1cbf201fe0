#!/bin/sh
# Counts instructions with callgrind, a line a subject; compares them with benches/instructions.txt, and fails if any is
# off by more than 2 %. With `--write` it writes that file. What it cannot count, it says, and exits with 3.
#
# Each figure is the difference of two runs of `benches/fleet.rs --count`, that with the subject and that without.
set -eu
cd "$(dirname "$0")/.."
pods=500

cannot() {
  printf '!!! NOT COUNTED: %s\n' "$*" >&2
  exit 3
}

command -v valgrind >/dev/null || cannot 'valgrind cannot be had on this machine'
[ "$(uname -m)" = x86_64 ] || cannot "the counts are those of x86_64, and this is $(uname -m)"

bench=$(cargo build --quiet --locked --release --features sim --bench fleet --message-format=json |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$bench" ] || cannot 'the benchmark was not built'

count() {
  counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --count "$1" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
  [ -n "$counted" ] || cannot "valgrind said nothing of $1"
  echo "$counted"
}

out=$(mktemp)
trap 'rm -f "$out"' EXIT
empty=$(count nothing)
start=$(count start)
probes=$(count probes)
failing=$(count start-of-failing)
verdicts=$(count verdicts)
crash=$(count crash)
deleted=$(count start-of-deleted)
delete=$(count delete)
{
  echo "start: $(((start - empty) / pods)) a Pod, its first minute with two probes every 10 s included"
  # Two probes, each asked and answered ten times in 100 seconds, and a periodic sync or two.
  echo "probe tick and answer: $(((probes - start) / pods / 20)) a probe"
  echo "verdict: $(((verdicts - failing) / pods / 10)) a verdict, its probe and sync included"
  echo "crash and restart: $(((crash - empty) / pods)) a Pod, its start included"
  echo "delete: $(((delete - deleted) / pods)) a Pod"
} > "$out"

if [ "${1:-}" = --write ]; then
  cp "$out" benches/instructions.txt
  cat "$out"
  exit
fi
status=0
while IFS=: read -r name rest; do
  now=$(echo "$rest" | awk '{print $1}')
  known=$(sed -n "s/^$name: \([0-9]*\).*/\1/p" benches/instructions.txt)
  verdict=ok
  if ! awk -v now="$now" -v known="$known" 'BEGIN { off = now / known - 1; exit (off > 0.02 || off < -0.02) }'; then
    verdict='OFF by more than 2 %'
    status=1
  fi
  echo "$name: $now, committed $known: $verdict"
done < "$out"
exit $status
