//! Lane reader: collects the lane of one container from a timeline.

use alloc::vec::Vec;
use core::time::Duration;

use super::{OPEN, Spans};
use crate::{
    action::Action,
    api::{Container, ContainerStatus, PodStatus},
    event::HookKind,
    explain::crash_loop_delay,
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
    /// Delays of restarts that the status has.
    delays: Spans<Duration>,
    /// Times of the events that a restart is delayed.
    back_off_events: Vec<Timestamp>,
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
            delays: Spans::default(),
            back_off_events: Vec::new(),
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
        let waiting = status.and_then(|status| status.state.waiting.as_ref());
        let delay = waiting.and_then(|waiting| crash_loop_delay(waiting.message.as_str()));
        self.delays.change(at, delay);
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
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
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
            | Occurrence::VolumePullFinished { .. }
            | Occurrence::VolumeSetUp { .. }
            | Occurrence::VolumeTornDown { .. }
            | Occurrence::ResizeAnswered { .. }
            | Occurrence::OtherPodRejected { .. }
            | Occurrence::KubeletRestarted
            | Occurrence::Action(_) => {}
        }
    }

    /// Records a `BackOff` event of a restart.
    pub(super) fn backed_off(&mut self, at: Timestamp) {
        self.back_off_events.push(at);
    }

    /// Records a `Killing` event: a preStop hook with `sleep` begins, which no action shows.
    pub(super) fn killing(&mut self, at: Timestamp) {
        // Hooks that run are actions (RunHook); the kubelet does a `sleep` by itself.
        if self.sleeps_before_stop() && self.is_running() {
            self.begin(at, TaskKind::PreStop);
        }
    }

    /// Records that a start failed: there was no process.
    pub(super) fn start_failed(&mut self) {
        self.runs.pop_if(|run| run.to == OPEN);
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

    /// True if a process runs.
    pub(super) fn is_running(&self) -> bool {
        self.runs.last().is_some_and(|run| run.to == OPEN)
    }

    fn end_stop(&mut self, at: Timestamp) {
        if let Some(stop) = self.stops.last_mut().filter(|stop| stop.to == OPEN) {
            stop.to = at;
        }
    }

    pub(super) fn begin(&mut self, at: Timestamp, kind: TaskKind) {
        self.tasks.push(Span { from: at, to: OPEN, what: Task { kind, outcome: TaskOutcome::Unfinished } });
    }

    pub(super) fn end(&mut self, at: Timestamp, kind: TaskKind, succeeded: bool) {
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

    /// Returns the back-offs of restarts: from each exit to the next start, if there is an event or a published delay in
    /// between.
    fn of_restarts(&self, delays: &[Span<Duration>]) -> Vec<Span<Duration>> {
        let starts = self.runs.iter().skip(1).map(|run| run.from).chain([OPEN]);
        let waits = self.runs.iter().map(|run| run.to).zip(starts);
        waits
            .filter_map(|(from, to)| {
                // A short back-off is over before a sync publishes it.
                let published = delays.iter().find(|delay| (from..to).contains(&delay.from)).map(|delay| delay.what);
                let is_recorded = self.back_off_events.iter().any(|at| (from..to).contains(at));
                let measured = (is_recorded && to < OPEN).then(|| to.since(from));
                Some(Span { from, to, what: published.or(measured)? })
            })
            .collect()
    }

    /// Returns the back-offs of the image: from each failed pull to the next one.
    fn of_pulls(&self) -> Vec<Span<Duration>> {
        let pulls: Vec<&Span<Task>> = self.tasks.iter().filter(|task| task.what.kind == TaskKind::Pull).collect();
        let after_failure = pulls.windows(2).filter_map(|pair| match pair {
            [failed, next] if failed.what.outcome == TaskOutcome::Failed => Some((failed.to, next.from)),
            _ => None,
        });
        after_failure.map(|(from, to)| Span { from, to, what: to.since(from) }).collect()
    }

    /// Returns the lane, in which unfinished spans are open.
    pub(super) fn finish(mut self) -> Lane {
        // Startup, readiness, liveness, whichever ran first.
        self.probes.sort_by_key(|row| row.kind);
        let delays = core::mem::take(&mut self.delays).finish();
        let mut back_offs = self.of_restarts(&delays);
        back_offs.extend(self.of_pulls());
        back_offs.sort_by_key(|back_off| back_off.from);
        Lane {
            name: self.container.name.clone(),
            kind: self.kind,
            states: self.states.finish(),
            back_offs,
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
