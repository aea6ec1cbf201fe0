#!/usr/bin/env bash
# Builds the page: playground/dist/index.html, one file that needs nothing else. Installs what it needs: the target for
# browsers, wasm-bindgen of the version in Cargo.lock, and what package-lock.json says. Exits with 3 and says what it is
# if something cannot be had here.
set -euo pipefail
cd "$(dirname "$0")"

readonly target=wasm32-unknown-unknown

main() {
  need_target
  need_wasm_bindgen
  need_packages
  # Cargo's own build folder may be elsewhere.
  local built
  built=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
  cargo build --locked --lib --profile playground --target "$target" --package pod-lifecycle-playground
  wasm-bindgen --target web --no-typescript --remove-name-section --remove-producers-section \
    --out-name playground --out-dir dist/wasm "$built/$target/playground/playground.wasm"
  node bundle.mjs
}

need_target() {
  rustup target list --installed 2>/dev/null | grep -qx "$target" || rustup target add "$target" ||
    cannot_be_had "Rust's target $target"
}

# Its version has to be that of the library.
need_wasm_bindgen() {
  local version
  version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' ../Cargo.lock)
  wasm-bindgen --version 2>/dev/null | grep -qx "wasm-bindgen $version" && return
  # Unoptimised it is built sooner, and its work is small. Its own lock may name what a mirror does not have.
  cargo install --locked --debug wasm-bindgen-cli --version "$version" ||
    cargo install --debug wasm-bindgen-cli --version "$version" ||
    cannot_be_had "wasm-bindgen-cli $version"
}

need_packages() {
  command -v npm >/dev/null || cannot_be_had 'npm'
  npm ci --ignore-scripts --no-audit --no-fund || cannot_be_had 'the packages of playground/package-lock.json'
}

cannot_be_had() {
  printf '!!! CANNOT BE HAD: %s\n' "$*" >&2
  exit 3
}

main
