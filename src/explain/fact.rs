//! Facts of explanations: an exit, the rule that decides on a restart, the progress of a probe.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::{Serialize, Serializer};

use super::forecast::Forecast;
use crate::{
    api::{Name, RestartPolicy, RestartRuleAction},
    kubelet::PodMachine,
    rule::{init_containers::has_succeeded, probe::ProbeResult, restart},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{Instance, Termination},
    time::{Timestamp, seconds},
};

/// Exit of a container.
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
    /// Exit code.
    pub code: i32,
    /// Reason of the status: `Completed`, `Error`, `OOMKilled`.
    pub reason: String,
    /// Time of the exit, if the kubelet saw it.
    pub at: Option<Timestamp>,
    /// Number of this exit of the container, from 1.
    pub count: i32,
    /// Signal that ended the process, if the runtime reports one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Termination message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl LastExit {
    pub(super) fn of(end: &Termination, restart_count: i32) -> LastExit {
        LastExit {
            code: end.exit_code,
            reason: end.reason.as_str().into(),
            at: end.finished_at,
            // The first exit comes with restartCount 0.
            count: restart_count.saturating_add(1),
            signal: end.signal,
            message: end.message.as_deref().map(String::from),
        }
    }
}

/// Decision on a restart after an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestartDecision {
    /// True if the container restarts.
    pub restarts: bool,
    /// Rule behind the decision.
    pub by: RestartReason,
}

/// Rule that decides on a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum RestartReason {
    /// The Pod's `restartPolicy`.
    PodPolicy(RestartPolicy),
    /// The container's own `restartPolicy`.
    OwnPolicy(RestartPolicy),
    /// One of the container's `restartPolicyRules`.
    Rule {
        /// Place among the rules, from 1.
        place: usize,
        /// True if it restarts all containers.
        all_containers: bool,
    },
    /// An init container that has succeeded does not run again.
    InitSucceeded,
    /// A sidecar restarts as long as its Pod runs.
    Sidecar,
    /// An ephemeral container never restarts.
    Ephemeral,
    /// The Pod's sandbox is gone, and no new one is created.
    NoNewSandbox,
}

impl RestartDecision {
    /// Decision on a container whose Pod has lost its sandbox for good.
    pub(super) const STRANDED: RestartDecision = RestartDecision { restarts: false, by: RestartReason::NoNewSandbox };

    pub(super) fn on(container: &ContainerSpec, end: &Termination) -> RestartDecision {
        let policy = container.restart();
        let restarts = restart::restarts_after_exit(policy, end.exit_code);
        // The kind goes before the policy: restartPolicy of the Pod does not apply to sidecars and ephemeral
        // containers.
        match container.kind() {
            ContainerKind::Ephemeral => RestartDecision { restarts: false, by: RestartReason::Ephemeral },
            ContainerKind::Sidecar => RestartDecision { restarts: true, by: RestartReason::Sidecar },
            ContainerKind::Init if has_succeeded(end) => {
                RestartDecision { restarts: false, by: RestartReason::InitSucceeded }
            }
            ContainerKind::Init | ContainerKind::Regular => {
                // The API admits restartPolicyRules only beside a restartPolicy of the container.
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

/// True if a container that does not run should start, by its own last exit.
pub(super) fn is_start_due(container: &ContainerSpec, newest: Option<&Instance>, is_deleting: bool) -> bool {
    let end = newest.and_then(Instance::termination);
    let is_done = container.kind() == ContainerKind::Init && end.is_some_and(|end| has_succeeded(end));
    // An ephemeral container starts once.
    let is_spent = container.kind() == ContainerKind::Ephemeral && end.is_some();
    !is_done && !is_spent && restart::should_restart(container, newest, is_deleting)
}

/// Progress of a probe with the running instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProbeProgress {
    /// Kind of the probe.
    #[serde(serialize_with = "by_name")]
    pub probe: ProbeKind,
    /// Last result, and how often in a row.
    pub streak: Option<(ProbeResult, u32)>,
    /// Successes in a row that are still needed.
    pub successes_needed: u32,
    /// Failures in a row until the probe fails its container.
    pub failures_left: u32,
    /// Period of the probe.
    #[serde(rename = "periodSeconds", serialize_with = "seconds::serialize")]
    pub period: Duration,
    /// Time of the next probe, if nothing else happens.
    pub next_probe: Option<Timestamp>,
}

impl ProbeProgress {
    /// Returns the progress of a container's probe of this kind, if it has a worker.
    pub(super) fn of(
        pod: &PodMachine,
        container: ContainerIndex,
        probe: ProbeKind,
        forecast: &Forecast,
    ) -> Option<ProbeProgress> {
        let spec = pod.spec().container(container)?.probe(probe)?;
        let worker = pod.inspect().probe_worker(container, probe)?;
        let run_of = |result| if worker.last_result == result { worker.result_run } else { 0 };
        // A worker goes on counting beyond its threshold, and the next probe is needed in any case.
        let left = |threshold: u32, run| threshold.saturating_sub(run).max(1);
        Some(ProbeProgress {
            probe,
            // A worker starts each instance with a run of 0, which is no result yet.
            streak: (worker.result_run > 0).then_some((worker.last_result, worker.result_run)),
            successes_needed: left(spec.success_threshold(), run_of(ProbeResult::Success)),
            failures_left: left(spec.failure_threshold(), run_of(ProbeResult::Failure)),
            period: spec.period(),
            next_probe: forecast.probe(container, probe),
        })
    }

    /// Returns the failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.run_of(ProbeResult::Failure)
    }

    /// Returns how often in a row the probe had this result.
    pub(super) fn run_of(&self, result: ProbeResult) -> u32 {
        self.streak.filter(|(last, _)| *last == result).map_or(0, |(_, run)| run)
    }
}

/// Returns the names of containers.
pub(super) fn names(pod: &PodMachine, containers: impl IntoIterator<Item = ContainerIndex>) -> Vec<String> {
    containers.into_iter().map(|index| pod.spec().container_name(index).into()).collect()
}

/// Serialises a value by its name in Kubernetes.
pub(super) fn by_name<T: Name, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.name())
}
