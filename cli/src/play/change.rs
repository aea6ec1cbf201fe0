//! What differs between two published statuses.

use pod_lifecycle::api::{ContainerState, ContainerStatus, PodStatus};
use serde::Serialize;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Change {
    /// The phase, or the reason of being in it.
    Phase {
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        reason: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// A condition.
    Condition {
        #[serde(rename = "type")]
        type_: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        reason: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// What a container is doing.
    Container {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// Whether a container that goes on as before is ready.
    Ready { name: String, ready: bool },
    /// Whether the startup of a container that goes on as before is over.
    Started { name: String, started: bool },
}

/// The differences in phase and conditions.
pub(crate) fn of_pod(old: &PodStatus, new: &PodStatus) -> Vec<Change> {
    let mut changes = Vec::new();
    phase(old, new, &mut changes);
    conditions(old, new, &mut changes);
    changes
}

/// The differences in what containers do, in the order of the status.
pub(crate) fn of_containers(old: &PodStatus, new: &PodStatus) -> Vec<Change> {
    let mut changes = Vec::new();
    for (old, new) in [
        (&old.init_container_statuses, &new.init_container_statuses),
        (&old.container_statuses, &new.container_statuses),
        (&old.ephemeral_container_statuses, &new.ephemeral_container_statuses),
    ] {
        for status in new {
            container(old.iter().find(|old| old.name == status.name), status, &mut changes);
        }
    }
    changes
}

fn phase(old: &PodStatus, new: &PodStatus, changes: &mut Vec<Change>) {
    let Some(to) = &new.phase else { return };
    if (&old.phase, &old.reason) != (&new.phase, &new.reason) {
        changes.push(Change::Phase {
            from: old.phase.as_ref().map(ToString::to_string),
            to: to.to_string(),
            reason: new.reason.clone(),
            message: new.message.clone(),
        });
    }
}

fn conditions(old: &PodStatus, new: &PodStatus, changes: &mut Vec<Change>) {
    for condition in &new.conditions {
        let before = old.conditions.iter().find(|old| old.type_ == condition.type_);
        let is_same = before.is_some_and(|old| (&old.status, &old.reason) == (&condition.status, &condition.reason));
        if !is_same {
            changes.push(Change::Condition {
                type_: condition.type_.clone(),
                from: before.map(|old| old.status.to_string()),
                to: condition.status.to_string(),
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            });
        }
    }
}

fn container(old: Option<&ContainerStatus>, new: &ContainerStatus, changes: &mut Vec<Change>) {
    let name = || new.name.clone();
    let (was, is) = (old.map(|old| State::of(&old.state)), State::of(&new.state));
    let is_other_run = old.is_some_and(|old| old.container_id != new.container_id && !new.container_id.is_empty());
    if was.as_ref() != Some(&is) || is_other_run {
        changes.push(Change::Container {
            name: name(),
            from: was.map(|was| was.kind.into()),
            to: is.kind.into(),
            reason: is.reason,
            exit_code: is.exit_code,
            message: is.message,
        });
        return;
    }
    if let Some(old) = old.filter(|old| old.ready != new.ready) {
        changes.push(Change::Ready { name: name(), ready: !old.ready });
    }
    if old.is_some_and(|old| old.started != new.started) {
        changes.push(Change::Started { name: name(), started: new.started == Some(true) });
    }
}

/// What counts of a container's state.
#[derive(PartialEq)]
struct State {
    kind: &'static str,
    reason: String,
    exit_code: Option<i32>,
    message: String,
}

impl State {
    fn of(state: &ContainerState) -> State {
        if state.running.is_some() {
            return State { kind: "Running", reason: String::new(), exit_code: None, message: String::new() };
        }
        if let Some(terminated) = &state.terminated {
            let (reason, message) = (terminated.reason.clone(), terminated.message.clone());
            return State { kind: "Terminated", reason, exit_code: Some(terminated.exit_code), message };
        }
        let waiting = state.waiting.clone().unwrap_or_default();
        State { kind: "Waiting", reason: waiting.reason, exit_code: None, message: waiting.message }
    }
}
