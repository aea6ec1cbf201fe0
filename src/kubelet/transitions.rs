//! The moves that a worker, a phase and a container can make; tests walk them, and the docs' diagrams come from them.

use crate::{
    action::ContainerStateKind,
    api::{PodPhase, named},
};

named! {
    /// Where a Pod's worker stands; it never goes back.
    ///
    /// ```
    /// use pod_lifecycle::{WORKER_MOVES, WorkerState};
    ///
    /// assert!(WORKER_MOVES.contains(&(WorkerState::Syncing, WorkerState::Terminating)));
    /// assert!(!WORKER_MOVES.iter().any(|(from, _)| *from == WorkerState::Finished), "it never goes back");
    /// ```
    pub enum WorkerState {
        /// The Pod is kept as it ought to be.
        Syncing = "Syncing",
        /// Everything is being stopped.
        Terminating = "Terminating",
        /// Nothing runs any more; the bookkeeping is left.
        Terminated = "Terminated",
        /// The kubelet is done with the Pod.
        Finished = "Finished",
    }
}

/// The moves of a Pod's worker in the kubelet, from where it stands to where it may stand next.
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

/// The moves of the published phase. A Pod goes back from `Running` to `Pending` when its sandbox dies and its init
/// containers run again; it never leaves `Succeeded` or `Failed`. `Unknown` is what an observer sees of a lost node.
///
/// ```
/// use pod_lifecycle::{PHASE_MOVES, api::PodPhase};
///
/// assert!(PHASE_MOVES.contains(&(PodPhase::Pending, PodPhase::Running)));
/// assert!(!PHASE_MOVES.contains(&(PodPhase::Failed, PodPhase::Running)));
/// ```
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

/// The moves of a published container state. One that runs only for an instant may go from waiting to terminated, and
/// one that is restarted at once from terminated to running.
///
/// ```
/// use pod_lifecycle::{CONTAINER_MOVES, ContainerStateKind};
///
/// assert!(CONTAINER_MOVES.contains(&(ContainerStateKind::Waiting, ContainerStateKind::Running)));
/// ```
pub const CONTAINER_MOVES: &[(ContainerStateKind, ContainerStateKind)] = &[
    (ContainerStateKind::Waiting, ContainerStateKind::Running),
    (ContainerStateKind::Waiting, ContainerStateKind::Terminated),
    (ContainerStateKind::Running, ContainerStateKind::Waiting),
    (ContainerStateKind::Running, ContainerStateKind::Terminated),
    (ContainerStateKind::Terminated, ContainerStateKind::Waiting),
    (ContainerStateKind::Terminated, ContainerStateKind::Running),
];
