//! Session: plays a scenario, and returns the Pod's state at any time.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    budget::{Assumptions, Budget},
    go_duration,
    render::{Picture, Svg},
    sim::{Scenario, ScenarioError, Simulation, Timeline},
    spec::PodSpec,
};
use serde::Serialize;

use crate::{
    export,
    form::Form,
    instant::{self, InstantView},
    manifest::{self, Manifest},
    problem::Problem,
    script_file::ScriptFile,
};

/// UID of a Pod whose manifest has none; an API server would generate a random one.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";
/// Scenarios are cut after this many entries, so that the page stays responsive.
const MAX_ENTRIES: usize = 600_000;
/// Scenarios up to this length are played without a check of the number of entries.
const SHORT: Duration = Duration::from_secs(7_200);
/// Interval of that check.
const CHECK_EVERY: Duration = Duration::from_secs(3_600);
/// Upper bound of times to step through.
const MAX_MOMENTS: usize = 4_000;

/// State of the page.
#[derive(Debug, Default)]
pub struct Session {
    /// Scenario that was played last.
    played: Option<Played>,
    /// Simulation of that scenario at the last requested time.
    simulation: Option<Simulation>,
}

#[derive(Debug)]
struct Played {
    scenario: Scenario,
    manifest: Manifest,
    script: String,
    timeline: Timeline,
    picture: Picture,
}

/// Result of playing a manifest with a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Problems; with an error among them there is no life.
    pub problems: Vec<Problem>,
    /// Documents of the manifest that have Pods; one of them is played.
    pub choices: Vec<String>,
    /// The Pod's life.
    pub life: Option<LifeView>,
    /// Script as a form, if both texts can be read.
    pub form: Option<Form>,
}

/// Whole life of a Pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LifeView {
    /// Pod name.
    pub name: String,
    /// Picture as SVG.
    pub svg: String,
    /// Left end of its time axis, in px.
    pub left: f64,
    /// Right end.
    pub right: f64,
    /// Length in seconds.
    pub length: f64,
    /// Times of changes, in seconds.
    pub moments: Vec<f64>,
    /// Budget as text; its findings are among the problems.
    pub budget: String,
    /// Notice that the scenario was cut.
    pub notice: Option<String>,
}

impl Session {
    /// Plays a scenario. If that fails, the previous one stays.
    pub fn play(&mut self, manifest: &str, script: &str, choice: usize, width: u32) -> Answer {
        let choices = manifest::choices(manifest);
        let (manifest, file) = (Manifest::read(manifest, choice), ScriptFile::read(script));
        let form = manifest.as_ref().ok().zip(file.as_ref().ok()).map(|(manifest, file)| Form::of(&manifest.pod, file));
        let mut answer = Answer { problems: Vec::new(), choices, life: None, form };
        match (manifest, file) {
            (Ok(manifest), Ok(file)) => self.begin(manifest, file, script, width, &mut answer),
            (manifest, file) => answer.problems.extend(manifest.err().into_iter().chain(file.err())),
        }
        answer
    }

    fn begin(&mut self, manifest: Manifest, mut file: ScriptFile, script: &str, width: u32, answer: &mut Answer) {
        let unknown = file.remove_unknown_containers(&manifest.pod, script);
        // The exported scenario must play as it is shown.
        let text = if unknown.is_empty() { Ok(script.into()) } else { file.to_text() };
        let scenario = scenario(&manifest, file);
        let (scenario, timeline, notice) = match play(scenario) {
            Ok(played) => played,
            Err(error) => {
                answer.problems = manifest.location().unplayable(script, &error);
                return;
            }
        };
        let budget = budget_of(&scenario.pod);
        let findings = budget.iter().flat_map(|budget| manifest.location().findings(&budget.findings));
        answer.problems = findings.chain(unknown).collect();
        let picture = Picture::of(&timeline);
        let played = Played { scenario, manifest, script: text.unwrap_or_default(), timeline, picture };
        answer.life = Some(played.view(width, budget.as_ref(), notice));
        (self.played, self.simulation) = (Some(played), None);
    }

    /// Draws the same life with another width in px.
    #[must_use]
    pub fn draw(&self, width: u32) -> Option<LifeView> {
        self.played.as_ref().map(|played| played.view(width, None, None))
    }

