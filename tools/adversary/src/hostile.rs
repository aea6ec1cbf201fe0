//! Events, true and false, that a hostile runtime, API server or node sends.

use std::sync::Arc;

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp,
    api::{ConditionStatus, PodCondition, PodPhase},
    event::{
        ApiEvent, BoundVolume, ContainerExit, Event, Failure, HookKind, NodeEvent, RuntimeEvent, SandboxUpdateError,
        VolumeAttachment,
    },
    rule::{probe::ProbeOutcome, resize::MemoryUsage},
    spec::{ContainerIndex, ProbeKind, VolumeIndex},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, StartError},
    testkit::{self, AnswerKind},
};

use super::{dice::Dice, pods::Resizes};

/// Most events that are kept for repetition.
const MOST_KEPT: usize = 40;

/// Open actions and sent events.
#[derive(Default)]
pub(crate) struct FakeRuntime {
    asked: Vec<Action>,
    sent: Vec<Event>,
}

impl FakeRuntime {
    /// Records the actions of a Pod.
    pub(crate) fn note(&mut self, out: &[Output]) {
        let asked =
            out.iter().filter_map(|it| if let Output::Action(action) = it { Some(action.clone()) } else { None });
        self.asked.extend(asked);
    }

    /// Records an event that was sent.
    pub(crate) fn record(&mut self, event: Event) {
        if self.sent.len() >= MOST_KEPT {
            self.sent.remove(0);
        }
        self.sent.push(event);
    }

    /// Returns an event that was sent before.
    pub(crate) fn repeat(&self, dice: &mut Dice) -> Option<Event> {
        dice.one_of(&self.sent).cloned()
    }

    /// Returns the answer to an open action, mostly the newest; now and then it is lost, or given again later.
    pub(crate) fn answer(&mut self, dice: &mut Dice) -> Option<RuntimeEvent> {
        let last = self.asked.len().checked_sub(1)?;
        let back = if dice.once_in(4) { dice.below(6) } else { 0 };
        let place = last.saturating_sub(usize::try_from(back).unwrap_or(0));
        let action = if dice.once_in(12) { self.asked.get(place).cloned()? } else { self.asked.remove(place) };
        if dice.once_in(20) { None } else { answer(dice, &action) }
    }

    /// Returns the answer to an open action, which is given once.
    pub(crate) fn answer_honestly(&mut self, dice: &mut Dice, known: &RuntimeStatus) -> Option<RuntimeEvent> {
        // A removal has no answer.
        let waits =
            |action: &Action| !matches!(action, Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. });
        self.asked.retain(waits);
        let count = u64::try_from(self.asked.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(dice.below(count)).unwrap_or(0);
        let action = self.asked.get(place)?;
        // Nothing starts in a sandbox that is dead.
        let needs_sandbox = matches!(action, Action::CreateContainer { .. } | Action::StartContainer { .. });
        let is_dead = needs_sandbox && known.active_sandbox().is_none_or(|sandbox| !sandbox.is_ready);
        let kind = match dice.below(8) {
            _ if is_dead => AnswerKind::Failure,
            0 => AnswerKind::Failure,
            1..=3 => AnswerKind::With(outcome(dice), ContainerExit::with_code(exit_of(dice).code)),
            _ => AnswerKind::Success,
        };
        let event = testkit::answer(action, &kind, known)?;
        // The exit comes before the return of the call that stops the container.
        if !matches!(event, RuntimeEvent::ContainerExited { .. }) {
            self.asked.remove(place);
        }
        Some(event)
    }

    /// Returns the actions without an answer.
    pub(crate) fn into_open(self) -> Vec<Action> {
        self.asked
    }
}

