//! A map for few entries.

use alloc::vec::Vec;

/// Entries in the order of their keys, one beside the other: a tree makes room for eleven at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SortedVec<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedVec<K, V> {
    fn default() -> SortedVec<K, V> {
        SortedVec(Vec::new())
    }
}

impl<K: Ord, V> SortedVec<K, V> {
    /// The value of the key for which `order` says that it is equal.
    pub(super) fn get_by(&self, order: impl Fn(&K) -> core::cmp::Ordering) -> Option<&V> {
        let place = self.0.binary_search_by(|(key, _)| order(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.get_by(|known| known.cmp(key))
    }

    /// Sets a value, and gives the one that the key had before.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => self.0.get_mut(place).map(|(_, former)| core::mem::replace(former, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Ok(place) = self.place(key) {
            self.0.remove(place);
        }
    }

    /// The last key of those up to `end`, which may be it.
    pub(super) fn last_up_to(&self, end: &K) -> Option<&K> {
        let place = self.0.partition_point(|(key, _)| key <= end).checked_sub(1)?;
        self.0.get(place).map(|(key, _)| key)
    }

    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_whatever_order_they_came_in() {
        let mut map = SortedVec::default();
        for key in [3, 1, 2] {
            assert_eq!(map.insert(key, key * 10), None);
        }
        assert_eq!(map.insert(2, 21), Some(20));
        assert_eq!([1, 2, 3, 4].map(|key| map.get(&key).copied()), [Some(10), Some(21), Some(30), None]);
        assert_eq!((map.last_up_to(&2), map.last_up_to(&0)), (Some(&2), None));
        map.remove(&2);
        assert_eq!((map.get(&2), map.last_up_to(&2)), (None, Some(&1)));
    }
}
