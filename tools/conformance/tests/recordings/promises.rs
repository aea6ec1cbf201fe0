//! What an explanation promised, and whether it came true.

use std::collections::BTreeMap;

use pod_lifecycle::{
    Action, SyncKind, SyncProgress, Timestamp,
    api::PodStatus,
    explain::{Explanation, NextStep, PodSituation, Situation, StopStep, When},
    sim::{EntryKind, Occurrence, TimelineEntry},
    spec::PodSpec,
};

/// How many promises there were of a kind, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Came true.
    pub(crate) kept: usize,
    /// Something else happened before.
    pub(crate) overtaken: usize,
    /// The recording ends before.
    pub(crate) open: usize,
}

/// A life with all its explanations, by time.
pub(crate) struct ExplainedLife<'a> {
    spec: &'a PodSpec,
    /// In the order of their times.
    entries: &'a [TimelineEntry],
    explanations: &'a BTreeMap<Timestamp, Explanation>,
    end: Timestamp,
    /// The times of entries that no explanation before them could know.
    unforeseen: Vec<(Timestamp, Unforeseen)>,
}

/// An entry that no earlier explanation could know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unforeseen {
    /// Something that happened to the Pod, or a stop because of a probe.
    Occurrence,
    /// A status in which a container became ready or started, or is so no longer.
    Verdict,
}

impl<'a> ExplainedLife<'a> {
    /// Creates it from a life's entries and explanations; the life ends at the last explanation.
    pub(crate) fn new(
        spec: &'a PodSpec,
        entries: &'a [TimelineEntry],
        explanations: &'a BTreeMap<Timestamp, Explanation>,
    ) -> ExplainedLife<'a> {
        assert!(entries.is_sorted_by_key(|entry| entry.at), "entries are found by their times");
        let end = *explanations.last_key_value().unwrap().0;
        ExplainedLife { spec, entries, explanations, end, unforeseen: unforeseen(entries) }
    }

    /// Iterates over the entries from the first on whose time is not before.
    fn later(&self, is_before: impl Fn(Timestamp) -> bool) -> impl Iterator<Item = &'a TimelineEntry> {
        self.entries.iter().skip(self.entries.partition_point(|entry| is_before(entry.at)))
    }

    /// Counts what became of the promises; the first that was broken is an error.
    pub(crate) fn judge(&self, tallies: &mut BTreeMap<String, Counters>) -> Result<(), String> {
        for (&made_at, explanation) in self.explanations {
            self.check_final(made_at, explanation)?;
            for next in &explanation.next {
                let name = format!("{} {}", kind(&next.when), name(&next.what));
                let tally = tallies.entry(name).or_default();
                let due = next.when.time();
                if due > self.end {
                    tally.open += 1;
                } else if self.is_kept(made_at, next.when, &next.what) {
                    tally.kept += 1;
                } else if self.is_overtaken(made_at, due) {
                    tally.overtaken += 1;
                } else {
                    return Err(format!("promised at {made_at:?}: {next:?}\n{explanation}"));
                }
            }
        }
        Ok(())
    }

    /// What is said to start never again does not.
    fn check_final(&self, made_at: Timestamp, explanation: &Explanation) -> Result<(), String> {
        let is_final = matches!(explanation.situation, PodSituation::NoSandbox { ruled_out_by: Some(_), .. })
            || matches!(explanation.situation, PodSituation::Over { .. } | PodSituation::Gone);
        if !is_final {
            return Ok(());
        }
        let mut later = self.later(|at| at <= made_at);
        match later.find(|entry| matches!(entry.kind, EntryKind::Action(Action::StartContainer { .. }))) {
            Some(start) => Err(format!("said to be final at {made_at:?}, and then {start:?}\n{explanation}")),
            None => Ok(()),
        }
    }

    fn is_kept(&self, made_at: Timestamp, when: When, what: &NextStep) -> bool {
        match when {
            When::At(at) => self.comes_true(at, what),
            // Nothing of the kind comes before.
            When::NotBefore(at) | When::Between { earliest: at, .. } => {
                let mut meanwhile = self.later(|it| it <= made_at).take_while(|entry| entry.at < at);
                !meanwhile.any(|entry| self.is_it(entry, what))
            }
        }
    }

    fn comes_true(&self, at: Timestamp, what: &NextStep) -> bool {
        let then = self.explanations.get(&at);
        let step_then = |container: &str| match &then?.container(container)?.situation {
            Situation::Stopping { step, .. } => Some(step.clone()),
            _ => None,
        };
        match what {
            NextStep::PreStopEnds { container } => {
                then.is_some() && !matches!(step_then(container), Some(StopStep::PreStop { .. }))
            }
            NextStep::TurnEnds { container } => {
                then.is_some() && !matches!(step_then(container), Some(StopStep::Turn { .. }))
            }
            _ => {
                let mut then = self.later(|it| it < at).take_while(|entry| entry.at == at);
                then.any(|entry| self.is_it(entry, what))
            }
        }
    }

    fn is_it(&self, entry: &TimelineEntry, what: &NextStep) -> bool {
        let is = |container: &String, index| self.spec.container_name(index) == container;
        match (&entry.kind, what) {
            (EntryKind::Action(Action::CreateContainer { container: index, .. }), NextStep::Start { container }) => {
                is(container, *index)
            }
            (EntryKind::Action(Action::PullImage { container: index }), NextStep::Pull { container }) => {
                is(container, *index)
            }
            (EntryKind::Action(Action::InspectImage { container: index }), NextStep::InspectImage { container }) => {
                is(container, *index)
            }
            (EntryKind::Action(Action::Probe { container: index, kind, .. }), NextStep::Probe { container, probe }) => {
                is(container, *index) && kind == probe
            }
            (
                EntryKind::Occurrence(Occurrence::ContainerExited { container: index, cause, .. }),
                NextStep::Kill { container },
            ) => is(container, *index) && *cause == pod_lifecycle::sim::ExitCause::Sigkill,
            (EntryKind::Sync(SyncProgress::Ended { .. }), NextStep::PostStartEnds { .. }) => true,
            (EntryKind::Sync(SyncProgress::Began { .. }), NextStep::Resync) => true,
            (EntryKind::Sync(SyncProgress::Began { kind, .. }), NextStep::Deadline) => *kind == SyncKind::Terminating,
            _ => false,
        }
    }

    /// True if something happened between an explanation and the time in it that does not come of itself. A verdict at
    /// that time itself may be what was promised.
    fn is_overtaken(&self, made_at: Timestamp, due: Timestamp) -> bool {
        let first = self.unforeseen.partition_point(|(at, _)| *at <= made_at);
        let mut meanwhile = self.unforeseen.iter().skip(first).take_while(|(at, _)| *at <= due);
        meanwhile.any(|(at, unforeseen)| *unforeseen == Unforeseen::Occurrence || *at < due)
    }
}

