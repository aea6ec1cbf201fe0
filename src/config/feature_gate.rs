//! Feature gates that change a Pod's life, with their default in each version (pkg/features/kube_features.go).

use core::{fmt, str::FromStr};

use alloc::{borrow::ToOwned, string::String};

use super::version::KubernetesVersion;

/// Default of a gate in one version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InVersion {
    /// The version does not know the gate.
    Unknown,
    Off,
    On,
    /// Generally available: on, and locked.
    Locked,
}

// Three letters each, so that the columns of the table line up.
use InVersion::{Locked as LCK, Off as OFF, On as ON_, Unknown as NIL};

/// Number of versions whose defaults the table has: 1.32 to 1.36. Later ones have those of the last.
const VERSIONS: usize = 5;

macro_rules! feature_gates {
    ($($(#[doc = $doc:literal])+ $name:ident $defaults:tt $(requires $($required:ident),+)?;)+) => {
        /// Feature gate of Kubernetes that changes a Pod's life, what the API server accepts in it, or what its status
        /// shows.
        ///
        /// Named as in Kubernetes. [`FeatureGate::default_in`] returns its default in a version. Only these change what
        /// the machine does:
        ///
        /// * `ChangeContainerStatusOnKubeletRestart`
        /// * `ContainerRestartRules`
        /// * `KubeletCrashLoopBackOffMax`
        /// * `KubeletEnsureSecretPulledImages`
        /// * `MutableCSINodeAllocatableCount`
        /// * `PodObservedGenerationTracking`
        /// * `ReduceDefaultCrashLoopBackOffDecay`
        /// * `RestartAllContainersOnContainerExits`
        ///
        /// Setting any other changes nothing in the machine. They are listed so that the configuration of a kubelet can be
        /// checked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FeatureGate {
            $($(#[doc = $doc])+ $name,)+
        }

        impl FeatureGate {
            /// Every gate, by name.
            pub const ALL: &[FeatureGate] = &[$(FeatureGate::$name,)+];

            /// Returns the gate's name, such as `ContainerRestartRules`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(FeatureGate::$name => stringify!($name),)+
                }
            }

            const fn defaults(self) -> [InVersion; VERSIONS] {
                match self {
                    $(FeatureGate::$name => $defaults,)+
                }
            }

            /// Returns the gates without which this one cannot be on.
            #[must_use]
            pub const fn requires(self) -> &'static [FeatureGate] {
                match self {
                    $(FeatureGate::$name => &[$($(FeatureGate::$required),+)?],)+
                }
            }
        }
    };
}

