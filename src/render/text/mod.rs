//! Text lanes: a picture in the characters of a terminal.

mod glyphs;

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use self::glyphs::{Glyph, Glyphs};
use super::{
    axis::Axis,
    lane::{Lane, ProbeRow},
    picture::{EventMarker, Picture, Span},
    scale::{Scale, ticks},
    words,
};
use crate::{action::EventType, api::Name, time::Timestamp};

/// Picture as text, for a terminal, a log or a comment. Each column is a range of time.
///
/// No line is longer than the number of columns.
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
    glyphs: Glyphs,
}

/// Default number of columns.
const COLUMNS: usize = 80;
/// Minimum number of columns.
const MIN_COLUMNS: usize = 40;

impl<'a> Lanes<'a> {
    /// Creates lanes of 80 columns, drawn with block characters.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Lanes<'a> {
        Lanes { picture, columns: COLUMNS, glyphs: Glyphs::Blocks }
    }

    /// Sets the number of columns, at least 40.
    #[must_use]
    pub fn columns(self, columns: usize) -> Lanes<'a> {
        Lanes { columns: columns.max(MIN_COLUMNS), ..self }
    }

    /// Uses ASCII characters only.
    #[must_use]
    pub fn ascii(self) -> Lanes<'a> {
        Lanes { glyphs: Glyphs::Ascii, ..self }
    }
}

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(*self);
        sheet.draw();
        sheet.lines.iter().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

/// Text being drawn.
struct Sheet<'a> {
    lanes: Lanes<'a>,
    cells: Cells,
    /// Width of the column of names.
    names: usize,
    lines: Vec<String>,
    /// Glyphs of the legend.
    used: BTreeSet<Glyph>,
}

