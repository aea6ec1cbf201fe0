//! What the world has in store, in the order in which it comes.

use alloc::vec::Vec;

use crate::{
    event::HookKind,
    kubelet::Wake,
    spec::{ContainerIndex, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// Something that will happen; at one instant things come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SimEvent {
    /// The runtime is relisted.
    Relist,
    /// A step of a stop under way.
    Stop(ContainerIndex),
    /// Somebody who ended the Pod has waited long enough.
    KillTimeout,
    /// The newest sandbox dies.
    SandboxDeath,
    /// A process ends by itself.
    OwnExit(ContainerIndex, InstanceId),
    /// A process ends after SIGTERM.
    SigtermExit(ContainerIndex, InstanceId),
    /// A process is killed.
    Sigkill(ContainerIndex, InstanceId),
    /// A request to stop returns.
    StopReturn(ContainerIndex, InstanceId),
    /// A pull ends.
    PullEnd(ContainerIndex),
    /// A hook ends.
    HookEnd(ContainerIndex, InstanceId, HookKind),
    /// A probe is answered that took its time.
    Answer(ContainerIndex, InstanceId, ProbeKind),
    /// The Pod wakes for a probe.
    Probe(Wake),
    /// Somebody does something: the n-th action of the script.
    Action(usize),
    /// The kubelet restarts, having waited for the end of a sync.
    LateRestart,
    /// The Pod wakes for its next sync, or for what is done when all else is.
    Sync(Wake),
}

impl SimEvent {
    /// Where a wake-up of the Pod stands among the rest.
    pub(super) fn of_wake(wake: Wake) -> SimEvent {
        match wake {
            Wake::Stop(container) => SimEvent::Stop(container),
            Wake::HookSlept(container) => SimEvent::HookEnd(container, InstanceId::nth(0), HookKind::PostStart),
            Wake::KillTimeout => SimEvent::KillTimeout,
            Wake::Relist => SimEvent::Relist,
            Wake::Probe(..) => SimEvent::Probe(wake),
            Wake::Retry | Wake::Deadline | Wake::GarbageCollection | Wake::RemoveDead => SimEvent::Sync(wake),
        }
    }
}

/// What will happen, by time and then by rank; equal things cannot be told apart.
///
/// The next is the last of the list: most Pods have a handful of things in store.
#[derive(Clone, Debug, Default)]
pub(super) struct EventQueue(Vec<(Timestamp, SimEvent)>);

impl EventQueue {
    pub(super) fn plan(&mut self, at: Timestamp, happening: SimEvent) {
        let place = self.0.partition_point(|planned| *planned > (at, happening));
        self.0.insert(place, (at, happening));
    }

    pub(super) fn first(&self) -> Option<(Timestamp, SimEvent)> {
        self.0.last().copied()
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }
}
