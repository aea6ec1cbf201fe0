//! A life written down, and taken up again from what was written.

use alloc::{boxed::Box, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{action::ScriptActionKind, error::ScenarioError, life::Simulation, scenario::Scenario};
use crate::{kubelet::Version, time::Timestamp};

/// A life as far as it was lived, for serde: its scenario, what others did to it, and how far it has come. The rest
/// follows from these, as a life told twice is the same life: to restore it takes as long as to live it.
///
/// ```
/// use pod_lifecycle::sim::{SimulationSnapshot, Scenario};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let snapshot: SimulationSnapshot = Scenario::healthy(pod).life()?.snapshot();
/// let written = serde_json::to_string(&snapshot)?;
/// assert_eq!(serde_json::from_str::<SimulationSnapshot>(&written)?, snapshot);
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
    deeds: Vec<Deed>,
    come: Come,
}

/// How far a life has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Come {
    /// How many things have happened.
    steps: u64,
    /// Until when it was lived.
    #[serde(with = "crate::time::exact")]
    to: Option<Timestamp>,
}

/// What was done to a life that its script does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deed {
    come: Come,
    what: DeedKind,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum DeedKind {
    /// Somebody acted.
    Action(#[serde(with = "crate::api::described")] Box<ScriptActionKind>),
    /// The node's agent restarted.
    AgentRestarted,
    /// From then on restarts are played as an agent lives them.
    RestartsAreResumed,
}

/// Why no life can be restored from a snapshot.
///
/// ```
/// use pod_lifecycle::sim::{Simulation, SimulationSnapshotError, Scenario};
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let mut written = serde_json::to_value(Scenario::healthy(pod).life()?.snapshot())?;
/// written["scenario"]["pod"]["spec"]["restartPolicy"] = "Sometimes".into();
/// let error = Simulation::restore(serde_json::from_value(written)?).unwrap_err();
/// assert!(matches!(error, SimulationSnapshotError::Scenario(_)), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationSnapshotError {
    /// The scenario cannot be played.
    #[error("scenario: {0}")]
    Scenario(#[from] ScenarioError),
    /// The life does not come as far as the snapshot says.
    #[error("the life ends, or something else happens, before {steps} things have happened up to {to:?}")]
    NotSoFar {
        /// How many things were to have happened.
        steps: u64,
        /// Up to which time; `None` if the snapshot does not say.
        to: Option<Timestamp>,
    },
}

impl Simulation {
    /// The life as far as it was lived; it goes on in the same way when it is [restored](Life::restore).
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::{Simulation, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let mut life = Scenario::healthy(pod).life()?;
    /// life.advance(Duration::from_secs(30))?;
    /// life.delete(Some(10))?;
    /// let written = serde_json::to_string(&life.snapshot())?;
    /// let restored = Simulation::restore(serde_json::from_str(&written)?)?;
    /// assert_eq!(restored.play()?, life.play()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> SimulationSnapshot {
        SimulationSnapshot {
            version: Version,
            scenario: Box::new(Scenario::clone(&self.scenario)),
            start: self.recorder.timeline.start,
            deeds: self.deeds.clone(),
            come: self.come(),
        }
    }

    /// The life of which this is the snapshot.
    ///
    /// # Errors
    ///
    /// [`SimulationSnapshotError`] if what is written is of no life.
    ///
    /// ```
    /// use pod_lifecycle::sim::{Simulation, SimulationSnapshotError, Scenario};
    ///
    /// let pod = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let mut written = serde_json::to_value(Scenario::healthy(pod).life()?.snapshot())?;
    /// written["come"]["steps"] = 1_000_000.into();
    /// let error = Simulation::restore(serde_json::from_value(written)?).unwrap_err();
    /// assert!(matches!(error, SimulationSnapshotError::NotSoFar { steps: 1_000_000, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(snapshot: SimulationSnapshot) -> Result<Simulation, SimulationSnapshotError> {
        let SimulationSnapshot { version: Version, mut scenario, start, deeds, come } = snapshot;
        scenario.config.start = Some(start);
        let mut life = scenario.life()?;
        for deed in deeds {
            life.come_to(deed.come)?;
            // What was refused then is refused again.
            let _ = match deed.what {
                DeedKind::Action(action) => life.act(&action),
                DeedKind::AgentRestarted => life.restart_agent(),
                DeedKind::RestartsAreResumed => {
                    life = life.with_resumed_restarts();
                    Ok(())
                }
            };
        }
        life.come_to(come)?;
        Ok(life)
    }

    /// Notes what is being done to the life.
    pub(super) fn note_action(&mut self, kind: &ScriptActionKind) {
        self.note_deed(DeedKind::Action(Box::new(kind.clone())));
    }

    pub(super) fn note_deed(&mut self, what: DeedKind) {
        self.deeds.push(Deed { come: self.come(), what });
    }

    fn come(&self) -> Come {
        Come { steps: self.steps, to: Some(self.now()) }
    }

    fn come_to(&mut self, Come { steps, to }: Come) -> Result<(), SimulationSnapshotError> {
        let not_so_far = SimulationSnapshotError::NotSoFar { steps, to };
        let Some(at) = to else { return Err(not_so_far) };
        while self.steps < steps {
            if !self.step_until(at)? {
                return Err(not_so_far);
            }
        }
        if self.steps > steps || at < self.now() {
            return Err(not_so_far);
        }
        self.live_to(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use serde_json::Value;

    use super::*;

    /// The life of a Pod that crashed a few times, was deleted after 60 s and lived on for 10 s, written down with one
    /// thing changed.
    fn restored(change: impl Fn(&mut Value)) -> Result<Simulation, SimulationSnapshotError> {
        let pod = serde_json::from_str(
            r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#,
        );
        let mut life = Scenario::of(pod.unwrap()).container("app", |app| app.exits_after(5.0)).life().unwrap();
        life.advance(Duration::from_secs(60)).unwrap();
        life.delete(Some(30)).unwrap();
        life.advance(Duration::from_secs(10)).unwrap();
        let mut written = serde_json::to_value(life.snapshot()).unwrap();
        change(&mut written);
        Simulation::restore(serde_json::from_value(written).unwrap())
    }

    #[test]
    fn a_life_that_is_written_down_goes_neither_back_in_time_nor_back_in_steps() {
        assert!(restored(|_| {}).is_ok());
        let is_refused = |restored: Result<Simulation, SimulationSnapshotError>| {
            matches!(restored, Err(SimulationSnapshotError::NotSoFar { .. }))
        };
        let back_in_steps = |written: &mut Value| written["come"]["steps"] = 0.into();
        assert!(is_refused(restored(back_in_steps)));
        let back_in_time = |written: &mut Value| {
            written["come"] = written["deeds"][0]["come"].clone();
            written["come"]["to"] = written["start"].clone();
        };
        assert!(is_refused(restored(back_in_time)));
    }
}
