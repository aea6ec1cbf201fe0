//! What takes time on a real node, and none here, may lead to itself without end: it is cut off within a second.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// More do not follow one another within a second. A real node does not get that far.
const MOST: u8 = 16;

/// How often something has happened within one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LivelockGuard {
    /// The second that is counted.
    #[serde(with = "crate::time::exact")]
    second: Option<Timestamp>,
    count: u8,
}

impl LivelockGuard {
    pub(crate) const NOTHING: LivelockGuard = LivelockGuard { second: None, count: 0 };

    /// It is about to happen: whether it still may in this second.
    pub(crate) fn allows_another(&mut self, now: Timestamp) -> bool {
        let second = Some(now.whole_seconds());
        if self.second != second {
            *self = LivelockGuard { second, count: 0 };
        }
        let is_allowed = self.count < MOST;
        self.count = self.count.saturating_add(1);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_room_for_sixteen_and_the_next_one_for_as_many() {
        let mut burst = LivelockGuard::default();
        let allowed = |burst: &mut LivelockGuard, second| {
            let now = Timestamp::from_unix_seconds(second);
            (0..20).filter(|_| burst.allows_another(now)).count()
        };
        assert_eq!([allowed(&mut burst, 7), allowed(&mut burst, 8), allowed(&mut burst, 7)], [16, 16, 16]);
        assert!(!burst.allows_another(Timestamp::from_unix_micros(7_900_000)), "the same second");
    }
}
