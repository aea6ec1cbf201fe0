//! Kubernetes versions, and the changes between their kubelets that no feature gate guards.

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Minor version of Kubernetes whose kubelet is modelled; 1.36 by default.
///
/// Written as `1.34`. A patch level and what a vendor appends are accepted and dropped: within a minor version, patches
/// change a Pod's life only by fixes, which [`KnownBug`](super::KnownBug) names.
///
/// ```
/// use pod_lifecycle::config::KubernetesVersion;
///
/// let version: KubernetesVersion = "v1.34.3-eks-2f4fa92".parse()?;
/// assert_eq!(version, KubernetesVersion::V1_34);
/// assert!(version < KubernetesVersion::default());
/// assert_eq!(version.to_string(), "1.34");
/// # Ok::<(), pod_lifecycle::config::UnknownVersion>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KubernetesVersion {
    /// Kubernetes 1.32.
    V1_32,
    /// Kubernetes 1.33.
    V1_33,
    /// Kubernetes 1.34.
    V1_34,
    /// Kubernetes 1.35.
    V1_35,
    /// Kubernetes 1.36.
    #[default]
    V1_36,
    /// Kubernetes 1.37: as 1.36, since no change of a Pod's life is known.
    V1_37,
    /// Kubernetes 1.38: as 1.36, with the fix of [`KnownBug::InheritedStarted`](super::KnownBug::InheritedStarted).
    V1_38,
}

impl KubernetesVersion {
    /// Every version, oldest first.
    pub const ALL: &[KubernetesVersion] = &[
        KubernetesVersion::V1_32,
        KubernetesVersion::V1_33,
        KubernetesVersion::V1_34,
        KubernetesVersion::V1_35,
        KubernetesVersion::V1_36,
        KubernetesVersion::V1_37,
        KubernetesVersion::V1_38,
    ];

