#!/usr/bin/env bash
# Serves the page to this machine alone: playground/serve.sh [PORT]. Opening playground/dist/index.html does as well.
set -euo pipefail
cd "$(dirname "$0")"
[ -f dist/index.html ] || ./build.sh
exec node serve.mjs "${1:-8080}"
