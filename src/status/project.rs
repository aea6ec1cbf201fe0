//! Status projection: from the kubelet's status data, by container index and without strings, to `v1.PodStatus`.
//!
//! Answers to the strings of `generateAPIPodStatus` (pkg/kubelet/kubelet_pods.go) and `pkg/kubelet/status/generate.go`;
//! the messages are in [`messages`](super::messages).

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use serde::Serialize;
use serde_json::Value;

use super::{
    messages::{condition_message, waiting_message},
    runtime_facts::{ContainerFacts, NumberedInstances, PodFacts, RuntimeFacts},
};
use crate::{
    api::{self, Name, OtherFields, PodCondition, PodPhase},
    kubelet::{PodMachine, StatusView},
    rule::pod_status::PodRecord,
    spec::{ContainerIndex, ContainerSpec, PodSpec},
    state::{
        Condition, ConditionType, ContainerRecord, InstanceId, RecordedState, ResourceStatus, Termination, Waiting,
        is_owned_by_kubelet,
    },
    time::Timestamp,
};

/// Status data of a Pod, input of [`project`].
///
/// ```
/// use pod_lifecycle::{Timestamp, api, rule::pod_status::{self, PodInputs}, spec::PodSpec};
/// use pod_lifecycle::{state::{ContainerIds, RuntimeStatus}, status::{self, StatusParts}};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let (spec, runtime) = (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default());
/// let record = pod_status::generate_pod_status(&PodInputs::new(&spec, &runtime), |_| {});
///
/// let mut parts = StatusParts::new(&spec, &record);
/// parts.start_time = Some(Timestamp::UNIX_EPOCH);
/// let status = status::project(parts, &ContainerIds::default());
/// assert_eq!(status.container_statuses[0].state.waiting.as_ref().map(|it| &*it.reason), Some("ContainerCreating"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatusParts<'a> {
    /// The Pod's spec.
    pub spec: &'a PodSpec,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.reason` and `status.message`; empty strings are left out.
    pub reason: (&'a str, &'a str),
    /// Conditions that the kubelet does not compute, see [`external_conditions`](crate::rule::external_conditions).
    pub external_conditions: &'a [PodCondition],
    /// Conditions that the kubelet computes, in the order of the API, each with its last transition.
    pub conditions: Vec<(ConditionType, Condition, Option<Timestamp>)>,
    /// Container statuses, by container index; `None` where there is none.
    pub containers: &'a [Option<ContainerRecord>],
    /// `status.startTime`: when the kubelet acknowledged the Pod.
    pub start_time: Option<Timestamp>,
    /// `observedGeneration` of the status and of most conditions.
    pub observed_generation: i64,
    /// `observedGeneration` of `Ready` and `ContainersReady`.
    pub readiness_generation: i64,
    /// True if the addresses of the Pod are shown.
    pub shows_pod_ips: bool,
    /// Resources, which stand instead of those among the facts of the runtime.
    pub resources: Option<&'a ResourceStatus>,
}

impl<'a> StatusParts<'a> {
    /// Creates the data of a status that was computed from `spec` in one go: without reason, external conditions,
    /// times.
    #[must_use]
    pub fn new(spec: &'a PodSpec, record: &'a PodRecord) -> StatusParts<'a> {
        let conditions = record.conditions.iter();
        StatusParts {
            spec,
            phase: record.phase,
            reason: ("", ""),
            external_conditions: &[],
            conditions: conditions.map(|(which, condition)| (which, condition.clone(), None)).collect(),
            containers: &record.records,
            start_time: None,
            observed_generation: spec.generation(),
            readiness_generation: spec.generation(),
            shows_pod_ips: true,
            resources: record.resources.as_deref(),
        }
    }
}

