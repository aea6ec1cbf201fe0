//! The column STATUS.

use alloc::string::String;

use super::containers::{InitContainers, RegularContainers};
use crate::{
    api::{ConditionStatus, Name, PodManifest, PodStatus},
    state::{ConditionReason, ConditionType},
    status::is_terminal,
};

/// One word for what a Pod is doing: of several, the one that comes first here.
///
/// 1. It is being deleted.
/// 2. What a regular container has to say, if they are looked at.
/// 3. What the init containers wait for.
/// 4. Gates keep it from being scheduled.
/// 5. The reason of the Pod's phase, or the phase itself.
///
/// `Completed` is said only if nothing else is left to say.
pub(super) fn word(pod: &PodManifest, init: InitContainers, regular: Option<RegularContainers>) -> String {
    if let Some(word) = deletion(pod) {
        return word.into();
    }
    let (word, others) = match regular {
        Some(RegularContainers { word, failure, ready, .. }) => (word, Some((failure, ready > 0))),
        None => (None, None),
    };
    let word = word.or(init.holding_up).unwrap_or_else(|| of_pod(&pod.status).into());
    match others {
        Some((failure, some_run)) if word == "Completed" => beside_completed(&pod.status, failure, some_run),
        _ => word,
    }
}

/// What a Pod shows once the API server has been asked to delete it.
///
/// One that has ended shows how; one whose node is lost shows that nobody knows.
fn deletion(pod: &PodManifest) -> Option<&'static str> {
    pod.metadata.deletion_timestamp?;
    match &*pod.status.reason {
        "NodeLost" => Some("Unknown"),
        _ => (!is_terminal(&pod.status)).then_some("Terminating"),
    }
}

/// What a Pod shows if one of its containers has completed: the others may still run, or have failed.
fn beside_completed(status: &PodStatus, failure: Option<String>, some_run: bool) -> String {
    match failure {
        _ if some_run && is_ready(status) => "Running".into(),
        Some(failure) => failure,
        None if some_run => "NotReady".into(),
        None => "Completed".into(),
    }
}

/// Whether any condition `Ready` holds.
fn is_ready(status: &PodStatus) -> bool {
    status.conditions.iter().any(|condition| {
        condition.type_ == ConditionType::Ready.name() && condition.status.known() == Some(ConditionStatus::True)
    })
}

/// What the Pod says of itself.
fn of_pod(status: &PodStatus) -> &str {
    let is_gated = status.conditions.iter().any(|condition| {
        condition.type_ == ConditionType::PodScheduled.name()
            && condition.reason == ConditionReason::SchedulingGated.name()
    });
    match &*status.reason {
        _ if is_gated => ConditionReason::SchedulingGated.name(),
        "" => status.phase.as_ref().map_or("", |phase| phase.as_str()),
        reason => reason,
    }
}
