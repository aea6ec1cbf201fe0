//! The Pod's worker: one pass after another, and what asks for the next.

use alloc::boxed::Box;
use core::time::Duration;

use super::{Pod, Step, pass::Pass, tables::WorkerState};
use crate::{
    action::SyncKind,
    config::Timing,
    rule::{ending, termination},
    time::Timestamp,
};

/// No period is shorter: a Pod always gets on.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

/// How many statuses that are read back at one instant ask for a pass.
const MOST_ECHOES: u8 = 16;

/// Where the Pod's worker stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Worker {
    pub(crate) state: WorkerState,
    /// Whether another pass is asked for; requests that come during a pass are remembered as one.
    pub(crate) is_requested: bool,
    /// The pass that waits for something.
    pub(crate) pass: Option<Box<Pass>>,
    /// When the next pass comes without any other reason.
    pub(crate) retry_at: Option<Timestamp>,
    /// When the runtime is looked at next, if it changed and time is node-like.
    pub(crate) relist_at: Option<Timestamp>,
}

impl Worker {
    pub(crate) fn new(state: WorkerState) -> Worker {
        Worker { state, is_requested: false, pass: None, retry_at: None, relist_at: None }
    }
}

impl Pod {
    /// Asks for a pass. One that is asked for between the end of a Pod and its termination gives that a grace of its own.
    pub(crate) fn request_pass(&mut self) {
        self.worker.is_requested = self.worker.state != WorkerState::Finished;
        self.record.node.saw_initialized = ending::has_initialized(&self.spec, &self.record.status.records);
        if self.worker.state == WorkerState::Terminating && self.worker.pass.is_none() {
            self.override_grace(self.record.api.deletion.map(|deletion| deletion.grace_seconds), None);
        }
    }

    /// Asks for a pass because the runtime changed.
    pub(crate) fn request_pass_by_runtime(&mut self, now: Timestamp) {
        if matches!(self.worker.state, WorkerState::Waiting | WorkerState::Finished) {
            return;
        }
        match self.config.timing {
            Timing::Ideal => self.request_pass(),
            Timing::NodeLike { .. } => {
                let next_look = Timestamp::from_unix_seconds(now.unix_seconds().saturating_add(1));
                self.worker.relist_at.get_or_insert(next_look);
            }
        }
    }

    /// Asks for a pass because of a probe, unless the API object is gone.
    pub(crate) fn request_pass_by_probe(&mut self) {
        if !self.record.api.is_gone {
            self.request_pass();
        }
    }

    /// Goes on with the pass under way, and with those asked for, until something has to be waited for.
    pub(crate) fn settle(&mut self, step: &mut Step<'_>) {
        loop {
            self.hear_echo(step.now);
            if let Some(mut pass) = self.worker.pass.take() {
                if !self.advance(&mut pass, step) {
                    self.worker.pass = Some(pass);
                    self.hear_echo(step.now);
                    break;
                }
                self.end_pass(&pass, step);
            } else if self.worker.is_requested {
                self.worker.is_requested = false;
                self.begin_pass(step);
            } else if self.record.node.restart_due {
                self.restart_kubelet(step.now);
            } else {
                break;
            }
        }
        self.note_next_wake();
    }

    /// A published status that is read back may ask for a pass.
    /// No more than a few at one instant: reading a status back takes time on any node, so the rest waits a second.
    fn hear_echo(&mut self, now: Timestamp) {
        let node = &mut self.record.node;
        if !core::mem::take(&mut node.echo_due) {
            return;
        }
        let (at, heard) = node.echoes.filter(|(at, _)| *at == now).unwrap_or((now, 0));
        node.echoes = Some((at, heard.saturating_add(1)));
        if heard < MOST_ECHOES {
            self.request_pass();
        } else {
            let later = now + SHORTEST_PERIOD;
            self.worker.retry_at = Some(self.worker.retry_at.map_or(later, |at| at.min(later)));
        }
    }

    /// The worker goes over to terminating: because of its phase, or by order of somebody.
    pub(crate) fn begin_terminating(&mut self) {
        if self.worker.state == WorkerState::Syncing {
            self.worker.state = WorkerState::Terminating;
        }
        self.worker.is_requested = true;
    }

    /// The grace that overrides the containers' own in a termination: set by a deletion or by the node.
    pub(crate) fn override_grace(&mut self, deletion: Option<i64>, by_node: Option<i64>) {
        let in_force = self.record.node.grace.unwrap_or(0);
        self.record.node.grace = Some(termination::effective_grace(&self.spec, in_force, deletion, by_node));
    }

    fn begin_pass(&mut self, step: &mut Step<'_>) {
        self.worker.relist_at = None;
        self.take_new_spec();
        self.record.generations.pass = self.record.api.generation;
        let pass = match self.worker.state {
            WorkerState::Syncing => self.begin_sync(step),
            WorkerState::Terminating => Some(self.begin_terminating_pass(step)),
            WorkerState::Terminated => Some(self.begin_terminated_pass(step)),
            WorkerState::Waiting | WorkerState::Finished => None,
        };
        self.worker.pass = pass.map(Box::new);
    }

    fn end_pass(&mut self, pass: &Pass, step: &mut Step<'_>) {
        self.publish_sandbox_ready(step);
        step.out.sync(step.now, crate::action::SyncProgress::Ended { kind: pass.kind, failed: pass.has_failed });
        self.worker.retry_at = Some(self.retry_time(pass, step.now));
        match pass.kind {
            SyncKind::Sync if pass.has_reset && !pass.has_failed => self.request_pass(),
            SyncKind::Sync => {}
            SyncKind::Terminating => {
                self.worker.state = WorkerState::Terminated;
                self.worker.is_requested = true;
            }
            SyncKind::Terminated => self.finish(),
        }
    }

    /// When the pass is repeated: at the end of the earliest back-off, after a while if it failed, else much later.
    fn retry_time(&mut self, pass: &Pass, now: Timestamp) -> Timestamp {
        let resync = self.config.resync_period.max(SHORTEST_PERIOD);
        let wait = match pass.earliest_release {
            Some(release) => release.since(now),
            None if pass.has_failed => self.config.retry_period.max(SHORTEST_PERIOD),
            None => resync,
        };
        now + self.late(wait.min(resync))
    }

    fn finish(&mut self) {
        self.worker.state = WorkerState::Finished;
        self.worker.retry_at = None;
        self.worker.is_requested = false;
        self.remove_if_done();
    }
}
