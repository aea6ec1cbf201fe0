//! State of one sync: its object and frozen view of the runtime, remaining tasks, pending call and containers being
//! stopped.

use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{api_pod::ApiPod, image_manager::ImageUser};
use crate::{
    action::SyncKind,
    rule::{
        pod_actions,
        resize::{ResizeActions, ResizeStep, ShrinkingLimits},
    },
    spec::{ContainerIndex, ContainerKind, VolumeIndex},
    state::{InstanceId, RuntimeStatus, SandboxId, StartFailure},
    time::Timestamp,
};

/// Request for a sync, with the object of the moment when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) object: Arc<ApiPod>,
    /// True if the object's status then showed that the Pod had initialized.
    pub(super) shows_initialized: bool,
    /// True if the grace in force overrides the containers' own.
    pub(super) overrides_grace: bool,
}

/// Dequeued request, with its sync kind and grace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dequeued {
    pub(super) kind: SyncKind,
    pub(super) request: Request,
    #[serde(with = "crate::time::seconds::option")]
    pub(super) grace: Option<Duration>,
}

/// Sync of a Pod, under way or suspended at a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sync {
    // --- Fixed when the sync starts ---
    kind: SyncKind,
    object: Arc<ApiPod>,
    shows_initialized: bool,
    /// Grace that overrides the containers' own.
    #[serde(with = "crate::time::seconds::option")]
    grace: Option<Duration>,
    /// The kubelet's cache of the runtime: nothing that happens during a sync changes its decisions.
    view: Arc<RuntimeStatus>,

    // --- Progress ---
    pub(super) tasks: VecDeque<Task>,
    pub(super) pending_call: PendingCall,
    /// Containers being stopped, in the order of the spec.
    pub(super) stops: Vec<Stop>,
    /// Image volumes whose image the node does not have.
    #[serde(default)]
    image_volume_failures: Vec<(VolumeIndex, Arc<StartFailure>)>,
    /// Resize under way, or its error; boxed, since few syncs have one.
    pub(super) resize: Option<Box<Resize>>,

    // --- Result ---
    has_failed: bool,
    /// True if the sync has failed because the node's network is not ready.
    lacks_network: bool,
    /// True if the sync has created, started, stopped or removed anything.
    has_acted: bool,
    /// True if the sync has removed instances so that all containers restart in place.
    restarts_all: bool,
    /// End of the earliest crash-loop back-off that held a container back.
    #[serde(with = "crate::time::exact")]
    earliest_release: Option<Timestamp>,
    /// True if the node has rejected the Pod, so that it is terminated next.
    #[serde(default)]
    is_rejected: bool,
}

/// Remaining task of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Task {
    /// Stop every container that runs in the view, together.
    StopAll,
    /// Stop one container, for a reason of its own.
    Kill(pod_actions::Kill),
    /// Remove an instance, after stopping it if it runs, so that its container restarts in place.
    RestartInPlace(pod_actions::Reset),
    /// Remove a dead instance, with its logs.
    Remove(ContainerIndex, InstanceId),
    /// Remove an instance but keep its logs, from which the next restart count is taken.
    RemoveButLogs(ContainerIndex, InstanceId),
    /// Stop a sandbox; a dead one is stopped once more.
    StopSandbox(SandboxId),
    /// Create a sandbox with this attempt.
    RunSandbox(SandboxId),
    /// Give running containers, and the Pod's cgroup, other resources.
    Resize(Box<ResizeActions>),
    /// Make sure that the node has the image of an image volume.
    EnsureVolumeImage(VolumeIndex),
    /// Start a container, unless its back-off holds it back.
    Start(ContainerIndex),
    /// Publish the status of a Pod whose containers were stopped.
    ReportStopped,
    /// Go on with SyncPod once the volumes are mounted: add probe workers, and plan what is left to do.
    SyncRuntime,
    /// Publish the end of a Pod whose volumes are unmounted.
    TerminatePod,
}

