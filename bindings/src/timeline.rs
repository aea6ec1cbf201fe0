//! Timeline: the statuses and events of a life, with their times.

use pod_lifecycle::{
    api::{PodPhase, PodStatus},
    sim,
};
use serde::Serialize;

use crate::{row::Row, status::is_ready};

/// What a client sees of a life.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Pod name.
    pub name: String,
    /// Start, in the time of the cluster.
    pub start: String,
    /// Length in seconds.
    pub length: f64,
    /// True if the kubelet was done with the Pod.
    pub finished: bool,
    /// Seconds until the object was removed, if it was.
    pub removed: Option<f64>,
    /// The object's statuses, of each instant that changed the object the last.
    pub statuses: Vec<StatusAt>,
    /// Kubernetes events.
    pub events: Vec<EventAt>,
    /// Notice that the scenario was cut.
    pub notice: Option<String>,
}

/// Status of the Pod from a time on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusAt {
    /// Seconds since the start.
    pub seconds: f64,
    /// The same in the time of the cluster.
    pub at: String,
    /// Phase; `None` before there is one.
    #[cfg_attr(feature = "typescript", tsify(type = "string | null"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub phase: Option<PodPhase>,
    /// True if the Pod is `Ready`.
    pub ready: bool,
    /// Row of `kubectl get pods`.
    pub row: Row,
    /// The whole status.
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, any>"))]
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub status: PodStatus,
}

/// Kubernetes event at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventAt {
    /// Seconds since the start.
    pub seconds: f64,
    /// The same in the time of the cluster.
    pub at: String,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Reason.
    pub reason: String,
    /// Container, if the event is about one.
    pub container: Option<String>,
    /// Message.
    pub message: String,
}

impl Timeline {
    /// Returns the timeline of a simulation so far.
    #[must_use]
    pub fn of(timeline: &sim::Timeline, notice: Option<&str>) -> Timeline {
        let removed_at = timeline.end.removed_at;
        // The last object may be the one with which it was removed: no client gets that.
        let objects = timeline.objects().filter(|(at, _)| removed_at.is_none_or(|removed| *at < removed));
        let statuses = objects.map(|(at, pod)| StatusAt {
            seconds: at.since(timeline.start).as_secs_f64(),
            at: at.to_string(),
            phase: pod.status.phase.as_ref().and_then(|phase| phase.known()),
            ready: is_ready(&pod),
            row: Row::of(&pod, at),
            status: pod.status,
        });
        let events = timeline.events().map(|event| EventAt {
            seconds: event.at.since(timeline.start).as_secs_f64(),
            at: event.at.to_string(),
            type_: event.type_.to_string(),
            reason: event.reason.to_string(),
            container: event.container.and_then(|container| timeline.container_name(container)).map(String::from),
            message: event.message.clone(),
        });
        Timeline {
            name: timeline.pod.metadata.name.clone(),
            start: timeline.start.to_string(),
            length: timeline.length().as_secs_f64(),
            finished: timeline.end.is_finished,
            removed: timeline.removed().map(|removed| removed.as_secs_f64()),
            statuses: statuses.collect(),
            events: events.collect(),
            notice: notice.map(String::from),
        }
    }
}
