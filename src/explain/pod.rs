//! State of the Pod as a whole: its situation, why it is being stopped, why it has ended.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::{
    ApiView,
    container::{self, ContainerExplanation},
    fact::{LastExit, RestartDecision},
};
use crate::{
    api::{ConditionStatus, Name, PodPhase, RestartPolicy},
    kubelet::{InspectSync, InspectVolume, PodMachine, WorkerState},
    rule::{deadline::DEADLINE_REASON, restart},
    spec::{ContainerKind, ContainerSpec, PodSpec},
    state::{
        ConditionMessage, ConditionReason, ConditionType, ContainerRecord, Instance, Termination, TerminationReason,
    },
    time::{Timestamp, seconds},
};

/// Situation of the Pod as a whole, with the facts behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum PodSituation {
    /// Scheduling gates keep it from being scheduled.
    Gated,
    /// Not bound to a node yet.
    Unscheduled {
        /// Message of the scheduler, if no node fits.
        message: Option<String>,
    },
    /// Its node does not report.
    NodeLost {
        /// Start of the silence, if known.
        since: Option<Timestamp>,
    },
    /// Its node does not report or is not ready: `Ready` is False without a reason, which only the node controller writes.
    NodeSilent {
        /// Name of the node.
        node: String,
        /// Time at which the node controller set `Ready` to False.
        since: Option<Timestamp>,
        /// Time for which the Pod tolerates a node that is unreachable; `None` for ever.
        #[serde(rename = "toleratedSeconds", serialize_with = "seconds::serialize_option")]
        tolerated: Option<Duration>,
    },
    /// Mirror of a static Pod that is being deleted, which stops nothing on the node.
    MirrorDeleted {
        /// Name of the node.
        node: String,
        /// Source of the static Pod: `file` or `http`.
        source: String,
    },
    /// Deleted and ended, but still in the API.
    Leaving {
        /// Cause of the final phase; `None` if it never got a node.
        cause: Option<EndCause>,
    },
    /// Ready, with a resize that is pending or in progress.
    Resizing {
        /// Type of the condition: `PodResizePending` or `PodResizeInProgress`.
        condition: String,
        /// Reason of the condition: `Deferred`, `Infeasible`, `Error`, or empty.
        reason: String,
        /// Message of the condition.
        message: String,
    },
    /// Bound to a node whose kubelet has not reported on it yet.
    Unreported {
        /// Name of the node.
        node: String,
    },
    /// Without a ready sandbox.
    NoSandbox {
        /// True if it had one.
        is_lost: bool,
        /// True if one is being created.
        is_being_made: bool,
        /// Restart policy, if it rules out a new sandbox: what has run does not run again.
        ruled_out_by: Option<RestartPolicy>,
        /// Container whose pull, hook or stop the kubelet finishes first.
        after: Option<String>,
    },
    /// The network of its node is not ready: nothing starts, restarts or is killed by a probe until it is.
    NetworkNotReady {
        /// Message of the runtime.
        message: String,
    },
    /// Waits for volumes that are not mounted yet; nothing else is done meanwhile.
    VolumesNotMounted {
        /// Time since which they are to be mounted.
        since: Timestamp,
        /// The volumes, by name.
        volumes: Vec<AwaitedVolume>,
    },
    /// Its containers have stopped, and its volumes are being unmounted.
    Unmounting {
        /// Time since which they are to be unmounted.
        since: Timestamp,
        /// The volumes, by name.
        volumes: Vec<AwaitedVolume>,
    },
    /// The exit of a container restarts all of them.
    RestartingAll {
        /// Container that exited, if still known.
        container: Option<String>,
    },
    /// Explained by the container that needs attention most.
    Container {
        /// Name of the container.
        container: String,
    },
    /// Containers are ready, but readiness gates are not True.
    GatesUnmet {
        /// Gates with the status of their conditions; `None` without such a condition.
        gates: Vec<(String, Option<ConditionStatus>)>,
    },
    /// Nothing is wrong.
    Ready,
    /// Being stopped.
    Stopping {
        /// Cause of the stop.
        cause: StopCause,
        /// Final phase, if decided; it is published once no container can run any more.
        outcome: Option<PodPhase>,
    },
    /// Ended: its phase is terminal, or its node has given it up.
    Over {
        /// Cause of the final phase.
        cause: EndCause,
    },
    /// Removed from the API, with no container left.
    Gone,
}

