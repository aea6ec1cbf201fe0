//! Small Pods in a small world, for stateright: every order in which things can happen to them.
//!
//! The world answers what it was asked, well or badly, in any order, twice, or not at all; processes exit; the sandbox
//! dies; the Pod is deleted or evicted; the kubelet restarts. Each disturbance has a budget, so that there is an end.
//! Time passes only to the Pod's next wake: what happens in between is the same as what happens then.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_lifecycle::{
    Action, Change, Output, PodMachine, Timestamp, WORKER_MOVES, WorkerState,
    api::{Name, PodPhase},
    config::{KubeletConfig, Timing},
    event::{ApiEvent, ContainerExit, Event, NodeEvent, RuntimeEvent},
    spec::PodSpec,
    state::RecordedState,
    testkit::{
        self, Reply,
        invariant::{Trials, Watch, a_deleted_pod_ends_in_time},
    },
};
use stateright::{Model, Property};

/// More answers than that are not outstanding: what was asked for before is lost.
const MOST_ASKED: usize = 6;

/// Small Pods and their world.
#[derive(Clone, Debug)]
pub struct SmallPods {
    pods: Vec<(Arc<PodSpec>, Timing)>,
    budget: Budget,
    /// The moves that were made, of phases, containers and workers.
    pub seen: Arc<Mutex<BTreeSet<String>>>,
}

/// How often the world may disturb a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Exits that nobody asked for.
    pub exits: u8,
    /// Answers that are not as was hoped.
    pub failures: u8,
    /// Answers that are given twice, or never.
    pub doubts: u8,
    /// Deletions, evictions, restarts of the kubelet, and deaths of the sandbox.
    pub blows: u8,
    /// How often time passes.
    pub wakes: u8,
}

impl Budget {
    /// How many disturbances are left.
    fn left(self) -> u16 {
        let Budget { exits, failures, doubts, blows, wakes } = self;
        [exits, failures, doubts, blows, wakes].into_iter().map(u16::from).sum()
    }
}

/// A Pod, its world, and what is left of the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeRuntime {
    /// The Pod.
    pub pod: PodMachine,
    now: Timestamp,
    asked: Vec<Action>,
    last: Option<RuntimeEvent>,
    budget: Budget,
    watch: Watch,
    /// The invariant that was broken, in words.
    pub broken: Option<String>,
}

/// A state is told from others by a hash. Most of the time goes into it: so it is a fast one, and the same in each run.
impl Hash for FakeRuntime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let FakeRuntime { pod, now, asked, last, budget, watch, broken } = self;
        let fast = ahash::RandomState::with_seeds(1, 2, 3, 4);
        state.write_u64(fast.hash_one((pod, now, asked, last, budget, watch, broken)));
    }
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// An action is answered as was hoped.
    Well(usize),
    /// An action is answered otherwise.
    Badly(usize),
    /// An action is never answered.
    Lost(usize),
    /// The last news are told once more.
    Again,
    /// A running instance ends with this code.
    Exit(usize, i32),
    /// The newest sandbox dies.
    SandboxDies,
    /// The runtime is relisted, and all is as it was known.
    Relisted,
    /// The API server or the node does something.
    Blow(Event),
    /// Time passes until the Pod wakes.
    Sleep,
}

