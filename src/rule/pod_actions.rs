//! Pod actions: what a sync kills, removes, creates and starts (`computePodActions` in
//! pkg/kubelet/kuberuntime/kuberuntime_manager.go).
//!
//! KEP-753 (sidecars), KEP-5532 (restart of all containers).
//!
//! ```
//! use pod_lifecycle::{api, rule::pod_actions::{self, SyncInputs}, spec::PodSpec, state::RuntimeStatus};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let (spec, runtime) = (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default());
//! let actions = pod_actions::compute_pod_actions(&SyncInputs::new(&spec, &runtime));
//! assert_eq!(actions.start, [0.into()]);
//! assert!(actions.create_sandbox && actions.kill.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: `kubelet::sync_pod`.

use alloc::{vec, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{
    container_status::any_regular_created,
    init_containers,
    probe::ProbeResult,
    resize::{self, ResizeActions, ResizeInputs},
    restart, sandbox,
    started_and_ready::ProbeFacts,
};
use crate::{
    api::RestartPolicy,
    config::{KnownBug, Kubernetes},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
};

/// Input of [`compute_pod_actions`]; slices are by container index.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SyncInputs<'a> {
    /// Version of the kubelet, with its feature gates and known bugs.
    pub kubernetes: Kubernetes,
    /// Spec of the Pod.
    pub spec: &'a PodSpec,
    /// Sandboxes and container instances of the runtime.
    pub runtime: &'a RuntimeStatus,
    /// Cached probe results for the newest instances.
    pub probes: &'a [ProbeFacts],
    /// True if the Pod is being deleted.
    pub is_deleting: bool,
    /// True if all containers are restarted in place.
    pub is_restarting_all: bool,
    /// What resizes are computed from; `None` where none are carried out.
    pub(crate) resize: Option<ResizeInputs<'a>>,
}

impl<'a> SyncInputs<'a> {
    /// Creates the input for a Pod of the newest Kubernetes without probes that is not being deleted; set the fields that
    /// differ.
    #[must_use]
    pub fn new(spec: &'a PodSpec, runtime: &'a RuntimeStatus) -> SyncInputs<'a> {
        SyncInputs {
            kubernetes: Kubernetes::default(),
            spec,
            runtime,
            probes: &[],
            is_deleting: false,
            is_restarting_all: false,
            resize: None,
        }
    }
}

/// Actions of one sync, in the order in which they are carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PodActions {
    /// True if every container and every sandbox is killed first.
    pub kill_pod: bool,
    /// True if a new sandbox is created.
    pub create_sandbox: bool,
    /// Sandbox to use, or the one to replace.
    pub sandbox: Option<SandboxId>,
    /// Attempt of the sandbox to use.
    pub attempt: u32,
    /// Containers to kill: sidecars from the last to the first, then regular ones.
    pub kill: Vec<Kill>,
    /// Instances to remove, so that all containers start afresh.
    pub reset: Vec<Reset>,
    /// Ephemeral containers to start.
    pub start_ephemeral: Vec<ContainerIndex>,
    /// Init containers and sidecars to start.
    pub start_init: Vec<ContainerIndex>,
    /// Resize to carry out between the starts of init and of regular containers.
    pub resize: ResizeActions,
    /// Regular containers to start.
    pub start: Vec<ContainerIndex>,
}

/// Container to kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Kill {
    /// Index of the container.
    pub container: ContainerIndex,
    /// Its instance.
    pub instance: InstanceId,
    /// Reason of the kill.
    pub reason: KillReason,
    /// True if the container starts again afterwards, as the message says.
    pub will_restart: bool,
}

/// Instance to remove before all containers restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reset {
    /// Index of the container.
    pub container: ContainerIndex,
    /// Its instance.
    pub instance: InstanceId,
    /// True if it has to be killed first.
    pub kill: bool,
}

/// Reason for which one container of a Pod is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KillReason {
    /// Its image or name has changed.
    DefinitionChanged,
    /// Its liveness probe failed.
    LivenessProbe,
    /// Its startup probe failed.
    StartupProbe,
    /// The runtime reports its state as unknown.
    Unknown,
    /// Its new resources need a restart: `resizePolicy` with `RestartContainer`.
    Resize,
}

impl KillReason {
    /// Returns the probe whose failure this is, if it is one: its grace then goes before the Pod's.
    #[must_use]
    pub const fn failed_probe(self) -> Option<ProbeKind> {
        match self {
            KillReason::LivenessProbe => Some(ProbeKind::Liveness),
            KillReason::StartupProbe => Some(ProbeKind::Startup),
            KillReason::DefinitionChanged | KillReason::Unknown | KillReason::Resize => None,
        }
    }
}

