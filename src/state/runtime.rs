//! Runtime status: a Pod's sandboxes and container instances (`kubecontainer.PodStatus`).

use alloc::{sync::Arc, vec::Vec};
use core::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::Termination;
use crate::{spec::ContainerIndex, time::Timestamp};

/// Sandboxes and container instances of a Pod, newest first.
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
    /// Sandboxes, newest first.
    pub sandboxes: Vec<Sandbox>,
    /// Container instances, newest first.
    pub instances: Vec<Instance>,
}

impl RuntimeStatus {
    /// Returns the instances of a container, newest first.
    pub fn instances_of(&self, container: ContainerIndex) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(move |instance| instance.container == Some(container))
    }

    /// Returns the newest instance of a container.
    ///
    /// Answers to `FindContainerStatusByName` in `pkg/kubelet/container`.
    #[must_use]
    pub fn newest(&self, container: ContainerIndex) -> Option<&Instance> {
        self.instances_of(container).next()
    }

    /// Returns the newest sandbox if it is ready: the one whose instances are active.
    #[must_use]
    pub fn active_sandbox(&self) -> Option<&Sandbox> {
        // An older one that is still ready does not count: the next sync replaces both.
        self.sandboxes.first().filter(|sandbox| sandbox.is_ready)
    }

    /// True if neither an instance nor a sandbox runs.
    ///
    /// Answers to `isPodStatusCacheTerminal`.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.instances.iter().any(Instance::is_running) && !self.sandboxes.iter().any(|sandbox| sandbox.is_ready)
    }

    pub(crate) fn instance_mut(&mut self, container: ContainerIndex, id: InstanceId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.container == Some(container) && instance.id == id)
    }
}

/// Id of a sandbox among those of its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SandboxId(
    /// Attempt with which it was requested, counted from 0.
    pub u32,
);

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Pod sandbox: the "pause" container with the Pod's namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sandbox {
    /// Id.
    pub id: SandboxId,
    /// Attempt, as the runtime counts the sandboxes of this Pod.
    pub attempt: u32,
    /// True if its state is ready.
    pub is_ready: bool,
    /// True if its network namespace is the node's.
    pub uses_host_network: bool,
    /// True if it has an IP address; `None` if the runtime does not report it.
    pub has_ip: Option<bool>,
}

/// Id of an instance among those of its container, serialized as the number of instances created before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct InstanceId(
    /// One more than the ordinal, so that `Option<InstanceId>` is no larger.
    pub(super) NonZeroU32,
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
    /// Creates the id of the `n`-th instance, counting from 0.
    #[must_use]
    pub const fn nth(n: u32) -> InstanceId {
        match NonZeroU32::new(n.saturating_add(1)) {
            Some(id) => InstanceId(id),
            None => InstanceId(NonZeroU32::MIN),
        }
    }

    /// Returns the number of instances that were created before it.
    #[must_use]
    pub const fn ordinal(self) -> u32 {
        self.0.get().saturating_sub(1)
    }
}

/// Container instance, one run of a container (`kubecontainer.Status`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Id.
    pub id: InstanceId,
    /// Its container; `None` if the spec has no such container.
    pub container: Option<ContainerIndex>,
    /// Sandbox that it was created in.
    pub sandbox: SandboxId,
    /// Restart count, as the runtime knows it from the container's annotations.
    pub restart_count: i32,
    /// True if the container's image or name has changed since.
    pub spec_changed: bool,
    /// State.
    pub state: InstanceState,
}

/// State of an instance (`kubecontainer.State`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum InstanceState {
    /// Created but not started.
    Created,
    /// Running.
    Running {
        /// Start of the run.
        #[serde(with = "crate::time::exact")]
        started_at: Option<Timestamp>,
    },
    /// Exited.
    Exited(Arc<Termination>),
    /// Unknown to the runtime.
    Unknown,
}

impl Instance {
    /// True if it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, InstanceState::Running { .. })
    }

    /// Returns its exit if it has exited.
    #[must_use]
    pub fn termination(&self) -> Option<&Arc<Termination>> {
        match &self.state {
            InstanceState::Exited(termination) => Some(termination),
            InstanceState::Created | InstanceState::Running { .. } | InstanceState::Unknown => None,
        }
    }
}
