//! Resizes in a script: the memory that containers use, and the calls that were made.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration::seconds;
use crate::spec::ContainerIndex;

/// Memory that a container uses from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryStep {
    /// Time since the start of the simulation.
    #[serde(with = "seconds")]
    pub from: Duration,
    /// Bytes in use from then on, while the container runs.
    pub bytes: u64,
}

/// Returns the memory that is in use so long after the start.
pub(super) fn memory_at(steps: &[MemoryStep], elapsed: Duration) -> u64 {
    let step = steps.iter().rev().find(|step| step.from <= elapsed);
    step.map_or(0, |step| step.bytes)
}

/// Calls so far that carried out resizes.
#[derive(Clone, Debug, Default)]
pub(super) struct ResizeCalls {
    containers: Vec<(ContainerIndex, u32)>,
    pub(super) sandbox: u32,
    pub(super) cgroup: u32,
}

impl ResizeCalls {
    /// Counts an update of a container, and returns its place among them.
    pub(super) fn next_of(&mut self, container: ContainerIndex) -> u32 {
        match self.containers.iter_mut().find(|(known, _)| *known == container) {
            Some((_, count)) => {
                let nth = *count;
                *count = nth.saturating_add(1);
                nth
            }
            None => {
                self.containers.push((container, 1));
                0
            }
        }
    }
}
