//! Container ids of the runtime, and the instance ids that stand for them.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::num::NonZeroU32;

use super::InstanceId;
use crate::spec::ContainerIndex;

/// Table of a Pod's instances: the runtime's container id (`containerd://4f5e…`), the [`InstanceId`] and the image of
/// each.
///
/// An `InstanceId` only identifies an instance among those of its container. It is not the runtime's attempt, which is
/// an instance's [`restart_count`](super::Instance::restart_count) and may occur twice, and a larger one need not be
/// newer. An agent therefore stores none. When it starts, it calls [`instance`](ContainerIds::instance) for each
/// container that the runtime lists and passes the table to [`PodMachine::resume`](crate::PodMachine::resume), which
/// adds those that only the published status mentions. From then on it calls [`record`](ContainerIds::record) for each
/// instance that the Pod asks it to create.
///
/// ```
/// use pod_lifecycle::{spec::ContainerIndex, state::{ContainerIds, InstanceId}};
///
/// let (app, log) = (ContainerIndex::from(0), ContainerIndex::from(1));
/// let mut ids = ContainerIds::default();
/// assert_eq!(ids.instance(app, "containerd://4f5e"), Some(InstanceId::nth(0)));
/// assert_eq!(ids.instance(app, "containerd://0a1b"), Some(InstanceId::nth(1)));
/// assert_eq!(ids.instance(app, "containerd://4f5e"), Some(InstanceId::nth(0)));
/// assert_eq!(ids.instance(log, "containerd://77c2"), Some(InstanceId::nth(0)));
/// assert_eq!(ids.instance(app, ""), None);
/// assert_eq!(ids.id(app, InstanceId::nth(1)), Some("containerd://0a1b"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerIds {
    /// Container id of each instance.
    ids: SortedVec<(ContainerIndex, InstanceId), Arc<str>>,
    /// Instance of each container id.
    numbers: SortedVec<(ContainerIndex, Arc<str>), InstanceId>,
    /// Image of each instance, with its digest.
    images: SortedVec<(ContainerIndex, InstanceId), (Box<str>, Box<str>)>,
}

impl ContainerIds {
    /// Returns the instance with this container id, adding it after all others of its container if it is not known.
    ///
    /// `None` for the empty id.
    pub fn instance(&mut self, container: ContainerIndex, id: &str) -> Option<InstanceId> {
        if id.is_empty() {
            return None;
        }
        if let Some(known) = self.numbers.get_by(|(of, known)| (*of, &**known).cmp(&(container, id))) {
            return Some(*known);
        }
        let next = match self.last(container) {
            Some(InstanceId(last)) => InstanceId(last.checked_add(1)?),
            None => InstanceId::nth(0),
        };
        self.record(container, next, id);
        Some(next)
    }

    /// Records the container id of an instance that the Pod has asked to create.
    pub fn record(&mut self, container: ContainerIndex, instance: InstanceId, id: &str) {
        let id: Arc<str> = id.into();
        // Both tables stay the inverse of one another, whatever was recorded before.
        if let Some(former) = self.ids.insert((container, instance), id.clone()) {
            self.numbers.remove(&(container, former));
        }
        if let Some(former) = self.numbers.insert((container, id), instance).filter(|former| *former != instance) {
            self.ids.remove(&(container, former));
        }
    }

    /// Returns the container id of an instance.
    #[must_use]
    pub fn id(&self, container: ContainerIndex, instance: InstanceId) -> Option<&str> {
        self.ids.get(&(container, instance)).map(|id| &**id)
    }

    /// Records the image of an instance and its digest, unless they are known already.
    pub fn record_image(&mut self, container: ContainerIndex, instance: InstanceId, image: &str, image_id: &str) {
        if self.image(container, instance).is_none() {
            self.images.insert((container, instance), (image.into(), image_id.into()));
        }
    }

    /// Returns the image of an instance and its digest, if they were recorded.
    #[must_use]
    pub fn image(&self, container: ContainerIndex, instance: InstanceId) -> Option<(&str, &str)> {
        let (image, id) = self.images.get(&(container, instance))?;
        Some((image, id))
    }

    /// Returns the last instance of a container.
    pub(crate) fn last(&self, container: ContainerIndex) -> Option<InstanceId> {
        let (of, last) = self.ids.last_up_to(&(container, InstanceId(NonZeroU32::MAX)))?;
        (*of == container).then_some(*last)
    }
}

/// Sorted vector of entries: smaller than a `BTreeMap`, whose nodes have room for eleven.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SortedVec<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedVec<K, V> {
    fn default() -> SortedVec<K, V> {
        SortedVec(Vec::new())
    }
}

impl<K: Ord, V> SortedVec<K, V> {
    /// Returns the value of the key for which `order` returns `Equal`.
    fn get_by(&self, order: impl Fn(&K) -> core::cmp::Ordering) -> Option<&V> {
        let place = self.0.binary_search_by(|(key, _)| order(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.get_by(|known| known.cmp(key))
    }

    /// Sets a value and returns the previous one.
    fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => self.0.get_mut(place).map(|(_, former)| core::mem::replace(former, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    fn remove(&mut self, key: &K) {
        if let Ok(place) = self.place(key) {
            self.0.remove(place);
        }
    }

    /// Returns the last key that is less than or equal to `end`.
    fn last_up_to(&self, end: &K) -> Option<&K> {
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

    const APP: ContainerIndex = ContainerIndex::FIRST;

    #[test]
    fn an_unknown_container_id_gets_an_instance_of_its_own() {
        let mut ids = ContainerIds::default();
        ids.record(APP, InstanceId::nth(7), "seven");
        assert_eq!(ids.instance(APP, "another"), Some(InstanceId::nth(8)));
        assert_eq!((ids.id(APP, InstanceId::nth(7)), ids.id(APP, InstanceId::nth(0))), (Some("seven"), None));
    }

    #[test]
    fn instances_and_container_ids_stay_the_inverse_of_one_another() {
        let mut ids = ContainerIds::default();
        ids.record(APP, InstanceId::nth(0), "first");
        ids.record(APP, InstanceId::nth(1), "first");
        assert_eq!(ids.id(APP, InstanceId::nth(0)), None);
        assert_eq!(ids.instance(APP, "first"), Some(InstanceId::nth(1)));
        ids.record(APP, InstanceId::nth(1), "second");
        assert_eq!(ids.instance(APP, "first"), Some(InstanceId::nth(2)));
    }

    #[test]
    fn an_unknown_container_id_has_no_instance_once_all_are_used_up() {
        let mut ids = ContainerIds::default();
        ids.record(APP, InstanceId(NonZeroU32::MAX), "last");
        assert_eq!(ids.instance(APP, "one too many"), None);
    }

    #[test]
    fn entries_are_found_whatever_the_order_of_insertion() {
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
