//! Our life in the form of the recordings.

use std::collections::BTreeMap;

use pod_lifecycle::{
    Action, SyncProgress, Timestamp,
    api::{self, Name},
    config::FeatureGate,
    event::HookKind,
    rule::probe::ProbeOutcome,
    sim::{EntryKind, Occurrence, Scenario, ScriptActionKind, Timeline, TimelineEntry},
    spec::{ContainerIndex, ContainerKind, PodSpec, ProbeKind, VolumeIndex},
    state::{InstanceId, LinuxResources, StartError},
};
use serde_json::{Value, json};

/// What the statuses of a recording have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusForm {
    /// Neither generations nor anything that the node adds.
    Short,
    /// Generations, classes of service and images.
    WithImages,
    /// Generations, classes of service and what the node adds, but no images (`config.fullStatus`).
    WithNode,
}

impl StatusForm {
    /// The form of a recorded life.
    pub(crate) fn of(line: &Value) -> StatusForm {
        if line["in"]["config"]["fullStatus"] == true {
            StatusForm::WithNode
        } else if line["out"]["statuses"][0]["status"]["qosClass"].is_string() {
            StatusForm::WithImages
        } else {
            StatusForm::Short
        }
    }
}

/// Our life in the form of the recordings.
pub(crate) struct Lift {
    pub timeline: Timeline,
    pub spec: PodSpec,
    pub scenario: Scenario,
    /// The recordings show images where a script changes one.
    pub shows_images: bool,
    pub form: StatusForm,
}

impl Lift {
    /// All of it.
    pub(crate) fn lift(&self) -> Value {
        let (mut statuses, mut calls, mut events, mut syncs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut pulls, mut starts) = (BTreeMap::new(), BTreeMap::new());
        for (place, TimelineEntry { at, kind, .. }) in self.timeline.entries.iter().enumerate() {
            // The recorder stopped before what was due at the very end.
            if self.scenario.script.end.is_some_and(|end| at.since(self.timeline.start) >= end) {
                break;
            }
            let t = self.t(*at);
            match kind {
                EntryKind::Action(Action::CreateContainer { container, instance, .. })
                    if !self.was_created(place, *container, *instance) => {}
                EntryKind::Status(status) => statuses.push(json!({ "t": t, "status": self.status(status) })),
                EntryKind::Action(action) => calls.extend(self.call(t, place, action, &mut pulls, &mut starts)),
                EntryKind::Occurrence(Occurrence::CallFailed { action, reason, message }) => {
                    self.call_failed(action, reason.as_ref(), message, &mut calls, &mut starts);
                }
                // The recorder says so of the action itself.
                EntryKind::Occurrence(Occurrence::OtherPodRejected { reason, .. }) => {
                    if let Some(arrival) = calls.last_mut() {
                        arrival["refused"] = json!(reason);
                    }
                }
                EntryKind::Occurrence(happened) => calls.push(self.happened(t, happened)),
                EntryKind::Event(event) => events.push(json!({
                    "t": t, "type": event.type_.name(), "reason": event.reason, "message": event.message,
                    "container": event.container.map_or("", |container| self.spec.container_name(container)),
                })),
                EntryKind::Transition(_) => {}
                EntryKind::Sync(progress) => self.sync(t, *progress, &mut syncs),
                _ => unreachable!("{kind:?} is new here"),
            }
        }
        // The recorder sorts what independent volumes do at one instant by their names.
        for of_instant in
            calls.chunk_by_mut(|one, other| is_of_volume(one) && is_of_volume(other) && one["t"] == other["t"])
        {
            of_instant.sort_by_key(|call| call["volume"].as_str().unwrap_or_default().to_owned());
        }
        json!({ "statuses": statuses, "cri": calls, "events": events, "syncs": syncs, "end": { "t": self.t(self.timeline.end.at) } })
    }

    /// Whether a creation is shown: one that succeeded, so that a start follows, or one that the script had fail.
    fn was_created(&self, place: usize, container: ContainerIndex, instance: InstanceId) -> bool {
        let mut later = self.timeline.entries.iter().skip(place + 1).map(|entry| &entry.kind);
        later.find_map(|kind| {
            if let EntryKind::Action(action) = kind {
                return Some(*action == Action::StartContainer { container, instance });
            }
            matches!(kind, EntryKind::Occurrence(Occurrence::CallFailed { .. })).then_some(true)
        }) == Some(true)
    }

