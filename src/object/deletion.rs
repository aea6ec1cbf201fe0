//! Deletion: graceful, with grace 0, and forced (registry/rest, pkg/registry/core/pod).
//!
//! A deletion changes metadata only. The kubelet keeps `Ready` True until a container stops or its readiness probe
//! fails: [`rule::conditions`](crate::rule::conditions), [`rule::started_and_ready`](crate::rule::started_and_ready).

use super::{PodObject, Presence};
use crate::time::{Timestamp, seconds};

/// Outcome of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Deletion timestamp and grace were set or shortened.
    Graceful,
    /// Nothing has changed: the grace in force is as short or shorter.
    Unchanged,
    /// The object was removed.
    Gone,
    /// The grace is 0, but finalizers keep the object.
    KeptByFinalizers,
}

impl PodObject {
    /// Deletes the Pod; a grace that is not shorter than the one in force changes nothing. The object is removed at
    /// once if the Pod is unbound or terminal, or if the grace is 0, unless finalizers keep it. The first delete
    /// increases the generation.
    ///
    /// `grace_seconds`: a negative one counts as 1. Answers to `BeforeDelete` in the API server's `registry/rest` and
    /// `CheckGracefulDelete` in `pkg/registry/core/pod`.
    ///
    /// ```
    /// use pod_lifecycle::{NoSink, Timestamp, object::{Deletion, PodObject}};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// object.bind("node-1", now, &mut NoSink)?;
    /// object.delete(30, now);
    /// object.delete(60, now);
    /// assert_eq!(object.manifest().metadata.deletion_grace_period_seconds, Some(30), "a grace only shrinks");
    /// assert_eq!(object.delete_for_good(now), Deletion::Gone);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete(&mut self, grace_seconds: i64, now: Timestamp) -> Deletion {
        if self.is_gone() {
            return Deletion::Gone;
        }
        // No kubelet would ever confirm the deletion of an unbound Pod, and one that has ended has nothing left to
        // stop.
        let grace = granted_seconds(grace_seconds, !self.is_bound() || self.has_ended());
        let in_force = self.manifest.metadata.deletion_grace_period_seconds;
        let is_shorter = in_force.is_none_or(|in_force| grace < in_force);
        if is_shorter {
            self.mark_deleted(grace, now);
        }
        match grace {
            // Also if it was 0 before: the object may have waited for a finalizer that is gone by now.
            0 if self.manifest.metadata.finalizers.is_empty() => self.remove(),
            0 => Deletion::KeptByFinalizers,
            _ if is_shorter => Deletion::Graceful,
            _ => Deletion::Unchanged,
        }
    }

    fn has_ended(&self) -> bool {
        self.phase().is_terminal()
    }

    fn mark_deleted(&mut self, grace_seconds: i64, now: Timestamp) {
        let metadata = &mut self.manifest.metadata;
        let before = metadata.deletion_timestamp.zip(metadata.deletion_grace_period_seconds);
        // A shorter grace counts from the first delete, not from this one.
        let requested_at = before.map_or(now, |(until, grace)| until - seconds::of_field(grace));
        // As `BeforeDelete`: an object without a generation gets none.
        if before.is_none() && metadata.generation > 0 {
            metadata.generation = metadata.generation.saturating_add(1);
        }
        let until = requested_at + seconds::of_field(grace_seconds);
        // A shorter grace that is over already ends now, with the least grace, rather than in the past.
        let is_over = before.is_some() && grace_seconds > 0 && until < now;
        let (until, grace_seconds) = if is_over { (now, 1) } else { (until, grace_seconds) };
        metadata.deletion_timestamp = Some(until);
        metadata.deletion_grace_period_seconds = Some(grace_seconds);
        self.count_write();
    }

    /// Deletes the object with grace 0, as the kubelet does when nothing of the Pod is left.
    pub fn delete_for_good(&mut self, now: Timestamp) -> Deletion {
        self.delete(0, now)
    }

    /// Removes the object at once, finalizers or not; its containers may still run.
    pub fn force_delete(&mut self, now: Timestamp) -> Deletion {
        // The last watch event shows a deletion with grace 0.
        if !self.is_gone() && self.manifest.metadata.deletion_grace_period_seconds != Some(0) {
            self.mark_deleted(0, now);
        }
        self.remove()
    }

    /// Removes a finalizer; with the last one, an object with grace 0 is removed.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, object::{Deletion, PodObject}};
    ///
    /// let manifest = serde_json::from_str(r#"{
    ///     "metadata": {"name": "job", "finalizers": ["batch.kubernetes.io/job-tracking"]},
    ///     "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}
    /// }"#)?;
    /// let mut object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
    /// object.delete_for_good(Timestamp::UNIX_EPOCH);
    /// assert!(!object.is_gone(), "its finalizer keeps it");
    /// assert_eq!(object.remove_finalizer("batch.kubernetes.io/job-tracking"), Deletion::Gone);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_finalizer(&mut self, finalizer: &str) -> Deletion {
        let metadata = &mut self.manifest.metadata;
        let before = metadata.finalizers.len();
        metadata.finalizers.retain(|known| known != finalizer);
        let (is_changed, is_empty) = (metadata.finalizers.len() != before, metadata.finalizers.is_empty());
        let grace = metadata.deletion_grace_period_seconds;
        if is_changed {
            self.count_write();
        }
        match grace {
            // With a longer grace the kubelet still stops containers; its own delete with grace 0 comes later.
            Some(0) if is_empty => self.remove(),
            Some(0) => Deletion::KeptByFinalizers,
            Some(_) | None => Deletion::Unchanged,
        }
    }

    fn remove(&mut self) -> Deletion {
        self.presence = Presence::Gone;
        // The last watch event has a version of its own.
        self.count_write();
        Deletion::Gone
    }
}

/// Returns the grace that a delete grants: 0 if nothing of the Pod runs (`is_idle`).
pub(crate) fn granted_seconds(asked_seconds: i64, is_idle: bool) -> i64 {
    if is_idle { 0 } else { seconds::granted(asked_seconds) }
}
