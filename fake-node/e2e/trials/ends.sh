# shellcheck shell=bash
# Each way in which a Pod lives and ends.

trial_a_pod_runs_and_says_where() {
    pod web | k apply -f -
    column web '1/1 +Running'
    wait_for '^10\.64\.' 5 field pod/web '{.status.podIP}'
    wait_for '^10\.200\.' 5 field pod/web '{.status.hostIP}'
    wait_for 'Started +pod/web|Normal +Started' 20 k get events
}

trial_a_pod_succeeds() {
    pod job '{"fake/exit": "app=2:0"}' '{"restartPolicy": "Never"}' | k apply -f -
    column job '0/1 +Completed'
}

trial_a_pod_fails() {
    pod job '{"fake/exit": "app=2:3"}' '{"restartPolicy": "Never"}' | k apply -f -
    column job '0/1 +Error'
    wait_for '^3$' 5 field pod/job '{.status.containerStatuses[0].state.terminated.exitCode}'
}

trial_a_pod_is_out_of_memory() {
    pod job '{"fake/exit": "*=2:oom"}' '{"restartPolicy": "Never"}' | k apply -f -
    column job '0/1 +OOMKilled'
}

trial_a_pod_crash_loops_and_recovers() {
    pod web '{"fake/exit": "app=1:1/1:1/1:1/-"}' | k apply -f -
    column web '1/1 +Running +3' 120
    wait_for BackOff 10 k get events
}

# A kubelet comes back to a Pod when the back-off ends. Only a back-off that is longer than its resync period (60 s, late by
# up to half) is shown while it lasts; until then there is `Error`.
trial_a_pod_that_goes_on_crashing_is_held_back() {
    pod web '{"fake/exit": "app=1:1"}' | k apply -f -
    column web '0/1 +Error'
    column web '0/1 +CrashLoopBackOff' 400
}

trial_an_image_is_not_to_be_had() {
    pod web '{"fake/pull": "app=manifest unknown"}' | k apply -f -
    column web 'ImagePullBackOff|ErrImagePull'
    wait_for 'manifest unknown' 20 k describe pod web
}

trial_a_container_is_restarted_by_its_liveness_probe() {
    local probe='{"containers": [{"name": "app", "image": "i",
        "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 1}}]}'
    pod web '{"fake/live-until": "app=3"}' "$probe" | k apply -f -
    column web 'Running +1 '
    wait_for 'Liveness probe failed' 10 k describe pod web
}

trial_a_pod_is_not_ready_and_then_is() {
    local probe='{"containers": [{"name": "app", "image": "i",
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}]}'
    pod web '{"fake/ready-after": "app=4"}' "$probe" | k apply -f -
    column web '0/1 +Running'
    k wait pod/web --for=condition=Ready --timeout=30s
}

trial_a_startup_probe_that_never_succeeds_ends_the_run() {
    local probe='{"containers": [{"name": "app", "image": "i",
        "startupProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 3}}]}'
    pod web '{"fake/started-after": "app=never"}' "$probe" | k apply -f -
    column web '0/1 +(Running|CrashLoopBackOff) +1 '
}

trial_init_containers_and_sidecars_take_turns() {
    local spec='{"initContainers": [{"name": "setup", "image": "i"},
        {"name": "mesh", "image": "i", "restartPolicy": "Always"}], "restartPolicy": "Never"}'
    pod web '{"fake/exit": "setup=3:0,app=4:0"}' "$spec" | k apply -f -
    column web 'Init:0/2'
    column web '2/2 +Running'
    column web 'Completed'
}

trial_an_init_container_fails() {
    pod web '{"fake/exit": "setup=1:9"}' '{"initContainers": [{"name": "setup", "image": "i"}], "restartPolicy": "Never"}' \
        | k apply -f -
    column web 'Init:Error'
}

trial_a_deleted_pod_stops_in_its_time() {
    pod web '{"fake/stop": "app=2:0"}' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    k delete pod web --wait=false
    column web Terminating 2
    gone pod/web
}

trial_a_stubborn_pod_is_killed_after_its_grace() {
    pod web '{"fake/stop": "app=3600:0"}' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    local start=$SECONDS
    k delete pod web --timeout=30s
    [ $((SECONDS - start)) -ge 3 ]
}

trial_a_pod_is_deleted_by_force_and_made_again() {
    pod web '{"fake/stop": "app=3600:0"}' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    k delete pod web --force --grace-period=0
    pod web | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    sleep 5
    column web '1/1 +Running +0' 1
}

trial_a_finalizer_holds_a_pod() {
    pod web '{}' | jq '.metadata.finalizers = ["example.com/audit"]' | k apply -f -
    k wait pod/web --for=condition=Ready --timeout=30s
    k delete pod web --wait=false
    column web '0/1 +(Completed|Error|Terminating)'
    k patch pod web --type=merge -p '{"metadata": {"finalizers": null}}'
    gone pod/web
}

trial_a_node_under_pressure_evicts() {
    pod web '{"fake/evict-after": "pod=3"}' | k apply -f -
    wait_for '^Failed Evicted' 40 field pod/web '{.status.phase} {.status.reason}'
    wait_for 'low on resource: memory' 10 k describe pod web
}

trial_a_node_shuts_down() {
    pod web '{"fake/shutdown-after": "pod=3"}' | k apply -f -
    wait_for '^Failed Terminated' 40 field pod/web '{.status.phase} {.status.reason}'
}

trial_a_sandbox_dies() {
    pod web '{"fake/sandbox-dies-after": "pod=3"}' | k apply -f -
    column web '1/1 +Running +1 '
    wait_for SandboxChanged 10 k get events
}

trial_a_pod_is_active_for_too_long() {
    pod web '{}' '{"activeDeadlineSeconds": 3}' | k apply -f -
    wait_for DeadlineExceeded 40 field pod/web '{.status.reason}'
}

trial_a_bad_annotation_is_told() {
    pod web '{"fake/exit": "db=1:1"}' | k apply -f -
    column web InvalidFakeAnnotation
    wait_for 'the Pod has no container "db"' 20 k get events
}

trial_all_containers_are_restarted_together() {
    local spec='{"restartPolicy": "Never", "containers": [
        {"name": "app", "image": "i"},
        {"name": "worker", "image": "i", "restartPolicy": "Never", "restartPolicyRules": [
            {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [9]}}]}]}'
    pod web '{"fake/exit": "worker=3:9/-"}' "$spec" | k apply -f -
    wait_for '^1 1$' 60 field pod/web '{.status.containerStatuses[*].restartCount}'
    column web '2/2 +Running'
}

trial_a_restart_rule_restarts_one_exit_code() {
    local spec='{"restartPolicy": "Never", "containers": [{"name": "app", "image": "i", "restartPolicy": "Never",
        "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]}]}'
    pod web '{"fake/exit": "app=1:42/2:1"}' "$spec" | k apply -f -
    column web '0/1 +Error +1 '
}
