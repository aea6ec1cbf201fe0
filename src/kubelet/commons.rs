//! What Pods that are alike have in common is in memory once.

use alloc::{sync::Arc, vec::Vec};
use core::hash::{Hash, Hasher};

use super::{PodMachine, runtime_manager::Container};
use crate::{config::mix, rule::pod_status::PodRecord, time::Timestamp};

/// What Pods were last found to have in common. It forgets, so it stays small whatever they do.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    records: Places<PodRecord>,
    containers: Places<[Container]>,
}

impl PodMachine {
    /// Keeps what others have as well only once, and nothing in reserve.
    pub(crate) fn share_with(&mut self, commons: &mut Interner) {
        commons.records.share(&mut self.parts.status.record);
        commons.containers.share(&mut self.parts.containers.each);
        self.parts.inbox.shrink();
    }
}

impl PodMachine {
    /// Reads of each piece of memory that a probe needs; what it says means nothing.
    pub(crate) fn fetch(&self) -> u64 {
        // Equivalent with `0` or `1`: only memory is fetched sooner.
        let parts = &*self.parts;
        let due = |at: Option<Timestamp>| at.map_or(0, Timestamp::unix_micros).cast_unsigned();
        // Equivalent with `&` or `|`, here and below: the sum is not looked at, only what it is made of.
        let probes = parts.probers.iter().fold(0, |so_far, prober| so_far ^ due(prober.due()));
        // Equivalent with `&` or `|`.
        let own = due(parts.wake.map(|(at, _)| at)) ^ due(parts.status.start_time) ^ u64::from(parts.draws);
        // Equivalent with `&` or `|`.
        probes ^ own ^ u64::from(parts.inbox.has_next()) ^ u64::from(parts.status.published.writes)
    }
}

/// How many different things of a kind are kept.
const PLACES: usize = 1 << 10;

/// Things by a number made of each, the last that had it.
#[derive(Debug)]
struct Places<T: ?Sized>(Vec<Option<Arc<T>>>);

impl<T: ?Sized> Default for Places<T> {
    fn default() -> Places<T> {
        Places(Vec::new())
    }
}

impl<T: ?Sized + Hash + Eq> Places<T> {
    fn share(&mut self, own: &mut Arc<T>) {
        if self.0.is_empty() {
            self.0.resize_with(PLACES, || None);
        }
        let mut number = Number(0);
        own.hash(&mut number);
        let place = usize::try_from(number.finish()).unwrap_or(0) & (PLACES - 1);
        match self.0.get_mut(place) {
            Some(Some(known)) if *known == *own => own.clone_from(known),
            Some(known) => *known = Some(own.clone()),
            None => {}
        }
    }
}

/// A number made of what is written to it, the same in every process.
struct Number(u64);

impl Hasher for Number {
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
        // Equivalent with `|`: other numbers, no less good.
        self.0 = mix(self.0.rotate_left(17) ^ value);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(u64::try_from(value).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kubelet::NoSink, spec::PodSpec};

    #[test]
    fn equal_things_are_in_memory_once_and_different_ones_are_left_alone() {
        let mut places: Places<[u8]> = Places::default();
        let mut all: Vec<Arc<[u8]>> = Vec::from([[1_u8, 2], [1, 2], [2, 1]].map(|it| Arc::from(it.as_slice())));
        all.iter_mut().for_each(|it| places.share(it));
        assert!(Arc::ptr_eq(&all[0], &all[1]));
        assert_eq!(*all[2], [2, 1]);
    }

    #[test]
    fn two_pods_that_have_lived_alike_keep_what_they_have_in_common_once() {
        let manifest = r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#;
        let spec = PodSpec::from_admitted(&serde_json::from_str(manifest).unwrap()).unwrap();
        let pod = || PodMachine::new(Arc::new(spec.clone()), Arc::default(), Timestamp::UNIX_EPOCH, &mut NoSink);
        let (mut one, mut other, mut commons) = (pod(), pod(), Interner::default());
        one.share_with(&mut commons);
        other.share_with(&mut commons);
        assert!(Arc::ptr_eq(&one.parts.status.record, &other.parts.status.record));
        assert!(Arc::ptr_eq(&one.parts.containers.each, &other.parts.containers.each));
    }

    #[test]
    fn things_that_differ_in_anything_are_kept_in_different_places() {
        let number = |write: &dyn Fn(&mut Number)| {
            let mut number = Number(0);
            write(&mut number);
            number.finish()
        };
        let mut numbers = Vec::from([
            number(&|_| {}),
            number(&|number| number.write_u8(1)),
            number(&|number| number.write_u32(2)),
            number(&|number| number.write_u64(3)),
            number(&|number| number.write_usize(4)),
            number(&|number| number.write(&[5, 6])),
            number(&|number| number.write(&[6, 5])),
            number(&|number| [1 << 40, 7].into_iter().for_each(|value| number.write_u64(value))),
        ]);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 8);
    }

    #[test]
    fn more_different_things_than_there_are_places_are_no_trouble() {
        let mut places: Places<[usize]> = Places::default();
        for number in 0..3 * PLACES {
            let mut own: Arc<[usize]> = Arc::from([number].as_slice());
            places.share(&mut own);
            assert_eq!(*own, [number]);
        }
        assert_eq!(places.0.len(), PLACES);
    }
}
