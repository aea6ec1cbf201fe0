//! Syncs of a Pod, before and after a restart of the kubelet.

use alloc::{sync::Arc, vec::Vec};

use serde_json::json;

use super::{FIRST, actions, at, instance, kubelet, one_container, running, runtime, spec};
use crate::{
    action::{Action, SyncKind},
    config::{KubeletConfig, Kubernetes},
    event::{ApiEvent, Event, NodeEvent},
    kubelet::{
        PodMachine, Step, WorkerState,
        api_pod::ApiPod,
        components::Kubelet,
        sink::Output,
        sync_pod::{self, Poll, SyncStart},
        sync_state::{Dequeued, PendingCall, Request, Sync, Task},
    },
    spec::{ContainerIndex, PodSpec},
    state::{RuntimeStatus, SandboxId},
};

/// Starts a sync of a Pod that is not over.
fn start(kind: SyncKind, spec: &Arc<PodSpec>, kubelet: &mut Kubelet, out: &mut Vec<Output>) -> Sync {
    let object = Arc::new(ApiPod::new(spec.clone(), Kubernetes::default()));
    let request = Request { object, shows_initialized: false, overrides_grace: false };
    let dequeued = Dequeued { kind, request, grace: None };
    match sync_pod::start_sync(dequeued, None, kubelet, &mut Step { now: at(0), out }) {
        SyncStart::Started(sync) | SyncStart::IsNoOp(sync) => sync,
        SyncStart::FoundTerminalPhase(_) => unreachable!("nothing has ended"),
    }
}

#[test]
fn a_pod_without_a_sandbox_asks_for_one_and_waits_for_it() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut kubelet = kubelet(&spec, RuntimeStatus::default());
    let mut sync = start(SyncKind::Sync, &spec, &mut kubelet, &mut out);
    assert_eq!(sync_pod::advance(&mut sync, &mut kubelet, &mut Step { now: at(0), out: &mut out }), Poll::Pending);
    assert_eq!(sync.pending_call, PendingCall::RunningSandbox(SandboxId(0)));
    assert_eq!(sync.tasks, [Task::Start(FIRST)]);
    assert_eq!(actions(out), [Action::RunPodSandbox { sandbox: SandboxId(0) }]);
}

#[test]
fn a_termination_stops_the_containers_before_the_sandbox_and_reports_last() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut kubelet = kubelet(&spec, runtime([instance(FIRST, running())]));
    let sync = start(SyncKind::Terminating, &spec, &mut kubelet, &mut out);
    assert_eq!(sync.tasks, [Task::StopAll, Task::StopSandbox(SandboxId(0)), Task::ReportStopped]);
}

#[test]
fn a_sync_acts_upon_the_runtime_as_it_was_when_it_began() {
    let (spec, mut out) = (one_container(), Vec::new());
    let mut kubelet = kubelet(&spec, runtime([]));
    let sync = start(SyncKind::Sync, &spec, &mut kubelet, &mut out);
    kubelet.pleg.change(at(1)).instances.push(instance(FIRST, running()));
    assert!(sync.view().instances.is_empty());
}

#[test]
fn an_init_container_that_cannot_start_ends_the_sync_and_a_regular_one_does_not() {
    let spec = spec(json!({
        "initContainers": [{"name": "init", "image": "busybox:1"}],
        "containers": [{"name": "app", "image": "nginx:1"}],
    }));
    let (mut kubelet, mut out) = (kubelet(&spec, runtime([])), Vec::new());
    let mut sync = start(SyncKind::Sync, &spec, &mut kubelet, &mut out);
    let regular = ContainerIndex::from(1);
    sync.tasks = [Task::Start(regular)].into();
    sync.fail_start(regular);
    assert_eq!((sync.tasks.len(), sync.has_failed()), (1, true));
    sync.fail_start(FIRST);
    assert!(sync.tasks.is_empty());
}

#[test]
fn a_pod_that_was_deleted_while_the_sync_loop_was_blocked_is_terminated_by_the_next_kubelet() {
    let mut out: Vec<Output> = Vec::new();
    let mut pod = PodMachine::new(one_container(), Arc::new(KubeletConfig::default()), at(0), &mut out);
    pod.handle_event(at(0), Event::Node(NodeEvent::Preempted), &mut out).unwrap();
    assert!(pod.kubelet.queue.is_blocked(), "the preemption blocks the sync loop");
    let deleted = ApiEvent::Deleted { grace_seconds: 20, generation: None };
    pod.handle_event(at(0), Event::Api(deleted), &mut out).unwrap();
    assert!(pod.kubelet.queue.newest_object().is_some(), "the deletion is not handled yet");
    pod.sync_loop().restart_kubelet(&mut Step { now: at(1_000), out: &mut out });
    assert_eq!(pod.worker_state(), WorkerState::Terminating);
    assert!(pod.is_deleting());
}
