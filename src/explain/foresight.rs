//! What the machine does by itself if nothing else happens: a copy of the Pod lives on, and what it does is noted.
//!
//! No rule is repeated here: the times are the machine's own.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use super::{fact, wait};
use crate::{
    action::Action,
    event::{Event, RuntimeEvent},
    kubelet::{PodMachine, Sink, Wake, WorkerState},
    rule::{
        deadline,
        probe::{ProbeOutcome, ProbeWorker},
    },
    spec::{ContainerIndex, ContainerSpec, ProbeKind},
    state::{ContainerRecord, StartError},
    time::Timestamp,
};

/// What comes of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forecast {
    /// The next attempt to start each container that is waiting for one.
    pub(super) attempts: Vec<Attempt>,
    /// The next run of each probe.
    pub(super) probes: Vec<(ContainerIndex, ProbeKind, Timestamp)>,
    /// When the Pod is looked at without any other reason than that time has passed.
    pub(super) retry_at: Option<Timestamp>,
    /// When the node begins to stop the Pod.
    pub(super) ends_at: Option<Timestamp>,
}

/// An attempt to start a container, and how far it comes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) container: ContainerIndex,
    pub(super) at: Timestamp,
    pub(super) reach: Reach,
}

/// How far an attempt comes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The node is asked for the image.
    Image,
    /// The image is pulled.
    Pull,
    /// The container is started.
    Start,
}

/// How far ahead it is worth looking: well beyond the longest back-off.
const HORIZON: Duration = Duration::from_secs(3_600);

/// How many wake-ups are looked at, so that a probe a second does not make an explanation dear.
const MOST_WAKES: usize = 2_000;

impl Forecast {
    /// Lives on until everything that is waited for has come, or nothing comes of itself any more.
    pub(super) fn of(pod: &PodMachine, now: Timestamp) -> Forecast {
        let mut future = Future {
            wanted_starts: wanted_starts(pod),
            wanted_probes: wanted_probes(pod),
            wants_retry: false,
            pod: pod.clone(),
            now,
            actions: VecDeque::new(),
            horizon: now + HORIZON,
            foresight: Forecast::default(),
        };
        if pod.worker_state() == WorkerState::Finished {
            return future.foresight;
        }
        let wants_end = deadline_of(pod).is_some();
        // What else comes of itself is more telling than that the Pod is looked at again.
        let wants_more = wants_end || !future.wanted_starts.is_empty() || !future.wanted_probes.is_empty();
        future.wants_retry =
            !wants_more && pod.worker_state() == WorkerState::Syncing && pod.inspect().sync().is_none();
        for _ in 0..MOST_WAKES {
            let has_times = future.wanted_starts.is_empty() && future.wanted_probes.is_empty() && !wants_end;
            let is_done = has_times && (!future.wants_retry || future.foresight.retry_at.is_some());
            if is_done || future.foresight.ends_at.is_some() || !future.live_on() {
                break;
            }
        }
        future.foresight
    }

    pub(super) fn attempt(&self, container: ContainerIndex) -> Option<Attempt> {
        self.attempts.iter().find(|attempt| attempt.container == container).copied()
    }

    pub(super) fn probe(&self, container: ContainerIndex, kind: ProbeKind) -> Option<Timestamp> {
        let mut probes = self.probes.iter();
        probes.find(|(of, which, _)| (*of, *which) == (container, kind)).map(|&(_, _, at)| at)
    }
}

/// A copy of the Pod in a world where whatever takes no time succeeds, whatever takes time never ends, and probes find
/// nothing new.
struct Future {
    pod: PodMachine,
    now: Timestamp,
    horizon: Timestamp,
    actions: VecDeque<Action>,
    wanted_starts: Vec<(ContainerIndex, Reach)>,
    wanted_probes: Vec<(ContainerIndex, ProbeKind)>,
    wants_retry: bool,
    foresight: Forecast,
}

struct Actions<'a>(&'a mut VecDeque<Action>);

impl Sink for Actions<'_> {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.0.push_back(action);
    }
}

/// Whether the node has begun to stop the Pod: the sync that does it waits for no relist.
fn is_ending(pod: &PodMachine) -> bool {
    pod.worker_state() != WorkerState::Syncing && !pod.inspect().is_sync_requested()
}

impl Future {
    /// Handles the next wake-up; says whether there was one.
    fn live_on(&mut self) -> bool {
        let Some((at, wake)) = self.pod.next_wake().filter(|(at, _)| *at <= self.horizon) else { return false };
        self.now = self.now.max(at);
        if wake == Wake::Retry && self.wants_retry {
            self.foresight.retry_at.get_or_insert(self.now);
        }
        let was_ending = is_ending(&self.pod);
        self.pod.handle_first_timeout(self.now, &mut Actions(&mut self.actions));
        while let Some(action) = self.actions.pop_front() {
            self.note(&action);
            if let Some(answer) = answer(&self.pod, &action) {
                // An answer that comes too late is refused, as it would be.
                let _ = self.pod.handle_event(self.now, Event::Runtime(answer), &mut Actions(&mut self.actions));
            }
        }
        if !was_ending && is_ending(&self.pod) {
            self.foresight.ends_at = Some(self.now);
        }
        true
    }

