//! Configuration of the node's kubelet: its Kubernetes version, feature gates, back-offs, periods and punctuality.
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::config::{KubeletConfig, Kubernetes, KubernetesVersion, Timing};
//!
//! let usual = KubeletConfig::default();
//! assert_eq!((usual.crash_loop.initial, usual.crash_loop.max), (Duration::from_secs(10), Duration::from_secs(300)));
//!
//! let kubernetes = Kubernetes::new(KubernetesVersion::V1_35);
//! let hasty = KubeletConfig::default()
//!     .with_kubernetes(kubernetes)
//!     .with_crash_loop(kubernetes.crash_loop(Some(Duration::from_secs(60))))
//!     .with_timing(Timing::NodeLike { seed: 1 });
//! assert_eq!(hasty.crash_loop.max, Duration::from_secs(60));
//! ```

mod feature_gate;
mod known_bug;
mod kubernetes;
mod node_info;
mod version;

pub use feature_gate::{FeatureGate, FeatureGateError};
pub use known_bug::{KnownBug, UnknownBug};
pub use kubernetes::Kubernetes;
pub use node_info::{AdmittedPod, NodeInfo};
pub use version::{KubeletChange, KubernetesVersion, UnknownVersion};

use alloc::{boxed::Box, sync::Arc};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::{Timestamp, seconds};

/// Limits of an exponential back-off, whose delay doubles from `initial` to `max`.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::config::BackOffLimits;
///
/// assert_eq!(BackOffLimits::IMAGE_PULL.max, Duration::from_secs(300));
/// let patient = BackOffLimits { max: Duration::from_secs(600), ..BackOffLimits::CRASH_LOOP };
/// assert_eq!(patient.initial, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackOffLimits {
    /// First delay.
    #[serde(with = "seconds")]
    pub initial: Duration,
    /// Longest delay.
    #[serde(with = "seconds")]
    pub max: Duration,
    /// Time after the last advance when the back-off starts over.
    #[serde(with = "seconds")]
    pub reset_after: Duration,
}

impl BackOffLimits {
    /// Restarts of containers: 10 s, doubling to 300 s.
    pub const CRASH_LOOP: BackOffLimits = BackOffLimits::KUBELET;
    /// Image pulls: 10 s, doubling to 300 s.
    pub const IMAGE_PULL: BackOffLimits = BackOffLimits::KUBELET;

    /// `MaxContainerBackOff` and twice that in `pkg/kubelet/kubelet.go`, for both.
    const KUBELET: BackOffLimits = BackOffLimits {
        initial: Duration::from_secs(10),
        max: Duration::from_secs(300),
        reset_after: Duration::from_secs(600),
    };
}

impl Kubernetes {
    /// Returns the crash-loop back-off of a node whose configuration sets this maximum (1 s to 300 s), or none.
    ///
    /// If the maximum is below the first delay, the first delay becomes the maximum. Without a maximum the longest delay is
    /// 300 s, but 60 s if the gate `ReduceDefaultCrashLoopBackOffDecay` is on and `KubeletCrashLoopBackOffMax` is off
    /// (KEP-4603). Answers to `newCrashLoopBackOff` in `pkg/kubelet/kubelet.go`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::config::{FeatureGate, Kubernetes};
    ///
    /// let limits = |kubernetes: Kubernetes, max: Option<u64>| {
    ///     let limits = kubernetes.crash_loop(max.map(Duration::from_secs));
    ///     (limits.initial.as_secs(), limits.max.as_secs())
    /// };
    /// let usual = Kubernetes::default();
    /// assert_eq!((limits(usual, None), limits(usual, Some(5))), ((10, 300), (5, 5)));
    /// let reduced = usual.with_feature_gates([(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)])?;
    /// assert_eq!((limits(reduced, None), limits(reduced, Some(20))), ((1, 300), (1, 20)));
    /// let without_max = reduced.with_feature_gates([(FeatureGate::KubeletCrashLoopBackOffMax, false)])?;
    /// assert_eq!(limits(without_max, None), (1, 60));
    /// # Ok::<(), pod_lifecycle::config::FeatureGateError>(())
    /// ```
    #[must_use]
    pub fn crash_loop(self, node_max: Option<Duration>) -> BackOffLimits {
        let default = BackOffLimits::CRASH_LOOP;
        let is_reduced = self.is_enabled(FeatureGate::ReduceDefaultCrashLoopBackOffDecay);
        let has_max = self.is_enabled(FeatureGate::KubeletCrashLoopBackOffMax);
        let initial = if is_reduced { REDUCED_INITIAL } else { default.initial };
        let max = match node_max {
            Some(max) if has_max => max.clamp(SHORTEST_MAX, default.max),
            Some(_) | None if has_max => default.max,
            Some(_) | None if is_reduced => REDUCED_MAX,
            Some(_) | None => default.max,
        };
        BackOffLimits { initial: initial.min(max), max, ..default }
    }
}

