//! From what is known to what the API prints: this is where the strings are made.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use super::runtime_facts::RuntimeFacts;
use crate::{
    api::{self, ConditionStatus, Name, PodCondition},
    rule::pod_status::{PhaseReason, PodRecord},
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{
        Condition, ConditionMessage, ConditionReason, ConditionType, ContainerRecord, FailureMessage, GateFailure,
        REMOVED_TO_RESTART_ALL, RecordedState, StartFailure, Termination, UnmetContainers, Waiting,
        is_owned_by_kubelet,
    },
    time::{Timestamp, go_duration},
};

/// Everything that the printed status of a Pod depends on.
///
/// ```
/// use pod_lifecycle::{Timestamp, api, rule::{pod_status::{PodInputs, PreviousStatus, self}, readiness::KubeletStart}, spec::PodSpec, state::{ContainerIds, RuntimeStatus}, status::{Report, self}};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let record = pod_status::of(&PodInputs {
///     spec: &spec, runtime: &RuntimeStatus::default(), previous: PreviousStatus::default(), api_phase: None,
///     failures: &[], probes: &[], gates: &[], is_deleting: false, is_terminal: false, is_past_deadline: false,
///     kubelet: KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false },
/// }, |_| {});
/// let facts = ContainerIds::default();
/// let printed = status::pod_status(&Report {
///     spec: &spec, record: &record, foreign: &[], reason: ("", ""), start_time: Some(Timestamp::UNIX_EPOCH),
///     changed_at: &|_| None, facts: &facts,
/// });
/// assert_eq!(printed.container_statuses[0].state.waiting.as_ref().map(|it| &*it.reason), Some("ContainerCreating"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// What the Pod ought to be.
    pub spec: &'a PodSpec,
    /// What is reported of it.
    pub record: &'a PodRecord,
    /// Conditions that are not the kubelet's to compute, see [`external_conditions`].
    pub foreign: &'a [PodCondition],
    /// The reason and the message beside the phase, see [`phase_reason`].
    pub reason: (&'a str, &'a str),
    /// When the kubelet first saw the Pod.
    pub start_time: Option<Timestamp>,
    /// When a condition's status last changed.
    pub changed_at: &'a dyn Fn(ConditionType) -> Option<Timestamp>,
    /// What only the embedder knows.
    pub facts: &'a dyn RuntimeFacts,
}

/// The status of a Pod as the API prints it.
///
/// Conditions of others come first; regular and ephemeral containers stand by name, init containers as in the spec.
/// [`Report`] has an example.
#[must_use]
pub fn pod_status(report: &Report<'_>) -> api::PodStatus {
    let Report { spec, record, .. } = *report;
    let statuses = |indexes: &mut dyn Iterator<Item = ContainerIndex>| {
        let known = indexes.filter_map(|index| Some((index, record.records.get(index.get())?.as_ref()?)));
        known.map(|(index, record)| container_status(spec, index, record, report.facts)).collect::<Vec<_>>()
    };
    let own = record.conditions.iter();
    let own = own.map(|(kind, condition)| pod_condition(spec, kind, condition, (report.changed_at)(kind)));
    let status = api::PodStatus {
        observed_generation: spec.generation(),
        phase: Some(record.phase.into()),
        conditions: report.foreign.iter().cloned().chain(own).collect(),
        reason: report.reason.0.to_owned(),
        message: report.reason.1.to_owned(),
        start_time: report.start_time.map(Timestamp::whole_seconds),
        init_container_statuses: statuses(&mut spec.init_containers().map(|(index, _)| index)),
        container_statuses: statuses(&mut spec.regular_by_name.iter().copied()),
        ephemeral_container_statuses: statuses(&mut spec.ephemeral_by_name.iter().copied()),
        ..api::PodStatus::default()
    };
    report.facts.pod().fill_in(spec, status)
}

/// The status of one container as the API prints it.
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::{ContainerRecord, RecordedState, Waiting}, status};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let record = ContainerRecord {
///     state: Some(RecordedState::Waiting(Waiting::ContainerCreating)),
///     last_state: None,
///     restart_count: 0,
///     instance: None,
///     started: Some(false),
///     ready: false,
/// };
/// let printed = status::container_status(&spec, 0.into(), &record, &status::NumberedInstances(&spec));
/// assert_eq!(printed.image, "nginx");
/// assert_eq!(printed.state.waiting.unwrap().reason, "ContainerCreating");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn container_status(
    spec: &PodSpec,
    index: ContainerIndex,
    record: &ContainerRecord,
    facts: &dyn RuntimeFacts,
) -> api::ContainerStatus {
    let print = |state: &Option<RecordedState>| match state {
        Some(state) => container_state(spec, index, state, facts),
        None => api::ContainerState::default(),
    };
    let known = facts.container(index, record.instance);
    let container_id = record.instance.map(|instance| facts.container_id(index, instance));
    api::ContainerStatus {
        name: spec.container_name(index).to_owned(),
        state: print(&record.state),
        last_state: print(&record.last_state),
        ready: record.ready,
        restart_count: record.restart_count,
        image: known.image.unwrap_or_else(|| image_of(spec, index).to_owned()),
        image_id: known.image_id,
        container_id: container_id.unwrap_or_default(),
        started: record.started,
        allocated_resources: known.allocated_resources,
        resources: known.resources,
        volume_mounts: known.volume_mounts,
        user: known.user,
        other: known.other,
    }
}

