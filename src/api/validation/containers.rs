//! Validation of the three lists of containers (pkg/apis/core/validation).

use alloc::collections::BTreeSet;
use core::iter;

use super::{
    PodContext, handler, names, ports,
    report::{Path, Report},
    volumes,
};
use crate::api::{Container, ContainerRestartRule, Named, PodManifestSpec, RestartPolicy};

/// Largest number of restart rules of a container (KEP-5307).
const MAX_RESTART_RULES: usize = 20;
/// Largest number of exit codes of a rule (KEP-5307).
const MAX_EXIT_CODES: usize = 255;

/// Validates `spec.containers`: at least one, with unique names and host ports. Answers to `validateContainers` and
/// `validatePodHostNetworkDeps`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/>
pub(super) fn regular(report: &mut Report, path: &Path<'_>, spec: &PodManifestSpec, pod: &PodContext<'_>) {
    if spec.containers.is_empty() {
        report.required(path, "");
    }
    let mut names = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let path = path.index(index);
        every(report, &path, container, pod);
        if !names.insert(container.name.as_str()) {
            report.duplicate(&path.child("name"), &container.name);
        }
        hooks_and_probes(report, &path, container, pod);
        regular_restart(report, &path, container);
        if spec.host_network {
            ports::on_host_network(report, &path.child("ports"), &container.ports);
        }
    }
    ports::host_ports_unique(report, path, &spec.containers);
}

/// Validates `spec.initContainers`: only sidecars have hooks and probes. Answers to `validateInitContainers`.
///
/// Host ports may be the same in two of them, because they run one after the other. Where one container has a host
/// port twice, Kubernetes names the first container of the list, whichever it is.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>
/// and <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
pub(super) fn init(report: &mut Report, list: &Path<'_>, spec: &PodManifestSpec, pod: &PodContext<'_>) {
    let mut names: BTreeSet<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in spec.init_containers.iter().enumerate() {
        let path = list.index(index);
        every(report, &path, container, pod);
        init_restart(report, &path, container);
        // Unlike the other two lists, this one does not remember empty names, so two of them are no duplicates.
        if names.contains(container.name.as_str()) {
            report.duplicate(&path.child("name"), &container.name);
        } else if !container.name.is_empty() {
            names.insert(&container.name);
        }
        ports::host_ports_unique(report, list, iter::once(container));
        if container.restart_policy == Some(Named::Known(RestartPolicy::Always)) {
            hooks_and_probes(report, &path, container, pod);
        } else {
            let detail = "may not be set for init containers without restartPolicy=Always";
            forbid(report, &path, hooks_and_probes_set(container), detail);
        }
    }
}

/// Validates `spec.ephemeralContainers`: none on creation; their fields are validated nevertheless. Answers to
/// `validateEphemeralContainers` and `ValidatePodCreate`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/>
pub(super) fn ephemeral(report: &mut Report, path: &Path<'_>, spec: &PodManifestSpec, pod: &PodContext<'_>) {
    if !spec.ephemeral_containers.is_empty() {
        report.forbidden(path, "cannot be set on create");
    }
    // A target is a container of the two other lists: an ephemeral container cannot target another.
    let others = spec.containers.iter().chain(&spec.init_containers);
    let targets: BTreeSet<&str> = others.map(|container| container.name.as_str()).collect();
    let mut names = targets.clone();
    for (index, container) in spec.ephemeral_containers.iter().enumerate() {
        let path = path.index(index);
        every(report, &path, container, pod);
        if !names.insert(container.name.as_str()) {
            report.duplicate(&path.child("name"), &container.name);
        }
        let target = container.target_container_name.as_str();
        if !target.is_empty() && !targets.contains(target) {
            report.not_found(&path.child("targetContainerName"), target);
        }
        let more = [
            ("ports", !container.ports.is_empty()),
            ("restartPolicy", container.restart_policy.is_some()),
            ("restartPolicyRules", !container.restart_policy_rules.is_empty()),
        ];
        let set = hooks_and_probes_set(container).into_iter().chain(more);
        forbid(report, &path, set, "cannot be set for an Ephemeral Container");
    }
}