impl Kill {
    /// Returns the message of the `Killing` event, for example `Container app failed liveness probe, will be
    /// restarted`.
    #[must_use]
    pub fn message<'a>(&self, spec: &'a PodSpec) -> impl fmt::Display + use<'a> {
        KillMessage { kill: *self, container: spec.container(self.container) }
    }
}

struct KillMessage<'a> {
    kill: Kill,
    container: Option<&'a ContainerSpec>,
}

impl fmt::Display for KillMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_init = self
            .container
            .is_some_and(|container| matches!(container.kind(), ContainerKind::Init | ContainerKind::Sidecar));
        let what = if is_init { "Init container" } else { "Container" };
        let name = self.container.map_or("", ContainerSpec::name);
        match self.kill.reason {
            KillReason::Unknown => {
                return write!(f, "{what} is in \"unknown\" state, try killing it before restart");
            }
            // Of an init container as well, and without a word on the restart.
            KillReason::Resize => return write!(f, "Container {name} resize requires restart"),
            KillReason::DefinitionChanged => write!(f, "{what} {name} definition changed")?,
            KillReason::LivenessProbe => write!(f, "{what} {name} failed liveness probe")?,
            KillReason::StartupProbe => write!(f, "{what} {name} failed startup probe")?,
        }
        // The kubelet says this of regular containers only.
        f.write_str(if self.kill.will_restart && !is_init { ", will be restarted" } else { "" })
    }
}

/// Computes what a sync has to do.
///
/// Answers to `computePodActions` in `pkg/kubelet/kuberuntime`.
#[must_use]
pub fn compute_pod_actions(inputs: &SyncInputs<'_>) -> PodActions {
    let need = sandbox::pod_sandbox_changed(inputs.spec, inputs.runtime);
    let mut actions = PodActions {
        kill_pod: need.must_create,
        create_sandbox: need.must_create,
        sandbox: need.current,
        attempt: need.attempt,
        kill: Vec::new(),
        reset: Vec::new(),
        start_ephemeral: Vec::new(),
        start_init: Vec::new(),
        resize: ResizeActions::default(),
        start: Vec::new(),
    };
    if inputs.is_restarting_all {
        actions.reset = instances_to_reset(inputs.spec, inputs.runtime);
    } else if need.must_create {
        actions_for_new_sandbox(inputs, &mut actions);
    } else {
        actions_for_running_sandbox(inputs, &mut actions);
    }
    actions
}

/// Returns all instances of init and regular containers, those whose exit triggered the restart last of all.
///
/// Should the kubelet restart half-way, the trigger is still there to be found.
fn instances_to_reset(spec: &PodSpec, runtime: &RuntimeStatus) -> Vec<Reset> {
    let resets = |containers: &mut dyn Iterator<Item = (ContainerIndex, &ContainerSpec)>, triggering: bool| {
        let mut resets = Vec::new();
        for (index, container) in containers {
            for instance in runtime.instances_of(index) {
                let end = instance.termination();
                let triggered =
                    end.is_some_and(|end| restart::restarts_all_containers(container.restart(), end.exit_code));
                if triggered == triggering {
                    resets.push(Reset { container: index, instance: instance.id, kill: end.is_none() });
                }
            }
        }
        resets
    };
    let mut all = resets(&mut spec.regular_containers(), false);
    all.extend(resets(&mut spec.init_containers(), false));
    all.extend(resets(&mut spec.regular_containers(), true));
    all.extend(resets(&mut spec.init_containers(), true));
    all
}

/// Plans a Pod that needs a new sandbox: everything starts over in it, unless nothing is left to run.
fn actions_for_new_sandbox(inputs: &SyncInputs<'_>, actions: &mut PodActions) {
    let &SyncInputs { spec, runtime, .. } = inputs;
    // The first sandbox of a Pod is created whatever its policy; without instances the first attempt did not get far.
    let may_run_again = spec.may_restart() || actions.attempt == 0 || runtime.instances.is_empty();
    // computePodActions takes any instance, even one that was only created, for a sign that the Pod has run.
    let retries_lost_start =
        !inputs.kubernetes.has_bug(KnownBug::PendingAfterLostSandbox) && is_any_regular_still_due(inputs);
    if !may_run_again && !retries_lost_start {
        actions.create_sandbox = false;
        return;
    }
    // Of the exited ones only a success under `OnFailure` is left alone; restart rules are not read here.
    let is_done = |index: ContainerIndex, container: &ContainerSpec| {
        let end = runtime.newest(index).and_then(Instance::termination);
        container.restart().policy() == RestartPolicy::OnFailure && end.is_some_and(|end| end.exit_code == 0)
    };
    let has_ended = |index: ContainerIndex, container: &ContainerSpec| {
        let newest = runtime.newest(index);
        !may_run_again && !restart::should_restart(container, newest, inputs.is_deleting)
    };
    let to_start = spec
        .regular_containers()
        .filter(|&(index, container)| !is_done(index, container) && !has_ended(index, container));
    let to_start: Vec<ContainerIndex> = to_start.map(|(index, _)| index).collect();
    if to_start.is_empty() && any_regular_created(spec, runtime) {
        // The Pod had initialized and no container is left to start: its old sandbox is killed, and that is all.
        actions.create_sandbox = false;
    } else if spec.has_init_containers() {
        // All init containers run again in the new sandbox, one after the other.
        actions.start_init = vec![ContainerIndex::FIRST];
    } else {
        actions.start = to_start;
    }
}

