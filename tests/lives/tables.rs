//! Transition tables, and that random runs cover all of their entries.
//!
//! A table lists every pair of states between which a *published* transition may occur, whatever happened in between. No
//! other transition occurs. Terminal phases and the final worker state have none.

use std::{fmt::Debug, sync::OnceLock};

use pod_lifecycle::{
    CONTAINER_MOVES, ContainerStateKind, PHASE_MOVES, WORKER_MOVES, WorkerState,
    api::{Name, PodPhase},
    testkit::{self, CheckedDriver, Coverage},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

#[test]
fn phase_transitions_are_those_of_the_documentation() {
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
fn a_container_may_change_from_any_state_to_any_other() {
    walk(CONTAINER_MOVES, |from: ContainerStateKind, to| from != to);
}

#[test]
fn the_worker_state_only_advances() {
    walk(WORKER_MOVES, |from: WorkerState, to| {
        use WorkerState::{Finished, Rejected, Syncing, Terminated, Terminating};
        matches!(
            (from, to),
            (Rejected, Syncing | Terminating | Terminated)
                | (Syncing, Terminating)
                | (Terminating, Terminated)
                | (Terminated, Finished)
        )
    });
    let index = |state: WorkerState| WorkerState::ALL.iter().position(|other| *other == state);
    assert!(WORKER_MOVES.iter().all(|&(from, to)| index(from) < index(to)));
}

#[test]
fn random_runs_cover_every_phase_transition_of_a_kubelet() {
    let of_observers = |(from, to): &(PodPhase, PodPhase)| *from == PodPhase::Unknown || *to == PodPhase::Unknown;
    let never = |moves: &(PodPhase, PodPhase)| !seen().phases.contains(moves) && !of_observers(moves);
    assert_eq!(PHASE_MOVES.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn random_runs_cover_every_container_transition() {
    let never = |moves: &(ContainerStateKind, ContainerStateKind)| !seen().containers.contains(moves);
    assert_eq!(CONTAINER_MOVES.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn random_runs_cover_every_worker_state() {
    let reached = |state: &WorkerState| seen().workers.iter().any(|(from, to)| from == state || to == state);
    // A worker passes through Terminated within one step.
    assert!(seen().workers.contains(&(WorkerState::Terminating, WorkerState::Finished)));
    let never = |state: &WorkerState| !reached(state) && *state != WorkerState::Terminated;
    assert_eq!(WorkerState::ALL.iter().copied().filter(never).collect::<Vec<_>>(), []);
}

#[test]
fn random_runs_cover_every_kind_of_refusal() {
    let kinds = [
        "NoSuchContainer",
        "UnknownInstance",
        "UnknownSandbox",
        "Unasked",
        "Immutable",
        "ListedTwice",
        "ListedOutOfOrder",
        "NotTerminal",
        "NotActive",
        "Critical",
        "Gone",
    ];
    let never = |kind: &&str| !seen().refused.contains(kind);
    assert_eq!(kinds.into_iter().filter(never).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Checks for all pairs of states that exactly the expected ones are listed, and once.
fn walk<T: Name + Debug>(moves: &[(T, T)], expected: impl Fn(T, T) -> bool) {
    for &from in T::ALL {
        for &to in T::ALL {
            let listed = moves.iter().filter(|&&listed| listed == (from, to)).count();
            assert_eq!(listed, usize::from(expected(from, to)), "from {} to {}", from.name(), to.name());
        }
    }
}

/// Returns the coverage of 1,500 random runs, the same each time.
fn seen() -> &'static Coverage {
    static SEEN: OnceLock<Coverage> = OnceLock::new();
    SEEN.get_or_init(|| {
        let mut all = Coverage::default();
        for seed in 0..1_500_u64 {
            let seen = run(seed);
            all.phases.extend(seen.phases);
            all.containers.extend(seen.containers);
            all.workers.extend(seen.workers);
            all.refused.extend(seen.refused);
        }
        all
    })
}

fn run(seed: u64) -> Coverage {
    let bytes = [seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), seed].map(u64::to_le_bytes).concat();
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let pods = (testkit::spec(), testkit::config());
    let runs = pods.prop_flat_map(|(spec, config)| (Just(spec.clone()), Just(config), testkit::steps(spec, 150)));
    let (spec, config, steps) = runs.new_tree(&mut runner).unwrap().current();
    let mut run = CheckedDriver::new(spec, config).unwrap();
    for step in &steps {
        // `invariants.rs` reports violations.
        if run.apply(step).is_err() {
            break;
        }
    }
    run.coverage().clone()
}
