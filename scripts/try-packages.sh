#!/usr/bin/env bash
# Builds the packages for Python and JavaScript, installs each from its file into an empty environment, and runs there its
# README, the answers that all languages have to give, and the tests of its own: an operator in kopf, and types.
#
#   scripts/try-packages.sh                 both
#   scripts/try-packages.sh python          one of them: python or javascript
#   scripts/try-packages.sh python WHEEL    a file that was built elsewhere, such as by the release
#
# PROFILE=dev builds in seconds what is large and slow: `.ci/run` does so. What this machine cannot have is said loudly; then the exit code is 3.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly root=$PWD

lacking=()
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

main() {
  case ${1:-both} in
    both)
      python_package ''
      javascript_package ''
      ;;
    python) python_package "${2:-}" ;;
    javascript) javascript_package "${2:-}" ;;
    *)
      printf 'expected python or javascript, found %s\n' "$1" >&2
      exit 2
      ;;
  esac
  if [ ${#lacking[@]} -gt 0 ]; then
    exit 3
  fi
}

# --- Python ---

python_package() {
  local wheel=$1 python=$here/python
  step 'Python: the package in an empty environment'
  command -v python3 >/dev/null && python3 -m venv "$python" || { lacks 'python3 with venv'; return; }
  if [ -z "$wheel" ]; then
    # The tools are not in the environment in which the package is tried.
    python3 -m venv "$here/tools"
    "$here/tools/bin/pip" install --quiet 'maturin>=1.9,<2' 'datamodel-code-generator>=0.60,<1' ||
      { lacks 'maturin and datamodel-code-generator from PyPI'; return; }
    PATH=$here/tools/bin:$PATH bindings/python/types.sh --check
    "$here/tools/bin/maturin" build --quiet --locked --manifest-path bindings/python/Cargo.toml --out "$here/wheels" \
      ${PROFILE:+--profile "$PROFILE"}
    wheel=$(echo "$here"/wheels/*.whl)
  fi
  "$python/bin/pip" install --quiet "$wheel"
  # Before anything else is there: the package needs nothing.
  (cd "$here" && "$python/bin/python" -c 'import pod_lifecycle; print(pod_lifecycle.versions())')
  size "$wheel"
  cold "$python/bin/python" -c 'import pod_lifecycle'
  "$python/bin/pip" install --quiet kopf kubernetes mypy pytest types-PyYAML || { lacks 'kopf, kubernetes, mypy and pytest from PyPI'; return; }
  step 'Python: types'
  (cd "$here" && "$python/bin/mypy" --strict --python-version 3.10 --package pod_lifecycle)
  step 'Python: README, answers and operators'
  if [ -z "${FAKE_NODE:-}" ]; then
    cargo build --locked --quiet --package pod-lifecycle-fake-node
    FAKE_NODE=$(target_folder)/debug/fake-node
  fi
  # From a copy, so that nothing is found that the package does not bring along.
  mkdir -p "$here/tests/python"
  cp -r bindings/python/tests "$here/tests/python/tests"
  mkdir -p "$here/tests/tests"
  cp bindings/tests/answers.jsonl.gz "$here/tests/tests"
  (cd "$here/tests/python" && FAKE_NODE=$FAKE_NODE "$python/bin/python" -m pytest -q -p no:cacheprovider --durations=3 tests)
}

# --- JavaScript ---

javascript_package() {
  local tarball=$1 project=$here/project status=0
  step 'JavaScript: the package in an empty folder'
  command -v node >/dev/null && command -v npm >/dev/null || { lacks 'node and npm'; return; }
  if [ -z "$tarball" ]; then
    bindings/javascript/build.sh || status=$?
    case $status in
      0) ;;
      3) lacks 'what the npm package is built with'; return ;;
      *) exit "$status" ;;
    esac
    tarball=$(ls -t bindings/javascript/*.tgz | head -1)
  fi
  tarball=$(realpath "$tarball")
  mkdir -p "$project/tests" "$project/javascript/test"
  cp bindings/tests/answers.jsonl.gz "$project/tests"
  cp bindings/javascript/test/* "$project/javascript/test"
  cd "$project/javascript"
  echo '{"private": true, "type": "module"}' >package.json
  npm install --silent --no-audit --no-fund "$tarball"
  size "$tarball"
  for module in node_modules/pod-lifecycle/wasm/*.wasm; do
    size "$module"
  done
  cold node --input-type=module -e 'import "pod-lifecycle"'
  cold node --input-type=module -e 'import "pod-lifecycle/observe"'
  npm install --silent --no-audit --no-fund --ignore-scripts jsdom@26 typescript@5.9 esbuild@0.25 ||
    { lacks 'jsdom, typescript and esbuild from npm'; cd "$root"; return; }
  step 'JavaScript: README, answers, functions and element'
  node --test --test-reporter=spec test/*.test.mjs
  step 'JavaScript: types, and a bundle for browsers'
  npx --no-install tsc --noEmit --strict --module nodenext --target es2022 --lib es2022,dom,esnext.disposable test/types.ts
  npx --no-install esbuild --bundle --format=esm --platform=browser --log-level=warning --outfile=bundle.js \
    node_modules/pod-lifecycle/element.js
  cd "$root"
}

# --- Measurements ---

size() {
  local whole small
  whole=$(wc -c <"$1")
  small=$(gzip -9c "$1" | wc -c)
  printf 'size of %s: %d KB, %d KB compressed\n' "$(basename "$1")" $((whole / 1000)) $((small / 1000))
}

# Prints the time of a first and of a second run.
cold() {
  local run begin
  for run in first second; do
    begin=$(date +%s%N)
    "$@" >/dev/null
    printf 'time of the %s run of %s: %d ms\n' "$run" "${*: -1}" $((($(date +%s%N) - begin) / 1000000))
  done
}

target_folder() {
  cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

step() {
  printf '\n=== %s (%d s)\n' "$*" "$SECONDS"
}

lacks() {
  lacking+=("$*")
  printf '\n!!! NOT CHECKED: %s cannot be had on this machine\n\n' "$*" >&2
}

main "$@"
