//! Recorded lives, saved and restored in the middle: their future stays the same, byte for byte.

use std::{path::Path, sync::Arc};

use pod_lifecycle::{
    PodMachine, PodSnapshot,
    sim::{Scenario, Simulation, SimulationSnapshot},
};
use pod_lifecycle_conformance::{self as recordings, lives};
use serde::{Serialize, de::DeserializeOwned};

use crate::{FEWER, STRIDE};

/// Steps after which the whole life is saved, restored, and lived to its end.
const SAVED_EVERY: usize = 61;

fn scenarios() -> impl Iterator<Item = Scenario> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let lives = recordings::recordings(&vectors.join("lives")).unwrap();
    let harder = recordings::recordings(&vectors.join("harder")).unwrap();
    let with_volumes = harder.into_iter().filter(|recording| recording.name.ends_with("volumes"));
    lives.into_iter().chain(with_volumes).flat_map(|recording| {
        let lines = recordings::lines(&recording).unwrap().map(Result::unwrap);
        lines.filter(lives::is_life).map(|line| lives::scenario(&line).unwrap()).collect::<Vec<_>>()
    })
}

/// In the compact format there and back.
fn through_postcard<T: Serialize + DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_stdvec(value).unwrap()).unwrap()
}

/// In the readable format there and back.
fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}

#[test]
fn at_every_step_of_every_recorded_life_the_restored_pod_is_the_same_pod() {
    let mut steps = 0_usize;
    for scenario in scenarios().step_by(STRIDE) {
        let config = Arc::new(scenario.kubelet_config().unwrap());
        let mut life = scenario.simulate().unwrap();
        loop {
            if let Some(pod) = life.pod() {
                let written = pod.snapshot();
                let read: PodSnapshot =
                    if steps.is_multiple_of(16) { through_json(&written) } else { through_postcard(&written) };
                let restored = PodMachine::restore(read, config.clone()).unwrap();
                assert_eq!(&restored, pod);
                assert_eq!(restored.poll_timeout(), pod.poll_timeout());
            }
            steps += 1;
            if life.step().unwrap().is_none() {
                break;
            }
        }
    }
    assert!(steps > 50_000 / FEWER, "only {steps} steps were lived");
}

#[test]
fn a_recorded_life_that_is_restored_ends_as_it_would_have_ended() {
    let (mut steps, mut restored) = (0_usize, 0_usize);
    for scenario in scenarios().step_by(STRIDE) {
        let timeline = scenario.play().unwrap();
        let mut life = scenario.simulate().unwrap();
        while life.step().unwrap().is_some() {
            steps += 1;
            if steps.is_multiple_of(SAVED_EVERY) {
                let written = life.snapshot();
                let read: SimulationSnapshot =
                    if steps.is_multiple_of(2) { through_json(&written) } else { through_postcard(&written) };
                assert_eq!(Simulation::restore(read).unwrap().play().unwrap(), timeline);
                restored += 1;
            }
        }
    }
    assert!(restored > 100 / FEWER, "only {restored} lives were restored");
}
