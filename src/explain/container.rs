//! State of one container: its situation with the facts behind it, its wait before a start, its severity.

use alloc::string::{String, ToString};
use core::time::Duration;

use serde::Serialize;

use super::{
    fact::{self, LastExit, ProbeProgress, RestartDecision},
    forecast::Forecast,
    history::PastRuns,
    stop::{StopReason, StopStep},
};
use crate::{
    kubelet::{InspectSync, PodMachine, StartStep, WorkerState},
    rule::{
        self, init_containers,
        pod_actions::{self, SyncInputs},
        sandbox,
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind, VolumeImage},
    state::{
        Condition, ContainerRecord, FailureMessage, Instance, InstanceState, RecordedState, StartError, StartFailure,
        Termination,
    },
    status,
    time::{Timestamp, seconds},
};

/// Explanation of one container.
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
    /// Name of the container.
    pub name: String,
    /// Kind of the container.
    #[serde(serialize_with = "kind_name")]
    pub kind: ContainerKind,
    /// Place among the init containers and sidecars, from 1, and their number; `None` for other containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_place: Option<(usize, usize)>,
    /// Reason of its waiting state in the status: `CrashLoopBackOff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_reason: Option<String>,
    /// True if it counts as ready.
    pub ready: bool,
    /// Restarts so far.
    pub restart_count: i32,
    /// Past runs of a container of an observed Pod, if its status has the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<PastRuns>,
    /// Situation of the container.
    pub situation: Situation,
}

/// Situation of a container, with the facts behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Situation {
    /// Has not started yet.
    NotStarted {
        /// Reason for the wait.
        waits_for: WaitingFor,
        /// Last exit, if it ran before.
        last_exit: Option<LastExit>,
    },
    /// Its image is being pulled.
    Pulling {
        /// Image in the spec.
        image: String,
        /// Start of this situation.
        since: Timestamp,
    },
    /// Is being created and started.
    Starting,
    /// Runs its postStart hook: no other container of the Pod starts until it ends.
    PostStart {
        /// End of a hook that sleeps.
        until: Option<Timestamp>,
    },
    /// Waits for its crash-loop back-off.
    HeldBack {
        /// Last exit.
        exit: LastExit,
        /// Rule that restarts it.
        decision: RestartDecision,
        /// Present delay.
        #[serde(rename = "delaySeconds", serialize_with = "seconds::serialize")]
        delay: Duration,
        /// End of the delay.
        until: Timestamp,
        /// Delay after its next exit, if that comes soon.
        #[serde(rename = "nextDelaySeconds", serialize_with = "seconds::serialize")]
        next_delay: Duration,
    },
    /// Waits for its crash-loop back-off, of which only bounds are known.
    HeldBackBetween {
        /// Last exit, if known.
        exit: Option<LastExit>,
        /// Rule that restarts it, if its exit is known.
        decision: Option<RestartDecision>,
        /// Shortest possible delay.
        #[serde(rename = "leastDelaySeconds", serialize_with = "seconds::serialize")]
        least_delay: Duration,
        /// Longest possible delay.
        #[serde(rename = "mostDelaySeconds", serialize_with = "seconds::serialize")]
        most_delay: Duration,
    },
    /// Has exited and is about to restart.
    RestartDue {
        /// Last exit.
        exit: LastExit,
        /// Rule that restarts it.
        decision: RestartDecision,
        /// Reason for the wait.
        waits_for: WaitingFor,
    },
    /// Its last start failed.
    CannotStart {
        /// Reason of the failure.
        error: StartError,
        /// Message of the failure.
        message: String,
        /// Image in the spec.
        image: String,
        /// End of the pull back-off, if one holds the image back.
        held_until: Option<Timestamp>,
        /// Present pull back-off, if there is one.
        #[serde(rename = "delaySeconds", serialize_with = "seconds::serialize_option")]
        delay: Option<Duration>,
    },
    /// Runs.
    Running {
        /// Start of this situation.
        since: Option<Timestamp>,
        /// Startup or readiness probe that it has not passed yet.
        lacks: Option<ProbeProgress>,
        /// Progress of its liveness probe, if it has one.
        liveness: Option<ProbeProgress>,
    },
    /// Is being stopped.
    Stopping {
        /// Reason for the stop.
        reason: StopReason,
        /// Progress of the stop.
        step: StopStep,
        /// Exit, if it is known already.
        exit: Option<LastExit>,
        /// True if the same sync starts it again, unless its back-off holds it back.
        restarts: bool,
    },
    /// Has exited and does not restart.
    Ended {
        /// Last exit.
        exit: LastExit,
        /// Rule that does not restart it.
        decision: RestartDecision,
    },
    /// Never ran, and never will.
    NeverRan,
    /// Neither the runtime nor the status has its state.
    Unknown,
}

