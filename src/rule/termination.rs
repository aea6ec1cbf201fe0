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
//! let left = termination::remaining_grace(Duration::from_secs(30), Duration::from_secs(12));
//! assert_eq!(termination::stop_timeout(left), Duration::from_secs(18));
//! ```

use core::time::Duration;

use crate::spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind};

/// What every container has between SIGTERM and SIGKILL, whatever its grace: 2 s.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination::{self, MINIMUM_GRACE};
///
/// assert_eq!(termination::stop_timeout(Duration::ZERO), MINIMUM_GRACE);
/// ```
pub const MINIMUM_GRACE: Duration = Duration::from_secs(2);

/// The least with which a whole Pod is terminated.
const LEAST_OF_A_POD: Duration = Duration::from_secs(1);

/// How long a container is given to stop, before hooks and turns take their part.
///
/// The deletion's grace if the Pod is being deleted; else the failed probe's own, then the Pod's; else 2 s. Answers to
/// `setTerminationGracePeriod`.
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
        Some(ProbeKind::Readiness) | None => None,
    };
    let of_spec = || spec.termination_grace().map(|of_pod| of_probe().unwrap_or(of_pod));
    deletion_grace.or_else(of_spec).unwrap_or(MINIMUM_GRACE)
}

/// What is left of a grace after a hook or a wait of this length, of which whole seconds count.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination;
///
/// let grace = Duration::from_secs(30);
/// assert_eq!(termination::remaining_grace(grace, Duration::from_millis(4_900)), Duration::from_secs(26));
/// ```
#[must_use]
pub fn remaining_grace(grace: Duration, spent: Duration) -> Duration {
    grace.saturating_sub(Duration::from_secs(spent.as_secs()))
}

/// Whether this grace leaves time for a preStop hook, or for waiting one's turn; neither may take longer.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination;
///
/// assert!(termination::has_time_left(Duration::from_secs(30)) && !termination::has_time_left(Duration::ZERO));
/// ```
#[must_use]
pub fn has_time_left(grace: Duration) -> bool {
    grace > Duration::ZERO
}

/// How long after SIGTERM comes SIGKILL: what is left of the grace, at least 2 s.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::rule::termination;
///
/// let timeout = |grace| termination::stop_timeout(Duration::from_secs(grace)).as_secs();
/// assert_eq!((timeout(30), timeout(1)), (30, 2));
/// ```
#[must_use]
pub fn stop_timeout(grace: Duration) -> Duration {
    grace.max(MINIMUM_GRACE)
}

/// Whether a sidecar has to wait, when its Pod is stopped, until another container is gone: it waits for every regular
/// one and for the next sidecar.
///
/// Answers to `newTerminationOrdering`.
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
    let is_next_sidecar = || spec.sidecars().map(|(index, _)| index).find(|&index| index > sidecar) == Some(other);
    kind_of(other) == Some(ContainerKind::Regular) || is_next_sidecar()
}

/// The grace with which a whole Pod is terminated, given the one in force, if there is one yet.
///
/// A grace may only shrink, and is at least 1 s. Answers to `calculateEffectiveGracePeriod` in `pkg/kubelet`.
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
    for requested in [deletion_grace, override_grace].into_iter().flatten() {
        if grace.is_zero() || requested < grace {
            grace = requested;
        }
    }
    let was_requested = deletion_grace.is_some() || override_grace.is_some();
    if grace.is_zero() && !was_requested {
        grace = spec.termination_grace().unwrap_or_default();
    }
    grace.max(LEAST_OF_A_POD)
}
