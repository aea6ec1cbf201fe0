//! `started` and `ready` of containers.

use crate::given::*;
use pod_lifecycle::{
    rule::{
        probe::ProbeResult,
        started_and_ready::{self, KubeletStart, ProbeFacts},
    },
    spec::PodSpec,
    state::ContainerRecord,
};
use serde_json::json;

/// What is said of the first container, and whether its readiness probe is run at once.
fn of_first(spec: &PodSpec, record: ContainerRecord, facts: ProbeFacts, kubelet: KubeletStart) -> (bool, bool, bool) {
    let mut records = [Some(record)];
    let mut is_nudged = false;
    started_and_ready::update_readiness(spec, &mut records, &[facts], kubelet, |_| is_nudged = true);
    let [record] = records.map(Option::unwrap);
    (record.started == Some(true), record.ready, is_nudged)
}

fn anew() -> ContainerRecord {
    ContainerRecord { started: None, ready: false, ..reported_running() }
}

fn probed() -> PodSpec {
    let probe = json!({"exec": {"command": ["ok"]}});
    pod(json!({"containers": [{"name": "app", "startupProbe": probe, "readinessProbe": probe}]}))
}

const WORKERS: ProbeFacts = ProbeFacts {
    startup: None,
    readiness: None,
    liveness: None,
    has_startup_worker: true,
    has_readiness_worker: true,
    is_replacement: false,
};

#[test]
fn without_probes_a_running_container_is_started_and_ready() {
    let spec = pod_with_policy("Always");
    assert_eq!(of_first(&spec, anew(), ProbeFacts::default(), KUBELET), (true, true, false));
    assert_eq!(of_first(&spec, waiting(), ProbeFacts::default(), KUBELET), (false, false, false));
}

#[test]
fn a_startup_probe_has_to_succeed_first() {
    let started = |startup| of_first(&probed(), anew(), ProbeFacts { startup, ..WORKERS }, KUBELET).0;
    assert!(!started(None));
    assert!(!started(Some(ProbeResult::Unknown)));
    assert!(started(Some(ProbeResult::Success)));
}

#[test]
fn a_container_that_is_started_and_not_ready_has_its_readiness_probe_run_at_once() {
    let with = |readiness| {
        let facts = ProbeFacts { startup: Some(ProbeResult::Success), readiness: Some(readiness), ..WORKERS };
        of_first(&probed(), anew(), facts, KUBELET)
    };
    assert_eq!(with(ProbeResult::Failure), (true, false, true));
    assert_eq!(with(ProbeResult::Success), (true, true, false));
}

#[test]
fn a_restart_of_the_kubelet_alone_makes_no_container_unready() {
    let kubelet = |pod_was_ready| KubeletStart { at: at(60), pod_was_ready };
    let of = |pod_was_ready| of_first(&probed(), reported_running(), WORKERS, kubelet(pod_was_ready));
    assert_eq!(of(true), (true, true, true));
    assert_eq!(of(false), (true, false, true));
}

#[test]
fn an_init_container_that_succeeded_is_ready_and_one_that_failed_is_not() {
    let spec = pod(json!({"initContainers": [{"name": "init"}], "containers": [{"name": "app"}]}));
    let ready = |exit_code| of_first(&spec, reported_end(exit_code), ProbeFacts::default(), KUBELET).1;
    assert_eq!([ready(0), ready(1)], [true, false]);
}

#[test]
fn a_sidecar_is_ready_as_a_regular_container_is() {
    let spec = pod(json!({"initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "app"}]}));
    assert_eq!(of_first(&spec, anew(), ProbeFacts::default(), KUBELET), (true, true, false));
}