impl<'a> Sheet<'a> {
    fn new(lanes: Lanes<'a>) -> Sheet<'a> {
        // At most a third for names: the rest is for time.
        let names = names_width(lanes.picture).min(lanes.columns / 3).max(MIN_NAMES);
        let cells = Cells::new(&lanes.picture.axis, lanes.columns.saturating_sub(names).saturating_sub(1));
        Sheet { lanes, cells, names, lines: Vec::new(), used: BTreeSet::new() }
    }

    fn draw(&mut self) {
        let picture = self.lanes.picture;
        self.header();
        // The row of letters stands at the top, their key at the bottom.
        let key = self.actions();
        self.row("", self.cells.ticks(&picture.axis));
        picture.lanes.iter().for_each(|lane| self.lane(lane));
        self.lines.push(String::new());
        self.pod();
        self.events();
        self.lines.extend(key);
        self.legend();
    }

    fn header(&mut self) {
        let picture = self.lanes.picture;
        let end = if picture.is_finished { "finished" } else { "not finished" };
        let length = words::duration(picture.end.since(picture.start));
        let lines = [format!("Pod {}", picture.title()), format!("from {}, {length}: {end}", picture.start)];
        self.lines.extend(lines.iter().map(|line| clipped(line, self.lanes.columns)));
    }

    /// Writes the row of actions, with a letter for each, and returns their key.
    fn actions(&mut self) -> Vec<String> {
        let picture = self.lanes.picture;
        let mut marks = Vec::new();
        let mut key = Vec::new();
        // More than 26 times of actions do not fit into a key; the rest has no letter.
        for (actions, letter) in picture.actions.chunk_by(|a, b| a.at == b.at).zip('a'..='z') {
            let Some(first) = actions.first() else { continue };
            let names: Vec<String> = actions.iter().map(|action| action.what.to_string()).collect();
            marks.push((first.at, letter));
            let line = format!("{letter} {} {}", words::offset(first.at, picture.start), names.join(", "));
            key.push(clipped(&line, self.lanes.columns));
        }
        if !marks.is_empty() {
            // Of several actions in one column only the first is shown; the key has all.
            let row = self.cells.of_markers(&marks, |letters| letters.first().copied().unwrap_or(' '));
            self.row("", row);
        }
        key
    }

    /// Writes the phase, the conditions that change, and those that do not in one line.
    fn pod(&mut self) {
        let picture = self.lanes.picture;
        let phase = self.cells.of_spans(&picture.phase, |phase| Glyph::of_phase(phase.value.known()));
        self.glyph_row("Phase", &phase);
        let (constant, changing): (Vec<_>, Vec<_>) =
            picture.conditions.iter().partition(|track| picture.is_constant(track));
        for track in changing {
            let glyphs = self.cells.of_spans(&track.spans, |status| Glyph::of_condition(status.value.known()));
            self.glyph_row(&track.name, &glyphs);
        }
        let texts = constant.iter().filter_map(|track| Some(format!("{} {}", track.name, track.spans.first()?.what)));
        let texts: Vec<String> = texts.map(|text| clipped(&text, self.lanes.columns)).collect();
        if !texts.is_empty() {
            self.wrapped(&texts);
        }
    }

    fn lane(&mut self, lane: &Lane) {
        let states = self.cells.of_spans(&lane.states, |state| Some(Glyph::of_appearance(state.appearance())));
        self.glyph_row(&lane.name, &states);
        self.process(lane);
        lane.probes.iter().for_each(|row| self.probe(row));
    }

    /// Writes the row of processes; above them are tasks, then grace periods, then exits and signals.
    fn process(&mut self, lane: &Lane) {
        let runs = self.cells.of_spans(&lane.runs, |_| Some(Glyph::Process));
        let tasks = self.cells.of_spans(&lane.tasks, |task| Some(Glyph::of_task(task.kind)));
        let stops = self.cells.of_spans(&lane.stops, |_| Some(Glyph::GracePeriod));
        let exits = lane.runs.iter().filter_map(|run| Some((run.to, Glyph::of_exit(run.what.exit?))));
        let markers: Vec<_> = exits.chain(lane.stops.iter().map(|stop| (stop.from, Glyph::Sigterm))).collect();
        let markers = self.cells.of_markers(&markers, most_important);
        let layers = runs.into_iter().zip(tasks).zip(stops).zip(markers);
        let top: Vec<_> = layers.map(|(((run, task), stop), marker)| marker.or(stop).or(task).or(run)).collect();
        self.used.extend(top.iter().flatten());
        let mut row: Vec<char> = top.iter().map(|glyph| self.drawn(*glyph)).collect();
        self.back_offs(lane, &mut row);
        self.row("  process", row);
    }

    /// Writes the lengths of back-offs between an exit and the next start, where there is room.
    fn back_offs(&self, lane: &Lane, row: &mut [char]) {
        for back_off in &lane.back_offs {
            let (from, to) = (self.cells.column(back_off.from), self.cells.column(back_off.to));
            let text = format!(" {}s ", back_off.what.as_secs());
            let free = row.get_mut(from.saturating_add(1)..to).unwrap_or_default();
            // Only between the two: a text on a marker would hide it.
            if free.len() >= text.len() && free.iter().all(|letter| *letter == ' ') {
                free.iter_mut().zip(text.chars()).for_each(|(cell, letter)| *cell = letter);
            }
        }
    }

    /// Returns the character of a column.
    fn drawn(&self, glyph: Option<Glyph>) -> char {
        glyph.map_or(' ', |glyph| self.lanes.glyphs.draw(glyph))
    }

    fn probe(&mut self, row: &ProbeRow) {
        let results = row.results.iter().map(|result| (result.at, Glyph::of_probe(result.what)));
        self.marker_row(&format!("  {}", row.kind.name().to_lowercase()), results.collect());
    }

    /// Writes a row of markers, if there are any.
    fn marker_row(&mut self, name: &str, markers: Vec<(Timestamp, Glyph)>) {
        if markers.is_empty() {
            return;
        }
        let glyphs = self.cells.of_markers(&markers, most_important);
        self.glyph_row(name, &glyphs);
    }

    fn events(&mut self) {
        let mut rows: Vec<(EventType, &str, Vec<Timestamp>)> = Vec::new();
        for EventMarker { type_, reason, times, .. } in &self.lanes.picture.events {
            match rows.iter_mut().find(|row| (row.0, row.1) == (*type_, reason)) {
                Some((.., all)) => all.extend(times),
                None => rows.push((*type_, reason, times.clone())),
            }
        }
        if !rows.is_empty() {
            self.lines.push(String::new());
        }
        for (type_, reasons, times) in self.merged(rows) {
            let glyph = if type_ == EventType::Warning { Glyph::Warning } else { Glyph::Normal };
            let count = format!(" {}{}", self.lanes.glyphs.times(), times.len());
            // The reason is cut and not its count.
            let room = self.names.saturating_sub(count.chars().count());
            let mut name = String::new();
            for reason in reasons {
                let joined = if name.is_empty() { String::from(reason) } else { format!("{name}, {reason}") };
                if joined.chars().count() <= room || name.is_empty() {
                    name = joined;
                } else {
                    // The last line has the markers.
                    self.lines.push(format!("{name},"));
                    name = reason.into();
                }
            }
            let name = clipped(&name, room) + &count;
            self.marker_row(&name, times.into_iter().map(|at| (at, glyph)).collect());
        }
    }

    /// Merges rows of events that are always recorded in the same columns.
    fn merged<'b>(
        &self,
        rows: Vec<(EventType, &'b str, Vec<Timestamp>)>,
    ) -> Vec<(EventType, Vec<&'b str>, Vec<Timestamp>)> {
        let mut merged: Vec<(EventType, Vec<&str>, Vec<Timestamp>)> = Vec::new();
        for (type_, reason, times) in rows {
            let columns =
                |times: &[Timestamp]| -> Vec<usize> { times.iter().map(|at| self.cells.column(*at)).collect() };
            let is_same = |row: &&mut (EventType, Vec<&str>, Vec<Timestamp>)| {
                row.0 == type_ && columns(&row.2) == columns(&times)
            };
            match merged.iter_mut().find(is_same) {
                Some(row) => row.1.push(reason),
                None => merged.push((type_, vec![reason], times)),
            }
        }
        merged
    }

    fn legend(&mut self) {
        let entry = |glyph: &Glyph| format!("{} {}", self.lanes.glyphs.draw(*glyph), glyph.name());
        let entries: Vec<String> = self.used.iter().map(entry).collect();
        self.lines.push(String::new());
        self.wrapped(&entries);
    }

    /// Writes a row of glyphs, with blanks where there is none.
    fn glyph_row(&mut self, name: &str, glyphs: &[Option<Glyph>]) {
        self.used.extend(glyphs.iter().flatten());
        let row = glyphs.iter().map(|glyph| self.drawn(*glyph)).collect();
        self.row(name, row);
    }

    /// Writes a row, with the columns of skipped time replaced.
    fn row(&mut self, name: &str, row: Vec<char>) {
        let skipped = self.lanes.glyphs.skipped();
        let row = row.into_iter().enumerate().map(|(column, letter)| match self.cells.is_skipped(column) {
            // A row without a name has times or letters, which a skipped column must not cut.
            true if letter == ' ' || !name.is_empty() => skipped,
            true | false => letter,
        });
        let row: String = row.collect();
        let name = clipped(name, self.names);
        self.lines.push(format!("{name:0$} {row}", self.names));
    }

    /// Writes entries over as many lines as it takes.
    fn wrapped(&mut self, entries: &[String]) {
        let mut line = String::new();
        for entry in entries {
            let length = line.chars().count().saturating_add(ENTRY_GAP.len()).saturating_add(entry.chars().count());
            if !line.is_empty() && length > self.lanes.columns {
                self.lines.push(core::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push_str(ENTRY_GAP);
            }
            line.push_str(entry);
        }
        self.lines.push(line);
    }
}

/// Gap between two entries of the legend.
const ENTRY_GAP: &str = "   ";

/// Returns the marker that is shown of several in one column.
fn most_important(glyphs: &[Glyph]) -> Option<Glyph> {
    glyphs.iter().max().copied()
}

/// Minimum width of the column of names.
const MIN_NAMES: usize = 12;

fn names_width(picture: &Picture) -> usize {
    let tracks = picture.conditions.iter().map(|track| track.name.as_str());
    let lanes = picture.lanes.iter().map(|lane| lane.name.as_str());
    let events = picture.events.iter().map(|event| event.reason.as_str());
    tracks.chain(lanes).chain(events).map(|name| name.chars().count()).max().unwrap_or_default()
}

/// Returns a text cut to this number of columns.
fn clipped(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.into();
    }
    let kept: String = text.chars().take(columns.saturating_sub(2)).collect();
    kept + ".."
}

/// Columns of a row, each with its range of time.
struct Cells {
    scale: Scale,
    count: usize,
}

/// Number of columns of a skipped segment.
const SKIPPED_WIDTH: f64 = 2.0;
/// Ticks are at least this many columns apart.
const MIN_TICK_DISTANCE: f64 = 10.0;

impl Cells {
    fn new(axis: &Axis, count: usize) -> Cells {
        Cells { scale: Scale::new(axis, 0.0, count as f64, SKIPPED_WIDTH), count }
    }

