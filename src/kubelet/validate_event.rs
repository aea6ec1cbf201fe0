//! Event validation: refuses late, doubled, foreign and impossible events before anything changes.

use alloc::boxed::Box;

use super::{
    api_pod::as_read,
    components::Kubelet,
    image_manager::ImageUser,
    pod_worker::{PodWorker, WorkerState},
    sync_state::{PendingCall, StopStage},
    volume_manager::{Operation, VolumeManager},
};
use crate::{
    event::{ApiEvent, Event, EventError, HookKind, NodeEvent, RuntimeEvent},
    rule::spec_change,
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, VolumeIndex, VolumeSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
};

/// State that events are validated against.
#[derive(Clone, Copy)]
pub(super) struct Validator<'a> {
    pub(super) worker: &'a PodWorker,
    pub(super) kubelet: &'a Kubelet,
}

impl<'a> Validator<'a> {
    /// Validates an event against the state of the Pod.
    pub(super) fn check(self, event: &Event) -> Result<(), EventError> {
        match event {
            Event::Runtime(event) => self.check_runtime_event(event),
            Event::Api(event) => self.check_api_event(event),
            Event::Node(
                NodeEvent::KubeletRestarted
                | NodeEvent::InfoChanged(_)
                | NodeEvent::NetworkNotReady { .. }
                | NodeEvent::NetworkReady,
            ) => Ok(()),
            Event::Node(NodeEvent::Evicted { .. } | NodeEvent::Preempted) => self.check_evictable(),
            Event::Node(NodeEvent::ShutDown { .. }) => self.check_active(),
        }
    }

    fn check_runtime_event(self, event: &RuntimeEvent) -> Result<(), EventError> {
        match *event {
            RuntimeEvent::SandboxCreated { sandbox, .. } => {
                self.expect(None, "a created sandbox", |call| call == PendingCall::RunningSandbox(sandbox))
            }
            RuntimeEvent::SandboxFailed { sandbox, .. } => {
                self.expect(None, "a failed sandbox", |call| call == PendingCall::RunningSandbox(sandbox))
            }
            RuntimeEvent::SandboxDied { sandbox } => self.check_sandbox(sandbox),
            RuntimeEvent::ImageInspected { container, .. } => {
                let user = ImageUser::Container(container);
                self.expect(Some(container), "an inspected image", |call| call == PendingCall::Inspecting(user))
            }
            RuntimeEvent::ImagePulled { container, .. } => {
                let user = ImageUser::Container(container);
                let is_asked = |call| matches!(call, PendingCall::Pulling(pulling, _) if pulling == user);
                self.expect(Some(container), "a pulled image", is_asked)
            }
            RuntimeEvent::VolumeImageInspected { volume, .. } => {
                self.check_image_volume(volume)?;
                let user = ImageUser::Volume(volume);
                self.expect(None, "an inspected image of a volume", |call| call == PendingCall::Inspecting(user))
            }
            RuntimeEvent::VolumeImagePulled { volume, .. } => {
                self.check_image_volume(volume)?;
                let user = ImageUser::Volume(volume);
                let is_asked = |call| matches!(call, PendingCall::Pulling(pulling, _) if pulling == user);
                self.expect(None, "a pulled image of a volume", is_asked)
            }
            RuntimeEvent::ContainerCreated { container, instance, .. } => {
                let is_asked = |call| call == PendingCall::Creating(container, instance);
                self.expect(Some(container), "a created container", is_asked)
            }
            RuntimeEvent::ContainerStarted { container, instance, .. } => {
                let is_asked = |call| call == PendingCall::Starting(container, instance);
                self.expect(Some(container), "a started container", is_asked)
            }
            RuntimeEvent::ContainerExited { container, instance, .. } => self.check_exit(container, instance),
            RuntimeEvent::ContainerStopped { container, instance } => self.check_stopped(container, instance),
            RuntimeEvent::HookFinished { container, instance, hook, .. } => self.check_hook(container, instance, hook),
            RuntimeEvent::ProbeFinished { container, instance, kind, .. } => {
                self.check_probe(container, instance, kind)
            }
            RuntimeEvent::ClaimFetched { volume, .. } => {
                self.expect_volume(volume, "a fetched claim", |manager| manager.is_claim_fetched(volume))
            }
            RuntimeEvent::VolumeAttachmentChanged { volume, .. } => {
                let is_claim = |spec: &VolumeSpec| spec.claim().is_some();
                let has_claim = self.kubelet.object.spec.volume(volume).is_some_and(is_claim);
                self.expect_volume(volume, "an attachment", |_| has_claim)
            }
            RuntimeEvent::VolumeSetUp { volume, .. } => {
                let is_asked = |manager: &VolumeManager| manager.is_pending(volume, Operation::SetUp);
                self.expect_volume(volume, "a mounted volume", is_asked)
            }
            RuntimeEvent::VolumeTornDown { volume, .. } => {
                let is_asked = |manager: &VolumeManager| manager.is_pending(volume, Operation::TearDown);
                self.expect_volume(volume, "an unmounted volume", is_asked)
            }
            RuntimeEvent::ContainerResourcesUpdated { container, instance, .. } => {
                let is_asked = |call| call == PendingCall::UpdatingContainer(container, instance);
                self.expect(Some(container), "an update of a container's resources", is_asked)
            }
            RuntimeEvent::SandboxResourcesUpdated { sandbox, .. } => {
                let is_asked = |call| call == PendingCall::UpdatingSandbox(sandbox);
                self.expect(None, "an update of a sandbox's resources", is_asked)
            }
            RuntimeEvent::PodCgroupSet { .. } => {
                self.expect(None, "a written cgroup", |call| call == PendingCall::SettingCgroup)
            }
            RuntimeEvent::MemoryMeasured { result: Ok(ref usage) } => {
                usage.containers.iter().try_for_each(|(container, _)| self.known(*container).map(|_| ()))?;
                self.expect(None, "measured memory", |call| call == PendingCall::MeasuringMemory)
            }
            RuntimeEvent::MemoryMeasured { result: Err(_) } => {
                self.expect(None, "measured memory", |call| call == PendingCall::MeasuringMemory)
            }
            RuntimeEvent::Relisted(ref runtime) => check_listing(&self.kubelet.spec, runtime),
        }
    }

