//! Lanes in a terminal.

mod cells;
mod letters;

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use self::{
    cells::Cells,
    letters::{Letter, Letters},
};
use super::{
    lane::{Lane, ProbeRow},
    picture::{Flag, Picture},
    words,
};
use crate::{action::EventType, api::Name, time::Timestamp};

/// A life as lanes of letters, for a terminal, a log or a comment: a column is a stretch of time.
///
/// No line is longer than the columns that are given.
///
/// ```
/// use pod_lifecycle::{render::{Lanes, Picture}, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"endSeconds": 100, "containers": {"app": {"runs": [{"exitsAfterSeconds": 10, "exitCode": 1}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let lanes = Lanes::of(&picture).columns(60).ascii().to_string();
/// let app = lanes.lines().find(|line| line.starts_with("app"));
/// assert_eq!(app, Some("app                  ########xxxx####xxxxxxx####xxxxxxxxxxxx"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lanes<'a> {
    picture: &'a Picture,
    columns: usize,
    letters: Letters,
}

/// What a terminal has at least.
const COLUMNS: usize = 80;
/// Nothing narrower can be read.
const FEWEST: usize = 40;

impl<'a> Lanes<'a> {
    /// Lanes of 80 columns, drawn with blocks.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Lanes<'a> {
        Lanes { picture, columns: COLUMNS, letters: Letters::Blocks }
    }

    /// The same in so many columns, but no less than 40.
    #[must_use]
    pub fn columns(self, columns: usize) -> Lanes<'a> {
        Lanes { columns: columns.max(FEWEST), ..self }
    }

    /// The same in ASCII alone.
    #[must_use]
    pub fn ascii(self) -> Lanes<'a> {
        Lanes { letters: Letters::Ascii, ..self }
    }
}

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(*self);
        sheet.draw();
        sheet.lines.iter().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

/// Lanes being drawn.
struct Sheet<'a> {
    lanes: Lanes<'a>,
    cells: Cells,
    /// How wide the names are.
    names: usize,
    lines: Vec<String>,
    /// What the legend has to explain.
    used: BTreeSet<Letter>,
}

