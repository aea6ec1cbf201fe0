//! Random lives: a Pod, what it has asked for, and one move of its world after another.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use proptest::{collection, prelude::*, sample::Index};

use super::{
    answer::{answer, is_answer},
    event::event,
    exit, outcome,
};
use crate::{
    action::Action,
    config::KubeletConfig,
    event::{ApiEvent, ContainerExit, Event, EventError, RuntimeEvent},
    kubelet::{Output, PodMachine},
    rule::probe::ProbeOutcome,
    spec::PodSpec,
    state::{Instance, InstanceState, RuntimeStatus, Termination, TerminationReason},
    time::Timestamp,
};

/// A Pod in the hands of a random world, which answers what it is asked when and as it pleases.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, testkit::{self, RandomDriver}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let lives = testkit::spec().prop_flat_map(|spec| (Just(spec.clone()), testkit::config(), testkit::moves(spec, 20)));
/// TestRunner::deterministic().run(&lives, |(spec, config, moves)| {
///     let mut out = Vec::new();
///     let mut life = RandomDriver::begin(spec, config, &mut out);
///     for next in &moves {
///         let was = life.pod.phase();
///         let _ = life.play(next, &mut out);
///         prop_assert!(!was.is_terminal() || life.pod.phase() == was);
///     }
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RandomDriver {
    /// The Pod.
    pub pod: PodMachine,
    /// The present moment.
    pub now: Timestamp,
    /// What the Pod has asked for and nobody has answered yet.
    pub asked: Vec<Action>,
    /// The last event.
    last: Option<Event>,
}

/// One move of a Pod's world; what it means depends on the Pod, see [`RandomDriver::meaning`].
///
/// ```
/// use pod_lifecycle::testkit::{self, Move, RandomDriver, Relisting, Reply};
/// use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
///
/// let lives = (testkit::spec(), testkit::config(), any::<Index>());
/// TestRunner::deterministic().run(&lives, |(spec, config, any_of_them)| {
///     let mut out = Vec::new();
///     let mut life = RandomDriver::begin(spec, config, &mut out);
///     for next in [Move::Answer(any_of_them, Reply::Well), Move::Relist(Relisting::Same), Move::Sleep] {
///         life.play(&next, &mut out).map_err(|error| TestCaseError::fail(error.to_string()))?;
///     }
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Move {
    /// One of the pending actions is answered.
    Answer(Index, Reply),
    /// A running instance ends.
    Exit(Index, ContainerExit),
    /// The newest sandbox dies.
    SandboxDies,
    /// The last event comes once more.
    Again,
    /// The runtime is listed.
    Relist(Relisting),
    /// An image is changed, if the Pod's spec can be.
    ChangeImage(Index),
    /// Time passes.
    Wait(Duration),
    /// Time passes until the Pod wakes by itself.
    Sleep,
    /// Something comes out of the blue.
    Event(Event),
}

/// How an action is answered; [`Move`] has an example.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It is done.
    Well,
    /// It fails.
    Badly,
    /// It is done, with this outcome if it was a probe and this exit if it was a stop.
    With(ProbeOutcome, ContainerExit),
}

/// How a relist differs from what was known; [`Move`] has an example.
#[derive(Clone, Debug)]
pub enum Relisting {
    /// Not at all.
    Same,
    /// An instance is gone.
    Without(Index),
    /// The runtime has lost track of an instance.
    Unknown(Index),
    /// An instance has ended while nobody looked.
    Ended(Index),
    /// The sandboxes are gone, and all that was in them.
    Nothing,
}

/// What a move comes to.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::testkit::{self, Meaning, Move, RandomDriver};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let life = RandomDriver::begin(spec, config, &mut Vec::new());
///     let minute = Duration::from_secs(60);
///     prop_assert_eq!(life.meaning(&Move::Wait(minute)), Meaning::Wait(life.now + minute));
///     prop_assert_eq!(life.meaning(&Move::Again), Meaning::Nothing, "nothing has happened yet");
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The Pod handles this event.
    Event(Event),
    /// No event, and it is this late: the Pod handles its timeouts.
    Wait(Timestamp),
    /// No event, and no time passes: there is nothing that the move could be about.
    Nothing,
}

/// Moves for a Pod of this spec: none, or up to `at_most`.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let moves = testkit::spec().prop_flat_map(|spec| testkit::moves(spec, 9));
/// TestRunner::deterministic().run(&moves, |moves| {
///     prop_assert!(moves.len() <= 9);
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn moves(spec: Arc<PodSpec>, at_most: usize) -> impl Strategy<Value = Vec<Move>> {
    collection::vec(one_move(spec), 0..=at_most)
}

