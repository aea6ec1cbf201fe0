//! Mermaid diagrams, which many Markdown renderers draw.

use alloc::{collections::BTreeSet, format, string::String};
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
    CONTAINER_MOVES, ContainerStateKind, PHASE_MOVES, WORKER_MOVES, WorkerState,
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
///     [*] --> Rejected: not admitted by the node
///     [*] --> Syncing: admitted by the node
///     Rejected --> Syncing: the object changes, the deadline passes, or the kubelet restarts
///     Rejected --> Terminating: the same, and the Pod is deleted or its phase is terminal
///     Rejected --> Terminated: the same, the phase is terminal, and nothing runs
///     Syncing --> Terminating: deleted, evicted, past its deadline, or all containers are done
///     Terminating --> Terminated: all containers have stopped
///     Terminated --> Finished: the last status is published and volumes are unmounted
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
            StateDiagram::Container => diagram(f, CONTAINER_MOVES, of_container),
            StateDiagram::Phase => diagram(f, PHASE_MOVES, of_phase_move),
            StateDiagram::Worker => diagram(f, WORKER_MOVES, of_worker),
        }
    }
}

/// Returns the cause of a container's first state, or of its transition; `None` for a state in which none begins and for
/// a transition that is in no table.
fn of_container(from: Option<ContainerStateKind>, to: ContainerStateKind) -> Option<&'static str> {
    use ContainerStateKind::{Running, Terminated, Waiting};
    Some(match (from, to) {
        (None, Waiting) => "the Pod is created",
        (Some(Waiting), Running) => "started",
        (Some(Waiting), Terminated) => "started, and exited before the next status; or the Pod ends",
        (Some(Running), Waiting) => "exited, and is to be restarted; or its runtime lost it",
        (Some(Running), Terminated) => "exited",
        (Some(Terminated), Waiting) => "restart delayed (CrashLoopBackOff), or a new sandbox",
        (Some(Terminated), Running) => "restarted",
        (None, Running | Terminated)
        | (Some(Waiting), Waiting)
        | (Some(Running), Running)
        | (Some(Terminated), Terminated) => return None,
    })
}

/// Returns the cause of the first phase, or of a transition.
fn of_phase_move(from: Option<PodPhase>, to: PodPhase) -> Option<&'static str> {
    use PodPhase::{Failed, Pending, Running, Succeeded, Unknown};
    Some(match (from, to) {
        (None, Pending) => "created",
        (Some(Pending), Running) => "init containers are done, and a container runs",
        (Some(Pending), Succeeded) => "all containers exited with 0 before the next status",
        (Some(Pending), Failed) => "not admitted, evicted, past its deadline, or an init container failed for good",
        (Some(Pending | Running), Unknown) => "the node is lost, as older control planes wrote it",
        (Some(Running), Pending) => "the sandbox died, and init containers run again",
        (Some(Running), Succeeded) => "all containers exited with 0, and none is restarted",
        (Some(Running), Failed) => "a container failed, and none is restarted; or evicted, or past its deadline",
        (Some(Unknown), Pending | Running | Succeeded | Failed) => "the kubelet reports again",
        (None, Running | Succeeded | Failed | Unknown)
        | (Some(Pending), Pending)
        | (Some(Running), Running)
        | (Some(Unknown), Unknown)
        | (Some(Succeeded | Failed), Pending | Running | Succeeded | Failed | Unknown) => return None,
    })
}

/// Returns the cause of a worker's first state, or of its transition.
fn of_worker(from: Option<WorkerState>, to: WorkerState) -> Option<&'static str> {
    use WorkerState::{Finished, Rejected, Syncing, Terminated, Terminating};
    Some(match (from, to) {
        (None, Syncing) => "admitted by the node",
        (None, Rejected) => "not admitted by the node",
        (Some(Rejected), Syncing) => "the object changes, the deadline passes, or the kubelet restarts",
        (Some(Rejected), Terminating) => "the same, and the Pod is deleted or its phase is terminal",
        (Some(Rejected), Terminated) => "the same, the phase is terminal, and nothing runs",
        (Some(Syncing), Terminating) => "deleted, evicted, past its deadline, or all containers are done",
        (Some(Terminating), Terminated) => "all containers have stopped",
        (Some(Terminated), Finished) => "the last status is published and volumes are unmounted",
        (None, Terminating | Terminated | Finished)
        | (Some(Rejected), Rejected | Finished)
        | (Some(Syncing), Rejected | Syncing | Terminated | Finished)
        | (Some(Terminating), Rejected | Syncing | Terminating | Finished)
        | (Some(Terminated), Rejected | Syncing | Terminating | Terminated)
        | (Some(Finished), Rejected | Syncing | Terminating | Terminated | Finished) => return None,
    })
}

/// Writes the initial states and the moves, each with its cause; states that no move leaves are final.
fn diagram<T: Name>(
    f: &mut fmt::Formatter<'_>,
    moves: &[(T, T)],
    cause: fn(Option<T>, T) -> Option<&'static str>,
) -> fmt::Result {
    writeln!(f, "stateDiagram-v2")?;
    let initial = T::ALL.iter().map(|to| (None, *to));
    for (from, to) in initial.chain(moves.iter().map(|(from, to)| (Some(*from), *to))) {
        let name = from.map_or("[*]", |from| from.name());
        match cause(from, to) {
            Some(cause) => writeln!(f, "    {name} --> {}: {cause}", to.name())?,
            // A state in which nothing begins.
            None if from.is_none() => {}
            None => writeln!(f, "    {name} --> {}", to.name())?,
        }
    }
    let ends = T::ALL.iter().filter(|state| !moves.iter().any(|(from, _)| from == *state));
    ends.into_iter().try_for_each(|end| writeln!(f, "    {} --> [*]", end.name()))
}
