//! Status data from an API object, without loss: projected again, it gives the same statuses.

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

/// Returns the data of the API's container statuses, by container index; `None` for a container without a status.
///
/// Accepts any input: of several statuses of one container the first counts, those of unknown containers are ignored,
/// and a negative restart count is 0. `ids` records the runtime's container ids, for the way back to the API.
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

/// Returns the state. At most one is set in the API; of several, running goes before terminated before waiting.
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
        // 0 and the empty text stand for fields that are not set, as in Go.
        signal: Some(end.signal).filter(|signal| *signal != 0),
        reason: (*end.reason).into(),
        message: (!end.message.is_empty()).then(|| (*end.message).into()),
        started_at: end.started_at,
        finished_at: end.finished_at,
        instance: ids.instance(index, &end.container_id),
    }
}

impl From<&ContainerStateWaiting> for Waiting {
    /// Returns the variant that is shown with the same reason and message.
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
    /// Converts a condition of the API. A status that Kubernetes does not know is `Unknown`, such a reason is `None`.
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