/// One move for a Pod of this spec.
///
/// ```
/// use pod_lifecycle::testkit::{self, RandomDriver, Meaning};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let lives = testkit::spec().prop_flat_map(|spec| (Just(spec.clone()), testkit::config(), testkit::one_move(spec)));
/// TestRunner::deterministic().run(&lives, |(spec, config, next)| {
///     let life = RandomDriver::begin(spec, config, &mut Vec::new());
///     prop_assert!(!matches!(life.meaning(&next), Meaning::Wait(until) if until < life.now));
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn one_move(spec: Arc<PodSpec>) -> impl Strategy<Value = Move> {
    let index = any::<Index>;
    let delete =
        (1..=40_i64).prop_map(|grace_seconds| Event::Api(ApiEvent::Deleted { grace_seconds, generation: None }));
    prop_oneof![
        40 => (index(), reply()).prop_map(|(place, reply)| Move::Answer(place, reply)),
        8 => (index(), exit()).prop_map(|(place, exit)| Move::Exit(place, exit)),
        1 => Just(Move::SandboxDies),
        2 => Just(Move::Again),
        2 => relisting().prop_map(Move::Relist),
        1 => index().prop_map(Move::ChangeImage),
        8 => (0..=30_000_u64).prop_map(|millis| Move::Wait(Duration::from_millis(millis))),
        12 => Just(Move::Sleep),
        1 => delete.prop_map(Move::Event),
        2 => event(spec).prop_map(Move::Event),
    ]
}

impl RandomDriver {
    /// A Pod's first moment; on its node, whether or not it was gated before. What comes out of the Pod is
    /// added to `out`.
    #[must_use]
    pub fn begin(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, out: &mut Vec<Output>) -> RandomDriver {
        let now = Timestamp::from_unix_seconds(1_772_366_400);
        let from = out.len();
        let pod = PodMachine::new(spec, config, now, out);
        let mut life = RandomDriver { pod, now, asked: Vec::new(), last: None };
        life.note(out.get(from..).unwrap_or_default());
        life
    }

    /// Makes a move; what comes out of the Pod is added to `out`.
    ///
    /// # Errors
    ///
    /// The Pod's own: it refuses what cannot be.
    pub fn play(&mut self, next: &Move, out: &mut Vec<Output>) -> Result<(), EventError> {
        let from = out.len();
        let result = match self.meaning(next) {
            Meaning::Event(event) => {
                self.heard(&event);
                self.pod.handle_event(self.now, event, out).map_err(EventError::from)
            }
            Meaning::Wait(until) => {
                self.now = until;
                self.pod.handle_timeout(until, out);
                Ok(())
            }
            Meaning::Nothing => Ok(()),
        };
        self.note(out.get(from..).unwrap_or_default());
        result
    }

    /// What a move comes to at this moment.
    #[must_use]
    pub fn meaning(&self, next: &Move) -> Meaning {
        let told = match next {
            Move::Answer(place, reply) => pick(&self.asked, *place)
                .and_then(|action| answer(action, reply, self.pod.runtime()))
                .map(Event::Runtime),
            Move::Exit(place, exit) => self.exit_of_running(*place, exit),
            Move::SandboxDies => self.pod.runtime().active_sandbox().map(|sandbox| {
                let sandbox = sandbox.id;
                Event::Runtime(RuntimeEvent::SandboxDied { sandbox })
            }),
            Move::Again => self.last.clone(),
            Move::Relist(relisting) => {
                Some(Event::Runtime(RuntimeEvent::Relisted(relisted(self.pod.runtime(), relisting))))
            }
            Move::ChangeImage(place) => Some(Event::Api(ApiEvent::SpecChanged(self.with_other_image(*place)))),
            Move::Event(event) => Some(event.clone()),
            Move::Wait(time) => return Meaning::Wait(self.now + *time),
            Move::Sleep => match self.pod.poll_timeout() {
                Some(at) => return Meaning::Wait(at.max(self.now)),
                None => None,
            },
        };
        told.map_or(Meaning::Nothing, Meaning::Event)
    }

