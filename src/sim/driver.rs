//! Driver: a Pod and its fake runtime, run from one event to the next. Simulations and fleets share it.

use alloc::borrow::Cow;

use super::{
    fake_runtime::{FakeRuntime, SimEvent, output_of},
    timeline::Occurrence,
};
use crate::{
    action::Action,
    event::{Event, EventError, RuntimeEvent},
    kubelet::{PodMachine, ProbeAnswer, Sink, Step},
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// Livelock guard: upper bound of events at one instant, for each container and for 10 more, so that a Pod with one
/// container has room, too.
const MAX_EVENTS_AT_ONE_INSTANT: u32 = 1_000;

/// A Pod and its fake runtime.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    /// The Pod on its node; `None` before it is bound.
    pub(super) pod: Option<PodMachine>,
    pub(super) runtime: FakeRuntime,
    /// True while the kubelet does not run: the Pod keeps only a record of the runtime, from which it is resumed.
    pub(super) is_kubelet_stopped: bool,
}

/// The surroundings of a driven Pod: its API object, and the log of what happens.
pub(super) trait Host {
    /// Returns the receiver of the Pod's outputs; `is_gone`: true once the kubelet knows that the object is removed.
    fn sink(&mut self, is_gone: bool) -> impl Sink;

    /// Takes the oldest action that the runtime has yet to carry out.
    fn next_action(&mut self) -> Option<Action>;

    /// Takes the kubelet's request to remove the object.
    fn take_deletion(&mut self) -> bool;

    /// Records something that happens in the runtime.
    fn record(&mut self, at: Timestamp, occurrence: Occurrence);

    /// Counts an event, for a fleet's statistics.
    fn count_event(&mut self);
}

/// The present instant, and the number of events that it has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) at: Timestamp,
    events: u32,
}

impl Instant {
    pub(super) fn new(at: Timestamp) -> Instant {
        Instant { at, events: 0 }
    }
}

/// Error of an instant with more events than [`MAX_EVENTS_AT_ONE_INSTANT`] allows: they would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Livelock;

/// The next event of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The Pod's first wake-up.
    Pod,
    /// The first event of the queue.
    Queue(SimEvent),
}

impl Driver {
    /// Creates a driver of a Pod that is not bound yet.
    pub(super) fn new(runtime: FakeRuntime) -> Driver {
        Driver { pod: None, runtime, is_kubelet_stopped: false }
    }

    /// Returns the next event, and when it is due. At one instant the Pod's wake-ups and the queue's events come in the
    /// order of [`SimEvent`].
    #[inline]
    pub(super) fn next(&self, now: Timestamp) -> Option<(Timestamp, Turn)> {
        // A wake-up may be overdue: the clock never runs backwards.
        let awake = self.pod.as_ref().filter(|_| !self.is_kubelet_stopped);
        let wake = awake.and_then(PodMachine::poll_timeout).map(|at| at.max(now));
        match (wake, self.runtime.queue.first()) {
            (Some(wake), Some((at, event))) if at == wake => {
                // At the same instant the fixed ranks decide, so that equal inputs give equal lives.
                let rank = self.pod.as_ref().and_then(PodMachine::next_wake).map(|(_, wake)| SimEvent::of_wake(wake));
                let is_pod_first = rank.is_some_and(|rank| rank < event);
                Some((at, if is_pod_first { Turn::Pod } else { Turn::Queue(event) }))
            }
            (Some(wake), Some((at, _))) if wake < at => Some((wake, Turn::Pod)),
            (Some(wake), None) => Some((wake, Turn::Pod)),
            (_, Some((at, event))) => Some((at, Turn::Queue(event))),
            (None, None) => None,
        }
    }

