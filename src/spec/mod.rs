//! Lowered Pod spec: parsed once, immutable, with defaults filled in and containers by index instead of by name.
//!
//! ```
//! use pod_lifecycle::{api, spec::{PodSpec, ProbeKind}};
//!
//! let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
//!     "name": "app", "image": "nginx", "readinessProbe": {"tcpSocket": {"port": 80}}
//! }]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let app = spec.index_of("app").ok_or("no container")?;
//! let probe = spec.container(app).and_then(|app| app.probe(ProbeKind::Readiness)).ok_or("no probe")?;
//! assert_eq!(probe.period().as_secs(), 10, "the default is filled in");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod container;
mod lower;
mod node_constraints;
mod qos;
mod resource_sum;
mod restart_policy;
mod serialized;
mod volume;

pub use container::{ContainerIndex, ContainerKind, ContainerSpec, LifecycleHook, ProbeKind, ProbeSpec};
pub use lower::SpecError;
pub use node_constraints::HostPort;
pub(crate) use node_constraints::NodeConstraints;
pub use restart_policy::{Restart, RestartRule};
pub use volume::{VolumeImage, VolumeIndex, VolumeSpec};

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use self::lower::narrow;
use crate::api::{ResourceList, ResourceRequirements, RestartPolicy};

/// Spec of a Pod, lowered from its API object.
///
/// Containers are in one list: init containers (sidecars among them) in the order of the API object, then regular ones,
/// then ephemeral ones. A [`ContainerIndex`] is an index into that list.
///
/// ```
/// use pod_lifecycle::{api, spec::{ContainerKind, PodSpec}};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web"},
///     "spec": {
///         "initContainers": [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
///         "containers": [{"name": "app", "image": "nginx"}]
///     }
/// }"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let kinds: Vec<_> = spec.containers().map(|(_, container)| (container.name(), container.kind())).collect();
/// assert_eq!(kinds, [("proxy", ContainerKind::Sidecar), ("app", ContainerKind::Regular)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Fields of the Pod, and its containers by kind:
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api::{self, RestartPolicy}, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "generation": 3},
///     "spec": {
///         "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 45, "activeDeadlineSeconds": 600,
///         "hostNetwork": true, "readinessGates": [{"conditionType": "example.com/attached"}],
///         "initContainers": [{"name": "setup", "image": "busybox"}, {"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
///         "containers": [{"name": "app", "image": "nginx"}]
///     }
/// }"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!((spec.name(), spec.namespace(), spec.uid(), spec.generation()), ("web", "shop", "u-1", 3));
/// assert_eq!((spec.restart_policy(), spec.may_restart()), (RestartPolicy::OnFailure, true));
/// assert_eq!(spec.termination_grace(), Some(Duration::from_secs(45)));
/// assert_eq!(spec.active_deadline(), Some(Duration::from_secs(600)));
/// assert_eq!(spec.readiness_gates(), ["example.com/attached"]);
/// assert!(spec.uses_host_network() && !spec.is_scheduling_gated() && !spec.is_static());
///
/// assert!(spec.has_init_containers() && spec.has_sidecars() && !spec.all_containers_could_restart());
/// assert_eq!((spec.container_count(), spec.init_and_regular_containers().count()), (3, 3));
/// assert_eq!((spec.init_containers().count(), spec.sidecars().count()), (2, 1));
/// assert_eq!((spec.regular_containers().count(), spec.ephemeral_containers().count()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "serialized::SerializedSpec", into = "serialized::SerializedSpec")]
pub struct PodSpec {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    pub(crate) containers: Box<[ContainerSpec]>,
    pub(crate) regular_from: u16,
    pub(crate) ephemeral_from: u16,
    /// Regular containers sorted by name: the order of the kubelet's statuses.
    pub(crate) regular_by_name: Box<[ContainerIndex]>,
    pub(crate) ephemeral_by_name: Box<[ContainerIndex]>,
    pub(crate) policy: RestartPolicy,
    pub(crate) termination_grace: Option<Duration>,
    pub(crate) active_deadline: Option<Duration>,
    pub(crate) readiness_gates: Box<[String]>,
    pub(crate) scheduling_gated: bool,
    pub(crate) host_network: bool,
    pub(crate) is_static: bool,
    pub(crate) has_sidecars: bool,
    pub(crate) all_containers_could_restart: bool,
    pub(crate) volumes: Box<[VolumeSpec]>,
    /// Requests and limits of the Pod as a whole (KEP-2837), with its overhead.
    pub(crate) resources: Option<Box<PodResources>>,
    pub(crate) node_constraints: Option<Box<NodeConstraints>>,
}