impl SmallPods {
    /// All small Pods, with this budget, each on a node that hears at once and on one that polls.
    pub fn new(budget: Budget) -> SmallPods {
        let pods = PODS.iter().flat_map(|text| {
            let text = format!(r#"{{"metadata": {{"name": "web", "uid": "u"}}, "spec": {text}}}"#);
            let spec = Arc::new(PodSpec::from_manifest(serde_json::from_str(&text).unwrap()).unwrap());
            let polls = Timing::GenericPleg { phase: Duration::from_millis(400), relist_after_sync: true };
            [(spec.clone(), Timing::Ideal), (spec, polls)]
        });
        SmallPods { pods: pods.collect(), budget, seen: Arc::default() }
    }

    /// Each of the Pods by itself.
    pub fn one_by_one(&self) -> Vec<SmallPods> {
        let alone = |pod: &(Arc<PodSpec>, Timing)| SmallPods { pods: vec![pod.clone()], ..self.clone() };
        self.pods.iter().map(alone).collect()
    }
}

/// Up to two containers, an init container or a sidecar, thresholds up to two.
const PODS: [&str; 5] = [
    r#"{"containers": [{"name": "app", "image": "a", "readinessProbe": {"exec": {"command": ["x"]}, "failureThreshold": 2},
        "livenessProbe": {"exec": {"command": ["x"]}, "failureThreshold": 2}}]}"#,
    r#"{"restartPolicy": "Never", "containers": [{"name": "app", "image": "a"}, {"name": "log", "image": "b"}]}"#,
    r#"{"restartPolicy": "OnFailure", "initContainers": [{"name": "setup", "image": "a"}],
        "containers": [{"name": "app", "image": "b"}]}"#,
    r#"{"initContainers": [{"name": "proxy", "image": "a:1", "restartPolicy": "Always",
            "startupProbe": {"exec": {"command": ["x"]}, "failureThreshold": 2}}],
        "containers": [{"name": "app", "image": "b", "imagePullPolicy": "Always"}]}"#,
    r#"{"terminationGracePeriodSeconds": 5, "containers": [{"name": "app", "image": "a",
            "lifecycle": {"preStop": {"exec": {"command": ["x"]}}, "postStart": {"exec": {"command": ["x"]}}}}]}"#,
];

impl Model for SmallPods {
    type State = FakeRuntime;
    type Action = Move;

    fn init_states(&self) -> Vec<FakeRuntime> {
        let now = Timestamp::from_unix_seconds(1_772_366_400);
        let begin = |(spec, timing): &(Arc<PodSpec>, Timing)| {
            let mut out = Vec::new();
            let config = KubeletConfig { timing: *timing, ..KubeletConfig::default() };
            let pod = PodMachine::new(spec.clone(), Arc::new(config), now, &mut out);
            let (watch, broken) = match Watch::begin(&pod, now, &out) {
                Ok(watch) => (watch, None),
                Err(broken) => (Watch::default(), Some(broken)),
            };
            let mut world = FakeRuntime { pod, now, asked: Vec::new(), last: None, budget: self.budget, watch, broken };
            world.note(&out);
            world
        };
        self.pods.iter().map(begin).collect()
    }

    fn actions(&self, world: &FakeRuntime, moves: &mut Vec<Move>) {
        let Budget { exits, failures, doubts, blows, wakes } = world.budget;
        let asked = 0..world.asked.len();
        moves.extend(asked.clone().map(Move::Well));
        if failures > 0 {
            moves.extend(asked.clone().map(Move::Badly));
        }
        if doubts > 0 {
            moves.extend(asked.map(Move::Lost));
            moves.extend([Move::Again, Move::Relisted]);
        }
        if exits > 0 {
            let running =
                (0..world.pod.runtime().instances.len()).filter(|&at| world.pod.runtime().instances[at].is_running());
            moves.extend(running.flat_map(|at| [Move::Exit(at, 0), Move::Exit(at, 1)]));
        }
        if blows > 0 {
            moves.push(Move::SandboxDies);
            moves.push(Move::Blow(Event::Api(ApiEvent::Deleted { grace_seconds: 2, generation: None })));
            moves.push(Move::Blow(Event::Node(NodeEvent::KubeletRestarted)));
            let message = "low on memory".into();
            let evicted = NodeEvent::Evicted { message, grace_seconds: Some(2), is_disruption: true };
            moves.push(Move::Blow(Event::Node(evicted)));
        }
        if wakes > 0 && world.pod.poll_timeout().is_some() {
            moves.push(Move::Sleep);
        }
    }