    /// Marks the last call of this kind as failed, or takes back one that the kubelet never made.
    fn call_failed(
        &self,
        action: &Action,
        reason: Option<&StartError>,
        message: &str,
        calls: &mut Vec<Value>,
        starts: &mut BTreeMap<ContainerIndex, usize>,
    ) {
        if matches!(
            action,
            Action::UpdateContainerResources { .. }
                | Action::UpdatePodSandboxResources { .. }
                | Action::SetPodCgroup { .. }
        ) {
            // Answered before anything else happens, so it is the last call.
            if let Some(call) = calls.last_mut() {
                call["error"] = json!(message);
            }
            return;
        }
        let op = if matches!(action, Action::RunPodSandbox { .. }) {
            "RunPodSandbox"
        } else if matches!(action, Action::CreateContainer { .. }) {
            "CreateContainer"
        } else {
            "StartContainer"
        };
        let Some(place) = calls.iter().rposition(|call| call["op"] == op) else { return };
        match reason {
            Some(StartError::CreateContainerConfigError | StartError::PreCreateHookError) => {
                calls.remove(place);
                return;
            }
            // The creation itself succeeded.
            Some(StartError::PreStartHookError) => return,
            Some(_) | None => {}
        }
        calls[place]["error"] = json!(message);
        // What was not made has no id, and a start that failed is no run.
        if op == "StartContainer" {
            calls[place]["run"] = Value::Null;
            if let Some(n) = action.container().and_then(|container| starts.get_mut(&container)) {
                *n -= 1;
            }
        } else {
            calls[place]["id"] = Value::Null;
        }
    }

    /// Whether an instance had ended when an entry was written.
    fn has_exited(&self, place: usize, container: ContainerIndex, instance: InstanceId) -> bool {
        self.timeline.entries.iter().take(place).any(|entry| {
            let EntryKind::Occurrence(Occurrence::ContainerExited { container: of, instance: which, .. }) = &entry.kind
            else {
                return false;
            };
            (*of, *which) == (container, instance)
        })
    }

    fn t(&self, at: Timestamp) -> f64 {
        (at.since(self.timeline.start).as_micros() as f64 / 1e3).round() / 1e3
    }

    fn seconds(&self, at: Option<Timestamp>) -> Value {
        // The start of a container that the runtime could not start.
        if at == Some(Timestamp::UNIX_EPOCH) {
            return json!("1970-01-01T00:00:00Z");
        }
        at.map_or(Value::Null, |at| json!(at.unix_seconds() - self.timeline.start.unix_seconds()))
    }

    fn status(&self, status: &api::PodStatus) -> Value {
        let conditions = status.conditions.iter().map(|condition| {
            json!({
                "type": condition.type_, "status": condition.status.as_str(),
                "reason": text(&condition.reason), "message": text(&condition.message),
                "lastTransitionTime": self.seconds(condition.last_transition_time),
                "observedGeneration": self.generation(condition.observed_generation),
            })
        });
        let list = |entries: Vec<Value>| if entries.is_empty() { Value::Null } else { json!(entries) };
        let containers =
            |statuses: &[api::ContainerStatus]| list(statuses.iter().map(|status| self.container(status)).collect());
        json!({
            "phase": status.phase.as_ref().map(|phase| phase.as_str()),
            "reason": text(&status.reason), "message": text(&status.message),
            "startTime": self.seconds(status.start_time),
            "observedGeneration": self.generation(status.observed_generation),
            "allocatedResources": status.other.get("allocatedResources").filter(|_| self.shows_resources()),
            "resources": status.other.get("resources").filter(|_| self.shows_resources()),
            "conditions": list(conditions.collect()),
            "initContainerStatuses": containers(&status.init_container_statuses),
            "containerStatuses": containers(&status.container_statuses),
            "ephemeralContainerStatuses": containers(&status.ephemeral_container_statuses),
        })
    }

    fn generation(&self, generation: i64) -> Value {
        if self.form != StatusForm::Short && generation != 0 { json!(generation) } else { Value::Null }
    }

