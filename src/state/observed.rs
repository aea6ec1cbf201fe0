//! From what a published status says of the containers to what the rules read; nothing is lost on the way.

use alloc::{sync::Arc, vec, vec::Vec};

use super::{
    Condition, ConditionMessage, ContainerIds, ContainerRecord, FailureMessage, REMOVED_TO_RESTART_ALL, RecordedState,
    StartFailure, Termination, Waiting,
};
use crate::{
    api::{
        ConditionStatus, ContainerState, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, Named,
        PodCondition,
    },
    spec::{ContainerIndex, PodSpec},
};

/// What published statuses say of the containers, by container index; `None` where they say nothing.
///
/// Nothing is refused: of several statuses of one container the first counts, one of a container that the spec does not
/// have is passed over, and a negative count of restarts is none. `ids` takes up the runtime's names, so that the
/// records can be printed again.
///
/// ```
/// use pod_lifecycle::{api, spec::PodSpec, state::{ContainerIds, self}, status};
///
/// let pod: api::PodManifest = serde_json::from_str(r#"{
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"containerStatuses": [{
///         "name": "app", "ready": false, "restartCount": 0, "image": "nginx", "imageID": "",
///         "state": {"waiting": {"reason": "ProviderFailed", "message": "no quota left"}}
///     }]}
/// }"#)?;
/// let spec = PodSpec::from_admitted(&pod)?;
/// let mut ids = ContainerIds::default();
/// let records = state::observed_records(&spec, &pod.status.container_statuses, &mut ids);
/// let app = records[0].as_ref().ok_or("no record")?;
/// assert!(app.is_waiting());
/// assert_eq!(status::container_status(&spec, 0.into(), app, &ids), pod.status.container_statuses[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn observed_records<'a>(
    spec: &PodSpec,
    statuses: impl IntoIterator<Item = &'a ContainerStatus>,
    ids: &mut ContainerIds,
) -> Vec<Option<ContainerRecord>> {
    let mut records = vec![None; spec.container_count()];
    for status in statuses {
        let Some(index) = spec.index_of(&status.name) else { continue };
        let record = record(index, status, ids);
        if let Some(empty) = records.get_mut(index.get()).filter(|known| known.is_none()) {
            *empty = Some(record);
        }
    }
    records
}

fn record(index: ContainerIndex, status: &ContainerStatus, ids: &mut ContainerIds) -> ContainerRecord {
    let instance = ids.instance(index, &status.container_id);
    if let Some(instance) = instance {
        ids.record_image(index, instance, &status.image, &status.image_id);
    }
    ContainerRecord {
        state: recorded_state(index, &status.state, ids),
        last_state: recorded_state(index, &status.last_state, ids),
        restart_count: status.restart_count.max(0),
        instance,
        started: status.started,
        ready: status.ready,
    }
}

/// Of several states the one that has come furthest counts: running, then terminated, then waiting.
fn recorded_state(index: ContainerIndex, state: &ContainerState, ids: &mut ContainerIds) -> Option<RecordedState> {
    if let Some(running) = &state.running {
        return Some(RecordedState::Running { started_at: running.started_at });
    }
    if let Some(end) = &state.terminated {
        return Some(RecordedState::Terminated(Arc::new(termination(index, end, ids))));
    }
    state.waiting.as_ref().map(|waiting| RecordedState::Waiting(Waiting::from(waiting)))
}

fn termination(index: ContainerIndex, end: &ContainerStateTerminated, ids: &mut ContainerIds) -> Termination {
    Termination {
        exit_code: end.exit_code,
        signal: Some(end.signal).filter(|signal| *signal != 0),
        reason: (*end.reason).into(),
        message: (!end.message.is_empty()).then(|| (*end.message).into()),
        started_at: end.started_at,
        finished_at: end.finished_at,
        instance: ids.instance(index, &end.container_id),
    }
}

impl From<&ContainerStateWaiting> for Waiting {
    /// The variant that prints the same reason and message again.
    fn from(waiting: &ContainerStateWaiting) -> Waiting {
        match (&*waiting.reason, &*waiting.message) {
            ("", "") => Waiting::WithoutReason,
            ("ContainerCreating", "") => Waiting::ContainerCreating,
            ("PodInitializing", "") => Waiting::PodInitializing,
            ("RestartingAllContainers", REMOVED_TO_RESTART_ALL) => Waiting::RestartingAllContainers,
            (reason, message) => {
                let message = FailureMessage::Text(message.into());
                Waiting::Failed(Arc::new(StartFailure { error: reason.into(), message }))
            }
        }
    }
}

impl From<&PodCondition> for Condition {
    /// What a published condition says; a status that nobody knows is `Unknown`, a reason that nobody knows is none.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodCondition, state::{Condition, ConditionReason}};
    ///
    /// let published: PodCondition =
    ///     serde_json::from_str(r#"{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}"#)?;
    /// assert_eq!(Condition::from(&published), Condition::because(false, ConditionReason::ContainersNotReady));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn from(condition: &PodCondition) -> Condition {
        let message = match &*condition.message {
            "" => ConditionMessage::None,
            text => ConditionMessage::Text(text.into()),
        };
        Condition {
            status: condition.status.known().unwrap_or(ConditionStatus::Unknown),
            reason: Named::from(&*condition.reason).known(),
            message,
        }
    }
}
