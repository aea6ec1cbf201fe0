//! Whole lives: the scenario is played again, and what came of it is compared at four levels.

use std::collections::BTreeMap;

use pod_lifecycle::{
    Action, SyncProgress, Timestamp,
    event::HookKind,
    manifest::{self, Name},
    rule::probe::ProbeOutcome,
    sim::{Entry, Happened, Scenario, ScenarioError, ScriptAction, ScriptActionKind, Settings, Timeline, What},
    spec::{ContainerIndex, ContainerKind, PodSpec, ProbeKind},
    state::InstanceId,
};
use serde_json::{Value, json};

use super::Difference;

/// What of a life is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The last status of each instant.
    Statuses,
    /// The calls of the runtime, without probes, hooks and removals.
    Runtime,
    /// The Kubernetes events.
    Events,
    /// Everything.
    Exact,
}

/// All levels, from the most visible to the strictest.
pub const LEVELS: [(Level, &str); 4] =
    [(Level::Statuses, "statuses"), (Level::Runtime, "runtime"), (Level::Events, "events"), (Level::Exact, "exact")];

/// Whether a line records a life.
pub fn is_life(line: &Value) -> bool {
    line["in"]["script"].is_object()
}

/// Plays a recorded life again, and writes it down as the recordings do.
pub fn replay(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, Scenario::play)
}

/// Plays a recorded life again, and has its Pod taken up anew where the kubelet restarts.
pub fn replay_resumed(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, |scenario| scenario.life()?.with_resumed_restarts().play())
}

/// Plays a life and writes it down as the recordings do.
fn lift(scenario: Scenario, play: impl Fn(&Scenario) -> Result<Timeline, ScenarioError>) -> Result<Value, String> {
    let timeline = play(&scenario).map_err(|error| error.to_string())?;
    let spec = PodSpec::from_admitted(&timeline.pod).map_err(|error| error.to_string())?;
    let changes_image = |action: &ScriptAction| matches!(action.kind, ScriptActionKind::SetImage { .. });
    let shows_images = scenario.script.actions.iter().any(changes_image);
    Ok(Lift { timeline, spec, scenario, shows_images }.lift())
}

/// Compares a recorded life with ours; one verdict a level.
pub fn check(line: &Value) -> Vec<Result<(), Difference>> {
    check_played(line, &replay(line))
}

/// Compares a recorded life with one of ours; one verdict a level.
pub fn check_played(line: &Value, played: &Result<Value, String>) -> Vec<Result<(), Difference>> {
    LEVELS
        .map(|(level, _)| match played {
            Ok(ours) => compare(&line["out"], ours, level),
            Err(error) => Err(Difference { expected: Value::Null, got: json!({ "error": error }), places: Vec::new() }),
        })
        .into()
}

/// The scenario of a recorded life: its manifest was admitted by the API server.
pub fn scenario(line: &Value) -> Result<Scenario, String> {
    let input = &line["in"];
    let read = |error: serde_json::Error| error.to_string();
    let seconds = |name: &str| input["config"][name].as_u64().and_then(|value| u32::try_from(value).ok());
    Ok(Scenario {
        description: String::new(),
        pod: serde_json::from_value(input["pod"].clone()).map_err(read)?,
        script: serde_json::from_value(input["script"].clone()).map_err(read)?,
        config: Settings {
            resync_seconds: input["config"]["resyncSeconds"].as_f64(),
            max_container_restart_period_seconds: seconds("maxContainerRestartPeriodSeconds"),
            reduced_crash_loop_back_off: input["config"]["reducedCrashLoopBackOff"] == true,
            feature_gates: read_or_default(&input["config"]["featureGates"])?,
            pleg: read_or_default(&input["config"]["pleg"])?,
            relist_after_sync: input["config"]["relistAfterPass"] == true,
            // The recorder did not run the kubelet's garbage collection.
            garbage_collection_seconds: Some(0.0),
            admitted: true,
            ..Settings::default()
        },
    })
}

