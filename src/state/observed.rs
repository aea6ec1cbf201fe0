//! From what a published status says of the containers to what the rules read; nothing is lost on the way.

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec, vec::Vec};

use super::{
    ContainerRecord, FailureMessage, InstanceId, REMOVED_TO_RESTART_ALL, RecordedState, StartFailure, Termination,
    Waiting,
};
use crate::{
    manifest::{ContainerState, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus},
    spec::{ContainerIndex, PodSpec},
};

/// What published statuses say of the containers, by container index; `None` where they say nothing.
///
/// Nothing is refused: of several statuses of one container the first counts, one of a container that the spec does not
/// have is passed over, and a negative count of restarts is none. `ids` takes up the runtime's names, so that the
/// records can be printed again.
///
/// ```
/// use pod_lifecycle::{manifest, spec::PodSpec, state::{self, ContainerIds}, status};
///
/// let pod: manifest::PodManifest = serde_json::from_str(r#"{
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
    let instance = ids.instance(&status.container_id);
    if let Some(instance) = instance {
        ids.note_image(index, instance, &status.image, &status.image_id);
    }
    ContainerRecord {
        state: recorded_state(&status.state, ids),
        last_state: recorded_state(&status.last_state, ids),
        restart_count: u32::try_from(status.restart_count).unwrap_or(0),
        instance,
        started: status.started,
        ready: status.ready,
    }
}

/// Of several states the one that has come furthest counts: running, then terminated, then waiting.
fn recorded_state(state: &ContainerState, ids: &mut ContainerIds) -> Option<RecordedState> {
    if let Some(running) = &state.running {
        return Some(RecordedState::Running { started_at: running.started_at });
    }
    if let Some(end) = &state.terminated {
        return Some(RecordedState::Terminated(Arc::new(termination(end, ids))));
    }
    state.waiting.as_ref().map(|waiting| RecordedState::Waiting(Waiting::from(waiting)))
}

fn termination(end: &ContainerStateTerminated, ids: &mut ContainerIds) -> Termination {
    Termination {
        exit_code: end.exit_code,
        signal: Some(end.signal).filter(|signal| *signal != 0),
        reason: (*end.reason).into(),
        message: (!end.message.is_empty()).then(|| (*end.message).into()),
        started_at: end.started_at,
        finished_at: end.finished_at,
        instance: ids.instance(&end.container_id),
    }
}

impl From<&ContainerStateWaiting> for Waiting {
    /// The variant that prints the same reason and message again.
    fn from(waiting: &ContainerStateWaiting) -> Waiting {
        match (&*waiting.reason, &*waiting.message) {
            ("", "") => Waiting::Unsaid,
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

/// Numbers for the runtime's names of instances, as they come up, and the images that were seen beside them.
///
/// The same names in the same order get the same numbers; which of two is larger says nothing of their age.
///
/// ```
/// use pod_lifecycle::state::{ContainerIds, InstanceId};
///
/// let mut ids = ContainerIds::default();
/// assert_eq!(ids.instance("containerd://4f5e"), Some(InstanceId::nth(0)));
/// assert_eq!(ids.instance("containerd://0a1b"), Some(InstanceId::nth(1)));
/// assert_eq!(ids.instance("containerd://4f5e"), Some(InstanceId::nth(0)));
/// assert_eq!(ids.instance(""), None);
/// assert_eq!(ids.id(InstanceId::nth(1)), Some("containerd://0a1b"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerIds {
    ids: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, InstanceId>,
    images: BTreeMap<(ContainerIndex, InstanceId), (String, String)>,
}

impl ContainerIds {
    /// The number of a name; the empty name is nobody's.
    pub fn instance(&mut self, id: &str) -> Option<InstanceId> {
        if id.is_empty() {
            return None;
        }
        if let Some(known) = self.numbers.get(id) {
            return Some(*known);
        }
        let number = InstanceId::nth(u32::try_from(self.ids.len()).ok()?);
        self.ids.push(id.into());
        self.numbers.insert(id.into(), number);
        Some(number)
    }

    /// The name behind a number.
    #[must_use]
    pub fn id(&self, instance: InstanceId) -> Option<&str> {
        let place = usize::try_from(instance.ordinal()).ok()?;
        self.ids.get(place).map(|id| &**id)
    }

    /// Notes the image of an instance and its digest, unless they are known already.
    ///
    /// ```
    /// use pod_lifecycle::state::{ContainerIds, InstanceId};
    ///
    /// let (mut ids, first) = (ContainerIds::default(), InstanceId::nth(0));
    /// ids.note_image(0.into(), first, "nginx:1", "sha256:0a1b");
    /// assert_eq!(ids.image(0.into(), first), Some(("nginx:1", "sha256:0a1b")));
    /// assert_eq!(ids.image(1.into(), first), None);
    /// ```
    pub fn note_image(&mut self, container: ContainerIndex, instance: InstanceId, image: &str, image_id: &str) {
        self.images.entry((container, instance)).or_insert_with(|| (image.to_owned(), image_id.to_owned()));
    }

    /// The image of an instance and its digest, if they were noted.
    #[must_use]
    pub fn image(&self, container: ContainerIndex, instance: InstanceId) -> Option<(&str, &str)> {
        self.images.get(&(container, instance)).map(|(image, id)| (&**image, &**id))
    }
}
