//! How long a container is held back, as far as a status tells.

use core::time::Duration;

use crate::{
    config::BackOffLimits,
    explain::next::When,
    state::{ContainerRecord, FailureMessage, RecordedState, Waiting},
    time::Timestamp,
};

/// A delay after an exit that is known at least roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl Delay {
    /// The delay of a container that is held back: its message says how long it is; if not, it has doubled with each
    /// restart at most, and began anew with the last at least.
    ///
    /// Answers to `doBackOff` in `pkg/kubelet/kuberuntime`.
    pub(super) fn in_force(record: &ContainerRecord, limits: &BackOffLimits) -> Delay {
        match said(record) {
            Some(delay) => Delay { least: delay, most: delay },
            None => Delay { least: limits.initial.min(limits.max), most: longest(record.restart_count, limits) },
        }
    }

    /// The delay of a container that has ended and is not said to be held back: it may start at once.
    pub(super) fn to_come(record: &ContainerRecord, limits: &BackOffLimits) -> Delay {
        let most = if record.restart_count == 0 { Duration::ZERO } else { longest(record.restart_count, limits) };
        Delay { least: Duration::ZERO, most }
    }

    /// The delay after the next exit, if that comes soon.
    pub(super) fn next(self, limits: &BackOffLimits) -> Duration {
        self.most.saturating_mul(2).min(limits.max)
    }

    /// When it is over.
    pub(super) fn over(self, finished_at: Timestamp) -> When {
        match self {
            Delay { least, most } if least == most => When::NotBefore(finished_at + least),
            Delay { least, most } => When::Between { earliest: finished_at + least, latest: finished_at + most },
        }
    }
}

/// The delay after so many restarts if each came soon after the one before: the first restart is not delayed.
fn longest(restart_count: i32, limits: &BackOffLimits) -> Duration {
    let doublings = u32::try_from(restart_count).unwrap_or(0).saturating_sub(1).min(31);
    limits.initial.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(limits.max)
}

/// What the kubelet says of the delay: `back-off 40s restarting failed container=app …`.
fn said(record: &ContainerRecord) -> Option<Duration> {
    let Some(RecordedState::Waiting(Waiting::Failed(failure))) = &record.state else { return None };
    match &failure.message {
        FailureMessage::RestartBackOff { delay } => Some(*delay),
        FailureMessage::Text(text) => {
            let (delay, _) = text.strip_prefix("back-off ")?.split_once(" restarting failed container")?;
            go_seconds(delay).map(Duration::from_secs)
        }
        FailureMessage::PullBackOff { .. } => None,
    }
}

/// The whole seconds of a duration as Go prints it: `1h0m0s`, `2m40s`, `10s`.
fn go_seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds = 0_u64;
    for (unit, length) in [('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::BackOffLimits, state::StartFailure};
    use alloc::sync::Arc;

    fn held_back(restart_count: i32, message: &str) -> ContainerRecord {
        let message = FailureMessage::Text(message.into());
        let failure = StartFailure { error: "CrashLoopBackOff".into(), message };
        ContainerRecord {
            state: Some(RecordedState::Waiting(Waiting::Failed(Arc::new(failure)))),
            last_state: None,
            restart_count,
            instance: None,
            started: None,
            ready: false,
        }
    }

    fn between(least: u64, most: u64) -> Delay {
        Delay { least: Duration::from_secs(least), most: Duration::from_secs(most) }
    }

    #[test]
    fn the_message_says_how_long_a_container_is_held_back() {
        let delay = |message| Delay::in_force(&held_back(9, message), &BackOffLimits::CRASH_LOOP);
        let exactly = |seconds| between(seconds, seconds);
        assert_eq!(delay("back-off 40s restarting failed container=app pod=web_prod(u-1)"), exactly(40));
        assert_eq!(delay("back-off 2m40s restarting failed container=app pod=web_prod(u-1)"), exactly(160));
        assert_eq!(delay("back-off 5m0s restarting failed container=app pod=web_prod(u-1)"), exactly(300));
        for odd in ["back-off soon restarting failed container=app", "back-off 40s", ""] {
            assert_eq!(delay(odd), between(10, 300), "{odd}");
        }
    }

    #[test]
    fn without_a_message_the_delay_has_doubled_with_each_restart_at_most() {
        let most = |restarts| Delay::in_force(&held_back(restarts, ""), &BackOffLimits::CRASH_LOOP).most.as_secs();
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, i32::MAX].map(most), [10, 10, 20, 40, 80, 160, 300, 300, 300]);
        let node = crate::config::FeatureGates::default().crash_loop(Some(Duration::from_secs(5)));
        assert_eq!(Delay::in_force(&held_back(4, ""), &node), between(5, 5));
    }

    #[test]
    fn the_first_restart_is_not_delayed() {
        let to_come = |restarts| Delay::to_come(&held_back(restarts, ""), &BackOffLimits::CRASH_LOOP);
        assert_eq!(to_come(0), between(0, 0));
        assert_eq!(to_come(3), between(0, 40));
    }
}
