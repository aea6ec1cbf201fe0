//! What was done to the Pod: lines through all rows, with labels at their top.

use alloc::{format, string::ToString, vec::Vec};

use super::{
    super::{picture::Mark, words},
    canvas::{Anchor, Layer, Px, Text},
    measure::{self, Font},
    page::{MARGIN, Page, left},
    row::Row,
};
use crate::{render::Deed, time::Timestamp};

/// The height of a row of labels.
const HEIGHT: f64 = 13.0;
/// No more rows of labels than this; further labels are left to the titles.
const MOST_ROWS: usize = 6;

/// A line that is to be drawn.
pub(super) struct DeedLine {
    at: Timestamp,
    top: f64,
    says: alloc::string::String,
}

impl Page<'_> {
    /// Writes the labels, each in the first row that has room; the lines are drawn when it is known how long they are.
    pub(super) fn deed_labels(&mut self) -> Vec<DeedLine> {
        let deeds = &self.picture.deeds;
        let mut rows: Vec<Row> = Vec::new();
        let by_moment = deeds.chunk_by(|a, b| a.at == b.at);
        let lines: Vec<DeedLine> = by_moment.filter_map(|deeds| self.deed_label(deeds, &mut rows)).collect();
        self.y += HEIGHT * rows.len() as f64;
        lines
    }

    fn deed_label(&mut self, deeds: &[Mark<Deed>], rows: &mut Vec<Row>) -> Option<DeedLine> {
        let at = deeds.first()?.at;
        let x = self.scale.x(at);
        let names: Vec<_> = deeds.iter().map(|mark| mark.what.to_string()).collect();
        let (font, text) = (Font::Small, names.join(" · "));
        let width = measure::width(&text, font);
        let sides = [(x + 3.0, Anchor::Start), (x - 3.0 - width, Anchor::End)];
        let mut line = DeedLine { at, top: self.y, says: names.join("\n") };
        for place in 0..MOST_ROWS {
            if place == rows.len() {
                rows.push(Row::new(MARGIN, self.width - MARGIN + 8.0));
            }
            let Some(row) = rows.get_mut(place) else { break };
            // The line itself takes room too: no other label may stand on it.
            let side = sides.iter().find(|(from, _)| row.take_free(*from, from + width));
            if let Some((_, anchor)) = side {
                let x = if *anchor == Anchor::Start { x + 3.0 } else { x - 3.0 };
                line.top = self.y + HEIGHT * place as f64;
                let y = line.top + HEIGHT - 4.0;
                self.canvas.text("t d", Text { x, y, anchor: *anchor, font, text }, None);
                break;
            }
        }
        Some(line)
    }

    /// Draws the lines, from their labels down to the last row.
    pub(super) fn deed_lines(&mut self, lines: &[DeedLine]) {
        for line in lines {
            let x = self.scale.x(line.at);
            let title = format!("{}\n{}", line.says, words::offset(line.at, self.picture.start));
            let path = format!("M{} {}V{}", Px(x), Px(line.top + 2.0), Px(self.y));
            self.canvas.path(Layer::Over, "dl", path, Some(title));
        }
        debug_assert!(lines.iter().all(|line| self.scale.x(line.at) >= left(self.width) - 1.0));
    }
}
