//! Bounds of one container: its start, its probes, its stop.
//!
//! Answers to `worker.run` and `worker.doProbe` in `pkg/kubelet/prober/worker.go`.

use alloc::{borrow::ToOwned, string::String};
use core::time::Duration;

use serde::{Serialize, Serializer};

use super::{Assumptions, Bounds, pod};
use crate::{
    api::RestartPolicy,
    rule::grace,
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    time::seconds,
};

/// Bounds of one container's life; in JSON in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerBudget {
    /// The container's name.
    pub name: String,
    /// Kind of the container.
    #[serde(serialize_with = "kind_name")]
    pub kind: ContainerKind,
    /// From when the kubelet gets the Pod until the container first runs.
    pub starts: Bounds,
    /// Run time of its postStart hook, which holds up the whole Pod.
    pub post_start: Option<HookTime>,
    /// From its start until its startup probe kills it if it never succeeds; `None` without such a probe. A process that
    /// starts up within `earliest` is safe, unless the probe still counts failures of the instance before.
    ///
    /// Kubernetes' documentation calls `initialDelaySeconds + failureThreshold × periodSeconds` the allowance; the last of
    /// these periods may be missing, since the first probe may run at once.
    pub startup_allowance: Option<Bounds>,
    /// From its first start until it is ready; `None` for an init container. `latest` assumes that every probe succeeds
    /// after the warm-up, and is unbounded if a probe may kill the container before.
    pub ready: Option<Bounds>,
    /// Times of its liveness probe, if it has one.
    pub liveness: Option<LivenessBudget>,
    /// Longest time that stopping it takes when the whole Pod is stopped with the grace period of its spec, including
    /// its hook and its wait for other containers.
    #[serde(serialize_with = "seconds::serialize")]
    pub longest_stop: Duration,
}

/// Run time of a postStart hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum HookTime {
    /// A sleep of the spec.
    Known(#[serde(serialize_with = "seconds::serialize")] Duration),
    /// A command or request, with the assumed time.
    Assumed(#[serde(serialize_with = "seconds::serialize")] Duration),
}

/// Times until a liveness probe kills its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LivenessBudget {
    /// From the container's start until the first possible kill, unless the probe still counts failures of the instance
    /// before.
    #[serde(serialize_with = "seconds::serialize")]
    pub first_kill: Duration,
    /// From when a started process hangs until its probe has failed. The kill follows at once, unless a pull, a hook or a
    /// stop of another container holds up the Pod. Errors of the probe itself do not count and make it later.
    pub noticed: Bounds,
    /// From when it hangs until the next instance runs; `None` if the container does not restart. `latest` includes a
    /// stop that takes all of its grace period, but no back-off, which adds at most the last of
    /// [`Budget::restart_delays`](super::Budget::restart_delays).
    pub restarted: Option<Bounds>,
}

/// Inputs of a container's bounds.
#[derive(Clone, Copy)]
pub(super) struct Timing<'a> {
    pub(super) spec: &'a PodSpec,
    pub(super) container: &'a ContainerSpec,
    pub(super) assumptions: &'a Assumptions,
    /// From its first start until the sync that started it ends and publishes its status.
    pub(super) published: Duration,
}

impl Timing<'_> {
    pub(super) fn budget(self, starts: Bounds) -> ContainerBudget {
        let container = self.container;
        ContainerBudget {
            name: container.name().to_owned(),
            kind: container.kind(),
            starts,
            post_start: container.post_start().map(|hook| match hook {
                LifecycleHook::Sleep(time) => HookTime::Known(*time),
                LifecycleHook::Run(_) => HookTime::Assumed(self.assumptions.hook_run),
            }),
            startup_allowance: self.startup_allowance(),
            // An init container is never ready in the sense of this bound: it runs to its end.
            ready: (container.kind() != ContainerKind::Init).then(|| self.ready()),
            liveness: self.liveness(),
            longest_stop: pod::stop_with_pod(container, pod::own_grace(self.spec)),
        }
    }

    /// Returns the time from its first start until it has started up.
    pub(super) fn started(self) -> Bounds {
        // Without a startup probe, a container counts as started as soon as its published status says that it runs.
        let Some(schedule) = self.schedule(ProbeKind::Startup) else { return self.seen() };
        // `earliest` and not `latest`: a process that needs longer may be killed by the quickest series of failures.
        let survives = self.startup_allowance().is_none_or(|allowance| self.assumptions.warm_up <= allowance.earliest);
        let first_probe = self.seen().and(schedule.may_begin()).and(Bounds::exactly(self.assumptions.warm_up));
        // Startup probes only run on the period's ticks; the kubelet triggers readiness probes between them as well.
        first_probe.then(schedule.successes_on_schedule()).bounded_if(survives)
    }

    fn ready(self) -> Bounds {
        let started = self.started();
        // A probe that cannot be sent is no failure: the kubelet throws its result away.
        let liveness = self.schedule(ProbeKind::Liveness).filter(|schedule| schedule.is_port_known);
        let survives = liveness.is_none_or(|schedule| {
            // A liveness probe fails during the warm-up: it must not reach its threshold before.
            schedule.can_succeed() && self.first_liveness_kill(schedule) >= self.assumptions.warm_up
        });
        let ready = match self.schedule(ProbeKind::Readiness) {
            // Without a readiness probe, a container is ready as soon as it has started.
            None => started,
            Some(schedule) => started
                .and(schedule.may_begin())
                .and(Bounds::exactly(self.assumptions.warm_up))
                .then(schedule.successes_when_triggered()),
        };
        ready.bounded_if(survives)
    }

    fn startup_allowance(self) -> Option<Bounds> {
        let schedule = self.schedule(ProbeKind::Startup)?;
        Some(self.seen().and(schedule.may_begin()).then(schedule.failures()))
    }

    fn liveness(self) -> Option<LivenessBudget> {
        let schedule = self.schedule(ProbeKind::Liveness)?;
        let failures = schedule.failures();
        // A probe that was under way when the process stopped answering counts already.
        let noticed = Bounds { earliest: failures.earliest.saturating_sub(self.assumptions.probe_latency), ..failures };
        let grace = grace::container_grace(self.spec, None, self.container, Some(ProbeKind::Liveness));
        // A process may end at once on SIGTERM, or need SIGKILL after all of its grace.
        let stop = Bounds { earliest: Duration::ZERO, latest: Some(pod::stop_alone(self.container, grace)) };
        // restartPolicyRules do not matter: the kubelet decides before there is an exit code.
        let is_restarted = self.container.restart().policy() != RestartPolicy::Never;
        let restarted = is_restarted.then(|| noticed.then(stop).after(self.assumptions.start_latency));
        Some(LivenessBudget { first_kill: self.first_liveness_kill(schedule), noticed, restarted })
    }

    fn first_liveness_kill(self, schedule: Schedule<'_>) -> Duration {
        // The kubelet holds liveness back until the container has started, and then for no further delay:
        // `initialDelaySeconds` counts from the start of the process.
        let first_probe = self.started().and(schedule.may_begin());
        first_probe.then(schedule.failures()).earliest
    }

    /// Returns the time from its start until probes see it: its status is published at the end of the sync, so not
    /// before its own postStart hook ends.
    fn seen(self) -> Bounds {
        Bounds { earliest: self.assumptions.hook_time(self.container.post_start()), latest: Some(self.published) }
    }

    fn schedule(&self, kind: ProbeKind) -> Option<Schedule<'_>> {
        let probe = self.container.probe(kind)?;
        let is_port_known = self.container.port_error(probe.handler()).is_none();
        Some(Schedule { probe, assumptions: self.assumptions, is_port_known })
    }
}

