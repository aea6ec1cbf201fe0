//! Known bugs of released kubelets. A Pod here has them by default, in the versions that have them.
//!
//! `docs/kubelet-quirks.md` shows each with a scenario and a picture. The documented behaviour is checked by
//! `testkit::invariants::DOCUMENTED`, without any of them.

use core::{fmt, str::FromStr};

use alloc::{borrow::ToOwned, string::String};
use serde::{Deserialize, Serialize};

use super::version::KubernetesVersion;

/// Bug of released kubelets: present by default in the versions that have it, see
/// [`Kubernetes::without_bug`](super::Kubernetes::without_bug).
///
/// ```
/// use pod_lifecycle::config::{KnownBug, Kubernetes, KubernetesVersion};
///
/// let bug: KnownBug = "inheritedStarted".parse()?;
/// assert_eq!(bug.issue(), Some(141_155));
/// assert!(Kubernetes::new(KubernetesVersion::V1_36).has_bug(bug));
/// assert!(!Kubernetes::new(KubernetesVersion::V1_36).without_bug(bug).has_bug(bug));
/// # Ok::<(), pod_lifecycle::config::UnknownBug>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum KnownBug {
    /// A restarted container inherits `started` from its former instance: before its startup probe has succeeded, its
    /// other probes run, and the Pod stays Ready.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/141155>, fixed by #141342 in 1.38. Asked in
    /// `rule::container_status`.
    InheritedStarted,
    /// A Pod whose sidecar has a startup probe never starts its other containers if the kubelet restarts while the Pod
    /// initializes. If it restarts later, a container that then exits is not restarted.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/136910>, fixed by #137146 in 1.36; later patches of 1.35 have
    /// the fix, too (#137885). Asked in `rule::probe`.
    SidecarStartupForgotten,
    /// A container that is still starting up counts as started once the kubelet restarts: the status is generated before
    /// the startup probe's worker exists. Since 1.35 it stays so; until 1.34 the next sync takes it back.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/142305>, open; the fix is proposed in #142303. Asked in
    /// `kubelet::prober_manager` (`facts`).
    StartedBeforeFirstProbe,
    /// A status that takes `started` back leaves `ready` and the Pod's `Ready` true until the next sync.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/136047>, open. Asked in `kubelet::status_manager`
    /// (`set_container_startup`).
    ReadyWithoutStarted,
    /// A container that replaced a ready one while the API server was out of reach counts as ready once the kubelet
    /// restarts, before its own readiness probe has run.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/141473>, fixed by #141487 in 1.38. Asked in
    /// `rule::started_and_ready`.
    ReadinessOfFormerInstance,
    /// In a new sandbox only the first init container runs if a container of the old sandbox was created but never
    /// started.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/137710>, fixed by #138514 in 1.37. Asked in
    /// `rule::init_containers`.
    InitContainersSkipped,
    /// A Pod with `restartPolicy: Never` stays Pending for ever if its sandbox dies between the creation and the start of
    /// a container, or while a sidecar runs and no regular container does.
    ///
    /// <https://github.com/kubernetes/kubernetes/pull/141948>, open; reported in #118321. Asked in `rule::pod_actions`.
    PendingAfterLostSandbox,
    /// A container with the policy `OnFailure` that a failed probe kills is restarted even if it exits with code 0, until
    /// its back-off begins; then it is not.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/109537>, closed without a change. Asked in
    /// `rule::pod_actions`.
    ProbeKillIgnoresExitCode,
    /// After a node was out of reach, `Ready` is true again with its old `lastTransitionTime`.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/119514>, closed without a change. Asked in
    /// `kubelet::status_manager` (`write`).
    OldTransitionTime,
    /// The readiness probe stops as soon as the kubelet ends a Pod, while its containers still run.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/124648>, open. Asked in `rule::probe`.
    ReadinessStopsAtEviction,
    /// A restart of the kubelet makes every container with a readiness probe unready, and runs its startup probe again.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/100277>, ended by KEP-4781 in 1.35. Asked by
    /// [`Kubernetes::keeps_readiness`](super::Kubernetes::keeps_readiness).
    ReadinessForgotten,
    /// After a restart of the kubelet a container that has started within the last 10 s, and until 1.34 every container, is
    /// ready until its readiness probe's worker exists.
    ///
    /// <https://github.com/kubernetes/kubernetes/issues/135795>, closed for want of information. Asked in
    /// `kubelet::prober_manager` (`facts`).
    ReadyBeforeFirstProbe,
    /// Consecutive results of a probe are counted over a container's restart: one failure, or one success, of the new
    /// instance may reach the threshold.
    ///
    /// No issue is known to us; kubernetes#53530 was the same after a kill by the probe. Asked in `rule::probe`.
    ProbeRunSpansInstances,
    /// The success of a readiness probe that was under way when its container ended makes the ended container, and its
    /// Pod, ready until the next sync.
    ///
    /// No issue is known to us: `SetContainerReadiness` does not ask for the state of the container. Asked in
    /// `kubelet::status_manager` (`is_late`).
    LateProbeSuccess,
    /// In a Pod whose policy is not `Always`, the status is frozen while init containers run again in a new sandbox: the
    /// kubelet refuses a status in which one that had succeeded has not.
    ///
    /// No issue is known to us; #122902 was the same with sidecars. Asked in `kubelet::status_manager`
    /// (`set_pod_status`).
    StatusFrozenByInitContainers,
    /// An evicted Pod loses the exit codes of its containers, and may show those of former runs, since the kubelet removes
    /// dead containers before it has read them.
    ///
    /// <https://github.com/kubernetes/kubernetes/pull/123782>, closed without a change. Asked in `kubelet::pod_worker`
    /// (`should_remove_content`).
    ExitLostAtEviction,
}

