//! Resources in a Pod's status, with the conditions of its resizes (KEP-1287).

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Condition, ConditionMessage, ConditionReason, ConditionType};
use crate::{
    api::{ConditionStatus, ResourceList, ResourceRequirements},
    spec::ContainerIndex,
    time::Timestamp,
};

/// Resources in a Pod's status, with the conditions of its resizes; computed where the kubelet knows its node
/// ([`NodeInfo`](crate::config::NodeInfo)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourceStatus {
    /// `status.allocatedResources`: requests of the whole Pod that the kubelet has accepted.
    pub allocated: ResourceList,
    /// `status.resources`: requests and limits of the whole Pod that are in force.
    pub resources: Option<ResourceRequirements>,
    /// Resources of the containers that the runtime knows, by container index.
    pub containers: Vec<Option<ContainerResources>>,
    /// `PodResizePending` and `PodResizeInProgress`.
    pub conditions: ResizeConditions,
}

/// Resources of one container in a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerResources {
    /// `allocatedResources`: requests that the kubelet has accepted.
    pub allocated: ResourceList,
    /// `resources`: requests and limits that are in force.
    pub resources: ResourceRequirements,
}

/// Conditions of a Pod's resizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResizeConditions {
    /// `PodResizePending`: a resize that the kubelet has not accepted.
    pub pending: Option<ResizeCondition>,
    /// `PodResizeInProgress`: a resize that is accepted and not yet carried out.
    pub in_progress: Option<ResizeCondition>,
}

/// Condition of a resize; its status is always `True`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResizeCondition {
    /// Reason: `Deferred` or `Infeasible`, or `Error` of one in progress.
    pub reason: Option<ConditionReason>,
    /// Message for people.
    pub message: Box<str>,
    /// Generation of the object that asked for the resize.
    pub observed_generation: i64,
    /// Time of the last change of the reason, in whole seconds.
    #[serde(with = "crate::time::exact")]
    pub since: Option<Timestamp>,
}

impl ContainerResources {
    /// Creates the resources of a container.
    #[must_use]
    pub fn new(allocated: ResourceList, resources: ResourceRequirements) -> ContainerResources {
        ContainerResources { allocated, resources }
    }
}

impl ResourceStatus {
    /// Returns the resources of a container, if the runtime knows an instance of it.
    #[must_use]
    pub fn container(&self, container: ContainerIndex) -> Option<&ContainerResources> {
        self.containers.get(container.get()).and_then(Option::as_ref)
    }

    /// True if two look the same in the API but for times and generations.
    pub(crate) fn is_same(&self, other: &ResourceStatus) -> bool {
        self.allocated == other.allocated
            && self.resources == other.resources
            && self.containers == other.containers
            && self.conditions.is_same(&other.conditions)
    }
}

impl ResizeConditions {
    /// True if the Pod has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_none() && self.in_progress.is_none()
    }

    /// Returns the conditions in the order of the API.
    pub fn iter(&self) -> impl Iterator<Item = (ConditionType, &ResizeCondition)> {
        let pending = self.pending.as_ref().map(|it| (ConditionType::PodResizePending, it));
        let in_progress = self.in_progress.as_ref().map(|it| (ConditionType::PodResizeInProgress, it));
        pending.into_iter().chain(in_progress)
    }

    /// Returns the condition of a type.
    #[must_use]
    pub fn get(&self, condition_type: ConditionType) -> Option<&ResizeCondition> {
        self.iter().find(|(which, _)| *which == condition_type).map(|(_, condition)| condition)
    }

    fn is_same(&self, other: &ResizeConditions) -> bool {
        let words = |condition: &Option<ResizeCondition>| condition.as_ref().map(|it| (it.reason, it.message.clone()));
        words(&self.pending) == words(&other.pending) && words(&self.in_progress) == words(&other.in_progress)
    }
}

impl ResizeCondition {
    /// Creates a condition that is true.
    #[must_use]
    pub fn new(
        reason: Option<ConditionReason>,
        message: Box<str>,
        observed_generation: i64,
        since: Option<Timestamp>,
    ) -> ResizeCondition {
        ResizeCondition { reason, message, observed_generation, since }
    }
}

impl From<&ResizeCondition> for Condition {
    fn from(condition: &ResizeCondition) -> Condition {
        let message = match &*condition.message {
            "" => ConditionMessage::None,
            text => ConditionMessage::Text(text.into()),
        };
        Condition { status: ConditionStatus::True, reason: condition.reason, message }
    }
}
