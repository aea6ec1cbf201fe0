//! The Pod's worker: one sync after another, and what asks for the next.
//!
//! Answers to `pkg/kubelet/pod_workers.go`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{api_pod::ApiPod, eviction::Kill, sync::Sync, transitions::WorkerState};
use crate::{action::SyncKind, rule::termination, time::Timestamp};

/// Where the Pod's worker stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worker {
    pub(super) state: WorkerState,
    /// Whether another sync is asked for; requests that come during a sync are remembered as one, the last.
    pub(super) pending: Option<Request>,
    /// A request that has been taken up and waits for a relist.
    pub(super) taken: Option<Box<Dequeued>>,
    /// The sync that waits for something.
    pub(super) sync: Option<Box<Sync>>,
    /// When the next sync comes without any other reason.
    #[serde(with = "crate::time::exact")]
    pub(super) retry_at: Option<Timestamp>,
    /// How the Pod is being terminated, once somebody wants that.
    pub(super) termination: Option<Box<Termination>>,
    /// Whether the kubelet restarts when the sync under way is over.
    pub(super) restarts_next: bool,
}

/// A request for a sync.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The object as it was known when the sync was asked for.
    pub(super) object: Arc<ApiPod>,
    /// Whether the status that the object then showed says that the Pod had initialized.
    pub(super) shows_initialized: bool,
    /// Whether the grace in force overrides the containers' own.
    pub(super) overrides_grace: bool,
}

/// A request that the worker has taken up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dequeued {
    pub(super) kind: SyncKind,
    pub(super) request: Request,
    pub(super) grace: Option<Duration>,
}

/// How a Pod is being terminated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Termination {
    /// The grace that overrides the containers' own; it can only get shorter.
    pub(super) grace: Option<Duration>,
    /// Whether an eviction or a preemption was what began it: dead containers are removed as they are noticed.
    pub(super) is_eviction: bool,
    /// The last that killed the Pod: it has its say when the terminating sync begins.
    pub(super) kill: Option<Arc<Kill>>,
    /// Until when those who killed the Pod wait for its end.
    #[serde(with = "crate::time::exact")]
    pub(super) waits: Vec<Timestamp>,
}

impl Worker {
    pub(crate) fn new() -> Worker {
        Worker {
            state: WorkerState::Syncing,
            pending: None,
            taken: None,
            sync: None,
            retry_at: None,
            termination: None,
            restarts_next: false,
        }
    }

    /// What a restarted kubelet knows of the Pod's worker: nothing.
    pub(crate) fn forget(&mut self) {
        *self = Worker::new();
    }

    /// Whether no sync is under way or asked for.
    pub(crate) fn is_idle(&self) -> bool {
        self.sync.is_none() && self.taken.is_none() && self.pending.is_none()
    }

