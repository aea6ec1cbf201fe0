//! Container statuses (`convertToAPIContainerStatuses` in pkg/kubelet/kubelet_pods.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states>. `started` and `ready` are set
//! by [`started_and_ready`](super::started_and_ready). A container whose last start failed waits, with the failure as
//! its reason; the text of its message is made in `src/status/messages.rs`:
//!
//! ```
//! use std::sync::Arc;
//! use pod_lifecycle::{api, rule::container_status::{self, StatusInputs}, spec::PodSpec};
//! use pod_lifecycle::state::{FailureMessage, RuntimeStatus, StartError, StartFailure};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let failure = StartFailure { error: StartError::ErrImagePull, message: FailureMessage::Text("no route".into()) };
//! let (spec, runtime, failures) =
//!     (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default(), [Some(Arc::new(failure))]);
//! let mut inputs = StatusInputs::new(&spec, &runtime);
//! inputs.failures = &failures;
//! let records = container_status::container_records(&inputs);
//! assert!(records[0].as_ref().is_some_and(|app| app.is_waiting()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: [`pod_status`](super::pod_status).

use alloc::{sync::Arc, vec::Vec};

use super::{record_of, restart};
use crate::{
    config::{FeatureGate, KnownBug, Kubernetes},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{
        ContainerRecord, Instance, InstanceState, REMOVED_TO_RESTART_ALL, RecordedState, RuntimeStatus, StartFailure,
        Termination, TerminationReason, Waiting,
    },
};

/// Input of [`container_records`]; slices are by container index.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StatusInputs<'a> {
    /// Version of the kubelet, with its feature gates and known bugs.
    pub kubernetes: Kubernetes,
    /// Spec of the Pod.
    pub spec: &'a PodSpec,
    /// Sandboxes and container instances of the runtime.
    pub runtime: &'a RuntimeStatus,
    /// Previous container statuses.
    pub previous: &'a [Option<ContainerRecord>],
    /// Failure of the last start of each container, if it failed.
    pub failures: &'a [Option<Arc<StartFailure>>],
    /// True if the Pod is being deleted.
    pub is_deleting: bool,
    /// True if all containers are being restarted, see [`restart::should_restart_all_containers`].
    pub is_restarting_all: bool,
}

impl<'a> StatusInputs<'a> {
    /// Creates the input for a Pod of the newest Kubernetes that has no status yet; set the fields that differ.
    #[must_use]
    pub fn new(spec: &'a PodSpec, runtime: &'a RuntimeStatus) -> StatusInputs<'a> {
        StatusInputs {
            kubernetes: Kubernetes::default(),
            spec,
            runtime,
            previous: &[],
            failures: &[],
            is_deleting: false,
            is_restarting_all: false,
        }
    }
}

/// Returns the status of every container of the spec, by container index.
///
/// Answers to `convertToAPIContainerStatuses` in `pkg/kubelet/kubelet_pods.go`.
#[must_use]
pub fn container_records(inputs: &StatusInputs<'_>) -> Vec<Option<ContainerRecord>> {
    inputs.spec.containers().map(|(index, container)| Some(inputs.of(index, container))).collect()
}

/// True if any regular container was ever created: its newest instance is created, running or exited.
///
/// Answers to `HasAnyRegularContainerCreated` in `pkg/kubelet/kuberuntime`.
pub(super) fn any_regular_created(spec: &PodSpec, runtime: &RuntimeStatus) -> bool {
    spec.regular_containers()
        .filter_map(|(index, _)| runtime.newest(index))
        .any(|instance| instance.state != InstanceState::Unknown)
}

