//! Status generation: from spec, runtime, probes and failed starts to the status of a Pod.
//!
//! Answers to `generateAPIPodStatus` in `pkg/kubelet/kubelet_pods.go`. Phase, conditions and container statuses are the
//! rule `rule::pod_status`. The active deadline is `rule::deadline`: here the Pod fails and its event is recorded, and
//! `next_deadline_check` in [`sync_loop`](super::sync_loop) wakes it.

use super::{
    api_pod::ApiPod,
    components::Kubelet,
    pod_worker::StatusOverride,
    sink::Step,
    status_manager::{NewStatus, Write},
    status_view::StatusReason,
};
use crate::{
    action::{EventReason, EventType},
    api::PodPhase,
    config::KnownBug,
    rule::{
        deadline::{self, DEADLINE_MESSAGE, DEADLINE_REASON},
        pod_status::{self, PhaseReason, PodInputs, PodRecord},
        started_and_ready::ProbeFacts,
    },
    spec::PodSpec,
    state::{ContainerRecord, RecordedState, RuntimeStatus},
};
use alloc::vec::Vec;

/// Circumstances of a status.
#[derive(Clone, Copy)]
pub(super) struct StatusRequest<'a> {
    pub(super) object: &'a ApiPod,
    /// True if containers may run, so that a terminal phase is held back.
    pub(super) could_have_running_containers: bool,
    /// True if nothing runs or will run again.
    pub(super) is_terminated: bool,
    /// Override by an eviction, a preemption or a shutdown.
    pub(super) status_override: Option<&'a StatusOverride>,
}

/// Generated status, as far as the sync needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct GeneratedStatus {
    pub(super) phase: PodPhase,
    /// True if it equals the former status in everything.
    pub(super) is_unchanged: bool,
    /// True if it triggered a readiness probe.
    pub(super) has_triggered_probe: bool,
}

/// Generates the status from a view of the runtime, and publishes it.
pub(super) fn update_status(
    kubelet: &mut Kubelet,
    view: &RuntimeStatus,
    request: StatusRequest<'_>,
    step: &mut Step<'_>,
) -> GeneratedStatus {
    // A probe's result between two syncs is combined with the gates as this sync saw them.
    kubelet.status_manager.set_gates(request.object.gate_statuses());
    kubelet.status_manager.record_pod_ips(view);
    let (mut record, has_triggered_probe) = generate(kubelet, view, request, step);
    let status_manager = &kubelet.status_manager;
    let mut reason = match record.phase_reason {
        PhaseReason::Cleared => None,
        // While the phase stays the same, reason and message stay, too.
        PhaseReason::Kept => status_manager.reason().or(status_manager.published_reason()).cloned(),
        PhaseReason::DeadlineExceeded => {
            let message = || DEADLINE_MESSAGE.into();
            step.record_event(EventType::Normal, EventReason::DeadlineExceeded, None, message);
            Some(StatusReason::new(DEADLINE_REASON, DEADLINE_MESSAGE))
        }
    };
    let mut disruption = status_manager.disruption().cloned();
    if let Some(status_override) = request.status_override {
        disruption = status_override.apply(&mut record, &mut reason).or(disruption);
    }
    let phase = record.phase;
    let StatusRequest { object, could_have_running_containers, .. } = request;
    // SetPodStatus forces an update if the object has a deletion timestamp.
    let write = if object.is_deleting() { Write::Forced } else { Write::Unchanged };
    let new = NewStatus { record, reason, disruption, object, could_have_running_containers, write };
    let (status_manager, mut context) = kubelet.status_manager(step);
    let is_unchanged = status_manager.set_pod_status(new, &mut context);
    GeneratedStatus { phase, is_unchanged, has_triggered_probe }
}

/// Generates the status; true if it has triggered a readiness probe.
fn generate(
    kubelet: &mut Kubelet,
    view: &RuntimeStatus,
    request: StatusRequest<'_>,
    step: &Step<'_>,
) -> (PodRecord, bool) {
    let spec = &request.object.spec;
    let status_manager = &kubelet.status_manager;
    let deadline = status_manager.start_time().and_then(|start_time| deadline::expires_at(spec, start_time));
    let mut triggered = Vec::new();
    let mut probes = kubelet.prober_manager.facts(spec, view, kubelet.config.kubernetes);
    if !kubelet.config.kubernetes.has_bug(KnownBug::ReadinessOfFormerInstance) {
        mark_replacements(&mut probes, view, status_manager.previous().records, spec);
    }
    let inputs = PodInputs {
        kubernetes: kubelet.config.kubernetes,
        spec,
        runtime: view,
        previous: status_manager.previous(),
        // A terminal phase that the API shows stays, whichever writer has set it.
        api_phase: request.object.api_terminal_phase.or(status_manager.published_phase()),
        failures: &kubelet.runtime_manager.start_failures(),
        probes: &probes,
        kubelet: kubelet.kubelet_start(),
        gates: status_manager.gates(),
        is_deleting: request.object.is_deleting(),
        is_terminal: request.is_terminated,
        is_past_deadline: deadline.is_some_and(|deadline| deadline <= step.now),
    };
    let mut record = pod_status::generate_pod_status(&inputs, |index| triggered.push(index));
    let has_triggered_probe = !triggered.is_empty();
    // Only now: the inputs borrow the probe manager while the status is generated.
    for container in triggered {
        kubelet.prober_manager.trigger_readiness(container, step.now);
    }
    record.records.iter_mut().flatten().for_each(round_down_start);
    let shows_running = kubelet.status_manager.published_phase() == Some(PodPhase::Running);
    kubelet.add_resources(&mut record, request.object, view, request.is_terminated, shows_running);
    (record, has_triggered_probe)
}

/// Marks the containers whose newest instance is not the one that the last status shows.
fn mark_replacements(
    probes: &mut [ProbeFacts],
    view: &RuntimeStatus,
    previous: &[Option<ContainerRecord>],
    spec: &PodSpec,
) {
    for ((index, _), facts) in spec.containers().zip(probes) {
        let shown = previous.get(index.get()).and_then(Option::as_ref).and_then(|record| record.instance);
        facts.is_replacement = view.newest(index).is_some_and(|newest| Some(newest.id) != shown);
    }
}

/// Rounds the start down to a whole second, as the API stores it and every later reader sees it.
fn round_down_start(record: &mut ContainerRecord) {
    if let Some(RecordedState::Running { started_at: Some(started_at) }) = &mut record.state {
        *started_at = started_at.whole_seconds();
    }
}