    /// Whether the worker is about to do something that takes no time in principle.
    pub(crate) fn is_at_work(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| !sync.takes_time())
    }

    /// Asks for a sync. An object that is being deleted, or has ended, makes it a termination, and every request during
    /// a termination settles its grace.
    ///
    /// Answers to `UpdatePod`.
    pub(crate) fn request(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        if self.state == WorkerState::Syncing && (object.is_deleting() || object.ended.is_some()) {
            self.state = WorkerState::Terminating;
        }
        match self.state {
            WorkerState::Finished => return,
            WorkerState::Terminating => self.settle_grace(object, None),
            WorkerState::Syncing | WorkerState::Terminated => {}
        }
        let overrides_grace = self.state == WorkerState::Terminating;
        self.pending = Some(Request { object: object.clone(), shows_initialized, overrides_grace });
    }

    /// Asks for a sync at this time at the latest; a finished Pod is not woken any more.
    pub(crate) fn request_by(&mut self, latest: Timestamp) {
        if self.state != WorkerState::Finished {
            self.retry_at = Some(self.retry_at.map_or(latest, |at| at.min(latest)));
        }
    }

    /// Ends the Pod by order of somebody, with at most this grace.
    pub(crate) fn terminate(&mut self, object: &Arc<ApiPod>, shows_initialized: bool, grace: Option<Duration>) {
        if matches!(self.state, WorkerState::Syncing | WorkerState::Terminating) {
            self.state = WorkerState::Terminating;
            self.settle_grace(object, grace);
            self.request(object, shows_initialized);
        }
    }

    fn settle_grace(&mut self, object: &ApiPod, by_node: Option<Duration>) {
        let termination = self.termination.get_or_insert_default();
        let (in_force, by_deletion) = (termination.grace, object.deletion_grace());
        termination.grace = Some(termination::effective_grace(&object.spec, in_force, by_deletion, by_node));
    }

    /// Asks for the next phase of the Pod's end with what the last sync knew, unless something newer asks already.
    ///
    /// Answers to `requeueLastPodUpdate`.
    pub(crate) fn request_again(&mut self, object: &Arc<ApiPod>, shows_initialized: bool) {
        let again = || Request { object: object.clone(), shows_initialized, overrides_grace: false };
        self.pending.get_or_insert_with(again);
    }

    /// Takes up the request that waits: what kind of sync it makes is settled now.
    pub(crate) fn take(&mut self) -> Option<Dequeued> {
        let kind = match self.state {
            WorkerState::Syncing => SyncKind::Sync,
            WorkerState::Terminating => SyncKind::Terminating,
            WorkerState::Terminated => SyncKind::Terminated,
            WorkerState::Finished => return None,
        };
        let request = self.pending.take()?;
        let grace = self.termination.as_ref().and_then(|termination| termination.grace);
        let grace = grace.filter(|_| request.overrides_grace || kind == SyncKind::Terminated);
        Some(Dequeued { kind, request, grace })
    }

    /// Whether all dead containers are to be removed, not only the older ones of each name.
    ///
    /// Answers to `ShouldPodContentBeRemoved`.
    pub(crate) fn removes_all_dead(&self, is_deleting: bool) -> bool {
        let is_evicted = self.termination.as_ref().is_some_and(|termination| termination.is_eviction);
        let is_over = matches!(self.state, WorkerState::Terminated | WorkerState::Finished);
        is_evicted || is_over && is_deleting
    }

    /// Whether containers may still run, so that a terminal phase is held back.
    pub(crate) fn could_have_running_containers(&self) -> bool {
        matches!(self.state, WorkerState::Syncing | WorkerState::Terminating)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::PodManifest, kubelet::api_pod::Deletion, spec::PodSpec};

    fn object() -> ApiPod {
        let manifest: PodManifest = serde_json::from_str(
            r#"{"spec": {"terminationGracePeriodSeconds": 30, "containers": [{"name": "app", "image": "nginx"}]}}"#,
        )
        .unwrap();
        ApiPod::new(Arc::new(PodSpec::from_admitted(&manifest).unwrap()))
    }

    fn deleted(grace_seconds: u64) -> Arc<ApiPod> {
        let deletion = Deletion { requested_at: Timestamp::UNIX_EPOCH, grace: Duration::from_secs(grace_seconds) };
        Arc::new(ApiPod { deletion: Some(deletion), ..object() })
    }

    #[test]
    fn requests_during_a_sync_are_remembered_as_one() {
        let mut worker = Worker::new();
        worker.request(&Arc::new(object()), true);
        worker.request(&Arc::new(object()), true);
        assert_eq!(worker.take().map(|taken| taken.kind), Some(SyncKind::Sync));
        assert_eq!(worker.take(), None);
    }

    #[test]
    fn the_grace_of_a_termination_only_gets_shorter() {
        let mut worker = Worker::new();
        worker.request(&deleted(20), true);
        worker.terminate(&deleted(20), true, Some(Duration::from_secs(5)));
        worker.request(&deleted(10), true);
        let five = Duration::from_secs(5);
        assert_eq!(worker.take().map(|taken| (taken.kind, taken.grace)), Some((SyncKind::Terminating, Some(five))));
    }

    #[test]
    fn a_finished_pod_is_synced_no_more() {
        let mut worker = Worker { state: WorkerState::Finished, ..Worker::new() };
        worker.request(&deleted(0), true);
        worker.request_by(Timestamp::UNIX_EPOCH);
        assert!(worker.is_idle());
        assert_eq!(worker.retry_at, None, "nor is it woken");
    }
}
