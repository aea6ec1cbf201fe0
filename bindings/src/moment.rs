//! Moment: the state of a simulated Pod at one time: kubectl's output, explanation, upcoming steps and events.

use std::collections::BTreeSet;

use pod_lifecycle::{
    KubernetesEvent, Timestamp,
    explain::{ContainerExplanation, Explanation, Next, NextStep, Situation, StopStep, WaitingFor, When},
    go_duration,
    kubectl::describe,
    sim::{EntryKind, Occurrence, Timeline},
    spec::ProbeKind,
    status::{RecordedEvent, fold_events},
};
use serde::Serialize;

use crate::row::Row;

/// State of a simulated Pod at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Seconds since the start.
    pub seconds: f64,
    /// The same as text: `+1m30s`.
    pub offset: String,
    /// Time of day in the cluster.
    pub clock: String,
    /// Output of `kubectl get pods`; `None` once the object is removed.
    pub row: Option<Row>,
    /// Output of `kubectl describe pod`.
    pub describe: String,
    /// Lines of the explanation.
    pub explanation: Vec<String>,
    /// Upcoming steps, the next one first.
    pub upcoming: Vec<Upcoming>,
    /// Kubernetes events so far, the newest first.
    pub events: Vec<EventRow>,
}

/// Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventRow {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Reason.
    pub reason: String,
    /// Container, if the event is about one.
    pub container: Option<String>,
    /// Message.
    pub message: String,
    /// Number of times that it was recorded.
    pub count: u32,
    /// Last time: `+1m30s`.
    pub last: String,
}

/// Upcoming step, or something that a container waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Upcoming {
    /// Description: `api starts`.
    pub what: String,
    /// Time: `in 40s`, `in 5s or later`; empty if it has no time of its own.
    pub when: String,
    /// The same in seconds since the start.
    pub seconds: Option<f64>,
}

impl Moment {
    pub(crate) fn of(timeline: &Timeline, explanation: &Explanation, now: Timestamp) -> Moment {
        let (pod, since) = (timeline.object_at(now), now.since(timeline.start));
        let events = fold_events(&events_until(timeline, now));
        let mut newest_first: Vec<&RecordedEvent> = events.iter().collect();
        newest_first.sort_by_key(|event| core::cmp::Reverse(event.last_seen));
        Moment {
            seconds: since.as_secs_f64(),
            offset: offset(timeline, now),
            clock: now.to_string(),
            row: pod.as_ref().map(|pod| Row::of(pod, now)),
            describe: pod.as_ref().map_or_else(String::new, |pod| describe(pod, &events, now)),
            explanation: explanation.to_string().lines().map(String::from).collect(),
            upcoming: upcoming(explanation, timeline.start),
            events: newest_first.into_iter().map(|event| EventRow::of(event, timeline)).collect(),
        }
    }
}

/// Returns a time relative to the start: `+1m30s`.
fn offset(timeline: &Timeline, at: Timestamp) -> String {
    format!("+{}", go_duration(at.since(timeline.start)))
}

impl EventRow {
    fn of(event: &RecordedEvent, timeline: &Timeline) -> EventRow {
        EventRow {
            type_: event.type_.to_string(),
            reason: event.reason.clone(),
            container: event.container.clone(),
            message: event.message.clone(),
            count: event.count,
            last: offset(timeline, event.last_seen),
        }
    }
}

// --- Timeline ---

/// Returns the Kubernetes events up to this time, once for each time that they were recorded.
fn events_until(timeline: &Timeline, now: Timestamp) -> Vec<RecordedEvent> {
    timeline.events().take_while(|event| event.at <= now).map(|event| recorded(timeline, event)).collect()
}

fn recorded(timeline: &Timeline, event: &KubernetesEvent) -> RecordedEvent {
    let container = event.container.and_then(|container| timeline.container_name(container));
    RecordedEvent::once(event.type_, &event.reason, container, &event.message, event.at)
}

/// Returns the times to step through, in seconds: start, end, and all changes except probe results; at most `most`.
pub(crate) fn changes(timeline: &Timeline, most: usize) -> Vec<f64> {
    let changes = timeline.entries.iter().filter(|entry| is_change(&entry.kind)).map(|entry| entry.at);
    let ends = [timeline.start, timeline.end.at];
    let moments: BTreeSet<Timestamp> = changes.chain(timeline.end.removed_at).chain(ends).take(most).collect();
    moments.into_iter().map(|at| at.since(timeline.start).as_secs_f64()).collect()
}