/// Reason why a container has not started yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum WaitingFor {
    /// The Pod has no node.
    Node,
    /// The Pod's sandbox is not ready.
    Sandbox,
    /// This init container has not succeeded, or this sidecar has not started up.
    InitContainer(String),
    /// The pull, hook, start or stop of this container holds up the whole Pod.
    Turn(String),
    /// All containers are being removed, to restart in place.
    Reset,
    /// Volumes, an image or the creation of the container; a status does not show which.
    Preparation,
    /// The next sync of the Pod starts it.
    NextSync,
}

impl ContainerExplanation {
    /// Explains a container of a machine.
    pub(super) fn of(pod: &PodMachine, index: ContainerIndex, forecast: &Forecast, now: Timestamp) -> Option<Self> {
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
            past: None,
            situation: View { pod, index, spec, record, forecast, now }.situation(),
        })
    }
}

/// Returns the reason of a waiting container's status.
pub(super) fn waiting_reason(record: &ContainerRecord) -> Option<&str> {
    match record.state.as_ref()? {
        RecordedState::Waiting(waiting) => Some(waiting.reason()).filter(|reason| !reason.is_empty()),
        RecordedState::Running { .. } | RecordedState::Terminated(_) => None,
    }
}

/// Inputs of one container's situation.
struct View<'a> {
    pod: &'a PodMachine,
    index: ContainerIndex,
    spec: &'a ContainerSpec,
    record: Option<&'a ContainerRecord>,
    forecast: &'a Forecast,
    now: Timestamp,
}

