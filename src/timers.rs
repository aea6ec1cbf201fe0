//! The wake-ups of many Pods.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::time::Timestamp;

/// When each of many Pods wants to be woken, by a key of the embedder's.
///
/// Each key has at most one wake-up; setting it anew forgets the old one, so nothing piles up. Every call takes time
/// in the logarithm of how many keys are set. Wake-ups of the same instant come in the order of their keys, so that two
/// runs are the same.
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
/// // Two Pods begin, the second ten seconds later; neither gets a sandbox, and both want to try again.
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
/// // The loop of an agent: sleep until then, wake whoever is due, and ask again.
/// let now = timers.next().ok_or("both wait for something")?;
/// let mut woken = Vec::new();
/// while let Some(name) = timers.pop_due(now) {
///     let pod = pods.get_mut(name).ok_or("it was put there")?;
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
    /// No wake-ups.
    ///
    /// ```
    /// use pod_lifecycle::Timers;
    ///
    /// assert_eq!(Timers::<u32>::new().next(), None);
    /// ```
    #[must_use]
    pub const fn new() -> Timers<K> {
        Timers { due: BTreeSet::new(), by_key: BTreeMap::new() }
    }

    /// Sets when a key is due, or, with `None`, that it is not: what [`PodMachine::poll_timeout`](crate::PodMachine::poll_timeout)
    /// says.
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
        if let Some(before) = self.by_key.remove(&key) {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.by_key.insert(key.clone(), at);
            self.due.insert((at, key));
        }
    }

    /// When a key is due.
    ///
    /// ```
    /// use pod_lifecycle::{Timers, Timestamp};
    ///
    /// let mut timers = Timers::new();
    /// timers.set("web", Some(Timestamp::UNIX_EPOCH));
    /// assert_eq!((timers.get(&"web"), timers.get(&"job")), (Some(Timestamp::UNIX_EPOCH), None));
    /// ```
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Timestamp> {
        self.by_key.get(key).copied()
    }

    /// When the next key is due.
    ///
    /// ```
    /// use pod_lifecycle::{Timers, Timestamp};
    ///
    /// let mut timers = Timers::new();
    /// timers.set(1, Some(Timestamp::from_unix_seconds(9)));
    /// timers.set(2, Some(Timestamp::from_unix_seconds(4)));
    /// assert_eq!(timers.next(), Some(Timestamp::from_unix_seconds(4)));
    /// ```
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the key out that is due first, if it is due now.
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
        let (_, key) = self.due.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// How many keys are due at some time.
    ///
    /// ```
    /// use pod_lifecycle::{Timers, Timestamp};
    ///
    /// let timers: Timers<u8> = [(1, Timestamp::UNIX_EPOCH), (2, Timestamp::UNIX_EPOCH)].into_iter().collect();
    /// assert_eq!(timers.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no key is ever due.
    ///
    /// ```
    /// use pod_lifecycle::Timers;
    ///
    /// assert!(Timers::<u8>::new().is_empty());
    /// ```
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
    fn whoever_is_due_earlier_comes_first_and_equals_come_by_key() {
        let mut timers: Timers<u32> = [(3, at(5)), (1, at(9)), (2, at(5)), (4, at(1))].into_iter().collect();
        assert_eq!(drain(&mut timers, 5), [4, 2, 3]);
        assert_eq!(drain(&mut timers, 9), [1]);
    }

    #[test]
    fn a_wake_up_that_is_set_anew_leaves_nothing_behind() {
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
    fn a_pod_that_is_due_again_at_once_takes_its_turn_behind_the_others_of_that_instant() {
        let mut timers: Timers<u32> = [(1, at(5)), (2, at(5))].into_iter().collect();
        assert_eq!(timers.pop_due(at(5)), Some(1));
        timers.set(1, Some(at(6)));
        assert_eq!(drain(&mut timers, 6), [2, 1]);
    }
}
