//! Probes, their answers, and hooks.

use alloc::{string::String, vec};

use proptest::{option, prelude::*};

use crate::{
    api::{
        ExecAction, GrpcAction, Handler, HttpGetAction, IntOrString, Lifecycle, Probe, SleepAction, TcpSocketAction,
    },
    rule::probe::ProbeOutcome,
};

/// A readiness probe that the API server admits.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::readiness_probe(), |probe| {
///     prop_assert!(probe.termination_grace_period_seconds.is_none());
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn readiness_probe() -> impl Strategy<Value = Probe> {
    let success = option::of(0..=3);
    (probe(), success).prop_map(|(probe, success_threshold)| Probe { success_threshold, ..probe })
}

/// A liveness probe that the API server admits.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert_ne, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::liveness_probe(), |probe| {
///     prop_assert_ne!(probe.success_threshold, Some(2));
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn liveness_probe() -> impl Strategy<Value = Probe> {
    let grace = option::weighted(0.3, 1..=40_i64);
    (probe(), grace, option::of(Just(1))).prop_map(|(probe, termination_grace_period_seconds, success_threshold)| {
        Probe { termination_grace_period_seconds, success_threshold, ..probe }
    })
}

/// A startup probe that the API server admits: it may be whatever a liveness probe may be.
///
/// ```
/// use pod_lifecycle::testkit;
/// use proptest::{prop_assert_ne, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::startup_probe(), |probe| {
///     prop_assert_ne!(probe.success_threshold, Some(2));
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn startup_probe() -> impl Strategy<Value = Probe> {
    liveness_probe()
}

/// What running a probe's handler once may come to.
///
/// ```
/// use pod_lifecycle::{rule::probe::ProbeOutcome, testkit};
/// use proptest::{prop_assert_eq, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&testkit::outcome(), |outcome| {
///     prop_assert_eq!(outcome.result().is_none(), outcome == ProbeOutcome::Error);
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn outcome() -> impl Strategy<Value = ProbeOutcome> {
    prop_oneof![
        4 => Just(ProbeOutcome::Success),
        3 => Just(ProbeOutcome::Failure),
        1 => Just(ProbeOutcome::Error),
        1 => Just(ProbeOutcome::Warning),
        1 => Just(ProbeOutcome::Unknown),
    ]
}

/// Hooks of a container in a Pod with this grace.
pub(super) fn lifecycle(grace_seconds: i64) -> impl Strategy<Value = Option<Lifecycle>> {
    let hooks = (option::of(hook(grace_seconds)), option::of(hook(grace_seconds)));
    let hooks = hooks.prop_map(|(post_start, pre_stop)| Lifecycle { post_start, pre_stop, stop_signal: None });
    option::weighted(0.25, hooks)
}

fn hook(grace_seconds: i64) -> impl Strategy<Value = Handler> {
    prop_oneof![
        2 => exec().prop_map(|exec| Handler { exec: Some(exec), ..Handler::default() }),
        1 => (0..=grace_seconds).prop_map(|seconds| Handler { sleep: Some(SleepAction { seconds }), ..Handler::default() }),
    ]
}

fn probe() -> impl Strategy<Value = Probe> {
    let numbers = (option::of(0..=20), option::of(0..=5), option::of(0..=15), option::of(0..=4));
    (question(), numbers).prop_map(|(question, (delay, timeout, period, failure))| Probe {
        initial_delay_seconds: delay,
        timeout_seconds: timeout,
        period_seconds: period,
        failure_threshold: failure,
        ..question
    })
}

fn question() -> impl Strategy<Value = Probe> {
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
}

fn port() -> impl Strategy<Value = IntOrString> {
    prop_oneof![(1..=65_535).prop_map(IntOrString::Int), Just(IntOrString::String("http".into()))]
}

fn exec() -> impl Strategy<Value = ExecAction> {
    Just(ExecAction { command: vec!["true".into()] })
}
