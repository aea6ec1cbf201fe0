//! What `kubectl describe pod` prints at the end of the story.

use pod_lifecycle::{
    Severity,
    status::{EventType, RecordedEvent, describe as describe_pod, fold_events},
};

use crate::life::Life;

/// The description of the Pod as it last was.
pub(crate) fn describe(life: &Life) -> String {
    let said = life.events().map(|(event, container)| {
        let type_ = match event.severity {
            Severity::Normal => EventType::Normal,
            Severity::Warning => EventType::Warning,
        };
        RecordedEvent::once(type_, &event.reason, container.as_deref(), &event.message, event.at)
    });
    let said: Vec<RecordedEvent> = said.collect();
    describe_pod(&life.pod, &fold_events(&said), life.timeline.end.at)
}