    /// Notes an event that the Pod has handled: whatever it answers is no longer pending.
    ///
    /// ```
    /// use pod_lifecycle::{event::{Event, RuntimeEvent}, state::SandboxId, testkit::{self, RandomDriver}};
    /// use proptest::test_runner::TestRunner;
    ///
    /// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
    ///     let mut out = Vec::new();
    ///     let mut life = RandomDriver::begin(spec, config, &mut out);
    ///     let made = Event::Runtime(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) });
    ///     out.clear();
    ///     // A driver of one's own calls the PodMachine by itself.
    ///     if life.pod.handle_event(life.now, made.clone(), &mut out).is_ok() {
    ///         life.heard(&made);
    ///         life.note(&out);
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heard(&mut self, event: &Event) {
        if let Event::Runtime(event) = event {
            let answered = self.asked.iter().position(|action| is_answer(action, event));
            if let Some(place) = answered {
                self.asked.remove(place);
            }
        }
        self.last = Some(event.clone());
    }

    /// Notes what came out of the Pod: what it asks for is pending until it is answered.
    ///
    /// See [`heard`](RandomLife::heard) for a driver of one's own.
    ///
    /// ```
    ///
    /// use pod_lifecycle::testkit::{self, RandomDriver};
    /// use proptest::test_runner::TestRunner;
    ///
    /// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
    ///     let mut life = RandomDriver::begin(spec, config, &mut Vec::new());
    ///     let mut out = Vec::new();
    ///     if let Some(due) = life.pod.poll_timeout() {
    ///         life.pod.handle_timeout(due, &mut out);
    ///     }
    ///     life.note(&out);
    ///     Ok(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn note(&mut self, out: &[Output]) {
        let is_answered =
            |action: &&Action| !matches!(action, Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. });
        let actions = out.iter().filter_map(|output| match output {
            Output::Action(action) => Some(action),
            Output::Transition(_) | Output::Event(_) | Output::Published | Output::DeleteObject => None,
        });
        self.asked.extend(actions.filter(is_answered).cloned());
    }

    fn exit_of_running(&self, place: Index, exit: &ContainerExit) -> Option<Event> {
        let running = self.pod.runtime().instances.iter().filter(|instance| instance.is_running());
        let running: Vec<&Instance> = running.collect();
        let instance = pick(&running, place)?;
        let (container, instance, exit) = (instance.container?, instance.id, exit.clone());
        Some(Event::Runtime(RuntimeEvent::ContainerExited { container, instance, exit }))
    }

    fn with_other_image(&self, place: Index) -> Arc<PodSpec> {
        let mut spec = PodSpec::clone(self.pod.spec());
        let count = spec.containers.len();
        if let Some(container) = (count > 0).then(|| place.index(count)).and_then(|at| spec.containers.get_mut(at)) {
            container.image = if container.image == "nginx:2" { "nginx:3".into() } else { "nginx:2".into() };
        }
        spec.generation = spec.generation.saturating_add(1);
        Arc::new(spec)
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        8 => Just(Reply::Well),
        1 => Just(Reply::Badly),
        5 => (outcome(), exit()).prop_map(|(outcome, exit)| Reply::With(outcome, exit)),
    ]
}

fn relisting() -> impl Strategy<Value = Relisting> {
    let index = any::<Index>;
    prop_oneof![
        Just(Relisting::Same),
        index().prop_map(Relisting::Without),
        index().prop_map(Relisting::Unknown),
        index().prop_map(Relisting::Ended),
        Just(Relisting::Nothing),
    ]
}

fn pick<T>(all: &[T], place: Index) -> Option<&T> {
    if all.is_empty() { None } else { all.get(place.index(all.len())) }
}

fn relisted(known: &RuntimeStatus, relisting: &Relisting) -> RuntimeStatus {
    let mut runtime = known.clone();
    let count = runtime.instances.len();
    let at = |place: &Index| if count > 0 { place.index(count) } else { 0 };
    match relisting {
        Relisting::Same => {}
        Relisting::Without(place) if count > 0 => {
            runtime.instances.remove(at(place));
        }
        Relisting::Unknown(place) => {
            if let Some(instance) = runtime.instances.get_mut(at(place)) {
                instance.state = InstanceState::Unknown;
            }
        }
        Relisting::Ended(place) => {
            if let Some(instance) = runtime.instances.get_mut(at(place)) {
                instance.state = InstanceState::Exited(Arc::new(Termination {
                    exit_code: 0,
                    reason: TerminationReason::Completed,
                    message: None,
                    signal: None,
                    started_at: None,
                    finished_at: None,
                    instance: Some(instance.id),
                }));
            }
        }
        Relisting::Without(_) => {}
        Relisting::Nothing => runtime = RuntimeStatus::default(),
    }
    runtime
}
