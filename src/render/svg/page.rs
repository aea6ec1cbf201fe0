//! Page: the rows of a picture from top to bottom, with its time axis and legend.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use super::{
    canvas::{Anchor, Area, Canvas, Layer, Px, Text, Vertical},
    layout::{self, Font, Row},
    styles::{Fill, Marker, Sample},
};
use crate::{
    render::{
        axis::AxisSegment,
        lane::Lane,
        picture::{ConditionTrack, Picture},
        scale::{Scale, ticks},
        words,
    },
    spec::ContainerKind,
    time::Timestamp,
};

/// Margin on all sides, in px.
pub(super) const MARGIN: f64 = 12.0;
/// Width of a skipped segment of time.
const SKIPPED_WIDTH: f64 = 26.0;
/// Height of the bars of phase and conditions.
const TRACK_HEIGHT: f64 = 16.0;
/// Gap between two rows.
const GAP: f64 = 3.0;
/// Height of the time axis.
const AXIS_HEIGHT: f64 = 20.0;
/// Ticks are at least this far apart.
const MIN_TICK_DISTANCE: f64 = 60.0;
/// Height of a row of the legend.
const LEGEND_HEIGHT: f64 = 18.0;
/// Width of a fill's sample in the legend.
const SAMPLE_WIDTH: f64 = 24.0;
/// Gap between a sample and its name.
const SAMPLE_GAP: f64 = 5.0;
/// Gap between two entries of the legend.
const ENTRY_GAP: f64 = 14.0;

/// Picture being drawn.
pub(super) struct Page<'a> {
    pub(super) picture: &'a Picture,
    pub(super) canvas: Canvas,
    pub(super) scale: Scale,
    pub(super) width: f64,
    /// Top of the next row.
    pub(super) y: f64,
    // --- Entries of the legend ---
    pub(super) fills: BTreeSet<Fill>,
    pub(super) markers: BTreeSet<Marker>,
    /// Times that are written at the axis; the grid has a line at each.
    ticks: Vec<Timestamp>,
    /// Top and bottom of the rows below the axis.
    #[cfg(test)]
    pub(super) rows: (f64, f64),
}

