//! Hooks: what runs after a start and before a stop. Hooks that sleep never come here: the Pod does that by itself.

use pod_lifecycle::{
    api::{Container, Handler, PodManifest},
    event::HookKind,
    rule::probe::ProbeOutcome,
};

use super::probe;

/// Runs a hook. There is no timeout: the Pod stops the container when its grace is over, hook or not.
pub(super) async fn run(pod: &PodManifest, container: &Container, hook: HookKind) -> Result<(), Box<str>> {
    let Some(handler) = handler(container, hook) else { return Ok(()) };
    let (outcome, output) = probe::ask(pod, container, &handler).await;
    match outcome {
        ProbeOutcome::Success | ProbeOutcome::Warning => Ok(()),
        ProbeOutcome::Failure | ProbeOutcome::Unknown | ProbeOutcome::Error => Err(output.into()),
    }
}

fn handler(container: &Container, hook: HookKind) -> Option<Handler> {
    let lifecycle = container.lifecycle.as_ref()?;
    match hook {
        HookKind::PostStart => lifecycle.post_start.clone(),
        HookKind::PreStop => lifecycle.pre_stop.clone(),
    }
}
