//! Messages of a status: of waiting containers (`CrashLoopBackOff`, `ImagePullBackOff`, …) and of conditions.
//!
//! The rules and the kubelet keep a message as data ([`FailureMessage`], [`ConditionMessage`]); its text is made here,
//! when a status is read. Answers to the texts in `pkg/kubelet/kuberuntime`, `pkg/kubelet/images` and
//! `pkg/kubelet/status/generate.go`.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use crate::{
    spec::{ContainerIndex, PodSpec},
    state::{
        Condition, ConditionMessage, ConditionReason, FailureMessage, GateFailure, REMOVED_TO_RESTART_ALL,
        StartFailure, UnmetContainers, Waiting,
    },
    time::go_duration,
};

/// Returns the message of a waiting container; empty if its reason has none.
pub(super) fn waiting_message(spec: &PodSpec, index: ContainerIndex, waiting: &Waiting) -> String {
    match waiting {
        Waiting::WithoutReason | Waiting::ContainerCreating | Waiting::PodInitializing => String::new(),
        Waiting::RestartingAllContainers => REMOVED_TO_RESTART_ALL.to_owned(),
        Waiting::Failed(failure) => failure_message(spec, index, failure),
    }
}

/// Returns the message of a container that waits since its last start failed.
///
/// Answers to `doBackOff` in `pkg/kubelet/kuberuntime` and `EnsureImageExists` in `pkg/kubelet/images`.
pub(crate) fn failure_message(spec: &PodSpec, index: ContainerIndex, failure: &StartFailure) -> String {
    match &failure.message {
        FailureMessage::Text(text) => (**text).to_owned(),
        FailureMessage::RestartBackOff { delay } => format!(
            "back-off {} restarting failed container={} pod={}_{}({})",
            go_duration(*delay),
            spec.container_name(index),
            spec.name(),
            spec.namespace(),
            spec.uid(),
        ),
        FailureMessage::PullBackOff { image, last } => {
            let back_off = format!("Back-off pulling image {image:?}");
            match last {
                Some(last) => format!("{back_off}: {}: {}", last.error, failure_message(spec, index, last)),
                None => back_off,
            }
        }
    }
}

/// Returns the message of a condition. Answers to the messages of `pkg/kubelet/status/generate.go`.
pub(crate) fn condition_message(spec: &PodSpec, condition: &Condition) -> String {
    match &condition.message {
        ConditionMessage::None => String::new(),
        ConditionMessage::RestartRule => "container exited with restart policy rule".to_owned(),
        ConditionMessage::Text(text) => (**text).to_owned(),
        ConditionMessage::Containers(unmet) => unmet_message(spec, unmet, condition.reason),
        ConditionMessage::Gates(failures) => {
            let messages: Vec<String> = failures.iter().map(|failure| gate_message(spec, *failure)).collect();
            messages.join(", ")
        }
    }
}

fn unmet_message(spec: &PodSpec, unmet: &UnmetContainers, reason: Option<ConditionReason>) -> String {
    let wanted = if reason == Some(ConditionReason::ContainersNotInitialized) { "incomplete" } else { "unready" };
    let parts = [("unknown", &unmet.unknown), (wanted, &unmet.unmet)];
    let parts = parts.into_iter().filter(|(_, containers)| !containers.is_empty()).map(|(status, containers)| {
        let names: Vec<&str> = containers.iter().map(|&index| spec.container_name(index)).collect();
        format!("containers with {status} status: [{}]", names.join(" "))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn gate_message(spec: &PodSpec, failure: GateFailure) -> String {
    let gate = spec.readiness_gates().get(usize::from(failure.gate)).map_or("", String::as_str);
    match failure.status {
        None => format!("corresponding condition of pod readiness gate {gate:?} does not exist."),
        Some(status) => format!("the status of pod readiness gate {gate:?} is not \"True\", but {status}"),
    }
}
