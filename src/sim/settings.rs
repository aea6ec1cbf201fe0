//! How the node of a scenario is set up.

use alloc::{collections::BTreeMap, string::String};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    config::{FeatureGates, Timing},
    time::Timestamp,
};

/// The feature gates that make a difference to a Pod's life, beside those that have a setting of their own.
pub(super) const FEATURE_GATES: [&str; 2] = ["KubeletCrashLoopBackOffMax", "ReduceDefaultCrashLoopBackOffDecay"];

/// How the node of a [`Scenario`](super::Scenario) is set up; everything that is left out is as Kubernetes has it.
///
/// Time is ideal if nothing is said of it: the kubelet notices what happens in the runtime at once. That is best for
/// tests, as it leaves out only what nobody can rely on. For what a user of a real cluster sees, whose kubelet asks the
/// runtime once a second (`pleg: generic`) and again after each sync that has done something (`relistAfterSync`), see
/// [`Settings::real_node`]; and for one that is late by chance, too, `nodeLikeSeed`. See
/// [`Timing`](crate::config::Timing).
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{Scenario, StatusMatcher, Settings};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let ideal = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(1));
/// let real = ideal.clone().on_node(Settings::real_node());
/// let crash_loop = StatusMatcher::waiting("app", "CrashLoopBackOff");
/// assert_eq!(ideal.play()?.first(crash_loop), Some(Duration::from_secs(155)));
/// assert_eq!(real.play()?.first(crash_loop), Some(Duration::from_millis(21_400)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The node's name; `node` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// When the life begins; noon of the first of March 2026 (UTC) if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Seconds until the next sync if nothing else asks for one (`syncFrequency`); 60 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resync_seconds: Option<f64>,
    /// The longest delay of a restart, in seconds: from 1 to 300, and 300 if left out (KEP-5593,
    /// `crashLoopBackOff.maxContainerRestartPeriod`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_container_restart_period_seconds: Option<u32>,
    /// Whether the feature gate `ReduceDefaultCrashLoopBackOffDecay` is on (KEP-4603): the first delay is 1 s.
    #[serde(default)]
    pub reduced_crash_loop_back_off: bool,
    /// Feature gates, by name; those that are left out are as Kubernetes 1.36 has them. See
    /// [`FeatureGates`](crate::config::FeatureGates) for those that make a difference; another is an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    /// How the kubelet notices what happens in the runtime: `generic` for the one-second poll of a real node; at once if
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pleg: Option<Pleg>,
    /// Milliseconds of each second at which the generic PLEG relists; 400 if left out. Real nodes differ in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relist_phase_millis: Option<u32>,
    /// Whether a sync that has done something is followed by a relist at once, as on a real node; needs `pleg: generic`.
    #[serde(default)]
    pub relist_after_sync: bool,
    /// Seconds that dead sandboxes are kept; 0: for ever; 60 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub garbage_collection_seconds: Option<f64>,
    /// Makes time as unpunctual as on a real node, from this seed: the same seed gives the same life. It goes before
    /// `pleg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_like_seed: Option<u64>,
    /// Whether the manifest was admitted before, as one is that `kubectl get -o json` prints: it is then taken as it
    /// stands, without defaults and validation; so is its script, even if it goes on after the end of the story.
    #[serde(default)]
    pub admitted: bool,
}

crate::api::named! {
    /// How the kubelet notices what happens in the runtime.
    ///
    /// ```
    /// use pod_lifecycle::sim::Pleg;
    ///
    /// assert_eq!("generic".parse::<Pleg>(), Ok(Pleg::Generic));
    /// ```
    #[non_exhaustive]
    pub enum Pleg {
        /// It polls, once a second.
        Generic = "generic",
    }
}

impl Settings {
    /// A node as there are real ones, but punctual: the generic PLEG, with a relist after each sync.
    ///
    /// A crash loop on it shows `Error` and `CrashLoopBackOff` as early and as long as `kubectl get pods --watch` does
    /// in a cluster.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Pleg, Settings};
    ///
    /// let settings = Settings::real_node();
    /// assert_eq!((settings.pleg, settings.relist_after_sync), (Some(Pleg::Generic), true));
    /// ```
    #[must_use]
    pub fn real_node() -> Settings {
        Settings { pleg: Some(Pleg::Generic), relist_after_sync: true, ..Settings::default() }
    }

    pub(super) fn timing(&self) -> Timing {
        match (self.node_like_seed, self.pleg) {
            (Some(seed), _) => Timing::NodeLike { seed },
            (None, Some(Pleg::Generic)) => Timing::GenericPleg {
                phase: Duration::from_millis(u64::from(self.relist_phase_millis.unwrap_or(400))),
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
