//! What the containers of a Pod do: annotations say it first, then scenarios, and the rest is healthy.

pub(super) mod annotations;
mod container;
pub(super) mod scenarios;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use pod_lifecycle::{
    event::NodeEvent,
    sim::{ContainerScript, Run},
    spec::{ContainerKind, ContainerSpec},
};

pub use annotations::AnnotationError;

/// How long an init container runs of which nothing is said.
const INIT_SECONDS: f64 = 1.0;

/// What the containers of a Pod do, and what its node does to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Behaviour {
    /// By name; a container that is left out is healthy.
    pub(super) containers: BTreeMap<String, ContainerScript>,
    /// What is left to chance is drawn from it, and from the Pod's uid.
    pub(super) seed: u64,
    /// What happens how long after the Pod's start.
    pub(super) deeds: Vec<(Duration, Deed)>,
}

/// What happens to a Pod that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Its newest sandbox dies.
    SandboxDeath,
    /// The node ends it.
    Node(NodeEvent),
}

/// What containers do of which nothing is said: init containers end after a second, all others run for ever.
static HEALTHY: LazyLock<(Arc<Behaviour>, ContainerScript, ContainerScript)> = LazyLock::new(|| {
    let done = Run { exits_after_seconds: Some(INIT_SECONDS), ..Run::default() };
    let init = ContainerScript { runs: vec![done], ..ContainerScript::default() };
    (Arc::new(Behaviour::default()), init, ContainerScript::default())
});

impl Behaviour {
    /// All is well; one for all Pods.
    pub(super) fn healthy() -> Arc<Behaviour> {
        HEALTHY.0.clone()
    }

    /// What a container does.
    pub(super) fn script(&self, container: &ContainerSpec) -> &ContainerScript {
        self.containers.get(container.name()).unwrap_or_else(|| default_script(container))
    }
}

/// What a container does of which nothing is said.
pub(super) fn default_script(container: &ContainerSpec) -> &'static ContainerScript {
    if container.kind() == ContainerKind::Init { &HEALTHY.1 } else { &HEALTHY.2 }
}
