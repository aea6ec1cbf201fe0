//! Outputs of a Pod: actions to carry out, transitions of its status, events and syncs.

mod recorded;
#[cfg(test)]
mod tests;

pub use recorded::{EventReason, EventType, KubernetesEvent};

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, PodPhase, named},
    event::HookKind,
    spec::{ContainerIndex, ProbeKind, VolumeIndex},
    state::{ConditionReason, ConditionType, InstanceId, LinuxResources, SandboxId},
    time::Timestamp,
};

/// Action that the embedder carries out, in order; the event that its doc names answers it.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Action, state::InstanceId};
///
/// let timeout = Duration::from_secs(30);
/// let action = Action::StopContainer { container: 0.into(), instance: InstanceId::nth(2), timeout };
/// let written = serde_json::to_string(&action)?;
/// assert_eq!(written, r#"{"StopContainer":{"container":0,"instance":2,"timeout":30}}"#);
/// assert_eq!(serde_json::from_str::<Action>(&written)?, action);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Action {
    /// Create a sandbox, answered by `SandboxCreated` or `SandboxFailed`.
    RunPodSandbox {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
    },
    /// Stop a sandbox, answered by `SandboxDied`.
    StopPodSandbox {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
    },
    /// Remove a dead sandbox; no event answers.
    RemovePodSandbox {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
    },
    /// Check whether the node has the container's image, answered by `ImageInspected`.
    InspectImage {
        /// Index of the container in the spec.
        container: ContainerIndex,
    },
    /// Pull the container's image, answered by `ImagePulled`.
    PullImage {
        /// Index of the container in the spec.
        container: ContainerIndex,
    },
    /// Check whether the node has the image of an image volume, answered by `VolumeImageInspected`.
    InspectVolumeImage {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
    },
    /// Pull the image of an image volume, answered by `VolumeImagePulled`.
    PullVolumeImage {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
    },
    /// Create an instance in the newest sandbox, answered by `ContainerCreated`.
    CreateContainer {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Number of restarts so far: the runtime's attempt.
        restart_count: i32,
    },
    /// Start an instance, answered by `ContainerStarted`.
    StartContainer {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
    },
    /// Send SIGTERM to an instance, and SIGKILL after `timeout`; answered by `ContainerExited`, then by
    /// `ContainerStopped`. Answer at once if it is gone already.
    StopContainer {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Time from SIGTERM to SIGKILL; whole seconds, at least 2.
        #[serde(with = "crate::time::seconds")]
        timeout: Duration,
    },
    /// Remove a dead instance; no event answers.
    RemoveContainer {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
    },
    /// Run a hook, answered by `HookFinished`. The hook fails if the instance dies meanwhile.
    RunHook {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// postStart or preStop.
        hook: HookKind,
    },
    /// Give a running instance other resources, answered by `ContainerResourcesUpdated`.
    UpdateContainerResources {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// All of its resources, those that do not change among them.
        resources: LinuxResources,
    },
    /// Notify the runtime of a sandbox's other resources, answered by `SandboxResourcesUpdated`.
    UpdatePodSandboxResources {
        /// The sandbox, named by its attempt.
        sandbox: SandboxId,
        /// All of its resources, those that do not change among them.
        resources: LinuxResources,
    },
    /// Write limits to the cgroup of the Pod, answered by `PodCgroupSet`.
    SetPodCgroup {
        /// Limits to write; those that are 0 stay as they are.
        resources: LinuxResources,
    },
    /// Measure how much memory the Pod and its containers use, answered by `MemoryMeasured`.
    MeasureMemory,
    /// Run a probe's handler once, answered by `ProbeFinished`.
    Probe {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// The instance, by its ordinal in the container.
        instance: InstanceId,
        /// Liveness, readiness or startup.
        kind: ProbeKind,
    },
    /// Fetch a volume's PersistentVolumeClaim from the API server, answered by `ClaimFetched`. This and the other actions on
    /// volumes are emitted only under [`with_volume_manager`](crate::config::KubeletConfig::with_volume_manager).
    FetchClaim {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
    },
    /// Mount a volume for the Pod, answered by `VolumeSetUp`. It is asked for again after a failure, and after a restart of
    /// the agent: a volume that is mounted already is a success.
    SetUpVolume {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
    },
    /// Unmount a volume, answered by `VolumeTornDown`; it is asked for again after a failure.
    TearDownVolume {
        /// Index of the volume in the spec.
        volume: VolumeIndex,
    },
}

