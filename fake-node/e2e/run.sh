#!/usr/bin/env bash
# The fake node in a real control plane, in the words of its users, with real kubectl.
#
#   KUBEBUILDER_ASSETS=FOLDER fake-node/e2e/run.sh [TRIAL…]
#
# FOLDER holds etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl. Everything stays on loopback.
# FAKE_NODE is the program; it is built if left out. It has the rights of deploy/fake-node.yaml and no more. Without
# FOLDER nothing runs, and that is said. Trials are the functions of trials/*.sh; all run if none is named.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then
    printf '\n!!! NOT RUN: KUBEBUILDER_ASSETS is not set, so no real control plane has been asked.\n\n' >&2
    exit 0
fi
export KUBEBUILDER_ASSETS
KUBEBUILDER_ASSETS=$(realpath "$KUBEBUILDER_ASSETS")
PATH=$KUBEBUILDER_ASSETS:$PATH
e2e=fake-node/e2e
work=$(mktemp -d)

clean_up() {
    [ ! -e "$work/node.pid" ] || kill -9 "$(cat "$work/node.pid")" 2> /dev/null || true
    "$e2e/control-plane.sh" down "$work/control-plane"
    rm -rf "$work"
}
trap clean_up EXIT

if [ -z "${FAKE_NODE:-}" ]; then
    cargo build --quiet --release --package pod-lifecycle-fake-node --bin fake-node
    FAKE_NODE=${CARGO_TARGET_DIR:-target}/release/fake-node
fi
fake_node=$(realpath "$FAKE_NODE")
export HOME=$work EVICTION_SECONDS=5
export KUBECONFIG=$work/control-plane/kubeconfig
"$e2e/control-plane.sh" up "$work/control-plane" > /dev/null

# shellcheck source=fake-node/e2e/lib.sh
source "$e2e/lib.sh"
for file in "$e2e"/trials/*.sh; do
    # shellcheck source=/dev/null
    source "$file"
done

become_service_account
node_up
all=$(sed -n 's/^\(trial_[a-z_0-9]*\)() {$/\1/p' "$e2e"/trials/*.sh)
for trial in ${*:-$all}; do
    try "${trial#trial_}"
done
node_down
summary
