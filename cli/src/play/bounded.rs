//! A list that keeps its first and its last items, and counts the others: a life of years needs no more memory than one
//! of hours.

use std::collections::VecDeque;

/// First and last items of a long list.
#[derive(Debug)]
pub(crate) struct Bounded<T> {
    first: Vec<T>,
    last: VecDeque<T>,
    most_first: usize,
    most_last: usize,
    left_out: usize,
}

impl<T> Bounded<T> {
    /// Creates an empty list that keeps this many of its first and last items.
    pub(crate) fn new(most_first: usize, most_last: usize) -> Bounded<T> {
        Bounded { first: Vec::new(), last: VecDeque::new(), most_first, most_last, left_out: 0 }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.first.len() < self.most_first {
            return self.first.push(item);
        }
        self.last.push_back(item);
        if self.last.len() > self.most_last {
            self.last.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The items before the gap.
    pub(crate) fn first(&self) -> &[T] {
        &self.first
    }

    /// The items after the gap.
    pub(crate) fn last(&self) -> impl Iterator<Item = &T> {
        self.last.iter()
    }

    /// All items that were kept.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.last)
    }

    /// Number of items in the gap.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The item that was pushed last.
    pub(crate) fn newest(&self) -> Option<&T> {
        self.last.back().or(self.first.last())
    }
}