fn answer(dice: &mut Dice, action: &Action) -> Option<RuntimeEvent> {
    let is_well = !dice.once_in(5);
    let failure = |error| Failure { error, message: "it broke".into() };
    let (container, instance) = (action.container(), action.instance());
    Some(match *action {
        Action::RunPodSandbox { sandbox } if is_well => {
            RuntimeEvent::SandboxCreated { sandbox, has_ip: dice.one_of(&[Some(true), Some(false), None]).copied()? }
        }
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxFailed { sandbox, message: "no network".into() },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => {
            let result = if dice.once_in(12) { Err("no answer".into()) } else { Ok(is_well) };
            RuntimeEvent::ImageInspected { container, result }
        }
        Action::PullImage { container } => {
            let result = if is_well { Ok(dice.below(9000)) } else { Err(failure(StartError::ErrImagePull)) };
            RuntimeEvent::ImagePulled { container, result }
        }
        Action::InspectVolumeImage { volume } => {
            let result = if dice.once_in(12) { Err("no answer".into()) } else { Ok(is_well) };
            RuntimeEvent::VolumeImageInspected { volume, result }
        }
        Action::PullVolumeImage { volume } => {
            let result = if is_well { Ok(dice.below(9000)) } else { Err(failure(StartError::ErrImagePull)) };
            RuntimeEvent::VolumeImagePulled { volume, result }
        }
        Action::CreateContainer { .. } => {
            let result = if is_well { Ok(()) } else { Err(failure(StartError::CreateContainerError)) };
            RuntimeEvent::ContainerCreated { container: container?, instance: instance?, result }
        }
        Action::StartContainer { .. } => {
            let result = if is_well { Ok(()) } else { Err(failure(StartError::RunContainerError)) };
            RuntimeEvent::ContainerStarted { container: container?, instance: instance?, started_at: None, result }
        }
        Action::StopContainer { container, instance, .. } if is_well && dice.once_in(2) => {
            RuntimeEvent::ContainerExited { container, instance, exit: exit_of(dice) }
        }
        Action::StopContainer { container, instance, .. } => RuntimeEvent::ContainerStopped { container, instance },
        Action::RunHook { container, instance, hook } => {
            let result = if is_well { Ok(()) } else { Err("exit code 1".into()) };
            RuntimeEvent::HookFinished { container, instance, hook, result }
        }
        Action::Probe { container, instance, kind } => {
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome: outcome(dice), output: "".into() }
        }
        Action::FetchClaim { volume } => {
            let attachment = [VolumeAttachment::Attached, VolumeAttachment::Pending, VolumeAttachment::LimitExceeded];
            let bound = BoundVolume { name: "pv-data".into(), attachment: dice.one_of(&attachment).copied() };
            let result = if is_well { Ok(bound) } else { Err("PVC is not bound".into()) };
            RuntimeEvent::ClaimFetched { volume, result }
        }
        Action::SetUpVolume { volume } => {
            let result = if is_well { Ok(()) } else { Err("exit status 32".into()) };
            RuntimeEvent::VolumeSetUp { volume, result }
        }
        Action::TearDownVolume { volume } => {
            let result = if is_well { Ok(()) } else { Err("device is busy".into()) };
            RuntimeEvent::VolumeTornDown { volume, result }
        }
        Action::UpdateContainerResources { container, instance, .. } => {
            let result = if is_well { Ok(()) } else { Err("cgroup is busy".into()) };
            RuntimeEvent::ContainerResourcesUpdated { container, instance, result }
        }
        Action::UpdatePodSandboxResources { sandbox, .. } => {
            let refused = || SandboxUpdateError { id: "sb".into(), message: "no room".into() };
            RuntimeEvent::SandboxResourcesUpdated { sandbox, result: if is_well { Ok(()) } else { Err(refused()) } }
        }
        Action::SetPodCgroup { .. } => {
            RuntimeEvent::PodCgroupSet { result: if is_well { Ok(()) } else { Err("invalid argument".into()) } }
        }
        Action::MeasureMemory => {
            let pod = dice.one_of(&[None, Some(0), Some(u64::MAX)]).copied()?;
            let result = if is_well { Ok(MemoryUsage { pod, containers: Vec::new() }) } else { Err("no stats".into()) };
            RuntimeEvent::MemoryMeasured { result }
        }
        Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => return None,
        _ => return None,
    })
}

fn outcome(dice: &mut Dice) -> ProbeOutcome {
    let all = [ProbeOutcome::Success, ProbeOutcome::Failure, ProbeOutcome::Error, ProbeOutcome::Warning];
    dice.one_of(&all).copied().unwrap_or(ProbeOutcome::Unknown)
}

fn exit_of(dice: &mut Dice) -> ContainerExit {
    let code = dice.one_of(&[0, 0, 1, 137, -1, i32::MAX, i32::MIN]).copied().unwrap_or(0);
    let finished_at = dice.once_in(5).then(|| Timestamp::from_unix_seconds(i64::from(dice.small(9)).wrapping_sub(3)));
    ContainerExit { finished_at, ..ContainerExit::with_code(code) }
}

/// Returns the exit of a running instance.
pub(crate) fn exit(dice: &mut Dice, pod: &PodMachine) -> Option<RuntimeEvent> {
    let running = pod.runtime().instances.iter().filter(|instance| instance.is_running());
    let running: Vec<&Instance> = running.collect();
    let instance = dice.one_of(&running)?;
    Some(RuntimeEvent::ContainerExited { container: instance.container?, instance: instance.id, exit: exit_of(dice) })
}

/// Returns the death of the newest sandbox, with its containers.
pub(crate) fn death_of_sandbox(pod: &PodMachine) -> Option<RuntimeEvent> {
    let sandbox = pod.runtime().active_sandbox()?.id;
    Some(RuntimeEvent::SandboxDied { sandbox })
}

