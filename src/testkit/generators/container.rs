//! Generators of containers with restart rules, probes and lifecycle hooks.

use alloc::{string::String, vec, vec::Vec};

use proptest::{collection, option, prelude::*, sample};

use crate::{
    api::{
        Container, ContainerRestartRule, ExecAction, ExitCodeOperator, ExitCodes, GrpcAction, Handler, HttpGetAction,
        ImagePullPolicy, IntOrString, Lifecycle, Name, Named, Probe, RestartPolicy, RestartRuleAction, SleepAction,
        TcpSocketAction,
    },
    rule::probe::ProbeOutcome,
};

/// Exit codes of rules and scripts. There are few of them, so that rules often match.
pub(super) const EXIT_CODES: [i32; 5] = [0, 1, 2, 42, 137];

// A tag, `latest` written and implied, and a registry's port: the default pull policy depends on these.
const IMAGES: [&str; 4] = ["nginx:1", "nginx:latest", "busybox", "registry.example:5000/team/tool:v2"];

/// Generates a regular container for a Pod with this `terminationGracePeriodSeconds`.
pub fn container(name: String, grace_seconds: i64) -> impl Strategy<Value = Container> {
    let policy = option::weighted(0.35, known(RestartPolicy::ALL));
    (bare(name), policy, rules(), probes_and_hooks(grace_seconds))
        .prop_map(|(bare, policy, rules, rest)| Container {
            name: bare.name,
            image: bare.image,
            image_pull_policy: bare.image_pull_policy,
            // Rules without a policy are invalid.
            restart_policy_rules: if policy.is_some() { rules } else { Vec::new() },
            restart_policy: policy,
            ..rest
        })
        .boxed()
}

/// Generates an init container that runs to completion.
pub fn init_container(name: String) -> impl Strategy<Value = Container> {
    // `Always` would make it a sidecar.
    let policy = option::weighted(0.35, known(&[RestartPolicy::Never, RestartPolicy::OnFailure]));
    (bare(name), policy, rules())
        .prop_map(|(bare, policy, rules)| Container {
            restart_policy_rules: if policy.is_some() { rules } else { Vec::new() },
            restart_policy: policy,
            ..bare
        })
        .boxed()
}

/// Generates a sidecar (`restartPolicy: Always`) for a Pod with this `terminationGracePeriodSeconds`.
pub fn sidecar(name: String, grace_seconds: i64) -> impl Strategy<Value = Container> {
    (bare(name), rules(), probes_and_hooks(grace_seconds))
        .prop_map(|(bare, rules, rest)| Container {
            name: bare.name,
            image: bare.image,
            image_pull_policy: bare.image_pull_policy,
            restart_policy_rules: rules,
            restart_policy: Some(RestartPolicy::Always.into()),
            ..rest
        })
        .boxed()
}

/// Generates an ephemeral container.
pub fn ephemeral_container(name: String) -> impl Strategy<Value = Container> {
    bare(name)
}

/// Generates a container with name, image and pull policy only.
fn bare(name: String) -> impl Strategy<Value = Container> {
    let pull_policy = option::weighted(0.3, known(ImagePullPolicy::ALL));
    (sample::select(&IMAGES[..]), pull_policy)
        .prop_map(move |(image, image_pull_policy)| Container {
            name: name.clone(),
            image: image.into(),
            image_pull_policy,
            ..Container::default()
        })
        .boxed()
}

/// Generates a container in which only probes and lifecycle hooks are set.
fn probes_and_hooks(grace_seconds: i64) -> impl Strategy<Value = Container> {
    let startup = option::weighted(0.25, startup_probe());
    let readiness = option::weighted(0.3, readiness_probe());
    let liveness = option::weighted(0.3, liveness_probe());
    (startup, readiness, liveness, lifecycle(grace_seconds))
        .prop_map(|(startup_probe, readiness_probe, liveness_probe, lifecycle)| Container {
            startup_probe,
            readiness_probe,
            liveness_probe,
            lifecycle,
            ..Container::default()
        })
        .boxed()
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
    prop_oneof![2 => Just(Vec::new()), 1 => collection::vec(rule, 0..=3)].boxed()
}

