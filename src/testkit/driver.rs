//! Random driver: sends a Pod random events, answers its actions, and lets time pass.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use proptest::{collection, prelude::*, sample::Index};

use super::generators::{event, exit, outcome};
use crate::{
    action::Action,
    config::KubeletConfig,
    event::{
        ApiEvent, BoundVolume, ContainerExit, Event, EventError, Failure, RuntimeEvent, SandboxUpdateError,
        VolumeAttachment,
    },
    kubelet::{Output, PodMachine},
    rule::{probe::ProbeOutcome, resize::MemoryUsage},
    spec::PodSpec,
    state::{Instance, InstanceState, RuntimeStatus, StartError, Termination, TerminationReason},
    time::Timestamp,
};

/// Pod under a random runtime, API server and clock.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, testkit::{self, RandomDriver}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// let runs = testkit::spec().prop_flat_map(|spec| (Just(spec.clone()), testkit::config(), testkit::steps(spec, 20)));
/// TestRunner::deterministic().run(&runs, |(spec, config, steps)| {
///     let mut out = Vec::new();
///     let mut driver = RandomDriver::new(spec, config, &mut out);
///     for step in &steps {
///         let before = driver.pod.phase();
///         let _ = driver.apply(step, &mut out);
///         prop_assert!(!before.is_terminal() || driver.pod.phase() == before);
///     }
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RandomDriver {
    /// The Pod under test.
    pub pod: PodMachine,
    /// Current time.
    pub now: Timestamp,
    /// Actions that have not been answered.
    pub pending: Vec<Action>,
    last_event: Option<Event>,
}

/// Random step. It is independent of the Pod's state until [`RandomDriver::resolve`] applies it to a Pod.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// The runtime answers a pending action.
    Answer(Index, AnswerKind),
    /// A running container exits.
    Exit(Index, ContainerExit),
    /// The newest sandbox dies.
    SandboxDies,
    /// The last event is delivered again.
    RepeatLastEvent,
    /// The PLEG relists the runtime.
    Relist(RelistChange),
    /// The image of a container in the spec is changed.
    ChangeImage(Index),
    /// Time passes, perhaps beyond several timers.
    Wait(Duration),
    /// Time passes until the Pod's next timer.
    WaitForTimer,
    /// Any event, which the Pod may refuse.
    Event(Event),
}

/// Result with which an action is answered.
#[derive(Clone, Debug)]
pub enum AnswerKind {
    /// The action succeeds; a probe has the outcome `Success`.
    Success,
    /// The action fails; an image is absent, and a probe has the outcome `Failure`.
    Failure,
    /// The action succeeds; a probe has this outcome, and a stopped container this exit.
    With(ProbeOutcome, ContainerExit),
}

/// Difference between a relist and the containers and sandboxes that the Pod knows.
#[derive(Clone, Debug)]
pub enum RelistChange {
    /// No difference.
    Unchanged,
    /// A container is missing.
    Missing(Index),
    /// The runtime reports a container's state as unknown.
    Unknown(Index),
    /// A container has exited without an event.
    Exited(Index),
    /// All sandboxes and containers are missing.
    Empty,
}

/// Input of the Pod for one [`Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedStep {
    /// The Pod handles this event.
    Event(Event),
    /// Time passes until then, and the Pod handles its timeouts.
    Wait(Timestamp),
    /// The step does not apply: no action is pending, for example, or no container runs.
    Nothing,
}

/// Generates up to `at_most` steps for a Pod of this spec.
pub fn steps(spec: Arc<PodSpec>, at_most: usize) -> impl Strategy<Value = Vec<Step>> {
    collection::vec(one_step(spec), 0..=at_most)
}

