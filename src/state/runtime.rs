//! What the container runtime has of a Pod.

use alloc::{sync::Arc, vec::Vec};
use core::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::Termination;
use crate::{spec::ContainerIndex, time::Timestamp};

/// The sandboxes and container instances of a Pod, newest first.
///
/// ```
/// use pod_lifecycle::state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId};
///
/// let sandbox =
///     Sandbox { id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true) };
/// let instance = |nth: u32, state: InstanceState| Instance {
///     id: InstanceId::nth(nth), container: Some(0.into()), sandbox: SandboxId(0), restart_count: 0,
///     spec_changed: false, state,
/// };
/// let running = instance(1, InstanceState::Running { started_at: None });
/// let runtime = RuntimeStatus { sandboxes: vec![sandbox], instances: vec![running, instance(0, InstanceState::Unknown)] };
/// assert_eq!(runtime.active_sandbox(), Some(&sandbox));
/// assert_eq!(runtime.instances_of(0.into()).count(), 2);
/// assert!(runtime.newest(0.into()).is_some_and(Instance::is_running));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeStatus {
    /// The sandboxes, newest first.
    pub sandboxes: Vec<Sandbox>,
    /// The container instances, newest first.
    pub instances: Vec<Instance>,
}

impl RuntimeStatus {
    /// The instances of a container, newest first.
    pub fn instances_of(&self, container: ContainerIndex) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(move |instance| instance.container == Some(container))
    }

    /// The newest instance of a container: "the status of container X".
    #[must_use]
    pub fn newest(&self, container: ContainerIndex) -> Option<&Instance> {
        self.instances_of(container).next()
    }

    /// The newest sandbox, if it is ready: the one whose instances are active.
    #[must_use]
    pub fn active_sandbox(&self) -> Option<&Sandbox> {
        self.sandboxes.first().filter(|sandbox| sandbox.is_ready)
    }

    /// Whether nothing runs: no instance, and no sandbox for one.
    ///
    /// Answers to `isPodStatusCacheTerminal`.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.instances.iter().any(Instance::is_running) && !self.sandboxes.iter().any(|sandbox| sandbox.is_ready)
    }

    pub(crate) fn instance_mut(&mut self, container: ContainerIndex, id: InstanceId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.container == Some(container) && instance.id == id)
    }
}

/// Names a sandbox among those of its Pod.
///
/// ```
/// use pod_lifecycle::state::SandboxId;
///
/// assert!(SandboxId(0) < SandboxId(1));
/// assert_eq!(serde_json::to_string(&SandboxId(1))?, "1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SandboxId(
    /// The attempt with which it was asked for, counted from 0.
    pub u32,
);

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Pod's sandbox: the "infra" container with its namespaces.
///
/// ```
/// use pod_lifecycle::state::{RuntimeStatus, Sandbox, SandboxId};
///
/// let dead = Sandbox { id: SandboxId(0), attempt: 0, is_ready: false, uses_host_network: false, has_ip: None };
/// let runtime = RuntimeStatus { sandboxes: vec![dead], ..RuntimeStatus::default() };
/// assert_eq!(runtime.active_sandbox(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sandbox {
    /// Its name.
    pub id: SandboxId,
    /// The runtime's count of the sandboxes that this Pod has had.
    pub attempt: u32,
    /// Whether it lives.
    pub is_ready: bool,
    /// Whether its network namespace is the node's.
    pub uses_host_network: bool,
    /// Whether it has an address; `None` if the runtime does not say.
    pub has_ip: Option<bool>,
}

/// Names an instance, a run of a container, among those of its container.
///
/// It is written as the number of instances that were created before it.
///
/// ```
/// use pod_lifecycle::state::InstanceId;
///
/// let first = InstanceId::nth(0);
/// assert_eq!((first.ordinal(), format!("{first:?}")), (0, "InstanceId(0)".to_owned()));
/// assert_eq!(serde_json::from_str::<InstanceId>("0")?, first);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct InstanceId(
    /// One more than the number that it is written as.
    pub NonZeroU32,
);

impl From<u32> for InstanceId {
    fn from(ordinal: u32) -> InstanceId {
        InstanceId::nth(ordinal)
    }
}

impl From<InstanceId> for u32 {
    fn from(instance: InstanceId) -> u32 {
        instance.ordinal()
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ordinal().fmt(f)
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InstanceId").field(&self.ordinal()).finish()
    }
}

impl InstanceId {
    /// The name of the instance that is created `n`-th, counting from 0.
    #[must_use]
    pub const fn nth(n: u32) -> InstanceId {
        match NonZeroU32::new(n.saturating_add(1)) {
            Some(id) => InstanceId(id),
            None => InstanceId(NonZeroU32::MIN),
        }
    }

    /// How many instances were created before it.
    #[must_use]
    pub const fn ordinal(self) -> u32 {
        self.0.get().saturating_sub(1)
    }
}

/// One run of a container, as the runtime knows it.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::state::{Instance, InstanceId, InstanceState, SandboxId, Termination, TerminationReason};
///
/// let end = Arc::new(Termination::lost(TerminationReason::Error, "killed"));
/// let ended = Instance {
///     id: InstanceId::nth(0),
///     container: Some(0.into()),
///     sandbox: SandboxId(0),
///     restart_count: 0,
///     spec_changed: false,
///     state: InstanceState::Exited(end.clone()),
/// };
/// assert!(!ended.is_running());
/// assert_eq!(ended.termination(), Some(&end));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its name.
    pub id: InstanceId,
    /// The container it is an instance of; `None` if the spec has no such container.
    pub container: Option<ContainerIndex>,
    /// The sandbox it was created in.
    pub sandbox: SandboxId,
    /// How often the container had been started before.
    pub restart_count: i32,
    /// Whether the container's image or name has changed since.
    pub spec_changed: bool,
    /// What it is doing.
    pub state: InstanceState,
}

/// What an instance is doing.
///
/// ```
/// use pod_lifecycle::{Timestamp, state::InstanceState};
///
/// let state = InstanceState::Running { started_at: Some(Timestamp::UNIX_EPOCH) };
/// let since = match state {
///     InstanceState::Running { started_at } => started_at,
///     InstanceState::Created | InstanceState::Exited(_) | InstanceState::Unknown => None,
/// };
/// assert_eq!(since, Some(Timestamp::UNIX_EPOCH));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum InstanceState {
    /// It was made but not started.
    Created,
    /// It runs.
    Running {
        /// Since when.
        #[serde(with = "crate::time::exact")]
        started_at: Option<Timestamp>,
    },
    /// It has ended.
    Exited(Arc<Termination>),
    /// The runtime cannot say.
    Unknown,
}

impl Instance {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, InstanceState::Running { .. })
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        match &self.state {
            InstanceState::Exited(termination) => Some(termination),
            InstanceState::Created | InstanceState::Running { .. } | InstanceState::Unknown => None,
        }
    }
}
