//! Pod status as a whole.

use crate::given::*;
use pod_lifecycle::{
    api::{ConditionStatus, PodCondition, PodPhase},
    rule::{
        external_conditions,
        pod_status::{self, PhaseReason, PodInputs, PodRecord, PreviousStatus},
    },
    spec::PodSpec,
    state::{ConditionReason, RuntimeStatus},
};
use serde_json::json;

fn inputs<'a>(spec: &'a PodSpec, runtime: &'a RuntimeStatus) -> PodInputs<'a> {
    let mut inputs = PodInputs::new(spec, runtime);
    inputs.kubelet = KUBELET;
    inputs
}

fn with_phase(phase: PodPhase) -> PreviousStatus<'static> {
    let mut previous = PreviousStatus::default();
    previous.phase = Some(phase);
    previous
}

fn with<'a>(mut inputs: PodInputs<'a>, change: impl FnOnce(&mut PodInputs<'a>)) -> PodInputs<'a> {
    change(&mut inputs);
    inputs
}

fn of(inputs: &PodInputs<'_>) -> PodRecord {
    pod_status::generate_pod_status(inputs, |_| {})
}

#[test]
fn a_pod_never_leaves_a_terminal_phase_whether_the_kubelet_or_the_api_has_it() {
    let spec = pod_with_policy("Always");
    let runtime = runtime([instance(&spec, "app", running())]);
    let remembered = with(inputs(&spec, &runtime), |it| it.previous = with_phase(PodPhase::Failed));
    assert_eq!(of(&remembered).phase, PodPhase::Failed);
    let published = with(inputs(&spec, &runtime), |it| it.api_phase = Some(PodPhase::Succeeded));
    assert_eq!(of(&published).phase, PodPhase::Succeeded);
}

#[test]
fn a_terminal_phase_never_shows_ready() {
    let spec = pod_with_policy("Always");
    let runtime = runtime([instance(&spec, "app", running())]);
    let over = of(&with(inputs(&spec, &runtime), |it| it.previous = with_phase(PodPhase::Failed)));
    assert_eq!(over.conditions.ready.reason, Some(ConditionReason::PodFailed));
}

#[test]
fn reason_and_message_are_kept_while_the_phase_stays_the_same() {
    let spec = pod_with_policy("Always");
    let runtime = runtime([instance(&spec, "app", running())]);
    let reason = |phase| of(&with(inputs(&spec, &runtime), |it| it.previous = with_phase(phase))).phase_reason;
    assert_eq!([reason(PodPhase::Running), reason(PodPhase::Pending)], [PhaseReason::Kept, PhaseReason::Cleared]);
    assert_eq!(PhaseReason::Kept.reason_and_message(("Evicted", "no memory")), ("Evicted", "no memory"));
    assert_eq!(PhaseReason::Cleared.reason_and_message(("Evicted", "no memory")), ("", ""));
}

#[test]
fn a_pod_past_its_deadline_has_failed_with_the_deadlines_reason() {
    let spec = pod_with_policy("Always");
    let runtime = runtime([instance(&spec, "app", running())]);
    let late = of(&with(inputs(&spec, &runtime), |it| it.is_past_deadline = true));
    assert_eq!((late.phase, late.phase_reason), (PodPhase::Failed, PhaseReason::DeadlineExceeded));
    assert_eq!(late.phase_reason.reason_and_message(("", "")).0, "DeadlineExceeded");
}

#[test]
fn a_gate_may_name_a_condition_that_the_kubelet_has_set_before_it() {
    let gates = json!([{"conditionType": "Initialized"}, {"conditionType": "example.com/lb"}]);
    let spec = pod(json!({"containers": [{"name": "app"}], "readinessGates": gates}));
    let runtime = runtime([instance(&spec, "app", running())]);
    let ready = |gates: &[_]| of(&with(inputs(&spec, &runtime), |it| it.gates = gates)).conditions.ready;
    assert!(ready(&[None, Some(ConditionStatus::True)]).is_true());
    assert_eq!(ready(&[None, None]).reason, Some(ConditionReason::ReadinessGatesNotReady));
}

#[test]
fn only_a_pod_with_a_rule_that_restarts_all_has_the_condition_for_it() {
    let spec = pod_with_policy("Always");
    assert_eq!(of(&inputs(&spec, &runtime([]))).conditions.all_containers_restarting, None);
}

#[test]
fn external_conditions_stay_and_the_kubelets_disruption_target_replaces_the_apis() {
    let condition = |type_: &str, reason: &str| -> PodCondition {
        serde_json::from_value(json!({"type": type_, "status": "True", "reason": reason})).unwrap()
    };
    let api = [condition("Ready", ""), condition("DisruptionTarget", "old"), condition("example.com/lb", "")];
    let previous = [condition("DisruptionTarget", "new"), condition("example.com/dns", "")];
    let kept = external_conditions::external_conditions(&api, &previous);
    assert_eq!(kept, [condition("DisruptionTarget", "new"), condition("example.com/lb", "")]);
    assert_eq!(external_conditions::external_conditions(&[], &previous), [condition("DisruptionTarget", "new")]);
}
