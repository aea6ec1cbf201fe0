//! An explanation in two to six lines.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use super::{
    ContainerExplanation, EndCause, Explanation, Next, PodSituation, Situation, Step, StopCause, Unmet, WaitsFor, When,
    container::Urgency, sentence, text,
};
use crate::{manifest::PodPhase, spec::ContainerKind, time::Timestamp};

impl fmt::Display for Explanation {
    /// Two to six lines: the state; why; what happens next; what would change it; the other containers; conditions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state())?;
        let lines = [
            ("Why", self.why()),
            ("Next", Some(self.what_next())),
            ("What would change it", self.what_would_change_it()),
            ("Also", self.the_others()),
            ("Conditions", self.conditions()),
        ];
        for (title, line) in lines {
            if let Some(line) = line {
                write!(f, "\n{title}: {line}.")?;
            }
        }
        Ok(())
    }
}

/// For how long a restart of the kubelet is worth a word.
const FRESH: Duration = Duration::from_secs(300);

/// How many things to come are told at most.
const MOST_NEXT: usize = 3;

impl Explanation {
    fn lead(&self) -> Option<&ContainerExplanation> {
        let PodSituation::Container { container } = &self.situation else { return None };
        self.container(container)
    }

    /// The first line: the state in words.
    fn state(&self) -> String {
        let pod = if self.pod.is_empty() { "The Pod".to_owned() } else { format!("Pod {}", self.pod) };
        let phase = self.phase;
        let ready = match (phase, self.ready) {
            (PodPhase::Running, true) => " and Ready",
            (PodPhase::Running, false) => " but not Ready",
            _ => "",
        };
        match &self.situation {
            PodSituation::Stopping { cause, outcome } => {
                let outcome = outcome.map(|outcome| format!("; it will end as {outcome}")).unwrap_or_default();
                format!("{pod} is being stopped and still shows {phase}: {}{outcome}.", self.stop_cause(cause))
            }
            PodSituation::Over { cause } => format!("{pod} has {phase}: {}.", self.end_cause(cause)),
            PodSituation::Gone => {
                format!("{pod} is gone (last shown as {phase}): its object was removed and nothing of it runs.")
            }
            situation @ (PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::Container { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Ready) => format!("{pod} is {phase}{ready}: {}.", self.clause(situation)),
        }
    }

    fn clause(&self, situation: &PodSituation) -> String {
        match situation {
            PodSituation::Gated => "its scheduling gates keep it from every node (SchedulingGated)".into(),
            PodSituation::Unscheduled { message: None } => "no node has it yet".into(),
            PodSituation::Unscheduled { .. } => "the scheduler finds no node for it (Unschedulable)".into(),
            PodSituation::NodeLost { since } => {
                format!("its node has not been heard from since {} (NodeLost)", text::past(*since, self.at))
            }
            PodSituation::NoSandbox { is_lost: false, .. } => "its sandbox, with its network, is not there yet".into(),
            PodSituation::NoSandbox { is_lost: true, is_being_made } => {
                let new = if *is_being_made { "a new one is being made" } else { "it needs a new one" };
                format!("its sandbox has died and {new}")
            }
            PodSituation::RestartingAll { container } => {
                let whose = container.as_deref().map(|name| format!(", as the exit of {name} demands"));
                format!("all its containers are being restarted{}", whose.unwrap_or_default())
            }
            PodSituation::GatesUnmet { gates } => {
                let gates: Vec<&str> = gates.iter().map(|(gate, _)| &**gate).collect();
                let gate = if gates.len() == 1 { "gate" } else { "gates" };
                let are = if gates.len() == 1 { "is" } else { "are" };
                format!("its containers are ready, but its readiness {gate} {} {are} not met", text::list(&gates))
            }
            PodSituation::Ready => self.all_well(),
            PodSituation::Container { .. }
            | PodSituation::Stopping { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => self.lead().map(ContainerExplanation::clause).unwrap_or_default(),
        }
    }

    fn all_well(&self) -> String {
        let running = self.containers.iter().filter_map(|container| {
            let Situation::Running { since, .. } = &container.situation else { return None };
            Some((container, *since))
        });
        let running: Vec<_> = running.collect();
        match &*running {
            [(only, since)] => {
                let since = since.map(|since| format!(" since {}", text::past(since, self.at))).unwrap_or_default();
                let restarts = match only.restart_count {
                    0 => String::new(),
                    1 => ", after 1 restart".into(),
                    count => format!(", after {count} restarts"),
                };
                format!("{} has been running{since}{restarts}", only.subject())
            }
            all => format!("its {} containers are running", all.len()),
        }
    }

    fn stop_cause(&self, cause: &StopCause) -> String {
        match cause {
            StopCause::Deleted { at, grace_seconds } => {
                format!("it was deleted at {} with a grace period of {grace_seconds} s", text::past(*at, self.at))
            }
            StopCause::Removed => "its object was removed from the API".into(),
            StopCause::Node { reason, message } => format!("the node ends it ({reason}: {})", stripped(message)),
            StopCause::Deadline { seconds } => {
                format!("it was active for longer than its activeDeadlineSeconds of {seconds} s (DeadlineExceeded)")
            }
            StopCause::WorkOver(cause) => self.end_cause(cause),
        }
    }

    fn end_cause(&self, cause: &EndCause) -> String {
        match cause {
            EndCause::AllSucceeded => "every container ended with exit code 0 and is not started again".into(),
            EndCause::ContainerFailed { container, is_init, exit, verdict } => {
                let others = if *is_init { ", so that the containers after it never start" } else { "" };
                let ended = sentence::ended(container, exit, self.at);
                format!("{ended}; {}{others}", sentence::decided(verdict))
            }
            EndCause::Unseen { container } => format!("nobody saw {container} end (ContainerStatusUnknown)"),
            EndCause::Reason { reason, message } if message.is_empty() => reason.clone(),
            EndCause::Reason { reason, message } => format!("{reason}: {}", stripped(message)),
            EndCause::Incomplete => "it was stopped before all of its containers had ended well".into(),
        }
    }

    /// The rule that put the Pod there, and the facts that it used.
    fn why(&self) -> Option<String> {
        match &self.situation {
            PodSituation::Unscheduled { message: Some(message) } => Some(stripped(message).into()),
            PodSituation::NodeLost { .. } => {
                Some("what the Pod does there cannot be seen; its containers may well run on".into())
            }
            PodSituation::Container { .. } => self.lead().and_then(|container| container.why(self.at)),
            PodSituation::GatesUnmet { gates } => {
                let gates = gates.iter().map(|(gate, status)| match status {
                    None => format!("there is no condition {gate}"),
                    Some(status) => format!("the condition {gate} is {status}"),
                });
                Some(gates.collect::<Vec<_>>().join(", "))
            }
            PodSituation::Stopping { .. } => {
                let stops = self.containers.iter().filter_map(|container| {
                    let Situation::Stopping { step, exit, .. } = &container.situation else { return None };
                    Some(sentence::stopping(&container.name, step, exit.as_ref(), self.at))
                });
                // Sidecars stand first in the spec, and wait for the others.
                let mut stops: Vec<_> = stops.collect();
                stops.reverse();
                Some(stops.join("; ")).filter(|stops| !stops.is_empty())
            }
            PodSituation::RestartingAll { container } => {
                let exit = container.as_deref().and_then(|name| self.container(name))?;
                exit.why(self.at)
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { message: None }
            | PodSituation::NoSandbox { .. }
            | PodSituation::Ready
            | PodSituation::Over { .. }
            | PodSituation::Gone => None,
        }
    }

    /// What happens next, and when.
    fn what_next(&self) -> String {
        let lead = self.lead().map(|container| &*container.name);
        let is_told = |next: &&Next| match (next.what.container(), lead) {
            (None, _) if next.what == Step::Resync => self.open_end().is_none(),
            (Some(container), Some(lead)) => container == lead,
            (Some(_) | None, _) => true,
        };
        let mut told: Vec<&Next> = self.next.iter().filter(is_told).collect();
        told.sort_by_key(|next| (matches!(next.what, Step::Deadline), next.when.time()));
        let deadline = told.iter().position(|next| next.what == Step::Deadline).map(|place| told.remove(place));
        let told = told.into_iter().take(MOST_NEXT).chain(deadline);
        let told: Vec<String> = told.map(|next| self.next_clause(next)).collect();
        if told.is_empty() { self.open_end().unwrap_or_else(|| "nothing is due".into()) } else { told.join("; ") }
    }

    fn next_clause(&self, next: &Next) -> String {
        let when = match next.when {
            When::At(at) => text::ahead(at, self.at),
            When::NotBefore(at) if at <= self.at => "as soon as the Pod is free for it".into(),
            When::NotBefore(at) => format!("{}, at the earliest", text::ahead(at, self.at)),
        };
        match &next.what {
            Step::Start { container } => {
                let situation = self.container(container).map(|container| &container.situation);
                match situation {
                    Some(Situation::HeldBack { next_delay_seconds, .. }) => format!(
                        "{container} restarts {when}; if it exits again soon, the next delay will be {next_delay_seconds} s"
                    ),
                    Some(Situation::CannotStart { .. }) => format!("the start of {container} is tried again {when}"),
                    _ => format!("{container} restarts {when}"),
                }
            }
            Step::Pull { container } => format!("the image of {container} is pulled again {when}"),
            Step::LookForImage { container } => format!("the node looks again for the image of {container} {when}"),
            Step::Probe { container, probe } => {
                let probe = crate::manifest::Name::name(*probe).to_lowercase();
                format!("the {probe} probe of {container} runs {when}")
            }
            Step::PostStartEnds { container } => format!("the hook of {container} is over {when}"),
            Step::PreStopEnds { container } => {
                let sleeps = matches!(
                    self.container(container).map(|container| &container.situation),
                    Some(Situation::Stopping { step: super::StopStep::PreStop { sleeps: true, .. }, .. })
                );
                let latest = if sleeps { "" } else { " at the latest" };
                format!("{container} is told to stop (SIGTERM) when its preStop hook ends, {when}{latest}")
            }
            Step::TurnEnds { container } => {
                format!("{container} is told to stop (SIGTERM) when its turn comes, {when} at the latest")
            }
            Step::Kill { container } => format!("{container} is killed {when}"),
            Step::Deadline => format!("its active deadline ends the Pod {when}"),
            Step::Resync => format!("nothing is due; the Pod is looked at again {when}"),
        }
    }

    /// What comes next if no time is known, but something is waited for.
    fn open_end(&self) -> Option<String> {
        Some(match &self.situation {
            PodSituation::Gated | PodSituation::Unscheduled { .. } => "nothing, until a node has the Pod".into(),
            PodSituation::NodeLost { .. } => "nothing can be seen until the node is back".into(),
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

    fn what_would_change_it(&self) -> Option<String> {
        let lead = self.lead().map(|container| &*container.name);
        let changes = self.changes.iter().filter(|change| lead.is_none() || change.container() == lead);
        let changes: Vec<String> = changes.take(2).map(super::Change::clause).collect();
        Some(changes.join("; ")).filter(|changes| !changes.is_empty())
    }

    /// What there is to say of the containers that do not decide the state.
    fn the_others(&self) -> Option<String> {
        let lead = self.lead().map(|container| &*container.name);
        let is_told = |container: &&ContainerExplanation| {
            let is_lead = lead == Some(&*container.name);
            let is_stop = matches!(container.situation, Situation::Stopping { .. });
            let is_pod_stop = matches!(self.situation, PodSituation::Stopping { .. });
            let is_unbound = matches!(container.situation, Situation::NotStarted { waits_for: WaitsFor::Node, .. });
            let is_over = matches!(self.situation, PodSituation::Over { .. } | PodSituation::Gone);
            let is_notable = container.urgency() != Urgency::None && !is_over || container.waiting_reason.is_some();
            !is_lead && is_notable && !is_unbound && !(is_stop && is_pod_stop && container.waiting_reason.is_none())
        };
        let others = self.containers.iter().filter(is_told);
        let mut told: Vec<String> = others.map(|container| self.short(container)).collect();
        let restarted = self.kubelet_restarted_at.filter(|at| self.at.since(*at) < FRESH);
        told.extend(restarted.map(|at| {
            format!("the kubelet restarted at {} and forgot back-offs and probe results", text::past(at, self.at))
        }));
        Some(told.join("; ")).filter(|told| !told.is_empty())
    }

    fn short(&self, container: &ContainerExplanation) -> String {
        let next = self.next.iter().find(|next| next.what.container() == Some(&container.name));
        let next = next.map(|next| format!(", {}", self.next_clause(next))).unwrap_or_default();
        if let Situation::NotStarted { waits_for, .. } = &container.situation {
            let reason = container.waiting_reason.as_deref().map(|reason| format!(" ({reason})"));
            return format!("{}{}", sentence::waiting(waits_for, &container.name), reason.unwrap_or_default());
        }
        if let Situation::Ended { exit, .. } = &container.situation
            && container.waiting_reason.is_none()
        {
            return sentence::ended(&container.name, exit, self.at);
        }
        format!("{}{next}", container.clause())
    }

    /// The conditions that are not as one would like them, those with the same cause together.
    fn conditions(&self) -> Option<String> {
        let mut groups: Vec<(Vec<&str>, &Unmet)> = Vec::new();
        for unmet in &self.unmet {
            let is_same = |other: &Unmet| {
                (&other.reason, &other.message, other.status) == (&unmet.reason, &unmet.message, unmet.status)
            };
            match groups.iter_mut().find(|(_, other)| is_same(other)) {
                Some((names, _)) => names.push(&unmet.condition),
                None => groups.push((Vec::from([&*unmet.condition]), unmet)),
            }
        }
        let told: Vec<String> = groups.iter().map(|(names, unmet)| group_clause(names, unmet)).collect();
        Some(told.join("; ")).filter(|told| !told.is_empty())
    }
}

fn group_clause(names: &[&str], unmet: &Unmet) -> String {
    let are = if names.len() == 1 { "is" } else { "are" };
    let mut told = format!("{} {are} {}", text::list(names), unmet.status);
    let about = match (&*unmet.containers, &*unmet.message) {
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
        Situation::Stopping { exit: None, .. } => format!("once {name} has ended, the Pod goes on"),
        Situation::Stopping { exit: Some(_), .. } => {
            "once all that are being stopped have ended, the Pod goes on".into()
        }
        Situation::Running { .. } if lead.kind == ContainerKind::Init => {
            format!("once {name} has ended with exit code 0, the next container starts")
        }
        Situation::CannotStart { .. } => "the next try comes as soon as the Pod is free for it".into(),
        Situation::HeldBack { .. }
        | Situation::Running { .. }
        | Situation::Ended { .. }
        | Situation::NeverRan
        | Situation::Unknown => return None,
    })
}

fn stripped(message: &str) -> &str {
    message.trim().trim_end_matches('.')
}

impl When {
    /// The time that it speaks of.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        match self {
            When::At(at) | When::NotBefore(at) => at,
        }
    }
}

impl super::Change {
    /// The container that it is about.
    #[must_use]
    pub fn container(&self) -> Option<&str> {
        use super::Change;
        match self {
            Change::Successes { container, .. }
            | Change::Failures { container, .. }
            | Change::LongRun { container, .. }
            | Change::NewImage { container }
            | Change::Exit { container, .. } => Some(container),
            Change::Gate { .. }
            | Change::Ungating
            | Change::Scheduling
            | Change::NodeReturn
            | Change::ForceDelete
            | Change::Nothing => None,
        }
    }
}
