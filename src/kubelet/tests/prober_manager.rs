//! Probe manager.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde_json::{Value, json};

use super::{FIRST, actions, at, spec};
use crate::{
    action::Action,
    api::PodPhase,
    config::Kubernetes,
    kubelet::{
        Step,
        prober_manager::{ProbeContext, ProbeUpdate, ProberManager},
        sink::Output,
        status_manager::StatusManager,
    },
    rule::{
        pod_status::PodRecord,
        probe::{ProbeOutcome, ProbeResult},
        started_and_ready::KubeletStart,
    },
    spec::{PodSpec, ProbeKind},
    state::{ContainerRecord, InstanceId, RecordedState},
    time::Timestamp,
};

/// Probe workers of a Pod whose only container runs and has one probe.
struct Node {
    spec: Arc<PodSpec>,
    status: PodRecord,
    manager: ProberManager,
    out: Vec<Output>,
}

impl Node {
    fn with(kind: &str, probe: Value) -> Node {
        let mut app = json!({"name": "app", "image": "nginx:1"});
        app[kind] = probe;
        let spec = spec(json!({"containers": [app]}));
        let mut manager = ProberManager::new(&spec);
        manager.add_pod(&spec, false, at(0), |_| Duration::ZERO);
        let record = ContainerRecord {
            instance: Some(InstanceId::nth(0)),
            state: Some(RecordedState::Running { started_at: Some(at(0)) }),
            started: Some(true),
            last_state: None,
            restart_count: 0,
            ready: false,
        };
        let known = PodRecord::clone(StatusManager::new().record());
        let record = PodRecord { records: Vec::from([Some(record)]), phase: PodPhase::Running, ..known };
        Node { spec, status: record, manager, out: Vec::new() }
    }

    fn tick(&mut self, kind: ProbeKind, now: Timestamp) -> Option<ProbeUpdate> {
        let Node { spec, status, manager, out } = self;
        manager.tick(FIRST, kind, context(spec, status), &mut Step { now, out }).update
    }

    fn answer(&mut self, kind: ProbeKind, outcome: ProbeOutcome, now: Timestamp) -> Vec<ProbeResult> {
        let Node { spec, status, manager, out } = self;
        let answered = manager.handle_answer(FIRST, kind, outcome, "no", context(spec, status), &mut Step { now, out });
        answered.updates.into_iter().flatten().map(|update| update.result).collect()
    }

    fn due(&self) -> Option<Timestamp> {
        self.manager.iter().next().and_then(|prober| prober.due())
    }
}

fn context<'a>(spec: &'a PodSpec, status: &'a PodRecord) -> ProbeContext<'a> {
    ProbeContext {
        kubernetes: Kubernetes::default(),
        spec,
        status: Some(status),
        is_restarting_all: false,
        kubelet: KubeletStart::UNKNOWN,
        repeats_dead_failures: false,
    }
}

#[test]
fn a_result_changes_only_after_as_many_equal_answers_in_a_row_as_the_threshold() {
    let mut node = Node::with("livenessProbe", json!({"tcpSocket": {"port": 80}, "failureThreshold": 2}));
    let mut results = Vec::new();
    for (millis, outcome) in
        [(0, ProbeOutcome::Success), (10_000, ProbeOutcome::Failure), (20_000, ProbeOutcome::Failure)]
    {
        assert_eq!(node.tick(ProbeKind::Liveness, at(millis)), None);
        results.push(node.answer(ProbeKind::Liveness, outcome, at(millis)));
    }
    assert_eq!(results, [Vec::from([ProbeResult::Success]), Vec::new(), Vec::from([ProbeResult::Failure])]);
}

#[test]
fn a_handler_that_cannot_run_is_retried_up_to_three_times_and_counts_towards_no_threshold() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}}));
    node.tick(ProbeKind::Readiness, at(0));
    for _ in 0..3 {
        node.answer(ProbeKind::Readiness, ProbeOutcome::Error, at(0));
    }
    assert_eq!(node.due(), Some(at(10_000)));
    let (container, instance, kind) = (FIRST, InstanceId::nth(0), ProbeKind::Readiness);
    assert_eq!(actions(node.out), [(); 3].map(|()| Action::Probe { container, instance, kind }));
}

#[test]
fn a_triggered_probe_starts_at_once_and_resets_the_ticker() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}}));
    node.tick(ProbeKind::Readiness, at(0));
    node.answer(ProbeKind::Readiness, ProbeOutcome::Failure, at(0));
    node.manager.trigger_readiness(FIRST, at(3_000));
    assert_eq!(node.due(), Some(at(3_000)));
    node.tick(ProbeKind::Readiness, at(3_000));
    assert_eq!(node.answer(ProbeKind::Readiness, ProbeOutcome::Success, at(3_000)), [ProbeResult::Success]);
    assert_eq!(node.due(), Some(at(13_000)));
}

#[test]
fn missed_ticks_are_dropped() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}, "periodSeconds": 2}));
    node.tick(ProbeKind::Readiness, at(7_000));
    node.answer(ProbeKind::Readiness, ProbeOutcome::Success, at(7_000));
    assert_eq!(node.due(), Some(at(8_000)));
}
