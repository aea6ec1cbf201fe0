#!/usr/bin/env bash
# Asks a real API server what `tests/api` asks the one in memory.
#
#   KUBEBUILDER_ASSETS=FOLDER fake-node/e2e/real_api_server.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then
    printf '\n!!! NOT RUN: KUBEBUILDER_ASSETS is not set, so no real API server has been asked.\n\n' >&2
    exit 0
fi
work=$(mktemp -d)
trap 'fake-node/e2e/control-plane.sh down "$work"; rm -rf "$work"' EXIT
# A scheduler and controllers would write to what the tests look at.
export API_SERVER_ONLY=yes PORT_BASE=${PORT_BASE:-27440}
eval "$(fake-node/e2e/control-plane.sh up "$work")"
cargo test --package pod-lifecycle-fake-node --test api "$@"