impl<'a> Page<'a> {
    pub(super) fn new(picture: &'a Picture, width: f64) -> Page<'a> {
        Page {
            picture,
            canvas: Canvas::default(),
            scale: scale(picture, width),
            width,
            y: MARGIN,
            fills: BTreeSet::new(),
            markers: BTreeSet::new(),
            ticks: Vec::new(),
            #[cfg(test)]
            rows: (0.0, 0.0),
        }
    }

    /// Draws the picture; `y` is its height afterwards.
    pub(super) fn draw(&mut self) {
        let picture = self.picture;
        self.header();
        let actions = self.action_labels();
        let top = self.y;
        self.ticks();
        for (heading, lanes) in groups(&picture.lanes) {
            self.heading(heading);
            lanes.iter().for_each(|lane| self.lane(lane));
        }
        self.heading("Pod");
        self.track("Phase", |page| page.bars(&page.picture.phase, TRACK_HEIGHT));
        let (constant, changing): (Vec<_>, Vec<_>) =
            picture.conditions.iter().partition(|track| picture.is_constant(track));
        changing.into_iter().for_each(|track| self.condition(track));
        self.constant_conditions(&constant);
        if !picture.events.is_empty() {
            self.heading("Kubernetes events");
            self.events();
        }
        // These reach through all rows, so their height is known only now.
        self.grid(top);
        self.breaks(top);
        self.action_lines(&actions);
        self.shade_after_removal(top);
        #[cfg(test)]
        {
            self.rows = (top + AXIS_HEIGHT, self.y);
        }
        self.y += GAP;
        self.legend();
        self.y += MARGIN;
        let all = Area { x: 0.0, y: 0.0, width: self.width, height: self.y };
        self.canvas.rect(Layer::Ground, "bg", all, None);
        self.canvas.cut_lines();
    }

    fn header(&mut self) {
        let picture = self.picture;
        let room = self.width - 2.0 * MARGIN;
        self.y += Font::Title.size();
        self.line(&picture.title(), Font::Title, room, "t");
        self.y += 17.0;
        self.line(&subtitle(picture), Font::Label, room, "t q");
        if !picture.axis.is_to_scale() {
            self.y += 15.0;
            self.line("The more happens, the more room time gets.", Font::Label, room, "t q");
        }
        self.y += 8.0;
    }

    /// Writes a line at the left margin, shortened to its room.
    fn line(&mut self, text: &str, font: Font, room: f64, class: &'static str) {
        let title = (layout::width(text, font) > room).then(|| String::from(text));
        if let Some(text) = layout::shortened(text, font, room) {
            self.canvas.text(class, Text { x: MARGIN, y: self.y, anchor: Anchor::Start, font, text }, title);
        }
    }

    fn heading(&mut self, text: &str) {
        self.y += 17.0;
        self.line(text, Font::Label, self.width - 2.0 * MARGIN, "t q");
        let line = format!("M{} {}H{}", Px(MARGIN), Px(self.y + 4.0), Px(self.width - MARGIN));
        self.canvas.path(Layer::Background, "hl", line, None);
        self.y += 8.0;
    }

    fn condition(&mut self, track: &ConditionTrack) {
        self.track(&track.name, |page| page.bars(&track.spans, TRACK_HEIGHT));
    }

    /// Writes the conditions that never change, over as many lines as it takes.
    fn constant_conditions(&mut self, tracks: &[&ConditionTrack]) {
        let texts: Vec<String> =
            tracks.iter().filter_map(|track| Some(format!("{} {}", track.name, track.spans.first()?.what))).collect();
        if texts.is_empty() {
            return;
        }
        self.row_name("throughout", Font::Label, TRACK_HEIGHT);
        let font = Font::Label;
        let lines = layout::wrapped(&texts, font, self.width - MARGIN - left(self.width));
        for line in lines {
            let y = self.y + TRACK_HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
            let x = left(self.width);
            self.canvas.text("t q", Text { x, y, anchor: Anchor::Start, font, text: line }, None);
            self.y += TRACK_HEIGHT;
        }
    }

    fn track(&mut self, name: &str, draw: impl FnOnce(&mut Self)) {
        self.row_name(name, Font::Label, TRACK_HEIGHT);
        draw(self);
        self.y += TRACK_HEIGHT + GAP;
    }

    /// Writes the name of a row of this height into the left column.
    pub(super) fn row_name(&mut self, name: &str, font: Font, height: f64) {
        let room = self.name_room();
        let y = self.y + height / 2.0 + font.ascent() / 2.0 - 0.5;
        let title = (layout::width(name, font) > room).then(|| String::from(name));
        if let Some(text) = layout::shortened(name, font, room) {
            self.canvas.text("t", Text { x: MARGIN, y, anchor: Anchor::Start, font, text }, title);
        }
    }

    /// Returns a row of labels, in which the edges of skipped segments are taken.
    pub(super) fn row(&self, from: f64, to: f64) -> Row {
        let mut row = Row::new(from, to);
        // A text may not lie on a jagged edge, nor on both sides of a gap.
        self.scale.cuts().for_each(|(from, to, _)| row.take(from - 2.0, to + 2.0));
        row
    }

    /// Returns the width of the column of names.
    pub(super) fn name_room(&self) -> f64 {
        left(self.width) - MARGIN - 8.0
    }
}

/// Returns the scale of a picture of this width.
pub(super) fn scale(picture: &Picture, width: f64) -> Scale {
    Scale::new(&picture.axis, left(width), width - MARGIN, SKIPPED_WIDTH)
}

/// Returns the left end of the time axis, right of the column of names.
pub(super) fn left(width: f64) -> f64 {
    // 130 px have room for `ContainersReady`; at 1,200 px the longest condition fits too.
    (width * 0.18).clamp(130.0, 215.0)
}

/// Returns `from 2026-03-01T12:00:00Z, 25m: 9 restarts, not finished`.
pub(super) fn subtitle(picture: &Picture) -> String {
    let length = words::duration(picture.end.since(picture.start));
    let restarts = words::count(usize::try_from(picture.restarts()).unwrap_or(usize::MAX), "restart");
    let end = if picture.is_finished { "finished" } else { "not finished" };
    format!("from {}, {length}: {restarts}, {end}", picture.start)
}

/// Groups neighbouring lanes of one kind under a heading.
fn groups(lanes: &[Lane]) -> impl Iterator<Item = (&'static str, &[Lane])> {
    let groups = lanes.chunk_by(|a, b| a.kind == b.kind);
    groups.filter_map(|group| Some((heading(group.first()?.kind, group.len() > 1), group)))
}

fn heading(kind: ContainerKind, are_several: bool) -> &'static str {
    match (kind, are_several) {
        (ContainerKind::Init, false) => "Init container",
        (ContainerKind::Init, true) => "Init containers",
        (ContainerKind::Sidecar, false) => "Sidecar (init container, restartPolicy Always)",
        (ContainerKind::Sidecar, true) => "Sidecars (init containers, restartPolicy Always)",
        (ContainerKind::Regular, false) => "Container",
        (ContainerKind::Regular, true) => "Containers",
        (ContainerKind::Ephemeral, false) => "Ephemeral container",
        (ContainerKind::Ephemeral, true) => "Ephemeral containers",
    }
}

// --- Time axis ---

