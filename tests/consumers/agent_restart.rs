//! An agent that restarts while its Pod lives: what was published and what the runtime has is all that it finds.

use std::sync::Arc;

use pod_lifecycle::{
    Output, PodMachine, Timestamp,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ContainerExit, Event, RuntimeEvent},
    state::{ContainerIds, RuntimeStatus},
};
use serde_json::json;

use super::runtime::Runtime;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What an agent that has run the Pod since noon leaves behind: the object with its status, and the runtime.
fn left_behind() -> (PodManifest, RuntimeStatus) {
    let mut object: PodManifest = serde_json::from_value(json!({
        "metadata": {"name": "web", "uid": "u-1"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1.27"}]},
    }))
    .unwrap();
    let (mut out, mut runtime) = (Vec::new(), Runtime::default());
    let start = at("2026-03-01T12:00:00Z");
    let mut pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), start, &mut out).unwrap();
    live(&mut pod, start, &mut out, &mut runtime);
    assert_eq!(pod.phase(), PodPhase::Running);
    object.status = pod.status();
    (object, pod.runtime().clone())
}

/// Carries out what is asked for, until nothing is.
fn live(pod: &mut PodMachine, now: Timestamp, out: &mut Vec<Output>, runtime: &mut Runtime) {
    loop {
        for output in out.drain(..) {
            if let Output::Action(action) = output {
                runtime.carry_out(action);
            }
        }
        match runtime.events.pop_front() {
            Some(event) => pod.handle_event(now, Event::Runtime(event), out).unwrap(),
            None if out.is_empty() => return,
            None => {}
        }
    }
}

#[test]
fn a_restarted_agent_goes_on_where_the_last_one_was() {
    let (object, listed) = left_behind();
    let (now, mut out, mut runtime) = (at("2026-03-01T13:00:00Z"), Vec::new(), Runtime::default());
    let config = Arc::new(KubeletConfig::default());
    let mut ids = ContainerIds::default();
    let mut pod = PodMachine::resume(&object, listed, &mut ids, config, now, &mut out).unwrap();
    let events: Vec<_> = out.iter().filter(|output| matches!(output, Output::Event(_))).collect();
    assert!(events.is_empty(), "nothing has happened: {events:?}");
    live(&mut pod, now, &mut out, &mut runtime);
    assert_eq!(runtime.asked, [], "what runs is not started again");
    assert_eq!(pod.status().start_time, object.status.start_time);

    // Its container ends afterwards, and is started again, for the first time.
    let instance = pod.runtime().instances[0].id;
    let exit = ContainerExit::with_code(1);
    let exited = RuntimeEvent::ContainerExited { container: 0.into(), instance, exit };
    pod.handle_event(now, Event::Runtime(exited), &mut out).unwrap();
    live(&mut pod, now, &mut out, &mut runtime);
    assert_eq!(pod.status().container_statuses[0].restart_count, 1);
}
