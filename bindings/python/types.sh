#!/usr/bin/env bash
# Writes what is generated: python/pod_lifecycle/types.py from the schemas of the answers, and _native.pyi from the module.
# `types.sh --check` fails if they are not what is there. Needs datamodel-codegen and maturin.
set -euo pipefail
cd "$(dirname "$0")"

main() {
  local to=python/pod_lifecycle
  if [ "${1:-}" = --check ]; then
    to=$(mktemp -d)
    # shellcheck disable=SC2064 # The directory is known now.
    trap "rm -rf '$to'" EXIT
  fi
  write_types "$to/types.py"
  write_stubs "$to/_native.pyi"
  if [ "${1:-}" = --check ]; then
    diff -u python/pod_lifecycle/types.py "$to/types.py"
    diff -u python/pod_lifecycle/_native.pyi "$to/_native.pyi"
  fi
}

write_types() {
  datamodel-codegen --input types.schema.json --input-file-type jsonschema --output-model-type typing.TypedDict \
    --target-python-version 3.10 --use-schema-description --use-field-description --disable-timestamp \
    --formatters builtin --custom-file-header '"""Types of the answers; bindings/python/types.sh writes this file."""' \
    --output "$1"
}

write_stubs() {
  local folder
  folder=$(mktemp -d)
  maturin generate-stubs --quiet --locked --profile dev --features stubs --out "$folder"
  cp "$(find "$folder" -name '*_native*.pyi')" "$1"
  rm -r "$folder"
}

main "$@"
