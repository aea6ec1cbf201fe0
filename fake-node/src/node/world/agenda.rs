//! What is going to happen in a Pod's world, and when.

use std::collections::BTreeMap;

use pod_lifecycle::{
    Timestamp,
    event::HookKind,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
    state::InstanceId,
};

use crate::node::behaviour::Deed;

/// Something that happens when its time has come, unless it has become void.
#[derive(Clone, Debug)]
pub(super) enum SimEvent {
    /// A container ends by itself.
    Exit(ContainerIndex, InstanceId),
    /// A container has heeded its SIGTERM.
    SigtermExit(ContainerIndex, InstanceId),
    /// A container has not.
    Sigkill(ContainerIndex, InstanceId),
    /// A stop returns.
    Stopped(ContainerIndex, InstanceId),
    /// A pull ends.
    PullEnd(ContainerIndex, Box<str>),
    /// A hook ends.
    HookEnd(ContainerIndex, InstanceId, HookKind),
    /// A probe that has taken its time is answered.
    Answer(ContainerIndex, InstanceId, ProbeKind, ProbeOutcome),
    /// Something that nobody asked for.
    Deed(Deed),
}

/// Happenings in the order of their times; those of one instant in the order in which they were planned.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    planned: BTreeMap<(Timestamp, u32), SimEvent>,
    count: u32,
}

impl EventQueue {
    pub(super) fn plan(&mut self, at: Timestamp, happening: SimEvent) {
        self.planned.insert((at, self.count), happening);
        self.count = self.count.wrapping_add(1);
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.planned.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<SimEvent> {
        self.next().filter(|at| *at <= now)?;
        let due = self.planned.pop_first().map(|(_, happening)| happening);
        if self.planned.is_empty() {
            // A tree keeps the room of its last entries, and most Pods plan nothing for the rest of their lives.
            self.planned = BTreeMap::new();
        }
        due
    }

    /// Leaves out the deaths of sandboxes that have come before.
    pub(super) fn forget_sandbox_deaths(&mut self, before: Timestamp) {
        let is_death = |it: &SimEvent| matches!(it, SimEvent::Deed(Deed::SandboxDeath));
        self.planned.retain(|(at, _), happening| *at >= before || !is_death(happening));
    }
}
