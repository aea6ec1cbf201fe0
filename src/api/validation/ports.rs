//! Validation of `ports` (pkg/apis/core/validation).
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>

use alloc::{collections::BTreeSet, format};

use super::{
    names,
    report::{Path, Report},
};
use crate::api::{Container, ContainerPort, IntOrString, Named};

/// Validates ports: names well-formed and unique in their container, numbers in range. Answers to `validateContainerPorts`.
pub(super) fn validate(report: &mut Report, path: &Path<'_>, ports: &[ContainerPort]) {
    let mut known = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        if !port.name.is_empty() {
            name(report, &path.child("name"), &port.name, &mut known);
        }
        // Go's `int32` cannot tell 0 from an unset field.
        if port.container_port == 0 {
            report.required(&path.child("containerPort"), "");
        } else {
            number(report, &path.child("containerPort"), port.container_port);
        }
        if port.host_port != 0 {
            number(report, &path.child("hostPort"), port.host_port);
        }
        report.named(&path.child("protocol"), port.protocol.as_ref());
    }
}

/// Validates a port's name; a malformed one is not reported as a duplicate.
fn name<'a>(report: &mut Report, field: &Path<'_>, name: &'a str, known: &mut BTreeSet<&'a str>) {
    let problems = names::port_name(name);
    if problems.is_empty() && !known.insert(name) {
        report.duplicate(field, name);
    }
    report.all_invalid(field, name, problems);
}

/// Reports host ports that two containers ask for. Answers to `checkHostPortConflicts`.
pub(super) fn host_ports_unique<'a>(
    report: &mut Report,
    path: &Path<'_>,
    containers: impl IntoIterator<Item = &'a Container>,
) {
    let mut taken = BTreeSet::new();
    for (index, container) in containers.into_iter().enumerate() {
        let path = path.index(index);
        let path = path.child("ports");
        for (index, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            let protocol = port.protocol.as_ref().map_or("", Named::as_str);
            // The same port for TCP and UDP, or on two addresses of the node, is no conflict.
            if !taken.insert((protocol, port.host_ip.as_str(), port.host_port)) {
                let value = format!("{protocol}/{}/{}", port.host_ip, port.host_port);
                report.duplicate(&path.index(index).child("hostPort"), &value);
            }
        }
    }
}

/// Validates host ports under `hostNetwork`: each is the container port. Answers to `validatePodHostNetworkDeps`.
pub(super) fn on_host_network(report: &mut Report, path: &Path<'_>, ports: &[ContainerPort]) {
    let differing = ports.iter().enumerate().filter(|(_, port)| port.host_port != port.container_port);
    for (index, port) in differing {
        let detail = "must match `containerPort` when `hostNetwork` is true";
        report.invalid(&path.index(index).child("hostPort"), port.host_port, detail);
    }
}

/// Validates the port of a probe or hook, by number or name. Answers to `ValidatePortNumOrName`.
pub(super) fn number_or_name(report: &mut Report, field: &Path<'_>, port: &IntOrString) {
    match port {
        IntOrString::Int(port) => number(report, field, *port),
        IntOrString::String(name) => report.all_invalid(field, name, names::port_name(name)),
    }
}

/// Validates a port's number.
pub(super) fn number(report: &mut Report, field: &Path<'_>, port: i32) {
    if let Some(problem) = names::port_number(port) {
        report.invalid(field, port, problem);
    }
}
