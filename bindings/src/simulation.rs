//! Simulation: a scenario in virtual time, advanced step by step, and acted upon.

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    sim::{self, ScenarioError, ScriptActionKind},
};

use crate::{
    ask::json,
    input::{self, Options},
    life::{Format, duration},
    moment::Moment,
    problem::{InputError, Problem, problems_of_scenario},
    scenario::scenario,
    timeline::Timeline,
};

/// Longest time that is accepted, in seconds.
const LONGEST: f64 = 1e10;

/// A running simulation of one Pod. Times are seconds since its start.
#[derive(Clone, Debug)]
pub struct Simulation {
    simulation: sim::Simulation,
    start: Timestamp,
}

impl Simulation {
    /// Starts the simulation of a scenario, in JSON.
    ///
    /// # Errors
    ///
    /// [`InputError`] names the field that is wrong.
    pub fn new(text: &str, options: &Options) -> Result<Simulation, InputError> {
        let scenario = scenario(text, options)?;
        let simulation = scenario.simulate().map_err(|error| problems_of_scenario(&error))?;
        Ok(Simulation { start: simulation.now(), simulation })
    }

    // --- Advancing ---

    /// Advances by seconds, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`InputError`] if the number is invalid, or an action of the script is not possible.
    pub fn advance(&mut self, seconds: f64) -> Result<(), InputError> {
        check_seconds(seconds)?;
        self.simulation.advance(duration(seconds)).map_err(refused)
    }

    /// Advances up to and including a time, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`InputError`] if the number is invalid or in the past, or an action of the script is not possible.
    pub fn advance_to(&mut self, seconds: f64) -> Result<(), InputError> {
        check_seconds(seconds)?;
        if seconds < self.now() {
            let text =
                format!("expected a time from {} on, since a simulation only advances, found {seconds}", self.now());
            return Err(Problem::at("seconds", text).into());
        }
        self.simulation.advance_to(self.start + duration(seconds)).map_err(refused)
    }

    /// Advances to the next event, and returns its time; `None` once the Pod is finished or the script has ended.
    ///
    /// # Errors
    ///
    /// [`InputError`] if an action of the script is not possible.
    pub fn step(&mut self) -> Result<Option<f64>, InputError> {
        let at = self.simulation.step().map_err(refused)?;
        Ok(at.map(|at| self.seconds(at)))
    }

    /// Performs an action, in JSON, as in a script but without a time: `{"op": "delete", "graceSeconds": 5}`.
    ///
    /// # Errors
    ///
    /// [`InputError`] if there is no such action, or it is not possible for this Pod; then nothing changes.
    pub fn act(&mut self, action: &str) -> Result<(), InputError> {
        let kind: ScriptActionKind = input::read(action)?;
        self.simulation.act(&kind).map_err(refused)
    }

    // --- Inspecting ---

    /// Returns the present time.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.seconds(self.simulation.now())
    }

    /// Returns the time of the next event; `None` once the Pod is finished or the script has ended.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        self.simulation.next().map(|at| self.seconds(at))
    }

    /// True if the kubelet is done with the Pod.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.simulation.is_finished()
    }

    /// Returns the present state: kubectl's output, explanation, upcoming steps and events.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let now = self.simulation.now();
        Moment::of(self.simulation.timeline(), &self.simulation.explain(now), now)
    }

    /// Returns the Pod's object as the API server has it; `None` once it is removed.
    #[must_use]
    pub fn pod(&self) -> Option<PodManifest> {
        self.simulation.timeline().object_at(self.simulation.now())
    }

    /// Returns the timeline so far.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        Timeline::of(self.simulation.timeline(), None)
    }

    /// Draws the life so far; the width is in px or columns.
    ///
    /// # Errors
    ///
    /// [`InputError`] if there is no such format.
    pub fn picture(&self, format: &str, width: Option<u32>) -> Result<String, InputError> {
        Ok(Format::named(format)?.draw(self.simulation.timeline(), width))
    }

    /// Returns as JSON what `moment`, `pod` or `timeline` returns.
    ///
    /// # Errors
    ///
    /// [`InputError`] for another word.
    pub fn ask(&self, what: &str) -> Result<String, InputError> {
        match what {
            "moment" => json(&self.moment()),
            "pod" => json(&self.pod()),
            "timeline" => json(&self.timeline()),
            _ => Err(Problem::at("what", format!("expected moment, pod or timeline, found {what:?}")).into()),
        }
    }

    fn seconds(&self, at: Timestamp) -> f64 {
        at.since(self.start).as_secs_f64()
    }
}

fn check_seconds(seconds: f64) -> Result<(), InputError> {
    // Not a number is none of these.
    if (0.0..=LONGEST).contains(&seconds) {
        return Ok(());
    }
    Err(Problem::at("seconds", format!("{seconds} is not a number of seconds from 0 to {LONGEST}")).into())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn refused(error: ScenarioError) -> InputError {
    problems_of_scenario(&error).into()
}