/// Longest delay of a restart under `ReduceDefaultCrashLoopBackOffDecay` where no maximum can be set.
const REDUCED_MAX: Duration = Duration::from_secs(60);

/// First delay of a restart under `ReduceDefaultCrashLoopBackOffDecay`.
const REDUCED_INITIAL: Duration = Duration::from_secs(1);

/// Shortest maximum that a node may set.
const SHORTEST_MAX: Duration = Duration::from_secs(1);

/// Time of a GET and a PATCH on an API server that is near and not busy.
const NODE_LIKE_WRITE_TIME: Duration = Duration::from_millis(20);

/// Configuration of a kubelet. The default is Kubernetes' own, except for the [`Timing`], which is ideal.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::config::KubeletConfig;
///
/// let config = KubeletConfig::default().with_resync_period(Duration::from_secs(30));
/// assert_eq!(config.crash_loop.max, Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KubeletConfig {
    /// Name of the node; `node` by default.
    pub node_name: Box<str>,
    /// Version of the kubelet, with its feature gates and known bugs.
    pub kubernetes: Kubernetes,
    /// Back-off of restarts: see [`Kubernetes::crash_loop`].
    pub crash_loop: BackOffLimits,
    /// Back-off of image pulls.
    pub image_pull: BackOffLimits,
    /// Period of syncs that nothing requests; at least a second, 60 s by default.
    #[serde(with = "seconds")]
    pub resync_period: Duration,
    /// Delay of the retry of a failed sync, unless it waits for the end of a back-off; at least a second, 10 s by default.
    #[serde(with = "seconds")]
    pub retry_period: Duration,
    /// Message of the runtime if the node's network is not ready when a Pod comes or is resumed; `None`: it is ready.
    /// [`NodeEvent`](crate::event::NodeEvent)s report what changes afterwards.
    pub network_not_ready: Option<Box<str>>,
    /// Punctuality of the kubelet; ideal by default.
    pub timing: Timing,
    /// Time that dead, empty sandboxes are kept; `None`: for ever. 60 s by default.
    #[serde(with = "seconds::option")]
    pub garbage_collection_period: Option<Duration>,
    /// Node that admits the Pod, as the kubelet knows it at first; `None`: the embedder decides about admission.
    /// [`NodeEvent::InfoChanged`](crate::event::NodeEvent::InfoChanged) changes it.
    pub node: Option<Arc<NodeInfo>>,
    /// True if the machine asks the embedder to mount and unmount the volumes that containers mount, and waits for them;
    /// false by default: then volumes count as mounted. See [`Action::SetUpVolume`](crate::Action::SetUpVolume).
    #[serde(default)]
    pub volume_manager: bool,
    /// Time that a write of a status takes, from the computed status to the API server: the status manager reads the object
    /// first, and only then decides whether a terminal phase is held back. `None`: 20 ms under [`Timing::NodeLike`], no
    /// time otherwise.
    #[serde(with = "seconds::option")]
    pub status_write_time: Option<Duration>,
    /// True if the kubelet starts together with the Pod, so that the generic PLEG has relisted nothing yet, and the first
    /// sync waits for its first relist; false by default.
    pub is_new: bool,
    /// True if the runtime does not report the resources of containers, as old ones did not; false by default.
    pub runtime_hides_resources: bool,
    /// Shortcuts that change no behaviour; for tests and measurements.
    #[doc(hidden)]
    #[serde(skip)]
    pub fast_path: FastPath,
}

