//! Model of small Pods for stateright: explores every order of events, within a budget.
//!
//! The runtime answers actions with success or failure, in any order, twice, or not at all; processes exit; the sandbox
//! dies; the Pod is deleted or evicted; the kubelet restarts. Each kind of disturbance has a budget, so the model is
//! finite. Time passes only to the Pod's next timer, since an event in between has the same effect as one at that time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "the model is a test, wherever it is run"
)]

mod bugs;

pub use bugs::{small_pod_with, small_pod_without};

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_lifecycle::{
    Action, Change, Output, PodMachine, Timestamp, WORKER_MOVES, WorkerState,
    api::{ConditionStatus, Name, PodCondition, PodPhase},
    config::{KubeletConfig, Kubernetes, Timing},
    event::{ApiEvent, ContainerExit, Event, NodeEvent, RuntimeEvent},
    spec::PodSpec,
    state::RecordedState,
    testkit::{
        self, AnswerKind,
        invariants::{
            InvariantChecker, MetamorphicChecks, a_deleted_pod_terminates_in_time, a_pod_that_is_left_alone_gets_on,
        },
    },
};
use stateright::{Model, Property};

/// Upper bound of pending actions; the oldest are lost.
const MAX_PENDING: usize = 6;

/// Model of all small Pods.
#[derive(Clone, Debug)]
pub struct SmallPods {
    pods: Vec<(Arc<PodSpec>, Timing)>,
    kubernetes: Kubernetes,
    /// True if the sentences of the documentation are checked.
    checks_documentation: bool,
    budget: Budget,
    /// Transitions that were seen, of phases, containers and workers.
    pub seen: Arc<Mutex<BTreeSet<String>>>,
}

/// Budget of disturbances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Exits of containers that are not being stopped.
    pub exits: u8,
    /// Failed actions.
    pub failures: u8,
    /// Actions without an answer, repeated events, and relists.
    pub anomalies: u8,
    /// Deletions, evictions, restarts of the kubelet, and deaths of the sandbox.
    pub disturbances: u8,
    /// Timers.
    pub wakes: u8,
}

impl Budget {
    /// Returns the number of disturbances that are left.
    fn left(self) -> u16 {
        let Budget { exits, failures, anomalies, disturbances, wakes } = self;
        [exits, failures, anomalies, disturbances, wakes].into_iter().map(u16::from).sum()
    }
}

/// State of the model: a Pod, its pending actions, and the rest of the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelState {
    /// The Pod.
    pub pod: PodMachine,
    now: Timestamp,
    pending: Vec<Action>,
    last: Option<RuntimeEvent>,
    budget: Budget,
    checker: InvariantChecker,
    /// Description of the violated invariant.
    pub violation: Option<String>,
}

/// Hashes with a fast hash of fixed seeds: stateright identifies states by their hash, and spends most of its time on
/// it.
impl Hash for ModelState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ModelState { pod, now, pending, last, budget, checker, violation } = self;
        let fast = ahash::RandomState::with_seeds(1, 2, 3, 4);
        state.write_u64(fast.hash_one((pod, now, pending, last, budget, checker, violation)));
    }
}

/// Step of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An action succeeds.
    Succeed(usize),
    /// An action fails.
    Fail(usize),
    /// An action is never answered.
    Lose(usize),
    /// The last runtime event is delivered again.
    RepeatLastEvent,
    /// A running container exits with this code.
    Exit(usize, i32),
    /// The newest sandbox dies.
    SandboxDies,
    /// The PLEG relists the runtime; nothing has changed.
    Relist,
    /// An event of the API server or node.
    Disturb(Event),
    /// Time passes until the Pod's next timer.
    WaitForTimer,
}

impl SmallPods {
    /// Creates the model of all small Pods, each with an ideal runtime and with a PLEG that polls.
    pub fn new(budget: Budget) -> SmallPods {
        SmallPods::of(PODS, budget)
    }

