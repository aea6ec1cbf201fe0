//! Stop of a container: its reason and its progress.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::fact;
use crate::{
    action::SyncKind,
    kubelet::{InspectStop, InspectSync, PodMachine, StopProgress},
    rule::{grace, probe::ProbeResult, termination_order},
    spec::{ContainerIndex, LifecycleHook, ProbeKind},
    time::{Timestamp, seconds},
};

/// Reason for the stop of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StopReason {
    /// The whole Pod is being stopped.
    PodStops,
    /// Its liveness probe failed.
    LivenessProbe,
    /// Its startup probe failed.
    StartupProbe,
    /// Its image was changed.
    DefinitionChanged,
    /// Its postStart hook failed.
    PostStartHook,
    /// All containers are being restarted.
    AllContainersRestart,
    /// The Pod needs a new sandbox.
    SandboxChanged,
    /// It is no longer needed.
    NothingLeft,
}

impl StopReason {
    pub(super) fn of(pod: &PodMachine, sync: InspectSync<'_>, stop: InspectStop<'_>) -> StopReason {
        // SyncTerminatingPod stops everything, for whatever reason.
        if sync.kind() != SyncKind::Sync {
            return StopReason::PodStops;
        }
        // From the whole Pod to the single container: a wider reason rules out those after it.
        if sync.restarts_all_containers() {
            return StopReason::AllContainersRestart;
        }
        if sync.is_stopping_after_post_start(stop.container()) {
            return StopReason::PostStartHook;
        }
        if sync.will_create_sandbox() {
            return StopReason::SandboxChanged;
        }
        if sync.instance(stop.container(), stop.instance()).is_some_and(|instance| instance.spec_changed) {
            return StopReason::DefinitionChanged;
        }
        let has_failed = |kind| {
            let worker = pod.inspect().probe_worker(stop.container(), kind);
            worker.is_some_and(|worker| {
                // A worker goes on hold when it has failed its container, and keeps the result until the next instance.
                worker.instance == Some(stop.instance())
                    && worker.on_hold
                    && worker.result == Some(ProbeResult::Failure)
            })
        };
        if has_failed(ProbeKind::Liveness) {
            StopReason::LivenessProbe
        } else if has_failed(ProbeKind::Startup) {
            StopReason::StartupProbe
        } else {
            StopReason::NothingLeft
        }
    }
}

/// Progress of a stop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "step", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum StopStep {
    /// Not started yet.
    Pending,
    /// The preStop hook runs.
    PreStop {
        /// Start of the hook.
        since: Timestamp,
        /// Latest end of the hook.
        until: Timestamp,
        /// True if the hook only sleeps, and so ends exactly then.
        sleeps: bool,
    },
    /// Waits until other containers have stopped.
    Turn {
        /// Containers that stop first.
        after: Vec<String>,
        /// Latest end of the wait.
        until: Timestamp,
    },
    /// Got SIGTERM.
    SigtermSent {
        /// Time from SIGTERM to SIGKILL.
        #[serde(rename = "graceSeconds", serialize_with = "seconds::serialize")]
        timeout: Duration,
        /// No SIGKILL before this, if known.
        kill_not_before: Option<Timestamp>,
    },
    /// Still running in the status, which does not show a SIGTERM.
    Unseen,
    /// Stopped.
    Gone,
}

impl StopStep {
    pub(super) fn of(pod: &PodMachine, sync: InspectSync<'_>, stop: InspectStop<'_>) -> StopStep {
        match stop.progress() {
            StopProgress::PreStop { since, until } => {
                // A sleep ends exactly at its time; a command may end at any time before.
                let hook = pod.spec().container(stop.container()).and_then(|container| container.pre_stop());
                StopStep::PreStop { since, until, sleeps: matches!(hook, Some(LifecycleHook::Sleep(_))) }
            }
            StopProgress::Turn { until } => {
                let holds_up = |other: &InspectStop<'_>| {
                    // Those that have stopped hold up nothing any more.
                    other.progress() != StopProgress::Gone
                        && termination_order::waits_for(pod.spec(), stop.container(), other.container())
                };
                let after: Vec<ContainerIndex> = sync.stops().filter(holds_up).map(InspectStop::container).collect();
                StopStep::Turn { after: fact::names(pod, after), until }
            }
            StopProgress::SigtermSent => {
                let timeout = grace::stop_timeout(stop.remaining_grace());
                StopStep::SigtermSent { timeout, kill_not_before: kill_not_before(pod, sync, stop, timeout) }
            }
            StopProgress::Pending => StopStep::Pending,
            StopProgress::Gone => StopStep::Gone,
        }
    }
}

/// Returns a lower bound for SIGKILL, since the machine does not keep the time of SIGTERM: on a deletion, SIGTERM is not
/// earlier than the request and the part of the grace period that is spent.
fn kill_not_before(
    pod: &PodMachine,
    sync: InspectSync<'_>,
    stop: InspectStop<'_>,
    timeout: Duration,
) -> Option<Timestamp> {
    let is_by_deletion = sync.kind() == SyncKind::Terminating
        && pod.inspect().kill_reason().is_none()
        && !pod.inspect().status().phase.is_terminal();
    let requested_at = sync.deletion_requested_at().filter(|_| is_by_deletion)?;
    // preStop hook and sidecar order take their time from the grace period, and the stop keeps only the rest.
    let spent = sync.grace_override().unwrap_or_default().saturating_sub(stop.remaining_grace());
    Some(requested_at + spent + timeout)
}
