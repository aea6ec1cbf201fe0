//! What happens next, and when.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::{
    container::{ContainerExplanation, Situation},
    fact::by_name,
    foresight::{self, Forecast, Reach},
    stop::StopStep,
};
use crate::{
    kubelet::PodMachine,
    spec::{ContainerIndex, ProbeKind},
    time::Timestamp,
};

/// Something that happens next.
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
    /// Exactly when, or not before when.
    #[serde(flatten)]
    pub when: When,
    /// What happens then.
    #[serde(flatten)]
    pub what: NextStep,
}

/// When something happens.
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
    /// Not before the one and, as far as can be told, not after the other.
    Between {
        /// The earliest time.
        earliest: Timestamp,
        /// The latest time.
        latest: Timestamp,
    },
}

/// What happens next to a Pod, if nothing else comes between.
///
/// ```
/// use pod_lifecycle::explain::NextStep;
///
/// assert_eq!(NextStep::Deadline.container(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum NextStep {
    /// A container is started (again).
    Start {
        /// The container's name.
        container: String,
    },
    /// A container's image is pulled (again); the container starts once it is there.
    Pull {
        /// The container's name.
        container: String,
    },
    /// The node is asked for a container's image again.
    InspectImage {
        /// The container's name.
        container: String,
    },
    /// A container is probed.
    Probe {
        /// The container's name.
        container: String,
        /// What it asks about.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// The hook after a start, which only sleeps, is over.
    PostStartEnds {
        /// The container's name.
        container: String,
    },
    /// The hook before a stop is over, or has run out of time: the container is told to stop, or takes its turn.
    PreStopEnds {
        /// The container's name.
        container: String,
    },
    /// A sidecar waits no longer for others to end: it is told to stop.
    TurnEnds {
        /// The container's name.
        container: String,
    },
    /// A container that has not ended is killed (SIGKILL).
    Kill {
        /// The container's name.
        container: String,
    },
    /// The Pod's active deadline is over: it fails and is stopped.
    Deadline,
    /// The Pod is synced again, without any other reason.
    Resync,
}

impl NextStep {
    /// The container that it is about.
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
            NextStep::Deadline | NextStep::Resync => None,
        }
    }
}

impl When {
    /// The earliest time that it speaks of.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        match self {
            When::At(at) | When::NotBefore(at) | When::Between { earliest: at, .. } => at,
        }
    }
}

/// What happens of itself, the most telling first.
pub(super) fn next(
    pod: &PodMachine,
    containers: &[ContainerExplanation],
    foresight: &Forecast,
    now: Timestamp,
) -> Vec<Next> {
    let mut next = Vec::new();
    for (index, container) in (0_u16..).map(ContainerIndex::from).zip(containers) {
        next.extend(next_of(index, container, foresight, now));
    }
    if let Some(at) = foresight::deadline_of(pod) {
        // A sync that waits for something acts upon the deadline only when it is over.
        let is_kept = foresight.ends_at == Some(at) && at > now;
        next.push(Next { when: if is_kept { When::At(at) } else { When::NotBefore(at) }, what: NextStep::Deadline });
    }
    let retry_at = foresight.retry_at.filter(|_| next.is_empty());
    if let Some(at) = retry_at {
        next.push(Next { when: When::At(at), what: NextStep::Resync });
    }
    next
}

fn next_of(index: ContainerIndex, explained: &ContainerExplanation, foresight: &Forecast, now: Timestamp) -> Vec<Next> {
    let container = explained.name.clone();
    let attempt = foresight.attempt(index).map(|attempt| {
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
        StopStep::Told { kill_not_before, .. } => {
            let at = kill_not_before.filter(|at| *at > now)?;
            Next { when: When::NotBefore(at), what: NextStep::Kill { container } }
        }
        StopStep::Pending | StopStep::Unseen | StopStep::Gone => return None,
    })
}
