//! A life in a few lines.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use super::{seen::StatusMatcher, timeline::Timeline};
use crate::{
    api::{ContainerState, ContainerStatus, PodManifest},
    time::{Timestamp, go_duration},
};

/// What an observer saw change, a line an instant, and how the story ended.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let pod = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
/// let timeline = Scenario::of(pod).container("app", |app| app.pulled_in(20.0)).delete_at(60.0).play()?;
/// assert_eq!(timeline.to_string(), "\
/// web, from 2026-03-01T12:00:00Z
/// +0s       Pending; app waits: ContainerCreating
/// +20s      Running, ready; app runs
/// +1m0s     Failed, not ready; is being deleted, with a grace of 0s; app has ended: exit code 143
/// +1m0s     the object is gone
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, from {}", self.pod.metadata.name, self.start)?;
        let mut before = PodManifest::default();
        for (at, pod) in self.objects() {
            let changes = changes(&before, &pod);
            if !changes.is_empty() {
                self.line(f, at, &changes.join("; "))?;
            }
            before = pod;
        }
        match self.end.removed_at {
            Some(at) => self.line(f, at, "the object is gone"),
            None => self.line(f, self.end.at, if self.end.is_finished { "the end" } else { "and so on" }),
        }
    }
}

impl Timeline {
    fn line(&self, f: &mut fmt::Formatter<'_>, at: Timestamp, said: &str) -> fmt::Result {
        let offset = format!("+{}", go_duration(at.since(self.start)));
        writeln!(f, "{offset:<9} {said}")
    }
}

/// What has changed of a Pod between two looks.
fn changes(before: &PodManifest, after: &PodManifest) -> Vec<String> {
    let mut changes = Vec::new();
    let is_ready = |pod: &PodManifest| StatusMatcher::ready().matches(&pod.status);
    let readiness = if is_ready(after) { "ready" } else { "not ready" };
    let turned = is_ready(before) != is_ready(after);
    match &after.status.phase {
        Some(phase) if before.status.phase.as_ref() != Some(phase) && turned => {
            changes.push(format!("{phase}, {readiness}"));
        }
        Some(phase) if before.status.phase.as_ref() != Some(phase) => changes.push(format!("{phase}")),
        Some(_) | None if turned => changes.push(readiness.into()),
        Some(_) | None => {}
    }
    let grace = after.metadata.deletion_grace_period_seconds;
    if let Some(grace) = grace.filter(|_| grace != before.metadata.deletion_grace_period_seconds) {
        changes.push(format!("is being deleted, with a grace of {grace}s"));
    }
    for status in after.status.every_container() {
        let was = before.status.every_container().find(|was| was.name == status.name);
        if was.is_none_or(|was| was.state != status.state || was.restart_count != status.restart_count) {
            changes.extend(container(status));
        }
    }
    changes
}

/// What a container is doing.
fn container(status: &ContainerStatus) -> Option<String> {
    let name = &status.name;
    match &status.state {
        ContainerState { running: Some(_), .. } => Some(match status.restart_count {
            ..=0 => format!("{name} runs"),
            restarts => format!("{name} runs, restart {restarts}"),
        }),
        ContainerState { terminated: Some(end), .. } => Some(format!("{name} has ended: exit code {}", end.exit_code)),
        ContainerState { waiting: Some(waiting), .. } => Some(format!("{name} waits: {}", waiting.reason)),
        ContainerState { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use crate::sim::Scenario;

    /// The story of two containers, of which one crashes after 20 s.
    fn told_until(second: u32) -> String {
        let pod = r#"{"metadata": {"name": "web"}, "spec": {"containers": [
            {"name": "app", "image": "nginx:1"}, {"name": "log", "image": "log:1"}]}}"#;
        let scenario = Scenario::of(serde_json::from_str(pod).unwrap());
        let scenario = scenario.container("log", |log| log.exits_after(20.0).with_code(1)).until(second.into());
        scenario.play().unwrap().to_string()
    }

    #[test]
    fn only_the_container_that_has_changed_is_told() {
        let story = told_until(25);
        let crashed = story.lines().find(|line| line.starts_with("+20s")).unwrap();
        assert!(crashed.contains("log") && !crashed.contains("app"), "{story}");
    }

    #[test]
    fn a_container_that_goes_on_running_is_not_told_again_when_another_restarts() {
        let story = told_until(60);
        assert!(story.contains("log runs, restart 1"), "{story}");
        assert_eq!(story.matches("app").count(), 1, "it is told once, when it starts: {story}");
    }
}
