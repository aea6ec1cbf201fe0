//! That a Pod comes to its end.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Violation, hold};
use crate::{
    action::{Action, SyncKind, SyncProgress},
    budget,
    event::{ApiEvent, Event, RuntimeEvent},
    kubelet::{PodMachine, Sink, WorkerState},
    spec::{ContainerSpec, LifecycleHook, PodSpec, ProbeKind},
    testkit::{
        answer::{answer, is_answer},
        life::Reply,
    },
    time::{Timestamp, seconds},
};

/// More answers than that do not come between two moments.
const MOST_ANSWERS: usize = 10_000;

/// What a kubelet needs beside stopping: a sync that is held back, a relist that is waited for, whole seconds.
const SLACK: Duration = Duration::from_secs(30);

/// Once everything that a Pod asks for is answered, and well, its end comes within the time that
/// [`budget::longest_stop`] gives, counted from when the sync that stops it begins; instances that are of no container of
/// its spec have ended by then. A sync that was under way before may stop one container after the other, and wait for
/// the hooks of those that it has started. `asked` is what nobody has answered yet.
///
/// ```
/// use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, RandomDriver, invariant::a_deleted_pod_ends_in_time}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let life = RandomDriver::begin(spec, config, &mut Vec::new());
///     a_deleted_pod_ends_in_time(life.pod, life.asked, life.now).map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What was broken: it goes on asking at one instant, or has not ended in time.
pub fn a_deleted_pod_ends_in_time(pod: PodMachine, asked: Vec<Action>, now: Timestamp) -> Result<(), Violation> {
    let mut last = Last { pod, now, heard: Heard { asked, stops_since: None } };
    last.lose_foreigners();
    last.answer_all()?;
    let grace_seconds = last.pod.spec().termination_grace().map_or(0, seconds::to_field).clamp(0, 3_600);
    last.heard.stops_since = None;
    // One that is gone, or has never been on a node, has nothing to be told.
    last.hear(Event::Api(ApiEvent::Deleted { grace_seconds, generation: None }));
    let longest = budget::longest_stop(last.pod.spec(), Duration::from_secs(grace_seconds.max(1).unsigned_abs()));
    let begins_by = now + longest_sync(last.pod.spec());
    while last.pod.worker_state() != WorkerState::Finished {
        last.answer_all()?;
        if last.pod.worker_state() == WorkerState::Finished {
            break;
        }
        let latest = last.heard.stops_since.unwrap_or(begins_by) + longest.saturating_add(SLACK);
        let (state, next) = (last.pod.worker_state(), last.pod.poll_timeout());
        hold!(next.is_some_and(|at| at <= latest), "deleted at {now:?}, {state} and it wakes at {next:?}: too late");
        last.sleep(next.unwrap_or(latest));
    }
    Ok(())
}

/// How long a sync takes at most in which every container is stopped by itself, and started.
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

/// The longest grace that the spec promises a container, whatever it is stopped for.
fn longest_grace(spec: &PodSpec, container: &ContainerSpec) -> Duration {
    let probes = [ProbeKind::Liveness, ProbeKind::Startup].map(|kind| container.probe(kind)?.termination_grace());
    let graces = probes.into_iter().chain([spec.termination_grace()]).flatten();
    graces.max().unwrap_or_default()
}

/// The rest of a life, in a world that answers everything well and at once.
struct Last {
    pod: PodMachine,
    now: Timestamp,
    heard: Heard,
}

/// What a Pod has said.
struct Heard {
    /// What is asked for and not answered.
    asked: Vec<Action>,
    /// When the sync began that stops everything; where nothing was left to stop, the one after it.
    stops_since: Option<Timestamp>,
}

impl Sink for Heard {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.asked.push(action);
    }

    fn sync(&mut self, at: Timestamp, progress: SyncProgress) {
        if matches!(progress, SyncProgress::Began { kind: SyncKind::Terminating | SyncKind::Terminated, .. }) {
            self.stops_since.get_or_insert(at);
        }
    }
}

impl Last {
    /// Nobody stops what is of no container of the spec: it ends by itself.
    fn lose_foreigners(&mut self) {
        let mut runtime = self.pod.runtime().clone();
        runtime.instances.retain(|instance| instance.container.is_some());
        // What was listed before can be listed again.
        self.hear(Event::Runtime(RuntimeEvent::Relisted(runtime)));
    }

    fn answer_all(&mut self) -> Result<(), Violation> {
        for _ in 0..MOST_ANSWERS {
            if self.heard.asked.is_empty() {
                return Ok(());
            }
            let action = self.heard.asked.remove(0);
            let Some(news) = answer(&action, &Reply::Well, self.pod.runtime()) else { continue };
            if !is_answer(&action, &news) {
                // First the end of what is stopped, then the stop itself.
                self.heard.asked.insert(0, action);
            }
            self.hear(Event::Runtime(news));
        }
        Err("it asks for more and more".into())
    }

    /// Hears something; what nobody waits for is refused.
    fn hear(&mut self, event: Event) {
        let _ = self.pod.handle_event(self.now, event, &mut self.heard);
    }

    fn sleep(&mut self, until: Timestamp) {
        self.now = self.now.max(until);
        self.pod.handle_timeout(self.now, &mut self.heard);
    }
}