/// Resources of a Pod as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct PodResources {
    pub(crate) requirements: ResourceRequirements,
    /// Resources that the sandbox takes itself (`spec.overhead`).
    pub(crate) overhead: ResourceList,
}

impl PodSpec {
    /// Returns `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Returns `metadata.generation`, which counts the changes of the spec.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// True if any container has a stop signal of its own.
    pub(crate) fn has_stop_signals(&self) -> bool {
        self.containers.iter().any(|container| container.stop_signal.is_some())
    }

    /// Returns the spec without stop signals, as a kubelet reads it that does not pass them to its runtime.
    pub(crate) fn without_stop_signals(&self) -> PodSpec {
        let mut spec = self.clone();
        spec.containers.iter_mut().for_each(|container| container.stop_signal = None);
        spec
    }

    /// Returns the number of containers of all kinds.
    #[must_use]
    pub fn container_count(&self) -> usize {
        self.containers.len()
    }

    /// Returns the Pod's restart policy, `Always` by default.
    #[must_use]
    pub fn restart_policy(&self) -> RestartPolicy {
        self.policy
    }

    /// True if the Pod's restart policy is not `Never`.
    #[must_use]
    pub fn may_restart(&self) -> bool {
        self.policy != RestartPolicy::Never
    }

    /// Returns `terminationGracePeriodSeconds`, if it is set; a negative one is 1 s.
    #[must_use]
    pub fn termination_grace(&self) -> Option<Duration> {
        self.termination_grace
    }

    /// Returns `activeDeadlineSeconds`, if it is set; it counts from `status.startTime`.
    #[must_use]
    pub fn active_deadline(&self) -> Option<Duration> {
        self.active_deadline
    }

    /// Returns the condition types of the readiness gates.
    #[must_use]
    pub fn readiness_gates(&self) -> &[String] {
        &self.readiness_gates
    }

    /// True if the Pod has scheduling gates.
    #[must_use]
    pub fn is_scheduling_gated(&self) -> bool {
        self.scheduling_gated
    }

    /// Returns `hostNetwork`: true if the Pod uses the node's network.
    #[must_use]
    pub fn uses_host_network(&self) -> bool {
        self.host_network
    }

