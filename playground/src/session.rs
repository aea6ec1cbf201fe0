//! Session: plays a scenario, and returns the Pod's state at any time.

use bindings::{Drawing, Life, Moment, budget_of, duration, scenario_of};
use pod_lifecycle::{api::PodManifest, budget::Budget, spec::PodSpec};
use serde::Serialize;

use crate::{
    export,
    form::Form,
    manifest::{self, Manifest},
    problem::Problem,
    script_file::ScriptFile,
};

/// State of the page.
#[derive(Debug, Default)]
pub struct Session {
    /// Scenario that was played last.
    played: Option<Played>,
}

#[derive(Debug)]
struct Played {
    life: Life,
    manifest: Manifest,
    script: String,
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
    /// Picture, with its scale.
    #[serde(flatten)]
    pub drawing: Drawing,
    /// Budget as text; its findings are among the problems.
    pub budget: String,
}

/// State of the Pod at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstantView {
    /// State.
    #[serde(flatten)]
    pub moment: Moment,
    /// Status in YAML; empty once the object is removed.
    pub status: String,
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
        let ScriptFile { description, script: lowered, config } = file;
        let life = match Life::play(scenario_of(manifest.pod.clone(), description, lowered, config)) {
            Ok(life) => life,
            Err(error) => {
                answer.problems = manifest.location().unplayable(script, &error);
                return;
            }
        };
        let budget = admitted_budget(&life.scenario().pod);
        let findings = budget.iter().flat_map(|budget| manifest.location().findings(&budget.findings));
        answer.problems = findings.chain(unknown).collect();
        let played = Played { life, manifest, script: text.unwrap_or_default() };
        answer.life = Some(played.view(width, budget.as_ref()));
        self.played = Some(played);
    }

    /// Draws the same life with another width in px.
    #[must_use]
    pub fn draw(&self, width: u32) -> Option<LifeView> {
        self.played.as_ref().map(|played| played.view(width, None))
    }

    /// Returns the x coordinate of a time.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.played.as_ref().map_or(0.0, |played| played.life.x(seconds, width))
    }

    /// Returns the time at an x coordinate, in seconds.
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        self.played.as_ref().map(|played| played.life.seconds_at(x, width)).unwrap_or_default()
    }

    /// Returns the Pod's state so many seconds after the start.
    pub fn at(&mut self, seconds: f64) -> Option<InstantView> {
        let life = &mut self.played.as_mut()?.life;
        let status = life.object_at(seconds).map(|pod| status(&pod)).unwrap_or_default();
        Some(InstantView { moment: life.at(seconds)?, status })
    }

    /// Returns the scenario as a test in Rust, which asserts on the state so many seconds after the start.
    #[must_use]
    pub fn as_test(&self, seconds: f64) -> Option<String> {
        let played = self.played.as_ref()?;
        let scenario = export::scenario(&played.manifest, &played.script);
        Some(export::test(&scenario, played.life.timeline(), duration(seconds)))
    }

    /// Returns the scenario in YAML.
    #[must_use]
    pub fn as_scenario(&self) -> Option<String> {
        self.played.as_ref().map(|played| export::scenario(&played.manifest, &played.script))
    }
}

impl Played {
    fn view(&self, width: u32, budget: Option<&Budget>) -> LifeView {
        LifeView { drawing: self.life.draw(width), budget: budget.map(ToString::to_string).unwrap_or_default() }
    }
}

fn status(pod: &PodManifest) -> String {
    serde_saphyr::to_string(&pod.status).unwrap_or_else(|error| error.to_string())
}

fn admitted_budget(pod: &PodManifest) -> Option<Budget> {
    let spec = PodSpec::from_admitted(&pod.clone().with_defaults()).ok()?;
    Some(budget_of(&spec))
}