    /// Creates the model of the Pods with these specs.
    pub fn of<'a>(specs: impl IntoIterator<Item = &'a str>, budget: Budget) -> SmallPods {
        let pods = specs.into_iter().flat_map(|text| {
            let text = format!(r#"{{"metadata": {{"name": "web", "uid": "u"}}, "spec": {text}}}"#);
            let spec = Arc::new(PodSpec::from_manifest(serde_json::from_str(&text).unwrap()).unwrap());
            let polls = Timing::GenericPleg { phase: Duration::from_millis(400), relist_after_sync: true };
            [(spec.clone(), Timing::Ideal), (spec, polls)]
        });
        let (pods, kubernetes) = (pods.collect(), Kubernetes::default());
        SmallPods { pods, kubernetes, checks_documentation: false, budget, seen: Arc::default() }
    }

    /// Judges the Pods on this kubelet by the sentences of the documentation.
    pub fn judged_by_documentation(self, kubernetes: Kubernetes) -> SmallPods {
        SmallPods { kubernetes, checks_documentation: true, ..self }
    }

    /// Returns a model of each Pod.
    pub fn one_by_one(&self) -> Vec<SmallPods> {
        let alone = |pod: &(Arc<PodSpec>, Timing)| SmallPods { pods: vec![pod.clone()], ..self.clone() };
        self.pods.iter().map(alone).collect()
    }
}

/// Pods of up to two containers, an init container or sidecar, and thresholds of up to two.
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
    type State = ModelState;
    type Action = Step;

    fn init_states(&self) -> Vec<ModelState> {
        let now = Timestamp::from_unix_seconds(1_772_366_400);
        let begin = |(spec, timing): &(Arc<PodSpec>, Timing)| {
            let mut out = Vec::new();
            let config = KubeletConfig::default().with_timing(*timing).with_kubernetes(self.kubernetes);
            let pod = PodMachine::new(spec.clone(), Arc::new(config), now, &mut out);
            let create = if self.checks_documentation {
                InvariantChecker::with_documentation
            } else {
                InvariantChecker::without_documentation
            };
            let (checker, violation) = match create(&pod, now, &out) {
                Ok(checker) => (checker, None),
                Err(violation) => (InvariantChecker::default(), Some(violation)),
            };
            let mut state =
                ModelState { pod, now, pending: Vec::new(), last: None, budget: self.budget, checker, violation };
            state.record_outputs(&out);
            state
        };
        self.pods.iter().map(begin).collect()
    }

    fn actions(&self, state: &ModelState, steps: &mut Vec<Step>) {
        let Budget { exits, failures, anomalies, disturbances, wakes } = state.budget;
        let pending = 0..state.pending.len();
        steps.extend(pending.clone().map(Step::Succeed));
        if failures > 0 {
            steps.extend(pending.clone().map(Step::Fail));
        }
        if anomalies > 0 {
            steps.extend(pending.map(Step::Lose));
            steps.extend([Step::RepeatLastEvent, Step::Relist]);
        }
        if exits > 0 {
            let running =
                (0..state.pod.runtime().instances.len()).filter(|&at| state.pod.runtime().instances[at].is_running());
            steps.extend(running.flat_map(|at| [Step::Exit(at, 0), Step::Exit(at, 1)]));
        }
        if disturbances > 0 {
            steps.push(Step::SandboxDies);
            steps.push(Step::Disturb(Event::Api(ApiEvent::Deleted { grace_seconds: 2, generation: None })));
            steps.push(Step::Disturb(Event::Node(NodeEvent::KubeletRestarted)));
            let message = "low on memory".into();
            let evicted = NodeEvent::Evicted { message, grace_seconds: Some(2), is_disruption: true };
            steps.push(Step::Disturb(Event::Node(evicted)));
            if self.checks_documentation {
                // The node lifecycle controller takes the node for lost.
                let mut lost = PodCondition::new("Ready", ConditionStatus::False);
                lost.last_transition_time = Some(state.now);
                steps.push(Step::Disturb(Event::Api(ApiEvent::ConditionSet(lost))));
            }
        }
        if wakes > 0 && state.pod.poll_timeout().is_some() {
            steps.push(Step::WaitForTimer);
        }
    }

    fn next_state(&self, state: &ModelState, next: Step) -> Option<ModelState> {
        let mut state = state.clone();
        let before = (state.pod.worker_state(), state.pod.phase());
        state.checker.set_metamorphic_checks(if state.budget.left().is_multiple_of(4) {
            MetamorphicChecks::AfterEach
        } else {
            MetamorphicChecks::Never
        });
        let out = state.apply(next, self.checks_documentation)?;
        state.checker.set_metamorphic_checks(MetamorphicChecks::Never);
        state.check_termination(self.budget);
        if self.checks_documentation {
            state.check_progress(self.budget);
        }
        self.record_transitions(before, &state, &out);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<SmallPods>> {
        let mut all =
            vec![Property::always("every invariant holds", |_, state: &ModelState| state.violation.is_none())];
        all.extend(sometimes());
        all
    }
}

