//! What is kept of a Pod is small.

use core::mem::size_of;

use pod_lifecycle::{
    PodMachine, Timestamp,
    rule::{back_off::BackOff, probe::ProbeWorker, started_and_ready::ProbeFacts},
    spec::ContainerIndex,
    state::{Condition, ContainerRecord, Instance, PodConditions, RecordedState, Sandbox},
};

#[test]
fn a_pod_takes_no_more_than_128_bytes() {
    assert!(size_of::<PodMachine>() <= 128, "{}", size_of::<PodMachine>());
}

#[test]
fn a_container_takes_no_more_than_96_bytes() {
    /// What the machine keeps of a container beside its record and its instance.
    const SLOT: usize = 16;
    assert_eq!(size_of::<ContainerRecord>(), 48);
    assert_eq!(size_of::<Option<ContainerRecord>>(), 48);
    assert_eq!(size_of::<Instance>(), 32);
    assert!(size_of::<ContainerRecord>() + size_of::<Instance>() + SLOT <= 96);
}

#[test]
fn the_pieces_are_packed() {
    assert_eq!(size_of::<Option<Timestamp>>(), 8);
    assert_eq!(size_of::<Option<ContainerIndex>>(), 2);
    assert_eq!(size_of::<Option<RecordedState>>(), 16);
    assert_eq!(size_of::<BackOff>(), 16);
    assert!(size_of::<ProbeWorker>() <= 16);
    assert!(size_of::<ProbeFacts>() <= 8);
    assert!(size_of::<Sandbox>() <= 12);
}

#[test]
fn conditions_carry_no_text() {
    assert!(size_of::<Condition>() <= 32);
    assert!(size_of::<PodConditions>() <= 5 * size_of::<Condition>());
}