impl Default for KubeletConfig {
    fn default() -> KubeletConfig {
        KubeletConfig {
            node_name: "node".into(),
            kubernetes: Kubernetes::default(),
            crash_loop: BackOffLimits::CRASH_LOOP,
            image_pull: BackOffLimits::IMAGE_PULL,
            resync_period: Duration::from_secs(60),
            retry_period: Duration::from_secs(10),
            network_not_ready: None,
            timing: Timing::Ideal,
            garbage_collection_period: Some(Duration::from_secs(60)),
            node: None,
            volume_manager: false,
            status_write_time: None,
            is_new: false,
            runtime_hides_resources: false,
            fast_path: FastPath::ALL,
        }
    }
}

impl KubeletConfig {
    /// Names the node.
    #[must_use]
    pub fn with_node_name(mut self, node_name: impl Into<Box<str>>) -> KubeletConfig {
        self.node_name = node_name.into();
        self
    }

    /// Sets the version of the kubelet, with its feature gates and known bugs, and the back-off of restarts that its gates
    /// give; [`with_crash_loop`](KubeletConfig::with_crash_loop) changes that afterwards.
    #[must_use]
    pub fn with_kubernetes(mut self, kubernetes: impl Into<Kubernetes>) -> KubeletConfig {
        self.kubernetes = kubernetes.into();
        self.crash_loop = self.kubernetes.crash_loop(None);
        self
    }

    /// Sets the back-off of restarts.
    #[must_use]
    pub const fn with_crash_loop(mut self, limits: BackOffLimits) -> KubeletConfig {
        self.crash_loop = limits;
        self
    }

    /// Sets the back-off of image pulls.
    #[must_use]
    pub const fn with_image_pull(mut self, limits: BackOffLimits) -> KubeletConfig {
        self.image_pull = limits;
        self
    }

    /// Sets the period of syncs that nothing requests.
    #[must_use]
    pub const fn with_resync_period(mut self, period: Duration) -> KubeletConfig {
        self.resync_period = period;
        self
    }

    /// Sets the delay of the retry of a failed sync.
    #[must_use]
    pub const fn with_retry_period(mut self, period: Duration) -> KubeletConfig {
        self.retry_period = period;
        self
    }

    /// Sets the time that dead, empty sandboxes are kept; `None`: for ever.
    #[must_use]
    pub const fn with_garbage_collection_period(mut self, period: Option<Duration>) -> KubeletConfig {
        self.garbage_collection_period = period;
        self
    }

    /// Sets the message of the runtime if the node's network is not ready when a Pod comes or is resumed.
    #[must_use]
    pub fn with_network_not_ready(mut self, message: Option<impl Into<Box<str>>>) -> KubeletConfig {
        self.network_not_ready = message.map(Into::into);
        self
    }

    /// Sets the node that admits the Pod.
    #[must_use]
    pub fn with_node(mut self, node: NodeInfo) -> KubeletConfig {
        self.node = Some(Arc::new(node));
        self
    }

    /// Sets whether the machine has the Pod's volumes mounted and unmounted, as the kubelet's volume manager does.
    #[must_use]
    pub const fn with_volume_manager(mut self, is_on: bool) -> KubeletConfig {
        self.volume_manager = is_on;
        self
    }

    /// Sets the time that a write of a status takes; `None`: as the timing has it.
    #[must_use]
    pub const fn with_status_write_time(mut self, time: Option<Duration>) -> KubeletConfig {
        self.status_write_time = time;
        self
    }

    /// Returns the time that a write of a status takes.
    pub(crate) fn write_time(&self) -> Duration {
        self.status_write_time.unwrap_or(match self.timing {
            Timing::NodeLike { .. } => NODE_LIKE_WRITE_TIME,
            Timing::Ideal | Timing::GenericPleg { .. } => Duration::ZERO,
        })
    }

    /// Sets whether the kubelet starts together with the Pod.
    #[must_use]
    pub const fn starting_with_pod(mut self, is_new: bool) -> KubeletConfig {
        self.is_new = is_new;
        self
    }

    /// Sets the punctuality of the kubelet.
    #[must_use]
    pub const fn with_timing(mut self, timing: Timing) -> KubeletConfig {
        self.timing = timing;
        self
    }
}

