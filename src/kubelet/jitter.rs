//! Jitter: how late the timers of a real node fire, drawn deterministically for each Pod.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Timing, mix};

/// Source of the Pod's random delays: the n-th draw of a Pod with one uid and seed is always the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Jitter {
    draws: u32,
}

impl Jitter {
    /// Returns how many numbers were drawn.
    #[cfg(feature = "sim")]
    pub(super) fn draws(self) -> u32 {
        self.draws
    }

    /// Returns how long a timer of `wait` really takes: on a real node up to half as long again (`wait.Jitter`).
    pub(super) fn delay(&mut self, timing: Timing, uid: &str, wait: Duration) -> Duration {
        match timing {
            Timing::Ideal | Timing::GenericPleg { .. } => wait,
            Timing::NodeLike { seed } => wait.saturating_add(self.draw(seed, uid, half_of(wait))),
        }
    }

    /// Returns how long a probe worker waits before its first probe while its kubelet is young: half a period, on a
    /// real node a random part of one.
    pub(super) fn initial_probe_delay(&mut self, timing: Timing, uid: &str, period: Duration) -> Duration {
        match timing {
            Timing::Ideal | Timing::GenericPleg { .. } => half_of(period),
            Timing::NodeLike { seed } => self.draw(seed, uid, period),
        }
    }

    /// Draws a part of `whole`, in milliseconds.
    fn draw(&mut self, seed: u64, uid: &str, whole: Duration) -> Duration {
        self.draws = self.draws.wrapping_add(1);
        let of_pod = mix(seed ^ fnv1a(uid));
        // The odd constant is 2^64 divided by the golden ratio, the increment of SplitMix64.
        let random = mix(of_pod ^ u64::from(self.draws).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let millis = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
    }
}

fn half_of(whole: Duration) -> Duration {
    whole.checked_div(2).unwrap_or(whole)
}

/// Returns the FNV-1a hash of a text.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_text_is_the_published_fnv1a() {
        let known = [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)];
        assert_eq!(known.map(|(text, _)| fnv1a(text)), known.map(|(_, number)| number));
    }
}
