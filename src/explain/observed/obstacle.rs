//! Obstacles of a Pod, read from its events: what could not be mounted, pulled, created, stopped.
//!
//! The texts are those of `pkg/kubelet`, `pkg/volume/util/operationexecutor` and the attach-detach controller.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;

use super::{ObservedPod, need};
use crate::{
    api::Name,
    explain::{scheduling::quoted_after, text},
    spec::ProbeKind,
    state::Termination,
    status::RecordedEvent,
    time::Timestamp,
};

/// Obstacle that an event of the Pod reports.
///
/// ```
/// use pod_lifecycle::{explain::ObservedPod, status::EventObject};
///
/// let event: EventObject = serde_json::from_str(r#"{
///     "involvedObject": {"kind": "Pod", "name": "web"}, "type": "Warning", "reason": "FailedMount",
///     "message": "MountVolume.SetUp failed for volume \"cfg\" : configmap \"shop\" not found",
///     "firstTimestamp": "2026-03-01T12:00:00Z", "lastTimestamp": "2026-03-01T12:08:10Z", "count": 12
/// }"#)?;
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "web"},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}],
///         "volumes": [{"name": "cfg", "configMap": {"name": "shop"}}]},
///     "status": {"phase": "Pending", "startTime": "2026-03-01T12:00:00Z", "containerStatuses": [
///         {"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]}
/// }"#)?)?;
/// let text = pod.with_events([&event]).explain("2026-03-01T12:09:00Z".parse()?).to_string();
/// assert!(text.contains("volume `cfg` (ConfigMap `shop`) cannot be mounted"), "{text}");
/// assert!(text.contains("create the ConfigMap `shop`"), "{text}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Obstacle {
    /// Kind of the obstacle.
    pub kind: ObstacleKind,
    /// Container that it is about; `None` for the whole Pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What it is about, in English: ``volume `cfg` (ConfigMap `shop`)``.
    pub subject: String,
    /// Cause in the words of the component that reports it.
    pub message: String,
    /// Number of occurrences.
    pub count: u32,
    /// Time of the first occurrence.
    pub first_seen: Timestamp,
    /// Time of the last occurrence.
    pub last_seen: Timestamp,
    /// Change that removes it, in English, if the words show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Kind of an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ObstacleKind {
    /// A volume cannot be attached to the node (`FailedAttachVolume`).
    Attach,
    /// A volume cannot be mounted (`FailedMount`, `FailedMapVolume`).
    Mount,
    /// The network of the node is not ready (`NetworkNotReady`).
    Network,
    /// The sandbox cannot be created (`FailedCreatePodSandBox`).
    Sandbox,
    /// Devices cannot be prepared (`FailedPrepareDynamicResources`).
    Devices,
    /// An image cannot be pulled (`Failed`, `ErrImageNeverPull`, `InspectFailed`).
    Image,
    /// A container cannot be created or started (`Failed`).
    Container,
    /// A probe fails (`Unhealthy`).
    Probe,
    /// The Pod cannot be stopped (`FailedKillPod`).
    Kill,
}

impl ObstacleKind {
    /// Returns the kind that an event reports.
    fn of(event: &RecordedEvent) -> Option<ObstacleKind> {
        Some(match &*event.reason {
            "FailedAttachVolume" => ObstacleKind::Attach,
            "FailedMount" | "FailedMapVolume" => ObstacleKind::Mount,
            "NetworkNotReady" => ObstacleKind::Network,
            "FailedCreatePodSandBox" => ObstacleKind::Sandbox,
            "FailedPrepareDynamicResources" => ObstacleKind::Devices,
            "ErrImageNeverPull" | "InspectFailed" => ObstacleKind::Image,
            // The kubelet has one reason for a failed pull, a failed creation and a failed start.
            "Failed" if event.message.starts_with("Failed to pull image") => ObstacleKind::Image,
            // It repeats the reason of the waiting state, whose message has more.
            "Failed" if matches!(&*event.message, "Error: ErrImagePull" | "Error: ImagePullBackOff") => return None,
            "Failed" => ObstacleKind::Container,
            "Unhealthy" => ObstacleKind::Probe,
            "FailedKillPod" => ObstacleKind::Kill,
            _ => return None,
        })
    }

