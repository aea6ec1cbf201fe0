//! The published status of a Pod, as the API prints it.

use alloc::{string::String, vec::Vec};

use super::report::{self, InstanceNames, NumberedInstances};
use crate::{
    kubelet::{Pod, Published},
    manifest::{self, PodCondition},
    spec::{ContainerIndex, PodSpec},
    state::InstanceId,
    time::Timestamp,
};

impl Pod {
    /// The published status; instances are named after their container and number: `app-0`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, Pod, Timestamp, config::KubeletConfig, manifest::{self, PodPhase}, spec::PodSpec};
    ///
    /// let manifest: manifest::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = Pod::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.status().phase, Some(PodPhase::Pending.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> manifest::PodStatus {
        self.published().status(&NumberedInstances(self.spec()))
    }
}

impl Published<'_> {
    /// The status as the API prints it, with the runtime's names of things.
    #[must_use]
    pub fn status(&self, names: &dyn InstanceNames) -> manifest::PodStatus {
        let spec: &PodSpec = self.spec();
        let own = self.conditions();
        let own = own.iter().map(|(which, condition, since)| PodCondition {
            observed_generation: self.condition_generation(*which),
            ..report::pod_condition(spec, *which, condition, *since)
        });
        let names = &FormerImages { names, published: *self };
        let statuses = |indexes: &mut dyn Iterator<Item = ContainerIndex>| {
            let known = indexes.filter_map(|index| Some((index, self.containers().get(index.get())?.as_ref()?)));
            known.map(|(index, record)| report::container_status(spec, index, record, names)).collect::<Vec<_>>()
        };
        let (reason, message) = self.reason();
        let foreign = self.foreign_conditions().iter().cloned();
        let conditions: Vec<PodCondition> = foreign.chain(own).collect();
        manifest::PodStatus {
            observed_generation: self.observed_generation(),
            phase: Some(self.phase().into()),
            conditions,
            reason: reason.into(),
            message: message.into(),
            start_time: self.start_time().map(Timestamp::whole_seconds),
            init_container_statuses: statuses(&mut spec.init_containers().map(|(index, _)| index)),
            container_statuses: statuses(&mut spec.regular_by_name.iter().copied()),
            ephemeral_container_statuses: statuses(&mut spec.ephemeral_by_name.iter().copied()),
            ..manifest::PodStatus::default()
        }
    }
}

/// The runtime's names, and the images of instances that were made before the spec was changed.
struct FormerImages<'a> {
    names: &'a dyn InstanceNames,
    published: Published<'a>,
}

impl InstanceNames for FormerImages<'_> {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.names.container_id(container, instance)
    }

    fn image(&self, container: ContainerIndex, instance: InstanceId) -> Option<String> {
        let former = || self.published.former_image(container, instance).map(String::from);
        self.names.image(container, instance).or_else(former)
    }

    fn image_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.names.image_id(container, instance)
    }
}
