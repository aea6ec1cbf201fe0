//! Time budgets and lint of a spec: how long a Pod may take to get ready, to notice a hang and to stop, and which of its
//! settings are mistakes or have a price.
//!
//! Nothing runs: the bounds follow from the spec, from the kubelet's probe schedule and from a few stated
//! [`Assumptions`]. A bound is never too tight: `earliest` holds if nothing is faster than assumed, `latest` if nothing
//! is slower and nothing fails. Every bound leaves out:
//!
//! * The time of the kubelet's own work, and its restarts.
//! * The phase of a probe: probes run once a period, counted from when the kubelet got the Pod, so the first one after a
//!   start may run at once or almost a period later. The extra readiness probes that the kubelet triggers only help.
//! * Up to a second of `initialDelaySeconds`: the kubelet compares it with whole seconds since the published
//!   `startedAt`, which is rounded down.
//! * In `latest`: crashes, failed pulls and hooks, back-offs, and syncs that another container holds up.
//!
//! Three properties are tested: no Pod is ready before [`Budget::ready`]`.earliest`; no Pod takes longer to stop than
//! [`longest_stop`] with its grace period; no startup probe kills a container before
//! [`ContainerBudget::startup_allowance`]`.earliest`, unless it still counts failures of the instance before.
//!
//! In JSON, durations are numbers of seconds: whole ones as integers, others with a fraction.
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::{budget::{Assumptions, Budget}, api, spec::PodSpec};
//!
//! let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
//!     "terminationGracePeriodSeconds": 30,
//!     "containers": [{
//!         "name": "app", "image": "nginx",
//!         "startupProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 30},
//!         "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 10, "failureThreshold": 3}
//!     }]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let assumptions = Assumptions { start_latency: Duration::from_secs(3), ..Assumptions::default() };
//! let budget = Budget::of(&spec, &assumptions);
//! assert!(budget.findings.is_empty());
//! assert_eq!(budget.to_string(), "\
//! The Pod is ready 3 to 8 s after the kubelet gets it.
//! It takes at most 30 s to stop.
//! A container that keeps exiting restarts after 0 s, 10 s, 20 s, 40 s, 80 s, 160 s, then every 300 s.
//! `app`:
//!   Starts after 3 s.
//!   Its startup probe gives it at least 145 s to start up, and kills it after 151 s at the latest.
//!   Is ready 0 to 5 s after its start.
//!   Liveness cannot kill it in its first 20 s.
//!   A hung `app` is noticed after 20 to 31 s and runs again after 23 to 64 s.
//!   Takes at most 30 s to stop.
//! Assumes 3 s to start a container; everything else takes no time.
//! ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod container;
mod findings;
mod pod;
mod report;
#[cfg(test)]
mod tests;

pub use bounds::Bounds;
pub use container::{ContainerBudget, HookTime, LivenessBudget};
pub use findings::{DocPage, Finding, FindingCode, Severity};
pub use pod::longest_stop;

use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    config::BackOffLimits,
    rule::back_off::BackOff,
    spec::{LifecycleHook, PodSpec},
    time::{Timestamp, seconds},
};

/// Bounds of a Pod's life and findings on its spec; [`Budget::of`] computes them, `Display` prints them as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Budget {
    /// Assumptions of the bounds.
    pub assumptions: Assumptions,
    /// From when the kubelet gets the Pod until it is ready; unbounded above if it has readiness gates.
    pub ready: Bounds,
    /// Condition types of the readiness gates, which controllers have to set before the Pod is ready.
    pub readiness_gates: Vec<String>,
    /// Longest time that stopping the Pod takes, with the grace period of its spec.
    #[serde(serialize_with = "seconds::serialize")]
    pub longest_stop: Duration,
    /// `activeDeadlineSeconds`: the Pod is stopped this long after its start.
    #[serde(serialize_with = "seconds::serialize_option")]
    pub active_deadline: Option<Duration>,
    /// Delays before the first, second, … restart of a container that keeps exiting; the last one repeats.
    #[serde(serialize_with = "seconds::serialize_all")]
    pub restart_delays: Vec<Duration>,
    /// Budgets of init containers, sidecars and regular containers, in the order of the manifest.
    pub containers: Vec<ContainerBudget>,
    /// Settings that are mistakes, or that have a price.
    pub findings: Vec<Finding>,
}