/// Returns the states that must be reached, so that the model is known to cover them.
fn sometimes() -> Vec<Property<SmallPods>> {
    macro_rules! reach {
        ($($name:literal: |$state:ident| $holds:expr;)+) => {
            vec![$(Property::sometimes($name, |_: &SmallPods, $state: &ModelState| $holds)),+]
        };
    }
    reach! {
        "phase Pending": |state| state.pod.phase() == PodPhase::Pending;
        "phase Running": |state| state.pod.phase() == PodPhase::Running;
        "phase Succeeded": |state| state.pod.phase() == PodPhase::Succeeded;
        "phase Failed": |state| state.pod.phase() == PodPhase::Failed;
        "worker Syncing": |state| state.pod.worker_state() == WorkerState::Syncing;
        "worker Terminating": |state| state.pod.worker_state() == WorkerState::Terminating;
        "worker Terminated": |state| state.pod.worker_state() == WorkerState::Terminated;
        "worker Finished": |state| state.pod.worker_state() == WorkerState::Finished;
        "a container runs": |state| any(state, |state| matches!(state, RecordedState::Running { .. }));
        "a container has terminated": |state| any(state, |state| matches!(state, RecordedState::Terminated(_)));
        "waits: ContainerCreating": |state| waits(state, "ContainerCreating");
        "waits: PodInitializing": |state| waits(state, "PodInitializing");
        "waits: CrashLoopBackOff": |state| waits(state, "CrashLoopBackOff");
        "waits: ErrImagePull": |state| waits(state, "ErrImagePull");
        "waits: ImagePullBackOff": |state| waits(state, "ImagePullBackOff");
        "waits: CreateContainerError": |state| waits(state, "CreateContainerError");
        "waits: RunContainerError": |state| waits(state, "RunContainerError");
    }
}

fn any(state: &ModelState, is_so: impl Fn(&RecordedState) -> bool) -> bool {
    let records = state.pod.published().containers().iter().flatten();
    records.filter_map(|record| record.state.as_ref()).any(is_so)
}

fn waits(state: &ModelState, reason: &str) -> bool {
    any(state, |state| matches!(state, RecordedState::Waiting(waiting) if waiting.reason() == reason))
}