/// Generates one of the values that this version of Kubernetes knows.
fn known<T: Name + core::fmt::Debug>(values: &'static [T]) -> impl Strategy<Value = Named<T>> {
    sample::select(values).prop_map(Named::Known)
}

/// Generates a valid readiness probe.
pub fn readiness_probe() -> impl Strategy<Value = Probe> {
    let success = option::of(0..=3);
    (probe(), success).prop_map(|(probe, success_threshold)| Probe { success_threshold, ..probe }).boxed()
}

/// Generates a valid liveness probe: `successThreshold` is 1 or absent.
pub fn liveness_probe() -> impl Strategy<Value = Probe> {
    // Unlike a Pod's, a probe's grace period must be above 0.
    let grace = option::weighted(0.3, 1..=40_i64);
    (probe(), grace, option::of(Just(1)))
        .prop_map(|(probe, termination_grace_period_seconds, success_threshold)| Probe {
            termination_grace_period_seconds,
            success_threshold,
            ..probe
        })
        .boxed()
}

/// Generates a valid startup probe; the API server applies the rules of liveness probes to it.
pub fn startup_probe() -> impl Strategy<Value = Probe> {
    liveness_probe()
}

/// Generates the outcome of one run of a probe's handler.
pub fn outcome() -> impl Strategy<Value = ProbeOutcome> {
    prop_oneof![
        4 => Just(ProbeOutcome::Success),
        3 => Just(ProbeOutcome::Failure),
        1 => Just(ProbeOutcome::Error),
        1 => Just(ProbeOutcome::Warning),
        1 => Just(ProbeOutcome::Unknown),
    ]
}

/// Generates lifecycle hooks; a `sleep` hook must not be longer than the Pod's grace period.
fn lifecycle(grace_seconds: i64) -> impl Strategy<Value = Option<Lifecycle>> {
    let hooks = (option::of(hook(grace_seconds)), option::of(hook(grace_seconds)));
    // A stop signal needs `spec.os`, and changes nothing but the signal's name.
    let hooks = hooks.prop_map(|(post_start, pre_stop)| Lifecycle { post_start, pre_stop, stop_signal: None });
    option::weighted(0.25, hooks).boxed()
}

fn hook(grace_seconds: i64) -> impl Strategy<Value = Handler> {
    prop_oneof![
        2 => exec().prop_map(|exec| Handler { exec: Some(exec), ..Handler::default() }),
        1 => (0..=grace_seconds).prop_map(|seconds| Handler { sleep: Some(SleepAction { seconds }), ..Handler::default() }),
    ].boxed()
}

fn probe() -> impl Strategy<Value = Probe> {
    // Zeroes, too: the API server replaces each but the delay's by its default.
    let numbers = (option::of(0..=20), option::of(0..=5), option::of(0..=15), option::of(0..=4));
    (handler(), numbers)
        .prop_map(|(handler, (delay, timeout, period, failure))| Probe {
            initial_delay_seconds: delay,
            timeout_seconds: timeout,
            period_seconds: period,
            failure_threshold: failure,
            ..handler
        })
        .boxed()
}

/// Generates a probe in which only the handler is set.
fn handler() -> impl Strategy<Value = Probe> {
    prop_oneof![
        exec().prop_map(|exec| Probe { exec: Some(exec), ..Probe::default() }),
        port().prop_map(|port| {
            let http_get = Some(HttpGetAction { path: "/healthz".into(), port, ..HttpGetAction::default() });
            Probe { http_get, ..Probe::default() }
        }),
        port().prop_map(|port| {
            let tcp_socket = Some(TcpSocketAction { port, host: String::new() });
            Probe { tcp_socket, ..Probe::default() }
        }),
        (1..=65_535).prop_map(|port| Probe { grpc: Some(GrpcAction { port, service: None }), ..Probe::default() }),
    ]
    .boxed()
}

fn port() -> impl Strategy<Value = IntOrString> {
    prop_oneof![(1..=65_535).prop_map(IntOrString::Int), Just(IntOrString::String("http".into()))]
}

fn exec() -> impl Strategy<Value = ExecAction> {
    Just(ExecAction { command: vec!["true".into()] })
}