impl Page<'_> {
    /// Writes the times of the axis: first those after a skipped segment, then as many round ones as fit.
    fn ticks(&mut self) {
        // The time of the start is written around the begin of the axis.
        let mut row = Row::new(left(self.width) - 2.0 * MARGIN, self.width);
        let font = Font::Label;
        let y = self.y + AXIS_HEIGHT - 7.0;
        for at in self.tick_times() {
            let text = words::offset(at, self.picture.start);
            let (x, width) = (self.scale.x(at), layout::width(&text, font));
            // The text of the last tick is moved to the left, so that it stays in the picture.
            let center = x.min(self.width - width / 2.0 - 1.0);
            if row.take_free(center - width / 2.0, center + width / 2.0) {
                self.canvas.text("t q", Text { x: center, y, anchor: Anchor::Middle, font, text }, None);
                let tick = format!("M{} {}v4", Px(x), Px(self.y + AXIS_HEIGHT - 5.0));
                self.canvas.path(Layer::Background, "ax", tick, None);
                self.ticks.push(at);
            }
        }
        self.y += AXIS_HEIGHT;
    }

    /// Returns the times of the ticks, the most important ones first.
    fn tick_times(&self) -> Vec<Timestamp> {
        let resumed = self.picture.axis.segments.iter().filter_map(|segment| match segment {
            AxisSegment::Skipped { to, .. } => Some(*to),
            AxisSegment::Shown { .. } => None,
        });
        // Ticks take free room in this order, and without its time a resumed segment could not be read.
        resumed.chain(ticks(&self.picture.axis, &self.scale, MIN_TICK_DISTANCE)).collect()
    }

    /// Draws light lines through all rows at the ticks.
    fn grid(&mut self, top: f64) {
        let (from, to) = (top + AXIS_HEIGHT - 1.0, self.y);
        let line = |at: &Timestamp| Vertical { x: self.scale.x(*at), top: from, bottom: to };
        let lines = self.ticks.iter().map(line).collect();
        self.canvas.verticals(Layer::Background, "gl", lines, None);
    }

    /// Draws each skipped segment as a gap with jagged edges through all rows.
    fn breaks(&mut self, top: f64) {
        let cuts: Vec<_> = self.scale.cuts().collect();
        for (from, to, skipped) in cuts {
            let title = format!("{} without changes are not shown", words::duration(skipped));
            let area = Area { x: from, y: top + AXIS_HEIGHT, width: to - from, height: self.y - top - AXIS_HEIGHT };
            self.fills.insert(Fill::Skipped);
            self.canvas.rect(Layer::Overlay, Fill::Skipped.class(), area, Some(title));
            let mut edges = String::new();
            for x in [from, to] {
                edges.push_str(&format!("M{} {}", Px(x), Px(area.y)));
                let mut y = area.y;
                // A tooth is 8 px high.
                while y + 8.0 <= self.y {
                    edges.push_str("l2 2l-4 4l2 2");
                    y += 8.0;
                }
            }
            self.canvas.path(Layer::Overlay, "ce", edges, None);
        }
    }

    /// Shades the time after the API object was removed.
    fn shade_after_removal(&mut self, top: f64) {
        let Some(removed) = self.picture.removed_at else { return };
        let (from, to) = (self.scale.x(removed), self.width - MARGIN);
        let area = Area { x: from, y: top + AXIS_HEIGHT, width: to - from, height: self.y - top - AXIS_HEIGHT };
        if area.width > 0.0 {
            let title = String::from("The API object is removed; this was its last status.");
            self.fills.insert(Fill::Removed);
            self.canvas.rect(Layer::Overlay, Fill::Removed.class(), area, Some(title));
        }
    }
}

// --- Legend ---

impl Page<'_> {
    /// Draws the legend of all fills and markers that the picture has, in as many rows as it takes.
    fn legend(&mut self) {
        self.y += SAMPLE_GAP;
        let mut x = MARGIN;
        for fill in Fill::ALL.into_iter().filter(|fill| self.fills.contains(fill)).collect::<Vec<_>>() {
            self.legend_entry(&mut x, SAMPLE_WIDTH, fill.name(), |page, x| {
                let area = Area { x, y: page.y + 3.0, width: SAMPLE_WIDTH, height: LEGEND_HEIGHT - 6.0 };
                for (class, sample) in fill.sample(area) {
                    match sample {
                        Sample::Rect(area) => page.canvas.rect(Layer::Bar, class, area, None),
                        Sample::Path(path) => page.canvas.path(Layer::Bar, class, path, None),
                    }
                }
            });
        }
        for marker in Marker::ALL.into_iter().filter(|marker| self.markers.contains(marker)).collect::<Vec<_>>() {
            self.legend_entry(&mut x, 12.0, marker.name(), |page, x| {
                let path = marker.path(x + 4.0, page.y + LEGEND_HEIGHT / 2.0);
                page.canvas.path(Layer::Marker, marker.class(), path, None);
            });
        }
        self.y += LEGEND_HEIGHT;
    }

    fn legend_entry(&mut self, x: &mut f64, sample: f64, name: &str, draw: impl FnOnce(&mut Self, f64)) {
        let font = Font::Label;
        let width = sample + SAMPLE_GAP + layout::width(name, font);
        // An entry that is wider than the picture stands alone in its row.
        if *x > MARGIN && *x + width > self.width - MARGIN {
            (*x, self.y) = (MARGIN, self.y + LEGEND_HEIGHT);
        }
        draw(self, *x);
        let y = self.y + LEGEND_HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
        let text = Text { x: *x + sample + SAMPLE_GAP, y, anchor: Anchor::Start, font, text: String::from(name) };
        self.canvas.text("t", text, None);
        *x += width + ENTRY_GAP;
    }
}