fn read_or_default<T: serde::de::DeserializeOwned + Default>(value: &Value) -> Result<T, String> {
    if value.is_null() { Ok(T::default()) } else { serde_json::from_value(value.clone()).map_err(|it| it.to_string()) }
}

/// The parts of a life that a level compares, each a list of entries.
fn parts(out: &Value, level: Level) -> Vec<(&'static str, Vec<Value>)> {
    let list = |name: &str| out[name].as_array().cloned().unwrap_or_default();
    let end = out["end"]["t"].as_f64();
    match level {
        Level::Statuses => vec![("statuses", last_of_each_instant(list("statuses")))],
        Level::Runtime => vec![("cri", list("cri").into_iter().filter(is_visible_call).collect())],
        Level::Events => vec![("events", list("events"))],
        Level::Exact => {
            let is_late_removal = |call: &Value| call["op"] == "RemoveContainer" && call["t"].as_f64() == end;
            vec![
                ("statuses", without_repeats(list("statuses"))),
                ("cri", list("cri").into_iter().filter(|call| !is_late_removal(call)).collect()),
                ("events", list("events")),
                ("syncs", list("syncs")),
            ]
        }
    }
}

fn is_visible_call(call: &Value) -> bool {
    let op = call["op"].as_str().unwrap_or_default();
    !op.starts_with('~') && op != "ExecSync" && op != "RemoveContainer"
}

/// A status that says what the one before it says is no news.
fn without_repeats(mut statuses: Vec<Value>) -> Vec<Value> {
    statuses.dedup_by(|after, before| normal(&after["status"]) == normal(&before["status"]));
    statuses
}

fn last_of_each_instant(statuses: Vec<Value>) -> Vec<Value> {
    let mut last: Vec<Value> = Vec::new();
    for status in statuses {
        match last.last_mut() {
            Some(before) if before["t"].as_f64() == status["t"].as_f64() => *before = status,
            _ => last.push(status),
        }
    }
    // An instant that ends as the one before it did shows nothing new.
    without_repeats(last)
}

/// The first entry that differs, with those before it.
fn compare(expected: &Value, ours: &Value, level: Level) -> Result<(), Difference> {
    for ((name, expected), (_, ours)) in parts(expected, level).into_iter().zip(parts(ours, level)) {
        let count = expected.len().max(ours.len());
        let differs = |place: &usize| match (expected.get(*place), ours.get(*place)) {
            (Some(one), Some(other)) => normal(one) != normal(other),
            _ => true,
        };
        let Some(place) = (0..count).find(differs) else { continue };
        let around = expected.iter().take(place).skip(place.saturating_sub(3));
        let or_end = |entries: &[Value]| entries.get(place).cloned().unwrap_or_else(|| json!("nothing more"));
        return Err(Difference {
            expected: or_end(&expected),
            got: or_end(&ours),
            places: std::iter::once(format!("{name}[{place}], after"))
                .chain(around.map(|entry| format!("  {entry}")))
                .collect(),
        });
    }
    Ok(())
}

/// Numbers by value, members that are nothing left out.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), normal(value)));
            Value::Object(members.filter(|(name, value)| !value.is_null() && !is_unset(name, value)).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(normal).collect()),
        Value::Number(number) => json!(number.as_f64()),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// A last state that says nothing is left out.
fn is_unset(name: &str, value: &Value) -> bool {
    name == "lastState" && *value == json!({})
}

/// Our life in the form of the recordings.
struct Lift {
    timeline: Timeline,
    spec: PodSpec,
    scenario: Scenario,
    /// The recordings show images where a script changes one.
    shows_images: bool,
}

