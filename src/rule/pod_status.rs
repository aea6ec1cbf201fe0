//! What is reported of a whole Pod?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>. Answers to `generateAPIPodStatus` in
//! `pkg/kubelet/kubelet_pods.go`: the other rules, asked in its order.
//!
//! A node has just got the Pod:
//!
//! ```
//! use pod_lifecycle::{Timestamp, api, rule::{pod_status::{self, PodInputs, PreviousStatus}, readiness::KubeletStart}};
//! use pod_lifecycle::{spec::PodSpec, state::RuntimeStatus};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let (spec, runtime) = (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default());
//! let kubelet = KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false };
//! let status = pod_status::generate_pod_status(&PodInputs {
//!     spec: &spec, runtime: &runtime, previous: PreviousStatus::default(), api_phase: None, failures: &[], probes: &[],
//!     kubelet, gates: &[], is_deleting: false, is_terminal: false, is_past_deadline: false,
//! }, |_| {});
//! assert!(status.conditions.initialized.is_true() && !status.conditions.ready.is_true());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    conditions,
    container_status::{self, StatusInputs},
    deadline::{DEADLINE_MESSAGE, DEADLINE_REASON},
    phase,
    readiness::{self, KubeletStart, ProbeFacts},
    restart,
};
use crate::{
    api::{ConditionStatus, Name, PodPhase},
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType, ContainerRecord, PodConditions, RuntimeStatus, StartFailure},
};

/// Everything that the status of a Pod depends on; slices are by container index. [`generate_pod_status`] has an example.
#[derive(Clone, Copy, Debug)]
pub struct PodInputs<'a> {
    /// What the Pod ought to be.
    pub spec: &'a PodSpec,
    /// What the runtime has.
    pub runtime: &'a RuntimeStatus,
    /// What was reported before.
    pub previous: PreviousStatus<'a>,
    /// The phase that the API server shows.
    pub api_phase: Option<PodPhase>,
    /// Why the last start of a container failed, if it did.
    pub failures: &'a [Option<Arc<StartFailure>>],
    /// What the probes say of the newest instances.
    pub probes: &'a [ProbeFacts],
    /// What the kubelet's own restart has to do with readiness.
    pub kubelet: KubeletStart,
    /// The status of each readiness gate's condition among those that others set, by the gate's place in the spec.
    pub gates: &'a [Option<ConditionStatus>],
    /// Whether the Pod is being deleted.
    pub is_deleting: bool,
    /// Whether nothing runs or will run again.
    pub is_terminal: bool,
    /// Whether the Pod has been active for too long, see [`deadline`](super::deadline).
    pub is_past_deadline: bool,
}

/// What was reported of a Pod before; by default, nothing was.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, rule::pod_status::PreviousStatus};
///
/// let before = PreviousStatus { phase: Some(PodPhase::Pending), ..PreviousStatus::default() };
/// assert!(before.records.is_empty() && !before.was_initialized && !before.was_restarting_all);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PreviousStatus<'a> {
    /// What was reported of the containers, by container index.
    pub records: &'a [Option<ContainerRecord>],
    /// The phase, if one was reported.
    pub phase: Option<PodPhase>,
    /// Whether `Initialized` was true.
    pub was_initialized: bool,
    /// Whether `AllContainersRestarting` was true.
    pub was_restarting_all: bool,
}

/// What is reported of a Pod, without its strings and times.
///
/// See [`generate_pod_status`], which makes one:
///
/// ```
///
/// use pod_lifecycle::rule::pod_status::{PhaseReason, PodRecord};
///
/// /// What is to stand beside the phase.
/// fn reason<'a>(record: &PodRecord, before: &'a str) -> &'a str {
///     match record.phase_reason {
///         PhaseReason::Cleared => "",
///         PhaseReason::Kept => before,
///         PhaseReason::DeadlineExceeded => "DeadlineExceeded",
///         _ => "something new",
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRecord {
    /// What is reported of the containers, by container index.
    pub records: Vec<Option<ContainerRecord>>,
    /// Where the Pod is in its life.
    pub phase: PodPhase,
    /// What becomes of the reason and message that stand beside the phase.
    pub phase_reason: PhaseReason,
    /// What has come true.
    pub conditions: PodConditions,
}

impl PodRecord {
    /// Whether two statuses say the same.
    pub(crate) fn is_same(&self, other: &PodRecord) -> bool {
        self.phase == other.phase && self.conditions == other.conditions && self.records == other.records
    }
}

/// Rule for the reason and message beside the phase.
///
/// ```
/// use pod_lifecycle::rule::pod_status::PhaseReason;
///
/// let before = ("Evicted", "The node was low on resource: memory. ");
/// assert_eq!(PhaseReason::Kept.reason_and_message(before), before);
/// assert_eq!(PhaseReason::Cleared.reason_and_message(before), ("", ""));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PhaseReason {
    /// The phase has changed: they go.
    Cleared,
    /// The phase is the same: they stay.
    Kept,
    /// The active deadline has passed: they say so.
    DeadlineExceeded,
}

