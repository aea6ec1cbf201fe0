use serde_json::{Value, json};

use super::*;
use crate::{api::PodManifest, time::Timestamp};

/// Returns the row of a Pod with one regular container `app`, one init container `init` and one sidecar `proxy`.
fn shown(metadata: Value, status: Value) -> Row {
    let pod = json!({
        "metadata": metadata,
        "spec": {
            "initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app"}, {"name": "job"}],
        },
        "status": status,
    });
    row(&serde_json::from_value(pod).unwrap(), "2026-03-01T12:00:00Z".parse().unwrap())
}

fn status(status: Value) -> String {
    shown(json!({}), status).status
}

fn running(name: &str) -> Value {
    json!({"name": name, "ready": true, "started": true, "state": {"running": {}}})
}

fn ended(name: &str, exit_code: i32, reason: &str) -> Value {
    json!({"name": name, "state": {"terminated": {"exitCode": exit_code, "reason": reason}}})
}

fn restarted(name: &str, count: i64, ended_at: &str) -> Value {
    json!({"name": name, "restartCount": count, "lastState": {"terminated": {"finishedAt": ended_at}}})
}

fn deleted() -> Value {
    json!({"deletionTimestamp": "2026-03-01T12:00:30Z"})
}

#[test]
fn the_first_init_container_that_is_not_done_sets_the_status() {
    let waits = |init: Value| status(json!({"phase": "Pending", "initContainerStatuses": [init]}));
    let waiting = |reason: &str| json!({"name": "init", "state": {"waiting": {"reason": reason}}});
    assert_eq!(waits(running("init")), "Init:0/2");
    assert_eq!(waits(waiting("PodInitializing")), "Init:0/2");
    assert_eq!(waits(waiting("ErrImagePull")), "Init:ErrImagePull");
    assert_eq!(waits(ended("init", 1, "Error")), "Init:Error");
    assert_eq!(waits(ended("init", 3, "")), "Init:ExitCode:3");
    assert_eq!(
        waits(json!({"name": "init", "state": {"terminated": {"exitCode": 137, "signal": 9}}})),
        "Init:Signal:9"
    );
}

#[test]
fn a_started_sidecar_does_not_block_and_counts_as_a_container() {
    let row = |proxy: Value| {
        let inits = json!([ended("init", 0, "Completed"), proxy]);
        shown(
            json!({}),
            json!({"phase": "Pending", "initContainerStatuses": inits, "containerStatuses": [running("app")]}),
        )
    };
    let up = row(running("proxy"));
    assert_eq!((&*up.ready, &*up.status), ("2/3", "Pending"));
    let starting = row(json!({"name": "proxy", "ready": true, "started": false, "state": {"running": {}}}));
    assert_eq!((&*starting.ready, &*starting.status), ("0/3", "Init:1/2"));
}

#[test]
fn an_initialized_pod_shows_its_regular_containers() {
    let shown = |initialized: &str| {
        status(json!({
            "phase": "Running",
            "conditions": [{"type": "Initialized", "status": initialized}],
            "initContainerStatuses": [running("init")],
            "containerStatuses": [ended("app", 1, "OOMKilled")],
        }))
    };
    assert_eq!((&*shown("True"), &*shown("False")), ("OOMKilled", "Init:0/2"));
}

#[test]
fn completed_gives_way_to_containers_that_run_or_failed() {
    let shown = |ready: &str, job: Value| {
        let conditions = json!([{"type": "Ready", "status": ready}]);
        let containers = json!([ended("app", 0, "Completed"), job]);
        status(json!({"phase": "Running", "conditions": conditions, "containerStatuses": containers}))
    };
    assert_eq!(shown("True", running("job")), "Running");
    assert_eq!(shown("False", running("job")), "NotReady");
    assert_eq!(shown("False", ended("job", 2, "Error")), "Error");
    assert_eq!(shown("False", ended("job", 0, "Completed")), "Completed");
}