    fn next_state(&self, world: &FakeRuntime, next: Move) -> Option<FakeRuntime> {
        let mut world = world.clone();
        let before = (world.pod.worker_state(), world.pod.phase());
        world.watch.pick_trials(if world.budget.left().is_multiple_of(4) { Trials::AfterEach } else { Trials::Never });
        let out = world.play(next)?;
        world.watch.pick_trials(Trials::Never);
        world.come_to_an_end(self.budget);
        self.note(before, &world, &out);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<SmallPods>> {
        let mut all = vec![Property::always("every invariant holds", |_, world: &FakeRuntime| world.broken.is_none())];
        all.extend(sometimes());
        all
    }
}

/// What has to be reached, so that the model is known to test it.
fn sometimes() -> Vec<Property<SmallPods>> {
    macro_rules! reach {
        ($($name:literal: |$world:ident| $holds:expr;)+) => {
            vec![$(Property::sometimes($name, |_: &SmallPods, $world: &FakeRuntime| $holds)),+]
        };
    }
    reach! {
        "phase Pending": |world| world.pod.phase() == PodPhase::Pending;
        "phase Running": |world| world.pod.phase() == PodPhase::Running;
        "phase Succeeded": |world| world.pod.phase() == PodPhase::Succeeded;
        "phase Failed": |world| world.pod.phase() == PodPhase::Failed;
        "worker Syncing": |world| world.pod.worker_state() == WorkerState::Syncing;
        "worker Terminating": |world| world.pod.worker_state() == WorkerState::Terminating;
        "worker Terminated": |world| world.pod.worker_state() == WorkerState::Terminated;
        "worker Finished": |world| world.pod.worker_state() == WorkerState::Finished;
        "a container runs": |world| any(world, |state| matches!(state, RecordedState::Running { .. }));
        "a container has terminated": |world| any(world, |state| matches!(state, RecordedState::Terminated(_)));
        "waits: ContainerCreating": |world| waits(world, "ContainerCreating");
        "waits: PodInitializing": |world| waits(world, "PodInitializing");
        "waits: CrashLoopBackOff": |world| waits(world, "CrashLoopBackOff");
        "waits: ErrImagePull": |world| waits(world, "ErrImagePull");
        "waits: ImagePullBackOff": |world| waits(world, "ImagePullBackOff");
        "waits: CreateContainerError": |world| waits(world, "CreateContainerError");
        "waits: RunContainerError": |world| waits(world, "RunContainerError");
    }
}

fn any(world: &FakeRuntime, is_so: impl Fn(&RecordedState) -> bool) -> bool {
    let records = world.pod.published().containers().iter().flatten();
    records.filter_map(|record| record.state.as_ref()).any(is_so)
}

fn waits(world: &FakeRuntime, reason: &str) -> bool {
    any(world, |state| matches!(state, RecordedState::Waiting(waiting) if waiting.reason() == reason))
}

impl SmallPods {
    /// Which moves of the tables were made.
    fn note(&self, (worker, phase): (WorkerState, PodPhase), world: &FakeRuntime, out: &[Output]) {
        let mut moves = Vec::new();
        moves.extend(
            worker_moves(worker, world.pod.worker_state()).iter().map(|(from, to)| format!("worker {from} -> {to}")),
        );
        if phase != world.pod.phase() {
            moves.push(format!("phase {phase} -> {}", world.pod.phase()));
        }
        for output in out {
            let Output::Transition(told) = output else { continue };
            if let Change::Container { from: Some(from), to, .. } = told.change
                && from != to
            {
                moves.push(format!("container {} -> {}", from.name(), to.name()));
            }
        }
        if !moves.is_empty() {
            self.seen.lock().unwrap().extend(moves);
        }
    }
}

/// The moves that a worker has made within one step, when it stood here before and stands there now.
fn worker_moves(from: WorkerState, to: WorkerState) -> Vec<(WorkerState, WorkerState)> {
    let mut made = Vec::new();
    let mut at = from;
    while at != to {
        let straight = WORKER_MOVES.iter().find(|made| **made == (at, to));
        let Some(next) = straight.or_else(|| WORKER_MOVES.iter().find(|(from, _)| *from == at)) else { break };
        made.push(*next);
        at = next.1;
    }
    made
}

impl FakeRuntime {
    /// Makes a move; `None` if there is nothing that it could be about.
    fn play(&mut self, next: Move) -> Option<Vec<Output>> {
        let spend = |left: &mut u8| {
            *left = left.checked_sub(1)?;
            Some(())
        };
        let event = match next {
            Move::Well(at) => self.answer(at, &Reply::Well)?,
            Move::Badly(at) => {
                spend(&mut self.budget.failures)?;
                self.answer(at, &Reply::Badly)?
            }
            Move::Lost(at) => {
                spend(&mut self.budget.doubts)?;
                self.asked.remove(at);
                return Some(Vec::new());
            }
            Move::Again => {
                spend(&mut self.budget.doubts)?;
                Event::Runtime(self.last.clone()?)
            }
            Move::Relisted => {
                spend(&mut self.budget.doubts)?;
                Event::Runtime(RuntimeEvent::Relisted(self.pod.runtime().clone()))
            }
            Move::Exit(at, code) => {
                spend(&mut self.budget.exits)?;
                let instance = self.pod.runtime().instances.get(at)?;
                let (container, instance) = (instance.container?, instance.id);
                Event::Runtime(RuntimeEvent::ContainerExited {
                    container,
                    instance,
                    exit: ContainerExit::with_code(code),
                })
            }
            Move::SandboxDies => {
                spend(&mut self.budget.blows)?;
                let sandbox = self.pod.runtime().active_sandbox()?.id;
                Event::Runtime(RuntimeEvent::SandboxDied { sandbox })
            }
            Move::Blow(event) => {
                spend(&mut self.budget.blows)?;
                event
            }
            Move::Sleep => {
                spend(&mut self.budget.wakes)?;
                self.now = self.now.max(self.pod.poll_timeout()?);
                let out = self.watch.handle_timeout(&mut self.pod, self.now);
                return Some(self.take(out));
            }
        };
        let out = self.watch.handle_event(&mut self.pod, self.now, event.clone()).map(|(_, out)| out);
        if let Event::Runtime(news) = event {
            self.last = Some(news);
        }
        Some(self.take(out))
    }

