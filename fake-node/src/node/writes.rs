//! Pending writes of a Pod: one request in flight, always with the newest status.

use std::time::Duration;

use pod_lifecycle::Timestamp;

/// Delay after the first failed write; it doubles with each further failure.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest retry delay.
const LAST_DELAY: Duration = Duration::from_secs(10);

/// Pending writes of a Pod.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// True if the status may differ from the API server's.
    pub(super) is_wanted: bool,
    /// True if the object is to be deleted once its last status is written.
    pub(super) wants_deletion: bool,
    is_queued: bool,
    is_in_flight: bool,
    is_stopped: bool,
    is_deleting: bool,
    failures: u32,
    not_before: Option<Timestamp>,
    /// The last patch, by its hash, and the version that it was made for.
    last: Option<(u64, u64)>,
}

impl Writes {
    /// True if a request may be sent now.
    pub(super) fn may_send(&self) -> bool {
        !self.is_stopped && !self.is_in_flight && self.not_before.is_none() && (self.is_wanted || self.wants_deletion)
    }

    /// True if the Pod has to be queued: a request may be sent, and it is not queued yet.
    pub(super) fn enqueue(&mut self) -> bool {
        self.may_send() && !std::mem::replace(&mut self.is_queued, true)
    }

    pub(super) fn dequeue(&mut self) {
        self.is_queued = false;
    }

    pub(super) fn begin(&mut self) {
        self.is_in_flight = true;
    }

    /// Starts the final delete; nothing is written after it.
    pub(super) fn begin_deletion(&mut self) {
        self.is_in_flight = true;
        self.is_deleting = true;
    }

    /// True if this patch was sent before without effect: sending it again would loop.
    pub(super) fn is_repeated(&mut self, patch: u64, version: u64) -> bool {
        let before = self.last.replace((patch, version));
        before.is_some_and(|(former, of)| former == patch && of != version) && self.failures == 0
    }

    pub(super) fn succeed(&mut self) {
        self.is_in_flight = false;
        self.failures = 0;
    }

    /// Schedules a retry: when the server says, or with exponential back-off.
    pub(super) fn retry(&mut self, now: Timestamp, after: Option<Duration>) {
        self.is_in_flight = false;
        self.is_wanted = true;
        self.wants_deletion |= std::mem::take(&mut self.is_deleting);
        let delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LAST_DELAY);
        self.failures = self.failures.saturating_add(1).min(16);
        self.not_before = Some(now + after.unwrap_or(delay));
    }

    /// Stops all writes of the Pod.
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
    fn a_failed_write_is_retried_ever_later() {
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
    fn a_queued_pod_is_not_queued_again() {
        let mut writes = Writes { is_wanted: true, ..Writes::default() };
        assert!(writes.enqueue());
        assert!(!writes.enqueue());
        writes.dequeue();
        assert!(writes.enqueue());
        let mut nothing = Writes::default();
        assert!(!nothing.enqueue());
        nothing.is_wanted = true;
        assert!(nothing.enqueue());
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
