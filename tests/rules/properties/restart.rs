//! Restart policies and restart rules: properties.

use pod_lifecycle::{
    api::{Container, ExitCodeOperator, PodManifest, RestartPolicy, RestartRuleAction},
    rule::restart,
    spec::PodSpec,
    testkit,
};
use proptest::prelude::*;

use super::given::cases;

proptest! {
    #![proptest_config(cases(400))]

    /// The first rule with a matching code; else the container's own policy; else the Pod's; else `Always`.
    #[test]
    fn an_exit_leads_to_a_restart_as_documented(pod in testkit::manifest(), code in 0..=255_i32) {
        let spec = PodSpec::from_manifest(pod.clone()).unwrap();
        for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
            let index = spec.index_of(&container.name).unwrap();
            let lowered = spec.container(index).unwrap().restart();
            prop_assert_eq!(restart::restarts_after_exit(lowered, code), is_restarted(&pod, container, code));
            let triggers = first_match(container, code) == Some(RestartRuleAction::RestartAllContainers);
            prop_assert_eq!(restart::restarts_all_containers(lowered, code), triggers);
        }
    }

    /// A container that could never be restarted is not, unless a rule restarts the whole Pod.
    #[test]
    fn a_container_that_is_not_restartable_does_not_restart(pod in testkit::manifest(), code in 0..=255_i32) {
        let spec = PodSpec::from_manifest(pod).unwrap();
        for (_, container) in spec.init_and_regular_containers() {
            let restarts = restart::restarts_after_exit(container.restart(), code);
            let with_all = restart::restarts_all_containers(container.restart(), code);
            prop_assert!(!restarts || with_all || restart::is_restartable(container.restart()));
        }
    }
}

fn is_restarted(pod: &PodManifest, container: &Container, code: i32) -> bool {
    if first_match(container, code).is_some() {
        return true;
    }
    let own = container.restart_policy.as_ref().and_then(|policy| policy.known());
    let of_pod = pod.spec.restart_policy.as_ref().and_then(|policy| policy.known());
    match own.or(of_pod) {
        Some(RestartPolicy::Never) => false,
        Some(RestartPolicy::OnFailure) => code != 0,
        Some(RestartPolicy::Always) | None => true,
    }
}

fn first_match(container: &Container, code: i32) -> Option<RestartRuleAction> {
    container.restart_policy.as_ref()?;
    let is_match = |rule: &&pod_lifecycle::api::ContainerRestartRule| {
        let codes = rule.exit_codes.as_ref().unwrap();
        let is_listed = codes.values.contains(&code);
        is_listed == (codes.operator == Some(ExitCodeOperator::In.into()))
    };
    container.restart_policy_rules.iter().find(is_match)?.action.as_ref()?.known()
}
