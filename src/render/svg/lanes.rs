//! Lane of a container: a bar of published states, below it a row of its processes, then a row for each probe.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::{
    canvas::{Anchor, Area, Layer, Px, Text},
    layout::{self, Font},
    page::{Page, left},
    styles::{Fill, MARKER_WIDTH, Marker, PROCESS_LINE},
};
use crate::{
    api::{ConditionStatus, Name, PodPhase},
    render::{
        cluster::{Piece, chains, pieces},
        lane::{GracefulStop, Lane, LaneState, ProbeRow, ProcessExit, Task, TaskKind, TaskOutcome},
        picture::{Span, StatusValue, Timed},
        words,
    },
    rule::probe::ProbeOutcome,
    sim::ExitCause,
};

/// Height of a container's bar.
const BAR_HEIGHT: f64 = 18.0;
/// Height of the process row.
const PROCESS_HEIGHT: f64 = 15.0;
/// Height of a probe row.
const PROBE_HEIGHT: f64 = 14.0;
/// Narrower spans are combined into one bar.
const MIN_BAR_WIDTH: f64 = 3.0;
/// A single span is at least this wide, so that it can be seen.
const MIN_VISIBLE_WIDTH: f64 = 1.5;
/// Padding between the edge of a bar and its text.
const PADDING: f64 = 4.0;
/// Height of the boxes for hooks, pulls and grace periods.
const TASK_HEIGHT: f64 = 9.0;
/// Probe results closer than this are drawn as a band.
const MIN_PROBE_DISTANCE: f64 = 6.0;

impl Page<'_> {
    /// Draws the lane of one container.
    pub(super) fn lane(&mut self, lane: &Lane) {
        self.row_name(&lane.name, Font::Name, BAR_HEIGHT);
        self.bars(&lane.states, BAR_HEIGHT);
        self.y += BAR_HEIGHT + 1.0;
        self.process_row(lane);
        lane.probes.iter().for_each(|row| self.probe_row(row));
        self.y += 5.0;
    }
}

// --- Bars ---

/// Value that a bar shows.
pub(super) trait Bar: ToString {
    /// Returns the fill of the bar.
    fn fill(&self) -> Fill;
    /// Returns the text for a bar with little room.
    fn short(&self) -> String;
    /// True if the text may be cut.
    fn may_be_cut(&self) -> bool;
}

impl Bar for LaneState {
    fn fill(&self) -> Fill {
        Fill::of_state(self)
    }

    fn short(&self) -> String {
        LaneState::short(self)
    }

    fn may_be_cut(&self) -> bool {
        // A cut exit code would be read as another exit code.
        !matches!(self, LaneState::Terminated { .. })
    }
}

impl Bar for StatusValue<PodPhase> {
    fn fill(&self) -> Fill {
        Fill::of_phase(self.value.known())
    }

    fn short(&self) -> String {
        self.value.to_string()
    }

    fn may_be_cut(&self) -> bool {
        true
    }
}

impl Bar for StatusValue<ConditionStatus> {
    fn fill(&self) -> Fill {
        Fill::of_condition(self.value.known())
    }

    fn short(&self) -> String {
        self.value.to_string()
    }

    fn may_be_cut(&self) -> bool {
        true
    }
}

