//! Everything that could be known of a Pod at one instant.

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    explain::Explanation,
    go_duration,
    kubectl::{self, describe},
    sim::Timeline,
    status::{RecordedEvent, fold_events},
};
use serde::Serialize;

use crate::{
    events,
    waits::{self, Wait},
};

/// Everything that could be known of a Pod at one instant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instant {
    /// How many seconds after the start.
    pub seconds: f64,
    /// The same for people: `+1m30s`.
    pub offset: String,
    /// The time on the clocks of the cluster.
    pub clock: String,
    /// What `kubectl get pods` prints; nothing once the object is gone.
    pub row: Option<Row>,
    /// What `kubectl describe pod` prints.
    pub describe: String,
    /// The status in YAML.
    pub status: String,
    /// Why the Pod is as it is, a line each.
    pub explanation: Vec<String>,
    /// What is waited for, the next first.
    pub waits: Vec<Wait>,
    /// The events so far, as often as they were recorded, the last first.
    pub events: Vec<Event>,
}

/// What `kubectl get pods` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// NAME.
    pub name: String,
    /// READY.
    pub ready: String,
    /// STATUS.
    pub status: String,
    /// RESTARTS.
    pub restarts: String,
    /// AGE.
    pub age: String,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// What it is about, in one word.
    pub reason: String,
    /// The container that it is about.
    pub container: Option<String>,
    /// What it says.
    pub message: String,
    /// How often it was recorded.
    pub count: u32,
    /// When it was recorded last: `+1m30s`.
    pub last: String,
}

impl Instant {
    pub(crate) fn of(timeline: &Timeline, explanation: &Explanation, now: Timestamp) -> Instant {
        let (pod, since) = (timeline.object_at(now), now.since(timeline.start));
        let events = fold_events(&events::until(timeline, now));
        let mut newest_first: Vec<&RecordedEvent> = events.iter().collect();
        newest_first.sort_by_key(|event| core::cmp::Reverse(event.last_seen));
        Instant {
            seconds: since.as_secs_f64(),
            offset: offset(timeline, now),
            clock: now.to_string(),
            row: pod.as_ref().map(|pod| Row::of(pod, now)),
            describe: pod.as_ref().map_or_else(String::new, |pod| describe(pod, &events, now)),
            status: pod.as_ref().map_or_else(String::new, status),
            explanation: explanation.to_string().lines().map(String::from).collect(),
            waits: waits::of(explanation, timeline.start),
            events: newest_first.into_iter().map(|event| Event::of(event, timeline)).collect(),
        }
    }
}

/// How long after the start a moment is: `+1m30s`.
fn offset(timeline: &Timeline, at: Timestamp) -> String {
    format!("+{}", go_duration(at.since(timeline.start)))
}

fn status(pod: &PodManifest) -> String {
    serde_saphyr::to_string(&pod.status).unwrap_or_else(|error| error.to_string())
}

impl Row {
    fn of(pod: &PodManifest, now: Timestamp) -> Row {
        let kubectl::Row { ready, status, restarts, age, .. } = kubectl::row(pod, now);
        Row { name: pod.metadata.name.clone(), ready, status, restarts, age }
    }
}

impl Event {
    fn of(event: &RecordedEvent, timeline: &Timeline) -> Event {
        Event {
            type_: event.type_.to_string(),
            reason: event.reason.clone(),
            container: event.container.clone(),
            message: event.message.clone(),
            count: event.count,
            last: offset(timeline, event.last_seen),
        }
    }
}
