//! The whole picture, from top to bottom.

use alloc::{collections::BTreeSet, format, string::String};

use super::{
    super::{
        axis::Scale,
        lane::Lane,
        picture::{ConditionTrack, Picture},
        words,
    },
    canvas::{Anchor, Area, Canvas, Layer, Px, Text},
    ink::Ink,
    measure::{self, Font},
    sign::Sign,
};
use crate::spec::ContainerKind;

/// Blank on all sides.
pub(super) const MARGIN: f64 = 12.0;
/// How wide a stretch of time that is left out is drawn.
const CUT: f64 = 26.0;
/// The height of a strip, without the blank below it.
const STRIP: f64 = 13.0;
/// Between two rows.
const GAP: f64 = 3.0;
/// The height of a container's bar.
const BAR: f64 = 16.0;

/// A picture being drawn.
pub(super) struct Page<'a> {
    pub(super) picture: &'a Picture,
    pub(super) canvas: Canvas,
    pub(super) scale: Scale,
    pub(super) width: f64,
    /// The top of the next row.
    pub(super) y: f64,
    /// What the legend has to explain.
    pub(super) inks: BTreeSet<Ink>,
    pub(super) signs: BTreeSet<Sign>,
}

impl<'a> Page<'a> {
    pub(super) fn new(picture: &'a Picture, width: f64) -> Page<'a> {
        Page {
            picture,
            canvas: Canvas::default(),
            scale: scale(picture, width),
            width,
            y: MARGIN,
            inks: BTreeSet::new(),
            signs: BTreeSet::new(),
        }
    }

    /// Draws everything; `y` is the height then.
    pub(super) fn draw(&mut self) {
        let picture = self.picture;
        self.header();
        let deeds = self.deed_labels();
        let top = self.y;
        self.ticks();
        self.phase();
        picture.conditions.iter().for_each(|strip| self.condition(strip));
        for (heading, lanes) in groups(&picture.lanes) {
            self.heading(heading);
            lanes.iter().for_each(|lane| self.lane(lane));
        }
        if !picture.flags.is_empty() {
            self.heading("Kubernetes events");
            self.flags();
        }
        self.grid(top);
        self.breaks(top);
        self.deed_lines(&deeds);
        self.afterwards(top);
        self.y += GAP;
        self.legend();
        self.y += MARGIN;
        let all = Area { x: 0.0, y: 0.0, width: self.width, height: self.y };
        self.canvas.rect(Layer::Ground, "bg", all, None);
    }

    fn header(&mut self) {
        let picture = self.picture;
        let room = self.width - 2.0 * MARGIN;
        self.y += Font::Title.size();
        self.line(&picture.title(), Font::Title, room, "t");
        self.y += 17.0;
        self.line(&subtitle(picture), Font::Label, room, "t q");
        self.y += 8.0;
    }

    /// Writes a line at the left margin, shortened if it has to be.
    fn line(&mut self, text: &str, font: Font, room: f64, class: &'static str) {
        let title = (measure::width(text, font) > room).then(|| String::from(text));
        if let Some(text) = measure::shortened(text, font, room) {
            self.canvas.text(class, Text { x: MARGIN, y: self.y, anchor: Anchor::Start, font, text }, title);
        }
    }

    fn heading(&mut self, text: &str) {
        self.y += 15.0;
        self.line(text, Font::Label, self.width - 2.0 * MARGIN, "t q");
        let line = format!("M{} {}H{}", Px(MARGIN), Px(self.y + 4.0), Px(self.width - MARGIN));
        self.canvas.path(Layer::Ground, "hl", line, None);
        self.y += 8.0;
    }

    fn phase(&mut self) {
        self.row_name("Phase", Font::Small, STRIP);
        self.bars(&self.picture.phase, STRIP);
        self.y += STRIP + GAP;
    }

    fn condition(&mut self, strip: &ConditionTrack) {
        self.row_name(&strip.name, Font::Small, STRIP);
        self.bars(&strip.spans, STRIP);
        self.y += STRIP + GAP;
    }

    fn lane(&mut self, lane: &Lane) {
        let font = Font::Name;
        self.row_name(&lane.name, font, BAR);
        self.bars(&lane.states, BAR);
        self.y += BAR + 1.0;
        self.process(lane);
        lane.probes.iter().for_each(|row| self.probe_row(row));
        self.y += GAP + 2.0;
    }

    /// Writes the name of a row of some height into the left column.
    pub(super) fn row_name(&mut self, name: &str, font: Font, height: f64) {
        let room = self.name_room();
        let y = self.y + height / 2.0 + font.ascent() / 2.0 - 0.5;
        let title = (measure::width(name, font) > room).then(|| String::from(name));
        if let Some(text) = measure::shortened(name, font, room) {
            self.canvas.text("t", Text { x: MARGIN, y, anchor: Anchor::Start, font, text }, title);
        }
    }

    /// How wide the name of a row may be.
    pub(super) fn name_room(&self) -> f64 {
        left(self.width) - MARGIN - 8.0
    }
}

/// Where on a picture of some width each moment is.
pub(super) fn scale(picture: &Picture, width: f64) -> Scale {
    Scale::new(&picture.axis, left(width), width - MARGIN, CUT)
}

/// Where the time begins: left of it stand the names.
pub(super) fn left(width: f64) -> f64 {
    (width * 0.17).clamp(112.0, 190.0)
}

/// `from 2026-03-01T12:00:00Z, 25m: 9 restarts, goes on`.
pub(super) fn subtitle(picture: &Picture) -> String {
    let length = words::duration(picture.end.since(picture.start));
    let restarts = words::count(usize::try_from(picture.restarts()).unwrap_or(usize::MAX), "restart");
    let end = if picture.is_finished { "finished" } else { "goes on" };
    format!("from {}, {length}: {restarts}, {end}", picture.start)
}

/// Neighbours of one kind, with a heading.
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
