//! Validation of probes and hooks (pkg/apis/core/validation).
//!
//! <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>

use alloc::format;

use super::{
    PodContext, names, ports,
    report::{Path, Report},
};
use crate::api::{
    ExecAction, GrpcAction, Handler, HttpGetAction, Lifecycle, OsName, PodOs, Probe, SleepAction, TcpSocketAction,
};

/// Validates the action of a probe: every one but `sleep`. Answers to `validateHandler` of a probe.
fn handler_of(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    let actions = [
        probe.exec.as_ref().map(Action::Exec),
        probe.http_get.as_ref().map(Action::HttpGet),
        probe.tcp_socket.as_ref().map(Action::TcpSocket),
        probe.grpc.as_ref().map(Action::Grpc),
    ];
    one_of(report, path, actions.into_iter().flatten(), None);
}

/// Validates a liveness or startup probe: `successThreshold` is 1. Answers to `validateLivenessProbe` and `validateStartupProbe`.
pub(super) fn liveness_or_startup(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    common(report, path, probe);
    if probe.success_threshold != Some(1) {
        // Go prints an unset number as 0.
        report.invalid(&path.child("successThreshold"), probe.success_threshold.unwrap_or(0), "must be 1");
    }
}

/// Validates a readiness probe: no grace period, since it never kills. Answers to `validateReadinessProbe`.
pub(super) fn readiness(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    common(report, path, probe);
    if let Some(grace) = probe.termination_grace_period_seconds {
        report.invalid(&path.child("terminationGracePeriodSeconds"), grace, "must not be set for readinessProbes");
    }
}

/// Validates a probe: one action, and no negative number. Answers to `validateProbe`.
fn common(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    handler_of(report, path, probe);
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, number) in numbers {
        // Zeroes have got their defaults before, apart from the delay, which may be 0.
        if let Some(number) = number.filter(|number| *number < 0) {
            report.invalid(&path.child(field), number, "must be greater than or equal to 0");
        }
    }
    if let Some(grace) = probe.termination_grace_period_seconds.filter(|grace| *grace <= 0) {
        report.invalid(&path.child("terminationGracePeriodSeconds"), grace, "must be greater than 0");
    }
}

/// Validates the hooks, one action each, and the stop signal. Answers to `validateLifecycle`.
pub(super) fn lifecycle(report: &mut Report, path: &Path<'_>, lifecycle: &Lifecycle, pod: &PodContext<'_>) {
    if let Some(post_start) = &lifecycle.post_start {
        hook(report, &path.child("postStart"), post_start, pod.grace_seconds);
    }
    if let Some(pre_stop) = &lifecycle.pre_stop {
        hook(report, &path.child("preStop"), pre_stop, pod.grace_seconds);
    }
    if let Some(signal) = &lifecycle.stop_signal {
        stop_signal(report, &path.child("stopSignal"), signal, pod.os);
    }
}

/// Validates the action of a hook: every one but `grpc`. Answers to `validateHandler` of a hook.
fn hook(report: &mut Report, path: &Path<'_>, hook: &Handler, grace_seconds: Option<i64>) {
    let actions = [
        hook.exec.as_ref().map(Action::Exec),
        hook.http_get.as_ref().map(Action::HttpGet),
        hook.tcp_socket.as_ref().map(Action::TcpSocket),
        hook.sleep.as_ref().map(Action::Sleep),
    ];
    one_of(report, path, actions.into_iter().flatten(), grace_seconds);
}

