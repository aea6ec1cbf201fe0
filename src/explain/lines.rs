//! The lines of an explanation that look ahead or around: what comes next, what would change it, the other containers,
//! the conditions.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::{
    ContainerExplanation, Explanation, MissingFact, Next, NextStep, PodSituation, PossibleChange, Situation, StopCause,
    StopStep, UnmetCondition, WaitingFor, When, display::stripped, sentence, text, urgency::Severity,
};
use crate::{api::Name, spec::ContainerKind, state::StartError, time::seconds::Seconds};

/// For how long a restart of the kubelet is worth a word.
const FRESH: Duration = Duration::from_secs(300);

/// How many things to come are told at most.
const MOST_NEXT: usize = 3;

impl Explanation {
    /// What happens next, and when.
    pub(super) fn what_next(&self) -> String {
        let lead = self.lead().map(|container| &*container.name);
        let is_told = |next: &&Next| match (next.what.container(), lead) {
            (None, _) if next.what == NextStep::Resync => self.open_end().is_none(),
            (Some(container), Some(lead)) => container == lead,
            (Some(_) | None, _) => true,
        };
        let mut told: Vec<&Next> = self.next.iter().filter(is_told).collect();
        told.sort_by_key(|next| (matches!(next.what, NextStep::Deadline), next.when.time()));
        let deadline = told.iter().position(|next| next.what == NextStep::Deadline).map(|place| told.remove(place));
        let mut told: Vec<String> = told.into_iter().take(MOST_NEXT).map(|next| self.next_clause(next)).collect();
        if told.is_empty() {
            told.extend(self.unknown.iter().find_map(MissingFact::next_clause).or_else(|| self.open_end()));
        }
        told.extend(deadline.map(|next| self.next_clause(next)));
        if told.is_empty() { "nothing is due".into() } else { told.join("; ") }
    }

    fn next_clause(&self, next: &Next) -> String {
        let when = match next.when {
            When::At(at) => text::ahead(at, self.at),
            When::NotBefore(at) if at <= self.at => "as soon as the Pod is free for it".into(),
            When::NotBefore(at) => format!("{}, at the earliest", text::ahead(at, self.at)),
            When::Between { latest, .. } if latest <= self.at => "any moment, as far as can be told".into(),
            When::Between { earliest, latest } if earliest <= self.at => {
                format!("{}, at the latest", text::ahead(latest, self.at))
            }
            When::Between { earliest, latest } => text::between(earliest, latest, self.at),
        };
        match &next.what {
            NextStep::Start { container } => self.start_clause(container, &when, ""),
            NextStep::Pull { container } => self.start_clause(container, &when, ", with a pull of its image"),
            NextStep::InspectImage { container } => self.image_clause(container, &when),
            NextStep::Probe { container, probe } => {
                let probe = probe.name().to_lowercase();
                format!("the {probe} probe of {container} runs {when}")
            }
            NextStep::PostStartEnds { container } => format!("the hook of {container} is over {when}"),
            NextStep::PreStopEnds { container } => {
                let latest = if self.hook_sleeps(container) { "" } else { " at the latest" };
                format!("{container} is told to stop (SIGTERM) when its preStop hook ends, {when}{latest}")
            }
            NextStep::TurnEnds { container } => {
                format!("{container} is told to stop (SIGTERM) when its turn comes, {when} at the latest")
            }
            NextStep::Kill { container } => format!("{container}, if it has not ended, is killed (SIGKILL) {when}"),
            NextStep::Deadline => format!("its active deadline ends the Pod {when}"),
            NextStep::Resync => format!("nothing is due; the Pod is synced again {when}"),
        }
    }

    fn start_clause(&self, container: &str, when: &str, how: &str) -> String {
        let explained = self.container(container);
        match explained.map(|container| &container.situation) {
            Some(Situation::HeldBack { next_delay, .. }) => format!(
                "{container} restarts {when}{how}; if it exits again soon, the next delay will be {}",
                Seconds(*next_delay)
            ),
            Some(Situation::CannotStart { .. }) if how.is_empty() => {
                format!("the start of {container} is tried again {when}")
            }
            Some(Situation::CannotStart { .. }) => format!("the image of {container} is pulled again {when}"),
            Some(Situation::NotStarted { .. }) => format!("{container} starts {when}{how}"),
            _ => format!("{container} restarts {when}{how}"),
        }
    }

