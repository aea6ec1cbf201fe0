//! When does a probe look, and when has it looked often enough?
//!
//! Answers to `worker.run` and `worker.doProbe` in `pkg/kubelet/prober/worker.go`.

use core::time::Duration;

use super::{Assumptions, Span};
use crate::spec::ProbeSpec;

/// The looks of one probe.
#[derive(Clone, Copy)]
pub(super) struct Looks<'a> {
    probe: &'a ProbeSpec,
    assumptions: &'a Assumptions,
}

impl<'a> Looks<'a> {
    pub(super) fn of(probe: &'a ProbeSpec, assumptions: &'a Assumptions) -> Looks<'a> {
        Looks { probe, assumptions }
    }

    /// When looking may begin, counted from the container's start: whole seconds since the published, rounded-down
    /// start have to reach the delay.
    pub(super) fn may_begin(self) -> Span {
        let delay = u64::from(self.probe.initial_delay());
        Span { earliest: Duration::from_secs(delay.saturating_sub(1)), latest: Some(Duration::from_secs(delay)) }
    }

    /// Until that many good answers in a row are in, from when looking may begin, if they have to wait for the period.
    pub(super) fn successes_on_schedule(self) -> Span {
        let successes = self.probe.success_threshold();
        Span {
            earliest: self.at_least(successes).saturating_add(self.quickest_answer()),
            latest: self.latest_success(),
        }
    }

    /// The same, if the kubelet's extra looks may come one right after the other.
    pub(super) fn successes_with_extra_looks(self) -> Span {
        let successes = self.probe.success_threshold();
        Span { earliest: self.quickest_answer().saturating_mul(successes), latest: self.latest_success() }
    }

    /// Until enough bad answers in a row are in, from when looking may begin (or the process stopped answering). The
    /// earliest has an answer come at once; the latest has each one time out.
    pub(super) fn failures(self) -> Span {
        let failures = self.probe.failure_threshold();
        Span { earliest: self.at_least(failures), latest: Some(self.at_most(failures).saturating_add(self.timeout())) }
    }

    /// Whether an answer comes before the timeout, so that it can be good.
    pub(super) fn can_succeed(self) -> bool {
        self.assumptions.probe_latency < self.timeout()
    }

    fn latest_success(self) -> Option<Duration> {
        let looks = self.at_most(self.probe.success_threshold());
        self.can_succeed().then(|| looks.saturating_add(self.assumptions.probe_latency))
    }

    fn quickest_answer(self) -> Duration {
        self.assumptions.probe_latency.min(self.timeout())
    }

    /// The least time between the first and the last of so many looks. A look that outlasts the period may be followed
    /// by the next one at once, which brings them closer by less than a period.
    fn at_least(self, looks: u32) -> Duration {
        let closer = if self.timeout() > self.period() { 2 } else { 1 };
        self.period().saturating_mul(looks.saturating_sub(closer))
    }

    /// The most time until so many looks have begun: the first one may just have been missed.
    fn at_most(self, looks: u32) -> Duration {
        self.period().max(self.timeout()).saturating_mul(looks)
    }

    fn period(self) -> Duration {
        Duration::from_secs(self.probe.period().into())
    }

    fn timeout(self) -> Duration {
        Duration::from_secs(self.probe.timeout().into())
    }
}
