//! One sync: what it does first, what it waits for, and what it keeps.

use alloc::{sync::Arc, vec::Vec};

use serde_json::json;

use super::{FIRST, asked, at, instance, one_container, parts, running, runtime, spec};
use crate::{
    action::{Action, SyncKind},
    kubelet::{
        Step,
        api_pod::ApiPod,
        components::Kubelet,
        pod_worker::{Dequeued, Request},
        sink::Output,
        sync::{PendingCall, Poll, SyncStart},
        sync::{Sync, Task},
    },
    spec::{ContainerIndex, PodSpec},
    state::{RuntimeStatus, SandboxId},
};

/// Begins a sync of a Pod that is not over.
fn begin(kind: SyncKind, spec: &Arc<PodSpec>, parts: &mut Kubelet, out: &mut Vec<Output>) -> Sync {
    let object = Arc::new(ApiPod::new(spec.clone()));
    let request = Request { object, shows_initialized: false, overrides_grace: false };
    let taken = Dequeued { kind, request, grace: None };
    match Sync::begin(taken, None, parts, &mut Step { now: at(0), out }) {
        SyncStart::Goes(sync) => sync,
        SyncStart::FoundTerminal(_) => unreachable!("nothing has ended"),
    }
}

#[test]
fn a_pod_without_a_sandbox_asks_for_one_and_waits_for_it() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut parts = parts(&spec, RuntimeStatus::default());
    let mut sync = begin(SyncKind::Sync, &spec, &mut parts, &mut out);
    assert_eq!(sync.advance(&mut parts, &mut Step { now: at(0), out: &mut out }), Poll::Waits);
    assert_eq!(sync.doing, PendingCall::RunningSandbox(SandboxId(0)));
    assert_eq!(sync.todo, [Task::Start(FIRST)]);
    assert_eq!(asked(out), [Action::RunPodSandbox { sandbox: SandboxId(0) }]);
}

#[test]
fn a_termination_stops_the_containers_before_the_sandbox_and_reports_last() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut parts = parts(&spec, runtime([instance(FIRST, running())]));
    let sync = begin(SyncKind::Terminating, &spec, &mut parts, &mut out);
    assert_eq!(sync.todo, [Task::StopAll, Task::StopSandbox(SandboxId(0)), Task::ReportStopped]);
}

#[test]
fn a_sync_acts_upon_the_runtime_as_it_was_when_it_began() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut parts = parts(&spec, runtime([]));
    let sync = begin(SyncKind::Sync, &spec, &mut parts, &mut out);
    parts.runtime.change(at(1)).instances.push(instance(FIRST, running()));
    assert!(sync.view.instances.is_empty());
}

#[test]
fn an_init_container_that_cannot_start_ends_the_round_and_a_regular_one_does_not() {
    let spec = spec(json!({
        "initContainers": [{"name": "init", "image": "busybox:1"}],
        "containers": [{"name": "app", "image": "nginx:1"}],
    }));
    let (mut parts, mut out) = (parts(&spec, runtime([])), Vec::new());
    let mut sync = begin(SyncKind::Sync, &spec, &mut parts, &mut out);
    let regular = ContainerIndex::from(1);
    sync.todo = [Task::Start(regular)].into();
    sync.fail_start(regular);
    assert_eq!((sync.todo.len(), sync.has_failed), (1, true));
    sync.fail_start(FIRST);
    assert!(sync.todo.is_empty());
}
