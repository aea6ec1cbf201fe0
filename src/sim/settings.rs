//! Settings of a scenario's node.

use alloc::{collections::BTreeMap, string::String};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration::optional_seconds;
use crate::{
    config::{FastPath, FeatureGates, Timing},
    time::Timestamp,
};

/// The feature gates that affect a Pod, without those that have a setting of their own.
pub(super) const FEATURE_GATES: [&str; 2] = ["KubeletCrashLoopBackOffMax", "ReduceDefaultCrashLoopBackOffDecay"];

/// Settings of a scenario's node; those left out are as Kubernetes has them.
///
/// By default the node is ideal: its kubelet sees every change in the runtime immediately. That is best for tests, since
/// they then rely on no accident of timing. [`Settings::real_node`] is what a user of a real cluster sees: its kubelet
/// polls the runtime once a second (`pleg: generic`), and after each sync that changed something (`relistAfterSync`).
/// `nodeLikeSeed` adds the seeded random delays of a loaded node: see [`Timing`](crate::config::Timing).
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{Scenario, StatusMatcher, Settings};
///
/// let ideal = Scenario::example().container("app", |app| app.exits_after(5).with_code(1));
/// let real = ideal.clone().on_node(Settings::real_node());
/// let crash_loop = StatusMatcher::waiting("app", "CrashLoopBackOff");
/// assert_eq!(ideal.play()?.first(crash_loop), Some(Duration::from_secs(155)));
/// assert_eq!(real.play()?.first(crash_loop), Some(Duration::from_millis(21_400)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Name of the node; `node` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// Start of the simulation; noon of 1 March 2026 (UTC) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Time until the next sync if nothing else triggers one (`syncFrequency`); 60 s if left out.
    #[serde(rename = "resyncSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub resync_period: Option<Duration>,
    /// Longest delay of a restart, from 1 s to 300 s; 300 s if left out (KEP-5593,
    /// `crashLoopBackOff.maxContainerRestartPeriod`).
    #[serde(
        rename = "maxContainerRestartPeriodSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_seconds"
    )]
    pub max_container_restart_period: Option<Duration>,
    /// True if the feature gate `ReduceDefaultCrashLoopBackOffDecay` is on (KEP-4603): the first delay is 1 s.
    #[serde(default)]
    pub reduced_crash_loop_back_off: bool,
    /// Feature gates, by name; those left out are as in Kubernetes 1.36. One that does not affect a Pod
    /// ([`FeatureGates`](crate::config::FeatureGates) has those that do) is an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    /// How the kubelet sees changes in the runtime: `generic` for the one-second poll of a real node; immediately if left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pleg: Option<Pleg>,
    /// Offset of the generic PLEG's relists within each second; 0.4 s if left out. Real nodes differ in it.
    #[serde(
        rename = "relistPhaseSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_seconds"
    )]
    pub relist_phase: Option<Duration>,
    /// True if a sync that changed something is followed by a relist at once, as on a real node; needs `pleg: generic`.
    #[serde(default)]
    pub relist_after_sync: bool,
    /// Time for which dead sandboxes are kept; 0 for ever; 60 s if left out.
    #[serde(
        rename = "garbageCollectionSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_seconds"
    )]
    pub garbage_collection_period: Option<Duration>,
    /// Seed of the random delays of a loaded node: the same seed gives the same run. It overrides `pleg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_like_seed: Option<u64>,
    /// True if the manifest was admitted before, such as the output of `kubectl get -o json`: then it is taken without
    /// defaulting and validation, and its script may go on after the end of the simulation.
    #[serde(default)]
    pub admitted: bool,
    /// Shortcuts of the machine that change no behaviour; for tests and measurements.
    #[doc(hidden)]
    #[serde(skip)]
    pub fast_path: FastPath,
}

crate::api::named! {
    /// Pod lifecycle event generator: how the kubelet sees changes in the runtime.
    #[non_exhaustive]
    pub enum Pleg {
        /// Polls the runtime once a second (generic PLEG).
        Generic = "generic",
    }
}

impl Settings {
    /// Returns the settings of a real node without random delays: the generic PLEG, with a relist after each sync.
    ///
    /// A crash loop on it shows `Error` and `CrashLoopBackOff` as early and as long as `kubectl get pods --watch` does in
    /// a cluster.
    #[must_use]
    pub fn real_node() -> Settings {
        Settings { pleg: Some(Pleg::Generic), relist_after_sync: true, ..Settings::default() }
    }

    pub(super) fn timing(&self) -> Timing {
        match (self.node_like_seed, self.pleg) {
            (Some(seed), _) => Timing::NodeLike { seed },
            (None, Some(Pleg::Generic)) => Timing::GenericPleg {
                phase: self.relist_phase.unwrap_or(Duration::from_millis(400)),
                relist_after_sync: self.relist_after_sync,
            },
            (None, None) => Timing::Ideal,
        }
    }

    pub(super) fn feature_gates(&self) -> FeatureGates {
        let is_on = |name: &str, default: bool| self.feature_gates.get(name).copied().unwrap_or(default);
        let default = FeatureGates::default();
        FeatureGates {
            reduce_default_crash_loop_back_off_decay: self.reduced_crash_loop_back_off
                || is_on("ReduceDefaultCrashLoopBackOffDecay", default.reduce_default_crash_loop_back_off_decay),
            kubelet_crash_loop_back_off_max: is_on(
                "KubeletCrashLoopBackOffMax",
                default.kubelet_crash_loop_back_off_max,
            ),
        }
    }
}
