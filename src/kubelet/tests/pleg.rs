//! The generic PLEG.

use alloc::vec::Vec;
use core::time::Duration;

use super::{FIRST, at, exited, instance, running, sandbox};
use crate::{
    config::Timing,
    kubelet::pleg::{Pleg, PlegEvent},
    spec::ContainerIndex,
    state::{InstanceState, RuntimeStatus},
};

/// A poll at 0.4, 1.4, 2.4, … s of a Pod that comes at 0.
fn poll(relist_after_sync: bool) -> Pleg {
    let phase = Duration::from_millis(400);
    Pleg::new(RuntimeStatus::default(), Timing::GenericPleg { phase, relist_after_sync }, true, at(0))
}

fn put(pleg: &mut Pleg, millis: u64, container: ContainerIndex, state: InstanceState) {
    let runtime = pleg.change(at(millis));
    runtime.instances.retain(|known| known.container != Some(container));
    runtime.instances.insert(0, instance(container, state));
}

#[test]
fn a_change_is_seen_with_the_next_relist_and_not_before() {
    let mut pleg = poll(false);
    put(&mut pleg, 1_000, FIRST, running());
    assert!(pleg.cache().instances.is_empty());
    assert_eq!(pleg.next_relist(false), Some(at(1_400)));
    assert_eq!(pleg.relist(at(1_400)), [PlegEvent::Started]);
    assert_eq!(pleg.cache().instances.len(), 1);
    assert_eq!(pleg.next_relist(false), None);
}

#[test]
fn a_change_at_the_very_instant_of_a_relist_waits_for_the_one_after_it() {
    let mut pleg = poll(false);
    put(&mut pleg, 1_400, FIRST, running());
    assert_eq!(pleg.next_relist(false), Some(at(2_400)));
}

#[test]
fn a_container_that_starts_and_dies_between_two_relists_has_only_died() {
    let mut pleg = poll(false);
    put(&mut pleg, 500, FIRST, running());
    put(&mut pleg, 600, FIRST, exited());
    assert_eq!(pleg.relist(at(1_400)), [PlegEvent::Died(Some(FIRST))]);
}

#[test]
fn containers_come_in_the_order_of_their_creation_and_then_sandboxes() {
    let (mut pleg, second) = (poll(false), ContainerIndex::from(1));
    pleg.change(at(500)).sandboxes.push(sandbox());
    put(&mut pleg, 500, FIRST, exited());
    put(&mut pleg, 600, second, running());
    let found = [PlegEvent::Died(Some(FIRST)), PlegEvent::Started, PlegEvent::Started];
    assert_eq!(pleg.relist(at(1_400)), found);
}

#[test]
fn a_sync_begins_only_after_a_relist_since_the_end_of_the_one_before() {
    let mut pleg = poll(false);
    assert!(!pleg.allows_sync(at(399)));
    assert!(pleg.allows_sync(at(400)));
    assert!(!pleg.record_sync_end(false, at(1_400)));
    assert!(!pleg.allows_sync(at(2_399)));
    assert!(pleg.allows_sync(at(2_400)));
}

#[test]
fn a_sync_that_has_acted_requests_a_relist() {
    assert!(poll(false).record_sync_end(true, at(1_500)));
    // The relist of this very instant has served it.
    assert!(!poll(false).record_sync_end(true, at(1_400)));

    let mut as_on_a_real_node = poll(true);
    assert!(!as_on_a_real_node.record_sync_end(true, at(1_500)));
    assert_eq!(as_on_a_real_node.next_relist(false), Some(at(1_500) + Duration::from_micros(1)));
}

#[test]
fn under_ideal_timing_every_change_is_seen_at_once() {
    let mut pleg = Pleg::new(RuntimeStatus::default(), Timing::Ideal, false, at(0));
    put(&mut pleg, 1, FIRST, running());
    assert_eq!(pleg.cache().instances.len(), 1);
    assert!(pleg.allows_sync(at(1)));
    assert_eq!((pleg.next_relist(true), pleg.relist(at(1))), (None, Vec::new()));
}

#[test]
fn a_clock_that_is_set_back_starts_no_sync_at_once() {
    let mut pleg = poll(false);
    pleg.relist(at(10_000));
    assert!(!pleg.record_sync_end(false, at(5_000)));
    assert!(!pleg.allows_sync(at(5_000)), "the relist at 10 s is yet to come, by this clock");
    assert!(pleg.allows_sync(at(5_400)));
}

#[test]
fn requested_relists_are_limited_within_a_second() {
    let mut pleg = poll(true);
    let mut relists = 0_u64;
    while relists < 100 {
        pleg.record_sync_end(true, at(1_000));
        if !pleg.awaits_requested_relist() {
            break;
        }
        pleg.relist(at(1_001));
        relists += 1;
    }
    assert_eq!(relists, 16);
    pleg.record_sync_end(true, at(2_000));
    assert!(pleg.awaits_requested_relist());
}
