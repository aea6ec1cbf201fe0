//! Scripts of Pods: the instructions of annotations, then those of a [`PodScript`]; other containers are healthy.

pub(super) mod annotations;
pub(super) mod pod_script;

use std::{
    hash::Hasher,
    sync::{Arc, LazyLock},
    time::Duration,
};

use pod_lifecycle::{
    Timestamp,
    event::NodeEvent,
    sim::{ContainerScript, FakeRuntime, LoweredScript, Script},
    spec::{ContainerKind, ContainerSpec, PodSpec},
};

use super::stable_hash::StableHasher;

pub use annotations::AnnotationError;
pub use pod_script::{PodScript, PodScriptError};

/// Run time of an init container without instructions.
const INIT_TIME: Duration = Duration::from_secs(1);

/// Script of a Pod without instructions.
static HEALTHY: LazyLock<Arc<Script>> = LazyLock::new(Arc::default);

/// Scripts of an init container and of all others without instructions: the first exits after a second, the second never.
static HEALTHY_CONTAINERS: LazyLock<[ContainerScript; 2]> =
    LazyLock::new(|| [ContainerScript::default().exits_after(INIT_TIME), ContainerScript::default()]);

/// Returns the script without instructions, shared by all Pods.
pub(super) fn healthy() -> Arc<Script> {
    HEALTHY.clone()
}

/// Returns the script of a container without instructions.
fn healthy_container(container: &ContainerSpec) -> &'static ContainerScript {
    let [init, other] = &*HEALTHY_CONTAINERS;
    if container.kind() == ContainerKind::Init { init } else { other }
}

/// Lowers a script to a Pod's containers.
pub(super) fn lower(script: &Script, spec: &PodSpec) -> Arc<LoweredScript> {
    let script_of = |container: &ContainerSpec| script.containers.get(container.name());
    let scripts = spec.containers().map(|(_, container)| {
        (container.name().to_owned(), script_of(container).unwrap_or_else(|| healthy_container(container)).clone())
    });
    Arc::new(LoweredScript::new(&scripts.collect(), spec))
}

/// Creates the fake runtime of a Pod whose run started at `start`; sandbox deaths before `now` have been.
pub(super) fn runtime(script: &Script, spec: &PodSpec, start: Timestamp, now: Timestamp) -> FakeRuntime {
    // Pods with one script differ by their uids.
    let mut hasher = StableHasher::default();
    hasher.write(spec.uid().as_bytes());
    let mut runtime = FakeRuntime::new(lower(script, spec), start).with_seed(hasher.finish() ^ script.seed);
    for &after in script.sandbox_deaths.iter().filter(|&&after| start + after >= now) {
        runtime.kill_sandbox_at(start + after);
    }
    runtime
}

/// Returns the events that the node sends to a Pod whose run started at `start`, the last one first.
pub(super) fn node_events(script: &Script, start: Timestamp) -> Vec<(Timestamp, NodeEvent)> {
    let events = script.actions.iter().filter_map(|action| Some((start + action.at, action.kind.node_event()?)));
    let mut events: Vec<(Timestamp, NodeEvent)> = events.collect();
    events.sort_by_key(|(at, _)| *at);
    // Events of one instant keep the order of the script.
    events.reverse();
    events
}
