//! A life lived one moment at a time.

use super::{player::Player, scenario::ScenarioError, timeline::Entry};
use crate::{machine::Pod, time::Timestamp};

/// A life that is being lived: it goes on when it is told to, and the Pod can be looked at in between.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::{manifest::PodPhase, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"containers": {"app": {"image": {"present": false, "pullSeconds": 20}}}}
/// }"#)?;
/// let mut life = scenario.life()?;
/// let pulled = life.now() + Duration::from_secs(20);
/// assert_eq!((life.pod().phase(), life.next()), (PodPhase::Pending, Some(pulled)));
/// life.advance_to(pulled)?;
/// assert_eq!(life.pod().phase(), PodPhase::Running);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Life<'a> {
    player: Player<'a>,
    now: Timestamp,
    end: Timestamp,
}

impl<'a> Life<'a> {
    pub(super) fn begun(mut player: Player<'a>) -> Result<Life<'a>, ScenarioError> {
        let end = player.end();
        player.begin()?;
        Ok(Life { now: player.now, player, end })
    }

    /// Lives up to and including this moment, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if something in the script cannot happen.
    pub fn advance_to(&mut self, at: Timestamp) -> Result<(), ScenarioError> {
        let at = at.min(self.end);
        while self.player.step(at)? {}
        self.now = self.now.max(at);
        Ok(())
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When something happens next; `None` once the Pod is finished or the script has ended.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.player.upcoming().map(|(at, _)| at).filter(|at| *at <= self.end)
    }

    /// The Pod as it is now.
    #[must_use]
    pub fn pod(&self) -> &Pod {
        &self.player.pod
    }

    /// What has happened so far.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.player.recorder.entries
    }
}
