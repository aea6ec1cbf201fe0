//! Invariant of termination: a deleted Pod terminates within its budget.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Violation, ensure};
use crate::{
    action::{Action, SyncKind, SyncProgress},
    budget,
    event::{ApiEvent, ContainerExit, Event, RuntimeEvent},
    kubelet::{PodMachine, Sink, WorkerState},
    spec::{ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind},
    testkit::driver::{AnswerKind, answer, is_answer},
    time::{Timestamp, seconds},
};

/// Upper bound of actions at one instant; more are a livelock.
const MOST_ANSWERS: usize = 10_000;

/// Time beside the stops themselves: a delayed sync, a relist, and rounding to whole seconds.
const SLACK: Duration = Duration::from_secs(30);

/// A deleted Pod finishes within [`budget::longest_stop`] of the start of its terminating sync, if the runtime answers
/// all actions with success. `pending` holds the actions that have not been answered yet.
///
/// Instances of no container of the spec are taken to have exited. A sync that was under way may first stop its
/// containers one by one, and wait for the postStart hooks of those that it has started.
///
/// ```
/// use pod_lifecycle::testkit::{self, RandomDriver, invariants::a_deleted_pod_terminates_in_time};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let driver = RandomDriver::new(spec, config, &mut Vec::new());
///     a_deleted_pod_terminates_in_time(driver.pod, driver.pending, driver.now).map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns the violation: a livelock at one instant, or a Pod that has not finished in time.
pub fn a_deleted_pod_terminates_in_time(
    pod: PodMachine,
    pending: Vec<Action>,
    now: Timestamp,
) -> Result<(), Violation> {
    let mut runtime = IdealRuntime::new(pod, pending, now);
    runtime.remove_unknown_instances();
    runtime.answer_all()?;
    // An hour at most: a longer one makes the run no different, only later.
    let grace_seconds = runtime.pod.spec().termination_grace().map_or(0, seconds::to_field).clamp(0, 3_600);
    runtime.outputs.stops_since = None;
    // A Pod that is gone, or never was on a node, refuses this.
    runtime.send(Event::Api(ApiEvent::Deleted { grace_seconds, generation: None }));
    let longest = budget::longest_stop(runtime.pod.spec(), Duration::from_secs(grace_seconds.max(1).unsigned_abs()));
    let begins_by = now + longest_sync(runtime.pod.spec());
    while runtime.pod.worker_state() != WorkerState::Finished {
        runtime.answer_all()?;
        if runtime.pod.worker_state() == WorkerState::Finished {
            break;
        }
        let latest = runtime.outputs.stops_since.unwrap_or(begins_by) + longest.saturating_add(SLACK);
        let (state, next) = (runtime.pod.worker_state(), runtime.pod.poll_timeout());
        ensure!(next.is_some_and(|at| at <= latest), "deleted at {now:?}, {state} and it wakes at {next:?}: too late");
        runtime.wait(next.unwrap_or(latest));
    }
    Ok(())
}

/// Returns the longest duration of a sync that stops every container, one after the other, and starts it again.
fn longest_sync(spec: &PodSpec) -> Duration {
    let each = spec.containers().map(|(_, container)| {
        let hook = match container.post_start() {
            Some(LifecycleHook::Sleep(time)) => *time,
            Some(LifecycleHook::Run(_)) | None => Duration::ZERO,
        };
        budget::longest_stop(spec, longest_grace(spec, container)).saturating_add(hook)
    });
    each.fold(Duration::ZERO, Duration::saturating_add)
}

/// Returns a container's longest grace period: the Pod's, or that of a probe.
fn longest_grace(spec: &PodSpec, container: &ContainerSpec) -> Duration {
    let probes = [ProbeKind::Liveness, ProbeKind::Startup].map(|kind| container.probe(kind)?.termination_grace());
    let graces = probes.into_iter().chain([spec.termination_grace()]).flatten();
    graces.max().unwrap_or_default()
}

/// Pod with a runtime that answers every action at once, and with success.
pub(super) struct IdealRuntime {
    pub(super) pod: PodMachine,
    now: Timestamp,
    outputs: Outputs,
}

/// Sink of the Pod.
struct Outputs {
    pending: Vec<Action>,
    /// Start of `SyncTerminatingPod`, or of `SyncTerminatedPod` if there was nothing to stop.
    stops_since: Option<Timestamp>,
}

impl Sink for Outputs {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.pending.push(action);
    }

    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        if matches!(progress, SyncProgress::Began { kind: SyncKind::Terminating | SyncKind::Terminated, .. }) {
            self.stops_since.get_or_insert(at);
        }
    }
}

impl IdealRuntime {
    /// Creates a runtime that has these actions to answer.
    pub(super) fn new(pod: PodMachine, pending: Vec<Action>, now: Timestamp) -> IdealRuntime {
        IdealRuntime { pod, now, outputs: Outputs { pending, stops_since: None } }
    }

    /// Removes instances that belong to no container of the spec, since the kubelet never stops them.
    pub(super) fn remove_unknown_instances(&mut self) {
        let mut runtime = self.pod.runtime().clone();
        runtime.instances.retain(|instance| instance.container.is_some());
        self.send(Event::Runtime(RuntimeEvent::Relisted(runtime)));
    }

    /// Lets each running init container exit with code 0; true if there was any.
    pub(super) fn complete_init_containers(&mut self) -> bool {
        let spec = self.pod.spec().clone();
        let is_init = |index| spec.container(index).is_some_and(|it| it.kind() == ContainerKind::Init);
        let running = self.pod.runtime().instances.iter().filter(|instance| instance.is_running());
        let running = running.filter_map(|instance| Some((instance.container?, instance.id)));
        let running: Vec<_> = running.filter(|(container, _)| is_init(*container)).collect();
        for &(container, instance) in &running {
            let exit = ContainerExit::with_code(0);
            self.send(Event::Runtime(RuntimeEvent::ContainerExited { container, instance, exit }));
        }
        !running.is_empty()
    }

    pub(super) fn answer_all(&mut self) -> Result<(), Violation> {
        for _ in 0..MOST_ANSWERS {
            if self.outputs.pending.is_empty() {
                return Ok(());
            }
            // In their order, as an embedder must.
            let action = self.outputs.pending.remove(0);
            let Some(event) = answer(&action, &AnswerKind::Success, self.pod.runtime()) else { continue };
            if !is_answer(&action, &event) {
                // ContainerExited comes before ContainerStopped, which completes the action.
                self.outputs.pending.insert(0, action);
            }
            self.send(Event::Runtime(event));
        }
        Err(alloc::format!("{MOST_ANSWERS} actions at one instant"))
    }

    /// Sends an event; one that the Pod refuses makes no difference.
    fn send(&mut self, event: Event) {
        let _ = self.pod.handle_event(self.now, event, &mut self.outputs);
    }

    pub(super) fn wait(&mut self, until: Timestamp) {
        self.now = self.now.max(until);
        self.pod.handle_timeout(self.now, &mut self.outputs);
    }
}
