//! Who speaks too often of the same thing is not heard any more.

use alloc::sync::Arc;

use super::{correlator::ObjectKey, lru::Lru};
use crate::time::Timestamp;

/// How many events may come at once.
const BURST: f64 = 25.0;

/// How many more may come each second: one in five minutes, in the precision that Kubernetes computes with.
const PER_SECOND: f64 = (1.0_f32 / 300.0) as f64;

const NANOS_PER_SECOND: f64 = 1e9;
const MICROS_PER_SECOND: f64 = 1e6;

/// Limits the events of one source about one object, those of each type by themselves.
///
/// Answers to `EventSourceObjectSpamFilter` in `k8s.io/client-go/tools/record`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SpamFilter {
    buckets: Lru<ObjectKey, TokenBucket>,
}

impl SpamFilter {
    pub(super) const fn new(capacity: usize) -> SpamFilter {
        SpamFilter { buckets: Lru::new(capacity) }
    }

    /// The key as it is remembered here: who speaks of what.
    pub(super) fn shared(&self, key: ObjectKey) -> Arc<ObjectKey> {
        self.buckets.shared(key)
    }

    /// Whether an event may pass.
    pub(super) fn accepts(&mut self, key: Arc<ObjectKey>, now: Timestamp) -> bool {
        let full = || TokenBucket { tokens: BURST, last: now };
        self.buckets.get_or_insert_with(key, full).try_accept(now)
    }
}

/// Each event takes a token; tokens come back with time.
///
/// Answers to `Limiter` in `golang.org/x/time/rate`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct TokenBucket {
    tokens: f64,
    last: Timestamp,
}

impl TokenBucket {
    fn try_accept(&mut self, now: Timestamp) -> bool {
        let last = self.last.min(now);
        #[expect(clippy::cast_precision_loss, reason = "centuries of microseconds lose nothing")]
        let elapsed = now.micros_since(last) as f64 / MICROS_PER_SECOND;
        let left = (self.tokens + elapsed * PER_SECOND).min(BURST) - 1.0;
        // What is due in less than a nanosecond is there.
        let is_there = left > -PER_SECOND / NANOS_PER_SECOND;
        if is_there {
            *self = TokenBucket { tokens: left, last: now };
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn twenty_five_may_come_at_once_and_one_more_every_five_minutes() {
        let noon = Timestamp::from_unix_seconds(0);
        let mut bucket = TokenBucket { tokens: BURST, last: noon };
        let accepted = (0..30).filter(|_| bucket.try_accept(noon)).count();
        assert_eq!(accepted, 25);
        assert!(!bucket.try_accept(noon + Duration::from_secs(299)));
        assert!(bucket.try_accept(noon + Duration::from_secs(300)));
        assert!(!bucket.try_accept(noon + Duration::from_secs(301)));
    }

    #[test]
    fn a_clock_that_runs_backwards_brings_no_tokens() {
        let noon = Timestamp::from_unix_seconds(1_000);
        let mut bucket = TokenBucket { tokens: 1.0, last: noon };
        assert!(bucket.try_accept(Timestamp::from_unix_seconds(0)));
        assert!(!bucket.try_accept(Timestamp::from_unix_seconds(0)));
    }
}