fn is_change(what: &EntryKind) -> bool {
    match what {
        EntryKind::Event(_) | EntryKind::Transition(_) => true,
        EntryKind::Occurrence(happened) => !matches!(happened, Occurrence::ProbeFinished { .. }),
        EntryKind::Status(_) | EntryKind::Action(_) | EntryKind::Sync(_) => false,
        _ => true,
    }
}

// --- Upcoming steps ---

/// Returns upcoming steps by time, and then what has no time of its own.
fn upcoming(explanation: &Explanation, start: Timestamp) -> Vec<Upcoming> {
    let mut next: Vec<&Next> = explanation.next.iter().collect();
    next.sort_by_key(|next| next.when.time());
    let timed = next.into_iter().map(|next| Upcoming {
        what: step(&next.what),
        when: when(next.when, explanation.at),
        seconds: Some(next.when.time().since(start).as_secs_f64()),
    });
    let untimed = explanation.containers.iter().filter_map(waiting);
    timed.chain(untimed.map(|what| Upcoming { what, when: String::new(), seconds: None })).collect()
}

fn when(when: When, now: Timestamp) -> String {
    let until = |at: Timestamp| go_duration(at.since(now));
    match when {
        When::At(at) => format!("in {}", until(at)),
        When::NotBefore(at) => format!("in {} or later", until(at)),
        When::Between { earliest, latest } => format!("in {} to {}", until(earliest), until(latest)),
    }
}

fn step(step: &NextStep) -> String {
    match step {
        NextStep::Start { container } => format!("{container} starts"),
        NextStep::Pull { container } => format!("the image of {container} is pulled"),
        NextStep::InspectImage { container } => format!("the kubelet looks for the image of {container} on the node"),
        NextStep::Probe { container, probe } => format!("{container}: {} probe", probe_name(*probe)),
        NextStep::PostStartEnds { container } => format!("the postStart hook of {container} ends"),
        NextStep::PreStopEnds { container } => format!("the preStop hook of {container} ends"),
        NextStep::TurnEnds { container } => format!("{container} gets SIGTERM, even if other containers still run"),
        NextStep::Kill { container } => format!("{container} gets SIGKILL"),
        NextStep::Deadline => "activeDeadlineSeconds ends the Pod".into(),
        NextStep::TaintEviction => "the Pod is deleted for the taint of its node".into(),
        NextStep::Resync => "the kubelet syncs the Pod again".into(),
        other => format!("{other:?}"),
    }
}

fn probe_name(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startup",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Liveness => "liveness",
    }
}

/// Returns what a container waits for that is being stopped.
fn stop(name: &str, step: &StopStep) -> Option<String> {
    match step {
        StopStep::Pending => Some(format!("{name} waits for its stop")),
        StopStep::PreStop { sleeps: false, .. } => Some(format!("{name} waits for its preStop hook")),
        StopStep::Turn { after, .. } => Some(format!("{name} waits until {} has exited", after.join(", "))),
        StopStep::SigtermSent { timeout, .. } => {
            Some(format!("{name} exits, or gets SIGKILL {} s after SIGTERM", timeout.as_secs()))
        }
        StopStep::PreStop { .. } | StopStep::Unseen | StopStep::Gone => None,
        _ => None,
    }
}

/// Returns what a container waits for, if that has no time of its own.
fn waiting(container: &ContainerExplanation) -> Option<String> {
    let name = &container.name;
    if let Situation::Pulling { image, .. } = &container.situation {
        return Some(format!("{name} waits for the pull of its image {image}"));
    }
    if let Situation::Stopping { step, .. } = &container.situation {
        return stop(name, step);
    }
    let (Situation::NotStarted { waits_for, .. } | Situation::RestartDue { waits_for, .. }) = &container.situation
    else {
        return None;
    };
    Some(match waits_for {
        WaitingFor::Node => format!("{name} waits until the Pod is bound to a node"),
        WaitingFor::Sandbox => format!("{name} waits for the Pod's sandbox"),
        WaitingFor::InitContainer(init) => format!("{name} waits for init container {init}"),
        WaitingFor::Turn(other) => format!("{name} waits for {other}, which blocks the sync of the whole Pod"),
        WaitingFor::Reset => format!("{name} waits until all containers have been removed"),
        WaitingFor::Preparation => format!("{name} waits for volumes, an image or creation"),
        WaitingFor::NextSync => format!("{name} waits for the next sync of the Pod"),
        other => format!("{name} waits: {other:?}"),
    })
}