impl SmallPods {
    /// Records the transitions of a step.
    fn record_transitions(&self, (worker, phase): (WorkerState, PodPhase), state: &ModelState, out: &[Output]) {
        let mut moves = Vec::new();
        moves.extend(
            worker_moves(worker, state.pod.worker_state()).iter().map(|(from, to)| format!("worker {from} -> {to}")),
        );
        if phase != state.pod.phase() {
            moves.push(format!("phase {phase} -> {}", state.pod.phase()));
        }
        for output in out {
            let Output::Transition(transition) = output else { continue };
            if let Change::Container { from: Some(from), to, .. } = transition.change
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

/// Returns the moves that a worker made within one step, from its state before to its state after.
fn worker_moves(from: WorkerState, to: WorkerState) -> Vec<(WorkerState, WorkerState)> {
    let mut made = Vec::new();
    let mut at = from;
    while at != to {
        let direct = WORKER_MOVES.iter().find(|made| **made == (at, to));
        let Some(next) = direct.or_else(|| WORKER_MOVES.iter().find(|(from, _)| *from == at)) else { break };
        made.push(*next);
        at = next.1;
    }
    made
}

impl ModelState {
    /// Applies a step; returns `None` if it does not apply.
    fn apply(&mut self, next: Step, is_honest: bool) -> Option<Vec<Output>> {
        let spend = |left: &mut u8| {
            *left = left.checked_sub(1)?;
            Some(())
        };
        let event = match next {
            // Nothing starts in a sandbox that is dead.
            Step::Succeed(at) if is_honest && self.needs_another_sandbox(at) => {
                self.answer(at, &AnswerKind::Failure)?
            }
            Step::Succeed(at) => self.answer(at, &AnswerKind::Success)?,
            Step::Fail(at) => {
                spend(&mut self.budget.failures)?;
                self.answer(at, &AnswerKind::Failure)?
            }
            Step::Lose(at) => {
                spend(&mut self.budget.anomalies)?;
                self.pending.remove(at);
                return Some(Vec::new());
            }
            Step::RepeatLastEvent => {
                spend(&mut self.budget.anomalies)?;
                Event::Runtime(self.last.clone()?)
            }
            Step::Relist => {
                spend(&mut self.budget.anomalies)?;
                Event::Runtime(RuntimeEvent::Relisted(self.pod.runtime().clone()))
            }
            Step::Exit(at, code) => {
                spend(&mut self.budget.exits)?;
                let instance = self.pod.runtime().instances.get(at)?;
                let (container, instance) = (instance.container?, instance.id);
                Event::Runtime(RuntimeEvent::ContainerExited {
                    container,
                    instance,
                    exit: ContainerExit::with_code(code),
                })
            }
            Step::SandboxDies => {
                spend(&mut self.budget.disturbances)?;
                let sandbox = self.pod.runtime().active_sandbox()?.id;
                Event::Runtime(RuntimeEvent::SandboxDied { sandbox })
            }
            Step::Disturb(event) => {
                spend(&mut self.budget.disturbances)?;
                event
            }
            Step::WaitForTimer => {
                spend(&mut self.budget.wakes)?;
                self.now = self.now.max(self.pod.poll_timeout()?);
                let out = self.checker.handle_timeout(&mut self.pod, self.now);
                return Some(self.record_result(out));
            }
        };
        let out = self.checker.handle_event(&mut self.pod, self.now, event.clone()).map(|(_, out)| out);
        if let Event::Runtime(event) = event {
            self.last = Some(event);
        }
        Some(self.record_result(out))
    }

    /// Answers an action. A stop is answered by `ContainerExited` and then by `ContainerStopped`; one that fails is
    /// answered by `ContainerStopped` alone.
    fn answer(&mut self, at: usize, kind: &AnswerKind) -> Option<Event> {
        let event = match (&self.pending[at], kind) {
            (&Action::StopContainer { container, instance, .. }, AnswerKind::Failure) => {
                Some(RuntimeEvent::ContainerStopped { container, instance })
            }
            (action, kind) => testkit::answer(action, kind, self.pod.runtime()),
        };
        if !matches!(event, Some(RuntimeEvent::ContainerExited { .. })) {
            self.pending.remove(at);
        }
        event.map(Event::Runtime)
    }

    /// Checks that a deleted Pod terminates in time, if nothing was lost and no disturbance is left.
    fn check_termination(&mut self, whole: Budget) {
        let nothing_was_lost = self.budget.anomalies == whole.anomalies && self.pending.len() < MAX_PENDING;
        if nothing_was_lost && self.budget.disturbances == 0 && self.budget.left() % 4 == 1 && self.violation.is_none()
        {
            self.violation = a_deleted_pod_terminates_in_time(self.pod.clone(), self.pending.clone(), self.now).err();
        }
    }

    /// True if a pending action creates or starts a container in a sandbox that is dead.
    fn needs_another_sandbox(&self, at: usize) -> bool {
        let needs = matches!(self.pending[at], Action::CreateContainer { .. } | Action::StartContainer { .. });
        needs && self.pod.runtime().active_sandbox().is_none()
    }

    /// Checks that a Pod gets on, if nothing was lost and no disturbance is left.
    fn check_progress(&mut self, whole: Budget) {
        let nothing_was_lost = self.budget.anomalies == whole.anomalies && self.pending.len() < MAX_PENDING;
        let is_due = self.budget.disturbances == 0 && self.budget.exits == 0;
        if nothing_was_lost && is_due && self.violation.is_none() {
            self.violation = a_pod_that_is_left_alone_gets_on(self.pod.clone(), self.pending.clone(), self.now).err();
        }
    }

    fn record_result(&mut self, out: Result<Vec<Output>, String>) -> Vec<Output> {
        match out {
            Ok(out) => {
                self.record_outputs(&out);
                out
            }
            Err(violation) => {
                self.violation = Some(violation);
                Vec::new()
            }
        }
    }

    fn record_outputs(&mut self, out: &[Output]) {
        let waits =
            |action: &&Action| !matches!(action, Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. });
        let pending = out.iter().filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None });
        self.pending.extend(pending.filter(waits).cloned());
        let too_many = self.pending.len().saturating_sub(MAX_PENDING);
        self.pending.drain(..too_many);
    }
}
