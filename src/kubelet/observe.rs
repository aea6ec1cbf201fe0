//! What comes through the API, event by event or as the whole object.

use alloc::{boxed::Box, string::ToString, sync::Arc};

use super::{
    PodMachine, Sink, Step, WorkerState,
    api_pod::{ApiPod, Deletion},
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

impl PodMachine {
    /// Takes in what has been checked.
    pub(super) fn on_api_event(&mut self, event: ApiEvent, step: &mut Step<'_>) {
        let was_finished = self.worker_state() == WorkerState::Finished;
        match event {
            ApiEvent::Deleted { grace_seconds, generation } => self.on_deleted(grace_seconds, generation, step),
            ApiEvent::Removed => self.parts.post_object(|object| object.is_gone = true),
            ApiEvent::ConditionSet(condition) => self.parts.post_object(|object| {
                PodCondition::put(&mut object.conditions, condition);
            }),
            ApiEvent::ConditionRemoved { condition_type } => self.parts.post_object(|object| {
                object.conditions.retain(|condition| condition.type_ != *condition_type);
            }),
            ApiEvent::SpecChanged(spec) => self.parts.post_object(|object| {
                object.generation = object.generation.max(spec.generation());
                object.spec = spec;
            }),
            ApiEvent::Ended(phase) => {
                self.parts.post_object(|object| object.ended = object.ended.or(Some(phase)));
            }
        }
        self.settle_object(was_finished, step);
    }

    /// The object has changed. That it may go is said here only if the worker was finished before; one that finishes now
    /// has said so itself.
    fn settle_object(&mut self, was_finished: bool, step: &mut Step<'_>) {
        self.settle(step);
        if was_finished {
            self.let_object_go(step);
        }
    }

    /// Only a grace that is shorter than the one in force counts.
    fn on_deleted(&mut self, grace_seconds: i64, generation: Option<i64>, step: &Step<'_>) {
        let grace = seconds::of_grace(grace_seconds);
        let before = self.parts.newest_object().deletion;
        if before.is_some_and(|deletion| deletion.grace <= grace) {
            return;
        }
        let requested_at = before.map_or(step.now, |deletion| deletion.requested_at);
        self.parts.post_object(|object| {
            object.deletion = Some(Deletion { requested_at, grace });
            object.generation = object.generation.max(generation.unwrap_or(0));
        });
    }

    /// Hears of the object as a watch delivers it.
    pub(crate) fn hear_of(
        &mut self,
        now: Timestamp,
        manifest: &PodManifest,
        out: &mut dyn Sink,
    ) -> Result<(), EventError> {
        let step = &mut Step { now, out };
        let known = self.parts.newest_object().clone();
        if known.is_gone {
            return Err(EventError::Gone);
        }
        let object = observed(manifest, &known)?;
        if object != *known {
            let was_finished = self.worker_state() == WorkerState::Finished;
            self.parts.inbox.post(Message::Object(Arc::new(object)));
            self.settle_object(was_finished, step);
        }
        Ok(())
    }
}

/// What an object says that a watch delivers, beside what is known.
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
        ended: known.ended.or(shown.filter(|phase| PodPhase::is_terminal(*phase))),
        scheduled_at: scheduled_at(conditions).or(known.scheduled_at),
        spec,
    }
}

/// Since when the Pod is bound, if its conditions say.
pub(super) fn scheduled_at(conditions: &[PodCondition]) -> Option<Timestamp> {
    let scheduled = conditions.iter().find(|condition| condition.type_ == ConditionType::PodScheduled.name())?;
    scheduled.last_transition_time.filter(|_| scheduled.status.to_string() == "True")
}

/// What the kubelet knows of a Pod when it sees the object for the first time.
pub(super) fn first_seen(manifest: &PodManifest) -> Result<ApiPod, SpecError> {
    let known = ApiPod::new(Arc::new(PodSpec::from_admitted(manifest)?));
    Ok(object_of(manifest, known.spec.clone(), &known))
}
