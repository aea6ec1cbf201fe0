//! Grace periods of a Pod and of its containers, and the time between SIGTERM and SIGKILL (`killContainer` in
//! pkg/kubelet/kuberuntime, `calculateEffectiveGracePeriod` in pkg/kubelet/pod_workers.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>; KEP-2238 (grace of probes). The
//! order in which sidecars stop is [`termination_order`](super::termination_order).
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::rule::grace;
//!
//! // A preStop hook has taken 12 of 30 s.
//! let left = grace::remaining_grace(Duration::from_secs(30), Duration::from_secs(12));
//! assert_eq!(grace::stop_timeout(left), Duration::from_secs(18));
//! ```
//!
//! Asked by: `kubelet::pod_worker`, for the Pod; `kubelet::kill_container`, for each container.

use core::time::Duration;

use crate::spec::{ContainerSpec, PodSpec, ProbeKind};

/// Least time between SIGTERM and SIGKILL: 2 s.
///
/// Answers to `minimumGracePeriodInSeconds` in `pkg/kubelet/kuberuntime`.
pub const MINIMUM_GRACE: Duration = Duration::from_secs(2);

/// Least grace of a whole Pod: "no matter what, we always supply a grace period of 1".
const MINIMUM_POD_GRACE: Duration = Duration::from_secs(1);

/// Returns the grace period of one container, before preStop hook and sidecar ordering take their part of it.
///
/// The deletion's grace if the Pod is being deleted; else the failed probe's own, then the Pod's; else 2 s. Answers to
/// `setTerminationGracePeriod` in `pkg/kubelet/kuberuntime`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api, rule::grace, spec::{PodSpec, ProbeKind}};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [
///     {"name": "app", "livenessProbe": {"exec": {"command": ["ok"]}, "terminationGracePeriodSeconds": 5}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.regular_containers().next().ok_or("no container")?;
/// let ten = Duration::from_secs(10);
/// assert_eq!(grace::container_grace(&spec, None, app, None), Duration::from_secs(30));
/// assert_eq!(grace::container_grace(&spec, None, app, Some(ProbeKind::Liveness)), Duration::from_secs(5));
/// assert_eq!(grace::container_grace(&spec, Some(ten), app, Some(ProbeKind::Liveness)), ten);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn container_grace(
    spec: &PodSpec,
    deletion_grace: Option<Duration>,
    container: &ContainerSpec,
    failed_probe: Option<ProbeKind>,
) -> Duration {
    let of_probe = || match failed_probe {
        Some(kind @ (ProbeKind::Startup | ProbeKind::Liveness)) => container.probe(kind)?.termination_grace(),
        // The API refuses a grace of a readiness probe, which kills nothing.
        Some(ProbeKind::Readiness) | None => None,
    };
    // The kubelet reads the probe's grace only inside `if pod.Spec.TerminationGracePeriodSeconds != nil`.
    let of_spec = || spec.termination_grace().map(|of_pod| of_probe().unwrap_or(of_pod));
    deletion_grace.or_else(of_spec).unwrap_or(MINIMUM_GRACE)
}

/// Returns the grace that is left after a hook or a wait, of which whole seconds count.
#[must_use]
pub fn remaining_grace(grace: Duration, spent: Duration) -> Duration {
    grace.saturating_sub(Duration::from_secs(spent.as_secs()))
}

/// True if this grace leaves time for a preStop hook, or for waiting in the order of sidecars.
#[must_use]
pub fn has_time_left(grace: Duration) -> bool {
    grace > Duration::ZERO
}

/// Returns the time between SIGTERM and SIGKILL: what is left of the grace, at least 2 s.
#[must_use]
pub fn stop_timeout(grace: Duration) -> Duration {
    grace.max(MINIMUM_GRACE)
}

/// Returns the grace period of a whole Pod, given the one in force if its termination has begun.
///
/// A grace may only shrink, and is at least 1 s. Answers to `calculateEffectiveGracePeriod` in
/// `pkg/kubelet/pod_workers.go`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api, rule::grace, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": []}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let [ten, sixty] = [10, 60].map(|seconds| Some(Duration::from_secs(seconds)));
/// assert_eq!(Some(grace::effective_grace(&spec, None, sixty, None)), sixty);
/// assert_eq!(Some(grace::effective_grace(&spec, sixty, ten, None)), ten);
/// assert_eq!(Some(grace::effective_grace(&spec, ten, sixty, None)), ten, "it only shrinks");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn effective_grace(
    spec: &PodSpec,
    in_force: Option<Duration>,
    deletion_grace: Option<Duration>,
    override_grace: Option<Duration>,
) -> Duration {
    let mut grace = in_force.unwrap_or_default();
    // Zero stands for "not set", as in the kubelet.
    for requested in [deletion_grace, override_grace].into_iter().flatten() {
        if grace.is_zero() || requested < grace {
            grace = requested;
        }
    }
    let was_requested = deletion_grace.is_some() || override_grace.is_some();
    if grace.is_zero() && !was_requested {
        grace = spec.termination_grace().unwrap_or_default();
    }
    grace.max(MINIMUM_POD_GRACE)
}
