//! A property test of a toy controller: whatever its Pod goes through, it never takes it for available too early, and
//! asks for another in its place exactly once, when it has ended.

use std::time::Duration;

use pod_lifecycle::{
    Timestamp,
    api::{Named, PodPhase, PodStatus},
    sim::{ScenarioError, StatusMatcher},
    testkit,
};
use proptest::{prelude::*, test_runner::TestRunner};

/// How long a Pod has to be ready until it counts as available.
const MIN_READY: Duration = Duration::from_secs(10);

/// A controller with one Pod, as its informer shows it.
#[derive(Default)]
struct Controller {
    ready_since: Option<Timestamp>,
    replacements: u32,
    has_ended: bool,
}

impl Controller {
    fn reconcile(&mut self, now: Timestamp, status: &PodStatus) {
        let is_ready = StatusMatcher::ready().matches(status);
        self.ready_since = if is_ready { self.ready_since.or(Some(now)) } else { None };
        let phase = status.phase.as_ref().and_then(Named::known).unwrap_or(PodPhase::Pending);
        if phase.is_terminal() && !self.has_ended {
            self.has_ended = true;
            self.replacements += 1;
        }
    }

    fn is_available(&self, now: Timestamp) -> bool {
        self.ready_since.is_some_and(|since| now.since(since) >= MIN_READY)
    }
}

#[test]
fn a_pod_is_available_only_after_it_was_ready_and_is_replaced_once() {
    TestRunner::deterministic()
        .run(&testkit::scenario(), |scenario| {
            let timeline = match scenario.play() {
                Ok(timeline) => timeline,
                // What a random script has in store may turn out to be impossible.
                Err(ScenarioError::Impossible { .. } | ScenarioError::Endless { .. }) => return Ok(()),
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            let mut controller = Controller::default();
            for (at, status) in timeline.observed_statuses() {
                controller.reconcile(at, status);
                if controller.is_available(at) {
                    let ready = timeline.first_ready().expect("it was ready");
                    prop_assert!(at.since(timeline.start) >= ready + MIN_READY);
                }
            }
            let has_ended = timeline.was_ever(PodPhase::Succeeded) || timeline.was_ever(PodPhase::Failed);
            prop_assert_eq!(controller.replacements, u32::from(has_ended));
            Ok(())
        })
        .unwrap();
}