    /// True for a static Pod, which comes from a file or URL of the node instead of the API server.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.is_static
    }

    /// True if any init container is a sidecar.
    #[must_use]
    pub fn has_sidecars(&self) -> bool {
        self.has_sidecars
    }

    /// True if any container has a `RestartAllContainers` rule.
    ///
    /// Answers to `AllContainersCouldRestart` in `pkg/api/v1/pod`; see KEP-5532.
    #[must_use]
    pub fn all_containers_could_restart(&self) -> bool {
        self.all_containers_could_restart
    }

    /// Returns requests and limits of the Pod as a whole (KEP-2837), with the API server's defaults; empty ones if there are
    /// none.
    #[must_use]
    pub fn resources(&self) -> &ResourceRequirements {
        const NONE: &ResourceRequirements =
            &ResourceRequirements { limits: ResourceList::new(), requests: ResourceList::new() };
        self.resources.as_ref().map_or(NONE, |resources| &resources.requirements)
    }

    /// Returns the resources that the sandbox takes itself (`spec.overhead`).
    #[must_use]
    pub fn overhead(&self) -> &ResourceList {
        const NONE: &ResourceList = &ResourceList::new();
        self.resources.as_ref().map_or(NONE, |resources| &resources.overhead)
    }

    /// Returns the ports on the node that sidecars and regular containers ask for.
    #[must_use]
    pub fn host_ports(&self) -> &[HostPort] {
        self.node_constraints.as_ref().map_or(&[], |constraints| constraints.host_ports())
    }

    /// Returns `spec.priority`; 0 by default.
    #[must_use]
    pub fn priority(&self) -> i64 {
        self.node_constraints.as_ref().map_or(0, |constraints| constraints.priority())
    }

    /// True for a static Pod, and for one with a system-critical priority: its node preempts others to admit it.
    ///
    /// Answers to `IsCriticalPod` in `pkg/kubelet/types`.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.is_static || self.node_constraints.as_ref().is_some_and(|constraints| constraints.is_critical())
    }

    /// True if the container at `index` is a regular one.
    #[must_use]
    pub fn is_regular(&self, index: ContainerIndex) -> bool {
        (self.regular_from..self.ephemeral_from).contains(&index.place())
    }

    /// Returns the volumes with their indexes, in the order of the API object.
    pub fn volumes(&self) -> impl DoubleEndedIterator<Item = (VolumeIndex, &VolumeSpec)> {
        (0..narrow(self.volumes.len())).map(VolumeIndex::from).zip(&self.volumes)
    }

    /// Returns the volume at `index`.
    #[must_use]
    pub fn volume(&self, index: VolumeIndex) -> Option<&VolumeSpec> {
        self.volumes.get(index.get())
    }

    /// True if both have the same immutable fields, containers apart.
    pub(crate) fn has_same_immutable_fields(&self, other: &PodSpec) -> bool {
        self.policy == other.policy
            && self.termination_grace == other.termination_grace
            && self.readiness_gates == other.readiness_gates
            && self.host_network == other.host_network
            && self.is_static == other.is_static
    }

    /// True if both have the same resources, as a whole and container by container.
    pub(crate) fn has_same_resources(&self, other: &PodSpec) -> bool {
        let pairs = || self.containers.iter().zip(&other.containers);
        self.resources == other.resources && pairs().all(|(one, other)| one.resources == other.resources)
    }

    /// Returns the spec with the resources of another one in place of its own: those of the Pod as a whole, if
    /// `of_pod`, and those of containers of the kinds that `is_replaced` selects.
    pub(crate) fn with_resources_of(
        &self,
        other: &PodSpec,
        of_pod: bool,
        is_replaced: impl Fn(ContainerKind) -> bool,
    ) -> PodSpec {
        let mut spec = self.clone();
        let pairs = spec.containers.iter_mut().zip(&other.containers);
        for (container, other) in pairs.filter(|(container, _)| is_replaced(container.kind)) {
            container.resources.clone_from(&other.resources);
        }
        if of_pod {
            spec.resources.clone_from(&other.resources);
        }
        spec
    }

    /// Returns the container at `index`.
    #[must_use]
    pub fn container(&self, index: ContainerIndex) -> Option<&ContainerSpec> {
        self.containers.get(index.get())
    }

    /// Returns the name of the container at `index`; empty if there is none.
    #[must_use]
    pub fn container_name(&self, index: ContainerIndex) -> &str {
        self.container(index).map_or("", ContainerSpec::name)
    }

    /// Returns the index of the container with this name.
    ///
    /// ```
    /// # use pod_lifecycle::{api, spec::PodSpec};
    /// # let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
    /// #     "initContainers": [{"name": "setup", "image": "busybox"}], "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let app = spec.index_of("app").ok_or("no container")?;
    /// assert_eq!((app, spec.index_of("db")), (1.into(), None));
    /// assert!(spec.is_regular(app));
    /// assert_eq!((spec.container_name(app), spec.index_in_list(app)), ("app", 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<ContainerIndex> {
        self.containers().find(|(_, container)| container.name() == name).map(|(index, _)| index)
    }

    /// Returns all containers with their indexes.
    pub fn containers(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.span(0, self.len())
    }

    /// Returns the init containers, sidecars among them, in the order of the API object.
    pub fn init_containers(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.span(0, self.regular_from)
    }

    /// Returns the sidecars, in the order of the API object.
    pub fn sidecars(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.init_containers().filter(|(_, container)| container.kind() == ContainerKind::Sidecar)
    }

    /// Returns the regular containers, in the order of the API object.
    pub fn regular_containers(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.span(self.regular_from, self.ephemeral_from)
    }

    /// Returns the init containers, then the regular ones.
    pub fn init_and_regular_containers(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.span(0, self.ephemeral_from)
    }

    /// Returns the ephemeral containers, in the order in which they were added.
    pub fn ephemeral_containers(&self) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        self.span(self.ephemeral_from, self.len())
    }

    /// Returns the index of a container in its list of the API object.
    #[must_use]
    pub fn index_in_list(&self, index: ContainerIndex) -> usize {
        let first = match index.place() {
            place if place >= self.ephemeral_from => self.ephemeral_from,
            place if place >= self.regular_from => self.regular_from,
            _ => 0,
        };
        index.get().saturating_sub(usize::from(first))
    }

    /// True if the Pod has any init container or sidecar.
    #[must_use]
    pub fn has_init_containers(&self) -> bool {
        self.regular_from > 0
    }

    fn len(&self) -> u16 {
        u16::try_from(self.containers.len()).unwrap_or(u16::MAX)
    }

    fn span(&self, from: u16, to: u16) -> impl DoubleEndedIterator<Item = (ContainerIndex, &ContainerSpec)> {
        let containers = self.containers.get(usize::from(from)..usize::from(to)).unwrap_or_default();
        (from..to).map(ContainerIndex::nth).zip(containers)
    }
}
