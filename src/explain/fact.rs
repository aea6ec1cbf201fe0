//! What explanations are made of: an exit, the rule that decides what follows from it, a probe's progress.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::{Serialize, Serializer};

use super::foresight::Forecast;
use crate::{
    api::{Name, RestartPolicy, RestartRuleAction},
    kubelet::PodMachine,
    rule::{init_containers::has_succeeded, probe::ProbeResult, restart},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{Instance, Termination},
    time::{Timestamp, seconds},
};

/// How a container ended.
///
/// ```
/// use pod_lifecycle::{explain::{RestartReason, Situation, ObservedPod}, api::RestartPolicy};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let app = &pod.explain("2026-03-01T12:08:50Z".parse()?).containers[0];
/// let Situation::HeldBack { exit, decision, .. } = &app.situation else { return Err("is not held back".into()) };
/// assert_eq!((exit.code, exit.reason.as_str(), exit.count), (137, "OOMKilled", 6));
/// assert_eq!((decision.restarts, decision.by), (true, RestartReason::PodPolicy(RestartPolicy::Always)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LastExit {
    /// Its exit code.
    pub code: i32,
    /// Why, in one word: `Completed`, `Error`, `OOMKilled`.
    pub reason: String,
    /// When, if anybody saw it.
    pub at: Option<Timestamp>,
    /// Which exit of this container it was, counted from 1.
    pub count: i32,
    /// Its termination message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl LastExit {
    pub(super) fn of(end: &Termination, restart_count: i32) -> LastExit {
        LastExit {
            code: end.exit_code,
            reason: end.reason.as_str().into(),
            at: end.finished_at,
            count: restart_count.saturating_add(1),
            message: end.message.as_deref().map(String::from),
        }
    }
}

/// What follows from an exit, and by which rule.
///
/// ```
/// use pod_lifecycle::explain::{RestartReason, RestartDecision};
///
/// let decision = RestartDecision { restarts: false, by: RestartReason::Ephemeral };
/// assert_eq!(serde_json::to_string(&decision)?, r#"{"restarts":false,"by":"ephemeral"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartDecision {
    /// Whether the container is started again.
    pub restarts: bool,
    /// The rule that says so.
    pub by: RestartReason,
}

/// The rule that decides whether a container is started again.
///
/// ```
/// use pod_lifecycle::{explain::{RestartReason, PodSituation, EndCause, ObservedPod}, api::RestartPolicy};
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "job"},
///     "spec": {"nodeName": "node-1", "restartPolicy": "Never", "containers": [{"name": "app", "image": "busybox"}]},
///     "status": {"phase": "Failed", "containerStatuses": [
///         {"name": "app", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 3}}}]}
/// }"#)?)?;
/// let situation = pod.explain("2026-03-01T12:00:00Z".parse()?).situation;
/// let PodSituation::Over { cause: EndCause::ContainerFailed { decision, .. } } = situation else { panic!("it failed") };
/// assert_eq!(decision.by, RestartReason::PodPolicy(RestartPolicy::Never));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum RestartReason {
    /// The Pod's `restartPolicy`.
    PodPolicy(RestartPolicy),
    /// The container's own `restartPolicy`.
    OwnPolicy(RestartPolicy),
    /// One of the container's `restartPolicyRules`, counted from 1.
    Rule {
        /// Its place among them.
        place: usize,
        /// Whether it restarts the other containers too.
        all_containers: bool,
    },
    /// An init container that has succeeded is not run again.
    InitSucceeded,
    /// A sidecar runs as long as its Pod does.
    Sidecar,
    /// An ephemeral container is never started again.
    Ephemeral,
    /// The Pod's sandbox is gone, and no new one is made.
    NoNewSandbox,
}

impl RestartDecision {
    /// On a container whose Pod has lost its sandbox for good.
    pub(super) const STRANDED: RestartDecision = RestartDecision { restarts: false, by: RestartReason::NoNewSandbox };

