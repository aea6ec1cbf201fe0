//! Restart of the kubelet.

use alloc::{sync::Arc, vec::Vec};

use super::{at, one_container};
use crate::{
    config::KubeletConfig,
    event::{ApiEvent, Event, NodeEvent},
    kubelet::{Output, PodMachine, Step, WorkerState},
};

#[test]
fn a_pod_that_was_deleted_while_the_sync_loop_was_blocked_is_terminated_by_the_next_kubelet() {
    let mut out: Vec<Output> = Vec::new();
    let mut pod = PodMachine::new(one_container(), Arc::new(KubeletConfig::default()), at(0), &mut out);
    pod.handle_event(at(0), Event::Node(NodeEvent::Preempted), &mut out).unwrap();
    assert!(pod.kubelet.queue.is_blocked(), "the preemption blocks the sync loop");
    let deleted = ApiEvent::Deleted { grace_seconds: 20, generation: None };
    pod.handle_event(at(0), Event::Api(deleted), &mut out).unwrap();
    assert!(pod.kubelet.queue.newest_object().is_some(), "the deletion is not handled yet");
    pod.sync_loop().restart_kubelet(&mut Step { now: at(1_000), out: &mut out });
    assert_eq!(pod.worker_state(), WorkerState::Terminating);
    assert!(pod.is_deleting());
}