/// Call to the runtime, a registry or a hook that the sync waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum PendingCall {
    /// The sync waits for nothing.
    Nothing,
    /// Mounts or unmounts of the Pod's volumes.
    WaitingForVolumes,
    /// Creation of a sandbox.
    RunningSandbox(SandboxId),
    /// Stop of a sandbox.
    StoppingSandbox(SandboxId),
    /// Stops of the containers in [`Sync::stops`].
    Stopping,
    /// Inspection of an image.
    Inspecting(ImageUser),
    /// Pull of an image, since this time.
    Pulling(ImageUser, #[serde(with = "crate::time::exact")] Timestamp),
    /// Creation of an instance.
    Creating(ContainerIndex, InstanceId),
    /// Start of an instance.
    Starting(ContainerIndex, InstanceId),
    /// postStart hook; with the time of its end if it sleeps.
    PostStart(ContainerIndex, InstanceId, #[serde(with = "crate::time::exact")] Option<Timestamp>),
    /// Stop of an instance whose postStart hook has failed.
    StoppingFailed(ContainerIndex),
    /// Measurement of the memory in use, before a limit shrinks.
    MeasuringMemory,
    /// Update of an instance's resources.
    UpdatingContainer(ContainerIndex, InstanceId),
    /// Update of the sandbox's resources.
    UpdatingSandbox(SandboxId),
    /// Write of the Pod's cgroup.
    SettingCgroup,
}

/// Stop of one instance, from its preStop hook to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stop {
    pub(crate) container: ContainerIndex,
    pub(crate) instance: InstanceId,
    /// Remaining grace: hook and sidecar order use it up.
    #[serde(with = "crate::time::seconds")]
    pub(crate) grace: Duration,
    pub(crate) stage: StopStage,
    /// True if sidecars of this Pod wait for the containers that use them.
    pub(super) is_ordered: bool,
}

/// Stage of a container's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub(crate) enum StopStage {
    /// Nothing has been done yet.
    Pending,
    /// The preStop hook runs, at most until `until`.
    PreStop {
        #[serde(with = "crate::time::exact")]
        since: Timestamp,
        #[serde(with = "crate::time::exact")]
        until: Timestamp,
    },
    /// A sidecar waits until the containers before it in the order are gone, at most until `until`.
    WaitingForSidecarOrder {
        #[serde(with = "crate::time::exact")]
        since: Timestamp,
        #[serde(with = "crate::time::exact")]
        until: Timestamp,
    },
    /// The runtime stops the instance: SIGTERM, and SIGKILL at last.
    SigtermSent,
    /// The instance is gone.
    Gone,
}

/// Resize that a sync carries out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resize {
    /// What changes, while the memory in use is measured; the steps are planned after that.
    pub(super) actions: ResizeActions,
    /// Memory limits that shrink.
    pub(super) shrinking: ShrinkingLimits,
    /// Remaining steps, the first of which may be pending.
    pub(super) steps: VecDeque<ResizeStep>,
    /// Error that ended it.
    pub(super) error: Option<Box<str>>,
}

impl Stop {
    /// Returns when the stop continues without an event.
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            StopStage::PreStop { until, .. } | StopStage::WaitingForSidecarOrder { until, .. } => Some(until),
            StopStage::Pending | StopStage::SigtermSent | StopStage::Gone => None,
        }
    }
}

impl Sync {
    /// Creates the sync of a request, with this view of the runtime.
    pub(super) fn new(dequeued: Dequeued, view: Arc<RuntimeStatus>) -> Sync {
        let Dequeued { kind, request, grace } = dequeued;
        Sync {
            kind,
            object: request.object,
            shows_initialized: request.shows_initialized,
            grace,
            view,
            tasks: VecDeque::new(),
            pending_call: PendingCall::Nothing,
            stops: Vec::new(),
            image_volume_failures: Vec::new(),
            resize: None,
            has_failed: false,
            lacks_network: false,
            has_acted: false,
            restarts_all: false,
            earliest_release: None,
            is_rejected: false,
        }
    }

    /// Returns the kind of the sync.
    pub(super) fn kind(&self) -> SyncKind {
        self.kind
    }

    /// Returns the object of the request.
    pub(super) fn object(&self) -> &Arc<ApiPod> {
        &self.object
    }

    /// True if the object's status showed that the Pod had initialized.
    pub(super) fn shows_initialized(&self) -> bool {
        self.shows_initialized
    }

    /// Returns the grace that overrides the containers' own.
    pub(super) fn grace(&self) -> Option<Duration> {
        self.grace
    }

    /// Returns the view of the runtime.
    pub(super) fn view(&self) -> &Arc<RuntimeStatus> {
        &self.view
    }

