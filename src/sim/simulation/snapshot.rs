//! Snapshot of a simulation: its scenario, the actions beyond its script, and its progress.

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};

use super::Simulation;
use crate::{
    kubelet::Version,
    sim::{action::ScriptActionKind, error::ScenarioError, scenario::Scenario},
    time::Timestamp,
};

/// A simulation so far, for serde: its scenario, the actions beyond its script, and its progress. Everything else follows
/// from these, so restoring a simulation takes as long as running it did.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::{Simulation, Scenario};
///
/// let mut simulation = Scenario::example().simulate()?;
/// simulation.advance(Duration::from_secs(30))?;
/// simulation.delete(Some(Duration::from_secs(10)))?;
/// let json = serde_json::to_string(&simulation.snapshot())?;
/// let restored = Simulation::restore(serde_json::from_str(&json)?)?;
/// assert_eq!(restored.play()?, simulation.play()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulationSnapshot {
    version: Version,
    #[serde(with = "crate::api::described")]
    scenario: Box<Scenario>,
    #[serde(with = "crate::time::exact")]
    start: Timestamp,
    interventions: Vec<Intervention>,
    progress: Progress,
}

/// Progress of a simulation. Both numbers are needed: several events may share a time, and a simulation may be advanced
/// to a time between two events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    /// Number of events so far.
    steps: u64,
    /// The time up to which it was advanced.
    #[serde(with = "crate::time::exact")]
    to: Option<Timestamp>,
}

/// An action beyond the script, with the progress at which it was performed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intervention {
    progress: Progress,
    kind: InterventionKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum InterventionKind {
    /// [`Simulation::act`].
    Action(#[serde(with = "crate::api::described")] Box<ScriptActionKind>),
    /// [`Simulation::restart_agent`].
    AgentRestarted,
    /// [`Simulation::with_resumed_restarts`].
    RestartsAreResumed,
}

/// Error of restoring a simulation from a snapshot.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationSnapshotError {
    /// The scenario is invalid.
    #[error("scenario: {0}")]
    Scenario(#[from] ScenarioError),
    /// The simulation does not reach the snapshot's progress.
    #[error("the simulation does not reach {steps} events and the time {to:?} together")]
    NotSoFar {
        /// Number of events in the snapshot.
        steps: u64,
        /// Time in the snapshot; `None` if it has none.
        to: Option<Timestamp>,
    },
}

impl Simulation {
    /// Returns a snapshot, from which the simulation can be [restored](Simulation::restore).
    #[must_use]
    pub fn snapshot(&self) -> SimulationSnapshot {
        SimulationSnapshot {
            version: Version,
            scenario: Box::new(Scenario::clone(&self.scenario)),
            start: self.recorder.timeline.start,
            interventions: self.interventions.clone(),
            progress: self.progress(),
        }
    }

    /// Restores a simulation from a snapshot.
    ///
    /// # Errors
    ///
    /// [`SimulationSnapshotError`] if the snapshot is not of a simulation.
    pub fn restore(snapshot: SimulationSnapshot) -> Result<Simulation, SimulationSnapshotError> {
        let SimulationSnapshot { version: Version, mut scenario, start, interventions, progress } = snapshot;
        // A scenario without a start takes the default, which another version of the crate may change.
        scenario.config.start = Some(start);
        let mut simulation = scenario.simulate()?;
        for intervention in interventions {
            simulation.advance_to_progress(intervention.progress)?;
            // What was refused then is refused again.
            let _ = match intervention.kind {
                InterventionKind::Action(action) => simulation.act(&action),
                InterventionKind::AgentRestarted => simulation.restart_agent(),
                InterventionKind::RestartsAreResumed => {
                    simulation = simulation.with_resumed_restarts();
                    Ok(())
                }
            };
        }
        simulation.advance_to_progress(progress)?;
        Ok(simulation)
    }

    pub(super) fn note_action(&mut self, kind: &ScriptActionKind) {
        self.note_intervention(InterventionKind::Action(Box::new(kind.clone())));
    }

    pub(super) fn note_intervention(&mut self, kind: InterventionKind) {
        // Before the intervention is performed: its own events count as later steps.
        self.interventions.push(Intervention { progress: self.progress(), kind });
    }

    fn progress(&self) -> Progress {
        Progress { steps: self.steps, to: Some(self.now()) }
    }

    fn advance_to_progress(&mut self, Progress { steps, to }: Progress) -> Result<(), SimulationSnapshotError> {
        let not_so_far = SimulationSnapshotError::NotSoFar { steps, to };
        let Some(at) = to else { return Err(not_so_far) };
        while self.steps < steps {
            if !self.step_until(at)? {
                return Err(not_so_far);
            }
        }
        // A snapshot that was edited by hand may ask for the past.
        if self.steps > steps || at < self.now() {
            return Err(not_so_far);
        }
        self.reach(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use serde_json::Value;

    use super::*;

    /// Restores a Pod that crashed a few times and was deleted after 60 s, from a snapshot with one change.
    fn restored(change: impl Fn(&mut Value)) -> Result<Simulation, SimulationSnapshotError> {
        let scenario = Scenario::example().container("app", |app| app.exits_after(5));
        let mut simulation = scenario.simulate().unwrap();
        simulation.advance(Duration::from_secs(60)).unwrap();
        simulation.delete(Some(Duration::from_secs(30))).unwrap();
        simulation.advance(Duration::from_secs(10)).unwrap();
        let mut json = serde_json::to_value(simulation.snapshot()).unwrap();
        change(&mut json);
        Simulation::restore(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_snapshot_goes_back_neither_in_time_nor_in_steps() {
        assert!(restored(|_| {}).is_ok());
        let is_refused = |restored: Result<Simulation, SimulationSnapshotError>| {
            matches!(restored, Err(SimulationSnapshotError::NotSoFar { .. }))
        };
        assert!(is_refused(restored(|json| json["progress"]["steps"] = 0.into())));
        assert!(is_refused(restored(|json| json["progress"]["steps"] = 1_000_000.into())));
        assert!(is_refused(restored(|json| {
            json["progress"] = json["interventions"][0]["progress"].clone();
            json["progress"]["to"] = json["start"].clone();
        })));
    }

    #[test]
    fn a_snapshot_with_an_invalid_pod_names_its_field() {
        let error = restored(|json| json["scenario"]["pod"]["spec"]["restartPolicy"] = "Sometimes".into()).unwrap_err();
        assert!(matches!(error, SimulationSnapshotError::Scenario(_)), "{error}");
    }
}
