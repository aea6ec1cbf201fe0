//! One Pod of a fleet, and what clients see of it.
//!
//! Most Pods are *fast*: only the kubelet's Pod and its fake runtime, without an object and without a timeline. A Pod with
//! actions beyond deletion and those of the node is *full*: a [`Simulation`] whose timeline is dropped as it grows.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::time::Duration;

use super::{
    observers::Observers,
    plan::Plan,
    sample::{Counters, VisiblePod},
};
use crate::{
    action::{Action, Change, Transition},
    api::{ConditionStatus, PodStatus},
    event::{ApiEvent, Event},
    kubelet::{PodMachine, Prototype, Sink, StatusView, WorkerState},
    object,
    sim::{
        EntryKind, Occurrence, ScenarioError, ScriptAction, ScriptActionKind, Simulation, StatusMatcher,
        driver::{Driver, Host, Instant, Livelock, Turn},
        duration::to_grace_seconds,
        fake_runtime::{FakeRuntime, SimEvent},
    },
    state::ConditionType,
    time::{Timestamp, seconds},
};

/// One Pod of a fleet.
#[derive(Debug)]
pub(super) enum Member {
    /// It has not started yet.
    Waiting,
    Fast(FastMember),
    Full(Box<Simulation>),
    /// Its object is removed and nothing of it runs.
    Removed,
}

/// A Pod on its node, and its fake runtime.
#[derive(Debug)]
pub(super) struct FastMember {
    driver: Driver,
}

/// Surroundings of the member that advances: its number, its script, and the buffers that all members share.
pub(super) struct Context<'a> {
    /// Number of the Pod.
    pub(super) number: u64,
    pub(super) observers: &'a mut Observers,
    /// Actions that the runtime has yet to carry out.
    pub(super) actions: &'a mut VecDeque<Action>,
    /// End of the Pod's simulation, if its script has one.
    pub(super) end: Option<Timestamp>,
    /// Returns the actions on the Pod.
    pub(super) script_actions: &'a dyn Fn() -> Vec<ScriptAction>,
}

/// The result of an advance of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Advance {
    /// When its next event is due.
    pub(super) next: Option<Timestamp>,
    /// When its published status changed last, if it did.
    changed: Option<Timestamp>,
    /// When it was first published as ready, if it was.
    pub(super) ready: Option<Timestamp>,
    /// When its object was removed, if it was.
    removed: Option<Timestamp>,
}

/// True if a fast Pod can handle an action.
pub(super) fn is_fast_action(action: &ScriptAction) -> bool {
    matches!(action.kind, ScriptActionKind::Delete { .. }) || action.kind.node_event().is_some()
}

impl FastMember {
    /// Starts a Pod: queues its script actions, and starts its first sync.
    pub(super) fn start(
        prototype: &Prototype,
        mut runtime: FakeRuntime,
        now: Timestamp,
        queued: impl Iterator<Item = (Timestamp, SimEvent)>,
        context: &mut Context<'_>,
    ) -> Result<(FastMember, Advance), ScenarioError> {
        queued.for_each(|(at, event)| runtime.queue.schedule(at, event));
        // A new Pod is visible from its start.
        let mut host = FastHost::new(context, Advance { changed: Some(now), ..Advance::default() });
        let pod = prototype.pod(now, &mut host.sink(false));
        let mut member = FastMember { driver: Driver { pod: Some(pod), runtime, is_kubelet_stopped: false } };
        member.carry_out(&mut Instant::new(now), &mut host)?;
        let advance = host.advance;
        Ok((member, advance))
    }

    /// Returns the kubelet's Pod.
    pub(super) fn pod(&mut self) -> Option<&mut PodMachine> {
        self.driver.pod.as_mut()
    }

    /// Advances up to and including a time; `due`: when the next event is due.
    pub(super) fn advance(
        &mut self,
        due: Timestamp,
        until: Timestamp,
        so_far: Advance,
        context: &mut Context<'_>,
    ) -> Result<Advance, ScenarioError> {
        let end = context.end;
        let mut instant = Instant::new(due);
        let mut host = FastHost::new(context, so_far);
        loop {
            let Some((at, turn)) = self.next(instant.at) else {
                host.advance.next = None;
                return Ok(host.advance);
            };
            // A Pod whose script has ended stays as it is, and is never due again.
            let is_after_end = end.is_some_and(|end| at > end);
            if at > until || is_after_end {
                host.advance.next = Some(at).filter(|_| !is_after_end);
                return Ok(host.advance);
            }
            if at > instant.at {
                instant = Instant::new(at);
            }
            host.count_event();
            if let Some(SimEvent::ScriptAction(index)) = self.driver.take_turn(turn, at, &mut host)
                && let Some(action) = (host.context.script_actions)().get(index)
            {
                self.act(&action.kind, at, &mut host);
            }
            self.carry_out(&mut instant, &mut host)?;
        }
    }

