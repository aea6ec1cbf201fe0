//! Whole runtimes and whole objects, as a relist or a watch delivers them.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    NoSink, PodMachine, Timestamp,
    api::PodManifest,
    config::KubeletConfig,
    event::{Event, RuntimeEvent},
    state::ContainerIds,
    testkit::{self, invariants::InvariantChecker},
};

use super::{json, sample};

const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// Any runtime: whatever is listed is taken in or refused, and no invariant is broken.
pub fn relist(bytes: &[u8]) {
    let mut seeds = bytes.chunks(8);
    let (spec, config) = sample(seeds.next().unwrap_or_default(), (testkit::spec(), testkit::config()));
    let (mut now, mut out) = (START, Vec::new());
    let mut pod = PodMachine::new(spec.clone(), config, now, &mut out);
    let mut watch = InvariantChecker::new(&pod, now, &out).unwrap_or_else(|broken| panic!("{broken}"));
    let runtimes = testkit::runtime_status(spec.container_count());
    for seed in seeds {
        let relisted = Event::Runtime(RuntimeEvent::Relisted(sample(seed, &runtimes)));
        now = now + Duration::from_millis(sample(seed, 0..20_000_u64));
        let told = watch.handle_timeout(&mut pod, now).and_then(|_| watch.handle_event(&mut pod, now, relisted));
        // A runtime that cannot be is refused.
        let _ = told.unwrap_or_else(|broken| panic!("{broken}"));
    }
}

/// Any two objects: the first is taken up, the second is seen, and another agent takes up what came of it.
pub fn object(bytes: &[u8]) {
    let (one, other) = bytes.split_at(bytes.len() / 2);
    let read = |bytes: &[u8]| {
        let text = json(bytes, |rng| serde_json::to_value(sample(rng, testkit::manifest())))?;
        serde_json::from_str::<PodManifest>(&text).ok()
    };
    let Some(first) = read(one) else { return };
    let config = Arc::new(KubeletConfig::default());
    let Ok(mut pod) = PodMachine::from_object(&first, config.clone(), START, &mut NoSink) else { return };
    let mut second = read(other).unwrap_or_else(|| first.clone());
    if bytes.first().is_some_and(|first| first % 2 == 0) {
        // Mostly the spec differs too much to be of the same Pod.
        second.spec.clone_from(&first.spec);
        second.metadata.name.clone_from(&first.metadata.name);
        second.metadata.namespace.clone_from(&first.metadata.namespace);
        second.metadata.uid.clone_from(&first.metadata.uid);
    }
    let before = pod.clone();
    if pod.observe(START, &second, &mut NoSink).is_err() {
        assert_eq!(pod, before, "an object that was refused has changed something");
    }
    pod.handle_timeout(START + Duration::from_secs(100), &mut NoSink);
    second.status = pod.status();
    let runtime = pod.runtime().clone();
    let _ = PodMachine::resume(&second, runtime, &mut ContainerIds::default(), config, START, &mut NoSink);
}
