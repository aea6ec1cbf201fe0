//! Kubernetes events, as the kubelet passes them to its recorder.

use alloc::{borrow::Cow, string::String};

use serde::{Deserialize, Serialize};

use crate::{api::named, spec::ContainerIndex, time::Timestamp};

named! {
    /// `type` of a Kubernetes event.
    pub enum EventType {
        /// Information: nothing is wrong.
        Normal = "Normal",
        /// Possible problem, of the Pod or of its node.
        Warning = "Warning",
    }
}

named! {
    /// `reason` of a Kubernetes event of the kubelet, the scheduler or a controller.
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
        /// A pull of an image started.
        Pulling = "Pulling",
        /// The image is present: it was there, or a pull has succeeded.
        Pulled = "Pulled",
        /// A container was created.
        Created = "Created",
        /// A container was started.
        Started = "Started",
        /// A pull, a creation or a start failed; the message says which.
        Failed = "Failed",
        /// The image is absent, and the pull policy is `Never`.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The runtime could not inspect the image.
        InspectFailed = "InspectFailed",
        /// A back-off delays a start (`CrashLoopBackOff`) or a pull (`ImagePullBackOff`).
        BackOff = "BackOff",
        /// A container is being stopped.
        Killing = "Killing",
        /// A probe failed or could not run; one for each run, whatever the threshold.
        Unhealthy = "Unhealthy",
        /// A probe succeeded with a warning.
        ProbeWarning = "ProbeWarning",
        /// A postStart hook failed.
        FailedPostStartHook = "FailedPostStartHook",
        /// A preStop hook failed.
        FailedPreStopHook = "FailedPreStopHook",
        /// The sandbox has to be recreated.
        SandboxChanged = "SandboxChanged",
        /// The sandbox could not be created.
        FailedCreatePodSandBox = "FailedCreatePodSandBox",
        /// The network of the node is not ready.
        NetworkNotReady = "NetworkNotReady",
        /// A volume could not be mounted, or its claim is absent or not bound.
        FailedMount = "FailedMount",
        /// The node cannot attach another volume, so it rejects the Pod.
        VolumeAttachmentLimitExceeded = "VolumeAttachmentLimitExceeded",
        /// The active deadline has passed.
        DeadlineExceeded = "DeadlineExceeded",
        /// The node is under pressure.
        Evicted = "Evicted",
        /// A killed Pod did not terminate in time.
        ExceededGracePeriod = "ExceededGracePeriod",
        /// A critical Pod needs the resources.
        Preempting = "Preempting",
        /// The node is unreachable.
        NodeNotReady = "NodeNotReady",
        /// The scheduler found no node.
        FailedScheduling = "FailedScheduling",
        /// The scheduler found a node.
        Scheduled = "Scheduled",
        /// The taint manager deletes the Pod.
        TaintManagerEviction = "TaintManagerEviction",
        /// The kubelet has accepted a resize.
        ResizeStarted = "ResizeStarted",
        /// A resize was carried out.
        ResizeCompleted = "ResizeCompleted",
        /// A resize waits for room on the node.
        ResizeDeferred = "ResizeDeferred",
        /// The node can never carry out a resize.
        ResizeInfeasible = "ResizeInfeasible",
        /// A resize could not be carried out, and is tried again.
        ResizeError = "ResizeError",
    }
}

/// Kubernetes event, as the kubelet passes it to its recorder; [`EventRecorder`](crate::status::EventRecorder) turns it
/// into what the API stores.
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
    /// Time of the recording.
    #[serde(with = "crate::time::exact")]
    pub at: Timestamp,
    /// `type` of the event: `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// Reason: an [`EventReason`], or that of an admission handler.
    pub reason: Cow<'static, str>,
    /// Index of the container that it is about; `None` for the whole Pod.
    pub container: Option<ContainerIndex>,
    /// Message for people, in the kubelet's own words.
    pub message: String,
}
