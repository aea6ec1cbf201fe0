//! Next steps of a Pod, with their times.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::{
    container::{ContainerExplanation, Situation},
    fact::by_name,
    forecast::{self, Forecast, Reach},
    stop::StopStep,
};
use crate::{
    kubelet::PodMachine,
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// Next step, with its time.
///
/// ```
/// use pod_lifecycle::explain::{NextStep, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let now = "2026-03-01T12:08:50Z".parse()?;
/// let next = pod.explain(now).next;
/// assert!(matches!(next[0].what, NextStep::Start { .. }));
/// assert_eq!(next[0].what.container(), Some("app"));
/// assert!(next[0].when.time() > now);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Next {
    /// Time of the step.
    #[serde(flatten)]
    pub when: When,
    /// The step.
    #[serde(flatten)]
    pub what: NextStep,
}

/// Time of a step.
///
/// ```
/// use pod_lifecycle::explain::{When, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/init-error.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let next = &pod.explain("2026-03-01T12:01:09Z".parse()?).next[0];
/// let (earliest, latest) = ("2026-03-01T12:01:05Z".parse()?, "2026-03-01T12:01:25Z".parse()?);
/// assert_eq!(next.when, When::Between { earliest, latest });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Exactly then, unless something else happens before.
    At(Timestamp),
    /// Then or later.
    NotBefore(Timestamp),
    /// Not before `earliest`, and probably not after `latest`.
    Between {
        /// Earliest time.
        earliest: Timestamp,
        /// Latest time.
        latest: Timestamp,
    },
}

/// Step that the kubelet takes next, if nothing else happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum NextStep {
    /// Starts a container.
    Start {
        /// Name of the container.
        container: String,
    },
    /// Pulls the image of a container, which then starts.
    Pull {
        /// Name of the container.
        container: String,
    },
    /// Looks for the image of a container on the node.
    InspectImage {
        /// Name of the container.
        container: String,
    },
    /// Probes a container.
    Probe {
        /// Name of the container.
        container: String,
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// Ends a postStart hook, which only sleeps.
    PostStartEnds {
        /// Name of the container.
        container: String,
    },
    /// Ends a preStop hook, or runs out of time for it: the container gets SIGTERM, or waits for others.
    PreStopEnds {
        /// Name of the container.
        container: String,
    },
    /// Sends SIGTERM to a sidecar, which waits no longer for other containers.
    TurnEnds {
        /// Name of the container.
        container: String,
    },
    /// Sends SIGKILL to a container that still runs.
    Kill {
        /// Name of the container.
        container: String,
    },
    /// Stops the Pod as its active deadline has passed.
    Deadline,
    /// Deletes the Pod, which tolerates its silent node no longer.
    TaintEviction,
    /// Syncs the Pod again, as the kubelet does periodically.
    Resync,
}

impl NextStep {
    /// Returns the name of its container.
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        match self {
            NextStep::Start { container }
            | NextStep::Pull { container }
            | NextStep::InspectImage { container }
            | NextStep::Probe { container, .. }
            | NextStep::PostStartEnds { container }
            | NextStep::PreStopEnds { container }
            | NextStep::TurnEnds { container }
            | NextStep::Kill { container } => Some(container),
            NextStep::Deadline | NextStep::TaintEviction | NextStep::Resync => None,
        }
    }
}

impl When {
    /// Returns the earliest time.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        match self {
            When::At(at) | When::NotBefore(at) | When::Between { earliest: at, .. } => at,
        }
    }
}

/// Returns the next steps of a machine, by container.
pub(super) fn next(
    pod: &PodMachine,
    containers: &[ContainerExplanation],
    forecast: &Forecast,
    now: Timestamp,
) -> Vec<Next> {
    let mut next = Vec::new();
    // `containers` has an entry for each container, in the order of indexes.
    for (index, container) in (0_u16..).map(ContainerIndex::from).zip(containers) {
        next.extend(next_of(index, container, forecast, now));
    }
    if let Some(at) = forecast::deadline_of(pod) {
        // A sync that waits for a call acts on the deadline only when it ends.
        let is_kept = forecast.ends_at == Some(at) && at > now;
        next.push(Next { when: if is_kept { When::At(at) } else { When::NotBefore(at) }, what: NextStep::Deadline });
    }
    // A periodic sync is worth a word only if there is nothing else.
    let retry_at = forecast.retry_at.filter(|_| next.is_empty());
    if let Some(at) = retry_at {
        next.push(Next { when: When::At(at), what: NextStep::Resync });
    }
    next
}

fn next_of(index: ContainerIndex, explained: &ContainerExplanation, forecast: &Forecast, now: Timestamp) -> Vec<Next> {
    let container = explained.name.clone();
    let attempt = forecast.attempt(index).map(|attempt| {
        let container = container.clone();
        let what = match attempt.reach {
            Reach::Image => NextStep::InspectImage { container },
            Reach::Pull => NextStep::Pull { container },
            Reach::Start => NextStep::Start { container },
        };
        Next { when: When::At(attempt.at), what }
    });
    match &explained.situation {
        Situation::HeldBack { until, .. } => {
            // The forecast has no attempt if a call without a known end holds up the sync.
            let open = Next { when: When::NotBefore(*until), what: NextStep::Start { container } };
            Vec::from([attempt.unwrap_or(open)])
        }
        Situation::CannotStart { held_until, .. } => {
            let open =
                held_until.map(|until| Next { when: When::NotBefore(until), what: NextStep::Pull { container } });
            attempt.or(open).into_iter().collect()
        }
        Situation::RestartDue { .. } | Situation::NotStarted { .. } => attempt.into_iter().collect(),
        Situation::PostStart { until } => until
            .map(|at| Next { when: When::At(at), what: NextStep::PostStartEnds { container } })
            .into_iter()
            .collect(),
        Situation::Running { lacks, liveness, .. } => {
            // A readiness probe that is passed runs on, but changes nothing as long as it succeeds.
            let probes = lacks.iter().chain(liveness);
            let probes = probes.filter_map(|progress| {
                let what = NextStep::Probe { container: container.clone(), probe: progress.probe };
                Some(Next { when: When::At(progress.next_probe?), what })
            });
            probes.collect()
        }
        Situation::Stopping { step, .. } => next_of_stop(container, step, now).into_iter().collect(),
        Situation::HeldBackBetween { .. }
        | Situation::Pulling { .. }
        | Situation::Starting
        | Situation::Ended { .. }
        | Situation::NeverRan
        | Situation::Unknown => Vec::new(),
    }
}

fn next_of_stop(container: String, step: &StopStep, now: Timestamp) -> Option<Next> {
    Some(match *step {
        StopStep::PreStop { until, .. } => Next { when: When::At(until), what: NextStep::PreStopEnds { container } },
        StopStep::Turn { until, .. } => Next { when: When::At(until), what: NextStep::TurnEnds { container } },
        StopStep::SigtermSent { kill_not_before, .. } => {
            // A lower bound in the past says nothing.
            let at = kill_not_before.filter(|at| *at > now)?;
            Next { when: When::NotBefore(at), what: NextStep::Kill { container } }
        }
        StopStep::Pending | StopStep::Unseen | StopStep::Gone => return None,
    })
}
