//! What one container is doing, and why.

use alloc::string::String;
use core::time::Duration;

use serde::Serialize;

use super::{
    fact::{self, LastExit, ProbeProgress, RestartDecision},
    foresight::Forecast,
    stop::{StopReason, StopStep},
    wait::{self, WaitingFor},
};
use crate::{
    kubelet::{PendingCall, PodMachine, WorkerState},
    rule,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{ContainerRecord, FailureMessage, Instance, InstanceState, RecordedState, StartError, StartFailure},
    status,
    time::{Timestamp, seconds},
};

/// What one container is doing, and why.
///
/// ```
/// use pod_lifecycle::explain::ObservedPod;
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let app = &pod.explain("2026-03-01T12:08:50Z".parse()?).containers[0];
/// assert_eq!((app.name.as_str(), app.restart_count, app.ready), ("app", 5, false));
/// assert_eq!(app.waiting_reason.as_deref(), Some("CrashLoopBackOff"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerExplanation {
    /// Its name.
    pub name: String,
    /// What part it plays.
    #[serde(serialize_with = "kind_name")]
    pub kind: ContainerKind,
    /// Its place among the init containers and how many there are, both from 1; of init containers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_place: Option<(usize, usize)>,
    /// The reason that its status shows while it waits: `CrashLoopBackOff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_reason: Option<String>,
    /// Whether it counts as ready.
    pub ready: bool,
    /// How often it was started again.
    pub restart_count: i32,
    /// What it is doing.
    pub situation: Situation,
}

/// What a container is doing, with the facts that matter there.
///
/// ```
/// use pod_lifecycle::explain::{Situation, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/config-map-missing.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let app = &pod.explain("2026-03-01T12:08:50Z".parse()?).containers[0];
/// assert!(matches!(app.situation, Situation::CannotStart { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Situation {
    /// It has yet to start.
    NotStarted {
        /// What it waits for.
        waits_for: WaitingFor,
        /// The end of its run before, if it had one.
        last_exit: Option<LastExit>,
    },
    /// Its image is on its way.
    Pulling {
        /// The image.
        image: String,
        /// Since when.
        since: Timestamp,
    },
    /// It is being created and started.
    Starting,
    /// It runs, and its hook after the start does too: nothing else of the Pod starts until that is over.
    PostStart {
        /// When a hook that sleeps is over.
        until: Option<Timestamp>,
    },
    /// It keeps ending and is held back.
    HeldBack {
        /// Its last exit.
        exit: LastExit,
        /// Why it is started again at all.
        decision: RestartDecision,
        /// The delay in force.
        #[serde(rename = "delaySeconds", serialize_with = "seconds::serialize")]
        delay: Duration,
        /// The end of the delay.
        until: Timestamp,
        /// The delay after its next exit, if that comes soon.
        #[serde(rename = "nextDelaySeconds", serialize_with = "seconds::serialize")]
        next_delay: Duration,
    },
    /// It keeps ending and is held back; for how long can only be told roughly.
    HeldBackBetween {
        /// Its last exit, if it is known.
        exit: Option<LastExit>,
        /// Why it is started again at all, if its exit is known.
        decision: Option<RestartDecision>,
        /// The delay is no shorter.
        #[serde(rename = "leastDelaySeconds", serialize_with = "seconds::serialize")]
        least_delay: Duration,
        /// The delay is no longer.
        #[serde(rename = "mostDelaySeconds", serialize_with = "seconds::serialize")]
        most_delay: Duration,
    },
    /// It has ended and is about to be started again.
    RestartDue {
        /// Its last exit.
        exit: LastExit,
        /// Why it is started again.
        decision: RestartDecision,
        /// What it waits for.
        waits_for: WaitingFor,
    },
    /// The last attempt to start it failed.
    CannotStart {
        /// Why, in one word.
        error: StartError,
        /// Why, for people.
        message: String,
        /// The image.
        image: String,
        /// Until when its image is not pulled again, if it is held back.
        held_until: Option<Timestamp>,
        /// The delay after the last failed pull, if there is one in force.
        #[serde(rename = "delaySeconds", serialize_with = "seconds::serialize_option")]
        delay: Option<Duration>,
    },
    /// It runs.
    Running {
        /// Since when.
        since: Option<Timestamp>,
        /// The probe that it has yet to pass.
        lacks: Option<ProbeProgress>,
        /// What its liveness probe finds, if it has one.
        liveness: Option<ProbeProgress>,
    },
    /// It is being stopped.
    Stopping {
        /// What has it stopped.
        reason: StopReason,
        /// How far that has come.
        step: StopStep,
        /// The end that is already known, if it is gone.
        exit: Option<LastExit>,
        /// Whether it is to be started again in the same sync, unless its back-off holds it back.
        restarts: bool,
    },
    /// It has ended for good.
    Ended {
        /// How it ended.
        exit: LastExit,
        /// Why it is not started again.
        decision: RestartDecision,
    },
    /// It never ran, and never will.
    NeverRan,
    /// The runtime cannot say.
    Unknown,
}