/// Schedule of one probe.
#[derive(Clone, Copy)]
struct Schedule<'a> {
    probe: &'a ProbeSpec,
    assumptions: &'a Assumptions,
    /// False if it names a port that the container does not have: then it fails each time.
    is_port_known: bool,
}

impl Schedule<'_> {
    /// Returns when probing may begin, from the container's start: whole seconds since the published start, which is
    /// rounded down, have to reach the delay.
    fn may_begin(self) -> Bounds {
        let delay = self.probe.initial_delay();
        Bounds { earliest: delay.saturating_sub(Duration::from_secs(1)), latest: Some(delay) }
    }

    /// Returns the time from when probing may begin until enough successes in a row, one per period.
    fn successes_on_schedule(self) -> Bounds {
        let successes = self.probe.success_threshold();
        Bounds {
            earliest: self.at_least(successes).saturating_add(self.quickest_answer()),
            latest: self.latest_success(),
        }
    }

    /// Returns the same if triggered probes may follow one another at once.
    fn successes_when_triggered(self) -> Bounds {
        let successes = self.probe.success_threshold();
        Bounds { earliest: self.quickest_answer().saturating_mul(successes), latest: self.latest_success() }
    }

    /// Returns the time from when probing may begin, or the process hangs, until enough failures in a row: `earliest` if
    /// each answer is immediate, `latest` if each probe times out.
    fn failures(self) -> Bounds {
        let failures = self.probe.failure_threshold();
        Bounds {
            earliest: self.at_least(failures),
            // The last failure is known only when its timeout has passed.
            latest: Some(self.at_most(failures).saturating_add(self.timeout())),
        }
    }

    /// True if it is sent, and an answer arrives before the timeout.
    fn can_succeed(self) -> bool {
        self.is_port_known && self.assumptions.probe_latency < self.timeout()
    }

    fn latest_success(self) -> Option<Duration> {
        // A probe that always times out never succeeds: no bound.
        let probes = self.at_most(self.probe.success_threshold());
        self.can_succeed().then(|| probes.saturating_add(self.assumptions.probe_latency))
    }

    fn quickest_answer(self) -> Duration {
        self.assumptions.probe_latency.min(self.timeout())
    }

    /// Returns the least time between the first and the last of so many probes.
    fn at_least(self, probes: u32) -> Duration {
        // A probe that outlasts its period may be followed by the next one at once.
        let closer = if self.timeout() > self.period() { 2 } else { 1 };
        self.period().saturating_mul(probes.saturating_sub(closer))
    }

    /// Returns the most time until so many probes have begun: the first tick may just have been missed.
    fn at_most(self, probes: u32) -> Duration {
        // A Go ticker drops the ticks that a slow probe misses, so a longer timeout takes the period's place.
        self.period().max(self.timeout()).saturating_mul(probes)
    }

    fn period(self) -> Duration {
        self.probe.period()
    }

    fn timeout(self) -> Duration {
        self.probe.timeout()
    }
}

fn kind_name<S: Serializer>(kind: &ContainerKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        ContainerKind::Init => "Init",
        ContainerKind::Sidecar => "Sidecar",
        ContainerKind::Regular => "Regular",
        ContainerKind::Ephemeral => "Ephemeral",
    })
}
