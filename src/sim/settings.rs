//! Settings of a scenario's node.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration::optional_seconds, node::NodeSettings};
use crate::{
    config::{FastPath, FeatureGate, FeatureGateError, KnownBug, Kubernetes, KubernetesVersion, Timing},
    object::NodeLossReport,
    time::Timestamp,
};

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
/// assert_eq!(real.play()?.first(crash_loop), Some(Duration::from_millis(20_400)));
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
    /// Version of the kubelet and of the API server, such as `"1.34"`; 1.36 if left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kubernetes: KubernetesVersion,
    /// Feature gates, by name; those left out are as the version has them. One that the version does not know or has locked,
    /// or that does not affect a Pod ([`FeatureGate`] has those that do), is an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    /// True if the kubelet does as the documentation says where its version has a [known bug](crate::config::KnownBug).
    #[serde(default, skip_serializing_if = "is_default")]
    pub as_documented: bool,
    /// Known bugs that the kubelet does not have although its version does, such as `inheritedStarted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed_bugs: Vec<KnownBug>,
    /// Pod lifecycle event generator: `generic` polls the runtime once a second, as on a real node; if left out, the
    /// kubelet sees every change in the runtime immediately.
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
    /// Time that the runtime takes to create a sandbox; none if left out, some tenths of a second on a real node.
    #[serde(rename = "sandboxSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub sandbox_time: Option<Duration>,
    /// Time that the runtime takes to start a container; none if left out.
    #[serde(rename = "startSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub start_time: Option<Duration>,
    /// Time that the runtime takes to update the resources of a container; none if left out.
    #[serde(rename = "updateSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub update_time: Option<Duration>,
    /// Time that a write of a status takes; 20 ms with `nodeLikeSeed`, none otherwise, if left out. The kubelet decides only
    /// at its end whether containers may run, and so whether a terminal phase is held back.
    #[serde(
        rename = "statusWriteSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_seconds"
    )]
    pub status_write_time: Option<Duration>,
    /// True if the kubelet starts together with the Pod: with `pleg: generic` the first sync then waits for the first
    /// relist. On a kubelet that runs already it begins at once.
    #[serde(default, skip_serializing_if = "is_default")]
    pub new_kubelet: bool,
    /// Time for which dead sandboxes are kept; 0 for ever; 60 s if left out.
    #[serde(
        rename = "garbageCollectionSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_seconds"
    )]
    pub garbage_collection_period: Option<Duration>,
    /// True if the kubelet mounts the Pod's volumes, which takes time and may fail; switched on by a script of a volume.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume_manager: bool,
    /// Seed of the random delays of a loaded node: the same seed gives the same run. It overrides `pleg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_like_seed: Option<u64>,
    /// Node that admits the Pod; without one every Pod is admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeSettings>,
    /// True if the runtime does not report the resources of containers, as old ones did not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub runtime_hides_resources: bool,
    /// What the control plane writes into the Pod when its node is lost: `notReady` or `unknownPhase`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub node_loss: NodeLossReport,
    /// True if the manifest was admitted before, such as the output of `kubectl get -o json`: then it is taken without
    /// defaulting and validation, its script may go on after the end of the simulation and have hooks and probes that no
    /// container has, and the simulation ends when the kubelet is done with the Pod.
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
            // A loaded node has the generic PLEG as well, so `pleg` adds nothing to it.
            (Some(seed), _) => Timing::NodeLike { seed },
            (None, Some(Pleg::Generic)) => Timing::GenericPleg {
                phase: self.relist_phase.unwrap_or(Duration::from_millis(400)),
                relist_after_sync: self.relist_after_sync,
            },
            (None, None) => Timing::Ideal,
        }
    }

    /// Returns the version of the kubelet with its feature gates and known bugs.
    ///
    /// # Errors
    ///
    /// If no kubelet of this version has these feature gates.
    pub fn kubernetes(&self) -> Result<Kubernetes, FeatureGateError> {
        let mut gates = Vec::new();
        for (name, is_on) in &self.feature_gates {
            gates.push((name.parse()?, *is_on));
        }
        if self.reduced_crash_loop_back_off {
            // The short form of an entry in `featureGates`; it comes last, so it wins.
            gates.push((FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true));
        }
        let kubernetes = Kubernetes::new(self.kubernetes).with_feature_gates(gates)?;
        let kubernetes = if self.as_documented { kubernetes.as_documented() } else { kubernetes };
        Ok(self.fixed_bugs.iter().fold(kubernetes, |kubernetes, bug| kubernetes.without_bug(*bug)))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
