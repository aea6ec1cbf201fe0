//! Forecast: runs a copy of the machine without external events and records starts, probes and the deadline.
//!
//! No rule is repeated here: the times are the machine's own.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use super::{container, fact};
use crate::{
    action::Action,
    api::ImagePullPolicy,
    event::{Event, RuntimeEvent},
    kubelet::{PodMachine, Sink, Wake, WorkerState},
    rule::{
        deadline,
        probe::{ProbeOutcome, ProbeWorker},
        resize::MemoryUsage,
    },
    spec::{ContainerIndex, ContainerSpec, PodSpec, ProbeKind, VolumeIndex},
    state::{ContainerRecord, StartError},
    time::Timestamp,
};

/// Next steps of a machine if nothing else happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forecast {
    /// Next attempt to start each container that waits for one.
    pub(super) attempts: Vec<Attempt>,
    /// Next run of each probe.
    pub(super) probes: Vec<(ContainerIndex, ProbeKind, Timestamp)>,
    /// Next periodic sync.
    pub(super) retry_at: Option<Timestamp>,
    /// Start of the Pod's stop.
    pub(super) ends_at: Option<Timestamp>,
}

/// Attempt to start a container, with its first step that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) container: ContainerIndex,
    pub(super) at: Timestamp,
    pub(super) reach: Reach,
}

/// Step that an attempt reaches at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Inspects the image.
    Image,
    /// Pulls the image.
    Pull,
    /// Creates and starts the container.
    Start,
}

/// Horizon of a forecast: well beyond the longest back-off of 300 s.
const HORIZON: Duration = Duration::from_secs(3_600);

/// Bound on wake-ups, so that a probe per second does not make an explanation slow.
const MAX_WAKES: usize = 2_000;

impl Forecast {
    /// Runs a copy until all wanted steps have a time, or nothing happens by itself any more.
    pub(super) fn of(pod: &PodMachine, now: Timestamp) -> Forecast {
        let mut future = Future {
            wanted_starts: wanted_starts(pod),
            wanted_probes: wanted_probes(pod),
            wants_retry: false,
            pod: pod.clone(),
            now,
            actions: VecDeque::new(),
            horizon: now + HORIZON,
            forecast: Forecast::default(),
        };
        if pod.worker_state() == WorkerState::Finished {
            return future.forecast;
        }
        // A deadline is followed up to the stop it causes, since a sync under way may delay that.
        let wants_end = deadline_of(pod).is_some();
        // A periodic sync is of interest only if nothing else is expected.
        let wants_more = wants_end || !future.wanted_starts.is_empty() || !future.wanted_probes.is_empty();
        future.wants_retry =
            !wants_more && pod.worker_state() == WorkerState::Syncing && pod.inspect().sync().is_none();
        for _ in 0..MAX_WAKES {
            // The copy does not run further than it has to: each step costs time.
            let has_times = future.wanted_starts.is_empty() && future.wanted_probes.is_empty() && !wants_end;
            let is_done = has_times && (!future.wants_retry || future.forecast.retry_at.is_some());
            if is_done || future.forecast.ends_at.is_some() || !future.step() {
                break;
            }
        }
        future.forecast
    }

    pub(super) fn attempt(&self, container: ContainerIndex) -> Option<Attempt> {
        self.attempts.iter().find(|attempt| attempt.container == container).copied()
    }

    pub(super) fn probe(&self, container: ContainerIndex, kind: ProbeKind) -> Option<Timestamp> {
        let mut probes = self.probes.iter();
        probes.find(|(of, which, _)| (*of, *which) == (container, kind)).map(|&(_, _, at)| at)
    }
}

/// Copy of a machine whose immediate calls succeed, whose long calls never end and whose probes change nothing.
struct Future {
    pod: PodMachine,
    now: Timestamp,
    horizon: Timestamp,
    actions: VecDeque<Action>,
    wanted_starts: Vec<(ContainerIndex, Reach)>,
    wanted_probes: Vec<(ContainerIndex, ProbeKind)>,
    wants_retry: bool,
    forecast: Forecast,
}

struct Actions<'a>(&'a mut VecDeque<Action>);

impl Sink for Actions<'_> {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.0.push_back(action);
    }
}

/// True if the Pod is being stopped: a terminating sync does not wait for a relist.
fn is_ending(pod: &PodMachine) -> bool {
    pod.worker_state() != WorkerState::Syncing && !pod.inspect().is_sync_requested()
}

