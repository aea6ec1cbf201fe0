//! Observation of the object: API events one by one, or the whole object as a watch delivers it.

use alloc::{boxed::Box, string::ToString, sync::Arc};

use super::{
    api_pod::{ApiPod, Deletion},
    components::Kubelet,
    sync_loop_queue::Message,
};
use crate::{
    api::{Name, PodCondition, PodManifest, PodPhase},
    event::{ApiEvent, EventError},
    rule::{external_conditions, spec_change},
    spec::{PodSpec, SpecError},
    state::ConditionType,
    time::{Timestamp, seconds},
};

/// Queues the change of the object that an API event describes.
pub(super) fn handle(event: ApiEvent, kubelet: &mut Kubelet, now: Timestamp) {
    match event {
        ApiEvent::Deleted { grace_seconds, generation } => delete(grace_seconds, generation, kubelet, now),
        ApiEvent::Removed => kubelet.post_object(|object| object.is_gone = true),
        ApiEvent::ConditionSet(condition) => kubelet.post_object(|object| {
            PodCondition::put(&mut object.conditions, condition);
        }),
        ApiEvent::ConditionRemoved { condition_type } => kubelet.post_object(|object| {
            object.conditions.retain(|condition| condition.type_ != *condition_type);
        }),
        ApiEvent::SpecChanged(spec) => kubelet.post_object(|object| {
            object.generation = object.generation.max(spec.generation());
            object.spec = spec;
        }),
        ApiEvent::Ended(phase) => kubelet.post_object(|object| {
            object.api_terminal_phase = object.api_terminal_phase.or(Some(phase));
        }),
    }
}

/// Queues a deletion; only a grace shorter than the one in force counts.
fn delete(grace_seconds: i64, generation: Option<i64>, kubelet: &mut Kubelet, now: Timestamp) {
    let grace = seconds::of_grace(grace_seconds);
    let before = kubelet.newest_object().deletion;
    if before.is_some_and(|deletion| deletion.grace <= grace) {
        return;
    }
    let requested_at = before.map_or(now, |deletion| deletion.requested_at);
    kubelet.post_object(|object| {
        object.deletion = Some(Deletion { requested_at, grace });
        object.generation = object.generation.max(generation.unwrap_or(0));
    });
}

/// Queues the object that a watch delivers; false if it is as known.
pub(super) fn handle_object(manifest: &PodManifest, kubelet: &mut Kubelet) -> Result<bool, EventError> {
    let known = kubelet.newest_object().clone();
    if known.is_gone {
        return Err(EventError::Gone);
    }
    let object = observed(manifest, &known)?;
    let is_other = object != *known;
    if is_other {
        kubelet.queue.post(Message::Object(Arc::new(object)));
    }
    Ok(is_other)
}

/// Returns the kubelet's copy of an object that a watch delivers.
fn observed(manifest: &PodManifest, known: &ApiPod) -> Result<ApiPod, EventError> {
    let spec = PodSpec::from_admitted(manifest).map_err(|error| EventError::Spec(Box::new(error)))?;
    if !known.spec.uid().is_empty() && spec.uid() != known.spec.uid() {
        return Err(EventError::AnotherPod { uid: spec.uid().into() });
    }
    spec_change::validate_update(&known.spec, &spec)?;
    let spec = if spec == *known.spec { known.spec.clone() } else { Arc::new(spec) };
    Ok(object_of(manifest, spec, known))
}

fn object_of(manifest: &PodManifest, spec: Arc<PodSpec>, known: &ApiPod) -> ApiPod {
    let metadata = &manifest.metadata;
    let deletion = metadata.deletion_timestamp.map(|until| {
        // The API server sets deletionTimestamp to the end of the grace period.
        let grace = seconds::of_grace(metadata.deletion_grace_period_seconds.unwrap_or(0));
        Deletion { requested_at: until - grace, grace }
    });
    let conditions = &manifest.status.conditions;
    let shown = manifest.status.phase.as_ref().and_then(|phase| phase.known());
    ApiPod {
        generation: metadata.generation.max(known.generation),
        deletion: deletion.or(known.deletion),
        is_gone: false,
        conditions: external_conditions::external_conditions(conditions, &[]),
        api_terminal_phase: known.api_terminal_phase.or(shown.filter(|phase| PodPhase::is_terminal(*phase))),
        scheduled_at: scheduled_at(conditions).or(known.scheduled_at),
        spec,
    }
}

/// Returns when the Pod was bound, by its `PodScheduled` condition.
fn scheduled_at(conditions: &[PodCondition]) -> Option<Timestamp> {
    let scheduled = conditions.iter().find(|condition| condition.type_ == ConditionType::PodScheduled.name())?;
    scheduled.last_transition_time.filter(|_| scheduled.status.to_string() == "True")
}

/// Returns the kubelet's copy of an object that it sees for the first time.
pub(super) fn first_seen(manifest: &PodManifest) -> Result<ApiPod, SpecError> {
    let known = ApiPod::new(Arc::new(PodSpec::from_admitted(manifest)?));
    Ok(object_of(manifest, known.spec.clone(), &known))
}
