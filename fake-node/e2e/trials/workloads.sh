# shellcheck shell=bash
# Each kind of workload.

trial_a_deployment_rolls_out_and_rolls_on() {
    workload Deployment web '{"replicas": 3}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    k set image deployment/web app=nginx:1.28
    k rollout status deployment/web --timeout=60s
    wait_for '^3$' 40 bash -c "kubectl -n $namespace get pods -o name | wc -l"
    k scale deployment/web --replicas=1
    wait_for '^1$' 40 bash -c "kubectl -n $namespace get pods -o name | wc -l"
}

trial_a_deployment_whose_new_pods_never_get_ready_stops_rolling() {
    workload Deployment web '{"replicas": 2, "progressDeadlineSeconds": 8}' | k apply -f -
    k rollout status deployment/web --timeout=60s
    workload Deployment web '{"replicas": 2, "progressDeadlineSeconds": 8}' '{"fake/pull": "app=no such image"}' \
        | k apply -f -
    wait_for 'ImagePullBackOff|ErrImagePull' 40 k get pods
    wait_for 'exceeded its progress deadline' 60 k rollout status deployment/web --timeout=60s
    wait_for '^2$' 10 field deployment/web '{.status.availableReplicas}'
}

trial_a_statefulset_starts_one_pod_after_the_other() {
    local probe='{"containers": [{"name": "app", "image": "i",
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}}]}'
    workload StatefulSet db '{"replicas": 3, "serviceName": "db"}' '{"fake/ready-after": "app=2"}' "$probe" | k apply -f -
    wait_for '^3$' 60 field statefulset/db '{.status.readyReplicas}'
    [ "$(field pod/db-0 '{.status.startTime}')" \< "$(field pod/db-2 '{.status.startTime}')" ]
    k delete pod db-1
    wait_for '^3$' 60 field statefulset/db '{.status.readyReplicas}'
}

trial_a_daemonset_has_a_pod_on_every_node() {
    workload DaemonSet agent '{}' | k apply -f -
    wait_for "^$NODES\$" 40 field daemonset/agent '{.status.numberReady}'
    [ "$(k get pods -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | wc -l)" = "$NODES" ]
}

trial_a_job_completes() {
    workload Job work '{"completions": 3, "parallelism": 2}' '{"fake/exit": "app=2:0"}' '{"restartPolicy": "Never"}' \
        | k apply -f -
    k wait job/work --for=condition=Complete --timeout=60s
    wait_for '^3$' 10 field job/work '{.status.succeeded}'
}

trial_a_job_gives_up_at_its_backoff_limit() {
    workload Job work '{"backoffLimit": 1}' '{"fake/exit": "app=1:7"}' '{"restartPolicy": "Never"}' | k apply -f -
    k wait job/work --for=condition=Failed --timeout=90s
    wait_for BackoffLimitExceeded 5 field job/work '{.status.conditions[*].reason}'
}

trial_a_job_fails_at_once_for_an_exit_code_that_its_policy_names() {
    local policy='{"backoffLimit": 6, "podFailurePolicy": {"rules": [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}}'
    workload Job work "$policy" '{"fake/exit": "app=1:42"}' '{"restartPolicy": "Never"}' | k apply -f -
    wait_for PodFailurePolicy 60 field job/work '{.status.conditions[*].reason}'
    wait_for '^1$' 5 field job/work '{.status.failed}'
}

trial_a_job_ignores_disruptions_if_its_policy_says_so() {
    local policy='{"backoffLimit": 0, "podFailurePolicy": {"rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}}'
    workload Job work "$policy" '{"fake/exit": "app=8:0", "fake/evict-after": "pod=2"}' '{"restartPolicy": "Never"}' \
        | k apply -f -
    wait_for Evicted 40 field pods '{.items[*].status.reason}'
    wait_for '^$' 5 field job/work '{.status.failed}'
}

trial_an_indexed_job_succeeds_by_its_success_policy() {
    local policy='{"completionMode": "Indexed", "completions": 3, "parallelism": 3,
        "successPolicy": {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}}'
    workload Job work "$policy" '{"fake/exit": "app=3:0"}' '{"restartPolicy": "Never"}' | k apply -f -
    k wait job/work --for=condition=Complete --timeout=60s
}

trial_a_job_restarts_its_container_in_place() {
    workload Job work '{}' '{"fake/exit": "app=1:1/1:0"}' '{"restartPolicy": "OnFailure"}' | k apply -f -
    k wait job/work --for=condition=Complete --timeout=60s
}

trial_a_job_is_too_late() {
    workload Job work '{"activeDeadlineSeconds": 4}' '{}' '{"restartPolicy": "Never"}' | k apply -f -
    wait_for DeadlineExceeded 40 field job/work '{.status.conditions[*].reason}'
    wait_for '^0$' 40 bash -c "kubectl -n $namespace get pods -o name | wc -l"
}

trial_a_cronjob_makes_jobs() {
    local job
    job=$(workload Job work '{}' '{"fake/exit": "app=1:0"}' '{"restartPolicy": "Never"}' | jq .spec)
    jq -n --argjson job "$job" '{apiVersion: "batch/v1", kind: "CronJob", metadata: {name: "nightly"},
        spec: {schedule: "0 3 * * *", jobTemplate: {spec: $job}}}' | k apply -f -
    k create job --from=cronjob/nightly now
    k wait job/now --for=condition=Complete --timeout=60s
}

trial_a_replicaset_replaces_a_pod_that_is_deleted() {
    workload ReplicaSet web '{"replicas": 2}' | k apply -f -
    wait_for '^2$' 40 field replicaset/web '{.status.readyReplicas}'
    k delete "$(k get pods -o name | head -1)"
    wait_for '^2$' 40 field replicaset/web '{.status.readyReplicas}'
}

# The last of all: it looks back.
trial_nothing_was_refused_by_the_api_server() {
    ! grep -E 'a write is refused|panicked' "$work/fake-node.log"
}
