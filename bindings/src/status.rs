//! Status: phase, conditions and STATUS of a Pod as they should be, and the contradictions of those that it has.

use pod_lifecycle::{
    Timestamp,
    api::{ConditionStatus, Name, PodCondition, PodManifest, PodPhase},
    explain::{Discrepancy, ObservedPod},
    kubectl,
    state::ConditionType,
    status::pod_condition,
};
use serde::Serialize;

use crate::problem::{InputError, Problem, problems_of_observation};

/// The conditions that follow from the containers' statuses.
const COMPUTED: [ConditionType; 3] = [ConditionType::Initialized, ConditionType::Ready, ConditionType::ContainersReady];

/// Status of a Pod as it should be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Phase as it should be.
    #[cfg_attr(feature = "typescript", tsify(type = "string"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub phase: PodPhase,
    /// READY column: `1/2`.
    pub ready: String,
    /// STATUS column as it should be: `CrashLoopBackOff`.
    pub status: String,
    /// True if the Pod should be `Ready`.
    pub is_ready: bool,
    /// Conditions as they should be.
    pub conditions: Vec<Condition>,
    /// What the object says.
    pub published: Published,
    /// Contradictions in the object's status.
    pub contradictions: Vec<Problem>,
}

/// Condition of a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type: `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Reason; empty without one.
    pub reason: String,
    /// Message; empty without one.
    pub message: String,
}

/// What the object of a Pod says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// Phase, as it stands there; empty without one.
    pub phase: String,
    /// STATUS column that follows from it.
    pub status: String,
}

impl Status {
    /// Returns the status of an observed Pod.
    ///
    /// # Errors
    ///
    /// [`InputError`] names the field of the spec that is invalid.
    pub fn of(pod: PodManifest) -> Result<Status, InputError> {
        let observed = ObservedPod::from_manifest(pod).map_err(|error| problems_of_observation(&error))?;
        let found = observed.inconsistencies();
        let published = observed.manifest();
        let mut corrected = published.clone();
        let phase = found.iter().find_map(|it| {
            if let Discrepancy::PhaseDiffers { expected, .. } = it.what { Some(expected) } else { None }
        });
        let is_phase = published.status.phase.as_ref().and_then(|phase| phase.known());
        let phase = phase.or(is_phase).unwrap_or_else(|| observed.phase());
        corrected.status.phase = Some(phase.into());
        if is_reported(published) {
            correct_conditions(&mut corrected, &observed);
        }
        // No column that is read here depends on the time.
        let [before, after] = [published, &corrected].map(|pod| kubectl::row(pod, Timestamp::UNIX_EPOCH));
        Ok(Status {
            phase,
            ready: after.ready,
            status: after.status,
            is_ready: is_ready(&corrected),
            conditions: corrected.status.conditions.iter().map(Condition::of).collect(),
            published: Published {
                phase: published.status.phase.as_ref().map(ToString::to_string).unwrap_or_default(),
                status: before.status,
            },
            contradictions: found.iter().map(|it| Problem::at(&it.field, it.what.to_string())).collect(),
        })
    }
}

impl Condition {
    fn of(condition: &PodCondition) -> Condition {
        Condition {
            type_: condition.type_.clone(),
            status: condition.status.to_string(),
            reason: condition.reason.to_string(),
            message: condition.message.to_string(),
        }
    }
}

/// True if a kubelet, or another agent, has reported on the Pod.
fn is_reported(pod: &PodManifest) -> bool {
    pod.status.start_time.is_some() || pod.status.every_container().next().is_some()
}

/// Corrects the conditions that contradict the containers, and adds those that are missing.
fn correct_conditions(pod: &mut PodManifest, observed: &ObservedPod) {
    let found = observed.inconsistencies();
    let is_wrong = |wanted: ConditionType| {
        found.iter().any(|it| {
            if let Discrepancy::ConditionDiffers { condition, .. }
            | Discrepancy::ConditionReasonDiffers { condition, .. }
            | Discrepancy::ForeignReason { condition, .. } = &it.what
            {
                *condition == wanted
            } else if let Discrepancy::UnknownConditionStatus { condition, .. } = &it.what {
                condition == wanted.name()
            } else {
                false
            }
        })
    };
    let computed = observed.conditions();
    let generation = pod.status.observed_generation;
    for type_ in COMPUTED {
        let Some(condition) = computed.get(type_) else { continue };
        let published = pod.status.conditions.iter_mut().find(|it| it.type_ == type_.name());
        match published {
            Some(_) if !is_wrong(type_) => {}
            Some(published) => {
                let since = published.last_transition_time;
                *published = pod_condition(observed.spec(), type_, condition, generation, since);
            }
            None => {
                let condition = pod_condition(observed.spec(), type_, condition, generation, None);
                pod.status.conditions.push(condition);
            }
        }
    }
}

/// True if the condition `Ready` of an object is True.
pub(crate) fn is_ready(pod: &PodManifest) -> bool {
    let ready = pod.status.condition(ConditionType::Ready.name());
    ready.is_some_and(|ready| ready.status.known() == Some(ConditionStatus::True))
}