impl View<'_> {
    fn situation(&self) -> Situation {
        let sync = self.pod.inspect().sync();
        // The stop comes first: the same sync may stop a container and start it again.
        if let Some(sync) = sync
            && let Some(stop) = sync.stops().find(|stop| stop.container() == self.index)
        {
            let newest = self.pod.runtime().newest(self.index);
            // The sync waits for all stops, so a container that has exited may still be part of it.
            let exit = newest.and_then(Instance::termination).map(|end| LastExit::of(end, self.restart_count()));
            let step = StopStep::of(self.pod, sync, stop);
            let reason = StopReason::of(self.pod, sync, stop);
            let restarts = sync.will_start(self.index);
            return Situation::Stopping { reason, step, exit, restarts };
        }
        match sync.and_then(|sync| sync.start_step(self.index)) {
            Some(StartStep::Pull { since }) => return Situation::Pulling { image: self.spec.image().into(), since },
            Some(StartStep::Create) => return Situation::Starting,
            Some(StartStep::PostStart { until }) => return Situation::PostStart { until },
            None => {}
        }
        let is_over = matches!(self.pod.worker_state(), WorkerState::Terminated | WorkerState::Finished);
        if is_over || self.pod.is_rejected() {
            return self.after_the_end();
        }
        match self.pod.runtime().newest(self.index).map(|newest| &newest.state) {
            Some(InstanceState::Running { started_at }) => self.running(*started_at),
            Some(InstanceState::Exited(end)) => self.exited(end),
            // RunContainerError leaves an instance that was created and never started.
            Some(InstanceState::Created) => self.failed_start().unwrap_or(Situation::Starting),
            Some(InstanceState::Unknown) => Situation::Unknown,
            None => self.absent(),
        }
    }

    /// Returns the situation when nothing runs any more: the status is final.
    fn after_the_end(&self) -> Situation {
        // The record first: TerminatePod reports exits that the runtime does not have (137, ContainerStatusUnknown).
        let end = self.record.and_then(ContainerRecord::termination);
        let end = end.or_else(|| self.pod.runtime().newest(self.index).and_then(Instance::termination));
        match end {
            Some(end) => self.ended(end),
            None => Situation::NeverRan,
        }
    }

    fn ended(&self, end: &Termination) -> Situation {
        let (exit, decision) = (LastExit::of(end, self.restart_count()), RestartDecision::on(self.spec, end));
        Situation::Ended { exit, decision }
    }

    fn running(&self, since: Option<Timestamp>) -> Situation {
        let progress = |kind| ProbeProgress::of(self.pod, self.index, kind, self.forecast);
        let has_started = self.record.is_some_and(|record| record.started == Some(true));
        let is_ready = self.record.is_some_and(|record| record.ready);
        let lacks = if !has_started { progress(ProbeKind::Startup) } else { None };
        let lacks = lacks.or_else(|| progress(ProbeKind::Readiness).filter(|_| !is_ready));
        // The kubelet holds a liveness probe back until the container has started.
        let liveness = progress(ProbeKind::Liveness).filter(|_| has_started);
        Situation::Running { since, lacks, liveness }
    }

    fn exited(&self, end: &Termination) -> Situation {
        let exit = LastExit::of(end, self.restart_count());
        let decision = RestartDecision::on(self.spec, end);
        let newest = self.pod.runtime().newest(self.index);
        let is_due = fact::is_start_due(self.spec, newest, self.pod.is_deleting());
        // A rule that restarts all containers restarts this one too, whatever its own policy decides.
        let all_restart =
            rule::restart::restarts_all_containers(self.spec.restart(), end.exit_code) || is_restarting_all(self.pod);
        if self.pod.worker_state() != WorkerState::Syncing || !is_due && !all_restart {
            return Situation::Ended { exit, decision };
        }
        if is_stranded(self.pod) {
            return Situation::Ended { exit, decision: RestartDecision::STRANDED };
        }
        let limits = &self.pod.config().crash_loop;
        // A restart of all containers removes their instances first, and a back-off is looked up by the instance.
        let counter = self.pod.inspect().crash_loop(self.index, self.spec).filter(|_| !all_restart);
        // As in the kubelet, an exit without a time is so long ago that no back-off holds.
        let finished_at = end.finished_at.unwrap_or(Timestamp::UNIX_EPOCH);
        // `IsInBackOffSince`: the delay of a crash loop counts from the exit, not from the last attempt.
        let until = counter.and_then(|counter| counter.holds_until(limits, finished_at, self.now));
        if let (Some(until), Some(counter)) = (until, counter) {
            let next = rule::back_off::BackOff::advanced(Some(counter), limits, finished_at, until);
            let (delay, next_delay) = (counter.delay(), next.delay());
            return Situation::HeldBack { exit, decision, delay, until, next_delay };
        }
        self.failed_start().unwrap_or_else(|| Situation::RestartDue {
            exit,
            decision,
            waits_for: WaitingFor::of(self.pod, self.index),
        })
    }

    /// Returns the failure of its last start, unless that is the crash-loop back-off.
    fn failed_start(&self) -> Option<Situation> {
        // CrashLoopBackOff is a start failure too, but `exited` has it as HeldBack, with its times.
        let known = self.pod.inspect().start_failure(self.index);
        let failure = known.filter(|failure| failure.error != StartError::CrashLoopBackOff)?;
        // `IsInBackOffSinceUpdate`: the delay of a pull counts from the last failed pull.
        let image = self.failing_image(failure);
        let pulls = self.pod.inspect().pull_back_off(image);
        let held_until =
            pulls.and_then(|pulls| pulls.holds_until(&self.pod.config().image_pull, pulls.advanced_at(), self.now));
        // The back-off is the image's: another container with the same image may have caused it.
        let held_until = held_until.filter(|_| is_pull_error(&failure.error));
        Some(Situation::CannotStart {
            error: failure.error.clone(),
            message: status::failure_message(self.pod.spec(), self.index, first_cause(failure)),
            image: image.into(),
            held_until,
            delay: held_until.and(pulls).map(|pulls| pulls.delay()),
        })
    }

    /// Returns the image without which the container does not start: its own, or that of a volume.
    fn failing_image(&self, failure: &StartFailure) -> &str {
        let mut volumes =
            self.spec.image_volumes().iter().filter_map(|volume| self.pod.spec().volume(*volume)?.image());
        let failing = volumes
            .rfind(|image| self.pod.inspect().last_pull_failure(image.reference()) == Some(first_cause(failure)));
        // The container's own image is looked for only with those of all its volumes there.
        failing.map_or(self.spec.image(), VolumeImage::reference)
    }

    fn absent(&self) -> Situation {
        if is_stranded(self.pod) {
            return self.stranded();
        }
        if let Some(failed) = self.failed_start() {
            return failed;
        }
        let ended = self.record.and_then(ContainerRecord::termination);
        // The kubelet may have removed the instance of an init container that has succeeded; its record still has the
        // exit.
        if self.spec.kind() == ContainerKind::Init
            && let Some(end) = ended
        {
            return self.ended(end);
        }
        let last = ended.or_else(|| self.record.and_then(ContainerRecord::last_termination));
        let last_exit = last.map(|end| LastExit::of(end, self.restart_count()));
        match self.pod.worker_state() {
            WorkerState::Syncing => {
                Situation::NotStarted { waits_for: WaitingFor::of(self.pod, self.index), last_exit }
            }
            WorkerState::Rejected | WorkerState::Terminating | WorkerState::Terminated | WorkerState::Finished => {
                match last {
                    Some(end) => self.ended(end),
                    None => Situation::NeverRan,
                }
            }
        }
    }

    /// Returns the situation without a sandbox, and without a new one to come.
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
        // The record is of the last sync, and the runtime may have a newer instance by now.
        of_record.max(of_runtime)
    }
}

