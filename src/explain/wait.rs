//! What a container that does not run is waiting for.

use alloc::string::{String, ToString};

use serde::Serialize;

use super::fact;
use crate::{
    kubelet::{Doing, Pod, Prober, WorkerState},
    rule::{
        pod_actions::{self, SyncInputs},
        probe::ProbeResult,
        sandbox,
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{Condition, Instance, InstanceState},
};

/// What a container waits for before it starts.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, Pod, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, explain::{Situation, WaitsFor},
///     manifest::PodManifest, state::SandboxId,
/// };
///
/// let object: PodManifest = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {
///     "initContainers": [{"name": "setup", "image": "busybox"}], "containers": [{"name": "app", "image": "nginx:1"}]
/// }}"#)?;
/// let now = Timestamp::UNIX_EPOCH;
/// let mut pod = Pod::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
/// let made = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
/// pod.handle_event(now, Event::Runtime(made), &mut NoSink)?;
/// let app = pod.explain_container(now, 1.into()).ok_or("no container")?;
/// let waits_for = WaitsFor::InitContainer("setup".into());
/// assert_eq!(app.situation, Situation::NotStarted { waits_for, last_exit: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum WaitsFor {
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

impl WaitsFor {
    pub(super) fn of(pod: &Pod, index: ContainerIndex) -> WaitsFor {
        let spec = pod.spec();
        if !pod.is_on_node() {
            return WaitsFor::Node;
        }
        if is_reset(pod) {
            return WaitsFor::Reset;
        }
        let sync = pod.worker.sync.as_deref();
        let is_making = sync.is_some_and(|sync| matches!(sync.doing, Doing::RunningSandbox(_)));
        if is_making || pod.runtime().active_sandbox().is_none() {
            return WaitsFor::Sandbox;
        }
        if let Some(init) = blocking_init(pod, index) {
            return WaitsFor::InitContainer(spec.container_name(init).to_string());
        }
        match holder(pod).filter(|holder| *holder != index) {
            Some(holder) => WaitsFor::Turn(spec.container_name(holder).to_string()),
            None => WaitsFor::NextSync,
        }
    }
}

/// The container whose pull, hook, start or stop the Pod's worker waits for.
pub(super) fn holder(pod: &Pod) -> Option<ContainerIndex> {
    let sync = pod.worker.sync.as_deref()?;
    match sync.doing {
        Doing::Pulling(container, _)
        | Doing::PostStart(container, ..)
        | Doing::Inspecting(container)
        | Doing::Creating(container, _)
        | Doing::Starting(container, _)
        | Doing::StoppingFailed(container) => Some(container),
        Doing::Stopping => sync.stops.first().map(|stop| stop.container),
        Doing::Nothing | Doing::RunningSandbox(_) | Doing::StoppingSandbox(_) => None,
    }
}

/// Whether all containers are being restarted in place.
pub(super) fn is_reset(pod: &Pod) -> bool {
    pod.parts.status.record.conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
}

/// Whether the Pod needs a new sandbox that it does not get: its policy is `Never`, or nothing is left to run in it.
pub(super) fn is_stranded(pod: &Pod) -> bool {
    let needs_sandbox = pod.worker_state() == WorkerState::Syncing && sandbox::needed(pod.spec(), pod.runtime()).is_new;
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
    !pod_actions::compute(&inputs).create_sandbox
}

/// The first init container before this one that has not done its part.
pub(super) fn blocking_init(pod: &Pod, index: ContainerIndex) -> Option<ContainerIndex> {
    let runtime = pod.runtime();
    let lives = |instance: &Instance| matches!(instance.state, InstanceState::Created | InstanceState::Running { .. });
    let mut regular = pod.spec().regular_containers();
    if regular.any(|(index, _)| runtime.newest(index).is_some_and(lives)) {
        return None;
    }
    let is_done = |index: ContainerIndex, container: &ContainerSpec| match container.kind() {
        ContainerKind::Sidecar => {
            let running = runtime.newest(index).filter(|newest| newest.is_running());
            running.is_some_and(|it| container.probe(ProbeKind::Startup).is_none() || has_started(pod, index, it))
        }
        ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => {
            runtime.newest(index).and_then(Instance::termination).is_some_and(|end| fact::has_succeeded(end))
        }
    };
    let mut before = pod.spec().init_containers().filter(|(before, _)| *before < index);
    before.find(|&(index, container)| !is_done(index, container)).map(|(index, _)| index)
}

/// Whether a sidecar's startup probe has succeeded with this instance.
fn has_started(pod: &Pod, index: ContainerIndex, instance: &Instance) -> bool {
    let is_it = |prober: &Prober| {
        prober.container == index
            && prober.kind == ProbeKind::Startup
            && prober.worker.instance == Some(instance.id)
            && prober.worker.result == Some(ProbeResult::Success)
    };
    pod.parts.probers.iter().any(is_it)
}

/// Whether a container that never had an instance starts by itself: when the Pod is next looked at, or when the startup
/// worker of a sidecar that has long started takes its first look.
pub(super) fn starts_by_itself(pod: &Pod, index: ContainerIndex) -> bool {
    if pod.runtime().newest(index).is_some() || pod.worker.sync.is_some() {
        return false;
    }
    let has_long_started = |init: ContainerIndex| {
        let record = pod.parts.status.record.records.get(init.get()).and_then(Option::as_ref);
        record.is_some_and(|record| record.started == Some(true))
    };
    match WaitsFor::of(pod, index) {
        WaitsFor::NextSync => true,
        WaitsFor::InitContainer(_) => blocking_init(pod, index).is_some_and(has_long_started),
        WaitsFor::Node | WaitsFor::Sandbox | WaitsFor::Turn(_) | WaitsFor::Reset | WaitsFor::Preparation => false,
    }
}
