//! Possible changes of a Pod's state: probe results, exits, remedies.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::{
    container::{ContainerExplanation, Severity, Situation},
    fact::{LastExit, ProbeProgress, by_name},
    pod::{EndCause, PodSituation},
    remedy::Remedy,
};
use crate::{
    api::{Name, Named, RestartPolicy},
    config::BackOffLimits,
    kubelet::PodMachine,
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ContainerKind, ProbeKind},
    state::{ConditionReason, ConditionType, PodReason, StartError, TerminationReason},
    time::seconds,
};

/// Possible change of the Pod's state.
///
/// ```
/// use pod_lifecycle::explain::{PossibleChange, Remedy, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/config-map-missing.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let changes = pod.explain("2026-03-01T12:08:50Z".parse()?).changes;
/// let (container, remedy) = (Some("app".into()), Remedy::MissingReference);
/// assert_eq!(changes, [PossibleChange::Remedy { container, remedy }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum PossibleChange {
    /// Successes of a probe make a container started or ready.
    Successes {
        /// Name of the container.
        container: String,
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
        /// Successes in a row that are still needed.
        needed: u32,
        /// True if there were some already.
        has_begun: bool,
        /// Period of the probe.
        #[serde(rename = "periodSeconds", serialize_with = "seconds::serialize")]
        period: Duration,
    },
    /// Failures of a probe kill a container.
    Failures {
        /// Name of the container.
        container: String,
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
        /// Failures in a row until then.
        left: u32,
        /// True if there were some already.
        has_begun: bool,
        /// Policy by which it restarts then.
        #[serde(serialize_with = "by_name")]
        restart_policy: RestartPolicy,
    },
    /// A run that is long enough resets the back-off.
    LongRun {
        /// Name of the container.
        container: String,
        /// The run is longer than this.
        #[serde(rename = "seconds", serialize_with = "seconds::serialize")]
        longer_than: Duration,
        /// Delay after the reset.
        #[serde(rename = "initialDelaySeconds", serialize_with = "seconds::serialize")]
        initial_delay: Duration,
    },
    /// The container exits.
    Exit {
        /// Name of the container.
        container: String,
    },
    /// The condition of a readiness gate becomes True.
    Gate {
        /// Type of the condition.
        gate: String,
    },
    /// Advice on the trouble.
    Remedy {
        /// Name of the container, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        container: Option<String>,
        /// The advice.
        remedy: Remedy,
    },
    /// Advice that keeps the next Pod from ending like this one.
    NextTime {
        /// Name of the container, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        container: Option<String>,
        /// The advice.
        remedy: Remedy,
    },
    /// Nothing changes it: a Pod that has ended does not run again.
    Nothing,
}

impl PossibleChange {
    /// Returns the name of its container, if it is about one.
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        match self {
            PossibleChange::Successes { container, .. }
            | PossibleChange::Failures { container, .. }
            | PossibleChange::LongRun { container, .. }
            | PossibleChange::Exit { container, .. } => Some(container),
            PossibleChange::Remedy { container, .. } | PossibleChange::NextTime { container, .. } => {
                container.as_deref()
            }
            PossibleChange::Gate { .. } | PossibleChange::Nothing => None,
        }
    }

    fn of_pod(remedy: Remedy) -> PossibleChange {
        PossibleChange::Remedy { container: None, remedy }
    }
}

/// Returns remedies for a container, the best first.
pub(super) fn remedies(container: &str, remedies: &[Remedy]) -> Vec<PossibleChange> {
    let of = |&remedy: &Remedy| PossibleChange::Remedy { container: Some(container.into()), remedy };
    remedies.iter().map(of).collect()
}

