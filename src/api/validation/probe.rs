//! The rules on probes.
//!
//! <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes>

use super::{handler, path::Path, report::Report};
use crate::api::Probe;

/// One success is enough for these two. Answers to `validateLivenessProbe` and `validateStartupProbe`.
pub(super) fn liveness_or_startup(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    validate(report, path, probe);
    if probe.success_threshold != Some(1) {
        report.invalid(&path.child("successThreshold"), probe.success_threshold.unwrap_or(0), "must be 1");
    }
}

/// An unready container is not killed, so there is no grace. Answers to `validateReadinessProbe`.
pub(super) fn readiness(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    validate(report, path, probe);
    if let Some(grace) = probe.termination_grace_period_seconds {
        report.invalid(&path.child("terminationGracePeriodSeconds"), grace, "must not be set for readinessProbes");
    }
}

/// One handler, and no number below zero. Answers to `validateProbe`.
fn validate(report: &mut Report, path: &Path<'_>, probe: &Probe) {
    handler::probe(report, path, probe);
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, number) in numbers {
        if let Some(number) = number.filter(|number| *number < 0) {
            report.invalid(&path.child(field), number, "must be greater than or equal to 0");
        }
    }
    if let Some(grace) = probe.termination_grace_period_seconds.filter(|grace| *grace <= 0) {
        report.invalid(&path.child("terminationGracePeriodSeconds"), grace, "must be greater than 0");
    }
}
