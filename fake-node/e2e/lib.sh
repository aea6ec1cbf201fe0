# shellcheck shell=bash
# What the trials are written with.

passed=0 failed=0
NODES=3

# become_service_account: what a node in the cluster may do is all that ours may do; $node_config says who it is
become_service_account() {
    node_config=$work/node-kubeconfig
    kubectl create --dry-run=client -o json -f "$e2e/../deploy/fake-node.yaml" > "$work/deploy.json"
    jq 'select(.kind != "Deployment")' "$work/deploy.json" | kubectl apply -f - > /dev/null
    local token
    token=$(kubectl -n fake-node create token fake-node --duration=6h)
    kubectl config view --raw -o json | jq --arg token "$token" '.users[0].user = {token: $token}' > "$node_config"
}

# node_up: the fake nodes in one process, ready
node_up() {
    KUBECONFIG=$node_config "$fake_node" --nodes "$NODES" --metrics-address 127.0.0.1:0 >> "$work/fake-node.log" 2>&1 &
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

# answers CODE: how many requests the API server has answered with a code, about Pods and what belongs to them
answers() {
    kubectl get --raw /metrics | awk -v code="code=\"$1\"" '
        /^apiserver_request_total/ && index($0, code) && /resource="pods"/ { sum += $NF } END { print sum + 0 }'
}

# history: from now on, everything that becomes of the namespace's Pods is kept
history() {
    k get pods --watch --output-watch-events -o json > "$work/history" 2>> "$work/history.log" &
    historian=$!
}

# nothing_was_lost: says, and fails if, a container ran twice, or the time of a transition changed without one
nothing_was_lost() {
    kill "$historian" 2> /dev/null || true
    wait "$historian" 2> /dev/null || true
    local lost
    lost=$(jq -rs '
        def each_pair: . as $all | range(1; length) | [$all[. - 1], $all[.]];
        [.[].object] | group_by(.metadata.uid)[]
        | .[-1].metadata.name as $pod
        | ([.[].status.containerStatuses[]? | {name, run: (.state.running.startedAt // empty)}] | unique
            | group_by(.name)[] | select(length > 1) | "\($pod): \(.[0].name) ran \(length) times"),
          ([.[].status.containerStatuses[]?.restartCount] | max // 0 | select(. > 0) | "\($pod): restarted"),
          (each_pair | .[0].status.conditions as $before | .[1].status.conditions[]? | . as $now
            | $before[]? | select(.type == $now.type and .status == $now.status)
            | select(.lastTransitionTime != $now.lastTransitionTime) | "\($pod): the time of \(.type) was rewritten")
        ' < <(whole_lines "$work/history"))
    [ -s "$work/history" ]
    if [ -n "$lost" ]; then
        echo "$lost" | sort | uniq -c
        return 1
    fi
}

# whole_lines FILE: without what was cut off in the middle of an object
whole_lines() { jq -c . "$1" 2> /dev/null || true; }

# pods_ready COUNT SECONDS: so many Pods are Ready, and no other is there
pods_ready() {
    wait_for "^$1 $1\$" "$2" bash -c "kubectl -n $namespace get pods -o json | jq -r '
        [.items[].status.conditions[]? | select(.type == \"Ready\" and .status == \"True\")] as \$ready
        | \"\(.items | length) \(\$ready | length)\"'"
}
