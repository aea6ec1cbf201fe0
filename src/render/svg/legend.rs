//! What the patterns and signs mean: only those that occur.

use alloc::string::String;

use super::{
    canvas::{Anchor, Area, Layer, Text},
    ink::Ink,
    measure::{self, Font},
    page::{MARGIN, Page},
    sign::Sign,
};

/// The height of a row.
const HEIGHT: f64 = 16.0;
/// The width of a pattern's sample.
const SAMPLE: f64 = 24.0;
/// Between a sample and its name.
const GAP: f64 = 5.0;
/// Between two entries.
const APART: f64 = 14.0;

impl Page<'_> {
    /// Draws the legend, in as many rows as it takes.
    pub(super) fn legend(&mut self) {
        self.y += GAP;
        let mut x = MARGIN;
        for ink in Ink::ALL.into_iter().filter(|ink| self.inks.contains(ink)).collect::<alloc::vec::Vec<_>>() {
            self.entry(&mut x, SAMPLE, ink.name(), |page, x| {
                let area = Area { x, y: page.y + 3.0, width: SAMPLE, height: HEIGHT - 6.0 };
                page.canvas.rect(Layer::Bar, ink.class(), area, None);
            });
        }
        for sign in Sign::ALL.into_iter().filter(|sign| self.signs.contains(sign)).collect::<alloc::vec::Vec<_>>() {
            self.entry(&mut x, 12.0, sign.name(), |page, x| {
                let path = sign.path(x + 4.0, page.y + HEIGHT / 2.0);
                page.canvas.path(Layer::Sign, sign.class(), path, None);
            });
        }
        self.y += HEIGHT;
    }

    fn entry(&mut self, x: &mut f64, sample: f64, name: &str, draw: impl FnOnce(&mut Self, f64)) {
        let font = Font::Small;
        let width = sample + GAP + measure::width(name, font);
        if *x > MARGIN && *x + width > self.width - MARGIN {
            (*x, self.y) = (MARGIN, self.y + HEIGHT);
        }
        draw(self, *x);
        let y = self.y + HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
        let text = Text { x: *x + sample + GAP, y, anchor: Anchor::Start, font, text: String::from(name) };
        self.canvas.text("t", text, None);
        *x += width + APART;
    }
}
