//! How long may stopping take?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>. Answers to `killContainer` in
//! `pkg/kubelet/kuberuntime`.

use core::time::Duration;

use crate::{
    rule::termination::{self, MINIMUM_GRACE},
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec},
};

/// The longest that stopping a whole Pod takes with this grace, from when its stop begins until everything is dead.
///
/// The process gets what the preStop hook leaves of the grace, but never less than 2 s: so a hook that uses up the
/// grace, or a sidecar that waits all of it for its turn, makes the stop 2 s longer than the grace. Waits count in whole
/// seconds only, which may give a sidecar with a hook of unknown length another second. A sync that is under way when the
/// stop is asked for ends first, and is not counted; killing a process takes no time.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{budget, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [
///     {"name": "app", "image": "nginx", "lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!(budget::longest_stop(&spec, Duration::from_secs(30)), Duration::from_secs(30));
/// assert_eq!(budget::longest_stop(&spec, Duration::from_secs(10)), Duration::from_secs(12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn longest_stop(spec: &PodSpec, grace: Duration) -> Duration {
    let stops = spec.init_and_regular_containers().map(|(_, container)| in_termination(container, grace));
    stops.max().unwrap_or_default()
}

/// The longest that a container's stop takes when its whole Pod is stopped with this grace.
pub(super) fn in_termination(container: &ContainerSpec, grace: Duration) -> Duration {
    if container.kind() != ContainerKind::Sidecar || !termination::has_time_left(grace) {
        return alone(container, grace);
    }
    let lost_fraction = match container.pre_stop() {
        Some(LifecycleHook::Run(_)) => Duration::from_secs(1),
        Some(LifecycleHook::Sleep(_)) | None => Duration::ZERO,
    };
    grace.saturating_add(MINIMUM_GRACE).saturating_add(lost_fraction)
}

/// The longest that a container's stop takes when it alone is stopped with this grace.
pub(super) fn alone(container: &ContainerSpec, grace: Duration) -> Duration {
    let hook = match container.pre_stop() {
        None => Duration::ZERO,
        Some(LifecycleHook::Sleep(time)) => grace.min(*time),
        Some(LifecycleHook::Run(_)) => grace,
    };
    let left = termination::stop_timeout(termination::remaining_grace(grace, hook));
    hook.saturating_add(left)
}

/// The grace with which the Pod is stopped unless somebody asks for another: by a deletion, or because it is over.
pub(super) fn own_grace(spec: &PodSpec) -> Duration {
    let when_deleted = termination::effective_grace(spec, None, spec.termination_grace(), None);
    let when_over =
        spec.regular_containers().map(|(_, container)| termination::container_grace(spec, None, container, None));
    when_over.fold(when_deleted, Duration::max)
}