feature_gates! {
    // One column for each version:                             1.32 1.33 1.34 1.35 1.36

    /// After a restart of the kubelet, running containers begin as not started and not ready, as before 1.35.
    ChangeContainerStatusOnKubeletRestart                      [NIL, NIL, NIL, OFF, OFF];
    /// Restart policies and restart rules of single containers (KEP-5307).
    ContainerRestartRules                                      [NIL, NIL, OFF, ON_, ON_];
    /// Stop signals of single containers (KEP-4960).
    ContainerStopSignals                                       [NIL, OFF, OFF, OFF, OFF];
    /// Devices claimed by resource claims (KEP-4381).
    DynamicResourceAllocation                                  [OFF, OFF, ON_, LCK, LCK];
    /// Environment variables from files of a volume (KEP-3721).
    EnvFiles                                                   [NIL, NIL, OFF, ON_, ON_];
    /// The runtime reports container events instead of being relisted (KEP-3386).
    EventedPLEG                                                [OFF, OFF, OFF, OFF, OFF];
    /// A node that shuts down terminates its Pods first (KEP-2000).
    GracefulNodeShutdown                                       [ON_, ON_, ON_, ON_, ON_];
    /// A node that shuts down terminates its Pods by priority (KEP-2712).
    GracefulNodeShutdownBasedOnPodPriority                     [ON_, ON_, ON_, ON_, ON_] requires GracefulNodeShutdown;
    /// `hostnameOverride`: the whole host name of a Pod (KEP-4762).
    HostnameOverride                                           [NIL, NIL, OFF, ON_, ON_];
    /// Images that no container has used for a set time are removed (KEP-4210).
    ImageMaximumGCAge                                          [ON_, ON_, ON_, LCK, LCK];
    /// Volumes whose content is an image (KEP-4639).
    ImageVolume                                                [OFF, OFF, OFF, ON_, LCK];
    /// The status shows the digest of an image volume.
    ImageVolumeWithDigest                                      [NIL, NIL, NIL, NIL, OFF] requires ImageVolume;
    /// Resources of a Pod as a whole are resized in place (KEP-5419).
    InPlacePodLevelResourcesVerticalScaling                    [NIL, NIL, NIL, OFF, ON_]
        requires InPlacePodVerticalScaling, PodLevelResources, NodeDeclaredFeatures;
    /// Resources of containers are resized in place (KEP-1287); their statuses show `resources`.
    InPlacePodVerticalScaling                                  [OFF, ON_, ON_, LCK, LCK];
    /// Container statuses show `allocatedResources`.
    InPlacePodVerticalScalingAllocatedStatus                   [OFF, OFF, OFF, OFF, NIL] requires InPlacePodVerticalScaling;
    /// Containers with exclusive processors are resized in place.
    InPlacePodVerticalScalingExclusiveCPUs                     [OFF, OFF, OFF, OFF, OFF] requires InPlacePodVerticalScaling;
    /// Containers with exclusive memory are resized in place.
    InPlacePodVerticalScalingExclusiveMemory                   [NIL, NIL, OFF, OFF, OFF] requires InPlacePodVerticalScaling;
    /// Init containers are resized in place.
    InPlacePodVerticalScalingInitContainers                    [NIL, NIL, NIL, NIL, ON_]
        requires InPlacePodVerticalScaling, NodeDeclaredFeatures;
    /// A Job may wait for the end of a Pod before it replaces it (KEP-3939).
    JobPodReplacementPolicy                                    [ON_, ON_, LCK, LCK, LCK];
    /// A node may set the longest delay of a restart (KEP-5593).
    KubeletCrashLoopBackOffMax                                 [OFF, OFF, OFF, ON_, ON_];
    /// An image that is present is used only by Pods that may pull it (KEP-2535); the event `Pulled` says so.
    KubeletEnsureSecretPulledImages                            [NIL, OFF, OFF, ON_, ON_];
    /// Images and containers may lie on different disks (KEP-4191).
    KubeletSeparateDiskGC                                      [ON_, ON_, ON_, ON_, ON_];
    /// Sidecars as they were before 1.33, as a fall-back.
    LegacySidecarContainers                                    [NIL, OFF, NIL, NIL, NIL];
    /// A Pod whose volume exceeds the node's limit of attached volumes is rejected (KEP-4876).
    MutableCSINodeAllocatableCount                             [NIL, OFF, OFF, ON_, LCK];
    /// A node declares the features that it has, and is offered only Pods that need no others (KEP-5328).
    NodeDeclaredFeatures                                       [NIL, NIL, NIL, OFF, ON_];
    /// Containers may use swap (KEP-2400).
    NodeSwap                                                   [ON_, ON_, LCK, LCK, LCK];
    /// A sync that has acted requests a relist of its Pod at once.
    PLEGOnDemandRelist                                         [NIL, NIL, NIL, NIL, ON_];
    /// The condition `DisruptionTarget` (KEP-3329).
    PodDisruptionConditions                                    [LCK, LCK, NIL, NIL, NIL];
    /// Resources of a Pod as a whole (KEP-2837).
    PodLevelResources                                          [OFF, OFF, ON_, ON_, ON_];
    /// Lifecycle handlers that sleep (KEP-3960).
    PodLifecycleSleepAction                                    [ON_, ON_, LCK, LCK, LCK];
    /// Lifecycle handlers that sleep for no time (KEP-4818).
    PodLifecycleSleepActionAllowZero                           [OFF, ON_, LCK, LCK, LCK] requires PodLifecycleSleepAction;
    /// `observedGeneration` in a status and its conditions (KEP-5067).
    PodObservedGenerationTracking                              [NIL, OFF, ON_, LCK, LCK];
    /// The condition `PodReadyToStartContainers` (KEP-3085).
    PodReadyToStartContainersCondition                         [ON_, ON_, ON_, ON_, ON_];
    /// Containers may see `/proc` unmasked (KEP-4265).
    ProcMountType                                              [OFF, ON_, ON_, ON_, LCK];
    /// Mounts may be read-only with all mounts below them (KEP-3857).
    RecursiveReadOnlyMounts                                    [ON_, LCK, LCK, LCK, LCK];
    /// The first delay of a restart is 1 s (KEP-4603).
    ReduceDefaultCrashLoopBackOffDecay                         [NIL, OFF, OFF, OFF, OFF];
    /// Names of environment variables may have almost any character (KEP-4369).
    RelaxedEnvironmentVariableValidation                       [ON_, ON_, LCK, LCK, LCK];
    /// The status shows the health of devices (KEP-4680).
    ResourceHealthStatus                                       [OFF, OFF, OFF, OFF, ON_];
    /// A rule of a container may restart all containers of its Pod (KEP-5532). With it, statuses carry `lastState`,
    /// `restartCount` and `Initialized` over from the status before, in every Pod.
    RestartAllContainersOnContainerExits                       [NIL, NIL, NIL, OFF, ON_]
        requires ContainerRestartRules, NodeDeclaredFeatures;
    /// A controller of its own evicts Pods from nodes with taints (KEP-3902).
    SeparateTaintEvictionController                            [ON_, ON_, LCK, LCK, LCK];
    /// Sidecars: init containers with `restartPolicy: Always` (KEP-753).
    SidecarContainers                                          [ON_, LCK, LCK, LCK, LCK];
    /// `supplementalGroupsPolicy`: a process has the groups of its Pod alone, or those of its image as well (KEP-3619).
    SupplementalGroupsPolicy                                   [OFF, ON_, ON_, LCK, LCK];
    /// User namespaces: `hostUsers: false` (KEP-127).
    UserNamespacesSupport                                      [OFF, ON_, ON_, ON_, LCK];
}

