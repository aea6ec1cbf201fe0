//! The published status of a Pod, as the API prints it.

use alloc::{string::String, vec::Vec};

use super::{
    report,
    runtime_facts::{ContainerFacts, NumberedInstances, PodFacts, RuntimeFacts},
};
use crate::{
    api::{self, PodCondition},
    kubelet::{PodMachine, Published},
    spec::{ContainerIndex, PodSpec},
    state::InstanceId,
    time::Timestamp,
};

impl PodMachine {
    /// The published status; instances are named after their container and number: `app-0`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.status().phase, Some(PodPhase::Pending.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> api::PodStatus {
        self.status_with(&NumberedInstances(self.spec()))
    }

    /// The published status, with what only the embedder knows: what an agent sends to the API.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec, status::NumberedInstances,
    /// };
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.status_with(&NumberedInstances(pod.spec())), pod.status());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status_with(&self, facts: &dyn RuntimeFacts) -> api::PodStatus {
        self.published().status(facts)
    }
}

impl Published<'_> {
    /// The status as the API prints it, with what only the embedder knows.
    #[must_use]
    pub fn status(&self, facts: &dyn RuntimeFacts) -> api::PodStatus {
        let spec: &PodSpec = self.spec();
        let own = self.conditions();
        let own = own.iter().map(|(which, condition, since)| PodCondition {
            observed_generation: self.condition_generation(*which),
            ..report::pod_condition(spec, *which, condition, *since)
        });
        let facts = &FormerImages { facts, published: *self };
        let statuses = |indexes: &mut dyn Iterator<Item = ContainerIndex>| {
            let known = indexes.filter_map(|index| Some((index, self.containers().get(index.get())?.as_ref()?)));
            known.map(|(index, record)| report::container_status(spec, index, record, facts)).collect::<Vec<_>>()
        };
        let (reason, message) = self.reason();
        let foreign = self.external_conditions().iter().cloned();
        let conditions: Vec<PodCondition> = foreign.chain(own).collect();
        let status = api::PodStatus {
            observed_generation: self.observed_generation(),
            phase: Some(self.phase().into()),
            conditions,
            reason: reason.into(),
            message: message.into(),
            start_time: self.start_time().map(Timestamp::whole_seconds),
            init_container_statuses: statuses(&mut spec.init_containers().map(|(index, _)| index)),
            container_statuses: statuses(&mut spec.regular_by_name.iter().copied()),
            ephemeral_container_statuses: statuses(&mut spec.ephemeral_by_name.iter().copied()),
            ..api::PodStatus::default()
        };
        facts.pod().fill_in(spec, status)
    }
}

/// What the embedder knows, and the images of instances that were made before the spec was changed.
struct FormerImages<'a> {
    facts: &'a dyn RuntimeFacts,
    published: Published<'a>,
}

impl RuntimeFacts for FormerImages<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.facts.container_id(container, instance)
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let mut known = self.facts.container(container, instance);
        let former = || self.published.former_image(container, instance?).map(String::from);
        known.image = known.image.or_else(former);
        known
    }

    fn pod(&self) -> PodFacts {
        // Equivalent with `Default::default()`: only containers are asked for with this.
        self.facts.pod()
    }
}