impl StatusInputs<'_> {
    fn of(&self, index: ContainerIndex, container: &ContainerSpec) -> ContainerRecord {
        let previous = record_of(self.previous, index);
        let mut instances = self.runtime.instances_of(index);
        let newest = instances.next();
        let record = match newest {
            Some(newest) => self.of_present(newest, instances.next(), previous),
            None => self.of_absent(previous),
        };
        if matches!(container.kind(), ContainerKind::Init | ContainerKind::Sidecar) {
            let has_completed = newest.and_then(Instance::termination).is_some_and(|end| end.exit_code == 0);
            // One that exited with 0 is not started again: no failure of a start is shown over it.
            if has_completed {
                return record;
            }
            let is_gone = container.kind() == ContainerKind::Init && newest.is_none() && record.is_waiting();
            // Dead containers were pruned: it must have run, or no regular container would have been created.
            if is_gone && any_regular_created(self.spec, self.runtime) {
                return ContainerRecord { state: Some(RecordedState::Terminated(forgotten_init())), ..record };
            }
        }
        if restart::should_restart(container, newest, self.is_deleting)
            && !self.stays_ended_by_pod_policy(container, newest)
        {
            return self.with_failure(index, record);
        }
        record
    }

    /// True if an exited sidecar is taken for one that stays ended, by its Pod's policy: without container restart
    /// rules the kubelet asks no other here, although it starts the sidecar again.
    fn stays_ended_by_pod_policy(&self, container: &ContainerSpec, newest: Option<&Instance>) -> bool {
        !self.kubernetes.is_enabled(FeatureGate::ContainerRestartRules)
            && container.kind() == ContainerKind::Sidecar
            && newest
                .and_then(Instance::termination)
                .is_some_and(|end| !restart::policy_restarts(self.spec.restart_policy(), end.exit_code))
    }

    /// Returns the status of a container that the runtime knows: its newest instance is its state, the second newest
    /// its last state.
    fn of_present(
        &self,
        newest: &Instance,
        second: Option<&Instance>,
        previous: Option<&ContainerRecord>,
    ) -> ContainerRecord {
        let ended_before = previous.and_then(ContainerRecord::termination);
        let mut record = ContainerRecord {
            state: Some(self.state_of(newest, previous)),
            last_state: None,
            restart_count: newest.restart_count,
            instance: Some(newest.id),
            started: None,
            ready: false,
        };
        let carries_over = self.kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits);
        if let Some(previous) = previous.filter(|_| carries_over) {
            // The runtime counts from 0 again if its dead containers were pruned; the API's count never falls.
            record.restart_count = record.restart_count.max(previous.restart_count);
            record.last_state = match ended_before {
                Some(_) if previous.instance != Some(newest.id) => previous.state.clone(),
                Some(_) | None => previous.last_termination().cloned().map(RecordedState::Terminated),
            };
            // The runtime's count does not reflect a run that the previous status shows as ended.
            if newest.is_running() && ended_before.is_some() && previous.restart_count >= newest.restart_count {
                record.restart_count = previous.restart_count.saturating_add(1);
            }
        }
        if let Some(previous) = previous {
            if newest.state == InstanceState::Unknown && previous.is_running() {
                record.restart_count = previous.restart_count.saturating_add(1);
            }
            let is_same = previous.instance == Some(newest.id) || self.kubernetes.has_bug(KnownBug::InheritedStarted);
            if newest.is_running() && is_same && self.kubernetes.keeps_readiness() {
                record.started = previous.started;
            }
        }
        if let Some(second) = second {
            record.last_state = Some(self.state_of(second, previous));
        }
        record
    }

    fn state_of(&self, instance: &Instance, previous: Option<&ContainerRecord>) -> RecordedState {
        match &instance.state {
            InstanceState::Running { started_at } => RecordedState::Running { started_at: *started_at },
            InstanceState::Exited(termination) => RecordedState::Terminated(termination.clone()),
            // The kubelet's status remembers that it ran, the runtime does not: its exit was missed.
            InstanceState::Unknown if previous.is_some_and(ContainerRecord::is_running) => {
                let reason = if self.is_restarting_all {
                    TerminationReason::RestartingAllContainers
                } else {
                    TerminationReason::ContainerStatusUnknown
                };
                RecordedState::Terminated(Arc::new(Termination::lost(reason, LOST_MESSAGE)))
            }
            InstanceState::Created | InstanceState::Unknown => RecordedState::Waiting(Waiting::WithoutReason),
        }
    }

    /// Returns the status of a container that the runtime does not know, or not any more.
    fn of_absent(&self, previous: Option<&ContainerRecord>) -> ContainerRecord {
        let default = ContainerRecord {
            state: Some(RecordedState::Waiting(if self.spec.has_init_containers() {
                Waiting::PodInitializing
            } else {
                Waiting::ContainerCreating
            })),
            last_state: None,
            restart_count: 0,
            instance: None,
            started: None,
            ready: false,
        };
        let Some(previous) = previous else { return default };
        let kept = if previous.termination().is_some() {
            previous.clone()
        } else {
            ContainerRecord {
                restart_count: previous.restart_count,
                last_state: previous.last_state.clone(),
                ..default
            }
        };
        if self.is_restarting_all && !previous.is_waiting() {
            return removed_to_restart_all(kept);
        }
        if previous.is_running() && kept.last_termination().is_none() {
            return self.lost_run(kept);
        }
        kept
    }

    /// Returns the status of a container that ran and is gone: its last state is the lost run, so that it does not look
    /// as if it had never run.
    fn lost_run(&self, record: ContainerRecord) -> ContainerRecord {
        let end = Termination::lost(
            TerminationReason::ContainerStatusUnknown,
            "The container could not be located when the pod was deleted.  The container used to be Running",
        );
        ContainerRecord {
            last_state: Some(RecordedState::Terminated(Arc::new(end))),
            // Counted now, since it will be created anew; in a Pod that is being deleted it will not.
            restart_count: record.restart_count.saturating_add(i32::from(!self.is_deleting)),
            ..record
        }
    }

    /// Returns the status of a container whose last start failed: it waits, with the failure as its reason.
    fn with_failure(&self, index: ContainerIndex, record: ContainerRecord) -> ContainerRecord {
        let Some(failure) = self.failures.get(index.get()).and_then(Option::as_ref) else { return record };
        let ended = record.termination().is_some();
        ContainerRecord {
            // `state` makes room for the failure; the exit that it showed moves to `lastState`.
            last_state: if ended { record.state } else { record.last_state },
            state: Some(RecordedState::Waiting(Waiting::Failed(failure.clone()))),
            ..record
        }
    }
}

/// Termination message of a container that was running when the kubelet last saw it.
pub(crate) const LOST_MESSAGE: &str = "The container could not be located when the pod was terminated";

fn removed_to_restart_all(record: ContainerRecord) -> ContainerRecord {
    let end = Termination::lost(TerminationReason::RestartingAllContainers, REMOVED_TO_RESTART_ALL);
    ContainerRecord {
        state: Some(RecordedState::Waiting(Waiting::RestartingAllContainers)),
        last_state: Some(RecordedState::Terminated(Arc::new(end))),
        restart_count: record.restart_count.saturating_add(1),
        ..record
    }
}

/// Returns the exit of an init container that the runtime has pruned although regular containers were created since.
fn forgotten_init() -> Arc<Termination> {
    let message = "Unable to get init container status from container runtime and pod has been initialized, treat it as \
                   exited normally";
    Arc::new(Termination { exit_code: 0, ..Termination::lost(TerminationReason::Completed, message) })
}