    /// True if containers may run during this sync, so that a terminal phase is held back.
    pub(super) fn could_have_running_containers(&self) -> bool {
        match self.kind {
            SyncKind::Sync | SyncKind::Terminating => true,
            SyncKind::Terminated | SyncKind::TerminatingRuntime => false,
        }
    }

    /// True while the sync waits for something slow, so that the sync loop handles messages meanwhile.
    pub(super) fn is_blocked(&self) -> bool {
        // These may take minutes on a real node; the other calls are short, and keep the worker's turn.
        matches!(
            self.pending_call,
            PendingCall::Pulling(..)
                | PendingCall::PostStart(..)
                | PendingCall::WaitingForVolumes
                | PendingCall::Stopping
                | PendingCall::StoppingFailed(_)
        )
    }

    // --- Progress ---

    /// Records that the sync has created, started, stopped or removed something.
    pub(super) fn record_action(&mut self) {
        self.has_acted = true;
    }

    /// Records that all containers restart in place.
    pub(super) fn record_restart_in_place(&mut self) {
        self.restarts_all = true;
    }

    /// Records a crash-loop back-off that ends at `release`.
    pub(super) fn record_back_off(&mut self, release: Timestamp) {
        // MinBackoffExpiration: of several back-offs the first that ends decides when the worker syncs again.
        self.earliest_release = Some(self.earliest_release.map_or(release, |earliest| earliest.min(release)));
    }

    /// Ends the pending call.
    pub(super) fn complete_call(&mut self) {
        self.pending_call = PendingCall::Nothing;
    }

    /// Makes the sync fail, so that it is retried.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    /// Fails the wait for volumes, which ends the sync.
    pub(super) fn fail_wait(&mut self) {
        self.has_failed = true;
        self.tasks.clear();
        self.complete_call();
    }

    /// Ends the sync of a Pod that the node has rejected.
    pub(super) fn reject(&mut self) {
        self.is_rejected = true;
        self.tasks.clear();
        self.complete_call();
    }

    /// Fails the sync before it does anything: the node's network is not ready.
    pub(super) fn fail_for_network(&mut self) {
        self.has_failed = true;
        self.lacks_network = true;
    }

    /// Ends the sync: its sandbox could not be created.
    pub(super) fn end_without_sandbox(&mut self) {
        self.tasks.clear();
        self.complete_call();
    }

    /// Records that the node does not have the image of an image volume: no container that mounts it starts.
    pub(super) fn fail_image_volume(&mut self, volume: VolumeIndex, failure: StartFailure) {
        self.complete_call();
        self.image_volume_failures.push((volume, Arc::new(failure)));
    }

    /// Returns why the node does not have the image of an image volume.
    pub(super) fn image_volume_failure(&self, volume: VolumeIndex) -> Option<&Arc<StartFailure>> {
        self.image_volume_failures.iter().find(|(of, _)| *of == volume).map(|(_, failure)| failure)
    }

    /// Fails the start of a container; that of an init container ends the sync, since the others need it.
    pub(super) fn fail_start(&mut self, container: ContainerIndex) {
        self.complete_call();
        self.has_failed = true;
        if self.object.spec.container(container).is_some_and(|spec| spec.kind() == ContainerKind::Init) {
            self.tasks.clear();
        }
    }

    // --- Result ---

    /// True if the sync failed.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// True if the sync has failed because the node's network is not ready.
    pub(super) fn lacks_network(&self) -> bool {
        self.lacks_network
    }

    /// True if the node has rejected the Pod, so that it is terminated next.
    pub(super) fn is_rejected(&self) -> bool {
        self.is_rejected
    }

    /// True if the sync has created, started, stopped or removed something.
    pub(super) fn has_acted(&self) -> bool {
        self.has_acted
    }

    /// True if the sync has removed instances so that all containers restart in place.
    pub(super) fn restarts_all(&self) -> bool {
        self.restarts_all
    }

    /// Returns the end of the earliest crash-loop back-off that held a container back.
    pub(super) fn earliest_release(&self) -> Option<Timestamp> {
        self.earliest_release
    }

    // --- Snapshots ---

    /// Shares equal memory after a snapshot was read.
    #[cfg(feature = "snapshot")]
    pub(super) fn shared_mut(&mut self) -> (&mut Arc<ApiPod>, &mut Arc<RuntimeStatus>) {
        (&mut self.object, &mut self.view)
    }
}