/// Returns the status as the API server shows it. [`StatusParts`] has an example.
///
/// External conditions come first; statuses of regular and ephemeral containers are sorted by name, those of init
/// containers stand as in the spec.
#[must_use]
pub fn project(parts: StatusParts<'_>, facts: &dyn RuntimeFacts) -> api::PodStatus {
    let StatusParts { spec, containers, observed_generation, readiness_generation, .. } = parts;
    // generateAPIPodStatus gives each condition the generation of the Pod that is being synced, and SetPodStatus gives
    // it to the status, so one sync makes them all equal. Between two syncs SetContainerReadiness computes Ready and
    // ContainersReady again, from the newest Pod of the pod manager: these two may be ahead of the rest.
    let resize = parts.resources.map(|resources| &resources.conditions);
    let generation_of = |which| match which {
        // A resize keeps the generation that asked for it.
        ConditionType::PodResizePending | ConditionType::PodResizeInProgress => {
            let of_resize = resize.and_then(|conditions| conditions.get(which));
            of_resize.map_or(observed_generation, |condition| condition.observed_generation)
        }
        ConditionType::Ready | ConditionType::ContainersReady => readiness_generation,
        ConditionType::PodReadyToStartContainers
        | ConditionType::Initialized
        | ConditionType::PodScheduled
        | ConditionType::AllContainersRestarting
        | ConditionType::DisruptionTarget => observed_generation,
    };
    let external = parts.external_conditions.iter().filter(|condition| !is_owned_by_kubelet(&condition.type_));
    let computed = parts.conditions.iter();
    let computed =
        computed.map(|(which, condition, since)| pod_condition(spec, *which, condition, generation_of(*which), *since));
    // convertToAPIContainerStatuses sorts by name (SortedContainerStatuses), init containers as in the spec.
    let statuses = |indexes: &mut dyn Iterator<Item = ContainerIndex>| {
        let known = indexes.filter_map(|index| Some((index, containers.get(index.get())?.as_ref()?)));
        let shown = known.map(|(index, record)| {
            let mut status = container_status(spec, index, record, facts);
            if let Some(resources) = parts.resources {
                let of_container = resources.container(index);
                status.allocated_resources =
                    of_container.filter(|it| !it.allocated.is_empty()).and_then(|it| value_of(&it.allocated));
                status.resources = of_container.and_then(|it| value_of(&it.resources));
            }
            status
        });
        shown.collect::<Vec<_>>()
    };
    let status = api::PodStatus {
        observed_generation,
        phase: Some(parts.phase.into()),
        // Another writer may have set one of the kubelet's own; the kubelet's stands in its own status.
        conditions: external.cloned().chain(computed).collect(),
        reason: parts.reason.0.to_owned(),
        message: parts.reason.1.to_owned(),
        // metav1.Time has whole seconds, and so have all times of a status.
        start_time: parts.start_time.map(Timestamp::whole_seconds),
        init_container_statuses: statuses(&mut spec.init_containers().map(|(index, _)| index)),
        container_statuses: statuses(&mut spec.regular_by_name.iter().copied()),
        ephemeral_container_statuses: statuses(&mut spec.ephemeral_by_name.iter().copied()),
        ..api::PodStatus::default()
    };
    let mut of_pod = facts.pod();
    if !parts.shows_pod_ips {
        of_pod.pod_ips.clear();
    }
    if let Some(resources) = parts.resources {
        // The machine's own conditions and resources win over the facts of the embedder.
        of_pod.resize_conditions.clear();
        set(&mut of_pod.other, "allocatedResources", Some(&resources.allocated).filter(|it| !it.is_empty()));
        set(&mut of_pod.other, "resources", resources.resources.as_ref());
    }
    of_pod.fill_in(spec, status)
}

/// Sets a field of a status that the API types keep as it was written, or removes it.
fn set(other: &mut OtherFields, field: &str, value: Option<&impl Serialize>) {
    match value.and_then(value_of) {
        Some(value) => other.insert(field.into(), value),
        None => other.remove(field),
    };
}

fn value_of(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}

impl PodMachine {
    /// Returns the published status, with containers' instances named after container and number: `app-0`.
    #[must_use]
    pub fn status(&self) -> api::PodStatus {
        self.status_with(&NumberedInstances(self.spec()))
    }

    /// Returns the published status with the embedder's facts: what an agent sends to the API server.
    ///
    /// [`RuntimeFacts`] has an example.
    #[must_use]
    pub fn status_with(&self, facts: &dyn RuntimeFacts) -> api::PodStatus {
        self.published().status(facts)
    }
}

