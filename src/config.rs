//! How the node's kubelet is set up.

/// The limits of a back-off, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BackOffLimits {
    /// The first delay.
    pub initial: u32,
    /// The longest delay.
    pub max: u32,
    /// The counter starts over when an event comes later than this after it was last advanced.
    pub reset_after: u32,
}

impl BackOffLimits {
    /// Restarts of containers: 10 s, doubling to 300 s.
    pub const CRASH_LOOP: BackOffLimits = BackOffLimits { initial: 10, max: 300, reset_after: 600 };
    /// Restarts of containers under `ReduceDefaultCrashLoopBackOffDecay` (KEP-4603): 1 s, doubling to 60 s.
    pub const REDUCED_CRASH_LOOP: BackOffLimits = BackOffLimits { initial: 1, max: 60, reset_after: 600 };
    /// Image pulls: 10 s, doubling to 300 s.
    pub const IMAGE_PULL: BackOffLimits = BackOffLimits { initial: 10, max: 300, reset_after: 600 };

    /// Restarts with a maximum set for the node (KEP-5593), clamped to 1 s to 300 s; a maximum below the initial
    /// delay lowers that too.
    ///
    /// ```
    /// use pod_lifecycle::config::BackOffLimits;
    ///
    /// let limits = BackOffLimits::with_node_max(5);
    /// assert_eq!((limits.initial, limits.max), (5, 5));
    /// ```
    #[must_use]
    pub fn with_node_max(max: u32) -> BackOffLimits {
        let max = max.clamp(1, BackOffLimits::CRASH_LOOP.max);
        BackOffLimits { initial: BackOffLimits::CRASH_LOOP.initial.min(max), max, ..BackOffLimits::CRASH_LOOP }
    }
}
