//! What somebody can do about a Pod's trouble, by the reason that it gives.

mod table;

use alloc::string::String;

use serde::Serialize;

use crate::state::{PodReason, StartError, TerminationReason};

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
            /// Every remedy.
            ///
            /// ```
            /// use pod_lifecycle::explain::Remedy;
            ///
            /// assert!(Remedy::ALL.contains(&Remedy::MissingReference));
            /// assert!(Remedy::ALL.iter().all(|remedy| !remedy.clause(Some("app")).is_empty()));
            /// ```
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
    /// What somebody can do about a Pod's trouble; which fits follows from the reason that the status gives.
    ///
    /// ```
    /// use pod_lifecycle::explain::Remedy;
    ///
    /// assert_eq!(Remedy::for_waiting(&"CreateContainerConfigError".into()), [Remedy::MissingReference]);
    /// assert_eq!(Remedy::for_termination(&"OOMKilled".into()), [Remedy::MoreMemory]);
    /// assert_eq!(Remedy::for_condition("PodScheduled", "SchedulingGated"), [Remedy::Ungating]);
    /// assert_eq!(Remedy::for_pod(&"OutOfnvidia.com/gpu".into()), [Remedy::RoomOnNode]);
    /// assert_eq!(Remedy::MoreMemory.clause(Some("app")), "a higher memory limit of app, or a process that takes less");
    /// ```
    pub enum Remedy {
        /// Another image in the spec, which has no back-off yet.
        NewImage = "another image in the spec of {}, which is tried without delay",
        /// The right to pull the image: its name, its registry and the secrets for it.
        RegistryAccess = "access to the image of {}: its name, its registry, the imagePullSecrets of the Pod",
        /// A registry that answers.
        RegistryReturn = "the return of the registry that has the image of {}",
        /// The image on the node, where the Pod may not have it pulled.
        ImageOnNode = "the image of {} on the node, to where this Pod may not have it pulled",
        /// An image name that can be read.
        ValidImageName = "an image name in the spec of {} that can be read",
        /// An image that is signed as the node demands.
        SignedImage = "an image of {} that is signed as the node demands",
        /// A `ConfigMap`, a `Secret`, a key of one, or whatever else the configuration lacks.
        MissingReference = "what the message names, mostly a ConfigMap, a Secret or a key of one: once it is there, {} starts by itself",
        /// What the runtime says it lacks.
        RuntimesDemand = "what the runtime misses by its message, such as a path, a device or a free name for {}",
        /// A container runtime that answers.
        RuntimeOfNode = "a container runtime on the node that answers",
        /// The node's own hooks about containers.
        HooksOfNode = "the node's own hooks about containers, which are the business of whoever runs the node",
        /// A command that the image has and that may be run.
        RunnableCommand = "a new Pod with a command of {} that its image has and that may be run",
        /// A postStart hook that succeeds.
        PostStartHook = "a new Pod with a postStart hook of {} that ends well",
        /// The cause of the exits, which the container's log may tell.
        CauseOfExit = "the cause of the exits, which the log of {} before its exit may tell (kubectl logs)",
        /// More memory.
        MoreMemory = "a higher memory limit of {}, or a process that takes less",
        /// A process that does not end, or a policy that lets it.
        LastingProcess = "a process of {} that does not end, or a Pod that may end (restartPolicy OnFailure or Never, as of a Job)",
        /// The container whose exit restarts all.
        TriggerOfRestart = "the container whose exit restarts all of them, by its restartPolicyRules",
        /// Nothing but time, unless it takes long.
        Patience = "time; if it takes long, the events tell what is missing (kubectl describe pod)",
        /// Whatever the message asks for: the reason is nobody's but its writer's.
        Message = "what the message and the events ask for (kubectl describe pod); the reason is not one of Kubernetes' own",
        /// The init containers, which have to do their part first.
        InitContainers = "init containers that do their part, one after another",
        /// The containers that are not ready, and their readiness probes.
        UnreadyContainers = "containers that run and pass their readiness probes",
        /// Whoever sets the condition of a readiness gate.
        OwnerOfGate = "the owner of the readiness gate's condition, which has to set it to True",
        /// Whoever sets the condition.
        OwnerOfCondition = "the owner of the condition, which alone knows what it waits for",
        /// The network and the volumes of the Pod's sandbox.
        NetworkAndVolumes = "the network and the volumes of the Pod, which come before any container; the events tell which is missing",
        /// A report of the node's kubelet.
        ReportOfNode = "a report of the node's kubelet",
        /// The removal of the scheduling gates.
        Ungating = "the removal of its scheduling gates",
        /// A node that fits.
        FittingNode = "a node that the scheduler finds fit",
        /// The scheduler's own trouble.
        SchedulersLog = "the scheduler, which failed itself; its log tells why",
        /// Room on a node for what the Pod asks for.
        RoomOnNode = "room on a node for what the Pod asks for, or a Pod that asks for less",
        /// A resize that the node could ever grant.
        SmallerResize = "a resize to what the node could ever grant",
        /// A node that can do what the Pod asks for.
        NodeWithFeature = "a node that can do what the Pod asks for, or a Pod that does not ask for it",
        /// A node that stays.
        OtherNode = "a node that stays; a controller makes a new Pod by itself",
        /// The node's return.
        NodeReturn = "the return of the node",
        /// The node's own trouble.
        HealthOfNode = "the node, whose kubelet and runtime have logs of their own",
        /// Requests that say what the Pod takes.
        HonestRequests = "requests that say what the Pod takes, for a node that has it",
        /// A budget for voluntary disruptions.
        DisruptionBudget = "a PodDisruptionBudget, if this must not happen to too many Pods at once",
        /// A higher priority.
        HigherPriority = "a higher priority (priorityClassName)",
        /// A toleration of the node's taint.
        Toleration = "a toleration of the node's taint",
        /// More time.
        LongerDeadline = "a longer activeDeadlineSeconds, or less work",
        /// A forced delete, which does not wait.
        ForceDelete = "a forced delete, which removes the Pod from the API without waiting",
        /// Only a new Pod would run again.
        NewPod = "a new Pod; this one has done what it can",
    }
}