/// Generates one step for a Pod of this spec.
pub fn one_step(spec: Arc<PodSpec>) -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let delete =
        (1..=40_i64).prop_map(|grace_seconds| Event::Api(ApiEvent::Deleted { grace_seconds, generation: None }));
    // Answers and timers are most frequent, since without them no Pod gets past its sandbox.
    prop_oneof![
        40 => (index(), answer_kind()).prop_map(|(index, kind)| Step::Answer(index, kind)),
        8 => (index(), exit()).prop_map(|(index, exit)| Step::Exit(index, exit)),
        1 => Just(Step::SandboxDies),
        2 => Just(Step::RepeatLastEvent),
        2 => relist_change().prop_map(Step::Relist),
        1 => index().prop_map(Step::ChangeImage),
        8 => (0..=30_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        12 => Just(Step::WaitForTimer),
        1 => delete.prop_map(Step::Event),
        2 => event(spec).prop_map(Step::Event),
    ]
    .boxed()
}

impl RandomDriver {
    /// Creates a Pod that was just bound to this node, and adds the outputs of its first sync to `out`.
    #[must_use]
    pub fn new(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, out: &mut Vec<Output>) -> RandomDriver {
        // 2026-03-01T12:00:00Z.
        let now = Timestamp::from_unix_seconds(1_772_366_400);
        let from = out.len();
        let pod = PodMachine::new(spec, config, now, out);
        let mut driver = RandomDriver { pod, now, pending: Vec::new(), last_event: None };
        driver.record_outputs(out.get(from..).unwrap_or_default());
        driver
    }

    /// Applies a step, and adds the Pod's outputs to `out`.
    ///
    /// # Errors
    ///
    /// Returns the Pod's error if it refuses the event.
    pub fn apply(&mut self, step: &Step, out: &mut Vec<Output>) -> Result<(), EventError> {
        let from = out.len();
        let result = match self.resolve(step) {
            ResolvedStep::Event(event) => {
                self.record_event(&event);
                self.pod.handle_event(self.now, event, out).map_err(EventError::from)
            }
            ResolvedStep::Wait(until) => {
                self.now = until;
                self.pod.handle_timeout(until, out);
                Ok(())
            }
            ResolvedStep::Nothing => Ok(()),
        };
        self.record_outputs(out.get(from..).unwrap_or_default());
        result
    }

    /// Returns the Pod's input for a step in its present state.
    #[must_use]
    pub fn resolve(&self, step: &Step) -> ResolvedStep {
        let runtime = self.pod.runtime();
        let event = match step {
            Step::Answer(index, kind) => {
                pick(&self.pending, *index).and_then(|action| answer(action, kind, runtime)).map(Event::Runtime)
            }
            Step::Exit(index, exit) => self.exit_of_running(*index, exit),
            Step::SandboxDies => runtime.active_sandbox().map(|sandbox| {
                let sandbox = sandbox.id;
                Event::Runtime(RuntimeEvent::SandboxDied { sandbox })
            }),
            Step::RepeatLastEvent => self.last_event.clone(),
            Step::Relist(change) => Some(Event::Runtime(RuntimeEvent::Relisted(relist(runtime, change)))),
            Step::ChangeImage(index) => Some(Event::Api(ApiEvent::SpecChanged(self.with_other_image(*index)))),
            Step::Event(event) => Some(event.clone()),
            Step::Wait(time) => return ResolvedStep::Wait(self.now + *time),
            Step::WaitForTimer => match self.pod.poll_timeout() {
                // After a long wait the timer may be overdue.
                Some(at) => return ResolvedStep::Wait(at.max(self.now)),
                None => None,
            },
        };
        event.map_or(ResolvedStep::Nothing, ResolvedStep::Event)
    }

