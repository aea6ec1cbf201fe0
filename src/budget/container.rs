//! The bounds of one container.

use alloc::{borrow::ToOwned, string::String};
use core::time::Duration;

use serde::{Serialize, Serializer};

use super::{Assumptions, Bounds, schedule::Schedule, stop};
use crate::{
    api::RestartPolicy,
    rule::termination,
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind},
    time::seconds,
};

/// The bounds of one container's life.
///
/// ```
/// use pod_lifecycle::{budget::{self, Assumptions, HookTime}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx",
///     "livenessProbe": {"tcpSocket": {"port": 80}}, "lifecycle": {"postStart": {"sleep": {"seconds": 5}}}
/// }]}}"#)?;
/// let budget = budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// let app = &budget.containers[0];
/// assert_eq!((app.name.as_str(), app.startup_allowance), ("app", None));
/// assert!(matches!(app.post_start, Some(HookTime::Known(time)) if time.as_secs() == 5));
/// assert!(app.liveness.as_ref().is_some_and(|liveness| liveness.restarted.is_some()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerBudget {
    /// The container's name.
    pub name: String,
    /// What part it plays.
    #[serde(serialize_with = "kind_name")]
    pub kind: ContainerKind,
    /// From when the kubelet gets the Pod until the container first runs.
    pub starts: Bounds,
    /// How long its postStart hook holds up the whole Pod, if it has one.
    pub post_start: Option<HookTime>,
    /// From its start until its startup probe kills it, if no answer is ever good; `None` without such a probe. The
    /// process may use the earliest of it to start up, and is safe. Holds for a container whose probe has no failures left
    /// over from the instance before: the kubelet goes on counting.
    ///
    /// Kubernetes' pages call `initialDelaySeconds + failureThreshold × periodSeconds` the allowance; the last of these
    /// periods may be missing, since the first probe may come at once.
    pub startup_allowance: Option<Bounds>,
    /// From its first start until it is ready, if it can be (an init container cannot). The latest has every answer
    /// good from the warm-up on, and nothing promised if a probe may kill the container before.
    pub ready: Option<Bounds>,
    /// What its liveness probe does, if it has one.
    pub liveness: Option<LivenessBudget>,
    /// The longest that stopping it takes when the whole Pod is stopped with the grace of its spec, hooks and turns
    /// included.
    #[serde(serialize_with = "seconds::serialize")]
    pub longest_stop: Duration,
}

/// How long a hook takes.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::HookTime;
///
/// let sleeps = HookTime::Known(Duration::from_secs(5));
/// assert_ne!(sleeps, HookTime::Assumed(Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum HookTime {
    /// It sleeps for as long as the spec says.
    Known(#[serde(serialize_with = "seconds::serialize")] Duration),
    /// It runs something that the spec cannot know; this is what was assumed.
    Assumed(#[serde(serialize_with = "seconds::serialize")] Duration),
}

/// What a liveness probe does, and when.
///
/// ```
/// use pod_lifecycle::{budget::{self, Assumptions, LivenessBudget}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 10}}]}}"#)?;
/// let budget = budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// let liveness: &LivenessBudget = budget.containers[0].liveness.as_ref().ok_or("no probe")?;
/// assert_eq!(liveness.noticed.to_string(), "20 s to 31 s");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LivenessBudget {
    /// From the container's start: no kill before this, whatever the process answers. Holds, as the start-up allowance
    /// does, if no failures are left over from the instance before.
    #[serde(serialize_with = "seconds::serialize")]
    pub first_kill: Duration,
    /// From when a started process stops giving good answers until its probe has failed. The kill follows at once, unless
    /// the kubelet is busy with another container of the Pod: a pull, a hook or a stop holds up everything else. An
    /// answer that is an error of the probe itself does not count and makes it later.
    pub noticed: Bounds,
    /// From when it stops giving good answers until the next instance runs; `None` if the container is not restarted,
    /// and then the Pod may end. The latest counts a stop that takes all of its grace, but no back-off: that adds at most the last of
    /// [`Budget::restart_delays`](super::Budget).
    pub restarted: Option<Bounds>,
}

/// What the parts of a container's life have in common.
#[derive(Clone, Copy)]
pub(super) struct Timing<'a> {
    pub(super) spec: &'a PodSpec,
    pub(super) container: &'a ContainerSpec,
    pub(super) assumptions: &'a Assumptions,
    /// From its first start until the sync that started it is over, and its status is published.
    pub(super) published: Duration,
}

impl Timing<'_> {
    pub(super) fn budget(self, starts: Bounds) -> ContainerBudget {
        let container = self.container;
        ContainerBudget {
            name: container.name().to_owned(),
            kind: container.kind(),
            starts,
            post_start: container.post_start().map(|hook| self.hook_time(hook)),
            startup_allowance: self.startup_allowance(),
            ready: (container.kind() != ContainerKind::Init).then(|| self.ready()),
            liveness: self.liveness(),
            longest_stop: stop::in_termination(container, stop::own_grace(self.spec)),
        }
    }

    /// From its first start until it has started up.
    pub(super) fn started(self) -> Bounds {
        let Some(schedule) = self.schedule(ProbeKind::Startup) else { return self.seen() };
        let survives = self.startup_allowance().is_none_or(|allowance| self.assumptions.warm_up <= allowance.earliest);
        let first_probe = self.seen().and(schedule.may_begin()).and(self.warm());
        first_probe.then(schedule.successes_on_schedule()).bounded_if(survives)
    }

    fn ready(self) -> Bounds {
        let started = self.started();
        let survives = self.schedule(ProbeKind::Liveness).is_none_or(|schedule| {
            schedule.can_succeed() && self.first_liveness_kill(schedule) >= self.assumptions.warm_up
        });
        let ready = match self.schedule(ProbeKind::Readiness) {
            None => started,
            Some(schedule) => {
                started.and(schedule.may_begin()).and(self.warm()).then(schedule.successes_when_triggered())
            }
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
        let grace = termination::container_grace(self.spec, None, self.container, Some(ProbeKind::Liveness));
        let stop = Bounds { earliest: Duration::ZERO, latest: Some(stop::alone(self.container, grace)) };
        // The rules on exit codes are not asked: the kubelet decides before there is one.
        let is_restarted = self.container.restart().policy() != RestartPolicy::Never;
        let restarted = is_restarted.then(|| noticed.then(stop).after(self.assumptions.start_latency));
        Some(LivenessBudget { first_kill: self.first_liveness_kill(schedule), noticed, restarted })
    }

    fn first_liveness_kill(self, schedule: Schedule<'_>) -> Duration {
        let first_probe = self.started().and(schedule.may_begin());
        first_probe.then(schedule.failures()).earliest
    }

    /// Probes see a container when its status is published: at the end of the sync, and so not before its own postStart
    /// hook is over.
    fn seen(self) -> Bounds {
        Bounds { earliest: self.assumptions.hook_time(self.container.post_start()), latest: Some(self.published) }
    }

    fn warm(self) -> Bounds {
        Bounds::exactly(self.assumptions.warm_up)
    }

    fn schedule(&self, kind: ProbeKind) -> Option<Schedule<'_>> {
        self.container.probe(kind).map(|probe| Schedule::of(probe, self.assumptions))
    }

    fn hook_time(self, hook: &LifecycleHook) -> HookTime {
        let time = self.assumptions.hook_time(Some(hook));
        match hook {
            LifecycleHook::Sleep(_) => HookTime::Known(time),
            LifecycleHook::Run(_) => HookTime::Assumed(time),
        }
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
