//! Containers, with their policies, rules, probes and hooks.

use alloc::{string::String, vec::Vec};

use proptest::{collection, option, prelude::*, sample};

use super::probe::{lifecycle, liveness_probe, readiness_probe, startup_probe};
use crate::api::{
    Container, ContainerRestartRule, ExitCodeOperator, ExitCodes, ImagePullPolicy, Name, Named, RestartPolicy,
    RestartRuleAction,
};

/// Exit codes that rules and stories speak of: few, so that they meet.
pub(super) const EXIT_CODES: [i32; 5] = [0, 1, 2, 42, 137];

const IMAGES: [&str; 4] = ["nginx:1", "nginx:latest", "busybox", "registry.example:5000/team/tool:v2"];

/// A regular container of this name, in a Pod with this grace in seconds.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert_eq, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::container("app".into(), 30), |container| {
///     prop_assert_eq!(container.name, "app");
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn container(name: String, grace_seconds: i64) -> impl Strategy<Value = Container> {
    let policy = option::weighted(0.35, known(RestartPolicy::ALL));
    (bare(name), policy, rules(), probes_and_hooks(grace_seconds)).prop_map(|(bare, policy, rules, around)| Container {
        restart_policy_rules: if policy.is_some() { rules } else { Vec::new() },
        restart_policy: policy,
        ..put_around(bare, around)
    })
}

/// An init container of this name that runs to completion.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::init_container("setup".into()), |container| {
///     prop_assert!(container.liveness_probe.is_none());
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn init_container(name: String) -> impl Strategy<Value = Container> {
    let policy = option::weighted(0.35, known(&[RestartPolicy::Never, RestartPolicy::OnFailure]));
    (bare(name), policy, rules()).prop_map(|(bare, policy, rules)| Container {
        restart_policy_rules: if policy.is_some() { rules } else { Vec::new() },
        restart_policy: policy,
        ..bare
    })
}

/// A sidecar of this name, in a Pod with this grace in seconds.
///
/// ```
/// use pod_lifecycle::{api::RestartPolicy, testkit};
/// use proptest::{prop_assert_eq, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::sidecar("proxy".into(), 30), |container| {
///     prop_assert_eq!(container.restart_policy, Some(RestartPolicy::Always.into()));
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sidecar(name: String, grace_seconds: i64) -> impl Strategy<Value = Container> {
    (bare(name), rules(), probes_and_hooks(grace_seconds)).prop_map(|(bare, rules, around)| Container {
        restart_policy_rules: rules,
        restart_policy: Some(RestartPolicy::Always.into()),
        ..put_around(bare, around)
    })
}

/// An ephemeral container of this name.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::ephemeral_container("debug".into()), |container| {
///     prop_assert!(container.restart_policy.is_none());
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ephemeral_container(name: String) -> impl Strategy<Value = Container> {
    bare(name)
}

fn bare(name: String) -> impl Strategy<Value = Container> {
    let pull_policy = option::weighted(0.3, known(ImagePullPolicy::ALL));
    (sample::select(&IMAGES[..]), pull_policy).prop_map(move |(image, image_pull_policy)| Container {
        name: name.clone(),
        image: image.into(),
        image_pull_policy,
        ..Container::default()
    })
}

/// A container of which only the probes and hooks are set.
fn probes_and_hooks(grace_seconds: i64) -> impl Strategy<Value = Container> {
    let startup = option::weighted(0.25, startup_probe());
    let readiness = option::weighted(0.3, readiness_probe());
    let liveness = option::weighted(0.3, liveness_probe());
    (startup, readiness, liveness, lifecycle(grace_seconds)).prop_map(
        |(startup_probe, readiness_probe, liveness_probe, lifecycle)| Container {
            startup_probe,
            readiness_probe,
            liveness_probe,
            lifecycle,
            ..Container::default()
        },
    )
}

fn put_around(bare: Container, around: Container) -> Container {
    let Container { name, image, image_pull_policy, .. } = bare;
    Container { name, image, image_pull_policy, ..around }
}

fn rules() -> impl Strategy<Value = Vec<ContainerRestartRule>> {
    let actions =
        prop_oneof![2 => Just(RestartRuleAction::Restart), 1 => Just(RestartRuleAction::RestartAllContainers)];
    let codes = (known(ExitCodeOperator::ALL), sample::subsequence(EXIT_CODES.to_vec(), 0..=3));
    let codes = codes.prop_map(|(operator, values)| ExitCodes { operator: Some(operator), values });
    let rule = (actions, codes).prop_map(|(action, exit_codes)| ContainerRestartRule {
        action: Some(action.into()),
        exit_codes: Some(exit_codes),
    });
    prop_oneof![2 => Just(Vec::new()), 1 => collection::vec(rule, 0..=3)]
}

/// One of the values, as a manifest has it.
fn known<T: Name + core::fmt::Debug>(values: &'static [T]) -> impl Strategy<Value = Named<T>> {
    sample::select(values).prop_map(Named::Known)
}
