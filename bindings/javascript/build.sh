#!/usr/bin/env bash
# Builds the npm package: bindings/javascript/dist, and the tarball of it. Needs npm, Rust's target for browsers and
# wasm-bindgen of the version in Cargo.lock. Exits with 3 and says what it is if something cannot be had here.
# PROFILE=dev builds in seconds what is large and slow.
set -euo pipefail
cd "$(dirname "$0")"

readonly target=wasm32-unknown-unknown profile=${PROFILE:-wasm-package}

main() {
  command -v npm >/dev/null || cannot_be_had npm
  rustup target list --installed 2>/dev/null | grep -qx "$target" || rustup target add "$target" ||
    cannot_be_had "Rust's target $target"
  need_wasm_bindgen
  npm ci --ignore-scripts --no-audit --no-fund || cannot_be_had 'the packages of bindings/javascript/package-lock.json'
  rm -rf dist
  mkdir -p dist
  cp js/*.js README.md ../../LICENSE-MIT ../../LICENSE-APACHE dist
  module observe --no-default-features
  module pod_lifecycle
  printf 'export * from "./wasm/observe.js";\n' >dist/observe.d.ts
  printf 'export * from "./wasm/pod_lifecycle.js";\nexport * from "./html.js";\n' >dist/index.d.ts
  package_json
  # The types of what is written in JavaScript come from its own comments.
  (cd dist && ../node_modules/.bin/tsc --allowJs --checkJs --strict --declaration --emitDeclarationOnly \
    --module nodenext --target es2022 --lib es2022,dom,dom.iterable,esnext.disposable html.js element.js)
  (cd dist && npm pack --silent --pack-destination ..)
}

# Builds the module of this name, with these features.
module() {
  local name=$1 built
  shift
  built=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
  cargo build --locked --package pod-lifecycle-javascript --profile "$profile" --target "$target" "$@"
  wasm-bindgen --target web --remove-name-section --remove-producers-section --out-name "$name" --out-dir dist/wasm \
    "$built/$target/${profile/#dev/debug}/pod_lifecycle_javascript.wasm"
}

# The package has the version of the workspace, and no dependencies.
package_json() {
  local version
  version=$(cargo metadata --locked --no-deps --format-version 1 |
    node -e 'const {packages} = JSON.parse(require("fs").readFileSync(0)); console.log(packages.find((p) => p.name === "pod-lifecycle-javascript").version)')
  node -e '
    const { readFileSync, writeFileSync } = require("fs");
    const { devDependencies, ...made } = JSON.parse(readFileSync("package.json"));
    writeFileSync("dist/package.json", JSON.stringify({ ...made, version: process.argv[1] }, null, 2) + "\n");
  ' "$version"
}

# Its version has to be that of the library.
need_wasm_bindgen() {
  local version
  version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' ../../Cargo.lock)
  wasm-bindgen --version 2>/dev/null | grep -qx "wasm-bindgen $version" && return
  cargo install --locked --debug wasm-bindgen-cli --version "$version" ||
    cargo install --debug wasm-bindgen-cli --version "$version" ||
    cannot_be_had "wasm-bindgen-cli $version"
}

cannot_be_had() {
  printf '!!! CANNOT BE HAD: %s\n' "$*" >&2
  exit 3
}

main