/// Returns remedies for a container of this kind that waits for this reason, the best first.
pub(super) fn remedies_for_waiting(container: &str, kind: ContainerKind, reason: &StartError) -> Vec<PossibleChange> {
    let advised = Remedy::for_waiting(reason);
    if kind != ContainerKind::Ephemeral {
        return remedies(container, advised);
    }
    let mut possible: Vec<Remedy> = Vec::new();
    for remedy in advised {
        // The API server refuses every change of an ephemeral container.
        // Answers to `ValidatePodEphemeralContainersUpdate` in `pkg/apis/core/validation`.
        let remedy = if remedy.changes_spec() { Remedy::NewEphemeralContainer } else { *remedy };
        if !possible.contains(&remedy) {
            possible.push(remedy);
        }
    }
    remedies(container, &possible)
}

/// Returns the changes of the Pod as a whole; `None` if they depend on its containers.
pub(super) fn of_situation(situation: &PodSituation) -> Option<Vec<PossibleChange>> {
    Some(match situation {
        PodSituation::Gated => Vec::from([PossibleChange::of_pod(Remedy::Ungating)]),
        PodSituation::Unscheduled { .. } => Vec::from([PossibleChange::of_pod(Remedy::FittingNode)]),
        PodSituation::Unreported { .. } => Vec::from([PossibleChange::of_pod(Remedy::ReportOfNode)]),
        PodSituation::NodeLost { .. } | PodSituation::NodeSilent { .. } => {
            Vec::from([PossibleChange::of_pod(Remedy::NodeReturn)])
        }
        PodSituation::MirrorDeleted { .. } => Vec::from([PossibleChange::of_pod(Remedy::ManifestOnNode)]),
        PodSituation::Leaving { .. } => Vec::from([PossibleChange::of_pod(Remedy::ReportOfNode)]),
        PodSituation::Resizing { condition, reason, .. } => {
            Remedy::for_condition(condition, reason).iter().map(|&remedy| PossibleChange::of_pod(remedy)).collect()
        }
        PodSituation::Over { cause } => Vec::from_iter([PossibleChange::Nothing].into_iter().chain(next_time(cause))),
        PodSituation::Gone => Vec::from([PossibleChange::Nothing]),
        // The stop goes on by itself; only a force-delete shortens the wait.
        PodSituation::Stopping { .. } => Vec::from([PossibleChange::of_pod(Remedy::ForceDelete)]),
        PodSituation::GatesUnmet { gates } => {
            gates.iter().map(|(gate, _)| PossibleChange::Gate { gate: gate.clone() }).collect()
        }
        PodSituation::NoSandbox { ruled_out_by: Some(_), .. } => Vec::from([PossibleChange::Nothing]),
        PodSituation::NetworkNotReady { .. } => Vec::from([PossibleChange::of_pod(Remedy::NetworkOfNode)]),
        PodSituation::NoSandbox { .. }
        | PodSituation::VolumesNotMounted { .. }
        | PodSituation::Unmounting { .. }
        | PodSituation::RestartingAll { .. } => Vec::new(),
        PodSituation::Container { .. } | PodSituation::Ready => return None,
    })
}

/// Returns the advice that keeps the next Pod from ending like this one.
fn next_time(cause: &EndCause) -> Option<PossibleChange> {
    let (container, remedies) = match cause {
        // A success needs no advice, and an incomplete end has no reason to look up.
        EndCause::AllSucceeded | EndCause::Incomplete => return None,
        EndCause::ContainerFailed { container, exit, .. } => {
            (Some(container), Remedy::for_termination(&TerminationReason::from(&*exit.reason)))
        }
        EndCause::Unseen { container } => {
            (Some(container), Remedy::for_termination(&TerminationReason::ContainerStatusUnknown))
        }
        EndCause::Reason { reason, .. } => (None, remedies_for_reason(reason)),
        EndCause::NodeGone { .. } => (None, Remedy::for_pod(&PodReason::NodeLost)),
    };
    // Only the best one, since it comes too late for this Pod.
    let remedy = *remedies.first()?;
    Some(PossibleChange::NextTime { container: container.cloned(), remedy })
}