impl Page<'_> {
    /// Draws spans as bars of this height in the current row.
    pub(super) fn bars<T: Bar>(&mut self, spans: &[Span<T>], height: f64) {
        for piece in pieces(spans, &self.scale.clone(), MIN_BAR_WIDTH, T::fill) {
            self.bar(&piece, height);
        }
    }

    fn bar<T: Bar>(&mut self, piece: &Piece<'_, T>, height: f64) {
        let Some(main) = piece.main(T::fill) else { return };
        let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
        // Wider than its time if need be: a bar that cannot be seen would be a state that never was.
        let area = Area { x: from, y: self.y, width: (to - from).max(MIN_VISIBLE_WIDTH), height };
        let when = words::range(piece.from(), piece.to(), self.picture.start);
        let text = words::tally(piece.spans.iter().map(|span| span.what.to_string()));
        self.fill(main.fill(), area, format!("{text}\n{when}"));
        if piece.is_several() {
            // The title again, since the overlay covers the bar below it.
            self.fill(Fill::Mixed, area, format!("{text}\n{when}"));
        }
        let texts = [main.to_string(), main.short()];
        self.bar_label(&texts, main.may_be_cut(), main.fill().plain(), area);
    }

    /// Writes the longest of these texts that fits into the widest visible part of a bar, or else as much as fits of the
    /// last one, if it may be cut.
    fn bar_label(&mut self, texts: &[String], may_be_cut: bool, plain: Option<&'static str>, bar: Area) {
        let parts = self.scale.visible(bar.x, bar.x + bar.width);
        // A label across a skipped segment could not be read.
        let widest = parts.into_iter().reduce(|most, next| if next.1 - next.0 > most.1 - most.0 { next } else { most });
        let Some((from, to)) = widest else { return };
        let (font, room) = (Font::Label, to - from - 2.0 * PADDING);
        let whole = texts.iter().find(|text| layout::width(text, font) <= room).cloned();
        let cut = || layout::shortened(texts.last()?, font, room).filter(|_| may_be_cut);
        let Some(text) = whole.or_else(cut) else { return };
        if let Some(plain) = plain {
            // The lines of a pattern would go through the letters.
            let width = layout::width(&text, font) + 2.0;
            let area = Area { x: from + PADDING - 1.0, y: bar.y + 1.0, width, height: bar.height - 2.0 };
            self.canvas.rect(Layer::Plain, plain, area, None);
        }
        // Centred by hand, since viewers differ in `dominant-baseline`.
        let y = bar.y + bar.height / 2.0 + font.ascent() / 2.0 - 0.5;
        self.canvas.text("tb", Text { x: from + PADDING, y, anchor: Anchor::Start, font, text }, None);
    }

    /// Fills an area, and adds the fill to the legend.
    fn fill(&mut self, fill: Fill, area: Area, title: String) {
        self.fills.insert(fill);
        self.canvas.rect(Layer::Bar, fill.class(), area, Some(title));
    }
}

// --- Processes ---

/// Label below the process row, if there is room for it.
struct Label {
    /// Labels with a lower rank are placed first.
    rank: u8,
    /// Left and right edge of the item that it describes.
    item: (f64, f64),
    text: String,
}

