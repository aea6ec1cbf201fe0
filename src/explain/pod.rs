//! Where the Pod as a whole stands, and why.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::Seen;
use super::{
    container::ContainerExplanation,
    fact::{LastExit, RestartDecision},
    urgency, wait,
};
use crate::{
    api::{ConditionStatus, Name, PodPhase, RestartPolicy},
    kubelet::{InspectSync, PendingCall, PodMachine, WorkerState},
    rule::{deadline::DEADLINE_REASON, restart},
    spec::{ContainerKind, PodSpec},
    state::{ConditionMessage, ConditionReason, ConditionType, ContainerRecord, TerminationReason},
    time::{Timestamp, seconds},
};

/// Where the Pod as a whole stands, with the facts that put it there.
///
/// ```
/// use pod_lifecycle::explain::{PodSituation, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/unschedulable.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let situation = pod.explain("2026-03-01T12:10:00Z".parse()?).situation;
/// assert!(matches!(situation, PodSituation::Unscheduled { message: Some(_) }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum PodSituation {
    /// Scheduling gates keep it from any node.
    Gated,
    /// No node has it yet.
    Unscheduled {
        /// What the scheduler said, if it found no node.
        message: Option<String>,
    },
    /// Its node cannot be reached.
    NodeLost {
        /// Since when, if that is known.
        since: Option<Timestamp>,
    },
    /// It has a node, whose kubelet has not reported on it yet.
    Unreported {
        /// The name of the node.
        node: String,
    },
    /// It has no sandbox with a network.
    NoSandbox {
        /// Whether it had one.
        is_lost: bool,
        /// Whether one is being made.
        is_being_made: bool,
        /// The Pod's policy, if it has it that none will ever be made: what ran is not run again.
        ruled_out_by: Option<RestartPolicy>,
        /// The container whose pull, hook or stop has to end before.
        after: Option<String>,
    },
    /// A container's exit restarts all of them.
    RestartingAll {
        /// Which container's, if it can still be told.
        container: Option<String>,
    },
    /// A container decides the Pod's state: the one that needs attention most.
    Container {
        /// Its name.
        container: String,
    },
    /// Its containers are ready, and its readiness gates are not.
    GatesUnmet {
        /// The gates, and what their conditions say; `None` if there is no such condition.
        gates: Vec<(String, Option<ConditionStatus>)>,
    },
    /// All is well.
    Ready,
    /// Everything in it is being stopped.
    Stopping {
        /// Who or what has it stopped.
        cause: StopCause,
        /// The phase that is decided, and published once nothing can run any more.
        outcome: Option<PodPhase>,
    },
    /// Its life is over.
    Over {
        /// What decided the phase.
        cause: EndCause,
    },
    /// Its object is gone from the API, and nothing of it is left.
    Gone,
}

/// Why a Pod is being stopped.
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
    /// It was deleted.
    Deleted {
        /// When the deletion was asked for.
        at: Timestamp,
        /// How long it was given.
        #[serde(rename = "graceSeconds", serialize_with = "seconds::serialize")]
        grace: Duration,
    },
    /// Its object was removed from the API.
    Removed,
    /// The node ends it.
    Node {
        /// Why, in one word: `Evicted`.
        reason: String,
        /// Why, for people.
        message: String,
    },
    /// It was active for longer than `activeDeadlineSeconds`.
    Deadline {
        /// The deadline, counted from its start time.
        #[serde(rename = "seconds", serialize_with = "seconds::serialize")]
        longest: Duration,
    },
    /// Its work is over, well or badly.
    WorkOver(EndCause),
}

/// What decides that a Pod has succeeded or failed.
///
/// ```
/// use pod_lifecycle::explain::EndCause;
///
/// assert_eq!(serde_json::to_value(EndCause::AllSucceeded)?["cause"], "allSucceeded");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum EndCause {
    /// Every container has ended with exit code 0, and none is started again.
    AllSucceeded,
    /// A container has ended badly and is not started again.
    ContainerFailed {
        /// The container's name.
        container: String,
        /// Whether it is an init container, without which the others never start.
        is_init: bool,
        /// How it ended.
        exit: LastExit,
        /// Why it is not started again.
        decision: RestartDecision,
    },
    /// Nobody saw a container end.
    Unseen {
        /// The container's name.
        container: String,
    },
    /// The status says why.
    Reason {
        /// Why, in one word: `DeadlineExceeded`, `Evicted`.
        reason: String,
        /// Why, for people.
        message: String,
    },
    /// Its node was lost, and what ran there was given up.
    NodeGone {
        /// Since when it was.
        since: Timestamp,
    },
    /// It was stopped before every container had ended well.
    Incomplete,
}

