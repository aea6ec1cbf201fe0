//! Urgency of a Pod's state, and its cause in one clause, by which many Pods are sorted and grouped.

use alloc::{
    format,
    string::{String, ToString},
};
use core::time::Duration;

use serde::Serialize;

use super::{
    ContainerExplanation, EndCause, Explanation, PodSituation, PullFailure, Situation, StopCause, WaitingFor,
    display::OVERDUE, sentence, text,
};
use crate::api::PodPhase;

/// A Pod may take this long to start or to become ready without being in trouble.
const PATIENCE: Duration = Duration::from_secs(120);

/// An exit is of interest for this long, though the container runs again.
const RECENT: Duration = Duration::from_secs(3_600);

/// Urgency of a Pod's state, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Urgency {
    /// Something is wrong and stays so.
    Trouble,
    /// It runs, but a container was restarted within the last hour.
    Restarted,
    /// It is starting or being stopped, and not for too long.
    Changing,
    /// It is ready.
    Well,
    /// It has succeeded.
    Done,
}

impl Explanation {
    /// Returns how urgent the state is.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        match &self.situation {
            PodSituation::Ready => self.urgency_of_running(),
            PodSituation::Resizing { reason, .. } if reason.is_empty() => self.urgency_of_running(),
            PodSituation::Over { cause: EndCause::AllSucceeded } => Urgency::Done,
            PodSituation::Gone => Urgency::Done,
            PodSituation::Stopping { cause, .. } => self.urgency_of_stop(cause),
            PodSituation::VolumesNotMounted { volumes, .. } if !sentence::has_errors(volumes) => {
                self.urgency_of_start()
            }
            PodSituation::Unmounting { volumes, .. } => {
                if sentence::has_errors(volumes) {
                    Urgency::Trouble
                } else {
                    Urgency::Changing
                }
            }
            PodSituation::MirrorDeleted { .. } => Urgency::Changing,
            PodSituation::Leaving { .. } => {
                let is_overdue =
                    self.removal.as_ref().is_some_and(|removal| removal.overdue(self.at, OVERDUE).is_some());
                if is_overdue { Urgency::Trouble } else { Urgency::Changing }
            }
            PodSituation::Unscheduled { message: None } | PodSituation::Unreported { .. } => self.urgency_of_start(),
            PodSituation::NoSandbox { ruled_out_by: None, .. } => self.urgency_of_start(),
            PodSituation::RestartingAll { .. } => Urgency::Restarted,
            PodSituation::Container { container } => match self.container(container) {
                Some(container) => self.urgency_of(container),
                None => Urgency::Trouble,
            },
            PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::NodeSilent { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::NetworkNotReady { .. }
            | PodSituation::VolumesNotMounted { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Resizing { .. }
            | PodSituation::Over { .. } => Urgency::Trouble,
        }
    }

    fn urgency_of_running(&self) -> Urgency {
        let last = self
            .containers
            .iter()
            .filter_map(|container| container.past.as_ref()?.last.at.filter(|_| container.restart_count > 0));
        let is_recent = last.max().is_some_and(|last| self.at.since(last) < RECENT);
        if is_recent { Urgency::Restarted } else { Urgency::Well }
    }

    fn urgency_of_stop(&self, cause: &StopCause) -> Urgency {
        let is_overdue = self.removal.as_ref().is_some_and(|removal| removal.overdue(self.at, OVERDUE).is_some());
        match cause {
            StopCause::Deleted { .. } if is_overdue => Urgency::Trouble,
            StopCause::WorkOver(EndCause::AllSucceeded) | StopCause::Deleted { .. } | StopCause::Removed => {
                Urgency::Changing
            }
            StopCause::WorkOver(_) | StopCause::Node { .. } | StopCause::Deadline { .. } => Urgency::Trouble,
        }
    }

    /// Returns the urgency of a Pod that has not started: trouble if an event or its age says so.
    fn urgency_of_start(&self) -> Urgency {
        let since = self.observed.as_ref().and_then(|observed| observed.waits_since);
        let is_late = since.is_none_or(|since| self.at.since(since) > PATIENCE);
        if is_late || self.start_obstacles().next().is_some() { Urgency::Trouble } else { Urgency::Changing }
    }

