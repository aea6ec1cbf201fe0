//! Checks of a snapshot: refuses one from which a Pod could not continue.

use alloc::vec::Vec;

use super::SnapshotError;
use crate::{
    kubelet::{
        components::Kubelet,
        image_manager::ImageUser,
        pleg::PlegEvent,
        pod_worker::PodWorker,
        prober_manager::ProberManager,
        sync_loop_queue::Message,
        sync_state::{PendingCall, Sync, Task},
        volume_manager::VolumeManager,
    },
    spec::{ContainerIndex, PodSpec, VolumeIndex},
    state::RuntimeStatus,
};

type Checked = Result<(), SnapshotError>;

/// Checks a snapshot's worker and components.
pub(super) fn check(worker: &PodWorker, kubelet: &Kubelet) -> Checked {
    let specs = specs(worker, kubelet);
    for (field, spec) in &specs {
        if !is_same_pod(&kubelet.spec, spec) {
            return Err(SnapshotError::AnotherPod { field });
        }
    }
    // A waiting object may have ephemeral containers that the synced spec does not have yet.
    let most = specs.iter().map(|(_, spec)| spec.container_count()).max().unwrap_or(0);
    let known = Known { most };
    check_counts(kubelet, known)?;
    known.check_runtime("pleg.runtime", kubelet.pleg.runtime())?;
    known.check_runtime("pleg.cache", kubelet.pleg.cache())?;
    known.check_components(kubelet)?;
    if let Some(sync) = worker.sync() {
        known.check_sync(sync)?;
    }
    check_worker(worker, kubelet)
}

/// Returns every spec in the snapshot, with its field.
fn specs<'a>(worker: &'a PodWorker, kubelet: &'a Kubelet) -> Vec<(&'static str, &'a PodSpec)> {
    let mut all = Vec::from([("spec", &*kubelet.spec), ("object", &*kubelet.object.spec)]);
    all.extend(worker.objects().map(|(field, object)| (field, &*object.spec)));
    all.extend(kubelet.queue.messages().filter_map(|message| {
        if let Message::Object(object) = message { Some(("queue", &*object.spec)) } else { None }
    }));
    all
}

fn is_same_pod(one: &PodSpec, other: &PodSpec) -> bool {
    let is_same = |(one, other): (_, &crate::spec::ContainerSpec)| {
        let one: &crate::spec::ContainerSpec = one;
        one.is_same_but_for_image(other)
    };
    (one.name(), one.namespace(), one.uid()) == (other.name(), other.namespace(), other.uid())
        && one.init_and_regular_containers().count() == other.init_and_regular_containers().count()
        && one.containers().map(|(_, it)| it).zip(other.containers().map(|(_, it)| it)).all(is_same)
}

fn check_counts(kubelet: &Kubelet, Known { most }: Known) -> Checked {
    let (count, known) = (kubelet.spec.container_count(), kubelet.runtime_manager.count());
    // The runtime manager grows when a new object is handled, before a sync adopts its spec.
    if !(count..=most).contains(&known) {
        return Err(SnapshotError::WrongCount { field: "runtimeManager.containers" });
    }
    if kubelet.status_manager.record().records.len() > most {
        return Err(SnapshotError::WrongCount { field: "statusManager.record" });
    }
    // Probes cannot be changed in a running Pod, so the slots follow from any of its specs.
    if !kubelet.prober_manager.has_same_probes(&ProberManager::new(&kubelet.spec)) {
        return Err(SnapshotError::WrongCount { field: "proberManager" });
    }
    if kubelet.volume_manager().is_some_and(|volume_manager| !volume_manager.fits(&kubelet.spec)) {
        return Err(SnapshotError::WrongCount { field: "volumeManager.volumes" });
    }
    Ok(())
}

/// Number of known containers.
#[derive(Clone, Copy)]
struct Known {
    most: usize,
}

impl Known {
    fn check(self, field: &'static str, container: ContainerIndex) -> Checked {
        let place = container.get();
        if place < self.most { Ok(()) } else { Err(SnapshotError::NoSuchContainer { field, place }) }
    }

    fn check_runtime(self, field: &'static str, runtime: &RuntimeStatus) -> Checked {
        let mut named = runtime.instances.iter().filter_map(|instance| instance.container);
        named.try_for_each(|container| self.check(field, container))
    }