    fn shows_resources(&self) -> bool {
        self.form == StatusForm::WithNode
    }

    fn container(&self, status: &api::ContainerStatus) -> Value {
        let ephemeral = self.spec.index_of(&status.name).and_then(|index| self.spec.container(index));
        let is_ephemeral = ephemeral.is_some_and(|it| it.kind() == ContainerKind::Ephemeral);
        json!({
            "image": self.shows_images.then_some(&status.image),
            "imageFull": (self.form == StatusForm::WithImages).then_some(&status.image),
            "started": status.started.filter(|_| !is_ephemeral),
            "name": status.name, "ready": status.ready, "restartCount": status.restart_count,
            "containerID": self.recorded_id(&status.container_id),
            "allocatedResources": Some(&status.allocated_resources).filter(|_| self.shows_resources()),
            "resources": Some(&status.resources).filter(|_| self.shows_resources()),
            "stopSignal": status.other.get("stopSignal"),
            "volumeMounts": (!status.volume_mounts.is_empty()).then_some(&status.volume_mounts),
            "state": self.state(&status.state), "lastState": self.state(&status.last_state),
        })
    }

    fn state(&self, state: &api::ContainerState) -> Value {
        let waiting = state.waiting.as_ref().map(|waiting| {
            let message = as_recorded(&waiting.message);
            let members = [("reason", text(&waiting.reason)), ("message", text(&message))];
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
        });
        let running = state.running.as_ref().map(|running| json!({ "startedAt": self.seconds(running.started_at) }));
        let terminated = state.terminated.as_ref().map(|end| {
            json!({
                "exitCode": end.exit_code, "reason": text(&end.reason), "message": text(&end.message),
                "startedAt": self.seconds(end.started_at), "finishedAt": self.seconds(end.finished_at),
                "containerID": self.recorded_id(&end.container_id),
            })
        });
        json!({ "waiting": waiting, "running": running, "terminated": terminated })
    }

