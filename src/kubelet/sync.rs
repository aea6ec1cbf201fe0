//! One sync of the Pod: what is left to do, what is waited for, and the frozen view that it acts on.
//!
//! Answers to `SyncPod`, `SyncTerminatingPod` and `SyncTerminatedPod` in `pkg/kubelet/kubelet.go`, and to `SyncPod` in
//! `pkg/kubelet/kuberuntime`.

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Step,
    api_pod::ApiPod,
    components::Kubelet,
    eviction::Kill,
    fast_path::ResyncCache,
    kill_container::Stop,
    pod_worker::Dequeued,
    status_manager::HeldBack,
    write::{CouldRun, Finality, Report},
};
use crate::{
    action::{Action, EventReason, EventType, SyncKind, SyncProgress},
    rule::pod_actions::{self, PodActions, SyncInputs},
    spec::{ContainerIndex, ContainerKind, PodSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
    time::Timestamp,
};

/// A sync under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sync {
    pub(super) kind: SyncKind,
    /// The object as it was known when the sync was asked for.
    pub(super) object: Arc<ApiPod>,
    pub(super) shows_initialized: bool,
    /// The grace that overrides the containers' own, if any does.
    pub(super) grace: Option<Duration>,
    /// The runtime as it was seen when the sync began.
    pub(super) view: Arc<RuntimeStatus>,
    pub(super) todo: VecDeque<Task>,
    pub(super) doing: PendingCall,
    /// Containers being stopped.
    pub(super) stops: Vec<Stop>,
    pub(super) has_failed: bool,
    /// Whether anything was started, stopped, made or removed.
    pub(super) has_acted: bool,
    /// Whether instances were removed so that all containers start afresh.
    pub(super) has_reset: bool,
    /// When the earliest crash-loop back-off that was met ends.
    #[serde(with = "crate::time::exact")]
    pub(super) earliest_release: Option<Timestamp>,
    /// Whether the next is known to find nothing, as this one has.
    #[serde(skip)]
    pub(super) quiet: ResyncCache,
}

/// Something that a sync is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Stop every container that runs in the view, together.
    StopAll,
    /// Stop one container.
    Kill(pod_actions::Kill),
    /// Remove an instance, stopped before if need be.
    Reset(pod_actions::Reset),
    /// Remove an instance.
    Remove(ContainerIndex, InstanceId),
    /// Remove an instance, but not its logs: the next one is counted after it.
    RemoveButLogs(ContainerIndex, InstanceId),
    /// Stop a sandbox.
    StopSandbox(SandboxId),
    /// Make a sandbox.
    RunSandbox(SandboxId),
    /// Start a container.
    Start(ContainerIndex),
    /// Report the end of a Pod that was stopped.
    ReportStopped,
}

/// What a sync is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum PendingCall {
    /// It waits for nothing.
    Nothing,
    /// The sandbox.
    RunningSandbox(SandboxId),
    /// The sandbox's end.
    StoppingSandbox(SandboxId),
    /// The ends of the containers in `stops`.
    Stopping,
    /// Word whether the image is there.
    Inspecting(ContainerIndex),
    /// The image.
    Pulling(ContainerIndex, #[serde(with = "crate::time::exact")] Timestamp),
    /// The instance.
    Creating(ContainerIndex, InstanceId),
    /// The instance's start.
    Starting(ContainerIndex, InstanceId),
    /// The end of the hook after the start.
    PostStart(ContainerIndex, InstanceId, #[serde(with = "crate::time::exact")] Option<Timestamp>),
    /// The end of an instance whose hook failed.
    StoppingFailed(ContainerIndex),
}

/// How a sync that has just begun goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SyncStart {
    /// There is something to do.
    Goes(Sync),
    /// The phase is terminal: the Pod is terminated next.
    FoundTerminal(Sync),
}

/// Whether a sync has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// It waits for something.
    Waits,
    /// It is over.
    Ends,
}

