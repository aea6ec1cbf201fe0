//! When does a probe run, and when has it run often enough?
//!
//! Answers to `worker.run` and `worker.doProbe` in `pkg/kubelet/prober/worker.go`.

use core::time::Duration;

use super::{Assumptions, Bounds};
use crate::spec::ProbeSpec;

/// When one probe runs.
#[derive(Clone, Copy)]
pub(super) struct Schedule<'a> {
    probe: &'a ProbeSpec,
    assumptions: &'a Assumptions,
}

impl<'a> Schedule<'a> {
    pub(super) fn of(probe: &'a ProbeSpec, assumptions: &'a Assumptions) -> Schedule<'a> {
        Schedule { probe, assumptions }
    }

    /// When probing may begin, counted from the container's start: whole seconds since the published, rounded-down
    /// start have to reach the delay.
    pub(super) fn may_begin(self) -> Bounds {
        let delay = self.probe.initial_delay();
        Bounds { earliest: delay.saturating_sub(Duration::from_secs(1)), latest: Some(delay) }
    }

    /// Until that many good answers in a row are in, from when probing may begin, if they have to wait for the period.
    pub(super) fn successes_on_schedule(self) -> Bounds {
        let successes = self.probe.success_threshold();
        Bounds {
            earliest: self.at_least(successes).saturating_add(self.quickest_answer()),
            latest: self.latest_success(),
        }
    }

    /// The same, if the probes that the kubelet triggers may come one right after the other.
    pub(super) fn successes_when_triggered(self) -> Bounds {
        let successes = self.probe.success_threshold();
        Bounds { earliest: self.quickest_answer().saturating_mul(successes), latest: self.latest_success() }
    }

    /// Until enough bad answers in a row are in, from when probing may begin (or the process stopped answering). The
    /// earliest has an answer come at once; the latest has each one time out.
    pub(super) fn failures(self) -> Bounds {
        let failures = self.probe.failure_threshold();
        Bounds {
            earliest: self.at_least(failures),
            latest: Some(self.at_most(failures).saturating_add(self.timeout())),
        }
    }

    /// Whether an answer comes before the timeout, so that it can be good.
    pub(super) fn can_succeed(self) -> bool {
        self.assumptions.probe_latency < self.timeout()
    }

    fn latest_success(self) -> Option<Duration> {
        let probes = self.at_most(self.probe.success_threshold());
        self.can_succeed().then(|| probes.saturating_add(self.assumptions.probe_latency))
    }

    fn quickest_answer(self) -> Duration {
        self.assumptions.probe_latency.min(self.timeout())
    }

    /// The least time between the first and the last of so many probes. One that outlasts the period may be followed
    /// by the next one at once, which brings them closer by less than a period.
    fn at_least(self, probes: u32) -> Duration {
        let closer = if self.timeout() > self.period() { 2 } else { 1 };
        self.period().saturating_mul(probes.saturating_sub(closer))
    }

    /// The most time until so many probes have begun: the first one may just have been missed.
    fn at_most(self, probes: u32) -> Duration {
        self.period().max(self.timeout()).saturating_mul(probes)
    }

    fn period(self) -> Duration {
        self.probe.period()
    }

    fn timeout(self) -> Duration {
        self.probe.timeout()
    }
}
