//! What the command line says of a life: ends of containers, probes, and what happens to the Pod.

use std::time::Duration;

use pod_lifecycle::{
    api::{Quantity, ResourceRequirements},
    object::PodResize,
    sim::{InstructionKind, NodeSettings, Scenario, ScriptActionKind, VolumeScript},
    spec::PodSpec,
};
use serde::Deserialize as _;

use crate::play::arguments::{self, Arguments, Story};

/// How long a simulation whose script has no end takes.
const DEFAULT_END: Duration = Duration::from_secs(600);

/// What is left to be seen after the last thing that happens.
const AFTERMATH: Duration = Duration::from_secs(60);

/// Adds to a scenario what the command line says. Its Pod has defaults.
pub(crate) fn tell(scenario: &mut Scenario, arguments: &Arguments) -> Result<(), String> {
    let story = &arguments.story;
    instruct(scenario, story)?;
    let resizes = resizes(scenario, story)?;
    let mut last = fail_mounts(scenario, story)?;
    for (at, action) in actions(story).into_iter().chain(resizes) {
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

// --- Volumes ---

/// First delay of a mount that has failed, which doubles up to the longest.
const MOUNT_RETRIES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(122));

/// Has mounts fail; returns when the last of them succeeds.
fn fail_mounts(scenario: &mut Scenario, story: &Story) -> Result<Duration, String> {
    let mut last = Duration::ZERO;
    for word in &story.mount_fails {
        let refused = |why: &str| format!("--mount-fails: {word}: {why}");
        let (name, until) = word.split_once('=').ok_or_else(|| refused("wanted VOLUME=TIME"))?;
        if !scenario.pod.spec.volumes.iter().any(|volume| volume.name == name) {
            return Err(refused(&format!("the Pod has no volume {name:?}")));
        }
        if until == "never" {
            let fails = |volume: VolumeScript| volume.never_mounts(MOUNT_ERROR);
            *scenario = core::mem::take(scenario).volume(name, fails);
            continue;
        }
        let until = arguments::time(until).map_err(|why| refused(&why))?;
        let (mut at, mut delay, mut failures) = (Duration::ZERO, MOUNT_RETRIES.0, 0_u32);
        while at < until {
            (at, failures) = (at.saturating_add(delay), failures.saturating_add(1));
            delay = delay.saturating_mul(2).min(MOUNT_RETRIES.1);
        }
        *scenario = core::mem::take(scenario).volume(name, |volume| volume.mount_fails(failures, MOUNT_ERROR));
        last = last.max(at);
    }
    Ok(last)
}

/// Error of a mount.
const MOUNT_ERROR: &str = "mount failed: exit status 32";

// --- Resizes ---

/// Resources of a node that a scenario does not describe.
const NODE: [(&str, &str); 2] = [("cpu", "64"), ("memory", "256Gi")];

/// Returns the resizes, each with its time; a node without known resources gets some.
fn resizes(scenario: &mut Scenario, story: &Story) -> Result<Vec<(Duration, ScriptActionKind)>, String> {
    let mut resizes = Vec::new();
    for word in &story.resize_at {
        let refused = |why: &str| format!("--resize-at: {word}: {why}");
        let wanted = || refused("wanted TIME=CONTAINER:RESOURCE=REQUEST/LIMIT");
        let (at, rest) = word.split_once('=').ok_or_else(wanted)?;
        let at = arguments::time(at).map_err(|why| refused(&why))?;
        let (name, resources) = rest.split_once(':').ok_or_else(wanted)?;
        let spec = &scenario.pod.spec;
        let mut containers = spec.init_containers.iter().chain(&spec.containers);
        let container = containers.find(|container| container.name == name);
        let container = container.ok_or_else(|| refused(&format!("the Pod has no container {name:?}")))?;
        let resources_now = container.resources.clone().unwrap_or_default();
        let mut new = ResourceRequirements::deserialize(resources_now).unwrap_or_default();
        for resource in resources.split(',') {
            let (resource, amounts) = resource.split_once('=').ok_or_else(wanted)?;
            let (request, limit) = amounts.split_once('/').map_or((amounts, None), |(one, two)| (one, Some(two)));
            let quantity = |text: &str| {
                text.parse::<Quantity>().map_err(|_| refused(&format!("{text:?} is no amount, such as 500m or 1Gi")))
            };
            new.requests.insert(resource.into(), quantity(request)?);
            if let Some(limit) = limit {
                new.limits.insert(resource.into(), quantity(limit)?);
            }
        }
        let resize = PodResize::of_container(name, new);
        resizes.push((at, ScriptActionKind::Resize { resize, unseen: false }));
    }
    if !resizes.is_empty() && scenario.config.node.is_none() {
        let mut node = NodeSettings::default();
        for (resource, amount) in NODE {
            node.allocatable.insert(resource.into(), amount.parse().unwrap_or_default());
        }
        scenario.config.node = Some(node);
    }
    Ok(resizes)
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
