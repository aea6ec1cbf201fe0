//! Life: a scenario that was played, and its state at any time.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    go_duration,
    render::{Gantt, Lanes, Picture, Svg},
    sim::{self, Scenario, ScenarioError, Simulation},
};
use serde::Serialize;

use crate::{
    input::Options,
    moment::{self, Moment},
    problem::{InputError, Problem, problems_of_scenario},
    scenario::scenario,
};

/// Scenarios are cut after this many entries, so that a page stays responsive.
const MAX_ENTRIES: usize = 600_000;
/// Scenarios up to this length are played without a check of the number of entries.
const SHORT: Duration = Duration::from_secs(7_200);
/// Interval of that check.
const CHECK_EVERY: Duration = Duration::from_secs(3_600);
/// Upper bound of times to step through.
const MAX_MOMENTS: usize = 4_000;

/// A life that was played from its begin to its end.
#[derive(Debug)]
pub struct Life {
    scenario: Scenario,
    timeline: sim::Timeline,
    picture: Picture,
    notice: Option<String>,
    /// Simulation at the last requested time.
    simulation: Option<Simulation>,
}

/// Picture of a life as SVG, with its scale.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Drawing {
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
    /// Notice that the scenario was cut.
    pub notice: Option<String>,
}

/// Format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// SVG.
    Svg,
    /// Gantt chart for Mermaid.
    Mermaid,
    /// Lanes for a terminal.
    Lanes,
    /// Lanes of ASCII characters only.
    Ascii,
}

impl Format {
    /// Returns the format of this name: `svg`, `mermaid`, `lanes` or `ascii`.
    ///
    /// # Errors
    ///
    /// [`InputError`] lists the names.
    pub fn named(name: &str) -> Result<Format, InputError> {
        match name {
            "svg" => Ok(Format::Svg),
            "mermaid" => Ok(Format::Mermaid),
            "lanes" => Ok(Format::Lanes),
            "ascii" => Ok(Format::Ascii),
            _ => Err(Problem::at("format", format!("expected svg, mermaid, lanes or ascii, found {name:?}")).into()),
        }
    }

    /// Draws a timeline; the width is in px or columns.
    #[must_use]
    pub fn draw(self, timeline: &sim::Timeline, width: Option<u32>) -> String {
        let picture = Picture::of(timeline);
        let columns = width.and_then(|width| usize::try_from(width).ok());
        let lanes = Lanes::of(&picture);
        let lanes = columns.map_or(lanes, |columns| lanes.columns(columns));
        match self {
            Format::Svg => {
                let svg = Svg::of(&picture);
                width.map_or(svg, |width| svg.width(width)).to_string()
            }
            Format::Mermaid => Gantt::of(&picture).to_string(),
            Format::Lanes => lanes.to_string(),
            Format::Ascii => lanes.ascii().to_string(),
        }
    }
}

impl Life {
    /// Plays a scenario, or only its begin if too much happens.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that is wrong.
    pub fn play(scenario: Scenario) -> Result<Life, ScenarioError> {
        let (scenario, timeline, notice) = play(scenario)?;
        let picture = Picture::of(&timeline);
        Ok(Life { scenario, timeline, picture, notice, simulation: None })
    }

    /// Returns the scenario, cut if too much happens in it.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Returns everything that happened.
    #[must_use]
    pub fn timeline(&self) -> &sim::Timeline {
        &self.timeline
    }

    /// Returns the notice that the scenario was cut.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Draws the life as SVG with a width in px.
    #[must_use]
    pub fn draw(&self, width: u32) -> Drawing {
        let (timeline, svg) = (&self.timeline, self.svg(width));
        Drawing {
            name: timeline.pod.metadata.name.clone(),
            svg: svg.to_string(),
            left: svg.x(timeline.start),
            right: svg.x(timeline.end.at),
            length: timeline.length().as_secs_f64(),
            moments: moment::changes(timeline, MAX_MOMENTS),
            notice: self.notice.clone(),
        }
    }

    /// Returns the x coordinate of a time.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.svg(width).x(self.after(seconds))
    }

    /// Returns the time at an x coordinate, in seconds.
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        let at = self.svg(width).time_at(x);
        at.since(self.timeline.start).min(self.timeline.length()).as_secs_f64()
    }

    /// Returns the Pod's state so many seconds after the start.
    pub fn at(&mut self, seconds: f64) -> Option<Moment> {
        let now = self.after(seconds);
        // A simulation only advances: for an earlier time it starts again.
        let mut simulation = match self.simulation.take() {
            Some(simulation) if simulation.now() <= now => simulation,
            Some(_) | None => self.scenario.simulate().ok()?,
        };
        simulation.advance_to(now).ok()?;
        let moment = Moment::of(&self.timeline, &simulation.explain(now), now);
        self.simulation = Some(simulation);
        Some(moment)
    }

    /// Returns the Pod's object so many seconds after the start; `None` once it is removed.
    #[must_use]
    pub fn object_at(&self, seconds: f64) -> Option<PodManifest> {
        self.timeline.object_at(self.after(seconds))
    }

    fn svg(&self, width: u32) -> Svg<'_> {
        Svg::of(&self.picture).width(width)
    }

    fn after(&self, seconds: f64) -> Timestamp {
        (self.timeline.start + duration(seconds)).min(self.timeline.end.at)
    }
}

/// Returns seconds as a duration, rounded to microseconds as in scripts.
#[must_use]
pub fn duration(seconds: f64) -> Duration {
    let micros = (seconds.clamp(0.0, 1e10) * 1e6).round();
    Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default()
}

/// Plays a scenario, or only its begin if it has too many entries.
fn play(scenario: Scenario) -> Result<(Scenario, sim::Timeline, Option<String>), ScenarioError> {
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

/// Plays a scenario, in JSON.
///
/// # Errors
///
/// [`InputError`] names the field that is wrong.
pub fn life(input: &str, options: &Options) -> Result<Life, InputError> {
    let scenario = scenario(input, options)?;
    Life::play(scenario).map_err(|error| problems_of_scenario(&error).into())
}
