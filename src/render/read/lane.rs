//! Lane reader: collects the lane of one container from a timeline.

use alloc::vec::Vec;
use core::time::Duration;

use super::{OPEN, Spans};
use crate::{
    action::Action,
    api::{Container, ContainerStatus, PodStatus},
    event::HookKind,
    render::{
        lane::{GracefulStop, Lane, LaneState, ProbeRow, Process, ProcessExit, Readiness, Task, TaskKind, TaskOutcome},
        picture::{Span, Timed},
    },
    rule::probe::ProbeOutcome,
    sim::Occurrence,
    spec::{ContainerKind, ProbeKind},
    time::Timestamp,
};

/// Lane being read.
#[derive(Clone)]
pub(super) struct LaneReader<'a> {
    container: &'a Container,
    kind: ContainerKind,
    states: Spans<LaneState>,
    runs: Vec<Span<Process>>,
    stops: Vec<Span<GracefulStop>>,
    tasks: Vec<Span<Task>>,
    probes: Vec<ProbeRow>,
}

impl<'a> LaneReader<'a> {
    pub(super) fn new(container: &'a Container, kind: ContainerKind) -> LaneReader<'a> {
        LaneReader {
            container,
            kind,
            states: Spans::default(),
            runs: Vec::new(),
            stops: Vec::new(),
            tasks: Vec::new(),
            probes: Vec::new(),
        }
    }

    pub(super) fn name(&self) -> &'a str {
        &self.container.name
    }

    /// Records a published status.
    pub(super) fn status(&mut self, at: Timestamp, status: &PodStatus) {
        let list = match self.kind {
            ContainerKind::Init | ContainerKind::Sidecar => &status.init_container_statuses,
            ContainerKind::Regular => &status.container_statuses,
            ContainerKind::Ephemeral => &status.ephemeral_container_statuses,
        };
        // A status without the container ends its state: it is not published yet, or no longer.
        let status = list.iter().find(|status| status.name == self.container.name);
        self.states.change(at, status.map(|status| self.state(status)));
    }

    fn state(&self, status: &ContainerStatus) -> LaneState {
        let restarts = status.restart_count;
        if status.state.running.is_some() {
            return LaneState::Running { restarts, readiness: self.readiness(status) };
        }
        if let Some(terminated) = &status.state.terminated {
            let reason = terminated.reason.clone();
            return LaneState::Terminated { restarts, exit_code: terminated.exit_code, reason };
        }
        let waiting = status.state.waiting.as_ref();
        LaneState::Waiting { reason: waiting.map(|waiting| waiting.reason.clone()).unwrap_or_default() }
    }

    fn readiness(&self, status: &ContainerStatus) -> Readiness {
        match self.kind {
            ContainerKind::Init | ContainerKind::Ephemeral => Readiness::Untracked,
            ContainerKind::Sidecar | ContainerKind::Regular => match (status.started, status.ready) {
                // `ready` decides; without it, only `started: false` says that a startup probe is still to succeed.
                (_, true) => Readiness::Ready,
                (Some(false), false) => Readiness::StartingUp,
                (Some(true) | None, false) => Readiness::NotReady,
            },
        }
    }

    /// Records an action of the kubelet.
    pub(super) fn action(&mut self, at: Timestamp, action: &Action) {
        match action {
            Action::PullImage { .. } => self.begin(at, TaskKind::Pull),
            Action::RunHook { hook, .. } => self.begin(at, of_hook(*hook)),
            Action::StartContainer { .. } => {
                self.runs.push(Span { from: at, to: OPEN, what: Process { exit: None } });
            }
            Action::StopContainer { timeout, .. } => self.stop(at, *timeout),
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::InspectImage { .. }
            | Action::CreateContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::Probe { .. } => {}
        }
    }

