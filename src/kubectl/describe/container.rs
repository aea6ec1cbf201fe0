//! The containers of a Pod, one after the other.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{probe, sheet::Sheet, time};
use crate::api::{Container, ContainerPort, ContainerState, ContainerStateTerminated, ContainerStatus};

/// The containers of one list of the spec, each with its status if it has one.
///
/// Answers to `describeContainers` in `k8s.io/kubectl/pkg/describe`.
pub(super) fn describe(sheet: &mut Sheet, label: &str, containers: &[Container], statuses: &[ContainerStatus]) {
    let statuses: BTreeMap<&str, &ContainerStatus> = statuses.iter().map(|status| (&*status.name, status)).collect();
    sheet.line(0, format_args!("{label}:{}", if containers.is_empty() { " <none>" } else { "" }));
    for container in containers {
        let status = statuses.get(&*container.name).copied();
        sheet.line(1, format_args!("{}:", container.name));
        basics(sheet, container, status);
        words(sheet, "Command", &container.command);
        words(sheet, "Args", &container.args);
        if let Some(status) = status {
            doings(sheet, status);
        }
        for (label, probe) in [
            ("Liveness", &container.liveness_probe),
            ("Readiness", &container.readiness_probe),
            ("Startup", &container.startup_probe),
        ] {
            probe.iter().for_each(|probe| sheet.field(2, label, probe::line(probe)));
        }
        mounts(sheet, container);
    }
}

fn basics(sheet: &mut Sheet, container: &Container, status: Option<&ContainerStatus>) {
    status.iter().for_each(|status| sheet.field(2, "Container ID", &status.container_id));
    sheet.field(2, "Image", &container.image);
    status.iter().for_each(|status| sheet.field(2, "Image ID", &status.image_id));
    ports(sheet, "Port", &container.ports, |port| port.container_port);
    ports(sheet, "Host Port", &container.ports, |port| port.host_port);
}

fn ports(sheet: &mut Sheet, label: &str, ports: &[ContainerPort], number: fn(&ContainerPort) -> i32) {
    let in_words = |port: &ContainerPort| {
        let protocol = port.protocol.as_ref().map_or("", |protocol| protocol.as_str());
        let name = if port.name.is_empty() { String::new() } else { format!(" ({})", port.name) };
        format!("{}/{protocol}{name}", number(port))
    };
    match ports {
        [] => sheet.field(2, label, "<none>"),
        [port] => sheet.field(2, label, in_words(port)),
        ports => sheet.field(2, &format!("{label}s"), ports.iter().map(in_words).collect::<Vec<_>>().join(", ")),
    }
}

/// A command line, a word a line.
fn words(sheet: &mut Sheet, label: &str, words: &[String]) {
    if words.is_empty() {
        return;
    }
    sheet.line(2, format_args!("{label}:"));
    words.iter().flat_map(|word| word.split('\n')).for_each(|line| sheet.line(3, line));
}

/// What the container does, and did before.
fn doings(sheet: &mut Sheet, status: &ContainerStatus) {
    state(sheet, "State", &status.state);
    if status.last_state.terminated.is_some() {
        state(sheet, "Last State", &status.last_state);
    }
    sheet.field(2, "Ready", if status.ready { "True" } else { "False" });
    sheet.field(2, "Restart Count", status.restart_count);
}

/// What the container does or did, in one word, with the details below.
///
/// Answers to `describeStatus` in `k8s.io/kubectl/pkg/describe`.
fn state(sheet: &mut Sheet, label: &str, state: &ContainerState) {
    match state {
        ContainerState { running: Some(running), .. } => {
            sheet.field(2, label, "Running");
            sheet.field(3, "Started", time(running.started_at));
        }
        ContainerState { waiting: Some(waiting), .. } => {
            sheet.field(2, label, "Waiting");
            sheet.field_if_any(3, "Reason", &waiting.reason);
        }
        ContainerState { terminated: Some(end), .. } => {
            sheet.field(2, label, "Terminated");
            ending(sheet, end);
        }
        _ => sheet.field(2, label, "Waiting"),
    }
}

fn ending(sheet: &mut Sheet, end: &ContainerStateTerminated) {
    sheet.field_if_any(3, "Reason", &end.reason);
    sheet.field_if_any(3, "Message", &end.message);
    sheet.field(3, "Exit Code", end.exit_code);
    if end.signal > 0 {
        sheet.field(3, "Signal", end.signal);
    }
    sheet.field(3, "Started", time(end.started_at));
    sheet.field(3, "Finished", time(end.finished_at));
}

fn mounts(sheet: &mut Sheet, container: &Container) {
    let mut mounts: Vec<_> = container.volume_mounts.iter().collect();
    mounts.sort_by_key(|mount| &mount.mount_path);
    sheet.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let access = if mount.read_only { "ro" } else { "rw" };
        sheet.line(3, format_args!("{} from {} ({access})", mount.mount_path, mount.name));
    }
}
