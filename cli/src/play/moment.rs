//! What happened at one instant.

use std::time::Duration;

use pod_lifecycle::{
    Action, KubernetesEvent,
    event::HookKind,
    explain::Explanation,
    go_duration,
    kubectl::Row,
    sim::{ExitCause, Occurrence},
    spec::{ContainerIndex, VolumeIndex},
};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::play::change::Change;

/// One instant at which something happened that is worth telling.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Moment {
    /// How long after the beginning.
    #[serde(serialize_with = "offset_and_seconds")]
    pub(crate) at: Duration,
    /// What `kubectl get pods` shows at its end; nothing once the object is gone.
    #[serde(serialize_with = "row")]
    pub(crate) row: Option<Row>,
    /// The same, but that of an object that is gone is as it last was.
    #[serde(skip)]
    pub(crate) last_row: Option<Row>,
    /// What was done and what happened, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) happened: Vec<String>,
    /// What changed in the published status.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
    /// The Kubernetes events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Event>,
    /// Why the Pod is as it is at its end, if that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) explanation: Option<Explanation>,
}

/// A Kubernetes event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<String>,
    pub(crate) message: String,
}

impl Moment {
    pub(crate) fn new(at: Duration) -> Moment {
        Moment {
            at,
            row: None,
            last_row: None,
            happened: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            explanation: None,
        }
    }

    /// True if there is anything to print.
    pub(crate) fn has_content(&self) -> bool {
        !(self.happened.is_empty() && self.changes.is_empty() && self.events.is_empty())
    }
}

/// Virtual time as people read it: `+1m20s`.
pub(crate) fn offset(at: Duration) -> String {
    format!("+{}", go_duration(at))
}

/// The names of a Pod's containers and volumes, by index.
pub(crate) struct Names {
    pub(crate) containers: Vec<String>,
    pub(crate) volumes: Vec<String>,
}

impl Names {
    pub(crate) fn of(&self, container: ContainerIndex) -> &str {
        self.containers.get(container.get()).map_or("?", String::as_str)
    }

    pub(crate) fn event(&self, event: &KubernetesEvent) -> Event {
        Event {
            type_: event.type_.to_string(),
            reason: event.reason.to_string(),
            container: event.container.map(|container| self.of(container).into()),
            message: event.message.clone(),
        }
    }

    /// What the kubelet asked for, if it is worth telling.
    pub(crate) fn asked(&self, action: &Action) -> Option<String> {
        match action {
            Action::StopContainer { container, timeout, .. } => {
                let (name, most) = (self.of(*container), timeout.as_secs());
                Some(format!("{name} is asked to stop, and killed if that takes more than {most}s"))
            }
            Action::RunHook { container, hook, .. } => {
                Some(format!("{} of {} begins", hook_name(*hook), self.of(*container)))
            }
            Action::UpdateContainerResources { container, .. } => {
                Some(format!("{} gets its new resources", self.of(*container)))
            }
            Action::RunPodSandbox { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::InspectImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
            | Action::PullImage { .. }
            | Action::CreateContainer { .. }
            | Action::StartContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::Probe { .. } => None,
            _ => None,
        }
    }

    fn volume_call(&self, call: &str, volume: VolumeIndex, error: Option<&str>) -> String {
        let name = self.volumes.get(volume.get()).map_or("?", String::as_str);
        match error {
            Some(error) => format!("the {call} of volume {name} fails: {error}"),
            None => format!("the {call} of volume {name} ends"),
        }
    }

    /// An occurrence in the runtime, if it is worth a line.
    pub(crate) fn happened(&self, happened: &Occurrence) -> Option<String> {
        match happened {
            Occurrence::ContainerExited { container, code, cause, .. } => {
                Some(format!("{} {}", self.of(*container), exit(*code, *cause)))
            }
            Occurrence::HookFinished { container, hook, code, .. } => {
                let how = code.map_or_else(|| "the container died".into(), |code| format!("exit code {code}"));
                Some(format!("{} of {} ends: {how}", hook_name(*hook), self.of(*container)))
            }
            Occurrence::VolumeSetUp { volume, error } => Some(self.volume_call("mount", *volume, error.as_deref())),
            Occurrence::VolumeTornDown { volume, error } => {
                Some(self.volume_call("unmount", *volume, error.as_deref()))
            }
            Occurrence::OtherPodRejected { name, reason } => {
                Some(format!("the node does not admit Pod {name}: {reason}"))
            }
            Occurrence::SandboxDied(_) => Some("the sandbox dies".into()),
            Occurrence::KubeletRestarted => Some("the kubelet restarts".into()),
            Occurrence::CallFailed { action, message, .. } => {
                let of = action.container().map_or_else(String::new, |container| format!(" of {}", self.of(container)));
                let failed = if matches!(**action, Action::RunPodSandbox { .. }) {
                    "the creation of the sandbox"
                } else if matches!(**action, Action::CreateContainer { .. }) {
                    "the creation"
                } else if matches!(
                    **action,
                    Action::UpdateContainerResources { .. }
                        | Action::UpdatePodSandboxResources { .. }
                        | Action::SetPodCgroup { .. }
                ) {
                    "the update of resources"
                } else {
                    "the start"
                };
                Some(format!("{failed}{of} fails: {message}"))
            }
            Occurrence::ResizeAnswered { generation: Some(_), .. } => Some("the API server takes the resize".into()),
            Occurrence::ResizeAnswered { refusals, .. } if refusals.is_empty() => {
                Some("the resize changes nothing".into())
            }
            Occurrence::ResizeAnswered { refusals, .. } => {
                Some(format!("the API server refuses the resize: {}", refusals.join("; ")))
            }
            Occurrence::Action(name) => Some(format!("script: {name}")),
            Occurrence::PullFinished { .. }
            | Occurrence::VolumePullFinished { .. }
            | Occurrence::ProbeFinished { .. } => None,
            _ => None,
        }
    }
}

fn hook_name(hook: HookKind) -> &'static str {
    match hook {
        HookKind::PostStart => "postStart",
        HookKind::PreStop => "preStop",
    }
}

fn exit(code: i32, cause: ExitCause) -> String {
    match cause {
        ExitCause::Itself => format!("exits by itself with code {code}"),
        ExitCause::Sigterm => format!("exits after SIGTERM with code {code}"),
        ExitCause::Sigkill => format!("is killed: code {code}"),
        ExitCause::SandboxDied => format!("dies with its sandbox: code {code}"),
        other => format!("ends ({other}): code {code}"),
    }
}

/// The offset as people read it; programs take the seconds.
fn offset_and_seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let mut both = serializer.serialize_struct("At", 2)?;
    both.serialize_field("offset", &offset(*at))?;
    both.serialize_field("seconds", &at.as_secs_f64())?;
    both.end()
}

fn row<S: Serializer>(row: &Option<Row>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(row) = row else { return serializer.serialize_none() };
    let mut columns = serializer.serialize_struct("Row", 4)?;
    columns.serialize_field("ready", &row.ready)?;
    columns.serialize_field("status", &row.status)?;
    columns.serialize_field("restarts", &row.restarts)?;
    columns.serialize_field("age", &row.age)?;
    columns.end()
}
