//! Kubernetes events, in a row for each reason; and actions on the Pod, as lines through all rows.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    canvas::{Anchor, Layer, Text, Vertical},
    layout::{self, Font, Row},
    page::{MARGIN, Page, left},
    styles::{Fill, MARKER_WIDTH, Marker},
};
use crate::{
    action::EventType,
    render::{
        cluster::chains,
        picture::{EventMarker, PodAction, Timed},
        words,
    },
    time::Timestamp,
};

/// Height of a row of events, and of a row of action labels.
const ROW_HEIGHT: f64 = 15.0;
/// Labels that do not fit into so many rows are shown on hover only.
const MAX_LABEL_ROWS: usize = 6;

// --- Kubernetes events ---

/// Row of events: one reason, or several that are always recorded together.
struct EventRow<'a> {
    type_: EventType,
    reasons: Vec<&'a str>,
    /// By time.
    recorded: Vec<(Timestamp, &'a EventMarker)>,
}

impl Page<'_> {
    /// Draws a row for each type and reason, in the order in which they were first recorded. Reasons with equal markers
    /// share a row.
    pub(super) fn events(&mut self) {
        let mut rows: Vec<EventRow<'_>> = Vec::new();
        for event in &self.picture.events {
            let recorded = event.times.iter().map(|at| (*at, event));
            match rows.iter_mut().find(|row| row.type_ == event.type_ && row.reasons == [&*event.reason]) {
                Some(row) => row.recorded.extend(recorded),
                None => rows.push(EventRow {
                    type_: event.type_,
                    reasons: alloc::vec![&event.reason],
                    recorded: recorded.collect(),
                }),
            }
        }
        // Events of one reason and different messages have times of their own.
        rows.iter_mut().for_each(|row| row.recorded.sort_by_key(|(at, _)| *at));
        for row in self.merged(rows) {
            self.event_row(&row);
        }
    }

    /// Merges rows whose markers would lie below each other: `Pulled`, `Created`, `Started`.
    fn merged<'a>(&self, rows: Vec<EventRow<'a>>) -> Vec<EventRow<'a>> {
        let mut merged: Vec<EventRow<'a>> = Vec::new();
        for mut row in rows {
            let same = merged.iter_mut().find(|other| {
                let pairs = || other.recorded.chunks(other.reasons.len()).zip(&row.recorded);
                let is_near = |(all, (at, _)): (&[(Timestamp, &EventMarker)], &(Timestamp, &EventMarker))| {
                    all.iter().all(|(other, _)| (self.scale.x(*other) - self.scale.x(*at)).abs() < MARKER_WIDTH / 2.0)
                };
                let count = other.recorded.len().checked_div(other.reasons.len());
                other.type_ == row.type_ && count == Some(row.recorded.len()) && pairs().all(is_near)
            });
            match same {
                Some(other) => {
                    // Those of one moment stay next to each other, in the order of the reasons.
                    let groups = other.recorded.chunks(other.reasons.len()).zip(&row.recorded);
                    other.recorded = groups.flat_map(|(all, one)| all.iter().chain([one])).copied().collect();
                    other.reasons.append(&mut row.reasons);
                }
                None => merged.push(row),
            }
        }
        merged
    }

    fn event_row(&mut self, EventRow { type_, reasons, recorded }: &EventRow<'_>) {
        let height = self.event_name(reasons, recorded.len().checked_div(reasons.len()).unwrap_or(0));
        let mut row = self.row(left(self.width), self.width - MARGIN);
        let scale = self.scale.clone();
        let chains = chains(recorded, MARKER_WIDTH + 1.0, |(at, _)| scale.x(*at));
        let items: Vec<(f64, f64)> =
            chains.iter().map(|chain| self.event_marker(Marker::of_event(*type_), chain)).collect();
        // Counts go where all markers have left room.
        items.iter().for_each(|item| row.take(item.0, item.1));
        for (chain, item) in chains.iter().zip(&items) {
            self.event_count(chain.len().checked_div(reasons.len()).unwrap_or(0), *item, &mut row);
        }
        self.y += height;
    }

    /// Writes the reasons and the number of their events, over as many lines as it takes. Returns the height.
    fn event_name(&mut self, reasons: &[&str], count: usize) -> f64 {
        let font = Font::Label;
        let count = format!("×{count}");
        let right = left(self.width) - 8.0;
        let room = right - MARGIN;
        let beside = room - layout::width(&count, font) - 4.0;
        let names: Vec<String> = reasons.iter().map(|reason| String::from(*reason)).collect();
        let mut lines = layout::wrapped(&names, font, room);
        // The count stands at the end of the last line.
        if lines.last().is_some_and(|last| layout::width(last, font) > beside) {
            let narrow = layout::wrapped(&names, font, beside);
            if narrow.iter().any(|line| line.ends_with('…')) {
                lines.push(String::new());
            } else {
                lines = narrow;
            }
        }
        let baseline = self.y + ROW_HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
        let last = baseline + ROW_HEIGHT * lines.len().saturating_sub(1) as f64;
        self.canvas.text("t q", Text { x: right, y: last, anchor: Anchor::End, font, text: count }, None);
        let is_cut = lines.iter().any(|line| line.ends_with('…'));
        let mut y = baseline;
        for text in lines.iter().filter(|line| !line.is_empty()) {
            let title = is_cut.then(|| names.join(", "));
            self.canvas.text("t", Text { x: MARGIN, y, anchor: Anchor::Start, font, text: text.clone() }, title);
            y += ROW_HEIGHT;
        }
        ROW_HEIGHT * lines.len().max(1) as f64
    }

    /// Draws one marker for several near events. Returns its left and right edge.
    fn event_marker(&mut self, marker: Marker, chain: &[(Timestamp, &EventMarker)]) -> (f64, f64) {
        let (Some((first, _)), Some((last, _))) = (chain.first(), chain.last()) else { return (0.0, 0.0) };
        let (from, to, y) = (self.scale.x(*first), self.scale.x(*last), self.y + ROW_HEIGHT / 2.0);
        let mut path = marker.path(from, y);
        if to - from > MARKER_WIDTH {
            path.push_str(&marker.path(to, y));
            self.chain_line((from, to), y + 5.0);
        }
        let when = match chain {
            [_] => words::offset(*first, self.picture.start),
            _ => words::range(*first, *last, self.picture.start),
        };
        let text = |event: &EventMarker| {
            let container = event.container.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            format!("{} {}{container}: {}", event.type_, event.reason, event.message)
        };
        let title = format!("{}\n{when}", words::tally(chain.iter().map(|(_, event)| text(event))));
        self.markers.insert(marker);
        self.canvas.path(Layer::Marker, marker.class(), path, Some(title));
        // The staff of a flag is at its left edge.
        (from - 1.0, to + MARKER_WIDTH)
    }

    /// Writes the number of events beside a marker that stands for several, if there is room.
    fn event_count(&mut self, count: usize, item: (f64, f64), row: &mut Row) {
        let (font, text) = (Font::Label, format!("×{count}"));
        if count == 1 {
            return;
        }
        let Some(x) = row.beside(item, layout::width(&text, font)) else { return };
        let y = self.y + ROW_HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
        self.canvas.text("t q", Text { x, y, anchor: Anchor::Start, font, text }, None);
    }
}