impl Page<'_> {
    fn process_row(&mut self, lane: &Lane) {
        self.row_name("process", Font::Label, PROCESS_HEIGHT);
        let mut labels = Vec::new();
        self.back_offs(&lane.back_offs);
        self.tasks(&lane.tasks, &mut labels);
        self.stops(&lane.stops, &mut labels);
        self.runs(lane);
        self.exits(lane, &mut labels);
        self.y += PROCESS_HEIGHT;
        self.labels(labels);
    }

    /// Draws back-offs, with their lengths.
    fn back_offs(&mut self, back_offs: &[Span<Duration>]) {
        for piece in pieces(back_offs, &self.scale.clone(), MIN_BAR_WIDTH, |_| ()) {
            let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
            let delays = words::tally(piece.spans.iter().map(|span| format!("back-off {} s", span.what.as_secs())));
            let title = format!("{delays}\n{}", words::range(piece.from(), piece.to(), self.picture.start));
            let area = Area { x: from, y: self.y + 1.0, width: (to - from).max(1.0), height: PROCESS_HEIGHT - 2.0 };
            self.fill(Fill::BackOff, area, title);
            if let [one] = piece.spans {
                // In seconds, as people know the doubling: 10, 20, 40, 80, 160, 300.
                let texts = [delays, format!("{} s", one.what.as_secs())];
                // The marker of the exit lies on the begin; a box without an edge needs less padding.
                let begin = from + MARKER_WIDTH / 2.0 - PADDING + 1.5;
                let room = Area { x: begin, width: (to - begin + PADDING - 1.5).max(0.0), ..area };
                self.bar_label(&texts, false, None, room);
            }
        }
    }

    /// Draws image pulls and hooks.
    fn tasks(&mut self, tasks: &[Span<Task>], labels: &mut Vec<Label>) {
        let y = self.y + (PROCESS_HEIGHT - TASK_HEIGHT) / 2.0;
        for piece in pieces(tasks, &self.scale.clone(), MIN_BAR_WIDTH, |task| task.kind) {
            let Some(main) = piece.main(|task| task.kind) else { continue };
            let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
            let fill = match main.kind {
                TaskKind::Pull => Fill::Pull,
                TaskKind::PostStart | TaskKind::PreStop => Fill::Hook,
            };
            let outcome = |task: &Task| format!("{} {}", task.kind, task.outcome);
            let title = format!(
                "{}\n{}",
                words::tally(piece.spans.iter().map(|span| outcome(&span.what))),
                words::range(piece.from(), piece.to(), self.picture.start)
            );
            let width = (to - from).max(MIN_VISIBLE_WIDTH);
            self.fill(fill, Area { x: from, y, width, height: TASK_HEIGHT }, title);
            let failed = piece.spans.iter().any(|span| span.what.outcome == TaskOutcome::Failed);
            let text = if failed { format!("{} failed", main.kind) } else { main.kind.to_string() };
            // Tasks come last: signals and exits say more.
            labels.push(Label { rank: 3, item: (from, to), text });
        }
    }

    /// Draws grace periods, with SIGTERM at their begin.
    fn stops(&mut self, stops: &[Span<GracefulStop>], labels: &mut Vec<Label>) {
        let y = self.y + (PROCESS_HEIGHT - TASK_HEIGHT) / 2.0;
        for stop in stops {
            let (from, to) = (self.scale.x(stop.from), self.scale.x(stop.to));
            let when = words::range(stop.from, stop.to, self.picture.start);
            let title = format!("SIGTERM, SIGKILL {}s later if it still runs\n{when}", stop.what.timeout.as_secs());
            let width = (to - from).max(MIN_VISIBLE_WIDTH);
            self.fill(Fill::GracePeriod, Area { x: from, y, width, height: TASK_HEIGHT }, title);
        }
        let scale = self.scale.clone();
        // Markers that would overlap become one, with a count.
        for chain in chains(stops, MARKER_WIDTH, |stop| scale.x(stop.from)) {
            let times: Vec<_> = chain.iter().map(|stop| Timed { at: stop.from, what: stop.what.timeout }).collect();
            let item = self.chain(Marker::Sigterm, &times, "SIGTERM");
            let text = match times.as_slice() {
                [one] => format!("SIGTERM, {}s grace", one.what.as_secs()),
                several => format!("SIGTERM ×{}", several.len()),
            };
            labels.push(Label { rank: 1, item, text });
        }
    }

    /// Draws running processes.
    fn runs(&mut self, lane: &Lane) {
        // A third of a marker: shorter runs would be covered by their own exits.
        for piece in pieces(&lane.runs, &self.scale.clone(), MARKER_WIDTH / 3.0, |_| ()) {
            let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
            let y = self.y + (PROCESS_HEIGHT - PROCESS_LINE) / 2.0;
            let area = Area { x: from, y, width: (to - from).max(1.0), height: PROCESS_LINE };
            let when = words::range(piece.from(), piece.to(), self.picture.start);
            let (fill, title) = if piece.is_several() {
                (Fill::Runs, format!("{} runs\n{when}", piece.spans.len()))
            } else {
                (Fill::Process, format!("process\n{when}"))
            };
            self.fill(fill, area, title);
        }
    }

    fn exits(&mut self, lane: &Lane, labels: &mut Vec<Label>) {
        let exits = lane.runs.iter().filter_map(|run| Some(Timed { at: run.to, what: run.what.exit? }));
        // Each kind has its own marker, so near exits are only combined within a kind.
        let (killed, exited): (Vec<_>, Vec<_>) = exits.partition(|exit| exit.what.cause == ExitCause::Sigkill);
        let (completed, crashed) = exited.into_iter().partition(|exit| exit.what.code == 0);
        for (marker, rank, exits) in
            [(Marker::Sigkill, 0, killed), (Marker::Crashed, 2, crashed), (Marker::Completed, 2, completed)]
        {
            let exits: Vec<Timed<ProcessExit>> = exits;
            let scale = self.scale.clone();
            for chain in chains(&exits, MARKER_WIDTH, |exit| scale.x(exit.at)) {
                let text = words::tally(chain.iter().map(|exit| exit.what));
                let item = self.chain(marker, chain, &text);
                labels.push(Label { rank, item, text });
            }
        }
    }

    /// Draws a marker at the first of several near instants and, if there is room, at the last. Returns the left and
    /// right edge.
    fn chain<T>(&mut self, marker: Marker, times: &[Timed<T>], text: &str) -> (f64, f64) {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return (0.0, 0.0) };
        let (from, to) = (self.scale.x(first.at), self.scale.x(last.at));
        let when = match times {
            [one] => words::offset(one.at, self.picture.start),
            _ => words::range(first.at, last.at, self.picture.start),
        };
        let y = self.y + PROCESS_HEIGHT / 2.0;
        let mut path = marker.path(from, y);
        // A second marker only where it does not lie on the first.
        if to - from > MARKER_WIDTH {
            path.push_str(&marker.path(to, y));
            self.chain_line((from, to), y);
        }
        self.markers.insert(marker);
        self.canvas.path(Layer::Marker, marker.class(), path, Some(format!("{text}\n{when}")));
        (from - MARKER_WIDTH / 2.0, to + MARKER_WIDTH / 2.0)
    }

    /// Draws the line between the first and the last of several near markers.
    pub(super) fn chain_line(&mut self, (from, to): (f64, f64), y: f64) {
        self.fills.insert(Fill::Chain);
        let line = format!("M{} {}H{}", Px(from), Px(y), Px(to));
        self.canvas.path(Layer::Marker, Fill::Chain.class(), line, None);
    }

    /// Writes as many labels as there is room for below their items, by rank.
    fn labels(&mut self, mut labels: Vec<Label>) {
        if labels.is_empty() {
            return;
        }
        // Stable: of one rank, earlier items come first.
        labels.sort_by_key(|label| label.rank);
        let mut row = self.row(left(self.width) - MARKER_WIDTH, self.width);
        let font = Font::Label;
        let y = self.y + font.ascent();
        for Label { item, text, .. } in labels {
            if let Some(x) = row.below(item, layout::width(&text, font)) {
                self.canvas.text("t", Text { x, y, anchor: Anchor::Start, font, text }, None);
            }
        }
        self.y += font.size() + 1.0;
    }
}

