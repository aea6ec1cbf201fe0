//! Hooks that run.

use pod_lifecycle::{
    Timestamp,
    event::HookKind,
    sim::{ContainerScript, HookScript},
    spec::{ContainerIndex, LifecycleHook, PodSpec},
    state::InstanceId,
};

/// Hooks that run, and until when.
#[derive(Debug, Default)]
pub(super) struct Hooks(Vec<(ContainerIndex, InstanceId, HookKind, Timestamp)>);

impl Hooks {
    pub(super) fn begin(&mut self, container: ContainerIndex, instance: InstanceId, hook: HookKind, until: Timestamp) {
        self.0.push((container, instance, hook, until));
    }

    /// Those of a run.
    pub(super) fn of(&self, container: ContainerIndex, instance: InstanceId) -> Vec<HookKind> {
        let of_run = self.0.iter().filter(|(it, of, ..)| (*it, *of) == (container, instance));
        of_run.map(|(_, _, hook, _)| *hook).collect()
    }

    /// A hook ends: when it would have ended by itself; `None` if it has ended before.
    pub(super) fn end(&mut self, container: ContainerIndex, instance: InstanceId, hook: HookKind) -> Option<Timestamp> {
        let is_it = |(it, of, kind, _): &(_, _, _, _)| (*it, *of, *kind) == (container, instance, hook);
        let place = self.0.iter().position(is_it)?;
        let (_, _, _, until) = self.0.swap_remove(place);
        Some(until)
    }
}

/// What a hook does.
pub(super) fn script(script: &ContainerScript, hook: HookKind) -> HookScript {
    match hook {
        HookKind::PostStart => script.post_start,
        HookKind::PreStop => script.pre_stop,
    }
    .unwrap_or_default()
}

/// How a hook ends: by itself, or with its container.
pub(super) fn result(
    spec: &PodSpec,
    container: ContainerIndex,
    hook: HookKind,
    of: &ContainerScript,
    in_time: bool,
) -> Result<(), Box<str>> {
    match script(of, hook).exit_code {
        _ if !in_time => Err(error(spec, container, hook, "container died during exec")),
        0 => Ok(()),
        code => Err(error(spec, container, hook, &format!("command terminated with exit code {code}"))),
    }
}

/// What the kubelet says of a hook that failed.
pub(super) fn error(spec: &PodSpec, container: ContainerIndex, hook: HookKind, error: &str) -> Box<str> {
    let hook = spec.container(container).and_then(|container| match hook {
        HookKind::PostStart => container.post_start(),
        HookKind::PreStop => container.pre_stop(),
    });
    let command = match hook {
        Some(LifecycleHook::Run(handler)) => handler.exec.as_ref().map(|exec| exec.command.join(" ")),
        Some(_) | None => None,
    };
    let command = command.unwrap_or_default();
    let (name, pod) = (spec.container_name(container), format!("{}_{}({})", spec.name(), spec.namespace(), spec.uid()));
    let failed = format!("Exec lifecycle hook ([{command}]) for Container {name:?} in Pod {pod:?} failed");
    format!("{failed} - error: {error}, message: \"\"").into()
}