    fn urgency_of(&self, container: &ContainerExplanation) -> Urgency {
        match &container.situation {
            Situation::NotStarted { .. }
            | Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::Running { .. }
            | Situation::Stopping { .. }
            | Situation::Unknown => {
                // One that has been restarted is no longer starting.
                if container.restart_count > 0 { Urgency::Trouble } else { self.urgency_of_start() }
            }
            Situation::Ended { exit, .. } if exit.code == 0 => Urgency::Changing,
            Situation::HeldBack { .. }
            | Situation::HeldBackBetween { .. }
            | Situation::RestartDue { .. }
            | Situation::CannotStart { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan => Urgency::Trouble,
        }
    }

    /// Returns the cause of the state in one clause, without the name of the Pod and without times: equal for Pods that are in
    /// the same state for the same reason.
    #[must_use]
    pub fn cause(&self) -> String {
        match &self.situation {
            PodSituation::Container { container } => match self.container(container) {
                Some(container) => self.cause_of(container),
                None => "its state is unknown".into(),
            },
            PodSituation::Unscheduled { .. } if !self.unfit.is_empty() => {
                let reasons = self.unfit.iter().map(|unfit| match unfit.nodes {
                    Some(nodes) => format!("{nodes} {}", unfit.reason),
                    None => unfit.reason.clone(),
                });
                format!("no node fits it: {}", reasons.collect::<alloc::vec::Vec<_>>().join(", "))
            }
            PodSituation::Unscheduled { message: Some(message) } => {
                format!("no node fits it: {}", text::unpunctuated(message))
            }
            PodSituation::Unscheduled { message: None } => "it is not scheduled to a node yet".into(),
            PodSituation::NodeSilent { node, .. } => format!("node {node} is silent or not ready"),
            PodSituation::NodeLost { .. } => {
                self.node().map_or_else(|| "its node does not report".into(), |node| format!("{node} does not report"))
            }
            PodSituation::Unreported { node } => format!("the kubelet of node {node} has not reported on it yet"),
            PodSituation::NoSandbox { .. } => match self.start_obstacles().next() {
                Some(obstacle) => format!("{} is missing: {}", obstacle.subject, text::unpunctuated(&obstacle.message)),
                None => "its sandbox, network or volumes are not ready".into(),
            },
            PodSituation::VolumesNotMounted { volumes, .. } => sentence::volumes_not_mounted(volumes),
            PodSituation::Unmounting { volumes, .. } => sentence::volumes_being_unmounted(volumes),
            PodSituation::NetworkNotReady { message } => {
                format!("the network of its node is not ready: {}", text::unpunctuated(message))
            }
            PodSituation::Stopping { cause: StopCause::Deleted { .. }, .. } => self.cause_of_removal(),
            PodSituation::Stopping { cause: StopCause::WorkOver(cause), .. } => cause_of_end(cause),
            PodSituation::Stopping { cause: StopCause::Node { reason, .. }, .. } => {
                format!("its node stops it ({reason})")
            }
            PodSituation::Stopping { cause: StopCause::Deadline { .. }, .. } => {
                "activeDeadlineSeconds is over (DeadlineExceeded)".into()
            }
            PodSituation::Stopping { cause: StopCause::Removed, .. } => "its object was removed from the API".into(),
            PodSituation::MirrorDeleted { node, .. } => {
                format!("it was deleted, which stops no static Pod of node {node}")
            }
            PodSituation::Leaving { .. } => self.cause_of_removal(),
            PodSituation::Resizing { condition, reason, message } if !reason.is_empty() => {
                format!("a resize is not carried out ({condition}: {reason}): {}", text::unpunctuated(message))
            }
            PodSituation::Over { cause } => cause_of_end(cause),
            PodSituation::GatesUnmet { gates } => {
                let gates: alloc::vec::Vec<&str> = gates.iter().map(|(gate, _)| &**gate).collect();
                format!("readiness gates are not True: {}", text::list(&gates))
            }
            PodSituation::Gated => "its scheduling gates keep it from being scheduled".into(),
            PodSituation::RestartingAll { .. } => "all its containers are being restarted".into(),
            PodSituation::Gone => "it is gone".into(),
            PodSituation::Ready | PodSituation::Resizing { .. } => self.cause_of_restarts(),
        }
    }

    /// Returns the last exit of a ready Pod's containers.
    fn cause_of_restarts(&self) -> String {
        let restarted =
            self.containers.iter().filter(|container| container.restart_count > 0 && container.past.is_some());
        let last = restarted.max_by_key(|container| container.past.as_ref().and_then(|past| past.last.at));
        last.map_or_else(|| "it is ready".into(), |container| exits(container, "was restarted after it exited"))
    }

    fn cause_of_removal(&self) -> String {
        let Some(removal) = &self.removal else { return "it is being stopped".into() };
        let is_overdue = removal.overdue(self.at, OVERDUE).is_some();
        let is_left = matches!(self.situation, PodSituation::Leaving { .. });
        match (&*removal.finalizers, self.node()) {
            ([_, ..], _) if is_left || !is_overdue => {
                format!("it was deleted, and finalizers keep it: {}", removal.finalizer_names().join(", "))
            }
            (_, Some(node)) if is_overdue => {
                format!("it was deleted, and {node} has not stopped it by the end of its grace")
            }
            _ => "it was deleted and is being stopped".into(),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other situations have their own clause")]
    fn cause_of(&self, container: &ContainerExplanation) -> String {
        let subject = container.subject_without_place();
        match &container.situation {
            Situation::HeldBack { .. } | Situation::HeldBackBetween { .. } | Situation::RestartDue { .. } => {
                exits(container, "keeps exiting:")
            }
            Situation::CannotStart { error, message, image, .. } => {
                let words = match PullFailure::in_message(message) {
                    Some(failure) if super::container::is_pull_error(error) => {
                        format!("image {image:?}: {}", failure.clause())
                    }
                    _ => text::unpunctuated(message).to_string(),
                };
                format!("{subject} cannot start ({error}): {words}")
            }
            Situation::Ended { .. } => exits(container, "has ended:"),
            Situation::Running { lacks: Some(progress), .. } => {
                use crate::api::Name;
                format!("{subject} does not pass its {} probe", progress.probe.name().to_lowercase())
            }
            Situation::NotStarted { waits_for: WaitingFor::InitContainer(init), .. } => {
                format!("{subject} waits for init container `{init}`")
            }
            Situation::NotStarted { waits_for: WaitingFor::Preparation | WaitingFor::Sandbox, .. } => {
                match self.start_obstacles().next() {
                    Some(obstacle) => {
                        format!("{} is missing: {}", obstacle.subject, text::unpunctuated(&obstacle.message))
                    }
                    None => format!("{subject} waits for volumes, an image or its creation"),
                }
            }
            _ => container.clause(),
        }
    }

    /// True if the Pod has a final phase.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}

/// Returns the subject and its last exit: ``container `app` keeps exiting: code 137 (OOMKilled)``.
fn exits(container: &ContainerExplanation, how: &str) -> String {
    let subject = container.subject_without_place();
    let exit = match (&container.situation, &container.past) {
        (Situation::HeldBack { exit, .. } | Situation::RestartDue { exit, .. } | Situation::Ended { exit, .. }, _) => {
            Some(exit)
        }
        (Situation::HeldBackBetween { exit, .. }, _) if exit.is_some() => exit.as_ref(),
        (_, past) => past.as_ref().map(|past| &past.last),
    };
    let code = exit.map(super::sentence::code).unwrap_or_default();
    format!("{subject} {how} {code}").trim_end().trim_end_matches(':').into()
}

fn cause_of_end(cause: &EndCause) -> String {
    match cause {
        EndCause::AllSucceeded => "it has succeeded".into(),
        EndCause::ContainerFailed { container, exit, .. } => {
            format!("`{container}` failed: {}", super::sentence::code(exit))
        }
        EndCause::Unseen { container } => format!("the kubelet did not see `{container}` exit"),
        EndCause::Reason { reason, .. } => format!("it ended as {reason}"),
        EndCause::NodeGone { .. } => "its node is gone".into(),
        EndCause::Incomplete => "it was stopped before its containers had succeeded".into(),
    }
}