#[test]
fn the_first_container_with_a_reason_sets_the_status() {
    let waiting = json!({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    assert_eq!(status(json!({"containerStatuses": [waiting, ended("job", 1, "Error")]})), "ImagePullBackOff");
}

#[test]
fn without_a_reason_of_a_container_the_pods_reason_or_phase_is_shown() {
    assert_eq!(status(json!({"phase": "Failed", "reason": "Evicted"})), "Evicted");
    assert_eq!(status(json!({"phase": "Pending"})), "Pending");
    let gated = json!({"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"});
    assert_eq!(status(json!({"phase": "Pending", "reason": "Because", "conditions": [gated]})), "SchedulingGated");
}

#[test]
fn a_pod_being_deleted_is_terminating_unless_it_has_ended_or_its_node_is_lost() {
    let shown = |status| shown(deleted(), status).status;
    assert_eq!(shown(json!({"phase": "Running", "containerStatuses": [ended("app", 1, "Error")]})), "Terminating");
    assert_eq!(shown(json!({"phase": "Succeeded"})), "Succeeded");
    assert_eq!(shown(json!({"phase": "Succeeded", "reason": "NodeLost"})), "Unknown");
    assert_eq!(status(json!({"phase": "Running", "reason": "NodeLost"})), "NodeLost");
}

#[test]
fn restarts_of_ordinary_init_containers_count_only_while_they_hold_the_pod_up() {
    let restarts = |proxy: Value| {
        let mut init = restarted("init", 5, "2026-03-01T11:00:00Z");
        init["state"] = json!({"terminated": {"exitCode": 0}});
        let mut sidecar = restarted("proxy", 2, "2026-03-01T11:50:00Z");
        sidecar["started"] = proxy;
        let app = restarted("app", 1, "2026-03-01T11:30:00Z");
        shown(json!({}), json!({"initContainerStatuses": [init, sidecar], "containerStatuses": [app]})).restarts
    };
    assert_eq!(restarts(json!(false)), "7 (10m ago)");
    assert_eq!(restarts(json!(true)), "3 (10m ago)");
}

#[test]
fn absurd_restart_counts_are_shown_as_they_are() {
    let restarts = |a: i64, b: i64| {
        let containers =
            json!([restarted("app", a, "9999-12-31T23:59:59Z"), restarted("job", b, "0001-01-01T00:00:00Z")]);
        shown(json!({}), json!({"containerStatuses": containers})).restarts
    };
    assert_eq!(restarts(i32::MAX.into(), i32::MAX.into()), "4294967294 (<invalid> ago)");
    assert_eq!(restarts(-3, 1), "-2 (<invalid> ago)");
    assert_eq!(restarts(-1, 1), "0");
}

#[test]
fn a_table_has_one_line_per_pod() {
    let pod =
        |name: &str| serde_json::from_value::<PodManifest>(json!({"metadata": {"name": name}, "spec": {}})).unwrap();
    let pods = [pod("two\nlines"), pod("\u{1b}[31mred"), pod("größe")];
    assert_eq!(
        table(&pods, Timestamp::UNIX_EPOCH),
        "NAME        READY   STATUS   RESTARTS   AGE\n\
         two...      0/0              0          <unknown>\n\
         ^[[31mred   0/0              0          <unknown>\n\
         größe       0/0              0          <unknown>\n"
    );
    assert_eq!(table([], Timestamp::UNIX_EPOCH), "");
}

/// Returns the columns IP, NODE and READINESS GATES of a Pod.
fn wide(pod: Value) -> [String; 3] {
    let pod = serde_json::from_value(pod).unwrap();
    let printed = wide_table([&pod], "2026-03-01T12:00:00Z".parse().unwrap());
    let cells =
        |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(String::from).collect();
    let lines: Vec<Vec<String>> = printed.lines().map(cells).collect();
    ["IP", "NODE", "READINESS GATES"].map(|heading| {
        let column = lines[0].iter().position(|it| it == heading).unwrap_or_else(|| panic!("{printed}"));
        lines[1][column].clone()
    })
}

#[test]
fn the_wide_table_shows_address_and_node_or_none() {
    let spec = json!({"containers": [{"name": "app"}]});
    let pending = json!({"phase": "Pending"});
    assert_eq!(wide(json!({"metadata": {"name": "web"}, "spec": spec, "status": pending})), ["<none>"; 3]);
    let spec = json!({"containers": [{"name": "app"}], "nodeName": "node-1"});
    let pod = |status: Value| wide(json!({"metadata": {"name": "web"}, "spec": spec, "status": status}));
    let ips = json!([{"ip": "10.0.0.7"}, {"ip": "fd00::7"}]);
    assert_eq!(pod(json!({"phase": "Running", "podIP": "10.0.0.8", "podIPs": ips})), ["10.0.0.8", "node-1", "<none>"]);
    assert_eq!(
        pod(json!({"phase": "Running", "podIPs": ips})),
        ["10.0.0.7", "node-1", "<none>"],
        "the first of podIPs stands in for podIP"
    );
}

#[test]
fn the_wide_table_counts_the_readiness_gates_that_are_true() {
    let gates = json!([{"conditionType": "example.com/lb"}, {"conditionType": "example.com/dns"}]);
    let spec = json!({"containers": [{"name": "app"}], "readinessGates": gates});
    let conditions = json!([
        {"type": "example.com/lb", "status": "True"}, {"type": "example.com/dns", "status": "False"},
    ]);
    let [_, _, shown] = wide(
        json!({"metadata": {"name": "web"}, "spec": spec, "status": {"phase": "Running", "conditions": conditions}}),
    );
    assert_eq!(shown, "1/2");
}
