//! Clustering of spans and times that are too close to be drawn one by one.

use alloc::vec::Vec;

use super::{picture::Span, scale::Scale};
use crate::time::Timestamp;

/// One span, or several adjacent ones that are each too short to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a, T> {
    /// Spans; never empty.
    pub(super) spans: &'a [Span<T>],
}

/// Maximum width of a piece of short spans, in px.
const MAX_WIDTH: f64 = 48.0;

/// Divides spans into pieces: each span that is at least `least` wide is one, and adjacent shorter ones are combined.
/// Neighbouring pieces of short spans are merged if the same value takes most of their time.
pub(super) fn pieces<'a, T, K: PartialEq>(
    spans: &'a [Span<T>],
    scale: &Scale,
    least: f64,
    key: impl Fn(&T) -> K,
) -> Vec<Piece<'a, T>> {
    let is_short = |span: &Span<T>| scale.x(span.to) - scale.x(span.from) < least;
    // Each piece with the index of its first span.
    let mut pieces: Vec<(Piece<'a, T>, usize)> = Vec::new();
    let mut rest = spans;
    while !rest.is_empty() {
        let begin = rest.first().map_or(0.0, |span| scale.x(span.from));
        // MAX_WIDTH bounds a piece, so that a long flutter still shows how its mix changes.
        let short = rest.iter().take_while(|span| is_short(span) && scale.x(span.from) - begin < MAX_WIDTH);
        // At least one span: a wide one is a piece of its own, and the loop ends.
        let (piece, after) = rest.split_at(short.count().max(1).min(rest.len()));
        let first = spans.len().saturating_sub(rest.len());
        rest = after;
        let piece = Piece { spans: piece };
        // The pieces are slices of `spans`, so merging two of them is taking the range of both.
        if let Some((last, last_first)) = pieces.last_mut()
            && last.is_several()
            && piece.is_several()
            && last.longest(&key) == piece.longest(&key)
        {
            last.spans = spans.get(*last_first..first.saturating_add(piece.spans.len())).unwrap_or(last.spans);
        } else {
            pieces.push((piece, first));
        }
    }
    pieces.into_iter().map(|(piece, _)| piece).collect()
}

impl<'a, T> Piece<'a, T> {
    pub(super) fn is_several(&self) -> bool {
        self.spans.len() > 1
    }

    pub(super) fn from(&self) -> Timestamp {
        self.spans.first().map_or(Timestamp::UNIX_EPOCH, |span| span.from)
    }

    pub(super) fn to(&self) -> Timestamp {
        self.spans.last().map_or(Timestamp::UNIX_EPOCH, |span| span.to)
    }

    /// Returns the value that takes most of the time.
    pub(super) fn main<K: PartialEq>(&self, key: impl Fn(&T) -> K) -> Option<&'a T> {
        let longest = self.longest(&key)?;
        self.spans.iter().map(|span| &span.what).find(|what| key(what) == longest)
    }

    fn longest<K: PartialEq>(&self, key: impl Fn(&T) -> K) -> Option<K> {
        let mut sums: Vec<(K, f64)> = Vec::new();
        for span in self.spans {
            let (key, length) = (key(&span.what), span.to.since(span.from).as_secs_f64());
            // A search instead of a map: there are few values, and `K` need not be ordered.
            match sums.iter_mut().find(|(known, _)| *known == key) {
                Some((_, sum)) => *sum += length,
                None => sums.push((key, length)),
            }
        }
        // Of equal sums the first value wins, so that a picture is always the same.
        sums.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most }).map(|(key, _)| key)
    }
}

/// Returns chains of items of which each is less than `near` from the one before it.
pub(super) fn chains<T>(items: &[T], near: f64, position: impl Fn(&T) -> f64) -> Vec<&[T]> {
    items.chunk_by(|a, b| position(b) - position(a) < near).collect()
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::render::axis::Axis;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second)
    }

    #[test]
    fn items_exactly_at_the_distance_are_not_chained() {
        let chained = |near| chains(&[0.0, 2.0], near, |position| *position).len();
        assert_eq!((chained(2.0), chained(2.1)), (2, 1));
    }

    /// Returns length and main value of each piece, at one pixel per second.
    fn cut(lengths: &[(i64, char)]) -> Vec<(usize, char)> {
        let mut from = 0;
        let mut spans = Vec::new();
        for &(length, what) in lengths {
            let to = length.saturating_add(from);
            spans.push(Span { from: at(from), to: at(to), what });
            from = to;
        }
        let axis = Axis::of(at(0), at(from), false, BTreeSet::new());
        let scale = Scale::new(&axis, 0.0, f64::from(i32::try_from(from).unwrap()), 0.0);
        let pieces = pieces(&spans, &scale, 3.0, |what| *what);
        pieces.iter().map(|piece| (piece.spans.len(), *piece.main(|what| *what).unwrap())).collect()
    }

    #[test]
    fn wide_spans_are_pieces_of_their_own() {
        assert_eq!(cut(&[(10, 'a'), (1, 'b'), (10, 'a')]), [(1, 'a'), (1, 'b'), (1, 'a')]);
    }

    #[test]
    fn short_spans_are_combined() {
        assert_eq!(cut(&[(10, 'a'), (1, 'b'), (2, 'c'), (1, 'b'), (10, 'a')]), [(1, 'a'), (3, 'b'), (1, 'a')]);
    }

    #[test]
    fn many_changes_with_the_same_main_value_are_one_piece() {
        let flutter: Vec<_> = (0..200).flat_map(|_| [(1, 'a'), (2, 'b')]).collect();
        assert_eq!(cut(&flutter), [(400, 'b')]);
        let two: Vec<_> = flutter.iter().copied().chain((0..200).flat_map(|_| [(1, 'c'), (2, 'd')])).collect();
        assert_eq!(cut(&two).iter().map(|(_, main)| *main).collect::<Vec<_>>(), ['b', 'd']);
    }

    #[test]
    fn near_items_are_a_chain() {
        let chains = chains(&[1.0, 2.0, 3.0, 10.0, 12.0, 30.0], 3.0, |position| *position);
        assert_eq!(chains, [&[1.0, 2.0, 3.0][..], &[10.0, 12.0], &[30.0]]);
    }
}
