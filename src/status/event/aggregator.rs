//! Events that differ only in their message become one when there are too many of them.

use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    correlator::{AggregateKey, CountKey, Words},
    lru::Lru,
    object::EventObject,
    recorder::{event_name, in_namespace},
};
use crate::time::Timestamp;

/// From how many different messages on similar events become one.
const MAX_EVENTS: usize = 10;

/// After how long a pause similar events are told apart again.
const MAX_INTERVAL: Duration = Duration::from_secs(600);

/// What stands before the message of an event that stands for several.
const COMBINED: &str = "(combined from similar events): ";

/// Remembers which similar events there were.
///
/// Answers to `EventAggregator` in `k8s.io/client-go/tools/record`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventAggregator {
    seen: Lru<AggregateKey, Similar>,
}

/// Events that differ only in their message.
#[derive(Clone, Debug, PartialEq)]
struct Similar {
    /// In order, each once: rarely more than one.
    messages: Vec<Arc<str>>,
    last_seen: Timestamp,
}

impl Similar {
    /// Takes a message in, and says how many different ones there are now.
    fn hear(&mut self, message: &Arc<str>, now: Timestamp) -> usize {
        if now.since(self.last_seen) > MAX_INTERVAL {
            self.messages.clear();
        }
        self.last_seen = now;
        if let Err(place) = self.messages.binary_search(message) {
            self.messages.reserve_exact(1);
            self.messages.insert(place, Arc::clone(message));
        }
        self.messages.len()
    }
}

impl EventAggregator {
    pub(super) const fn new(capacity: usize) -> EventAggregator {
        EventAggregator { seen: Lru::new(capacity) }
    }

    /// The event as it is, or the one that stands for all that are similar, and by which key it is counted.
    pub(super) fn aggregate(
        &mut self,
        event: EventObject,
        words: &Words,
        now: Timestamp,
        nanos: i64,
    ) -> (EventObject, CountKey) {
        let key = Arc::new(AggregateKey::of(&event, words));
        let fresh = || Similar { messages: Vec::new(), last_seen: now };
        let similar = self.seen.get_or_insert_with(Arc::clone(&key), fresh);
        if similar.hear(&words.message, now) < MAX_EVENTS {
            let key = CountKey::exact(&event, words);
            return (event, key);
        }
        // One is forgotten, so that the next new message makes as many again; Kubernetes forgets any.
        similar.messages.remove(0);
        (combined(event, now, nanos), CountKey::Aggregate(key))
    }
}

/// The event that stands for one and all that are similar to it.
fn combined(event: EventObject, now: Timestamp, nanos: i64) -> EventObject {
    EventObject {
        metadata: in_namespace(&event.metadata.namespace, event_name(&event.involved_object.name, nanos)),
        message: format!("{COMBINED}{}", event.message),
        count: 1,
        first_timestamp: Some(now),
        last_timestamp: Some(now),
        // The kubelet's recorder leaves these out here.
        reporting_component: String::new(),
        reporting_instance: String::new(),
        ..event
    }
}

#[cfg(test)]
mod tests {
    use super::{super::correlator::EventCorrelator, *};

    #[test]
    fn the_tenth_similar_event_stands_for_all_and_is_counted_anew() {
        let mut aggregator = EventAggregator::new(16);
        let mut said = |n: usize| {
            let (message, reporting_component) = (format!("attempt {n}"), "kubelet".into());
            let event = EventObject { message, reporting_component, count: 4, ..EventObject::default() };
            let words = EventCorrelator::new().words(&event);
            aggregator.aggregate(event, &words, Timestamp::UNIX_EPOCH, 0).0
        };
        let alone: Vec<u32> = (1..MAX_EVENTS).map(|n| said(n).count).collect();
        assert_eq!(alone, [4; MAX_EVENTS - 1]);
        let combined = said(MAX_EVENTS);
        assert_eq!((combined.count, &*combined.message), (1, "(combined from similar events): attempt 10"));
        assert_eq!((combined.first_timestamp, &*combined.reporting_component), (Some(Timestamp::UNIX_EPOCH), ""));
    }
}
