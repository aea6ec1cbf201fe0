//! What a container that does not run is waiting for.

use alloc::string::{String, ToString};

use serde::Serialize;

use crate::{
    kubelet::{InspectSync, PendingCall, PodMachine, WorkerState},
    rule::{
        init_containers,
        pod_actions::{self, SyncInputs},
        sandbox,
    },
    spec::{ContainerIndex, ProbeKind},
    state::Condition,
};

/// What a container waits for before it starts.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, explain::{Situation, WaitingFor},
///     api::PodManifest, state::SandboxId,
/// };
///
/// let object: PodManifest = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
///     "initContainers": [{"name": "setup", "image": "busybox"}], "containers": [{"name": "app", "image": "nginx:1"}]
/// }}"#)?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
/// let made = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
/// pod.handle_event(now, Event::Runtime(made), &mut NoSink)?;
/// let app = pod.explain_container(now, 1.into()).ok_or("no container")?;
/// let waits_for = WaitingFor::InitContainer("setup".into());
/// assert_eq!(app.situation, Situation::NotStarted { waits_for, last_exit: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum WaitingFor {
    /// A node to be bound to.
    Node,
    /// The Pod's sandbox, with its network.
    Sandbox,
    /// An init container has to end well, or a sidecar to start up.
    InitContainer(String),
    /// Another container's pull, hook or stop holds up the whole Pod.
    Turn(String),
    /// The removal of all containers, since all are restarted.
    Reset,
    /// Its volumes, its image or its creation: which of them, cannot be seen.
    Preparation,
    /// The next sync of the Pod's worker.
    NextSync,
}

impl WaitingFor {
    pub(super) fn of(pod: &PodMachine, index: ContainerIndex) -> WaitingFor {
        let spec = pod.spec();
        if !pod.is_on_node() {
            return WaitingFor::Node;
        }
        if is_reset(pod) {
            return WaitingFor::Reset;
        }
        let is_making = pod.inspect().sync().is_some_and(InspectSync::is_creating_sandbox);
        if is_making || pod.runtime().active_sandbox().is_none() {
            return WaitingFor::Sandbox;
        }
        if let Some(init) = blocking_init(pod, index) {
            return WaitingFor::InitContainer(spec.container_name(init).to_string());
        }
        match holder(pod).filter(|holder| *holder != index) {
            Some(holder) => WaitingFor::Turn(spec.container_name(holder).to_string()),
            None => WaitingFor::NextSync,
        }
    }
}

/// The container whose pull, hook, start or stop the Pod's worker waits for.
pub(super) fn holder(pod: &PodMachine) -> Option<ContainerIndex> {
    let sync = pod.inspect().sync()?;
    match sync.pending_call() {
        PendingCall::Pulling(container, _)
        | PendingCall::PostStart(container, ..)
        | PendingCall::Inspecting(container)
        | PendingCall::Creating(container, _)
        | PendingCall::Starting(container, _)
        | PendingCall::StoppingFailed(container) => Some(container),
        PendingCall::Stopping => sync.stops().first().map(|stop| stop.container),
        PendingCall::Nothing | PendingCall::RunningSandbox(_) | PendingCall::StoppingSandbox(_) => None,
    }
}

/// Whether all containers are being restarted in place.
pub(super) fn is_reset(pod: &PodMachine) -> bool {
    pod.inspect().status().conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
}

/// Whether the Pod needs a new sandbox that it does not get: its policy is `Never`, or nothing is left to run in it.
pub(super) fn is_stranded(pod: &PodMachine) -> bool {
    let needs_sandbox = pod.worker_state() == WorkerState::Syncing
        && sandbox::pod_sandbox_changed(pod.spec(), pod.runtime()).must_create;
    if !needs_sandbox || is_reset(pod) {
        return false;
    }
    // What probes say has no part in the decision on a new sandbox.
    let inputs = SyncInputs {
        spec: pod.spec(),
        runtime: pod.runtime(),
        probes: &[],
        is_deleting: pod.is_deleting(),
        is_restarting_all: false,
    };
    !pod_actions::compute_pod_actions(&inputs).create_sandbox
}

/// Returns the first init container before this one that has not done its part.
pub(super) fn blocking_init(pod: &PodMachine, index: ContainerIndex) -> Option<ContainerIndex> {
    init_containers::blocking_init_container(pod.spec(), pod.runtime(), index, |init, instance| {
        let worker = pod.inspect().probe_worker(init, ProbeKind::Startup);
        worker.filter(|worker| worker.instance == Some(instance.id)).and_then(|worker| worker.result)
    })
}

/// Whether a container that never had an instance starts by itself: when the Pod is next looked at, or when the startup
/// worker of a sidecar that has long started takes its first look.
pub(super) fn starts_by_itself(pod: &PodMachine, index: ContainerIndex) -> bool {
    if pod.runtime().newest(index).is_some() || pod.inspect().sync().is_some() {
        return false;
    }
    let has_long_started = |init: ContainerIndex| {
        let record = pod.inspect().container_status(init);
        record.is_some_and(|record| record.started == Some(true))
    };
    match WaitingFor::of(pod, index) {
        WaitingFor::NextSync => true,
        WaitingFor::InitContainer(_) => blocking_init(pod, index).is_some_and(has_long_started),
        WaitingFor::Node | WaitingFor::Sandbox | WaitingFor::Turn(_) | WaitingFor::Reset | WaitingFor::Preparation => {
            false
        }
    }
}