impl Sync {
    /// Begins a sync; `kill` has its say if the sync terminates the Pod.
    pub(crate) fn begin(taken: Dequeued, kill: Option<&Kill>, parts: &mut Kubelet, step: &mut Step<'_>) -> SyncStart {
        let Dequeued { kind, request, grace } = taken;
        parts.take_spec(&request.object.spec);
        step.out.sync(step.now, SyncProgress::Began { kind, grace });
        let mut sync = Sync {
            kind,
            object: request.object,
            shows_initialized: request.shows_initialized,
            grace,
            view: parts.runtime.seen().clone(),
            todo: VecDeque::new(),
            doing: PendingCall::Nothing,
            stops: Vec::new(),
            has_failed: false,
            has_acted: false,
            has_reset: false,
            earliest_release: None,
            quiet: ResyncCache::default(),
        };
        match kind {
            SyncKind::Sync => return sync.begin_pod(parts, step),
            SyncKind::Terminating => sync.begin_terminating(kill, parts, step),
            SyncKind::Terminated => sync.begin_terminated(parts, step),
        }
        SyncStart::Goes(sync)
    }

    /// Keeps the Pod as it ought to be; there is nothing to do if its phase is terminal.
    fn begin_pod(mut self, parts: &mut Kubelet, step: &mut Step<'_>) -> SyncStart {
        let view = self.view.clone();
        let before = parts.standing();
        let found = parts.report(&view, self.reporting(Finality::GoesOn, None), step);
        if found.phase.is_terminal() {
            return SyncStart::FoundTerminal(self);
        }
        parts.make_probers(&self.object, step.now);
        let actions = pod_actions::compute_pod_actions(&SyncInputs {
            spec: &self.object.spec,
            runtime: &view,
            probes: &parts.probers.facts(&self.object.spec, &view),
            is_deleting: self.object.is_deleting(),
            is_restarting_all: parts.status.is_restarting_all(),
        });
        self.plan(actions, step);
        if self.todo.is_empty() && found.is_what_was_known {
            self.quiet = parts.quiet_since(before);
        }
        SyncStart::Goes(self)
    }

    /// Stops everything.
    fn begin_terminating(&mut self, kill: Option<&Kill>, parts: &mut Kubelet, step: &mut Step<'_>) {
        let view = self.view.clone();
        parts.report(&view, self.reporting(Finality::GoesOn, kill), step);
        parts.probers.stop_liveness_and_startup(&self.object.spec);
        self.plan_stop_of_all();
        self.todo.push_back(Task::ReportStopped);
    }

    /// Does the final bookkeeping.
    fn begin_terminated(&mut self, parts: &mut Kubelet, step: &mut Step<'_>) {
        let view = self.view.clone();
        let report = self.reporting(Finality::IsOver, None);
        parts.report(&view, report, step);
        parts.terminate_pod(report, self.shows_initialized, step);
    }

    pub(crate) fn could_run(&self) -> CouldRun {
        match self.kind {
            SyncKind::Sync | SyncKind::Terminating => CouldRun::Yes,
            SyncKind::Terminated => CouldRun::No,
        }
    }

    fn reporting<'a>(&'a self, finality: Finality, kill: Option<&'a Kill>) -> Report<'a> {
        Report { object: &self.object, could_run: self.could_run(), finality, kill }
    }

    fn plan_stop_of_all(&mut self) {
        self.todo.push_back(Task::StopAll);
        self.todo.extend(self.view.sandboxes.iter().map(|sandbox| Task::StopSandbox(sandbox.id)));
    }

    fn plan(&mut self, mut actions: PodActions, step: &mut Step<'_>) {
        let spec = &self.object.spec;
        if actions.create_sandbox && actions.sandbox.is_some() {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            step.record(EventType::Normal, EventReason::SandboxChanged, None, || message.into());
        }
        let pruned = instances_of_init(spec, &self.view, |place| place > 0);
        if actions.kill_pod {
            let purged = actions.create_sandbox.then(|| instances_of_init(spec, &self.view, |_| true));
            self.plan_stop_of_all();
            self.todo.extend(purged.into_iter().flatten());
        } else {
            actions.kill.sort_by_key(|kill| kill.container);
            self.todo.extend(actions.kill.into_iter().map(Task::Kill));
            self.todo.extend(actions.reset.into_iter().map(Task::Reset));
        }
        self.todo.extend(pruned);
        if actions.create_sandbox {
            self.todo.push_back(Task::RunSandbox(SandboxId(actions.attempt)));
        }
        let starts = actions.start_ephemeral.into_iter().chain(actions.start_init).chain(actions.start);
        self.todo.extend(starts.map(Task::Start));
    }

