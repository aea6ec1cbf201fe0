//! Disruptions of Pods: each has a scenario in `examples/scenarios`, and its tests here.

mod api;
mod before_the_node;
mod changes;
mod node;
mod node_lost;
mod played_scenario;

use played_scenario::PlayedScenario;
use pod_lifecycle::{Change, PHASE_MOVES, sim::EntryKind};

#[test]
fn every_example_can_be_played_has_a_description_and_follows_the_phase_table() {
    let mut moves = 0;
    for name in played_scenario::names() {
        let played = PlayedScenario::of(&name);
        assert!(!played.description.is_empty(), "{name} does not say what it shows");
        for entry in &played.timeline.entries {
            let EntryKind::Transition(transition) = &entry.kind else { continue };
            let Change::Phase { from: Some(from), to } = transition.change else { continue };
            moves += 1;
            assert!(PHASE_MOVES.contains(&(from, to)), "{name}: from {from} to {to}");
        }
    }
    assert!(moves > 20, "only {moves} moves were seen: does this test still read the scenarios?");
}

#[test]
fn every_transition_changes_a_value() {
    let mut conditions = 0;
    for name in played_scenario::names() {
        for entry in &PlayedScenario::of(&name).timeline.entries {
            let EntryKind::Transition(transition) = &entry.kind else { continue };
            match transition.change {
                Change::Phase { from, to } => assert_ne!(from, Some(to), "{name}"),
                Change::Condition { condition, from, to, .. } => {
                    conditions += 1;
                    assert_ne!(from, Some(to), "{name}: {condition:?}");
                }
                // A container may go from one instance that runs to the next.
                _ => {}
            }
        }
    }
    assert!(conditions > 100, "only {conditions} changes of conditions were seen");
}

#[test]
fn transitions_match_the_published_statuses() {
    for name in played_scenario::names() {
        let played = PlayedScenario::of(&name);
        let published = played.timeline.entries.iter().rev().find_map(|entry| {
            let EntryKind::Transition(transition) = &entry.kind else { return None };
            let Change::Phase { to, .. } = transition.change else { return None };
            Some(to.to_string())
        });
        let shown = played.phases().last().map(|(_, phase)| phase.clone());
        assert_eq!(published.unwrap_or("Pending".into()), shown.unwrap(), "{name}");
    }
}
