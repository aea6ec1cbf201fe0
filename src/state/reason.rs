//! Reasons of container states and of Pods: open sets, since runtimes and other kubelets have reasons of their own.

use crate::api::open_named;

open_named! {
    /// Reason of a waiting container whose start failed. The set is open. The messages that the kubelet writes beside
    /// them are in `src/status/messages.rs`.
    pub enum StartError {
        /// The container has exited repeatedly and is in back-off.
        CrashLoopBackOff = "CrashLoopBackOff",
        /// The image could not be pulled.
        ErrImagePull = "ErrImagePull",
        /// The image could not be pulled and its pull is in back-off.
        ImagePullBackOff = "ImagePullBackOff",
        /// The image is not on the node and `imagePullPolicy` is `Never`.
        ErrImageNeverPull = "ErrImageNeverPull",
        /// The image reference is invalid.
        InvalidImageName = "InvalidImageName",
        /// The runtime could not inspect the image.
        ImageInspectError = "ImageInspectError",
        /// The registry is not available.
        RegistryUnavailable = "RegistryUnavailable",
        /// The image's signature is not valid.
        SignatureValidationFailed = "SignatureValidationFailed",
        /// The container's configuration could not be generated, for example because a `ConfigMap` is missing.
        CreateContainerConfigError = "CreateContainerConfigError",
        /// The runtime could not create the container.
        CreateContainerError = "CreateContainerError",
        /// An internal hook of the kubelet failed before the container was created.
        PreCreateHookError = "PreCreateHookError",
        /// An internal hook of the kubelet failed before the container was started.
        PreStartHookError = "PreStartHookError",
        /// The runtime could not start the container.
        RunContainerError = "RunContainerError",
        /// The container's postStart hook failed.
        PostStartHookError = "PostStartHookError",
    }
}

open_named! {
    /// Reason of a terminated container. The set is open.
    pub enum TerminationReason {
        /// Exit code 0.
        Completed = "Completed",
        /// Another exit code.
        Error = "Error",
        /// Killed by the kernel, out of memory.
        OomKilled = "OOMKilled",
        /// Its command could not be run.
        ContainerCannotRun = "ContainerCannotRun",
        /// The runtime could not start it.
        StartError = "StartError",
        /// The kubelet has missed its exit.
        ContainerStatusUnknown = "ContainerStatusUnknown",
        /// Removed because all containers are being restarted.
        RestartingAllContainers = "RestartingAllContainers",
    }
}

impl TerminationReason {
    /// Returns the reason that the kubelet writes if the runtime has none: `Completed` for exit code 0, else `Error`.
    #[must_use]
    pub fn of_exit(exit_code: i32) -> TerminationReason {
        if exit_code == 0 { TerminationReason::Completed } else { TerminationReason::Error }
    }
}

open_named! {
    /// Reason of a Pod's phase: `status.reason`. The set is open: `OutOf` and the name of any resource is one of them.
    ///
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/> and the admission handlers of
    /// `pkg/kubelet`.
    pub enum PodReason {
        /// Evicted: the node was short of a resource, or the Pod exceeded a limit of local storage.
        Evicted = "Evicted",
        /// Active for longer than `activeDeadlineSeconds`.
        DeadlineExceeded = "DeadlineExceeded",
        /// Being deleted while its node is unreachable.
        NodeLost = "NodeLost",
        /// Preempted by a critical Pod.
        Preempting = "Preempting",
        /// Its node shut down.
        Terminated = "Terminated",
        /// Refused: its node was shutting down.
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
        /// Its `nodeName` is that of another node.
        NodeName = "NodeName",
        /// A host port that it asks for was taken.
        NodePorts = "NodePorts",
        /// It does not tolerate a taint of its node.
        TaintToleration = "TaintToleration",
        /// Its node cannot align its resources with the topology.
        TopologyAffinityError = "TopologyAffinityError",
        /// It asks for CPUs that cannot be given as whole cores.
        SmtAlignmentError = "SMTAlignmentError",
        /// No CPU of its node's NUMA nodes is left to be shared.
        EmptyPodSharedPoolError = "EmptyPodSharedPoolError",
        /// A device, or another resource of its node, could not be allocated.
        UnexpectedAdmissionError = "UnexpectedAdmissionError",
        /// It asks for a `sysctl` that its node forbids.
        SysctlForbidden = "SysctlForbidden",
        /// Its node cannot enforce its `AppArmor` profile.
        AppArmor = "AppArmor",
        /// Its `spec.os` is not that of its node.
        PodOsNotSupported = "PodOSNotSupported",
        /// Its selector asks for another operating system.
        PodOsSelectorNodeLabelDoesNotMatch = "PodOSSelectorNodeLabelDoesNotMatch",
        /// Its node does not support sidecars.
        InitContainerRestartPolicyForbidden = "InitContainerRestartPolicyForbidden",
        /// Its node does not support its `supplementalGroupsPolicy`.
        SupplementalGroupsPolicyNotSupported = "SupplementalGroupsPolicyNotSupported",
        /// Its node does not support Pod-level resources.
        PodLevelResourcesNotSupported = "PodLevelResourcesNotSupported",
        /// Its node lacks a feature that it uses.
        PodFeatureUnsupported = "PodFeatureUnsupported",
        /// Its node cannot attach another volume.
        VolumeAttachmentLimitExceeded = "VolumeAttachmentLimitExceeded",
        /// The kubelet did not know its own node.
        InvalidNodeInfo = "InvalidNodeInfo",
        /// Refused without a known reason.
        UnknownReason = "UnknownReason",
        /// Refused by a predicate of an unknown type.
        UnexpectedPredicateFailureType = "UnexpectedPredicateFailureType",
    }
}
