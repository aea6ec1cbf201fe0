//! What the containers of a Pod do: annotations say it first, then scripts, and the rest is healthy.

pub(super) mod annotations;
mod container;
pub(super) mod pod_script;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use pod_lifecycle::{
    event::NodeEvent,
    sim::ContainerScript,
    spec::{ContainerKind, ContainerSpec},
};

pub use annotations::AnnotationError;

/// Run time of an init container without instructions.
const INIT_TIME: Duration = Duration::from_secs(1);

/// Behaviour of a Pod's containers, and what its node does to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Behaviour {
    /// Scripts by container name; a container without one is healthy.
    pub(super) containers: BTreeMap<String, ContainerScript>,
    /// Seed of random draws, together with the Pod's uid.
    pub(super) seed: u64,
    /// Actions of the node, by time since the Pod's start.
    pub(super) deeds: Vec<(Duration, Deed)>,
}

/// Action of the node or the runtime on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The newest sandbox dies.
    SandboxDeath,
    /// The node ends the Pod.
    Node(NodeEvent),
}

/// Script without instructions: init containers end after a second, all others run for ever.
static HEALTHY: LazyLock<(Arc<Behaviour>, ContainerScript, ContainerScript)> = LazyLock::new(|| {
    let init = ContainerScript::default().exits_after(INIT_TIME);
    (Arc::new(Behaviour::default()), init, ContainerScript::default())
});

impl Behaviour {
    /// Returns the behaviour without instructions, shared by all Pods.
    pub(super) fn healthy() -> Arc<Behaviour> {
        HEALTHY.0.clone()
    }

    /// Returns a container's script.
    pub(super) fn script(&self, container: &ContainerSpec) -> &ContainerScript {
        self.containers.get(container.name()).unwrap_or_else(|| default_script(container))
    }
}

/// Returns the script of a container without instructions.
pub(super) fn default_script(container: &ContainerSpec) -> &'static ContainerScript {
    if container.kind() == ContainerKind::Init { &HEALTHY.1 } else { &HEALTHY.2 }
}
