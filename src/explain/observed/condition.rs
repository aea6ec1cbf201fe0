//! The conditions that are not as one would like them, as they were published.

use alloc::{string::String, vec::Vec};

use super::Observation;
use crate::{
    explain::condition::{Unmet, is_unwelcome},
    manifest::{ConditionStatus, Name, Named, PodCondition},
    state::{ConditionMessage, ConditionType},
};

impl Observation<'_> {
    /// The conditions that are not as one would like them, in the order of the status.
    pub(super) fn unmet(self) -> Vec<Unmet> {
        let conditions = &self.pod.status().conditions;
        let unmet = conditions.iter().filter_map(|condition| {
            let status = condition.status.known().filter(|status| self.is_unmet(condition, *status))?;
            Some(Unmet {
                condition: condition.type_.clone(),
                status,
                since: condition.last_transition_time,
                reason: condition.reason.clone(),
                containers: self.in_the_way(condition, status),
                message: condition.message.clone(),
            })
        });
        unmet.collect()
    }

    fn is_unmet(self, condition: &PodCondition, status: ConditionStatus) -> bool {
        let is_true = status == ConditionStatus::True;
        match Named::<ConditionType>::from(&*condition.type_).known() {
            Some(which) => is_true == is_unwelcome(which),
            None if condition.type_ == "PodResizePending" => is_true,
            // What others' conditions mean only their owners know, unless the Pod waits for one.
            None => !is_true && self.pod.spec().readiness_gates().contains(&condition.type_),
        }
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