/// True if a pull has failed, so that the next one has to wait.
pub(super) fn is_pull_error(error: &StartError) -> bool {
    matches!(
        error,
        StartError::ErrImagePull
            | StartError::ImagePullBackOff
            | StartError::RegistryUnavailable
            | StartError::SignatureValidationFailed
    )
}

/// Returns the failed pull that an image back-off waits after, else the failure itself.
fn first_cause(failure: &StartFailure) -> &StartFailure {
    match &failure.message {
        // The message of ImagePullBackOff only says that it waits.
        FailureMessage::PullBackOff { last: Some(last), .. } => last,
        FailureMessage::PullBackOff { last: None, .. }
        | FailureMessage::Text(_)
        | FailureMessage::RestartBackOff { .. } => failure,
    }
}

// --- Waiting ---

impl WaitingFor {
    pub(super) fn of(pod: &PodMachine, index: ContainerIndex) -> WaitingFor {
        let spec = pod.spec();
        // Asked in the order in which a Pod meets them: node, removal, sandbox, init containers, the sync itself.
        if !pod.is_on_node() {
            return WaitingFor::Node;
        }
        if is_restarting_all(pod) {
            return WaitingFor::Reset;
        }
        let is_making = pod.inspect().sync().is_some_and(InspectSync::is_creating_sandbox);
        if is_making || pod.runtime().active_sandbox().is_none() {
            return WaitingFor::Sandbox;
        }
        if let Some(init) = blocking_init(pod, index) {
            return WaitingFor::InitContainer(spec.container_name(init).to_string());
        }
        let holder = pod.inspect().sync().and_then(InspectSync::waits_for_container);
        match holder.filter(|holder| *holder != index) {
            Some(holder) => WaitingFor::Turn(spec.container_name(holder).to_string()),
            // Nothing else holds it up.
            None => WaitingFor::NextSync,
        }
    }
}

/// True if all containers are being restarted in place.
pub(super) fn is_restarting_all(pod: &PodMachine) -> bool {
    pod.inspect().status().conditions.all_containers_restarting.as_ref().is_some_and(Condition::is_true)
}

/// True if the Pod has lost its sandbox and gets no new one: its policy is `Never`, or nothing is left to run.
pub(super) fn is_stranded(pod: &PodMachine) -> bool {
    let needs_sandbox = pod.worker_state() == WorkerState::Syncing
        && sandbox::pod_sandbox_changed(pod.spec(), pod.runtime()).must_create;
    if !needs_sandbox || is_restarting_all(pod) {
        return false;
    }
    // The decision on a new sandbox does not depend on probes.
    let inputs = SyncInputs {
        kubernetes: pod.config().kubernetes,
        spec: pod.spec(),
        runtime: pod.runtime(),
        probes: &[],
        is_deleting: pod.is_deleting(),
        is_restarting_all: false,
        resize: None,
    };
    !pod_actions::compute_pod_actions(&inputs).create_sandbox
}

