//! The probe workers.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde_json::{Value, json};

use super::{FIRST, asked, at, spec};
use crate::{
    action::Action,
    api::PodPhase,
    kubelet::{
        Step,
        prober_manager::{ProbeContext, Probers, Repeats},
        sink::Output,
        status_manager::StatusManager,
        sync_loop_queue::ProbeUpdate,
    },
    rule::{
        pod_status::PodRecord,
        probe::{ProbeOutcome, ProbeResult},
        readiness::KubeletStart,
    },
    spec::{PodSpec, ProbeKind},
    state::{ContainerRecord, InstanceId, RecordedState},
    time::Timestamp,
};

/// The workers of a Pod whose only container runs and has one probe.
struct Node {
    spec: Arc<PodSpec>,
    status: PodRecord,
    probers: Probers,
    out: Vec<Output>,
}

impl Node {
    fn with(kind: &str, probe: Value) -> Node {
        let mut app = json!({"name": "app", "image": "nginx:1"});
        app[kind] = probe;
        let spec = spec(json!({"containers": [app]}));
        let mut probers = Probers::new(&spec);
        probers.add_pod(&spec, false, at(0), |_| Duration::ZERO);
        let record = ContainerRecord {
            instance: Some(InstanceId::nth(0)),
            state: Some(RecordedState::Running { started_at: Some(at(0)) }),
            started: Some(true),
            last_state: None,
            restart_count: 0,
            ready: false,
        };
        let known = PodRecord::clone(&StatusManager::new().record);
        let record = PodRecord { records: Vec::from([Some(record)]), phase: PodPhase::Running, ..known };
        Node { spec, status: record, probers, out: Vec::new() }
    }

    fn tick(&mut self, kind: ProbeKind, now: Timestamp) -> Option<ProbeUpdate> {
        let Node { spec, status, probers, out } = self;
        probers.tick(FIRST, kind, around(spec, status), &mut Step { now, out })
    }

    fn answer(&mut self, kind: ProbeKind, outcome: ProbeOutcome, now: Timestamp) -> Vec<ProbeResult> {
        let Node { spec, status, probers, out } = self;
        let told = probers.take_answer(FIRST, kind, outcome, "no", around(spec, status), &mut Step { now, out });
        told.into_iter().flatten().map(|verdict| verdict.result).collect()
    }

    fn due(&self) -> Option<Timestamp> {
        self.probers.iter().next().and_then(|prober| prober.due())
    }
}

fn around<'a>(spec: &'a PodSpec, status: &'a PodRecord) -> ProbeContext<'a> {
    let kubelet = KubeletStart { at: Timestamp::BEGINNING, pod_was_ready: false };
    ProbeContext { spec, status: Some(status), is_restarting_all: false, kubelet, repeats: Repeats::Once }
}

#[test]
fn a_verdict_changes_only_when_as_many_results_in_a_row_say_so() {
    let mut node = Node::with("livenessProbe", json!({"tcpSocket": {"port": 80}, "failureThreshold": 2}));
    let mut told = Vec::new();
    for (millis, outcome) in
        [(0, ProbeOutcome::Success), (10_000, ProbeOutcome::Failure), (20_000, ProbeOutcome::Failure)]
    {
        assert_eq!(node.tick(ProbeKind::Liveness, at(millis)), None);
        told.push(node.answer(ProbeKind::Liveness, outcome, at(millis)));
    }
    assert_eq!(told, [Vec::from([ProbeResult::Success]), Vec::new(), Vec::from([ProbeResult::Failure])]);
}

#[test]
fn a_handler_that_cannot_be_carried_out_is_tried_three_times_and_counts_for_nothing() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}}));
    node.tick(ProbeKind::Readiness, at(0));
    for _ in 0..3 {
        node.answer(ProbeKind::Readiness, ProbeOutcome::Error, at(0));
    }
    assert_eq!(node.due(), Some(at(10_000)));
    let (container, instance, kind) = (FIRST, InstanceId::nth(0), ProbeKind::Readiness);
    assert_eq!(asked(node.out), [(); 3].map(|()| Action::Probe { container, instance, kind }));
}

#[test]
fn a_triggered_probe_comes_at_once_and_begins_the_period_anew() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}}));
    node.tick(ProbeKind::Readiness, at(0));
    node.answer(ProbeKind::Readiness, ProbeOutcome::Failure, at(0));
    node.probers.trigger_readiness(FIRST, at(3_000));
    assert_eq!(node.due(), Some(at(3_000)));
    node.tick(ProbeKind::Readiness, at(3_000));
    assert_eq!(node.answer(ProbeKind::Readiness, ProbeOutcome::Success, at(3_000)), [ProbeResult::Success]);
    assert_eq!(node.due(), Some(at(13_000)));
}

#[test]
fn ticks_that_were_missed_are_dropped() {
    let mut node = Node::with("readinessProbe", json!({"tcpSocket": {"port": 80}, "periodSeconds": 2}));
    node.tick(ProbeKind::Readiness, at(7_000));
    node.answer(ProbeKind::Readiness, ProbeOutcome::Success, at(7_000));
    assert_eq!(node.due(), Some(at(8_000)));
}
