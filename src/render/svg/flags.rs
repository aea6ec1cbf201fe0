//! Kubernetes events: a row for each reason, a flag where it was said, a count beside its name.

use alloc::{format, string::String, vec::Vec};

use super::{
    super::{cluster::chains, picture::Flag, words},
    canvas::{Anchor, Layer, Px, Text},
    measure::{self, Font},
    page::{MARGIN, Page, left},
    row::Row,
    sign::{SIGN_WIDTH, Sign},
};
use crate::{action::EventType, time::Timestamp};

/// The height of a row.
const HEIGHT: f64 = 13.0;

impl Page<'_> {
    /// Draws the rows of all events, in the order in which they were first recorded.
    pub(super) fn flags(&mut self) {
        let mut rows: Vec<(EventType, &str, Vec<&Flag>)> = Vec::new();
        for flag in &self.picture.flags {
            let same = |row: &&mut (EventType, &str, Vec<&Flag>)| (row.0, row.1) == (flag.type_, &*flag.reason);
            match rows.iter_mut().find(same) {
                Some((.., flags)) => flags.push(flag),
                None => rows.push((flag.type_, &flag.reason, alloc::vec![flag])),
            }
        }
        for (type_, reason, flags) in rows {
            self.flag_row(type_, reason, &flags);
        }
    }

    fn flag_row(&mut self, type_: EventType, reason: &str, flags: &[&Flag]) {
        let mut said: Vec<(Timestamp, &Flag)> =
            flags.iter().flat_map(|&flag| flag.times.iter().map(move |at| (*at, flag))).collect();
        said.sort_by_key(|(at, _)| *at);
        self.flag_name(reason, said.len());
        let mut row = Row::new(left(self.width), self.width - MARGIN);
        let scale = self.scale.clone();
        let chains = chains(&said, SIGN_WIDTH + 1.0, |(at, _)| scale.x(*at));
        let places: Vec<(f64, f64)> = chains.iter().map(|chain| self.flag(Sign::of_event(type_), chain)).collect();
        places.iter().for_each(|place| row.take(place.0, place.1));
        for (chain, place) in chains.iter().zip(&places) {
            self.flag_count(chain.len(), *place, &mut row);
        }
        self.y += HEIGHT;
    }

    fn flag_name(&mut self, reason: &str, count: usize) {
        let font = Font::Small;
        let count = format!("×{count}");
        let (y, right) = (self.y + HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5, left(self.width) - 8.0);
        let room = right - MARGIN - measure::width(&count, font) - 4.0;
        self.canvas.text("t q", Text { x: right, y, anchor: Anchor::End, font, text: count }, None);
        let title = (measure::width(reason, font) > room).then(|| String::from(reason));
        if let Some(text) = measure::shortened(reason, font, room) {
            self.canvas.text("t", Text { x: MARGIN, y, anchor: Anchor::Start, font, text }, title);
        }
    }

    /// Draws one flag for near events; from where to where it reaches.
    fn flag(&mut self, sign: Sign, chain: &[(Timestamp, &Flag)]) -> (f64, f64) {
        let (Some((first, _)), Some((last, _))) = (chain.first(), chain.last()) else { return (0.0, 0.0) };
        let (from, to, y) = (self.scale.x(*first), self.scale.x(*last), self.y + HEIGHT / 2.0);
        let mut path = sign.path(from, y);
        if to - from > SIGN_WIDTH {
            path.push_str(&sign.path(to, y));
            path.push_str(&format!("M{} {}H{}", Px(from), Px(y + 5.0), Px(to)));
        }
        let when = match chain {
            [_] => words::offset(*first, self.picture.start),
            _ => words::stretch(*first, *last, self.picture.start),
        };
        let title = format!("{}\n{when}", words::tally(chain.iter().map(|(_, flag)| said(flag))));
        self.signs.insert(sign);
        self.canvas.path(Layer::Sign, sign.class(), path, Some(title));
        (from - 1.0, to + SIGN_WIDTH)
    }

    /// How many there are, where one flag stands for several and there is room to say so.
    fn flag_count(&mut self, count: usize, place: (f64, f64), row: &mut Row) {
        let (font, text) = (Font::Small, format!("×{count}"));
        if count == 1 {
            return;
        }
        let Some(x) = row.beside(place, measure::width(&text, font)) else { return };
        let y = self.y + HEIGHT / 2.0 + font.ascent() / 2.0 - 0.5;
        self.canvas.text("t q", Text { x, y, anchor: Anchor::Start, font, text }, None);
    }
}

fn said(flag: &Flag) -> String {
    let about = flag.container.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    format!("{} {}{about}: {}", flag.type_, flag.reason, flag.message)
}
