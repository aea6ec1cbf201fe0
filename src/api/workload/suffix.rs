//! Names that a cluster would roll dice for, the same each time.

use alloc::{format, string::String};
use core::fmt;

/// How long a name made of a prefix may be before its suffix.
///
/// Answers to `MaxGeneratedNameLength` in `k8s.io/apiserver/pkg/storage/names`.
const LONGEST_PREFIX: usize = 58;

/// How many letters are put behind a prefix.
const SUFFIX_LETTERS: usize = 5;

/// How many letters a template's hash has.
const HASH_LETTERS: usize = 10;

/// The letters of generated names: no vowels, so that they make no words, and nothing that looks like another.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The name that the API server might make of a prefix, the same each time: the prefix, cut if it is too long, and
/// five letters.
pub(super) fn generated(prefix: &str) -> String {
    let cut = prefix.char_indices().map(|(start, _)| start).find(|start| *start >= LONGEST_PREFIX);
    let kept = cut.and_then(|cut| prefix.get(..cut)).unwrap_or(prefix);
    format!("{kept}{}", letters(&prefix, SUFFIX_LETTERS))
}

/// What tells one template from another, for labels and names.
pub(super) fn hash(template: &impl fmt::Debug) -> String {
    letters(template, HASH_LETTERS)
}

/// Letters that depend on how something is written for debugging, as a controller's own hash does.
fn letters(of: &impl fmt::Debug, count: usize) -> String {
    let mut hash = Fnv::START;
    // It takes whatever is written.
    let _ = fmt::write(&mut hash, format_args!("{of:?}"));
    let mut rest = hash.0;
    let letters = core::iter::repeat_with(|| {
        let place = usize::try_from(rest % 27).unwrap_or_default();
        rest /= 27;
        ALPHABET.get(place).copied().map_or('b', char::from)
    });
    letters.take(count).collect()
}

/// The hash FNV-1a.
struct Fnv(u64);

impl Fnv {
    const START: Fnv = Fnv(0xcbf2_9ce4_8422_2325);
    const PRIME: u64 = 0x0100_0000_01b3;
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(Fnv::PRIME));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_is_the_same_each_time_and_another_for_another_prefix() {
        assert_eq!(generated("web-"), generated("web-"));
        assert_ne!(generated("web-"), generated("job-"));
        assert!(generated("web-").strip_prefix("web-").is_some_and(|suffix| suffix.len() == SUFFIX_LETTERS));
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::START;
        fmt::Write::write_str(&mut hash, "foobar").unwrap();
        assert_eq!(hash.0, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_long_prefix_leaves_room_for_the_suffix() {
        assert_eq!(generated(&"a".repeat(300)).len(), 63);
        assert!(generated(&"é".repeat(300)).starts_with('é'));
    }
}
