//! Spans as bars.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    super::{
        cluster::{Piece, pieces},
        lane::State,
        picture::{Said, Span},
        words,
    },
    canvas::{Anchor, Area, Layer, Text},
    ink::Ink,
    measure::{self, Font},
    page::Page,
};
use crate::api::{ConditionStatus, PodPhase};

/// What a bar can stand for.
pub(super) trait Bar: ToString {
    /// What it is filled with.
    fn ink(&self) -> Ink;
    /// What it says where there is little room.
    fn short(&self) -> String;
    /// Whether that still tells something when its end is cut off.
    fn may_be_cut(&self) -> bool;
}

impl Bar for State {
    fn ink(&self) -> Ink {
        Ink::of_state(self)
    }

    fn short(&self) -> String {
        State::short(self)
    }

    fn may_be_cut(&self) -> bool {
        // Half an exit code is another exit code.
        !matches!(self, State::Terminated { .. })
    }
}

impl Bar for Said<PodPhase> {
    fn ink(&self) -> Ink {
        Ink::of_phase(self.value.known())
    }

    fn short(&self) -> String {
        self.value.to_string()
    }

    fn may_be_cut(&self) -> bool {
        true
    }
}

impl Bar for Said<ConditionStatus> {
    fn ink(&self) -> Ink {
        Ink::of_condition(self.value.known())
    }

    fn short(&self) -> String {
        self.value.to_string()
    }

    fn may_be_cut(&self) -> bool {
        true
    }
}

/// Bars narrower than this, in px, are put together.
const LEAST: f64 = 3.0;
/// A single one is drawn this wide at least.
const SEEN: f64 = 1.5;
/// Blank between the edge of a bar and its text.
const PADDING: f64 = 4.0;

impl Page<'_> {
    /// Draws spans as bars of this height, from the present row's top on.
    pub(super) fn bars<T: Bar>(&mut self, spans: &[Span<T>], height: f64) {
        for piece in pieces(spans, &self.scale.clone(), LEAST, T::ink) {
            self.bar(&piece, height);
        }
    }

    fn bar<T: Bar>(&mut self, piece: &Piece<'_, T>, height: f64) {
        let Some(main) = piece.main(T::ink) else { return };
        let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
        let area = Area { x: from, y: self.y, width: (to - from).max(SEEN), height };
        let when = words::stretch(piece.from(), piece.to(), self.picture.start);
        let says = words::tally(piece.spans.iter().map(|span| span.what.to_string()));
        self.fill(main.ink(), area, format!("{says}\n{when}"));
        if piece.is_several() {
            self.fill(Ink::Mixed, area, format!("{says}\n{when}"));
        }
        self.bar_label(main, (from, to), height);
    }

    /// Writes as much as fits into the widest visible part of a bar.
    fn bar_label(&mut self, bar: &impl Bar, (from, to): (f64, f64), height: f64) {
        let parts = self.scale.visible(from, to);
        let widest = parts.into_iter().reduce(|most, next| if next.1 - next.0 > most.1 - most.0 { next } else { most });
        let Some((from, to)) = widest else { return };
        let (font, room) = (Font::Small, to - from - 2.0 * PADDING);
        let whole = [bar.to_string(), bar.short()].into_iter().find(|text| measure::width(text, font) <= room);
        let cut = || measure::shortened(&bar.short(), font, room).filter(|_| bar.may_be_cut());
        if let Some(text) = whole.or_else(cut) {
            let y = self.y + height / 2.0 + font.ascent() / 2.0 - 0.5;
            self.canvas.text("t", Text { x: from + PADDING, y, anchor: Anchor::Start, font, text }, None);
        }
    }

    /// Fills an area; the legend will explain with what.
    pub(super) fn fill(&mut self, ink: Ink, area: Area, title: String) {
        self.inks.insert(ink);
        self.canvas.rect(Layer::Bar, ink.class(), area, Some(title));
    }
}