impl PodSituation {
    pub(super) fn of(pod: &PodMachine, seen: Seen, containers: &[ContainerExplanation]) -> PodSituation {
        let inspect = pod.inspect();
        if !pod.is_on_node() {
            return if inspect.is_scheduling_gated() { PodSituation::Gated } else { unscheduled(pod) };
        }
        let is_over = inspect.status().phase.is_terminal();
        if let Some(since) = seen.node_lost_since.filter(|_| !is_over) {
            let is_given_up = seen.phase.is_terminal();
            let cause = EndCause::NodeGone { since };
            return if is_given_up {
                PodSituation::Over { cause }
            } else {
                PodSituation::NodeLost { since: Some(since) }
            };
        }
        if pod.worker_state() == WorkerState::Finished {
            let is_over = pod.phase().is_terminal();
            return if inspect.is_object_gone() && !is_over { PodSituation::Gone } else { over(pod) };
        }
        if pod.worker_state() != WorkerState::Syncing {
            return stopping(pod);
        }
        if wait::is_reset(pod) {
            return PodSituation::RestartingAll { container: trigger(pod) };
        }
        let sync = inspect.sync();
        let is_being_made = sync.is_some_and(InspectSync::is_creating_sandbox);
        let is_stopping = sync.is_some_and(|sync| sync.pending_call() == PendingCall::Stopping);
        if is_being_made || pod.runtime().active_sandbox().is_none() && !is_stopping {
            let is_lost = !pod.runtime().sandboxes.is_empty();
            let after = wait::holder(pod).map(|holder| pod.spec().container_name(holder).into());
            let ruled_out_by = wait::is_stranded(pod).then(|| pod.spec().restart_policy());
            return PodSituation::NoSandbox { is_lost, is_being_made, ruled_out_by, after };
        }
        of_running(pod, containers)
    }
}

/// The containers, and then the gates, say how a Pod is that nobody stops.
fn of_running(pod: &PodMachine, containers: &[ContainerExplanation]) -> PodSituation {
    if let Some(container) = urgency::lead(containers, pod_is_ready(pod)) {
        return PodSituation::Container { container: container.name.clone() };
    }
    let gates = unmet_gates(pod);
    if gates.is_empty() { PodSituation::Ready } else { PodSituation::GatesUnmet { gates } }
}

fn pod_is_ready(pod: &PodMachine) -> bool {
    pod.inspect().status().conditions.containers_ready.is_true()
}

fn unscheduled(pod: &PodMachine) -> PodSituation {
    let known = pod.inspect().external_condition(ConditionType::PodScheduled.name());
    let known = known.filter(|condition| condition.reason == ConditionReason::Unschedulable.name());
    PodSituation::Unscheduled { message: known.map(|condition| condition.message.clone()) }
}

/// The container whose exit restarts all.
fn trigger(pod: &PodMachine) -> Option<String> {
    let mut lasting = pod.spec().init_and_regular_containers();
    let triggers = |end: &crate::state::Termination, container: &crate::spec::ContainerSpec| {
        restart::restarts_all_containers(container.restart(), end.exit_code)
    };
    let found = lasting.find(|(index, container)| {
        let of_runtime = pod.runtime().newest(*index).and_then(crate::state::Instance::termination);
        let record = pod.inspect().container_status(*index);
        let of_record = record.and_then(|record| record.termination().or_else(|| record.last_termination()));
        [of_runtime, of_record].into_iter().flatten().any(|end| triggers(end, container))
    });
    found.map(|(_, container)| container.name().into())
}

/// The readiness gates that are not true, and what their conditions say.
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
    let cause = if let Some(kill) = inspect.kill_reason() {
        StopCause::Node { reason: kill.reason.into(), message: kill.message.into() }
    } else if let Some(longest) =
        pod.spec().active_deadline().filter(|_| why.is_some_and(|why| why.reason == DEADLINE_REASON))
    {
        StopCause::Deadline { longest }
    } else if inspect.is_object_gone() {
        StopCause::Removed
    } else if let Some(deletion) = inspect.deletion().filter(|_| outcome.is_none()) {
        StopCause::Deleted { at: deletion.requested_at, grace: deletion.grace }
    } else {
        StopCause::WorkOver(end_cause(pod))
    };
    PodSituation::Stopping { cause, outcome }
}

fn over(pod: &PodMachine) -> PodSituation {
    PodSituation::Over { cause: end_cause(pod) }
}

fn end_cause(pod: &PodMachine) -> EndCause {
    let inspect = pod.inspect();
    let why = inspect.status_reason().or(inspect.published_reason());
    if let Some(why) = why.filter(|why| !why.reason.is_empty()) {
        return EndCause::Reason { reason: why.reason.into(), message: why.message.into() };
    }
    if inspect.status().phase == PodPhase::Succeeded {
        return EndCause::AllSucceeded;
    }
    first_failure(pod.spec(), &inspect.status().records).unwrap_or(EndCause::Incomplete)
}

/// The first container that makes its Pod fail: an init container, else a regular one.
pub(super) fn first_failure(spec: &PodSpec, records: &[Option<ContainerRecord>]) -> Option<EndCause> {
    spec.init_and_regular_containers().find_map(|(index, container)| {
        let record = records.get(index.get())?.as_ref()?;
        let end = record.termination().or_else(|| record.last_termination())?;
        let is_init = container.kind() == ContainerKind::Init;
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
