//! Whatever ends or disturbs a Pod: each event has a scenario in `examples/scenarios`, and is told here.

mod api;
mod before_the_node;
mod changes;
mod node;
mod node_lost;
mod story;

use pod_lifecycle::{Change, PHASE_MOVES, sim::What};
use story::Story;

#[test]
fn every_scenario_can_be_played_says_what_it_shows_and_moves_through_phases_as_the_table_allows() {
    let mut moves = 0;
    for name in story::names() {
        let story = Story::of(&name);
        assert!(!story.description.is_empty(), "{name} does not say what it shows");
        for entry in &story.timeline.entries {
            let What::Changed(transition) = &entry.what else { continue };
            let Change::Phase { from: Some(from), to } = transition.change else { continue };
            moves += 1;
            assert!(PHASE_MOVES.contains(&(from, to)), "{name}: from {from} to {to}");
        }
    }
    assert!(moves > 20, "only {moves} moves were seen: does this test still read the scenarios?");
}

#[test]
fn whatever_is_told_to_change_was_something_else_before() {
    let mut conditions = 0;
    for name in story::names() {
        for entry in &Story::of(&name).timeline.entries {
            let What::Changed(transition) = &entry.what else { continue };
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
fn what_is_told_to_change_is_what_the_published_statuses_show() {
    for name in story::names() {
        let story = Story::of(&name);
        let told = story.timeline.entries.iter().rev().find_map(|entry| {
            let What::Changed(transition) = &entry.what else { return None };
            let Change::Phase { to, .. } = transition.change else { return None };
            Some(to.to_string())
        });
        let shown = story.phases().last().map(|(_, phase)| phase.clone());
        assert_eq!(told.unwrap_or("Pending".into()), shown.unwrap(), "{name}");
    }
}
