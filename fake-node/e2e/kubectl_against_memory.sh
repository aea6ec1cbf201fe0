#!/usr/bin/env bash
# What people type, with the kubectl of this machine, against the API server in memory.
#
#   fake-node/e2e/kubectl_against_memory.sh
#
# Every command is shown with what it prints, and has to print what stands after `shows`.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v kubectl > /dev/null; then
    printf '\n!!! NOT RUN: there is no kubectl on this machine.\n\n' >&2
    exit 0
fi

work=$(mktemp -d)
cargo build --quiet --package pod-lifecycle-api-server --example memory
"${CARGO_TARGET_DIR:-target}/debug/examples/memory" 127.0.0.1:0 > "$work/address" &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
until [ -s "$work/address" ]; do sleep 0.05; done
# A home of its own: kubectl keeps there what it has once discovered.
export HOME=$work KUBECONFIG=/dev/null
url=$(cat "$work/address")

trials=0

# shows TEXT COMMAND…: kubectl does it within ten seconds, and prints something that has the text in it.
shows() {
    local expected=$1 printed
    shift
    trials=$((trials + 1))
    echo "\$ kubectl $*"
    printed=$(timeout 10 kubectl --server "$url" "$@" 2>&1) || { echo "$printed"; fail "it does not succeed"; }
    echo "$printed"
    grep -qE -- "$expected" <<< "$printed" || fail "it does not show: $expected"
}

# refuses TEXT COMMAND…: kubectl fails, and says why.
refuses() {
    local expected=$1 printed
    shift
    trials=$((trials + 1))
    echo "\$ kubectl $*"
    if printed=$(timeout 10 kubectl --server "$url" "$@" 2>&1); then fail "it succeeds: $printed"; fi
    echo "$printed"
    grep -qE -- "$expected" <<< "$printed" || fail "it does not say: $expected"
}

fail() {
    echo "!!! FAILED: $1" >&2
    exit 1
}

status() { shows patched patch pod "$1" --subresource=status --type=strategic -p "$2"; }

cat > "$work/web.yaml" << 'END'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: app, image: "nginx:1.27", env: [{name: MODE, value: test}], resources: {limits: {cpu: 100m}}}
END
cat > "$work/node.yaml" << 'END'
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {node-role.kubernetes.io/worker: ""}}
status:
  capacity: {cpu: "4", memory: 8Gi, pods: "110"}
  conditions: [{type: Ready, status: "True", reason: KubeletReady}]
  nodeInfo: {kubeletVersion: v1.36.0, osImage: none, kernelVersion: none, containerRuntimeVersion: fake://1, architecture: any,
    bootID: "", machineID: "", systemUUID: "", kubeProxyVersion: "", operatingSystem: linux}
END
cat > "$work/crd.yaml" << 'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
END
cat > "$work/widget.yaml" << 'END'
apiVersion: example.com/v1
kind: Widget
metadata: {name: blue}
spec: {size: 1}
END

echo "--- what there is"
shows 'default +Active' get namespaces
shows 'deployments +deploy +apps/v1 +true +Deployment' api-resources
shows 'v1.36' version

echo "--- apply: made, changed, left alone"
shows 'pod/web created' apply -f "$work/web.yaml"
shows 'pod/web unchanged' apply -f "$work/web.yaml"
sed -i 's/1.27/1.28/' "$work/web.yaml"
shows 'pod/web configured' apply -f "$work/web.yaml"
shows '^nginx:1.28 2$' get pod web -o 'jsonpath={.spec.containers[0].image} {.metadata.generation}'
refuses 'pod updates may not change fields other than' patch pod web -p '{"spec":{"restartPolicy":"Never"}}'
shows 'pod/other created \(server dry run\)' run other --image=busybox --dry-run=server
refuses 'spec.containers\[0\].image: Required value' create -f - <<< '{"apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "bad"}, "spec": {"containers": [{"name": "app"}]}}'

echo "--- a node, and a Pod on it"
shows 'node/node-1 created' create -f "$work/node.yaml"
shows 'node-1 +Ready +worker .* v1.36.0' get nodes -o wide
shows 'Capacity' describe node node-1
shows 'cordoned' cordon node-1
shows 'Ready,SchedulingDisabled' get nodes
shows 'uncordoned' uncordon node-1
shows 'Success' create --raw /api/v1/namespaces/default/pods/web/binding -f - <<< '{"apiVersion": "v1", "kind": "Binding",
    "metadata": {"name": "web"}, "target": {"kind": "Node", "name": "node-1"}}'

