//! What of the kubelet's own status may be published.

use alloc::sync::Arc;

use crate::{
    api::PodPhase,
    kubelet::status_manager::{Knowledge, StatusManager, StatusReason},
    state::ConditionType,
};

use super::{at, one_container};

/// What a kubelet that shows `Running` has computed last.
fn computed(phase: PodPhase, reason: &str) -> StatusManager {
    let mut status = StatusManager::new();
    status.published.phase = Some(PodPhase::Running);
    Arc::make_mut(&mut status.record).phase = phase;
    status.why = Some(StatusReason::new(reason, ""));
    status
}

#[test]
fn a_terminal_phase_and_its_reason_are_held_back_while_containers_may_run() {
    let status = computed(PodPhase::Failed, "DeadlineExceeded");
    assert_eq!(status.publishable(true), (PodPhase::Running, None));
    assert_eq!(status.publishable(false), (PodPhase::Failed, status.why.clone()));
}

#[test]
fn a_published_terminal_phase_stays_whatever_is_computed_after_it() {
    let mut status = computed(PodPhase::Running, "");
    let evicted = Some(StatusReason::new("Evicted", "The node was low on resource: memory."));
    (status.published.phase, status.published.why) = (Some(PodPhase::Failed), evicted.clone());
    assert_eq!(status.publishable(true), (PodPhase::Failed, evicted.clone()));
    assert_eq!(status.publishable(false), (PodPhase::Failed, evicted));
}

#[test]
fn transition_times_are_whole_seconds_as_the_api_has_them() {
    let mut status = StatusManager::new();
    status.set_since(ConditionType::Ready, Some(at(1_999)));
    assert_eq!(status.since(ConditionType::Ready), Some(at(1_000)));
    assert_eq!(status.since(ConditionType::Initialized), None);
}

#[test]
fn a_restarted_kubelet_knows_what_is_published_and_nothing_more() {
    let mut status = computed(PodPhase::Failed, "Evicted");
    status.disruption = Some("The node was low on resource: memory.".into());
    status.forget();
    assert_eq!((status.record.phase, status.why.clone(), status.disruption.clone()), (PodPhase::Running, None, None));
    assert!(status.computed().is_none());
}

#[test]
fn a_container_that_is_added_gets_its_place_in_a_status_that_was_computed() {
    let spec = one_container();
    let mut status = StatusManager::new();
    status.fit(&spec);
    assert!(status.record.records.is_empty(), "nothing was computed yet");
    status.knowledge = Knowledge::Computed;
    status.fit(&spec);
    assert_eq!(status.record.records.len(), 1);
}