    /// Returns the x coordinate of a time.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.played.as_ref().map_or(0.0, |played| Svg::of(&played.picture).width(width).x(played.after(seconds)))
    }

    /// Returns the time at an x coordinate, in seconds.
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        let seconds = self.played.as_ref().map(|played| {
            let at = Svg::of(&played.picture).width(width).time_at(x);
            at.since(played.timeline.start).min(played.timeline.length()).as_secs_f64()
        });
        seconds.unwrap_or_default()
    }

    /// Returns the Pod's state so many seconds after the start.
    pub fn at(&mut self, seconds: f64) -> Option<InstantView> {
        let played = self.played.as_ref()?;
        let now = played.after(seconds);
        // A simulation only advances: for an earlier time it starts again.
        let mut simulation = match self.simulation.take() {
            Some(simulation) if simulation.now() <= now => simulation,
            Some(_) | None => played.scenario.simulate().ok()?,
        };
        simulation.advance_to(now).ok()?;
        let instant = InstantView::of(&played.timeline, &simulation.explain(now), now);
        self.simulation = Some(simulation);
        Some(instant)
    }

    /// Returns the scenario as a test in Rust, which asserts on the state so many seconds after the start.
    #[must_use]
    pub fn as_test(&self, seconds: f64) -> Option<String> {
        let played = self.played.as_ref()?;
        Some(export::test(&export::scenario(&played.manifest, &played.script), &played.timeline, duration(seconds)))
    }

    /// Returns the scenario in YAML.
    #[must_use]
    pub fn as_scenario(&self) -> Option<String> {
        self.played.as_ref().map(|played| export::scenario(&played.manifest, &played.script))
    }
}

impl Played {
    fn after(&self, seconds: f64) -> Timestamp {
        (self.timeline.start + duration(seconds)).min(self.timeline.end.at)
    }

    fn view(&self, width: u32, budget: Option<&Budget>, notice: Option<String>) -> LifeView {
        let (timeline, svg) = (&self.timeline, Svg::of(&self.picture).width(width));
        LifeView {
            name: timeline.pod.metadata.name.clone(),
            svg: svg.to_string(),
            left: svg.x(timeline.start),
            right: svg.x(timeline.end.at),
            length: timeline.length().as_secs_f64(),
            moments: instant::moments(timeline, MAX_MOMENTS),
            budget: budget.map(ToString::to_string).unwrap_or_default(),
            notice,
        }
    }
}

/// Returns seconds as a duration, rounded to microseconds as in scripts.
fn duration(seconds: f64) -> Duration {
    let micros = (seconds.clamp(0.0, 1e10) * 1e6).round();
    Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default()
}

fn scenario(manifest: &Manifest, file: ScriptFile) -> Scenario {
    let ScriptFile { description, script, config } = file;
    let mut pod = manifest.pod.clone();
    if pod.metadata.uid.is_empty() {
        pod.metadata.uid = UID.into();
    }
    let mut scenario = Scenario::of(pod).described(description).on_node(config);
    scenario.script = script;
    scenario
}

/// Plays a scenario, or only its begin if it has too many entries.
fn play(scenario: Scenario) -> Result<(Scenario, Timeline, Option<String>), ScenarioError> {
    if scenario.script.end.is_none_or(|end| end <= SHORT) {
        let timeline = scenario.play()?;
        return Ok((scenario, timeline, None));
    }
    let mut life = scenario.simulate()?;
    let start = life.now();
    while let Some(next) = life.next() {
        life.advance_to(next + CHECK_EVERY)?;
        if life.entries().len() > MAX_ENTRIES {
            let until = life.now().since(start);
            let notice = format!("So much happens that only the first {} are played.", go_duration(until));
            let scenario = scenario.cut_at(until);
            let timeline = scenario.play()?;
            return Ok((scenario, timeline, Some(notice)));
        }
    }
    let timeline = scenario.play()?;
    Ok((scenario, timeline, None))
}

fn budget_of(pod: &PodManifest) -> Option<Budget> {
    let spec = PodSpec::from_admitted(&pod.clone().with_defaults()).ok()?;
    Some(Budget::of(&spec, &Assumptions::default()))
}
