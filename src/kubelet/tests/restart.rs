//! A kubelet that restarts.

use alloc::{sync::Arc, vec::Vec};

use super::{at, one_container};
use crate::{
    config::KubeletConfig,
    event::{ApiEvent, Event, NodeEvent},
    kubelet::{Output, PodMachine, Step, WorkerState},
};

#[test]
fn a_pod_that_was_deleted_while_the_old_kubelet_was_busy_is_ended_by_the_new_one() {
    let mut out: Vec<Output> = Vec::new();
    let mut pod = PodMachine::new(one_container(), Arc::new(KubeletConfig::default()), at(0), &mut out);
    pod.handle_event(at(0), Event::Node(NodeEvent::Preempted), &mut out).unwrap();
    assert!(pod.parts.inbox.is_busy(), "it waits for the end of what it preempts");
    let deleted = ApiEvent::Deleted { grace_seconds: 20, generation: None };
    pod.handle_event(at(0), Event::Api(deleted), &mut out).unwrap();
    assert!(pod.parts.inbox.newest_object().is_some(), "the deletion is not heard yet");
    pod.restart_kubelet(&mut Step { now: at(1_000), out: &mut out });
    assert_eq!(pod.worker_state(), WorkerState::Terminating);
    assert!(pod.is_deleting());
}
