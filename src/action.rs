//! What to do, what changed, and what was recorded: everything that comes out of a Pod.

mod recorded;
#[cfg(test)]
mod tests;

pub use recorded::{EventReason, EventType, KubernetesEvent};

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, PodPhase, named},
    event::HookKind,
    spec::{ContainerIndex, ProbeKind},
    state::{ConditionReason, ConditionType, InstanceId, SandboxId},
    time::Timestamp,
};

/// What the embedder is to do, in this order; each is answered by the event that its doc names.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Action, state::InstanceId};
///
/// let timeout = Duration::from_secs(30);
/// let action = Action::StopContainer { container: 0.into(), instance: InstanceId::nth(2), timeout };
/// let written = serde_json::to_string(&action)?;
/// assert_eq!(written, r#"{"StopContainer":{"container":0,"instance":2,"timeout":{"secs":30,"nanos":0}}}"#);
/// assert_eq!(serde_json::from_str::<Action>(&written)?, action);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Action {
    /// Make a sandbox: `SandboxCreated` or `SandboxFailed`.
    RunPodSandbox {
        /// Its name: the attempt.
        sandbox: SandboxId,
    },
    /// Stop a sandbox: `SandboxDied`.
    StopPodSandbox {
        /// Its name.
        sandbox: SandboxId,
    },
    /// Remove a dead sandbox; nothing answers.
    RemovePodSandbox {
        /// Its name.
        sandbox: SandboxId,
    },
    /// See whether the node has the container's image: `ImageInspected`.
    InspectImage {
        /// The container.
        container: ContainerIndex,
    },
    /// Pull the container's image: `ImagePulled`.
    PullImage {
        /// The container.
        container: ContainerIndex,
    },
    /// Create an instance in the newest sandbox: `ContainerCreated`.
    CreateContainer {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
        /// How often the container was started before.
        restart_count: i32,
    },
    /// Start an instance: `ContainerStarted`.
    StartContainer {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
    },
    /// Tell an instance to stop and kill it after `timeout`: `ContainerExited`, then `ContainerStopped`. One
    /// that is gone already is answered at once.
    StopContainer {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
        /// How long after SIGTERM comes SIGKILL; whole seconds, at least 2.
        timeout: Duration,
    },
    /// Remove a dead instance; nothing answers.
    RemoveContainer {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
    },
    /// Run a hook: `HookFinished`. If the instance dies meanwhile, the hook fails.
    RunHook {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
        /// Whether it runs after the start or before the stop.
        hook: HookKind,
    },
    /// Run a probe's handler once: `ProbeFinished`.
    Probe {
        /// The container.
        container: ContainerIndex,
        /// The instance.
        instance: InstanceId,
        /// What to ask.
        kind: ProbeKind,
    },
}

impl Action {
    /// The container that it is about; `None` if it is about a sandbox. The manifest's
    /// [`container`](crate::api::PodManifest::container) has all that is needed to carry it out.
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
            Action::RunPodSandbox { .. } | Action::StopPodSandbox { .. } | Action::RemovePodSandbox { .. } => None,
            Action::InspectImage { container }
            | Action::PullImage { container }
            | Action::CreateContainer { container, .. }
            | Action::StartContainer { container, .. }
            | Action::StopContainer { container, .. }
            | Action::RemoveContainer { container, .. }
            | Action::RunHook { container, .. }
            | Action::Probe { container, .. } => Some(*container),
        }
    }

    /// The instance that it is about; `None` if there is none yet, or if it is about a sandbox.
    ///
    /// ```
    /// use pod_lifecycle::{Action, state::InstanceId};
    ///
    /// let action = Action::StartContainer { container: 0.into(), instance: InstanceId::nth(2) };
    /// assert_eq!(action.instance(), Some(InstanceId::nth(2)));
    /// assert_eq!(Action::PullImage { container: 0.into() }.instance(), None);
    /// ```
    #[must_use]
    pub const fn instance(&self) -> Option<InstanceId> {
        match self {
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::InspectImage { .. }
            | Action::PullImage { .. } => None,
            Action::CreateContainer { instance, .. }
            | Action::StartContainer { instance, .. }
            | Action::StopContainer { instance, .. }
            | Action::RemoveContainer { instance, .. }
            | Action::RunHook { instance, .. }
            | Action::Probe { instance, .. } => Some(*instance),
        }
    }
}

/// A published change: from what, to what, why and when.
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
    /// When it was published.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// What changed.
    pub change: Change,
}

/// What changed in the published status.
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
    /// The phase.
    Phase {
        /// What it was; `None` at first.
        from: Option<PodPhase>,
        /// What it is.
        to: PodPhase,
    },
    /// A condition's status.
    Condition {
        /// The condition's type.
        condition: ConditionType,
        /// What it was; `None` at first.
        from: Option<ConditionStatus>,
        /// What it is.
        to: ConditionStatus,
        /// Why, in one word, if it says so.
        reason: Option<ConditionReason>,
    },
    /// What a container is doing.
    Container {
        /// The container, by its place in the spec.
        container: ContainerIndex,
        /// What it did; `None` at first.
        from: Option<ContainerStateKind>,
        /// What it does.
        to: ContainerStateKind,
        /// Which instance it is about.
        instance: Option<InstanceId>,
    },
}

named! {
    /// What a container is doing, in one word.
    ///
    /// ```
    /// use pod_lifecycle::{ContainerStateKind, api::Name};
    ///
    /// assert_eq!(ContainerStateKind::Running.name(), "Running");
    /// ```
    pub enum ContainerStateKind {
        /// It has yet to run (again).
        Waiting = "Waiting",
        /// It runs.
        Running = "Running",
        /// It has ended.
        Terminated = "Terminated",
    }
}

/// What is said of a sync of the Pod's worker.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{SyncKind, SyncProgress};
///
/// let began = SyncProgress::Began { kind: SyncKind::Terminating, grace: Some(Duration::from_secs(30)) };
/// assert!(matches!(began, SyncProgress::Began { grace: Some(grace), .. } if grace.as_secs() == 30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum SyncProgress {
    /// It began.
    Began {
        /// What the sync is for.
        kind: SyncKind,
        /// The grace that overrides the containers' own, if any does; whole seconds.
        grace: Option<Duration>,
    },
    /// It ended.
    Ended {
        /// What the sync was for.
        kind: SyncKind,
        /// Whether with an error, so that it is tried again.
        failed: bool,
    },
}

named! {
    /// What a sync of the Pod's worker is for.
    ///
    /// ```
    /// use pod_lifecycle::{SyncKind, api::Name};
    ///
    /// assert_eq!(SyncKind::Sync.name(), "SyncPod");
    /// assert_eq!(SyncKind::Terminating.name(), "SyncTerminatingPod");
    /// ```
    pub enum SyncKind {
        /// Keep the Pod as it ought to be.
        Sync = "SyncPod",
        /// Stop everything.
        Terminating = "SyncTerminatingPod",
        /// Do the final bookkeeping.
        Terminated = "SyncTerminatedPod",
    }
}
