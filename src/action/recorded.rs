//! Kubernetes events, as the kubelet's recorder gets them.

use alloc::{borrow::Cow, string::String};

use serde::{Deserialize, Serialize};

use crate::{api::named, spec::ContainerIndex, time::Timestamp};

named! {
    /// How grave a Kubernetes event is: its `type`.
    ///
    /// ```
    /// use pod_lifecycle::{EventType, api::Name};
    ///
    /// assert_eq!("Warning".parse::<EventType>(), Ok(EventType::Warning));
    /// assert_eq!(EventType::Normal.name(), "Normal");
    /// ```
    pub enum EventType {
        /// As it should be.
        Normal = "Normal",
        /// Worth a look.
        Warning = "Warning",
    }
}

named! {
    /// What a Kubernetes event is about: its `reason`, in the word of the kubelet, the scheduler or the controller that
    /// records it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     EventReason, Output, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api::PodManifest,
    ///     state::SandboxId,
    /// };
    ///
    /// let object: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
    /// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut out)?;
    /// let failed = RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "no network".into() };
    /// pod.handle_event(now, Event::Runtime(failed), &mut out)?;
    ///
    /// let event = out.iter().find_map(|output| if let Output::Event(event) = output { Some(event) } else { None });
    /// let reason = event.and_then(|event| event.reason.parse().ok());
    /// assert_eq!(reason, Some(EventReason::FailedCreatePodSandBox));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[non_exhaustive]
    pub enum EventReason {
        /// A pull begins.
        Pulling = "Pulling",
        /// An image is there.
        Pulled = "Pulled",
        /// A container was created.
        Created = "Created",
        /// A container was started.
        Started = "Started",
        /// A start failed.
        Failed = "Failed",
        /// The image is not there and may not be pulled.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The runtime cannot say whether it has the image.
        InspectFailed = "InspectFailed",
        /// Something is held back.
        BackOff = "BackOff",
        /// A container is told to stop.
        Killing = "Killing",
        /// A probe failed.
        Unhealthy = "Unhealthy",
        /// A probe succeeded with a reservation.
        ProbeWarning = "ProbeWarning",
        /// A hook after a start failed.
        FailedPostStartHook = "FailedPostStartHook",
        /// A hook before a stop failed.
        FailedPreStopHook = "FailedPreStopHook",
        /// The sandbox has to be made anew.
        SandboxChanged = "SandboxChanged",
        /// The sandbox could not be made.
        FailedCreatePodSandBox = "FailedCreatePodSandBox",
        /// The Pod was active for too long.
        DeadlineExceeded = "DeadlineExceeded",
        /// The node is under pressure.
        Evicted = "Evicted",
        /// The Pod was killed, but did not end in time.
        ExceededGracePeriod = "ExceededGracePeriod",
        /// A more important Pod needs the room.
        Preempting = "Preempting",
        /// The node cannot be reached.
        NodeNotReady = "NodeNotReady",
        /// The scheduler found no node.
        FailedScheduling = "FailedScheduling",
        /// The scheduler found a node.
        Scheduled = "Scheduled",
        /// The taint manager ends the Pod.
        TaintManagerEviction = "TaintManagerEviction",
    }
}

/// A Kubernetes event, as the kubelet's recorder gets it; [`EventRecorder`](crate::status::EventRecorder) makes of it
/// what the API stores.
///
/// ```
/// use pod_lifecycle::{EventReason, EventType, KubernetesEvent, Timestamp, api::Name};
///
/// let started = KubernetesEvent {
///     at: Timestamp::UNIX_EPOCH,
///     type_: EventType::Normal,
///     reason: EventReason::Started.name().into(),
///     container: Some(0.into()),
///     message: "Started container app".into(),
/// };
/// assert_eq!(started.reason, "Started");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesEvent {
    /// When it was recorded.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// How grave it is.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// What it is about, in one word: an [`EventReason`], or what an evicting or refusing node says.
    pub reason: Cow<'static, str>,
    /// The container that it is about; `None` for the Pod.
    pub container: Option<ContainerIndex>,
    /// What happened, for people.
    pub message: String,
}
