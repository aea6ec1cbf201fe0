//! Has a container started up, and may it get traffic?
//!
//! Answers to `UpdatePodStatus` in `pkg/kubelet/prober/prober_manager.go`. KEP-4781 for restarts of the kubelet.
//!
//! After a restart of the kubelet, a container that has run for a while stays ready until its probe says otherwise:
//!
//! ```
//! use pod_lifecycle::{Timestamp, rule::readiness::KubeletStart};
//!
//! let at = Timestamp::from_unix_seconds(3_600);
//! let kubelet = KubeletStart { at, pod_was_ready: true };
//! assert!(kubelet.is_predated_by(Some(Timestamp::from_unix_seconds(3_589))));
//! ```

use core::time::Duration;

use super::probe::ProbeResult;
use crate::{
    spec::{ContainerKind, ContainerSpec, PodSpec, ProbeKind},
    state::{ContainerRecord, RecordedState},
    time::Timestamp,
};

/// What the probe workers of one container have to say of its newest instance.
///
/// ```
/// use pod_lifecycle::rule::{probe::ProbeResult, readiness::ProbeFacts};
///
/// let ready = ProbeFacts { readiness: Some(ProbeResult::Success), has_readiness_worker: true, ..ProbeFacts::default() };
/// assert_eq!((ready.startup, ready.has_startup_worker), (None, false), "it has no startup probe");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProbeFacts {
    /// The cached result of the startup probe.
    pub startup: Option<ProbeResult>,
    /// The cached result of the readiness probe.
    pub readiness: Option<ProbeResult>,
    /// The cached result of the liveness probe.
    pub liveness: Option<ProbeResult>,
    /// Whether there is a worker for the startup probe.
    pub has_startup_worker: bool,
    /// Whether there is a worker for the readiness probe.
    pub has_readiness_worker: bool,
}

/// What the kubelet's own restart has to do with readiness.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{Timestamp, rule::readiness::KubeletStart};
///
/// let at = Timestamp::from_unix_seconds(3_600);
/// let kubelet = KubeletStart { at, pod_was_ready: true };
/// assert!(kubelet.is_predated_by(Some(Timestamp::UNIX_EPOCH)));
/// assert!(!kubelet.is_predated_by(Some(at + Duration::from_secs(1))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KubeletStart {
    /// When the kubelet started.
    pub at: Timestamp,
    /// Whether the published status says that the Pod is ready.
    pub pod_was_ready: bool,
}

impl KubeletStart {
    /// Whether a container that started then was running well before the kubelet: by more than 10 s.
    #[must_use]
    pub fn is_predated_by(&self, started_at: Option<Timestamp>) -> bool {
        let grace = Duration::from_secs(10);
        started_at.is_some_and(|started_at| started_at + grace < self.at)
    }
}

/// Fills in `started` and `ready` of every init and regular container; says which readiness workers to trigger.
///
/// A container that is started but not known to be ready has its readiness probe run at once: `trigger` is called
/// with its index.
///
/// ```
/// use pod_lifecycle::{Timestamp, api, rule::readiness::{self, KubeletStart, ProbeFacts}, spec::PodSpec};
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
/// readiness::update_readiness(&spec, &mut records, &[ProbeFacts::default()], kubelet, |_| {});
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
            record.ready |= has_completed;
        } else if started {
            if facts.readiness != Some(ProbeResult::Success) && facts.has_readiness_worker {
                trigger(index);
            }
            record.ready = is_ready(container, record, facts, kubelet);
        }
    }
}

/// Whether a container has started up: it runs, and its startup probe has succeeded if it has one.
fn is_started(record: &ContainerRecord, facts: ProbeFacts) -> bool {
    record.is_running()
        && match facts.startup {
            Some(result) => result == ProbeResult::Success,
            None => record.started == Some(true) || !facts.has_startup_worker,
        }
}

/// Whether a started container is ready: its readiness probe says so, or it has none; one that outlived the kubelet
/// follows the published readiness of its Pod.
fn is_ready(container: &ContainerSpec, record: &ContainerRecord, facts: ProbeFacts, kubelet: KubeletStart) -> bool {
    let Some(RecordedState::Running { started_at }) = record.state else { return false };
    if facts.readiness == Some(ProbeResult::Success) {
        return true;
    }
    if !kubelet.is_predated_by(started_at) {
        return !facts.has_readiness_worker;
    }
    let unasked = !facts.has_readiness_worker || facts.readiness.is_none();
    unasked && (container.probe(ProbeKind::Readiness).is_none() || kubelet.pod_was_ready)
}