/// A condition of the kubelet as the API prints it.
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::{Condition, ConditionReason, ConditionType}, status};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// let completed = Condition::because(false, ConditionReason::PodCompleted);
/// let printed = status::pod_condition(&spec, ConditionType::Ready, &completed, None);
/// assert_eq!((printed.type_.as_str(), printed.reason.as_str()), ("Ready", "PodCompleted"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn pod_condition(
    spec: &PodSpec,
    condition_type: ConditionType,
    condition: &Condition,
    changed_at: Option<Timestamp>,
) -> PodCondition {
    // The kubelet leaves this one without a generation.
    let is_observed = condition_type != ConditionType::AllContainersRestarting;
    PodCondition {
        type_: condition_type.name().to_owned(),
        observed_generation: if is_observed { spec.generation() } else { 0 },
        status: condition.status.into(),
        last_probe_time: None,
        last_transition_time: changed_at.map(Timestamp::whole_seconds),
        reason: condition.reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
        message: condition_message(spec, condition),
    }
}

/// What a condition has to say, for people.
///
/// Answers to the messages of `pkg/kubelet/status/generate.go`.
///
/// ```
/// use pod_lifecycle::{api::{PodPhase, self}, rule::condition, spec::PodSpec, status};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let condition = condition::containers_ready(&spec, Some(&[None]), PodPhase::Pending);
/// assert_eq!(status::condition_message(&spec, &condition), "containers with unknown status: [app]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn condition_message(spec: &PodSpec, condition: &Condition) -> String {
    match &condition.message {
        ConditionMessage::None => String::new(),
        ConditionMessage::RestartRule => "container exited with restart policy rule".to_owned(),
        ConditionMessage::Text(text) => (**text).to_owned(),
        ConditionMessage::Containers(lacking) => lacking_message(spec, lacking, condition.reason),
        ConditionMessage::Gates(failures) => {
            let messages: Vec<String> = failures.iter().map(|failure| gate_message(spec, *failure)).collect();
            messages.join(", ")
        }
    }
}

/// Why the last start of a container failed, for people.
///
/// Answers to `doBackOff` in `pkg/kubelet/kuberuntime` and `EnsureImageExists` in `pkg/kubelet/images`.
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::{FailureMessage, StartError, StartFailure}, status};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let message = FailureMessage::PullBackOff { image: "nginx".into(), last: None };
/// let failure = StartFailure { error: StartError::ImagePullBackOff, message };
/// assert_eq!(status::failure_message(&spec, 0.into(), &failure), r#"Back-off pulling image "nginx""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn failure_message(spec: &PodSpec, index: ContainerIndex, failure: &StartFailure) -> String {
    match &failure.message {
        FailureMessage::Text(text) => (**text).to_owned(),
        FailureMessage::RestartBackOff { delay } => format!(
            "back-off {} restarting failed container={} pod={}_{}({})",
            go_duration(*delay),
            spec.container_name(index),
            spec.name(),
            spec.namespace(),
            spec.uid(),
        ),
        FailureMessage::PullBackOff { image, last } => {
            let held_back = format!("Back-off pulling image {image:?}");
            match last {
                Some(last) => format!("{held_back}: {}: {}", last.error, failure_message(spec, index, last)),
                None => held_back,
            }
        }
    }
}

/// The conditions that are not the kubelet's to compute: those of others as the API server has them, and the
/// `DisruptionTarget` that was reported before.
///
/// ```
/// use pod_lifecycle::{api::PodCondition, status};
///
/// let api: Vec<PodCondition> = serde_json::from_str(
///     r#"[{"type": "Ready", "status": "True"}, {"type": "example.com/attached", "status": "True"}]"#)?;
/// let foreign = status::external_conditions(&api, &[]);
/// assert_eq!(foreign.iter().map(|it| it.type_.as_str()).collect::<Vec<_>>(), ["example.com/attached"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn external_conditions(api: &[PodCondition], previous: &[PodCondition]) -> Vec<PodCondition> {
    let disruption = ConditionType::DisruptionTarget.name();
    let foreign = api.iter().filter(|condition| !is_owned_by_kubelet(&condition.type_));
    let mut foreign: Vec<PodCondition> = foreign.cloned().collect();
    if let Some(reported) = previous.iter().find(|condition| condition.type_ == disruption) {
        match foreign.iter_mut().find(|condition| condition.type_ == disruption) {
            Some(stale) => stale.clone_from(reported),
            None => foreign.push(reported.clone()),
        }
    }
    foreign
}

