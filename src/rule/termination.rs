//! Pod termination: grace periods, the order of sidecars, and the phase after an eviction, a preemption or a shutdown
//! (`killContainer` and `terminationOrdering` in pkg/kubelet/kuberuntime).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>; KEP-753 (sidecars), KEP-2238
//! (grace of probes).
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::rule::termination;
//!
//! // A preStop hook has taken 12 of 30 s.
//! let left = termination::remaining_grace(Duration::from_secs(30), Duration::from_secs(12));
//! assert_eq!(termination::stop_timeout(left), Duration::from_secs(18));
//! ```

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::PodPhase,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind},
};

/// Least time between SIGTERM and SIGKILL: 2 s.
///
/// Answers to `minimumGracePeriodInSeconds` in `pkg/kubelet/kuberuntime`.
pub const MINIMUM_GRACE: Duration = Duration::from_secs(2);

/// Least grace of a whole Pod: "no matter what, we always supply a grace period of 1".
const MINIMUM_POD_GRACE: Duration = Duration::from_secs(1);

/// Order of the node to end a Pod (`killPodNow` in pkg/kubelet/pod_workers.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum KillOrder {
    /// Eviction: dead containers are removed as soon as the PLEG reports them.
    Eviction,
    /// Preemption by a critical Pod: an eviction that blocks the sync loop.
    Preemption,
    /// Shutdown of the node.
    Shutdown,
}

impl KillOrder {
    /// Returns the Pod's phase, given the one that its containers make.
    ///
    /// Answers to the status functions that `evictPod`, `evictPodsToFreeRequests` and the node shutdown manager pass to
    /// `killPodNow`.
    pub(crate) fn phase(self, generated: PodPhase) -> PodPhase {
        match self {
            // Only the shutdown manager keeps the phase of a Pod that succeeded before it was killed.
            KillOrder::Shutdown if generated == PodPhase::Succeeded => PodPhase::Succeeded,
            KillOrder::Eviction | KillOrder::Preemption | KillOrder::Shutdown => PodPhase::Failed,
        }
    }
}

/// Returns the grace period of one container, before preStop hook and sidecar ordering take their part of it.
///
/// The deletion's grace if the Pod is being deleted; else the failed probe's own, then the Pod's; else 2 s. Answers to
/// `setTerminationGracePeriod` in `pkg/kubelet/kuberuntime`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api, rule::termination, spec::{PodSpec, ProbeKind}};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [
///     {"name": "app", "livenessProbe": {"exec": {"command": ["ok"]}, "terminationGracePeriodSeconds": 5}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.regular_containers().next().ok_or("no container")?;
/// let ten = Duration::from_secs(10);
/// assert_eq!(termination::container_grace(&spec, None, app, None), Duration::from_secs(30));
/// assert_eq!(termination::container_grace(&spec, None, app, Some(ProbeKind::Liveness)), Duration::from_secs(5));
/// assert_eq!(termination::container_grace(&spec, Some(ten), app, Some(ProbeKind::Liveness)), ten);
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

/// True if a sidecar of a Pod that is being stopped gets no SIGTERM until another container is gone: it waits for every
/// regular container and for the next sidecar.
///
/// Answers to `newTerminationOrdering` in `pkg/kubelet/kuberuntime`; KEP-753.
///
/// ```
/// use pod_lifecycle::{api, rule::termination, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
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
    // Sidecars stop in reverse order. Waiting for the next one is enough: that one waits for its own next.
    let is_next_sidecar = || spec.sidecars().map(|(index, _)| index).find(|&index| index > sidecar) == Some(other);
    kind_of(other) == Some(ContainerKind::Regular) || is_next_sidecar()
}

/// Returns the grace period of a whole Pod, given the one in force if its termination has begun.
///
/// A grace may only shrink, and is at least 1 s. Answers to `calculateEffectiveGracePeriod` in
/// `pkg/kubelet/pod_workers.go`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{api, rule::termination, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": []}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let [ten, sixty] = [10, 60].map(|seconds| Some(Duration::from_secs(seconds)));
/// assert_eq!(Some(termination::effective_grace(&spec, None, sixty, None)), sixty);
/// assert_eq!(Some(termination::effective_grace(&spec, sixty, ten, None)), ten);
/// assert_eq!(Some(termination::effective_grace(&spec, ten, sixty, None)), ten, "it only shrinks");
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