impl ContainerExplanation {
    pub(super) fn of(pod: &PodMachine, index: ContainerIndex, foresight: &Forecast, now: Timestamp) -> Option<Self> {
        let spec = pod.spec().container(index)?;
        let record = pod.inspect().container_status(index);
        let shown = pod.published().containers().get(index.get()).and_then(Option::as_ref);
        let is_init = matches!(spec.kind(), ContainerKind::Init | ContainerKind::Sidecar);
        let place = pod.spec().index_in_list(index).saturating_add(1);
        Some(ContainerExplanation {
            name: spec.name().into(),
            kind: spec.kind(),
            init_place: is_init.then(|| (place, pod.spec().init_containers().count())),
            waiting_reason: shown.and_then(waiting_reason).map(String::from),
            ready: record.is_some_and(|record| record.ready),
            restart_count: record.map_or(0, |record| record.restart_count),
            situation: Subject { pod, index, spec, record, foresight, now }.situation(),
        })
    }
}

/// The reason that a waiting container's status shows.
pub(super) fn waiting_reason(record: &ContainerRecord) -> Option<&str> {
    match record.state.as_ref()? {
        RecordedState::Waiting(waiting) => Some(waiting.reason()).filter(|reason| !reason.is_empty()),
        RecordedState::Running { .. } | RecordedState::Terminated(_) => None,
    }
}

/// Everything that there is to see of one container.
struct Subject<'a> {
    pod: &'a PodMachine,
    index: ContainerIndex,
    spec: &'a ContainerSpec,
    record: Option<&'a ContainerRecord>,
    foresight: &'a Forecast,
    now: Timestamp,
}

