//! STATUS column: one word for the state of a Pod (`printPod` in pkg/printers/internalversion).
//!
//! Written over views, so that a fleet can read it from status data without projecting a status first.

use alloc::{borrow::Cow, format};

use crate::{
    api::{ConditionStatus, ContainerStatus, Name, PodManifest, PodStatus},
    kubelet::PodMachine,
    spec::{ContainerIndex, ContainerKind},
    state::{ConditionReason, ConditionType, ContainerRecord, RecordedState},
    status::is_terminal,
};

/// Pod as the STATUS column sees it.
struct PodView<'a> {
    is_deleting: bool,
    /// Phase, or "" if there is none yet.
    phase: &'a str,
    is_terminal: bool,
    /// `status.reason`.
    reason: &'a str,
    is_scheduling_gated: bool,
    is_ready: bool,
    /// Word of the init container that blocks the Pod.
    blocking_init: Option<Cow<'a, str>>,
    /// Regular containers, unless an init container blocks them.
    regular: Option<RegularContainers<'a>>,
}

/// Container status as the columns see it.
#[derive(Clone, Copy, Default)]
pub(super) struct ContainerView<'a> {
    waiting_reason: Option<&'a str>,
    exit: Option<Exit<'a>>,
    is_running: bool,
    is_ready: bool,
    is_started: bool,
}

#[derive(Clone, Copy)]
struct Exit<'a> {
    exit_code: i32,
    signal: i32,
    reason: &'a str,
}

/// Returns the STATUS column of an object.
pub(super) fn status_column<'a>(
    pod: &'a PodManifest,
    init: InitContainers<'a>,
    regular: Option<RegularContainers<'a>>,
) -> Cow<'a, str> {
    let PodStatus { phase, reason, conditions, .. } = &pod.status;
    // hasPodReadyCondition looks at all conditions of the type, unlike the check of Initialized, which ends at the
    // first.
    let is_ready = conditions.iter().any(|condition| {
        condition.type_ == ConditionType::Ready.name() && condition.status.known() == Some(ConditionStatus::True)
    });
    let is_scheduling_gated = conditions.iter().any(|condition| {
        condition.type_ == ConditionType::PodScheduled.name()
            && condition.reason == ConditionReason::SchedulingGated.name()
    });
    word(PodView {
        is_deleting: pod.metadata.deletion_timestamp.is_some(),
        phase: phase.as_ref().map_or("", |phase| phase.as_str()),
        is_terminal: is_terminal(&pod.status),
        reason,
        is_scheduling_gated,
        is_ready,
        blocking_init: init.blocking,
        regular,
    })
}

impl PodMachine {
    /// Returns the STATUS column of `kubectl get pods` for the published status, without projecting that first.
    #[must_use]
    pub fn status_column(&self) -> Cow<'_, str> {
        let published = self.published();
        let (spec, containers) = (published.spec(), published.containers());
        // A container without a record has no status in the API either, so the columns skip it.
        let view = |index: ContainerIndex| Some(ContainerView::of_record(containers.get(index.get())?.as_ref()?));
        let init = spec.init_containers();
        let views = init.filter_map(|(index, it)| Some((view(index)?, it.kind() == ContainerKind::Sidecar)));
        let init = InitContainers::read(views, spec.init_containers().count());
        let is_initialized = || {
            let conditions = published.conditions();
            conditions.iter().any(|(which, it, _)| *which == ConditionType::Initialized && it.is_true())
        };
        let shows_regular = init.blocking.is_none() || is_initialized();
        let regular = spec.regular_by_name.iter().filter_map(|&index| view(index));
        word(PodView {
            is_deleting: self.is_deleting(),
            phase: published.phase().name(),
            is_terminal: published.phase().is_terminal(),
            reason: published.reason().0,
            // The kubelet writes PodScheduled without a reason: the Pod is bound.
            is_scheduling_gated: false,
            is_ready: published.is_ready(),
            blocking_init: init.blocking,
            regular: shows_regular.then(|| RegularContainers::read(regular)),
        })
    }
}

/// Returns the first of these that applies:
///
/// 1. Deletion: `Terminating`, or `Unknown` if the node is lost. A Pod that had ended before shows 2. to 5.
/// 2. The reason of the first regular container that waits or has terminated.
/// 3. The init container that blocks the Pod.
/// 4. `SchedulingGated`.
/// 5. The reason beside the phase, or the phase.
///
/// `Completed` gives way to what the other containers do.
fn word(pod: PodView<'_>) -> Cow<'_, str> {
    // NodeUnreachablePodReason in pkg/util/node; kubectl checks it before a terminal phase.
    if pod.is_deleting && pod.reason == "NodeLost" {
        return "Unknown".into();
    }
    if pod.is_deleting && !pod.is_terminal {
        return "Terminating".into();
    }
    let (reason, failure, some_run) = match pod.regular {
        // hasRunning in printPod is set only by a container that runs and is ready.
        Some(regular) => (regular.reason, regular.failure, regular.ready > 0),
        None => (None, None, false),
    };
    let word = reason.or(pod.blocking_init).unwrap_or_else(|| match pod.reason {
        _ if pod.is_scheduling_gated => ConditionReason::SchedulingGated.name().into(),
        "" => pod.phase.into(),
        reason => reason.into(),
    });
    // A container that succeeded does not speak for a Pod in which others still run or have failed.
    if word != "Completed" {
        return word;
    }
    match failure {
        _ if some_run && pod.is_ready => "Running".into(),
        Some(failure) => failure,
        None if some_run => "NotReady".into(),
        None => word,
    }
}

/// Init containers and sidecars, in the order of their statuses up to the first that blocks the Pod.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/> (KEP-753)
pub(super) struct InitContainers<'a> {
    /// Number of statuses up to and with the blocking one.
    pub(super) seen: usize,
    /// Number of sidecars that have started and are ready.
    pub(super) ready: usize,
    /// Word of the one that blocks the Pod: `Init:` and a reason, or `Init:1/2`.
    pub(super) blocking: Option<Cow<'a, str>>,
}