/// Volume that a Pod waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AwaitedVolume {
    /// Name of the volume.
    pub name: String,
    /// Error of its last mount or unmount, or of the last fetch of its claim, if that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// False if it has to be attached to the node, and is not.
    pub is_attached: bool,
}

impl AwaitedVolume {
    fn of(volume: InspectVolume<'_>) -> AwaitedVolume {
        let InspectVolume { name, error, is_attached } = volume;
        AwaitedVolume { name: name.into(), error: error.map(String::from), is_attached }
    }
}

/// Cause of a Pod's stop.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::explain::{PodSituation, StopCause, ObservedPod};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "web", "deletionTimestamp": "2026-03-01T12:00:30Z", "deletionGracePeriodSeconds": 30},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}]},
///     "status": {"phase": "Running", "containerStatuses": [
///         {"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}
/// }"#)?)?;
/// let now = "2026-03-01T12:00:10Z".parse()?;
/// let PodSituation::Stopping { cause, .. } = pod.explain(now).situation else { panic!("it is being deleted") };
/// assert_eq!(cause, StopCause::Deleted { at: "2026-03-01T12:00:00Z".parse()?, grace: Duration::from_secs(30) });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum StopCause {
    /// Deleted through the API.
    Deleted {
        /// Time of the delete request.
        at: Timestamp,
        /// Grace period of the deletion.
        #[serde(rename = "graceSeconds", serialize_with = "seconds::serialize")]
        grace: Duration,
    },
    /// Removed from the API.
    Removed,
    /// Eviction, preemption or shutdown of the node.
    Node {
        /// Reason of the status: `Evicted`.
        reason: String,
        /// Message of the status.
        message: String,
    },
    /// Active for longer than `activeDeadlineSeconds`.
    Deadline {
        /// Deadline, counted from `status.startTime`.
        #[serde(rename = "seconds", serialize_with = "seconds::serialize")]
        longest: Duration,
    },
    /// All of its containers have ended, or one has failed for good.
    WorkOver(EndCause),
}

/// Cause of a Pod's final phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum EndCause {
    /// All regular containers exited with code 0 and do not restart.
    AllSucceeded,
    /// A container failed and does not restart.
    ContainerFailed {
        /// Name of the container.
        container: String,
        /// True for an init container: the containers after it never start.
        is_init: bool,
        /// Exit of the container.
        exit: LastExit,
        /// Rule that does not restart it.
        decision: RestartDecision,
    },
    /// The kubelet did not see this container exit.
    Unseen {
        /// Name of the container.
        container: String,
    },
    /// Reason and message of the status.
    Reason {
        /// Reason of the status: `DeadlineExceeded`, `Evicted`.
        reason: String,
        /// Message of the status.
        message: String,
    },
    /// Its node was lost, and the Pod was given up.
    NodeGone {
        /// Start of the node's silence.
        since: Timestamp,
    },
    /// Stopped before all of its containers had succeeded.
    Incomplete,
}

