//! Pod phase (`getPhase` in pkg/kubelet/kubelet_pods.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. An eviction, a preemption or a node
//! shutdown overrides the phase that the containers make: `KillCause::phase`.
//!
//! ```
//! use pod_lifecycle::{api::{self, PodPhase}, rule::phase, spec::PodSpec};
//! use pod_lifecycle::state::{ContainerRecord, RecordedState};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let app = ContainerRecord {
//!     state: Some(RecordedState::Running { started_at: None }),
//!     last_state: None,
//!     restart_count: 0,
//!     instance: None,
//!     started: Some(true),
//!     ready: false,
//! };
//! assert_eq!(phase::pod_phase(&spec, &[Some(app)], false, true), PodPhase::Running);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: [`pod_status`](super::pod_status); `KillCause::phase` by `kubelet::pod_worker`.

use serde::{Deserialize, Serialize};

use super::{record_of, restart};
use crate::{
    api::PodPhase,
    spec::{ContainerKind, ContainerSpec, PodSpec},
    state::{ContainerRecord, RecordedState, RuntimeStatus, Termination, TerminationReason},
};

/// Returns the phase of a Pod, given its container statuses by container index.
///
/// `is_terminal`: no container runs or will run again. `has_initialized`: see [`has_active_regular_container`]. Answers
/// to `getPhase` in `pkg/kubelet/kubelet_pods.go`.
///
/// ```
/// use pod_lifecycle::{api, rule::phase, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// assert_eq!(phase::pod_phase(&spec, &[None], false, false), api::PodPhase::Pending);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn pod_phase(
    spec: &PodSpec,
    records: &[Option<ContainerRecord>],
    is_terminal: bool,
    has_initialized: bool,
) -> PodPhase {
    let count = Count::of(spec, records);
    let holds_back_start = count.pending_init > 0 || count.pending_sidecar > 0 && !has_initialized;
    // The order of these questions is the kubelet's.
    if count.init_failed_for_good {
        PodPhase::Failed
    } else if holds_back_start || count.waiting > 0 || count.unknown > 0 {
        PodPhase::Pending
    } else if count.running > 0 {
        PodPhase::Running
    } else if count.stopped == 0 {
        PodPhase::Pending
    // A container in back-off counts as restartable: a Pod in a crash loop is Running.
    } else if count.restartable > 0 && (spec.is_static() || !is_terminal) {
        PodPhase::Running
    } else if count.stopped == count.succeeded {
        PodPhase::Succeeded
    } else {
        PodPhase::Failed
    }
}

/// Cause for which a node ends a Pod (`killPodNow` in pkg/kubelet/pod_workers.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum KillCause {
    /// Eviction: dead containers are removed as soon as the PLEG reports them.
    Eviction,
    /// Preemption by a critical Pod: an eviction that blocks the sync loop.
    Preemption,
    /// Shutdown of the node.
    Shutdown,
}

impl KillCause {
    /// Returns the Pod's phase, given the one that its containers make.
    ///
    /// Answers to the status functions that `evictPod`, `evictPodsToFreeRequests` and the node shutdown manager pass to
    /// `killPodNow`.
    pub(crate) fn phase(self, generated: PodPhase) -> PodPhase {
        match self {
            // Only the shutdown manager keeps the phase of a Pod that succeeded before it was killed.
            KillCause::Shutdown if generated == PodPhase::Succeeded => PodPhase::Succeeded,
            KillCause::Eviction | KillCause::Preemption | KillCause::Shutdown => PodPhase::Failed,
        }
    }
}

/// True if a regular container has an instance in the current sandbox: the Pod has initialized.
///
/// Answers to `HasAnyActiveRegularContainerStarted` in `pkg/kubelet/container`.
#[must_use]
pub fn has_active_regular_container(spec: &PodSpec, runtime: &RuntimeStatus) -> bool {
    let Some(sandbox) = runtime.active_sandbox() else { return false };
    let is_regular =
        |container| spec.container(container).is_some_and(|container| container.kind() == ContainerKind::Regular);
    runtime
        .instances
        .iter()
        .any(|instance| instance.sandbox == sandbox.id && instance.container.is_some_and(is_regular))
}

