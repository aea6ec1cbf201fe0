//! Columns of time.

use alloc::{vec, vec::Vec};

use super::super::{
    axis::{Axis, Scale},
    picture::Span,
    ticks::ticks,
    words,
};
use crate::time::Timestamp;

/// The columns of a row, each with the time that it stands for.
pub(super) struct Cells {
    scale: Scale,
    count: usize,
}

/// How many columns a stretch that is left out takes.
const CUT: f64 = 2.0;
/// Times are no closer than so many columns.
const APART: f64 = 10.0;

impl Cells {
    pub(super) fn new(axis: &Axis, count: usize) -> Cells {
        Cells { scale: Scale::new(axis, 0.0, count as f64, CUT), count }
    }

    /// For each column what lasts longest in it.
    pub(super) fn of_spans<T, K: Copy + PartialEq>(
        &self,
        spans: &[Span<T>],
        key: impl Fn(&T) -> Option<K>,
    ) -> Vec<Option<K>> {
        let mut shares: Vec<Vec<(Option<K>, f64)>> = vec![Vec::new(); self.count];
        for span in spans {
            let (from, to, key) = (self.scale.x(span.from), self.scale.x(span.to), key(&span.what));
            for (column, shares) in
                shares.iter_mut().enumerate().skip(from as usize).take_while(|(n, _)| (*n as f64) < to)
            {
                let share = to.min(column as f64 + 1.0) - from.max(column as f64);
                match shares.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, sum)) => *sum += share,
                    None => shares.push((key, share)),
                }
            }
        }
        let longest = |shares: Vec<(Option<K>, f64)>| {
            shares.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most }).and_then(|(key, _)| key)
        };
        shares.into_iter().map(longest).collect()
    }

    /// For each column what is shown of the marks in it.
    pub(super) fn of_marks<T: Copy, R: Clone>(&self, marks: &[(Timestamp, T)], show: impl Fn(&[T]) -> R) -> Vec<R> {
        let mut columns: Vec<Vec<T>> = vec![Vec::new(); self.count];
        for (at, mark) in marks {
            if let Some(column) = columns.get_mut(self.column(*at)) {
                column.push(*mark);
            }
        }
        columns.iter().map(|marks| show(marks)).collect()
    }

    /// Whether time is left out in a column.
    pub(super) fn is_cut(&self, column: usize) -> bool {
        let middle = column as f64 + 0.5;
        self.scale.cuts().any(|(from, to, _)| from <= middle && middle < to)
    }

    /// The times that are written above the columns.
    pub(super) fn ticks(&self, axis: &Axis) -> Vec<char> {
        let mut row = vec![' '; self.count];
        let mut free = 0;
        for at in ticks(axis, &self.scale, APART) {
            let text: Vec<char> = words::offset(at, axis.start()).chars().collect();
            let column = self.column(at);
            let end = column.saturating_add(text.len());
            let is_free = column >= free && end <= self.count && !(column..end).any(|column| self.is_cut(column));
            if is_free {
                row.iter_mut().skip(column).zip(text).for_each(|(place, letter)| *place = letter);
                free = end.saturating_add(1);
            }
        }
        row
    }

    fn column(&self, at: Timestamp) -> usize {
        (self.scale.x(at) as usize).min(self.count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_column_shows_what_lasts_longest_in_it() {
        let at = Timestamp::from_unix_seconds;
        let span = |from, to, what| Span { from: at(from), to: at(to), what };
        let cells = Cells::new(&Axis::of(at(0), at(20), false, BTreeSet::new()), 2);
        let spans = [span(0, 3, 'a'), span(3, 14, 'b'), span(14, 20, 'c')];
        assert_eq!(cells.of_spans(&spans, |what| Some(*what)), [Some('b'), Some('c')]);
    }
}