    fn call(
        &self,
        t: f64,
        place: usize,
        action: &Action,
        pulls: &mut BTreeMap<String, u32>,
        starts: &mut BTreeMap<ContainerIndex, usize>,
    ) -> Option<Value> {
        let name = |container: &ContainerIndex| self.spec.container_name(*container);
        Some(match action {
            Action::RunPodSandbox { sandbox } => {
                json!({ "t": t, "op": "RunPodSandbox", "id": format!("sb-{}", sandbox.0), "attempt": sandbox.0 })
            }
            Action::StopPodSandbox { sandbox } => {
                json!({ "t": t, "op": "StopPodSandbox", "id": format!("sb-{}", sandbox.0) })
            }
            Action::PullImage { container } => {
                let tries = pulls.entry(name(container).to_owned()).or_default();
                *tries += 1;
                json!({ "t": t, "op": "PullImage", "container": name(container), "try": *tries - 1 })
            }
            // The recorder names the image of a volume as that of a container.
            Action::PullVolumeImage { volume } => {
                let tries = pulls.entry(self.volume(*volume).to_owned()).or_default();
                *tries += 1;
                json!({ "t": t, "op": "PullImage", "container": self.volume(*volume), "try": *tries - 1 })
            }
            Action::CreateContainer { container, instance, restart_count } => json!({
                "t": t, "op": "CreateContainer", "container": name(container),
                "id": self.id(*container, *instance), "attempt": restart_count, "stopSignal": self.stop_signal(*container),
            }),
            Action::StartContainer { container, instance } => {
                let n = starts.entry(*container).or_default();
                *n += 1;
                let script = self.scenario.script.containers.get(name(container));
                let last = script.map_or(0, |script| script.runs.len().saturating_sub(1));
                json!({
                    "t": t, "op": "StartContainer", "container": name(container),
                    "id": self.id(*container, *instance), "run": (*n - 1).min(last),
                })
            }
            Action::StopContainer { container, instance, timeout } => json!({
                "t": t, "op": "StopContainer", "container": name(container),
                "id": self.id(*container, *instance), "timeout": timeout.as_secs(),
            }),
            Action::RemoveContainer { container, instance } => json!({
                "t": t, "op": "RemoveContainer", "container": name(container), "id": self.id(*container, *instance),
            }),
            Action::RunHook { container, instance, hook } => json!({
                "t": t, "op": "ExecSync", "container": name(container),
                "id": self.id(*container, *instance), "kind": hook_name(*hook),
                "result": self.has_exited(place, *container, *instance).then_some("notRunning"),
            }),
            Action::SetUpVolume { volume } => json!({ "t": t, "op": "~SetUp", "volume": self.volume(*volume) }),
            Action::TearDownVolume { volume } => json!({ "t": t, "op": "~TearDown", "volume": self.volume(*volume) }),
            Action::UpdateContainerResources { container, instance, resources } => json!({
                "t": t, "op": "UpdateContainerResources", "container": name(container),
                "id": self.id(*container, *instance), "resources": linux(resources),
            }),
            Action::UpdatePodSandboxResources { sandbox, resources } => json!({
                "t": t, "op": "UpdatePodSandboxResources", "id": format!("sb-{}", sandbox.0),
                "resources": linux(resources),
            }),
            Action::SetPodCgroup { resources } => {
                json!({ "t": t, "op": "SetPodCgroup", "resources": linux(resources) })
            }
            Action::InspectImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::Probe { .. }
            | Action::MeasureMemory
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. } => return None,
            _ => unreachable!("{action:?} is new here"),
        })
    }

    /// The signal that the kubelet passes to the runtime.
    fn stop_signal(&self, container: ContainerIndex) -> Option<&str> {
        let kubernetes = self.scenario.kubelet_config().ok()?.kubernetes;
        let signal = self.spec.container(container)?.stop_signal();
        signal.filter(|_| kubernetes.is_enabled(FeatureGate::ContainerStopSignals))
    }

    fn happened(&self, t: f64, happened: &Occurrence) -> Value {
        let name = |container: &ContainerIndex| self.spec.container_name(*container);
        match happened {
            Occurrence::ContainerExited { container, instance, code, cause } => json!({
                "t": t, "op": "~Exit", "container": name(container), "id": self.id(*container, *instance),
                "exitCode": code, "cause": cause.name(),
            }),
            Occurrence::PullFinished { container, succeeded } => json!({
                "t": t, "op": "~PullEnd", "container": name(container), "result": if *succeeded { "ok" } else { "error" },
            }),
            Occurrence::VolumePullFinished { volume, succeeded } => json!({
                "t": t, "op": "~PullEnd", "container": self.volume(*volume),
                "result": if *succeeded { "ok" } else { "error" },
            }),
            Occurrence::HookFinished { container, instance, hook, code } => json!({
                "t": t, "op": "~ExecEnd", "container": name(container), "id": self.id(*container, *instance),
                "kind": hook_name(*hook),
                "result": code.map_or("containerDied".to_owned(), |code| format!("exit {code}")),
            }),
            Occurrence::ProbeFinished { container, instance, kind, outcome } => json!({
                "t": t, "op": "ExecSync", "container": name(container), "id": self.id(*container, *instance),
                "kind": probe_name(*kind),
                "result": match outcome {
                    Some(ProbeOutcome::Success | ProbeOutcome::Warning) => "success",
                    Some(ProbeOutcome::Failure | ProbeOutcome::Unknown) => "failure",
                    Some(ProbeOutcome::Error) => "error",
                    None => "notRunning",
                },
            }),
            Occurrence::VolumeSetUp { volume, error } => json!({
                "t": t, "op": "~SetUpEnd", "volume": self.volume(*volume), "result": error.as_deref().unwrap_or("ok"),
            }),
            Occurrence::VolumeTornDown { volume, error } => json!({
                "t": t, "op": "~TearDownEnd", "volume": self.volume(*volume), "result": error.as_deref().unwrap_or("ok"),
            }),
            Occurrence::SandboxDied(sandbox) => {
                json!({ "t": t, "op": "~SandboxDied", "id": format!("sb-{}", sandbox.0) })
            }
            Occurrence::ResizeAnswered { generation, refusals } => {
                let mut answer = json!({ "t": t, "op": "~Action", "action": "resize" });
                match generation {
                    Some(generation) => answer["generation"] = json!(generation),
                    None if refusals.is_empty() => answer["noChange"] = json!(true),
                    None => answer["rejected"] = json!(refusals),
                }
                answer
            }
            Occurrence::KubeletRestarted => json!({ "t": t, "op": "~KubeletRestart" }),
            Occurrence::Action(action) => {
                json!({ "t": t, "op": "~Action", "action": action, "name": self.leaving_pod(t, action) })
            }
            Occurrence::CallFailed { .. } | _ => unreachable!("{happened:?} is new here"),
        }
    }

    /// The name of the other Pod that leaves the node.
    fn leaving_pod(&self, t: f64, action: &str) -> Option<&str> {
        let mut actions = self.scenario.script.actions.iter().filter(|it| (it.at.as_secs_f64() - t).abs() < 1e-3);
        actions.find_map(|it| {
            let ScriptActionKind::OtherPodLeaves { name } = &it.kind else { return None };
            (it.kind.name() == action).then_some(name.as_str())
        })
    }

    fn sync(&self, t: f64, progress: SyncProgress, syncs: &mut Vec<Value>) {
        match progress {
            SyncProgress::Began { kind, grace } => {
                let mut sync = json!({ "t": t, "kind": kind.name() });
                if kind == pod_lifecycle::SyncKind::Terminating {
                    sync["gracePeriod"] = grace.map_or(json!(-1), |grace| json!(grace.as_secs()));
                }
                syncs.push(sync);
            }
            SyncProgress::Ended { failed, .. } => {
                let Some(sync) = syncs.last_mut() else { return };
                if failed {
                    sync["error"] = json!(true);
                }
                if sync["t"].as_f64() != Some(t) {
                    sync["until"] = json!(t);
                }
            }
        }
    }

    fn volume(&self, volume: VolumeIndex) -> &str {
        self.spec.volume(volume).map_or("", |volume| volume.name())
    }

    fn id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        // The recorder's runtime counts the containers that it has created, the machine also those that failed.
        let has_failed = |entry: &TimelineEntry| {
            let EntryKind::Occurrence(Occurrence::CallFailed { action, reason, .. }) = &entry.kind else {
                return false;
            };
            let is_creation = matches!(**action, Action::CreateContainer { container: of, instance: id, .. }
                if of == container && id < instance);
            is_creation && *reason != Some(StartError::PreStartHookError)
        };
        let failed = self.timeline.entries.iter().filter(|entry| has_failed(entry)).count();
        format!("c-{}-{}", self.spec.container_name(container), instance.ordinal() as usize - failed)
    }

    /// The recorder's id of a container with this one of ours, if it is one.
    fn recorded_id(&self, id: &str) -> Value {
        let parts = id.strip_prefix("c-").and_then(|id| id.rsplit_once('-'));
        let known = parts.and_then(|(name, number)| Some((self.spec.index_of(name)?, number.parse().ok()?)));
        known.map_or_else(|| text(id), |(container, number)| json!(self.id(container, InstanceId::nth(number))))
    }
}

