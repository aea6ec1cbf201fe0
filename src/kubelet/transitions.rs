//! State transitions of a pod worker, a published phase and a container; tests walk the tables, and the diagrams of the
//! docs are generated from them.

use crate::{
    action::ContainerStateKind,
    api::{PodPhase, named},
};

named! {
    /// State of a Pod's worker. A worker never returns to an earlier state.
    pub enum WorkerState {
        /// SyncPod: the worker reconciles the Pod to its spec.
        Syncing = "Syncing",
        /// SyncTerminatingPod: all containers are being stopped.
        Terminating = "Terminating",
        /// SyncTerminatedPod: all containers have stopped, and the last status is left to publish.
        Terminated = "Terminated",
        /// The kubelet is done with the Pod.
        Finished = "Finished",
    }
}

/// Transitions of a pod worker; it refuses every other.
///
/// ```
/// use pod_lifecycle::{WORKER_MOVES, WorkerState};
///
/// let next = |from| WORKER_MOVES.iter().filter(move |(it, _)| *it == from).map(|(_, to)| *to);
/// let from_the_start: Vec<_> = next(WorkerState::Syncing).collect();
/// assert_eq!(from_the_start, [WorkerState::Terminating, WorkerState::Finished]);
/// ```
pub const WORKER_MOVES: &[(WorkerState, WorkerState)] = &[
    (WorkerState::Syncing, WorkerState::Terminating),
    (WorkerState::Syncing, WorkerState::Finished),
    (WorkerState::Terminating, WorkerState::Terminated),
    (WorkerState::Terminated, WorkerState::Finished),
];

/// Transitions of the published phase. A Pod goes back from `Running` to `Pending` when its sandbox dies and its init
/// containers run again; it never leaves `Succeeded` or `Failed`. `Unknown` is what an observer sees of a lost node.
pub const PHASE_MOVES: &[(PodPhase, PodPhase)] = &[
    (PodPhase::Pending, PodPhase::Running),
    (PodPhase::Pending, PodPhase::Succeeded),
    (PodPhase::Pending, PodPhase::Failed),
    (PodPhase::Pending, PodPhase::Unknown),
    (PodPhase::Running, PodPhase::Pending),
    (PodPhase::Running, PodPhase::Succeeded),
    (PodPhase::Running, PodPhase::Failed),
    (PodPhase::Running, PodPhase::Unknown),
    (PodPhase::Unknown, PodPhase::Pending),
    (PodPhase::Unknown, PodPhase::Running),
    (PodPhase::Unknown, PodPhase::Succeeded),
    (PodPhase::Unknown, PodPhase::Failed),
];

/// Transitions of a published container state. A container that runs only for an instant goes from waiting to
/// terminated, and one that is restarted at once from terminated to running.
pub const CONTAINER_MOVES: &[(ContainerStateKind, ContainerStateKind)] = &[
    (ContainerStateKind::Waiting, ContainerStateKind::Running),
    (ContainerStateKind::Waiting, ContainerStateKind::Terminated),
    (ContainerStateKind::Running, ContainerStateKind::Waiting),
    (ContainerStateKind::Running, ContainerStateKind::Terminated),
    (ContainerStateKind::Terminated, ContainerStateKind::Waiting),
    (ContainerStateKind::Terminated, ContainerStateKind::Running),
];