impl StatusView<'_> {
    /// Returns the status as the API server shows it, with the embedder's facts.
    #[must_use]
    pub fn status(&self, facts: &dyn RuntimeFacts) -> api::PodStatus {
        let parts = StatusParts {
            spec: self.spec(),
            phase: self.phase(),
            reason: self.reason(),
            external_conditions: self.external_conditions(),
            conditions: self.conditions(),
            containers: self.containers(),
            start_time: self.start_time(),
            observed_generation: self.observed_generation(),
            readiness_generation: self.readiness_generation(),
            shows_pod_ips: self.shows_pod_ips(),
            resources: self.resources(),
        };
        project(parts, &FormerImages { facts, published: *self })
    }
}

/// Runtime facts where an instance keeps the image it was created with after the spec's image has changed.
struct FormerImages<'a> {
    facts: &'a dyn RuntimeFacts,
    published: StatusView<'a>,
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
        self.facts.pod()
    }
}

/// Returns the status of one container as the API server shows it.
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
/// let status = status::container_status(&spec, 0.into(), &record, &status::NumberedInstances(&spec));
/// assert_eq!(status.image, "nginx");
/// assert_eq!(status.state.waiting.unwrap().reason, "ContainerCreating");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn container_status(
    spec: &PodSpec,
    index: ContainerIndex,
    record: &ContainerRecord,
    facts: &dyn RuntimeFacts,
) -> api::ContainerStatus {
    let state = |state: &Option<RecordedState>| match state {
        Some(state) => container_state(spec, index, state, facts),
        None => api::ContainerState::default(),
    };
    let known = facts.container(index, record.instance);
    let container_id = record.instance.map(|instance| facts.container_id(index, instance));
    let image_of_spec = || spec.container(index).map_or("", ContainerSpec::image).to_owned();
    api::ContainerStatus {
        name: spec.container_name(index).to_owned(),
        state: state(&record.state),
        last_state: state(&record.last_state),
        ready: record.ready,
        restart_count: record.restart_count,
        image: known.image.unwrap_or_else(image_of_spec),
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

fn container_state(
    spec: &PodSpec,
    index: ContainerIndex,
    state: &RecordedState,
    facts: &dyn RuntimeFacts,
) -> api::ContainerState {
    let mut shown = api::ContainerState::default();
    match state {
        RecordedState::Waiting(waiting) => shown.waiting = Some(waiting_state(spec, index, waiting)),
        RecordedState::Running { started_at } => {
            let started_at = started_at.map(Timestamp::whole_seconds);
            shown.running = Some(api::ContainerStateRunning { started_at });
        }
        RecordedState::Terminated(end) => shown.terminated = Some(terminated_state(index, end, facts)),
    }
    shown
}

fn waiting_state(spec: &PodSpec, index: ContainerIndex, waiting: &Waiting) -> api::ContainerStateWaiting {
    let message = waiting_message(spec, index, waiting);
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

/// Returns a condition that the kubelet computes, as the API server shows it.
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::{Condition, ConditionReason, ConditionType}, status};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// let completed = Condition::because(false, ConditionReason::PodCompleted);
/// let condition = status::pod_condition(&spec, ConditionType::Ready, &completed, spec.generation(), None);
/// assert_eq!((condition.type_.as_str(), condition.reason.as_str()), ("Ready", "PodCompleted"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn pod_condition(
    spec: &PodSpec,
    condition_type: ConditionType,
    condition: &Condition,
    observed_generation: i64,
    last_transition_time: Option<Timestamp>,
) -> PodCondition {
    // GenerateAllContainersRestartingCondition is the only one that sets no generation.
    let has_generation = condition_type != ConditionType::AllContainersRestarting;
    PodCondition {
        type_: condition_type.name().to_owned(),
        observed_generation: if has_generation { observed_generation } else { 0 },
        status: condition.status.into(),
        last_probe_time: None,
        last_transition_time: last_transition_time.map(Timestamp::whole_seconds),
        reason: condition.reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
        message: condition_message(spec, condition),
    }
}
