//! An explanation in two to seven lines.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::fmt;

use super::{
    ContainerExplanation, EndCause, Explanation, PodSituation, Situation, StopCause, sentence, text, urgency::Severity,
};
use crate::{
    api::{PodPhase, RestartPolicy},
    time::seconds::Seconds,
};

impl fmt::Display for Explanation {
    /// Two to seven lines: the state; why; what happens next; what would change it; what cannot be known; the other
    /// containers; conditions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state())?;
        let lines = [
            ("Why", self.why()),
            ("Next", Some(self.what_next())),
            ("What would change it", self.what_would_change_it()),
            ("Not to be known", self.what_is_not_known()),
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

impl Explanation {
    pub(super) fn lead(&self) -> Option<&ContainerExplanation> {
        let PodSituation::Container { container } = &self.situation else { return None };
        self.container(container)
    }

    /// The first line: the state in words.
    pub(super) fn state(&self) -> String {
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
            PodSituation::Over { cause } => {
                let left = if self.gone { " and is gone from the API" } else { "" };
                let has =
                    if self.phase.is_terminal() { format!("has {phase}") } else { format!("ended while {phase}") };
                format!("{pod} {has}{left}: {}.", self.end_cause(cause))
            }
            PodSituation::Gone => {
                format!("{pod} is gone (last shown as {phase}): its object was removed and nothing of it runs.")
            }
            situation @ (PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::Unreported { .. }
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
                let since = since.map(|since| format!(" since {}", text::past(since, self.at))).unwrap_or_default();
                format!("its node has not been heard from{since} (NodeLost)")
            }
            PodSituation::Unreported { node } => {
                format!("node {node} has it, but the kubelet there has not reported on it yet")
            }
            PodSituation::NoSandbox { ruled_out_by: Some(_), .. } => {
                "its sandbox is gone and no new one is made".into()
            }
            PodSituation::NoSandbox { is_lost: false, .. } => "its sandbox, with its network, is not there yet".into(),
            PodSituation::NoSandbox { is_being_made: true, .. } => {
                "its sandbox has died and a new one is being made".into()
            }
            PodSituation::NoSandbox { .. } => "its sandbox has died and it needs a new one".into(),
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
            StopCause::Deleted { at, grace } => {
                format!("it was deleted at {} with a grace period of {}", text::past(*at, self.at), Seconds(*grace))
            }
            StopCause::Removed => "its object was removed from the API".into(),
            StopCause::Node { reason, message } => format!("the node ends it ({reason}: {})", stripped(message)),
            StopCause::Deadline { longest } => {
                let longest = Seconds(*longest);
                format!("it was active for longer than its activeDeadlineSeconds of {longest} (DeadlineExceeded)")
            }
            StopCause::WorkOver(cause) => self.end_cause(cause),
        }
    }

    fn end_cause(&self, cause: &EndCause) -> String {
        match cause {
            EndCause::AllSucceeded => "every container ended with exit code 0 and is not started again".into(),
            EndCause::ContainerFailed { container, exit, decision, .. } if decision.restarts => {
                format!("{}, and the Pod was stopped", sentence::ended(container, exit, self.at))
            }
            EndCause::ContainerFailed { container, is_init, exit, decision } => {
                let others = if *is_init { ", so that the containers after it never start" } else { "" };
                let ended = sentence::ended(container, exit, self.at);
                format!("{ended}; {}{others}", sentence::decided(decision))
            }
            EndCause::Unseen { container } => format!("nobody saw {container} end (ContainerStatusUnknown)"),
            EndCause::Reason { reason, message } if message.is_empty() => reason.clone(),
            EndCause::Reason { reason, message } => format!("{reason}: {}", stripped(message)),
            EndCause::NodeGone { since } => {
                let since = text::past(*since, self.at);
                format!("its node has not been heard from since {since}, and what ran there was given up")
            }
            EndCause::Incomplete => "it was stopped before all of its containers had ended well".into(),
        }
    }

    /// The rule that put the Pod there, and the facts that it used.
    pub(super) fn why(&self) -> Option<String> {
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
            PodSituation::NoSandbox { ruled_out_by: Some(RestartPolicy::Never), .. } => {
                Some("with restartPolicy Never, a Pod that has run does not start over in a new sandbox".into())
            }
            PodSituation::NoSandbox { ruled_out_by: Some(policy), .. } => {
                Some(format!("with restartPolicy {policy}, nothing is left to run in a new sandbox"))
            }
            PodSituation::NoSandbox { after, .. } => {
                let holder = self.container(after.as_deref()?)?;
                Some(format!("first, what is under way has to end: {}", holder.clause()))
            }
            PodSituation::Stopping { .. } => {
                let stops = self.containers.iter().filter_map(|container| {
                    let Situation::Stopping { step, exit, .. } = &container.situation else { return None };
                    Some(sentence::stopping(&container.name, step, exit.as_ref(), self.at))
                });
                // Sidecars stand first in the spec, and wait for the others.
                let mut stops: Vec<_> = stops.collect();
                stops.reverse();
                let moving = self.containers.iter().find(|container| container.urgency() == Severity::Moving);
                if let Some(moving) = moving.filter(|_| stops.is_empty()) {
                    stops.push(format!("first, what is under way has to end: {}", moving.clause()));
                }
                Some(stops.join("; ")).filter(|stops| !stops.is_empty())
            }
            PodSituation::RestartingAll { container } => {
                let exit = container.as_deref().and_then(|name| self.container(name))?;
                exit.why(self.at)
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { message: None }
            | PodSituation::Unreported { .. }
            | PodSituation::Ready
            | PodSituation::Over { .. }
            | PodSituation::Gone => None,
        }
    }
}

/// A message without the full stop at its end.
pub(super) fn stripped(message: &str) -> &str {
    message.trim().trim_end_matches('.')
}
