//! Why a container waits or has ended, in one word: open sets, as anybody may say any word.

use crate::api::open_named;

open_named! {
    /// What went wrong with a start: the reason of a waiting container.
    ///
    /// The set is open: a runtime, or another kubelet, may say any word.
    ///
    /// ```
    /// use pod_lifecycle::state::StartError;
    ///
    /// assert_eq!(StartError::from("ErrImagePull"), StartError::ErrImagePull);
    /// assert_eq!(StartError::from("ProviderFailed").as_str(), "ProviderFailed");
    /// ```
    pub enum StartError {
        /// The container keeps ending and is held back.
        CrashLoopBackOff = "CrashLoopBackOff",
        /// The image could not be pulled.
        ErrImagePull = "ErrImagePull",
        /// The image could not be pulled and is held back.
        ImagePullBackOff = "ImagePullBackOff",
        /// The image is not there and may not be pulled.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The image reference cannot be read.
        InvalidImageName = "InvalidImageName",
        /// The runtime cannot say whether it has the image.
        ImageInspectError = "ImageInspectError",
        /// The registry does not answer.
        RegistryUnavailable = "RegistryUnavailable",
        /// The image's signature is not valid.
        SignatureValidationFailed = "SignatureValidationFailed",
        /// The container's configuration cannot be made, say for want of a `ConfigMap`.
        CreateContainerConfigError = "CreateContainerConfigError",
        /// The runtime could not create the container.
        CreateContainerError = "CreateContainerError",
        /// The node's own hook before the creation failed.
        PreCreateHookError = "PreCreateHookError",
        /// The node's own hook before the start failed.
        PreStartHookError = "PreStartHookError",
        /// The runtime could not start the container.
        RunContainerError = "RunContainerError",
        /// The container's postStart hook failed.
        PostStartHookError = "PostStartHookError",
    }
}

open_named! {
    /// Why a container ended, in one word.
    ///
    /// The set is open: a runtime may say any word.
    ///
    /// ```
    /// use pod_lifecycle::state::TerminationReason;
    ///
    /// assert_eq!(TerminationReason::from("OOMKilled"), TerminationReason::OomKilled);
    /// assert_eq!(TerminationReason::from("Unplugged").as_str(), "Unplugged");
    /// ```
    pub enum TerminationReason {
        /// With exit code 0.
        Completed = "Completed",
        /// With another exit code.
        Error = "Error",
        /// The kernel took its memory back.
        OomKilled = "OOMKilled",
        /// Its command could not be run.
        ContainerCannotRun = "ContainerCannotRun",
        /// It could not be started.
        StartError = "StartError",
        /// Nobody saw it end.
        ContainerStatusUnknown = "ContainerStatusUnknown",
        /// It was removed because all containers are being restarted.
        RestartingAllContainers = "RestartingAllContainers",
    }
}

impl TerminationReason {
    /// What a runtime says of an exit when nothing else is known: `Completed` for 0, else `Error`.
    ///
    /// ```
    /// use pod_lifecycle::state::TerminationReason;
    ///
    /// assert_eq!(TerminationReason::of_exit(0), TerminationReason::Completed);
    /// assert_eq!(TerminationReason::of_exit(1), TerminationReason::Error);
    /// ```
    #[must_use]
    pub fn of_exit(exit_code: i32) -> TerminationReason {
        if exit_code == 0 { TerminationReason::Completed } else { TerminationReason::Error }
    }
}

open_named! {
    /// Why a Pod is in its phase, in one word: the `reason` of its status.
    ///
    /// The set is open: `OutOf` and the name of any resource is one of them, and other kubelets have their own.
    ///
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/> and the admission handlers of
    /// `pkg/kubelet`.
    ///
    /// ```
    /// use pod_lifecycle::state::PodReason;
    ///
    /// assert_eq!(PodReason::from("Evicted"), PodReason::Evicted);
    /// assert_eq!(PodReason::from("OutOfnvidia.com/gpu").as_str(), "OutOfnvidia.com/gpu");
    /// ```
    pub enum PodReason {
        /// The node was short of a resource, or the Pod took more local storage than it may.
        Evicted = "Evicted",
        /// It was active for longer than `activeDeadlineSeconds`.
        DeadlineExceeded = "DeadlineExceeded",
        /// Its node has not been heard from while it was being deleted.
        NodeLost = "NodeLost",
        /// It made room for a critical Pod.
        Preempting = "Preempting",
        /// Its node shut down.
        Terminated = "Terminated",
        /// Its node was shutting down when it came.
        NodeShutdown = "NodeShutdown",
        /// Its node had not enough CPU.
        OutOfCpu = "OutOfcpu",
        /// Its node had not enough memory.
        OutOfMemory = "OutOfmemory",
        /// Its node had not enough ephemeral storage.
        OutOfEphemeralStorage = "OutOfephemeral-storage",
        /// Its node had as many Pods as it may have.
        OutOfPods = "OutOfpods",
        /// Its node does not match its node selector or affinity.
        NodeAffinity = "NodeAffinity",
        /// It asks for a node of another name.
        NodeName = "NodeName",
        /// A port of the node that it asks for was taken.
        NodePorts = "NodePorts",
        /// It does not tolerate a taint of its node.
        TaintToleration = "TaintToleration",
        /// Its node cannot align what it asks for with its topology.
        TopologyAffinityError = "TopologyAffinityError",
        /// It asks for CPUs that cannot be given as whole cores.
        SmtAlignmentError = "SMTAlignmentError",
        /// No CPU of its node's NUMA nodes is left to be shared.
        EmptyPodSharedPoolError = "EmptyPodSharedPoolError",
        /// A device, or something else of its node, could not be had.
        UnexpectedAdmissionError = "UnexpectedAdmissionError",
        /// It asks for a `sysctl` that its node forbids.
        SysctlForbidden = "SysctlForbidden",
        /// Its node cannot enforce its `AppArmor` profile.
        AppArmor = "AppArmor",
        /// It is made for another operating system.
        PodOsNotSupported = "PodOSNotSupported",
        /// Its selector asks for another operating system.
        PodOsSelectorNodeLabelDoesNotMatch = "PodOSSelectorNodeLabelDoesNotMatch",
        /// Its node knows no sidecars.
        InitContainerRestartPolicyForbidden = "InitContainerRestartPolicyForbidden",
        /// Its node does not know its policy for supplemental groups.
        SupplementalGroupsPolicyNotSupported = "SupplementalGroupsPolicyNotSupported",
        /// Its node does not know resources of a whole Pod.
        PodLevelResourcesNotSupported = "PodLevelResourcesNotSupported",
        /// Its node lacks a feature that it uses.
        PodFeatureUnsupported = "PodFeatureUnsupported",
        /// Its node cannot attach one volume more.
        VolumeAttachmentLimitExceeded = "VolumeAttachmentLimitExceeded",
        /// The kubelet did not know its own node.
        InvalidNodeInfo = "InvalidNodeInfo",
        /// Its node refused it, and cannot say why.
        UnknownReason = "UnknownReason",
        /// Its node refused it for a reason of an unknown kind.
        UnexpectedPredicateFailureType = "UnexpectedPredicateFailureType",
    }
}
