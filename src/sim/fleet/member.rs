//! One Pod of a fleet.
//!
//! Most Pods are *light*: the kubelet's Pod and the world, and nothing written down. One to whom more is done than to be
//! deleted or ended by its node is a whole [`Simulation`], whose timeline is thrown away as it grows.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use super::telling::Observers;
use crate::{
    action::{Action, Change, Transition},
    api::ConditionStatus,
    event::{ApiEvent, Event, RuntimeEvent},
    kubelet::{PodMachine, ProbeAnswer, Prototype, Published, Sink, Step, WorkerState},
    object,
    rule::probe::ProbeOutcome,
    sim::{
        ScenarioError, ScriptAction, ScriptActionKind, Simulation, What,
        act::on_node,
        delivery::MOST_AT_ONE_INSTANT,
        happening::SimEvent,
        world::{FakeRuntime, Outcomes, output_of},
    },
    spec::{ContainerIndex, ProbeKind},
    state::{ConditionType, InstanceId},
    time::{Timestamp, seconds},
};

/// One Pod of a fleet.
#[derive(Debug)]
pub(super) enum Member {
    /// It has yet to begin.
    Unborn,
    Light(Light),
    Whole(Box<Simulation>),
    /// Nothing of it is left.
    Gone,
}

/// A Pod on its node, and its world.
#[derive(Debug)]
pub(super) struct Light {
    pub(super) pod: PodMachine,
    world: FakeRuntime,
}

/// What a Pod needs while it lives on: shared by all of a fleet.
pub(super) struct Stepping<'a> {
    pub(super) number: u64,
    pub(super) telling: &'a mut Observers,
    /// Actions that the world has yet to carry out.
    pub(super) actions: &'a mut VecDeque<Action>,
    /// Whether the kubelet lets the object go for good.
    pub(super) may_go: bool,
    /// When its story ends, if it ends before that of the fleet.
    pub(super) end: Option<Timestamp>,
    /// What is in store for the Pod.
    pub(super) fate: &'a dyn Fn() -> Vec<ScriptAction>,
}

/// What has come of a Pod's living on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lived {
    /// When something happens next.
    pub(super) next: Option<Timestamp>,
    /// When its published status changed last, if it did.
    pub(super) changed: Option<Timestamp>,
    /// When it was first published as ready, if it was.
    pub(super) ready: Option<Timestamp>,
    /// When its object went, if it did.
    pub(super) gone: Option<Timestamp>,
}

/// What others do to a Pod without more than the kubelet's part of it.
pub(super) fn is_light(action: &ScriptAction) -> bool {
    matches!(action.kind, ScriptActionKind::Delete { .. }) || on_node(&action.kind).is_some()
}

impl Member {
    /// Reads of each piece of memory that a probe needs; what it says means nothing.
    pub(super) fn fetch(&self) -> u64 {
        match self {
            Member::Light(light) => light.pod.fetch() ^ light.world.fetch(),
            Member::Unborn | Member::Whole(_) | Member::Gone => 0,
        }
    }
}

impl Light {
    /// A Pod that begins now; its own happenings are planned, and its first step is under way.
    pub(super) fn begin(
        prototype: &Prototype,
        mut world: FakeRuntime,
        now: Timestamp,
        plans: impl Iterator<Item = (Timestamp, SimEvent)>,
        stepping: &mut Stepping<'_>,
    ) -> Result<(Light, Lived), ScenarioError> {
        plans.for_each(|(at, happening)| world.agenda.plan(at, happening));
        let mut lived = Lived::default();
        let pod = prototype.pod(now, &mut LightSink::new(stepping, &mut lived, Presence::Stored));
        let mut light = Light { pod, world };
        light.carry_out(now, &mut 0, stepping, &mut lived)?;
        Ok((light, lived))
    }

    /// Lives up to and including a time; `now`: when something happens next.
    pub(super) fn live(
        &mut self,
        mut now: Timestamp,
        until: Timestamp,
        stepping: &mut Stepping<'_>,
        lived: &mut Lived,
    ) -> Result<(), ScenarioError> {
        let mut count = 0;
        loop {
            let Some((at, turn)) = self.next(now) else {
                lived.next = None;
                return Ok(());
            };
            let is_after_end = stepping.end.is_some_and(|end| at > end);
            if at > until || is_after_end {
                lived.next = Some(at).filter(|_| !is_after_end);
                return Ok(());
            }
            if at > now {
                (now, count) = (at, 0);
            }
            stepping.telling.events = stepping.telling.events.wrapping_add(1);
            match turn {
                Turn::Pod => {
                    let presence = self.presence();
                    self.pod.handle_first_timeout(now, &mut LightSink::new(stepping, lived, presence));
                }
                Turn::FakeRuntime(happening) => self.happen(happening, now, stepping, lived),
            }
            self.carry_out(now, &mut count, stepping, lived)?;
        }
    }

