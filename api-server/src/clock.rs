//! Clocks of the server.

use pod_lifecycle::{Clock, Timestamp};
use tokio::time::Instant;

/// Start of the default clock: a Thursday, at noon.
pub(super) const START: Timestamp = Timestamp::from_unix_seconds(1_767_268_800);

/// Clock that follows tokio's, so that a test can pause and advance it.
///
/// ```
/// use std::time::Duration;
/// use pod_lifecycle_api_server::TokioClock;
/// use pod_lifecycle::{Clock, Timestamp};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// // In a test with `#[tokio::test(start_paused = true)]`:
/// let clock = TokioClock::starting_at(Timestamp::UNIX_EPOCH);
/// tokio::time::sleep(Duration::from_secs(300)).await;
/// assert_eq!(clock.now().unix_seconds(), 300);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Timestamp,
    origin: Instant,
}

impl TokioClock {
    /// Returns a clock that shows `start` now.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> TokioClock {
        TokioClock { start, origin: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.start + self.origin.elapsed()
    }
}