impl Subject<'_> {
    fn situation(&self) -> Situation {
        let sync = self.pod.inspect().sync();
        if let Some(sync) = sync
            && let Some(stop) = sync.stops().iter().find(|stop| stop.container == self.index)
        {
            let newest = self.pod.runtime().newest(self.index);
            let exit = newest.and_then(Instance::termination).map(|end| LastExit::of(end, self.restart_count()));
            let step = StopStep::of(self.pod, sync, stop);
            let reason = StopReason::of(self.pod, sync, stop);
            let restarts = sync.will_start(self.index);
            return Situation::Stopping { reason, step, exit, restarts };
        }
        match sync.map(|sync| sync.pending_call()) {
            Some(PendingCall::Pulling(container, since)) if container == self.index => {
                return Situation::Pulling { image: self.spec.image().into(), since };
            }
            Some(
                PendingCall::Inspecting(container)
                | PendingCall::Creating(container, _)
                | PendingCall::Starting(container, _),
            ) if container == self.index => {
                return Situation::Starting;
            }
            Some(PendingCall::PostStart(container, _, until)) if container == self.index => {
                return Situation::PostStart { until };
            }
            Some(_) | None => {}
        }
        if matches!(self.pod.worker_state(), WorkerState::Terminated | WorkerState::Finished) {
            return self.at_the_end();
        }
        match self.pod.runtime().newest(self.index).map(|newest| &newest.state) {
            Some(InstanceState::Running { started_at }) => self.running(*started_at),
            Some(InstanceState::Exited(end)) => self.exited(end),
            Some(InstanceState::Created) => self.failed().unwrap_or(Situation::Starting),
            Some(InstanceState::Unknown) => Situation::Unknown,
            None => self.absent(),
        }
    }

    /// Nothing runs any more: what is reported is what is.
    fn at_the_end(&self) -> Situation {
        let end = self.record.and_then(ContainerRecord::termination);
        let end = end.or_else(|| self.pod.runtime().newest(self.index).and_then(Instance::termination));
        match end {
            Some(end) => Situation::Ended {
                exit: LastExit::of(end, self.restart_count()),
                decision: RestartDecision::on(self.spec, end),
            },
            None => Situation::NeverRan,
        }
    }

    fn running(&self, since: Option<Timestamp>) -> Situation {
        let progress = |kind| ProbeProgress::of(self.pod, self.index, kind, self.foresight);
        let has_started = self.record.is_some_and(|record| record.started == Some(true));
        let is_ready = self.record.is_some_and(|record| record.ready);
        let lacks = if !has_started { progress(ProbeKind::Startup) } else { None };
        let lacks = lacks.or_else(|| progress(ProbeKind::Readiness).filter(|_| !is_ready));
        let liveness = progress(ProbeKind::Liveness).filter(|_| has_started);
        Situation::Running { since, lacks, liveness }
    }

    fn exited(&self, end: &crate::state::Termination) -> Situation {
        let exit = LastExit::of(end, self.restart_count());
        let decision = RestartDecision::on(self.spec, end);
        let newest = self.pod.runtime().newest(self.index);
        let is_due = fact::is_start_due(self.spec, newest, self.pod.is_deleting());
        let all_restart =
            rule::restart::restarts_all_containers(self.spec.restart(), end.exit_code) || wait::is_reset(self.pod);
        if self.pod.worker_state() != WorkerState::Syncing || !is_due && !all_restart {
            return Situation::Ended { exit, decision };
        }
        if wait::is_stranded(self.pod) {
            return Situation::Ended { exit, decision: RestartDecision::STRANDED };
        }
        let limits = &self.pod.config().crash_loop;
        let counter = self.pod.inspect().crash_loop(self.index, self.spec.image());
        let finished_at = end.finished_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let until = counter.and_then(|counter| counter.holds_until(limits, finished_at, self.now));
        if let (Some(until), Some(counter)) = (until, counter) {
            let next = rule::back_off::BackOff::advanced(Some(counter), limits, finished_at, until);
            let (delay, next_delay) = (counter.delay(), next.delay());
            return Situation::HeldBack { exit, decision, delay, until, next_delay };
        }
        self.failed().unwrap_or_else(|| Situation::RestartDue {
            exit,
            decision,
            waits_for: WaitingFor::of(self.pod, self.index),
        })
    }

    /// The last attempt to start it failed, for another reason than the crash-loop back-off.
    fn failed(&self) -> Option<Situation> {
        let known = self.pod.inspect().start_failure(self.index);
        let failure = known.filter(|failure| failure.error != StartError::CrashLoopBackOff)?;
        let pulls = self.pod.inspect().pull_back_off(self.spec.image());
        let held_until =
            pulls.and_then(|pulls| pulls.holds_until(&self.pod.config().image_pull, pulls.advanced_at(), self.now));
        let is_pull = matches!(
            failure.error,
            StartError::ErrImagePull
                | StartError::ImagePullBackOff
                | StartError::RegistryUnavailable
                | StartError::SignatureValidationFailed
        );
        let held_until = held_until.filter(|_| is_pull);
        Some(Situation::CannotStart {
            error: failure.error.clone(),
            message: status::failure_message(self.pod.spec(), self.index, first_cause(failure)),
            image: self.spec.image().into(),
            held_until,
            delay: held_until.and(pulls).map(|pulls| pulls.delay()),
        })
    }

    fn absent(&self) -> Situation {
        if wait::is_stranded(self.pod) {
            return self.stranded();
        }
        if let Some(failed) = self.failed() {
            return failed;
        }
        let ended = self.record.and_then(ContainerRecord::termination);
        if self.spec.kind() == ContainerKind::Init
            && let Some(end) = ended
        {
            return Situation::Ended {
                exit: LastExit::of(end, self.restart_count()),
                decision: RestartDecision::on(self.spec, end),
            };
        }
        let last = ended.or_else(|| self.record.and_then(ContainerRecord::last_termination));
        let last_exit = last.map(|end| LastExit::of(end, self.restart_count()));
        match self.pod.worker_state() {
            WorkerState::Syncing => {
                Situation::NotStarted { waits_for: WaitingFor::of(self.pod, self.index), last_exit }
            }
            WorkerState::Terminating | WorkerState::Terminated | WorkerState::Finished => match last {
                Some(end) => Situation::Ended {
                    exit: LastExit::of(end, self.restart_count()),
                    decision: RestartDecision::on(self.spec, end),
                },
                None => Situation::NeverRan,
            },
        }
    }

    /// There is no sandbox to start it in, and there will not be one.
    fn stranded(&self) -> Situation {
        let last = self.record.and_then(|record| record.termination().or_else(|| record.last_termination()));
        last.map_or(Situation::NeverRan, |end| Situation::Ended {
            exit: LastExit::of(end, self.restart_count()),
            decision: RestartDecision::STRANDED,
        })
    }

    fn restart_count(&self) -> i32 {
        let of_record = self.record.map_or(0, |record| record.restart_count);
        let of_runtime = self.pod.runtime().newest(self.index).map_or(0, |newest| newest.restart_count);
        of_record.max(of_runtime)
    }
}

/// What went wrong in the first place, if a failure is only the wait after another.
fn first_cause(failure: &StartFailure) -> &StartFailure {
    match &failure.message {
        FailureMessage::PullBackOff { last: Some(last), .. } => last,
        FailureMessage::PullBackOff { last: None, .. }
        | FailureMessage::Text(_)
        | FailureMessage::RestartBackOff { .. } => failure,
    }
}

fn kind_name<S: serde::Serializer>(kind: &ContainerKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        ContainerKind::Init => "init",
        ContainerKind::Sidecar => "sidecar",
        ContainerKind::Regular => "regular",
        ContainerKind::Ephemeral => "ephemeral",
    })
}
