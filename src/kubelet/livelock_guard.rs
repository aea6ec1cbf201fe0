//! Livelock guard: at most 16 self-triggered steps per virtual second, since work without latency could loop for ever.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Limit per second. A real kubelet is slowed down by I/O long before.
const MAX_PER_SECOND: u8 = 16;

/// Counter of how often something has happened within the current second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LivelockGuard {
    /// The second that is counted.
    #[serde(with = "crate::time::exact")]
    second: Option<Timestamp>,
    count: u8,
}

impl LivelockGuard {
    pub(super) const NEW: LivelockGuard = LivelockGuard { second: None, count: 0 };

    /// Counts one more occurrence; false if it exceeds the limit of this second.
    pub(super) fn allows_another(&mut self, now: Timestamp) -> bool {
        let second = Some(now.whole_seconds());
        if self.second != second {
            *self = LivelockGuard { second, count: 0 };
        }
        let is_allowed = self.count < MAX_PER_SECOND;
        self.count = self.count.saturating_add(1);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_occurrences_are_allowed_in_each_second() {
        let mut guard = LivelockGuard::default();
        let allowed = |guard: &mut LivelockGuard, second| {
            let now = Timestamp::from_unix_seconds(second);
            (0..20).filter(|_| guard.allows_another(now)).count()
        };
        assert_eq!([allowed(&mut guard, 7), allowed(&mut guard, 8), allowed(&mut guard, 7)], [16, 16, 16]);
        assert!(!guard.allows_another(Timestamp::from_unix_micros(7_900_000)), "the same second");
    }
}
