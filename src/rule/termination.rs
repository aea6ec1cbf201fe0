//! How long is a container given when it is stopped, and when is its turn?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>. Answers to `killContainer` and
//! `terminationOrdering` in `pkg/kubelet/kuberuntime`; KEP-753 (sidecars), KEP-2238 (grace of probes).
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::rule::termination;
//!
//! // Of 30 s, a preStop hook has taken 12.
//! let left = termination::grace_after(30, Duration::from_secs(12));
//! assert_eq!(termination::stop_timeout(left), 18);
//! ```

use core::time::Duration;

use crate::spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind};

/// Seconds that every container has between SIGTERM and SIGKILL, whatever its grace.
///
/// ```
/// use pod_lifecycle::rule::termination::{self, MINIMUM_GRACE};
///
/// assert_eq!(i64::from(termination::stop_timeout(0)), MINIMUM_GRACE);
/// ```
pub const MINIMUM_GRACE: i64 = 2;

/// Seconds a container is given to stop, before hooks and turns take their part.
///
/// The deletion's grace if the Pod is being deleted; else the failed probe's own, then the Pod's; else 2 s. Answers to
/// `setTerminationGracePeriod`.
///
/// ```
/// use pod_lifecycle::{manifest, rule::termination, spec::{PodSpec, ProbeKind}};
///
/// let manifest: manifest::PodManifest = serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [
///     {"name": "app", "livenessProbe": {"exec": {"command": ["ok"]}, "terminationGracePeriodSeconds": 5}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.regular_containers().next().ok_or("no container")?;
/// assert_eq!(termination::grace(&spec, None, app, None), 30);
/// assert_eq!(termination::grace(&spec, None, app, Some(ProbeKind::Liveness)), 5);
/// assert_eq!(termination::grace(&spec, Some(10), app, Some(ProbeKind::Liveness)), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn grace(
    spec: &PodSpec,
    deletion_grace: Option<i64>,
    container: &ContainerSpec,
    failed_probe: Option<ProbeKind>,
) -> i64 {
    let of_probe = || match failed_probe {
        Some(kind @ (ProbeKind::Startup | ProbeKind::Liveness)) => container.probe(kind)?.termination_grace(),
        Some(ProbeKind::Readiness) | None => None,
    };
    let of_spec = || spec.termination_grace().map(|of_pod| of_probe().unwrap_or(of_pod));
    deletion_grace.or_else(of_spec).unwrap_or(MINIMUM_GRACE)
}

/// What is left of a grace, in seconds, after a hook or a wait of this length: whole seconds count.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination;
///
/// assert_eq!(termination::grace_after(30, Duration::from_millis(4_900)), 26);
/// ```
#[must_use]
pub fn grace_after(grace: i64, spent: Duration) -> i64 {
    grace.saturating_sub(i64::try_from(spent.as_secs()).unwrap_or(i64::MAX))
}

/// Whether this grace, in seconds, leaves time for a preStop hook, or for waiting one's turn.
///
/// ```
/// use pod_lifecycle::rule::termination;
///
/// assert!(termination::leaves_time(30) && !termination::leaves_time(0));
/// ```
#[must_use]
pub fn leaves_time(grace: i64) -> bool {
    grace > 0
}

/// How long a hook or a wait may take at most with this grace, in seconds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination;
///
/// assert_eq!(termination::longest_wait(30), Duration::from_secs(30));
/// ```
#[must_use]
pub fn longest_wait(grace: i64) -> Duration {
    Duration::from_secs(grace.max(0).unsigned_abs())
}

/// Seconds between SIGTERM and SIGKILL: what is left of the grace, at least 2.
///
/// ```
/// use pod_lifecycle::rule::termination;
///
/// assert_eq!((termination::stop_timeout(30), termination::stop_timeout(1)), (30, 2));
/// ```
#[must_use]
pub fn stop_timeout(grace: i64) -> u32 {
    u32::try_from(grace.max(MINIMUM_GRACE)).unwrap_or(u32::MAX)
}

/// Whether a sidecar has to wait, when its Pod is stopped, until another container is gone: it waits for every regular
/// one and for the next sidecar.
///
/// Answers to `newTerminationOrdering`.
///
/// ```
/// use pod_lifecycle::{manifest, rule::termination, spec::PodSpec};
///
/// let manifest: manifest::PodManifest = serde_json::from_str(r#"{"spec": {
///     "initContainers": [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
///     "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (proxy, app) = (0.into(), 1.into());
/// assert!(termination::waits_for(&spec, proxy, app));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn waits_for(spec: &PodSpec, sidecar: ContainerIndex, other: ContainerIndex) -> bool {
    let kind_of = |index| spec.container(index).map(ContainerSpec::kind);
    if kind_of(sidecar) != Some(ContainerKind::Sidecar) {
        return false;
    }
    let is_next_sidecar = || spec.sidecars().map(|(index, _)| index).find(|&index| index > sidecar) == Some(other);
    kind_of(other) == Some(ContainerKind::Regular) || is_next_sidecar()
}

/// The grace, in seconds, with which a whole Pod is terminated, given the one in force (0 for none yet).
///
/// A grace may only shrink, and is at least 1. Answers to `calculateEffectiveGracePeriod` in `pkg/kubelet`.
///
/// ```
/// use pod_lifecycle::{manifest, rule::termination, spec::PodSpec};
///
/// let manifest: manifest::PodManifest =
///     serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": []}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!(termination::effective_grace(&spec, 0, Some(60), None), 60);
/// assert_eq!(termination::effective_grace(&spec, 60, Some(10), None), 10);
/// assert_eq!(termination::effective_grace(&spec, 10, Some(60), None), 10, "it only shrinks");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn effective_grace(spec: &PodSpec, in_force: i64, deletion_grace: Option<i64>, override_grace: Option<i64>) -> i64 {
    let mut grace = in_force;
    for requested in [deletion_grace, override_grace].into_iter().flatten() {
        if grace == 0 || requested < grace {
            grace = requested;
        }
    }
    let was_requested = deletion_grace.is_some() || override_grace.is_some();
    if grace == 0 && !was_requested {
        grace = spec.termination_grace().unwrap_or(0);
    }
    grace.max(1)
}
