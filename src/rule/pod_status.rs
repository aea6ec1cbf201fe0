//! Pod status: the other rules in the kubelet's order (`generateAPIPodStatus` in pkg/kubelet/kubelet_pods.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>. A Pod past its active deadline
//! ([`deadline`](super::deadline)) fails here. The status of a Pod that was just bound to a node:
//!
//! ```
//! use pod_lifecycle::{api, rule::pod_status::{self, PodInputs}, spec::PodSpec, state::RuntimeStatus};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let (spec, runtime) = (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default());
//! let status = pod_status::generate_pod_status(&PodInputs::new(&spec, &runtime), |_| {});
//! assert!(status.conditions.initialized.is_true() && !status.conditions.ready.is_true());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: `kubelet::generate_status`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    conditions,
    container_status::{self, StatusInputs},
    deadline::{DEADLINE_MESSAGE, DEADLINE_REASON},
    phase, restart,
    started_and_ready::{self, KubeletStart, ProbeFacts},
};
use crate::{
    api::{ConditionStatus, Name, PodPhase},
    config::{FeatureGate, KubeletChange, Kubernetes},
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionType, ContainerRecord, PodConditions, ResourceStatus, RuntimeStatus, StartFailure},
};

/// Input of [`generate_pod_status`]; slices are by container index.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PodInputs<'a> {
    /// Version of the kubelet, with its feature gates and known bugs.
    pub kubernetes: Kubernetes,
    /// Spec of the Pod.
    pub spec: &'a PodSpec,
    /// Sandboxes and container instances of the runtime.
    pub runtime: &'a RuntimeStatus,
    /// Previous status of the kubelet.
    pub previous: PreviousStatus<'a>,
    /// Phase in the API server's copy of the Pod.
    pub api_phase: Option<PodPhase>,
    /// Failure of the last start of each container, if it failed.
    pub failures: &'a [Option<Arc<StartFailure>>],
    /// Cached probe results for the newest instances.
    pub probes: &'a [ProbeFacts],
    /// Start of the kubelet, as far as readiness depends on it.
    pub kubelet: KubeletStart,
    /// Status of each readiness gate's condition, see
    /// [`readiness_gates`](super::external_conditions::readiness_gates).
    pub gates: &'a [Option<ConditionStatus>],
    /// True if the Pod is being deleted.
    pub is_deleting: bool,
    /// True if no container runs or will run again.
    pub is_terminal: bool,
    /// True if the active deadline has expired, see [`deadline`](super::deadline).
    pub is_past_deadline: bool,
}

impl<'a> PodInputs<'a> {
    /// Creates the input for a Pod of the newest Kubernetes that has no status yet; set the fields that differ.
    #[must_use]
    pub fn new(spec: &'a PodSpec, runtime: &'a RuntimeStatus) -> PodInputs<'a> {
        PodInputs {
            kubernetes: Kubernetes::default(),
            spec,
            runtime,
            previous: PreviousStatus::default(),
            api_phase: None,
            failures: &[],
            probes: &[],
            kubelet: KubeletStart::UNKNOWN,
            gates: &[],
            is_deleting: false,
            is_terminal: false,
            is_past_deadline: false,
        }
    }
}

/// Previous status of a Pod. The default is that of a Pod without a status.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PreviousStatus<'a> {
    /// Container statuses, by container index.
    pub records: &'a [Option<ContainerRecord>],
    /// Phase, if there is a status.
    pub phase: Option<PodPhase>,
    /// True if `Initialized` was true.
    pub was_initialized: bool,
    /// True if `AllContainersRestarting` was true.
    pub was_restarting_all: bool,
}

/// Status of a Pod without strings and times, as [`generate_pod_status`] returns it.
///
/// ```
/// use pod_lifecycle::rule::pod_status::{PhaseReason, PodRecord};
///
/// /// Returns `status.reason`.
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
#[non_exhaustive]
pub struct PodRecord {
    /// Container statuses, by container index.
    pub records: Vec<Option<ContainerRecord>>,
    /// Phase.
    pub phase: PodPhase,
    /// Rule for the reason and message beside the phase.
    pub phase_reason: PhaseReason,
    /// Conditions that the kubelet computes.
    pub conditions: PodConditions,
    /// Resources, with the conditions of resizes; `None` where the kubelet does not know its node.
    pub resources: Option<Box<ResourceStatus>>,
}

