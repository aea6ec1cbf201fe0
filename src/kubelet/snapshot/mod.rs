//! Snapshot: saves a Pod's machine, and restores it after checking what was saved.

mod check;

use alloc::{boxed::Box, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{PodMachine, api_pod::ApiPod, components::Kubelet, fast_path::Caches, pod_worker::PodWorker};
use crate::{config::KubeletConfig, spec::PodSpec};

/// Complete state of a Pod except the kubelet's configuration, for any serde format.
///
/// Reading refuses a snapshot of another version of this crate, with an error that names both versions.
/// [`PodMachine::restore`] checks its content.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{NoSink, PodMachine, PodSnapshot, Timestamp, config::KubeletConfig, api::PodManifest};
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink)?;
///
/// let mut written = serde_json::to_value(pod.snapshot())?;
/// let read: PodSnapshot = serde_json::from_value(written.clone())?;
/// assert_eq!(read.spec().name(), "web");
///
/// written["version"] = 999.into();
/// assert!(serde_json::from_value::<PodSnapshot>(written).is_err(), "another version wrote it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSnapshot {
    version: Version,
    worker: PodWorker,
    kubelet: Box<Kubelet>,
}

impl PodSnapshot {
    /// Returns the spec that the last sync used.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.kubelet.spec
    }
}

impl PodMachine {
    /// Returns the complete state; a Pod that is [restored](PodMachine::restore) from it continues in the same way.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     PodMachine, PodSnapshot, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api, spec::PodSpec,
    ///     state::SandboxId,
    /// };
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    /// let mut pod = PodMachine::new(spec, config.clone(), now, &mut out);
    ///
    /// let written = serde_json::to_string(&pod.snapshot())?;
    /// let mut restored = PodMachine::restore(serde_json::from_str(&written)?, config)?;
    /// let ready = Event::Runtime(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) });
    /// let (mut one, mut other) = (Vec::new(), Vec::new());
    /// pod.handle_event(now, ready.clone(), &mut one)?;
    /// restored.handle_event(now, ready, &mut other)?;
    /// assert_eq!((one, &pod), (other, &restored));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> PodSnapshot {
        PodSnapshot { version: Version, worker: self.worker.clone(), kubelet: self.kubelet.clone() }
    }

    /// Restores a Pod from its snapshot. Pass the configuration that it had; its timing must at least be of the same kind.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if the snapshot cannot be of a Pod.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, SnapshotError, Timestamp, config::{KubeletConfig, Timing}, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    /// let polling = KubeletConfig::default().with_timing(Timing::NodeLike { seed: 1 });
    /// assert_eq!(PodMachine::restore(pod.snapshot(), Arc::new(polling)), Err(SnapshotError::OtherTiming));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(snapshot: PodSnapshot, config: Arc<KubeletConfig>) -> Result<PodMachine, SnapshotError> {
        let PodSnapshot { version: Version, worker, kubelet } = snapshot;
        let mut pod = PodMachine { worker, kubelet, caches: Caches::new(config.fast_path) };
        check::check(&pod.worker, &pod.kubelet)?;
        if !pod.kubelet.pleg.set_timing(config.timing) {
            return Err(SnapshotError::OtherTiming);
        }
        pod.kubelet.config = config;
        share(&mut pod.worker, &mut pod.kubelet);
        pod.sync_loop().update_next_wake();
        Ok(pod)
    }
}

/// Shares equal objects, specs and views, which a snapshot contains several times.
fn share(worker: &mut PodWorker, kubelet: &mut Kubelet) {
    let (newest, spec) = (kubelet.object.clone(), kubelet.spec.clone());
    let cache = kubelet.pleg.cache().clone();
    let share_object = |object: &mut Arc<ApiPod>| {
        if **object == *newest {
            *object = newest.clone();
        } else if object.spec == spec {
            Arc::make_mut(object).spec = spec.clone();
        }
    };
    worker.requested_objects_mut().for_each(share_object);
    kubelet.queue.objects_mut().for_each(share_object);
    if let Some(sync) = worker.sync_mut() {
        let (object, view) = sync.shared_mut();
        share_object(object);
        if **view == *cache {
            *view = cache;
        }
    }
    // adopt_spec compares addresses first.
    if kubelet.object.spec == spec {
        kubelet.spec = kubelet.object.spec.clone();
    }
}

/// Error of [`PodMachine::restore`].
///
/// ```
/// use pod_lifecycle::SnapshotError;
///
/// let error = SnapshotError::NoSuchContainer { field: "runtime", place: 7 };
/// assert_eq!(error.to_string(), "runtime: the Pod has no container 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The snapshot names a container that the Pod does not have.
    #[error("{field}: the Pod has no container {place}")]
    NoSuchContainer {
        /// Field of the snapshot.
        field: &'static str,
        /// The container's index.
        place: usize,
    },
    /// The number of entries differs from the Pod's containers or probes.
    #[error("{field}: the number of entries does not fit the Pod's spec")]
    WrongCount {
        /// Field of the snapshot.
        field: &'static str,
    },
    /// An object is of another Pod.
    #[error("{field}: the object is of another Pod")]
    AnotherPod {
        /// Field of the snapshot.
        field: &'static str,
    },
    /// Two fields contradict each other.
    #[error("{field}: {problem}")]
    Inconsistency {
        /// Field of the snapshot.
        field: &'static str,
        /// Description of the contradiction.
        problem: &'static str,
    },
    /// One configuration polls the runtime and the other does not.
    #[error("config.timing: not of the kind that the Pod was saved with")]
    OtherTiming,
}

/// Version of the format; it changes whenever a field does.
const CURRENT: u32 = 2;

/// Version of a snapshot, which deserializes only from the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(CURRENT)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        match u32::deserialize(deserializer)? {
            CURRENT => Ok(Version),
            other => Err(D::Error::custom(format_args!("a snapshot of version {other}, and only {CURRENT} is known"))),
        }
    }
}
