//! The time axis: ticks, lines, breaks, and what is drawn of the time after the end.

use alloc::{format, string::String, vec::Vec};

use super::{
    super::{axis::Stretch, ticks::ticks, words},
    canvas::{Anchor, Area, Layer, Px, Text},
    measure::{self, Font},
    page::{MARGIN, Page, left},
    row::Row,
};
use crate::time::Timestamp;

/// The height of the axis.
const HEIGHT: f64 = 18.0;
/// Ticks are no closer than this, in px.
const APART: f64 = 60.0;

impl Page<'_> {
    /// Writes the times: those after a break first, then as many as fit.
    pub(super) fn ticks(&mut self) {
        let mut row = Row::new(left(self.width) - MARGIN, self.width);
        let font = Font::Small;
        let y = self.y + HEIGHT - 7.0;
        for at in self.tick_times() {
            let text = words::offset(at, self.picture.start);
            let (x, width) = (self.scale.x(at), measure::width(&text, font));
            let center = x.min(self.width - width / 2.0 - 1.0);
            if row.take_free(center - width / 2.0, center + width / 2.0) {
                self.canvas.text("t q", Text { x: center, y, anchor: Anchor::Middle, font, text }, None);
                let tick = format!("M{} {}v4", Px(x), Px(self.y + HEIGHT - 5.0));
                self.canvas.path(Layer::Ground, "ax", tick, None);
            }
        }
        self.y += HEIGHT;
    }

    /// The times worth a tick, the most telling first.
    fn tick_times(&self) -> Vec<Timestamp> {
        let resumed = self.picture.axis.stretches.iter().filter_map(|stretch| match stretch {
            Stretch::Skipped { to, .. } => Some(*to),
            Stretch::Shown { .. } => None,
        });
        resumed.chain(ticks(&self.picture.axis, &self.scale, APART)).collect()
    }

    /// Light lines through all rows, where the ticks are.
    pub(super) fn grid(&mut self, top: f64) {
        let (from, to) = (top + HEIGHT - 1.0, self.y);
        let line = |at| format!("M{} {}V{}", Px(self.scale.x(at)), Px(from), Px(to));
        let path: String = ticks(&self.picture.axis, &self.scale, APART).into_iter().map(line).collect();
        self.canvas.path(Layer::Ground, "gl", path, None);
    }

    /// A torn gap through all rows where time is left out, with how much.
    pub(super) fn breaks(&mut self, top: f64) {
        let cuts: Vec<_> = self.scale.cuts().collect();
        for (from, to, skipped) in cuts {
            let title = format!("{} in which nothing new happens are left out", words::duration(skipped));
            let area = Area { x: from, y: top + HEIGHT, width: to - from, height: self.y - top - HEIGHT };
            self.canvas.rect(Layer::Over, "cu", area, Some(title));
            let mut edges = String::new();
            for x in [from, to] {
                edges.push_str(&format!("M{} {}", Px(x), Px(area.y)));
                let mut y = area.y;
                while y + 8.0 <= self.y {
                    edges.push_str("l2 2l-4 4l2 2");
                    y += 8.0;
                }
            }
            self.canvas.path(Layer::Over, "ce", edges, None);
        }
    }

    /// A veil over what is drawn of the time in which the object is gone.
    pub(super) fn afterwards(&mut self, top: f64) {
        let Some(removed) = self.picture.removed_at else { return };
        let (from, to) = (self.scale.x(removed), self.width - MARGIN);
        let area = Area { x: from, y: top + HEIGHT, width: to - from, height: self.y - top - HEIGHT };
        if area.width > 0.0 {
            let title = String::from("The API object is gone; this is what it last said.");
            self.canvas.rect(Layer::Over, "ve", area, Some(title));
        }
    }
}
