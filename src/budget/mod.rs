//! From a spec alone: how long may this Pod take, and what in it is almost always a mistake?
//!
//! Nobody has to run the Pod. The bounds follow from the spec, the kubelet's way of probing, and a few stated
//! [`Assumptions`]. A bound is never too tight: `earliest` holds if nothing is faster than assumed, `latest` if
//! nothing is slower and nothing fails. What every bound leaves out:
//!
//! * The kubelet itself takes no time, and it is not restarted meanwhile.
//! * Probes come once a period, counted from when the kubelet got the Pod, so the first one after a start
//!   may come at once or almost a period later. The readiness probes that the kubelet triggers in between only help.
//! * `initialDelaySeconds` is compared with whole seconds since the published `startedAt`, which is rounded down: a
//!   probe may come up to a second before the delay is over.
//! * No `latest` counts a crash, a failed pull or hook, a wait for back-off, or a sync that another container holds up
//!   meanwhile.
//!
//! Stated as properties: no life is ready before [`Budget::ready`]`.earliest`; no Pod takes longer to stop than
//! [`longest_stop`] with its grace; no container is killed by a startup probe that started counting with it before
//! [`ContainerBudget::startup_allowance`]`.earliest`.
//!
//! Durations are serialised as numbers of seconds: whole ones as integers, others with a fraction. Only the back-off's
//! limits, which are the kubelet's configuration, keep serde's own form.
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::{budget::{self, Assumptions}, api, spec::PodSpec};
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
//! let budget = budget::of(&spec, &assumptions);
//! assert_eq!(budget.ready.to_string(), "3 s to 8 s");
//! assert_eq!(budget.longest_stop, Duration::from_secs(30));
//! let app = &budget.containers[0];
//! assert_eq!(app.startup_allowance.unwrap().to_string(), "145 s to 151 s");
//! assert_eq!(app.liveness.as_ref().unwrap().noticed.to_string(), "20 s to 31 s");
//! assert!(budget.findings.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assumptions;
mod bounds;
mod container;
mod find;
mod finding;
mod ready;
mod report;
mod schedule;
mod stop;
#[cfg(test)]
mod tests;

pub use assumptions::Assumptions;
pub use bounds::Bounds;
pub use container::{ContainerBudget, HookTime, LivenessBudget};
pub use finding::{DocPage, Finding, FindingCode};
pub use stop::longest_stop;

use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use crate::{
    config::BackOffLimits,
    rule::back_off::BackOff,
    spec::PodSpec,
    time::{Timestamp, seconds},
};

/// The bounds of a Pod's life, and what is almost certainly wrong with its spec.
///
/// See [`of`], which makes one:
///
/// ```
///
/// use pod_lifecycle::{budget::{self, Assumptions, Budget}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [{"name": "app"}]}}"#)?;
/// let Budget { longest_stop, restart_delays, findings, .. } =
///     budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// assert_eq!((longest_stop.as_secs(), restart_delays.len(), findings), (30, 7, vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Budget {
    /// What the bounds assume.
    pub assumptions: Assumptions,
    /// From when the kubelet gets the Pod until it is ready; readiness gates leave the latest open.
    pub ready: Bounds,
    /// Conditions that somebody else has to set before the Pod counts as ready.
    pub readiness_gates: Vec<String>,
    /// The longest that stopping the Pod takes, with the grace of its spec.
    #[serde(serialize_with = "seconds::serialize")]
    pub longest_stop: Duration,
    /// After how long the Pod is ended, whatever it is doing.
    #[serde(serialize_with = "seconds::serialize_option")]
    pub active_deadline: Option<Duration>,
    /// How long a container that keeps exiting waits before its first, second, … restart; the last one repeats.
    #[serde(serialize_with = "seconds::serialize_all")]
    pub restart_delays: Vec<Duration>,
    /// Init containers, sidecars and regular containers, in the order of the manifest.
    pub containers: Vec<ContainerBudget>,
    /// What is almost always a mistake.
    pub findings: Vec<Finding>,
}

/// The bounds of a Pod that is started under these assumptions.
///
/// The spec ought to be defaulted, as the API server does it: an unset grace counts as the kubelet's own 2 s. Ephemeral
/// containers are left out: nothing waits for them to get ready.
///
/// ```
/// use pod_lifecycle::{budget::{self, Assumptions}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
///     "terminationGracePeriodSeconds": 0,
///     "containers": [{"name": "app", "image": "nginx", "lifecycle": {"preStop": {"exec": {"command": ["drain"]}}}}]}}"#)?;
/// let budget = budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// let finding = &budget.findings[0];
/// assert_eq!((finding.code.to_string(), &*finding.field), ("PL004".to_string(), "spec.containers[0].lifecycle.preStop"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn of(spec: &PodSpec, assumptions: &Assumptions) -> Budget {
    let (ready, containers) = ready::walk(spec, assumptions);
    Budget {
        assumptions: assumptions.clone(),
        ready,
        readiness_gates: spec.readiness_gates().to_vec(),
        longest_stop: longest_stop(spec, stop::own_grace(spec)),
        active_deadline: spec.active_deadline(),
        restart_delays: restart_delays(&assumptions.crash_loop),
        containers,
        findings: find::all(spec, ready.earliest),
    }
}

/// How long a container that keeps exiting waits before its first, second, … restart; the last one repeats.
///
/// The first restart comes at once. A container that ran for longer than the reset time begins again.
///
/// ```
/// use pod_lifecycle::{budget::restart_delays, config::BackOffLimits};
///
/// let seconds: Vec<_> = restart_delays(&BackOffLimits::CRASH_LOOP).iter().map(|delay| delay.as_secs()).collect();
/// assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300]);
/// ```
#[must_use]
pub fn restart_delays(limits: &BackOffLimits) -> Vec<Duration> {
    let mut delays = vec![Duration::ZERO];
    let moment = Timestamp::UNIX_EPOCH;
    let mut counter = BackOff::advanced(None, limits, moment, moment);
    loop {
        delays.push(counter.delay());
        let next = BackOff::advanced(Some(counter), limits, moment, moment);
        if next.delay() <= counter.delay() {
            return delays;
        }
        counter = next;
    }
}
