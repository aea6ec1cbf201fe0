//! Past runs of a container: what ended the last one, how often it restarted, how long it lives, what its next restart waits
//! for.

use alloc::{format, string::String};
use core::time::Duration;

use serde::Serialize;

use super::{
    fact::{LastExit, by_name},
    sentence, text,
};
use crate::{
    config::BackOffLimits,
    spec::ProbeKind,
    time::{Timestamp, seconds},
};

/// Past runs of a container of an observed Pod.
///
/// ```
/// use pod_lifecycle::explain::{ExitCause, ObservedPod};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "web"},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}]},
///     "status": {"phase": "Running", "containerStatuses": [{"name": "app", "ready": true, "restartCount": 1,
///         "state": {"running": {"startedAt": "2026-03-01T12:05:01Z"}},
///         "lastState": {"terminated": {"exitCode": 139, "reason": "Error", "finishedAt": "2026-03-01T12:05:00Z"}}}]}
/// }"#)?)?;
/// let explained = pod.explain("2026-03-01T12:06:00Z".parse()?);
/// let past = explained.containers[0].past.as_ref().ok_or("it ran before")?;
/// assert_eq!(past.cause, ExitCause::Crash { signal: "SIGSEGV".into() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PastRuns {
    /// Exit of the last run.
    pub last: LastExit,
    /// Cause of that exit.
    pub cause: ExitCause,
    /// Length of the last run, if both of its times are known.
    #[serde(
        rename = "lastedSeconds",
        serialize_with = "seconds::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub lasted: Option<Duration>,
    /// Average length of the runs so far, back-offs left out; an estimate from the first start, the last exit and the count.
    #[serde(
        rename = "averageSeconds",
        serialize_with = "seconds::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub average: Option<Duration>,
    /// Longest wait after the next exit, if that comes before the back-off is reset.
    #[serde(
        rename = "nextDelaySeconds",
        serialize_with = "seconds::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_delay: Option<Duration>,
}

