//! Validation of a new Pod, each problem with its field (pkg/apis/core/validation).
//!
//! Fields that the types keep in `other` (affinity, tolerations) are not checked, nor are resources, environment and
//! security contexts: they do not change the lifecycle here.

mod containers;
mod error;
mod handler;
mod metadata;
mod names;
mod ports;
mod report;
mod volumes;

pub(crate) use error::Quoted;
pub use error::{BadValue, FieldError, FieldErrorType, Invalid};
pub(crate) use metadata::wrong_in_metadata;

use alloc::collections::BTreeSet;

use super::{Name, Named, OsName, PodManifest, PodManifestSpec, PodOs, ReadinessGate, SchedulingGate};
use report::{Path, Report};

/// Checks that the API server would create the Pod, and reports every problem at once.
///
/// Fill in the [defaults](PodManifest::with_defaults) first: a missing one is a problem. The rules are those of
/// `ValidatePodCreate` with the feature gates of Kubernetes 1.36; types and field paths are the API server's own. In
/// one thing this is more lenient: `metadata.generateName` replaces a name, as in a request to the API server.
///
/// # Errors
/// [`Invalid`], with every problem, sorted by field, then type, then detail.
///
/// ```
/// use pod_lifecycle::api::{FieldErrorType, PodManifest, validate};
///
/// let invalid = validate(&PodManifest::default().with_defaults()).unwrap_err();
/// let found: Vec<_> = invalid.errors().iter().map(|error| (error.field.as_str(), error.kind)).collect();
/// assert_eq!(found, [
///     ("metadata.name", FieldErrorType::Required),
///     ("spec.containers", FieldErrorType::Required),
/// ]);
///
/// let manifest = r#"{"metadata": {"name": "web"}, "spec": {
///     "restartPolicy": "Sometimes", "containers": [{"name": "app", "image": "nginx"}]}}"#;
/// let pod: PodManifest = serde_json::from_str(manifest)?;
/// assert_eq!(
///     validate(&pod.with_defaults()).unwrap_err().to_string(),
///     r#"Pod "web" is invalid: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn validate(pod: &PodManifest) -> Result<(), Invalid> {
    let mut report = Report::default();
    metadata::validate(&mut report, pod);
    spec(&mut report, &Path::root("spec"), &pod.spec);
    report.finish(pod)
}

/// Fields of the Pod that the rules on containers need.
struct PodContext<'a> {
    grace_seconds: Option<i64>,
    os: Option<&'a PodOs>,
    volumes: BTreeSet<&'a str>,
}

fn spec(report: &mut Report, path: &Path<'_>, spec: &PodManifestSpec) {
    let context = PodContext {
        grace_seconds: spec.termination_grace_period_seconds,
        os: spec.os.as_ref(),
        volumes: volumes::validate(report, path, spec),
    };
    containers::regular(report, &path.child("containers"), spec, &context);
    containers::init(report, &path.child("initContainers"), spec, &context);
    containers::ephemeral(report, &path.child("ephemeralContainers"), spec, &context);
    if spec.termination_grace_period_seconds.is_none() {
        report.required(&path.child("terminationGracePeriodSeconds"), "");
    }
    report.named(&path.child("restartPolicy"), spec.restart_policy.as_ref());
    active_deadline(report, &path.child("activeDeadlineSeconds"), spec.active_deadline_seconds);
    readiness_gates(report, &path.child("readinessGates"), &spec.readiness_gates);
    scheduling_gates(report, &path.child("schedulingGates"), &spec.scheduling_gates);
    node_name(report, &path.child("nodeName"), spec);
    if !spec.service_account_name.is_empty() {
        let field = path.child("serviceAccountName");
        report.all_invalid(&field, &spec.service_account_name, names::dns_subdomain(&spec.service_account_name));
    }
    if let Some(os) = &spec.os {
        operating_system(report, &path.child("os"), os);
    }
}

/// <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior>
fn active_deadline(report: &mut Report, field: &Path<'_>, seconds: Option<i64>) {
    if let Some(seconds) = seconds
        // Go has 64 bits for it, but the API server takes no more than 32.
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        report.invalid(field, seconds, "must be between 1 and 2147483647, inclusive");
    }
}

/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>
fn readiness_gates(report: &mut Report, field: &Path<'_>, gates: &[ReadinessGate]) {
    for (index, gate) in gates.iter().enumerate() {
        let field = field.index(index);
        report.all_invalid(&field.child("conditionType"), &gate.condition_type, names::qualified(&gate.condition_type));
    }
}

/// <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
fn scheduling_gates(report: &mut Report, field: &Path<'_>, gates: &[SchedulingGate]) {
    let mut seen = BTreeSet::new();
    for (index, gate) in gates.iter().enumerate() {
        let field = field.index(index);
        // Reported at the gate itself, unlike a readiness gate's `conditionType`.
        report.all_invalid(&field, &gate.name, names::qualified(&gate.name));
        if !seen.insert(gate.name.as_str()) {
            report.duplicate(&field, &gate.name);
        }
    }
}

fn node_name(report: &mut Report, field: &Path<'_>, spec: &PodManifestSpec) {
    if spec.node_name.is_empty() {
        return;
    }
    report.all_invalid(field, &spec.node_name, names::dns_subdomain(&spec.node_name));
    if !spec.scheduling_gates.is_empty() {
        // A Pod that is created with a node skips the scheduler, which alone heeds the gates.
        report.forbidden(field, "cannot be set until all schedulingGates have been cleared");
    }
}

/// <https://kubernetes.io/docs/concepts/workloads/pods/#pod-os>; an unknown name is reported at `os` itself.
fn operating_system(report: &mut Report, field: &Path<'_>, os: &PodOs) {
    match &os.name {
        Some(Named::Known(_)) => {}
        Some(Named::Other(name)) if !name.is_empty() => {
            report.not_supported(field, name, OsName::ALL.iter().map(|os| os.name()));
        }
        Some(Named::Other(_)) | None => report.required(&field.child("name"), ""),
    }
}

#[cfg(test)]
mod tests;
