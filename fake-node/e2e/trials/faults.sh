# shellcheck shell=bash
# What goes wrong between a node and the API server.

# A node whose connections break: it is reached by way of a proxy.
ON_BROKEN='{"nodeSelector": {"example.com/broken": "yes"}, "tolerations": [{"key": "broken", "operator": "Exists"}]}'
BROKEN_PORT=26449

broken_up() {
    kubectl config view --raw -o json | jq --arg server "http://127.0.0.1:$BROKEN_PORT" \
        '.clusters[0].cluster = {server: $server} | .users[0].user = {}' > "$work/broken-kubeconfig"
    connect
    KUBECONFIG=$work/broken-kubeconfig "$fake_node" --nodes 1 --name-prefix broken- --taint broken=:NoSchedule \
        --label example.com/broken=yes --node-address 10.201.0.1 --pod-addresses 10.128.0.0 --metrics-address 0 \
        >> "$work/broken.log" 2>&1 &
    broken=$!
    wait_for ' Ready ' 60 kubectl get node broken-0 --no-headers
}

broken_down() {
    kill "$broken" "$proxy"
    kubectl delete node broken-0
    ! grep -E 'a write is refused|panicked' "$work/broken.log"
}

connect() {
    kubectl proxy --port=$BROKEN_PORT > "$work/proxy.log" 2>&1 &
    proxy=$!
}

disconnect() {
    kill -9 "$proxy"
    wait "$proxy" 2> /dev/null || true
}

break_connections() {
    disconnect
    connect
}

# no_room_for_status_writes: the API server takes one at a time, and answers all others with 429, as it does when it has
# too much to do
no_room_for_status_writes() {
    kubectl apply -f - << 'END'
{"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration", "metadata": {"name": "e2e-none"},
 "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0,
  "limitResponse": {"type": "Reject"}}}}
END
    kubectl apply -f - << 'END'
{"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": "e2e-none"},
 "spec": {"priorityLevelConfiguration": {"name": "e2e-none"}, "matchingPrecedence": 2, "rules": [
  {"subjects": [{"kind": "ServiceAccount", "serviceAccount": {"name": "fake-node", "namespace": "fake-node"}}],
   "resourceRules": [{"verbs": ["patch"], "apiGroups": [""], "resources": ["pods/status"], "namespaces": ["*"]}]}]}}
END
    # The API server applies it after a moment.
    sleep 3
}

room_for_status_writes() {
    kubectl delete flowschema e2e-none --ignore-not-found
    kubectl delete prioritylevelconfiguration e2e-none --ignore-not-found
}

# started SELECTOR: which run each of these Pods is in
started() {
    k get pods --selector "$1" -o json | jq -S '[.items[] | {name: .metadata.name, runs: [.status.containerStatuses[]
        | {containerID, restartCount, started: .state.running.startedAt}]}]'
}

# more_answers CODE THAN: how many more there are by now
more_answers() { echo $(($(answers "$1") - $2)); }

trial_a_node_process_that_is_restarted_ten_times_in_a_rollout_loses_nothing() {
    workload Deployment web '{"replicas": 200}' '{"fake/stop": "app=1:0"}' | k apply -f -
    k rollout status deployment/web --timeout=240s
    history
    k set image deployment/web app=nginx:1.28
    for _ in 1 2 3 4 5; do
        sleep 1
        restart_node TERM
        sleep 1
        restart_node KILL
    done
    k rollout status deployment/web --timeout=240s
    pods_ready 200 60
    nothing_was_lost
}

trial_a_node_process_that_is_restarted_ten_times_while_pods_begin_loses_nothing() {
    history
    workload Deployment web '{"replicas": 200}' | k apply -f -
    for _ in 1 2 3 4 5; do
        sleep 0.5
        restart_node KILL
        sleep 0.5
        restart_node TERM
    done
    k rollout status deployment/web --timeout=240s
    pods_ready 200 60
    nothing_was_lost
}