    /// Records an event that the Pod has handled: the action that it answers is no longer pending.
    ///
    /// [`apply`](RandomDriver::apply) calls this itself; it is for drivers that call the Pod's methods directly.
    ///
    /// ```
    /// use pod_lifecycle::{event::{Event, RuntimeEvent}, state::SandboxId, testkit::{self, RandomDriver}};
    /// use proptest::test_runner::TestRunner;
    ///
    /// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
    ///     let mut out = Vec::new();
    ///     let mut driver = RandomDriver::new(spec, config, &mut out);
    ///     let created = Event::Runtime(RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) });
    ///     out.clear();
    ///     if driver.pod.handle_event(driver.now, created.clone(), &mut out).is_ok() {
    ///         driver.record_event(&created);
    ///         driver.record_outputs(&out);
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_event(&mut self, event: &Event) {
        if let Event::Runtime(event) = event {
            let answered = self.pending.iter().position(|action| is_answer(action, event));
            if let Some(index) = answered {
                self.pending.remove(index);
            }
        }
        self.last_event = Some(event.clone());
    }

    /// Records the Pod's outputs: their actions are pending until they are answered.
    pub fn record_outputs(&mut self, out: &[Output]) {
        // Removals have no answer, so nothing waits for one.
        let is_answered =
            |action: &&Action| !matches!(action, Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. });
        let actions = out.iter().filter_map(|output| match output {
            Output::Action(action) => Some(action),
            Output::Transition(_) | Output::Event(_) | Output::Published | Output::DeleteObject => None,
        });
        self.pending.extend(actions.filter(is_answered).cloned());
    }

    fn exit_of_running(&self, index: Index, exit: &ContainerExit) -> Option<Event> {
        let running = self.pod.runtime().instances.iter().filter(|instance| instance.is_running());
        let running: Vec<&Instance> = running.collect();
        let instance = pick(&running, index)?;
        let (container, instance, exit) = (instance.container?, instance.id, exit.clone());
        Some(Event::Runtime(RuntimeEvent::ContainerExited { container, instance, exit }))
    }

    fn with_other_image(&self, index: Index) -> Arc<PodSpec> {
        let mut spec = PodSpec::clone(self.pod.spec());
        let count = spec.containers.len();
        if let Some(container) = (count > 0).then(|| index.index(count)).and_then(|at| spec.containers.get_mut(at)) {
            // Always another image than before; an equal spec would be no change.
            container.image = if container.image == "nginx:2" { "nginx:3".into() } else { "nginx:2".into() };
        }
        // The API server increments metadata.generation with every change of a spec.
        spec.generation = spec.generation.saturating_add(1);
        Arc::new(spec)
    }
}

fn answer_kind() -> impl Strategy<Value = AnswerKind> {
    prop_oneof![
        8 => Just(AnswerKind::Success),
        1 => Just(AnswerKind::Failure),
        5 => (outcome(), exit()).prop_map(|(outcome, exit)| AnswerKind::With(outcome, exit)),
    ]
}

fn relist_change() -> impl Strategy<Value = RelistChange> {
    let index = any::<Index>;
    prop_oneof![
        Just(RelistChange::Unchanged),
        index().prop_map(RelistChange::Missing),
        index().prop_map(RelistChange::Unknown),
        index().prop_map(RelistChange::Exited),
        Just(RelistChange::Empty),
    ]
}

fn pick<T>(all: &[T], index: Index) -> Option<&T> {
    if all.is_empty() { None } else { all.get(index.index(all.len())) }
}