    /// Refuses an answer to a call that is not pending.
    fn expect(
        self,
        container: Option<ContainerIndex>,
        what: &'static str,
        is_expected: impl FnOnce(PendingCall) -> bool,
    ) -> Result<(), EventError> {
        // An unknown container is the more precise error, so it comes first.
        let known = container.map(|container| self.known(container)).transpose()?;
        match self.worker.sync() {
            Some(sync) if is_expected(sync.pending_call) => Ok(()),
            Some(_) | None => Err(EventError::Unasked { what, container: known.map(|it| it.name().into()) }),
        }
    }

    /// Refuses an event of the image of a volume that has none.
    fn check_image_volume(self, volume: VolumeIndex) -> Result<(), EventError> {
        let is_known = self.kubelet.object.spec.volume(volume).is_some_and(|volume| volume.image().is_some());
        if is_known { Ok(()) } else { Err(EventError::NoSuchVolume { volume }) }
    }

    /// Refuses an event of a volume that the Pod does not have, or that nothing waits for.
    fn expect_volume(
        self,
        volume: VolumeIndex,
        what: &'static str,
        is_expected: impl FnOnce(&VolumeManager) -> bool,
    ) -> Result<(), EventError> {
        let is_mounted = self.kubelet.object.spec.volume(volume).is_some_and(VolumeSpec::is_mounted);
        match self.kubelet.volume_manager().filter(|_| is_mounted) {
            None => Err(EventError::NoSuchVolume { volume }),
            Some(manager) if is_expected(manager) => Ok(()),
            Some(_) => Err(EventError::Unasked { what, container: None }),
        }
    }