/// Returns the first init container before this one that has not succeeded, or sidecar that has not started up.
fn blocking_init(pod: &PodMachine, index: ContainerIndex) -> Option<ContainerIndex> {
    init_containers::blocking_init_container(pod.spec(), pod.runtime(), index, |init, instance| {
        let worker = pod.inspect().probe_worker(init, ProbeKind::Startup);
        worker.filter(|worker| worker.instance == Some(instance.id)).and_then(|worker| worker.result)
    })
}

/// True if a container without an instance starts without further events: with the next sync, or with the first startup
/// probe of a sidecar that counts as started.
pub(super) fn starts_by_itself(pod: &PodMachine, index: ContainerIndex) -> bool {
    if pod.runtime().newest(index).is_some() || pod.inspect().sync().is_some() {
        return false;
    }
    let has_long_started = |init: ContainerIndex| {
        let record = pod.inspect().container_status(init);
        record.is_some_and(|record| record.started == Some(true))
    };
    match WaitingFor::of(pod, index) {
        WaitingFor::NextSync => true,
        // After a restart of the kubelet, a sidecar that had started may block until its startup probe has a result
        // again.
        WaitingFor::InitContainer(_) => blocking_init(pod, index).is_some_and(has_long_started),
        WaitingFor::Node | WaitingFor::Sandbox | WaitingFor::Turn(_) | WaitingFor::Reset | WaitingFor::Preparation => {
            false
        }
    }
}

// --- Severity ---

/// Returns the container that explains the state of a running Pod: the most severe one, if any is notable.
pub(super) fn lead(containers: &[ContainerExplanation], pod_is_ready: bool) -> Option<&ContainerExplanation> {
    let is_notable = |container: &&ContainerExplanation| match &container.situation {
        Situation::Running { .. } | Situation::Ended { .. } => {
            // Containers that run or have ended explain the Pod only if they are in trouble or keep it from being
            // ready.
            container.severity() < Severity::AtRisk
                || !container.ready && container.kind != ContainerKind::Ephemeral && !pod_is_ready
        }
        Situation::NotStarted { .. }
        | Situation::Pulling { .. }
        | Situation::Starting
        | Situation::PostStart { .. }
        | Situation::HeldBack { .. }
        | Situation::HeldBackBetween { .. }
        | Situation::RestartDue { .. }
        | Situation::CannotStart { .. }
        | Situation::Stopping { .. }
        | Situation::NeverRan
        | Situation::Unknown => true,
    };
    // Of equal ones, the first in the spec.
    containers.iter().filter(is_notable).min_by_key(|container| container.severity())
}

impl ContainerExplanation {
    /// Returns how much the container needs attention.
    pub(super) fn severity(&self) -> Severity {
        match &self.situation {
            Situation::HeldBack { .. } | Situation::HeldBackBetween { .. } | Situation::CannotStart { .. } => {
                Severity::Failing
            }
            Situation::Stopping { .. } => Severity::Stopping,
            Situation::Pulling { .. } | Situation::Starting | Situation::PostStart { .. } => Severity::Moving,
            Situation::RestartDue { .. } => Severity::Due,
            Situation::Running { lacks: Some(_), .. } => Severity::Unready,
            Situation::NotStarted { .. } | Situation::Unknown => Severity::Waiting,
            Situation::Running { liveness: Some(liveness), .. } if liveness.failures() > 0 => Severity::AtRisk,
            Situation::Running { .. } if !self.ready && self.kind != ContainerKind::Init => Severity::AtRisk,
            // An init container that runs is progress: the Pod waits for its end.
            Situation::Running { .. } if self.kind == ContainerKind::Init => Severity::Moving,
            Situation::Ended { exit, .. } if exit.code != 0 => Severity::EndedBadly,
            Situation::Ended { .. } if self.kind == ContainerKind::Regular => Severity::Ended,
            Situation::Running { .. } | Situation::Ended { .. } | Situation::NeverRan => Severity::None,
        }
    }
}

/// Need of attention of a container, most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Failing,
    Stopping,
    Moving,
    Due,
    Unready,
    Waiting,
    AtRisk,
    EndedBadly,
    Ended,
    None,
}

fn kind_name<S: serde::Serializer>(kind: &ContainerKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        ContainerKind::Init => "init",
        ContainerKind::Sidecar => "sidecar",
        ContainerKind::Regular => "regular",
        ContainerKind::Ephemeral => "ephemeral",
    })
}