    /// Answers an action; a stop is first answered by the end of what is stopped, then by its own return. A bad stop
    /// returns, and nobody tells of the end.
    fn answer(&mut self, at: usize, reply: &Reply) -> Option<Event> {
        let news = match (&self.asked[at], reply) {
            (&Action::StopContainer { container, instance, .. }, Reply::Badly) => {
                Some(RuntimeEvent::ContainerStopped { container, instance })
            }
            (action, reply) => testkit::answer(action, reply, self.pod.runtime()),
        };
        if !matches!(news, Some(RuntimeEvent::ContainerExited { .. })) {
            self.asked.remove(at);
        }
        news.map(Event::Runtime)
    }

    /// In a world that has lost nothing, and that disturbs no more, a Pod that is deleted comes to its end in time.
    fn come_to_an_end(&mut self, whole: Budget) {
        let is_honest = self.budget.doubts == whole.doubts && self.asked.len() < MOST_ASKED;
        if is_honest && self.budget.blows == 0 && self.budget.left() % 4 == 1 && self.broken.is_none() {
            self.broken = a_deleted_pod_ends_in_time(self.pod.clone(), self.asked.clone(), self.now).err();
        }
    }

    fn take(&mut self, out: Result<Vec<Output>, String>) -> Vec<Output> {
        match out {
            Ok(out) => {
                self.note(&out);
                out
            }
            Err(broken) => {
                self.broken = Some(broken);
                Vec::new()
            }
        }
    }

    fn note(&mut self, out: &[Output]) {
        let waits =
            |action: &&Action| !matches!(action, Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. });
        let asked = out.iter().filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None });
        self.asked.extend(asked.filter(waits).cloned());
        let too_many = self.asked.len().saturating_sub(MOST_ASKED);
        self.asked.drain(..too_many);
    }
}
