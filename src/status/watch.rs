//! A Pod observes its object as a watch delivers it.

use alloc::{string::String, string::ToString, vec::Vec};

use super::NumberedInstances;
use crate::{
    api::{ContainerStatus, PodCondition, PodManifest, PodStatus},
    event::EventError,
    kubelet::{PodMachine, Sink},
    state::is_owned_by_kubelet,
    time::Timestamp,
};

impl PodMachine {
    /// Takes notice of the whole object, as a watch delivers it: finds what is new in it, a changed spec, a deletion or
    /// a shorter grace, the generation, conditions of others that were set or taken away; and writes its own part of the
    /// status again if somebody wrote over it.
    ///
    /// The object has to be the newest that the embedder knows: what an older one says would be taken for news. That it
    /// is gone no object can say; that is [`ApiEvent::Removed`](crate::event::ApiEvent::Removed). Answers to
    /// `HandlePodUpdates` and `HandlePodReconcile` in `pkg/kubelet`, and to `needsReconcile` in `pkg/kubelet/status`.
    ///
    /// # Errors
    ///
    /// [`EventError`] if it is not this Pod's object, or has changed in a way that it cannot; nothing changes then.
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
        self.hear_of(now, object, out)?;
        if before == self.writes() && self.has_published() && self.is_overwritten(&object.status) {
            self.write_again(now, out);
        }
        Ok(())
    }

    /// Whether the API shows something else than what was published, in the kubelet's part.
    fn is_overwritten(&self, theirs: &PodStatus) -> bool {
        let ours = self.published().status(&NumberedInstances(self.spec()));
        theirs.phase != ours.phase
            || (&theirs.reason, &theirs.message) != (&ours.reason, &ours.message)
            || own_conditions(theirs) != own_conditions(&ours)
            || !are_same(&theirs.init_container_statuses, &ours.init_container_statuses)
            || !are_same(&theirs.container_statuses, &ours.container_statuses)
            || !are_same(&theirs.ephemeral_container_statuses, &ours.ephemeral_container_statuses)
    }
}

/// The kubelet's own conditions, whatever their order.
fn own_conditions(status: &PodStatus) -> Vec<(&str, String, &str, &str)> {
    let own = status.conditions.iter().filter(|condition| is_owned_by_kubelet(&condition.type_));
    let told = |it: &'_ PodCondition| it.status.to_string();
    let mut all: Vec<_> = own.map(|it| (&*it.type_, told(it), &*it.reason, &*it.message)).collect();
    all.sort_unstable();
    all
}

/// Whether statuses of containers say the same, however instances are named.
fn are_same(theirs: &[ContainerStatus], ours: &[ContainerStatus]) -> bool {
    theirs.len() == ours.len()
        && theirs.iter().zip(ours).all(|(theirs, ours)| {
            (&theirs.name, theirs.ready, theirs.restart_count) == (&ours.name, ours.ready, ours.restart_count)
                && theirs.state.running.is_some() == ours.state.running.is_some()
                && theirs.state.terminated.as_ref().map(|it| it.exit_code)
                    == ours.state.terminated.as_ref().map(|it| it.exit_code)
                && theirs.state.waiting == ours.state.waiting
        })
}