    /// True if it keeps the whole Pod from starting: it comes before the first container.
    pub(in crate::explain) const fn is_before_containers(self) -> bool {
        match self {
            ObstacleKind::Attach
            | ObstacleKind::Mount
            | ObstacleKind::Network
            | ObstacleKind::Sandbox
            | ObstacleKind::Devices => true,
            ObstacleKind::Image | ObstacleKind::Container | ObstacleKind::Probe | ObstacleKind::Kill => false,
        }
    }
}

impl Obstacle {
    /// Returns the obstacle as a clause: ``volume `cfg` (ConfigMap `shop`) cannot be mounted: configmap "shop" not found, 12
    /// times from 12:00:00 to 12:08:10``.
    pub(in crate::explain) fn clause(&self, now: Timestamp) -> String {
        let what = match self.kind {
            ObstacleKind::Attach => "cannot be attached to the node",
            ObstacleKind::Mount => "cannot be mounted",
            ObstacleKind::Network => "is not ready",
            ObstacleKind::Sandbox | ObstacleKind::Container => "cannot be created or started",
            ObstacleKind::Devices => "cannot be prepared",
            ObstacleKind::Image => "cannot be pulled",
            ObstacleKind::Probe => "fails",
            ObstacleKind::Kill => "cannot be stopped",
        };
        format!("{} {what}: {}, {}", self.subject, text::unpunctuated(&self.message), self.occurrences(now))
    }

    /// Returns how often it occurred, and when.
    pub(in crate::explain) fn occurrences(&self, now: Timestamp) -> String {
        let (first, last) = (text::past(self.first_seen, now), text::past(self.last_seen, now));
        match self.count {
            0 | 1 => format!("at {last}"),
            count => format!("{count} times from {first} to {last}"),
        }
    }
}

/// Returns the obstacles that events report, the latest first, one for each subject.
pub(super) fn all(pod: &ObservedPod) -> Vec<Obstacle> {
    let mut events: Vec<&RecordedEvent> = pod.events().iter().collect();
    // Of equal ages, the most specific message stands last in the API: later events first.
    events.sort_by_key(|event| core::cmp::Reverse((event.last_seen, event.first_seen)));
    let mut obstacles: Vec<Obstacle> = Vec::new();
    for event in events {
        let Some(kind) = ObstacleKind::of(event) else { continue };
        for obstacle in read(pod, kind, event) {
            let same = obstacles.iter_mut().find(|known| {
                (known.kind, &known.subject, &known.container)
                    == (obstacle.kind, &obstacle.subject, &obstacle.container)
            });
            match same {
                None => obstacles.push(obstacle),
                // The failure of a volume says more than the wait for it.
                Some(known) if known.message.contains(TIMED_OUT) && !obstacle.message.contains(TIMED_OUT) => {
                    *known = obstacle;
                }
                Some(_) => {}
            }
        }
    }
    // A timed-out wait for all volumes says less than the failure of one of them.
    let names_volume =
        |obstacle: &Obstacle| obstacle.kind == ObstacleKind::Mount && !obstacle.message.contains(TIMED_OUT);
    if obstacles.iter().any(|obstacle| names_volume(obstacle) || obstacle.kind == ObstacleKind::Attach) {
        obstacles.retain(|obstacle| obstacle.kind != ObstacleKind::Mount || names_volume(obstacle));
    }
    obstacles
}

/// What the kubelet's wait for volumes ends with; the texts of Go's contexts and of `wait`.
const TIMED_OUT: &str = "timed out waiting for the condition";

