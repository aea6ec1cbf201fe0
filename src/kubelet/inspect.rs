//! Read-only view of a Pod's machine: everything that explanations read beside the public status.
//!
//! The kubelet's components keep their fields private; readers outside of this module ask here, in Kubernetes' words,
//! and can change nothing.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    PodMachine,
    components::Kubelet,
    image_manager::ImageUser,
    pod_worker::PodWorker,
    sync_state::{PendingCall, Stop, StopStage, Sync, Task},
    volume_manager::InspectVolume,
};
use crate::{
    action::SyncKind,
    api::PodCondition,
    rule::{back_off::BackOff, pod_status::PodRecord, probe::ProbeWorker},
    spec::{ContainerIndex, ContainerSpec, ProbeKind},
    state::{ContainerRecord, Instance, InstanceId, StartFailure},
    time::Timestamp,
};

/// Read-only view of a [`PodMachine`], from [`PodMachine::inspect`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inspect<'a> {
    worker: &'a PodWorker,
    kubelet: &'a Kubelet,
}

/// Read-only view of the sync under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InspectSync<'a> {
    sync: &'a Sync,
}

/// Read-only view of the stop of a container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InspectStop<'a> {
    stop: &'a Stop,
}

/// Step of a container's start that a sync waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartStep {
    /// Pull of the image.
    Pull { since: Timestamp },
    /// Inspection of the image, creation or start of the container.
    Create,
    /// postStart hook; one that sleeps has a known end.
    PostStart { until: Option<Timestamp> },
}

/// Progress of the stop of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopProgress {
    /// The stop has not started yet.
    Pending,
    /// preStop hook, which runs out of time at `until`.
    PreStop { since: Timestamp, until: Timestamp },
    /// Wait of a sidecar for other containers, until `until` at the latest.
    Turn { until: Timestamp },
    /// SIGTERM is sent, and SIGKILL follows when the grace is over.
    SigtermSent,
    /// The container has stopped.
    Gone,
}

/// Deletion of the object through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeletionRequest {
    pub(crate) requested_at: Timestamp,
    pub(crate) grace: Duration,
}

/// Reason and message of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReasonAndMessage<'a> {
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

impl PodMachine {
    /// Returns the read-only view that explanations use.
    pub(crate) fn inspect(&self) -> Inspect<'_> {
        Inspect { worker: &self.worker, kubelet: &self.kubelet }
    }
}

impl<'a> Inspect<'a> {
    // --- The object, as the sync loop has seen it ---

    /// True if the object has been removed from the API.
    pub(crate) fn is_object_gone(self) -> bool {
        self.kubelet.object.is_gone
    }

    /// True if scheduling gates keep the Pod from being bound.
    pub(crate) fn is_scheduling_gated(self) -> bool {
        self.kubelet.object.spec.is_scheduling_gated()
    }

    /// Returns when the object was deleted, and with which grace.
    pub(crate) fn deletion(self) -> Option<DeletionRequest> {
        let deletion = self.kubelet.object.deletion?;
        // A type of its own, so that readers do not depend on the kubelet's copy of the object.
        Some(DeletionRequest { requested_at: deletion.requested_at, grace: deletion.grace })
    }

