//! Bounds of the Pod as a whole: the order of its starts, and its longest stop.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>,
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>, KEP-753 (sidecars). Answers to
//! the order of starts in `SyncPod` and to `killContainer` in `pkg/kubelet/kuberuntime`.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Assumptions, Bounds, ContainerBudget, container::Timing};
use crate::{
    rule::grace::{self, MINIMUM_GRACE},
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec},
};

/// Returns when the Pod is ready, and the budgets of its containers in the order of their starts.
///
/// An init container waits until the one before has ended or, if that is a sidecar, has started up; regular containers
/// start in one sync, one after the other.
pub(super) fn start_order(spec: &PodSpec, assumptions: &Assumptions) -> (Bounds, Vec<ContainerBudget>) {
    let mut order = StartOrder { spec, assumptions, due: Bounds::ZERO, ready: Bounds::ZERO, containers: Vec::new() };
    for (_, container) in spec.init_containers() {
        let hook = assumptions.hook_time(container.post_start());
        let (starts, timing) = order.start(container, hook);
        order.due = match container.kind() {
            ContainerKind::Sidecar => starts.then(timing.started()),
            // The list of init containers holds no regular or ephemeral ones.
            ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => {
                starts.after(assumptions.init_run)
            }
        };
    }
    // Each start and postStart hook holds up the next, and probes see the containers only when the sync is over.
    let times = spec
        .regular_containers()
        .map(|(_, container)| assumptions.start_latency.saturating_add(assumptions.hook_time(container.post_start())));
    let mut rest_of_sync = times.fold(Duration::ZERO, Duration::saturating_add);
    for (_, container) in spec.regular_containers() {
        // From this container's start, its own hook is still ahead, and so is all of the later ones.
        rest_of_sync = rest_of_sync.saturating_sub(assumptions.start_latency);
        let (starts, _) = order.start(container, rest_of_sync);
        let hook = assumptions.hook_time(container.post_start());
        order.due = starts.after(hook);
        rest_of_sync = rest_of_sync.saturating_sub(hook);
    }
    // `due` is the end of the last postStart hook here: the status is published after it.
    let ready = order.ready.and(order.due).bounded_if(spec.readiness_gates().is_empty());
    (ready, order.containers)
}

struct StartOrder<'a> {
    spec: &'a PodSpec,
    assumptions: &'a Assumptions,
    /// When the next container is due to start.
    due: Bounds,
    /// When all containers so far are ready.
    ready: Bounds,
    containers: Vec<ContainerBudget>,
}

impl<'a> StartOrder<'a> {
    /// Starts a container in a sync that lasts this much longer; returns when it runs.
    fn start(&mut self, container: &'a ContainerSpec, rest_of_sync: Duration) -> (Bounds, Timing<'a>) {
        let &mut StartOrder { spec, assumptions, .. } = self;
        let starts = self.due.after(assumptions.start_latency);
        let timing = Timing { spec, container, assumptions, published: rest_of_sync };
        let budget = timing.budget(starts);
        if let Some(ready) = budget.ready {
            self.ready = self.ready.and(starts.then(ready));
        }
        self.containers.push(budget);
        (starts, timing)
    }
}

/// Returns the longest time that stopping a whole Pod takes with this grace period, from the start of the stop until
/// every process is dead.
///
/// A process gets what its preStop hook leaves of the grace period, but never less than 2 s: a hook that uses up the
/// grace period, or a sidecar that waits all of it for its turn, makes the stop 2 s longer. Waits count in whole seconds
/// only, which may give a sidecar with a hook of unknown length another second. Not counted: a sync that is under way
/// when the stop is requested, and the time that SIGKILL takes.
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
    let stops = spec.init_and_regular_containers().map(|(_, container)| stop_with_pod(container, grace));
    stops.max().unwrap_or_default()
}

/// Returns the longest time that a container's stop takes when its whole Pod is stopped with this grace period.
pub(super) fn stop_with_pod(container: &ContainerSpec, grace: Duration) -> Duration {
    // Only sidecars wait for others to stop first, and only with a grace period (KEP-753).
    if container.kind() != ContainerKind::Sidecar || !grace::has_time_left(grace) {
        return stop_alone(container, grace);
    }
    // The kubelet counts a hook's run in whole seconds: the fraction is lost.
    let lost_fraction = match container.pre_stop() {
        Some(LifecycleHook::Run(_)) => Duration::from_secs(1),
        Some(LifecycleHook::Sleep(_)) | None => Duration::ZERO,
    };
    // In the worst case the wait takes all of the grace, and SIGTERM still gets its 2 s.
    grace.saturating_add(MINIMUM_GRACE).saturating_add(lost_fraction)
}

/// Returns the longest time that a container's stop takes when it alone is stopped with this grace period.
pub(super) fn stop_alone(container: &ContainerSpec, grace: Duration) -> Duration {
    let hook = match container.pre_stop() {
        None => Duration::ZERO,
        Some(LifecycleHook::Sleep(time)) => grace.min(*time),
        // executePreStopHook gives up when the grace period is over, but the stop itself goes on.
        Some(LifecycleHook::Run(_)) => grace,
    };
    let left = grace::stop_timeout(grace::remaining_grace(grace, hook));
    hook.saturating_add(left)
}

/// Returns the longest grace period that the Pod gets of itself: on a deletion without one, or when it is over.
pub(super) fn own_grace(spec: &PodSpec) -> Duration {
    // Both, since without a grace in the spec a container gets 2 s, and a deletion 1 s.
    let when_deleted = grace::effective_grace(spec, None, spec.termination_grace(), None);
    let when_over = spec.regular_containers().map(|(_, container)| grace::container_grace(spec, None, container, None));
    when_over.fold(when_deleted, Duration::max)
}