fn read(pod: &ObservedPod, kind: ObstacleKind, event: &RecordedEvent) -> Vec<Obstacle> {
    let message = &*event.message;
    let obstacle = |subject: String, message: &str| Obstacle {
        kind,
        container: event.container.clone(),
        subject,
        message: message.trim().into(),
        count: event.count,
        first_seen: event.first_seen,
        last_seen: event.last_seen,
        advice: advice(pod, kind, &event.message),
    };
    let node = || match &*pod.manifest().spec.node_name {
        "" => "the node".to_string(),
        node => format!("node {node}"),
    };
    match kind {
        ObstacleKind::Attach | ObstacleKind::Mount => {
            if let Some(volume) = quoted_after(message, "for volume ") {
                let subject = need::volume_clause(pod.manifest(), volume);
                return Vec::from([obstacle(subject, cause_of_volume(message, volume))]);
            }
            let unmounted = between(message, "unmounted volumes=[", "]").unwrap_or_default();
            let problem = between(message, "failed to process volumes=[", "]: ").map(|listed| {
                let at = message.find("failed to process volumes=[").unwrap_or_default();
                let skipped = at.saturating_add("failed to process volumes=[]: ".len()).saturating_add(listed.len());
                message.get(skipped..).unwrap_or_default()
            });
            let problem = problem.unwrap_or(message);
            let of_volume = |volume: &str| obstacle(need::volume_clause(pod.manifest(), volume), problem);
            let volumes: Vec<Obstacle> = unmounted.split_whitespace().map(of_volume).collect();
            if volumes.is_empty() { Vec::from([obstacle("a volume".into(), message)]) } else { volumes }
        }
        ObstacleKind::Network => Vec::from([obstacle(format!("the network of {}", node()), message)]),
        ObstacleKind::Sandbox => {
            let cause = message.strip_prefix("Failed to create pod sandbox: ").unwrap_or(message);
            Vec::from([obstacle("the Pod's sandbox".into(), cause)])
        }
        ObstacleKind::Devices => {
            let cause = message.strip_prefix("Failed to prepare dynamic resources: ").unwrap_or(message);
            Vec::from([obstacle("a device of its resource claims".into(), cause)])
        }
        ObstacleKind::Image => {
            let image = quoted_after(message, "image ").map(|image| format!("image {image:?}"));
            let cause = message.split_once("\": ").map_or(message, |(_, cause)| cause);
            Vec::from([obstacle(image.unwrap_or_else(|| "the image".into()), cause)])
        }
        ObstacleKind::Container => {
            let name = event.container.as_deref().map_or("a container".into(), |name| format!("`{name}`"));
            Vec::from([obstacle(name, message.strip_prefix("Error: ").unwrap_or(message))])
        }
        ObstacleKind::Probe => {
            let (probe, output) = message.split_once(" probe ").unwrap_or(("a", message));
            let name = event.container.as_deref().map(|name| format!(" of `{name}`")).unwrap_or_default();
            let output = output.trim_start_matches("failed: ").trim_start_matches("errored: ");
            Vec::from([obstacle(format!("the {} probe{name}", probe.to_lowercase()), output)])
        }
        ObstacleKind::Kill => {
            let cause = message.strip_prefix("error killing pod: ").unwrap_or(message);
            Vec::from([obstacle("the Pod".into(), cause)])
        }
    }
}

/// Returns the cause after `MountVolume.SetUp failed for volume "cfg" : `.
fn cause_of_volume<'a>(message: &'a str, volume: &str) -> &'a str {
    let quoted = format!("\"{volume}\"");
    let rest = message.split_once(&quoted).map_or(message, |(_, rest)| rest);
    let cause = rest.trim_start().trim_start_matches(':').trim_start();
    if cause.is_empty() { message } else { cause }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inner, _)| inner)
}

/// Returns what removes an obstacle.
fn advice(pod: &ObservedPod, kind: ObstacleKind, message: &str) -> Option<String> {
    let namespace = &pod.manifest().metadata.namespace;
    if let Some(advice) = missing_object(message, namespace) {
        return Some(advice);
    }
    Some(match kind {
        ObstacleKind::Attach if message.contains("Multi-Attach") => {
            "stop the Pod that uses the volume on another node, or wait until it is detached there; if that node is gone for good, \
             taint it with node.kubernetes.io/out-of-service"
                .into()
        }
        ObstacleKind::Attach => "look at the volume's driver and at its VolumeAttachment (kubectl get volumeattachments)".into(),
        ObstacleKind::Mount if message.contains(TIMED_OUT) => {
            "find out why the volume is not attached or not mounted: its claim (kubectl describe pvc), its VolumeAttachment, and the \
             log of its driver on the node"
                .into()
        }
        ObstacleKind::Mount if message.contains("not found in the list of registered CSI drivers") => {
            "get the CSI driver of the volume to run on the node".into()
        }
        ObstacleKind::Network | ObstacleKind::Sandbox => sandbox_advice(message),
        ObstacleKind::Devices => "look at the driver of the devices on the node, and at the Pod's resource claims".into(),
        ObstacleKind::Mount
        | ObstacleKind::Image
        | ObstacleKind::Container
        | ObstacleKind::Probe
        | ObstacleKind::Kill => return None,
    })
}