    /// Returns the version as people write it, such as `1.34`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            KubernetesVersion::V1_32 => "1.32",
            KubernetesVersion::V1_33 => "1.33",
            KubernetesVersion::V1_34 => "1.34",
            KubernetesVersion::V1_35 => "1.35",
            KubernetesVersion::V1_36 => "1.36",
            KubernetesVersion::V1_37 => "1.37",
            KubernetesVersion::V1_38 => "1.38",
        }
    }

    /// True if kubelets of this version have this behaviour.
    #[must_use]
    pub const fn has(self, change: KubeletChange) -> bool {
        self as u8 >= change.since() as u8
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Error of a Kubernetes version that is not modelled, or of a text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Kubernetes {0:?} is not modelled: 1.32 to 1.38 are")]
pub struct UnknownVersion(String);

impl FromStr for KubernetesVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<KubernetesVersion, UnknownVersion> {
        let is_meant = |version: &&KubernetesVersion| {
            let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix(version.as_str());
            // `1.3` is not `1.32`, nor is `1.320`.
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
        };
        KubernetesVersion::ALL.iter().find(is_meant).copied().ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

impl Serialize for KubernetesVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KubernetesVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KubernetesVersion, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Change of the kubelet's behaviour between versions that has no feature gate. [`Kubernetes::has`] returns whether a version
/// has it.
///
/// [`Kubernetes::has`]: super::Kubernetes::has
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KubeletChange {
    /// Since 1.33 the event of a probe error says `errored and resulted in unknown state`; before, `errored` alone.
    ///
    /// Answers to `probe` in `pkg/kubelet/prober/prober.go`. Asked in `kubelet::prober_manager`.
    ProbeErrorNamesUnknownState,
    /// Since 1.33 a Pod whose containers have started stays Running while a sidecar is down; before, it fell back to
    /// Pending.
    ///
    /// Answers to `getPhase` in `pkg/kubelet/kubelet_pods.go`. Asked in `rule::pod_status` (`phase_of`).
    RunningWhileSidecarIsDown,
    /// Since 1.34 a container with other resources has a crash-loop back-off of its own; before, only another image had.
    ///
    /// Answers to `GetBackoffKey` in `pkg/kubelet/kuberuntime/helpers.go`. Asked in `kubelet::start_container`
    /// (`hold_back`).
    BackOffByResources,
    /// Since 1.35 a sync that failed because of a crash-loop back-off is retried when the Pod's first back-off expires;
    /// before, every 10 s.
    ///
    /// Answers to `completeWork` in `pkg/kubelet/pod_workers.go`. Asked in `kubelet::sync_loop` (`retry_time`).
    RetryWhenBackOffExpires,
    /// Since 1.35 the events `Created` and `Started` do not name the container.
    ///
    /// Answers to `startContainer` in `pkg/kubelet/kuberuntime/kuberuntime_container.go`. Asked in
    /// `kubelet::start_container` (`record_progress`).
    StartEventsWithoutName,
    /// Since 1.35, in a Pod with `restartPolicy: Never`, a sidecar's probe workers go on after the sidecar has ended;
    /// before, they ended, and the next sync created them again.
    ///
    /// Answers to `doProbe` in `pkg/kubelet/prober/worker.go`. Asked in `rule::probe` (`do_probe`).
    ProbesOutliveSidecar,
    /// Since 1.35 the kubelet records events of in-place resizes.
    ///
    /// Answers to `podResizeMessage` in `pkg/kubelet/events/resize.go`. Asked in `kubelet::allocation_manager`.
    ResizeEvents,
    /// Since 1.36 a resize to more than the whole node has is `Deferred`, as one that lacks room at present; before, it was
    /// `Infeasible`.
    ///
    /// Answers to `canResizePod` in `pkg/kubelet/allocation`. Asked in `kubelet::allocation_manager` (`refusal`).
    ResizeBeyondNodeIsDeferred,
    /// Since 1.36 `PodReadyToStartContainers` turns True as soon as the sandbox has its network, while images are still
    /// pulled; before, with the next sync.
    ///
    /// Answers to `OnPodSandboxReady` in `pkg/kubelet/kubelet.go`. Asked in `kubelet::sync_pod` (`publish_sandbox`).
    SandboxPublishedAtOnce,
}

impl KubeletChange {
    /// Every behaviour, oldest first.
    pub const ALL: &[KubeletChange] = &[
        KubeletChange::ProbeErrorNamesUnknownState,
        KubeletChange::RunningWhileSidecarIsDown,
        KubeletChange::BackOffByResources,
        KubeletChange::RetryWhenBackOffExpires,
        KubeletChange::StartEventsWithoutName,
        KubeletChange::ProbesOutliveSidecar,
        KubeletChange::ResizeEvents,
        KubeletChange::ResizeBeyondNodeIsDeferred,
        KubeletChange::SandboxPublishedAtOnce,
    ];

    /// Returns one sentence for people: the behaviour from [`since`](KubeletChange::since) on.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            KubeletChange::ProbeErrorNamesUnknownState => {
                "The event of a probe error says `errored and resulted in unknown state`."
            }
            KubeletChange::RunningWhileSidecarIsDown => {
                "A Pod stays Running while a started sidecar is down; before, it fell back to Pending."
            }
            KubeletChange::BackOffByResources => {
                "A container that is resized forgets its crash-loop back-off and restarts at once."
            }
            KubeletChange::ResizeEvents => "A resize has events: `ResizeStarted`, `ResizeDeferred`, `ResizeCompleted`.",
            KubeletChange::ResizeBeyondNodeIsDeferred => {
                "A resize to more than the whole node has is `Deferred` for ever; before, it was `Infeasible`."
            }
            KubeletChange::RetryWhenBackOffExpires => {
                "A container restarts when its back-off ends; before, the kubelet looked every 10 s, so up to 10 s later, \
                 with a `BackOff` event at each look."
            }
            KubeletChange::StartEventsWithoutName => {
                "The events `Created` and `Started` do not name the container any more."
            }
            KubeletChange::ProbesOutliveSidecar => {
                "In a Pod that never restarts, the probes of a sidecar go on with their period after it ended."
            }
            KubeletChange::SandboxPublishedAtOnce => {
                "`PodReadyToStartContainers` is True before images are pulled; before, after the first sync."
            }
        }
    }

    /// Returns the first version with the behaviour.
    #[must_use]
    pub const fn since(self) -> KubernetesVersion {
        match self {
            KubeletChange::ProbeErrorNamesUnknownState | KubeletChange::RunningWhileSidecarIsDown => {
                KubernetesVersion::V1_33
            }
            KubeletChange::BackOffByResources => KubernetesVersion::V1_34,
            KubeletChange::RetryWhenBackOffExpires
            | KubeletChange::StartEventsWithoutName
            | KubeletChange::ProbesOutliveSidecar
            | KubeletChange::ResizeEvents => KubernetesVersion::V1_35,
            KubeletChange::ResizeBeyondNodeIsDeferred | KubeletChange::SandboxPublishedAtOnce => {
                KubernetesVersion::V1_36
            }
        }
    }
}
