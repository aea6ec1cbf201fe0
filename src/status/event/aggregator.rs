//! Events that differ only in their message become one when there are too many of them.

use alloc::{collections::BTreeSet, format, string::String};
use core::time::Duration;

use super::{
    correlator::{AggregateKey, CountKey},
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
    messages: BTreeSet<String>,
    last_seen: Timestamp,
}

impl EventAggregator {
    pub(super) const fn new(capacity: usize) -> EventAggregator {
        EventAggregator { seen: Lru::new(capacity) }
    }

    /// The event as it is, or the one that stands for all that are similar, and by which key it is counted.
    pub(super) fn aggregate(&mut self, event: EventObject, now: Timestamp, nanos: i64) -> (EventObject, CountKey) {
        let key = AggregateKey::of(&event);
        let fresh = || Similar { messages: BTreeSet::new(), last_seen: now };
        let similar = self.seen.get_or_insert_with(&key, fresh);
        if now.since(similar.last_seen) > MAX_INTERVAL {
            similar.messages.clear();
        }
        similar.messages.insert(event.message.clone());
        similar.last_seen = now;
        if similar.messages.len() < MAX_EVENTS {
            let key = CountKey::exact(&event);
            return (event, key);
        }
        // One is forgotten, so that the next new message makes as many again; Kubernetes forgets any.
        similar.messages.pop_first();
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
    use super::*;

    #[test]
    fn the_tenth_similar_event_stands_for_all_and_is_counted_anew() {
        let mut aggregator = EventAggregator::new(16);
        let mut said = |n: usize| {
            let event = EventObject { message: format!("attempt {n}"), count: 4, ..EventObject::default() };
            aggregator.aggregate(event, Timestamp::UNIX_EPOCH, 0).0
        };
        let alone: Vec<u32> = (1..MAX_EVENTS).map(|n| said(n).count).collect();
        assert_eq!(alone, [4; MAX_EVENTS - 1]);
        let combined = said(MAX_EVENTS);
        assert_eq!((combined.count, &*combined.message), (1, "(combined from similar events): attempt 10"));
    }
}
