//! Version of a kubelet with its feature gates and known bugs: all that makes one kubelet behave unlike another.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{
    feature_gate::{FeatureGate, FeatureGateError},
    known_bug::KnownBug,
    version::{KubeletChange, KubernetesVersion},
};

/// Kubernetes version of a kubelet, with its feature gates and known bugs. The default is 1.36 as it is released.
///
/// A combination that no such kubelet has cannot be made: [`Kubernetes::with_feature_gates`] refuses it.
///
/// ```
/// use pod_lifecycle::config::{FeatureGate, Kubernetes, KubernetesVersion};
///
/// let older = Kubernetes::new(KubernetesVersion::V1_34);
/// assert!(!older.is_enabled(FeatureGate::ContainerRestartRules));
///
/// let tried_out = older.with_feature_gates([(FeatureGate::ContainerRestartRules, true)])?;
/// assert!(tried_out.is_enabled(FeatureGate::ContainerRestartRules));
///
/// let error = Kubernetes::default().with_feature_gates([(FeatureGate::SidecarContainers, false)]).unwrap_err();
/// assert_eq!(error.to_string(), "feature gate SidecarContainers cannot be switched off in Kubernetes 1.36: it is locked there");
/// # Ok::<(), pod_lifecycle::config::FeatureGateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Serialized", into = "Serialized")]
pub struct Kubernetes {
    version: KubernetesVersion,
    /// Bits of the gates that are on.
    gates: u64,
    /// Bits of the bugs that this kubelet has.
    bugs: u32,
}

impl Default for Kubernetes {
    fn default() -> Kubernetes {
        Kubernetes::new(KubernetesVersion::default())
    }
}

impl From<KubernetesVersion> for Kubernetes {
    fn from(version: KubernetesVersion) -> Kubernetes {
        Kubernetes::new(version)
    }
}

impl Kubernetes {
    /// Creates the kubelet of a version as it is released, with its default gates and its known bugs.
    #[must_use]
    pub fn new(version: KubernetesVersion) -> Kubernetes {
        let is_on = |gate: &&FeatureGate| gate.default_in(version) == Some(true);
        let gates = FeatureGate::ALL.iter().filter(is_on).fold(0, |bits, gate| bits | gate.bit());
        let has = |bug: &&KnownBug| bug.is_in(version);
        let bugs = KnownBug::ALL.iter().filter(has).fold(0, |bits, bug| bits | bug.bit());
        Kubernetes { version, gates, bugs }
    }

    /// Switches feature gates on or off, all at once as the kubelet does when it starts.
    ///
    /// # Errors
    ///
    /// If the version does not know a gate, has locked it, or if a gate that is on needs one that is off.
    pub fn with_feature_gates(
        mut self,
        gates: impl IntoIterator<Item = (FeatureGate, bool)>,
    ) -> Result<Kubernetes, FeatureGateError> {
        let version = self.version;
        // A gate that is set to its default is accepted, too, as long as the version knows it.
        for (gate, is_on) in gates {
            if gate.default_in(version).is_none() {
                return Err(FeatureGateError::NotInVersion { gate, version });
            }
            if !is_on && gate.is_locked_in(version) {
                return Err(FeatureGateError::Locked { gate, version });
            }
            if is_on { self.gates |= gate.bit() } else { self.gates &= !gate.bit() }
        }
        // Only when all are set: the order in which they are given does not matter.
        for &gate in FeatureGate::ALL.iter().filter(|gate| self.is_enabled(**gate)) {
            // A gate that the version does not know yet guards nothing there.
            let is_off =
                |required: &&FeatureGate| required.default_in(version).is_some() && !self.is_enabled(**required);
            if let Some(&required) = gate.requires().iter().find(is_off) {
                return Err(FeatureGateError::Requires { gate, required });
            }
        }
        Ok(self)
    }

    /// Removes a known bug: the kubelet then behaves as Kubernetes' documentation says.
    #[must_use]
    pub const fn without_bug(mut self, bug: KnownBug) -> Kubernetes {
        self.bugs &= !bug.bit();
        self
    }

    /// Removes every known bug but this one.
    #[must_use]
    pub const fn with_only_bug(mut self, bug: KnownBug) -> Kubernetes {
        self.bugs &= bug.bit();
        self
    }

    /// Removes every known bug.
    #[must_use]
    pub const fn as_documented(mut self) -> Kubernetes {
        self.bugs = 0;
        self
    }

    /// Returns the version.
    #[must_use]
    pub const fn version(self) -> KubernetesVersion {
        self.version
    }

    /// True if a feature gate is on.
    #[must_use]
    pub const fn is_enabled(self, gate: FeatureGate) -> bool {
        self.gates & gate.bit() != 0
    }

    /// True if the kubelet has a known bug.
    #[must_use]
    pub const fn has_bug(self, bug: KnownBug) -> bool {
        self.bugs & bug.bit() != 0
    }

    /// True if the kubelet has no known bug.
    #[must_use]
    pub const fn is_as_documented(self) -> bool {
        self.bugs == 0
    }

    /// True if containers that run stay started and ready over a restart of the kubelet (KEP-4781): since 1.35, unless
    /// the gate `ChangeContainerStatusOnKubeletRestart` is on.
    #[must_use]
    pub const fn keeps_readiness(self) -> bool {
        let restores_the_old = self.is_enabled(FeatureGate::ChangeContainerStatusOnKubeletRestart);
        !self.has_bug(KnownBug::ReadinessForgotten) && !restores_the_old
    }

    /// True if the kubelet has a change that no feature gate guards.
    #[must_use]
    pub const fn has(self, change: KubeletChange) -> bool {
        self.version.has(change)
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Serialized { version, feature_gates, fixed_bugs } = Serialized::from(*self);
        let mut shown = f.debug_struct("Kubernetes");
        shown.field("version", &version).field("feature_gates", &feature_gates).field("fixed_bugs", &fixed_bugs);
        shown.finish()
    }
}

/// Serialized form: the version, and the gates and bugs that differ from its release.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Kubernetes", rename_all = "camelCase", deny_unknown_fields)]
struct Serialized {
    version: KubernetesVersion,
    #[serde(default)]
    feature_gates: BTreeMap<String, bool>,
    #[serde(default)]
    fixed_bugs: Vec<KnownBug>,
}

impl From<Kubernetes> for Serialized {
    fn from(kubernetes: Kubernetes) -> Serialized {
        let release = Kubernetes::new(kubernetes.version);
        let differs = |gate: &&FeatureGate| kubernetes.is_enabled(**gate) != release.is_enabled(**gate);
        let gates = FeatureGate::ALL.iter().filter(differs);
        let is_fixed = |bug: &&KnownBug| release.has_bug(**bug) && !kubernetes.has_bug(**bug);
        Serialized {
            version: kubernetes.version,
            feature_gates: gates.map(|gate| (gate.name().into(), kubernetes.is_enabled(*gate))).collect(),
            fixed_bugs: KnownBug::ALL.iter().filter(is_fixed).copied().collect(),
        }
    }
}

impl TryFrom<Serialized> for Kubernetes {
    type Error = FeatureGateError;

    fn try_from(serialized: Serialized) -> Result<Kubernetes, FeatureGateError> {
        let mut gates = Vec::new();
        for (name, is_on) in serialized.feature_gates {
            gates.push((name.parse()?, is_on));
        }
        let kubernetes = Kubernetes::new(serialized.version).with_feature_gates(gates)?;
        Ok(serialized.fixed_bugs.into_iter().fold(kubernetes, Kubernetes::without_bug))
    }
}