impl Action {
    /// Returns the container; `None` for an action on a sandbox or a volume. The manifest's
    /// [`container`](crate::api::PodManifest::container) has everything that is needed to carry it out.
    ///
    /// ```
    /// use pod_lifecycle::{Action, api::PodManifest, state::InstanceId};
    ///
    /// let pod: PodManifest = serde_json::from_str(r#"{"spec": {
    ///     "initContainers": [{"name": "setup", "image": "busybox:1.36"}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27", "env": [{"name": "LEVEL", "value": "info"}]}]
    /// }}"#)?;
    /// let action = Action::StartContainer { container: 1.into(), instance: InstanceId::nth(0) };
    /// let container = action.container().and_then(|index| pod.container(index)).ok_or("it is about one")?;
    /// assert_eq!((&*container.name, &*container.env[0].value), ("app", "info"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn container(&self) -> Option<ContainerIndex> {
        match self {
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. } => None,
            Action::InspectImage { container }
            | Action::PullImage { container }
            | Action::CreateContainer { container, .. }
            | Action::StartContainer { container, .. }
            | Action::StopContainer { container, .. }
            | Action::RemoveContainer { container, .. }
            | Action::RunHook { container, .. }
            | Action::UpdateContainerResources { container, .. }
            | Action::Probe { container, .. } => Some(*container),
        }
    }

    /// Returns the instance; `None` for an action on an image, a sandbox or a volume.
    #[must_use]
    pub const fn instance(&self) -> Option<InstanceId> {
        match self {
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::InspectImage { .. }
            | Action::PullImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. } => None,
            Action::CreateContainer { instance, .. }
            | Action::StartContainer { instance, .. }
            | Action::StopContainer { instance, .. }
            | Action::RemoveContainer { instance, .. }
            | Action::RunHook { instance, .. }
            | Action::UpdateContainerResources { instance, .. }
            | Action::Probe { instance, .. } => Some(*instance),
        }
    }
}

/// Change of the published status, with its time.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     Change, Output, PodMachine, Timestamp, Transition, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec,
/// };
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let noon: Timestamp = "2026-03-01T12:00:00.5Z".parse()?;
/// let mut out = Vec::new();
/// PodMachine::new(spec, Arc::new(KubeletConfig::default()), noon, &mut out);
///
/// let first = Transition { at: noon, change: Change::Phase { from: None, to: PodPhase::Pending } };
/// assert!(out.contains(&Output::Transition(first.clone())));
/// let written = r#"{"at":"2026-03-01T12:00:00.500Z","change":{"Phase":{"from":null,"to":"Pending"}}}"#;
/// assert_eq!(serde_json::to_string(&first)?, written);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Time of the publication.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// Changed part of the status, with its former and its new value.
    pub change: Change,
}

/// Changed part of the published status.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{Change, Output, PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, state::ConditionType};
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let mut out = Vec::new();
/// PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut out)?;
///
/// let mut came_true = Vec::new();
/// for output in out {
///     let Output::Transition(transition) = output else { continue };
///     match transition.change {
///         Change::Phase { to, .. } => assert_eq!(to.to_string(), "Pending"),
///         Change::Condition { condition, to, .. } if to.to_string() == "True" => came_true.push(condition),
///         Change::Container { to, .. } => assert_eq!(to.to_string(), "Waiting"),
///         _ => {}
///     }
/// }
/// assert_eq!(came_true, [ConditionType::Initialized, ConditionType::PodScheduled]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Change {
    /// The Pod's phase: `status.phase`.
    Phase {
        /// Former value; `None` at first.
        from: Option<PodPhase>,
        /// New value.
        to: PodPhase,
    },
    /// A condition's status.
    Condition {
        /// The condition's type.
        condition: ConditionType,
        /// Former value; `None` at first.
        from: Option<ConditionStatus>,
        /// New value.
        to: ConditionStatus,
        /// Reason of the condition.
        reason: Option<ConditionReason>,
    },
    /// A container's state.
    Container {
        /// Index of the container in the spec.
        container: ContainerIndex,
        /// Former state; `None` at first.
        from: Option<ContainerStateKind>,
        /// New state.
        to: ContainerStateKind,
        /// The instance in the new state; `None` if the state is that of no instance.
        instance: Option<InstanceId>,
    },
}

named! {
    /// State of a container without its details.
    pub enum ContainerStateKind {
        /// It does not run yet, or not again yet.
        Waiting = "Waiting",
        /// It runs.
        Running = "Running",
        /// It has exited.
        Terminated = "Terminated",
    }
}

/// Start or end of a sync of the pod worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum SyncProgress {
    /// The pod worker started a sync.
    Began {
        /// Kind of the sync.
        kind: SyncKind,
        /// Grace that overrides the containers' own; whole seconds.
        #[serde(with = "crate::time::seconds::option")]
        grace: Option<Duration>,
    },
    /// The pod worker ended a sync; one that waits for the runtime lasts until the answer.
    Ended {
        /// Kind of the sync.
        kind: SyncKind,
        /// True if it failed, so that it is retried.
        failed: bool,
    },
}

named! {
    /// Kind of a sync, named after the kubelet's function.
    pub enum SyncKind {
        /// Reconcile the Pod to its spec.
        Sync = "SyncPod",
        /// Stop all containers.
        Terminating = "SyncTerminatingPod",
        /// Publish the last status.
        Terminated = "SyncTerminatedPod",
        /// Stop the containers of a Pod that has no worker, because its node rejected it after a restart of the kubelet.
        TerminatingRuntime = "SyncTerminatingRuntimePod",
    }
}