/// Action of a probe or hook, in the order in which Kubernetes looks for them.
enum Action<'a> {
    Exec(&'a ExecAction),
    HttpGet(&'a HttpGetAction),
    TcpSocket(&'a TcpSocketAction),
    Grpc(&'a GrpcAction),
    Sleep(&'a SleepAction),
}

impl Action<'_> {
    const fn field(&self) -> &'static str {
        match self {
            Action::Exec(_) => "exec",
            Action::HttpGet(_) => "httpGet",
            Action::TcpSocket(_) => "tcpSocket",
            Action::Grpc(_) => "grpc",
            Action::Sleep(_) => "sleep",
        }
    }
}

/// Validates the first action, and forbids any other.
fn one_of<'a>(
    report: &mut Report,
    path: &Path<'_>,
    mut actions: impl Iterator<Item = Action<'a>>,
    grace_seconds: Option<i64>,
) {
    // Kubernetes checks only the first handler that is set; any further one is forbidden unread.
    let Some(first) = actions.next() else {
        return report.required(path, "must specify a handler type");
    };
    action(report, &path.child(first.field()), &first, grace_seconds);
    for extra in actions {
        report.forbidden(&path.child(extra.field()), "may not specify more than 1 handler type");
    }
}

fn action(report: &mut Report, path: &Path<'_>, action: &Action<'_>, grace_seconds: Option<i64>) {
    match action {
        Action::Exec(exec) if exec.command.is_empty() => report.required(&path.child("command"), ""),
        Action::Exec(_) => {}
        Action::HttpGet(request) => http_get(report, path, request),
        Action::TcpSocket(socket) => ports::number_or_name(report, &path.child("port"), &socket.port),
        Action::Grpc(service) => ports::number(report, &path.child("port"), service.port),
        Action::Sleep(pause) => sleep(report, path, pause.seconds, grace_seconds),
    }
}

fn http_get(report: &mut Report, path: &Path<'_>, request: &HttpGetAction) {
    if request.path.is_empty() {
        report.required(&path.child("path"), "");
    }
    ports::number_or_name(report, &path.child("port"), &request.port);
    report.known(&path.child("scheme"), request.scheme.as_ref());
    for header in &request.http_headers {
        // Kubernetes names the list, not the header's index.
        report.all_invalid(&path.child("httpHeaders"), &header.name, names::http_header(&header.name));
    }
}

/// Validates a sleep, which may not be longer than the Pod's grace period (KEP-3960).
///
/// <https://github.com/kubernetes/enhancements/issues/3960>
fn sleep(report: &mut Report, path: &Path<'_>, seconds: i64, grace_seconds: Option<i64>) {
    // Without a grace period the missing `terminationGracePeriodSeconds` is the error.
    if let Some(grace_seconds) = grace_seconds
        && (seconds < 0 || seconds > grace_seconds)
    {
        // Kubernetes' own words: a sleep as long as the grace period is valid all the same.
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})");
        report.invalid(path, seconds, detail);
    }
}

/// Validates a stop signal, which needs `spec.os` (KEP-4960). Answers to `validateStopSignal`.
///
/// <https://github.com/kubernetes/enhancements/issues/4960>
fn stop_signal(report: &mut Report, field: &Path<'_>, signal: &str, os: Option<&PodOs>) {
    let Some(os) = os else {
        return report.forbidden(field, "may not be set for containers with empty `spec.os.name`");
    };
    // An unknown operating system is an error of `spec.os.name`, not of the signal.
    let supported = match os.name.as_ref().and_then(|name| name.known()) {
        Some(OsName::Linux) => LINUX_SIGNALS,
        Some(OsName::Windows) => WINDOWS_SIGNALS,
        None => return,
    };
    if !supported.contains(&signal) {
        report.not_supported(field, signal, supported.iter().copied());
    }
}

const WINDOWS_SIGNALS: &[&str] = &["SIGKILL", "SIGTERM"];

#[rustfmt::skip]
const LINUX_SIGNALS: &[&str] = &[
    "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO",
    "SIGIOT", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMAX-1", "SIGRTMAX-10",
    "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13", "SIGRTMAX-14", "SIGRTMAX-2", "SIGRTMAX-3", "SIGRTMAX-4", "SIGRTMAX-5",
    "SIGRTMAX-6", "SIGRTMAX-7", "SIGRTMAX-8", "SIGRTMAX-9", "SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+10", "SIGRTMIN+11",
    "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMIN+2", "SIGRTMIN+3", "SIGRTMIN+4", "SIGRTMIN+5",
    "SIGRTMIN+6", "SIGRTMIN+7", "SIGRTMIN+8", "SIGRTMIN+9", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM",
    "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU",
    "SIGXFSZ",
];
