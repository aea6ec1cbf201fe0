//! The conditions that are not as one would like them, as they were published.

use alloc::{string::String, vec::Vec};

use super::Observation;
use crate::{
    api::{ConditionStatus, Name, Named, PodCondition},
    explain::condition::{self, UnmetCondition},
    state::{ConditionMessage, ConditionType},
};

impl Observation<'_> {
    /// The conditions that are not as one would like them, in the order of the status.
    pub(super) fn unmet(self) -> Vec<UnmetCondition> {
        let in_the_way = |condition: &PodCondition, status| self.in_the_way(condition, status);
        condition::unmet_of(&self.pod.status().conditions, self.pod.spec(), in_the_way)
    }

    /// The containers that are in the way of a condition, if it says what follows from them.
    fn in_the_way(self, condition: &PodCondition, status: ConditionStatus) -> Vec<String> {
        let conditions = self.pod.conditions();
        let which = Named::<ConditionType>::from(&*condition.type_).known();
        let Some(expected) = which.and_then(|which| conditions.get(which)) else { return Vec::new() };
        let is_same =
            expected.status == status && expected.reason.is_some_and(|reason| reason.name() == condition.reason);
        match &expected.message {
            ConditionMessage::Containers(lacking) if is_same => {
                let indexes = lacking.unknown.iter().chain(&lacking.unmet);
                indexes.map(|&index| self.pod.spec().container_name(index).into()).collect()
            }
            ConditionMessage::Containers(_)
            | ConditionMessage::None
            | ConditionMessage::Gates(_)
            | ConditionMessage::RestartRule
            | ConditionMessage::Text(_) => Vec::new(),
        }
    }
}
