//! What one container is doing, as far as its status tells.

use alloc::string::String;

use super::{Observation, back_off::Delay};
use crate::{
    explain::{
        container::{ContainerExplanation, Situation, waiting_reason},
        fact::{LastExit, ProbeProgress, RestartDecision},
        stop::{StopReason, StopStep},
        wait::WaitingFor,
    },
    rule::init_containers::blocking_init_container_in_status,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, ProbeKind},
    state::{ContainerRecord, FailureMessage, RecordedState, StartError, StartFailure, Termination, Waiting},
};

impl Observation<'_> {
    pub(super) fn container(self, index: ContainerIndex) -> Option<ContainerExplanation> {
        let spec = self.pod.spec().container(index)?;
        let record = self.pod.records().get(index.get()).and_then(Option::as_ref);
        let is_init = matches!(spec.kind(), ContainerKind::Init | ContainerKind::Sidecar);
        let place = self.pod.spec().index_in_list(index).saturating_add(1);
        Some(ContainerExplanation {
            name: spec.name().into(),
            kind: spec.kind(),
            init_place: is_init.then(|| (place, self.pod.spec().init_containers().count())),
            waiting_reason: record.and_then(waiting_reason).map(String::from),
            ready: record.is_some_and(|record| record.ready),
            restart_count: record.map_or(0, |record| record.restart_count),
            situation: self.situation_of(index, spec, record),
        })
    }

    fn situation_of(self, index: ContainerIndex, spec: &ContainerSpec, record: Option<&ContainerRecord>) -> Situation {
        let Some(record) = record else { return self.unsaid() };
        match &record.state {
            // It is about to be stopped, or was forgotten by whoever ended the Pod.
            Some(RecordedState::Running { .. }) if self.is_over() || self.pod.is_deleting() => {
                let (reason, step) = (StopReason::PodStops, StopStep::Unseen);
                Situation::Stopping { reason, step, exit: None, restarts: false }
            }
            Some(RecordedState::Running { started_at }) => Situation::Running {
                since: *started_at,
                lacks: lacking_probe(spec, record),
                // Its failures are not in the status, and what they come to is not either.
                liveness: None,
            },
            Some(RecordedState::Terminated(end)) => self.terminated(spec, record, end),
            Some(RecordedState::Waiting(waiting)) if !self.is_over() && !self.pod.is_deleting() => {
                self.waiting(index, spec, record, waiting)
            }
            Some(RecordedState::Waiting(_)) | None => match record.last_termination() {
                Some(end) => ended(spec, record, end),
                None if record.state.is_none() && !self.is_over() => Situation::Unknown,
                None => Situation::NeverRan,
            },
        }
    }

    /// Nothing is said of the container.
    fn unsaid(self) -> Situation {
        if self.is_over() {
            Situation::NeverRan
        } else if self.pod.is_reported() {
            Situation::Unknown
        } else {
            Situation::NotStarted { waits_for: WaitingFor::Node, last_exit: None }
        }
    }

    fn terminated(self, spec: &ContainerSpec, record: &ContainerRecord, end: &Termination) -> Situation {
        let decision = RestartDecision::on(spec, end);
        if !decision.restarts || self.is_over() || self.pod.is_deleting() {
            return ended(spec, record, end);
        }
        let exit = LastExit::of(end, record.restart_count);
        Situation::RestartDue { exit, decision, waits_for: WaitingFor::NextSync }
    }

    fn waiting(
        self,
        index: ContainerIndex,
        spec: &ContainerSpec,
        record: &ContainerRecord,
        waiting: &Waiting,
    ) -> Situation {
        match waiting {
            Waiting::Failed(failure) if failure.error == StartError::CrashLoopBackOff => self.held_back(spec, record),
            Waiting::Failed(failure) if is_no_trouble(failure.error.as_str()) => self.not_started(index, record),
            Waiting::Failed(failure) => cannot_start(spec, failure),
            Waiting::RestartingAllContainers => {
                Situation::NotStarted { waits_for: WaitingFor::Reset, last_exit: last_exit(record) }
            }
            Waiting::WithoutReason | Waiting::ContainerCreating | Waiting::PodInitializing => {
                self.not_started(index, record)
            }
        }
    }

    fn held_back(self, spec: &ContainerSpec, record: &ContainerRecord) -> Situation {
        let limits = &self.node.crash_loop;
        let delay = Delay::in_force(record, limits);
        let exit = last_exit(record);
        let decision = record.last_termination().map(|end| RestartDecision::on(spec, end));
        let at = exit.as_ref().and_then(|exit| exit.at);
        match (exit, decision, at) {
            (Some(exit), Some(decision), Some(at)) if delay.least == delay.most => Situation::HeldBack {
                exit,
                decision,
                delay: delay.least,
                until: delay.over(at).time(),
                next_delay: delay.next(limits),
            },
            (exit, decision, _) => {
                let Delay { least: least_delay, most: most_delay } = delay;
                Situation::HeldBackBetween { exit, decision, least_delay, most_delay }
            }
        }
    }

    fn not_started(self, index: ContainerIndex, record: &ContainerRecord) -> Situation {
        let waits_for = match blocking_init_container_in_status(self.pod.spec(), self.pod.records(), index) {
            Some(init) => WaitingFor::InitContainer(self.pod.spec().container_name(init).into()),
            None if self.lacks_sandbox() => WaitingFor::Sandbox,
            None => WaitingFor::Preparation,
        };
        Situation::NotStarted { waits_for, last_exit: last_exit(record) }
    }
}

/// The words of a container that has yet to start, and whose start has not failed.
fn is_no_trouble(word: &str) -> bool {
    matches!(word, "" | "ContainerCreating" | "PodInitializing" | "RestartingAllContainers")
}

/// Whether a pull has failed, so that the next one has to wait.
pub(super) fn is_about_pull(error: &StartError) -> bool {
    matches!(
        error,
        StartError::ErrImagePull
            | StartError::ImagePullBackOff
            | StartError::RegistryUnavailable
            | StartError::SignatureValidationFailed
    )
}

fn cannot_start(spec: &ContainerSpec, failure: &StartFailure) -> Situation {
    let message = match &failure.message {
        FailureMessage::Text(text) => (**text).into(),
        // A status that was lowered has text, and nothing else.
        FailureMessage::RestartBackOff { .. } | FailureMessage::PullBackOff { .. } => String::new(),
    };
    Situation::CannotStart {
        error: failure.error.clone(),
        message,
        image: spec.image().into(),
        held_until: None,
        delay: None,
    }
}

fn ended(spec: &ContainerSpec, record: &ContainerRecord, end: &Termination) -> Situation {
    Situation::Ended { exit: LastExit::of(end, record.restart_count), decision: RestartDecision::on(spec, end) }
}

fn last_exit(record: &ContainerRecord) -> Option<LastExit> {
    record.last_termination().map(|end| LastExit::of(end, record.restart_count))
}

/// The probe that a container which runs has yet to pass; of how far it has come, a status says nothing.
fn lacking_probe(spec: &ContainerSpec, record: &ContainerRecord) -> Option<ProbeProgress> {
    let has_started = record.started != Some(false);
    let kind = if has_started { ProbeKind::Readiness } else { ProbeKind::Startup };
    let probe = spec.probe(kind).filter(|_| !has_started || !record.ready)?;
    Some(ProbeProgress {
        probe: kind,
        streak: None,
        successes_needed: probe.success_threshold(),
        failures_left: probe.failure_threshold(),
        period: probe.period(),
        next_probe: None,
    })
}
