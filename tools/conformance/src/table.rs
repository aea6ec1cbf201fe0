//! What came of it, for people.

use std::fmt;

use serde_json::Value;

use crate::Difference;

/// How many differences of a suite are shown.
const SHOWN: usize = 3;

/// How many lines of a suite were answered as recorded.
pub struct Counters {
    /// The suite's name.
    pub suite: String,
    /// Lines answered as recorded.
    pub agreed: usize,
    /// All lines.
    pub total: usize,
    /// Which lines were not, by their `id`.
    pub differing: Vec<String>,
    is_implemented: bool,
    first: Vec<(Value, Difference)>,
}

impl Counters {
    /// Nothing was asked yet.
    pub fn new(suite: &str, is_implemented: bool) -> Counters {
        Counters {
            suite: suite.to_owned(),
            agreed: 0,
            total: 0,
            differing: Vec::new(),
            is_implemented,
            first: Vec::new(),
        }
    }

    /// Counts a line.
    pub fn add(&mut self, line: &Value, verdict: Option<Result<(), Difference>>) {
        self.total += 1;
        if !matches!(verdict, Some(Ok(()))) {
            self.differing.push(line["id"].as_str().unwrap_or_default().to_owned());
        }
        match verdict {
            Some(Ok(())) => self.agreed += 1,
            Some(Err(difference)) if self.first.len() < SHOWN => self.first.push((line.clone(), difference)),
            Some(Err(_)) | None => {}
        }
    }

    /// Whether every line was answered as recorded.
    pub fn is_clean(&self) -> bool {
        self.agreed == self.total
    }
}

/// One line per suite: its name, and agreed of total.
pub struct Table<'a>(pub &'a [Counters]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|tally| tally.suite.len()).max().unwrap_or(0);
        for Counters { suite, agreed, total, is_implemented, .. } in self.0 {
            let note = if *is_implemented { "" } else { " (not implemented)" };
            writeln!(f, "{suite:width$} {agreed}/{total}{note}")?;
        }
        Ok(())
    }
}

/// The first differences of each suite: what was asked, expected and got.
pub struct Differences<'a>(pub &'a [Counters]);

impl fmt::Display for Differences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tally in self.0 {
            for (line, difference) in &tally.first {
                writeln!(f, "\n{} {}\n  input:    {}", tally.suite, line["id"], line["in"])?;
                writeln!(f, "  expected: {}\n  got:      {}", difference.expected, difference.got)?;
                difference.places.iter().try_for_each(|place| writeln!(f, "  at:       {place}"))?;
            }
        }
        Ok(())
    }
}