impl PodSituation {
    /// Explains a machine as the API shows it.
    pub(super) fn of(pod: &PodMachine, seen: ApiView, containers: &[ContainerExplanation]) -> PodSituation {
        let inspect = pod.inspect();
        // The first that applies: no node, a lost node, an end, a stop; only then do containers explain the Pod.
        if !pod.is_on_node() {
            return if inspect.is_scheduling_gated() { PodSituation::Gated } else { unscheduled(pod) };
        }
        // The kubelet's own phase: a Pod that had ended before its node was lost is over all the same.
        let is_over = inspect.status().phase.is_terminal();
        if let Some(since) = seen.node_lost_since.filter(|_| !is_over) {
            // The Pod garbage collector sets the phase of such a Pod in the API, without its kubelet.
            let is_given_up = seen.phase.is_terminal();
            let cause = EndCause::NodeGone { since };
            return if is_given_up {
                PodSituation::Over { cause }
            } else if seen.phase == PodPhase::Unknown {
                PodSituation::NodeLost { since: Some(since) }
            } else {
                let node = String::from(&*pod.config().node_name);
                PodSituation::NodeSilent { node, since: Some(since), tolerated: seen.tolerated }
            };
        }
        if pod.worker_state() == WorkerState::Finished || pod.is_rejected() {
            let is_over = pod.phase().is_terminal();
            return if inspect.is_object_gone() && !is_over {
                PodSituation::Gone
            } else {
                PodSituation::Over { cause: end_cause(pod) }
            };
        }
        if let Some((since, volumes)) = inspect.volumes_being_unmounted() {
            return PodSituation::Unmounting { since, volumes: volumes.into_iter().map(AwaitedVolume::of).collect() };
        }
        if pod.worker_state() != WorkerState::Syncing {
            return stopping(pod);
        }
        // What runs and is ready stays so without another sync.
        let is_well =
            inspect.status().conditions.containers_ready.is_true() && pod.runtime().active_sandbox().is_some();
        if let Some(message) = inspect.network_not_ready().filter(|_| !is_well && inspect.sync().is_none()) {
            return PodSituation::NetworkNotReady { message: message.into() };
        }
        let may_wait = !is_well && inspect.sync().is_none_or(InspectSync::waits_for_volumes);
        if let Some((since, volumes)) = inspect.volumes_not_mounted().filter(|_| may_wait) {
            let volumes = volumes.into_iter().map(AwaitedVolume::of).collect();
            return PodSituation::VolumesNotMounted { since, volumes };
        }
        if container::is_restarting_all(pod) {
            return PodSituation::RestartingAll { container: trigger(pod) };
        }
        let sync = inspect.sync();
        let is_being_made = sync.is_some_and(InspectSync::is_creating_sandbox);
        // A sync that replaces a dead sandbox stops its containers first; while it does, they explain the Pod.
        let is_stopping = sync.is_some_and(InspectSync::is_stopping_containers);
        if is_being_made || pod.runtime().active_sandbox().is_none() && !is_stopping {
            let is_lost = !pod.runtime().sandboxes.is_empty();
            let after =
                sync.and_then(InspectSync::waits_for_container).map(|holder| pod.spec().container_name(holder).into());
            let ruled_out_by = container::is_stranded(pod).then(|| pod.spec().restart_policy());
            return PodSituation::NoSandbox { is_lost, is_being_made, ruled_out_by, after };
        }
        of_running(pod, containers)
    }
}

/// Returns the situation of a Pod that is not being stopped: its most severe container, else its readiness gates.
fn of_running(pod: &PodMachine, containers: &[ContainerExplanation]) -> PodSituation {
    let containers_are_ready = pod.inspect().status().conditions.containers_ready.is_true();
    if let Some(container) = container::lead(containers, containers_are_ready) {
        return PodSituation::Container { container: container.name.clone() };
    }
    let gates = unmet_gates(pod);
    if gates.is_empty() { PodSituation::Ready } else { PodSituation::GatesUnmet { gates } }
}

fn unscheduled(pod: &PodMachine) -> PodSituation {
    let known = pod.inspect().external_condition(ConditionType::PodScheduled.name());
    // A scheduler that has not seen the Pod yet, or has failed, says nothing about nodes.
    let known = known.filter(|condition| condition.reason == ConditionReason::Unschedulable.name());
    PodSituation::Unscheduled { message: known.map(|condition| condition.message.clone()) }
}

