//! Bodies of the fuzz targets: bytes in, a panic if an invariant is violated.
//!
//! `fuzz_targets/` runs them under libFuzzer, `src/bin/stable.rs` with random bytes on any compiler.

mod listed;
mod snapshot;

pub use listed::{object, relist};
pub use snapshot::snapshot;

use std::{fmt::Debug, time::Duration};

use arbitrary::{Arbitrary, Unstructured};
use pod_lifecycle::{
    api::{self, validate},
    sim::Scenario,
    spec::PodSpec,
    testkit::{self, CheckedDriver},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::Value;

/// Longest simulation.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Any manifest: defaults, validation and lowering say yes or no, and never panic.
pub fn manifest(bytes: &[u8]) {
    let Some(text) = json(bytes, |rng| serde_json::to_value(sample(rng, testkit::manifest()))) else { return };
    let Ok(pod) = serde_json::from_str::<api::PodManifest>(&text) else { return };
    let _ = PodSpec::from_admitted(&pod);
    let defaulted = pod.clone().with_defaults();
    assert_eq!(defaulted.clone().with_defaults(), defaulted, "defaults are filled in once");
    let verdict = validate(&defaulted);
    let lowered = PodSpec::from_manifest(pod);
    assert!(verdict.is_ok() || lowered.is_err(), "what is refused is not lowered");
    assert!(verdict.is_err() || lowered.is_ok(), "what is admitted can be lowered: {lowered:?}");
    if let Err(invalid) = verdict {
        assert!(!invalid.errors().is_empty() && !invalid.to_string().is_empty());
    }
}

/// Any life: the invariants of `tests/lives` hold.
pub fn events(bytes: &[u8]) {
    if let Err(broken) = life(bytes) {
        panic!("{broken}");
    }
}

/// Any scenario: it is played to its end, or refused with a reason.
pub fn scenario(bytes: &[u8]) {
    let Some(scenario) = scenario_of(bytes) else { return };
    match scenario.play() {
        Ok(timeline) => assert!(timeline.entries.is_sorted_by_key(|entry| entry.at)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The scenario that the bytes stand for, with an end that is near enough.
pub fn scenario_of(bytes: &[u8]) -> Option<Scenario> {
    let text = json(bytes, |rng| serde_json::to_value(sample(rng, testkit::scenario())))?;
    let mut scenario = serde_json::from_str::<Scenario>(&text).ok()?;
    scenario.script.end = Some(scenario.script.end.map_or(LONGEST, |end| end.min(LONGEST)));
    Some(scenario)
}

/// Lives one life; says what was broken, and what came before. The first eight bytes choose the Pod, each eight that
/// follow a move.
pub fn life(bytes: &[u8]) -> Result<(), String> {
    lived(bytes, |_| {}).map_err(|broken| {
        let mut story = Vec::new();
        let _ = lived(bytes, |moment| story.push(moment));
        let last: Vec<String> = story.into_iter().rev().take(40).rev().collect();
        format!("{broken}\n{}", last.join("\n"))
    })
}

/// Lives one life and tells each move before it is made.
pub fn lived(bytes: &[u8], mut tell: impl FnMut(String)) -> Result<(), String> {
    let mut seeds = bytes.chunks(8);
    let (spec, config) = sample(seeds.next().unwrap_or_default(), (testkit::spec(), testkit::config()));
    let mut life = CheckedDriver::new(spec.clone(), config)?;
    let moves = testkit::one_step(spec);
    for seed in seeds {
        let next = sample(seed, &moves);
        tell(life.describe(&next));
        life.apply(&next).map_err(|violation| format!("{next:?}: {violation}"))?;
    }
    life.terminate()
}

/// A JSON text: the bytes themselves, or something well-formed that they choose, with a few places spoilt.
fn json(bytes: &[u8], well_formed: impl Fn(&[u8]) -> serde_json::Result<Value>) -> Option<String> {
    let (&first, rest) = bytes.split_first()?;
    if first == b'{' {
        return std::str::from_utf8(bytes).ok().map(String::from);
    }
    let (spoils, seed) = rest.split_at(rest.len() / 4);
    let mut value = well_formed(seed).ok()?;
    let mut spoils = Unstructured::new(spoils);
    for _ in 0..first % 4 {
        spoil(&mut value, &mut spoils).ok()?;
    }
    Some(value.to_string())
}

/// Puts something else in some place of a JSON value.
fn spoil(value: &mut Value, by: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let stops_here = by.ratio(1, 5)?;
    match value {
        Value::Object(map) if !map.is_empty() && !stops_here => {
            let at = by.choose_index(map.len())?;
            map.values_mut().nth(at).map_or(Ok(()), |value| spoil(value, by))
        }
        Value::Array(list) if !list.is_empty() && !stops_here => {
            let at = by.choose_index(list.len())?;
            if by.ratio(1, 6)? {
                let twin = list.get(at).cloned();
                list.extend(twin);
                return Ok(());
            }
            list.get_mut(at).map_or(Ok(()), |value| spoil(value, by))
        }
        _ => {
            *value = match by.int_in_range(0..=8)? {
                0 => Value::Null,
                1 => Value::from(0),
                2 => Value::from(-1),
                3 => Value::from(i64::arbitrary(by)?),
                4 => Value::from(f64::from(u16::arbitrary(by)?) / 8.0),
                5 => Value::from(String::arbitrary(by)?),
                6 => Value::from(Vec::<Value>::new()),
                7 => Value::Object(serde_json::Map::new()),
                _ => Value::from(bool::arbitrary(by)?),
            };
            Ok(())
        }
    }
}

/// What a strategy makes of the bytes: the same each time.
fn sample<T: Debug>(bytes: &[u8], strategy: impl Strategy<Value = T>) -> T {
    let mut state = bytes.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |state, &byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    });
    let seed: Vec<u8> = (0..2)
        .flat_map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state ^ (state >> 33)).to_le_bytes()
        })
        .collect();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::XorShift, &seed));
    strategy.new_tree(&mut runner).expect("nothing is filtered").current()
}