impl<'a> Sheet<'a> {
    fn new(lanes: Lanes<'a>) -> Sheet<'a> {
        let names = names_width(lanes.picture).min(lanes.columns / 3).max(LEAST_NAME);
        let cells = Cells::new(&lanes.picture.axis, lanes.columns.saturating_sub(names).saturating_sub(1));
        Sheet { lanes, cells, names, lines: Vec::new(), used: BTreeSet::new() }
    }

    fn draw(&mut self) {
        let picture = self.lanes.picture;
        self.header();
        let key = self.deeds();
        self.row("", self.cells.ticks(&picture.axis));
        let phase = self.cells.of_spans(&picture.phase, |said| Letter::of_phase(said.value.known()));
        self.letters("Phase", &phase);
        for strip in &picture.conditions {
            let letters = self.cells.of_spans(&strip.spans, |said| Letter::of_condition(said.value.known()));
            self.letters(&strip.name, &letters);
        }
        picture.lanes.iter().for_each(|lane| self.lane(lane));
        self.flags();
        self.lines.extend(key);
        self.legend();
    }

    fn header(&mut self) {
        let picture = self.lanes.picture;
        let end = if picture.is_finished { "finished" } else { "goes on" };
        let length = words::duration(picture.end.since(picture.start));
        let lines = [format!("Pod {}", picture.title()), format!("from {}, {length}: {end}", picture.start)];
        self.lines.extend(lines.iter().map(|line| clipped(line, self.lanes.columns)));
    }

    /// The row of what was done, a letter each, and the key to it.
    fn deeds(&mut self) -> Vec<String> {
        let picture = self.lanes.picture;
        let mut marks = Vec::new();
        let mut key = Vec::new();
        for (deeds, letter) in picture.deeds.chunk_by(|a, b| a.at == b.at).zip('a'..='z') {
            let Some(first) = deeds.first() else { continue };
            let says: Vec<String> = deeds.iter().map(|mark| mark.what.to_string()).collect();
            marks.push((first.at, letter));
            let line = format!("{letter} {} {}", words::offset(first.at, picture.start), says.join(", "));
            key.push(clipped(&line, self.lanes.columns));
        }
        if !marks.is_empty() {
            let row = self.cells.of_marks(&marks, |letters| letters.first().copied().unwrap_or(' '));
            self.row("", row);
        }
        key
    }

    fn lane(&mut self, lane: &Lane) {
        let states = self.cells.of_spans(&lane.states, |state| Some(Letter::of_look(state.look())));
        self.letters(&lane.name, &states);
        self.process(lane);
        lane.probes.iter().for_each(|row| self.probe(row));
    }

    /// Processes, over them what is done for the container, and over that what happens at one moment.
    fn process(&mut self, lane: &Lane) {
        let runs = self.cells.of_spans(&lane.runs, |_| Some(Letter::Process));
        let tasks = self.cells.of_spans(&lane.tasks, |task| Some(Letter::of_task(task.kind)));
        let stops = self.cells.of_spans(&lane.stops, |_| Some(Letter::Grace));
        let exits = lane.runs.iter().filter_map(|run| Some((run.to, Letter::of_exit(run.what.exit?))));
        let moments: Vec<_> = exits.chain(lane.stops.iter().map(|stop| (stop.from, Letter::Sigterm))).collect();
        let moments = self.cells.of_marks(&moments, gravest);
        let layers = runs.into_iter().zip(tasks).zip(stops).zip(moments);
        let top: Vec<_> = layers.map(|(((run, task), stop), moment)| moment.or(stop).or(task).or(run)).collect();
        self.letters("  process", &top);
    }

    fn probe(&mut self, row: &ProbeRow) {
        let answers = row.answers.iter().map(|answer| (answer.at, Letter::of_answer(answer.what)));
        self.marks(&format!("  {}", row.kind.name().to_lowercase()), answers.collect());
    }

    /// A row of signs; the gravest in a column is shown.
    fn marks(&mut self, name: &str, marks: Vec<(Timestamp, Letter)>) {
        if marks.is_empty() {
            return;
        }
        let letters = self.cells.of_marks(&marks, gravest);
        self.letters(name, &letters);
    }

    fn flags(&mut self) {
        let mut rows: Vec<(EventType, &str, Vec<Timestamp>)> = Vec::new();
        for Flag { type_, reason, times, .. } in &self.lanes.picture.flags {
            match rows.iter_mut().find(|row| (row.0, row.1) == (*type_, reason)) {
                Some((.., all)) => all.extend(times),
                None => rows.push((*type_, reason, times.clone())),
            }
        }
        if !rows.is_empty() {
            self.lines.push(String::new());
        }
        for (type_, reason, times) in rows {
            let letter = if type_ == EventType::Warning { Letter::Warning } else { Letter::Normal };
            let count = format!(" {}{}", self.lanes.letters.times(), times.len());
            let name = clipped(reason, self.names.saturating_sub(count.chars().count())) + &count;
            self.marks(&name, times.into_iter().map(|at| (at, letter)).collect());
        }
    }

    fn legend(&mut self) {
        let entry = |letter: &Letter| format!("{} {}", self.lanes.letters.draw(*letter), letter.name());
        let entries: Vec<String> = self.used.iter().map(entry).collect();
        self.lines.push(String::new());
        self.wrapped(&entries);
    }

    /// A row of letters, blank where there is none.
    fn letters(&mut self, name: &str, letters: &[Option<Letter>]) {
        self.used.extend(letters.iter().flatten());
        let draw = |letter: &Option<Letter>| letter.map_or(' ', |letter| self.lanes.letters.draw(letter));
        let row = letters.iter().map(draw).collect();
        self.row(name, row);
    }

    /// A row; where time is left out, it is torn.
    fn row(&mut self, name: &str, row: Vec<char>) {
        let tear = self.lanes.letters.tear();
        let torn = row.into_iter().enumerate().map(|(column, letter)| match self.cells.is_cut(column) {
            true if letter == ' ' || !name.is_empty() => tear,
            true | false => letter,
        });
        let row: String = torn.collect();
        let name = clipped(name, self.names);
        self.lines.push(format!("{name:0$} {row}", self.names));
    }

    /// Entries over as many lines as it takes.
    fn wrapped(&mut self, entries: &[String]) {
        let mut line = String::new();
        for entry in entries {
            let length = line.chars().count().saturating_add(APART.len()).saturating_add(entry.chars().count());
            if !line.is_empty() && length > self.lanes.columns {
                self.lines.push(core::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push_str(APART);
            }
            line.push_str(entry);
        }
        self.lines.push(line);
    }
}

/// Between two entries of the legend.
const APART: &str = "   ";

fn gravest(letters: &[Letter]) -> Option<Letter> {
    letters.iter().max().copied()
}

/// No narrower column of names is of use.
const LEAST_NAME: usize = 12;

fn names_width(picture: &Picture) -> usize {
    let strips = picture.conditions.iter().map(|strip| strip.name.as_str());
    let lanes = picture.lanes.iter().map(|lane| lane.name.as_str());
    let flags = picture.flags.iter().map(|flag| flag.reason.as_str());
    strips.chain(lanes).chain(flags).map(|name| name.chars().count()).max().unwrap_or_default()
}

/// As much of a text as fits.
fn clipped(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.into();
    }
    let kept: String = text.chars().take(columns.saturating_sub(2)).collect();
    kept + ".."
}
