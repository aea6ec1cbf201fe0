//! Events as people read them: `kubectl describe`.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{action::EventType, time::Timestamp};

/// Something that was said about a Pod, once or several times in the same words.
///
/// ```
/// use pod_lifecycle::{Timestamp, status::{EventType, RecordedEvent}};
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let event = RecordedEvent::once(EventType::Normal, "Started", Some("app"), "Started container app", noon);
/// assert_eq!((event.count, event.first_seen == event.last_seen), (1, true));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedEvent {
    /// How grave it is.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// What happened, in one word.
    pub reason: String,
    /// The container that it is about; without it, the Pod as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What happened, for people.
    pub message: String,
    /// How often it was said.
    pub count: u32,
    /// When it was said first.
    pub first_seen: Timestamp,
    /// When it was said last.
    pub last_seen: Timestamp,
}

impl RecordedEvent {
    /// An event that was said once.
    #[must_use]
    pub fn once(type_: EventType, reason: &str, container: Option<&str>, message: &str, at: Timestamp) -> Self {
        RecordedEvent {
            type_,
            reason: reason.into(),
            container: container.map(String::from),
            message: message.into(),
            count: 1,
            first_seen: at,
            last_seen: at,
        }
    }

    /// What has to be equal for two events to count as the same.
    fn key(&self) -> (EventType, &str, Option<&str>, &str) {
        (self.type_, &self.reason, self.container.as_deref(), &self.message)
    }

    /// Takes the same event, said at other times, in.
    fn absorb(&mut self, same: &RecordedEvent) {
        self.count = self.count.saturating_add(same.count);
        self.first_seen = self.first_seen.min(same.first_seen);
        self.last_seen = self.last_seen.max(same.last_seen);
    }
}

/// Makes one event of those that say the same of the same container, in the order in which they were first said.
///
/// Events that are folded already may be folded again together with new ones. What the correlator does besides is
/// left out: it neither combines events that differ in their message nor drops any.
///
/// Answers to `eventObserve` in `k8s.io/client-go/tools/record`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Timestamp, status::{EventType, RecordedEvent, fold_events}};
///
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let unhealthy = |at| RecordedEvent::once(EventType::Warning, "Unhealthy", Some("app"), "Liveness probe failed", at);
/// let folded = fold_events(&[unhealthy(noon), unhealthy(noon + Duration::from_secs(10))]);
/// assert_eq!(folded.len(), 1);
/// assert_eq!((folded[0].count, folded[0].last_seen), (2, noon + Duration::from_secs(10)));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn fold_events<'a>(events: impl IntoIterator<Item = &'a RecordedEvent>) -> Vec<RecordedEvent> {
    let mut folded: Vec<RecordedEvent> = Vec::new();
    let mut places = BTreeMap::new();
    for event in events {
        let place = *places.entry(event.key()).or_insert(folded.len());
        match folded.get_mut(place) {
            Some(same) => same.absorb(event),
            None => folded.push(event.clone()),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(reason: &str, container: Option<&str>, second: i64) -> RecordedEvent {
        RecordedEvent::once(EventType::Normal, reason, container, "said", Timestamp::from_unix_seconds(second))
    }

    #[test]
    fn what_is_said_of_another_container_is_another_event() {
        let folded = fold_events(&[
            event("Started", Some("a"), 1),
            event("Started", Some("b"), 2),
            event("Killing", Some("a"), 3),
            event("Started", Some("a"), 4),
        ]);
        let counts: Vec<_> =
            folded.iter().map(|event| (&*event.reason, event.container.as_deref(), event.count)).collect();
        assert_eq!(counts, [("Started", Some("a"), 2), ("Started", Some("b"), 1), ("Killing", Some("a"), 1)]);
        assert_eq!(folded[0].first_seen.unix_seconds(), 1);
        assert_eq!(folded[0].last_seen.unix_seconds(), 4);
    }

    #[test]
    fn folding_in_two_rounds_gives_what_one_round_gives() {
        let events: Vec<_> = (0..20).map(|i| event(["A", "B", "C"][i % 3], None, i64::try_from(i).unwrap())).collect();
        let (early, late) = events.split_at(7);
        let early = fold_events(early);
        assert_eq!(fold_events(early.iter().chain(late)), fold_events(&events));
    }

    #[test]
    fn an_event_is_written_as_the_api_spells_it() {
        let json = serde_json::to_value(event("Started", None, 0)).unwrap();
        assert_eq!(json["type"], "Normal");
        assert_eq!(json["firstSeen"], "1970-01-01T00:00:00Z");
        assert_eq!(serde_json::from_value::<RecordedEvent>(json).unwrap(), event("Started", None, 0));
    }
}
