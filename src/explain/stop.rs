//! A stop: of one container or of the whole Pod, why, and how far it has come.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::fact;
use crate::{
    action::SyncKind,
    kubelet::{InspectSync, PendingCall, PodMachine, Stop, StopStage},
    rule::{probe::ProbeResult, termination},
    spec::{ContainerIndex, LifecycleHook, ProbeKind},
    time::{Timestamp, seconds},
};

/// Why a container is being stopped.
///
/// ```
/// use pod_lifecycle::explain::StopReason;
///
/// assert_eq!(serde_json::to_value(StopReason::LivenessProbe)?, "livenessProbe");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StopReason {
    /// The whole Pod is.
    PodStops,
    /// Its liveness probe has failed.
    LivenessProbe,
    /// Its startup probe has failed.
    StartupProbe,
    /// Its image was changed.
    DefinitionChanged,
    /// Its hook after the start has failed.
    PostStartHook,
    /// All containers are being restarted.
    AllContainersRestart,
    /// The Pod needs a new sandbox.
    SandboxChanged,
    /// There is nothing left for it to do.
    NothingLeft,
}

impl StopReason {
    pub(super) fn of(pod: &PodMachine, sync: InspectSync<'_>, stop: &Stop) -> StopReason {
        if sync.kind() != SyncKind::Sync {
            return StopReason::PodStops;
        }
        if sync.restarts_all_containers() {
            return StopReason::AllContainersRestart;
        }
        if sync.pending_call() == PendingCall::StoppingFailed(stop.container) {
            return StopReason::PostStartHook;
        }
        if sync.will_create_sandbox() {
            return StopReason::SandboxChanged;
        }
        if sync.instance(stop.container, stop.instance).is_some_and(|instance| instance.spec_changed) {
            return StopReason::DefinitionChanged;
        }
        let has_failed = |kind| {
            let worker = pod.inspect().probe_worker(stop.container, kind);
            worker.is_some_and(|worker| {
                worker.instance == Some(stop.instance) && worker.on_hold && worker.result == Some(ProbeResult::Failure)
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

/// How far a stop has come.
///
/// ```
/// use pod_lifecycle::explain::{Situation, StopStep, ObservedPod};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "web", "deletionTimestamp": "2026-03-01T12:00:30Z", "deletionGracePeriodSeconds": 30},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}]},
///     "status": {"phase": "Running", "containerStatuses": [
///         {"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}
/// }"#)?)?;
/// let app = &pod.explain("2026-03-01T12:00:10Z".parse()?).containers[0];
/// assert!(matches!(app.situation, Situation::Stopping { step: StopStep::Unseen, .. }), "no status shows a SIGTERM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "step", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum StopStep {
    /// Nothing has been done about it yet.
    Pending,
    /// The hook before the stop runs.
    PreStop {
        /// Since when.
        since: Timestamp,
        /// Until when at the latest.
        until: Timestamp,
        /// Whether it does nothing but sleep, and so ends right then.
        sleeps: bool,
    },
    /// Others end first.
    Turn {
        /// The containers that have to end first.
        after: Vec<String>,
        /// Until when at the latest.
        until: Timestamp,
    },
    /// It was told to stop (SIGTERM).
    Told {
        /// How long after SIGTERM comes SIGKILL.
        #[serde(rename = "graceSeconds", serialize_with = "seconds::serialize")]
        timeout: Duration,
        /// It is not killed before, as far as is known.
        kill_not_before: Option<Timestamp>,
    },
    /// It runs, and whether it was told to stop cannot be seen.
    Unseen,
    /// It is gone.
    Gone,
}

impl StopStep {
    pub(super) fn of(pod: &PodMachine, sync: InspectSync<'_>, stop: &Stop) -> StopStep {
        match stop.stage {
            StopStage::PreStop { since, until } => {
                let hook = pod.spec().container(stop.container).and_then(|container| container.pre_stop());
                StopStep::PreStop { since, until, sleeps: matches!(hook, Some(LifecycleHook::Sleep(_))) }
            }
            StopStage::Turn { until, .. } => {
                let holds_up = |other: &&Stop| {
                    other.stage != StopStage::Gone
                        && termination::waits_for(pod.spec(), stop.container, other.container)
                };
                let after: Vec<ContainerIndex> =
                    sync.stops().iter().filter(holds_up).map(|other| other.container).collect();
                StopStep::Turn { after: fact::names(pod, after), until }
            }
            StopStage::Told => {
                let timeout = termination::stop_timeout(stop.grace);
                StopStep::Told { timeout, kill_not_before: kill_not_before(pod, sync, stop, timeout) }
            }
            StopStage::Pending => StopStep::Pending,
            StopStage::Gone => StopStep::Gone,
        }
    }
}

/// The machine keeps no time of a SIGTERM. If the Pod is stopped because it was deleted, it came no earlier than the
/// deletion, and after the part of the grace that is spent.
fn kill_not_before(pod: &PodMachine, sync: InspectSync<'_>, stop: &Stop, timeout: Duration) -> Option<Timestamp> {
    let is_by_deletion = sync.kind() == SyncKind::Terminating
        && pod.inspect().kill_reason().is_none()
        && !pod.inspect().status().phase.is_terminal();
    let requested_at = sync.deletion_requested_at().filter(|_| is_by_deletion)?;
    let spent = sync.grace_override().unwrap_or_default().saturating_sub(stop.grace);
    Some(requested_at + spent + timeout)
}