impl Remedy {
    /// What a container needs that waits for this reason, the best first.
    ///
    /// ```
    /// use pod_lifecycle::{explain::Remedy, state::StartError};
    ///
    /// assert_eq!(Remedy::for_waiting(&StartError::ErrImagePull), [Remedy::NewImage, Remedy::RegistryAccess]);
    /// ```
    #[must_use]
    pub fn for_waiting(reason: &StartError) -> &'static [Remedy] {
        table::of_start(reason)
    }

    /// What would keep a container from ending for this reason again, the best first.
    ///
    /// ```
    /// use pod_lifecycle::{explain::Remedy, state::TerminationReason};
    ///
    /// assert_eq!(Remedy::for_termination(&TerminationReason::StartError), [Remedy::RunnableCommand]);
    /// ```
    #[must_use]
    pub fn for_termination(reason: &TerminationReason) -> &'static [Remedy] {
        table::of_termination(reason)
    }

    /// What a condition of this type and reason needs that is not as one would like it, the best first.
    ///
    /// ```
    /// use pod_lifecycle::explain::Remedy;
    ///
    /// assert_eq!(Remedy::for_condition("Ready", "ReadinessGatesNotReady"), [Remedy::OwnerOfGate]);
    /// ```
    #[must_use]
    pub fn for_condition(condition_type: &str, reason: &str) -> &'static [Remedy] {
        table::of_condition(condition_type, reason)
    }

    /// What would keep the next Pod from ending for this reason, the best first.
    ///
    /// ```
    /// use pod_lifecycle::{explain::Remedy, state::PodReason};
    ///
    /// assert_eq!(Remedy::for_pod(&PodReason::DeadlineExceeded), [Remedy::LongerDeadline]);
    /// ```
    #[must_use]
    pub fn for_pod(reason: &PodReason) -> &'static [Remedy] {
        table::of_pod(reason)
    }

    /// What is needed, in a clause; of which container, if it is about one.
    ///
    /// ```
    /// use pod_lifecycle::explain::Remedy;
    ///
    /// assert_eq!(Remedy::NodeReturn.clause(None), "the return of the node");
    /// ```
    #[must_use]
    pub fn clause(self, container: Option<&str>) -> String {
        self.template().replace("{}", container.unwrap_or("the container"))
    }
}