fn sandbox_advice(message: &str) -> String {
    if message.contains("no runtime for") || message.contains("RuntimeHandler") {
        "give the node the runtime of the Pod's runtimeClassName, or use another one".into()
    } else if message.contains("failed to get sandbox image") || message.contains("pause") {
        "get the node to pull the image of its sandboxes (pause), which its container runtime configures".into()
    } else if message.contains("assign an IP address") || message.contains("no IP addresses available") {
        "free IP addresses, or give the node's network more: it has none left for another Pod".into()
    } else {
        "repair the network plugin (CNI) or the container runtime of the node: its log says more".into()
    }
}

/// Returns advice on an object that a message says is missing; the messages are those of the API server's errors, of
/// `pkg/volume/{configmap,secret}` and of `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
pub(in crate::explain) fn missing_object(message: &str, namespace: &str) -> Option<String> {
    let within = if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
    for (word, kind) in [
        ("configmap ", "ConfigMap"),
        ("configmaps ", "ConfigMap"),
        ("secret ", "Secret"),
        ("secrets ", "Secret"),
        ("persistentvolumeclaim ", "claim"),
        ("persistentvolumeclaims ", "claim"),
        ("serviceaccount ", "ServiceAccount"),
        ("serviceaccounts ", "ServiceAccount"),
    ] {
        let is_missing = |name: &&str| message.contains(&format!("{word}\"{name}\" not found"));
        if let Some(name) = quoted_after(message, word).filter(is_missing) {
            return Some(format!("create the {kind} `{name}`{within}: the kubelet tries again by itself"));
        }
    }
    // `couldn't find key url in ConfigMap prod/shop`
    if let Some((key, rest)) = message.split_once("couldn't find key ").and_then(|(_, rest)| rest.split_once(" in ")) {
        let (kind, object) = rest.split_once(' ')?;
        let object = object.split([' ', ',']).next()?.rsplit('/').next()?;
        return Some(format!("add the key `{key}` to the {kind} `{object}`{within}"));
    }
    let (_, key) = message.split_once("references non-existent ")?;
    let (kind, key) = key.split_once(" key: ")?;
    let kind = if kind.starts_with("secret") { "Secret" } else { "ConfigMap" };
    Some(format!("add the key `{}` to the {kind} of the volume, or correct its items", key.split([' ', ',']).next()?))
}

/// Returns the probe for which the kubelet says that it kills a container, if the event is about the run that ended so.
///
/// Answers to `computePodActions` in `pkg/kubelet/kuberuntime`, which words the event `Killing`.
pub(super) fn killed_by_probe(pod: &ObservedPod, container: &str, end: &Termination) -> Option<ProbeKind> {
    let killing = pod.events().iter().filter(|event| {
        let is_about = event.reason == "Killing" && event.container.as_deref() == Some(container);
        // Events of one text are counted in one: its last occurrence is within the run, or one before it was.
        let is_after_start = end.started_at.is_none_or(|start| event.last_seen >= start);
        let is_before_end = end.finished_at.is_none_or(|end| event.first_seen.whole_seconds() <= end);
        is_about && is_after_start && is_before_end
    });
    let event = killing.max_by_key(|event| event.last_seen)?;
    let is_of = |kind: &ProbeKind| event.message.contains(&format!("failed {} probe", kind.name().to_lowercase()));
    [ProbeKind::Liveness, ProbeKind::Startup].into_iter().find(is_of)
}
