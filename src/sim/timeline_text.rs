//! Text of a timeline: a line for each instant at which a client saw a change.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use super::{status_matcher::StatusMatcher, timeline::Timeline};
use crate::{
    api::{ContainerState, ContainerStatus, PodManifest},
    time::{Timestamp, go_duration},
};

/// Prints the changes that a client saw, a line for each instant, and the end.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let timeline = Scenario::example().container("app", |app| app.pulled_in(20)).delete_at(60).play()?;
/// assert_eq!(timeline.to_string(), "\
/// web, from 2026-03-01T12:00:00Z
/// +0s       Pending; app waiting: ContainerCreating
/// +20s      Running, ready; app running
/// +1m0s     Failed, not ready; being deleted with a grace period of 0s; app exited with code 143
/// +1m0s     the object is removed
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, from {}", self.pod.metadata.name, self.start)?;
        let mut before = PodManifest::default();
        // The empty object stands before the first, so that its line lists everything.
        for (at, pod) in self.objects() {
            let changes = changes(&before, &pod);
            if !changes.is_empty() {
                self.line(f, at, &changes.join("; "))?;
            }
            before = pod;
        }
        match self.end.removed_at {
            Some(at) => self.line(f, at, "the object is removed"),
            None => self.line(f, self.end.at, if self.end.is_finished { "finished" } else { "..." }),
        }
    }
}

impl Timeline {
    fn line(&self, f: &mut fmt::Formatter<'_>, at: Timestamp, text: &str) -> fmt::Result {
        let offset = format!("+{}", go_duration(at.since(self.start)));
        writeln!(f, "{offset:<9} {text}")
    }
}

/// Returns what has changed between two versions of the object.
fn changes(before: &PodManifest, after: &PodManifest) -> Vec<String> {
    let mut changes = Vec::new();
    let is_ready = |pod: &PodManifest| StatusMatcher::ready().matches(&pod.status);
    let readiness = if is_ready(after) { "ready" } else { "not ready" };
    let turned = is_ready(before) != is_ready(after);
    match &after.status.phase {
        // Phase and readiness turn together most of the time: one part of the line for both.
        Some(phase) if before.status.phase.as_ref() != Some(phase) && turned => {
            changes.push(format!("{phase}, {readiness}"));
        }
        Some(phase) if before.status.phase.as_ref() != Some(phase) => changes.push(format!("{phase}")),
        Some(_) | None if turned => changes.push(readiness.into()),
        Some(_) | None => {}
    }
    let grace = after.metadata.deletion_grace_period_seconds;
    if let Some(grace) = grace.filter(|_| grace != before.metadata.deletion_grace_period_seconds) {
        changes.push(format!("being deleted with a grace period of {grace}s"));
    }
    for status in after.status.every_container() {
        let was = before.status.every_container().find(|was| was.name == status.name);
        // A restart within one second may leave an equal state: `startedAt` has whole seconds.
        if was.is_none_or(|was| was.state != status.state || was.restart_count != status.restart_count) {
            changes.extend(container(status));
        }
    }
    changes
}

/// Describes the state of a container.
fn container(status: &ContainerStatus) -> Option<String> {
    let name = &status.name;
    match &status.state {
        ContainerState { running: Some(_), .. } => Some(match status.restart_count {
            ..=0 => format!("{name} running"),
            restarts => format!("{name} running, restart {restarts}"),
        }),
        ContainerState { terminated: Some(end), .. } => Some(format!("{name} exited with code {}", end.exit_code)),
        ContainerState { waiting: Some(waiting), .. } => Some(format!("{name} waiting: {}", waiting.reason)),
        ContainerState { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use crate::sim::Scenario;

    /// Returns the text of a Pod with two containers, of which `log` crashes after 20 s.
    fn text_until(seconds: u32) -> String {
        let pod = r#"{"metadata": {"name": "web"}, "spec": {"containers": [
            {"name": "app", "image": "nginx:1"}, {"name": "log", "image": "log:1"}]}}"#;
        let scenario = Scenario::of(serde_json::from_str(pod).unwrap());
        let scenario = scenario.container("log", |log| log.exits_after(20).with_code(1)).until(seconds);
        scenario.play().unwrap().to_string()
    }

    #[test]
    fn only_the_container_that_has_changed_is_printed() {
        let text = text_until(25);
        let crashed = text.lines().find(|line| line.starts_with("+20s")).unwrap();
        assert!(crashed.contains("log") && !crashed.contains("app"), "{text}");
    }

    #[test]
    fn a_running_container_is_not_printed_again_when_another_restarts() {
        let text = text_until(60);
        assert!(text.contains("log running, restart 1"), "{text}");
        assert_eq!(text.matches("app").count(), 1, "it is printed once, when it starts: {text}");
    }
}
