//! What the command line says of a life: ends of containers, probes, and what happens to the Pod.

use std::time::Duration;

use pod_lifecycle::{
    sim::{InstructionKind, Scenario, ScriptActionKind},
    spec::PodSpec,
};

use crate::play::arguments::{Arguments, Story};

/// How long a simulation whose script has no end takes.
const DEFAULT_END: Duration = Duration::from_secs(600);

/// What is left to be seen after the last thing that happens.
const AFTERMATH: Duration = Duration::from_secs(60);

/// Adds to a scenario what the command line says. Its Pod has defaults.
pub(crate) fn tell(scenario: &mut Scenario, arguments: &Arguments) -> Result<(), String> {
    let story = &arguments.story;
    instruct(scenario, story)?;
    let mut last = Duration::ZERO;
    for (at, action) in actions(story) {
        last = last.max(at);
        *scenario = core::mem::take(scenario).at(at, action);
    }
    if let Some(until) = arguments.until {
        *scenario = core::mem::take(scenario).cut_at(until);
    } else if !last.is_zero() {
        let grace = scenario.pod.spec.termination_grace_period_seconds.unwrap_or_default();
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        let needed = last.saturating_add(grace).saturating_add(AFTERMATH);
        let end = scenario.script.end.unwrap_or(DEFAULT_END);
        scenario.script.end = Some(end.max(needed));
    }
    Ok(())
}

/// Returns what happens to the Pod, and when.
fn actions(story: &Story) -> Vec<(Duration, ScriptActionKind)> {
    let kinds = [
        (&story.delete_at, ScriptActionKind::Delete { grace: None }),
        (&story.evict_at, ScriptActionKind::Evict { message: None, grace: None }),
        (&story.shutdown_at, ScriptActionKind::Shutdown { grace: None }),
        (&story.restart_kubelet_at, ScriptActionKind::KubeletRestart),
    ];
    let mut actions = Vec::new();
    for (times, kind) in kinds {
        actions.extend(times.iter().map(|at| (*at, kind.clone())));
    }
    for (from, length) in &story.kubelet_away {
        actions.push((*from, ScriptActionKind::KubeletStop));
        actions.push((from.saturating_add(*length), ScriptActionKind::KubeletStart));
    }
    actions
}

/// Applies the instructions to containers.
fn instruct(scenario: &mut Scenario, story: &Story) -> Result<(), String> {
    let oom: Vec<String> = story.oom.iter().map(|list| with_suffix(list, ":oom")).collect();
    let pull: Vec<String> = story.pull_fails.iter().map(|list| with_message(list)).collect();
    // Ends come first: they set how many runs there are.
    let lists = [
        ("--exit", InstructionKind::Exit, &story.exit),
        ("--oom", InstructionKind::Exit, &oom),
        ("--stop", InstructionKind::Stop, &story.stop),
        ("--ready-after", InstructionKind::ReadyAfter, &story.ready_after),
        ("--started-after", InstructionKind::StartedAfter, &story.started_after),
        ("--live-until", InstructionKind::LiveUntil, &story.live_until),
        ("--pull-fails", InstructionKind::Pull, &pull),
    ];
    if lists.iter().all(|(.., lists)| lists.is_empty()) {
        return Ok(());
    }
    // A Pod that cannot be lowered is refused with all of its problems later.
    let Ok(spec) = PodSpec::from_admitted(&scenario.pod) else { return Ok(()) };
    for (option, kind, lists) in lists {
        for list in lists {
            let list = named(list, &scenario.pod.spec.containers);
            scenario.script.instruct(kind, &list, &spec).map_err(|error| error.of(option).to_string())?;
        }
    }
    Ok(())
}

/// Gives a word without a container's name that of the only container.
fn named(list: &str, containers: &[pod_lifecycle::api::Container]) -> String {
    match containers {
        [only] if !list.contains('=') => format!("{}={list}", only.name),
        _ => list.into(),
    }
}

/// Appends to each word of a list.
fn with_suffix(list: &str, suffix: &str) -> String {
    list.split(',').map(|item| format!("{item}{suffix}")).collect::<Vec<_>>().join(",")
}

/// Adds the registry's words to a list of bare names.
fn with_message(list: &str) -> String {
    if list.contains('=') { list.into() } else { with_suffix(list, "=registry says no") }
}