impl PodRecord {
    /// True if two statuses look the same in the API.
    pub(crate) fn is_same(&self, other: &PodRecord) -> bool {
        let has_same_resources = match (&self.resources, &other.resources) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.phase == other.phase
            && self.conditions == other.conditions
            && self.records == other.records
            && has_same_resources
    }
}

/// Rule for the reason and message beside the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PhaseReason {
    /// The phase has changed: they are cleared.
    Cleared,
    /// The phase is the same: they are kept.
    Kept,
    /// The active deadline has expired: they are the deadline's.
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

/// Generates the status of a Pod. Calls `trigger` with each container whose readiness probe has to run at once.
///
/// Answers to `generateAPIPodStatus` in `pkg/kubelet/kubelet_pods.go`.
#[must_use]
pub fn generate_pod_status(inputs: &PodInputs<'_>, trigger: impl FnMut(ContainerIndex)) -> PodRecord {
    let &PodInputs { spec, runtime, previous, .. } = inputs;
    let is_restarting_all =
        restart::should_restart_all_containers(spec, Some(runtime), previous.records, previous.was_restarting_all);
    let mut records = container_status::container_records(&StatusInputs {
        kubernetes: inputs.kubernetes,
        spec,
        runtime,
        previous: previous.records,
        failures: inputs.failures,
        is_deleting: inputs.is_deleting,
        is_restarting_all,
    });
    // The phase comes first: it reads the `started` that the records carry over, not the one that is set below.
    let (phase, phase_reason) = phase_of(inputs, &records);
    started_and_ready::update_readiness(spec, &mut records, inputs.probes, inputs.kubelet, trigger);
    let conditions = conditions_of(inputs, &records, phase, is_restarting_all);
    PodRecord { records, phase, phase_reason, conditions, resources: None }
}

/// Returns the phase and the rule for its reason. A phase that was terminal once stays terminal.
fn phase_of(inputs: &PodInputs<'_>, records: &[Option<ContainerRecord>]) -> (PodPhase, PhaseReason) {
    let terminal = |phase: Option<PodPhase>| phase.filter(|phase| phase.is_terminal());
    let has_initialized = if inputs.kubernetes.has(KubeletChange::RunningWhileSidecarIsDown) {
        phase::has_active_regular_container(inputs.spec, inputs.runtime)
    } else {
        phase::has_started_regular_container(inputs.spec, records)
    };
    let computed = phase::pod_phase(inputs.spec, records, inputs.is_terminal, has_initialized);
    // Three phases are merged: the computed one, the status manager's and the API's. The reason follows the first terminal
    // one of them; the phase itself is the API's if that is terminal.
    let phase =
        terminal(Some(computed)).or(terminal(inputs.previous.phase)).or(terminal(inputs.api_phase)).unwrap_or(computed);
    // The deadline is a `PodSyncHandler` that evicts: the Pod fails, unless the API shows that it has ended already.
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
    let is_shown = inputs.kubernetes.is_enabled(FeatureGate::PodReadyToStartContainersCondition);
    let ready_to_start_containers = is_shown.then(|| conditions::pod_ready_to_start_containers(spec, runtime));
    // With the gate, a Pod that had initialized once stays so, whatever its init containers do since.
    let carries_over = inputs.kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits);
    let initialized = conditions::initialized(spec, Some(records), phase, previous.was_initialized && carries_over);
    let containers_ready = conditions::containers_ready(spec, Some(records), phase);
    // A gate may name a condition of the kubelet: those that are set by now count, as in the kubelet.
    let own = [
        (ConditionType::PodReadyToStartContainers, ready_to_start_containers.as_ref()),
        (ConditionType::Initialized, Some(&initialized)),
    ];
    let status_of = |gate: usize, wanted: &str| {
        let is_wanted = |(condition_type, _): &&(ConditionType, Option<&Condition>)| condition_type.name() == wanted;
        let external = gates.get(gate).copied().flatten();
        external.or_else(|| own.iter().find(is_wanted).and_then(|(_, condition)| Some((*condition)?.status)))
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