/// Returns an unasked event, of a container and an instance that may not exist.
pub(crate) fn foreign(dice: &mut Dice) -> RuntimeEvent {
    let container = ContainerIndex::from(dice.small(7));
    let instance = InstanceId::nth(dice.small(5).into());
    let sandbox = SandboxId(dice.small(4).into());
    let volume = VolumeIndex::from(dice.small(3));
    match dice.below(12) {
        0 => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        1 => RuntimeEvent::SandboxDied { sandbox },
        2 => RuntimeEvent::ImagePulled { container, result: Ok(1) },
        3 => RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) },
        4 => RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) },
        5 => RuntimeEvent::ContainerExited { container, instance, exit: exit_of(dice) },
        6 => RuntimeEvent::ContainerStopped { container, instance },
        7 => {
            let hook = if dice.once_in(2) { HookKind::PostStart } else { HookKind::PreStop };
            RuntimeEvent::HookFinished { container, instance, hook, result: Ok(()) }
        }
        8 => RuntimeEvent::VolumeSetUp { volume, result: Ok(()) },
        10 => RuntimeEvent::VolumeImagePulled { volume, result: Ok(1) },
        9 => RuntimeEvent::VolumeAttachmentChanged { volume, attachment: VolumeAttachment::Attached },
        _ => {
            let kind = [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness];
            let kind = dice.one_of(&kind).copied().unwrap_or(ProbeKind::Liveness);
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome: outcome(dice), output: "?".into() }
        }
    }
}

/// Returns a relist that may contradict what the Pod knows.
pub(crate) fn relist(dice: &mut Dice, pod: &PodMachine) -> RuntimeEvent {
    let mut runtime: RuntimeStatus = pod.runtime().clone();
    match dice.below(7) {
        0 => runtime = RuntimeStatus::default(),
        1 => drop(runtime.instances.pop()),
        2 => runtime.instances.reverse(),
        3 => {
            if let Some(instance) = runtime.instances.first_mut() {
                instance.state = dice
                    .one_of(&[
                        InstanceState::Unknown,
                        InstanceState::Created,
                        InstanceState::Running { started_at: None },
                    ])
                    .cloned()
                    .unwrap_or(InstanceState::Unknown);
            }
        }
        4 => {
            let sandbox = SandboxId(dice.small(5).into());
            let is_ready = dice.once_in(2);
            let made = Sandbox { id: sandbox, attempt: sandbox.0, is_ready, uses_host_network: false, has_ip: None };
            runtime.sandboxes.insert(0, made);
        }
        5 => {
            let sandbox = runtime.sandboxes.first().map_or(SandboxId(0), |it| it.id);
            runtime.instances.insert(
                0,
                Instance {
                    id: InstanceId::nth(dice.small(6).into()),
                    container: (!dice.once_in(6)).then(|| dice.small(4).into()),
                    sandbox,
                    restart_count: dice.small(9).into(),
                    spec_changed: dice.once_in(4),
                    state: InstanceState::Running { started_at: None },
                },
            );
        }
        _ => {}
    }
    RuntimeEvent::Relisted(runtime)
}

/// Returns an event of the API server or the node.
pub(crate) fn of_api_or_node(dice: &mut Dice, pod: &PodMachine, resizes: &mut Resizes, now: Timestamp) -> Event {
    let seconds = i64::from(dice.small(50)).saturating_sub(5);
    let condition = |type_: &str, is_true: bool| {
        let mut condition = PodCondition::new(type_, ConditionStatus::from(is_true));
        condition.last_transition_time = Some(now);
        Event::Api(ApiEvent::ConditionSet(condition))
    };
    if dice.once_in(2)
        && let Some(resized) = resizes.resized(dice)
    {
        return Event::Api(ApiEvent::SpecChanged(resized));
    }
    if dice.once_in(4)
        && let Some(node) = resizes.changed_node(dice)
    {
        return Event::Node(NodeEvent::InfoChanged(Arc::new(node)));
    }
    match dice.below(14) {
        0 | 1 => Event::Api(ApiEvent::Deleted { grace_seconds: seconds, generation: None }),
        2 => Event::Api(ApiEvent::Ended(if dice.once_in(2) { PodPhase::Failed } else { PodPhase::Running })),
        3 => Event::Api(ApiEvent::SpecChanged(Arc::clone(pod.spec()))),
        4 if dice.once_in(3) => Event::Api(ApiEvent::Removed),
        5 => Event::Node(NodeEvent::Evicted {
            message: "low on memory".into(),
            grace_seconds: dice.once_in(2).then_some(seconds),
            is_disruption: true,
        }),
        6 if dice.once_in(2) => Event::Node(NodeEvent::Preempted),
        7 => Event::Node(NodeEvent::ShutDown { grace_seconds: Some(seconds) }),
        8..=10 => condition("example.com/ready", !dice.once_in(4)),
        // By the node lifecycle controller, while it takes the node for lost.
        11 => condition("Ready", false),
        _ => Event::Node(NodeEvent::KubeletRestarted),
    }
}
