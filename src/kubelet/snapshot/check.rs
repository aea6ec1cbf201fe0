//! What has to be true of what was written, so that the Pod can go on.

use alloc::vec::Vec;

use super::{super::PodMachine, SnapshotError};
use crate::{
    kubelet::{
        prober_manager::Probers,
        sync::{PendingCall, Sync, Task},
        sync_loop_queue::{Message, PlegEvent},
    },
    spec::{ContainerIndex, PodSpec},
    state::RuntimeStatus,
};

type Checked = Result<(), SnapshotError>;

pub(super) fn check(pod: &PodMachine) -> Checked {
    let specs = specs(pod);
    for (field, spec) in &specs {
        if !is_same_pod(&pod.parts.spec, spec) {
            return Err(SnapshotError::AnotherPod { field });
        }
    }
    let most = specs.iter().map(|(_, spec)| spec.container_count()).max().unwrap_or(0);
    let known = Known { most };
    check_counts(pod, known)?;
    known.check_runtime("runtime", pod.parts.runtime.actual())?;
    known.check_runtime("runtime.seen", pod.parts.runtime.seen())?;
    known.check_parts(pod)?;
    if let Some(sync) = &pod.worker.sync {
        known.check_sync(sync)?;
    }
    check_worker(pod)
}

/// Every spec that is spoken of, with the place where it is.
fn specs(pod: &PodMachine) -> Vec<(&'static str, &PodSpec)> {
    let (worker, parts) = (&pod.worker, &pod.parts);
    let mut all = Vec::from([("spec", &*parts.spec), ("object", &*parts.object.spec)]);
    all.extend(worker.pending.iter().map(|request| ("worker.pending", &*request.object.spec)));
    all.extend(worker.taken.iter().map(|taken| ("worker.taken", &*taken.request.object.spec)));
    all.extend(worker.sync.iter().map(|sync| ("worker.sync", &*sync.object.spec)));
    all.extend(parts.inbox.messages().filter_map(|message| {
        if let Message::Object(object) = message { Some(("inbox", &*object.spec)) } else { None }
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

fn check_counts(pod: &PodMachine, Known { most }: Known) -> Checked {
    let parts = &pod.parts;
    let (count, known) = (parts.spec.container_count(), parts.containers.count());
    if !(count..=most).contains(&known) {
        return Err(SnapshotError::WrongCount { field: "containers" });
    }
    if parts.status.record.records.len() > most {
        return Err(SnapshotError::WrongCount { field: "status.records" });
    }
    if !parts.probers.is_made_like(&Probers::new(&parts.spec)) {
        return Err(SnapshotError::WrongCount { field: "probers" });
    }
    Ok(())
}

/// The containers that are known: so many.
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

    fn check_parts(self, pod: &PodMachine) -> Checked {
        for message in pod.parts.inbox.messages() {
            match message {
                Message::Runtime(PlegEvent::Died(Some(container))) => self.check("inbox", *container)?,
                Message::ProbeUpdate(verdict) => self.check("inbox", verdict.container)?,
                Message::Runtime(PlegEvent::Started | PlegEvent::Died(None) | PlegEvent::Removed)
                | Message::Object(_)
                | Message::Reconcile => {}
            }
        }
        let mut removed = pod.parts.rare().removal.iter().flat_map(|removal| &removal.instances);
        removed.try_for_each(|(container, _)| self.check("removal", *container))
    }

    fn check_sync(self, sync: &Sync) -> Checked {
        self.check_runtime("worker.sync.view", &sync.view)?;
        sync.stops.iter().try_for_each(|stop| self.check("worker.sync.stops", stop.container))?;
        for task in &sync.todo {
            match task {
                Task::Kill(kill) => self.check("worker.sync.todo", kill.container)?,
                Task::Reset(reset) => self.check("worker.sync.todo", reset.container)?,
                Task::Remove(container, _) | Task::RemoveButLogs(container, _) | Task::Start(container) => {
                    self.check("worker.sync.todo", *container)?;
                }
                Task::StopAll | Task::StopSandbox(_) | Task::RunSandbox(_) | Task::ReportStopped => {}
            }
        }
        let is_stopping = match sync.doing {
            PendingCall::Inspecting(container)
            | PendingCall::Pulling(container, _)
            | PendingCall::Creating(container, _)
            | PendingCall::Starting(container, _)
            | PendingCall::PostStart(container, ..) => {
                self.check("worker.sync.doing", container)?;
                false
            }
            PendingCall::StoppingFailed(container) => {
                self.check("worker.sync.doing", container)?;
                true
            }
            PendingCall::Stopping => true,
            PendingCall::Nothing | PendingCall::RunningSandbox(_) | PendingCall::StoppingSandbox(_) => false,
        };
        let problem = "containers are being stopped, and nobody waits for their end, or the other way round";
        let is_sound = is_stopping != sync.stops.is_empty();
        if is_sound { Ok(()) } else { Err(SnapshotError::Inconsistency { field: "worker.sync.stops", problem }) }
    }
}

/// Whatever the worker waits for comes.
fn check_worker(pod: &PodMachine) -> Checked {
    let (worker, parts) = (&pod.worker, &pod.parts);
    let contradiction = |field, problem| Err(SnapshotError::Inconsistency { field, problem });
    if worker.taken.is_some() && (worker.sync.is_some() || parts.runtime.awaits_requested_relist()) {
        return contradiction("worker.taken", "a sync is taken up before another has ended");
    }
    if let Some(until) = parts.inbox.blocked_by_preemption_until() {
        let waits = worker.termination.iter().flat_map(|termination| &termination.waits);
        if !waits.into_iter().any(|wait| *wait == until) {
            return contradiction("inbox.busyUntil", "the main loop waits for the end of a kill that nobody has begun");
        }
    }
    Ok(())
}