/// True if a regular container has still to run by its own policy, and no init container has failed for good.
fn is_any_regular_still_due(inputs: &SyncInputs<'_>) -> bool {
    let &SyncInputs { spec, runtime, is_deleting, .. } = inputs;
    let is_due = |(index, container): (ContainerIndex, &ContainerSpec)| {
        restart::should_restart(container, runtime.newest(index), is_deleting)
    };
    let has_failed = |(index, container): (ContainerIndex, &ContainerSpec)| {
        let end = runtime.newest(index).and_then(Instance::termination);
        let is_failure = end.is_some_and(|end| !init_containers::has_succeeded(end));
        container.kind() == ContainerKind::Init && is_failure && !is_due((index, container))
    };
    spec.regular_containers().any(is_due) && !spec.init_containers().any(has_failed)
}

/// Plans a Pod whose sandbox is kept: containers are started, kept or killed in it.
fn actions_for_running_sandbox(inputs: &SyncInputs<'_>, actions: &mut PodActions) {
    let &SyncInputs { spec, runtime, .. } = inputs;
    // Even before the Pod has initialized, and never a second time.
    let ephemeral = spec.ephemeral_containers().map(|(index, _)| index);
    actions.start_ephemeral = ephemeral.filter(|&index| runtime.newest(index).is_none()).collect();
    if !init_containers::compute_init_container_actions(inputs, actions) {
        return;
    }
    let mut any_kept = false;
    for (index, container) in spec.regular_containers() {
        any_kept |= regular_container_action(inputs, index, container, actions);
    }
    // Nothing is left to run: the sandbox and the sidecars go too.
    if !any_kept && actions.start.is_empty() {
        actions.kill_pod = true;
        actions.start_init.clear();
    }
    resize::compute_pod_level_resize_action(inputs, actions);
}

/// Plans one regular container: it is started, killed or kept. True if it is kept.
fn regular_container_action(
    inputs: &SyncInputs<'_>,
    index: ContainerIndex,
    container: &ContainerSpec,
    actions: &mut PodActions,
) -> bool {
    let newest = inputs.runtime.newest(index);
    let Some(running) = newest.filter(|instance| instance.is_running()) else {
        if restart::should_restart(container, newest, inputs.is_deleting) {
            actions.start.push(index);
            // It may still run: killed first, so that there are never two at once.
            if let Some(unknown) = newest.filter(|instance| instance.state == InstanceState::Unknown) {
                let reason = KillReason::Unknown;
                actions.kill.push(Kill { container: index, instance: unknown.id, reason, will_restart: true });
            }
        }
        return false;
    };
    let facts = inputs.probes.get(index.get()).copied().unwrap_or_default();
    let reason = if running.spec_changed {
        KillReason::DefinitionChanged
    } else if facts.liveness == Some(ProbeResult::Failure) {
        KillReason::LivenessProbe
    } else if facts.startup == Some(ProbeResult::Failure) {
        KillReason::StartupProbe
    } else {
        return resize::compute_pod_resize_action(inputs, index, container, running, actions);
    };
    let is_by_probe = reason.failed_probe().is_some();
    if is_by_probe && !inputs.kubernetes.has_bug(KnownBug::ProbeKillIgnoresExitCode) {
        // Only `Always` restarts whatever the exit code; any other policy decides once there is one.
        let will_restart = container.restart().policy() == RestartPolicy::Always;
        if will_restart {
            actions.start.push(index);
        }
        actions.kill.push(Kill { container: index, instance: running.id, reason, will_restart });
        return restart::is_restartable(container.restart());
    }
    // Restart rules are not read: there is no exit code yet.
    let will_restart = reason == KillReason::DefinitionChanged || container.restart().policy() != RestartPolicy::Never;
    if will_restart {
        actions.start.push(index);
    }
    actions.kill.push(Kill { container: index, instance: running.id, reason, will_restart });
    false
}