    fn known(self, container: ContainerIndex) -> Result<&'a ContainerSpec, EventError> {
        self.kubelet.spec.container(container).ok_or(EventError::NoSuchContainer { container })
    }

    fn check_sandbox(self, sandbox: SandboxId) -> Result<(), EventError> {
        // A removed sandbox is still known: its attempt is not above the newest one.
        let is_known = self.kubelet.pleg.runtime().sandboxes.iter().any(|known| known.attempt >= sandbox.0);
        if is_known { Ok(()) } else { Err(EventError::UnknownSandbox { sandbox }) }
    }

    fn check_exit(self, container: ContainerIndex, instance: InstanceId) -> Result<(), EventError> {
        let name = || self.known(container).map(|it| Box::from(it.name()));
        let known = self.kubelet.pleg.runtime().instances_of(container).find(|known| known.id == instance);
        match known.map(|known| &known.state) {
            None => Err(EventError::UnknownInstance { container: name()?, instance }),
            // The first exit may be published already; a second one would change it.
            Some(InstanceState::Exited(_)) => {
                Err(EventError::IllegalContainerMove { container: name()?, from: "exited", to: "exited" })
            }
            Some(InstanceState::Running { .. } | InstanceState::Created | InstanceState::Unknown) => Ok(()),
        }
    }

    fn check_stopped(self, container: ContainerIndex, instance: InstanceId) -> Result<(), EventError> {
        let name = self.known(container)?.name();
        let mut stops = self.worker.sync().into_iter().flat_map(|sync| &sync.stops);
        let is_asked = stops.any(|stop| {
            stop.container == container && stop.instance == instance && stop.stage == StopStage::SigtermSent
        });
        if is_asked {
            return Ok(());
        }
        Err(EventError::Unasked { what: "a stopped container", container: Some(name.into()) })
    }

    /// Refuses the answer of a probe that no worker runs.
    pub(super) fn check_probe(
        self,
        container: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
    ) -> Result<(), EventError> {
        let name = self.known(container)?.name();
        if self.kubelet.prober_manager.is_running(container, instance, kind) {
            return Ok(());
        }
        Err(EventError::Unasked { what: "an answered probe", container: Some(name.into()) })
    }

    fn check_hook(self, container: ContainerIndex, instance: InstanceId, hook: HookKind) -> Result<(), EventError> {
        let spec = self.known(container)?;
        match hook {
            HookKind::PostStart => {
                let runs = matches!(spec.post_start(), Some(LifecycleHook::Run(_)));
                let is_asked = |call| runs && call == PendingCall::PostStart(container, instance, None);
                self.expect(Some(container), "a finished postStart hook", is_asked)
            }
            HookKind::PreStop if self.kubelet.runtime_manager.runs_pre_stop(container, instance) => Ok(()),
            HookKind::PreStop => {
                Err(EventError::Unasked { what: "a finished preStop hook", container: Some(spec.name().into()) })
            }
        }
    }

    fn check_api_event(self, event: &ApiEvent) -> Result<(), EventError> {
        let object = self.kubelet.newest_object();
        // Against the newest object, which the sync loop may not have handled yet.
        match event {
            _ if object.is_gone => Err(EventError::Gone),
            ApiEvent::SpecChanged(spec) => {
                let spec = as_read(spec.clone(), self.kubelet.config.kubernetes);
                Ok(spec_change::validate_update(&object.spec, &spec)?)
            }
            ApiEvent::Ended(phase) if !phase.is_terminal() => Err(EventError::NotTerminal { phase: *phase }),
            ApiEvent::Deleted { .. }
            | ApiEvent::Removed
            | ApiEvent::ConditionSet(_)
            | ApiEvent::ConditionRemoved { .. }
            | ApiEvent::Ended(_) => Ok(()),
        }
    }

    /// Refuses terminations by the node after the Pod has terminated.
    ///
    /// Answers to `filterOutInactivePods`.
    fn check_active(self) -> Result<(), EventError> {
        match self.worker.state() {
            WorkerState::Rejected | WorkerState::Terminated | WorkerState::Finished => Err(EventError::NotActive),
            WorkerState::Syncing | WorkerState::Terminating => Ok(()),
        }
    }

    fn check_evictable(self) -> Result<(), EventError> {
        // evictPod refuses critical Pods; static Pods are among them.
        if self.kubelet.object.spec.is_static() {
            return Err(EventError::Critical);
        }
        self.check_active()
    }
}

/// Validates a list of the runtime for a Pod with this spec.
pub(super) fn check_listing(spec: &PodSpec, runtime: &RuntimeStatus) -> Result<(), EventError> {
    // Quadratic, but without allocation: a Pod has a handful of sandboxes and instances.
    for (place, sandbox) in runtime.sandboxes.iter().enumerate() {
        if runtime.sandboxes.iter().take(place).any(|other| other.id == sandbox.id) {
            return Err(EventError::ListedTwice { container: None });
        }
    }
    // The next attempt is one more than the newest's: with an older one first, it would be one that exists already.
    if let Some((newest, older)) = runtime.sandboxes.split_first()
        && let Some(newer) = older.iter().find(|other| other.attempt > newest.attempt)
    {
        return Err(EventError::ListedOutOfOrder { first: newest.id, newer: newer.id });
    }
    for (place, instance) in runtime.instances.iter().enumerate() {
        // Instances of containers that the spec does not name are listed, too, and left alone.
        let Some(container) = instance.container else { continue };
        let name = spec.container(container).ok_or(EventError::NoSuchContainer { container })?.name();
        if runtime.sandboxes.iter().all(|sandbox| sandbox.id != instance.sandbox) {
            return Err(EventError::UnknownSandbox { sandbox: instance.sandbox });
        }
        let is_twin = |other: &Instance| other.container == Some(container) && other.id == instance.id;
        if runtime.instances.iter().take(place).any(is_twin) {
            return Err(EventError::ListedTwice { container: Some(Box::from(name)) });
        }
    }
    Ok(())
}
