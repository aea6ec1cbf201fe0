//! The answers of a probe, as signs; where they are too close, as a band.

use alloc::{format, string::String, vec::Vec};

use super::{
    super::{
        cluster::{Piece, pieces},
        lane::ProbeRow,
        picture::{Mark, Span},
        words,
    },
    canvas::{Area, Layer, Px},
    measure::{self, Font},
    page::Page,
    sign::Sign,
};
use crate::{api::Name, rule::probe::ProbeOutcome};

/// The height of the row.
const HEIGHT: f64 = 11.0;
/// Answers closer than this, in px, become a band.
const APART: f64 = 6.0;

type Answer = Mark<Option<ProbeOutcome>>;

impl Page<'_> {
    /// Draws the row of one probe.
    pub(super) fn probe_row(&mut self, row: &ProbeRow) {
        let kind = row.kind.name().to_lowercase();
        let long = format!("{kind} probe");
        let fits = measure::width(&long, Font::Small) <= self.name_room();
        self.row_name(if fits { &long } else { &kind }, Font::Small, HEIGHT);
        let alike: Vec<Span<&[Answer]>> = row.answers.chunk_by(|a, b| sign(a) == sign(b)).filter_map(span).collect();
        for piece in pieces(&alike, &self.scale.clone(), APART, |answers| answers.first().map(sign)) {
            self.answers(row, &piece);
        }
        self.y += HEIGHT;
    }

    fn answers(&mut self, row: &ProbeRow, piece: &Piece<'_, &[Answer]>) {
        let Some(sign) = piece.main(|answers| answers.first().map(sign)).and_then(|answers| answers.first().map(sign))
        else {
            return;
        };
        let answers = || piece.spans.iter().flat_map(|span| span.what);
        let places: Vec<f64> = answers().map(|answer| self.scale.x(answer.at)).collect();
        let title = self.answers_title(row, answers().collect());
        let (from, to) = (places.first().copied().unwrap_or_default(), places.last().copied().unwrap_or_default());
        let y = self.y + HEIGHT / 2.0;
        let apart = places.windows(2).filter(|pair| matches!(pair, [a, b] if b - a >= 1.0)).count();
        let is_dense = to - from > APART && (to - from) / apart.max(1) as f64 <= APART;
        self.signs.insert(sign);
        if is_dense {
            self.band(sign, (from, to), y);
        } else {
            let places = places.iter().scan(f64::NEG_INFINITY, |last, &x| {
                let is_apart = x - *last >= APART;
                *last = if is_apart { x } else { *last };
                Some(is_apart.then_some(x))
            });
            let path: String = places.flatten().map(|x| sign.path(x, y)).collect();
            self.canvas.path(Layer::Sign, sign.class(), path, None);
        }
        let area = Area { x: from - 3.0, y: self.y, width: to - from + 6.0, height: HEIGHT };
        self.canvas.rect(Layer::Sign, "hi", area, Some(title));
    }

    /// Many of the same in a row.
    fn band(&mut self, sign: Sign, (from, to): (f64, f64), y: f64) {
        let line = format!("M{} {}H{}", Px(from), Px(y), Px(to));
        let class = match sign {
            Sign::Yes => "by",
            Sign::No => "bn",
            Sign::Done
            | Sign::Crashed
            | Sign::Sigterm
            | Sign::Sigkill
            | Sign::Maybe
            | Sign::Nobody
            | Sign::Normal
            | Sign::Warning => "bm",
        };
        self.canvas.path(Layer::Sign, class, line, None);
    }

    fn answers_title(&self, row: &ProbeRow, answers: Vec<&Answer>) -> String {
        let says = answers.iter().map(|answer| match answer.what {
            Some(outcome) => outcome.name(),
            None => "not running",
        });
        let says = words::tally(says);
        let when = match answers.as_slice() {
            [first, .., last] => words::stretch(first.at, last.at, self.picture.start),
            [one] => words::offset(one.at, self.picture.start),
            [] => String::new(),
        };
        format!("{} probe: {says}\n{when}", row.kind.name().to_lowercase())
    }
}

fn sign(answer: &Answer) -> Sign {
    Sign::of_answer(answer.what)
}

/// From the first to the last of these.
fn span(answers: &[Answer]) -> Option<Span<&[Answer]>> {
    Some(Span { from: answers.first()?.at, to: answers.last()?.at, what: answers })
}
