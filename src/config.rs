//! How the node's kubelet is set up.

use alloc::boxed::Box;
use core::time::Duration;

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

/// How the node's kubelet is set up; the default is Kubernetes' own.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::config::KubeletConfig;
///
/// let config = KubeletConfig { resync_period: Duration::from_secs(30), ..KubeletConfig::default() };
/// assert_eq!(config.crash_loop.max, 300);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KubeletConfig {
    /// The name of the node.
    pub node_name: Box<str>,
    /// Back-off of restarts.
    pub crash_loop: BackOffLimits,
    /// Back-off of image pulls.
    pub image_pull: BackOffLimits,
    /// How long after a good pass the next one comes without any other reason; at least a second.
    pub resync_period: Duration,
    /// How long after a failed pass it is tried again, unless a back-off ends earlier or later; at least a second.
    pub retry_period: Duration,
    /// Whether time is ideal or as on a real node.
    pub timing: Timing,
}

impl Default for KubeletConfig {
    fn default() -> KubeletConfig {
        KubeletConfig {
            node_name: "node".into(),
            crash_loop: BackOffLimits::CRASH_LOOP,
            image_pull: BackOffLimits::IMAGE_PULL,
            resync_period: Duration::from_secs(60),
            retry_period: Duration::from_secs(10),
            timing: Timing::Ideal,
        }
    }
}

/// How punctual the kubelet is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Timing {
    /// It wakes exactly when something is due, and notices runtime changes at once.
    #[default]
    Ideal,
    /// As on a real node: the retry timer is late by up to half again, and the runtime is looked at once a second.
    NodeLike {
        /// Makes the lateness; the same seed gives the same life.
        seed: u64,
    },
}
