//! Inconsistencies of a status: values that contradict the rules or each other, with the path of the field.

use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::Serialize;

use super::ObservedPod;
use crate::{
    api::{ConditionStatus, ContainerState, ContainerStatus, Name, Named, PodCondition, PodPhase},
    spec::{ContainerKind, ContainerSpec},
    state::{Condition, ConditionMessage, ConditionReason, ConditionType, ContainerRecord, GateFailure, RecordedState},
};

/// A value of a status that contradicts the rules or another value.
///
/// ```
/// use pod_lifecycle::explain::{Inconsistency, ObservedPod};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Succeeded", "containerStatuses": [
///         {"name": "app", "ready": false, "restartCount": 0, "state": {"running": {}}}]}
/// }"#)?)?;
/// let found: &Inconsistency = &pod.inconsistencies()[0];
/// assert_eq!(found.field, "status.containerStatuses[0].state.running");
/// assert_eq!(serde_json::to_value(found)?["what"], "runsInTerminalPhase");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inconsistency {
    /// Path of the field: `status.conditions[1].status`.
    pub field: String,
    /// The contradiction.
    #[serde(flatten)]
    pub what: Discrepancy,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
}

/// Contradiction at a field of a status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Discrepancy {
    /// The phase does not follow from the containers.
    #[error("is {}, but by its containers the Pod is {expected}", .published.as_ref().map_or_else(|| "missing".to_string(), ToString::to_string))]
    PhaseDiffers {
        /// Published phase; `None` without one.
        published: Option<PodPhase>,
        /// Phase that follows from the containers.
        expected: PodPhase,
    },
    /// Kubernetes has no phase of this name.
    #[error("{published:?} is not a phase")]
    UnknownPhase {
        /// Published value.
        published: String,
    },
    /// A container runs in a Pod that has ended.
    #[error("container `{container}` is running although the Pod has {phase}{}", if *.by_pod_gc { ": the Pod garbage collector does not wait for the node" } else { "" })]
    RunsInTerminalPhase {
        /// Name of the container.
        container: String,
        /// Terminal phase.
        phase: PodPhase,
        /// True if the Pod garbage collector ended the Pod, which does not wait for the node.
        by_pod_gc: bool,
    },
    /// The status of a condition does not follow from the containers and gates.
    #[error("{condition} is {published}, but should be {expected}: {}", expectation(*.reason, .because_of))]
    ConditionDiffers {
        /// Type of the condition.
        condition: ConditionType,
        /// Published status.
        published: ConditionStatus,
        /// Status that follows.
        expected: ConditionStatus,
        /// Reason that follows.
        reason: Option<ConditionReason>,
        /// Containers or gates that keep it from being True.
        because_of: Vec<String>,
    },
    /// A condition is False for another reason than its own.
    #[error("{condition} is False because of {expected}, but its reason is {published}")]
    ConditionReasonDiffers {
        /// Type of the condition.
        condition: ConditionType,
        /// Published reason.
        published: String,
        /// Reason that follows.
        expected: ConditionReason,
    },
    /// No kubelet gives one of its conditions this reason.
    #[error("no kubelet gives {condition} the reason {reason}, so another component wrote it")]
    ForeignReason {
        /// Type of the condition.
        condition: ConditionType,
        /// Published reason.
        reason: String,
    },
    /// A condition is True, False or Unknown, and nothing else.
    #[error("{condition} is {published:?}, which is not True, False or Unknown")]
    UnknownConditionStatus {
        /// Type of the condition.
        condition: String,
        /// Published value.
        published: String,
    },
    /// A condition of this type is listed twice.
    #[error("condition {condition} is listed twice: only the first one counts")]
    DuplicateCondition {
        /// Type of the condition.
        condition: String,
    },
    /// PodScheduled is False although the Pod has a node.
    #[error("PodScheduled is False, but spec.nodeName is {node}")]
    ScheduledWithoutSayingSo {
        /// Name of the node.
        node: String,
    },
    /// A kubelet has reported on a Pod without a node.
    #[error("is empty, but a kubelet has reported on the Pod")]
    ReportedWithoutNode,
    /// The observed generation is later than the object's.
    #[error("is {observed}, but metadata.generation is only {generation}")]
    GenerationAhead {
        /// Observed generation.
        observed: i64,
        /// Generation of the object.
        generation: i64,
    },
    /// The spec has no such container in this list.
    #[error("the spec has no container `{container}` in this list")]
    UnknownContainer {
        /// Name of the container.
        container: String,
    },
    /// A container has two statuses.
    #[error("container `{container}` is listed twice: only the first status counts")]
    DuplicateContainer {
        /// Name of the container.
        container: String,
    },
    /// A container has no status although others have one.
    #[error("container `{container}` has no status, although others have one")]
    NoStatus {
        /// Name of the container.
        container: String,
    },
    /// A container has several states.
    #[error("container `{container}` is in several states at once")]
    SeveralStates {
        /// Name of the container.
        container: String,
    },
    /// A restart count is negative.
    #[error("container `{container}` cannot have restarted {restart_count} times")]
    NegativeRestartCount {
        /// Name of the container.
        container: String,
        /// Published value.
        restart_count: i32,
    },
    /// A running container has a last state, but has never restarted.
    #[error("container `{container}` is running and has a last state, but has never restarted")]
    LastStateWithoutRestart {
        /// Name of the container.
        container: String,
    },
    /// A container is ready without running.
    #[error("container `{container}` is ready, but is not running")]
    ReadyWithoutRunning {
        /// Name of the container.
        container: String,
    },
    /// A container is started without running.
    #[error("container `{container}` is started, but is not running")]
    StartedWithoutRunning {
        /// Name of the container.
        container: String,
    },
    /// A run of a container ended before it began, or the present one began before the last had ended.
    #[error("container `{container}` ended before it started")]
    EndsBeforeStart {
        /// Name of the container.
        container: String,
    },
}

