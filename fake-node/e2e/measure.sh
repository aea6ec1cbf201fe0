#!/usr/bin/env bash
# How long Pods take to get ready on fake nodes, and what it costs, beside what the control plane alone takes.
#
#   KUBEBUILDER_ASSETS=FOLDER fake-node/e2e/measure.sh [PODS] [NODES]
#
# First the nodes' process is frozen, so that the Pods are only made and bound; then it lives.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then
    printf '\n!!! NOT RUN: KUBEBUILDER_ASSETS is not set, so nothing has been measured.\n\n' >&2
    exit 0
fi
export KUBEBUILDER_ASSETS
KUBEBUILDER_ASSETS=$(realpath "$KUBEBUILDER_ASSETS")
PATH=$KUBEBUILDER_ASSETS:$PATH
pods=${1:-2000} nodes=${2:-20}
if [ -z "${FAKE_NODE:-}" ]; then
    cargo build --quiet --release --package pod-lifecycle-fake-node --bin fake-node
    FAKE_NODE=${CARGO_TARGET_DIR:-target}/release/fake-node
fi
work=$(mktemp -d)
export HOME=$work KUBECONFIG=$work/kubeconfig PORT_BASE=${PORT_BASE:-28440}
port=$((PORT_BASE + 9))
node=
clean_up() {
    [ -z "$node" ] || kill -9 "$node" 2> /dev/null || true
    fake-node/e2e/control-plane.sh down "$work"
    rm -rf "$work"
}
trap clean_up EXIT
NODE_MONITOR_GRACE=3600s fake-node/e2e/control-plane.sh up "$work" > /dev/null
"$FAKE_NODE" --nodes "$nodes" --metrics-address "127.0.0.1:$port" > "$work/log/fake-node" 2>&1 &
node=$!
until curl --silent --fail "http://127.0.0.1:$port/healthz" > /dev/null; do sleep 0.2; done
server=$(cat "$work/pid/kube-apiserver")

# cpu PID: milliseconds of processor time so far
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$node/status"; }
metric() { curl --silent "http://127.0.0.1:$port/metrics" | awk -v name="fake_node_$1" '$1 == name { print $2 }'; }

# took FIELD: milliseconds until so many Pods of a new Deployment have the field
took() {
    local start
    start=$(date +%s%3N)
    kubectl create deployment load --image=nginx --replicas="$pods" > /dev/null
    until [ "$(kubectl get deployment load -o jsonpath="{.status.$1}")" = "$pods" ] && bound; do sleep 0.2; done
    echo $(($(date +%s%3N) - start))
}

# bound: whether every Pod has a node
bound() {
    ! kubectl get pods --field-selector spec.nodeName= -o name | grep -q .
}

kill -STOP "$node"
alone=$(took replicas)
kubectl delete deployment load > /dev/null
until [ "$(kubectl get replicasets -o name | wc -l)" = 0 ]; do sleep 0.5; done
kubectl delete --raw '/api/v1/namespaces/default/pods?gracePeriodSeconds=0' > /dev/null
kill -CONT "$node"
until [ "$(metric pods)" = 0 ]; do sleep 0.5; done

before=$(memory) cpu_node=$(cpu "$node") cpu_server=$(cpu "$server") writes=$(metric status_writes_total)
ready=$(took readyReplicas)
cpu_node=$(($(cpu "$node") - cpu_node)) cpu_server=$(($(cpu "$server") - cpu_server))
echo "$pods Pods on $nodes nodes"
echo "made and bound, no node alive:  $alone ms"
echo "made, bound and ready:          $ready ms ($((ready * 100 / alone)) % of that)"
echo "processor time:                 fake-node $cpu_node ms, apiserver $cpu_server ms ($((cpu_node * 100 / cpu_server)) %)"
echo "resident memory:                $before KB before, $(memory) KB now ($((($(memory) - before) * 1024 / pods)) bytes a Pod)"
echo "status writes:                  $(($(metric status_writes_total) - writes)), refused $(metric status_writes_refused_total), without effect $(metric status_writes_ineffective_total)"
start=$(date +%s%3N)
kubectl delete deployment load > /dev/null
until [ "$(metric pods)" = 0 ]; do sleep 0.5; done
echo "deleted:                        $(($(date +%s%3N) - start)) ms"
