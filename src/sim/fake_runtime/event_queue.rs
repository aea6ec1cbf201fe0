//! Event queue of the fake runtime, ordered by time, then by tie-break rank.

use alloc::vec::Vec;

use super::volume::VolumeCallKind;
use crate::{
    event::HookKind,
    kubelet::Wake,
    spec::{ContainerIndex, ProbeKind, VolumeIndex},
    state::{InstanceId, SandboxId},
    time::Timestamp,
};

/// Something due at a time. The order of the variants is the order of events at one instant, and part of the recordings.
///
/// The queue holds the runtime's events and, for a driver, the actions of its script. The Pod's own wake-ups are never
/// queued; their variants only give them a rank among the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) enum SimEvent {
    /// The Pod's status is written.
    StatusWrite,
    /// The Pod's sync that waits for volumes looks at them.
    VolumeWait,
    /// A call of `StartContainer` that failed returns, after its instance was reported as exited.
    FailedStart(ContainerIndex, InstanceId),
    /// The Pod's PLEG relists.
    Relist,
    /// The Pod's next step of a stop under way.
    Stop(ContainerIndex),
    /// The Pod's wait of an eviction is over.
    KillTimeout,
    /// The newest sandbox dies.
    SandboxDeath,
    /// A process exits by itself.
    OwnExit(ContainerIndex, InstanceId),
    /// A process exits on SIGTERM.
    SigtermExit(ContainerIndex, InstanceId),
    /// A process is killed.
    Sigkill(ContainerIndex, InstanceId),
    /// A call of `StopContainer` returns.
    StopReturn(ContainerIndex, InstanceId),
    /// A pull ends, with success or not.
    PullEnd(ContainerIndex),
    /// A pull of the image of an image volume ends, with success or not.
    VolumePullEnd(VolumeIndex),
    /// A volume is attached.
    VolumeAttached(VolumeIndex),
    /// A call that mounts or unmounts a volume ends: the place of the volume's name, the volume, and the number of the call.
    VolumeCallEnd(u16, VolumeIndex, VolumeCallKind, u32),
    /// The Pod's volume manager adds, removes, mounts or unmounts volumes.
    VolumeLoop(Wake),
    /// A sandbox is created.
    RunSandbox(SandboxId),
    /// A container starts.
    Start(ContainerIndex, InstanceId),
    /// A container gets its new resources.
    UpdateResources(ContainerIndex, InstanceId),
    /// An exec hook ends, by itself or with its container.
    HookEnd(ContainerIndex, InstanceId, HookKind),
    /// A probe with latency is answered.
    ProbeAnswer(ContainerIndex, InstanceId, ProbeKind),
    /// The Pod's prober ticks.
    Probe(Wake),
    /// The n-th action of the script.
    ScriptAction(usize),
    /// The taint manager deletes the Pod, whose node is lost.
    TaintEviction,
    /// A restart of the kubelet that was delayed until the sync under way ended.
    KubeletRestart,
    /// The Pod's next sync, or work that waits until everything else of the instant is done.
    Sync(Wake),
}

impl SimEvent {
    /// Returns the rank of a wake-up of the Pod.
    pub(in crate::sim) fn of_wake(wake: Wake) -> SimEvent {
        match wake {
            Wake::Stop(container) => SimEvent::Stop(container),
            // A sleep hook runs in the kubelet, so it is a wake-up of the Pod; it ends as early within an instant as an
            // exec hook.
            Wake::HookSlept(container) => SimEvent::HookEnd(container, InstanceId::nth(0), HookKind::PostStart),
            Wake::VolumeWait => SimEvent::VolumeWait,
            Wake::PopulateVolumes | Wake::ReconcileVolumes => SimEvent::VolumeLoop(wake),
            Wake::KillTimeout => SimEvent::KillTimeout,
            Wake::StatusWrite => SimEvent::StatusWrite,
            Wake::Relist => SimEvent::Relist,
            Wake::Probe(..) => SimEvent::Probe(wake),
            Wake::Retry
            | Wake::Deadline
            | Wake::ResizeRetry
            | Wake::GarbageCollection
            | Wake::RemoveDead
            | Wake::Housekeeping
            | Wake::StatusSync => SimEvent::Sync(wake),
        }
    }
}

/// Events in descending order: the next is the last of the list, and most Pods have a handful.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct EventQueue(Vec<(Timestamp, SimEvent)>);

impl EventQueue {
    pub(in crate::sim) fn schedule(&mut self, at: Timestamp, event: SimEvent) {
        let index = self.0.partition_point(|queued| *queued > (at, event));
        self.0.insert(index, (at, event));
    }

    pub(in crate::sim) fn first(&self) -> Option<(Timestamp, SimEvent)> {
        self.0.last().copied()
    }

    /// True if an action of the script is to come.
    pub(in crate::sim) fn has_script_actions(&self) -> bool {
        self.0.iter().any(|(_, event)| matches!(event, SimEvent::ScriptAction(_)))
    }

    pub(in crate::sim) fn pop(&mut self) {
        self.0.pop();
    }
}
