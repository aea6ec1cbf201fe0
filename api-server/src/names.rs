//! Deterministic, unique uids and generated names.

/// Alphabet of generated names, without vowels.
const ALPHABET: &[u8; LETTERS as usize] = b"bcdfghjklmnpqrstvwxz2456789";
const LETTERS: u64 = 27;
const SUFFIX_LENGTH: usize = 5;
const LONGEST_PREFIX: usize = 58;

/// Generator of uids and names.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: u64,
}

impl Names {
    /// Returns an id in the form of a UUID.
    pub(super) fn uid(&mut self) -> String {
        let number = self.next();
        let scattered = scatter(number);
        format!("{:08x}-{:04x}-4000-8000-{number:012x}", scattered >> 32, scattered & 0xffff)
    }

    /// Returns the prefix with five letters appended.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        let mut rest = scatter(self.next());
        let begin: String = prefix.chars().take(LONGEST_PREFIX).collect();
        let suffix = std::iter::repeat_with(|| {
            let letter = ALPHABET.get((rest % LETTERS) as usize).copied().unwrap_or(b'x');
            rest /= LETTERS;
            char::from(letter)
        });
        begin + &suffix.take(SUFFIX_LENGTH).collect::<String>()
    }

    fn next(&mut self) -> u64 {
        self.given = self.given.saturating_add(1);
        self.given
    }
}

/// Spreads consecutive numbers (the finaliser of SplitMix64).
fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn no_two_are_alike() {
        let mut names = Names::default();
        let uids: std::collections::BTreeSet<_> = (0..1000).map(|_| names.uid()).collect();
        assert_eq!(uids.len(), 1000);
        assert!(uids.iter().all(|uid| uid.len() == 36));
        let mut names = Names::default();
        let generated: std::collections::BTreeSet<_> = (0..1000).map(|_| names.name("web-")).collect();
        assert!(generated.len() > 990, "{}", generated.len());
        assert!(generated.iter().all(|name| name.len() == 9 && name.starts_with("web-")));
    }
}