impl Lift {
    fn lift(&self) -> Value {
        let (mut statuses, mut calls, mut events, mut syncs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut pulls, mut starts) = (BTreeMap::new(), BTreeMap::new());
        for (place, Entry { at, what }) in self.timeline.entries.iter().enumerate() {
            let t = self.t(*at);
            match what {
                What::Asked(Action::CreateContainer { container, instance, .. })
                    if !self.was_created(place, *container, *instance) => {}
                What::Status(status) => statuses.push(json!({ "t": t, "status": self.status(status) })),
                What::Asked(action) => calls.extend(self.call(t, place, action, &mut pulls, &mut starts)),
                What::Happened(happened) => calls.push(self.happened(t, happened)),
                What::Event(event) => events.push(json!({
                    "t": t, "type": event.type_.name(), "reason": event.reason, "message": event.message,
                    "container": event.container.map_or("", |container| self.spec.container_name(container)),
                })),
                What::Changed(_) => {}
                What::Sync(news) => self.sync(t, *news, &mut syncs),
            }
        }
        json!({ "statuses": statuses, "cri": calls, "events": events, "syncs": syncs, "end": { "t": self.t(self.timeline.end.at) } })
    }

    /// The recordings show the creations that succeeded: those that a start follows.
    fn was_created(&self, place: usize, container: ContainerIndex, instance: InstanceId) -> bool {
        let asked = self
            .timeline
            .entries
            .iter()
            .skip(place + 1)
            .find_map(|entry| if let What::Asked(action) = &entry.what { Some(action) } else { None });
        asked == Some(&Action::StartContainer { container, instance })
    }

    /// Whether an instance had ended when an entry was written.
    fn has_exited(&self, place: usize, container: ContainerIndex, instance: InstanceId) -> bool {
        self.timeline.entries.iter().take(place).any(|entry| {
            let What::Happened(Happened::Exit { container: of, instance: which, .. }) = &entry.what else {
                return false;
            };
            (*of, *which) == (container, instance)
        })
    }

    fn t(&self, at: Timestamp) -> f64 {
        (at.since(self.timeline.start).as_micros() as f64 / 1e3).round() / 1e3
    }

    fn seconds(&self, at: Option<Timestamp>) -> Value {
        at.map_or(Value::Null, |at| json!(at.unix_seconds() - self.timeline.start.unix_seconds()))
    }

    fn status(&self, status: &manifest::PodStatus) -> Value {
        let conditions = status.conditions.iter().map(|condition| {
            json!({
                "type": condition.type_, "status": condition.status.as_str(),
                "reason": text(&condition.reason), "message": text(&condition.message),
                "lastTransitionTime": self.seconds(condition.last_transition_time),
            })
        });
        let containers = |statuses: &[manifest::ContainerStatus]| {
            let statuses: Vec<Value> = statuses.iter().map(|status| self.container(status)).collect();
            if statuses.is_empty() { Value::Null } else { json!(statuses) }
        };
        json!({
            "phase": status.phase.as_ref().map(|phase| phase.as_str()),
            "reason": text(&status.reason), "message": text(&status.message),
            "startTime": self.seconds(status.start_time),
            "conditions": conditions.collect::<Vec<_>>(),
            "initContainerStatuses": containers(&status.init_container_statuses),
            "containerStatuses": containers(&status.container_statuses),
            "ephemeralContainerStatuses": containers(&status.ephemeral_container_statuses),
        })
    }

    fn container(&self, status: &manifest::ContainerStatus) -> Value {
        let ephemeral = self.spec.index_of(&status.name).and_then(|index| self.spec.container(index));
        let is_ephemeral = ephemeral.is_some_and(|it| it.kind() == ContainerKind::Ephemeral);
        json!({
            "image": self.shows_images.then_some(&status.image),
            "started": status.started.filter(|_| !is_ephemeral),
            "name": status.name, "ready": status.ready, "restartCount": status.restart_count,
            "containerID": text(&status.container_id),
            "state": self.state(&status.state), "lastState": self.state(&status.last_state),
        })
    }

