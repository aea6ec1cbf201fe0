//! How large things are: a million Pods have to fit into a machine.

use std::mem::size_of;

use pod_lifecycle::{
    Pod, Timestamp,
    spec::ContainerIndex,
    state::{ContainerRecord, ContainerState, Instance, InstanceId},
};

#[test]
fn a_pod_takes_128_bytes() {
    assert!(size_of::<Pod>() <= 128, "{}", size_of::<Pod>());
}

#[test]
fn what_is_kept_of_a_container_takes_96_bytes() {
    /// The size of what the machine keeps of a container beside its record and its instance.
    const SLOT: usize = 16;
    let sizes = [size_of::<Option<ContainerRecord>>(), size_of::<Instance>(), SLOT];
    assert!(sizes.iter().sum::<usize>() <= 96, "record, instance and slot take {sizes:?}");
}

#[test]
fn what_may_be_missing_takes_no_room_for_that() {
    assert_eq!(size_of::<Option<Timestamp>>(), size_of::<Timestamp>());
    assert_eq!(size_of::<Option<InstanceId>>(), size_of::<InstanceId>());
    assert_eq!(size_of::<Option<ContainerRecord>>(), size_of::<ContainerRecord>());
    assert_eq!(size_of::<Option<ContainerState>>(), size_of::<ContainerState>());
    assert_eq!(size_of::<ContainerIndex>(), 2);
}