impl Budget {
    /// Computes the bounds of a Pod that starts under these assumptions, and lints its spec.
    ///
    /// The spec should have the API server's defaults: an unset grace period counts as the kubelet's own 2 s. Ephemeral
    /// containers are left out, since nothing waits for them to get ready.
    #[must_use]
    pub fn of(spec: &PodSpec, assumptions: &Assumptions) -> Budget {
        let (ready, containers) = pod::start_order(spec, assumptions);
        Budget {
            assumptions: assumptions.clone(),
            ready,
            readiness_gates: spec.readiness_gates().to_vec(),
            longest_stop: longest_stop(spec, pod::own_grace(spec)),
            active_deadline: spec.active_deadline(),
            restart_delays: restart_delays(&assumptions.crash_loop),
            containers,
            // `earliest`, so that a finding on the deadline is never wrong.
            findings: findings::all(spec, ready.earliest),
        }
    }
}

/// Durations that bounds depend on and no spec contains; all are zero by default.
///
/// Each counts as the least time for an `earliest` bound and as the most for a `latest` one. In JSON they are numbers of
/// seconds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::Assumptions;
///
/// let assumptions: Assumptions = serde_json::from_str(r#"{"startLatency": 2.5}"#)?;
/// assert_eq!(assumptions, Assumptions { start_latency: Duration::from_millis(2500), ..Assumptions::default() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Assumptions {
    /// From when a container is due to start until the kubelet has seen it run, including the pull of its image.
    #[serde(with = "seconds")]
    pub start_latency: Duration,
    /// From the start of a probe until its answer.
    #[serde(with = "seconds")]
    pub probe_latency: Duration,
    /// Run time of an init container, sidecars excepted.
    #[serde(with = "seconds")]
    pub init_run: Duration,
    /// Run time of a postStart hook that is not a `sleep`.
    #[serde(with = "seconds")]
    pub hook_run: Duration,
    /// From a container's start until its probes succeed.
    #[serde(with = "seconds")]
    pub warm_up: Duration,
    /// The node's crash-loop back-off; not serialised, since [`Budget::restart_delays`] shows it.
    #[serde(skip, default = "default_crash_loop")]
    pub crash_loop: BackOffLimits,
}

impl Default for Assumptions {
    fn default() -> Assumptions {
        Assumptions {
            start_latency: Duration::ZERO,
            probe_latency: Duration::ZERO,
            init_run: Duration::ZERO,
            hook_run: Duration::ZERO,
            warm_up: Duration::ZERO,
            crash_loop: default_crash_loop(),
        }
    }
}

impl Assumptions {
    /// Returns the run time of a postStart hook: a sleep's own, else the assumed one.
    fn hook_time(&self, hook: Option<&LifecycleHook>) -> Duration {
        match hook {
            None => Duration::ZERO,
            Some(LifecycleHook::Sleep(time)) => *time,
            Some(LifecycleHook::Run(_)) => self.hook_run,
        }
    }
}

const fn default_crash_loop() -> BackOffLimits {
    BackOffLimits::CRASH_LOOP
}

/// Returns the delays before the first, second, … restart of a container that keeps exiting; the last one repeats.
///
/// The first restart is immediate. A container that ran for longer than the reset time starts over.
///
/// ```
/// use pod_lifecycle::{budget::restart_delays, config::BackOffLimits};
///
/// let seconds: Vec<_> = restart_delays(&BackOffLimits::CRASH_LOOP).iter().map(|delay| delay.as_secs()).collect();
/// assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300]);
/// ```
#[must_use]
pub fn restart_delays(limits: &BackOffLimits) -> Vec<Duration> {
    // A container's first exit finds no entry in the kubelet's back-off, so it restarts at once.
    let mut delays = vec![Duration::ZERO];
    // Exits at one instant: no run is ever long enough to reset the back-off.
    let at = Timestamp::UNIX_EPOCH;
    let mut counter = BackOff::advanced(None, limits, at, at);
    loop {
        delays.push(counter.delay());
        let next = BackOff::advanced(Some(counter), limits, at, at);
        // The limit is reached: all later delays are the same.
        if next.delay() <= counter.delay() {
            return delays;
        }
        counter = next;
    }
}