    /// Returns the next event, unless the Pod is finished and nothing more is to happen to its object.
    fn next(&self, now: Timestamp) -> Option<(Timestamp, Turn)> {
        let is_over = self.driver.pod.as_ref().is_none_or(|pod| {
            pod.worker_state() == WorkerState::Finished
                && (pod.is_gone() || !self.driver.runtime.queue.has_script_actions())
        });
        self.driver.next(now).filter(|(at, _)| *at <= now || !is_over)
    }

    /// Carries out the actions of the Pod, and removes the object if the kubelet asks for it.
    fn carry_out(&mut self, instant: &mut Instant, host: &mut FastHost<'_, '_>) -> Result<(), ScenarioError> {
        self.drain(instant, host)?;
        if host.take_deletion() {
            self.remove(instant.at, host);
            self.drain(instant, host)?;
        }
        Ok(())
    }

    fn drain(&mut self, instant: &mut Instant, host: &mut FastHost<'_, '_>) -> Result<(), ScenarioError> {
        self.driver.carry_out(instant, host).map_err(|Livelock| {
            // A fast Pod keeps no start of its own; the published start time has whole seconds.
            let started_at = self.driver.pod.as_ref().and_then(|pod| pod.published().start_time());
            ScenarioError::Endless { at: instant.at.since(started_at.unwrap_or(instant.at)) }
        })
    }

    fn act(&mut self, action: &ScriptActionKind, now: Timestamp, host: &mut FastHost<'_, '_>) {
        if self.driver.pod.as_ref().is_none_or(PodMachine::is_gone) {
            return;
        }
        if let Some(event) = action.node_event() {
            // The node's managers no longer look at a Pod that has terminated.
            let _ = self.driver.handle(Event::Node(event), now, host);
        } else if let ScriptActionKind::Delete { grace } = action {
            // Any other action would make the Pod full: see `is_fast_action`.
            self.delete(*grace, now, host);
        }
    }

    fn delete(&mut self, grace: Option<Duration>, now: Timestamp, host: &mut FastHost<'_, '_>) {
        let Some(pod) = &self.driver.pod else { return };
        let spec = pod.spec();
        // As `Simulation` does with the object: the spec's grace, or 30 s.
        let of_spec = spec.termination_grace().map(seconds::to_field);
        let requested = grace.map(to_grace_seconds).or(of_spec).unwrap_or(30);
        let grace = object::granted_seconds(requested, pod.phase().is_terminal());
        // kubectl shows a Pod with a deletion timestamp as Terminating, so its row changes although its status does
        // not.
        host.advance.changed = Some(now);
        // Grace 0 removes the object at once; the kubelet stops what still runs.
        if grace == 0 {
            self.remove(now, host);
            return;
        }
        // A graceful deletion raises the generation, if the object has one.
        let generation = Some(spec.generation()).filter(|generation| *generation > 0);
        let generation = generation.map(|generation| generation.saturating_add(1));
        // The kubelet reports the new generation in `status.observedGeneration` with its next status.
        let deleted = ApiEvent::Deleted { grace_seconds: grace, generation };
        // A grace period that is not shorter than the one in force is refused, as it must be.
        let _ = self.driver.handle(Event::Api(deleted), now, host);
    }

    /// Removes the object.
    fn remove(&mut self, now: Timestamp, host: &mut FastHost<'_, '_>) {
        host.advance.removed = Some(now);
        let Some(pod) = &mut self.driver.pod else { return };
        // A kubelet that knows it already refuses the event, and nothing changes.
        let _ = pod.handle_event(now, Event::Api(ApiEvent::Removed), &mut host.sink(true));
    }

    /// Returns what clients see of the Pod.
    pub(super) fn visible(&self, counters: &mut Counters) -> Option<VisiblePod> {
        let pod = self.driver.pod.as_ref().filter(|pod| !pod.is_gone())?;
        let published = pod.published();
        let records = published.containers().iter().flatten();
        let restarts = records.fold(0, |sum: i32, record| sum.saturating_add(record.restart_count));
        let status = counters.word(&pod.status_column());
        Some(VisiblePod {
            phase: published.phase(),
            status,
            restarts,
            is_ready: published.is_ready(),
            // The caller fills it in, from the row before.
            was_ready: false,
        })
    }
}

/// The surroundings of a fast Pod.
struct FastHost<'a, 'b> {
    context: &'a mut Context<'b>,
    advance: Advance,
    /// True if the kubelet has asked for the removal of the object.
    wants_deletion: bool,
}