/// Set of the machine's shortcuts, none of which changes any behaviour: a hidden setting for tests and measurements.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FastPath(u8);

impl FastPath {
    /// No shortcut.
    pub const NONE: FastPath = FastPath(0);
    /// Skips a resync that is known to be a no-op.
    pub const RESYNC: FastPath = FastPath(1);
    /// Shares equal statuses among the Pods of a fleet.
    pub const INTERNER: FastPath = FastPath(1 << 1);
    /// Skips the sync loop after a probe's answer that queues nothing.
    pub const PROBE_ANSWER: FastPath = FastPath(1 << 2);
    /// Caches the next wake-up.
    pub const NEXT_WAKE: FastPath = FastPath(1 << 3);
    /// Every shortcut.
    pub const ALL: FastPath = FastPath(0b1111);

    /// True if all of these shortcuts are on.
    #[must_use]
    pub const fn contains(self, other: FastPath) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the set without these shortcuts.
    #[must_use]
    pub const fn without(self, other: FastPath) -> FastPath {
        FastPath(self.0 & !other.0)
    }
}

impl Default for FastPath {
    fn default() -> FastPath {
        FastPath::ALL
    }
}

/// Punctuality of the kubelet, and its way to notice changes of the runtime.
///
/// A node that polls its runtime half a second after each full second:
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::config::{KubeletConfig, Timing};
///
/// let timing = Timing::GenericPleg { phase: Duration::from_millis(500), relist_after_sync: true };
/// let config = KubeletConfig::default().with_timing(timing);
/// assert_ne!(config.timing, Timing::Ideal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Timing {
    /// Timers fire exactly when they are due, and changes of the runtime are noticed at once.
    #[default]
    Ideal,
    /// The kubelet's generic PLEG ("pod lifecycle event generator") relists the runtime once a second. A sync uses the
    /// cache of the last relist, starts only after a relist since the sync before, and each change that a relist finds
    /// requests a sync of its own.
    GenericPleg {
        /// Offset of the relist in each second; whole seconds are dropped.
        #[serde(with = "seconds")]
        phase: Duration,
        /// True if a sync that has acted is followed by a relist of its Pod at once, as on a real node.
        relist_after_sync: bool,
    },
    /// As on a real node: the generic PLEG with a relist after each sync, and retry timers that are up to 50 % late.
    NodeLike {
        /// Seed of the relist's offset and, with the Pod's uid, of the delays; the same seed gives the same life.
        seed: u64,
    },
}

impl Timing {
    /// Returns the next time after `at` at which the status manager compares its statuses with the API's: each 10 s
    /// (`syncPeriod` in pkg/kubelet/status).
    pub(crate) fn next_status_sync(self, at: Timestamp) -> Timestamp {
        let offset = match self {
            Timing::Ideal | Timing::GenericPleg { .. } => 0,
            // The seed's other bits: the offset of the relist in its second is drawn from the seed itself.
            Timing::NodeLike { seed } => i64::try_from(mix(!seed).checked_rem(10_000_000).unwrap_or(0)).unwrap_or(0),
        };
        let since_last = at.unix_micros().saturating_sub(offset).rem_euclid(10_000_000);
        at + STATUS_SYNC_PERIOD - Duration::from_micros(u64::try_from(since_last).unwrap_or(0))
    }

    /// Returns the offset of the relist in each second, and true if syncs request relists too; `None` without a poll.
    pub(crate) fn poll(self) -> Option<(Duration, bool)> {
        match self {
            Timing::Ideal => None,
            Timing::GenericPleg { phase, relist_after_sync } => {
                Some((Duration::from_nanos(u64::from(phase.subsec_nanos())), relist_after_sync))
            }
            Timing::NodeLike { seed } => {
                let millis = mix(seed).checked_rem(1000).unwrap_or(0);
                Some((Duration::from_millis(millis), true))
            }
        }
    }
}

/// Period of the status manager's comparison with the API (`syncPeriod` in pkg/kubelet/status).
const STATUS_SYNC_PERIOD: Duration = Duration::from_secs(10);

/// Scrambles a number (the finalizer of `SplitMix64`).
pub(crate) fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
