//! Remedies: each known reason has its own, and its text stands in the explanation.

use pod_lifecycle::{
    api::Name,
    explain::Remedy,
    state::{ConditionReason, ConditionType, PodReason, StartError, TerminationReason},
};
use serde_json::{Value, json};

use super::{observed, pod};

/// Returns the advice for a Pod whose only container waits for this reason.
fn advice(reason: &str) -> String {
    let waiting = json!({"name": "app", "ready": false, "restartCount": 1, "image": "", "imageID": "",
        "state": {"waiting": {"reason": reason}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}});
    advice_of(&pod(json!({}), json!({"phase": "Running", "containerStatuses": [waiting], "conditions": []})))
}

/// Returns the line on what would change the state.
fn advice_of(object: &Value) -> String {
    let explained = observed(object.clone()).explain("2026-03-01T12:10:00Z".parse().unwrap()).to_string();
    let line = explained.lines().find_map(|line| line.strip_prefix("What would change it: "));
    line.unwrap_or_else(|| panic!("no advice: {explained}")).to_owned()
}

#[test]
fn every_waiting_reason_has_its_remedy() {
    let rows = [
        ("CrashLoopBackOff", &[Remedy::CauseOfExit][..], "fix the cause of the exit, which the log of `app`"),
        ("ErrImagePull", &[Remedy::NewImage, Remedy::RegistryAccess], "set another image for `app`"),
        ("ImagePullBackOff", &[Remedy::NewImage, Remedy::RegistryAccess], "the Pod's imagePullSecrets"),
        ("ErrImageNeverPull", &[Remedy::ImageOnNode], "put the image of `app` on the node"),
        ("InvalidImageName", &[Remedy::ValidImageName], "correct the image name of `app`"),
        ("ImageInspectError", &[Remedy::RuntimeOfNode], "repair the node's container runtime"),
        (
            "RegistryUnavailable",
            &[Remedy::RegistryReturn, Remedy::NewImage],
            "make the registry with the image of `app` available",
        ),
        ("SignatureValidationFailed", &[Remedy::SignedImage], "the signature that the node requires"),
        ("CreateContainerConfigError", &[Remedy::MissingReference], "a ConfigMap, a Secret or a key of one"),
        ("CreateContainerError", &[Remedy::RuntimesDemand], "provide what the runtime's message names"),
        ("PreCreateHookError", &[Remedy::HooksOfNode], "container hooks"),
        ("PreStartHookError", &[Remedy::HooksOfNode], "container hooks"),
        ("RunContainerError", &[Remedy::RunnableCommand], "a command for `app` that exists in its image"),
        ("PostStartHookError", &[Remedy::PostStartHook], "a postStart hook for `app` that succeeds"),
    ];
    let known: Vec<&str> = StartError::KNOWN.iter().map(StartError::as_str).collect();
    assert_eq!(rows.map(|(reason, ..)| reason).as_slice(), known, "every known reason has its row here");
    for (reason, remedies, words) in rows {
        assert_eq!(Remedy::for_waiting(&reason.into()), remedies, "{reason}");
        assert!(advice(reason).contains(words), "{reason}: {}", advice(reason));
    }
    for early in ["", "ContainerCreating", "PodInitializing", "RestartingAllContainers"] {
        assert_eq!(Remedy::for_waiting(&early.into()), [Remedy::Patience], "{early}");
        assert!(advice(early).starts_with("wait; "), "{early}");
    }
    for odd in ["ProviderFailed", "errimagepull", "Pending"] {
        assert_eq!(Remedy::for_waiting(&odd.into()), [Remedy::Message], "{odd}");
        assert!(advice(odd).contains("follow the message and the events"), "{odd}");
    }
}

#[test]
fn only_reasons_about_images_have_remedies_about_images() {
    let about_images = [Remedy::NewImage, Remedy::RegistryAccess, Remedy::RegistryReturn, Remedy::ImageOnNode];
    let about_images = [&about_images[..], &[Remedy::ValidImageName, Remedy::SignedImage]].concat();
    for reason in StartError::KNOWN {
        let is_about_image = ["Image", "Registry", "Signature"].iter().any(|word| reason.as_str().contains(word));
        // The runtime failed to inspect its images: not a fault of the image.
        let is_about_image = is_about_image && *reason != StartError::ImageInspectError;
        let advised = Remedy::for_waiting(reason);
        assert_eq!(advised.iter().any(|remedy| about_images.contains(remedy)), is_about_image, "{reason}: {advised:?}");
    }
}

