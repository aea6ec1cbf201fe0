//! A life that was played, and can be asked about any instant.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    budget::{self, Assumptions, Budget},
    go_duration,
    render::{Picture, Svg},
    sim::{Scenario, ScenarioError, Simulation, Timeline},
    spec::PodSpec,
};
use serde::Serialize;

use crate::{
    copy, events,
    form::Form,
    instant::Instant,
    manifest::{self, Manifest},
    problem::Problem,
    story::Story,
};

/// What the Pod is called inside, if its manifest does not say; the API server would roll the dice.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";
/// More than this is not drawn, lest a page hangs.
const MOST_ENTRIES: usize = 600_000;
/// Lives no longer than this, in seconds, are played without a look at how much happens.
const SHORT: f64 = 7_200.0;
/// How much of a long one is played between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// More moments than this nobody steps through.
const MOST_MOMENTS: usize = 4_000;

/// A page's worth of state: the life that was played last, and the one that is asked for explanations.
#[derive(Debug, Default)]
pub struct Session {
    played: Option<Played>,
    life: Option<Simulation>,
}

#[derive(Debug)]
struct Played {
    scenario: Scenario,
    manifest: Manifest,
    story: String,
    timeline: Timeline,
    picture: Picture,
}

/// What came of two texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// What is wrong with them. Without an error among them, there is a life.
    pub problems: Vec<Problem>,
    /// The documents of the manifest that make Pods: one of them is played.
    pub choices: Vec<String>,
    /// The life.
    pub life: Option<LifeView>,
    /// What happens, as far as a form can say it; of the texts that can be read.
    pub form: Option<Form>,
}

/// What the page shows of a whole life.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LifeView {
    /// The Pod's name.
    pub name: String,
    /// The picture.
    pub svg: String,
    /// How far from the left it begins, in px.
    pub left: f64,
    /// Where it ends.
    pub right: f64,
    /// How long it is, in seconds.
    pub length: f64,
    /// The seconds at which something happens that is worth a look.
    pub moments: Vec<f64>,
    /// How long the Pod may take, in words; its findings are among the problems.
    pub budget: String,
    /// What else there is to know.
    pub notice: Option<String>,
}

impl Session {
    /// Plays a life. If it cannot be played, the one before stays.
    pub fn play(&mut self, manifest: &str, story: &str, choice: usize, width: u32) -> Answer {
        let choices = manifest::choices(manifest);
        let (read, told) = (Manifest::read(manifest, choice), Story::read(story));
        let form = read.as_ref().ok().zip(told.as_ref().ok()).map(|(manifest, story)| Form::of(&manifest.pod, story));
        let mut answer = Answer { problems: Vec::new(), choices, life: None, form };
        match (read, told) {
            (Ok(manifest), Ok(told)) => self.begin(manifest, told, story, width, &mut answer),
            (manifest, story) => answer.problems.extend(manifest.err().into_iter().chain(story.err())),
        }
        answer
    }

    fn begin(&mut self, manifest: Manifest, mut told: Story, story: &str, width: u32, answer: &mut Answer) {
        let strangers = told.forget_strangers(&manifest.pod, story);
        // What is taken along has to play as it was seen.
        let text = if strangers.is_empty() { Ok(story.into()) } else { told.to_text() };
        let scenario = scenario(&manifest, told);
        let (scenario, timeline, notice) = match play(scenario) {
            Ok(played) => played,
            Err(error) => {
                answer.problems = manifest.standing().unplayable(story, &error);
                return;
            }
        };
        let budget = budget_of(&scenario.pod);
        let findings = budget.iter().flat_map(|budget| manifest.standing().findings(&budget.findings));
        answer.problems = findings.chain(strangers).collect();
        let picture = Picture::of(&timeline);
        let played = Played { scenario, manifest, story: text.unwrap_or_default(), timeline, picture };
        answer.life = Some(played.view(width, budget.as_ref(), notice));
        (self.played, self.life) = (Some(played), None);
    }

    /// Draws the same life again, so many px wide, without the page's other answers.
    #[must_use]
    pub fn draw(&self, width: u32) -> Option<LifeView> {
        self.played.as_ref().map(|played| played.view(width, None, None))
    }

    /// How far from the left a moment is drawn.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.played.as_ref().map_or(0.0, |played| Svg::of(&played.picture).width(width).x(played.after(seconds)))
    }

    /// Which moment is drawn there, in seconds.
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        let seconds = self.played.as_ref().map(|played| {
            let at = Svg::of(&played.picture).width(width).moment_at(x);
            at.since(played.timeline.start).min(played.timeline.length()).as_secs_f64()
        });
        seconds.unwrap_or_default()
    }

    /// Everything that could be known of the Pod so many seconds after the start.
    pub fn at(&mut self, seconds: f64) -> Option<Instant> {
        let played = self.played.as_ref()?;
        let now = played.after(seconds);
        // Time only goes on: to look back, the life is lived anew.
        let mut life = match self.life.take() {
            Some(life) if life.now() <= now => life,
            Some(_) | None => played.scenario.life().ok()?,
        };
        life.advance_to(now).ok()?;
        let instant = Instant::of(&played.timeline, &life.explain(now), now);
        self.life = Some(life);
        Some(instant)
    }

    /// The life as a test in Rust, with what can be seen so many seconds after the start.
    #[must_use]
    pub fn as_test(&self, seconds: f64) -> Option<String> {
        let played = self.played.as_ref()?;
        Some(copy::test(&copy::scenario(&played.manifest, &played.story), &played.timeline, duration(seconds)))
    }

    /// The life as a scenario in YAML.
    #[must_use]
    pub fn as_scenario(&self) -> Option<String> {
        self.played.as_ref().map(|played| copy::scenario(&played.manifest, &played.story))
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
            moments: events::moments(timeline, MOST_MOMENTS),
            budget: budget.map(ToString::to_string).unwrap_or_default(),
            notice,
        }
    }
}

/// Seconds to the microsecond, as scripts have them.
fn duration(seconds: f64) -> Duration {
    let micros = (seconds.clamp(0.0, 1e10) * 1e6).round();
    Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default()
}

fn scenario(manifest: &Manifest, story: Story) -> Scenario {
    let Story { description, script, config } = story;
    let mut pod = manifest.pod.clone();
    if pod.metadata.uid.is_empty() {
        pod.metadata.uid = UID.into();
    }
    Scenario { description, pod, script, config }
}

/// Plays a scenario, or the beginning of it if too much happens.
fn play(scenario: Scenario) -> Result<(Scenario, Timeline, Option<String>), ScenarioError> {
    if scenario.script.end_seconds.is_none_or(|end| end <= SHORT) {
        let timeline = scenario.play()?;
        return Ok((scenario, timeline, None));
    }
    let mut life = scenario.life()?;
    let start = life.now();
    while let Some(next) = life.next() {
        life.advance_to(next + LOOK_EVERY)?;
        if life.entries().len() > MOST_ENTRIES {
            let until = life.now().since(start);
            let notice = format!("So much happens that only the first {} are played.", go_duration(until));
            let scenario = scenario.cut_at(until.as_secs_f64());
            let timeline = scenario.play()?;
            return Ok((scenario, timeline, Some(notice)));
        }
    }
    let timeline = scenario.play()?;
    Ok((scenario, timeline, None))
}

fn budget_of(pod: &PodManifest) -> Option<Budget> {
    let spec = PodSpec::from_admitted(&pod.clone().with_defaults()).ok()?;
    Some(budget::of(&spec, &Assumptions::default()))
}
