//! The mutants that `cargo mutants --list --json` names, and a sample of them.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

/// The number of a mutant in its switch, from 1; with 0 the code is as it was written.
pub(crate) type Number = usize;

/// One small fault, as cargo-mutants names it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) file: String,
    /// The function that it is in; there is none in a constant.
    pub(crate) function: Option<Function>,
    pub(crate) span: Span,
    pub(crate) replacement: String,
    pub(crate) genre: Genre,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Function {}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Position,
}

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

impl Mutant {
    /// `src/time.rs`, line 12, `replace < with <=`: what of the name says what is changed, and stays when lines move.
    pub(crate) fn what(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or(&self.name).trim_start()
    }

    /// The folder in `src`, or the file if it is in none.
    pub(crate) fn folder(&self) -> &str {
        let inside = self.file.strip_prefix("src/").unwrap_or(&self.file);
        inside.split('/').next().unwrap_or(inside)
    }
}

/// Reads the list, in an order that only the seed and the names decide.
pub(crate) fn shuffled(list: &Path, seed: u64) -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(list).with_context(|| format!("reading {}", list.display()))?;
    let mut mutants: Vec<Mutant> = serde_json::from_str(&text).context("the list is not that of cargo-mutants 27")?;
    mutants.sort_by_cached_key(|mutant| (hash(seed, mutant.name.as_bytes()), mutant.name.clone()));
    Ok(mutants)
}

/// The same for the same bytes, on every machine: FNV-1a, and the finish of splitmix64 that spreads it over all bits.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(bytes.iter().copied());
    let fnv = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let spread = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    spread ^ (spread >> 31)
}