fn is_of_volume(call: &Value) -> bool {
    call["volume"].is_string()
}

/// Returns a message in which the error of a command is as the recorder's runtime words it.
fn as_recorded(message: &str) -> String {
    let Some((before, command)) = message.split_once("error: command '") else { return message.to_owned() };
    let Some((code, after)) = command.split_once("' exited with ").and_then(|(_, rest)| rest.split_once(": ")) else {
        return message.to_owned();
    };
    format!("{before}error: command terminated with exit code {code}{after}")
}

/// Resources of a call; what is not set is left out.
fn linux(resources: &LinuxResources) -> Value {
    let LinuxResources { cpu_shares, cpu_quota, cpu_period_micros, memory_limit } = *resources;
    let all = [
        ("cpuShares", cpu_shares),
        ("cpuQuota", cpu_quota),
        ("cpuPeriod", cpu_period_micros),
        ("memoryLimit", memory_limit),
    ];
    Value::Object(all.iter().filter(|(_, it)| *it != 0).map(|(name, it)| ((*name).to_owned(), json!(it))).collect())
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn hook_name(hook: HookKind) -> &'static str {
    match hook {
        HookKind::PostStart => "postStart",
        HookKind::PreStop => "preStop",
    }
}

fn probe_name(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Liveness => "liveness",
    }
}