impl Future {
    /// Handles the next wake-up; true if there was one.
    fn step(&mut self) -> bool {
        let Some((at, wake)) = self.pod.next_wake().filter(|(at, _)| *at <= self.horizon) else { return false };
        // A wake-up may be overdue; time never goes back.
        self.now = self.now.max(at);
        if wake == Wake::Retry && self.wants_retry {
            // The first one counts; later ones repeat it.
            self.forecast.retry_at.get_or_insert(self.now);
        }
        let was_ending = is_ending(&self.pod);
        self.pod.handle_first_timeout(self.now, &mut Actions(&mut self.actions));
        while let Some(action) = self.actions.pop_front() {
            self.record(&action);
            if let Some(answer) = answer(&self.pod, &action) {
                // The machine refuses an answer to a call that it has given up.
                let _ = self.pod.handle_event(self.now, Event::Runtime(answer), &mut Actions(&mut self.actions));
            }
        }
        if !was_ending && is_ending(&self.pod) {
            self.forecast.ends_at = Some(self.now);
        }
        true
    }

    fn record(&mut self, action: &Action) {
        match *action {
            Action::InspectImage { container } => self.record_attempt(container, Reach::Image),
            Action::PullImage { container } => self.record_attempt(container, Reach::Pull),
            Action::InspectVolumeImage { volume } => self.record_attempts_with(volume, Reach::Image),
            Action::PullVolumeImage { volume } => self.record_attempts_with(volume, Reach::Pull),
            Action::CreateContainer { container, .. } => self.record_attempt(container, Reach::Start),
            Action::Probe { container, kind, .. } => {
                let place = self.wanted_probes.iter().position(|&wanted| wanted == (container, kind));
                if let Some(place) = place {
                    self.wanted_probes.remove(place);
                    self.forecast.probes.push((container, kind, self.now));
                }
            }
            Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::RemovePodSandbox { .. }
            | Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::StartContainer { .. }
            | Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::RunHook { .. } => {}
        }
    }

    /// Records the attempts of the containers that mount an image volume.
    fn record_attempts_with(&mut self, volume: VolumeIndex, reach: Reach) {
        let spec = self.pod.spec().clone();
        for container in mounted_by(&spec, volume) {
            self.record_attempt(container, reach);
        }
    }

    /// Records an attempt that reaches the wanted step.
    fn record_attempt(&mut self, container: ContainerIndex, reach: Reach) {
        let Some(place) = self.wanted_starts.iter().position(|&(wanted, least)| wanted == container && least <= reach)
        else {
            return;
        };
        // The first attempt is enough: the copy goes on with attempts that are of no interest.
        self.wanted_starts.remove(place);
        self.forecast.attempts.push(Attempt { container, at: self.now, reach });
    }
}

/// Returns the runtime's answer to a call that takes no time.
fn answer(pod: &PodMachine, action: &Action) -> Option<RuntimeEvent> {
    Some(match *action {
        Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
        Action::StopPodSandbox { sandbox } => RuntimeEvent::SandboxDied { sandbox },
        Action::InspectImage { container } => {
            RuntimeEvent::ImageInspected { container, result: Ok(has_image(pod, container)?) }
        }
        Action::InspectVolumeImage { volume } => {
            RuntimeEvent::VolumeImageInspected { volume, result: Ok(has_volume_image(pod, volume)?) }
        }
        Action::CreateContainer { container, instance, .. } => {
            RuntimeEvent::ContainerCreated { container, instance, result: Ok(()) }
        }
        Action::StartContainer { container, instance } => {
            RuntimeEvent::ContainerStarted { container, instance, started_at: None, result: Ok(()) }
        }
        Action::UpdateContainerResources { container, instance, .. } => {
            RuntimeEvent::ContainerResourcesUpdated { container, instance, result: Ok(()) }
        }
        Action::UpdatePodSandboxResources { sandbox, .. } => {
            RuntimeEvent::SandboxResourcesUpdated { sandbox, result: Ok(()) }
        }
        Action::SetPodCgroup { .. } => RuntimeEvent::PodCgroupSet { result: Ok(()) },
        // Nothing in use is below any limit.
        Action::MeasureMemory => RuntimeEvent::MemoryMeasured { result: Ok(MemoryUsage::default()) },
        // Their duration is unknown: they stay unanswered, and the copy waits until the horizon.
        Action::PullImage { .. }
        | Action::PullVolumeImage { .. }
        | Action::FetchClaim { .. }
        | Action::SetUpVolume { .. }
        | Action::TearDownVolume { .. }
        | Action::RemovePodSandbox { .. }
        | Action::StopContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::RunHook { .. } => return None,
        // An error counts towards no threshold.
        Action::Probe { container, instance, kind } => {
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome: ProbeOutcome::Error, output: "".into() }
        }
    })
}

