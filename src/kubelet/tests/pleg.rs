//! The generic PLEG.

use alloc::vec::Vec;
use core::time::Duration;

use super::{FIRST, at, exited, instance, running, sandbox};
use crate::{
    config::Timing,
    kubelet::{
        pleg::{RelistRequest, RuntimeCache},
        sync_loop_queue::PlegEvent,
    },
    spec::ContainerIndex,
    state::{InstanceState, RuntimeStatus},
};

/// A poll at 0.4, 1.4, 2.4, … s of a Pod that comes at 0.
fn poll(relist_after_sync: bool) -> RuntimeCache {
    let phase = Duration::from_millis(400);
    RuntimeCache::new(RuntimeStatus::default(), Timing::GenericPleg { phase, relist_after_sync }, at(0))
}

fn put(cache: &mut RuntimeCache, millis: u64, container: ContainerIndex, state: InstanceState) {
    let runtime = cache.change(at(millis));
    runtime.instances.retain(|known| known.container != Some(container));
    runtime.instances.insert(0, instance(container, state));
}

#[test]
fn a_change_is_seen_with_the_next_relist_and_not_before() {
    let mut cache = poll(false);
    put(&mut cache, 1_000, FIRST, running());
    assert!(cache.seen().instances.is_empty());
    assert_eq!(cache.next_relist(false), Some(at(1_400)));
    assert_eq!(cache.relist(at(1_400)), [PlegEvent::Started]);
    assert_eq!(cache.seen().instances.len(), 1);
    assert_eq!(cache.next_relist(false), None);
}

#[test]
fn a_change_at_the_very_instant_of_a_relist_waits_for_the_one_after_it() {
    let mut cache = poll(false);
    put(&mut cache, 1_400, FIRST, running());
    assert_eq!(cache.next_relist(false), Some(at(2_400)));
}

#[test]
fn a_container_that_starts_and_dies_between_two_relists_has_only_died() {
    let mut cache = poll(false);
    put(&mut cache, 500, FIRST, running());
    put(&mut cache, 600, FIRST, exited());
    assert_eq!(cache.relist(at(1_400)), [PlegEvent::Died(Some(FIRST))]);
}

#[test]
fn containers_are_told_of_in_the_order_of_their_creation_and_then_sandboxes() {
    let (mut cache, second) = (poll(false), ContainerIndex::from(1));
    cache.change(at(500)).sandboxes.push(sandbox());
    put(&mut cache, 500, FIRST, exited());
    put(&mut cache, 600, second, running());
    let found = [PlegEvent::Died(Some(FIRST)), PlegEvent::Started, PlegEvent::Started];
    assert_eq!(cache.relist(at(1_400)), found);
}

#[test]
fn a_sync_begins_only_after_a_relist_since_the_end_of_the_one_before() {
    let mut cache = poll(false);
    assert!(!cache.allows_sync(at(399)));
    assert!(cache.allows_sync(at(400)));
    assert_eq!(cache.note_sync_end(false, at(1_400)), RelistRequest::None);
    assert!(!cache.allows_sync(at(2_399)));
    assert!(cache.allows_sync(at(2_400)));
}

#[test]
fn a_sync_that_has_done_something_asks_for_a_relist_out_of_turn() {
    assert_eq!(poll(false).note_sync_end(true, at(1_500)), RelistRequest::Now);
    // The relist of this very instant has served it.
    assert_eq!(poll(false).note_sync_end(true, at(1_400)), RelistRequest::None);

    let mut as_on_a_real_node = poll(true);
    assert_eq!(as_on_a_real_node.note_sync_end(true, at(1_500)), RelistRequest::None);
    assert_eq!(as_on_a_real_node.next_relist(false), Some(at(1_500) + Duration::from_micros(1)));
}

#[test]
fn under_ideal_timing_everything_is_seen_as_it_happens() {
    let mut cache = RuntimeCache::new(RuntimeStatus::default(), Timing::Ideal, at(0));
    put(&mut cache, 1, FIRST, running());
    assert_eq!(cache.seen().instances.len(), 1);
    assert!(cache.allows_sync(at(1)));
    assert_eq!((cache.next_relist(true), cache.relist(at(1))), (None, Vec::new()));
}

#[test]
fn a_clock_that_is_set_back_makes_no_sync_follow_the_other_at_once() {
    let mut cache = poll(false);
    cache.relist(at(10_000));
    assert_eq!(cache.note_sync_end(false, at(5_000)), RelistRequest::None);
    assert!(!cache.allows_sync(at(5_000)), "the relist at 10 s is yet to come, by this clock");
    assert!(cache.allows_sync(at(5_400)));
}

#[test]
fn relists_out_of_turn_come_to_an_end_within_a_second_and_begin_anew_in_the_next() {
    let mut cache = poll(true);
    let mut relists = 0_u64;
    while relists < 100 {
        cache.note_sync_end(true, at(1_000));
        if !cache.awaits_requested_relist() {
            break;
        }
        cache.relist(at(1_001));
        relists += 1;
    }
    assert_eq!(relists, 16);
    cache.note_sync_end(true, at(2_000));
    assert!(cache.awaits_requested_relist());
}
