//! A memory of limited size.

use alloc::collections::BTreeMap;

/// Keeps the entries that were used last, up to a limit.
///
/// Answers to the cache of `k8s.io/utils/lru`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lru<K, V> {
    capacity: usize,
    /// Counts the uses; each entry has the number of its last one.
    uses: u64,
    entries: BTreeMap<K, (u64, V)>,
    by_use: BTreeMap<u64, K>,
}

impl<K: Ord + Clone, V> Lru<K, V> {
    /// An empty memory for `capacity` entries.
    pub(super) const fn new(capacity: usize) -> Lru<K, V> {
        Lru { capacity, uses: 0, entries: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// The value of a key, which is used by that; one that is made if there is none. Whoever was not used for longest is
    /// forgotten if there are too many.
    pub(super) fn get_or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        self.uses = self.uses.saturating_add(1);
        if let Some((last, _)) = self.entries.get(key) {
            self.by_use.remove(last);
        } else if self.entries.len() >= self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.by_use.insert(self.uses, key.clone());
        let (last, value) = self.entries.entry(key.clone()).or_insert_with(|| (0, make()));
        *last = self.uses;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_not_used_for_longest_is_forgotten() {
        let mut lru = Lru::new(2);
        for key in ["a", "b", "a", "c"] {
            *lru.get_or_insert_with(&key, || 0) += 1;
        }
        assert_eq!(*lru.get_or_insert_with(&"a", || 0), 2);
        assert_eq!(*lru.get_or_insert_with(&"b", || 0), 0);
        assert_eq!((lru.entries.len(), lru.by_use.len()), (2, 2));
    }
}