/// Cause of an exit, as far as a status and the events of a Pod show it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ExitCause {
    /// The kernel killed it: out of memory.
    OutOfMemory {
        /// Memory limit of the container, if it has one.
        limit: Option<String>,
    },
    /// The kubelet killed it for a failed probe; an event says so.
    Probe {
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// The kubelet probably killed it for a failed probe: it got SIGTERM or SIGKILL, and ran long enough for the probe to
    /// fail.
    ProbablyProbe {
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// It was stopped with its Pod: by a deletion, an eviction, a deadline or a shutdown of the node.
    Stopped,
    /// It got SIGTERM or SIGKILL; the status does not show from what.
    Killed {
        /// Name of the signal.
        signal: String,
    },
    /// It crashed by a signal of its own.
    Crash {
        /// Name of the signal.
        signal: String,
    },
    /// The runtime could not start it.
    NotStarted,
    /// The runtime or the node lost it.
    Lost,
    /// It ended with exit code 0: by itself, or on SIGTERM after a failed probe.
    SuccessOrProbe {
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// It ended by itself with exit code 0.
    Success,
    /// It ended by itself with another exit code.
    Failure,
}

impl ExitCause {
    /// Returns the cause as a clause on the container, if there is more to say than the exit.
    pub(super) fn clause(&self, name: &str, exit: &LastExit) -> Option<String> {
        Some(match self {
            ExitCause::OutOfMemory { limit: Some(limit) } => {
                format!("the kernel killed it because it used more memory than its limit of {limit}")
            }
            ExitCause::OutOfMemory { limit: None } => {
                "the kernel killed it for want of memory: it has no memory limit of its own, so that of the Pod or the memory of \
                 the node was used up"
                    .into()
            }
            ExitCause::Probe { probe } => format!("the kubelet killed it because its {} probe failed", lower(*probe)),
            ExitCause::ProbablyProbe { probe } => format!(
                "most likely the kubelet killed it because its {} probe failed: the event Unhealthy has the answer of the probe, the \
                 log of `{name}` may not",
                lower(*probe)
            ),
            ExitCause::SuccessOrProbe { probe } => format!(
                "it ended by itself, or well on SIGTERM after its {} probe had failed: the event Unhealthy would show that",
                lower(*probe)
            ),
            ExitCause::Killed { signal } => format!(
                "it was killed from outside ({signal}), and the status does not show by what: the kubelet, the runtime, another \
                 process"
            ),
            ExitCause::Crash { signal } => match &**signal {
                "SIGSEGV" | "SIGBUS" => "it crashed: an invalid memory access".into(),
                "SIGABRT" => "it aborted itself, as after a failed assertion".into(),
                "SIGILL" => {
                    "it crashed: an invalid instruction, perhaps of a program for another kind of processor".into()
                }
                "SIGFPE" => "it crashed: an invalid computation, such as a division by zero".into(),
                _ => return None,
            },
            ExitCause::NotStarted => "the runtime could not start it".into(),
            ExitCause::Lost => {
                "the node or its runtime lost it, as after a restart of the node: the exit code is none of its own".into()
            }
            ExitCause::Failure => match exit.code {
                // Conventions of shells, which POSIX has.
                126 => "by the convention of shells, a command was found but could not be run".into(),
                127 => "by the convention of shells, a command was not found".into(),
                _ => return None,
            },
            // The situation of the Pod says why it was stopped.
            ExitCause::Stopped | ExitCause::Success => return None,
        })
    }
}

fn lower(probe: ProbeKind) -> String {
    use crate::api::Name;
    probe.name().to_lowercase()
}

impl PastRuns {
    /// Returns the sentence on the last run: ``its last run ended with code 137 (OOMKilled) at 12:05:00 after 4 min 50 s``.
    pub(super) fn clause(&self, name: &str, now: Timestamp) -> String {
        let after =
            self.lasted.map(|lasted| format!(", after it had run for {}", text::span(lasted))).unwrap_or_default();
        let exited = sentence::exited_saying(name, &self.last, now);
        let cause = self.cause.clause(name, &self.last).map(|cause| format!("; {cause}")).unwrap_or_default();
        format!("the run before ended: {exited}{after}{cause}")
    }

    /// Returns the average length of a run, if it says more than the last one.
    pub(super) fn average_clause(&self, restarts: i32) -> Option<String> {
        let average = self.average.filter(|_| restarts > 1)?;
        Some(format!("on average a run lasted about {}", text::span(average)))
    }
}

/// Returns the average length of this many runs between two times: what is left of the time without the back-offs.
pub(super) fn average_run(
    first: Timestamp,
    last: Timestamp,
    restarts: i32,
    limits: &BackOffLimits,
) -> Option<Duration> {
    let restarts = u32::try_from(restarts).ok().filter(|restarts| *restarts > 0)?;
    let (runs, time) = (restarts.saturating_add(1), last.since(first));
    let all = time.checked_div(runs)?;
    // Runs that reset the back-off are restarted without a delay.
    if all > limits.reset_after {
        return Some(all);
    }
    let waits = waits(restarts, limits);
    // More back-off than time: some runs were long, or the kubelet was restarted and lost its back-offs.
    Some(time.checked_sub(waits).map_or(all, |run| run.checked_div(runs).unwrap_or(all)))
}

/// Returns the sum of the back-offs before this many restarts, each soon after the one before; the first has none.
fn waits(restarts: u32, limits: &BackOffLimits) -> Duration {
    let (mut delay, mut sum) = (limits.initial.min(limits.max), Duration::ZERO);
    for restart in 1..restarts {
        if delay >= limits.max {
            // The rest all wait as long.
            return sum.saturating_add(limits.max.saturating_mul(restarts.saturating_sub(restart)));
        }
        sum = sum.saturating_add(delay);
        delay = delay.saturating_mul(2).min(limits.max);
    }
    sum
}

/// Returns the longest delay after the next exit of a run that began `gap` after the exit before: the delay that was in force
/// was at most `gap`, and doubles.
pub(super) fn delay_after(gap: Duration, limits: &BackOffLimits) -> Duration {
    let mut delay = limits.initial.min(limits.max);
    // The first restart, and one after a long run, wait for nothing: the next exit then finds the first delay.
    while delay <= gap && delay < limits.max {
        delay = delay.saturating_mul(2).min(limits.max);
    }
    delay
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &BackOffLimits = &BackOffLimits::CRASH_LOOP;

    #[test]
    fn back_offs_are_no_part_of_a_run() {
        let start = Timestamp::from_unix_seconds(0);
        // 0 s, 10 s, 20 s, 40 s of waiting and five runs of 5 s each.
        assert_eq!(waits(4, LIMITS).as_secs(), 70);
        assert_eq!(average_run(start, Timestamp::from_unix_seconds(95), 4, LIMITS).unwrap().as_secs(), 5);
        assert_eq!(average_run(start, Timestamp::from_unix_seconds(3_600 * 24), 1, LIMITS).unwrap().as_secs(), 43_200);
        assert_eq!(average_run(start, start, 0, LIMITS), None);
        assert_eq!(waits(i32::MAX.unsigned_abs(), LIMITS).as_secs(), 310 + 300 * (i32::MAX as u64 - 6));
    }

    #[test]
    fn the_next_delay_is_twice_the_last_one() {
        let after = |gap| delay_after(Duration::from_secs(gap), LIMITS).as_secs();
        assert_eq!([0, 2, 10, 11, 20, 40, 160, 300, 9_999].map(after), [10, 10, 20, 20, 40, 80, 300, 300, 300]);
    }
}
