//! Played scenario with queries on its timeline; times are in seconds since its start.

use std::{fs, path::PathBuf};

use pod_lifecycle::{
    Action, Timestamp,
    api::{ConditionStatus, ContainerStatus, PodCondition, PodStatus},
    kubectl,
    sim::{EntryKind, Occurrence, Scenario, Timeline},
};

/// Scenario with its timeline.
pub(crate) struct PlayedScenario {
    pub(crate) description: String,
    pub(crate) timeline: Timeline,
}

/// Returns the names of all example scenarios.
pub(crate) fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios")
}

impl PlayedScenario {
    /// Plays the scenario of this name.
    pub(crate) fn of(name: &str) -> PlayedScenario {
        PlayedScenario::varied(name, |_| {})
    }

    /// Plays the scenario of this name with something changed.
    pub(crate) fn varied(name: &str, vary: impl FnOnce(&mut Scenario)) -> PlayedScenario {
        let text = fs::read_to_string(folder().join(name).with_extension("yaml")).unwrap();
        let mut scenario: Scenario = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        vary(&mut scenario);
        let timeline = scenario.play().unwrap_or_else(|error| panic!("{name}: {error}"));
        PlayedScenario { description: scenario.description, timeline }
    }

    fn second(&self, at: Timestamp) -> i64 {
        at.unix_seconds() - self.timeline.start.unix_seconds()
    }

    /// The status that was published last, by then.
    pub(crate) fn at(&self, second: i64) -> &PodStatus {
        let statuses = self.timeline.statuses().filter(|(at, _)| self.second(*at) <= second);
        statuses.last().map(|(_, status)| status).expect("a published status")
    }

    /// The status that was published last of all.
    pub(crate) fn end(&self) -> &PodStatus {
        &self.timeline.pod.status
    }

    /// The published phases, and since when.
    pub(crate) fn phases(&self) -> Vec<(i64, String)> {
        let mut phases: Vec<(i64, String)> = Vec::new();
        for (at, status) in self.timeline.statuses() {
            let phase = phase_of(status);
            if phases.last().is_none_or(|(_, last)| *last != phase) {
                phases.push((self.second(at), phase));
            }
        }
        phases
    }

    /// The Kubernetes events with this reason: second, type and message.
    pub(crate) fn events(&self, reason: &str) -> Vec<(i64, String, &str)> {
        let events = self.timeline.events().filter(|event| event.reason == reason);
        events.map(|event| (self.second(event.at), event.type_.to_string(), &*event.message)).collect()
    }

    /// Seconds at which containers were asked to stop, and the grace of each.
    pub(crate) fn stops(&self) -> Vec<(i64, u64)> {
        let asked = self.timeline.entries.iter().filter_map(|entry| {
            let EntryKind::Action(Action::StopContainer { timeout, .. }) = entry.kind else { return None };
            Some((self.second(entry.at), timeout.as_secs()))
        });
        asked.collect()
    }

    /// When processes ended, and their exit codes.
    pub(crate) fn exits(&self) -> Vec<(i64, i32)> {
        let happened = self.timeline.entries.iter().filter_map(|entry| {
            let EntryKind::Occurrence(Occurrence::ContainerExited { code, .. }) = entry.kind else { return None };
            Some((self.second(entry.at), code))
        });
        happened.collect()
    }

    /// True if a container was ever created.
    pub(crate) fn anything_ran(&self) -> bool {
        self.timeline
            .entries
            .iter()
            .any(|entry| matches!(entry.kind, EntryKind::Action(Action::CreateContainer { .. })))
    }

    /// When the object went from the API.
    pub(crate) fn removed_at(&self) -> Option<i64> {
        self.timeline.end.removed_at.map(|at| self.second(at))
    }

    /// When its deletion was requested, if it was.
    pub(crate) fn deleted_at(&self) -> Option<i64> {
        let mut objects = self.timeline.objects();
        let (at, _) = objects.find(|(_, object)| object.metadata.deletion_timestamp.is_some())?;
        Some(self.second(at))
    }

    /// Since when a condition has had the status that it had at this time.
    pub(crate) fn since(&self, second: i64, condition_type: &str) -> i64 {
        self.second(condition(self.at(second), condition_type).unwrap().last_transition_time.unwrap())
    }

    /// The STATUS column of `kubectl get pods` at a time at which the Pod is being deleted.
    pub(crate) fn column(&self, second: i64) -> String {
        let mut pod = self.timeline.pod.clone();
        pod.status = self.at(second).clone();
        pod.metadata.deletion_timestamp = Some(self.timeline.start);
        kubectl::row(&pod, self.timeline.start).status
    }
}

/// A condition of a status.
pub(crate) fn condition<'a>(status: &'a PodStatus, condition_type: &str) -> Option<&'a PodCondition> {
    let mut of_type = status.conditions.iter().filter(|condition| condition.type_ == condition_type);
    let found = of_type.next();
    assert_eq!(of_type.next(), None, "{condition_type} stands there twice");
    found
}

/// Returns a condition as (is true, reason, message).
pub(crate) fn shown<'a>(status: &'a PodStatus, condition_type: &str) -> Option<(bool, &'a str, &'a str)> {
    let condition = condition(status, condition_type)?;
    Some((condition.status.known() == Some(ConditionStatus::True), &condition.reason, &condition.message))
}

/// The phase of a status; `Pending` before anybody has said so.
fn phase_of(status: &PodStatus) -> String {
    status.phase.as_ref().map_or_else(|| "Pending".into(), ToString::to_string)
}

/// The phase, the reason and the message of a status.
pub(crate) fn why(status: &PodStatus) -> (String, &str, &str) {
    (phase_of(status), &status.reason, &status.message)
}

/// A regular container's status.
pub(crate) fn container<'a>(status: &'a PodStatus, name: &str) -> &'a ContainerStatus {
    status.container_statuses.iter().find(|container| container.name == name).unwrap()
}

/// The exit code and the reason of a regular container that has ended.
pub(crate) fn ended<'a>(status: &'a PodStatus, name: &str) -> (i32, &'a str) {
    let end = container(status, name).state.terminated.as_ref().expect("a container that has ended");
    (end.exit_code, &end.reason)
}
