//! How long does the Pod take to get ready?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>, KEP-753 (sidecars). Answers to the order in
//! which `SyncPod` in `pkg/kubelet/kuberuntime` starts containers.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Assumptions, Bounds, ContainerBudget, container::Timing};
use crate::spec::{ContainerKind, ContainerSpec, PodSpec};

/// The containers in the order of their starts: init containers wait for the one before to end, or, if that is a
/// sidecar, to have started up; regular ones start in one sync, one after the other.
pub(super) fn walk(spec: &PodSpec, assumptions: &Assumptions) -> (Bounds, Vec<ContainerBudget>) {
    let mut walk = Walk { spec, assumptions, asked_for: Bounds::ZERO, ready: Bounds::ZERO, containers: Vec::new() };
    for (_, container) in spec.init_containers() {
        let hook = assumptions.hook_time(container.post_start());
        let (starts, timing) = walk.start(container, hook);
        walk.asked_for = match container.kind() {
            ContainerKind::Sidecar => starts.then(timing.started()),
            ContainerKind::Init | ContainerKind::Regular | ContainerKind::Ephemeral => {
                starts.after(assumptions.init_run)
            }
        };
    }
    let mut rest_of_sync = whole_sync(spec, assumptions);
    for (_, container) in spec.regular_containers() {
        rest_of_sync = rest_of_sync.saturating_sub(assumptions.start_latency);
        let (starts, _) = walk.start(container, rest_of_sync);
        let hook = assumptions.hook_time(container.post_start());
        walk.asked_for = starts.after(hook);
        rest_of_sync = rest_of_sync.saturating_sub(hook);
    }
    let ready = walk.ready.and(walk.asked_for).bounded_if(spec.readiness_gates().is_empty());
    (ready, walk.containers)
}

struct Walk<'a> {
    spec: &'a PodSpec,
    assumptions: &'a Assumptions,
    /// When the next container is asked for.
    asked_for: Bounds,
    /// When all containers so far are ready.
    ready: Bounds,
    containers: Vec<ContainerBudget>,
}

impl<'a> Walk<'a> {
    /// Starts a container in a sync that goes on for so long; says when it runs.
    fn start(&mut self, container: &'a ContainerSpec, rest_of_sync: Duration) -> (Bounds, Timing<'a>) {
        let &mut Walk { spec, assumptions, .. } = self;
        let starts = self.asked_for.after(assumptions.start_latency);
        let timing = Timing { spec, container, assumptions, published: rest_of_sync };
        let budget = timing.budget(starts);
        if let Some(ready) = budget.ready {
            self.ready = self.ready.and(starts.then(ready));
        }
        self.containers.push(budget);
        (starts, timing)
    }
}

/// How long the sync takes that starts the regular containers: each start and postStart hook holds up the next.
fn whole_sync(spec: &PodSpec, assumptions: &Assumptions) -> Duration {
    let times = spec
        .regular_containers()
        .map(|(_, container)| assumptions.start_latency.saturating_add(assumptions.hook_time(container.post_start())));
    times.fold(Duration::ZERO, Duration::saturating_add)
}
