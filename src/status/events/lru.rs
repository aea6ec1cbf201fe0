//! LRU cache (k8s.io/utils/lru), with shared keys.

use alloc::{collections::BTreeMap, sync::Arc};

/// Map that keeps the most recently used entries.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lru<K, V> {
    capacity: usize,
    /// Number of uses so far; each entry keeps the number of its last use.
    uses: u64,
    entries: BTreeMap<Arc<K>, (u64, V)>,
    by_use: BTreeMap<u64, Arc<K>>,
}

impl<K: Ord, V> Lru<K, V> {
    /// Creates an empty cache for `capacity` entries.
    pub(super) const fn new(capacity: usize) -> Lru<K, V> {
        Lru { capacity, uses: 0, entries: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// Returns the cached equal of a key, so that other caches can share it; does not count as a use.
    pub(super) fn shared(&self, key: K) -> Arc<K> {
        self.entries.get_key_value(&key).map_or_else(|| Arc::new(key), |(known, _)| Arc::clone(known))
    }

    /// Returns the value of a key, inserting `make()` if there is none. Evicts the least recently used entry if the
    /// cache is full.
    pub(super) fn get_or_insert_with(&mut self, key: Arc<K>, make: impl FnOnce() -> V) -> &mut V {
        self.uses = self.uses.saturating_add(1);
        if let Some((last, _)) = self.entries.get(&key) {
            self.by_use.remove(last);
        } else if self.entries.len() >= self.capacity
            // Numbers of uses only grow, so the first entry is the least recently used.
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.by_use.insert(self.uses, Arc::clone(&key));
        // Numbers of uses start at 1, so 0 stands for no use until the next line.
        let (last, value) = self.entries.entry(key).or_insert_with(|| (0, make()));
        *last = self.uses;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_entry_is_evicted() {
        let mut lru = Lru::new(2);
        for key in ["a", "b", "a", "c"] {
            *lru.get_or_insert_with(Arc::new(key), || 0) += 1;
        }
        assert_eq!(*lru.get_or_insert_with(Arc::new("a"), || 0), 2);
        assert_eq!(*lru.get_or_insert_with(Arc::new("b"), || 0), 0);
        assert_eq!((lru.entries.len(), lru.by_use.len()), (2, 2));
    }

    #[test]
    fn sharing_a_key_is_no_use_of_it() {
        let mut lru = Lru::new(2);
        for key in ["a", "b"] {
            lru.get_or_insert_with(Arc::new(key), || 0);
        }
        assert!(Arc::ptr_eq(&lru.shared("a"), &lru.shared("a")));
        lru.get_or_insert_with(Arc::new("c"), || 0);
        assert!(!lru.entries.contains_key(&"a"));
    }
}