/// Returns the container whose exit restarts all.
fn trigger(pod: &PodMachine) -> Option<String> {
    let mut lasting = pod.spec().init_and_regular_containers();
    let triggers = |end: &Termination, container: &ContainerSpec| {
        restart::restarts_all_containers(container.restart(), end.exit_code)
    };
    let found = lasting.find(|(index, container)| {
        let of_runtime = pod.runtime().newest(*index).and_then(Instance::termination);
        let record = pod.inspect().container_status(*index);
        let of_record = record.and_then(|record| record.termination().or_else(|| record.last_termination()));
        // The reset removes the old instances, so the exit may be in the record only.
        [of_runtime, of_record].into_iter().flatten().any(|end| triggers(end, container))
    });
    found.map(|(_, container)| container.name().into())
}

/// Returns the readiness gates that are not True, with the status of their conditions.
fn unmet_gates(pod: &PodMachine) -> Vec<(String, Option<ConditionStatus>)> {
    let ConditionMessage::Gates(failures) = &pod.inspect().status().conditions.ready.message else {
        return Vec::new();
    };
    let gates = pod.spec().readiness_gates();
    let named =
        failures.iter().filter_map(|failure| Some((gates.get(usize::from(failure.gate))?.clone(), failure.status)));
    named.collect()
}

fn stopping(pod: &PodMachine) -> PodSituation {
    let inspect = pod.inspect();
    let outcome = Some(inspect.status().phase).filter(|phase| phase.is_terminal());
    let why = inspect.status_reason();
    // An eviction, preemption or shutdown overrides any reason in the status.
    let cause = if let Some(kill) = inspect.kill_reason() {
        StopCause::Node { reason: kill.reason.into(), message: kill.message.into() }
    } else if let Some(longest) =
        pod.spec().active_deadline().filter(|_| why.is_some_and(|why| why.reason == DEADLINE_REASON))
    {
        StopCause::Deadline { longest }
    } else if inspect.is_object_gone() {
        StopCause::Removed
    // With a final phase already decided, the end of the work is the cause and not the deletion.
    } else if let Some(deletion) = inspect.deletion().filter(|_| outcome.is_none()) {
        StopCause::Deleted { at: deletion.requested_at, grace: deletion.grace }
    } else {
        StopCause::WorkOver(end_cause(pod))
    };
    PodSituation::Stopping { cause, outcome }
}

fn end_cause(pod: &PodMachine) -> EndCause {
    let inspect = pod.inspect();
    // After a restart of the kubelet, only the published status may have the reason.
    let why = inspect.status_reason().or(inspect.published_reason());
    if let Some(why) = why.filter(|why| !why.reason.is_empty()) {
        return EndCause::Reason { reason: why.reason.into(), message: why.message.into() };
    }
    if inspect.status().phase == PodPhase::Succeeded {
        return EndCause::AllSucceeded;
    }
    first_failure(pod.spec(), &inspect.status().records).unwrap_or(EndCause::Incomplete)
}

/// Returns the first container that makes its Pod fail: an init container, else a regular one.
pub(super) fn first_failure(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> Option<EndCause> {
    spec.init_and_regular_containers().find_map(|(index, container)| {
        let record = records.get(index.get())?.as_ref()?;
        // A container that waits for its restart when the Pod ends has its exit in lastState.
        let end = record.termination().or_else(|| record.last_termination())?;
        let is_init = container.kind() == ContainerKind::Init;
        // getPhase ignores the exit codes of sidecars (KEP-753).
        if container.kind() == ContainerKind::Sidecar || end.exit_code == 0 {
            return None;
        }
        let name = container.name().into();
        if end.reason == TerminationReason::ContainerStatusUnknown {
            return Some(EndCause::Unseen { container: name });
        }
        let exit = LastExit::of(end, record.restart_count);
        Some(EndCause::ContainerFailed {
            container: name,
            is_init,
            exit,
            decision: RestartDecision::on(container, end),
        })
    })
}