    /// Returns a condition that the kubelet does not own, by its type.
    pub(crate) fn external_condition(self, type_: &str) -> Option<&'a PodCondition> {
        self.kubelet.object.conditions.iter().find(|condition| condition.type_ == type_)
    }

    // --- The status manager ---

    /// Returns the status that the kubelet has computed, which may be ahead of what is published.
    pub(crate) fn status(self) -> &'a PodRecord {
        self.kubelet.status_manager.record()
    }

    /// Returns a container's status as the kubelet has computed it.
    pub(crate) fn container_status(self, container: ContainerIndex) -> Option<&'a ContainerRecord> {
        self.status().records.get(container.get())?.as_ref()
    }

    /// Returns reason and message of the computed status.
    pub(crate) fn status_reason(self) -> Option<ReasonAndMessage<'a>> {
        let why = self.kubelet.status_manager.reason()?;
        Some(ReasonAndMessage { reason: &why.reason, message: &why.message })
    }

    /// Returns reason and message of the published status.
    pub(crate) fn published_reason(self) -> Option<ReasonAndMessage<'a>> {
        let why = self.kubelet.status_manager.published_reason()?;
        Some(ReasonAndMessage { reason: &why.reason, message: &why.message })
    }

    /// Returns `status.startTime`: when the kubelet acknowledged the Pod.
    pub(crate) fn start_time(self) -> Option<Timestamp> {
        self.kubelet.status_manager.start_time()
    }

    /// Returns when the kubelet restarted, if it has since it got the Pod.
    pub(crate) fn kubelet_restarted_at(self) -> Option<Timestamp> {
        self.kubelet.cold().kubelet_restarted_at
    }

    /// Returns the message of the runtime if the node's network is not ready, and the Pod needs it.
    pub(crate) fn network_not_ready(self) -> Option<&'a str> {
        self.kubelet.network_not_ready().filter(|_| !self.kubelet.spec.uses_host_network())
    }

    // --- The pod worker ---

    /// True if a sync is requested that has not begun.
    pub(crate) fn is_sync_requested(self) -> bool {
        self.worker.is_sync_requested()
    }

    /// Returns the sync under way.
    pub(crate) fn sync(self) -> Option<InspectSync<'a>> {
        self.worker.sync().map(|sync| InspectSync { sync })
    }

    /// Returns the status reason of the eviction, preemption or node shutdown that terminates the Pod.
    pub(crate) fn kill_reason(self) -> Option<ReasonAndMessage<'a>> {
        let reason = &self.worker.status_override()?.reason;
        Some(ReasonAndMessage { reason: &reason.reason, message: &reason.message })
    }

    // --- The runtime manager ---

    /// Returns the crash-loop back-off of a container with its image and resources.
    pub(crate) fn crash_loop(self, index: ContainerIndex, container: &ContainerSpec) -> Option<BackOff> {
        self.kubelet.runtime_manager.crash_loops(index)?.of(self.kubelet.crash_loop_key(container))
    }

    /// Returns the back-off of an image's pulls.
    pub(crate) fn pull_back_off(self, image: &str) -> Option<BackOff> {
        self.kubelet.runtime_manager.pulls().of_image(image)
    }

    /// Returns why the last failed pull of an image failed.
    pub(crate) fn last_pull_failure(self, image: &str) -> Option<&'a StartFailure> {
        self.kubelet.runtime_manager.pulls().last_failure(image)
    }

    /// Returns why the last start of a container failed, unless one has succeeded since.
    pub(crate) fn start_failure(self, container: ContainerIndex) -> Option<&'a StartFailure> {
        self.kubelet.runtime_manager.start_failure(container).map(|failure| &**failure)
    }

    // --- The volume manager ---

    /// Returns the volumes that keep a sync from going on, and since when they are to be mounted.
    pub(crate) fn volumes_not_mounted(self) -> Option<(Timestamp, Vec<InspectVolume<'a>>)> {
        let volume_manager = self.kubelet.volume_manager()?;
        let volumes: Vec<_> = volume_manager.not_mounted(&self.kubelet.object.spec).collect();
        (!volumes.is_empty()).then(|| (volume_manager.started_at(), volumes))
    }

    /// Returns the volumes whose unmount the sync of a terminated Pod waits for, and since when.
    pub(crate) fn volumes_being_unmounted(self) -> Option<(Timestamp, Vec<InspectVolume<'a>>)> {
        let volume_manager = self.kubelet.volume_manager()?;
        let since = volume_manager.unmounts_since()?;
        Some((since, volume_manager.possibly_mounted(&self.kubelet.object.spec).collect()))
    }

    // --- The prober manager ---

    /// Returns every probe worker that exists, by container and kind of probe.
    pub(crate) fn probe_workers(self) -> impl Iterator<Item = (ContainerIndex, ProbeKind, ProbeWorker)> + 'a {
        let existing = self.kubelet.prober_manager.iter().filter(|prober| prober.exists());
        existing.map(|prober| (prober.container, prober.kind, prober.worker))
    }

    /// Returns the worker of a container's probe, if it exists.
    pub(crate) fn probe_worker(self, container: ContainerIndex, kind: ProbeKind) -> Option<ProbeWorker> {
        let prober = self.kubelet.prober_manager.get(container, kind).filter(|prober| prober.exists())?;
        Some(prober.worker)
    }
}

impl<'a> InspectSync<'a> {
    /// Returns the kind of the sync.
    pub(crate) fn kind(self) -> SyncKind {
        self.sync.kind()
    }

    /// Returns the step of this container's start that the sync waits for.
    pub(crate) fn start_step(self, container: ContainerIndex) -> Option<StartStep> {
        match self.sync.pending_call {
            PendingCall::Pulling(ImageUser::Container(of), since) if of == container => Some(StartStep::Pull { since }),
            PendingCall::Inspecting(ImageUser::Container(of))
            | PendingCall::Creating(of, _)
            | PendingCall::Starting(of, _)
                if of == container =>
            {
                Some(StartStep::Create)
            }
            PendingCall::PostStart(of, _, until) if of == container => Some(StartStep::PostStart { until }),
            PendingCall::Pulling(..)
            | PendingCall::Inspecting(_)
            | PendingCall::Creating(..)
            | PendingCall::Starting(..)
            | PendingCall::PostStart(..)
            | PendingCall::StoppingFailed(_)
            | PendingCall::Stopping
            | PendingCall::Nothing
            | PendingCall::WaitingForVolumes
            | PendingCall::RunningSandbox(_)
            | PendingCall::StoppingSandbox(_)
            | PendingCall::MeasuringMemory
            | PendingCall::UpdatingContainer(..)
            | PendingCall::UpdatingSandbox(_)
            | PendingCall::SettingCgroup => None,
        }
    }

