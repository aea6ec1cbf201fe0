//! Documented properties of probes.

use super::{
    super::{StepRecord, Violation, ensure},
    Observed,
    observed::{ObservedInstance, longest_pause},
};
use crate::{
    action::{Action, EventReason, KubernetesEvent},
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{ContainerRecord, InstanceId},
};

/// Containers with their published status, as far as that names an instance that was observed.
pub(super) fn shown<'a>(
    seen: &'a Observed,
    step: &StepRecord<'a>,
) -> impl Iterator<Item = (&'a ContainerSpec, &'a ContainerRecord, &'a ObservedInstance)> {
    let records = step.after.published().containers();
    step.after.spec().containers().zip(records).filter_map(|((index, container), record)| {
        let record = record.as_ref()?;
        Some((container, record, seen.instance(index, record.instance?)?))
    })
}

/// A liveness or readiness probe runs in an instance only if its startup probe, if there is one, has succeeded in it.
pub(super) fn others_wait_for_the_startup_probe(
    seen: &Observed,
    step: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Action::Probe { container, instance, kind: ProbeKind::Liveness | ProbeKind::Readiness } = action else {
        return Ok(());
    };
    let has_startup_probe = step.after.spec().container(*container).is_some_and(has(ProbeKind::Startup));
    let has_succeeded = has_succeeded(seen, *container, *instance, ProbeKind::Startup);
    ensure!(!has_startup_probe || has_succeeded, "{action:?}, and its startup probe has not succeeded");
    Ok(())
}

/// A startup probe runs only until it has succeeded; again if the kubelet "loses state temporarily", as the reference
/// says of `started`.
pub(super) fn a_startup_probe_ends_with_its_success(
    seen: &Observed,
    _: &StepRecord<'_>,
    action: &Action,
) -> Result<(), Violation> {
    let Action::Probe { container, instance, kind: ProbeKind::Startup } = action else { return Ok(()) };
    let has_succeeded = has_succeeded(seen, *container, *instance, ProbeKind::Startup);
    ensure!(!has_succeeded || seen.has_restarted, "{action:?}, and it has succeeded already");
    Ok(())
}

/// `started` is true only if the startup probe, if there is one, has succeeded in the instance.
pub(super) fn started_means_that_the_startup_probe_has_succeeded(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    for (container, record, instance) in shown(seen, step) {
        let is_due = container.probe(ProbeKind::Startup).is_some() && record.started == Some(true);
        let name = container.name();
        ensure!(!is_due || instance.startup.has_succeeded, "{name} is started: its startup probe has not succeeded");
    }
    Ok(())
}

/// `ready` is true only if the startup probe, if there is one, has succeeded in the instance.
pub(super) fn ready_means_started(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    for (container, record, instance) in shown(seen, step) {
        let is_due = container.probe(ProbeKind::Startup).is_some() && record.ready;
        let name = container.name();
        ensure!(!is_due || record.started == Some(true), "{name} is ready, and started is {:?}", record.started);
        ensure!(!is_due || instance.startup.has_succeeded, "{name} is ready: its startup probe has not succeeded");
    }
    Ok(())
}

/// `ready` is true only while the container runs.
pub(super) fn ready_means_running(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    // TerminatePod replaces the states of containers that it cannot find, in the status as it is: after another writer has
    // ended a Pod whose containers ran, they are still `ready` there.
    if seen.was_ended_by_others {
        return Ok(());
    }
    for (container, record, _) in shown(seen, step) {
        // An init container is ready once it has succeeded.
        let is_due = container.kind() != ContainerKind::Init && record.ready;
        ensure!(!is_due || record.is_running(), "{} is ready, and its state is {:?}", container.name(), record.state);
    }
    Ok(())
}

/// `ready` is true only if the readiness probe, if there is one, has reached its threshold of successes in the instance.
pub(super) fn ready_means_that_the_readiness_probe_has_succeeded(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    for (container, record, instance) in shown(seen, step) {
        let Some(probe) = container.probe(ProbeKind::Readiness).filter(|_| record.ready) else { continue };
        let (name, times) = (container.name(), probe.success_threshold());
        let has_succeeded = instance.readiness.has_succeeded;
        ensure!(has_succeeded, "{name} is ready: its readiness probe has not succeeded {times} times in a row");
    }
    Ok(())
}

/// Once a readiness probe has reached its threshold of failures, `Ready` is False as soon as the kubelet is at rest.
pub(super) fn a_failed_readiness_probe_makes_the_pod_unready(
    seen: &Observed,
    step: &StepRecord<'_>,
) -> Result<(), Violation> {
    if !step.after.is_idle() || seen.is_restarting || !step.after.published().is_ready() {
        return Ok(());
    }
    for (container, _, instance) in shown(seen, step) {
        let has_failed = instance.readiness.result == Some(ProbeResult::Failure) && instance.is_running();
        ensure!(!has_failed, "the Pod is ready, and the readiness probe of {} has failed", container.name());
    }
    Ok(())
}

/// A kill that the kubelet reports as that of a probe follows a threshold of failures of the running instance.
pub(super) fn a_kill_by_a_probe_has_its_failures(
    seen: &Observed,
    _: &StepRecord<'_>,
    event: &KubernetesEvent,
) -> Result<(), Violation> {
    let Some(container) = event.container.filter(|_| event.reason.parse() == Ok(EventReason::Killing)) else {
        return Ok(());
    };
    for (kind, words) in [(ProbeKind::Liveness, "failed liveness probe"), (ProbeKind::Startup, "failed startup probe")]
    {
        // The kubelet reports the kill of an instance that may have exited meanwhile: the newest is meant.
        let newest = seen.instances_of(container).rev().find(|it| it.has_started());
        let has_failed = newest.is_none_or(|newest| newest.probe(kind).has_failed);
        ensure!(has_failed || !event.message.contains(words), "{:?}: too few failures", event.message);
    }
    Ok(())
}

/// While the status shows a running and started container, its readiness probe is run again and again.
///
/// A container whose `StopContainer` has returned has ended as far as the kubelet knows.
pub(super) fn readiness_probes_go_on(seen: &Observed, step: &StepRecord<'_>) -> Result<(), Violation> {
    // Only a timeout has handled everything that was due before.
    if step.event.is_some() || seen.was_set_back {
        return Ok(());
    }
    for ((index, _), instance) in &seen.instances {
        let probe = step.after.spec().container(*index).and_then(|it| it.probe(ProbeKind::Readiness));
        let (Some(probe), Some(overdue_since)) = (probe, instance.overdue_since) else { continue };
        let is_due = instance.latest_readiness_probe(probe).is_some_and(|latest| step.now > latest);
        let has_stopped = is_due && step.now > overdue_since + longest_pause(probe);
        let (name, last) = (step.after.spec().container_name(*index), instance.readiness.last_at);
        ensure!(!has_stopped, "the readiness probe of {name} has not run since {last:?}");
    }
    Ok(())
}

fn has(kind: ProbeKind) -> impl Fn(&ContainerSpec) -> bool {
    move |container| container.probe(kind).is_some()
}

fn has_succeeded(seen: &Observed, container: ContainerIndex, instance: InstanceId, kind: ProbeKind) -> bool {
    seen.instance(container, instance).is_some_and(|instance| instance.probe(kind).has_succeeded)
}
