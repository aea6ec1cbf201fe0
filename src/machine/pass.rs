//! One pass of the worker: what is left to do, what is waited for, and the frozen view that it acts on.

use alloc::{collections::VecDeque, vec::Vec};

use super::{Pod, Step, stop::Stop};
use crate::{
    action::{Action, EventReason, EventType, SyncKind, SyncProgress},
    rule::pod_actions::{self, Kill, PodActions, Reset, SyncInputs},
    spec::{ContainerIndex, ContainerKind},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
    time::Timestamp,
};

/// A pass under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pass {
    pub(crate) kind: SyncKind,
    /// The runtime as it was when the pass began.
    pub(crate) view: RuntimeStatus,
    pub(crate) todo: VecDeque<Task>,
    pub(crate) doing: Doing,
    /// Containers being stopped.
    pub(crate) stops: Vec<Stop>,
    pub(crate) has_failed: bool,
    /// Whether instances were removed so that all containers start afresh.
    pub(crate) has_reset: bool,
    /// When the earliest crash-loop back-off that was met ends.
    pub(crate) earliest_release: Option<Timestamp>,
}

/// Something that a pass is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Task {
    /// Stop every container that runs in the view, together.
    StopAll,
    /// Stop one container.
    Kill(Kill),
    /// Remove an instance, stopped before if need be.
    Reset(Reset),
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

/// What a pass is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Doing {
    /// Nothing.
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
    Pulling(ContainerIndex, Timestamp),
    /// The instance.
    Creating(ContainerIndex, InstanceId),
    /// The instance's start.
    Starting(ContainerIndex, InstanceId),
    /// The end of the hook after the start.
    PostStart(ContainerIndex, InstanceId, Option<Timestamp>),
    /// The end of an instance whose hook failed.
    StoppingFailed(ContainerIndex),
}

impl Pass {
    fn new(kind: SyncKind, view: RuntimeStatus) -> Pass {
        Pass {
            kind,
            view,
            todo: VecDeque::new(),
            doing: Doing::Nothing,
            stops: Vec::new(),
            has_failed: false,
            has_reset: false,
            earliest_release: None,
        }
    }

    /// Whether what is waited for takes time in principle, so that others get a turn.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(self.doing, Doing::Pulling(..) | Doing::PostStart(..) | Doing::Stopping | Doing::StoppingFailed(_))
    }

    fn plan_stop_of_all(&mut self) {
        self.todo.push_back(Task::StopAll);
        self.todo.extend(self.view.sandboxes.iter().map(|sandbox| Task::StopSandbox(sandbox.id)));
    }
}

impl Pod {
    /// Begins a pass that keeps the Pod as it ought to be; there is nothing to do if its phase is terminal.
    pub(super) fn begin_sync(&mut self, step: &mut Step<'_>) -> Option<Pass> {
        self.note_begin(SyncKind::Sync, step);
        let view = self.runtime.clone();
        let phase = self.report(&view, false, step);
        if phase.is_terminal() {
            step.out.sync(step.now, SyncProgress::Ended { kind: SyncKind::Sync, failed: false });
            self.begin_terminating();
            return None;
        }
        self.make_probers(step.now);
        let actions = self.next_actions(&view);
        Some(self.plan(Pass::new(SyncKind::Sync, view), actions, step))
    }

    fn note_begin(&self, kind: SyncKind, step: &mut Step<'_>) {
        step.out.sync(step.now, SyncProgress::Began { kind, grace: self.record.node.grace });
    }

    fn next_actions(&self, view: &RuntimeStatus) -> PodActions {
        pod_actions::compute(&SyncInputs {
            spec: &self.spec,
            runtime: view,
            probes: &self.probe_facts(view),
            is_deleting: self.knows_deletion(),
            is_restarting_all: self.is_restarting_all_true(),
        })
    }

    fn plan(&mut self, mut pass: Pass, mut actions: PodActions, step: &mut Step<'_>) -> Pass {
        if actions.create_sandbox && actions.sandbox.is_some() {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.tell(step, EventType::Normal, EventReason::SandboxChanged, None, || message.into());
        }
        if actions.kill_pod {
            pass.plan_stop_of_all();
            if actions.create_sandbox {
                let purged = self.instances_of_init(&pass.view, |_| true);
                pass.todo.extend(purged);
            }
        } else {
            actions.kill.sort_by_key(|kill| kill.container);
            pass.todo.extend(actions.kill.into_iter().map(Task::Kill));
            pass.todo.extend(actions.reset.into_iter().map(Task::Reset));
        }
        let pruned = self.instances_of_init(&pass.view, |place| place > 0);
        pass.todo.extend(pruned);
        if actions.create_sandbox {
            pass.todo.push_back(Task::RunSandbox(SandboxId(actions.attempt)));
        }
        let starts = actions.start_ephemeral.into_iter().chain(actions.start_init).chain(actions.start);
        pass.todo.extend(starts.map(Task::Start));
        pass
    }