    fn image_clause(&self, container: &str, when: &str) -> String {
        match self.container(container).map(|container| &container.situation) {
            Some(Situation::CannotStart { .. }) => format!("the node looks again for the image of {container} {when}"),
            _ => format!("{container} starts {when}, or pulls its image first"),
        }
    }

    fn hook_sleeps(&self, container: &str) -> bool {
        let situation = self.container(container).map(|container| &container.situation);
        matches!(situation, Some(Situation::Stopping { step: StopStep::PreStop { sleeps: true, .. }, .. }))
    }

    /// What comes next if no time is known, but something is waited for.
    fn open_end(&self) -> Option<String> {
        Some(match &self.situation {
            PodSituation::Gated | PodSituation::Unscheduled { .. } => "nothing, until a node has the Pod".into(),
            PodSituation::NodeLost { .. } => "nothing can be seen until the node is back".into(),
            PodSituation::Unreported { .. } => "the kubelet of the node takes the Pod up, if it lives".into(),
            PodSituation::NoSandbox { ruled_out_by: Some(_), .. } => "nothing starts any more".into(),
            PodSituation::NoSandbox { .. } => "its containers start once the sandbox is ready".into(),
            PodSituation::RestartingAll { .. } => "all containers start afresh once the old ones are removed".into(),
            PodSituation::Stopping { cause: StopCause::Deleted { .. }, .. } => {
                "once everything has ended, the Pod leaves the API".into()
            }
            PodSituation::Stopping { .. } => "once everything has ended, the final status is published".into(),
            PodSituation::Over { .. } | PodSituation::Gone => "nothing happens any more".into(),
            PodSituation::GatesUnmet { .. } | PodSituation::Ready => return None,
            PodSituation::Container { .. } => return self.lead().and_then(open_end_of),
        })
    }

    pub(super) fn what_would_change_it(&self) -> Option<String> {
        let is_active = |lead: &&ContainerExplanation| !matches!(lead.situation, Situation::Ended { .. });
        let lead = self.lead().filter(is_active).map(|container| &*container.name);
        let changes = self.changes.iter().filter(|change| lead.is_none() || change.container() == lead);
        let changes: Vec<String> = changes.take(2).map(PossibleChange::clause).collect();
        Some(changes.join("; ")).filter(|changes| !changes.is_empty())
    }

    /// What there is to say of the containers that do not decide the state.
    pub(super) fn the_others(&self) -> Option<String> {
        let lead = self.lead().map(|container| &*container.name);
        let is_over =
            matches!(self.situation, PodSituation::Over { .. } | PodSituation::Gone | PodSituation::NodeLost { .. });
        let is_stop = matches!(self.situation, PodSituation::Stopping { .. });
        let is_told = |container: &&ContainerExplanation| {
            let is_unbound = matches!(container.situation, Situation::NotStarted { waits_for: WaitingFor::Node, .. });
            // The line on the reason tells of all that are being stopped.
            let is_told_of = is_stop && matches!(container.situation, Situation::Stopping { .. });
            let is_notable = !is_over && !is_told_of && container.urgency() != Severity::None;
            let is_holder = matches!(&self.situation, PodSituation::NoSandbox { after, ruled_out_by: None, .. }
                if after.as_deref() == Some(&container.name));
            let is_elsewhere = is_unbound || is_holder || lead == Some(&*container.name);
            !is_elsewhere && (is_notable || container.waiting_reason.is_some())
        };
        let mut told = self.shortly(&self.containers.iter().filter(is_told).collect::<Vec<_>>());
        let restarted = self.kubelet_restarted_at.filter(|at| self.at.since(*at) < FRESH);
        told.extend(restarted.map(|at| {
            format!("the kubelet restarted at {} and forgot back-offs and probe results", text::past(at, self.at))
        }));
        Some(told.join("; ")).filter(|told| !told.is_empty())
    }

    /// What there is to say of each container, those that wait for the same thing together.
    fn shortly(&self, containers: &[&ContainerExplanation]) -> Vec<String> {
        let mut told: Vec<(Vec<&str>, &ContainerExplanation)> = Vec::new();
        for container in containers {
            let is_same = |other: &ContainerExplanation| {
                matches!(container.situation, Situation::NotStarted { .. } | Situation::NeverRan)
                    && (&other.situation, &other.waiting_reason) == (&container.situation, &container.waiting_reason)
            };
            match told.iter_mut().find(|(_, other)| is_same(other)) {
                Some((names, _)) => names.push(&container.name),
                None => told.push((Vec::from([&*container.name]), container)),
            }
        }
        told.iter().map(|(names, container)| self.short(names, container)).collect()
    }

