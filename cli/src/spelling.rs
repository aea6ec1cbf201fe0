//! Spelling: the known word that an unknown one was meant to be.

/// Returns the known word that is closest to one, if it is close: at most a third of its letters are wrong.
#[must_use]
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.to_lowercase().chars().collect();
    let distances = known.into_iter().map(|known| {
        let letters: Vec<char> = known.to_lowercase().chars().collect();
        (distance(&wanted, &letters), known)
    });
    let (distance, closest) = distances.min_by_key(|(distance, _)| *distance)?;
    // At least one letter, also of a short word: `envs` for `env`.
    (distance <= wanted.len().div_euclid(3).max(1)).then_some(closest)
}

/// Returns the least number of letters to insert, remove, replace or swap with their neighbour.
fn distance(from: &[char], to: &[char]) -> usize {
    // The rows of the table of Damerau and Levenshtein: two before, one before, and the present one.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, other) in to.iter().enumerate() {
            let cell = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let replaced = cell(&last, j).saturating_add(usize::from(letter != other));
            let removed = cell(&last, j.saturating_add(1)).saturating_add(1);
            let inserted = cell(&row, j).saturating_add(1);
            let is_swap = i.checked_sub(1).and_then(|i| from.get(i)) == Some(other)
                && j.checked_sub(1).and_then(|j| to.get(j)) == Some(letter);
            let swapped = j.checked_sub(1).filter(|_| is_swap).map_or(usize::MAX, |j| cell(&before_last, j));
            row.push(replaced.min(removed).min(inserted).min(swapped.saturating_add(1)));
        }
        before_last = core::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(from.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_one_that_was_meant() {
        let fields = ["livenessProbe", "readinessProbe", "env", "envFrom", "image", "imagePullPolicy"];
        for (word, meant) in [
            ("livenesProbe", Some("livenessProbe")),
            ("LivenessProbe", Some("livenessProbe")),
            ("readynessprobe", Some("readinessProbe")),
            ("iamge", Some("image")),
            ("envs", Some("env")),
            ("volumes", None),
        ] {
            assert_eq!(closest(word, fields), meant, "{word}");
        }
    }
}
