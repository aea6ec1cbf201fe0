//! That a Pod comes to its end.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Broken, hold};
use crate::{
    action::Action,
    budget,
    event::{ApiEvent, Event, RuntimeEvent},
    kubelet::{Output, Pod, WorkerState},
    strategy::{
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
/// [`budget::longest_stop`] gives, counted from its deletion; instances that are of no container of its spec have ended
/// by then. `asked` is what nobody has answered yet.
///
/// ```
/// use pod_lifecycle::{Pod, Timestamp, strategy::{self, RandomLife, invariant::a_deleted_pod_ends_in_time}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(strategy::spec(), strategy::config()), |(spec, config)| {
///     let life = RandomLife::begin(spec, config, &mut Vec::new());
///     a_deleted_pod_ends_in_time(life.pod, life.asked, life.now).map_err(TestCaseError::fail)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What was broken: it goes on asking at one instant, or has not ended in time.
pub fn a_deleted_pod_ends_in_time(pod: Pod, asked: Vec<Action>, now: Timestamp) -> Result<(), Broken> {
    let mut last = Last { pod, asked, now };
    last.lose_foreigners();
    last.answer_all()?;
    let grace_seconds = last.pod.spec().termination_grace().map_or(0, seconds::to_field).clamp(0, 3_600);
    let deleted = Event::Api(ApiEvent::Deleted { grace_seconds, generation: None });
    let mut out = Vec::new();
    // One that is gone, or has never been on a node, has nothing to be told.
    let _ = last.pod.handle_event(now, deleted, &mut out);
    last.note(out);
    let longest = budget::longest_stop(last.pod.spec(), Duration::from_secs(grace_seconds.max(1).unsigned_abs()));
    let latest = now + longest.saturating_add(SLACK);
    while last.pod.worker_state() != WorkerState::Finished {
        last.answer_all()?;
        if last.pod.worker_state() == WorkerState::Finished {
            break;
        }
        let (state, next) = (last.pod.worker_state(), last.pod.poll_timeout());
        hold!(next.is_some_and(|at| at <= latest), "deleted at {now:?}, {state} and it wakes at {next:?}: too late");
        last.sleep(next.unwrap_or(latest));
    }
    Ok(())
}

/// The rest of a life, in a world that answers everything well and at once.
struct Last {
    pod: Pod,
    asked: Vec<Action>,
    now: Timestamp,
}

impl Last {
    /// Nobody stops what is of no container of the spec: it ends by itself.
    fn lose_foreigners(&mut self) {
        let mut runtime = self.pod.runtime().clone();
        runtime.instances.retain(|instance| instance.container.is_some());
        let mut out = Vec::new();
        // What was listed before can be listed again.
        let _ = self.pod.handle_event(self.now, Event::Runtime(RuntimeEvent::Relisted(runtime)), &mut out);
        self.note(out);
    }

    fn answer_all(&mut self) -> Result<(), Broken> {
        for _ in 0..MOST_ANSWERS {
            if self.asked.is_empty() {
                return Ok(());
            }
            let action = self.asked.remove(0);
            let Some(news) = answer(&action, &Reply::Well, self.pod.runtime()) else { continue };
            if !is_answer(&action, &news) {
                // First the end of what is stopped, then the stop itself.
                self.asked.insert(0, action);
            }
            let mut out = Vec::new();
            // What nobody waits for any more is refused.
            let _ = self.pod.handle_event(self.now, Event::Runtime(news), &mut out);
            self.note(out);
        }
        Err("it asks for more and more".into())
    }

    fn sleep(&mut self, until: Timestamp) {
        self.now = self.now.max(until);
        let mut out = Vec::new();
        self.pod.handle_timeout(self.now, &mut out);
        self.note(out);
    }

    fn note(&mut self, out: Vec<Output>) {
        let actions =
            out.into_iter().filter_map(|it| if let Output::Action(action) = it { Some(action) } else { None });
        self.asked.extend(actions);
    }
}