/// True if a regular container runs or has ended, by its status: the Pod has initialized, as kubelets before 1.33 see
/// it.
///
/// Answers to `HasAnyRegularContainerStarted` in `pkg/kubelet/container` of 1.32.
pub(super) fn has_started_regular_container(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> bool {
    spec.regular_containers().any(|(index, _)| {
        record_of(records, index).is_some_and(|record| record.is_running() || record.termination().is_some())
    })
}

#[derive(Default)]
struct Count {
    init_failed_for_good: bool,
    pending_init: u32,
    pending_sidecar: u32,
    unknown: u32,
    running: u32,
    waiting: u32,
    stopped: u32,
    restartable: u32,
    succeeded: u32,
}

impl Count {
    fn of(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> Count {
        let mut count = Count::default();
        for (index, container) in spec.init_and_regular_containers() {
            let record = record_of(records, index);
            match container.kind() {
                ContainerKind::Init => count.add_init(container, record),
                ContainerKind::Sidecar => count.add_sidecar(record),
                ContainerKind::Regular | ContainerKind::Ephemeral => count.add_regular(container, record),
            }
        }
        count
    }

    fn add_init(&mut self, container: &ContainerSpec, record: Option<&ContainerRecord>) {
        match record.and_then(latest_exit) {
            None => bump(&mut self.pending_init),
            Some(end) => self.init_failed_for_good |= end.exit_code != 0 && !will_restart(container, end),
        }
    }

    fn add_sidecar(&mut self, record: Option<&ContainerRecord>) {
        let Some(record) = record else { return bump(&mut self.unknown) };
        match &record.state {
            Some(RecordedState::Running { .. }) => {
                bump(&mut self.running);
                if record.started != Some(true) {
                    bump(&mut self.pending_sidecar);
                }
            }
            // A terminated sidecar counts neither for nor against any phase.
            Some(RecordedState::Terminated(_)) => {}
            Some(RecordedState::Waiting(_)) if record.last_termination().is_some() => {}
            Some(RecordedState::Waiting(_)) => {
                bump(&mut self.pending_sidecar);
                bump(&mut self.waiting);
            }
            None => {
                bump(&mut self.pending_sidecar);
                bump(&mut self.unknown);
            }
        }
    }

    fn add_regular(&mut self, container: &ContainerSpec, record: Option<&ContainerRecord>) {
        let Some(state) = record.and_then(|record| record.state.as_ref()) else { return bump(&mut self.unknown) };
        if matches!(state, RecordedState::Running { .. }) {
            return bump(&mut self.running);
        }
        let Some(end) = record.and_then(latest_exit) else { return bump(&mut self.waiting) };
        bump(&mut self.stopped);
        if will_restart(container, end) {
            bump(&mut self.restartable);
        }
        // One that waits after an exit with 0 is stopped, and has not succeeded.
        if state.termination().is_some() && end.exit_code == 0 {
            bump(&mut self.succeeded);
        }
    }
}

fn bump(count: &mut u32) {
    *count = count.saturating_add(1);
}

/// Returns the last exit of a container that does not run: its state's, or its last state's if it waits.
fn latest_exit(record: &ContainerRecord) -> Option<&Termination> {
    match record.state.as_ref()? {
        RecordedState::Running { .. } => None,
        RecordedState::Terminated(termination) => Some(termination),
        RecordedState::Waiting(_) => record.last_termination().map(|termination| &**termination),
    }
}

fn will_restart(container: &ContainerSpec, end: &Termination) -> bool {
    end.reason == TerminationReason::RestartingAllContainers
        || restart::restarts_after_exit(container.restart(), end.exit_code)
}
