//! The smallest embedder: a run loop around a Pod, and a runtime in which everything succeeds at once.
//!
//! `cargo run --example embed`
//!
//! A real embedder carries actions out on a container runtime, and waits for whatever comes first: an event of the
//! runtime, a change of the object in the API, or the Pod's own timeout. Here all takes no time, the clock is virtual, and
//! the one container runs for three seconds. A runtime whose containers follow scripts is `sim::FakeRuntime`, and one
//! whose containers are processes is in `examples/embed-tokio`.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, Clock, ManualClock, Output, PodMachine, Timestamp, WorkerState, api,
    config::KubeletConfig,
    event::{ContainerExit, Event, RuntimeEvent},
    rule::{probe::ProbeOutcome, resize::MemoryUsage},
    spec::PodSpec,
};

const MANIFEST: &str = r#"{
    "metadata": {"name": "hello"},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}
}"#;

/// How long the container runs.
const RUN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string_pretty(&run_to_the_end()?)?);
    Ok(())
}

/// Runs the Pod until it is finished; returns its last status.
fn run_to_the_end() -> Result<api::PodStatus, Box<dyn Error>> {
    let manifest: api::PodManifest = serde_json::from_str(MANIFEST)?;
    let spec = Arc::new(PodSpec::from_manifest(manifest)?);
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let mut runtime = InstantRuntime::default();
    let mut out = Vec::new();

    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), clock.now(), &mut out);
    loop {
        for output in out.drain(..) {
            println!("{} {output:?}", clock.now());
            if let Output::Action(action) = output {
                runtime.carry_out(clock.now(), action);
            }
        }
        if pod.worker_state() == WorkerState::Finished {
            break;
        }
        // Both say when they are due next; of one instant, the runtime's event comes first.
        let Some(next) = [runtime.poll_timeout(), pod.poll_timeout()].into_iter().flatten().min() else { break };
        clock.advance_to(next);
        match runtime.handle_timeout(clock.now()) {
            // An event that comes too late is refused, and nothing changes.
            Some(event) => {
                if let Err(refused) = pod.handle_event(clock.now(), event, &mut out) {
                    println!("{} refused: {refused}", clock.now());
                }
            }
            None => pod.handle_timeout(clock.now(), &mut out),
        }
    }
    Ok(pod.status())
}

#[test]
fn the_pod_succeeds() {
    let status = run_to_the_end().unwrap();
    assert_eq!(status.phase, Some(api::PodPhase::Succeeded.into()));
}

/// Runtime in which every action succeeds at once.
#[derive(Default)]
struct InstantRuntime {
    /// Events to come, by time; those of one instant in the order in which they were scheduled.
    queue: BTreeMap<(Timestamp, usize), Event>,
    scheduled: usize,
}

impl InstantRuntime {
    fn poll_timeout(&self) -> Option<Timestamp> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    fn handle_timeout(&mut self, now: Timestamp) -> Option<Event> {
        self.queue.first_entry().filter(|first| first.key().0 <= now).map(|first| first.remove())
    }

    fn schedule(&mut self, at: Timestamp, event: RuntimeEvent) {
        self.scheduled = self.scheduled.saturating_add(1);
        self.queue.insert((at, self.scheduled), Event::Runtime(event));
    }

    /// Carries out an action: answers with the event that the action's documentation names.
    fn carry_out(&mut self, now: Timestamp, action: Action) {
        let result = Ok(());
        match action {
            Action::RunPodSandbox { sandbox } => {
                self.schedule(now, RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) });
            }
            Action::StopPodSandbox { sandbox } => self.schedule(now, RuntimeEvent::SandboxDied { sandbox }),
            Action::InspectImage { container } => {
                self.schedule(now, RuntimeEvent::ImageInspected { container, result: Ok(false) });
            }
            Action::PullImage { container } => {
                self.schedule(now, RuntimeEvent::ImagePulled { container, result: Ok(4_261_502) });
            }
            Action::CreateContainer { container, instance, .. } => {
                self.schedule(now, RuntimeEvent::ContainerCreated { container, instance, result });
            }
            Action::StartContainer { container, instance } => {
                self.schedule(now, RuntimeEvent::ContainerStarted { container, instance, started_at: None, result });
                self.schedule(
                    now + RUN,
                    RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(0) },
                );
            }
            Action::StopContainer { container, instance, .. } => {
                self.schedule(
                    now,
                    RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(143) },
                );
                self.schedule(now, RuntimeEvent::ContainerStopped { container, instance });
            }
            Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => {}
            Action::RunHook { container, instance, hook } => {
                self.schedule(now, RuntimeEvent::HookFinished { container, instance, hook, result: Ok(()) });
            }
            Action::Probe { container, instance, kind } => {
                let (outcome, output) = (ProbeOutcome::Success, "".into());
                self.schedule(now, RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output });
            }
            // Asked for only under `KubeletConfig::with_volume_manager`; otherwise volumes count as mounted.
            Action::FetchClaim { .. } | Action::SetUpVolume { .. } | Action::TearDownVolume { .. } => {}
            // Resources are updated in no time here, and no memory is in use.
            Action::UpdateContainerResources { container, instance, .. } => {
                self.schedule(now, RuntimeEvent::ContainerResourcesUpdated { container, instance, result: Ok(()) });
            }
            Action::UpdatePodSandboxResources { sandbox, .. } => {
                self.schedule(now, RuntimeEvent::SandboxResourcesUpdated { sandbox, result: Ok(()) });
            }
            Action::SetPodCgroup { .. } => self.schedule(now, RuntimeEvent::PodCgroupSet { result: Ok(()) }),
            Action::MeasureMemory => {
                self.schedule(now, RuntimeEvent::MemoryMeasured { result: Ok(MemoryUsage::default()) });
            }
            Action::InspectVolumeImage { volume } => {
                self.schedule(now, RuntimeEvent::VolumeImageInspected { volume, result: Ok(false) });
            }
            Action::PullVolumeImage { volume } => {
                self.schedule(now, RuntimeEvent::VolumeImagePulled { volume, result: Ok(4_261_502) });
            }
            // A later version of the crate may ask for more.
            _ => println!("not carried out: {action:?}"),
        }
    }
}