/// Returns the runtime's listing: that which the Pod knows, with one change.
fn relist(known: &RuntimeStatus, change: &RelistChange) -> RuntimeStatus {
    let mut runtime = known.clone();
    let count = runtime.instances.len();
    let at = |index: &Index| if count > 0 { index.index(count) } else { 0 };
    match change {
        RelistChange::Unchanged => {}
        RelistChange::Missing(index) => {
            if count > 0 {
                runtime.instances.remove(at(index));
            }
        }
        RelistChange::Unknown(index) => {
            if let Some(instance) = runtime.instances.get_mut(at(index)) {
                // The CRI's `CONTAINER_UNKNOWN`.
                instance.state = InstanceState::Unknown;
            }
        }
        RelistChange::Exited(index) => {
            if let Some(instance) = runtime.instances.get_mut(at(index)) {
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
        RelistChange::Empty => runtime = RuntimeStatus::default(),
    }
    runtime
}

/// Returns the runtime event that answers an action; removals have no answer.
///
/// `StopContainer` of a running container is answered by `ContainerExited`, and then by `ContainerStopped`.
///
/// ```
/// use pod_lifecycle::{Action, event::RuntimeEvent, state::{RuntimeStatus, SandboxId}};
/// use pod_lifecycle::testkit::{AnswerKind, answer};
///
/// let (action, runtime) = (Action::RunPodSandbox { sandbox: SandboxId(0) }, RuntimeStatus::default());
/// assert!(matches!(answer(&action, &AnswerKind::Success, &runtime), Some(RuntimeEvent::SandboxCreated { .. })));
/// assert!(matches!(answer(&action, &AnswerKind::Failure, &runtime), Some(RuntimeEvent::SandboxFailed { .. })));
/// ```
#[must_use]
pub fn answer(action: &Action, kind: &AnswerKind, runtime: &RuntimeStatus) -> Option<RuntimeEvent> {
    let fails = matches!(kind, AnswerKind::Failure);
    let outcome = match kind {
        AnswerKind::Success => ProbeOutcome::Success,
        AnswerKind::Failure => ProbeOutcome::Failure,
        AnswerKind::With(outcome, _) => *outcome,
    };
    let result_or = |error| if fails { Err(Failure { error, message: "it broke".into() }) } else { Ok(()) };
    Some(match *action {
        Action::RunPodSandbox { sandbox } if fails => {
            RuntimeEvent::SandboxFailed { sandbox, message: "no network".into() }
        }
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => RuntimeEvent::ImageInspected { container, result: Ok(!fails) },
        Action::InspectVolumeImage { volume } => RuntimeEvent::VolumeImageInspected { volume, result: Ok(!fails) },
        Action::PullVolumeImage { volume } => {
            let result = result_or(StartError::ErrImagePull).map(|()| 1000);
            RuntimeEvent::VolumeImagePulled { volume, result }
        }
        Action::PullImage { container } => {
            let result = result_or(StartError::ErrImagePull).map(|()| 1000);
            RuntimeEvent::ImagePulled { container, result }
        }
        Action::CreateContainer { container, instance, .. } => {
            let result = result_or(StartError::CreateContainerError);
            RuntimeEvent::ContainerCreated { container, instance, result }
        }
        Action::StartContainer { container, instance } => {
            let result = result_or(StartError::RunContainerError);
            RuntimeEvent::ContainerStarted { container, instance, started_at: None, result }
        }
        Action::StopContainer { container, instance, .. } => {
            // The exit of a running instance is reported first; the second answer completes the call.
            let runs = runtime.instances_of(container).any(|known| known.id == instance && known.is_running());
            match kind {
                AnswerKind::With(_, exit) if runs => {
                    RuntimeEvent::ContainerExited { container, instance, exit: exit.clone() }
                }
                AnswerKind::Success | AnswerKind::Failure if runs => {
                    RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(143) }
                }
                AnswerKind::Success | AnswerKind::Failure | AnswerKind::With(..) => {
                    RuntimeEvent::ContainerStopped { container, instance }
                }
            }
        }
        Action::FetchClaim { volume } => {
            let bound = BoundVolume { name: "pv-data".into(), attachment: Some(VolumeAttachment::Attached) };
            let result = if fails { Err("PVC is not bound".into()) } else { Ok(bound) };
            RuntimeEvent::ClaimFetched { volume, result }
        }
        Action::SetUpVolume { volume } => {
            let result = if fails { Err("exit status 32".into()) } else { Ok(()) };
            RuntimeEvent::VolumeSetUp { volume, result }
        }
        Action::TearDownVolume { volume } => {
            let result = if fails { Err("device is busy".into()) } else { Ok(()) };
            RuntimeEvent::VolumeTornDown { volume, result }
        }
        Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => return None,
        Action::UpdateContainerResources { container, instance, .. } => {
            let result = if fails { Err("rpc error: code = Unknown desc = cgroup busy".into()) } else { Ok(()) };
            RuntimeEvent::ContainerResourcesUpdated { container, instance, result }
        }
        Action::UpdatePodSandboxResources { sandbox, .. } => {
            let error =
                || SandboxUpdateError { id: "sb".into(), message: "rpc error: code = Unknown desc = no".into() };
            RuntimeEvent::SandboxResourcesUpdated { sandbox, result: if fails { Err(error()) } else { Ok(()) } }
        }
        Action::SetPodCgroup { .. } => {
            RuntimeEvent::PodCgroupSet { result: if fails { Err("invalid argument".into()) } else { Ok(()) } }
        }
        Action::MeasureMemory => {
            // Failure is memory in use beyond any limit.
            let used = if fails { u64::MAX } else { 0 };
            RuntimeEvent::MemoryMeasured { result: Ok(MemoryUsage { pod: Some(used), containers: Vec::new() }) }
        }
        Action::RunHook { container, instance, hook } => {
            let result = if fails { Err("exit code 1".into()) } else { Ok(()) };
            RuntimeEvent::HookFinished { container, instance, hook, result }
        }
        Action::Probe { container, instance, kind } => {
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: "".into() }
        }
    })
}

