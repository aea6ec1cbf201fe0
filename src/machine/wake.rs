//! When a Pod wakes by itself, and why.

use core::time::Duration;

use super::{Pod, Step, pass::Doing, tables::WorkerState};
use crate::{
    config::Timing,
    rule::deadline,
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// Why a Pod wakes; at one instant they come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wake {
    /// A container being stopped: its hook has run out of time, or its turn has come.
    Stop(ContainerIndex),
    /// A hook that sleeps after a start is over.
    HookSlept(ContainerIndex),
    /// The runtime is looked at (node-like time only).
    Relist,
    /// A probe's look is due.
    Probe(ContainerIndex, ProbeKind),
    /// The next pass is due without any other reason: a back-off ends, a failure is tried again, a resync.
    Retry,
    /// The active deadline has passed.
    Deadline,
}

impl Pod {
    /// What the Pod wakes for next, and when.
    #[must_use]
    pub fn next_wake(&self) -> Option<(Timestamp, Wake)> {
        let worker = &self.worker;
        let pass = worker.pass.as_deref();
        let stops = pass.into_iter().flat_map(|pass| &pass.stops);
        let stops = stops.filter_map(|stop| Some((stop.due()?, Wake::Stop(stop.container))));
        let slept = pass.and_then(|pass| {
            let Doing::PostStart(container, _, Some(until)) = pass.doing else { return None };
            Some((until, Wake::HookSlept(container)))
        });
        let probes = self.probers.iter();
        let probes = probes.filter_map(|prober| Some((prober.due()?, Wake::Probe(prober.container, prober.kind))));
        let retry = worker.retry_at.map(|at| (at, Wake::Retry));
        let relist = worker.relist_at.map(|at| (at, Wake::Relist));
        let deadline = self.next_deadline_check().map(|at| (at, Wake::Deadline));
        stops.chain(slept).chain(relist).chain(probes).chain(retry).chain(deadline).min()
    }

    /// When the active deadline is looked at next: when it passes, and then once a second until it is acted upon.
    fn next_deadline_check(&self) -> Option<Timestamp> {
        if self.worker.state != WorkerState::Syncing {
            return None;
        }
        let deadline = deadline::of(&self.spec, self.record.start_time?)?;
        let met = self.record.node.deadline_met;
        Some(met.map_or(deadline, |met| deadline.max(met + Duration::from_secs(1))))
    }

    pub(super) fn note_next_wake(&mut self) {
        self.record.node.wake_at = self.next_wake().map(|(at, _)| at);
    }

    /// Handles one wake-up.
    pub(super) fn wake(&mut self, wake: Wake, step: &mut Step<'_>) {
        match wake {
            Wake::Stop(_) => self.with_pass(step, |pod, pass, step| pod.go_on_stopping(pass, step)),
            Wake::HookSlept(_) => self.with_pass(step, |pod, pass, step| {
                if let Doing::PostStart(container, instance, _) = pass.doing {
                    pod.on_post_start_finished(container, instance, Ok(()), pass, step);
                }
            }),
            Wake::Relist => {
                self.worker.relist_at = None;
                self.request_pass();
            }
            Wake::Probe(container, kind) => {
                let place = self.probers.iter().position(|it| it.container == container && it.kind == kind);
                if let Some(place) = place {
                    self.look(place, step);
                }
            }
            Wake::Retry => {
                self.worker.retry_at = None;
                self.request_pass();
            }
            Wake::Deadline => {
                self.record.node.deadline_met = Some(step.now.whole_seconds());
                self.request_pass();
            }
        }
        self.settle(step);
    }

    /// How long something that is due in `wait` really takes: on a real node up to half again.
    pub(super) fn late(&mut self, wait: Duration) -> Duration {
        match self.config.timing {
            Timing::Ideal => wait,
            Timing::NodeLike { seed } => wait.saturating_add(self.random_part(seed, half_of(wait))),
        }
    }

    /// How long a worker made by a young kubelet waits: half a period; on a real node a random part of it.
    pub(super) fn part_of(&mut self, period: Duration) -> Duration {
        match self.config.timing {
            Timing::Ideal => half_of(period),
            Timing::NodeLike { seed } => self.random_part(seed, period),
        }
    }

    /// A random part of a duration, to the millisecond: the n-th of a life is the same each time.
    fn random_part(&mut self, seed: u64, whole: Duration) -> Duration {
        self.record.node.draws = self.record.node.draws.wrapping_add(1);
        let random = mix(seed ^ u64::from(self.record.node.draws).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
    }
}

fn half_of(whole: Duration) -> Duration {
    whole.checked_div(2).unwrap_or(whole)
}

/// Scrambles a number (the finalizer of `SplitMix64`).
fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
