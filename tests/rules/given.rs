//! Small Pods, runtime statuses and records for the tests of the rules.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    rule::started_and_ready::KubeletStart,
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{
        ContainerRecord, FailureMessage, Instance, InstanceId, InstanceState, RecordedState, RuntimeStatus, Sandbox,
        SandboxId, StartError, StartFailure, Termination, TerminationReason, Waiting,
    },
};
use serde_json::{Value, json};

/// A Pod with this `spec`.
pub fn pod(spec: Value) -> PodSpec {
    let manifest: PodManifest = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "default", "uid": "uid-1", "generation": 1},
        "spec": spec,
    }))
    .unwrap();
    PodSpec::from_admitted(&manifest).unwrap()
}

/// A Pod with one regular container, `app`, under this policy.
pub fn pod_with_policy(policy: &str) -> PodSpec {
    pod(json!({"restartPolicy": policy, "containers": [{"name": "app", "image": "nginx"}]}))
}

/// The place of a container.
pub fn index(spec: &PodSpec, name: &str) -> ContainerIndex {
    spec.index_of(name).unwrap()
}

/// A container.
pub fn container<'a>(spec: &'a PodSpec, name: &str) -> &'a ContainerSpec {
    spec.container(index(spec, name)).unwrap()
}

/// `seconds` after the test begins.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_000_000_i64.saturating_add(seconds))
}

/// How a container ended.
pub fn end(exit_code: i32) -> Arc<Termination> {
    end_because(exit_code, TerminationReason::of_exit(exit_code))
}

/// How a container ended, and why.
pub fn end_because(exit_code: i32, reason: TerminationReason) -> Arc<Termination> {
    let (started_at, finished_at) = (Some(at(0)), Some(at(10)));
    Arc::new(Termination {
        exit_code,
        reason,
        message: None,
        signal: None,
        started_at,
        finished_at,
        instance: Some(FIRST),
    })
}

/// The first instance of a container.
pub const FIRST: InstanceId = InstanceId::nth(0);
/// The second instance of a container.
pub const SECOND: InstanceId = InstanceId::nth(1);

/// The first instance of a container, in the first sandbox.
pub fn instance(spec: &PodSpec, name: &str, state: InstanceState) -> Instance {
    Instance {
        id: FIRST,
        container: Some(index(spec, name)),
        sandbox: SandboxId(0),
        restart_count: 0,
        spec_changed: false,
        state,
    }
}

/// It runs since the beginning.
pub const fn running() -> InstanceState {
    InstanceState::Running { started_at: Some(Timestamp::from_unix_seconds(1_000_000)) }
}

/// It has exited.
pub fn exited(exit_code: i32) -> InstanceState {
    InstanceState::Exited(end(exit_code))
}

/// A sandbox that lives.
pub const SANDBOX: Sandbox =
    Sandbox { id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true) };

/// A runtime with a sandbox that lives.
pub fn runtime(instances: impl IntoIterator<Item = Instance>) -> RuntimeStatus {
    RuntimeStatus { sandboxes: vec![SANDBOX], instances: instances.into_iter().collect() }
}

/// What is reported of a container in this state.
pub fn record(state: RecordedState) -> ContainerRecord {
    ContainerRecord {
        state: Some(state),
        last_state: None,
        restart_count: 0,
        instance: Some(FIRST),
        started: None,
        ready: false,
    }
}

/// It waits for its first start.
pub fn waiting() -> ContainerRecord {
    ContainerRecord { instance: None, ..record(RecordedState::Waiting(Waiting::ContainerCreating)) }
}

/// It is reported to run.
pub fn reported_running() -> ContainerRecord {
    let state = RecordedState::Running { started_at: Some(at(0)) };
    ContainerRecord { started: Some(true), ready: true, ..record(state) }
}

/// It is reported to have ended.
pub fn reported_end(exit_code: i32) -> ContainerRecord {
    record(RecordedState::Terminated(end(exit_code)))
}

/// It is reported to wait for another start, after having ended.
pub fn reported_crash_loop(exit_code: i32) -> ContainerRecord {
    let last_state = Some(RecordedState::Terminated(end(exit_code)));
    ContainerRecord { last_state, ..record(RecordedState::Waiting(Waiting::Failed(crash_loop()))) }
}

/// It is held back.
pub fn crash_loop() -> Arc<StartFailure> {
    let message = FailureMessage::RestartBackOff { delay: Duration::from_secs(10) };
    Arc::new(StartFailure { error: StartError::CrashLoopBackOff, message })
}

/// A kubelet that started long before everything else.
pub const KUBELET: KubeletStart = KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false };
