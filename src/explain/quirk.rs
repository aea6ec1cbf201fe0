//! Known bugs of the kubelet that a Pod shows at this moment.

use alloc::{format, string::String, vec::Vec};

use serde::Serialize;

use crate::{
    config::KnownBug,
    kubelet::PodMachine,
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ContainerKind, ProbeKind},
};

/// Known bug of the kubelet that a container shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Quirk {
    /// Bug.
    pub bug: KnownBug,
    /// Name of the container.
    pub container: String,
}

impl Quirk {
    /// Returns the bugs that the containers of a Pod show.
    pub(super) fn all(pod: &PodMachine) -> Vec<Quirk> {
        let shown = |index: ContainerIndex| {
            let bug = shown_by(pod, index).filter(|bug| pod.config().kubernetes.has_bug(*bug))?;
            Some(Quirk { bug, container: pod.spec().container_name(index).into() })
        };
        pod.spec().containers().filter_map(|(index, _)| shown(index)).collect()
    }

    /// Returns the bug in one clause, with its issue and its versions.
    pub(super) fn clause(&self) -> String {
        let Quirk { bug, container } = self;
        let (first, last) = bug.versions();
        let versions = if first == last { format!("{first}") } else { format!("{first} to {last}") };
        let issue = bug.issue().map(|issue| format!("kubernetes#{issue}, ")).unwrap_or_default();
        let description = bug.description().trim_end_matches('.');
        format!("`{container}` shows a known bug of the kubelet, {bug} ({issue}{versions}): {description}")
    }
}

/// Returns the bug by which a container counts as started although its startup probe has no success to show.
fn shown_by(pod: &PodMachine, index: ContainerIndex) -> Option<KnownBug> {
    let record = pod.inspect().container_status(index)?;
    let newest = pod.runtime().newest(index).filter(|newest| newest.is_running())?;
    let worker = pod.inspect().probe_worker(index, ProbeKind::Startup)?;
    if record.started != Some(true) {
        return None;
    }
    // The worker has not looked at the new instance yet. One of a kubelet that has restarted has none at first.
    if worker.instance? != newest.id {
        return Some(KnownBug::InheritedStarted);
    }
    let is_sidecar = pod.spec().container(index).is_some_and(|it| it.kind() == ContainerKind::Sidecar);
    match worker.result {
        Some(ProbeResult::Success) => None,
        // A worker of a new instance begins with a result that is no success.
        Some(ProbeResult::Failure | ProbeResult::Unknown) => Some(KnownBug::InheritedStarted),
        // Since 1.35 a worker of an instance that has outlived its kubelet begins without one.
        None => is_sidecar.then_some(KnownBug::SidecarStartupForgotten),
    }
}
