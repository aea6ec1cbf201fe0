#!/bin/sh
# Counts instructions with callgrind (valgrind), a line a subject, per Pod or per event; compares them with
# benches/instructions.txt, and fails if any is off by more than 2 %. With `--write` it writes that file.
set -eu
cd "$(dirname "$0")/.."
pods=500
bench=$(cargo bench --quiet --all-features --bench fleet --no-run --message-format=json |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --count "$1" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

start=$(count start)
empty=$(count nothing)
{
  echo "start: $(((start - empty) / pods)) a Pod, its first minute included"
  # Two probes, each asked and answered ten times in 100 seconds, and one periodic sync or two.
  echo "probe tick and answer: $((($(count probes) - start) / pods / 20)) a probe"
  echo "verdict: $((($(count verdicts) - $(count start-of-failing)) / pods / 10)) a verdict, its probe and sync included"
  echo "crash and restart: $((($(count crash) - empty) / pods)) a Pod, its start included"
  echo "delete: $((($(count delete) - $(count start-of-deleted)) / pods)) a Pod"
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
  awk -v now="$now" -v known="$known" 'BEGIN { d = now / known - 1; exit !(d > 0.02 || d < -0.02) }' && verdict="OFF by more than 2 %" && status=1
  echo "$name: $now, committed $known, $verdict"
done < "$out"
exit $status