    /// Returns the container whose pull, hook, start or stop the sync waits for.
    pub(crate) fn waits_for_container(self) -> Option<ContainerIndex> {
        match self.sync.pending_call {
            PendingCall::Pulling(ImageUser::Container(container), _)
            | PendingCall::PostStart(container, ..)
            | PendingCall::Inspecting(ImageUser::Container(container))
            | PendingCall::Creating(container, _)
            | PendingCall::Starting(container, _)
            | PendingCall::UpdatingContainer(container, _)
            | PendingCall::StoppingFailed(container) => Some(container),
            // All stops run together; the first stands for them.
            PendingCall::Stopping => self.sync.stops.first().map(|stop| stop.container),
            PendingCall::Nothing
            | PendingCall::WaitingForVolumes
            | PendingCall::Inspecting(ImageUser::Volume(_))
            | PendingCall::Pulling(ImageUser::Volume(_), _)
            | PendingCall::RunningSandbox(_)
            | PendingCall::StoppingSandbox(_)
            | PendingCall::MeasuringMemory
            | PendingCall::UpdatingSandbox(_)
            | PendingCall::SettingCgroup => None,
        }
    }

    /// True while the sync waits for containers to stop.
    pub(crate) fn is_stopping_containers(self) -> bool {
        self.sync.pending_call == PendingCall::Stopping
    }

    /// True while the sync stops this container since its postStart hook failed.
    pub(crate) fn is_stopping_after_post_start(self, container: ContainerIndex) -> bool {
        self.sync.pending_call == PendingCall::StoppingFailed(container)
    }

    /// True while the sync waits for the Pod's volumes.
    pub(crate) fn waits_for_volumes(self) -> bool {
        self.sync.pending_call == PendingCall::WaitingForVolumes
    }

    /// True while the sync waits for its new sandbox.
    pub(crate) fn is_creating_sandbox(self) -> bool {
        matches!(self.sync.pending_call, PendingCall::RunningSandbox(_))
    }

    /// Returns the containers being stopped.
    pub(crate) fn stops(self) -> impl Iterator<Item = InspectStop<'a>> {
        self.sync.stops.iter().map(|stop| InspectStop { stop })
    }

    /// True if the sync removes instances so that all containers restart in place.
    pub(crate) fn restarts_all_containers(self) -> bool {
        self.sync.restarts_all()
    }

    /// True if the sync is going to create a sandbox.
    pub(crate) fn will_create_sandbox(self) -> bool {
        self.sync.tasks.iter().any(|task| matches!(task, Task::RunSandbox(_)))
    }

    /// True if the sync is going to start the container.
    pub(crate) fn will_start(self, container: ContainerIndex) -> bool {
        self.sync.tasks.contains(&Task::Start(container))
    }

    /// Returns an instance as the sync sees it: the runtime's state is frozen when a sync begins.
    pub(crate) fn instance(self, container: ContainerIndex, instance: InstanceId) -> Option<&'a Instance> {
        self.sync.view().instances_of(container).find(|known| known.id == instance)
    }

    /// Returns the deletion of the object that the sync works with.
    pub(crate) fn deletion_requested_at(self) -> Option<Timestamp> {
        self.sync.object().deletion.map(|deletion| deletion.requested_at)
    }

    /// Returns the grace that overrides the containers' own.
    pub(crate) fn grace_override(self) -> Option<Duration> {
        self.sync.grace()
    }
}

impl InspectStop<'_> {
    /// Returns the container being stopped.
    pub(crate) fn container(self) -> ContainerIndex {
        self.stop.container
    }

    /// Returns the instance being stopped.
    pub(crate) fn instance(self) -> InstanceId {
        self.stop.instance
    }

    /// Returns the part of the grace period that is left.
    pub(crate) fn remaining_grace(self) -> Duration {
        self.stop.grace
    }

    /// Returns the progress of the stop.
    pub(crate) fn progress(self) -> StopProgress {
        match self.stop.stage {
            StopStage::Pending => StopProgress::Pending,
            StopStage::PreStop { since, until } => StopProgress::PreStop { since, until },
            StopStage::WaitingForSidecarOrder { until, .. } => StopProgress::Turn { until },
            StopStage::SigtermSent => StopProgress::SigtermSent,
            StopStage::Gone => StopProgress::Gone,
        }
    }
}
