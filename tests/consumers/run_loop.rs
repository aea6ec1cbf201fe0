//! A node agent: one Pod from the watch's first object to the delete that ends it.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, Clock, ManualClock, NoSink, Output, PodMachine, Timestamp, WorkerState,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ApiEvent, Event},
    object::PodObject,
};

use super::runtime::Runtime;

/// The agent's Pod, its runtime, and an API server.
struct Agent {
    clock: ManualClock,
    pod: PodMachine,
    out: Vec<Output>,
    runtime: Runtime,
    server: PodObject,
    published: Vec<(PodPhase, bool)>,
}

impl Agent {
    /// The watch shows a Pod that the scheduler has bound to this node.
    fn start(manifest: PodManifest) -> Agent {
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let mut server = PodObject::admit(manifest, clock.now()).unwrap();
        server.bind("node-1", clock.now(), &mut NoSink).unwrap();
        let mut out = Vec::new();
        let config = Arc::new(KubeletConfig::default());
        let pod = PodMachine::from_object(server.manifest(), config, clock.now(), &mut out).unwrap();
        Agent { clock, pod, out, runtime: Runtime::default(), server, published: Vec::new() }
    }

    /// Runs until then, or until the Pod is finished.
    fn run_until(&mut self, end: Timestamp) {
        loop {
            self.carry_out();
            if self.pod.worker_state() == WorkerState::Finished {
                return;
            }
            if let Some(event) = self.runtime.events.pop_front() {
                self.pod.handle_event(self.clock.now(), Event::Runtime(event), &mut self.out).unwrap();
                continue;
            }
            match self.pod.poll_timeout().filter(|at| *at <= end) {
                Some(at) => {
                    self.clock.advance_to(at);
                    self.pod.handle_timeout(at, &mut self.out);
                }
                None => return self.clock.advance_to(end),
            }
        }
    }

    fn carry_out(&mut self) {
        for output in std::mem::take(&mut self.out) {
            match output {
                Output::Action(action) => self.runtime.carry_out(action),
                Output::Published => self.publish(),
                Output::DeleteObject => {
                    self.server.delete_for_good(self.clock.now());
                    self.watch();
                }
                Output::Transition(_) | Output::Event(_) => {}
                _ => {}
            }
        }
    }

    fn publish(&mut self) {
        let status = self.pod.status();
        let ready = status.condition("Ready").is_some_and(|ready| ready.status.as_str() == "True");
        self.published.push((self.pod.phase(), ready));
        self.server.merge_status(status);
        self.watch();
    }

    /// The watch delivers the object as it is now, or says that it is gone.
    fn watch(&mut self) {
        let now = self.clock.now();
        if self.server.is_gone() {
            self.pod.handle_event(now, Event::Api(ApiEvent::Removed), &mut self.out).unwrap();
        } else {
            self.pod.observe(now, self.server.manifest(), &mut self.out).unwrap();
        }
    }
}

#[test]
fn an_agent_runs_a_pod_and_deletes_its_object_when_it_has_ended() {
    let manifest = serde_json::from_str(
        r#"{"metadata": {"name": "web", "uid": "u-1"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27", "readinessProbe": {"httpGet": {"path": "/", "port": 80}}
        }]}}"#,
    );
    let mut agent = Agent::start(manifest.unwrap());
    let start = agent.clock.now();
    agent.run_until(start + Duration::from_secs(60));
    assert_eq!((agent.server.phase(), agent.published.last()), (PodPhase::Running, Some(&(PodPhase::Running, true))));

    agent.server.delete(30, agent.clock.now());
    agent.watch();
    agent.run_until(start + Duration::from_secs(120));
    assert!(agent.server.is_gone(), "the agent has deleted the object for good");
    assert_eq!(agent.pod.worker_state(), WorkerState::Finished);
    assert_eq!(agent.published.last(), Some(&(PodPhase::Failed, false)), "143 is no success");
    let stops = agent.runtime.asked.iter().filter_map(|action| match action {
        Action::StopContainer { timeout, .. } => Some(timeout.as_secs()),
        _ => None,
    });
    assert_eq!(stops.collect::<Vec<_>>(), [30]);
}
