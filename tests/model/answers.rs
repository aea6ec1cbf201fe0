//! What the world of a small Pod answers.

use pod_lifecycle::{
    Action,
    event::{ContainerExit, Failure, RuntimeEvent},
    rule::probe::ProbeOutcome,
    state::{RuntimeStatus, StartError},
};

/// What answers an action.
pub(crate) fn answer(action: &Action, well: bool, runtime: &RuntimeStatus) -> Option<RuntimeEvent> {
    let result = |error| if well { Ok(()) } else { Err(Failure { error, message: "it broke".into() }) };
    Some(match *action {
        Action::RunPodSandbox { sandbox } if well => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxFailed { sandbox, message: "no network".into() },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => RuntimeEvent::ImageInspected { container, result: Ok(well) },
        Action::PullImage { container } => {
            RuntimeEvent::ImagePulled { container, result: result(StartError::ErrImagePull).map(|()| 1) }
        }
        Action::CreateContainer { container, instance, .. } => {
            RuntimeEvent::ContainerCreated { container, instance, result: result(StartError::CreateContainerError) }
        }
        Action::StartContainer { container, instance } => RuntimeEvent::ContainerStarted {
            container,
            instance,
            started_at: None,
            result: result(StartError::RunContainerError),
        },
        Action::StopContainer { container, instance, .. } => {
            let runs = runtime.instances_of(container).any(|known| known.id == instance && known.is_running());
            if well && runs {
                RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(143) }
            } else {
                RuntimeEvent::ContainerStopped { container, instance }
            }
        }
        Action::RunHook { container, instance, hook } => {
            let result = if well { Ok(()) } else { Err("exit code 1".into()) };
            RuntimeEvent::HookFinished { container, instance, hook, result }
        }
        Action::Probe { container, instance, kind } => {
            let outcome = if well { ProbeOutcome::Success } else { ProbeOutcome::Failure };
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: "".into() }
        }
        Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => return None,
        _ => return None,
    })
}
