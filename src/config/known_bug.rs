//! Known bugs of released kubelets. A Pod here has them by default, in the versions that have them.

use serde::{Deserialize, Serialize};

use super::version::KubernetesVersion;

/// Bug of released kubelets: present by default in the versions that have it, see
/// [`Kubernetes::without_bug`](super::Kubernetes::without_bug).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum KnownBug {
    /// A restarted container inherits `started` from its former instance: before its startup probe has succeeded, its
    /// other probes run, and the Pod stays Ready.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/141155>, fixed by #141342 in 1.38.
    InheritedStarted,
    /// A Pod whose sidecar has a startup probe never starts its other containers if the kubelet restarts while the Pod
    /// initializes.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/136910>, fixed in 1.36.
    SidecarStartupForgotten,
}

impl KnownBug {
    /// Every bug, by the number of its issue, newest first.
    pub const ALL: &[KnownBug] = &[KnownBug::InheritedStarted, KnownBug::SidecarStartupForgotten];

    /// Returns the number of the bug's issue in kubernetes/kubernetes.
    #[must_use]
    pub const fn issue(self) -> u32 {
        match self {
            KnownBug::InheritedStarted => 141_155,
            KnownBug::SidecarStartupForgotten => 136_910,
        }
    }

    /// Returns the first and the last version with the bug.
    #[must_use]
    pub const fn versions(self) -> (KubernetesVersion, KubernetesVersion) {
        match self {
            KnownBug::InheritedStarted => (KubernetesVersion::V1_35, KubernetesVersion::V1_37),
            KnownBug::SidecarStartupForgotten => (KubernetesVersion::V1_35, KubernetesVersion::V1_35),
        }
    }

    /// True if the kubelets of a version have the bug.
    #[must_use]
    pub fn is_in(self, version: KubernetesVersion) -> bool {
        let (first, last) = self.versions();
        (first..=last).contains(&version)
    }

    /// Returns the bug's bit in a set.
    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}
