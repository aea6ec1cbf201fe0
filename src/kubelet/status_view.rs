//! What is published of a Pod, without its strings.

use alloc::vec::Vec;

use super::components::Kubelet;
use crate::{
    api::{PodCondition, PodPhase},
    rule::conditions,
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType, ContainerRecord, InstanceId},
    time::Timestamp,
};

/// What is published of a Pod, without its strings.
///
/// A sink is shown it with each status that is written:
///
/// ```
///
/// use std::sync::Arc;
/// use pod_lifecycle::{PodMachine, Published, Sink, Timestamp, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec};
///
/// /// Keeps the phases.
/// #[derive(Default)]
/// struct Phases(Vec<PodPhase>);
///
/// impl Sink for Phases {
///     fn published(&mut self, _: Timestamp, status: &Published<'_>) {
///         assert_eq!((status.spec().name(), status.reason()), ("web", ("", "")));
///         assert_eq!((status.observed_generation(), status.readiness_generation()), (4, 4));
///         assert!(status.external_conditions().is_empty() && status.start_time().is_some());
///         assert_eq!((status.containers().len(), status.conditions().len()), (1, 5));
///         self.0.push(status.phase());
///     }
/// }
/// # let manifest: api::PodManifest = serde_json::from_str(r#"{
/// #     "metadata": {"name": "web", "generation": 4}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
/// let mut phases = Phases::default();
/// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut phases);
/// assert_eq!(phases.0, [PodPhase::Pending]);
/// assert_eq!(pod.published().former_image(0.into(), 0.into()), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    parts: &'a Kubelet,
}

impl<'a> Published<'a> {
    pub(super) fn of(parts: &'a Kubelet) -> Published<'a> {
        Published { parts }
    }

    /// What the Pod ought to be, as the last sync knew it.
    #[must_use]
    pub fn spec(&self) -> &'a PodSpec {
        &self.parts.spec
    }

    /// The published phase.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.parts.status.published.phase.unwrap_or(PodPhase::Pending)
    }

    /// Why the Pod is in its phase: a word, and a sentence; both empty if nothing is said.
    #[must_use]
    pub fn reason(&self) -> (&'a str, &'a str) {
        let why = self.parts.status.published.why.as_deref();
        why.map_or(("", ""), |why| (&why.reason, &why.message))
    }

    /// Conditions of other owners, as the kubelet knows them from the API. A `DisruptionTarget` of the node's own,
    /// which every owner may set, is among them.
    #[must_use]
    pub fn external_conditions(&self) -> &'a [PodCondition] {
        &self.parts.object.conditions
    }

    /// What is reported of the containers, by container index; `None` until something is.
    #[must_use]
    pub fn containers(&self) -> &'a [Option<ContainerRecord>] {
        &self.parts.status.record.records
    }

    /// When the kubelet first saw the Pod.
    #[must_use]
    pub fn start_time(&self) -> Option<Timestamp> {
        self.parts.status.start_time
    }

    /// Which generation of the object the status is about; 0 before a kubelet has looked at it.
    #[must_use]
    pub fn observed_generation(&self) -> i64 {
        self.parts.status.generations.status
    }

    /// Returns `observedGeneration` of `Ready` and `ContainersReady`, which a probe's result computes again between two
    /// syncs.
    #[must_use]
    pub fn readiness_generation(&self) -> i64 {
        self.parts.status.generations.readiness
    }

    /// The image of an instance, if the spec has had another one since.
    #[must_use]
    pub fn former_image(&self, container: ContainerIndex, instance: InstanceId) -> Option<&'a str> {
        self.parts.containers.image_of(container, instance)
    }

    /// Whether the Pod is published as `Ready`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, spec::PodSpec};
    ///
    /// # let manifest: PodManifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut Vec::new());
    /// assert!(!pod.published().is_ready(), "nothing runs yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.phase().is_terminal() && self.parts.status.record.conditions.ready.is_true()
    }

    /// The kubelet's conditions, in the order of the API status, and when each last changed.
    #[must_use]
    pub fn conditions(&self) -> Vec<(ConditionType, Condition, Option<Timestamp>)> {
        let status = &self.parts.status;
        if !status.has_conditions() {
            return Vec::new();
        }
        let own = status.record.conditions.iter();
        let mut all: Vec<_> = own.map(|(which, condition)| (which, condition.clone(), status.since(which))).collect();
        for (which, condition, _) in &mut all {
            conditions::override_ready(self.phase(), *which, condition);
        }
        all
    }
}
