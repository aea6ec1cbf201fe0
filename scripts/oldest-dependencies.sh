#!/usr/bin/env bash
# The library compiles with the oldest versions of what it needs that Cargo.toml allows. This happens in a copy, so that
# no lock file changes.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  local copy
  copy=$(mktemp -d)
  # shellcheck disable=SC2064 # The directory is known now.
  trap "rm -rf '$copy'" EXIT
  cp -r Cargo.toml README.md docs src .cargo "$copy"
  cd "$copy"
  # Only what users get: nothing else has a say in versions, and no target is missed.
  without_what_only_development_needs <Cargo.toml >library.toml
  mv library.toml Cargo.toml
  cargo generate-lockfile
  while read -r name version; do
    cargo update --package "$name" --precise "$version"
  done < <(oldest <Cargo.toml)
  cargo check --locked --lib --all-features --target-dir "${CARGO_TARGET_DIR:-$OLDPWD/target}/oldest"
  cargo check --locked --lib --no-default-features --target-dir "${CARGO_TARGET_DIR:-$OLDPWD/target}/oldest"
}

without_what_only_development_needs() {
  awk '/^\[/ { skip = /^\[(dev-dependencies|\[(test|bench|example)\]\])/ || /^\[workspace/ } !skip'
}

# `name version` of each of the [dependencies], with three numbers as --precise wants them.
oldest() {
  awk '/^\[/ { here = /^\[dependencies\]/ } here && match($0, /version = "[^"]+"/) {
    version = substr($0, RSTART + 11, RLENGTH - 12)
    numbers = split(version, ignored, ".")
    for (; numbers < 3; numbers++) version = version ".0"
    print $1, version
  }'
}

main