    pub(super) fn on(container: &ContainerSpec, end: &Termination) -> RestartDecision {
        let policy = container.restart();
        let restarts = restart::restarts_after_exit(policy, end.exit_code);
        match container.kind() {
            ContainerKind::Ephemeral => RestartDecision { restarts: false, by: RestartReason::Ephemeral },
            ContainerKind::Sidecar => RestartDecision { restarts: true, by: RestartReason::Sidecar },
            ContainerKind::Init if has_succeeded(end) => {
                RestartDecision { restarts: false, by: RestartReason::InitSucceeded }
            }
            ContainerKind::Init | ContainerKind::Regular => {
                let rule = restart::matching_rule(policy, end.exit_code).filter(|_| policy.is_own());
                let by = match rule {
                    Some((place, rule)) => RestartReason::Rule {
                        place: place.saturating_add(1),
                        all_containers: rule.action() == RestartRuleAction::RestartAllContainers,
                    },
                    None if policy.is_own() => RestartReason::OwnPolicy(policy.policy()),
                    None => RestartReason::PodPolicy(policy.policy()),
                };
                RestartDecision { restarts, by }
            }
        }
    }
}

/// Whether a container that does not run is to be started, as far as its own last exit says.
pub(super) fn is_start_due(container: &ContainerSpec, newest: Option<&Instance>, is_deleting: bool) -> bool {
    let end = newest.and_then(Instance::termination);
    let is_done = container.kind() == ContainerKind::Init && end.is_some_and(|end| has_succeeded(end));
    let is_spent = container.kind() == ContainerKind::Ephemeral && end.is_some();
    !is_done && !is_spent && restart::should_restart(container, newest, is_deleting)
}

/// How far a probe has come with the instance that runs.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{explain::ProbeProgress, rule::probe::ProbeResult, spec::ProbeKind};
///
/// let progress = ProbeProgress {
///     probe: ProbeKind::Liveness,
///     streak: Some((ProbeResult::Failure, 2)),
///     successes_needed: 1,
///     failures_left: 1,
///     period: Duration::from_secs(10),
///     next_probe: None,
/// };
/// assert_eq!(progress.failures_left, 1, "one more failure, and the container is killed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeProgress {
    /// What it asks about.
    #[serde(serialize_with = "by_name")]
    pub probe: ProbeKind,
    /// What it found last, and how often in a row.
    pub streak: Option<(ProbeResult, u32)>,
    /// How many more successes in a row it takes.
    pub successes_needed: u32,
    /// How many more failures in a row it takes.
    pub failures_left: u32,
    /// The time between two probes.
    #[serde(rename = "periodSeconds", serialize_with = "seconds::serialize")]
    pub period: Duration,
    /// When the container is probed next, if nothing else happens.
    pub next_probe: Option<Timestamp>,
}

impl ProbeProgress {
    /// The progress of a container's probe of a kind, if it has one and there is a worker for it.
    pub(super) fn of(
        pod: &PodMachine,
        container: ContainerIndex,
        probe: ProbeKind,
        foresight: &Forecast,
    ) -> Option<ProbeProgress> {
        let spec = pod.spec().container(container)?.probe(probe)?;
        let worker = pod.inspect().probe_worker(container, probe)?;
        let run_of = |result| if worker.last_result == result { worker.result_run } else { 0 };
        let left = |threshold: u32, run| threshold.saturating_sub(run).max(1);
        Some(ProbeProgress {
            probe,
            streak: (worker.result_run > 0).then_some((worker.last_result, worker.result_run)),
            successes_needed: left(spec.success_threshold(), run_of(ProbeResult::Success)),
            failures_left: left(spec.failure_threshold(), run_of(ProbeResult::Failure)),
            period: spec.period(),
            next_probe: foresight.probe(container, probe),
        })
    }

    /// How often in a row the probe has just failed.
    pub(super) fn failures(&self) -> u32 {
        self.run_of(ProbeResult::Failure)
    }

    /// How often in a row the probe has just found this.
    pub(super) fn run_of(&self, result: ProbeResult) -> u32 {
        self.streak.filter(|(last, _)| *last == result).map_or(0, |(_, run)| run)
    }
}

/// The names of containers.
pub(super) fn names(pod: &PodMachine, containers: impl IntoIterator<Item = ContainerIndex>) -> Vec<String> {
    containers.into_iter().map(|index| pod.spec().container_name(index).into()).collect()
}

/// Serialises a value by the name that Kubernetes spells it by.
pub(super) fn by_name<T: Name, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.name())
}