    fn check_components(self, kubelet: &Kubelet) -> Checked {
        for message in kubelet.queue.messages() {
            match message {
                Message::Pleg(PlegEvent::Died(Some(container))) => self.check("queue", *container)?,
                Message::ProbeUpdate(update) => self.check("queue", update.container)?,
                Message::Pleg(
                    PlegEvent::Started | PlegEvent::Died(None) | PlegEvent::Removed | PlegEvent::Inspected,
                )
                | Message::Object(_)
                | Message::Reconcile => {}
            }
        }
        kubelet.cold().gc.containers().try_for_each(|container| self.check("gc", container))
    }

    fn check_image_volume(field: &'static str, sync: &Sync, volume: VolumeIndex) -> Checked {
        let is_known = sync.object().spec.volume(volume).is_some_and(|volume| volume.image().is_some());
        if is_known { Ok(()) } else { Err(SnapshotError::Inconsistency { field, problem: "the volume has no image" }) }
    }

    fn check_sync(self, sync: &Sync) -> Checked {
        self.check_runtime("worker.sync.view", sync.view())?;
        sync.stops.iter().try_for_each(|stop| self.check("worker.sync.stops", stop.container))?;
        for task in &sync.tasks {
            match task {
                Task::Kill(kill) => self.check("worker.sync.tasks", kill.container)?,
                Task::RestartInPlace(reset) => self.check("worker.sync.tasks", reset.container)?,
                Task::Remove(container, _) | Task::RemoveButLogs(container, _) | Task::Start(container) => {
                    self.check("worker.sync.tasks", *container)?;
                }
                Task::EnsureVolumeImage(volume) => Self::check_image_volume("worker.sync.tasks", sync, *volume)?,
                Task::StopAll
                | Task::StopSandbox(_)
                | Task::RunSandbox(_)
                | Task::ReportStopped
                | Task::SyncRuntime
                | Task::TerminatePod => {}
                Task::Resize(actions) => actions.updated().try_for_each(|it| self.check("worker.sync.tasks", it))?,
            }
        }
        let is_stopping = match sync.pending_call {
            PendingCall::Inspecting(ImageUser::Volume(volume)) | PendingCall::Pulling(ImageUser::Volume(volume), _) => {
                Self::check_image_volume("worker.sync.pendingCall", sync, volume)?;
                false
            }
            PendingCall::Inspecting(ImageUser::Container(container))
            | PendingCall::Pulling(ImageUser::Container(container), _)
            | PendingCall::Creating(container, _)
            | PendingCall::Starting(container, _)
            | PendingCall::UpdatingContainer(container, _)
            | PendingCall::PostStart(container, ..) => {
                self.check("worker.sync.pendingCall", container)?;
                false
            }
            PendingCall::StoppingFailed(container) => {
                self.check("worker.sync.pendingCall", container)?;
                true
            }
            PendingCall::Stopping => true,
            PendingCall::Nothing
            | PendingCall::WaitingForVolumes
            | PendingCall::RunningSandbox(_)
            | PendingCall::StoppingSandbox(_)
            | PendingCall::MeasuringMemory
            | PendingCall::UpdatingSandbox(_)
            | PendingCall::SettingCgroup => false,
        };
        let problem = "containers are being stopped but the sync does not wait for their end, or the other way round";
        // A sync with stops and another call would forget the stops; one without stops would wait for ever.
        let is_sound = is_stopping != sync.stops.is_empty();
        if is_sound { Ok(()) } else { Err(SnapshotError::Inconsistency { field: "worker.sync.stops", problem }) }
    }
}

/// Checks that everything that the worker waits for can come.
fn check_worker(worker: &PodWorker, kubelet: &Kubelet) -> Checked {
    let inconsistency = |field, problem| Err(SnapshotError::Inconsistency { field, problem });
    let has_work = worker.sync().is_some() || kubelet.pleg.awaits_requested_relist();
    if worker.is_blocked_by_relist() && has_work {
        return inconsistency("worker.dequeued", "a sync is dequeued before another has ended");
    }
    // Otherwise nothing would ever end the wait.
    let sync_waits = worker.sync().is_some_and(|sync| sync.pending_call == PendingCall::WaitingForVolumes);
    if sync_waits != kubelet.volume_manager().is_some_and(VolumeManager::is_waiting) {
        return inconsistency("volumeManager.wait", "a sync waits for volumes without a wait, or the other way round");
    }
    // Otherwise no timeout would ever unblock the sync loop.
    if let Some(until) = kubelet.queue.blocked_by_preemption_until()
        && !worker.kill_timeouts().contains(&until)
    {
        return inconsistency(
            "queue.blockedByPreemptionUntil",
            "the sync loop waits for the end of a preemption that has not begun",
        );
    }
    Ok(())
}
