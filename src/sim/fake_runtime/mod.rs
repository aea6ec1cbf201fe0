//! Fake runtime: a container runtime without containers. Actions go in, runtime events and the next wake-up come out.

mod container;
mod event_queue;
mod lowered_script;
mod volume;

pub use lowered_script::LoweredScript;

pub(super) use event_queue::SimEvent;

use alloc::{borrow::Cow, boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use self::{
    container::{ContainerSim, Process},
    event_queue::EventQueue,
    lowered_script::{RunId, StartCall},
    volume::{VolumeCallKind, VolumeSim},
};
use super::{
    recorder::SIMULATED_IP,
    resizes::ResizeCalls,
    script::ImageScript,
    timeline::{ExitCause, Occurrence},
};
use crate::{
    action::Action,
    api::{Handler, IntOrString},
    event::{ContainerExit, Failure, HandlerReply, HookKind, RuntimeEvent, SandboxUpdateError},
    rule::{probe::ProbeOutcome, resize::MemoryUsage},
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    state::{
        InstanceId, InstanceState, LinuxResources, RuntimeStatus, SIGKILL_EXIT_CODE, SandboxId, StartError,
        TerminationReason,
    },
    time::Timestamp,
};

/// A container runtime without containers, for one Pod: it carries out the actions of a
/// [`PodMachine`](crate::PodMachine) and reports what a real runtime would report.
///
/// What its containers do is written in [`ContainerScript`](super::ContainerScript)s. It does no I/O and reads no clock:
/// like the Pod, it is driven by an embedder, in virtual or in real time. `carry_out` returns the answer of
/// an action if there is one at once. Otherwise [`FakeRuntime::poll_timeout`] returns when it is due, and
/// [`FakeRuntime::handle_timeout`] returns it; some actions, such as the removal of a container, have no answer. Pass
/// [`PodMachine::spec`](crate::PodMachine::spec) as `spec` to every call.
///
/// ```
/// use std::{collections::BTreeMap, sync::Arc, time::Duration};
/// use pod_lifecycle::{
///     Output, PodMachine, Timestamp, WorkerState, api::{PodManifest, PodPhase}, config::KubeletConfig, event::Event,
///     sim::{ContainerScript, FakeRuntime, LoweredScript}, spec::PodSpec,
/// };
///
/// let job: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "job"},
///     "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}
/// }"#)?;
/// let spec = Arc::new(PodSpec::from_manifest(job)?);
/// let scripts = BTreeMap::from([("main".to_owned(), ContainerScript::default().pulled_in(2).exits_after(30))]);
/// let (mut now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
/// let mut runtime = FakeRuntime::new(Arc::new(LoweredScript::new(&scripts, &spec)), now);
/// let mut pod = PodMachine::new(spec.clone(), Arc::new(KubeletConfig::default()), now, &mut out);
/// while pod.worker_state() != WorkerState::Finished {
///     for output in std::mem::take(&mut out) {
///         let Output::Action(action) = output else { continue };
///         if let Some(event) = runtime.carry_out(action, &spec, now) {
///             pod.handle_event(now, Event::Runtime(event), &mut out)?;
///         }
///     }
///     if out.is_empty() {
///         now = [runtime.poll_timeout(), pod.poll_timeout()].into_iter().flatten().min().ok_or("idle")?;
///         while let Some(event) = runtime.handle_timeout(&spec, now) {
///             pod.handle_event(now, Event::Runtime(event), &mut out)?;
///         }
///         pod.handle_timeout(now, &mut out);
///     }
/// }
/// assert_eq!(pod.phase(), PodPhase::Succeeded);
/// assert_eq!(now.since(Timestamp::UNIX_EPOCH), Duration::from_secs(32));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FakeRuntime {
    /// Events to come. One queue also holds the script actions of a driver: their order at one instant matters.
    pub(super) queue: EventQueue,
    script: Arc<LoweredScript>,
    /// Seed of the samples.
    seed: u64,
    /// Start of the Pod's run, from which outages of the registry are counted.
    start: Timestamp,
    /// Creations of sandboxes so far, where the script has outcomes for them.
    sandbox_creations: u32,
    /// The newest sandbox, and true if it is ready.
    sandbox: Option<(SandboxId, bool)>,
    containers: Box<[ContainerSim]>,
    /// By index in the spec; empty if the script has no volumes.
    volumes: Box<[VolumeSim]>,
    /// Boxed: the Pods of a fleet have none.
    latencies: Option<Box<Latencies>>,
    /// Boxed, since few Pods are resized.
    resizes: Option<Box<ResizeCalls>>,
}

/// Times that the calls of a runtime take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Latencies {
    /// Creation of a sandbox.
    sandbox: Duration,
    /// Start of a container.
    start: Duration,
    /// Update of a container's resources.
    update: Duration,
}

impl FakeRuntime {
    /// Creates a runtime that has neither sandboxes nor containers of the Pod; `start` is when the Pod's run starts.
    #[must_use]
    pub fn new(script: Arc<LoweredScript>, start: Timestamp) -> FakeRuntime {
        let containers = (0..script.len()).map(|_| ContainerSim::default()).collect();
        let volumes = (0..script.volume_count()).map(|_| VolumeSim::default()).collect();
        FakeRuntime {
            queue: EventQueue::default(),
            containers,
            volumes,
            script,
            seed: 0,
            start,
            sandbox_creations: 0,
            sandbox: None,
            latencies: None,
            resizes: None,
        }
    }