/// Returns the possible changes of a machine's state, those of the most severe container first.
pub(super) fn changes(
    pod: &PodMachine,
    situation: &PodSituation,
    containers: &[ContainerExplanation],
) -> Vec<PossibleChange> {
    // Without an object there is nothing left to force-delete.
    if pod.is_gone() && matches!(situation, PodSituation::Stopping { .. }) {
        return Vec::from([PossibleChange::Nothing]);
    }
    of_situation(situation).unwrap_or_else(|| {
        let mut by_severity: Vec<_> = (0_u16..).map(ContainerIndex::from).zip(containers).collect();
        // A stable sort: containers of one severity stay in the order of the spec.
        by_severity.sort_by_key(|(_, container)| container.severity());
        by_severity.into_iter().flat_map(|(index, container)| changes_of(pod, index, container)).collect()
    })
}

fn changes_of(pod: &PodMachine, index: ContainerIndex, explained: &ContainerExplanation) -> Vec<PossibleChange> {
    let container = explained.name.clone();
    let Some(spec) = pod.spec().container(index) else { return Vec::new() };
    let failures = |progress: &ProbeProgress| PossibleChange::Failures {
        container: container.clone(),
        probe: progress.probe,
        left: progress.failures_left,
        has_begun: progress.run_of(ProbeResult::Failure) > 0,
        // What it exits with is not known yet, so restartPolicyRules are left out.
        restart_policy: spec.restart().policy(),
    };
    match &explained.situation {
        Situation::HeldBack { exit, .. } => held_back(&container, Some(exit), &pod.config().crash_loop),
        Situation::CannotStart { error, .. } => remedies_for_waiting(&container, explained.kind, error),
        Situation::Running { lacks, liveness, .. } => {
            let mut changes = Vec::new();
            if let Some(progress) = lacks {
                changes.push(PossibleChange::Successes {
                    container: container.clone(),
                    probe: progress.probe,
                    needed: progress.successes_needed,
                    has_begun: progress.run_of(ProbeResult::Success) > 0,
                    period: progress.period,
                });
                // A failed startup probe kills the container; a failed readiness probe never does.
                changes.extend((progress.probe == ProbeKind::Startup).then(|| failures(progress)));
            }
            changes.extend(liveness.iter().map(failures));
            // A healthy container without probes changes only by its exit.
            if explained.severity() == Severity::None && changes.is_empty() {
                changes.push(PossibleChange::Exit { container });
            }
            changes
        }
        Situation::HeldBackBetween { exit, .. } => held_back(&container, exit.as_ref(), &pod.config().crash_loop),
        Situation::NotStarted { .. }
        | Situation::Pulling { .. }
        | Situation::Starting
        | Situation::PostStart { .. }
        | Situation::RestartDue { .. }
        | Situation::Stopping { .. }
        | Situation::Ended { .. }
        | Situation::NeverRan
        | Situation::Unknown => Vec::new(),
    }
}

/// Returns the remedies for the reason of a Pod's status or of its disruption.
fn remedies_for_reason(reason: &str) -> &'static [Remedy] {
    // For want of a reason in the status, an observed Pod gives that of its DisruptionTarget condition here.
    match Named::<ConditionReason>::from(reason).known() {
        Some(reason) => Remedy::for_condition(ConditionType::DisruptionTarget.name(), reason.name()),
        None => Remedy::for_pod(&PodReason::from(reason)),
    }
}

/// Returns the changes that end a crash-loop back-off: a remedy for the exit, and a long run.
pub(super) fn held_back(container: &str, exit: Option<&LastExit>, limits: &BackOffLimits) -> Vec<PossibleChange> {
    let reason = exit.map(|exit| TerminationReason::from(&*exit.reason));
    let cause = reason.as_ref().map_or(Remedy::for_waiting(&StartError::CrashLoopBackOff), Remedy::for_termination);
    // The text has room for two changes, and the second is the long run.
    let mut changes = remedies(container, cause.get(..1).unwrap_or_default());
    changes.push(PossibleChange::LongRun {
        container: container.into(),
        longer_than: limits.reset_after,
        initial_delay: limits.initial,
    });
    changes
}
