//! A Pod written down, and taken up again from what was written.

mod check;
mod error;
mod version;

pub use error::SnapshotError;
pub(crate) use version::Version;

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{PodMachine, api_pod::ApiPod, components::Kubelet, pod_worker::Worker, sync_loop_queue::SyncLoopQueue};
use crate::{config::KubeletConfig, spec::PodSpec};

/// All that a Pod knows, but for the kubelet's configuration: for serde, as JSON for people or in a compact format for
/// programs.
///
/// A snapshot that another version of this crate wrote is refused when it is read, with an error that names both
/// versions. What is in one is checked when a Pod is [restored](PodMachine::restore) from it.
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
    worker: Worker,
    parts: Box<Kubelet>,
}

impl PodSnapshot {
    /// What the Pod ought to be, as its last sync knew it.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.parts.spec
    }
}

impl PodMachine {
    /// All that the Pod knows; it goes on in the same way when it is [restored](PodMachine::restore).
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
        PodSnapshot { version: Version, worker: self.worker.clone(), parts: self.parts.clone() }
    }

    /// The Pod of which this is the snapshot. The configuration is to be the one that it had; only its timing has to be
    /// of the same kind.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if what is written cannot be of a Pod.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, SnapshotError, Timestamp, config::{KubeletConfig, Timing}, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    /// let polling = KubeletConfig { timing: Timing::NodeLike { seed: 1 }, ..KubeletConfig::default() };
    /// assert_eq!(PodMachine::restore(pod.snapshot(), Arc::new(polling)), Err(SnapshotError::OtherTiming));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(snapshot: PodSnapshot, config: Arc<KubeletConfig>) -> Result<PodMachine, SnapshotError> {
        let PodSnapshot { version: Version, worker, parts } = snapshot;
        let mut pod = PodMachine { worker, parts };
        check::check(&pod)?;
        if !pod.parts.runtime.set_timing(config.timing) {
            return Err(SnapshotError::OtherTiming);
        }
        pod.parts.config = config;
        pod.share();
        pod.note_next_wake();
        Ok(pod)
    }

    /// What is written more than once is in memory once.
    fn share(&mut self) {
        let (worker, parts) = (&mut self.worker, &mut *self.parts);
        let (newest, spec) = (parts.object.clone(), parts.spec.clone());
        for object in objects(worker, &mut parts.inbox) {
            if **object == *newest {
                *object = newest.clone();
            } else if object.spec == spec {
                Arc::make_mut(object).spec = spec.clone();
            }
        }
        if parts.object.spec == spec {
            parts.spec = parts.object.spec.clone();
        }
        if let Some(sync) = worker.sync.as_deref_mut()
            && sync.view == *parts.runtime.seen()
        {
            sync.view = parts.runtime.seen().clone();
        }
    }
}

/// The objects that wait to be seen or are at work.
fn objects<'a>(worker: &'a mut Worker, inbox: &'a mut SyncLoopQueue) -> Vec<&'a mut Arc<ApiPod>> {
    let pending = worker.pending.as_mut().map(|request| &mut request.object);
    let taken = worker.taken.as_mut().map(|taken| &mut taken.request.object);
    let sync = worker.sync.as_mut().map(|sync| &mut sync.object);
    [pending, taken, sync].into_iter().flatten().chain(inbox.objects_mut()).collect()
}