impl PhaseReason {
    /// Returns the reason and message of the new status, given those of the previous one.
    #[must_use]
    pub fn reason_and_message<'a>(self, previous: (&'a str, &'a str)) -> (&'a str, &'a str) {
        match self {
            PhaseReason::Cleared => ("", ""),
            PhaseReason::Kept => previous,
            PhaseReason::DeadlineExceeded => (DEADLINE_REASON, DEADLINE_MESSAGE),
        }
    }
}

/// What is reported of a Pod; `trigger` is called with each container whose readiness probe is to run at once.
///
/// ```
/// use pod_lifecycle::{Timestamp, api::{self, PodPhase}, rule::{pod_status::{self, PodInputs, PreviousStatus}, readiness::KubeletStart}};
/// use pod_lifecycle::{spec::PodSpec, state::RuntimeStatus};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let inputs = PodInputs {
///     spec: &spec,
///     runtime: &RuntimeStatus::default(),
///     previous: PreviousStatus::default(),
///     api_phase: Some(PodPhase::Pending),
///     failures: &[],
///     probes: &[],
///     kubelet: KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false },
///     gates: &[],
///     is_deleting: false,
///     is_terminal: false,
///     is_past_deadline: false,
/// };
/// let status = pod_status::generate_pod_status(&inputs, |_| {});
/// assert_eq!(status.phase, PodPhase::Pending);
/// assert!(status.conditions.initialized.is_true());
/// assert!(!status.conditions.ready.is_true());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn generate_pod_status(inputs: &PodInputs<'_>, trigger: impl FnMut(ContainerIndex)) -> PodRecord {
    let &PodInputs { spec, runtime, previous, .. } = inputs;
    let is_restarting_all =
        restart::should_restart_all_containers(spec, Some(runtime), previous.records, previous.was_restarting_all);
    let mut records = container_status::container_records(&StatusInputs {
        spec,
        runtime,
        previous: previous.records,
        failures: inputs.failures,
        is_deleting: inputs.is_deleting,
        is_restarting_all,
    });
    let (phase, phase_reason) = phase_of(inputs, &records);
    readiness::update_readiness(spec, &mut records, inputs.probes, inputs.kubelet, trigger);
    let conditions = conditions_of(inputs, &records, phase, is_restarting_all);
    PodRecord { records, phase, phase_reason, conditions }
}

/// The phase, once terminal always terminal, and what becomes of its reason.
fn phase_of(inputs: &PodInputs<'_>, records: &[Option<ContainerRecord>]) -> (PodPhase, PhaseReason) {
    let terminal = |phase: Option<PodPhase>| phase.filter(|phase| phase.is_terminal());
    let has_initialized = phase::has_active_regular_container(inputs.spec, inputs.runtime);
    let computed = phase::pod_phase(inputs.spec, records, inputs.is_terminal, has_initialized);
    let phase =
        terminal(Some(computed)).or(terminal(inputs.previous.phase)).or(terminal(inputs.api_phase)).unwrap_or(computed);
    if inputs.is_past_deadline {
        return (terminal(inputs.api_phase).unwrap_or(PodPhase::Failed), PhaseReason::DeadlineExceeded);
    }
    let reason = if inputs.previous.phase == Some(phase) { PhaseReason::Kept } else { PhaseReason::Cleared };
    (terminal(inputs.api_phase).unwrap_or(phase), reason)
}

fn conditions_of(
    inputs: &PodInputs<'_>,
    records: &[Option<ContainerRecord>],
    phase: PodPhase,
    is_restarting_all: bool,
) -> PodConditions {
    let &PodInputs { spec, runtime, previous, gates, .. } = inputs;
    let ready_to_start_containers = conditions::pod_ready_to_start_containers(spec, runtime);
    let initialized = conditions::initialized(spec, Some(records), phase, previous.was_initialized);
    let containers_ready = conditions::containers_ready(spec, Some(records), phase);
    // A gate may also name one of the conditions that the kubelet has set by now.
    let own = [
        (ConditionType::PodReadyToStartContainers, &ready_to_start_containers),
        (ConditionType::Initialized, &initialized),
    ];
    let status_of = |gate: usize, wanted: &str| {
        let is_wanted = |(condition_type, _): &&(ConditionType, &Condition)| condition_type.name() == wanted;
        let foreign = gates.get(gate).copied().flatten();
        foreign.or_else(|| own.iter().find(is_wanted).map(|(_, condition)| condition.status))
    };
    PodConditions {
        ready: conditions::ready(spec, &containers_ready, status_of),
        all_containers_restarting: spec
            .all_containers_could_restart()
            .then(|| conditions::all_containers_restarting(spec, runtime, phase, is_restarting_all)),
        ready_to_start_containers,
        initialized,
        containers_ready,
    }
}
