//! A memory of limited size.

use alloc::{collections::BTreeMap, sync::Arc};

/// Keeps the entries that were used last, up to a limit.
///
/// Answers to the cache of `k8s.io/utils/lru`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lru<K, V> {
    capacity: usize,
    /// Counts the uses; each entry has the number of its last one.
    uses: u64,
    entries: BTreeMap<Arc<K>, (u64, V)>,
    by_use: BTreeMap<u64, Arc<K>>,
}

impl<K: Ord, V> Lru<K, V> {
    /// An empty memory for `capacity` entries.
    pub(super) const fn new(capacity: usize) -> Lru<K, V> {
        Lru { capacity, uses: 0, entries: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// The key as it is remembered, so that others who remember it need no copy of their own; that is no use of it.
    pub(super) fn shared(&self, key: K) -> Arc<K> {
        self.entries.get_key_value(&key).map_or_else(|| Arc::new(key), |(known, _)| Arc::clone(known))
    }

    /// The value of a key, which is used by that; one that is made if there is none. Whoever was not used for longest is
    /// forgotten if there are too many.
    pub(super) fn get_or_insert_with(&mut self, key: Arc<K>, make: impl FnOnce() -> V) -> &mut V {
        self.uses = self.uses.saturating_add(1);
        if let Some((last, _)) = self.entries.get(&key) {
            self.by_use.remove(last);
        } else if self.entries.len() >= self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.by_use.insert(self.uses, Arc::clone(&key));
        let (last, value) = self.entries.entry(key).or_insert_with(|| (0, make()));
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
            *lru.get_or_insert_with(Arc::new(key), || 0) += 1;
        }
        assert_eq!(*lru.get_or_insert_with(Arc::new("a"), || 0), 2);
        assert_eq!(*lru.get_or_insert_with(Arc::new("b"), || 0), 0);
        assert_eq!((lru.entries.len(), lru.by_use.len()), (2, 2));
    }

    #[test]
    fn a_key_that_is_known_is_shared_and_not_used_by_that() {
        let mut lru = Lru::new(2);
        for key in ["a", "b"] {
            lru.get_or_insert_with(Arc::new(key), || 0);
        }
        assert!(Arc::ptr_eq(&lru.shared("a"), &lru.shared("a")));
        lru.get_or_insert_with(Arc::new("c"), || 0);
        assert!(!lru.entries.contains_key(&"a"));
    }
}
