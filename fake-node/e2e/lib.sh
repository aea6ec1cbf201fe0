# shellcheck shell=bash
# What the trials are written with.

passed=0 failed=0
NODES=3

# node_up: the fake nodes in one process, ready
node_up() {
    "$fake_node" --nodes "$NODES" --metrics-address 127.0.0.1:0 >> "$work/fake-node.log" 2>&1 &
    echo $! > "$work/node.pid"
    wait_for "^$NODES\$" 60 bash -c "kubectl get nodes --no-headers | grep -c ' Ready '"
}

# node_down [SIGNAL]: the process ends; $stopped_at says when, in nanoseconds
node_down() {
    local pid
    pid=$(cat "$work/node.pid")
    kill "-${1:-TERM}" "$pid"
    while kill -0 "$pid" 2> /dev/null && [ "$(awk '/^State/ { print $2 }' "/proc/$pid/status" 2> /dev/null)" != Z ]; do
        sleep 0.02
    done
    stopped_at=$(date +%s%N)
    rm "$work/node.pid"
}

# restart_node SIGNAL: the process ends, and begins again
restart_node() {
    node_down "$1"
    node_up
}

# try NAME: in a namespace of its own, which is deleted afterwards
try() {
    local name=$1 start=$SECONDS code
    namespace=t-$(printf %s "$name" | tr _ - | cut -c1-55 | sed 's/-*$//')
    kubectl create namespace "$namespace" > /dev/null
    for _ in $(seq 100); do
        kubectl -n "$namespace" get serviceaccount default > /dev/null 2>&1 && break
        sleep 0.1
    done
    # Not within the condition: there, a command that fails would not end the trial.
    set +e
    (set -e; "trial_$name") > "$work/$name.log" 2>&1
    code=$?
    set -e
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %3ss  %s\n' $((SECONDS - start)) "${name//_/ }"
    else
        failed=$((failed + 1))
        printf 'FAILED  %3ss  %s\n' $((SECONDS - start)) "${name//_/ }"
        sed 's/^/        | /' "$work/$name.log"
        kubectl -n "$namespace" get pods,events 2>&1 | tail -n 25 | sed 's/^/        | /'
    fi
    kubectl delete namespace "$namespace" --wait=false > /dev/null
}

summary() {
    echo
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

k() { kubectl -n "$namespace" "$@"; }

# pod NAME [ANNOTATIONS] [SPEC]: a Pod of one container, as JSON; SPEC is merged into its spec
pod() {
    local annotations=${2:-"{}"} spec=${3:-"{}"}
    jq -n --arg name "$1" --argjson annotations "$annotations" --argjson spec "$spec" '{
        apiVersion: "v1", kind: "Pod", metadata: {name: $name, annotations: $annotations},
        spec: ({terminationGracePeriodSeconds: 3, containers: [{name: "app", image: "nginx:1.27"}]} + $spec)}'
}

# template LABEL [ANNOTATIONS] [SPEC]: the same as a template of a workload
template() {
    pod x "${2:-}" "${3:-}" | jq --arg app "$1" '{metadata: {labels: {app: $app}, annotations: .metadata.annotations}, spec}'
}

# workload KIND NAME SPEC [ANNOTATIONS] [POD-SPEC]: with a selector and a template
workload() {
    local version=apps/v1
    case $1 in Job | CronJob) version=batch/v1 ;; esac
    jq -n --arg kind "$1" --arg name "$2" --arg version "$version" --argjson spec "$3" \
        --argjson template "$(template "$2" "${4:-}" "${5:-}")" '
        {apiVersion: $version, kind: $kind, metadata: {name: $name}, spec: ($spec + {template: $template})}
        | if $kind == "Job" then . else .spec.selector = {matchLabels: {app: $name}} end'
}

# wait_for TEXT SECONDS COMMAND…: until the command prints something that matches
wait_for() {
    local text=$1 left=$2 printed
    shift 2
    while :; do
        printed=$("$@" 2>&1) || true
        grep -qE -- "$text" <<< "$printed" && return
        if [ "$left" -le 0 ]; then
            echo "waited for: $text"
            echo "but '$*' prints: $printed"
            return 1
        fi
        left=$((left - 1))
        sleep 1
    done
}

# column POD TEXT [SECONDS]: until `kubectl get pod` shows this in its row
column() { wait_for "$2" "${3:-40}" k get pod "$1" --no-headers; }

# field KIND/NAME JSONPATH
field() { k get "$1" -o jsonpath="$2"; }

# gone KIND/NAME [SECONDS]
gone() { wait_for NotFound "${2:-40}" k get "$1"; }