impl<'a> InitContainers<'a> {
    /// Reads the statuses, each with true for a sidecar; `count` is that of the init containers in the spec.
    pub(super) fn read(statuses: impl Iterator<Item = (ContainerView<'a>, bool)>, count: usize) -> InitContainers<'a> {
        let mut init = InitContainers { seen: 0, ready: 0, blocking: None };
        for (status, is_sidecar) in statuses {
            // Counts statuses while `count` is the spec's, as in printPod: `Init:0/2` may be a Pod with one status.
            let index = init.seen;
            init.seen = init.seen.saturating_add(1);
            match status.exit {
                // Before the sidecar's arm: a sidecar that exited with 0 neither blocks nor counts as ready.
                Some(Exit { exit_code: 0, .. }) => {}
                _ if is_sidecar && status.is_started => init.ready = init.ready.saturating_add(status.is_ready.into()),
                Some(exit) => init.blocking = Some(format!("Init:{}", exit.word()).into()),
                None => {
                    // An init container that only waits for its turn shows how many are done.
                    let reason = status.waiting_reason.filter(|reason| *reason != "PodInitializing");
                    let word =
                        reason.map_or_else(|| format!("Init:{index}/{count}"), |reason| format!("Init:{reason}"));
                    init.blocking = Some(word.into());
                }
            }
            if init.blocking.is_some() {
                break;
            }
        }
        init
    }
}

/// Regular containers.
#[derive(Default)]
pub(super) struct RegularContainers<'a> {
    /// Number of containers that run and are ready.
    pub(super) ready: usize,
    /// Reason of the first that waits with a reason or has terminated.
    reason: Option<Cow<'a, str>>,
    /// Reason of the first that has terminated with another exit code than 0.
    failure: Option<Cow<'a, str>>,
}

impl<'a> RegularContainers<'a> {
    /// Reads the statuses, which the kubelet sorts by name. (`printPod` reads them backwards and keeps the last word.)
    pub(super) fn read(statuses: impl Iterator<Item = ContainerView<'a>>) -> RegularContainers<'a> {
        let mut regular = RegularContainers::default();
        for status in statuses {
            let (reason, is_failure) = match (status.waiting_reason, status.exit) {
                (Some(reason), _) => (reason.into(), false),
                (None, Some(exit)) => (exit.word(), exit.exit_code != 0),
                // Running, or waiting without a reason, which printPod passes over.
                (None, None) => {
                    let is_ready = status.is_ready && status.is_running;
                    regular.ready = regular.ready.saturating_add(is_ready.into());
                    continue;
                }
            };
            if is_failure && regular.failure.is_none() {
                regular.failure = Some(reason.clone());
            }
            regular.reason.get_or_insert(reason);
        }
        regular
    }
}

impl<'a> ContainerView<'a> {
    pub(super) fn of_status(status: &'a ContainerStatus) -> ContainerView<'a> {
        let exit = status.state.terminated.as_ref();
        let waiting = status.state.waiting.as_ref();
        ContainerView {
            waiting_reason: waiting.map(|waiting| &*waiting.reason).filter(|reason| !reason.is_empty()),
            exit: exit.map(|it| Exit { exit_code: it.exit_code, signal: it.signal, reason: &it.reason }),
            is_running: status.state.running.is_some(),
            is_ready: status.ready,
            is_started: status.started == Some(true),
        }
    }

    fn of_record(record: &'a ContainerRecord) -> ContainerView<'a> {
        let view = ContainerView {
            is_ready: record.ready,
            is_started: record.started == Some(true),
            ..ContainerView::default()
        };
        match &record.state {
            None => view,
            Some(RecordedState::Running { .. }) => ContainerView { is_running: true, ..view },
            Some(RecordedState::Waiting(waiting)) => {
                ContainerView { waiting_reason: Some(waiting.reason()).filter(|reason| !reason.is_empty()), ..view }
            }
            Some(RecordedState::Terminated(it)) => {
                let signal = it.signal.unwrap_or(0);
                let exit = Exit { exit_code: it.exit_code, signal, reason: it.reason.as_str() };
                ContainerView { exit: Some(exit), ..view }
            }
        }
    }
}

impl<'a> Exit<'a> {
    fn word(self) -> Cow<'a, str> {
        match (self.reason, self.signal) {
            // Runtimes may leave the reason out; a signal then says more than the code.
            ("", 0) => format!("ExitCode:{}", self.exit_code).into(),
            ("", signal) => format!("Signal:{signal}").into(),
            (reason, _) => reason.into(),
        }
    }
}
