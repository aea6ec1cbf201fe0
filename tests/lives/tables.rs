//! The tables of moves, and that random lives come by all of them.
//!
//! A table lists every pair of states between which a *published* change may be seen, whatever lay between; what is not
//! listed is refused, staying where one is included. Terminal phases and the last state of a worker lead nowhere.

use std::{fmt::Debug, sync::OnceLock};

use pod_lifecycle::{
    CONTAINER_MOVES, ContainerStateKind, PHASE_MOVES, WORKER_MOVES, WorkerState,
    api::{Name, PodPhase},
    testkit::{self, Reached, WatchedDriver},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

#[test]
fn phases_move_as_the_documentation_says() {
    use PodPhase::{Failed, Pending, Running, Succeeded, Unknown};
    walk(PHASE_MOVES, |from, to| match (from, to) {
        (Succeeded | Failed, _) => false,
        (Pending, Running | Succeeded | Failed | Unknown) => true,
        (Running, Pending | Succeeded | Failed | Unknown) => true,
        (Unknown, Pending | Running | Succeeded | Failed) => true,
        (Pending | Running | Unknown, _) => false,
    });
}

#[test]
fn a_container_goes_from_any_state_to_any_other() {
    walk(CONTAINER_MOVES, |from: ContainerStateKind, to| from != to);
}

#[test]
fn a_worker_never_goes_back() {
    walk(WORKER_MOVES, |from: WorkerState, to| {
        use WorkerState::{Finished, Syncing, Terminated, Terminating};
        matches!((from, to), (Syncing, Terminating | Finished) | (Terminating, Terminated) | (Terminated, Finished))
    });
    let place = |state: WorkerState| WorkerState::ALL.iter().position(|other| *other == state);
    assert!(WORKER_MOVES.iter().all(|&(from, to)| place(from) < place(to)));
}

#[test]
fn lives_come_by_every_move_of_a_phase_that_a_kubelet_makes() {
    let of_observers = |(from, to): &(PodPhase, PodPhase)| *from == PodPhase::Unknown || *to == PodPhase::Unknown;
    let never = |moves: &(PodPhase, PodPhase)| !seen().phases.contains(moves) && !of_observers(moves);
    assert_eq!(PHASE_MOVES.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn lives_come_by_every_move_of_a_container() {
    let never = |moves: &(ContainerStateKind, ContainerStateKind)| !seen().containers.contains(moves);
    assert_eq!(CONTAINER_MOVES.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn lives_come_by_every_state_of_a_worker() {
    let reached = |state: &WorkerState| seen().workers.iter().any(|(from, to)| from == state || to == state);
    // Terminated is gone through within a step: whoever ends after terminating was there.
    assert!(seen().workers.contains(&(WorkerState::Terminating, WorkerState::Finished)));
    let never = |state: &WorkerState| !reached(state) && *state != WorkerState::Terminated;
    assert_eq!(WorkerState::ALL.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn lives_come_by_every_kind_of_refusal() {
    let kinds = [
        "NoSuchContainer",
        "UnknownInstance",
        "UnknownSandbox",
        "Unasked",
        "Immutable",
        "ListedTwice",
        "NotTerminal",
        "NotActive",
        "Critical",
        "Gone",
    ];
    let never = |kind: &&str| !seen().refused.contains(kind);
    assert_eq!(kinds.into_iter().filter(never).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Walks all pairs: each is allowed or refused as it ought to be, and none is listed twice.
fn walk<T: Name + Debug>(moves: &[(T, T)], ought: impl Fn(T, T) -> bool) {
    for &from in T::ALL {
        for &to in T::ALL {
            let listed = moves.iter().filter(|&&listed| listed == (from, to)).count();
            assert_eq!(listed, usize::from(ought(from, to)), "from {} to {}", from.name(), to.name());
        }
    }
}

/// What the same lives come by, each time.
fn seen() -> &'static Reached {
    static SEEN: OnceLock<Reached> = OnceLock::new();
    SEEN.get_or_init(|| {
        let mut all = Reached::default();
        for seed in 0..1_500_u64 {
            let seen = live(seed);
            all.phases.extend(seen.phases);
            all.containers.extend(seen.containers);
            all.workers.extend(seen.workers);
            all.refused.extend(seen.refused);
        }
        all
    })
}

fn live(seed: u64) -> Reached {
    let bytes = [seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), seed].map(u64::to_le_bytes).concat();
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let lives = (testkit::spec(), testkit::config());
    let lives = lives.prop_flat_map(|(spec, config)| (Just(spec.clone()), Just(config), testkit::moves(spec, 150)));
    let (spec, config, moves) = lives.new_tree(&mut runner).unwrap().current();
    let mut life = WatchedDriver::begin(spec, config).unwrap();
    for next in &moves {
        // What is broken is the business of the invariants.
        if life.play(next).is_err() {
            break;
        }
    }
    life.reached
}
