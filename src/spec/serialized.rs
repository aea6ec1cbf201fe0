//! Serialized form of a spec: derived fields are left out, and what is read is validated.

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ContainerKind, ContainerSpec, NodeConstraints, PodResources, PodSpec, ProbeKind, VolumeSpec,
    lower::{by_name, narrow},
};
use crate::api::{ImageReference, Name, RestartPolicy, RestartRuleAction};

/// Fields of a spec that do not follow from others.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SerializedSpec {
    name: String,
    namespace: String,
    uid: String,
    generation: i64,
    containers: Box<[ContainerSpec]>,
    policy: RestartPolicy,
    termination_grace: Option<Duration>,
    active_deadline: Option<Duration>,
    readiness_gates: Box<[String]>,
    scheduling_gated: bool,
    host_network: bool,
    is_static: bool,
    resources: Option<Box<PodResources>>,
    node_constraints: Option<Box<NodeConstraints>>,
    #[serde(default)]
    volumes: Box<[VolumeSpec]>,
}

/// Error of a serialized spec that no API object could have been lowered to.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidSpec {
    #[error("containers: more than {}", u16::MAX)]
    TooManyContainers,
    #[error("containers: expected init containers and sidecars first, then regular containers, then ephemeral ones")]
    OutOfOrder,
    #[error("containers: duplicate name {0:?}")]
    DuplicateName(String),
    #[error("containers: {0:?} has a probe whose period, timeout or threshold is zero")]
    ZeroInProbe(String),
}

impl From<PodSpec> for SerializedSpec {
    fn from(spec: PodSpec) -> SerializedSpec {
        SerializedSpec {
            name: spec.name,
            namespace: spec.namespace,
            uid: spec.uid,
            generation: spec.generation,
            containers: spec.containers,
            policy: spec.policy,
            termination_grace: spec.termination_grace,
            active_deadline: spec.active_deadline,
            readiness_gates: spec.readiness_gates,
            scheduling_gated: spec.scheduling_gated,
            host_network: spec.host_network,
            is_static: spec.is_static,
            resources: spec.resources,
            node_constraints: spec.node_constraints,
            volumes: spec.volumes,
        }
    }
}

impl TryFrom<SerializedSpec> for PodSpec {
    type Error = InvalidSpec;

    fn try_from(serialized: SerializedSpec) -> Result<PodSpec, InvalidSpec> {
        // A snapshot may come from a file that was edited, so nothing about it is taken for granted.
        let mut containers = serialized.containers;
        check(&containers)?;
        for container in &mut containers {
            container.image_error = ImageReference::parse(&container.image).err();
        }
        let regular_from = narrow(count_of(&containers, |kind| list_of(kind) < 1));
        let ephemeral_from = narrow(count_of(&containers, |kind| list_of(kind) < 2));
        let mut rules = containers.iter().flat_map(|container| container.restart.rules());
        Ok(PodSpec {
            name: serialized.name,
            namespace: serialized.namespace,
            uid: serialized.uid,
            generation: serialized.generation,
            regular_from,
            ephemeral_from,
            regular_by_name: by_name(&containers, regular_from, ephemeral_from),
            ephemeral_by_name: by_name(&containers, ephemeral_from, narrow(containers.len())),
            policy: serialized.policy,
            termination_grace: serialized.termination_grace,
            active_deadline: serialized.active_deadline,
            readiness_gates: serialized.readiness_gates,
            scheduling_gated: serialized.scheduling_gated,
            host_network: serialized.host_network,
            is_static: serialized.is_static,
            resources: serialized.resources,
            node_constraints: serialized.node_constraints,
            has_sidecars: containers.iter().any(|container| container.kind == ContainerKind::Sidecar),
            all_containers_could_restart: rules.any(|rule| rule.action == RestartRuleAction::RestartAllContainers),
            volumes: serialized.volumes,
            containers,
        })
    }
}

fn check(containers: &[ContainerSpec]) -> Result<(), InvalidSpec> {
    if u16::try_from(containers.len()).is_err() {
        return Err(InvalidSpec::TooManyContainers);
    }
    if !containers.is_sorted_by_key(|container| list_of(container.kind)) {
        return Err(InvalidSpec::OutOfOrder);
    }
    let mut names = alloc::collections::BTreeSet::new();
    for container in containers {
        if !names.insert(&*container.name) {
            return Err(InvalidSpec::DuplicateName(container.name.clone()));
        }
        let probes = ProbeKind::ALL.iter().filter_map(|&kind| container.probe(kind));
        let mut numbers =
            probes.flat_map(|it| [it.timeout_seconds, it.period_seconds, it.success_threshold, it.failure_threshold]);
        // A period of 0 would be a timer that is always due.
        if numbers.any(|number| number == 0) {
            return Err(InvalidSpec::ZeroInProbe(container.name.clone()));
        }
    }
    Ok(())
}

/// Returns the place of a container's list among the three.
fn list_of(kind: ContainerKind) -> u8 {
    match kind {
        ContainerKind::Init | ContainerKind::Sidecar => 0,
        ContainerKind::Regular => 1,
        ContainerKind::Ephemeral => 2,
    }
}

fn count_of(containers: &[ContainerSpec], is_counted: impl Fn(ContainerKind) -> bool) -> usize {
    containers.iter().filter(|container| is_counted(container.kind)).count()
}
