//! A container runtime that is only pretended: everything succeeds at once, and processes run until they are stopped.

use std::collections::VecDeque;

use pod_lifecycle::{
    Action,
    event::{BoundVolume, ContainerExit, RuntimeEvent},
    rule::probe::ProbeOutcome,
};

/// What the runtime has to say, and what it was asked to do.
#[derive(Default)]
pub(crate) struct Runtime {
    pub(crate) events: VecDeque<RuntimeEvent>,
    pub(crate) asked: Vec<Action>,
}

impl Runtime {
    /// Each action is answered as its documentation says.
    pub(crate) fn carry_out(&mut self, action: Action) {
        let result = Ok(());
        self.asked.push(action.clone());
        self.events.extend(match action {
            Action::RunPodSandbox { sandbox } => vec![RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) }],
            Action::StopPodSandbox { sandbox } => vec![RuntimeEvent::SandboxDied { sandbox }],
            Action::InspectImage { container } => vec![RuntimeEvent::ImageInspected { container, result: Ok(true) }],
            Action::PullImage { container } => vec![RuntimeEvent::ImagePulled { container, result: Ok(1_000) }],
            Action::CreateContainer { container, instance, .. } => {
                vec![RuntimeEvent::ContainerCreated { container, instance, result }]
            }
            Action::StartContainer { container, instance } => {
                vec![RuntimeEvent::ContainerStarted { container, instance, started_at: None, result }]
            }
            Action::StopContainer { container, instance, .. } => vec![
                RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(143) },
                RuntimeEvent::ContainerStopped { container, instance },
            ],
            Action::RunHook { container, instance, hook } => {
                vec![RuntimeEvent::HookFinished { container, instance, hook, result: Ok(()) }]
            }
            Action::Probe { container, instance, kind } => {
                let (outcome, output) = (ProbeOutcome::Success, "".into());
                vec![RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output }]
            }
            Action::FetchClaim { volume } => {
                let result = Ok(BoundVolume { name: "pv-data".into(), attachment: None });
                vec![RuntimeEvent::ClaimFetched { volume, result }]
            }
            Action::InspectVolumeImage { volume } => {
                vec![RuntimeEvent::VolumeImageInspected { volume, result: Ok(true) }]
            }
            Action::PullVolumeImage { volume } => vec![RuntimeEvent::VolumeImagePulled { volume, result: Ok(1_000) }],
            Action::SetUpVolume { volume } => vec![RuntimeEvent::VolumeSetUp { volume, result: Ok(()) }],
            Action::TearDownVolume { volume } => vec![RuntimeEvent::VolumeTornDown { volume, result: Ok(()) }],
            Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => Vec::new(),
            _ => Vec::new(),
        });
    }
}