#[test]
fn every_termination_reason_has_its_remedy() {
    let rows = [
        ("Completed", Remedy::LastingProcess, "give `app` a process that does not exit"),
        ("Error", Remedy::CauseOfExit, "fix the cause of the exit"),
        ("OOMKilled", Remedy::MoreMemory, "raise the memory limit of `app`"),
        ("ContainerCannotRun", Remedy::RunnableCommand, "a command for `app` that exists in its image"),
        ("StartError", Remedy::RunnableCommand, "a command for `app` that exists in its image"),
        ("ContainerStatusUnknown", Remedy::HealthOfNode, "check the health of the node"),
        ("RestartingAllContainers", Remedy::TriggerOfRestart, "the container whose exit restarts all"),
    ];
    let known: Vec<&str> = TerminationReason::KNOWN.iter().map(TerminationReason::as_str).collect();
    assert_eq!(rows.map(|(reason, ..)| reason).as_slice(), known, "every known reason has its row here");
    for (reason, remedy, words) in rows {
        assert_eq!(Remedy::for_termination(&reason.into()), [remedy], "{reason}");
        let held_back = json!({"name": "app", "ready": false, "restartCount": 1, "image": "", "imageID": "",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": reason}}});
        let limits = json!({"containers": [{"name": "app", "image": "a", "resources": {"limits": {"memory": "1Gi"}}}]});
        let object = pod(limits, json!({"containerStatuses": [held_back], "conditions": []}));
        assert!(advice_of(&object).contains(words), "{reason}: {}", advice_of(&object));
    }
    assert_eq!(Remedy::for_termination(&"Unplugged".into()), [Remedy::CauseOfExit, Remedy::Message]);
}

#[test]
fn every_condition_reason_has_its_remedy() {
    let rows = [
        ("UnknownContainerStatuses", Remedy::ReportOfNode),
        ("ContainersNotInitialized", Remedy::InitContainers),
        ("ContainersNotReady", Remedy::UnreadyContainers),
        ("ReadinessGatesNotReady", Remedy::OwnerOfGate),
        ("PodCompleted", Remedy::NewPod),
        ("PodFailed", Remedy::NewPod),
        ("RestartAllContainersStarted", Remedy::TriggerOfRestart),
        ("SchedulingGated", Remedy::Ungating),
        ("Unschedulable", Remedy::FittingNode),
        ("TerminationByKubelet", Remedy::HonestRequests),
        ("EvictionByEvictionAPI", Remedy::DisruptionBudget),
        ("PreemptionByScheduler", Remedy::HigherPriority),
        ("DeletionByTaintManager", Remedy::Toleration),
        ("DeletionByPodGC", Remedy::NewPod),
        ("Deferred", Remedy::RoomOnNode),
        ("Infeasible", Remedy::SmallerResize),
        ("Error", Remedy::Message),
    ];
    let known: Vec<&str> = ConditionReason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(rows.map(|(reason, _)| reason).as_slice(), known, "every known reason has its row here");
    for (reason, remedy) in rows {
        assert_eq!(Remedy::for_condition("Ready", reason), [remedy], "{reason}");
    }
}

#[test]
fn a_condition_without_a_known_reason_has_the_remedy_of_its_type() {
    let rows = [
        ("PodReadyToStartContainers", Remedy::NetworkAndVolumes),
        ("Initialized", Remedy::InitContainers),
        ("Ready", Remedy::ReportOfNode),
        ("ContainersReady", Remedy::ReportOfNode),
        ("PodScheduled", Remedy::FittingNode),
        ("AllContainersRestarting", Remedy::TriggerOfRestart),
        ("DisruptionTarget", Remedy::Message),
        ("PodResizePending", Remedy::RoomOnNode),
        ("PodResizeInProgress", Remedy::Message),
    ];
    let known: Vec<&str> = ConditionType::ALL.iter().map(|known| known.name()).collect();
    assert_eq!(rows.map(|(known, _)| known).as_slice(), known, "every known type has its row here");
    for (condition_type, remedy) in rows {
        assert_eq!(Remedy::for_condition(condition_type, ""), [remedy], "{condition_type}");
    }
    for (condition_type, reason, remedy) in [
        ("PodScheduled", "SchedulerError", Remedy::SchedulersLog),
        ("PodResizePending", "Deferred", Remedy::RoomOnNode),
        ("PodResizePending", "Infeasible", Remedy::SmallerResize),
        ("PodResizeInProgress", "Error", Remedy::Message),
        ("example.com/lb", "Unhealthy", Remedy::OwnerOfCondition),
    ] {
        assert_eq!(Remedy::for_condition(condition_type, reason), [remedy], "{condition_type} {reason}");
    }
    assert_eq!(Remedy::for_condition("example.com/gate", "Error"), [Remedy::OwnerOfCondition], "it is no resize");
}

#[test]
fn every_pod_reason_has_its_remedy() {
    let rows = [
        (Remedy::HonestRequests, &["Evicted"][..]),
        (Remedy::LongerDeadline, &["DeadlineExceeded"]),
        (Remedy::NodeReturn, &["NodeLost"]),
        (Remedy::HigherPriority, &["Preempting"]),
        (Remedy::OtherNode, &["Terminated", "NodeShutdown"]),
        (Remedy::RoomOnNode, &["OutOfcpu", "OutOfmemory", "OutOfephemeral-storage", "OutOfpods", "NodePorts"]),
        (Remedy::RoomOnNode, &["TopologyAffinityError", "SMTAlignmentError", "EmptyPodSharedPoolError"]),
        (Remedy::RoomOnNode, &["VolumeAttachmentLimitExceeded"]),
        (Remedy::FittingNode, &["NodeAffinity", "NodeName", "PodOSSelectorNodeLabelDoesNotMatch"]),
        (Remedy::Toleration, &["TaintToleration"]),
        (Remedy::NodeWithFeature, &["SysctlForbidden", "AppArmor", "PodOSNotSupported", "PodFeatureUnsupported"]),
        (Remedy::NodeWithFeature, &["InitContainerRestartPolicyForbidden", "SupplementalGroupsPolicyNotSupported"]),
        (Remedy::NodeWithFeature, &["PodLevelResourcesNotSupported"]),
        (Remedy::HealthOfNode, &["UnexpectedAdmissionError", "InvalidNodeInfo", "UnknownReason"]),
        (Remedy::HealthOfNode, &["UnexpectedPredicateFailureType"]),
    ];
    let mut listed: Vec<&str> = rows.iter().flat_map(|(_, reasons)| *reasons).copied().collect();
    let mut known: Vec<&str> = PodReason::KNOWN.iter().map(PodReason::as_str).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known, "every known reason has its row here");
    for (remedy, reasons) in rows {
        for reason in reasons {
            assert_eq!(Remedy::for_pod(&(*reason).into()), [remedy], "{reason}");
            let failed = json!({"phase": "Failed", "reason": reason, "containerStatuses": [], "conditions": []});
            let advice = advice_of(&pod(json!({}), failed));
            // The node has its name in the advice.
            let clause = remedy.clause(None).replace("the node back", "node node-1 back");
            assert!(advice.ends_with(&format!("{clause}.")), "{reason}: {advice}");
        }
    }
    assert_eq!(Remedy::for_pod(&"OutOfexample.com/gpu".into()), [Remedy::RoomOnNode]);
    assert_eq!(Remedy::for_pod(&"Bored".into()), [Remedy::Message]);
}

#[test]
fn every_remedy_is_a_clause_that_names_its_container_if_it_is_about_one() {
    for remedy in Remedy::ALL {
        let (of_app, of_pod) = (remedy.clause(Some("app")), remedy.clause(None));
        assert!(of_app.len() > 15 && !of_app.contains('{') && !of_app.ends_with('.'), "{remedy:?}: {of_app}");
        assert_eq!(of_app.contains("`app`"), of_app != of_pod, "{remedy:?}: {of_app} / {of_pod}");
    }
}
