//! Where the Pod as a whole stands, as far as its status tells.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::Observation;
use crate::{
    api::{ConditionStatus, Name, PodCondition, PodPhase},
    explain::{
        container::{ContainerExplanation, Situation},
        pod::{EndCause, PodSituation, StopCause, first_failure},
        urgency,
    },
    rule::{deadline, restart},
    state::{ConditionReason, ConditionType, ContainerRecord, PodReason},
    time::{Timestamp, seconds},
};

impl Observation<'_> {
    pub(super) fn situation(self, containers: &[ContainerExplanation]) -> PodSituation {
        if self.is_over() {
            return PodSituation::Over { cause: self.end_cause() };
        }
        if self.pod.status().reason == PodReason::NodeLost.as_str() {
            return PodSituation::NodeLost { since: self.node_lost_since() };
        }
        if let Some(stopping) = self.stopping() {
            return stopping;
        }
        if let Some(unbound) = self.unbound() {
            return unbound;
        }
        if self.pod.holds(ConditionType::AllContainersRestarting) {
            return PodSituation::RestartingAll { container: self.trigger() };
        }
        let waits = |container: &ContainerExplanation| {
            matches!(
                container.situation,
                Situation::NotStarted { .. } | Situation::RestartDue { .. } | Situation::Unknown
            )
        };
        if self.lacks_sandbox() && containers.iter().any(waits) && !self.something_runs() {
            let is_lost = self.pod.records().iter().flatten().any(|record| record.instance.is_some());
            return PodSituation::NoSandbox { is_lost, is_being_made: false, ruled_out_by: None, after: None };
        }
        let containers_ready = self.pod.conditions().containers_ready.is_true();
        if let Some(container) = urgency::lead(containers, containers_ready) {
            return PodSituation::Container { container: container.name.clone() };
        }
        let gates = self.unmet_gates();
        if gates.is_empty() { PodSituation::Ready } else { PodSituation::GatesUnmet { gates } }
    }

    /// Whether the Pod is said to have ended.
    pub(super) fn is_over(self) -> bool {
        self.pod.published_phase().is_some_and(PodPhase::is_terminal)
    }

    pub(super) fn something_runs(self) -> bool {
        self.pod.records().iter().flatten().any(ContainerRecord::is_running)
    }

    fn condition(&self, which: ConditionType) -> Option<&PodCondition> {
        self.pod.status().condition(which.name())
    }

    fn end_cause(self) -> EndCause {
        let status = self.pod.status();
        if !status.reason.is_empty() {
            return EndCause::Reason { reason: status.reason.clone(), message: status.message.clone() };
        }
        if self.pod.published_phase() == Some(PodPhase::Succeeded) {
            return EndCause::AllSucceeded;
        }
        if let Some(target) = self.disruption() {
            return EndCause::Reason { reason: target.reason.clone(), message: target.message.clone() };
        }
        first_failure(self.pod.spec(), self.pod.records()).unwrap_or(EndCause::Incomplete)
    }

    /// The disruption that the Pod is the target of.
    fn disruption(&self) -> Option<&PodCondition> {
        let target = self.condition(ConditionType::DisruptionTarget)?;
        (target.status.known() == Some(ConditionStatus::True)).then_some(target)
    }

    /// The node controller takes readiness away when it loses sight of a node.
    fn node_lost_since(self) -> Option<Timestamp> {
        let ready = self.condition(ConditionType::Ready)?;
        let is_away = ready.status.known() != Some(ConditionStatus::True);
        ready.last_transition_time.filter(|_| is_away)
    }

    fn stopping(self) -> Option<PodSituation> {
        let computed = self.pod.phase();
        let outcome = Some(computed).filter(|phase| phase.is_terminal());
        let past_deadline = self.past_deadline();
        let cause = if let Some(at) = self.pod.manifest().metadata.deletion_timestamp {
            let grace = seconds::of_field(self.pod.manifest().metadata.deletion_grace_period_seconds.unwrap_or(0));
            StopCause::Deleted { at: at - grace, grace }
        } else if let Some(target) = self.disruption().filter(|target| is_by_kubelet(target)) {
            StopCause::Node { reason: target.reason.clone(), message: target.message.clone() }
        } else if let Some(longest) = past_deadline {
            StopCause::Deadline { longest }
        } else if outcome.is_some() {
            let all_succeeded = computed == PodPhase::Succeeded;
            let failure = || first_failure(self.pod.spec(), self.pod.records()).unwrap_or(EndCause::Incomplete);
            StopCause::WorkOver(if all_succeeded { EndCause::AllSucceeded } else { failure() })
        } else {
            return None;
        };
        let is_failing = matches!(cause, StopCause::Node { .. } | StopCause::Deadline { .. });
        let outcome = if is_failing { Some(PodPhase::Failed) } else { outcome };
        Some(PodSituation::Stopping { cause, outcome })
    }

    /// The active deadline, if it has passed.
    fn past_deadline(self) -> Option<Duration> {
        let at = deadline::expires_at(self.pod.spec(), self.pod.status().start_time?)?;
        self.pod.spec().active_deadline().filter(|_| at <= self.now)
    }

    /// A Pod that no kubelet has taken up.
    fn unbound(self) -> Option<PodSituation> {
        if self.pod.is_reported() {
            return None;
        }
        let node = &self.pod.manifest().spec.node_name;
        if !node.is_empty() {
            return Some(PodSituation::Unreported { node: node.clone() });
        }
        let scheduled = self.condition(ConditionType::PodScheduled);
        let is_gated = scheduled.is_some_and(|scheduled| scheduled.reason == ConditionReason::SchedulingGated.name());
        if is_gated || self.pod.spec().is_scheduling_gated() {
            return Some(PodSituation::Gated);
        }
        let message = scheduled.filter(|scheduled| scheduled.reason == ConditionReason::Unschedulable.name());
        Some(PodSituation::Unscheduled { message: message.map(|scheduled| scheduled.message.clone()) })
    }

    /// The container whose exit restarts all.
    fn trigger(self) -> Option<String> {
        let mut containers = self.pod.containers();
        let found = containers.find(|(_, spec, record)| {
            let end = record.and_then(|record| record.termination().or_else(|| record.last_termination()));
            end.is_some_and(|end| restart::restarts_all_containers(spec.restart(), end.exit_code))
        });
        found.map(|(_, spec, _)| spec.name().into())
    }

    /// The readiness gates that are not true, and what their conditions say.
    fn unmet_gates(self) -> Vec<(String, Option<ConditionStatus>)> {
        let gates = self.pod.spec().readiness_gates().iter().map(|gate| {
            let condition = self.pod.status().condition(gate);
            (gate.clone(), condition.map(|it| it.status.known().unwrap_or(ConditionStatus::Unknown)))
        });
        gates.filter(|(_, status)| *status != Some(ConditionStatus::True)).collect()
    }
}

fn is_by_kubelet(target: &PodCondition) -> bool {
    target.reason == ConditionReason::TerminationByKubelet.name()
}
