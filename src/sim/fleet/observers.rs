//! Observers of a fleet: its listeners and its determinism digest.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    action::{Change, Transition},
    config::mix,
};

/// A listener to the transitions of all Pods, with the number of each.
pub(super) type Listener = Box<dyn FnMut(u64, &Transition) + Send>;

/// Digest of every transition of every Pod: two runs with the same transitions have the same. The digests of shards are
/// [merged](FleetDigest::merge).
///
/// ```
/// use pod_lifecycle::sim::FleetDigest;
///
/// let mut whole = FleetDigest(0xfeed);
/// whole.merge(FleetDigest(1));
/// assert_eq!((whole, whole.to_string().as_str()), (FleetDigest(0xfeee), "000000000000feee"));
///
/// assert_eq!("000000000000feee".parse(), Ok(whole));
/// assert_eq!(serde_json::to_string(&whole)?, r#""000000000000feee""#);
/// assert!("feee".parse::<FleetDigest>().is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FleetDigest(pub u64);

/// Error of a text that is not a [`FleetDigest`].
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a fleet digest: that has 16 hexadecimal digits")]
pub struct InvalidFleetDigest {
    /// The text, cut if it is long.
    text: String,
}

/// Hexadecimal digits of a digest.
const DIGITS: usize = 16;

/// Characters of an invalid text in its error.
const SHOWN: usize = 40;

impl FromStr for FleetDigest {
    type Err = InvalidFleetDigest;

    fn from_str(text: &str) -> Result<FleetDigest, InvalidFleetDigest> {
        let are_digits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        // `from_str_radix` alone would take a sign.
        let number = if are_digits { u64::from_str_radix(text, 16).ok() } else { None };
        number.map(FleetDigest).ok_or_else(|| InvalidFleetDigest { text: text.chars().take(SHOWN).collect() })
    }
}

impl TryFrom<String> for FleetDigest {
    type Error = InvalidFleetDigest;

    fn try_from(text: String) -> Result<FleetDigest, InvalidFleetDigest> {
        text.parse()
    }
}

impl From<FleetDigest> for String {
    fn from(digest: FleetDigest) -> String {
        digest.to_string()
    }
}

impl FleetDigest {
    /// Adds the digest of another shard.
    pub fn merge(&mut self, other: FleetDigest) {
        // A sum, so that neither the order of Pods nor the number of shards matters.
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Returns the digest of the transitions since an earlier one.
    pub(super) fn since(self, before: FleetDigest) -> FleetDigest {
        FleetDigest(self.0.wrapping_sub(before.0))
    }
}

impl fmt::Display for FleetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The listeners of a fleet, and the digest of what they received so far.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) listeners: Vec<Listener>,
    pub(super) digest: FleetDigest,
    /// Number of events so far.
    pub(super) events: u64,
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Observers { listeners, digest, events } = self;
        f.debug_struct("Observers")
            .field("listeners", &listeners.len())
            .field("digest", digest)
            .field("events", events)
            .finish()
    }
}

impl Observers {
    pub(super) fn transition(&mut self, number: u64, transition: &Transition) {
        self.digest.merge(FleetDigest(digest_of(number, transition)));
        for listener in &mut self.listeners {
            listener(number, transition);
        }
    }
}

/// Returns the digest of one transition.
fn digest_of(number: u64, transition: &Transition) -> u64 {
    let small = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    // The numbers below are part of the digest: a changed one changes the digests of all recorded fleets.
    let change = match &transition.change {
        // 0 stands for an absent value, so present ones count from 1.
        Change::Phase { from, to } => [1, from.map_or(0, |from| 1_u64.wrapping_add(from as u64)), *to as u64, 0],
        Change::Condition { condition, from, to, reason } => {
            let from = from.map_or(0, |from| 1_u64.wrapping_add(from as u64));
            let reason = reason.map_or(0, |reason| 1_u64.wrapping_add(reason as u64));
            // The kind of change is in the lowest byte, its subject above.
            [2_u64.wrapping_add((*condition as u64).wrapping_shl(8)), from, *to as u64, reason]
        }
        Change::Container { container, from, to, instance } => {
            let from = from.map_or(0, |from| 1_u64.wrapping_add(from as u64));
            let instance = instance.map_or(0, |instance| 1_u64.wrapping_add(instance.ordinal().into()));
            [3_u64.wrapping_add(small(container.get()).wrapping_shl(8)), from, *to as u64, instance]
        }
    };
    let at = mix(transition.at.unix_micros().cast_unsigned());
    // Rotated, so that equal parts in another order give another digest.
    change.into_iter().fold(mix(number ^ at), |so_far, part| mix(so_far.rotate_left(17) ^ part))
}
