//! What is waited for.

use pod_lifecycle::{
    Timestamp,
    explain::{ContainerExplanation, Explanation, Next, NextStep, Situation, StopStep, WaitingFor, When},
    go_duration,
    spec::ProbeKind,
};
use serde::Serialize;

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// What: `api is started again`.
    pub what: String,
    /// When: `in 40s`, `in 5s or later`; empty if it depends on something else.
    pub when: String,
    /// The same as seconds after the start, if there is a time.
    pub seconds: Option<f64>,
}

/// What is waited for, the next first; last what has no time of its own.
pub(crate) fn of(explanation: &Explanation, start: Timestamp) -> Vec<Wait> {
    let mut next: Vec<&Next> = explanation.next.iter().collect();
    next.sort_by_key(|next| next.when.time());
    let timed = next.into_iter().map(|next| Wait {
        what: step(&next.what),
        when: when(next.when, explanation.at),
        seconds: Some(next.when.time().since(start).as_secs_f64()),
    });
    let open = explanation.containers.iter().filter_map(open);
    timed.chain(open.map(|what| Wait { what, when: String::new(), seconds: None })).collect()
}

fn when(when: When, now: Timestamp) -> String {
    let until = |at: Timestamp| go_duration(at.since(now));
    match when {
        When::At(at) => format!("in {}", until(at)),
        When::NotBefore(at) => format!("in {} or later", until(at)),
        When::Between { earliest, latest } => format!("in {} to {}", until(earliest), until(latest)),
    }
}

fn step(step: &NextStep) -> String {
    match step {
        NextStep::Start { container } => format!("{container} is started"),
        NextStep::Pull { container } => format!("the image of {container} is pulled"),
        NextStep::InspectImage { container } => format!("the node is asked for the image of {container}"),
        NextStep::Probe { container, probe } => format!("{container}: the {} probe", probe_name(*probe)),
        NextStep::PostStartEnds { container } => format!("the postStart hook of {container} ends"),
        NextStep::PreStopEnds { container } => format!("the preStop hook of {container} ends"),
        NextStep::TurnEnds { container } => format!("{container} is told to stop, whoever still runs"),
        NextStep::Kill { container } => format!("{container} is killed"),
        NextStep::Deadline => "the active deadline ends the Pod".into(),
        NextStep::Resync => "the kubelet looks at the Pod again".into(),
        other => format!("{other:?}"),
    }
}

fn probe_name(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startup",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Liveness => "liveness",
    }
}

/// What a container that is being stopped waits for.
fn stop(name: &str, step: &StopStep) -> Option<String> {
    match step {
        StopStep::Pending => Some(format!("{name} waits to be told to stop")),
        StopStep::PreStop { sleeps: false, .. } => Some(format!("{name} waits for its preStop hook")),
        StopStep::Turn { after, .. } => Some(format!("{name} waits for {} to end first", after.join(", "))),
        StopStep::Told { timeout, .. } => {
            Some(format!("{name} ends, or is killed {} s after it was told to stop", timeout.as_secs()))
        }
        StopStep::PreStop { .. } | StopStep::Unseen | StopStep::Gone => None,
        _ => None,
    }
}

/// What a container waits for that has no time of its own.
fn open(container: &ContainerExplanation) -> Option<String> {
    let name = &container.name;
    if let Situation::Pulling { image, .. } = &container.situation {
        return Some(format!("{name} waits for its image, {image}"));
    }
    if let Situation::Stopping { step, .. } = &container.situation {
        return stop(name, step);
    }
    let (Situation::NotStarted { waits_for, .. } | Situation::RestartDue { waits_for, .. }) = &container.situation
    else {
        return None;
    };
    Some(match waits_for {
        WaitingFor::Node => format!("{name} waits for a node to have the Pod"),
        WaitingFor::Sandbox => format!("{name} waits for the Pod's sandbox"),
        WaitingFor::InitContainer(init) => format!("{name} waits for {init} to do its part"),
        WaitingFor::Turn(other) => format!("{name} waits for {other}, which holds up the whole Pod"),
        WaitingFor::Reset => format!("{name} waits until all containers have been removed"),
        WaitingFor::Preparation => format!("{name} waits for volumes, an image or creation"),
        WaitingFor::NextSync => format!("{name} waits for the next sync of the Pod"),
        other => format!("{name} waits: {other:?}"),
    })
}