// --- Probes ---

type ProbeResult = Timed<Option<ProbeOutcome>>;

impl Page<'_> {
    fn probe_row(&mut self, row: &ProbeRow) {
        let kind = row.kind.name().to_lowercase();
        let long = format!("{kind} probe");
        let fits = layout::width(&long, Font::Label) <= self.name_room();
        self.row_name(if fits { &long } else { &kind }, Font::Label, PROBE_HEIGHT);
        // Equal results in a row are one span, which `pieces` combines with its neighbours only if it is short.
        let alike: Vec<Span<&[ProbeResult]>> =
            row.results.chunk_by(|a, b| marker(a) == marker(b)).filter_map(span).collect();
        for piece in pieces(&alike, &self.scale.clone(), MIN_PROBE_DISTANCE, |results| results.first().map(marker)) {
            self.probe_results(row, &piece);
        }
        self.y += PROBE_HEIGHT;
    }

    fn probe_results(&mut self, row: &ProbeRow, piece: &Piece<'_, &[ProbeResult]>) {
        let main = piece.main(|results| results.first().map(marker));
        let Some(marker) = main.and_then(|results| results.first().map(marker)) else { return };
        let results = || piece.spans.iter().flat_map(|span| span.what);
        let places: Vec<f64> = results().map(|result| self.scale.x(result.at)).collect();
        let title = self.probe_title(row, results().collect());
        let (from, to) = (places.first().copied().unwrap_or_default(), places.last().copied().unwrap_or_default());
        let y = self.y + PROBE_HEIGHT / 2.0;
        // Results less than a pixel apart say nothing on the distance of the others.
        let apart = places.windows(2).filter(|pair| matches!(pair, [a, b] if b - a >= 1.0)).count();
        let is_dense = to - from > MIN_PROBE_DISTANCE && (to - from) / apart.max(1) as f64 <= MIN_PROBE_DISTANCE;
        if is_dense {
            self.probe_band(marker, (from, to), y);
        } else {
            self.markers.insert(marker);
            // Of results that are closer than a marker's distance, only the first is drawn.
            let places = places.iter().scan(f64::NEG_INFINITY, |last, &x| {
                let is_apart = x - *last >= MIN_PROBE_DISTANCE;
                *last = if is_apart { x } else { *last };
                Some(is_apart.then_some(x))
            });
            let path: String = places.flatten().map(|x| marker.path(x, y)).collect();
            self.canvas.path(Layer::Marker, marker.class(), path, None);
        }
        // A transparent area, so that the title is shown between markers too.
        let area = Area { x: from - 3.0, y: self.y, width: to - from + 6.0, height: PROBE_HEIGHT };
        self.canvas.rect(Layer::Marker, "hi", area, Some(title));
    }

    /// Draws many results of the same kind as one line.
    fn probe_band(&mut self, marker: Marker, (from, to): (f64, f64), y: f64) {
        let line = format!("M{} {}H{}", Px(from), Px(y), Px(to));
        self.fills.insert(marker.band());
        self.canvas.path(Layer::Marker, marker.band().class(), line, None);
    }

    fn probe_title(&self, row: &ProbeRow, results: Vec<&ProbeResult>) -> String {
        let outcomes = results.iter().map(|result| match result.what {
            Some(outcome) => outcome.name(),
            None => "not running",
        });
        let outcomes = words::tally(outcomes);
        let when = match results.as_slice() {
            [first, .., last] => words::range(first.at, last.at, self.picture.start),
            [one] => words::offset(one.at, self.picture.start),
            [] => String::new(),
        };
        format!("{} probe: {outcomes}\n{when}", row.kind.name().to_lowercase())
    }
}

fn marker(result: &ProbeResult) -> Marker {
    Marker::of_probe(result.what)
}

/// Returns the span from the first to the last result.
fn span(results: &[ProbeResult]) -> Option<Span<&[ProbeResult]>> {
    Some(Span { from: results.first()?.at, to: results.last()?.at, what: results })
}
