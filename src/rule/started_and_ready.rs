//! `started` and `ready` of each container (`UpdatePodStatus` in pkg/kubelet/prober/prober_manager.go). Readiness gates
//! and the Pod's `Ready` are [`conditions::ready`](super::conditions::ready).
//!
//! A container of a Pod that is being deleted stays ready until it stops or its readiness probe, which goes on, fails.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes>. After a restart of the
//! kubelet, a container that has run for a while stays ready until its probe fails (KEP-4781):
//!
//! ```
//! use pod_lifecycle::{Timestamp, rule::started_and_ready::KubeletStart};
//!
//! let at = Timestamp::from_unix_seconds(3_600);
//! let kubelet = KubeletStart { at, pod_was_ready: true };
//! assert!(kubelet.is_predated_by(Some(Timestamp::from_unix_seconds(3_589))));
//! ```
//!
//! Asked by: [`pod_status`](super::pod_status).

use core::time::Duration;

use super::probe::ProbeResult;
use crate::{
    spec::{ContainerKind, ContainerSpec, PodSpec, ProbeKind},
    state::{ContainerRecord, RecordedState},
    time::Timestamp,
};

/// Cached probe results for the newest instance of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProbeFacts {
    /// Cached result of the startup probe.
    pub startup: Option<ProbeResult>,
    /// Cached result of the readiness probe.
    pub readiness: Option<ProbeResult>,
    /// Cached result of the liveness probe.
    pub liveness: Option<ProbeResult>,
    /// True if there is a worker for the startup probe.
    pub has_startup_worker: bool,
    /// True if there is a worker for the readiness probe.
    pub has_readiness_worker: bool,
    /// True if the status still shows another instance, from which readiness is not inherited.
    pub is_replacement: bool,
}

/// Start of the kubelet, as far as readiness depends on it (KEP-4781).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KubeletStart {
    /// Time at which the kubelet started.
    pub at: Timestamp,
    /// True if `Ready` is true in the published status.
    pub pod_was_ready: bool,
}

impl KubeletStart {
    /// Before everything else: no container was running then.
    pub const UNKNOWN: KubeletStart = KubeletStart { at: Timestamp::BEGINNING, pod_was_ready: false };

    /// True if a container that started at `started_at` was running for more than 10 s when the kubelet started.
    #[must_use]
    pub fn is_predated_by(&self, started_at: Option<Timestamp>) -> bool {
        // The margin is the kubelet's: containers that start about when it does are new to it.
        let margin = Duration::from_secs(10);
        started_at.is_some_and(|started_at| started_at + margin < self.at)
    }
}

/// Sets `started` and `ready` of every init and regular container.
///
/// Calls `trigger` with each container that is started but not known to be ready: its readiness probe runs at once,
/// without waiting for the next tick. Answers to `UpdatePodStatus` in `pkg/kubelet/prober`.
///
/// ```
/// use pod_lifecycle::{Timestamp, api, rule::started_and_ready::{self, KubeletStart, ProbeFacts}, spec::PodSpec};
/// use pod_lifecycle::state::{ContainerRecord, RecordedState};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let mut records = [Some(ContainerRecord {
///     state: Some(RecordedState::Running { started_at: None }), last_state: None, restart_count: 0, instance: None,
///     started: None, ready: false,
/// })];
/// let kubelet = KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false };
/// started_and_ready::update_readiness(&spec, &mut records, &[ProbeFacts::default()], kubelet, |_| {});
/// let app = records[0].as_ref().ok_or("no record")?;
/// assert_eq!((app.started, app.ready), (Some(true), true), "it runs, and has no probes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn update_readiness(
    spec: &PodSpec,
    records: &mut [Option<ContainerRecord>],
    facts: &[ProbeFacts],
    kubelet: KubeletStart,
    mut trigger: impl FnMut(crate::spec::ContainerIndex),
) {
    let regular_first = spec.regular_containers().chain(spec.init_containers());
    for (index, container) in regular_first {
        let Some(record) = records.get_mut(index.get()).and_then(Option::as_mut) else { continue };
        let facts = facts.get(index.get()).copied().unwrap_or_default();
        let started = is_started(record, facts);
        record.started = Some(started);
        if container.kind() == ContainerKind::Init {
            let has_completed = record.termination().is_some_and(|end| end.exit_code == 0);
            // Never set back: an init container that succeeded once stays ready.
            record.ready |= has_completed;
        } else if started {
            if facts.readiness != Some(ProbeResult::Success) && facts.has_readiness_worker {
                trigger(index);
            }
            record.ready = is_ready(container, record, facts, kubelet);
        }
    }
}

/// True if a container has started up: it runs, and its startup probe has succeeded if it has one.
fn is_started(record: &ContainerRecord, facts: ProbeFacts) -> bool {
    record.is_running()
        && match facts.startup {
            Some(result) => result == ProbeResult::Success,
            // No result and a worker: the worker has not met this instance yet, say after a restart of the kubelet.
            None => record.started == Some(true) || !facts.has_startup_worker,
        }
}

/// True if a started container is ready: its readiness probe has succeeded, or it has none. One that outlived the
/// kubelet follows the published readiness of its Pod.
fn is_ready(container: &ContainerSpec, record: &ContainerRecord, facts: ProbeFacts, kubelet: KubeletStart) -> bool {
    let Some(RecordedState::Running { started_at }) = record.state else { return false };
    if facts.readiness == Some(ProbeResult::Success) {
        return true;
    }
    if facts.is_replacement || !kubelet.is_predated_by(started_at) {
        return !facts.has_readiness_worker;
    }
    let is_unprobed = !facts.has_readiness_worker || facts.readiness.is_none();
    is_unprobed && (container.probe(ProbeKind::Readiness).is_none() || kubelet.pod_was_ready)
}