    /// Sets the seed of everything that the scripts leave to chance.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> FakeRuntime {
        self.seed = seed;
        self
    }

    /// Sets how long the creation of a sandbox and the start of a container take; by default they take no time.
    #[must_use]
    pub fn with_latencies(mut self, sandbox: Duration, start: Duration, update: Duration) -> FakeRuntime {
        let latencies = Latencies { sandbox, start, update };
        self.latencies = (latencies != Latencies::default()).then(|| Box::new(latencies));
        self
    }

    /// Adopts the sandboxes and containers of a Pod that ran before the embedder restarted: the state that
    /// [`PodMachine::resume`](crate::PodMachine::resume) is given.
    ///
    /// A running container exits when its script says, counted from its start, or at once if that is past.
    #[must_use]
    pub fn adopt(mut self, runtime: &RuntimeStatus) -> FakeRuntime {
        self.sandbox = runtime.sandboxes.first().map(|sandbox| (sandbox.id, sandbox.is_ready));
        for (index, container) in (0..self.containers.len()).filter_map(|at| u16::try_from(at).ok()).zip(0..) {
            // A runtime's status has no order of starts; that of the spec is the order in which a kubelet starts
            // containers.
            let (index, start_order): (ContainerIndex, u32) = (index.into(), container);
            let Some(instance) = runtime.newest(index) else { continue };
            let Some(it) = self.containers.get_mut(index.get()) else { continue };
            it.adopt(instance.restart_count);
            let running_since = match instance.state {
                InstanceState::Running { started_at } => started_at,
                // It has no process, and gets none: the kubelet starts another instance.
                InstanceState::Created => continue,
                InstanceState::Exited(_) | InstanceState::Unknown => None,
            };
            let run = it.start(instance.id, start_order, running_since.unwrap_or(self.start));
            if let Some(process) = it.process.as_mut() {
                // A dead process is kept, too: its run counts, and so the next start plays the next run.
                process.is_alive = running_since.is_some();
            }
            // A time in the past is due at once: the container exited while the embedder was down.
            let exits_after = self.script.exits_after(self.run_id(index, run));
            if let Some((since, after)) = running_since.zip(exits_after) {
                self.queue.schedule(since + after, SimEvent::OwnExit(index, instance.id));
            }
        }
        self
    }

    /// Schedules the death of the newest sandbox, which takes its containers with it.
    pub fn kill_sandbox_at(&mut self, at: Timestamp) {
        self.queue.schedule(at, SimEvent::SandboxDeath);
    }

    /// Replaces the scripts, to change what containers do; needed when ephemeral containers were added.
    ///
    /// A container that runs still exits as its old script says; probes, hooks, pulls, stops and later runs follow the new scripts.
    ///
    /// ```
    /// # use std::{collections::BTreeMap, sync::Arc};
    /// # use pod_lifecycle::{
    /// #     Action, Timestamp, event::RuntimeEvent, rule::probe::ProbeOutcome, sim::{ContainerScript, FakeRuntime, LoweredScript},
    /// #     spec::{PodSpec, ProbeKind}, state::InstanceId,
    /// # };
    /// # let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
    /// #     "name": "app", "image": "nginx:1.27", "readinessProbe": {"httpGet": {"port": 80}}
    /// # }]}}"#)?;
    /// # let (spec, now) = (PodSpec::from_manifest(pod)?, Timestamp::UNIX_EPOCH);
    /// # let (container, instance) = (spec.index_of("app").ok_or("app")?, InstanceId::nth(0));
    /// # let probe = Action::Probe { container, instance, kind: ProbeKind::Readiness };
    /// # let outcome_of = |event| match event {
    /// #     Some(RuntimeEvent::ProbeFinished { outcome, .. }) => Some(outcome),
    /// #     _ => None,
    /// # };
    /// let mut runtime = FakeRuntime::new(Arc::new(LoweredScript::healthy(&spec)), now);
    /// runtime.carry_out(Action::StartContainer { container, instance }, &spec, now);
    /// assert_eq!(outcome_of(runtime.carry_out(probe.clone(), &spec, now)), Some(ProbeOutcome::Success));
    ///
    /// let hangs = ContainerScript::default().probed(ProbeKind::Readiness, 0, ProbeOutcome::Failure);
    /// runtime.set_script(Arc::new(LoweredScript::new(&BTreeMap::from([("app".to_owned(), hangs)]), &spec)));
    /// assert_eq!(outcome_of(runtime.carry_out(probe, &spec, now)), Some(ProbeOutcome::Failure));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_script(&mut self, script: Arc<LoweredScript>) {
        self.script = script;
        // Containers are only ever added to a Pod; a shorter script says nothing of the last ones.
        if self.containers.len() < self.script.len() {
            let mut containers = core::mem::take(&mut self.containers).into_vec();
            containers.resize_with(self.script.len(), ContainerSim::default);
            self.containers = containers.into_boxed_slice();
        }
    }

    /// Carries out an action, and returns its answer if it takes no time.
    pub fn carry_out(&mut self, action: Action, spec: &PodSpec, now: Timestamp) -> Option<RuntimeEvent> {
        self.carry_out_recorded(action, spec, now, &mut |_| ())
    }

    /// Returns when the next event is due, unless another action comes first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| at)
    }

    /// Returns the next event that is due; `None` once no more is due.
    pub fn handle_timeout(&mut self, spec: &PodSpec, now: Timestamp) -> Option<RuntimeEvent> {
        while let Some((_, event)) = self.queue.first().filter(|(at, _)| *at <= now) {
            self.queue.pop();
            let event = self.handle_event(event, spec, now, &mut |_| ());
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// Ends a running container from outside, with an exit of the embedder's; `None` if that instance does not run.
    ///
    /// An embedder that knows better than a script what a container does gives it one that never exits and ignores SIGTERM,
    /// and reports its end here. A call of `StopContainer` then returns, as after any other exit.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use pod_lifecycle::{
    /// #     Action, Timestamp, event::{ContainerExit, RuntimeEvent}, sim::{FakeRuntime, LoweredScript}, spec::PodSpec,
    /// #     state::InstanceId,
    /// # };
    /// # let pod = r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#;
    /// # let pod = serde_json::from_str(pod)?;
    /// # let (spec, now) = (PodSpec::from_manifest(pod)?, Timestamp::UNIX_EPOCH);
    /// # let (container, instance) = (spec.index_of("app").ok_or("app")?, InstanceId::nth(0));
    /// let mut runtime = FakeRuntime::new(Arc::new(LoweredScript::healthy(&spec)), now);
    /// runtime.carry_out(Action::StartContainer { container, instance }, &spec, now);
    /// let ended = runtime.end_container(container, instance, ContainerExit::with_code(3), now);
    /// assert!(matches!(ended, Some(RuntimeEvent::ContainerExited { exit, .. }) if exit.code == 3));
    /// assert_eq!(runtime.end_container(container, instance, ContainerExit::with_code(3), now), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn end_container(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        exit: ContainerExit,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        self.alive(container, instance)?;
        self.die(container, now)?;
        Some(RuntimeEvent::ContainerExited { container, instance, exit })
    }

    /// Refuses to start a created container, whose command the embedder cannot find: it exits with 128 and `StartError`, and
    /// the call fails.
    pub fn refuse_start(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        message: &str,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        let failure = Failure { error: StartError::RunContainerError, message: message.into() };
        let exit = failed_start(message);
        self.containers.get_mut(container.get())?.fail_start(instance, failure);
        self.queue.schedule(now, SimEvent::FailedStart(container, instance));
        Some(RuntimeEvent::ContainerExited { container, instance, exit })
    }

    /// True if a container runs.
    #[must_use]
    pub fn has_running_containers(&self) -> bool {
        self.containers.iter().any(|it| it.process.as_ref().is_some_and(|process| process.is_alive))
    }

    /// True if the Pod has a sandbox, ready or not.
    #[must_use]
    pub fn has_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Returns the number of containers.
    pub(super) fn container_count(&self) -> usize {
        self.containers.len()
    }

    /// Makes a container's new image present or not, as its script says; also one that was present under another name.
    pub(super) fn change_image(&mut self, container: &str, image: &str, spec: &PodSpec) {
        let Some(index) = spec.index_of(container) else { return };
        let is_present = self.script.image(index).present;
        if let Some(it) = self.containers.get_mut(index.get()) {
            it.set_image(image, is_present);
        }
    }

    /// Carries out an action, at once or when its latency is over, and passes everything that occurs to `record`.
    pub(super) fn carry_out_recorded(
        &mut self,
        action: Action,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let Latencies { sandbox: for_sandbox, start: for_start, update: for_update } =
            self.latencies.as_deref().copied().unwrap_or_default();
        let later = match action {
            Action::RunPodSandbox { sandbox } if !for_sandbox.is_zero() => {
                Some((for_sandbox, SimEvent::RunSandbox(sandbox)))
            }
            Action::StartContainer { container, instance } if !for_start.is_zero() => {
                Some((for_start, SimEvent::Start(container, instance)))
            }
            Action::UpdateContainerResources { container, instance, .. } if !for_update.is_zero() => {
                Some((for_update, SimEvent::UpdateResources(container, instance)))
            }
            Action::RunPodSandbox { .. }
            | Action::StartContainer { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::InspectImage { .. }
            | Action::PullImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
            | Action::CreateContainer { .. }
            | Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::RunHook { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::Probe { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. } => None,
        };
        if let Some((latency, event)) = later {
            self.queue.schedule(now + latency, event);
            return None;
        }
        self.perform(action, spec, now, record)
    }

    /// Performs an action.
    fn perform(
        &mut self,
        action: Action,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        match action {
            Action::RunPodSandbox { sandbox } => Some(self.run_sandbox(sandbox, record)),
            Action::StopPodSandbox { sandbox } => {
                // The kubelet also stops sandboxes that are dead already; the CRI makes that a success without effect.
                let newest = self.sandbox.as_mut().filter(|newest| **newest == (sandbox, true))?;
                newest.1 = false;
                self.kill_all(now, record);
                Some(RuntimeEvent::SandboxDied { sandbox })
            }
            Action::InspectImage { container } => {
                if let Some((_, error)) = self.failure(container, StartCall::Inspect) {
                    let result = Err(rpc_error(&error));
                    return Some(RuntimeEvent::ImageInspected { container, result });
                }
                let (image, by_default) = (image_of(spec, container), self.script.image(container).present);
                let is_there = self.containers.get(container.get()).is_some_and(|it| it.has_image(image, by_default));
                Some(RuntimeEvent::ImageInspected { container, result: Ok(is_there) })
            }
            Action::PullImage { container } => {
                let it = self.containers.get_mut(container.get())?;
                it.begin_pull(image_of(spec, container));
                let takes = self.script.pull_time(container, self.seed, it.pulls());
                self.queue.schedule(now + takes, SimEvent::PullEnd(container));
                None
            }
            Action::InspectVolumeImage { volume } => self.inspect_volume_image(volume),
            Action::PullVolumeImage { volume } => {
                self.pull_volume_image(volume, now);
                None
            }
            Action::CreateContainer { container, instance, .. } => {
                let result = self.create(container, now);
                if let Err(failure) = &result
                    && *failure != sandbox_not_ready()
                {
                    record(Occurrence::failed(action, failure));
                }
                Some(RuntimeEvent::ContainerCreated { container, instance, result })
            }
            Action::StartContainer { container, instance } => {
                let Some((nth, message)) = self.failure(container, StartCall::Start) else {
                    self.start(container, instance, now);
                    return Some(RuntimeEvent::ContainerStarted {
                        container,
                        instance,
                        started_at: None,
                        result: Ok(()),
                    });
                };
                let failure = Failure { error: StartError::RunContainerError, message };
                record(Occurrence::failed(action, &failure));
                if self.script.stays_created(container, nth) {
                    let result = Err(failure);
                    return Some(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result });
                }
                // The runtime has the container exited before the call returns, so this is reported first.
                let exit = failed_start(&failure.message);
                self.containers.get_mut(container.get())?.fail_start(instance, failure);
                self.queue.schedule(now, SimEvent::FailedStart(container, instance));
                Some(RuntimeEvent::ContainerExited { container, instance, exit })
            }
            Action::StopContainer { container, instance, timeout } => self.stop(container, instance, timeout, now),
            Action::UpdateContainerResources { container, instance, .. } => {
                let nth = self.resizes.get_or_insert_default().next_of(container);
                let result = failed(self.script.container_resize(container, nth), action, record);
                let result = result.map_err(|error| rpc_error(&error));
                Some(RuntimeEvent::ContainerResourcesUpdated { container, instance, result })
            }
            Action::UpdatePodSandboxResources { sandbox, .. } => {
                let nth = next(&mut self.resizes.get_or_insert_default().sandbox);
                let result = failed(self.script.sandbox_resize(nth), action, record);
                let result = result.map_err(|error| SandboxUpdateError {
                    // The ids of the recordings.
                    id: format!("sb-{}", sandbox.0).into(),
                    message: rpc_error(&error),
                });
                Some(RuntimeEvent::SandboxResourcesUpdated { sandbox, result })
            }
            Action::SetPodCgroup { .. } => {
                let nth = next(&mut self.resizes.get_or_insert_default().cgroup);
                let result = failed(self.script.cgroup_resize(nth), action, record);
                Some(RuntimeEvent::PodCgroupSet { result: result.map_err(String::into) })
            }
            Action::MeasureMemory => Some(RuntimeEvent::MemoryMeasured { result: Ok(self.memory_usage(now)) }),
            // Nothing waits for a removal, and no dead instance has anything to be removed here.
            Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => None,
            Action::RunHook { container, instance, hook } => self.run_hook(container, instance, hook, spec, now),
            Action::Probe { container, instance, kind } => {
                let outcome = self.probe(container, instance, kind, spec, now)?;
                record(Occurrence::ProbeFinished { container, instance, kind, outcome });
                Some(probe_finished(container, instance, kind, outcome, output_of(outcome, spec, container, kind)))
            }
            Action::FetchClaim { volume } => Some(self.fetch_claim(volume, spec, now)),
            Action::SetUpVolume { volume } => self.call_volume(volume, VolumeCallKind::SetUp, spec, now, record),
            Action::TearDownVolume { volume } => self.call_volume(volume, VolumeCallKind::TearDown, spec, now, record),
        }
    }

    /// Handles an event of the queue; `None` if it has become void.
    pub(super) fn handle_event(
        &mut self,
        event: SimEvent,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        match event {
            SimEvent::RunSandbox(sandbox) => self.perform(Action::RunPodSandbox { sandbox }, spec, now, record),
            SimEvent::UpdateResources(container, instance) => {
                // What it is given makes no difference to a simulated process.
                let resources = LinuxResources::default();
                self.perform(Action::UpdateContainerResources { container, instance, resources }, spec, now, record)
            }
            SimEvent::Start(container, instance) => {
                self.perform(Action::StartContainer { container, instance }, spec, now, record)
            }
            SimEvent::SandboxDeath => {
                let (sandbox, is_ready) = self.sandbox.as_mut().filter(|(_, is_ready)| *is_ready)?;
                *is_ready = false;
                let sandbox = *sandbox;
                record(Occurrence::SandboxDied(sandbox));
                self.kill_all(now, record);
                Some(RuntimeEvent::SandboxDied { sandbox })
            }
            SimEvent::FailedStart(container, instance) => {
                let result = Err(self.containers.get_mut(container.get())?.take_failed_start(instance)?);
                Some(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result })
            }
            // Exits of an instance that is dead or replaced by now are void: `alive` returns `None` for them.
            SimEvent::OwnExit(container, instance) => {
                let run = self.alive(container, instance)?.run;
                let code = self.script.exit_code(self.run_id(container, run));
                self.exit(container, code, ExitCause::Itself, now, record)
            }
            SimEvent::SigtermExit(container, instance) => {
                let run = self.alive(container, instance)?.run;
                // 128 + SIGTERM (15), as of a process without a handler.
                let code = self.script.run(self.run_id(container, run)).sigterm_exit_code.unwrap_or(143);
                self.exit(container, code, ExitCause::Sigterm, now, record)
            }
            SimEvent::Sigkill(container, instance) => {
                self.alive(container, instance)?;
                self.exit(container, SIGKILL_EXIT_CODE, ExitCause::Sigkill, now, record)
            }
            SimEvent::StopReturn(container, instance) => Some(RuntimeEvent::ContainerStopped { container, instance }),
            SimEvent::PullEnd(container) => self.end_pull(container, now, record),
            SimEvent::VolumePullEnd(volume) => self.end_volume_pull(volume, now, record),
            SimEvent::HookEnd(container, instance, hook) => self.end_hook(container, instance, hook, spec, now, record),
            SimEvent::ProbeAnswer(container, instance, kind) => {
                Some(self.answer_probe(container, instance, kind, spec, now, record))
            }
            SimEvent::VolumeAttached(volume) => Some(FakeRuntime::attach(volume)),
            SimEvent::VolumeCallEnd(_, volume, kind, nth) => self.end_volume_call(volume, kind, nth, record),
            // Wake-ups are never queued, and the driver returns the script's events to its host.
            SimEvent::StatusWrite
            | SimEvent::Relist
            | SimEvent::KillTimeout
            | SimEvent::VolumeWait
            | SimEvent::VolumeLoop(_)
            | SimEvent::Stop(_)
            | SimEvent::Probe(_)
            | SimEvent::ScriptAction(_)
            | SimEvent::TaintEviction
            | SimEvent::KubeletRestart
            | SimEvent::Sync(_) => None,
        }
    }

    fn run_id(&self, container: ContainerIndex, run: u32) -> RunId {
        RunId { container, run, seed: self.seed }
    }

    fn alive(&mut self, container: ContainerIndex, instance: InstanceId) -> Option<&mut Process> {
        let process = self.containers.get_mut(container.get())?.process.as_mut()?;
        (process.is_alive && process.instance == instance).then_some(process)
    }

    // --- Sandboxes and creation ---

    fn run_sandbox(&mut self, sandbox: SandboxId, record: &mut impl FnMut(Occurrence)) -> RuntimeEvent {
        let nth = self.sandbox_creations;
        self.sandbox_creations = nth.saturating_add(1);
        let outcome = self.script.sandbox(nth);
        if let Some(error) = outcome.and_then(|outcome| outcome.error.as_deref()) {
            record(Occurrence::CallFailed {
                action: Box::new(Action::RunPodSandbox { sandbox }),
                reason: None,
                message: error.into(),
            });
            return RuntimeEvent::SandboxFailed { sandbox, message: rpc_error(error) };
        }
        let has_ip = Some(outcome.is_none_or(|outcome| !outcome.no_ip));
        self.sandbox = Some((sandbox, true));
        RuntimeEvent::SandboxCreated { sandbox, has_ip }
    }

    /// Creates a container, after its configuration and the kubelet's hook; the kubelet's other hook follows.
    ///
    /// The order is that of `startContainer` in `pkg/kubelet/kuberuntime`.
    fn create(&mut self, container: ContainerIndex, now: Timestamp) -> Result<(), Failure> {
        let failed = |error, message: Box<str>| Err(Failure { error, message });
        if let Some(message) = self.script.config_error(container, now.since(self.start)) {
            return failed(StartError::CreateContainerConfigError, message.into());
        }
        if let Some((_, message)) = self.failure(container, StartCall::Configure) {
            return failed(StartError::CreateContainerConfigError, message);
        }
        if let Some((_, message)) = self.failure(container, StartCall::PreCreate) {
            return failed(StartError::PreCreateHookError, message);
        }
        // The sandbox died in this sync, whose view of the runtime is frozen: the kubelet goes on as if it were ready.
        if !self.sandbox.is_some_and(|(_, is_ready)| is_ready) {
            return Err(sandbox_not_ready());
        }
        if let Some((_, message)) = self.failure(container, StartCall::Create) {
            return failed(StartError::CreateContainerError, message);
        }
        match self.failure(container, StartCall::PreStart) {
            Some((_, message)) => failed(StartError::PreStartHookError, message),
            None => Ok(()),
        }
    }

    /// Counts a call of a container's start, and returns its index and its error if the script has it fail.
    fn failure(&mut self, container: ContainerIndex, call: StartCall) -> Option<(u32, Box<str>)> {
        // Most containers have no such script, and need no counter.
        if !self.script.may_fail(container, call) {
            return None;
        }
        let nth = self.containers.get_mut(container.get())?.count_call(call);
        Some((nth, self.script.call_error(container, call, nth)?.into()))
    }

    // --- Processes ---

    fn start(&mut self, container: ContainerIndex, instance: InstanceId, now: Timestamp) {
        let newest = self.containers.iter().filter_map(|it| Some(it.process.as_ref()?.start_order)).max();
        let start_order = newest.map_or(0, |newest| newest.wrapping_add(1));
        let Some(it) = self.containers.get_mut(container.get()) else { return };
        let run = it.start(instance, start_order, now);
        if let Some(after) = self.script.exits_after(self.run_id(container, run)) {
            self.queue.schedule(now + after, SimEvent::OwnExit(container, instance));
        }
    }

    fn stop(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        timeout: Duration,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        // StopContainer of a dead container succeeds at once (CRI: the call is idempotent).
        let Some(process) = self.alive(container, instance) else {
            return Some(RuntimeEvent::ContainerStopped { container, instance });
        };
        process.is_being_stopped = true;
        let (is_first, run) = (!core::mem::replace(&mut process.got_sigterm, true), process.run);
        let id = self.run_id(container, run);
        // A second StopContainer shortens the time until SIGKILL; SIGTERM is handled only once.
        if is_first && !self.script.run(id).ignores_sigterm {
            let after = self.script.sigterm_exits_after(id);
            self.queue.schedule(now + after, SimEvent::SigtermExit(container, instance));
        }
        // An earlier SIGKILL stays queued: whichever comes first ends the process, and the other is void.
        self.queue.schedule(now + timeout, SimEvent::Sigkill(container, instance));
        None
    }

    fn exit(
        &mut self,
        container: ContainerIndex,
        code: i32,
        cause: ExitCause,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let (instance, run) = self.die(container, now)?;
        let run = self.script.run(self.run_id(container, run));
        // The script's reason and message are those of an exit by itself; a signalled process has the runtime's.
        let is_own = cause == ExitCause::Itself;
        let scripted = run.reason.as_deref().map(TerminationReason::from);
        let reason = if run.oom_killed { Some(TerminationReason::OomKilled) } else { scripted }.filter(|_| is_own);
        let exit = ContainerExit {
            code,
            reason: reason.unwrap_or_else(|| TerminationReason::of_exit(code)),
            message: run.message.as_deref().filter(|_| is_own).map(Box::from),
            ..ContainerExit::with_code(code)
        };
        record(Occurrence::ContainerExited { container, instance, code, cause });
        Some(RuntimeEvent::ContainerExited { container, instance, exit })
    }

    /// Marks a container's process as dead, and has the calls return that wait for its end.
    fn die(&mut self, container: ContainerIndex, now: Timestamp) -> Option<(InstanceId, u32)> {
        let it = self.containers.get_mut(container.get())?;
        let process = it.process.as_mut()?;
        process.is_alive = false;
        let (instance, run) = (process.instance, process.run);
        // StopContainer returns at the instant of death, but after the exit: PLEG reports one, the pod worker waits for
        // the other.
        if core::mem::take(&mut process.is_being_stopped) {
            self.queue.schedule(now, SimEvent::StopReturn(container, instance));
        }
        // An exec in a container that dies fails at that instant.
        for hook in it.hooks_in(instance) {
            self.queue.schedule(now, SimEvent::HookEnd(container, instance, hook));
        }
        Some((instance, run))
    }

    /// Kills the processes of a sandbox that died, in the order in which they were started.
    ///
    /// No event reports them: the kubelet learns of their end with that of their sandbox.
    fn kill_all(&mut self, now: Timestamp, record: &mut impl FnMut(Occurrence)) {
        let alive = self.containers.iter().zip((0..).map(ContainerIndex::from)).filter_map(|(it, index)| {
            let process = it.process.as_ref().filter(|process| process.is_alive)?;
            Some((process.start_order, index))
        });
        let mut alive: Vec<(u32, ContainerIndex)> = alive.collect();
        alive.sort_unstable();
        for (_, index) in alive {
            self.exit(index, SIGKILL_EXIT_CODE, ExitCause::SandboxDied, now, record);
        }
    }

    // --- Resources ---

    /// Returns the memory that the running containers use.
    fn memory_usage(&self, now: Timestamp) -> MemoryUsage {
        let running = self.containers.iter().zip((0..).map(ContainerIndex::from));
        let running = running.filter(|(it, _)| it.process.as_ref().is_some_and(|process| process.is_alive));
        let used = running.map(|(_, index)| (index, self.script.memory_usage(index, now.since(self.start))));
        let containers: Vec<_> = used.map(|(index, used)| (index, Some(used.unwrap_or(0)))).collect();
        let sum = containers.iter().filter_map(|(_, used)| *used).fold(0, u64::saturating_add);
        MemoryUsage { pod: Some(sum), containers }
    }

    // --- Images ---

    fn end_pull(
        &mut self,
        container: ContainerIndex,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let it = self.containers.get_mut(container.get())?;
        let (pull, image) = it.end_pull();
        let succeeded = self.script.pull_succeeds(container, self.seed, pull, now.since(self.start));
        if let Some(image) = image.filter(|_| succeeded) {
            it.set_image(&image, true);
        }
        let result = pull_result(self.script.image(container), succeeded);
        record(Occurrence::PullFinished { container, succeeded });
        Some(RuntimeEvent::ImagePulled { container, result })
    }

    // --- Hooks ---

    fn run_hook(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        // A hook may follow the exit within one sync: the kubelet has not seen it yet.
        let is_dead = self.alive(container, instance).is_none();
        let unknown_port = || {
            let of_container = spec.container(container)?;
            let LifecycleHook::Run(handler) = hook_of(of_container, hook)? else { return None };
            of_container.port_error(handler)
        };
        let error = if is_dead { Some("container is not running".into()) } else { unknown_port() };
        if let Some(error) = error {
            let reply = HandlerReply::NotRun { error: &error };
            let result = reply.hook_result(spec, container, hook, "");
            return Some(RuntimeEvent::HookFinished { container, instance, hook, result });
        }
        let ends_at = now + self.script.hook(container, hook).duration;
        self.containers.get_mut(container.get())?.begin_hook(instance, hook, ends_at);
        self.queue.schedule(ends_at, SimEvent::HookEnd(container, instance, hook));
        None
    }

    /// Ends a hook by itself or with its container, whichever comes first.
    fn end_hook(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let ends_at = self.containers.get_mut(container.get())?.end_hook(instance, hook)?;
        // Only a hook that reached its own end has an exit code; otherwise the container's exit ended it.
        let code = Some(self.script.hook(container, hook).exit_code).filter(|_| ends_at <= now);
        let reply = match code {
            Some(code) => HandlerReply::Exited { code, stdout: "", stderr: "" },
            None => HandlerReply::NotRun { error: "container died during exec" },
        };
        let result = hook_result(spec, container, hook, reply);
        record(Occurrence::HookFinished { container, instance, hook, code });
        Some(RuntimeEvent::HookFinished { container, instance, hook, result })
    }

    // --- Probes ---

    /// Sends a probe. Returns its outcome (none if the container does not run), or `None` if it is answered later.
    pub(super) fn probe(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<Option<ProbeOutcome>> {
        match self.probe_result(container, instance, kind, now) {
            // An immediate answer has one of a few fixed outputs; that of an unknown port has its name.
            Some((outcome, latency))
                if !latency.is_zero()
                    || outcome == ProbeOutcome::Error && self.script.is_port_unknown(container, kind) =>
            {
                // The kubelet gives up after `timeoutSeconds`.
                let timeout = timeout_of(spec, container, kind);
                self.queue.schedule(now + latency.min(timeout), SimEvent::ProbeAnswer(container, instance, kind));
                if let Some(it) = self.containers.get_mut(container.get()) {
                    it.begin_probe(kind, now);
                }
                None
            }
            result => Some(result.map(|(outcome, _)| outcome)),
        }
    }

    fn answer_probe(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> RuntimeEvent {
        // The script's step of the time at which it was sent counts, not that of the answer.
        let sent_at = self.containers.get(container.get()).and_then(|it| it.probed_at(kind)).unwrap_or(now);
        let result = self.probe_result(container, instance, kind, sent_at);
        let is_late = result.is_some_and(|(_, latency)| latency > timeout_of(spec, container, kind));
        let outcome = result.map(|(outcome, _)| if is_late { ProbeOutcome::Failure } else { outcome });
        record(Occurrence::ProbeFinished { container, instance, kind, outcome });
        if let Some(error) = outcome.and_then(|_| port_error(spec, container, kind)) {
            return probe_finished(container, instance, kind, outcome, error.into());
        }
        let output =
            if is_late { timeout_output(spec, container, kind) } else { output_of(outcome, spec, container, kind) };
        probe_finished(container, instance, kind, outcome, output)
    }

    /// Returns a probe's outcome and latency; `None` if the container does not run.
    fn probe_result(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        sent_at: Timestamp,
    ) -> Option<(ProbeOutcome, Duration)> {
        let process = self.alive(container, instance)?;
        let (run, elapsed) = (process.run, sent_at.since(process.started_at));
        Some(self.script.probe(self.run_id(container, run), kind, elapsed))
    }
}

/// Returns an error of the runtime as the kubelet's client of the CRI reports it.
fn rpc_error(error: &str) -> Box<str> {
    format!("rpc error: code = Unknown desc = {error}").into()
}

/// Returns the exit of an instance that the runtime could not start, as containerd has it: code 128, and a start at the
/// beginning of Unix time.
fn failed_start(message: &str) -> ContainerExit {
    ContainerExit {
        reason: TerminationReason::StartError,
        message: Some(message.into()),
        started_at: Some(Timestamp::UNIX_EPOCH),
        ..ContainerExit::with_code(128)
    }
}

fn sandbox_not_ready() -> Failure {
    Failure { error: StartError::CreateContainerError, message: "sandbox not ready".into() }
}

/// Counts a call, and returns its place.
fn next(count: &mut u32) -> u32 {
    let nth = *count;
    *count = nth.saturating_add(1);
    nth
}

/// Records a call that fails.
fn failed(error: Option<&str>, action: Action, record: &mut impl FnMut(Occurrence)) -> Result<(), String> {
    let Some(error) = error else { return Ok(()) };
    record(Occurrence::CallFailed { action: Box::new(action), reason: None, message: error.into() });
    Err(error.into())
}

fn probe_finished(
    container: ContainerIndex,
    instance: InstanceId,
    kind: ProbeKind,
    outcome: Option<ProbeOutcome>,
    output: Cow<'_, str>,
) -> RuntimeEvent {
    // An exec into a container that does not run is an error of the CRI, not a failed probe; other handlers are taken
    // alike.
    let outcome = outcome.unwrap_or(ProbeOutcome::Error);
    RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: output.into() }
}

fn probe_of(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Option<&ProbeSpec> {
    spec.container(container)?.probe(kind)
}

/// Returns the error of a probe that names an unknown port.
fn port_error(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Option<String> {
    let container = spec.container(container)?;
    container.port_error(&container.probe(kind)?.handler)
}

fn timeout_of(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Duration {
    // 1 s is the API server's default of `timeoutSeconds`.
    probe_of(spec, container, kind).map_or(Duration::from_secs(1), ProbeSpec::timeout)
}

/// Returns a probe's output, in the words of the kubelet's prober for its handler. The output of a command is what the
/// recorded kubelets were given.
pub(super) fn output_of(
    outcome: Option<ProbeOutcome>,
    spec: &PodSpec,
    container: ContainerIndex,
    kind: ProbeKind,
) -> Cow<'static, str> {
    let Some(outcome) = outcome else { return Cow::Borrowed("container is not running") };
    let Some(probe) = probe_of(spec, container, kind) else { return Cow::Borrowed("") };
    let Handler { exec, http_get, tcp_socket, grpc, .. } = probe.handler();
    let reply = match outcome {
        ProbeOutcome::Success | ProbeOutcome::Unknown => return Cow::Borrowed(""),
        ProbeOutcome::Warning if http_get.is_some() => HandlerReply::Responded { status: 302, body: "" },
        ProbeOutcome::Warning => return Cow::Borrowed(""),
        ProbeOutcome::Error if exec.is_some() => HandlerReply::NotRun { error: "exec broken" },
        ProbeOutcome::Error => HandlerReply::NotRun { error: "the probe could not run" },
        ProbeOutcome::Failure if http_get.is_some() => HandlerReply::Responded { status: 503, body: "" },
        ProbeOutcome::Failure if tcp_socket.is_some() => REFUSED,
        ProbeOutcome::Failure if grpc.is_some() => HandlerReply::Health { status: "NOT_SERVING" },
        ProbeOutcome::Failure => HandlerReply::Exited { code: 1, stdout: "probe said no", stderr: "" },
    };
    Cow::Owned(reply.probe_output(spec, container, kind, &address_of(probe.handler())))
}

/// Nothing listens.
const REFUSED: HandlerReply<'_> = HandlerReply::Unreachable { error: "connect: connection refused" };

/// Returns the output of a probe that was given up after `timeoutSeconds`.
fn timeout_output(spec: &PodSpec, container: ContainerIndex, kind: ProbeKind) -> Cow<'static, str> {
    let address = probe_of(spec, container, kind).map(|probe| address_of(probe.handler())).unwrap_or_default();
    Cow::Owned(HandlerReply::TimedOut.probe_output(spec, container, kind, &address))
}

/// Returns host and port that a handler calls, with the port's name as it is: a runtime knows no port by its name.
fn address_of(handler: &Handler) -> String {
    let (host, port) = match handler {
        Handler { http_get: Some(http), .. } => (&*http.host, Some(&http.port)),
        Handler { tcp_socket: Some(tcp), .. } => (&*tcp.host, Some(&tcp.port)),
        Handler { grpc: Some(grpc), .. } => return format!("{SIMULATED_IP}:{}", grpc.port),
        Handler { .. } => return String::new(),
    };
    let host = if host.is_empty() { SIMULATED_IP } else { host };
    match port {
        Some(IntOrString::Int(number)) => format!("{host}:{number}"),
        Some(IntOrString::String(name)) => format!("{host}:{name}"),
        None => host.into(),
    }
}

fn image_of(spec: &PodSpec, container: ContainerIndex) -> &str {
    spec.container(container).map_or("", |container| container.image())
}

fn hook_of(container: &ContainerSpec, hook: HookKind) -> Option<&LifecycleHook> {
    match hook {
        HookKind::PostStart => container.post_start(),
        HookKind::PreStop => container.pre_stop(),
    }
}

/// Returns the result of a hook, with the kubelet's message.
fn hook_result(
    spec: &PodSpec,
    container: ContainerIndex,
    hook: HookKind,
    reply: HandlerReply<'_>,
) -> Result<(), Box<str>> {
    let handler = spec.container(container).and_then(|container| hook_of(container, hook));
    let address = if let Some(LifecycleHook::Run(handler)) = handler { address_of(handler) } else { String::new() };
    // A request needs nothing of the runtime: it fails since nothing listens.
    let is_request = matches!(handler, Some(LifecycleHook::Run(handler)) if handler.http_get.is_some());
    let has_failed = !matches!(reply, HandlerReply::Exited { code: 0, .. });
    let reply = if is_request && has_failed { REFUSED } else { reply };
    reply.hook_result(spec, container, hook, &address)
}

/// Error of a failed inspection of an image: the text of the recorded kubelets' runtime.
const INSPECT_ERROR: &str = "image service is down";

/// Returns the result of a pull.
fn pull_result(script: &ImageScript, succeeded: bool) -> Result<u64, Failure> {
    if succeeded {
        return Ok(script.size_bytes);
    }
    // The message of the recorded kubelets' registry.
    let error = script.error.as_deref().unwrap_or("registry says no");
    Err(Failure { error: StartError::ErrImagePull, message: error.into() })
}