impl<'a, 'b> FastHost<'a, 'b> {
    fn new(context: &'a mut Context<'b>, advance: Advance) -> FastHost<'a, 'b> {
        FastHost { context, advance, wants_deletion: false }
    }
}

impl Host for FastHost<'_, '_> {
    fn sink(&mut self, is_gone: bool) -> impl Sink {
        FastSink { host: self, is_gone }
    }

    fn next_action(&mut self) -> Option<Action> {
        self.context.actions.pop_front()
    }

    fn take_deletion(&mut self) -> bool {
        core::mem::take(&mut self.wants_deletion)
    }

    fn record(&mut self, _: Timestamp, _: Occurrence) {}

    fn count_event(&mut self) {
        self.context.observers.events = self.context.observers.events.wrapping_add(1);
    }
}

/// Receives the outputs of a fast Pod.
struct FastSink<'h, 'a, 'b> {
    host: &'h mut FastHost<'a, 'b>,
    /// True once the object is removed: then the API server ignores the kubelet's status.
    is_gone: bool,
}

impl Sink for FastSink<'_, '_, '_> {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.host.context.actions.push_back(action);
    }

    fn transition(&mut self, transition: Transition) {
        if !self.is_gone {
            self.host.advance.note(&transition);
            self.host.context.observers.transition(self.host.context.number, &transition);
        }
    }

    fn published(&mut self, at: Timestamp, _: &StatusView<'_>) {
        self.host.advance.changed = Some(at);
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.host.wants_deletion = true;
    }
}

impl Advance {
    /// True if what clients see may have changed.
    pub(super) fn is_visible(&self) -> bool {
        self.changed.is_some() || self.removed.is_some()
    }

    fn note(&mut self, transition: &Transition) {
        if let Change::Condition { condition: ConditionType::Ready, to: ConditionStatus::True, .. } = transition.change
        {
            self.ready.get_or_insert(transition.at);
        }
    }

    /// Advances a full Pod, and drops its timeline.
    pub(super) fn full(
        simulation: &mut Simulation,
        until: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Advance, ScenarioError> {
        let was_removed = simulation.object().is_gone();
        simulation.advance_to(until)?;
        let mut advance = Advance { next: simulation.next(), ..Advance::default() };
        for entry in simulation.take_entries() {
            context.observers.events = context.observers.events.wrapping_add(1);
            match &entry.kind {
                EntryKind::Transition(transition) => {
                    advance.note(transition);
                    context.observers.transition(context.number, transition);
                }
                // These change nothing that clients see of the object.
                EntryKind::Action(_) | EntryKind::Event(_) | EntryKind::Sync(_) => continue,
                EntryKind::Status(_) | EntryKind::Occurrence(_) => {}
            }
            // Entries are in the order of time: the last one wins.
            advance.changed = Some(entry.at);
        }
        advance.removed = simulation.removed_at().filter(|_| !was_removed);
        Ok(advance)
    }

    /// Marks the Pod as visible: it has just started.
    pub(super) fn started(mut self, at: Timestamp) -> Advance {
        self.changed.get_or_insert(at);
        self
    }

    /// Adds to the histograms how long the Pod took until it was ready, and until it was removed.
    pub(super) fn add_to_histograms(&self, plan: &Plan, number: u64, was_ready: bool, counters: &mut Counters) {
        // Most advances end here: a plan is computed only for the two that count.
        if self.removed.is_none() && (was_ready || self.ready.is_none()) {
            return;
        }
        let pod = plan.pod(number);
        if let Some(ready) = self.ready.filter(|_| !was_ready) {
            counters.histograms.millis_to_ready.add(millis(ready.since(pod.begins_at)));
        }
        if let Some(removed) = self.removed {
            let actions = plan.actions(number, &pod);
            // The first deletion counts; later ones only shorten the grace.
            let deletions = actions.iter().filter(|it| matches!(it.kind, ScriptActionKind::Delete { .. }));
            let deleted_at = deletions.map(|it| pod.begins_at + it.at).filter(|at| *at <= removed).min();
            if let Some(deleted_at) = deleted_at {
                counters.histograms.millis_to_stop.add(millis(removed.since(deleted_at)));
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

// --- What clients see ---

/// Returns what clients see of a full Pod.
pub(super) fn visible(simulation: &Simulation, counters: &mut Counters) -> Option<VisiblePod> {
    let row = simulation.row()?;
    let status = simulation.object().status();
    Some(VisiblePod {
        phase: simulation.phase(),
        status: counters.word(&row.status),
        restarts: restarts(status),
        is_ready: StatusMatcher::ready().matches(status),
        was_ready: false,
    })
}

fn restarts(status: &PodStatus) -> i32 {
    let counts = status.every_container().map(|it| it.restart_count.max(0));
    counts.fold(0, i32::saturating_add)
}
