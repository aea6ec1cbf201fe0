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

/// True if a script says what a container does once it has started.
pub(super) fn says_what_runs(script: &Script, container: &str) -> bool {
    script.containers.get(container).is_some_and(|script| {
        let has_hooks = script.post_start.is_some() || script.pre_stop.is_some();
        !script.runs.is_empty() || script.random.is_some() || has_hooks
    })
}

/// Lowers a script to a Pod's containers; those that are interpreted end by the interpreter alone.
pub(super) fn lower(script: &Script, spec: &PodSpec, is_interpreted: impl Fn(&str) -> bool) -> Arc<LoweredScript> {
    let script_of = |container: &ContainerSpec| script.containers.get(container.name());
    let scripts = spec.containers().map(|(_, container)| {
        let name = container.name();
        let script = match script_of(container) {
            None if is_interpreted(name) => ContainerScript::default().runs_for_ever().ignores_sigterm(),
            Some(script) if is_interpreted(name) => script.clone().runs_for_ever().ignores_sigterm(),
            script => script.unwrap_or_else(|| healthy_container(container)).clone(),
        };
        (name.to_owned(), script)
    });
    Arc::new(LoweredScript::new(&scripts.collect(), spec))
}

/// Creates the fake runtime of a Pod whose run started at `start`; sandbox deaths before `now` have been.
pub(super) fn runtime(
    script: &Script,
    spec: &PodSpec,
    start: Timestamp,
    now: Timestamp,
    is_interpreted: impl Fn(&str) -> bool,
) -> FakeRuntime {
    // Pods with one script differ by their uids.
    let mut hasher = StableHasher::default();
    hasher.write(spec.uid().as_bytes());
    let mut runtime =
        FakeRuntime::new(lower(script, spec, is_interpreted), start).with_seed(hasher.finish() ^ script.seed);
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
