//! Reconciliation with the API server's copy of the object: `HandlePodUpdates` and `HandlePodReconcile` (pkg/kubelet),
//! `needsReconcile` (pkg/kubelet/status).

use alloc::{string::String, string::ToString, vec::Vec};

use super::{NumberedInstances, is_terminal};
use crate::{
    api::{ContainerStatus, PodManifest, PodStatus},
    event::EventError,
    kubelet::{PodMachine, Sink},
    state::is_owned_by_kubelet,
    time::Timestamp,
};

impl PodMachine {
    /// Handles the whole object as a watch delivers it.
    ///
    /// Applies every difference from the last one: a changed spec, a deletion or a shorter grace, the generation,
    /// external conditions that were set or removed. If another writer has changed the kubelet's part of the status,
    /// the status is written again.
    ///
    /// Call it with the newest object only: an older one would be taken for a change. The removal of the object is
    /// [`ApiEvent::Removed`](crate::event::ApiEvent::Removed). Answers to `HandlePodUpdates` and `HandlePodReconcile`
    /// in `pkg/kubelet`, and to `needsReconcile` in `pkg/kubelet/status`.
    ///
    /// # Errors
    ///
    /// [`EventError`] if it is another Pod's object, which changes nothing, or if the spec is invalid or differs in an
    /// immutable field: the Pod then keeps its spec, and everything else of the object is applied, so that no deletion is
    /// lost.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api::PodManifest};
    ///
    /// let mut object: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    /// let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
    ///
    /// object.metadata.deletion_timestamp = Some(now);
    /// object.metadata.deletion_grace_period_seconds = Some(0);
    /// pod.observe(now, &object, &mut NoSink)?;
    /// assert!(pod.is_deleting());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe(&mut self, now: Timestamp, object: &PodManifest, out: &mut dyn Sink) -> Result<(), EventError> {
        let before = self.writes();
        self.handle_object(now, object, out)?;
        // If the object made the kubelet write, that write already restores its part.
        if before == self.writes() && self.has_published() && self.is_overwritten(&object.status) {
            self.reconcile_status(is_terminal(&object.status), now, out);
        }
        Ok(())
    }

    /// True if the kubelet's part of the API server's status differs from what was published.
    fn is_overwritten(&self, theirs: &PodStatus) -> bool {
        // Ids do not matter here: `are_equal` ignores them.
        let ours = self.published().status(&NumberedInstances(self.spec()));
        theirs.phase != ours.phase
            || (&theirs.reason, &theirs.message) != (&ours.reason, &ours.message)
            || own_conditions(theirs) != own_conditions(&ours)
            || !are_equal(&theirs.init_container_statuses, &ours.init_container_statuses)
            || !are_equal(&theirs.container_statuses, &ours.container_statuses)
            || !are_equal(&theirs.ephemeral_container_statuses, &ours.ephemeral_container_statuses)
    }
}

/// Returns the kubelet's conditions without times and generations, sorted: `isPodStatusByKubeletEqual` ignores order.
fn own_conditions(status: &PodStatus) -> Vec<(&str, String, &str, &str)> {
    let own = status.conditions.iter().filter(|condition| is_owned_by_kubelet(&condition.type_));
    let mut own: Vec<_> = own.map(|it| (&*it.type_, it.status.to_string(), &*it.reason, &*it.message)).collect();
    own.sort_unstable();
    own
}

/// True if container statuses are equal but for what only the embedder knows: ids, images, times.
fn are_equal(theirs: &[ContainerStatus], ours: &[ContainerStatus]) -> bool {
    theirs.len() == ours.len()
        && theirs.iter().zip(ours).all(|(theirs, ours)| {
            (&theirs.name, theirs.ready, theirs.restart_count) == (&ours.name, ours.ready, ours.restart_count)
                && theirs.state.running.is_some() == ours.state.running.is_some()
                && theirs.state.terminated.as_ref().map(|it| it.exit_code)
                    == ours.state.terminated.as_ref().map(|it| it.exit_code)
                && theirs.state.waiting == ours.state.waiting
        })
}
