//! What a timeline says up to an instant.

use std::collections::BTreeSet;

use pod_lifecycle::{
    KubernetesEvent, Timestamp,
    sim::{Happened, Timeline, What},
    status::RecordedEvent,
};

/// The Kubernetes events up to this moment, each as often as it was recorded.
pub(crate) fn until(timeline: &Timeline, now: Timestamp) -> Vec<RecordedEvent> {
    timeline.events().take_while(|event| event.at <= now).map(|event| recorded(timeline, event)).collect()
}

fn recorded(timeline: &Timeline, event: &KubernetesEvent) -> RecordedEvent {
    let container = event.container.and_then(|container| timeline.container_name(container));
    RecordedEvent::once(event.type_, &event.reason, container, &event.message, event.at)
}

/// The seconds at which something happens that is worth a look: all but probes, unless there are too many.
pub(crate) fn moments(timeline: &Timeline, most: usize) -> Vec<f64> {
    let told = timeline.entries.iter().filter(|entry| is_telling(&entry.what)).map(|entry| entry.at);
    let ends = [timeline.start, timeline.end.at];
    let moments: BTreeSet<Timestamp> = told.chain(timeline.end.removed_at).chain(ends).take(most).collect();
    moments.into_iter().map(|at| at.since(timeline.start).as_secs_f64()).collect()
}

fn is_telling(what: &What) -> bool {
    match what {
        What::Event(_) | What::Changed(_) => true,
        What::Happened(happened) => !matches!(happened, Happened::Probed { .. }),
        What::Status(_) | What::Asked(_) | What::Sync(_) => false,
        _ => true,
    }
}