    /// Goes on with what is to be done, until something has to be waited for.
    pub(crate) fn advance(&mut self, parts: &mut Kubelet, step: &mut Step<'_>) -> Poll {
        while self.doing == PendingCall::Nothing {
            let Some(task) = self.todo.pop_front() else { return Poll::Ends };
            self.begin_task(task, parts, step);
        }
        if self.takes_time() {
            parts.publish_sandbox(&self.object, self.could_run(), step);
        }
        Poll::Waits
    }

    /// Whether what is waited for takes time in principle, so that others get a turn.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(
            self.doing,
            PendingCall::Pulling(..)
                | PendingCall::PostStart(..)
                | PendingCall::Stopping
                | PendingCall::StoppingFailed(_)
        )
    }

    fn begin_task(&mut self, task: Task, parts: &mut Kubelet, step: &mut Step<'_>) {
        match task {
            Task::StopAll => self.begin_stop_of_all(parts, step),
            Task::Kill(kill) => self.begin_kill(kill, parts, step),
            Task::Reset(reset) => self.begin_reset(reset, parts, step),
            Task::Remove(container, instance) => parts.remove_instance(container, instance, step),
            Task::RemoveButLogs(container, instance) => {
                self.has_acted = true;
                self.keep_logs(container, instance, parts);
                parts.remove_instance(container, instance, step);
            }
            Task::StopSandbox(sandbox) => {
                self.has_acted = true;
                step.out.action(step.now, Action::StopPodSandbox { sandbox });
                if parts.runtime.actual().sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                    self.doing = PendingCall::StoppingSandbox(sandbox);
                }
            }
            Task::RunSandbox(sandbox) => {
                self.has_acted = true;
                step.out.action(step.now, Action::RunPodSandbox { sandbox });
                self.doing = PendingCall::RunningSandbox(sandbox);
            }
            Task::Start(container) => self.begin_start(container, parts, step),
            Task::ReportStopped => self.report_stopped(parts, step),
        }
    }

    /// Everything was told to stop. What runs all the same is stopped once more, after a while.
    fn report_stopped(&mut self, parts: &mut Kubelet, step: &mut Step<'_>) {
        let runtime = parts.runtime.actual().clone();
        parts.probers.remove_pod();
        if runtime.instances.iter().any(Instance::is_running) {
            self.has_failed = true;
            return;
        }
        let writes = parts.status.published.writes;
        parts.report(&runtime, self.reporting(Finality::IsOver, None), step);
        if writes != parts.status.published.writes && parts.runtime.notices_at_once() {
            parts.status.published.held_back = HeldBack::UntilReadBack;
        }
    }

    /// A start has failed: it ends the round if it was that of an init container.
    pub(crate) fn fail_start(&mut self, container: ContainerIndex) {
        self.doing = PendingCall::Nothing;
        self.has_failed = true;
        if self.object.spec.container(container).is_some_and(|spec| spec.kind() == ContainerKind::Init) {
            self.todo.clear();
        }
    }

    fn keep_logs(&self, container: ContainerIndex, instance: InstanceId, parts: &mut Kubelet) {
        let mut known = self.view.instances_of(container);
        if let Some(removed) = known.find(|known| known.id == instance) {
            parts.containers.keep_logs(container, removed.restart_count);
        }
    }

    /// The restart count of a container's next instance: after the newest that the sync sees, else after what the logs
    /// show.
    pub(crate) fn next_restart_count(&self, container: ContainerIndex, parts: &Kubelet) -> i32 {
        match self.view.newest(container) {
            Some(newest) => newest.restart_count.saturating_add(1),
            None => parts.containers.count_by_logs(container),
        }
    }
}

/// Removals of dead instances of init containers, chosen by their place among the dead ones of their container.
fn instances_of_init(spec: &PodSpec, view: &RuntimeStatus, is_chosen: impl Fn(usize) -> bool) -> Vec<Task> {
    let is_dead = |instance: &&Instance| matches!(instance.state, InstanceState::Exited(_) | InstanceState::Unknown);
    let mut tasks = Vec::new();
    for (index, _) in spec.init_containers() {
        let dead = view.instances_of(index).filter(is_dead).enumerate();
        tasks.extend(dead.filter(|(place, _)| is_chosen(*place)).map(|(_, it)| Task::Remove(index, it.id)));
    }
    tasks
}
