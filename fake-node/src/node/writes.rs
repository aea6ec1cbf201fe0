//! What is yet to be written of a Pod: one request at a time, always with what is newest.

use std::time::Duration;

use pod_lifecycle::Timestamp;

/// How long after the first failure a write is tried again; twice as long after each further one.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest delay.
const LAST_DELAY: Duration = Duration::from_secs(10);

/// What is yet to be written of a Pod.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Whether the status may differ from what the API server has.
    pub(super) is_wanted: bool,
    /// Whether the object may be deleted for good, after its last status.
    pub(super) wants_deletion: bool,
    is_in_line: bool,
    is_under_way: bool,
    is_stopped: bool,
    is_deleting: bool,
    failures: u32,
    not_before: Option<Timestamp>,
    /// The last patch, by its hash, and the version that it was made for.
    last: Option<(u64, u64)>,
}

impl Writes {
    /// Whether a request may be sent now.
    pub(super) fn may_send(&self) -> bool {
        !self.is_stopped && !self.is_under_way && self.not_before.is_none() && (self.is_wanted || self.wants_deletion)
    }

    /// Whether it has to get in line: something may be sent, and it does not stand there yet.
    pub(super) fn line_up(&mut self) -> bool {
        self.may_send() && !std::mem::replace(&mut self.is_in_line, true)
    }

    pub(super) fn leave_line(&mut self) {
        self.is_in_line = false;
    }

    pub(super) fn begin(&mut self) {
        self.is_under_way = true;
    }

    /// The object is deleted for good: nothing is written after that.
    pub(super) fn begin_deletion(&mut self) {
        self.is_under_way = true;
        self.is_deleting = true;
    }

    /// Whether the same was sent before, right after which the object is as it would have to be sent again.
    pub(super) fn is_repeated(&mut self, patch: u64, version: u64) -> bool {
        let before = self.last.replace((patch, version));
        before.is_some_and(|(former, of)| former == patch && of != version) && self.failures == 0
    }

    pub(super) fn succeed(&mut self) {
        self.is_under_way = false;
        self.failures = 0;
    }

    /// Tries again later: after what the server says, or ever later.
    pub(super) fn retry(&mut self, now: Timestamp, after: Option<Duration>) {
        self.is_under_way = false;
        self.is_wanted = true;
        self.wants_deletion |= std::mem::take(&mut self.is_deleting);
        let delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LAST_DELAY);
        self.failures = self.failures.saturating_add(1).min(16);
        self.not_before = Some(now + after.unwrap_or(delay));
    }

    /// Nothing of it can be written any more.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
        self.not_before = None;
    }

    pub(super) fn wake(&mut self, now: Timestamp) {
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_is_tried_again_ever_later() {
        let now = Timestamp::UNIX_EPOCH;
        let mut writes = Writes { is_wanted: true, ..Writes::default() };
        let mut delays = Vec::new();
        for _ in 0..8 {
            writes.begin();
            writes.retry(now, None);
            assert!(!writes.may_send());
            delays.push(writes.next().unwrap().since(now).as_millis());
            writes.wake(writes.next().unwrap());
            assert!(writes.may_send());
        }
        assert_eq!(delays, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        writes.retry(now, Some(Duration::from_secs(42)));
        assert_eq!(writes.next(), Some(now + Duration::from_secs(42)));
    }

    #[test]
    fn who_stands_in_line_does_not_get_in_line_again() {
        let mut writes = Writes { is_wanted: true, ..Writes::default() };
        assert!(writes.line_up());
        assert!(!writes.line_up());
        writes.leave_line();
        assert!(writes.line_up());
        let mut nothing = Writes::default();
        assert!(!nothing.line_up());
        nothing.is_wanted = true;
        assert!(nothing.line_up());
    }

    #[test]
    fn one_request_is_sent_at_a_time() {
        let mut writes = Writes { is_wanted: true, ..Writes::default() };
        writes.begin();
        writes.is_wanted = true;
        assert!(!writes.may_send());
        writes.succeed();
        assert!(writes.may_send());
    }
}
