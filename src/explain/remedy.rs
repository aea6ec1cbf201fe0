//! Remedies: advice on a Pod's trouble, by the reason that its status gives.
//!
//! There is one table for each kind of reason. Each reason that Kubernetes knows has its row, which the compiler checks;
//! any other has the last one.

use alloc::{format, string::String};

use serde::Serialize;

use crate::{
    api::Named,
    state::{ConditionReason, ConditionType, PodReason, StartError, TerminationReason},
};

/// Declares the remedies with their clauses, in which `{}` stands for the container.
macro_rules! remedies {
    ($(#[$meta:meta])* $vis:vis enum $ty:ident { $($(#[$vmeta:meta])* $variant:ident = $clause:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        $vis enum $ty {
            $($(#[$vmeta])* $variant,)+
        }

        impl $ty {
            /// All remedies.
            pub const ALL: &'static [$ty] = &[$($ty::$variant,)+];

            const fn template(self) -> &'static str {
                match self {
                    $($ty::$variant => $clause,)+
                }
            }
        }
    };
}

remedies! {
    /// Advice on a Pod's trouble, chosen by the reason that its status gives.
    ///
    /// ```
    /// use pod_lifecycle::explain::Remedy;
    ///
    /// assert_eq!(Remedy::for_waiting(&"CreateContainerConfigError".into()), [Remedy::MissingReference]);
    /// assert_eq!(Remedy::for_termination(&"OOMKilled".into()), [Remedy::MoreMemory]);
    /// assert_eq!(Remedy::for_condition("PodScheduled", "SchedulingGated"), [Remedy::Ungating]);
    /// assert_eq!(Remedy::for_pod(&"OutOfnvidia.com/gpu".into()), [Remedy::RoomOnNode]);
    /// assert_eq!(Remedy::MoreMemory.clause(Some("app")), "raise the memory limit of `app`, or make it use less");
    /// ```
    pub enum Remedy {
        /// Another image in the spec, which has no back-off yet.
        NewImage = "set another image for {}, which is pulled without delay",
        /// The right to pull the image: its name, its registry and the secrets for it.
        RegistryAccess = "check the image name of {}, its registry and the Pod's imagePullSecrets",
        /// A registry that answers.
        RegistryReturn = "make the registry with the image of {} available again",
        /// The image on the node, for a Pod that must not pull it.
        ImageOnNode = "put the image of {} on the node, or create a new Pod with another imagePullPolicy than Never",
        /// A valid image name.
        ValidImageName = "correct the image name of {}",
        /// An image with the signature that the node requires.
        SignedImage = "use an image for {} with the signature that the node requires",
        /// A `ConfigMap`, a `Secret`, a key of one, or another part of the configuration.
        MissingReference = "create what the message names, mostly a ConfigMap, a Secret or a key of one: {} then starts by itself",
        /// The thing that the runtime's message names.
        RuntimesDemand = "provide what the runtime's message names, such as a path, a device or a free name for {}",
        /// A container runtime that answers.
        RuntimeOfNode = "repair the node's container runtime, which does not answer",
        /// The node's own hooks around containers.
        HooksOfNode = "ask the node's administrator about its container hooks",
        /// A command that exists in the image and is executable.
        RunnableCommand = "create a new Pod with a command for {} that exists in its image and is executable",
        /// A postStart hook that succeeds.
        PostStartHook = "create a new Pod with a postStart hook for {} that succeeds",
        /// The cause of the exits, which the container's log may have.
        CauseOfExit = "fix the cause of the exit, which the log of {} may show (kubectl logs; after a restart, with --previous)",
        /// More memory.
        MoreMemory = "raise the memory limit of {}, or make it use less",
        /// A process that does not exit, or a restart policy that allows its exit.
        LastingProcess = "give {} a process that does not exit, or use restartPolicy OnFailure or Never, as a Job does",
        /// The container whose exit restarts all.
        TriggerOfRestart = "look at the container whose exit restarts all of them (restartPolicyRules)",
        /// Time, unless it takes long.
        Patience = "wait; if it takes long, the events say what is missing (kubectl describe pod)",
        /// The advice of the message: its reason is not one of Kubernetes' own.
        Message = "follow the message and the events (kubectl describe pod): the reason is not one of Kubernetes' own",
        /// The init containers, which have to succeed first.
        InitContainers = "get the init containers to succeed, one after another",
        /// The containers that are not ready, and their readiness probes.
        UnreadyContainers = "get the containers to run and to pass their readiness probes",
        /// The controller that sets the condition of a readiness gate.
        OwnerOfGate = "look at the controller that sets the readiness gate's condition to True",
        /// The controller that sets the condition.
        OwnerOfCondition = "look at the controller that sets this condition",
        /// The network and the volumes of the Pod.
        NetworkAndVolumes = "look at the Pod's network and volumes, which come before its containers (kubectl describe pod)",
        /// A report of the node's kubelet.
        ReportOfNode = "check that the kubelet of the node is running and reports",
        /// The removal of the scheduling gates.
        Ungating = "remove its scheduling gates",
        /// A node that fits.
        FittingNode = "add a node that fits the Pod, or let it fit more nodes",
        /// The log of a scheduler that failed.
        SchedulersLog = "read the scheduler's log: the scheduler itself failed",
        /// Room on the node for the Pod's requests.
        RoomOnNode = "make room on the node, or lower the Pod's requests",
        /// A resize that the node can grant.
        SmallerResize = "resize it to what the node can provide",
        /// A node with the feature that the Pod needs.
        NodeWithFeature = "use a node that supports what the Pod needs, or do without it",
        /// A node that stays.
        OtherNode = "run it on a node that stays; a controller creates the new Pod by itself",
        /// The node's return.
        NodeReturn = "bring the node back",
        /// A network plugin that answers.
        NetworkOfNode = "repair the node's network plugin (CNI)",
        /// The health of the node.
        HealthOfNode = "check the health of the node: its kubelet and its runtime have logs",
        /// Requests as high as the use.
        HonestRequests = "request what the containers use, so that the Pod gets a node that has it",
        /// A budget for voluntary disruptions.
        DisruptionBudget = "add a PodDisruptionBudget, if this must not happen to too many Pods at once",
        /// A higher priority.
        HigherPriority = "give the Pod a higher priority (priorityClassName)",
        /// A toleration of the node's taint.
        Toleration = "add a toleration for the taint of the node",
        /// More time.
        LongerDeadline = "raise activeDeadlineSeconds, or make the work shorter",
        /// A forced delete, which does not wait.
        ForceDelete = "force-delete the Pod, which removes it from the API without waiting",
        /// A forced delete of a Pod whose node is gone for good.
        ForceDeleteIfNodeGone = "only if the node is gone for good, taint it with node.kubernetes.io/out-of-service or force-delete the Pod: what may still run there is then no longer known",
        /// The controller that removes a finalizer, or a removal by hand.
        FinalizerRemoval = "let the controller of its finalizer remove that; only if that controller no longer exists, remove the finalizer by hand (kubectl edit)",
        /// The manifest of a static Pod on its node.
        ManifestOnNode = "remove its manifest from the node, which alone stops a static Pod",
        /// An ephemeral container under another name, since its spec cannot be changed.
        NewEphemeralContainer = "add another ephemeral container under another name (kubectl debug): the spec of {} cannot be changed or removed",
        /// The probe that failed, or the process that did not answer it in time.
        FailedProbe = "look at the events Unhealthy (kubectl describe pod): make {} answer its probe in time, or give the probe more time",
        /// The fault in the program that crashed.
        CrashedProgram = "find the fault in the program of {}: its log before the crash may show it (kubectl logs --previous)",
        /// The memory that a container without a limit needs.
        HonestMemory = "raise the memory limit of the Pod if it has one, else request the memory that {} uses (requests.memory), so that its node has it; or make it use less",
        /// The component that killed the container.
        KillerOfContainer = "look at the events of the Pod and at the kubelet's log of the node: they show what killed {}",
        /// A new Pod.
        NewPod = "create a new Pod: this one does not run again",
    }
}

impl Remedy {
    /// Returns the remedies for a container that waits for this reason, the best first.
    #[must_use]
    pub fn for_waiting(reason: &StartError) -> &'static [Remedy] {
        match reason {
            StartError::CrashLoopBackOff => &[Remedy::CauseOfExit],
            // The pull back-off is kept by image: another one is tried at once.
            StartError::ErrImagePull | StartError::ImagePullBackOff => &[Remedy::NewImage, Remedy::RegistryAccess],
            StartError::ErrImageNeverPull => &[Remedy::ImageOnNode],
            StartError::InvalidImageName => &[Remedy::ValidImageName],
            StartError::ImageInspectError => &[Remedy::RuntimeOfNode],
            StartError::RegistryUnavailable => &[Remedy::RegistryReturn, Remedy::NewImage],
            StartError::SignatureValidationFailed => &[Remedy::SignedImage],
            StartError::CreateContainerConfigError => &[Remedy::MissingReference],
            StartError::CreateContainerError => &[Remedy::RuntimesDemand],
            StartError::PreCreateHookError | StartError::PreStartHookError => &[Remedy::HooksOfNode],
            // A spec's command cannot be changed, so only a new Pod helps; the same holds for hooks.
            StartError::RunContainerError => &[Remedy::RunnableCommand],
            StartError::PostStartHookError => &[Remedy::PostStartHook],
            StartError::Other(word) => match &**word {
                // Waiting reasons without a failure.
                "" | "ContainerCreating" | "PodInitializing" | "RestartingAllContainers" => &[Remedy::Patience],
                _ => &[Remedy::Message],
            },
        }
    }

    /// Returns the remedies against another exit for this reason, the best first.
    #[must_use]
    pub fn for_termination(reason: &TerminationReason) -> &'static [Remedy] {
        match reason {
            TerminationReason::Completed => &[Remedy::LastingProcess],
            TerminationReason::Error => &[Remedy::CauseOfExit],
            TerminationReason::OomKilled => &[Remedy::MoreMemory],
            TerminationReason::ContainerCannotRun | TerminationReason::StartError => &[Remedy::RunnableCommand],
            TerminationReason::ContainerStatusUnknown => &[Remedy::HealthOfNode],
            TerminationReason::RestartingAllContainers => &[Remedy::TriggerOfRestart],
            TerminationReason::Other(_) => &[Remedy::CauseOfExit, Remedy::Message],
        }
    }

    /// Returns the remedies for an unmet condition of this type and reason, the best first.
    #[must_use]
    pub fn for_condition(condition_type: &str, reason: &str) -> &'static [Remedy] {
        let known_type = Named::<ConditionType>::from(condition_type).known();
        // Words of resizes are common ones: a condition of others may have them, too.
        let is_of_resize = |reason: &ConditionReason| {
            matches!(reason, ConditionReason::Deferred | ConditionReason::Infeasible | ConditionReason::Error)
        };
        let is_known = |reason: &ConditionReason| known_type.is_some() || !is_of_resize(reason);
        if let Some(reason) = Named::<ConditionReason>::from(reason).known().filter(is_known) {
            return for_condition_reason(reason);
        }
        match (known_type, reason) {
            (Some(ConditionType::PodScheduled), "SchedulerError") => &[Remedy::SchedulersLog],
            (Some(ConditionType::PodScheduled), _) => &[Remedy::FittingNode],
            (Some(ConditionType::PodReadyToStartContainers), _) => &[Remedy::NetworkAndVolumes],
            (Some(ConditionType::Initialized), _) => &[Remedy::InitContainers],
            // A kubelet always gives a reason: without one, the node controller wrote the condition.
            (Some(ConditionType::Ready | ConditionType::ContainersReady), _) => &[Remedy::ReportOfNode],
            (Some(ConditionType::AllContainersRestarting), _) => &[Remedy::TriggerOfRestart],
            (Some(ConditionType::DisruptionTarget), _) => &[Remedy::Message],
            (Some(ConditionType::PodResizePending), _) => &[Remedy::RoomOnNode],
            (Some(ConditionType::PodResizeInProgress), _) => &[Remedy::Message],
            (None, _) => &[Remedy::OwnerOfCondition],
        }
    }

    /// Returns the remedies that keep the next Pod from ending for this reason, the best first.
    #[must_use]
    pub fn for_pod(reason: &PodReason) -> &'static [Remedy] {
        match reason {
            PodReason::Evicted => &[Remedy::HonestRequests],
            PodReason::DeadlineExceeded => &[Remedy::LongerDeadline],
            PodReason::NodeLost => &[Remedy::NodeReturn],
            PodReason::Preempting => &[Remedy::HigherPriority],
            PodReason::Terminated | PodReason::NodeShutdown => &[Remedy::OtherNode],
            PodReason::OutOfCpu
            | PodReason::OutOfMemory
            | PodReason::OutOfEphemeralStorage
            | PodReason::OutOfPods
            | PodReason::NodePorts
            | PodReason::TopologyAffinityError
            | PodReason::SmtAlignmentError
            | PodReason::EmptyPodSharedPoolError
            | PodReason::VolumeAttachmentLimitExceeded => &[Remedy::RoomOnNode],
            PodReason::NodeAffinity | PodReason::NodeName | PodReason::PodOsSelectorNodeLabelDoesNotMatch => {
                &[Remedy::FittingNode]
            }
            PodReason::TaintToleration => &[Remedy::Toleration],
            PodReason::SysctlForbidden
            | PodReason::AppArmor
            | PodReason::PodOsNotSupported
            | PodReason::InitContainerRestartPolicyForbidden
            | PodReason::SupplementalGroupsPolicyNotSupported
            | PodReason::PodLevelResourcesNotSupported
            | PodReason::PodFeatureUnsupported => &[Remedy::NodeWithFeature],
            PodReason::UnexpectedAdmissionError
            | PodReason::InvalidNodeInfo
            | PodReason::UnknownReason
            | PodReason::UnexpectedPredicateFailureType => &[Remedy::HealthOfNode],
            // A resource of any name may run out.
            PodReason::Other(word) if word.starts_with("OutOf") => &[Remedy::RoomOnNode],
            PodReason::Other(_) => &[Remedy::Message],
        }
    }

    /// True if it means a change of the container's own spec.
    pub(super) fn changes_spec(self) -> bool {
        matches!(
            self,
            Remedy::NewImage
                | Remedy::RegistryAccess
                | Remedy::ValidImageName
                | Remedy::SignedImage
                | Remedy::ImageOnNode
                | Remedy::RunnableCommand
                | Remedy::PostStartHook
        )
    }

    /// Returns the advice as a clause, with the container's name in it if it is about one.
    #[must_use]
    pub fn clause(self, container: Option<&str>) -> String {
        self.template().replace("{}", &container.map_or("the container".into(), |name| format!("`{name}`")))
    }
}