    /// Handles an event, unless it is the host's: then it is returned.
    #[inline]
    pub(super) fn take_turn(&mut self, turn: Turn, now: Timestamp, host: &mut impl Host) -> Option<SimEvent> {
        let Turn::Queue(event) = turn else {
            if let Some(pod) = &mut self.pod {
                pod.handle_first_timeout(now, &mut host.sink(pod.is_gone()));
            }
            return None;
        };
        // Popped before it is handled: the event may queue another at this instant that ranks before it.
        self.runtime.queue.pop();
        // Only the host has the object and the script.
        if matches!(event, SimEvent::ScriptAction(_) | SimEvent::TaintEviction | SimEvent::KubeletRestart) {
            return Some(event);
        }
        let spec = self.pod.as_ref()?.spec();
        if let Some(event) = self.runtime.handle_event(event, spec, now, &mut |it| host.record(now, it)) {
            self.report(event, now, host);
        }
        None
    }

    /// Has the runtime carry out the Pod's actions until there are no more.
    pub(super) fn carry_out(&mut self, instant: &mut Instant, host: &mut impl Host) -> Result<(), Livelock> {
        // Each turn counts, also one without actions: a Pod that wakes itself at one instant would never end.
        self.count(instant)?;
        while let Some(action) = host.next_action() {
            self.count(instant)?;
            host.count_event();
            // Only a Pod asks for actions.
            let Some(pod) = &self.pod else { continue };
            if let Action::Probe { container, instance, kind } = action {
                self.probe((container, instance, kind), instant.at, host);
                continue;
            }
            let now = instant.at;
            let event = self.runtime.carry_out_recorded(action, pod.spec(), now, &mut |it| host.record(now, it));
            if let Some(event) = event {
                self.report(event, now, host);
            }
        }
        Ok(())
    }

    /// Sends a probe, by far the most frequent action, and passes an immediate answer on without an event.
    fn probe(
        &mut self,
        (container, instance, kind): (ContainerIndex, InstanceId, ProbeKind),
        now: Timestamp,
        host: &mut impl Host,
    ) {
        let Some(pod) = &mut self.pod else { return };
        let Some(outcome) = self.runtime.probe(container, instance, kind, pod.spec(), now) else { return };
        // Recorded before the Pod handles the answer: the transitions that it causes come after it in the timeline.
        host.record(now, Occurrence::ProbeFinished { container, instance, kind, outcome });
        let out = &mut host.sink(pod.is_gone());
        // Only events show it.
        let output =
            if out.wants_events() { output_of(outcome, pod.spec(), container, kind) } else { Cow::Borrowed("") };
        let answer = ProbeAnswer { container, instance, kind, outcome: outcome.unwrap_or(ProbeOutcome::Error), output };
        pod.handle_probe_answer(answer, &mut Step { now, out });
    }

    /// Reports an event of the runtime to the Pod.
    #[inline]
    fn report(&mut self, event: RuntimeEvent, now: Timestamp, host: &mut impl Host) {
        let Some(pod) = &mut self.pod else { return };
        if self.is_kubelet_stopped {
            pod.record_runtime_event(event, now);
            return;
        }
        let is_gone = pod.is_gone();
        // A Pod that has ended its worker meanwhile refuses the late event, as it must.
        let _ = pod.handle_event(now, Event::Runtime(event), &mut host.sink(is_gone));
    }

    /// Passes an event to the Pod, if it is bound.
    #[inline]
    pub(super) fn handle(&mut self, event: Event, now: Timestamp, host: &mut impl Host) -> Result<(), EventError> {
        let Some(pod) = &mut self.pod else { return Ok(()) };
        let is_gone = pod.is_gone();
        Ok(pod.handle_event(now, event, &mut host.sink(is_gone))?)
    }

    /// Counts an event of an instant.
    fn count(&self, instant: &mut Instant) -> Result<(), Livelock> {
        instant.events = instant.events.saturating_add(1);
        // The containers are counted only beyond the bound of a Pod without any.
        if instant.events <= MAX_EVENTS_AT_ONE_INSTANT {
            return Ok(());
        }
        let containers = self.pod.as_ref().map_or(0, |pod| pod.spec().container_count());
        let containers = u32::try_from(containers).unwrap_or(u32::MAX).saturating_add(10);
        if instant.events > MAX_EVENTS_AT_ONE_INSTANT.saturating_mul(containers) { Err(Livelock) } else { Ok(()) }
    }
}