fn hooks_and_probes(report: &mut Report, path: &Path<'_>, container: &Container, pod: &PodContext<'_>) {
    if let Some(lifecycle) = &container.lifecycle {
        handler::lifecycle(report, &path.child("lifecycle"), lifecycle, pod);
    }
    if let Some(probe) = &container.liveness_probe {
        handler::liveness_or_startup(report, &path.child("livenessProbe"), probe);
    }
    if let Some(probe) = &container.readiness_probe {
        handler::readiness(report, &path.child("readinessProbe"), probe);
    }
    if let Some(probe) = &container.startup_probe {
        handler::liveness_or_startup(report, &path.child("startupProbe"), probe);
    }
}

/// Returns `lifecycle` and the probes by their field, each with true if it is set.
fn hooks_and_probes_set(container: &Container) -> [(&'static str, bool); 4] {
    [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ]
}

fn forbid(
    report: &mut Report,
    path: &Path<'_>,
    fields: impl IntoIterator<Item = (&'static str, bool)>,
    detail: &'static str,
) {
    for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
        report.forbidden(&path.child(field), detail);
    }
}

/// Validates name, image, ports, mounts and policies. Answers to `validateContainerCommon` and `validateContainerOnlyForPod`.
fn every(report: &mut Report, path: &Path<'_>, container: &Container, pod: &PodContext<'_>) {
    let name = path.child("name");
    if container.name.is_empty() {
        report.required(&name, "");
    } else {
        report.all_invalid(&name, &container.name, names::dns_label(&container.name));
    }
    image(report, &path.child("image"), &container.image);
    let policy = container.termination_message_policy.as_ref();
    report.named(&path.child("terminationMessagePolicy"), policy);
    report.named(&path.child("imagePullPolicy"), container.image_pull_policy.as_ref());
    ports::validate(report, &path.child("ports"), &container.ports);
    volumes::mounts(report, &path.child("volumeMounts"), &container.volume_mounts, &pod.volumes);
}

/// Validates an image: any string without whitespace around it. The kubelet parses the reference.
///
/// <https://kubernetes.io/docs/concepts/containers/images/>
fn image(report: &mut Report, field: &Path<'_>, image: &str) {
    if image.is_empty() {
        report.required(field, "");
    } else if image.trim() != image {
        report.invalid(field, image, "must not have leading or trailing whitespace");
    }
}

/// Validates a regular container's own restart policy and rules: rules are checked even without a policy. KEPs 753, 5307, 5532.
///
/// Answers to `validateContainerRestartPolicy`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules>
fn regular_restart(report: &mut Report, path: &Path<'_>, container: &Container) {
    restart_policy(report, path, container);
    restart_rules(report, &path.child("restartPolicyRules"), &container.restart_policy_rules);
}

/// Validates an init container's own restart policy and rules: rules without a policy are reported once, unread.
///
/// Answers to `validateInitContainerRestartPolicy`.
fn init_restart(report: &mut Report, path: &Path<'_>, container: &Container) {
    restart_policy(report, path, container);
    if container.restart_policy.is_some() {
        restart_rules(report, &path.child("restartPolicyRules"), &container.restart_policy_rules);
    }
}

fn restart_policy(report: &mut Report, path: &Path<'_>, container: &Container) {
    let field = path.child("restartPolicy");
    if container.restart_policy.is_some() {
        report.known(&field, container.restart_policy.as_ref());
    } else if !container.restart_policy_rules.is_empty() {
        report.required(&field, "must specify restartPolicy when restart rules are used");
    }
}

/// Validates the exit codes: only their number is limited, neither order nor repeats nor range.
fn restart_rules(report: &mut Report, path: &Path<'_>, rules: &[ContainerRestartRule]) {
    if rules.len() > MAX_RESTART_RULES {
        report.too_many(path, rules.len(), MAX_RESTART_RULES);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.index(index);
        // Both are required without a default, and a missing one is reported as unsupported.
        report.known(&path.child("action"), rule.action.as_ref());
        let field = path.child("exitCodes");
        let Some(codes) = &rule.exit_codes else {
            report.required(&field, "must be specified");
            continue;
        };
        report.known(&field.child("operator"), codes.operator.as_ref());
        if codes.values.len() > MAX_EXIT_CODES {
            report.too_many(&field.child("values"), codes.values.len(), MAX_EXIT_CODES);
        }
    }
}
