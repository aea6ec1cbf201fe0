//! Fast path: shortcuts that save time or memory, none of which may change any behaviour.
//!
//! Each can be switched off by [`FastPath`], a hidden setting of the kubelet's configuration; a property test compares
//! lives with and without them.

#[cfg(feature = "sim")]
use alloc::{sync::Arc, vec::Vec};
use core::hash::{Hash, Hasher};

use super::wake::Wake;
#[cfg(feature = "sim")]
use crate::config::mix;
use crate::{config::FastPath, time::Timestamp};

/// Resync cache: true if the last sync was a no-op and nothing has happened since that the next could notice.
///
/// It is no part of what a Pod is: Pods that differ in it alone are equal, and a snapshot leaves it out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResyncCache {
    is_no_op: bool,
}

impl ResyncCache {
    /// Creates the cache at the end of a sync that has changed nothing.
    pub(super) fn after_no_op() -> ResyncCache {
        ResyncCache { is_no_op: true }
    }

    /// Forgets the no-op. Called wherever a message enters the kubelet, and when a probe worker changes.
    pub(super) fn invalidate(&mut self) {
        self.is_no_op = false;
    }

    /// True if the next sync is known to be a no-op.
    pub(super) fn is_no_op(self, fast_path: FastPath) -> bool {
        self.is_no_op && fast_path.contains(FastPath::RESYNC)
    }
}

/// Cached next wake-up, so that `poll_timeout` is a read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NextWake {
    at: Option<(Timestamp, Wake)>,
}

impl NextWake {
    /// Returns the cached wake-up, or computes it if the cache is switched off.
    pub(super) fn get(
        self,
        fast_path: FastPath,
        compute: impl FnOnce() -> Option<(Timestamp, Wake)>,
    ) -> Option<(Timestamp, Wake)> {
        if fast_path.contains(FastPath::NEXT_WAKE) { self.at } else { compute() }
    }

    /// Sets the wake-up.
    pub(super) fn set(&mut self, next: Option<(Timestamp, Wake)>) {
        self.at = next;
    }

    /// Moves the wake-up ahead to that of a probe, if that comes earlier: after most answers nothing else has changed.
    pub(super) fn set_if_earlier(&mut self, at: Option<Timestamp>, wake: Wake) {
        if let Some(at) = at.filter(|at| *at < Timestamp::END)
            && self.at.is_none_or(|next| (at, wake) < next)
        {
            self.at = Some((at, wake));
        }
    }

    /// Returns the cached wake-up.
    pub(super) fn cached(self) -> Option<(Timestamp, Wake)> {
        self.at
    }
}

/// Makes a cache equal to every other, since no behaviour depends on it.
macro_rules! is_no_part_of_the_pod {
    ($cache:ty) => {
        impl PartialEq for $cache {
            fn eq(&self, _: &$cache) -> bool {
                true
            }
        }

        impl Eq for $cache {}

        impl Hash for $cache {
            fn hash<H: Hasher>(&self, _: &mut H) {}
        }
    };
}

is_no_part_of_the_pod!(ResyncCache);
is_no_part_of_the_pod!(NextWake);

/// Answer of a probe with a static output, so that no event has to be allocated for it.
#[cfg(feature = "sim")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeAnswer {
    pub(crate) container: crate::spec::ContainerIndex,
    pub(crate) instance: crate::state::InstanceId,
    pub(crate) kind: crate::spec::ProbeKind,
    pub(crate) outcome: crate::rule::probe::ProbeOutcome,
    pub(crate) output: &'static str,
}

/// Interner: shares equal statuses and container entries among the Pods of a fleet.
///
/// It forgets, so that it stays small whatever the Pods do.
#[cfg(feature = "sim")]
#[derive(Debug, Default)]
pub(crate) struct Interner {
    pub(super) records: Slots<crate::rule::pod_status::PodRecord>,
    pub(super) containers: Slots<[super::runtime_manager::Container]>,
}

/// Number of slots of each kind: as many different values are shared at most.
#[cfg(feature = "sim")]
const SLOTS: usize = 1 << 10;

/// Values by their hash; a slot keeps the last one.
#[cfg(feature = "sim")]
#[derive(Debug)]
pub(super) struct Slots<T: ?Sized>(Vec<Option<Arc<T>>>);

#[cfg(feature = "sim")]
impl<T: ?Sized> Default for Slots<T> {
    fn default() -> Slots<T> {
        Slots(Vec::new())
    }
}

#[cfg(feature = "sim")]
impl<T: ?Sized + Hash + Eq> Slots<T> {
    /// Replaces a value by an equal one that another Pod has, or offers it to the others.
    pub(super) fn share(&mut self, own: &mut Arc<T>) {
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, || None);
        }
        let mut hasher = FixedHasher(0);
        own.hash(&mut hasher);
        let slot = usize::try_from(hasher.finish()).unwrap_or(0) & (SLOTS - 1);
        match self.0.get_mut(slot) {
            // The hash only chooses the slot: equality decides.
            Some(Some(known)) if *known == *own => own.clone_from(known),
            Some(known) => *known = Some(own.clone()),
            None => {}
        }
    }
}

/// Hasher with the same result in every process.
#[cfg(feature = "sim")]
struct FixedHasher(u64);

#[cfg(feature = "sim")]
impl Hasher for FixedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0.rotate_left(17) ^ value);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(u64::try_from(value).unwrap_or(u64::MAX));
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_in_memory_once_and_different_ones_are_left_alone() {
        let mut slots: Slots<[u8]> = Slots::default();
        let mut all: Vec<Arc<[u8]>> = Vec::from([[1_u8, 2], [1, 2], [2, 1]].map(|it| Arc::from(it.as_slice())));
        all.iter_mut().for_each(|it| slots.share(it));
        assert!(Arc::ptr_eq(&all[0], &all[1]));
        assert_eq!(*all[2], [2, 1]);
    }

    #[test]
    fn values_that_differ_in_anything_have_different_hashes() {
        let hash = |write: &dyn Fn(&mut FixedHasher)| {
            let mut hasher = FixedHasher(0);
            write(&mut hasher);
            hasher.finish()
        };
        let mut hashes = Vec::from([
            hash(&|_| {}),
            hash(&|hasher| hasher.write_u8(1)),
            hash(&|hasher| hasher.write_u32(2)),
            hash(&|hasher| hasher.write_u64(3)),
            hash(&|hasher| hasher.write_usize(4)),
            hash(&|hasher| hasher.write(&[5, 6])),
            hash(&|hasher| hasher.write(&[6, 5])),
            hash(&|hasher| [1 << 40, 7].into_iter().for_each(|value| hasher.write_u64(value))),
        ]);
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 8);
    }

    #[test]
    fn more_different_values_than_slots_are_no_trouble() {
        let mut slots: Slots<[usize]> = Slots::default();
        for number in 0..3 * SLOTS {
            let mut own: Arc<[usize]> = Arc::from([number].as_slice());
            slots.share(&mut own);
            assert_eq!(*own, [number]);
        }
        assert_eq!(slots.0.len(), SLOTS);
    }
}