impl FeatureGate {
    /// Returns true if the gate is on by default in a version, false if it is off, `None` if the version has no such
    /// gate.
    #[must_use]
    pub fn default_in(self, version: KubernetesVersion) -> Option<bool> {
        match self.default_of(version) {
            InVersion::Unknown => None,
            InVersion::Off => Some(false),
            InVersion::On | InVersion::Locked => Some(true),
        }
    }

    /// True if the gate cannot be switched off in this version, since its feature is generally available.
    #[must_use]
    pub fn is_locked_in(self, version: KubernetesVersion) -> bool {
        self.default_of(version) == InVersion::Locked
    }

    fn default_of(self, version: KubernetesVersion) -> InVersion {
        let defaults = self.defaults();
        defaults.get(version as usize).or(defaults.last()).copied().unwrap_or(InVersion::Unknown)
    }

    /// Returns the gate's bit in a set.
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }
}

impl fmt::Display for FeatureGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FeatureGate {
    type Err = FeatureGateError;

    fn from_str(name: &str) -> Result<FeatureGate, FeatureGateError> {
        let known = FeatureGate::ALL.iter().find(|gate| gate.name() == name);
        known.copied().ok_or_else(|| FeatureGateError::Unknown(name.to_owned()))
    }
}

/// Error of feature gates that no kubelet of a version can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureGateError {
    /// No gate that changes a Pod's life has this name.
    #[error("feature gate {0:?} is unknown, or changes nothing of a Pod's life")]
    Unknown(String),
    /// The version has no such gate.
    #[error("Kubernetes {version} has no feature gate {gate}")]
    NotInVersion {
        /// The gate.
        gate: FeatureGate,
        /// The version.
        version: KubernetesVersion,
    },
    /// The gate cannot be switched off in this version.
    #[error("feature gate {gate} cannot be switched off in Kubernetes {version}: it is locked there")]
    Locked {
        /// The gate.
        gate: FeatureGate,
        /// The version.
        version: KubernetesVersion,
    },
    /// The gate is on, but one that it depends on is off.
    #[error("feature gate {gate} is on, but needs {required}, which is off")]
    Requires {
        /// The gate.
        gate: FeatureGate,
        /// The gate that has to be on, too.
        required: FeatureGate,
    },
}
