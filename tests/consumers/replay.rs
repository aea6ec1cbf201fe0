//! A flight recorder: the events of a Pod and their times. Replayed, they lead to the same outputs.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Output, PodMachine, Timestamp,
    api::PodManifest,
    config::KubeletConfig,
    event::{ContainerExit, Event, RuntimeEvent},
    spec::PodSpec,
};

use super::runtime::Runtime;

/// One line of a recording: something that happened, or that a timer was due.
type Line = (Timestamp, Option<Event>);

fn spec() -> Arc<PodSpec> {
    let manifest: PodManifest = serde_json::from_str(
        r#"{"metadata": {"name": "job"}, "spec": {"restartPolicy": "OnFailure", "containers": [{
            "name": "main", "image": "busybox:1.36", "readinessProbe": {"exec": {"command": ["true"]}}
        }]}}"#,
    )
    .unwrap();
    Arc::new(PodSpec::from_manifest(manifest).unwrap())
}

fn new_pod(out: &mut Vec<Output>) -> PodMachine {
    PodMachine::new(spec(), Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, out)
}

/// A minute in the life of a Pod whose container crashes every 7 s; every line is recorded before it is handled.
fn record() -> (Vec<Line>, Vec<Output>, PodMachine) {
    let (mut now, mut lines, mut all, mut out) = (Timestamp::UNIX_EPOCH, Vec::new(), Vec::new(), Vec::new());
    let (mut runtime, mut crash) = (Runtime::default(), None);
    let mut pod = new_pod(&mut out);
    while now < Timestamp::UNIX_EPOCH + Duration::from_secs(60) {
        for output in out.drain(..) {
            all.push(output.clone());
            if let Output::Action(action) = output {
                runtime.carry_out(action);
            }
        }
        let answer = runtime.events.pop_front();
        if let Some(RuntimeEvent::ContainerStarted { container, instance, .. }) = answer {
            let exit = ContainerExit::with_code(1);
            let ended = RuntimeEvent::ContainerExited { container, instance, exit };
            crash = Some((now + Duration::from_secs(7), ended));
        }
        let event = answer.or_else(|| {
            now = [pod.poll_timeout(), crash.as_ref().map(|(at, _)| *at)].into_iter().flatten().min().unwrap();
            crash.take_if(|(at, _)| *at == now).map(|(_, ended)| ended)
        });
        lines.push((now, event.map(Event::Runtime)));
        handle(&mut pod, lines.last().unwrap(), &mut out);
    }
    all.extend(out);
    (lines, all, pod)
}

fn handle(pod: &mut PodMachine, (at, event): &Line, out: &mut Vec<Output>) {
    match event {
        Some(event) => pod.handle_event(*at, event.clone(), out).unwrap(),
        None => pod.handle_timeout(*at, out),
    }
}

#[test]
fn what_was_recorded_is_replayed_to_the_last_output() {
    let (lines, recorded, pod) = record();
    assert!(lines.len() > 20 && pod.status().container_statuses[0].restart_count > 1);
    let mut out = Vec::new();
    let mut again = new_pod(&mut out);
    for line in &lines {
        handle(&mut again, line, &mut out);
    }
    assert_eq!(out, recorded);
    assert_eq!(again, pod);
}
