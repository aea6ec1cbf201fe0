#!/usr/bin/env bash
# Fuzzes for MINUTES (default 5) each target: `fuzz/run.sh [MINUTES] [TARGET…]`; the targets are manifest, events,
# scenario, snapshot, relist and object. With cargo-fuzz and a nightly compiler it is libFuzzer that looks for new paths,
# beginning with seeds/; otherwise random bytes are tried on any compiler, with SEED (default: the day) as the first
# case. What fails is kept in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")"

minutes="${1:-5}"
shift || true
seconds=$((minutes * 60))

if cargo +nightly fuzz --version >/dev/null 2>&1; then
  if [ $# -eq 0 ]; then set -- manifest events scenario snapshot relist object; fi
  failed=()
  for target in "$@"; do
    mkdir -p "corpus/$target"
    cargo +nightly fuzz run --features libfuzzer "$target" "corpus/$target" "seeds/$target" -- \
      -max_total_time="$seconds" -timeout=10 -max_len=2048 || failed+=("$target")
  done
  if [ ${#failed[@]} -gt 0 ]; then
    echo "Found something: ${failed[*]}; what failed is in artifacts/." >&2
    exit 1
  fi
else
  seed="${SEED:-$(date +%Y%m%d)0000000}"
  cargo run --release --bin stable -- "$seconds" "$seed" "$@"
fi
