//! Schedule of a fleet: when the next event of each Pod is due.

use alloc::vec::Vec;

use crate::time::Timestamp;

/// Pods whose earliest due time is kept together: their due times fill 512 bytes, eight lines of a cache.
const BLOCK: usize = 64;

/// The due time of each Pod, by its index, and the earliest of each block of Pods.
///
/// Pods do not affect each other, so within a span of time they may be advanced in any order: in that of memory. Due Pods
/// are found by a scan that skips blocks without any.
#[derive(Debug)]
pub(super) struct Schedule {
    due: Vec<Timestamp>,
    blocks: Vec<Timestamp>,
}

/// Due time of a Pod without further events.
const NEVER: Timestamp = Timestamp::from_unix_micros(i64::MAX);

impl Schedule {
    /// Creates an empty schedule in reserved memory.
    pub(super) fn new(reserved: Vec<Timestamp>) -> Schedule {
        Schedule { due: reserved, blocks: Vec::new() }
    }

    pub(super) fn push(&mut self, at: Timestamp) {
        if self.due.len().is_multiple_of(BLOCK) {
            self.blocks.push(NEVER);
        }
        self.due.push(at);
        if let Some(block) = self.blocks.last_mut() {
            *block = at.min(*block);
        }
    }

    /// Returns the first Pod from an index on that is due up to and including a time, and when.
    pub(super) fn next_due(&mut self, from: usize, until: Timestamp) -> Option<(usize, Timestamp)> {
        let mut place = from;
        loop {
            let block = place.checked_div(BLOCK)?;
            let end = block.saturating_add(1).saturating_mul(BLOCK).min(self.due.len());
            // A block's earliest time may be too early: `set` only lowers it.
            if self.blocks.get(block).is_some_and(|first| *first <= until) {
                let mut rest = (place..end).zip(self.due.get(place..end)?);
                if let Some((place, at)) = rest.find(|(_, at)| **at <= until) {
                    return Some((place, *at));
                }
                let all = self.due.get(block.saturating_mul(BLOCK)..end)?;
                let first = all.iter().min().copied();
                // None of the rest is due: the block gets its true earliest time.
                *self.blocks.get_mut(block)? = first.unwrap_or(NEVER);
            }
            let next = block.saturating_add(1);
            // Skips blocks without due Pods.
            let further = self.blocks.get(next..)?.iter().position(|first| *first <= until)?;
            place = next.saturating_add(further).saturating_mul(BLOCK);
        }
    }

    /// Sets when a Pod is due; `None`: never again.
    pub(super) fn set(&mut self, place: usize, at: Option<Timestamp>) {
        let at = at.unwrap_or(NEVER);
        if let Some(due) = self.due.get_mut(place) {
            *due = at;
        }
        if let Some(block) = place.checked_div(BLOCK).and_then(|block| self.blocks.get_mut(block)) {
            *block = at.min(*block);
        }
    }

    /// Returns the earliest due time.
    pub(super) fn first(&self) -> Option<Timestamp> {
        // The blocks' times may be too early, so the Pods' own are compared.
        self.due.iter().min().copied().filter(|at| *at < NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_due_pod_is_found_once_and_in_order() {
        let mut schedule = Schedule::new(Vec::new());
        let at = Timestamp::from_unix_seconds;
        (0..1_000).for_each(|place| schedule.push(at(place * 7 % 1_000)));
        let (mut from, mut found) = (0, Vec::new());
        while let Some((place, due)) = schedule.next_due(from, at(99)) {
            assert_eq!(due, at(i64::try_from(place).unwrap() * 7 % 1_000));
            schedule.set(place, (place % 2 == 0).then_some(at(2_000)));
            found.push(place);
            from = place + 1;
        }
        assert_eq!(found.len(), 100);
        assert!(found.is_sorted());
        assert_eq!(schedule.next_due(0, at(99)), None);
        assert_eq!(schedule.first(), Some(at(100)));
    }
}
