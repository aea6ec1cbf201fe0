//! Timer queue: the wake-ups of many Pods.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::time::Timestamp;

/// Wake-ups of many Pods, by a key of the embedder.
///
/// Each key has at most one wake-up: setting it again replaces the old one. Every call takes logarithmic time in the number
/// of keys. Wake-ups of the same instant come in the order of their keys, so that two runs are the same.
///
/// ```
/// use core::time::Duration;
/// use std::{collections::BTreeMap, sync::Arc};
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timers, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api, spec::PodSpec,
///     state::SandboxId,
/// };
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let (config, noon) = (Arc::new(KubeletConfig::default()), "2026-03-01T12:00:00Z".parse::<Timestamp>()?);
///
/// // Two Pods start, the second ten seconds later; neither gets a sandbox, and both will retry.
/// let (mut pods, mut timers) = (BTreeMap::new(), Timers::new());
/// for (name, late) in [("web", 0), ("job", 10)] {
///     let now = noon + Duration::from_secs(late);
///     let mut pod = PodMachine::new(spec.clone(), config.clone(), now, &mut NoSink);
///     let failed = RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "no network".into() };
///     pod.handle_event(now, Event::Runtime(failed), &mut NoSink)?;
///     timers.set(name, pod.poll_timeout());
///     pods.insert(name, pod);
/// }
///
/// // The loop of an agent: sleep until the next wake-up, wake each Pod that is due, and set its next wake-up.
/// let now = timers.next().ok_or("both Pods have a timer")?;
/// let mut woken = Vec::new();
/// while let Some(name) = timers.pop_due(now) {
///     let pod = pods.get_mut(name).ok_or("unknown Pod")?;
///     pod.handle_timeout(now, &mut NoSink);
///     timers.set(name, pod.poll_timeout());
///     woken.push(name);
/// }
/// assert_eq!(woken, ["web"]);
/// assert!(timers.next() > Some(now));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timers<K> {
    due: BTreeSet<(Timestamp, K)>,
    by_key: BTreeMap<K, Timestamp>,
}

impl<K: Ord + Clone> Timers<K> {
    /// Creates an empty queue.
    #[must_use]
    pub const fn new() -> Timers<K> {
        Timers { due: BTreeSet::new(), by_key: BTreeMap::new() }
    }

    /// Sets when a key is due, as [`PodMachine::poll_timeout`](crate::PodMachine::poll_timeout) returns it; `None`
    /// removes the key.
    ///
    /// ```
    /// use pod_lifecycle::{Timers, Timestamp};
    ///
    /// let mut timers = Timers::new();
    /// timers.set("web", Some(Timestamp::from_unix_seconds(5)));
    /// timers.set("web", Some(Timestamp::from_unix_seconds(7)));
    /// assert_eq!((timers.len(), timers.next()), (1, Some(Timestamp::from_unix_seconds(7))));
    /// timers.set("web", None);
    /// assert!(timers.is_empty());
    /// ```
    pub fn set(&mut self, key: K, at: Option<Timestamp>) {
        // Both collections hold the same wake-ups; the pair in `due` needs the old time.
        if let Some(before) = self.by_key.remove(&key) {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.by_key.insert(key.clone(), at);
            self.due.insert((at, key));
        }
    }

    /// Returns when a key is due.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Timestamp> {
        self.by_key.get(key).copied()
    }

    /// Returns when the first key is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Removes and returns the first key if it is due.
    ///
    /// ```
    /// use pod_lifecycle::{Timers, Timestamp};
    ///
    /// let mut timers = Timers::new();
    /// timers.set("web", Some(Timestamp::from_unix_seconds(4)));
    /// assert_eq!(timers.pop_due(Timestamp::from_unix_seconds(3)), None);
    /// assert_eq!(timers.pop_due(Timestamp::from_unix_seconds(4)), Some("web"));
    /// assert_eq!(timers.pop_due(Timestamp::from_unix_seconds(4)), None);
    /// ```
    pub fn pop_due(&mut self, now: Timestamp) -> Option<K> {
        self.next().filter(|at| *at <= now)?;
        // Ordered by time, then by key: among equal times the smallest key comes first.
        let (_, key) = self.due.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// True if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

impl<K: Ord + Clone> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers::new()
    }
}

impl<K: Ord + Clone> FromIterator<(K, Timestamp)> for Timers<K> {
    fn from_iter<I: IntoIterator<Item = (K, Timestamp)>>(due: I) -> Timers<K> {
        let mut timers = Timers::new();
        timers.extend(due);
        timers
    }
}

impl<K: Ord + Clone> Extend<(K, Timestamp)> for Timers<K> {
    fn extend<I: IntoIterator<Item = (K, Timestamp)>>(&mut self, due: I) {
        for (key, at) in due {
            // Through `set`, since a key may come twice: the last one wins.
            self.set(key, Some(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second)
    }

    fn drain(timers: &mut Timers<u32>, now: i64) -> Vec<u32> {
        core::iter::from_fn(|| timers.pop_due(at(now))).collect()
    }

    #[test]
    fn earlier_wake_ups_come_first_and_equal_ones_by_key() {
        let mut timers: Timers<u32> = [(3, at(5)), (1, at(9)), (2, at(5)), (4, at(1))].into_iter().collect();
        assert_eq!(drain(&mut timers, 5), [4, 2, 3]);
        assert_eq!(drain(&mut timers, 9), [1]);
    }

    #[test]
    fn setting_a_wake_up_again_replaces_it() {
        let mut timers = Timers::new();
        for second in 0..1_000 {
            timers.set(7, Some(at(second % 3)));
        }
        assert_eq!((timers.due.len(), timers.by_key.len()), (1, 1));
        timers.set(7, None);
        timers.set(7, None);
        assert_eq!((timers.due.len(), timers.by_key.len()), (0, 0));
    }

    #[test]
    fn a_pod_that_is_set_again_comes_after_the_others_of_the_same_instant() {
        let mut timers: Timers<u32> = [(1, at(5)), (2, at(5))].into_iter().collect();
        assert_eq!(timers.pop_due(at(5)), Some(1));
        timers.set(1, Some(at(6)));
        assert_eq!(drain(&mut timers, 6), [2, 1]);
    }
}
