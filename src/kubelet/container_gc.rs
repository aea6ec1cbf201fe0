//! What the kubelet's garbage collection removes.

use alloc::vec::Vec;

use super::{Step, components::Kubelet};
use crate::{action::Action, state::Sandbox, time::Timestamp};

impl Kubelet {
    /// Dead sandboxes that hold nothing are removed with the next garbage collection, the newest excepted.
    pub(super) fn plan_garbage_collection(&mut self, now: Timestamp) {
        if self.rare().garbage_at.is_none() && self.dead_sandboxes().next().is_some() {
            self.rare_mut().garbage_at = self.config.garbage_collection_period.map(|period| now + period);
        }
    }

    fn dead_sandboxes(&self) -> impl Iterator<Item = &Sandbox> {
        let runtime = self.runtime.actual();
        let is_empty = |sandbox: &&Sandbox| runtime.instances.iter().all(|instance| instance.sandbox != sandbox.id);
        runtime.sandboxes.iter().skip(1).filter(|sandbox| !sandbox.is_ready).filter(is_empty)
    }

    /// Removes dead sandboxes that hold nothing, the newest excepted.
    ///
    /// Answers to `evictSandboxes` in `pkg/kubelet/kuberuntime`.
    pub(super) fn collect_garbage(&mut self, step: &mut Step<'_>) {
        self.rare_mut().garbage_at = None;
        let dead: Vec<_> = self.dead_sandboxes().map(|sandbox| sandbox.id).collect();
        for &sandbox in &dead {
            step.out.action(step.now, Action::RemovePodSandbox { sandbox });
        }
        if !dead.is_empty() {
            self.runtime.change(step.now).sandboxes.retain(|sandbox| !dead.contains(&sandbox.id));
        }
    }
}
