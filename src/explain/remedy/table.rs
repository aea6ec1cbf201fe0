//! Which remedy fits which reason: one table for each of the four kinds of reasons.
//!
//! Every reason that Kubernetes knows has its row, which the compiler sees to; any other has the last one.

use super::Remedy;
use crate::{
    api::Named,
    state::{ConditionReason, ConditionType, PodReason, StartError, TerminationReason},
};

/// What a waiting container needs, the best first.
pub(super) fn of_start(error: &StartError) -> &'static [Remedy] {
    match error {
        StartError::CrashLoopBackOff => &[Remedy::CauseOfExit],
        StartError::ErrImagePull | StartError::ImagePullBackOff => &[Remedy::NewImage, Remedy::RegistryAccess],
        StartError::ErrImageNeverPull => &[Remedy::ImageOnNode],
        StartError::InvalidImageName => &[Remedy::ValidImageName],
        StartError::ImageInspectError => &[Remedy::RuntimeOfNode],
        StartError::RegistryUnavailable => &[Remedy::RegistryReturn, Remedy::NewImage],
        StartError::SignatureValidationFailed => &[Remedy::SignedImage],
        StartError::CreateContainerConfigError => &[Remedy::MissingReference],
        StartError::CreateContainerError => &[Remedy::RuntimesDemand],
        StartError::PreCreateHookError | StartError::PreStartHookError => &[Remedy::HooksOfNode],
        StartError::RunContainerError => &[Remedy::RunnableCommand],
        StartError::PostStartHookError => &[Remedy::PostStartHook],
        StartError::Other(word) => match &**word {
            "" | "ContainerCreating" | "PodInitializing" | "RestartingAllContainers" => &[Remedy::Patience],
            _ => &[Remedy::Message],
        },
    }
}

/// What would keep a container from ending like this again, the best first.
pub(super) fn of_termination(reason: &TerminationReason) -> &'static [Remedy] {
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

/// What a condition needs that is not as one would like it, the best first.
pub(super) fn of_condition(condition_type: &str, reason: &str) -> &'static [Remedy] {
    if let Some(reason) = Named::<ConditionReason>::from(reason).known() {
        return of_reason(reason);
    }
    match (Named::<ConditionType>::from(condition_type).known(), reason) {
        (Some(ConditionType::PodScheduled), "SchedulerError") => &[Remedy::SchedulersLog],
        (Some(ConditionType::PodScheduled), _) => &[Remedy::FittingNode],
        (Some(ConditionType::PodReadyToStartContainers), _) => &[Remedy::NetworkAndVolumes],
        (Some(ConditionType::Initialized), _) => &[Remedy::InitContainers],
        // The kubelet gives a reason: whoever says none has not heard from it.
        (Some(ConditionType::Ready | ConditionType::ContainersReady), _) => &[Remedy::ReportOfNode],
        (Some(ConditionType::AllContainersRestarting), _) => &[Remedy::TriggerOfRestart],
        (Some(ConditionType::DisruptionTarget), _) => &[Remedy::Message],
        (None, "Deferred") if condition_type == "PodResizePending" => &[Remedy::RoomOnNode],
        (None, "Infeasible") if condition_type == "PodResizePending" => &[Remedy::SmallerResize],
        (None, "Error") if condition_type == "PodResizeInProgress" => &[Remedy::Message],
        (None, _) => &[Remedy::OwnerOfCondition],
    }
}

fn of_reason(reason: ConditionReason) -> &'static [Remedy] {
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
    }
}

/// What would keep the next Pod from ending like this one, the best first.
pub(super) fn of_pod(reason: &PodReason) -> &'static [Remedy] {
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
