//! Many Pods that are all alike when their nodes get them.

use alloc::sync::Arc;

use super::{PodMachine, Sink, api_pod::ApiPod, observe};
use crate::{api::PodManifest, config::KubeletConfig, spec::SpecError, time::Timestamp};

/// What many Pods share when their nodes get them: understood once, and held once.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{NoSink, PodMachine, Prototype, Timestamp, config::KubeletConfig, api::PodManifest};
///
/// let manifest: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let (config, now) = (Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH);
/// let prototype = Prototype::from_object(&manifest, config.clone())?;
/// let pods: Vec<PodMachine> = (0..1_000).map(|_| prototype.pod(now, &mut NoSink)).collect();
/// assert_eq!(pods[999], PodMachine::from_object(&manifest, config, now, &mut NoSink)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prototype {
    object: Arc<ApiPod>,
    config: Arc<KubeletConfig>,
}

impl Prototype {
    /// From the object as a watch delivers it: see [`PodMachine::from_object`].
    ///
    /// # Errors
    ///
    /// [`SpecError`] names the field that cannot be understood.
    pub fn from_object(object: &PodManifest, config: Arc<KubeletConfig>) -> Result<Prototype, SpecError> {
        Ok(Prototype { object: Arc::new(observe::first_seen(object)?), config })
    }

    /// The same, but bound to its node at another time.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pod_lifecycle::{NoSink, Prototype, Timestamp, config::KubeletConfig};
    /// # let manifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
    /// let prototype = Prototype::from_object(&manifest, Arc::new(KubeletConfig::default()))?;
    /// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    /// assert_ne!(prototype.scheduled_at(noon), prototype);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scheduled_at(&self, at: Timestamp) -> Prototype {
        let object = ApiPod { scheduled_at: Some(at.whole_seconds()), ..ApiPod::clone(&self.object) };
        Prototype { object: Arc::new(object), config: self.config.clone() }
    }

    /// A Pod that a node has just got: its first sync begins at once.
    #[must_use]
    pub fn pod(&self, now: Timestamp, out: &mut dyn Sink) -> PodMachine {
        PodMachine::begin(self.object.clone(), self.config.clone(), now, out)
    }
}
