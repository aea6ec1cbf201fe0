//! What `kubectl describe pod` prints at the end of the simulation.

use pod_lifecycle::{
    kubectl::describe as describe_pod,
    status::{RecordedEvent, fold_events},
};

use crate::play::life::Life;

/// The description of the Pod as it last was.
pub(crate) fn describe(life: &Life) -> String {
    let said = life.events().map(|(event, container)| {
        RecordedEvent::once(event.type_, &event.reason, container.as_deref(), &event.message, event.at)
    });
    let said: Vec<RecordedEvent> = said.collect();
    describe_pod(&life.pod, &fold_events(&said), life.timeline.end.at)
}