    fn presence(&self) -> Presence {
        if self.pod.is_gone() { Presence::Gone } else { Presence::Stored }
    }

    /// Whose turn it is next, and when.
    fn next(&self, now: Timestamp) -> Option<(Timestamp, Turn)> {
        let wake = self.pod.poll_timeout().map(|at| at.max(now));
        let planned = self.world.agenda.first();
        let next = match (wake, planned) {
            (Some(wake), Some((at, happening))) if at == wake => {
                let of_pod = self.pod.next_wake().map(|(_, wake)| SimEvent::of_wake(wake));
                let is_of_pod = of_pod.is_some_and(|of_pod| of_pod < happening);
                (at, if is_of_pod { Turn::Pod } else { Turn::FakeRuntime(happening) })
            }
            (Some(wake), Some((at, _))) if wake < at => (wake, Turn::Pod),
            (Some(wake), None) => (wake, Turn::Pod),
            (_, Some((at, happening))) => (at, Turn::FakeRuntime(happening)),
            (None, None) => return None,
        };
        let is_over = self.pod.worker_state() == WorkerState::Finished;
        (next.0 <= now || !is_over).then_some(next)
    }

    /// Something of the world, or something that others do.
    fn happen(&mut self, happening: SimEvent, now: Timestamp, stepping: &mut Stepping<'_>, lived: &mut Lived) {
        self.world.agenda.pop();
        if let SimEvent::Action(place) = happening {
            if let Some(action) = (stepping.fate)().get(place) {
                self.act(&action.kind, now, stepping, lived);
            }
            return;
        }
        if let Some(outcomes) = self.world.happen(happening, self.pod.spec(), now) {
            self.tell(outcomes, now, stepping, lived);
        }
    }

    fn act(&mut self, action: &ScriptActionKind, now: Timestamp, stepping: &mut Stepping<'_>, lived: &mut Lived) {
        if self.pod.is_gone() {
            return;
        }
        if let Some(event) = on_node(action) {
            // There may be no Pod left that the node's managers would look at.
            let _ =
                self.pod.handle_event(now, Event::Node(event), &mut LightSink::new(stepping, lived, Presence::Stored));
        } else if let ScriptActionKind::Delete { grace_seconds } = action {
            self.delete(*grace_seconds, now, stepping, lived);
        }
    }

    fn delete(&mut self, grace_seconds: Option<i64>, now: Timestamp, stepping: &mut Stepping<'_>, lived: &mut Lived) {
        let spec = self.pod.spec();
        let asked = grace_seconds.or(spec.termination_grace().map(seconds::to_field)).unwrap_or(30);
        let grace = object::granted_seconds(asked, self.pod.phase().is_terminal());
        lived.changed = Some(now);
        if grace == 0 {
            self.remove(now, stepping, lived);
            return;
        }
        let generation = Some(spec.generation()).filter(|generation| *generation > 0);
        let generation = generation.map(|generation| generation.saturating_add(1));
        let deleted = ApiEvent::Deleted { grace_seconds: grace, generation };
        // A grace that is not shorter than the one in force changes nothing.
        let _ = self.pod.handle_event(now, Event::Api(deleted), &mut LightSink::new(stepping, lived, Presence::Stored));
    }

    /// The object goes.
    fn remove(&mut self, now: Timestamp, stepping: &mut Stepping<'_>, lived: &mut Lived) {
        lived.gone = Some(now);
        let removed = Event::Api(ApiEvent::Removed);
        // A kubelet that knows it already does not mind.
        let _ = self.pod.handle_event(now, removed, &mut LightSink::new(stepping, lived, Presence::Gone));
    }

    /// Has the world carry out what the Pod asks for, until it asks for nothing more.
    fn carry_out(
        &mut self,
        now: Timestamp,
        count: &mut u32,
        stepping: &mut Stepping<'_>,
        lived: &mut Lived,
    ) -> Result<(), ScenarioError> {
        self.count_one(now, count)?;
        self.drain(now, count, stepping, lived)?;
        if core::mem::take(&mut stepping.may_go) {
            self.remove(now, stepping, lived);
            self.drain(now, count, stepping, lived)?;
        }
        Ok(())
    }

    fn drain(
        &mut self,
        now: Timestamp,
        count: &mut u32,
        stepping: &mut Stepping<'_>,
        lived: &mut Lived,
    ) -> Result<(), ScenarioError> {
        while let Some(action) = stepping.actions.pop_front() {
            self.count_one(now, count)?;
            stepping.telling.events = stepping.telling.events.wrapping_add(1);
            if let Action::Probe { container, instance, kind } = action {
                self.probe((container, instance, kind), now, stepping, lived);
                continue;
            }
            let outcomes = self.world.carry_out(action, self.pod.spec(), now);
            self.tell(outcomes, now, stepping, lived);
        }
        Ok(())
    }