    /// Records an event of the fake runtime.
    pub(super) fn happened(&mut self, at: Timestamp, happened: &Occurrence) {
        match happened {
            Occurrence::ContainerExited { code, cause, .. } => {
                self.exit(at, ProcessExit { code: *code, cause: *cause })
            }
            Occurrence::PullFinished { succeeded, .. } => self.end(at, TaskKind::Pull, *succeeded),
            Occurrence::HookFinished { hook, code, .. } => self.end(at, of_hook(*hook), *code == Some(0)),
            Occurrence::ProbeFinished { kind, outcome, .. } => self.probed(at, *kind, *outcome),
            Occurrence::SandboxDied(_)
            | Occurrence::CallFailed { .. }
            | Occurrence::VolumeSetUp { .. }
            | Occurrence::VolumeTornDown { .. }
            | Occurrence::ResizeAnswered { .. }
            | Occurrence::OtherPodRejected { .. }
            | Occurrence::KubeletRestarted
            | Occurrence::Action(_) => {}
        }
    }

    /// Records a `Killing` event: a preStop hook with `sleep` begins, which no action shows.
    pub(super) fn killing(&mut self, at: Timestamp) {
        // Hooks that run are actions (RunHook); the kubelet does a `sleep` by itself.
        if self.sleeps_before_stop() && self.is_running() {
            self.begin(at, TaskKind::PreStop);
        }
    }

    fn sleeps_before_stop(&self) -> bool {
        let hook = self.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        hook.is_some_and(|hook| hook.sleep.is_some())
    }

    /// Begins a grace period; a process that has exited gets no SIGTERM.
    fn stop(&mut self, at: Timestamp, timeout: Duration) {
        if !self.is_running() {
            return;
        }
        if self.sleeps_before_stop() {
            self.end(at, TaskKind::PreStop, true);
        }
        self.end_stop(at);
        self.stops.push(Span { from: at, to: OPEN, what: GracefulStop { timeout } });
    }

    /// Ends whatever was going on: a sleep that the exit cuts short counts as failed.
    fn exit(&mut self, at: Timestamp, exit: ProcessExit) {
        if self.sleeps_before_stop() {
            self.end(at, TaskKind::PreStop, false);
        }
        self.end_stop(at);
        // Instances of one container never overlap, so the last run is the one that exited.
        if let Some(run) = self.runs.last_mut().filter(|run| run.to == OPEN) {
            (run.to, run.what.exit) = (at, Some(exit));
        }
    }

    fn is_running(&self) -> bool {
        self.runs.last().is_some_and(|run| run.to == OPEN)
    }

    fn end_stop(&mut self, at: Timestamp) {
        if let Some(stop) = self.stops.last_mut().filter(|stop| stop.to == OPEN) {
            stop.to = at;
        }
    }

    fn begin(&mut self, at: Timestamp, kind: TaskKind) {
        self.tasks.push(Span { from: at, to: OPEN, what: Task { kind, outcome: TaskOutcome::Unfinished } });
    }

    fn end(&mut self, at: Timestamp, kind: TaskKind, succeeded: bool) {
        // The newest of its kind: a retry begins a task of its own.
        let mut open = self.tasks.iter_mut().rev().filter(|task| task.to == OPEN && task.what.kind == kind);
        if let Some(task) = open.next() {
            task.to = at;
            task.what.outcome = if succeeded { TaskOutcome::Succeeded } else { TaskOutcome::Failed };
        }
    }

    fn probed(&mut self, at: Timestamp, kind: ProbeKind, outcome: Option<ProbeOutcome>) {
        let result = Timed { at, what: outcome };
        match self.probes.iter_mut().find(|row| row.kind == kind) {
            Some(row) => row.results.push(result),
            None => self.probes.push(ProbeRow { kind, results: alloc::vec![result] }),
        }
    }

    /// Returns the lane, in which unfinished spans are open.
    pub(super) fn finish(mut self) -> Lane {
        // Startup, readiness, liveness, whichever ran first.
        self.probes.sort_by_key(|row| row.kind);
        Lane {
            name: self.container.name.clone(),
            kind: self.kind,
            states: self.states.finish(),
            runs: self.runs,
            stops: self.stops,
            tasks: self.tasks,
            probes: self.probes,
        }
    }
}

fn of_hook(hook: HookKind) -> TaskKind {
    match hook {
        HookKind::PostStart => TaskKind::PostStart,
        HookKind::PreStop => TaskKind::PreStop,
    }
}
