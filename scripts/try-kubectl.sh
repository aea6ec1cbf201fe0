#!/usr/bin/env bash
# Tries the commands of docs/testing/kubectl.md with the kubectl of this machine against `fake-node serve`.
#
#   scripts/try-kubectl.sh [--table]
#
# Each command has to end with the expected exit code and to print the expected text. With --table it prints the table of
# the page.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

if ! command -v kubectl > /dev/null; then
    printf '\n!!! NOT RUN: there is no kubectl on this machine.\n\n' >&2
    exit 0
fi

# Started by itself below, with KUBECONFIG set.
if [ -z "${TRY_KUBECTL_WORK:-}" ]; then
    cargo build --quiet --locked --package pod-lifecycle-fake-node
    target=${CARGO_TARGET_DIR:-$root/target}
    TRY_KUBECTL_WORK=$(mktemp -d)
    export TRY_KUBECTL_WORK
    trap 'rm -rf "$TRY_KUBECTL_WORK"' EXIT
    # A home of its own: kubectl keeps there what it has once discovered.
    RUST_LOG=warn HOME=$TRY_KUBECTL_WORK "$target/debug/fake-node" serve --nodes 2 --exec "scripts/try-kubectl.sh ${1:-}"
    exit
fi

work=$TRY_KUBECTL_WORK
table=${1:-}
trials=0

# try CODE TEXT NOTE COMMAND…: kubectl ends with the code within 20 seconds, and prints something that has the text in it.
try() {
    local code=$1 text=$2 note=$3 printed ended=0
    shift 3
    trials=$((trials + 1))
    printed=$(timeout 20 kubectl "$@" 2>&1 < /dev/null) || ended=$?
    if [ "$table" = --table ]; then
        if [ "$code" = 0 ]; then echo "| \`kubectl $*\` | 0 | $note |"; else echo "| \`kubectl $*\` | $code | $note |"; fi
    else
        echo "\$ kubectl $*"
        echo "$printed"
    fi
    if [ "$ended" != "$code" ] || ! grep -qE -- "$text" <<< "$printed"; then
        printf '!!! FAILED: kubectl %s ended with %s and printed\n%s\ninstead of %s and %s\n' \
            "$*" "$ended" "$printed" "$code" "$text" >&2
        exit 1
    fi
}

cat > "$work/deployment.yaml" << 'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, image: "nginx:1", ports: [{containerPort: 80}]}]}
END
sed 's/nginx:1/nginx:2/' "$work/deployment.yaml" > "$work/changed.yaml"
sed 's/replicas/replica/' "$work/deployment.yaml" > "$work/misspelt.yaml"
cd "$work"

[ "$table" = --table ] && printf '| command | exit code | |\n|---|---|---|\n'
try 0 'fake-1 +Ready' '' get nodes
try 0 'pod/web created' 'gets a node from the binder' run web --image=nginx
try 0 'condition met' '' wait --for=condition=Ready pod/web --timeout=10s
try 0 'web +1/1 +Running .* fake-' '' get pods -o wide
try 0 'Scheduled .*Successfully assigned' 'with its events' describe pod web
try 0 'deployment.apps/front created' 'sent as protobuf' create deployment front --image=nginx
try 0 'no controller acts on it' 'an event says that no controller acts on the Deployment' events --for deployment/front
try 0 'front +0/1' '' get deployments
try 0 'deployment.apps/front scaled' '' scale deployment/front --replicas=3
try 1 'timed out waiting' 'waits for a controller until its timeout' rollout status deployment/front --timeout=2s
try 0 'deployment.apps/api created' '' apply -f deployment.yaml
try 0 'configured' '' apply -f changed.yaml
try 1 'unknown field "spec.replica"' 'strict field validation' apply -f misspelt.yaml
try 1 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1' 'a conflict, as it has to be' apply --server-side -f deployment.yaml
try 0 'serverside-applied' '' apply --server-side --force-conflicts -f deployment.yaml
try 1 '^\+' 'ends with 1 if something differs' diff -f changed.yaml
try 0 '^yes$' 'everything is allowed' auth can-i delete pods
try 0 'system:admin' '' auth whoami
try 0 'ports.*\[\]ContainerPort' 'fields and types, without descriptions' explain pod.spec.containers.ports
try 0 'job.batch/once created' 'stored' create job once --image=busybox
try 0 'namespace/lab created' '' create namespace lab
try 0 'configmap/settings created' '' create configmap settings --from-literal=mode=test
try 0 'service/api exposed' 'stored; nothing answers at its address' expose deployment api --port=80
try 0 'autoscaled' 'stored' autoscale deployment api --max=3
try 0 'deployment.apps/api' '' get all
try 0 'pod/web labeled' '' label pod web tier=front
try 0 'annotated' '' annotate deployment api note=x
try 0 'image updated' '' set image deployment/api app=nginx:3
try 0 'restarted' 'changes the template; there is nothing to restart' rollout restart deployment/api
try 0 'default/web|pod/web evicted' '' drain fake-0 fake-1 --force --timeout=10s
try 0 'fake-0 uncordoned' '' uncordon fake-0 fake-1
try 0 'pod/again created' '' run again --image=nginx
try 0 'condition met' '' wait --for=condition=Ready pod/again --timeout=10s
try 1 'the logs of again are with the kubelet of node fake-' 'refused: the nodes name no kubelet port' logs again
try 1 'NotImplemented|not found|does not do this|error' 'refused: what a kubelet answers' exec again -- ls
try 0 'pod "again" deleted' 'after its grace period' delete pod again --timeout=20s
try 0 'deployment.apps "api" deleted' '' delete deployment api --cascade=foreground --timeout=5s
try 1 'Metrics API not available' 'there is no metrics server' top nodes

# A watch sees a Pod that comes and goes.
kubectl get pods -w > watched 2> /dev/null &
watcher=$!
sleep 0.3
kubectl run brief --image=nginx > /dev/null
kubectl wait --for=condition=Ready pod/brief --timeout=10s > /dev/null
kubectl delete pod brief --now > /dev/null
kill "$watcher"
grep -q 'brief *1/1 *Running' watched && grep -q 'brief .*Terminating' watched || { echo '!!! FAILED: get -w' >&2; cat watched >&2; exit 1; }
[ "$table" = --table ] && echo '| `kubectl get pods -w` | – | |'

echo
echo "all $trials commands of kubectl did what they should" >&2
