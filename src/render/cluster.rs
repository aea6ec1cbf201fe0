//! Puts together what is too short to be drawn by itself.

use alloc::vec::Vec;

use super::{axis::Scale, picture::Span};
use crate::time::Timestamp;

/// One span, or several in turn of which each is too short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a, T> {
    /// Never empty.
    pub(super) spans: &'a [Span<T>],
}

/// How much of what is too short is put together before another begins.
const WINDOW: f64 = 48.0;

/// Cuts spans into pieces that are at least `least` wide, but for a single short one between two others. Neighbours of
/// which the same takes most of the time are one.
pub(super) fn pieces<'a, T, K: PartialEq>(
    spans: &'a [Span<T>],
    scale: &Scale,
    least: f64,
    key: impl Fn(&T) -> K,
) -> Vec<Piece<'a, T>> {
    let is_short = |span: &Span<T>| scale.x(span.to) - scale.x(span.from) < least;
    let mut pieces: Vec<(Piece<'a, T>, usize)> = Vec::new();
    let mut rest = spans;
    while !rest.is_empty() {
        let begin = rest.first().map_or(0.0, |span| scale.x(span.from));
        let short = rest.iter().take_while(|span| is_short(span) && scale.x(span.from) - begin < WINDOW);
        let (piece, after) = rest.split_at(short.count().max(1).min(rest.len()));
        let place = spans.len().saturating_sub(rest.len());
        rest = after;
        let piece = Piece { spans: piece };
        if let Some((last, first)) = pieces.last_mut()
            && last.is_several()
            && piece.is_several()
            && last.longest(&key) == piece.longest(&key)
        {
            last.spans = spans.get(*first..place.saturating_add(piece.spans.len())).unwrap_or(last.spans);
        } else {
            pieces.push((piece, place));
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

    /// What takes most of the time.
    pub(super) fn main<K: PartialEq>(&self, key: impl Fn(&T) -> K) -> Option<&'a T> {
        let longest = self.longest(&key)?;
        self.spans.iter().map(|span| &span.what).find(|what| key(what) == longest)
    }

    fn longest<K: PartialEq>(&self, key: impl Fn(&T) -> K) -> Option<K> {
        let mut sums: Vec<(K, f64)> = Vec::new();
        for span in self.spans {
            let (key, length) = (key(&span.what), span.to.since(span.from).as_secs_f64());
            match sums.iter_mut().find(|(known, _)| *known == key) {
                Some((_, sum)) => *sum += length,
                None => sums.push((key, length)),
            }
        }
        sums.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most }).map(|(key, _)| key)
    }
}

/// Moments of which each is less than `near` from the one before it.
pub(super) fn chains<T>(items: &[T], near: f64, place: impl Fn(&T) -> f64) -> Vec<&[T]> {
    items.chunk_by(|a, b| place(b) - place(a) < near).collect()
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::{super::axis::Axis, *};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second)
    }

    #[test]
    fn moments_as_far_apart_as_that_are_not_near() {
        let chained = |near| chains(&[0.0, 2.0], near, |place| *place).len();
        assert_eq!((chained(2.0), chained(2.1)), (2, 1));
    }

    /// One pixel a second.
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
    fn what_is_wide_enough_stands_by_itself() {
        assert_eq!(cut(&[(10, 'a'), (1, 'b'), (10, 'a')]), [(1, 'a'), (1, 'b'), (1, 'a')]);
    }

    #[test]
    fn what_is_too_short_is_put_together() {
        assert_eq!(cut(&[(10, 'a'), (1, 'b'), (2, 'c'), (1, 'b'), (10, 'a')]), [(1, 'a'), (3, 'b'), (1, 'a')]);
    }

    #[test]
    fn a_long_flutter_of_the_same_kind_is_one_piece() {
        let flutter: Vec<_> = (0..200).flat_map(|_| [(1, 'a'), (2, 'b')]).collect();
        assert_eq!(cut(&flutter), [(400, 'b')]);
        let two: Vec<_> = flutter.iter().copied().chain((0..200).flat_map(|_| [(1, 'c'), (2, 'd')])).collect();
        assert_eq!(cut(&two).iter().map(|(_, main)| *main).collect::<Vec<_>>(), ['b', 'd']);
    }

    #[test]
    fn near_moments_are_a_chain() {
        let chains = chains(&[1.0, 2.0, 3.0, 10.0, 12.0, 30.0], 3.0, |place| *place);
        assert_eq!(chains, [&[1.0, 2.0, 3.0][..], &[10.0, 12.0], &[30.0]]);
    }
}
