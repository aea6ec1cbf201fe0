//! Wake-ups: the reasons for which a Pod's machine wakes without an event.

use crate::spec::{ContainerIndex, ProbeKind};

/// Reason of a wake-up; several at one instant come in this order. See
/// [`PodMachine::next_wake`](crate::PodMachine::next_wake).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Wake {
    /// The runtime is relisted ([`Timing::GenericPleg`](crate::config::Timing::GenericPleg) and
    /// [`Timing::NodeLike`](crate::config::Timing::NodeLike) only).
    Relist,
    /// A container being stopped: its preStop hook has run out of time, or its order has come.
    Stop(ContainerIndex),
    /// A postStart hook that sleeps is over.
    HookSlept(ContainerIndex),
    /// A probe is due.
    Probe(ContainerIndex, ProbeKind),
    /// An eviction, preemption or shutdown has waited long enough for the Pod's end.
    KillTimeout,
    /// The next sync is due without any other reason: the end of a back-off, the retry of a failed sync, or a resync.
    Retry,
    /// The active deadline has passed.
    Deadline,
    /// Dead sandboxes are removed.
    GarbageCollection,
    /// Dead containers are removed of a Pod that was evicted, or that is deleted and over.
    RemoveDead,
}
