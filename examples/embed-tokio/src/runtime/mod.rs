//! Carries a Pod's actions out, each in a file of its own, and reports their results.
//!
//! Nothing here decides: which container runs, when it is stopped and whether it is started again is the Pod's to say.

mod address;
mod command;
mod facts;
mod hook;
mod logs;
mod probe;
mod process;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use pod_lifecycle::{
    Action,
    api::PodManifest,
    event::{Failure, HookKind, RuntimeEvent},
    spec::{ContainerIndex, ProbeKind},
    state::{InstanceId, StartError},
};
use tokio::sync::mpsc;

use command::Prepared;
use logs::Logs;
use process::Process;

/// The containers of one Pod.
pub(crate) struct Runtime {
    pod: Arc<PodManifest>,
    logs: Logs,
    /// Created, and not started yet.
    created: BTreeMap<(ContainerIndex, InstanceId), Prepared>,
    /// Started; they stay until the Pod wants them removed.
    started: BTreeMap<(ContainerIndex, InstanceId), Process>,
    events: Events,
}

/// Channel to the Pod's agent, which may be gone by then.
#[derive(Clone)]
pub(crate) struct Events(mpsc::UnboundedSender<RuntimeEvent>);

impl Events {
    fn send(&self, event: RuntimeEvent) {
        let _ = self.0.send(event);
    }
}

impl Runtime {
    pub(crate) fn new(pod: PodManifest, logs: &Path) -> (Runtime, mpsc::UnboundedReceiver<RuntimeEvent>) {
        let (sender, events) = mpsc::unbounded_channel();
        let (created, started) = (BTreeMap::new(), BTreeMap::new());
        let logs = Logs::of_pod(logs, &pod.metadata.name);
        (Runtime { pod: Arc::new(pod), logs, created, started, events: Events(sender) }, events)
    }

    /// Begins an action. Whatever takes time goes on by itself, and is answered later.
    pub(crate) fn carry_out(&mut self, action: Action) {
        match action {
            // A Pod's containers share this machine's network, and there is nothing to hold it.
            Action::RunPodSandbox { sandbox } => {
                self.events.send(RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) });
            }
            Action::StopPodSandbox { sandbox } => self.events.send(RuntimeEvent::SandboxDied { sandbox }),
            Action::RemovePodSandbox { .. } => {}
            // Volumes count as mounted, unless the configuration switches the volume manager on.
            Action::FetchClaim { .. } | Action::SetUpVolume { .. } | Action::TearDownVolume { .. } => {}
            // There are no images: whatever a container runs is here already.
            Action::InspectImage { container } => {
                self.events.send(RuntimeEvent::ImageInspected { container, result: Ok(true) });
            }
            Action::InspectVolumeImage { volume } => {
                let result = Err("this agent has no image volumes".into());
                self.events.send(RuntimeEvent::VolumeImageInspected { volume, result });
            }
            Action::PullVolumeImage { volume } => {
                let message = "this agent has no image volumes".into();
                let result = Err(Failure { error: StartError::ErrImagePull, message });
                self.events.send(RuntimeEvent::VolumeImagePulled { volume, result });
            }
            // There are no cgroups: a resize is asked for only of a node whose resources the kubelet knows.
            Action::UpdateContainerResources { container, instance, .. } => {
                self.events.send(RuntimeEvent::ContainerResourcesUpdated { container, instance, result: Ok(()) });
            }
            Action::UpdatePodSandboxResources { sandbox, .. } => {
                self.events.send(RuntimeEvent::SandboxResourcesUpdated { sandbox, result: Ok(()) });
            }
            Action::SetPodCgroup { .. } => self.events.send(RuntimeEvent::PodCgroupSet { result: Ok(()) }),
            Action::MeasureMemory => {
                self.events.send(RuntimeEvent::MemoryMeasured { result: Err("memory is not measured here".into()) });
            }
            Action::PullImage { container } => {
                self.events.send(RuntimeEvent::ImagePulled { container, result: Ok(0) });
            }
            Action::CreateContainer { container, instance, .. } => {
                let result = self.create(container, instance);
                self.events.send(RuntimeEvent::ContainerCreated { container, instance, result });
            }
            Action::StartContainer { container, instance } => self.start(container, instance),
            Action::StopContainer { container, instance, timeout } => self.stop(container, instance, timeout),
            Action::RemoveContainer { container, instance } => {
                self.created.remove(&(container, instance));
                self.started.remove(&(container, instance));
            }
            Action::RunHook { container, instance, hook } => self.run_hook(container, instance, hook),
            Action::Probe { container, instance, kind } => self.probe(container, instance, kind),
            // A later version of the crate may ask for more: it is better seen than passed over.
            _ => eprintln!("this agent cannot do what it is asked for: {action:?}"),
        }
    }

    fn create(&mut self, container: ContainerIndex, instance: InstanceId) -> Result<(), Failure> {
        let unknown = || failed(StartError::CreateContainerError, "the Pod has no such container");
        let manifest = self.pod.container(container).ok_or_else(unknown)?;
        let log = self.logs.of(&manifest.name, instance);
        let prepared = Prepared::new(&self.pod, manifest, log)?;
        self.created.insert((container, instance), prepared);
        Ok(())
    }

    /// The answer to the start goes out before the process can end, so that the Pod handles both in their order.
    fn start(&mut self, container: ContainerIndex, instance: InstanceId) {
        let created = self.created.remove(&(container, instance));
        let prepared = created.ok_or_else(|| failed(StartError::CreateContainerError, "it was not created"));
        let result = match prepared.and_then(|prepared| Process::spawn(&prepared)) {
            Ok(spawned) => {
                let (process, life) = spawned;
                self.started.insert((container, instance), process);
                let started = RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) };
                self.events.send(started);
                tokio::spawn(life.watch(container, instance, self.events.clone()));
                return;
            }
            Err(failure) => Err(failure),
        };
        self.events.send(RuntimeEvent::ContainerStarted { container, instance, started_at: None, result });
    }

    fn stop(&self, container: ContainerIndex, instance: InstanceId, timeout: Duration) {
        let running = self.started.get(&(container, instance));
        if running.is_none_or(|process| !process.stop(timeout)) {
            self.events.send(RuntimeEvent::ContainerStopped { container, instance });
        }
    }

    fn run_hook(&self, container: ContainerIndex, instance: InstanceId, hook: HookKind) {
        let Some(manifest) = self.pod.container(container).cloned() else { return };
        let (pod, events) = (Arc::clone(&self.pod), self.events.clone());
        let ended = self.started.get(&(container, instance)).map(Process::ended);
        tokio::spawn(async move {
            let result = tokio::select! {
                result = hook::run(&pod, &manifest, hook) => result,
                () = process::end_of(ended) => Err("the container ended meanwhile".into()),
            };
            events.send(RuntimeEvent::HookFinished { container, instance, hook, result });
        });
    }

    fn probe(&self, container: ContainerIndex, instance: InstanceId, kind: ProbeKind) {
        let Some(manifest) = self.pod.container(container).cloned() else { return };
        let (pod, events) = (Arc::clone(&self.pod), self.events.clone());
        tokio::spawn(async move {
            let (outcome, output) = probe::run(&pod, &manifest, kind).await;
            let output = output.into();
            events.send(RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output });
        });
    }
}

/// Why a container could not be created or started.
fn failed(error: StartError, message: impl Into<Box<str>>) -> Failure {
    Failure { error, message: message.into() }
}