    fn note(&mut self, action: &Action) {
        match *action {
            Action::InspectImage { container } => self.note_attempt(container, Reach::Image),
            Action::PullImage { container } => self.note_attempt(container, Reach::Pull),
            Action::CreateContainer { container, .. } => self.note_attempt(container, Reach::Start),
            Action::Probe { container, kind, .. } => {
                let place = self.wanted_probes.iter().position(|&wanted| wanted == (container, kind));
                if let Some(place) = place {
                    self.wanted_probes.remove(place);
                    self.foresight.probes.push((container, kind, self.now));
                }
            }
            Action::RemovePodSandbox { .. }
            | Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::StartContainer { .. }
            | Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::RunHook { .. } => {}
        }
    }

    /// An attempt counts once it comes as far as is wanted.
    fn note_attempt(&mut self, container: ContainerIndex, reach: Reach) {
        let Some(place) = self.wanted_starts.iter().position(|&(wanted, least)| wanted == container && least <= reach)
        else {
            return;
        };
        self.wanted_starts.remove(place);
        self.foresight.attempts.push(Attempt { container, at: self.now, reach });
    }
}

/// What the world answers at once; nothing to what takes time.
fn answer(pod: &PodMachine, action: &Action) -> Option<RuntimeEvent> {
    Some(match *action {
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => {
            RuntimeEvent::ImageInspected { container, result: Ok(has_image(pod, container)?) }
        }
        Action::CreateContainer { container, instance, .. } => {
            RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) }
        }
        Action::StartContainer { container, instance } => {
            RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) }
        }
        Action::PullImage { .. }
        | Action::RemovePodSandbox { .. }
        | Action::StopContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::RunHook { .. } => return None,
        // An answer that counts for nothing: no verdict changes.
        Action::Probe { container, instance, kind } => {
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome: ProbeOutcome::Error, output: "".into() }
        }
    })
}

/// Whether the node has a container's image, if that is known: it has if the container ran with it before.
fn has_image(pod: &PodMachine, container: ContainerIndex) -> Option<bool> {
    match least_reach(pod, container) {
        Reach::Start => Some(true),
        Reach::Pull => Some(false),
        Reach::Image => None,
    }
}

/// How far the next attempt has to come to be one.
fn least_reach(pod: &PodMachine, container: ContainerIndex) -> Reach {
    let failure = pod.inspect().start_failure(container);
    match failure.map(|failure| &failure.error) {
        Some(
            StartError::ErrImagePull
            | StartError::ImagePullBackOff
            | StartError::RegistryUnavailable
            | StartError::SignatureValidationFailed,
        ) => Reach::Pull,
        Some(StartError::ErrImageNeverPull | StartError::InvalidImageName | StartError::ImageInspectError) => {
            Reach::Image
        }
        Some(
            StartError::CrashLoopBackOff
            | StartError::CreateContainerConfigError
            | StartError::CreateContainerError
            | StartError::PreCreateHookError
            | StartError::PreStartHookError
            | StartError::RunContainerError
            | StartError::PostStartHookError
            | StartError::Other(_),
        )
        | None => {
            let newest = pod.runtime().newest(container);
            if newest.is_some_and(|newest| !newest.spec_changed) { Reach::Start } else { Reach::Image }
        }
    }
}

/// When the active deadline ends a Pod that nobody stops yet.
pub(super) fn deadline_of(pod: &PodMachine) -> Option<Timestamp> {
    let start_time = pod.inspect().start_time().filter(|_| pod.worker_state() == WorkerState::Syncing);
    start_time.and_then(|start| deadline::expires_at(pod.spec(), start))
}

/// The containers whose next attempt is a matter of time: they have ended, or would not start.
fn wanted_starts(pod: &PodMachine) -> Vec<(ContainerIndex, Reach)> {
    if pod.worker_state() != WorkerState::Syncing || wait::is_stranded(pod) {
        return Vec::new();
    }
    let is_wanted = |index: ContainerIndex, container: &ContainerSpec| {
        let newest = pod.runtime().newest(index);
        let has_failed = pod.inspect().start_failure(index).is_some();
        let has_ended = newest.is_some_and(|newest| newest.termination().is_some());
        (has_failed || has_ended || wait::starts_by_itself(pod, index))
            && fact::is_start_due(container, newest, pod.is_deleting())
    };
    let containers = pod.spec().containers().filter(|&(index, container)| is_wanted(index, container));
    containers.map(|(index, _)| (index, wanted_reach(pod, index))).collect()
}

/// A container whose image is always pulled first is on its way once the pull begins.
fn wanted_reach(pod: &PodMachine, container: ContainerIndex) -> Reach {
    let pulls_always = pod
        .spec()
        .container(container)
        .is_some_and(|spec| spec.image_pull_policy() == crate::api::ImagePullPolicy::Always);
    let least = least_reach(pod, container);
    if pulls_always { least.min(Reach::Pull) } else { least }
}

/// The probes that have something to ask of what runs now.
fn wanted_probes(pod: &PodMachine) -> Vec<(ContainerIndex, ProbeKind)> {
    let inspect = pod.inspect();
    let is_wanted = |(container, kind, worker): &(ContainerIndex, ProbeKind, ProbeWorker)| {
        let record = inspect.container_status(*container);
        let has_started = record.is_some_and(|record| record.started == Some(true));
        let is_current = worker.instance == record.and_then(|record| record.instance);
        record.is_some_and(ContainerRecord::is_running)
            && has_started != (*kind == ProbeKind::Startup)
            && !(is_current && worker.on_hold)
    };
    inspect.probe_workers().filter(is_wanted).map(|(container, kind, _)| (container, kind)).collect()
}
