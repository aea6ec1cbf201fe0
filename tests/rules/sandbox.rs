//! Sandbox decision.

use crate::given::*;
use pod_lifecycle::{
    rule::sandbox::{self, SandboxDecision},
    state::{RuntimeStatus, Sandbox, SandboxId},
};
use serde_json::json;

fn need(sandboxes: &[Sandbox]) -> SandboxDecision {
    let runtime = RuntimeStatus { sandboxes: sandboxes.to_vec(), instances: Vec::new() };
    sandbox::pod_sandbox_changed(&pod_with_policy("Always"), &runtime)
}

fn parts(need: SandboxDecision) -> (bool, u32, Option<SandboxId>) {
    (need.must_create, need.attempt, need.current)
}

#[test]
fn the_first_sandbox_is_attempt_0() {
    assert_eq!(parts(need(&[])), (true, 0, None));
}

#[test]
fn a_ready_sandbox_is_kept() {
    assert_eq!(parts(need(&[SANDBOX])), (false, 0, Some(SandboxId(0))));
    assert!(!need(&[Sandbox { has_ip: None, ..SANDBOX }]).must_create);
}

#[test]
fn a_sandbox_that_is_not_ready_or_has_no_address_is_replaced_by_the_next_attempt() {
    let next = (true, 4, Some(SandboxId(0)));
    assert_eq!(parts(need(&[Sandbox { attempt: 3, is_ready: false, ..SANDBOX }])), next);
    assert_eq!(parts(need(&[Sandbox { attempt: 3, has_ip: Some(false), ..SANDBOX }])), next);
}

#[test]
fn two_ready_sandboxes_are_replaced_by_a_new_one() {
    assert!(need(&[Sandbox { id: SandboxId(1), attempt: 1, ..SANDBOX }, SANDBOX]).must_create);
}

#[test]
fn a_sandbox_with_another_network_is_replaced_and_its_id_left_out() {
    let need = need(&[Sandbox { uses_host_network: true, ..SANDBOX }]);
    assert_eq!((need.must_create, need.current), (true, None));
}

#[test]
fn on_the_host_network_a_sandbox_needs_no_address() {
    let spec = pod(json!({"hostNetwork": true, "containers": [{"name": "app"}]}));
    let sandboxes = vec![Sandbox { uses_host_network: true, has_ip: Some(false), ..SANDBOX }];
    assert!(!sandbox::pod_sandbox_changed(&spec, &RuntimeStatus { sandboxes, instances: Vec::new() }).must_create);
}