fn for_condition_reason(reason: ConditionReason) -> &'static [Remedy] {
    match reason {
        ConditionReason::UnknownContainerStatuses => &[Remedy::ReportOfNode],
        ConditionReason::ContainersNotInitialized => &[Remedy::InitContainers],
        ConditionReason::ContainersNotReady => &[Remedy::UnreadyContainers],
        ConditionReason::ReadinessGatesNotReady => &[Remedy::OwnerOfGate],
        ConditionReason::PodCompleted | ConditionReason::PodFailed => &[Remedy::NewPod],
        ConditionReason::RestartAllContainersStarted => &[Remedy::TriggerOfRestart],
        ConditionReason::SchedulingGated => &[Remedy::Ungating],
        ConditionReason::Unschedulable => &[Remedy::FittingNode],
        ConditionReason::TerminationByKubelet => &[Remedy::HonestRequests],
        ConditionReason::EvictionByEvictionApi => &[Remedy::DisruptionBudget],
        ConditionReason::PreemptionByScheduler => &[Remedy::HigherPriority],
        ConditionReason::DeletionByTaintManager => &[Remedy::Toleration],
        ConditionReason::DeletionByPodGc => &[Remedy::NewPod],
        // The node may have the room, but not free at present.
        ConditionReason::Deferred => &[Remedy::RoomOnNode],
        ConditionReason::Infeasible => &[Remedy::SmallerResize],
        ConditionReason::Error => &[Remedy::Message],
    }
}