    /// Removals of dead instances of init containers, chosen by their place among the dead ones of their container.
    fn instances_of_init(&self, view: &RuntimeStatus, is_chosen: impl Fn(usize) -> bool) -> Vec<Task> {
        let is_dead =
            |instance: &&Instance| matches!(instance.state, InstanceState::Exited(_) | InstanceState::Unknown);
        let mut tasks = Vec::new();
        for (index, _) in self.spec.init_containers() {
            let dead = view.instances_of(index).filter(is_dead).enumerate();
            tasks.extend(dead.filter(|(place, _)| is_chosen(*place)).map(|(_, it)| Task::Remove(index, it.id)));
        }
        tasks
    }

    /// Begins the pass that stops everything.
    pub(super) fn begin_terminating_pass(&mut self, step: &mut Step<'_>) -> Pass {
        self.note_begin(SyncKind::Terminating, step);
        let mut pass = Pass::new(SyncKind::Terminating, self.runtime.clone());
        self.report(&pass.view, false, step);
        self.end_probers_for_stop();
        pass.plan_stop_of_all();
        pass.todo.push_back(Task::ReportStopped);
        pass
    }

    /// Begins the pass that does the final bookkeeping.
    pub(super) fn begin_terminated_pass(&mut self, step: &mut Step<'_>) -> Pass {
        self.note_begin(SyncKind::Terminated, step);
        let pass = Pass::new(SyncKind::Terminated, self.runtime.clone());
        self.report(&pass.view, true, step);
        self.report_end(step);
        pass
    }

    /// Goes on with a pass; says whether it has come to its end.
    pub(super) fn advance(&mut self, pass: &mut Pass, step: &mut Step<'_>) -> bool {
        while pass.doing == Doing::Nothing {
            let Some(task) = pass.todo.pop_front() else { return true };
            self.begin_task(task, pass, step);
        }
        if pass.takes_time() {
            self.publish_sandbox_ready(step);
        }
        false
    }

    fn begin_task(&mut self, task: Task, pass: &mut Pass, step: &mut Step<'_>) {
        match task {
            Task::StopAll => self.begin_stop_of_all(pass, step),
            Task::Kill(kill) => self.begin_kill(kill, pass, step),
            Task::Reset(reset) => self.begin_reset(reset, pass, step),
            Task::Remove(container, instance) => self.remove_instance(container, instance, step),
            Task::RemoveButLogs(container, instance) => {
                self.keep_logs(container, instance);
                self.remove_instance(container, instance, step);
            }
            Task::StopSandbox(sandbox) => {
                step.out.action(step.now, Action::StopPodSandbox { sandbox });
                if self.runtime.sandboxes.iter().any(|known| known.id == sandbox && known.is_ready) {
                    pass.doing = Doing::StoppingSandbox(sandbox);
                }
            }
            Task::RunSandbox(sandbox) => {
                step.out.action(step.now, Action::RunPodSandbox { sandbox });
                pass.doing = Doing::RunningSandbox(sandbox);
            }
            Task::Start(container) => self.begin_start(container, pass, step),
            Task::ReportStopped => {
                self.end_probers();
                let view = self.runtime.clone();
                let writes = self.record.api.writes;
                self.report(&view, true, step);
                self.record.node.release_due = writes != self.record.api.writes;
            }
        }
    }

    /// A start has failed: it ends the round if it was that of an init container.
    pub(super) fn fail_start(&self, container: ContainerIndex, pass: &mut Pass) {
        pass.doing = Doing::Nothing;
        pass.has_failed = true;
        if self.spec.container(container).is_some_and(|spec| spec.kind() == ContainerKind::Init) {
            pass.todo.clear();
        }
    }

    fn keep_logs(&mut self, container: ContainerIndex, instance: InstanceId) {
        let removed = self.runtime.instance_mut(container, instance).map(|instance| instance.restart_count);
        if let (Some(count), Some(slot)) = (removed, self.record.slots.get_mut(container.get())) {
            let trouble = slot.trouble_mut();
            trouble.after_logs = trouble.after_logs.max(count.saturating_add(1));
        }
    }

    /// The restart count of a container's next instance: after the newest that the pass sees, else after what the logs
    /// show.
    pub(super) fn next_restart_count(&self, container: ContainerIndex, pass: &Pass) -> u32 {
        let slot = self.record.slots.get(container.get());
        let after_logs = || slot.and_then(|slot| slot.trouble.as_ref()).map_or(0, |trouble| trouble.after_logs);
        pass.view.newest(container).map_or_else(after_logs, |newest| newest.restart_count.saturating_add(1))
    }

    /// Forgets an instance and tells the runtime to.
    pub(super) fn remove_instance(&mut self, container: ContainerIndex, instance: InstanceId, step: &mut Step<'_>) {
        step.out.action(step.now, Action::RemoveContainer { container, instance });
        self.runtime.instances.retain(|known| known.container != Some(container) || known.id != instance);
    }
}
