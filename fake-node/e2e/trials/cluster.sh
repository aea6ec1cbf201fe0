# shellcheck shell=bash
# What clusters do to Pods.

trial_a_drain_waits_for_a_budget() {
    workload Deployment web '{"replicas": 2}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    k create poddisruptionbudget web --selector=app=web --min-available=2
    wait_for '^2$' 20 field pdb/web '{.status.currentHealthy}'
    local node
    node=$(k get pods -o jsonpath='{.items[0].spec.nodeName}')
    wait_for "would violate the pod's disruption budget" 5 \
        kubectl drain "$node" --ignore-daemonsets --force --pod-selector=app=web --timeout=4s
    k delete poddisruptionbudget web
    kubectl drain "$node" --ignore-daemonsets --force --pod-selector=app=web --timeout=60s
    kubectl uncordon "$node"
    k rollout status deployment/web --timeout=60s
}

trial_an_important_pod_takes_the_place_of_others() {
    kubectl apply -f - << 'END'
{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "e2e-important"}, "value": 1000}
END
    local big='{"containers": [{"name": "app", "image": "i", "resources": {"requests": {"cpu": "60"}}}]}'
    workload Deployment filler "{\"replicas\": $NODES}" '{}' "$big" | k apply -f -
    k rollout status deployment/filler --timeout=60s
    pod vip '{}' "$big" | jq '.spec.priorityClassName = "e2e-important"' | k apply -f -
    k wait pod/vip --for=condition=Ready --timeout=60s
    wait_for Preempted 20 k get events
    k delete deployment filler --wait=false
    k delete pod vip
    kubectl delete priorityclass e2e-important
}

trial_a_taint_evicts_what_does_not_tolerate_it() {
    pod web '{}' '{"nodeSelector": {"kubernetes.io/hostname": "fake-0"}}' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    kubectl taint node fake-0 e2e=1:NoExecute
    gone pod/web
    kubectl taint node fake-0 e2e-
}

trial_a_container_is_added_for_debugging() {
    pod web | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    k debug web --image=busybox --container=debugger --attach=false -- sh
    wait_for running 20 field pod/web '{.status.ephemeralContainerStatuses[0].state}'
}

trial_a_running_pod_is_resized_in_place() {
    local spec='{"containers": [{"name": "app", "image": "i", "resources": {"requests": {"cpu": "1"}}}]}'
    pod web '{}' "$spec" | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    k patch pod web --subresource=resize -p \
        '{"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "2"}}}]}}'
    wait_for '^2 0$' 20 field pod/web \
        '{.status.containerStatuses[0].resources.requests.cpu} {.status.containerStatuses[0].restartCount}'
}

trial_a_gated_pod_waits_for_its_gate() {
    pod web '{}' '{"schedulingGates": [{"name": "example.com/quota"}]}' | k apply -f -
    column web SchedulingGated
    k patch pod web --type=json -p '[{"op": "remove", "path": "/spec/schedulingGates"}]'
    column web '1/1 +Running'
}

trial_a_readiness_gate_is_somebody_elses() {
    pod web '{}' '{"readinessGates": [{"conditionType": "example.com/lb"}]}' | k apply -f -
    wait_for 'ReadinessGatesNotReady' 40 field pod/web '{.status.conditions[*].reason}'
    k patch pod web --subresource=status -p '{"status": {"conditions": [{"type": "example.com/lb", "status": "True"}]}}'
    k wait pod/web --for=condition=Ready --timeout=30s
}

trial_a_service_has_the_ready_pods_as_its_endpoints() {
    workload Deployment web '{"replicas": 2}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    k expose deployment web --port=80
    wait_for '^2$' 30 bash -c "kubectl -n $namespace get endpointslices -l kubernetes.io/service-name=web -o json \
        | jq '[.items[].endpoints[]? | select(.conditions.ready)] | length'"
}

trial_a_node_process_ends_within_a_second_and_takes_its_pods_up_again() {
    workload Deployment web '{"replicas": 3}' '{"fake/exit": "app=1:1/-"}' | k apply -f -
    wait_for '^1 1 1$' 60 field pods '{.items[*].status.containerStatuses[0].restartCount}'
    wait_for '^3$' 60 field deployment/web '{.status.readyReplicas}'
    local before after start
    before=$(k get pods -o json | jq -S '[.items[] | {name: .metadata.name, status}]')
    start=$(date +%s%N)
    restart_node TERM
    [ $((stopped_at - start)) -lt 1000000000 ]
    sleep 5
    after=$(k get pods -o json | jq -S '[.items[] | {name: .metadata.name, status}]')
    diff <(echo "$before") <(echo "$after")
}

trial_a_node_process_that_is_killed_takes_its_pods_up_again() {
    workload Deployment web '{"replicas": 3}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    local before
    before=$(k get pods -o json | jq -S '[.items[] | {name: .metadata.name, status}]')
    restart_node KILL
    sleep 5
    diff <(echo "$before") <(k get pods -o json | jq -S '[.items[] | {name: .metadata.name, status}]')
}

trial_a_lost_node_loses_its_pods_and_comes_back() {
    # Where most nodes are lost, the controller takes it that the network is, and evicts nothing.
    "$fake_node" --nodes 4 --name-prefix spare- --taint spare=:NoSchedule --metrics-address 0 >> "$work/spare.log" 2>&1 &
    local spare=$! lost
    lost=$(cat "$work/node.pid")
    # shellcheck disable=SC2064 # Both are known now.
    trap "kill -CONT $lost; kill $spare; kubectl delete node spare-0 spare-1 spare-2 spare-3" EXIT
    wait_for "^$((NODES + 4))\$" 60 bash -c "kubectl get nodes --no-headers | grep -c ' Ready '"
    workload Deployment web '{"replicas": 3}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    kill -STOP "$lost"
    wait_for 'NotReady' 60 kubectl get nodes
    wait_for Terminating 60 k get pods
    kill -CONT "$lost"
    wait_for "^$((NODES + 4))\$" 60 bash -c "kubectl get nodes --no-headers | grep -c ' Ready '"
    k rollout status deployment/web --timeout=60s
    wait_for '^3$' 60 bash -c "kubectl -n $namespace get pods -o name | wc -l"
}
