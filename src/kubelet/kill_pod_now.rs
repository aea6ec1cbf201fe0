//! Terminations by the node: eviction, preemption, shutdown and rejection, with the callers that wait for them.
//!
//! Answers to `killPodNow` in `pkg/kubelet/pod_workers.go`, and to `pkg/kubelet/eviction`, `preemption` and
//! `nodeshutdown`. The phase that each of these causes leaves is the rule `rule::phase` (`KillCause::phase`).

use alloc::boxed::Box;
use core::time::Duration;

use super::{
    components::Kubelet,
    pod_worker::{PodWorker, StatusOverride, WorkerState},
    sink::Step,
    status_view::StatusReason,
};
use crate::{
    action::{EventReason, EventType},
    api::Name,
    event::NodeEvent,
    rule::phase::KillCause,
    time::{Timestamp, seconds},
};

/// Grace of a hard eviction (`immediateEvictionGracePeriodSeconds`).
const HARD_EVICTION_GRACE: Duration = Duration::from_secs(1);

/// Least time that a caller of `killPodNow` waits (`minTimeout`).
const LEAST_KILL_TIMEOUT: Duration = Duration::from_secs(10);

const EXCEEDED: &str = "Container runtime did not kill the pod within specified grace period.";
const PREEMPTED: &str = "Preempted in order to admit critical pod";
const PREEMPTED_BY_KUBELET: &str = "Pod was preempted by Kubelet to accommodate a critical pod.";
const SHUT_DOWN: &str = "Pod was terminated in response to imminent node shutdown.";

/// Applies an event of the node that was validated.
pub(super) fn handle(event: NodeEvent, worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    match event {
        NodeEvent::KubeletRestarted => worker.request_kubelet_restart(),
        NodeEvent::Evicted { message, grace_seconds, is_disruption } => {
            evict(message, grace_seconds, is_disruption, worker, kubelet, step);
        }
        NodeEvent::NetworkNotReady { message } => kubelet.set_network(Some(message)),
        NodeEvent::NetworkReady => kubelet.set_network(None),
        NodeEvent::Preempted => preempt(worker, kubelet, step),
        NodeEvent::ShutDown { grace_seconds } => shut_down(grace_seconds, worker, kubelet, step),
        // Taken by the sync loop.
        NodeEvent::InfoChanged(_) => {}
    }
}

/// Evicts the Pod: the node is under pressure, or the Pod uses more local storage than it may.
///
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/>. A hard eviction leaves 1 s, a
/// soft one at most its own maximum. Answers to `evictPod` in `pkg/kubelet/eviction`.
fn evict(
    message: Box<str>,
    max_grace_seconds: Option<i64>,
    is_disruption: bool,
    worker: &mut PodWorker,
    kubelet: &mut Kubelet,
    step: &mut Step<'_>,
) {
    step.record_event(EventType::Warning, EventReason::Evicted, None, || (*message).into());
    let reason = StatusReason::new(EventReason::Evicted.name(), &message);
    let disruption = is_disruption.then_some(message);
    let grace = max_grace_seconds.map_or(HARD_EVICTION_GRACE, |max| grace_up_to(kubelet, seconds::of_field(max)));
    let status_override = StatusOverride { reason, disruption, cause: KillCause::Eviction };
    kill_pod_now(status_override, Some(grace), worker, kubelet, step.now);
}

/// Preempts the Pod for a critical one; it keeps its own grace.
///
/// Answers to `evictPodsToFreeRequests` in `pkg/kubelet/preemption`.
fn preempt(worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    step.record_event(EventType::Warning, EventReason::Preempting, None, || PREEMPTED.into());
    let reason = StatusReason::new(EventReason::Preempting.name(), PREEMPTED);
    let status_override =
        StatusOverride { reason, disruption: Some(PREEMPTED_BY_KUBELET.into()), cause: KillCause::Preemption };
    kill_pod_now(status_override, None, worker, kubelet, step.now);
}

/// Terminates the Pod at a shutdown of the node, which leaves Pods of each priority a grace of their own.
///
/// <https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/>. No event is recorded. Answers to
/// `killPods` in `pkg/kubelet/nodeshutdown`.
fn shut_down(max_grace_seconds: Option<i64>, worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    // The shutdown manager passes a grace with every kill, so the Pod's own is an override as well.
    let own = kubelet.object.spec.termination_grace();
    let grace = max_grace_seconds.map(|max| grace_up_to(kubelet, seconds::of_field(max))).or(own);
    let reason = StatusReason::new("Terminated", SHUT_DOWN);
    let status_override = StatusOverride { reason, disruption: Some(SHUT_DOWN.into()), cause: KillCause::Shutdown };
    kill_pod_now(status_override, grace, worker, kubelet, step.now);
}

/// Returns the Pod's own grace, or `max` if that is shorter.
fn grace_up_to(kubelet: &Kubelet, max: Duration) -> Duration {
    kubelet.object.spec.termination_grace().map_or(max, |own| own.min(max))
}

/// Requests the termination; the caller waits until all containers have stopped, or until its timeout.
fn kill_pod_now(
    status_override: StatusOverride,
    grace: Option<Duration>,
    worker: &mut PodWorker,
    kubelet: &mut Kubelet,
    now: Timestamp,
) {
    let cause = status_override.cause;
    let object = &kubelet.object;
    let grace_seconds = grace.or(object.spec.termination_grace()).unwrap_or_default().as_secs();
    // killPodNow: "we timeout and return an error if we don't get a callback within a reasonable time": 1.5 graces.
    let wait = Duration::from_secs(grace_seconds.saturating_add(grace_seconds / 2)).max(LEAST_KILL_TIMEOUT);
    let timeout = now + wait;
    let is_first = worker.state() == WorkerState::Syncing && !object.is_deleting();
    // UpdatePod looks at Evict only if nothing has requested the termination before; a shutdown does not set it.
    worker.record_kill(status_override, is_first && cause != KillCause::Shutdown, timeout);
    if cause == KillCause::Preemption {
        // The node admits the critical Pod only when this one is gone, and handles nothing else meanwhile.
        kubelet.queue.block_until(Some(timeout));
    }
    let object = kubelet.allocated_object().unwrap_or_else(|| kubelet.object.clone());
    worker.terminate(&object, kubelet.shows_initialized(), grace);
}

/// Emits `ExceededGracePeriod` for every caller of `killPodNow` that timed out.
pub(super) fn handle_kill_timeout(worker: &mut PodWorker, kubelet: &mut Kubelet, step: &mut Step<'_>) {
    for _ in 0..worker.remove_timed_out_kills(step.now) {
        step.record_event(EventType::Warning, EventReason::ExceededGracePeriod, None, || EXCEEDED.into());
    }
    if kubelet.queue.blocked_by_preemption_until().is_some_and(|until| until <= step.now) {
        kubelet.queue.block_until(None);
    }
}
