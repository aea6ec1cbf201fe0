//! Stopping containers: word, preStop hook, turn, SIGTERM, and SIGKILL in the end.

use alloc::format;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Step,
    components::Kubelet,
    sync::{PendingCall, Sync, Task},
};
use crate::{
    action::{Action, EventReason, EventType, SyncKind},
    event::HookKind,
    rule::{
        pod_actions::{Kill, Reset},
        termination,
    },
    spec::{ContainerIndex, LifecycleHook, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// A container being stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stop {
    pub(crate) container: ContainerIndex,
    pub(crate) instance: InstanceId,
    /// What is left of it.
    pub(crate) grace: Duration,
    pub(crate) stage: StopStage,
    /// Whether the container takes its turn among those of its Pod.
    pub(crate) is_ordered: bool,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub(crate) enum StopStage {
    /// The hook runs, at most until `until`.
    PreStop {
        #[serde(with = "crate::time::exact")]
        since: Timestamp,
        #[serde(with = "crate::time::exact")]
        until: Timestamp,
    },
    /// Others go first, at most until `until`.
    Turn {
        #[serde(with = "crate::time::exact")]
        since: Timestamp,
        #[serde(with = "crate::time::exact")]
        until: Timestamp,
    },
    /// It was told to stop.
    Told,
    /// Nothing has been done about it yet.
    Pending,
    /// It is gone.
    Gone,
}

impl Stop {
    /// When the stop goes on by itself.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            StopStage::PreStop { until, .. } | StopStage::Turn { until, .. } => Some(until),
            StopStage::Pending | StopStage::Told | StopStage::Gone => None,
        }
    }
}

impl Sync {
    /// Stops every container that runs in the view, together.
    pub(super) fn begin_stop_of_all(&mut self, parts: &mut Kubelet, step: &mut Step<'_>) {
        let override_grace = self.grace.filter(|_| self.kind == SyncKind::Terminating);
        let is_ordered = self.object.spec.has_sidecars();
        let spec = self.object.spec.clone();
        for (container, container_spec) in spec.containers() {
            for running in self.view.instances_of(container).filter(|instance| instance.is_running()) {
                let message = || format!("Stopping container {}", container_spec.name());
                step.record(EventType::Normal, EventReason::Killing, Some(container), message);
                let grace = override_grace.unwrap_or_else(|| self.grace_of(container, None));
                let stage = StopStage::Pending;
                self.stops.push(Stop { container, instance: running.id, grace, stage, is_ordered });
            }
        }
        self.has_acted = true;
        self.doing = PendingCall::Stopping;
        // Those without a hook are told to stop before the hooks of the others run.
        for with_hook in [false, true] {
            for place in 0..self.stops.len() {
                self.begin_stop(place, with_hook, parts, step);
            }
            self.go_on_stopping(step);
        }
    }

    /// Stops one container for a reason of its own.
    pub(super) fn begin_kill(&mut self, kill: Kill, parts: &mut Kubelet, step: &mut Step<'_>) {
        let spec = self.object.spec.clone();
        let message = || format!("{}", kill.message(&spec));
        step.record(EventType::Normal, EventReason::Killing, Some(kill.container), message);
        let grace = self.grace_of(kill.container, kill.reason.failed_probe());
        self.begin_single_stop(kill.container, kill.instance, grace, parts, step);
    }

    /// Removes an instance so that all containers start afresh; one that lives is stopped first, without grace.
    pub(super) fn begin_reset(&mut self, reset: Reset, parts: &mut Kubelet, step: &mut Step<'_>) {
        self.has_reset = true;
        self.todo.push_front(Task::RemoveButLogs(reset.container, reset.instance));
        if reset.kill {
            step.record(EventType::Normal, EventReason::Killing, Some(reset.container), || "killing".into());
            self.begin_single_stop(reset.container, reset.instance, Duration::ZERO, parts, step);
        }
    }