/// The status of each readiness gate's condition, by the gate's place in the spec.
///
/// ```
/// use pod_lifecycle::{api::{ConditionStatus, self}, spec::PodSpec, status};
///
/// let pod: api::PodManifest = serde_json::from_str(r#"{
///     "spec": {"readinessGates": [{"conditionType": "a.example/x"}, {"conditionType": "a.example/y"}], "containers": []},
///     "status": {"conditions": [{"type": "a.example/y", "status": "False"}]}
/// }"#)?;
/// let spec = PodSpec::from_admitted(&pod)?;
/// assert_eq!(status::gate_statuses(&spec, &pod.status.conditions), [None, Some(ConditionStatus::False)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn gate_statuses(spec: &PodSpec, conditions: &[PodCondition]) -> Vec<Option<ConditionStatus>> {
    let status_of = |gate: &String| {
        let condition = conditions.iter().find(|condition| condition.type_ == *gate)?;
        Some(condition.status.known().unwrap_or(ConditionStatus::Unknown))
    };
    spec.readiness_gates().iter().map(status_of).collect()
}

/// The reason and the message beside the phase, given those that stood there before.
///
/// ```
/// use pod_lifecycle::{rule::pod_status::PhaseReason, status};
///
/// assert_eq!(status::phase_reason(PhaseReason::Kept, ("Evicted", "low on memory")), ("Evicted", "low on memory"));
/// assert_eq!(status::phase_reason(PhaseReason::DeadlineExceeded, ("", "")).0, "DeadlineExceeded");
/// ```
#[must_use]
pub fn phase_reason<'a>(becomes: PhaseReason, before: (&'a str, &'a str)) -> (&'a str, &'a str) {
    match becomes {
        PhaseReason::Cleared => ("", ""),
        PhaseReason::Kept => before,
        PhaseReason::DeadlineExceeded => {
            ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        }
    }
}

fn container_state(
    spec: &PodSpec,
    index: ContainerIndex,
    state: &RecordedState,
    facts: &dyn RuntimeFacts,
) -> api::ContainerState {
    let mut printed = api::ContainerState::default();
    match state {
        RecordedState::Waiting(waiting) => printed.waiting = Some(waiting_state(spec, index, waiting)),
        RecordedState::Running { started_at } => {
            let started_at = started_at.map(Timestamp::whole_seconds);
            printed.running = Some(api::ContainerStateRunning { started_at });
        }
        RecordedState::Terminated(end) => printed.terminated = Some(terminated_state(index, end, facts)),
    }
    printed
}

fn waiting_state(spec: &PodSpec, index: ContainerIndex, waiting: &Waiting) -> api::ContainerStateWaiting {
    let message = match waiting {
        Waiting::Unsaid | Waiting::ContainerCreating | Waiting::PodInitializing => String::new(),
        Waiting::RestartingAllContainers => REMOVED_TO_RESTART_ALL.to_owned(),
        Waiting::Failed(failure) => failure_message(spec, index, failure),
    };
    api::ContainerStateWaiting { reason: waiting.reason().to_owned(), message }
}

fn terminated_state(
    index: ContainerIndex,
    end: &Termination,
    facts: &dyn RuntimeFacts,
) -> api::ContainerStateTerminated {
    let container_id = end.instance.map(|instance| facts.container_id(index, instance));
    api::ContainerStateTerminated {
        exit_code: end.exit_code,
        signal: end.signal.unwrap_or(0),
        reason: end.reason.as_str().to_owned(),
        message: end.message.as_deref().unwrap_or_default().to_owned(),
        started_at: end.started_at.map(Timestamp::whole_seconds),
        finished_at: end.finished_at.map(Timestamp::whole_seconds),
        container_id: container_id.unwrap_or_default(),
    }
}

fn lacking_message(spec: &PodSpec, lacking: &UnmetContainers, reason: Option<ConditionReason>) -> String {
    let wanted = if reason == Some(ConditionReason::ContainersNotInitialized) { "incomplete" } else { "unready" };
    let parts = [("unknown", &lacking.unknown), (wanted, &lacking.unmet)];
    let parts = parts.into_iter().filter(|(_, containers)| !containers.is_empty()).map(|(what, containers)| {
        let names: Vec<&str> = containers.iter().map(|&index| spec.container_name(index)).collect();
        format!("containers with {what} status: [{}]", names.join(" "))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn gate_message(spec: &PodSpec, failure: GateFailure) -> String {
    let gate = spec.readiness_gates().get(usize::from(failure.gate)).map_or("", String::as_str);
    match failure.status {
        None => format!("corresponding condition of pod readiness gate {gate:?} does not exist."),
        Some(status) => format!("the status of pod readiness gate {gate:?} is not \"True\", but {status}"),
    }
}

fn image_of(spec: &PodSpec, index: ContainerIndex) -> &str {
    spec.container(index).map_or("", ContainerSpec::image)
}
