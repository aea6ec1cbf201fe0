#!/usr/bin/env bash
# How long Pods take to get ready on fake nodes, and what it costs, beside what the control plane alone takes.
#
#   KUBEBUILDER_ASSETS=FOLDER fake-node/e2e/measure.sh [PODS] [NODES]
#
# First the nodes' process is frozen, so that the Pods are only made and bound; then it lives; then it is frozen again,
# for the control plane does not always take the same time. Who waits for it asks with curl: kubectl would take half a
# processor itself.
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

# ask PATH: what the API server answers
ask() {
    curl --silent --fail --cacert "$work/pki/ca.crt" --header "Authorization: Bearer $(cut -d, -f1 "$work/pki/tokens.csv")" \
        "https://127.0.0.1:$((PORT_BASE + 2))$1"
}

# took FIELD: milliseconds until so many Pods of a new Deployment have the field
took() {
    local start
    start=$(date +%s%3N)
    kubectl create deployment load --image=nginx --replicas="$pods" > /dev/null
    until [ "$(ask /apis/apps/v1/namespaces/default/deployments/load | jq ".status.$1")" = "$pods" ] && bound; do
        sleep 0.2
    done
    echo $(($(date +%s%3N) - start))
}

# bound: whether every Pod has a node
bound() { [ "$(ask '/api/v1/pods?fieldSelector=spec.nodeName%3D&limit=1' | jq '.items | length')" = 0 ]; }

# only_bound: milliseconds, without a node that is alive; everything is gone afterwards
only_bound() {
    kill -STOP "$node"
    took replicas
    kubectl delete deployment load > /dev/null
    until [ "$(ask /apis/apps/v1/replicasets | jq '.items | length')" = 0 ]; do sleep 0.5; done
    kubectl delete --raw '/api/v1/namespaces/default/pods?gracePeriodSeconds=0' > /dev/null
    kill -CONT "$node"
    at_rest
}

# at_rest: until no Pod is left, and everybody has had a moment
at_rest() {
    until [ "$(metric pods)" = 0 ]; do sleep 0.5; done
    sleep 10
}

before=$(memory)
first=$(only_bound)
cpu_node=$(cpu "$node") cpu_server=$(cpu "$server") writes=$(metric status_writes_total)
ready=$(took readyReplicas)
cpu_node=$(($(cpu "$node") - cpu_node)) cpu_server=$(($(cpu "$server") - cpu_server))
writes=$(($(metric status_writes_total) - writes)) after=$(memory)
# Events give way to statuses.
sleep 30
with_events=$(memory) events=$(metric events_total)
start=$(date +%s%3N)
kubectl delete deployment load > /dev/null
until [ "$(metric pods)" = 0 ]; do sleep 0.5; done
deleted=$(($(date +%s%3N) - start))
sleep 10
second=$(only_bound)
alone=$(((first + second) / 2))

echo "$pods Pods on $nodes nodes, $(nproc) processors"
echo "made and bound, no node alive:  $first ms before, $second ms after"
echo "made, bound and ready:          $ready ms ($((ready * 100 / alone)) % of their mean)"
echo "processor time until then:      fake-node $cpu_node ms, apiserver $cpu_server ms ($((cpu_node * 100 / cpu_server)) %)"
echo "resident memory:                $before KB at the start, $after KB when ready ($(((after - before) * 1024 / pods)) bytes a Pod)," \
    "$with_events KB after the events ($(((with_events - before) * 1024 / pods)))"
echo "status writes:                  $writes until ready; ever refused $(metric status_writes_refused_total)," \
    "without effect $(metric status_writes_ineffective_total)"
echo "events:                         $events, dropped $(metric events_dropped_total)"
echo "deleted:                        $deleted ms"
