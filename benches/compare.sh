#!/bin/sh
# Ours beside the kubelet's recorded figures: the same questions (the first 500 lines of each recording), as ratios.
# The kubelet's are those of Go 1.26 on one core of an AMD EPYC.
set -eu
cd "$(dirname "$0")/.."
cargo bench --quiet --all-features --bench decisions 2>/dev/null |
  awk '
    BEGIN {
      kubelet["phase"] = 244; kubelet["actions"] = 2660; kubelet["statuses"] = 12000; kubelet["probes"] = 1240
      printf "%-10s %12s %12s %8s\n", "suite", "ours, ns", "kubelet, ns", "ratio"
    }
    / ns per case/ {
      name = $1; sub(":", "", name)
      if (name in kubelet) printf "%-10s %12.1f %12d %7.1fx\n", name, $2, kubelet[name], kubelet[name] / $2
    }'
