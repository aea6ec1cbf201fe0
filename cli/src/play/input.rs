//! From a file to a scenario.

mod kind;

pub(crate) use kind::Input;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use pod_lifecycle::{Timestamp, api::PodManifest};

use crate::play::{
    arguments::{Arguments, is_standard_input},
    failure::Failure,
};

/// The largest file: what etcd stores of one object.
const LARGEST: u64 = 1_572_864;

/// What a Pod is called inside if its manifest does not say; the API server would roll the dice.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";
const NAME_SUFFIX: &str = "x7k2p";

/// 2026-03-01T12:00:00Z: when a life begins if its scenario does not say.
const BEGINNING: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// Reads the scenario that the arguments name, and makes of its manifest what the API server would store.
pub(crate) fn read(arguments: &Arguments) -> Result<Input, Failure> {
    let file = arguments.file();
    let fail = |problem: String| Failure::new(&file, problem);
    let text = text(&arguments.path()).map_err(fail)?;
    let read = if arguments.pod.is_some() { kind::healthy } else { kind::scenario };
    let mut input = read(&text, arguments.name.as_deref()).map_err(fail)?;
    if let Some(until) = arguments.until {
        input.scenario = input.scenario.cut_at(until.as_secs_f64());
    }
    let scenario = &mut input.scenario;
    if let Some(version) = arguments.kubernetes {
        scenario.config.kubernetes = version;
    }
    let start = *scenario.config.start.get_or_insert(BEGINNING);
    if !scenario.config.admitted {
        scenario.pod = create(core::mem::take(&mut scenario.pod), start);
    }
    Ok(input)
}

/// The whole text of a file.
fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if is_standard_input(path) {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("the document: too large: expected at most {LARGEST} bytes, as many as a cluster stores"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        format!("the document: expected UTF-8 text, found something else at byte {valid}")
    })
}

/// The Pod as the API server stores it: with defaults, a name, an id and a time of birth.
fn create(pod: PodManifest, now: Timestamp) -> PodManifest {
    let mut pod = pod.with_defaults();
    let metadata = &mut pod.metadata;
    if metadata.name.is_empty() && !metadata.generate_name.is_empty() {
        metadata.name = format!("{}{NAME_SUFFIX}", metadata.generate_name);
    }
    if metadata.uid.is_empty() {
        metadata.uid = UID.into();
    }
    metadata.generation = metadata.generation.max(1);
    metadata.creation_timestamp.get_or_insert(now);
    pod
}