/// Returns why a condition should have another status.
fn expectation(reason: Option<ConditionReason>, because_of: &[String]) -> String {
    let are = if because_of.len() == 1 { "is" } else { "are" };
    let gates = because_of.join(", ");
    let names = because_of.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match reason {
        Some(reason @ ConditionReason::ContainersNotReady) => format!("{names} {are} not ready ({reason})"),
        Some(reason @ ConditionReason::ContainersNotInitialized) => format!("{names} {are} not done ({reason})"),
        Some(reason @ ConditionReason::ReadinessGatesNotReady) => format!("{gates} {are} not True ({reason})"),
        Some(reason) => format!("the reason is {reason}"),
        None => "nothing in the status keeps it from that; the node controller may have written it".into(),
    }
}

// --- Check ---

/// Returns the places where the status contradicts the rules or itself, in the order of its fields.
pub(super) fn all(pod: &ObservedPod) -> Vec<Inconsistency> {
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
        // 0 stands for "not set": printed objects may leave the generation out.
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
        let expected = self.pod.computed_phase(is_over);
        // A reason, a deletion or a disruption ends a Pod independently of its containers.
        let is_explained = is_over && (self.pod.is_ended_from_outside() || self.some_container_runs());
        // A kubelet publishes a terminal phase only after all containers have stopped.
        let is_held_back =
            !is_over && (expected.is_terminal() || self.pod.is_deleting() || self.pod.conditions_say_it_is_over());
        // A status does not show if a regular container has started in the present sandbox.
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
            // These two are written by schedulers and controllers too, with reasons of their own.
            && !matches!(which, ConditionType::PodScheduled | ConditionType::DisruptionTarget)
        {
            let reason = reason.clone();
            self.find(format!("{field}.reason"), Discrepancy::ForeignReason { condition: which, reason });
        }
        let conditions = self.pod.conditions();
        let Some(expected) = conditions.get(which).filter(|_| self.pod.is_reported()) else { return };
        // The conditions of a Pod that ends belong to a phase that is not published yet.
        let is_ending = self.pod.conditions_say_it_is_over()
            || self.pod.is_ended_from_outside()
            || self.pod.computed_phase(false).is_terminal();
        if is_ending && published != ConditionStatus::True {
            return;
        }
        // The explanation says that its node is silent.
        if which == ConditionType::Ready && self.pod.is_marked_not_ready() {
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
            // A Pod that is over may still have the reason from before.
            && !matches!(expected, ConditionReason::PodCompleted | ConditionReason::PodFailed)
        {
            let published = condition.reason.clone();
            let what = Discrepancy::ConditionReasonDiffers { condition: which, published, expected };
            self.find(format!("{field}.reason"), what);
        }
    }

    /// Returns the containers or gates that keep a condition from being True.
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
            // An ephemeral container may have just been added.
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
            // Statuses are looked up by name, so a second one is never read.
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
        // An init container that has succeeded counts as ready.
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
        // Restarts without a last state are none: the runtime's record of it may be gone, and the kubelet then reads the
        // count from the container's log files (`calcRestartCountByLogDir`).
        } else if record.restart_count == 0 && record.is_running() && record.last_termination().is_some() {
            self.find(format!("{field}.restartCount"), Discrepancy::LastStateWithoutRestart { container });
        }
    }

    fn is_ended_by_pod_gc(&self) -> bool {
        let disruption = self.pod.status().condition(ConditionType::DisruptionTarget.name());
        disruption.is_some_and(|condition| condition.reason == ConditionReason::DeletionByPodGc.name())
    }
}

fn states(state: &ContainerState) -> usize {
    let there = [state.waiting.is_some(), state.running.is_some(), state.terminated.is_some()];
    there.into_iter().filter(|is_there| *is_there).count()
}

/// True if a run ended before it began, or the present one began before the last had ended.
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