    pub(super) fn begin_single_stop(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        grace: Duration,
        parts: &mut Kubelet,
        step: &mut Step<'_>,
    ) {
        let stop = Stop { container, instance, grace, stage: StopStage::Pending, is_ordered: false };
        self.has_acted = true;
        self.stops.push(stop);
        if !matches!(self.doing, PendingCall::StoppingFailed(_)) {
            self.doing = PendingCall::Stopping;
        }
        let place = self.stops.len().saturating_sub(1);
        self.begin_stop(place, false, parts, step);
        self.begin_stop(place, true, parts, step);
        self.go_on_stopping(step);
    }

    pub(super) fn grace_of(&self, container: ContainerIndex, failed_probe: Option<ProbeKind>) -> Duration {
        let deletion = self.object.deletion_grace();
        let grace = |container| termination::container_grace(&self.object.spec, deletion, container, failed_probe);
        self.object.spec.container(container).map_or(termination::MINIMUM_GRACE, grace)
    }

    /// The first thing that happens to a container to be stopped: its hook, if there is time; else its turn.
    fn begin_stop(&mut self, place: usize, with_hook: bool, parts: &mut Kubelet, step: &mut Step<'_>) {
        let Some(stop) = self.stops.get_mut(place) else { return };
        let (container, instance) = (stop.container, stop.instance);
        let hook = self.object.spec.container(container).and_then(|container| container.pre_stop());
        let hook = hook.filter(|_| termination::has_time_left(stop.grace));
        let Some(hook) = hook.filter(|_| with_hook) else {
            if hook.is_none() && !with_hook {
                take_turn(stop, step.now);
            }
            return;
        };
        let longest = match hook {
            LifecycleHook::Sleep(time) => stop.grace.min(*time),
            LifecycleHook::Run(_) => {
                parts.containers.begin_pre_stop(container, instance);
                step.out.action(step.now, Action::RunHook { container, instance, hook: HookKind::PreStop });
                stop.grace
            }
        };
        stop.stage = StopStage::PreStop { since: step.now, until: step.now + longest };
    }

    /// Goes on with every stop whose hook is over or whose turn has come, and ends the wait when all are gone.
    pub(super) fn go_on_stopping(&mut self, step: &mut Step<'_>) {
        if !matches!(self.doing, PendingCall::Stopping | PendingCall::StoppingFailed(_)) {
            return;
        }
        for place in 0..self.stops.len() {
            self.go_on_with_stop(place, step);
        }
        if self.stops.iter().all(|stop| stop.stage == StopStage::Gone) {
            self.stops.clear();
            if let PendingCall::StoppingFailed(container) = self.doing {
                self.fail_start(container);
            } else {
                self.doing = PendingCall::Nothing;
            }
        }
    }

    fn go_on_with_stop(&mut self, place: usize, step: &mut Step<'_>) {
        let Some(stop) = self.stops.get(place) else { return };
        let is_free = !self.stops.iter().any(|other| {
            other.stage != StopStage::Gone && termination::waits_for(&self.object.spec, stop.container, other.container)
        });
        let Some(stop) = self.stops.get_mut(place) else { return };
        if let StopStage::PreStop { since, until } = stop.stage
            && until <= step.now
        {
            stop.grace = termination::remaining_grace(stop.grace, step.now.since(since));
            take_turn(stop, step.now);
        }
        if let StopStage::Turn { since, until } = stop.stage
            && (is_free || !stop.is_ordered || until <= step.now)
        {
            stop.grace = termination::remaining_grace(stop.grace, step.now.since(since));
            stop.stage = StopStage::Told;
            let timeout = termination::stop_timeout(stop.grace);
            let (container, instance) = (stop.container, stop.instance);
            step.out.action(step.now, Action::StopContainer { container, instance, timeout });
        }
    }

    /// A hook before a stop has ended, in time or late.
    pub(super) fn on_pre_stop_finished(
        &mut self,
        container: ContainerIndex,
        instance: InstanceId,
        step: &mut Step<'_>,
    ) {
        let mut stops = self.stops.iter_mut();
        let stop = stops.find(|stop| stop.container == container && stop.instance == instance);
        if let Some(Stop { stage: StopStage::PreStop { until, .. }, .. }) = stop {
            *until = step.now;
        }
        self.go_on_stopping(step);
    }
}

fn take_turn(stop: &mut Stop, now: Timestamp) {
    stop.stage = StopStage::Turn { since: now, until: now + stop.grace };
}
