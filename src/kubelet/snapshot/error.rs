//! Why no Pod can be restored from a snapshot.

/// Why no Pod can be restored from a snapshot.
///
/// ```
/// use pod_lifecycle::SnapshotError;
///
/// let error = SnapshotError::NoSuchContainer { field: "runtime", place: 7 };
/// assert_eq!(error.to_string(), "runtime: the PodMachine has no container 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A container is spoken of that the Pod does not have.
    #[error("{field}: the Pod has no container {place}")]
    NoSuchContainer {
        /// The part of the snapshot that speaks of it.
        field: &'static str,
        /// The container's index.
        place: usize,
    },
    /// There are not as many entries as the Pod has containers, or probes.
    #[error("{field}: the number of entries does not fit the Pod's spec")]
    WrongCount {
        /// The part of the snapshot with the entries.
        field: &'static str,
    },
    /// The objects in it are not of one Pod.
    #[error("{field}: the object is of another Pod")]
    AnotherPod {
        /// The part of the snapshot with the object.
        field: &'static str,
    },
    /// Two things are said that are not true at the same time.
    #[error("{field}: {problem}")]
    Inconsistency {
        /// The part of the snapshot that says so.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The Pod's kubelet polled its runtime, and the one that is to have it now does not, or the other way round.
    #[error("config.timing: not of the kind that the Pod knew")]
    OtherTiming,
}