/// Returns the entries that no explanation before them could know.
fn unforeseen(entries: &[TimelineEntry]) -> Vec<(Timestamp, Unforeseen)> {
    let mut before = None;
    let unforeseen_of = |entry: &TimelineEntry| match &entry.kind {
        EntryKind::Occurrence(Occurrence::ProbeFinished { .. }) => None,
        EntryKind::Occurrence(_) => Some(Unforeseen::Occurrence),
        // A probe has failed a container.
        EntryKind::Event(event) => (event.reason == "Killing").then_some(Unforeseen::Occurrence),
        EntryKind::Status(status) => {
            let after = Some(verdicts(status));
            let changed = before != after;
            before = after;
            changed.then_some(Unforeseen::Verdict)
        }
        _ => None,
    };
    entries
        .iter()
        .map(unforeseen_of)
        .zip(entries)
        .filter_map(|(unforeseen, entry)| Some((entry.at, unforeseen?)))
        .collect()
}

/// Returns what the probes have found, as far as a status shows it: a container, whether it is ready, whether it started.
fn verdicts(status: &PodStatus) -> Vec<(String, bool, Option<bool>)> {
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    all.map(|container| (container.name.clone(), container.ready, container.started)).collect()
}

fn kind(when: &When) -> &'static str {
    match when {
        When::At(_) => "at",
        When::NotBefore(_) => "not before",
        When::Between { .. } => "between",
    }
}

fn name(what: &NextStep) -> String {
    let text = format!("{what:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}
