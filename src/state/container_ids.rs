//! The runtime's names of instances, and the numbers that stand for them.

use alloc::{boxed::Box, sync::Arc};
use core::num::NonZeroU32;

use super::{InstanceId, sorted_vec::SortedVec};
use crate::spec::ContainerIndex;

/// The runtime's names of a Pod's instances (`containerd://4f5e…`), the numbers that the Pod knows them by, and the
/// images that were seen beside them.
///
/// A number is no more than a name: it tells an instance from the others of its container, once and for all. It is not
/// the runtime's attempt, which is an instance's [`restart_count`](super::Instance::restart_count) and may come twice,
/// and of two numbers the larger need not be the younger. So an agent stores none: when it starts it goes through what
/// the runtime lists and takes [`instance`](ContainerIds::instance) of each id, it hands the table to
/// [`PodMachine::resume`](crate::PodMachine::resume), which takes those that only the published status still speaks of, and from then
/// on it [notes](ContainerIds::note) the id of each instance that the Pod asks it to create.
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
    /// The runtime's name of each.
    ids: SortedVec<(ContainerIndex, InstanceId), Arc<str>>,
    /// The number behind each name.
    numbers: SortedVec<(ContainerIndex, Arc<str>), InstanceId>,
    /// The image of each and its digest.
    images: SortedVec<(ContainerIndex, InstanceId), (Box<str>, Box<str>)>,
}

impl ContainerIds {
    /// The number of an instance by the runtime's name: the one that it has, or else the next after all of its container.
    /// The empty name is nobody's.
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
        self.note(container, next, id);
        Some(next)
    }

    /// Notes the runtime's name of an instance whose number is known: one that the Pod has asked for.
    ///
    /// ```
    /// use pod_lifecycle::{Action, spec::ContainerIndex, state::{ContainerIds, InstanceId}};
    ///
    /// let asked = Action::CreateContainer { container: 0.into(), instance: InstanceId::nth(3), restart_count: 2 };
    /// let mut ids = ContainerIds::default();
    /// if let Action::CreateContainer { container, instance, .. } = asked {
    ///     ids.note(container, instance, "containerd://4f5e");
    /// }
    /// assert_eq!(ids.instance(0.into(), "containerd://4f5e"), Some(InstanceId::nth(3)));
    /// ```
    pub fn note(&mut self, container: ContainerIndex, instance: InstanceId, id: &str) {
        let id: Arc<str> = id.into();
        if let Some(former) = self.ids.insert((container, instance), id.clone()) {
            self.numbers.remove(&(container, former));
        }
        if let Some(former) = self.numbers.insert((container, id), instance).filter(|former| *former != instance) {
            self.ids.remove(&(container, former));
        }
    }

    /// The name behind a number.
    #[must_use]
    pub fn id(&self, container: ContainerIndex, instance: InstanceId) -> Option<&str> {
        self.ids.get(&(container, instance)).map(|id| &**id)
    }

    /// Notes the image of an instance and its digest, unless they are known already.
    ///
    /// ```
    /// use pod_lifecycle::state::{ContainerIds, InstanceId};
    ///
    /// let (mut ids, first) = (ContainerIds::default(), InstanceId::nth(0));
    /// ids.record_image(0.into(), first, "nginx:1", "sha256:0a1b");
    /// assert_eq!(ids.image(0.into(), first), Some(("nginx:1", "sha256:0a1b")));
    /// assert_eq!(ids.image(1.into(), first), None);
    /// ```
    pub fn record_image(&mut self, container: ContainerIndex, instance: InstanceId, image: &str, image_id: &str) {
        if self.image(container, instance).is_none() {
            self.images.insert((container, instance), (image.into(), image_id.into()));
        }
    }

    /// The image of an instance and its digest, if they were noted.
    #[must_use]
    pub fn image(&self, container: ContainerIndex, instance: InstanceId) -> Option<(&str, &str)> {
        let (image, id) = self.images.get(&(container, instance))?;
        Some((image, id))
    }

    /// The highest number that a container has had.
    pub(crate) fn last(&self, container: ContainerIndex) -> Option<InstanceId> {
        let (of, last) = self.ids.last_up_to(&(container, InstanceId(NonZeroU32::MAX)))?;
        (*of == container).then_some(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: ContainerIndex = ContainerIndex::FIRST;

    #[test]
    fn an_id_that_is_not_known_gets_a_number_that_no_other_has() {
        let mut ids = ContainerIds::default();
        ids.note(APP, InstanceId::nth(7), "seven");
        assert_eq!(ids.instance(APP, "another"), Some(InstanceId::nth(8)));
        assert_eq!((ids.id(APP, InstanceId::nth(7)), ids.id(APP, InstanceId::nth(0))), (Some("seven"), None));
    }

    #[test]
    fn a_number_and_an_id_stand_for_one_another_whatever_was_noted_before() {
        let mut ids = ContainerIds::default();
        ids.note(APP, InstanceId::nth(0), "first");
        ids.note(APP, InstanceId::nth(1), "first");
        assert_eq!(ids.id(APP, InstanceId::nth(0)), None);
        assert_eq!(ids.instance(APP, "first"), Some(InstanceId::nth(1)));
        ids.note(APP, InstanceId::nth(1), "second");
        assert_eq!(ids.instance(APP, "first"), Some(InstanceId::nth(2)));
    }

    #[test]
    fn when_all_numbers_are_used_up_an_unknown_id_has_none() {
        let mut ids = ContainerIds::default();
        ids.note(APP, InstanceId(NonZeroU32::MAX), "last");
        assert_eq!(ids.instance(APP, "one too many"), None);
    }
}