/// True if the node has a container's image, since the container ran with it; `None` if unknown.
fn has_image(pod: &PodMachine, container: ContainerIndex) -> Option<bool> {
    match least_reach(pod, container) {
        Reach::Start => Some(true),
        Reach::Pull => Some(false),
        Reach::Image => None,
    }
}

/// True if the node has the image of an image volume, since a container ran with it; `None` if unknown.
fn has_volume_image(pod: &PodMachine, volume: VolumeIndex) -> Option<bool> {
    let known = mounted_by(pod.spec(), volume).filter_map(|container| has_image(pod, container));
    // One that has run proves that the image is there; the others may lack another image.
    known.reduce(|one, other| one || other)
}

fn mounted_by(spec: &PodSpec, volume: VolumeIndex) -> impl Iterator<Item = ContainerIndex> {
    let mounting = spec.containers().filter(move |(_, container)| container.image_volumes().contains(&volume));
    mounting.map(|(index, _)| index)
}

/// Returns the step that the next attempt has to reach.
fn least_reach(pod: &PodMachine, container: ContainerIndex) -> Reach {
    let failure = pod.inspect().start_failure(container);
    match failure.map(|failure| &failure.error) {
        Some(
            StartError::ErrImagePull
            | StartError::ImagePullBackOff
            | StartError::RegistryUnavailable
            | StartError::SignatureValidationFailed,
            // A failed pull means that the image is not on the node.
        ) => Reach::Pull,
        // These fail at the inspection of the image, which is then the whole attempt.
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
            // An instance of the present spec proves that its image is on the node.
            if newest.is_some_and(|newest| !newest.spec_changed) { Reach::Start } else { Reach::Image }
        }
    }
}

/// Returns when the active deadline stops a Pod that is not being stopped yet.
pub(super) fn deadline_of(pod: &PodMachine) -> Option<Timestamp> {
    let start_time = pod.inspect().start_time().filter(|_| pod.worker_state() == WorkerState::Syncing);
    start_time.and_then(|start| deadline::expires_at(pod.spec(), start))
}

/// Returns the containers whose next attempt only takes time: they have exited, or their start failed.
fn wanted_starts(pod: &PodMachine) -> Vec<(ContainerIndex, Reach)> {
    // Without a network no sync reaches the containers, and when it comes back is unknown.
    let has_network = pod.inspect().network_not_ready().is_none();
    if pod.worker_state() != WorkerState::Syncing || container::is_stranded(pod) || !has_network {
        return Vec::new();
    }
    let is_wanted = |index: ContainerIndex, container: &ContainerSpec| {
        let newest = pod.runtime().newest(index);
        let has_failed = pod.inspect().start_failure(index).is_some();
        let has_ended = newest.is_some_and(|newest| newest.termination().is_some());
        (has_failed || has_ended || container::starts_by_itself(pod, index))
            && fact::is_start_due(container, newest, pod.is_deleting())
    };
    let containers = pod.spec().containers().filter(|&(index, container)| is_wanted(index, container));
    containers.map(|(index, _)| (index, wanted_reach(pod, index))).collect()
}

/// Returns the step that counts as an attempt: with `imagePullPolicy: Always`, the pull.
fn wanted_reach(pod: &PodMachine, container: ContainerIndex) -> Reach {
    let spec = pod.spec().container(container);
    let pulls_always = spec.is_some_and(|spec| spec.image_pull_policy() == ImagePullPolicy::Always);
    let least = least_reach(pod, container);
    if pulls_always { least.min(Reach::Pull) } else { least }
}

/// Returns the probes of running containers that are due to run.
fn wanted_probes(pod: &PodMachine) -> Vec<(ContainerIndex, ProbeKind)> {
    let inspect = pod.inspect();
    let is_wanted = |(container, kind, worker): &(ContainerIndex, ProbeKind, ProbeWorker)| {
        let record = inspect.container_status(*container);
        let has_started = record.is_some_and(|record| record.started == Some(true));
        let is_current = worker.instance == record.and_then(|record| record.instance);
        record.is_some_and(ContainerRecord::is_running)
            // Startup probes run until the container has started, the others from then on.
            && has_started != (*kind == ProbeKind::Startup)
            // A worker that has failed its container is on hold until there is a new instance.
            && !(is_current && worker.on_hold)
    };
    inspect.probe_workers().filter(is_wanted).map(|(container, kind, _)| (container, kind)).collect()
}
