//! What answers what.

use super::life::Reply;
use crate::{
    action::Action,
    event::{ContainerExit, Failure, RuntimeEvent},
    rule::probe::ProbeOutcome,
    state::{RuntimeStatus, StartError},
};

/// What answers an action in this world; nothing answers a removal. A stop is first answered by the instance's end, then
/// by its own return.
///
/// ```
/// use pod_lifecycle::{Action, event::RuntimeEvent, state::{RuntimeStatus, SandboxId}, testkit::{Reply, answer}};
///
/// let (asked, runtime) = (Action::RunPodSandbox { sandbox: SandboxId(0) }, RuntimeStatus::default());
/// assert!(matches!(answer(&asked, &Reply::Well, &runtime), Some(RuntimeEvent::SandboxCreated { .. })));
/// assert!(matches!(answer(&asked, &Reply::Badly, &runtime), Some(RuntimeEvent::SandboxFailed { .. })));
/// ```
#[must_use]
pub fn answer(action: &Action, reply: &Reply, runtime: &RuntimeStatus) -> Option<RuntimeEvent> {
    let is_bad = matches!(reply, Reply::Badly);
    let outcome = if let Reply::With(outcome, _) = reply { *outcome } else { good_or_bad(is_bad) };
    let failed = |error| if is_bad { Err(Failure { error, message: "it broke".into() }) } else { Ok(()) };
    Some(match *action {
        Action::RunPodSandbox { sandbox } if is_bad => {
            RuntimeEvent::SandboxFailed { sandbox, message: "no network".into() }
        }
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => RuntimeEvent::ImageInspected { container, result: Ok(!is_bad) },
        Action::PullImage { container } => {
            let result = failed(StartError::ErrImagePull).map(|()| 1000);
            RuntimeEvent::ImagePulled { container, result }
        }
        Action::CreateContainer { container, instance, .. } => {
            let result = failed(StartError::CreateContainerError);
            RuntimeEvent::ContainerCreated { container, instance, result }
        }
        Action::StartContainer { container, instance } => {
            let result = failed(StartError::RunContainerError);
            RuntimeEvent::ContainerStarted { container, instance, started_at: None, result }
        }
        Action::StopContainer { container, instance, .. } => {
            let runs = runtime.instances_of(container).any(|known| known.id == instance && known.is_running());
            match reply {
                Reply::With(_, exit) if runs => {
                    RuntimeEvent::ContainerExited { container, instance, exit: exit.clone() }
                }
                Reply::Well | Reply::Badly if runs => {
                    RuntimeEvent::ContainerExited { container, instance, exit: ContainerExit::with_code(143) }
                }
                Reply::Well | Reply::Badly | Reply::With(..) => RuntimeEvent::ContainerStopped { container, instance },
            }
        }
        Action::RemoveContainer { .. } | Action::RemovePodSandbox { .. } => return None,
        Action::RunHook { container, instance, hook } => {
            let result = if is_bad { Err("exit code 1".into()) } else { Ok(()) };
            RuntimeEvent::HookFinished { container, instance, hook, result }
        }
        Action::Probe { container, instance, kind } => {
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output: "".into() }
        }
    })
}

fn good_or_bad(is_bad: bool) -> ProbeOutcome {
    if is_bad { ProbeOutcome::Failure } else { ProbeOutcome::Success }
}

/// Whether an event answers an action for good.
pub(super) fn is_answer(action: &Action, event: &RuntimeEvent) -> bool {
    match (action, event) {
        (
            Action::RunPodSandbox { sandbox: asked },
            RuntimeEvent::SandboxCreated { sandbox, .. } | RuntimeEvent::SandboxFailed { sandbox, .. },
        )
        | (Action::StopPodSandbox { sandbox: asked }, RuntimeEvent::SandboxDied { sandbox }) => asked == sandbox,
        (Action::InspectImage { container: asked }, RuntimeEvent::ImageInspected { container, .. })
        | (Action::PullImage { container: asked }, RuntimeEvent::ImagePulled { container, .. }) => asked == container,
        (
            Action::CreateContainer { container, instance, .. },
            RuntimeEvent::ContainerCreated { container: of, instance: told, .. },
        )
        | (
            Action::StartContainer { container, instance },
            RuntimeEvent::ContainerStarted { container: of, instance: told, .. },
        )
        | (
            Action::StopContainer { container, instance, .. },
            RuntimeEvent::ContainerStopped { container: of, instance: told },
        ) => (container, instance) == (of, told),
        (
            Action::RunHook { container, instance, hook },
            RuntimeEvent::HookFinished { container: of, instance: told, hook: which, .. },
        ) => (container, instance, hook) == (of, told, which),
        (
            Action::Probe { container, instance, kind },
            RuntimeEvent::ProbeFinished { container: of, instance: told, kind: which, .. },
        ) => (container, instance, kind) == (of, told, which),
        _ => false,
    }
}
