//! Probe workers: thresholds, new instances, termination.

use crate::given::*;
use pod_lifecycle::{
    api::PodPhase,
    rule::{
        probe::{ProbeDecision, ProbeInputs, ProbeOutcome, ProbeResult, ProbeWorker},
        started_and_ready::KubeletStart,
    },
    spec::{PodSpec, ProbeKind},
    state::{ContainerRecord, RecordedState, Waiting},
};
use serde_json::json;

/// A container, `app`, with this probe of every kind.
fn probed(policy: &str, probe: &serde_json::Value) -> PodSpec {
    pod(json!({"restartPolicy": policy, "containers": [
        {"name": "app", "startupProbe": probe, "readinessProbe": probe, "livenessProbe": probe}]}))
}

fn plain() -> PodSpec {
    probed("Always", &json!({"exec": {"command": ["ok"]}, "failureThreshold": 3, "successThreshold": 1}))
}

/// One worker of one kind.
struct Worker<'a> {
    spec: &'a PodSpec,
    kind: ProbeKind,
    worker: ProbeWorker,
}

impl Worker<'_> {
    fn of(spec: &PodSpec, kind: ProbeKind) -> Worker<'_> {
        Worker { spec, kind, worker: ProbeWorker::default() }
    }

    fn do_probe(&mut self, view: &ProbeInputs<'_>) -> ProbeDecision {
        let app = container(self.spec, "app");
        self.worker.do_probe(self.kind, app.probe(self.kind).unwrap(), app, view)
    }

    /// Ticks, and runs the handler if it is to be run.
    fn tick(&mut self, record: &ContainerRecord, outcome: ProbeOutcome) -> ProbeDecision {
        let tick = self.do_probe(&view(record));
        if tick == ProbeDecision::Run {
            let app = container(self.spec, "app");
            self.worker.record(self.kind, app.probe(self.kind).unwrap(), outcome);
        }
        tick
    }
}

fn view(record: &ContainerRecord) -> ProbeInputs<'_> {
    let mut inputs = ProbeInputs::new(&plain(), PodPhase::Running, Some(record), at(100));
    inputs.kubelet = KUBELET;
    inputs
}

