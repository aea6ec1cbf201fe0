//! Looks a status over.

use alloc::{borrow::ToOwned, collections::BTreeSet, format, string::String, vec::Vec};

use super::pod::{Discrepancy, Inconsistency, ObservedPod, Outlook};
use crate::{
    api::{ConditionStatus, ContainerState, ContainerStatus, Name, Named, PodCondition, PodPhase},
    spec::{ContainerKind, ContainerSpec},
    state::{Condition, ConditionMessage, ConditionReason, ConditionType, ContainerRecord, GateFailure, RecordedState},
};

/// Where the status contradicts the rules, or itself, in the order of its fields.
pub(super) fn inconsistencies(pod: &ObservedPod) -> Vec<Inconsistency> {
    let mut check = Check { pod, found: Vec::new() };
    check.generation();
    check.phase();
    check.conditions();
    check.containers();
    check.found
}

struct Check<'a> {
    pod: &'a ObservedPod,
    found: Vec<Inconsistency>,
}

impl Check<'_> {
    fn find(&mut self, field: impl Into<String>, what: Discrepancy) {
        self.found.push(Inconsistency { field: field.into(), what });
    }

    fn generation(&mut self) {
        let (observed, generation) = (self.pod.status().observed_generation, self.pod.manifest().metadata.generation);
        if generation > 0 && observed > generation {
            self.find("status.observedGeneration", Discrepancy::GenerationAhead { observed, generation });
        }
    }

    fn phase(&mut self) {
        if self.pod.is_reported() && self.pod.manifest().spec.node_name.is_empty() && !self.pod.spec().is_static() {
            self.find("spec.nodeName", Discrepancy::ReportedWithoutNode);
        }
        if let Some(Named::Other(text)) = &self.pod.status().phase {
            return self.find("status.phase", Discrepancy::UnknownPhase { published: text.clone() });
        }
        let published = self.pod.published_phase();
        let is_over = published.is_some_and(PodPhase::is_terminal);
        let expected = self.pod.computed_phase(if is_over { Outlook::IsOver } else { Outlook::GoesOn });
        // A reason, a deletion or a disruption ends a Pod whatever its containers have done.
        let is_explained = is_over && (self.pod.is_ended_from_outside() || self.some_container_runs());
        // A kubelet keeps a terminal phase to itself until it has stopped what is left.
        let is_held_back =
            !is_over && (expected.is_terminal() || self.pod.is_deleting() || self.pod.conditions_say_it_is_over());
        // Whether a regular container was started in the present sandbox, a status does not say.
        let is_starting_over = published == Some(self.pod.phase_in_new_sandbox());
        let is_well = published == Some(expected) || is_explained || is_held_back || is_starting_over;
        if self.pod.is_reported() && !is_well {
            self.find("status.phase", Discrepancy::PhaseDiffers { published, expected });
        }
    }

    fn some_container_runs(&self) -> bool {
        self.pod.containers().any(|(.., record)| record.is_some_and(ContainerRecord::is_running))
    }

    fn conditions(&mut self) {
        let mut seen = BTreeSet::new();
        for (place, condition) in self.pod.status().conditions.iter().enumerate() {
            let field = format!("status.conditions[{place}]");
            if !seen.insert(&condition.type_) {
                let condition = condition.type_.clone();
                self.find(format!("{field}.type"), Discrepancy::DuplicateCondition { condition });
                continue;
            }
            match &condition.status {
                Named::Known(status) => self.condition(&field, condition, *status),
                Named::Other(text) => {
                    let (condition, published) = (condition.type_.clone(), text.clone());
                    self.find(format!("{field}.status"), Discrepancy::UnknownConditionStatus { condition, published });
                }
            }
        }
    }

    fn condition(&mut self, field: &str, condition: &PodCondition, published: ConditionStatus) {
        let Some(which) = Named::<ConditionType>::from(&*condition.type_).known() else { return };
        let node = &self.pod.manifest().spec.node_name;
        if which == ConditionType::PodScheduled && published == ConditionStatus::False && !node.is_empty() {
            let node = node.clone();
            return self.find(format!("{field}.status"), Discrepancy::ScheduledWithoutSayingSo { node });
        }
        let reason = Named::<ConditionReason>::from(&*condition.reason);
        if let Named::Other(reason) = &reason
            && !reason.is_empty()
            && !matches!(which, ConditionType::PodScheduled | ConditionType::DisruptionTarget)
        {
            let reason = reason.clone();
            self.find(format!("{field}.reason"), Discrepancy::ForeignReason { condition: which, reason });
        }
        let conditions = self.pod.conditions();
        let Some(expected) = conditions.get(which).filter(|_| self.pod.is_reported()) else { return };
        // The conditions of a Pod that ends are those of a phase that is not shown yet, or was not known then.
        let is_ending = self.pod.conditions_say_it_is_over()
            || self.pod.is_ended_from_outside()
            || self.pod.computed_phase(Outlook::GoesOn).is_terminal();
        if is_ending && published != ConditionStatus::True {
            return;
        }
        if expected.status != published {
            let what = Discrepancy::ConditionDiffers {
                condition: which,
                published,
                expected: expected.status,
                reason: expected.reason,
                because_of: self.because_of(expected),
            };
            self.find(format!("{field}.status"), what);
        } else if let (Some(said), Some(expected)) = (reason.known(), expected.reason)
            && said != expected
            && !is_over(expected)
        {
            let published = condition.reason.clone();
            let what = Discrepancy::ConditionReasonDiffers { condition: which, published, expected };
            self.find(format!("{field}.reason"), what);
        }
    }

    /// The containers or gates that keep a condition from being true.
    fn because_of(&self, condition: &Condition) -> Vec<String> {
        let spec = self.pod.spec();
        match &condition.message {
            ConditionMessage::Containers(lacking) => {
                let lacking = lacking.unknown.iter().chain(&lacking.unmet);
                lacking.map(|&index| spec.container_name(index).to_owned()).collect()
            }
            ConditionMessage::Gates(failures) => {
                let gate = |failure: &GateFailure| spec.readiness_gates().get(usize::from(failure.gate)).cloned();
                failures.iter().filter_map(gate).collect()
            }
            ConditionMessage::None | ConditionMessage::RestartRule | ConditionMessage::Text(_) => Vec::new(),
        }
    }

    fn containers(&mut self) {
        let status = self.pod.status();
        let is_init = |kind| matches!(kind, ContainerKind::Init | ContainerKind::Sidecar);
        self.list("initContainerStatuses", &status.init_container_statuses, is_init);
        self.list("containerStatuses", &status.container_statuses, |kind| kind == ContainerKind::Regular);
        let is_ephemeral = |kind| kind == ContainerKind::Ephemeral;
        self.list("ephemeralContainerStatuses", &status.ephemeral_container_statuses, is_ephemeral);
        for (_, container, record) in self.pod.containers() {
            // An ephemeral container may have been added a moment ago.
            let is_expected = container.kind() != ContainerKind::Ephemeral && self.some_container_is_reported();
            if record.is_none() && is_expected {
                let list = if is_init(container.kind()) { "initContainerStatuses" } else { "containerStatuses" };
                let container = container.name().to_owned();
                self.find(format!("status.{list}"), Discrepancy::NoStatus { container });
            }
        }
    }

    fn some_container_is_reported(&self) -> bool {
        self.pod.records().iter().any(Option::is_some)
    }

    fn list(&mut self, name: &str, statuses: &[ContainerStatus], belongs: impl Fn(ContainerKind) -> bool) {
        let mut seen = BTreeSet::new();
        for (place, status) in statuses.iter().enumerate() {
            let field = format!("status.{name}[{place}]");
            let container = status.name.clone();
            let known = self.pod.containers().find(|(_, spec, _)| spec.name() == container && belongs(spec.kind()));
            if !seen.insert(&status.name) {
                self.find(format!("{field}.name"), Discrepancy::DuplicateContainer { container });
            } else if let Some((_, spec, Some(record))) = known {
                self.container(&field, status, spec, record);
            } else {
                self.find(format!("{field}.name"), Discrepancy::UnknownContainer { container });
            }
        }
    }

    fn container(&mut self, field: &str, status: &ContainerStatus, spec: &ContainerSpec, record: &ContainerRecord) {
        let container = || status.name.clone();
        let is_running = record.is_running();
        if states(&status.state) > 1 {
            self.find(format!("{field}.state"), Discrepancy::SeveralStates { container: container() });
        }
        if is_running && let Some(phase) = self.pod.published_phase().filter(|phase| phase.is_terminal()) {
            let by_pod_gc = self.is_ended_by_pod_gc();
            let what = Discrepancy::RunsInTerminalPhase { container: container(), phase, by_pod_gc };
            self.find(format!("{field}.state.running"), what);
        }
        self.restarts(field, status, record);
        // An init container that has ended well counts as ready.
        if record.ready && !is_running && spec.kind() != ContainerKind::Init {
            self.find(format!("{field}.ready"), Discrepancy::ReadyWithoutRunning { container: container() });
        }
        if record.started == Some(true) && !is_running {
            self.find(format!("{field}.started"), Discrepancy::StartedWithoutRunning { container: container() });
        }
        if ends_before_start(record) {
            self.find(field, Discrepancy::EndsBeforeStart { container: container() });
        }
    }

    fn restarts(&mut self, field: &str, status: &ContainerStatus, record: &ContainerRecord) {
        let container = status.name.clone();
        if status.restart_count < 0 {
            let what = Discrepancy::NegativeRestartCount { container, restart_count: status.restart_count };
            self.find(format!("{field}.restartCount"), what);
        } else if record.restart_count > 0 && record.last_state.is_none() {
            let what = Discrepancy::RestartsWithoutLastState { container, restart_count: record.restart_count };
            self.find(format!("{field}.lastState"), what);
        } else if record.restart_count == 0 && record.is_running() && record.last_termination().is_some() {
            self.find(format!("{field}.restartCount"), Discrepancy::LastStateWithoutRestart { container });
        }
    }

    fn is_ended_by_pod_gc(&self) -> bool {
        let disruption = self.pod.status().condition(ConditionType::DisruptionTarget.name());
        disruption.is_some_and(|condition| condition.reason == ConditionReason::DeletionByPodGc.name())
    }
}

/// Whether a condition has this reason once its Pod is over; that it had another before may still stand there.
fn is_over(reason: ConditionReason) -> bool {
    matches!(reason, ConditionReason::PodCompleted | ConditionReason::PodFailed)
}

fn states(state: &ContainerState) -> usize {
    let there = [state.waiting.is_some(), state.running.is_some(), state.terminated.is_some()];
    there.into_iter().filter(|is_there| *is_there).count()
}

/// Whether a run ended before it began, or the present one began before the last had ended.
fn ends_before_start(record: &ContainerRecord) -> bool {
    let ends = [&record.state, &record.last_state].into_iter().flatten().filter_map(RecordedState::termination);
    let mut pairs = ends.filter_map(|end| Some((end.started_at?, end.finished_at?)));
    let last = record.last_termination().and_then(|end| end.finished_at);
    let present = match &record.state {
        Some(RecordedState::Running { started_at }) => *started_at,
        Some(RecordedState::Waiting(_) | RecordedState::Terminated(_)) | None => None,
    };
    pairs.any(|(start, end)| end < start) || last.zip(present).is_some_and(|(end, start)| start < end)
}