impl KnownBug {
    /// Every bug, by the order of the enumeration.
    pub const ALL: &[KnownBug] = &[
        KnownBug::InheritedStarted,
        KnownBug::SidecarStartupForgotten,
        KnownBug::StartedBeforeFirstProbe,
        KnownBug::ReadyWithoutStarted,
        KnownBug::ReadinessOfFormerInstance,
        KnownBug::InitContainersSkipped,
        KnownBug::PendingAfterLostSandbox,
        KnownBug::ProbeKillIgnoresExitCode,
        KnownBug::OldTransitionTime,
        KnownBug::ReadinessStopsAtEviction,
        KnownBug::ReadinessForgotten,
        KnownBug::ReadyBeforeFirstProbe,
        KnownBug::ProbeRunSpansInstances,
        KnownBug::LateProbeSuccess,
        KnownBug::StatusFrozenByInitContainers,
        KnownBug::ExitLostAtEviction,
    ];

    /// Returns the bug's name in settings, such as `inheritedStarted`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KnownBug::InheritedStarted => "inheritedStarted",
            KnownBug::SidecarStartupForgotten => "sidecarStartupForgotten",
            KnownBug::StartedBeforeFirstProbe => "startedBeforeFirstProbe",
            KnownBug::ReadyWithoutStarted => "readyWithoutStarted",
            KnownBug::ReadinessOfFormerInstance => "readinessOfFormerInstance",
            KnownBug::InitContainersSkipped => "initContainersSkipped",
            KnownBug::PendingAfterLostSandbox => "pendingAfterLostSandbox",
            KnownBug::ProbeKillIgnoresExitCode => "probeKillIgnoresExitCode",
            KnownBug::OldTransitionTime => "oldTransitionTime",
            KnownBug::ReadinessStopsAtEviction => "readinessStopsAtEviction",
            KnownBug::ReadinessForgotten => "readinessForgotten",
            KnownBug::ReadyBeforeFirstProbe => "readyBeforeFirstProbe",
            KnownBug::ProbeRunSpansInstances => "probeRunSpansInstances",
            KnownBug::LateProbeSuccess => "lateProbeSuccess",
            KnownBug::StatusFrozenByInitContainers => "statusFrozenByInitContainers",
            KnownBug::ExitLostAtEviction => "exitLostAtEviction",
        }
    }

    /// Returns the number of the bug's issue or pull request in kubernetes/kubernetes, if it has one.
    #[must_use]
    pub const fn issue(self) -> Option<u32> {
        Some(match self {
            KnownBug::InheritedStarted => 141_155,
            KnownBug::SidecarStartupForgotten => 136_910,
            KnownBug::StartedBeforeFirstProbe => 142_305,
            KnownBug::ReadyWithoutStarted => 136_047,
            KnownBug::ReadinessOfFormerInstance => 141_473,
            KnownBug::InitContainersSkipped => 137_710,
            KnownBug::PendingAfterLostSandbox => 141_948,
            KnownBug::ProbeKillIgnoresExitCode => 109_537,
            KnownBug::OldTransitionTime => 119_514,
            KnownBug::ReadinessStopsAtEviction => 124_648,
            KnownBug::ReadinessForgotten => 100_277,
            KnownBug::ReadyBeforeFirstProbe => 135_795,
            KnownBug::ExitLostAtEviction => 123_782,
            KnownBug::ProbeRunSpansInstances | KnownBug::LateProbeSuccess | KnownBug::StatusFrozenByInitContainers => {
                return None;
            }
        })
    }

    /// Returns the first and the last version with the bug, of those that are modelled. A bug without a released fix
    /// lasts to the newest.
    #[must_use]
    pub const fn versions(self) -> (KubernetesVersion, KubernetesVersion) {
        let (oldest, newest) = (KubernetesVersion::V1_32, KubernetesVersion::V1_38);
        match self {
            KnownBug::InheritedStarted | KnownBug::ReadinessOfFormerInstance => {
                (KubernetesVersion::V1_35, KubernetesVersion::V1_37)
            }
            KnownBug::SidecarStartupForgotten => (KubernetesVersion::V1_35, KubernetesVersion::V1_35),
            KnownBug::InitContainersSkipped => (oldest, KubernetesVersion::V1_36),
            KnownBug::ReadinessForgotten => (oldest, KubernetesVersion::V1_34),
            KnownBug::StartedBeforeFirstProbe
            | KnownBug::ReadyWithoutStarted
            | KnownBug::PendingAfterLostSandbox
            | KnownBug::ProbeKillIgnoresExitCode
            | KnownBug::OldTransitionTime
            | KnownBug::ReadinessStopsAtEviction
            | KnownBug::ReadyBeforeFirstProbe
            | KnownBug::ProbeRunSpansInstances
            | KnownBug::LateProbeSuccess
            | KnownBug::StatusFrozenByInitContainers
            | KnownBug::ExitLostAtEviction => (oldest, newest),
        }
    }

    /// True if the kubelets of a version have the bug.
    #[must_use]
    pub fn is_in(self, version: KubernetesVersion) -> bool {
        let (first, last) = self.versions();
        (first..=last).contains(&version)
    }

    /// Returns one sentence for people: the kubelet's behaviour, where the documentation says otherwise.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            KnownBug::InheritedStarted => {
                "A restarted container counts as started before its startup probe has succeeded again, so its other probes \
                 run and the Pod may stay Ready."
            }
            KnownBug::SidecarStartupForgotten => {
                "If the kubelet restarts while a Pod initializes whose sidecar has a startup probe, its other containers \
                 never start."
            }
            KnownBug::StartedBeforeFirstProbe => {
                "After a restart of the kubelet a container that is still starting up counts as started."
            }
            KnownBug::ReadyWithoutStarted => {
                "A container that is not started any more stays ready until the next sync."
            }
            KnownBug::ReadinessOfFormerInstance => {
                "After a restart of the kubelet a container that has replaced a ready one is ready before its own readiness \
                 probe has run."
            }
            KnownBug::InitContainersSkipped => {
                "In a new sandbox the init containers after the first are skipped if a container of the old sandbox never \
                 started."
            }
            KnownBug::PendingAfterLostSandbox => {
                "A Pod that never restarts stays Pending for ever if its sandbox dies before its containers have started."
            }
            KnownBug::ProbeKillIgnoresExitCode => {
                "A container with the policy OnFailure that a probe kills is restarted even after exit code 0, until its \
                 back-off begins."
            }
            KnownBug::OldTransitionTime => {
                "After a node was out of reach, Ready is true again with the time of its former transition."
            }
            KnownBug::ReadinessStopsAtEviction => {
                "The readiness probe stops when the kubelet evicts a Pod, while its containers still run."
            }
            KnownBug::ReadinessForgotten => {
                "A restart of the kubelet makes containers with a readiness probe unready, and runs startup probes again."
            }
            KnownBug::ReadyBeforeFirstProbe => {
                "After a restart of the kubelet a container is ready until its readiness probe's worker exists."
            }
            KnownBug::ProbeRunSpansInstances => {
                "Results of a probe are counted over a container's restart, so the new one may reach a threshold with its \
                 first result."
            }
            KnownBug::LateProbeSuccess => {
                "A readiness probe that succeeds after its container has ended makes the ended container ready."
            }
            KnownBug::StatusFrozenByInitContainers => {
                "The status is frozen while init containers run again in a new sandbox, unless the Pod's policy is Always."
            }
            KnownBug::ExitLostAtEviction => {
                "An evicted Pod may show the exit code of a former run, and so the wrong phase: dead containers are removed \
                 before they are read."
            }
        }
    }

    /// Returns the bug's bit in a set.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for KnownBug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Error of a name that no [`KnownBug`] has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kubelet bug is called {0:?}")]
pub struct UnknownBug(String);

impl FromStr for KnownBug {
    type Err = UnknownBug;

    fn from_str(name: &str) -> Result<KnownBug, UnknownBug> {
        let is_meant = |bug: &&KnownBug| bug.name() == name;
        KnownBug::ALL.iter().find(is_meant).copied().ok_or_else(|| UnknownBug(name.to_owned()))
    }
}
