//! How long may stopping take?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>. Answers to `killContainer` in
//! `pkg/kubelet/kuberuntime`.

use core::time::Duration;

use crate::{
    rule::termination,
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec},
};

/// The longest that stopping a whole Pod takes with this grace in seconds, from when its stop begins until everything
/// is dead.
///
/// The process gets what the preStop hook leaves of the grace, but never less than 2 s: so a hook that uses up the
/// grace, or a sidecar that waits all of it for its turn, makes the stop 2 s longer than the grace. Waits count in whole
/// seconds only, which may give a sidecar with a hook of unknown length another second. A sync that is under way when the
/// stop is asked for ends first, and is not counted; killing a process takes no time.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{budget, manifest, spec::PodSpec};
///
/// let manifest: manifest::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [
///     {"name": "app", "image": "nginx", "lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!(budget::longest_stop(&spec, 30), Duration::from_secs(30));
/// assert_eq!(budget::longest_stop(&spec, 10), Duration::from_secs(12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn longest_stop(spec: &PodSpec, grace: i64) -> Duration {
    let stops = spec.lasting_containers().map(|(_, container)| in_termination(container, grace));
    stops.max().unwrap_or_default()
}

/// The longest that a container's stop takes when its whole Pod is stopped with this grace.
pub(super) fn in_termination(container: &ContainerSpec, grace: i64) -> Duration {
    if container.kind() != ContainerKind::Sidecar || !termination::leaves_time(grace) {
        return alone(container, grace);
    }
    let minimum = Duration::from_secs(u64::from(termination::stop_timeout(0)));
    let lost_fraction = match container.pre_stop() {
        Some(LifecycleHook::Run(_)) => Duration::from_secs(1),
        Some(LifecycleHook::Sleep(_)) | None => Duration::ZERO,
    };
    termination::longest_wait(grace).saturating_add(minimum).saturating_add(lost_fraction)
}

/// The longest that a container's stop takes when it alone is stopped with this grace.
pub(super) fn alone(container: &ContainerSpec, grace: i64) -> Duration {
    let hook = match container.pre_stop() {
        None => Duration::ZERO,
        Some(LifecycleHook::Sleep(seconds)) => {
            Duration::from_secs((*seconds).into()).min(termination::longest_wait(grace))
        }
        Some(LifecycleHook::Run(_)) => termination::longest_wait(grace),
    };
    let left = termination::stop_timeout(termination::grace_after(grace, hook));
    hook.saturating_add(Duration::from_secs(left.into()))
}

/// The grace with which the Pod is stopped unless somebody asks for another: by a deletion, or because it is over.
pub(super) fn own_grace(spec: &PodSpec) -> i64 {
    let when_deleted = termination::effective_grace(spec, 0, spec.termination_grace(), None);
    let when_over = spec.regular_containers().map(|(_, container)| termination::grace(spec, None, container, None));
    when_over.fold(when_deleted, i64::max)
}