trial_an_api_server_that_is_gone_for_a_minute_hears_everything_afterwards() {
    workload Deployment web '{"replicas": 20}' | k apply -f -
    pod flaky '{"fake/exit": "app=40:1/-"}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    k wait pod/flaky --for=condition=Ready --timeout=30s
    local before
    before=$(started 'app=web')
    "$e2e/control-plane.sh" down "$work/control-plane" kube-apiserver
    sleep 60
    "$e2e/control-plane.sh" up "$work/control-plane"
    wait_for '^1 true$' 60 field pod/flaky \
        '{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}'
    k rollout status deployment/web --timeout=120s
    pods_ready 21 60
    diff <(echo "$before") <(started 'app=web')
    # The scheduler may take its time to come back, too.
    pod late | k apply -f -
    k wait pod/late --for=condition=Ready --timeout=90s
}

# The connection is by way of a proxy, which is killed again and again.
trial_a_watch_that_breaks_loses_nothing() {
    broken_up
    trap broken_down EXIT
    history
    workload Deployment web '{"replicas": 60}' '{"fake/stop": "app=1:0"}' "$ON_BROKEN" | k apply -f -
    for _ in 1 2 3 4 5; do
        sleep 1.5
        break_connections
    done
    k rollout status deployment/web --timeout=120s
    pods_ready 60 30
    nothing_was_lost
    k scale deployment/web --replicas=1
    break_connections
    pods_ready 1 60
}

trial_a_write_that_meets_too_many_others_is_made_again() {
    local before
    before=$(answers 429)
    trap room_for_status_writes EXIT
    no_room_for_status_writes
    history
    workload Deployment web '{"replicas": 60}' | k apply -f -
    wait_for '^[1-9]' 30 more_answers 429 "$before"
    sleep 5
    room_for_status_writes
    k rollout status deployment/web --timeout=60s
    pods_ready 60 30
    nothing_was_lost
}

# The node still has writes for a Pod whose name another Pod has by now, and the watch has not reported that yet: a status
# is refused with 422, a deletion with 409.
trial_a_write_that_comes_too_late_is_not_made_to_the_next_pod_of_that_name() {
    broken_up
    trap broken_down EXIT
    local before_422 before_409 round on_broken='{"nodeName": "broken-0"}'
    before_422=$(answers 422) before_409=$(answers 409)
    for round in $(seq 10); do
        pod web '{"fake/exit": "app=2:1/-", "fake/stop": "app=2:0"}' "$on_broken" | k apply -f -
        k wait pod/web --for=condition=Ready --timeout=30s
        # Every second time its deletion is on its way already.
        [ $((round % 2)) = 1 ] || k delete pod web --wait=false
        disconnect
        k delete pod web --force --grace-period=0 --ignore-not-found
        pod web '{}' "$on_broken" | k apply -f -
        sleep 3
        connect
        k wait pod/web --for=condition=Ready --timeout=30s
        sleep 2
        column web '1/1 +Running +0' 1
        k delete pod web
    done
    echo "422: $(more_answers 422 "$before_422"), 409: $(more_answers 409 "$before_409")"
    [ $(($(more_answers 422 "$before_422") + $(more_answers 409 "$before_409"))) -gt 0 ]
}

trial_a_pod_is_deleted_by_force_and_made_again_and_again() {
    local uid
    for _ in 1 2 3 4 5 6; do
        pod web '{"fake/stop": "app=3600:0"}' '{"nodeName": "fake-1"}' | k apply -f -
        k wait pod/web --for=condition=Ready --timeout=30s
        uid=$(field pod/web '{.metadata.uid}')
        k delete pod web --force --grace-period=0
    done
    pod web '{}' '{"nodeName": "fake-1"}' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    [ "$(field pod/web '{.metadata.uid}')" != "$uid" ]
    sleep 5
    column web '1/1 +Running +0' 1
}
