//! Mermaid diagrams, which many Markdown renderers draw.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};
use core::fmt;

use chrono::{DateTime, Utc};

use super::{
    axis::Axis,
    cluster::pieces,
    lane::Appearance,
    picture::{Picture, Span},
    scale::Scale,
    words,
};
use crate::{
    CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES, WorkerState,
    api::{Name, PodPhase},
    time::Timestamp,
};

/// Picture as a Mermaid gantt chart: a section for the phase, one for each container, and one for the actions on the
/// Pod.
///
/// Times are in UTC. Short spans are combined, so that the chart stays readable.
///
/// <https://mermaid.js.org/syntax/gantt.html>
///
/// ```
/// use pod_lifecycle::{api, render::{Gantt, Picture}, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let gantt = Gantt::of(&Picture::of(&Scenario::healthy(pod).play()?)).to_string();
/// assert!(gantt.contains("section app\n    ready :active, 2026-03-01 12:00:00.000, 2026-03-01 12:10:00.000\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gantt<'a> {
    picture: &'a Picture,
}

impl<'a> Gantt<'a> {
    /// Creates a gantt chart.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Gantt<'a> {
        Gantt { picture }
    }

    fn section<T: fmt::Display>(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        spans: &[Span<T>],
        tag: fn(&T) -> &'static str,
    ) -> fmt::Result {
        writeln!(f, "    section {}", plain(name))?;
        for piece in pieces(spans, &self.scale(), SHORTEST, tag) {
            let Some(main) = piece.main(tag) else { continue };
            // `plain` turns the comma into a blank, since commas separate Mermaid's fields.
            let more = if piece.is_several() { ", and others" } else { "" };
            let (name, tag) = (plain(&format!("{main}{more}")), tag(main));
            writeln!(f, "    {name} :{tag}{}, {}", date_time(piece.from()), date_time(piece.to()))?;
        }
        Ok(())
    }

    /// Returns a scale of 240 units, of which the shortest task takes [`SHORTEST`].
    fn scale(&self) -> Scale {
        // A gantt chart cannot skip time: its axis is one segment.
        let axis = Axis::of(self.picture.start, self.picture.axis.end(), false, BTreeSet::new());
        Scale::new(&axis, 0.0, 240.0, 0.0)
    }
}

/// Shorter tasks are combined.
const SHORTEST: f64 = 4.0;

impl fmt::Display for Gantt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = self.picture;
        writeln!(f, "gantt")?;
        writeln!(f, "    title Life of Pod {}", plain(&picture.title()))?;
        // The format that `date_time` writes, in the letters of day.js; `axisFormat` takes those of d3.
        writeln!(f, "    dateFormat YYYY-MM-DD HH:mm:ss.SSS\n    axisFormat %H:%M:%S")?;
        self.section(f, "Phase", &picture.phase, |phase| of_phase(phase.value.known()))?;
        for lane in &picture.lanes {
            self.section(f, &lane.name, &lane.states, |state| of_look(state.appearance()))?;
        }
        if !picture.actions.is_empty() {
            writeln!(f, "    section Actions")?;
        }
        picture.actions.iter().try_for_each(|action| {
            let name = plain(&format!("{} {}", action.what, words::offset(action.at, picture.start)));
            // A milestone has a duration in the syntax, of 0 s.
            writeln!(f, "    {name} :milestone, {}, 0s", date_time(action.at))
        })
    }
}

fn of_phase(phase: Option<PodPhase>) -> &'static str {
    match phase {
        // Mermaid has four looks only: active, done, crit and none. A tag ends with the comma before the dates.
        Some(PodPhase::Running) => "active, ",
        Some(PodPhase::Succeeded) => "done, ",
        Some(PodPhase::Failed | PodPhase::Unknown) | None => "crit, ",
        Some(PodPhase::Pending) => "",
    }
}

fn of_look(look: Appearance) -> &'static str {
    match look {
        Appearance::Ready | Appearance::Running => "active, ",
        Appearance::Completed => "done, ",
        Appearance::Failed | Appearance::WaitingAfterFailure => "crit, ",
        Appearance::Waiting | Appearance::StartingUp | Appearance::NotReady => "",
    }
}

/// Replaces characters that have a meaning in Mermaid.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_alphanumeric() || "+-_./() ".contains(letter) { letter } else { ' ' })
        .collect()
}

fn date_time(at: Timestamp) -> impl fmt::Display {
    DateTime::<Utc>::from(at).format("%Y-%m-%d %H:%M:%S%.3f")
}

/// Table of state transitions as a Mermaid state diagram.
///
/// <https://mermaid.js.org/syntax/stateDiagram.html>
///
/// ```
/// use pod_lifecycle::render::StateDiagram;
///
/// assert_eq!(
///     StateDiagram::Worker.to_string(),
///     "stateDiagram-v2
///     [*] --> Syncing
///     [*] --> Rejected
///     Rejected --> Syncing
///     Rejected --> Terminating
///     Rejected --> Terminated
///     Syncing --> Terminating
///     Terminating --> Terminated
///     Terminated --> Finished
///     Finished --> [*]
/// "
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateDiagram {
    /// Container states: [`CONTAINER_MOVES`].
    Container,
    /// Pod phases: [`PHASE_MOVES`].
    Phase,
    /// Pod worker states: [`WORKER_MOVES`].
    Worker,
}

impl fmt::Display for StateDiagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateDiagram::Container => diagram(f, &first(CONTAINER_MOVES), CONTAINER_MOVES),
            StateDiagram::Phase => diagram(f, &first(PHASE_MOVES), PHASE_MOVES),
            StateDiagram::Worker => diagram(f, &[WorkerState::Syncing, WorkerState::Rejected], WORKER_MOVES),
        }
    }
}

/// Returns the first state of a table.
fn first<T: Name>(moves: &[(T, T)]) -> Vec<T> {
    moves.iter().take(1).map(|(first, _)| *first).collect()
}

/// Writes the moves, with the initial states; states that no move leaves are final.
fn diagram<T: Name>(f: &mut fmt::Formatter<'_>, initial: &[T], moves: &[(T, T)]) -> fmt::Result {
    writeln!(f, "stateDiagram-v2")?;
    for state in initial {
        writeln!(f, "    [*] --> {}", state.name())?;
    }
    for (from, to) in moves {
        writeln!(f, "    {} --> {}", from.name(), to.name())?;
    }
    let ends = T::ALL.iter().filter(|state| !moves.iter().any(|(from, _)| from == *state));
    ends.into_iter().try_for_each(|end| writeln!(f, "    {} --> [*]", end.name()))
}
