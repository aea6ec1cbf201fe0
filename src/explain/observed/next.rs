//! What happens next, and when, as far as a status tells.

use alloc::vec::Vec;

use super::{Observation, back_off::Delay};
use crate::{
    explain::{
        container::{ContainerExplanation, Situation},
        next::{Next, NextStep, When},
        pod::PodSituation,
    },
    rule::deadline,
    state::ContainerRecord,
};

impl Observation<'_> {
    pub(super) fn next(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<Next> {
        match situation {
            PodSituation::Stopping { .. } => self.kills(containers),
            PodSituation::NoSandbox { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::Container { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Ready => {
                let restarts = containers.iter().filter_map(|container| self.restart(container));
                restarts.chain(self.deadline()).collect()
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::Unreported { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => Vec::new(),
        }
    }

    fn restart(self, explained: &ContainerExplanation) -> Option<Next> {
        let limits = &self.node.crash_loop;
        let record = self.record_of(explained)?;
        let (exit, delay) = match &explained.situation {
            Situation::HeldBack { exit, .. } => (Some(exit), Delay::in_force(record, limits)),
            Situation::HeldBackBetween { exit, .. } => (exit.as_ref(), Delay::in_force(record, limits)),
            Situation::RestartDue { exit, .. } => (Some(exit), Delay::to_come(record, limits)),
            Situation::NotStarted { .. }
            | Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::CannotStart { .. }
            | Situation::Running { .. }
            | Situation::Stopping { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan
            | Situation::Unknown => return None,
        };
        let when = delay.over(exit?.at?);
        Some(Next { when, what: NextStep::Start { container: explained.name.clone() } })
    }

    fn record_of(&self, explained: &ContainerExplanation) -> Option<&ContainerRecord> {
        let index = self.pod.spec().index_of(&explained.name)?;
        self.pod.records().get(index.get())?.as_ref()
    }

    fn deadline(self) -> Option<Next> {
        let at = deadline::expires_at(self.pod.spec(), self.pod.status().start_time?)?;
        Some(Next { when: When::NotBefore(at), what: NextStep::Deadline })
    }

    /// What has not ended by the time at which the Pod is to be gone is killed then.
    fn kills(self, containers: &[ContainerExplanation]) -> Vec<Next> {
        let deletion = self.pod.manifest().metadata.deletion_timestamp;
        let Some(at) = deletion.filter(|at| *at > self.now) else { return Vec::new() };
        let running = containers.iter().filter(|container| matches!(container.situation, Situation::Stopping { .. }));
        let kill = |container: &ContainerExplanation| Next {
            when: When::NotBefore(at),
            what: NextStep::Kill { container: container.name.clone() },
        };
        running.map(kill).collect()
    }
}