    fn state(&self, state: &manifest::ContainerState) -> Value {
        let waiting = state.waiting.as_ref().map(|waiting| {
            let members = [("reason", text(&waiting.reason)), ("message", text(&waiting.message))];
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
        });
        let running = state.running.as_ref().map(|running| json!({ "startedAt": self.seconds(running.started_at) }));
        let terminated = state.terminated.as_ref().map(|end| {
            json!({
                "exitCode": end.exit_code, "reason": text(&end.reason), "message": text(&end.message),
                "startedAt": self.seconds(end.started_at), "finishedAt": self.seconds(end.finished_at),
                "containerID": text(&end.container_id),
            })
        });
        json!({ "waiting": waiting, "running": running, "terminated": terminated })
    }

    fn call(
        &self,
        t: f64,
        place: usize,
        action: &Action,
        pulls: &mut BTreeMap<ContainerIndex, u32>,
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
                let tries = pulls.entry(*container).or_default();
                *tries += 1;
                json!({ "t": t, "op": "PullImage", "container": name(container), "try": *tries - 1 })
            }
            Action::CreateContainer { container, instance, restart_count } => json!({
                "t": t, "op": "CreateContainer", "container": name(container),
                "id": self.id(*container, *instance), "attempt": restart_count,
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
                "id": self.id(*container, *instance), "timeout": timeout,
            }),
            Action::RemoveContainer { container, instance } => json!({
                "t": t, "op": "RemoveContainer", "container": name(container), "id": self.id(*container, *instance),
            }),
            Action::RunHook { container, instance, hook } => json!({
                "t": t, "op": "ExecSync", "container": name(container),
                "id": self.id(*container, *instance), "kind": hook_name(*hook),
                "result": self.has_exited(place, *container, *instance).then_some("notRunning"),
            }),
            Action::InspectImage { .. } | Action::Probe { .. } | Action::RemovePodSandbox { .. } => return None,
        })
    }

    fn happened(&self, t: f64, happened: &Happened) -> Value {
        let name = |container: &ContainerIndex| self.spec.container_name(*container);
        match happened {
            Happened::Exit { container, instance, code, cause } => json!({
                "t": t, "op": "~Exit", "container": name(container), "id": self.id(*container, *instance),
                "exitCode": code, "cause": cause.name(),
            }),
            Happened::PullEnd { container, succeeded } => json!({
                "t": t, "op": "~PullEnd", "container": name(container), "result": if *succeeded { "ok" } else { "error" },
            }),
            Happened::HookEnd { container, instance, hook, code } => json!({
                "t": t, "op": "~ExecEnd", "container": name(container), "id": self.id(*container, *instance),
                "kind": hook_name(*hook),
                "result": code.map_or("containerDied".to_owned(), |code| format!("exit {code}")),
            }),
            Happened::Probed { container, instance, kind, outcome } => json!({
                "t": t, "op": "ExecSync", "container": name(container), "id": self.id(*container, *instance),
                "kind": probe_name(*kind),
                "result": match outcome {
                    Some(ProbeOutcome::Success | ProbeOutcome::Warning) => "success",
                    Some(ProbeOutcome::Failure | ProbeOutcome::Unknown) => "failure",
                    Some(ProbeOutcome::Error) => "error",
                    None => "notRunning",
                },
            }),
            Happened::SandboxDied(sandbox) => {
                json!({ "t": t, "op": "~SandboxDied", "id": format!("sb-{}", sandbox.0) })
            }
            Happened::KubeletRestarted => json!({ "t": t, "op": "~KubeletRestart" }),
            Happened::Action(action) => json!({ "t": t, "op": "~Action", "action": action }),
        }
    }

    fn sync(&self, t: f64, news: SyncProgress, syncs: &mut Vec<Value>) {
        match news {
            SyncProgress::Began { kind, grace } => {
                let mut sync = json!({ "t": t, "kind": kind.name() });
                if kind == pod_lifecycle::SyncKind::Terminating {
                    sync["gracePeriod"] = json!(grace.unwrap_or(-1));
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

    fn id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        format!("c-{}-{}", self.spec.container_name(container), instance.ordinal())
    }
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
