#!/usr/bin/env bash
# Runs the code of the pages in docs/testing, as it stands there.
#
#   scripts/try-testing-pages.sh [python] [javascript] [rust]
#
# Without names it runs all pages whose tools are on this machine, and says loudly which it does not run.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
cargo build --quiet --locked --package pod-lifecycle-fake-node
fake_node=${CARGO_TARGET_DIR:-$root/target}/debug/fake-node
case $fake_node in /*) ;; *) fake_node=$root/$fake_node ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# take PAGE FILE: the code block whose first line names the file, as `# FILE` or `// FILE`.
take() {
    awk -v name="$2" '
        /^```/ { if (inside) { inside = 0; found = 0 } else { inside = 1; first = 1; next } }
        inside && first { first = 0; found = ($0 == "# " name || $0 == "// " name) }
        inside && found { print }
    ' "docs/testing/$1" > "$work/$2"
    [ -s "$work/$2" ] || { echo "docs/testing/$1 has no code $2" >&2; exit 1; }
}

python() {
    for file in test_pods.py operator_of_flaky_pods.py test_operator.py; do take python-kopf.md $file; done
    (cd "$work" && RUST_LOG=warn "$fake_node" serve --paused --exec 'python3 -m unittest -v test_pods test_operator')
}

javascript() {
    take javascript.md pods.test.mjs
    (cd "$work" && npm install --silent --no-fund --no-audit @kubernetes/client-node@1 &&
        RUST_LOG=warn "$fake_node" serve --paused --exec 'node --test pods.test.mjs')
}

rust() {
    take rust-kube.md three_failures.rs
    # The page's test is the one that is compiled.
    diff <(tail -n +2 "$work/three_failures.rs") <(sed '1,/^$/d' fake-node/tests/three_failures.rs)
    cargo test --quiet --locked --package pod-lifecycle-fake-node --test three_failures
}

skipped() { printf '\n!!! NOT RUN: %s\n\n' "$1" >&2; }

if [ $# -eq 0 ]; then
    if python3 -c 'import kopf, kubernetes' 2> /dev/null; then python; else skipped 'python (pip install kopf kubernetes)'; fi
    if command -v npm > /dev/null; then javascript; else skipped 'javascript (there is no npm)'; fi
    rust
else
    for page in "$@"; do "$page"; done
fi