    /// Returns for each column the value that takes most of its time.
    fn of_spans<T, K: Copy + PartialEq>(&self, spans: &[Span<T>], key: impl Fn(&T) -> Option<K>) -> Vec<Option<K>> {
        // The time that each value takes in each column.
        let mut shares: Vec<Vec<(Option<K>, f64)>> = vec![Vec::new(); self.count];
        for span in spans {
            let (from, to, key) = (self.scale.x(span.from), self.scale.x(span.to), key(&span.what));
            for (column, shares) in
                shares.iter_mut().enumerate().skip(from as usize).take_while(|(n, _)| (*n as f64) < to)
            {
                let share = to.min(column as f64 + 1.0) - from.max(column as f64);
                match shares.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, sum)) => *sum += share,
                    None => shares.push((key, share)),
                }
            }
        }
        let longest = |shares: Vec<(Option<K>, f64)>| {
            // Of equal shares the first value wins.
            shares.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most }).and_then(|(key, _)| key)
        };
        shares.into_iter().map(longest).collect()
    }

    /// Returns for each column what is shown of its markers.
    fn of_markers<T: Copy, R: Clone>(&self, markers: &[(Timestamp, T)], show: impl Fn(&[T]) -> R) -> Vec<R> {
        let mut columns: Vec<Vec<T>> = vec![Vec::new(); self.count];
        for (at, marker) in markers {
            if let Some(column) = columns.get_mut(self.column(*at)) {
                column.push(*marker);
            }
        }
        columns.iter().map(|markers| show(markers)).collect()
    }

    /// True if a column is in a skipped segment.
    fn is_skipped(&self, column: usize) -> bool {
        // A column may be cut only in part: its middle decides.
        let middle = column as f64 + 0.5;
        self.scale.cuts().any(|(from, to, _)| from <= middle && middle < to)
    }

    /// Returns the row of times above the columns.
    fn ticks(&self, axis: &Axis) -> Vec<char> {
        let mut row = vec![' '; self.count];
        let mut free = 0;
        for at in ticks(axis, &self.scale, MIN_TICK_DISTANCE) {
            let text: Vec<char> = words::offset(at, axis.start()).chars().collect();
            let column = self.column(at);
            let end = column.saturating_add(text.len());
            let is_free = column >= free && end <= self.count && !(column..end).any(|column| self.is_skipped(column));
            if is_free {
                row.iter_mut().skip(column).zip(text).for_each(|(cell, letter)| *cell = letter);
                free = end.saturating_add(1);
            }
        }
        row
    }

    fn column(&self, at: Timestamp) -> usize {
        // The end of the axis is the edge after the last column.
        (self.scale.x(at) as usize).min(self.count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_column_shows_the_value_that_takes_most_of_its_time() {
        let at = Timestamp::from_unix_seconds;
        let span = |from, to, what| Span { from: at(from), to: at(to), what };
        let cells = Cells::new(&Axis::of(at(0), at(20), false, BTreeSet::new()), 2);
        let spans = [span(0, 3, 'a'), span(3, 14, 'b'), span(14, 20, 'c')];
        assert_eq!(cells.of_spans(&spans, |what| Some(*what)), [Some('b'), Some('c')]);
    }
}
