//! Room in one row: what stands in it does not overlap.

use alloc::vec::Vec;

/// Blank between two things in a row.
const GAP: f64 = 3.0;

/// The room of one row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    from: f64,
    to: f64,
    taken: Vec<(f64, f64)>,
}

impl Row {
    pub(super) fn new(from: f64, to: f64) -> Row {
        Row { from, to, taken: Vec::new() }
    }

    /// Takes the room from one place to another, free or not.
    pub(super) fn take(&mut self, from: f64, to: f64) {
        self.taken.push((from, to));
    }

    /// Takes this room if it is free.
    pub(super) fn take_free(&mut self, from: f64, to: f64) -> bool {
        let is_within = from >= self.from && to <= self.to;
        let is_free = is_within && self.taken.iter().all(|&(a, b)| to + GAP <= a || b + GAP <= from);
        if is_free {
            self.take(from, to);
        }
        is_free
    }

    /// Takes room of this width at what reaches from one place to another: beside it, after it or else before it.
    pub(super) fn beside(&mut self, (from, to): (f64, f64), width: f64) -> Option<f64> {
        let places = [to + GAP, from - GAP - width];
        places.into_iter().find(|&x| self.take_free(x, x + width))
    }

    /// Takes room of this width below what reaches from one place to another: from its begin on, or else to its end.
    pub(super) fn below(&mut self, (from, to): (f64, f64), width: f64) -> Option<f64> {
        let places = [from, to - width];
        places.into_iter().find(|&x| self.take_free(x, x + width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_beside_its_sign_where_there_is_room() {
        let mut row = Row::new(0.0, 100.0);
        row.take(20.0, 30.0);
        assert_eq!(row.beside((20.0, 30.0), 40.0), Some(33.0));
        assert_eq!(row.beside((20.0, 30.0), 40.0), None, "to the left it would leave the row");
        assert_eq!(row.beside((20.0, 30.0), 10.0), Some(7.0));
    }

    #[test]
    fn a_text_below_its_sign_begins_or_ends_with_it() {
        let mut row = Row::new(0.0, 100.0);
        assert_eq!(row.below((80.0, 90.0), 30.0), Some(60.0), "to the right it would leave the row");
        assert_eq!(row.below((50.0, 59.0), 9.0), None, "it would touch the other one");
        assert_eq!(row.below((20.0, 30.0), 30.0), Some(20.0));
    }
}
