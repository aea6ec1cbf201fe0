#!/usr/bin/env bash
# Would the tests notice? Small faults are put into the code, one at a time, and the tests have to fail.
#
#   scripts/mutants.sh sample [N] [SEED]   N faults (default 300) out of all; the same SEED (default 1) picks the same
#   scripts/mutants.sh whole               all of them
#   scripts/mutants.sh diff [BASE]         the faults in what has changed since BASE (default main)
#   scripts/mutants.sh missed              once more those that the last run missed
#
# cargo-mutants lists the faults; what is mutated says .cargo/mutants.toml. The program in mutants/ compiles them into
# one copy of the project, each behind a switch, and tries them one after the other: the copy is built in some minutes,
# and then a fault takes seconds. Results are in mutants.out/switched.json; the code is 0 if every fault was found,
# 2 if one was not.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly results=mutants.out/switched.json target=${CARGO_TARGET_DIR:-target}

main() {
  command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants ||
    stop 'cargo-mutants cannot be had on this machine: nothing was tried.'
  here=$(mktemp -d)
  trap 'rm -rf "$here"' EXIT
  case "${1:-}" in
    sample) sample "${2:-300}" "${3:-1}" ;;
    whole) try ;;
    diff) changed_since "${2:-main}" ;;
    missed) missed ;;
    *) stop 'scripts/mutants.sh sample [N] [SEED], whole, diff [BASE], or missed' ;;
  esac
}

sample() {
  try --count "$1" --seed "$2"
}

changed_since() {
  local base=$1
  git rev-parse --quiet --verify "$base^{commit}" >/dev/null || stop "There is no commit $base here."
  git diff "$(git merge-base "$base" HEAD)" -- src >"$here/changes"
  [ -s "$here/changes" ] || stop "Nothing in src has changed since $base."
  listing=(--in-diff "$here/changes")
  try
}

missed() {
  [ -s "$results" ] || stop 'No earlier run has left its results here.'
  cp "$results" "$here/earlier"
  try --missed "$here/earlier"
}

listing=()

try() {
  cargo mutants --list --json ${listing[@]+"${listing[@]}"} >"$here/list"
  # Nothing to mutate is said in words, not in JSON.
  grep -q '"genre"' "$here/list" || { echo 'There is nothing to mutate.'; exit 0; }
  cargo run --quiet --locked --manifest-path mutants/Cargo.toml --target-dir "$target/mutants/tool" -- \
    "$here/list" --work "$target/mutants" --results "$results" "$@"
}


stop() {
  printf '%s\n' "$*" >&2
  exit 2
}

main "$@"
