//! SVG: the main picture of a Pod's life.

mod canvas;
mod lanes;
mod layout;
mod markers;
mod page;
mod styles;
#[cfg(test)]
mod tests;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use self::{
    canvas::{Escaped, Px},
    page::Page,
};
use super::{
    lane::Lane,
    picture::{Picture, Span},
    words,
};
use crate::{spec::ContainerKind, time::Timestamp};

/// Picture as SVG: one lane per container, then phase and conditions, then Kubernetes events.
///
/// Prints one self-contained `<svg>` element. It follows the reader's preference for light or dark colours, shows
/// details on hover, and has a description for screen readers in `<desc>`. Its size is given in px, and it may be
/// scaled.
///
/// ```
/// use pod_lifecycle::{api, render::{Picture, Svg}, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let picture = Picture::of(&Scenario::healthy(pod).play()?);
/// let svg = Svg::of(&picture).width(800).to_string();
/// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Svg<'a> {
    picture: &'a Picture,
    width: f64,
}

/// Default width in px.
const WIDTH: f64 = 1_000.0;
/// Minimum width in px, about that of a phone.
const MIN_WIDTH: u32 = 320;
/// Longer histories are summarized in the description.
const MAX_STEPS: usize = 12;

const STYLE: &str = include_str!("style.css");
const DEFS: &str = include_str!("defs.svg");

impl<'a> Svg<'a> {
    /// Creates an SVG of 1,000 px width.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Svg<'a> {
        Svg { picture, width: WIDTH }
    }

    /// Sets the width in px, at least 320. The layout changes; the font size does not.
    #[must_use]
    pub fn width(self, px: u32) -> Svg<'a> {
        Svg { width: f64::from(px.max(MIN_WIDTH)), ..self }
    }

    /// Returns the x coordinate of a time, in px.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{api::PodManifest, render::{Picture, Svg}, sim::Scenario};
    ///
    /// let pod: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let picture = Picture::of(&Scenario::healthy(pod).play()?);
    /// let svg = Svg::of(&picture);
    /// let minute = picture.start + Duration::from_secs(60);
    /// assert!(svg.x(picture.start) < svg.x(minute));
    /// assert_eq!(svg.time_at(svg.x(minute)).since(minute).as_millis(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn x(&self, at: Timestamp) -> f64 {
        page::scale(self.picture, self.width).x(at)
    }

    /// Returns the time at an x coordinate in px; the reverse of [`x`](Svg::x).
    #[must_use]
    pub fn time_at(&self, x: f64) -> Timestamp {
        page::scale(self.picture, self.width).time_at(x)
    }
}

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(self.picture, self.width);
        // Drawn first: the height of the page is known only when all rows are.
        page.draw();
        let (width, height) = (Px(page.width), Px(page.y.ceil()));
        let title = format!("Life of Pod {}", self.picture.title());
        let title = Escaped(&title);
        write!(f, r#"<svg xmlns="http://www.w3.org/2000/svg" class="pod-life" role="img" aria-label="{title}" "#)?;
        writeln!(f, r#"width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#)?;
        writeln!(f, "<title>{title}</title>")?;
        writeln!(f, "<desc>{}</desc>", Escaped(&description(self.picture)))?;
        writeln!(f, "<style>\n{STYLE}</style>\n<defs>\n{DEFS}</defs>")?;
        writeln!(f, "{}</svg>", page.canvas)
    }
}

/// Returns the description for screen readers: the whole life, the phase, each container, actions and events.
fn description(picture: &Picture) -> String {
    let mut sentences = alloc::vec![format!("Life of Pod {}: {}.", picture.title(), page::subtitle(picture))];
    sentences.push(format!("Phase: {}.", history(picture, &picture.phase)));
    sentences.extend(picture.lanes.iter().map(|lane| describe_lane(picture, lane)));
    if !picture.actions.is_empty() {
        let actions = picture.actions.iter().take(MAX_STEPS);
        let actions: Vec<_> =
            actions.map(|action| format!("{} {}", action.what, words::offset(action.at, picture.start))).collect();
        sentences.push(format!("Actions: {}.", actions.join(", ")));
    }
    if !picture.events.is_empty() {
        // Once per recording, so that the tally counts repetitions too.
        let reasons = picture.events.iter().flat_map(|event| event.times.iter().map(|_| event.reason.as_str()));
        sentences.push(format!("Events: {}.", words::tally(reasons)));
    }
    sentences.join(" ")
}

fn describe_lane(picture: &Picture, lane: &Lane) -> String {
    let kind = match lane.kind {
        ContainerKind::Init => "Init container",
        ContainerKind::Sidecar => "Sidecar",
        ContainerKind::Regular => "Container",
        ContainerKind::Ephemeral => "Ephemeral container",
    };
    let exits = words::tally(lane.runs.iter().filter_map(|run| run.what.exit));
    let exits = if exits.is_empty() { String::from("does not exit") } else { format!("exits: {exits}") };
    format!("{kind} {}: {}; {exits}.", lane.name, history(picture, &lane.states))
}

/// Returns each value with its start, or how often each occurs if there are many.
fn history<T: ToString>(picture: &Picture, spans: &[Span<T>]) -> String {
    // A screen reader cannot skip; counts say more than a hundred steps.
    if spans.len() > MAX_STEPS {
        return words::tally(spans.iter().map(|span| span.what.to_string()));
    }
    let step = |span: &Span<T>| format!("{} {}", span.what.to_string(), words::offset(span.from, picture.start));
    spans.iter().map(step).collect::<Vec<_>>().join(", ")
}