    /// Asks a probe, by far the most frequent of all actions, and tells its answer if it comes at once.
    fn probe(
        &mut self,
        (container, instance, kind): (ContainerIndex, InstanceId, ProbeKind),
        now: Timestamp,
        stepping: &mut Stepping<'_>,
        lived: &mut Lived,
    ) {
        let Some(found) = self.world.ask(container, instance, kind, self.pod.spec(), now) else { return };
        let (outcome, output) = (found.unwrap_or(ProbeOutcome::Error), output_of(found));
        let (answer, presence) = (ProbeAnswer { container, instance, kind, outcome, output }, self.presence());
        let out = &mut LightSink::new(stepping, lived, presence);
        // A Pod that has ended a worker meanwhile refuses its late answer: that is how it ought to be.
        let _ = self.pod.take_probe_answer(answer, &mut Step { now, out });
    }

    fn tell(&mut self, (_, news): Outcomes, now: Timestamp, stepping: &mut Stepping<'_>, lived: &mut Lived) {
        let Some(news) = news else { return };
        if let RuntimeEvent::SandboxDied { .. } = news {
            self.world.kill_all(now);
        }
        let presence = self.presence();
        // A Pod that has ended a worker meanwhile refuses its late answer: that is how it ought to be.
        let _ = self.pod.handle_event(now, Event::Runtime(news), &mut LightSink::new(stepping, lived, presence));
    }

    fn count_one(&self, now: Timestamp, count: &mut u32) -> Result<(), ScenarioError> {
        *count = count.saturating_add(1);
        if *count <= MOST_AT_ONE_INSTANT {
            return Ok(());
        }
        let containers = u32::try_from(self.pod.spec().container_count()).unwrap_or(u32::MAX);
        if *count > MOST_AT_ONE_INSTANT.saturating_mul(containers.saturating_add(10)) {
            return Err(ScenarioError::Endless {
                t: now.since(self.pod.published().start_time().unwrap_or(now)).as_secs_f64(),
            });
        }
        Ok(())
    }
}

/// Whose turn it is.
enum Turn {
    Pod,
    FakeRuntime(SimEvent),
}

/// Whether the API has the object: what a kubelet publishes of one that is gone is not heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Stored,
    Gone,
}

/// Takes what comes out of a light Pod.
struct LightSink<'a, 'b> {
    stepping: &'a mut Stepping<'b>,
    lived: &'a mut Lived,
    presence: Presence,
}

impl<'a, 'b> LightSink<'a, 'b> {
    fn new(stepping: &'a mut Stepping<'b>, lived: &'a mut Lived, presence: Presence) -> LightSink<'a, 'b> {
        LightSink { stepping, lived, presence }
    }
}

impl Sink for LightSink<'_, '_> {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.stepping.actions.push_back(action);
    }

    fn transition(&mut self, transition: Transition) {
        if self.presence == Presence::Stored {
            self.lived.note(&transition);
            self.stepping.telling.tell(self.stepping.number, &transition);
        }
    }

    fn published(&mut self, at: Timestamp, _: &Published<'_>) {
        self.lived.changed = Some(at);
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.stepping.may_go = true;
    }
}

impl Lived {
    /// Whether anything was changed that can be seen.
    pub(super) fn is_news(&self) -> bool {
        self.changed.is_some() || self.gone.is_some()
    }

    fn note(&mut self, transition: &Transition) {
        if let Change::Condition { condition: ConditionType::Ready, to: ConditionStatus::True, .. } = transition.change
        {
            self.ready.get_or_insert(transition.at);
        }
    }

    /// Lives the whole life of a Pod up to a time, and forgets what was written down of it.
    pub(super) fn whole(
        life: &mut Simulation,
        until: Timestamp,
        stepping: &mut Stepping<'_>,
    ) -> Result<Lived, ScenarioError> {
        let was_gone = life.object().is_gone();
        life.advance_to(until)?;
        let mut lived = Lived { next: life.next(), ..Lived::default() };
        for entry in life.forget() {
            stepping.telling.events = stepping.telling.events.wrapping_add(1);
            match &entry.what {
                What::Changed(transition) => {
                    lived.note(transition);
                    stepping.telling.tell(stepping.number, transition);
                }
                What::Asked(_) | What::Event(_) | What::Sync(_) => continue,
                What::Status(_) | What::Happened(_) => {}
            }
            lived.changed = Some(entry.at);
        }
        lived.gone = life.removed_at().filter(|_| !was_gone);
        Ok(lived)
    }
}