/// True if an event completes an action.
pub(super) fn is_answer(action: &Action, event: &RuntimeEvent) -> bool {
    match (action, event) {
        (
            Action::RunPodSandbox { sandbox: requested },
            RuntimeEvent::SandboxCreated { sandbox, .. } | RuntimeEvent::SandboxFailed { sandbox, .. },
        )
        | (Action::StopPodSandbox { sandbox: requested }, RuntimeEvent::SandboxDied { sandbox }) => {
            requested == sandbox
        }
        (Action::InspectImage { container: requested }, RuntimeEvent::ImageInspected { container, .. })
        | (Action::PullImage { container: requested }, RuntimeEvent::ImagePulled { container, .. }) => {
            requested == container
        }
        (
            Action::CreateContainer { container, instance, .. },
            RuntimeEvent::ContainerCreated { container: of, instance: id, .. },
        )
        | (
            Action::StartContainer { container, instance },
            RuntimeEvent::ContainerStarted { container: of, instance: id, .. },
        )
        | (
            Action::StopContainer { container, instance, .. },
            RuntimeEvent::ContainerStopped { container: of, instance: id },
        )
        | (
            Action::UpdateContainerResources { container, instance, .. },
            RuntimeEvent::ContainerResourcesUpdated { container: of, instance: id, .. },
        ) => (container, instance) == (of, id),
        (
            Action::UpdatePodSandboxResources { sandbox: requested, .. },
            RuntimeEvent::SandboxResourcesUpdated { sandbox, .. },
        ) => requested == sandbox,
        (Action::SetPodCgroup { .. }, RuntimeEvent::PodCgroupSet { .. })
        | (Action::MeasureMemory, RuntimeEvent::MemoryMeasured { .. }) => true,
        (
            Action::RunHook { container, instance, hook },
            RuntimeEvent::HookFinished { container: of, instance: id, hook: which, .. },
        ) => (container, instance, hook) == (of, id, which),
        (
            Action::Probe { container, instance, kind },
            RuntimeEvent::ProbeFinished { container: of, instance: id, kind: which, .. },
        ) => (container, instance, kind) == (of, id, which),
        (Action::InspectVolumeImage { volume }, RuntimeEvent::VolumeImageInspected { volume: of, .. })
        | (Action::PullVolumeImage { volume }, RuntimeEvent::VolumeImagePulled { volume: of, .. })
        | (Action::FetchClaim { volume }, RuntimeEvent::ClaimFetched { volume: of, .. })
        | (Action::SetUpVolume { volume }, RuntimeEvent::VolumeSetUp { volume: of, .. })
        | (Action::TearDownVolume { volume }, RuntimeEvent::VolumeTornDown { volume: of, .. }) => volume == of,
        _ => false,
    }
}
