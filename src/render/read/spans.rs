//! Values that change, as spans.

use alloc::vec::Vec;

use super::super::picture::Span;
use crate::time::Timestamp;

/// The end of what has not ended, until it is known how far the picture goes.
pub(super) const OPEN: Timestamp = Timestamp::from_unix_micros(i64::MAX);

/// What has not ended goes on to `until`.
pub(super) fn close<T>(spans: &mut [Span<T>], until: Timestamp) {
    for span in spans.iter_mut().filter(|span| span.to == OPEN) {
        span.to = until;
    }
}

/// A value that changes now and then.
#[derive(Clone, Debug)]
pub(super) struct Spans<T> {
    done: Vec<Span<T>>,
    now: Option<(Timestamp, T)>,
}

impl<T> Default for Spans<T> {
    fn default() -> Spans<T> {
        Spans { done: Vec::new(), now: None }
    }
}

impl<T: PartialEq> Spans<T> {
    /// From now on the value is this, or there is none; one that lasts no time was never seen.
    pub(super) fn change(&mut self, at: Timestamp, what: Option<T>) {
        if self.now.as_ref().map(|(_, what)| what) == what.as_ref() {
            return;
        }
        self.close(at);
        let Some(what) = what else { return };
        match self.done.pop_if(|last| last.to == at && last.what == what) {
            Some(same) => self.now = Some((same.from, what)),
            None => self.now = Some((at, what)),
        }
    }

    /// All spans; the last one is open.
    pub(super) fn finish(mut self) -> Vec<Span<T>> {
        self.close(OPEN);
        self.done
    }

    fn close(&mut self, at: Timestamp) {
        if let Some((from, what)) = self.now.take().filter(|(from, _)| *from < at) {
            self.done.push(Span { from, to: at, what });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(changes: &[(i64, Option<&'static str>)], end: i64) -> Vec<(i64, i64, &'static str)> {
        let mut spans = Spans::default();
        for &(second, what) in changes {
            spans.change(Timestamp::from_unix_seconds(second), what);
        }
        let mut spans = spans.finish();
        close(&mut spans, Timestamp::from_unix_seconds(end));
        spans.into_iter().map(|span| (span.from.unix_seconds(), span.to.unix_seconds(), span.what)).collect()
    }

    #[test]
    fn a_value_lasts_until_the_next() {
        let changes = [(0, Some("a")), (5, Some("a")), (7, Some("b")), (9, None), (12, Some("b"))];
        assert_eq!(spans(&changes, 20), [(0, 7, "a"), (7, 9, "b"), (12, 20, "b")]);
    }

    #[test]
    fn what_lasts_no_time_leaves_no_trace() {
        assert_eq!(spans(&[(0, Some("a")), (5, Some("b")), (5, Some("a"))], 9), [(0, 9, "a")]);
        assert_eq!(spans(&[(0, Some("a")), (0, Some("b"))], 9), [(0, 9, "b")]);
    }
}