// --- Actions on the Pod ---

/// Line through all rows at the time of one or several actions.
pub(super) struct ActionLine {
    at: Timestamp,
    top: f64,
    title: String,
}

impl Page<'_> {
    /// Writes the labels of all actions, each in the first row with room for it. Returns their lines, which are drawn
    /// last, when their length is known.
    pub(super) fn action_labels(&mut self) -> Vec<ActionLine> {
        let actions = &self.picture.actions;
        let mut rows: Vec<Row> = Vec::new();
        let by_time = actions.chunk_by(|a, b| a.at == b.at);
        let lines: Vec<ActionLine> = by_time.filter_map(|actions| self.action_label(actions, &mut rows)).collect();
        self.y += ROW_HEIGHT * rows.len() as f64;
        lines
    }

    fn action_label(&mut self, actions: &[Timed<PodAction>], rows: &mut Vec<Row>) -> Option<ActionLine> {
        let at = actions.first()?.at;
        let x = self.scale.x(at);
        let names: Vec<_> = actions.iter().map(|action| action.what.to_string()).collect();
        let (font, text) = (Font::Label, names.join(" · "));
        let width = layout::width(&text, font);
        // Right of the line, or left of it if the picture ends there.
        let sides = [(x + 3.0, Anchor::Start), (x - 3.0 - width, Anchor::End)];
        let mut line = ActionLine { at, top: self.y, title: names.join("\n") };
        for index in 0..MAX_LABEL_ROWS {
            if index == rows.len() {
                rows.push(Row::new(MARGIN, self.width - MARGIN + 8.0));
            }
            let Some(row) = rows.get_mut(index) else { break };
            // The range includes the line itself, so that no other label is written across it.
            let side = sides.iter().find(|(from, _)| row.take_free(*from, from + width));
            if let Some((_, anchor)) = side {
                let x = if *anchor == Anchor::Start { x + 3.0 } else { x - 3.0 };
                line.top = self.y + ROW_HEIGHT * index as f64;
                let y = line.top + ROW_HEIGHT - 4.0;
                self.canvas.text("t d", Text { x, y, anchor: *anchor, font, text }, None);
                break;
            }
        }
        Some(line)
    }

    /// Draws the lines from their labels down to the last row.
    pub(super) fn action_lines(&mut self, lines: &[ActionLine]) {
        for line in lines {
            let x = self.scale.x(line.at);
            let title = format!("{}\n{}", line.title, words::offset(line.at, self.picture.start));
            let vertical = Vertical { x, top: line.top + 2.0, bottom: self.y };
            self.fills.insert(Fill::Action);
            self.canvas.verticals(Layer::Overlay, Fill::Action.class(), alloc::vec![vertical], Some(title));
        }
        debug_assert!(lines.iter().all(|line| self.scale.x(line.at) >= left(self.width) - 1.0));
    }
}