fn with<'a>(mut inputs: ProbeInputs<'a>, change: impl FnOnce(&mut ProbeInputs<'a>)) -> ProbeInputs<'a> {
    change(&mut inputs);
    inputs
}

fn second(record: ContainerRecord) -> ContainerRecord {
    ContainerRecord { instance: Some(SECOND), ..record }
}

#[test]
fn a_new_instance_is_alive_not_ready_and_not_started() {
    let spec = plain();
    let first_result = |kind| {
        let mut worker = Worker::of(&spec, kind);
        _ = worker.do_probe(&view(&reported_running()));
        worker.worker.result
    };
    assert_eq!(first_result(ProbeKind::Liveness), Some(ProbeResult::Success));
    assert_eq!(first_result(ProbeKind::Readiness), Some(ProbeResult::Failure));
    assert_eq!(first_result(ProbeKind::Startup), Some(ProbeResult::Unknown));
}

#[test]
fn a_result_changes_after_as_many_failures_in_a_row_as_the_threshold_says() {
    let spec = plain();
    let mut liveness = Worker::of(&spec, ProbeKind::Liveness);
    for outcome in [
        ProbeOutcome::Failure,
        ProbeOutcome::Failure,
        ProbeOutcome::Success,
        ProbeOutcome::Failure,
        ProbeOutcome::Failure,
    ] {
        liveness.tick(&reported_running(), outcome);
        assert_eq!(liveness.worker.result, Some(ProbeResult::Success));
    }
    liveness.tick(&reported_running(), ProbeOutcome::Failure);
    assert_eq!(liveness.worker.result, Some(ProbeResult::Failure));
}

#[test]
fn the_streak_outlives_the_instance() {
    let spec = plain();
    let mut liveness = Worker::of(&spec, ProbeKind::Liveness);
    liveness.tick(&reported_running(), ProbeOutcome::Failure);
    liveness.tick(&reported_running(), ProbeOutcome::Failure);
    liveness.tick(&second(reported_running()), ProbeOutcome::Failure);
    assert_eq!(liveness.worker.result, Some(ProbeResult::Failure));
}

#[test]
fn a_failed_liveness_probe_waits_for_a_new_instance() {
    let spec = probed("Always", &json!({"exec": {"command": ["ok"]}, "failureThreshold": 1}));
    let mut liveness = Worker::of(&spec, ProbeKind::Liveness);
    liveness.tick(&reported_running(), ProbeOutcome::Failure);
    assert!(liveness.worker.on_hold);
    assert_eq!(liveness.tick(&reported_running(), ProbeOutcome::Success), ProbeDecision::Wait);
    // On hold, the old result stays, even if the container is gone.
    assert_eq!(liveness.tick(&reported_end(0), ProbeOutcome::Success), ProbeDecision::Wait);
    assert_eq!(liveness.worker.result, Some(ProbeResult::Failure));
    assert_eq!(liveness.tick(&second(reported_running()), ProbeOutcome::Success), ProbeDecision::Run);
}

#[test]
fn a_container_that_does_not_run_fails_at_once_whatever_the_threshold() {
    let spec = plain();
    let mut readiness = Worker::of(&spec, ProbeKind::Readiness);
    readiness.tick(&reported_running(), ProbeOutcome::Success);
    assert_eq!(readiness.worker.result, Some(ProbeResult::Success));
    assert_eq!(readiness.tick(&reported_end(1), ProbeOutcome::Success), ProbeDecision::Wait);
    assert_eq!(readiness.worker.result, Some(ProbeResult::Failure));
}

#[test]
fn the_worker_ends_with_a_container_that_will_not_restart() {
    let spec = probed("Never", &json!({"exec": {"command": ["ok"]}}));
    let ended = reported_end(1);
    assert_eq!(Worker::of(&spec, ProbeKind::Readiness).do_probe(&view(&ended)), ProbeDecision::End);
    let restarting_all = with(view(&ended), |it| it.is_restarting_all = true);
    assert_eq!(Worker::of(&spec, ProbeKind::Readiness).do_probe(&restarting_all), ProbeDecision::Wait);
    let waits = record(RecordedState::Waiting(Waiting::WithoutReason));
    assert_eq!(Worker::of(&spec, ProbeKind::Readiness).do_probe(&view(&waits)), ProbeDecision::Wait);
}

#[test]
fn the_worker_ends_with_the_pod() {
    let (spec, running) = (plain(), reported_running());
    let over = with(view(&running), |it| it.phase = PodPhase::Failed);
    assert_eq!(Worker::of(&spec, ProbeKind::Liveness).do_probe(&over), ProbeDecision::End);
}

#[test]
fn in_a_pod_being_deleted_only_readiness_goes_on() {
    let (spec, running) = (plain(), reported_running());
    let deleting = with(view(&running), |it| it.is_deleting = true);
    let mut liveness = Worker::of(&spec, ProbeKind::Liveness);
    assert_eq!(liveness.do_probe(&deleting), ProbeDecision::End);
    assert_eq!(liveness.worker.result, Some(ProbeResult::Success));
    assert_eq!(Worker::of(&spec, ProbeKind::Readiness).do_probe(&deleting), ProbeDecision::Run);
}

#[test]
fn nothing_is_probed_before_its_initial_delay() {
    let spec = probed("Always", &json!({"exec": {"command": ["ok"]}, "initialDelaySeconds": 30}));
    let running = reported_running();
    let look_at =
        |seconds| Worker::of(&spec, ProbeKind::Liveness).do_probe(&with(view(&running), |it| it.now = at(seconds)));
    assert_eq!([look_at(29), look_at(30)], [ProbeDecision::Wait, ProbeDecision::Run]);
}

#[test]
fn the_other_probes_begin_when_the_startup_probe_ends() {
    let spec = plain();
    let started = reported_running();
    let starting = ContainerRecord { started: Some(false), ..reported_running() };
    let tick = |kind, record| Worker::of(&spec, kind).do_probe(&view(record));
    assert_eq!(tick(ProbeKind::Startup, &starting), ProbeDecision::Run);
    assert_eq!(tick(ProbeKind::Liveness, &starting), ProbeDecision::Wait);
    assert_eq!(tick(ProbeKind::Startup, &started), ProbeDecision::Wait);
    assert_eq!(tick(ProbeKind::Liveness, &started), ProbeDecision::Run);
}

#[test]
fn an_error_of_the_handler_counts_towards_no_threshold() {
    let spec = plain();
    let mut readiness = Worker::of(&spec, ProbeKind::Readiness);
    readiness.tick(&reported_running(), ProbeOutcome::Failure);
    let before = readiness.worker;
    readiness.tick(&reported_running(), ProbeOutcome::Error);
    assert_eq!(readiness.worker, before);
}

#[test]
fn a_container_that_outlived_the_kubelet_gets_no_initial_result() {
    let (spec, running) = (plain(), reported_running());
    let first_result = |kubelet_start| {
        let kubelet = KubeletStart { at: at(kubelet_start), pod_was_ready: true };
        let mut readiness = Worker::of(&spec, ProbeKind::Readiness);
        _ = readiness.do_probe(&with(view(&running), |it| it.kubelet = kubelet));
        readiness.worker.result
    };
    assert_eq!(first_result(10), Some(ProbeResult::Failure));
    assert_eq!(first_result(11), None);
}

#[test]
fn the_worker_waits_for_a_container_without_an_instance() {
    let spec = plain();
    let unknown = waiting();
    assert_eq!(Worker::of(&spec, ProbeKind::Liveness).do_probe(&view(&unknown)), ProbeDecision::Wait);
}

#[test]
fn a_redirect_is_a_success_and_one_to_another_host_a_warning() {
    let outcome = |status, leads_elsewhere| ProbeOutcome::of_http_status(status, leads_elsewhere);
    assert_eq!([outcome(302, false), outcome(302, true)], [ProbeOutcome::Success, ProbeOutcome::Warning]);
    assert_eq!([outcome(200, true), outcome(299, true)], [ProbeOutcome::Success; 2], "only a redirect leads anywhere");
    let bad = [199, 400, 404, 500].map(|status| outcome(status, false));
    assert_eq!(bad, [ProbeOutcome::Failure; 4]);
    assert_eq!([outcome(300, true), outcome(399, true)], [ProbeOutcome::Warning; 2]);
}