    fn short(&self, names: &[&str], container: &ContainerExplanation) -> String {
        let reason = container.waiting_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        if let Situation::NotStarted { waits_for, .. } = &container.situation {
            return format!("{}{reason}", sentence::waiting(waits_for, names));
        }
        if container.situation == Situation::NeverRan {
            return format!("{} never ran{reason}", text::list(names));
        }
        if let Situation::Ended { exit, .. } = &container.situation
            && container.waiting_reason.is_none()
        {
            return sentence::ended(&container.name, exit, self.at);
        }
        // Without a lead, the line on what comes next is about all containers.
        let next = self.next.iter().filter(|next| self.lead().is_some() && next.what.container().is_some());
        let mut next = next.filter(|next| next.what.container() == Some(&container.name));
        let next = next.next().map(|next| format!(", {}", self.next_clause(next))).unwrap_or_default();
        format!("{}{next}", container.clause())
    }

    /// The conditions that are not as one would like them, those with the same cause together.
    pub(super) fn conditions(&self) -> Option<String> {
        let mut groups: Vec<(Vec<&str>, &UnmetCondition)> = Vec::new();
        for unmet in &self.unmet {
            let is_same = |other: &UnmetCondition| {
                (&other.reason, &other.message, other.status) == (&unmet.reason, &unmet.message, unmet.status)
            };
            match groups.iter_mut().find(|(_, other)| is_same(other)) {
                Some((names, _)) => names.push(&unmet.condition),
                None => groups.push((Vec::from([&*unmet.condition]), unmet)),
            }
        }
        let before = format!("{} {}", self.state(), self.why().unwrap_or_default());
        let told: Vec<String> = groups.iter().map(|(names, unmet)| group_clause(names, unmet, &before)).collect();
        Some(told.join("; ")).filter(|told| !told.is_empty())
    }
}

/// The status and the cause of some conditions; what was told before is not told again.
fn group_clause(names: &[&str], unmet: &UnmetCondition, before: &str) -> String {
    let are = if names.len() == 1 { "is" } else { "are" };
    let mut told = format!("{} {are} {}", text::list(names), unmet.status);
    let about = match (&*unmet.containers, &*unmet.message) {
        ([], message) if before.contains(stripped(message)) => String::new(),
        ([], message) => stripped(message).to_string(),
        (containers, _) => text::list(containers),
    };
    let why = match (&*unmet.reason, &*about) {
        ("", "") => return told,
        ("", about) | (about, "") => about.to_owned(),
        (reason, about) => format!("{reason}: {about}"),
    };
    told.push_str(&format!(" ({why})"));
    told
}

/// What follows a container's state if no time is known.
fn open_end_of(lead: &ContainerExplanation) -> Option<String> {
    let name = &lead.name;
    Some(match &lead.situation {
        Situation::Pulling { .. } => {
            format!("{name} starts as soon as its image is there; a pull that fails is tried again after a back-off")
        }
        Situation::PostStart { .. } => "the Pod goes on as soon as the hook ends".into(),
        Situation::NotStarted { .. } | Situation::Starting | Situation::RestartDue { .. } => {
            format!("{name} starts as soon as that is possible")
        }
        Situation::Stopping { restarts: true, .. } => {
            format!("once {name} has ended, it is started again, unless its back-off holds it back")
        }
        Situation::Stopping { exit: None, .. } => format!("once {name} has ended, the Pod goes on"),
        Situation::Stopping { exit: Some(_), .. } => {
            "once all that are being stopped have ended, the Pod goes on".into()
        }
        Situation::Running { .. } if lead.kind == ContainerKind::Init => {
            format!("once {name} has ended with exit code 0, the next container starts")
        }
        Situation::CannotStart { error: StartError::InvalidImageName, .. } => {
            "it is tried again and again, to no avail while the name is the same".into()
        }
        Situation::CannotStart { .. } => "the next try comes as soon as the Pod is free for it".into(),
        Situation::HeldBack { .. }
        | Situation::HeldBackBetween { .. }
        | Situation::Running { .. }
        | Situation::Ended { .. }
        | Situation::NeverRan
        | Situation::Unknown => return None,
    })
}
