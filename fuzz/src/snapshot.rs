//! Any snapshot: a Pod that lives on, or an error.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    NoSink, PodMachine, PodSnapshot, Timestamp,
    config::KubeletConfig,
    event::{ApiEvent, Event},
    spec::PodSpec,
    testkit,
};
use proptest::prelude::*;

use super::{json, sample};

/// Reads bytes as a snapshot, in the compact format or as JSON; what can be restored lives on for a while.
pub fn snapshot(bytes: &[u8]) {
    let (spec, config, moves) = sample(bytes, lives());
    let written = json(bytes, |_| {
        let mut life = testkit::RandomDriver::new(spec.clone(), config.clone(), &mut Vec::new());
        for next in &moves {
            let _ = life.apply(next, &mut Vec::new());
        }
        serde_json::to_value(life.pod.snapshot())
    });
    if let Some(snapshot) = written.and_then(|text| serde_json::from_str::<PodSnapshot>(&text).ok()) {
        restore(snapshot, &config);
    }
    if let Ok(snapshot) = postcard::from_bytes::<PodSnapshot>(bytes) {
        restore(snapshot, &config);
    }
}

fn lives() -> impl Strategy<Value = (Arc<PodSpec>, Arc<KubeletConfig>, Vec<testkit::Step>)> {
    (testkit::spec(), testkit::config()).prop_flat_map(|(spec, config)| {
        let moves = testkit::steps(spec.clone(), 40);
        (Just(spec), Just(config), moves)
    })
}

fn restore(snapshot: PodSnapshot, config: &Arc<KubeletConfig>) {
    let Ok(mut pod) = PodMachine::restore(snapshot, config.clone()) else { return };
    assert_eq!(pod.poll_timeout(), pod.next_wake().map(|(at, _)| at));
    let mut now = Timestamp::from_unix_seconds(1_772_366_400);
    for round in 0..20 {
        now = now + Duration::from_secs(7 * round);
        pod.handle_timeout(now, &mut NoSink);
        let next = pod.poll_timeout();
        assert!(next.is_none_or(|at| at > now), "{next:?} is due at {now:?}");
        if round == 10 {
            let deleted = Event::Api(ApiEvent::Deleted { grace_seconds: 3, generation: None });
            let _ = pod.handle_event(now, deleted, &mut NoSink);
        }
    }
    let _ = (pod.status(), pod.explain(now));
    let again = PodMachine::restore(pod.snapshot(), config.clone());
    assert_eq!(again.as_ref(), Ok(&pod), "what lives on can be written down again");
}
