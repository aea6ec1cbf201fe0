#!/usr/bin/env bash
# Would the tests notice? Small faults are put into the code, one at a time, and the tests have to fail.
#
#   scripts/mutants.sh sample [N] [SEED]   N faults (default 20) out of all; the same SEED (default 1) picks the same
#   scripts/mutants.sh diff [BASE]         the faults in what has changed since BASE (default main)
#
# What is mutated and how it is tested says .cargo/mutants.toml. A fault costs a build and the tests it takes to find
# it: about a minute on two cores. Results are in mutants.out; the code is 0 if every fault was found, 2 if one was not.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants ||
    stop 'cargo-mutants cannot be had on this machine: nothing was tried.'
  case "${1:-}" in
    sample) sample "${2:-20}" "${3:-1}" ;;
    diff) changed_since "${2:-main}" ;;
    *) stop 'scripts/mutants.sh sample [N] [SEED], or scripts/mutants.sh diff [BASE]' ;;
  esac
}

sample() {
  local count=$1 seed=$2 chosen files file
  # cargo-mutants heeds no pattern for deleted fields of a struct expression (27.1): they are not chosen, and come with
  # the files in which others are.
  chosen=$(cargo mutants --list | grep -v ': delete field ' | shuffled "$seed" | sed -n "1,${count}p")
  files=()
  while read -r file; do files+=(--file "$file"); done < <(cut -d: -f1 <<<"$chosen" | sort -u)
  # Each is named in full: place and fault.
  cargo mutants "${files[@]}" --re "^($(escaped <<<"$chosen" | paste -sd'|' -))\$"
}

changed_since() {
  local base=$1 changes
  git rev-parse --quiet --verify "$base^{commit}" >/dev/null || stop "There is no commit $base here."
  changes=$(mktemp)
  # shellcheck disable=SC2064 # The file is known now.
  trap "rm -f '$changes'" EXIT
  git diff "$(git merge-base "$base" HEAD)" -- src >"$changes"
  [ -s "$changes" ] || stop "Nothing in src has changed since $base."
  cargo mutants --in-diff "$changes"
}

# Lines in an order that only the seed and the lines decide.
shuffled() {
  LC_ALL=C sort | awk -v seed="$1" 'BEGIN { srand(seed) } { printf "%.17f\t%s\n", rand(), $0 }' |
    LC_ALL=C sort | cut -f2-
}

# Lines as regular expressions that match nothing else.
escaped() {
  sed 's/[][\.*^$()|+?{}]/\\&/g'
}

stop() {
  printf '%s\n' "$*" >&2
  exit 2
}

main "$@"
