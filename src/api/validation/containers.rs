//! The rules on each of the three lists of containers.

use alloc::collections::BTreeSet;
use core::iter;

use super::{Surroundings, container, handler, path::Path, ports, probe, report::Report, restart_rules};
use crate::api::{Container, Named, PodManifestSpec, RestartPolicy};

/// `spec.containers`: at least one, with names and host ports of their own. Answers to `validateContainers` and
/// `validatePodHostNetworkDeps`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/>
pub(super) fn regular(report: &mut Report, path: &Path<'_>, spec: &PodManifestSpec, pod: &Surroundings<'_>) {
    if spec.containers.is_empty() {
        report.required(path, "");
    }
    let mut names = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let path = path.index(index);
        container::validate(report, &path, container, pod);
        if !names.insert(container.name.as_str()) {
            report.duplicate(&path.child("name"), &container.name);
        }
        hooks_and_probes(report, &path, container, pod);
        restart_rules::regular(report, &path, container);
        if spec.host_network {
            ports::on_host_network(report, &path.child("ports"), &container.ports);
        }
    }
    ports::host_ports_unique(report, path, &spec.containers);
}

/// `spec.initContainers`: only sidecars have hooks and probes. Answers to `validateInitContainers`.
///
/// Host ports may be the same in two of them, because they run one after the other. Where one container has a host
/// port twice, Kubernetes names the first container of the list, whichever it is.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>
/// and <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
pub(super) fn init(report: &mut Report, list: &Path<'_>, spec: &PodManifestSpec, pod: &Surroundings<'_>) {
    let mut names: BTreeSet<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in spec.init_containers.iter().enumerate() {
        let path = list.index(index);
        container::validate(report, &path, container, pod);
        restart_rules::init(report, &path, container);
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

/// `spec.ephemeralContainers`: none on creation, and what they have is looked at nevertheless. Answers to
/// `validateEphemeralContainers` and `ValidatePodCreate`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/>
pub(super) fn ephemeral(report: &mut Report, path: &Path<'_>, spec: &PodManifestSpec, pod: &Surroundings<'_>) {
    if !spec.ephemeral_containers.is_empty() {
        report.forbidden(path, "cannot be set on create");
    }
    let others = spec.containers.iter().chain(&spec.init_containers);
    let targets: BTreeSet<&str> = others.map(|container| container.name.as_str()).collect();
    let mut names = targets.clone();
    for (index, container) in spec.ephemeral_containers.iter().enumerate() {
        let path = path.index(index);
        container::validate(report, &path, container, pod);
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

fn hooks_and_probes(report: &mut Report, path: &Path<'_>, container: &Container, pod: &Surroundings<'_>) {
    if let Some(lifecycle) = &container.lifecycle {
        handler::lifecycle(report, &path.child("lifecycle"), lifecycle, pod);
    }
    if let Some(probe) = &container.liveness_probe {
        probe::liveness_or_startup(report, &path.child("livenessProbe"), probe);
    }
    if let Some(probe) = &container.readiness_probe {
        probe::readiness(report, &path.child("readinessProbe"), probe);
    }
    if let Some(probe) = &container.startup_probe {
        probe::liveness_or_startup(report, &path.child("startupProbe"), probe);
    }
}

/// Which of the fields around a container's work are set.
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