echo "--- watched while it lives"
timeout 60 kubectl --server "$url" get pods -w > "$work/watched" 2> /dev/null &
watcher=$!
until grep -q web "$work/watched"; do sleep 0.05; done
status web '{"status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}],
    "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0,
    "image": "nginx:1.28", "imageID": "", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}'
shows 'condition met' wait --for=condition=Ready pod/web --timeout=5s
shows 'web +1/1 +Running +0 .*10.0.0.1 +node-1' get pods -o wide
uid=$(kubectl --server "$url" get pod web -o 'jsonpath={.metadata.uid}')
shows 'regarding' create --raw /apis/events.k8s.io/v1/namespaces/default/events -f - <<< '{"apiVersion": "events.k8s.io/v1",
    "kind": "Event", "metadata": {"name": "web.1"},
    "regarding": {"kind": "Pod", "namespace": "default", "name": "web", "uid": "'"$uid"'"}, "note": "Container app was created", "reason": "Created", "type": "Normal", "action": "Start",
    "reportingController": "kubelet", "reportingInstance": "node-1", "eventTime": "2026-01-01T00:00:00.000000Z"}'
shows 'Created .* Container app was created' describe pod web
shows 'Normal +Created +pod/web' get events
shows 'web' get pods -A --field-selector spec.nodeName=node-1,status.phase=Running -l 'app in (web, db)'
shows 'ephemeral|Defaulting' debug web --image=busybox --target=app --attach=false
shows '^debugger-' get pod web -o 'jsonpath={.spec.ephemeralContainers[0].name}'
shows 'labeled' label pod web tier=front
shows 'resized|patched' patch pod web --subresource=resize -p '{"spec": {"containers": [{"name": "app",
    "resources": {"limits": {"cpu": "200m"}, "requests": {"cpu": "200m"}}}]}}'

echo "--- a drain that a budget holds up, then not"
shows 'created' create -f - <<< '{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "front"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}'
budget() { shows patched patch pdb front --subresource=status --type=merge -p '{"status": {"disruptionsAllowed": '"$1"',
    "observedGeneration": 1, "currentHealthy": '"$2"', "desiredHealthy": 1, "expectedPods": 2}}'; }
budget 0 1
refuses "violate the pod's disruption budget" drain node-1 --force --timeout=2s
budget 1 2
refuses 'evicting pod default/web' drain node-1 --force --timeout=2s
shows 'EvictionByEvictionAPI' get pod web -o 'jsonpath={.status.conditions[*].reason}'
shows 'Terminating' get pods
shows 'force deleted' delete pod web --grace-period=0 --force
shows 'No resources found' get pods
kill "$watcher"
echo "the watch has seen:"
cat "$work/watched"
grep -q 'web *1/1 *Running' "$work/watched" || fail "the watch has not seen it run"
grep -q 'web .*Terminating' "$work/watched" || fail "the watch has not seen it go"

echo "--- custom resources"
shows 'created' apply -f "$work/crd.yaml"
shows 'condition met' wait --for=condition=Established crd/widgets.example.com --timeout=5s
shows 'widget.example.com/blue created' apply -f "$work/widget.yaml"
sed -i 's/size: 1/size: 2/' "$work/widget.yaml"
shows 'configured' apply -f "$work/widget.yaml"
shows '^2$' get wd blue -o 'jsonpath={.metadata.generation}'
shows 'blue' get widgets
shows 'deleted' delete -f "$work/widget.yaml"

echo "--- many"
for number in 1 2 3; do shows created run "many-$number" --image=busybox --labels=app=many; done
shows 'many-3' get pods --chunk-size=1
shows 'many-2" deleted' delete pods -l app=many
refuses 'pods "many-1" not found' get pod many-1
shows 'created' create -f - <<< '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}}'
shows 'deleted' delete namespace lab --wait=false
shows 'lab +Terminating' get namespaces
refuses 'because it is being terminated' run late --image=busybox --namespace lab

echo "--- refusals"
shows created run silent --image=busybox
refuses 'pod silent does not have a host assigned' logs silent
shows created create -f - <<< '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"}}'
shows scaled scale --replicas=2 deployment/front

echo
echo "all $trials commands of kubectl $(kubectl version --client -o json | sed -n 's/.*"gitVersion": "\([^"]*\)".*/\1/p') did what they should"
