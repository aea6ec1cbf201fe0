//! An explanation as two to seven lines of text: the state, why, what is next, what would change it, what is unknown,
//! the other containers, the unmet conditions.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use super::{
    ContainerExplanation, EndCause, Explanation, MissingFact, Next, NextStep, ObstacleKind, PastRuns, PodSituation,
    PossibleChange, PullFailure, Quirk, Situation, StopCause, StopStep, UnmetCondition, WaitingFor, When,
    container::{Severity, is_pull_error},
    sentence, text,
};
use crate::{
    api::{Name, PodPhase, RestartPolicy},
    spec::ContainerKind,
    state::StartError,
    time::{Timestamp, seconds::Seconds},
};

/// A restart of the kubelet is mentioned for this long.
const KUBELET_RESTART_MENTIONED: Duration = Duration::from_secs(300);

/// A step of an observed Pod is overdue after this long: until then, the kubelet may be at it.
pub(super) const OVERDUE: Duration = Duration::from_secs(60);

/// At most this many steps stand in the line on what is next.
const MAX_NEXT: usize = 3;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state())?;
        if let Some(why) = self.why() {
            write!(f, "\nWhy: {why}.")?;
        }
        write!(f, "\nNext: {}.", self.what_is_next())?;
        if let Some(line) = self.what_would_change_it() {
            write!(f, "\n{line}.")?;
        }
        let lines = [
            ("Unknown", self.what_is_unknown()),
            ("Quirk", self.quirk()),
            ("Also", self.secondary_containers()),
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

// --- State ---

impl Explanation {
    fn lead(&self) -> Option<&ContainerExplanation> {
        let PodSituation::Container { container } = &self.situation else { return None };
        self.container(container)
    }

    /// Returns the first line: the state of the Pod.
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
                format!("{pod} is being stopped and still {phase}: {}{outcome}.", self.stop_cause(cause))
            }
            PodSituation::Leaving { cause } => {
                let ended = match cause {
                    Some(_) if phase.is_terminal() => format!("has {phase}"),
                    Some(_) | None => format!("is {phase}"),
                };
                format!("{pod} {ended} and was {}, but its object is still there: {}.", self.deleted(), self.kept_by())
            }
            PodSituation::MirrorDeleted { node, .. } => format!(
                "{pod} is the mirror of a static Pod on node {node} and is {phase}{ready}: it was {}, which stops nothing on the node.",
                self.deleted()
            ),
            PodSituation::NodeSilent { .. } | PodSituation::NodeLost { .. } if self.removal.is_some() => {
                format!("{pod} was {} and is still {phase}{ready}: {}.", self.deleted(), self.clause(&self.situation))
            }
            PodSituation::Over { cause } => {
                let left = if self.gone { " and is gone from the API" } else { "" };
                // A Pod that was given up or finished early may keep a phase that is not terminal.
                let has = if phase.is_terminal() { format!("has {phase}") } else { format!("ended while {phase}") };
                match cause {
                    EndCause::Reason { reason, message } if message.is_empty() => {
                        format!("{pod} {has}{left} ({reason}).")
                    }
                    EndCause::Reason { reason, message } => {
                        format!("{pod} {has}{left} ({reason}): {}.", text::unpunctuated(message))
                    }
                    EndCause::AllSucceeded
                    | EndCause::ContainerFailed { .. }
                    | EndCause::Unseen { .. }
                    | EndCause::NodeGone { .. }
                    | EndCause::Incomplete => format!("{pod} {has}{left}: {}.", self.end_cause(cause)),
                }
            }
            PodSituation::Gone => {
                format!("{pod} is gone (last phase: {phase}): its object was removed and none of its containers runs.")
            }
            PodSituation::Container { .. } if self.status_contradicts_itself() => {
                let clause = self.lead().map(ContainerExplanation::clause).unwrap_or_default();
                format!("The status contradicts itself: {pod} is {phase}{ready}, but {clause}.")
            }
            situation @ (PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::NodeSilent { .. }
            | PodSituation::Unreported { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::NetworkNotReady { .. }
            | PodSituation::VolumesNotMounted { .. }
            | PodSituation::Unmounting { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::Container { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Resizing { .. }
            | PodSituation::Ready) => format!("{pod} is {phase}{ready}: {}.", self.clause(situation)),
        }
    }

    /// True if an observed status says Running and Ready, but its lead container is neither. A machine may be ahead of its
    /// status; a status has no such excuse.
    fn status_contradicts_itself(&self) -> bool {
        // Ephemeral containers count towards no condition.
        let is_well = self.lead().is_none_or(|lead| {
            let is_well = matches!(lead.situation, Situation::Running { lacks: None, .. } | Situation::Stopping { .. });
            is_well || lead.kind == ContainerKind::Ephemeral
        });
        self.observed.is_some() && self.phase == PodPhase::Running && self.ready && !is_well
    }

    /// Returns when the Pod was deleted, and since when its grace is over: `deleted at 12:00:00 with a grace period of 30 s,
    /// which was over at 12:00:30, 5 min 30 s ago`.
    fn deleted(&self) -> String {
        let Some(removal) = &self.removal else { return "deleted".into() };
        let at = text::past(removal.requested_at, self.at);
        if removal.grace.is_zero() {
            let ago = removal.overdue(self.at, OVERDUE).map(|ago| format!(", {} ago", text::span(ago)));
            return format!("deleted at {at}{}", ago.unwrap_or_default());
        }
        let over = removal.overdue(self.at, OVERDUE).map(|ago| {
            format!(", which was over at {}, {} ago", text::past(removal.grace_over_at, self.at), text::span(ago))
        });
        format!("deleted at {at} with a grace period of {}{}", Seconds(removal.grace), over.unwrap_or_default())
    }

    /// Returns what keeps the object of a Pod that has ended or never started.
    fn kept_by(&self) -> String {
        let Some(removal) = &self.removal else { return "its kubelet has yet to confirm that it is gone".into() };
        let names = removal.finalizer_names();
        // A grace that is not 0 is that of a Pod whose kubelet has yet to delete it for good.
        let waits_for_kubelet = !removal.grace.is_zero() || names.is_empty();
        let kubelet = self.node().map_or_else(|| "its kubelet".into(), |node| format!("the kubelet of {node}"));
        let kubelet = format!("{kubelet} has yet to confirm that nothing of it is left on the node");
        match &*names {
            [] => kubelet,
            names if waits_for_kubelet => format!("{}, and {kubelet}", finalizers_clause(names)),
            names => finalizers_clause(names),
        }
    }

    fn clause(&self, situation: &PodSituation) -> String {
        match situation {
            PodSituation::Gated => "its scheduling gates keep it from being scheduled (SchedulingGated)".into(),
            PodSituation::Unscheduled { message: None } => "it is not scheduled to a node yet".into(),
            PodSituation::Unscheduled { .. } => "no node fits it (Unschedulable)".into(),
            PodSituation::NodeLost { since } => {
                let since = since.map(|since| format!(" since {}", text::past(since, self.at))).unwrap_or_default();
                format!("its node has not reported{since}")
            }
            PodSituation::NodeSilent { node, since, .. } => {
                let since = since.map(|since| format!(" since {}", text::past(since, self.at))).unwrap_or_default();
                format!("node {node} does not report or is not ready{since}")
            }
            PodSituation::Resizing { condition, reason, .. } => {
                let containers = self.all_is_well();
                match (&**condition, &**reason) {
                    ("PodResizePending", reason) => {
                        let state = if reason == "Infeasible" { "can never be granted on its node" } else { "waits" };
                        format!("{containers}, but its resize {state} ({condition}: {reason})")
                    }
                    (_, "") => format!("{containers}, and its resize is in progress ({condition})"),
                    (_, reason) => {
                        format!(
                            "{containers}, but its resize was accepted and cannot be carried out ({condition}: {reason})"
                        )
                    }
                }
            }
            PodSituation::Unreported { node } => {
                format!("it is bound to node {node}, whose kubelet has not reported on it yet")
            }
            PodSituation::NoSandbox { ruled_out_by: Some(_), .. } => {
                "its sandbox is gone and no new one is created".into()
            }
            PodSituation::NoSandbox { is_lost: false, .. } => "its sandbox and its network are not ready yet".into(),
            PodSituation::NoSandbox { is_being_made: true, .. } => {
                "its sandbox has died and a new one is being created".into()
            }
            PodSituation::NoSandbox { .. } => "its sandbox has died and it needs a new one".into(),
            PodSituation::VolumesNotMounted { volumes, .. } => sentence::volumes_not_mounted(volumes),
            PodSituation::Unmounting { volumes, .. } => sentence::volumes_being_unmounted(volumes),
            PodSituation::NetworkNotReady { .. } => {
                "the network of its node is not ready, so nothing of it starts (NetworkNotReady)".into()
            }
            PodSituation::RestartingAll { container } => {
                let cause = container.as_deref().map(|name| format!(" because `{name}` exited"));
                format!("all its containers are being restarted{}", cause.unwrap_or_default())
            }
            PodSituation::GatesUnmet { gates } => {
                let gates: Vec<&str> = gates.iter().map(|(gate, _)| &**gate).collect();
                let gate = if gates.len() == 1 { "gate" } else { "gates" };
                let are = if gates.len() == 1 { "is" } else { "are" };
                format!("its containers are ready, but its readiness {gate} {} {are} not True", text::list(&gates))
            }
            PodSituation::Ready => self.all_is_well(),
            PodSituation::Container { .. }
            | PodSituation::Stopping { .. }
            | PodSituation::MirrorDeleted { .. }
            | PodSituation::Leaving { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => self.lead().map(ContainerExplanation::clause).unwrap_or_default(),
        }
    }

    fn all_is_well(&self) -> String {
        let running = self.containers.iter().filter_map(|container| {
            let Situation::Running { since, .. } = &container.situation else { return None };
            Some((container, *since))
        });
        let running: Vec<_> = running.collect();
        match &*running {
            // Only a single container leaves room for its start and its restarts.
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
            StopCause::Deleted { .. } if self.removal.is_some() => format!("it was {}", self.deleted()),
            StopCause::Deleted { at, grace } => {
                format!("it was deleted at {} with a grace period of {}", text::past(*at, self.at), Seconds(*grace))
            }
            StopCause::Removed => "its object was removed from the API".into(),
            StopCause::Node { reason, message } => {
                format!("its node stops it ({reason}: {})", text::unpunctuated(message))
            }
            StopCause::Deadline { longest } => {
                let longest = Seconds(*longest);
                format!("it was active for longer than its activeDeadlineSeconds of {longest} (DeadlineExceeded)")
            }
            StopCause::WorkOver(cause) => self.end_cause(cause),
        }
    }

    fn end_cause(&self, cause: &EndCause) -> String {
        match cause {
            EndCause::AllSucceeded => self.all_succeeded(),
            // The policy would have restarted it: it counts as a failure only because the Pod ended in between.
            EndCause::ContainerFailed { container, exit, decision, .. } if decision.restarts => {
                format!("{}, and the Pod was stopped before its restart", sentence::exited(container, exit, self.at))
            }
            EndCause::ContainerFailed { container, is_init, exit, decision } => {
                let others = if *is_init { ", so the containers after it never start" } else { "" };
                let exited = sentence::exited(container, exit, self.at);
                format!("{exited}; {}{others}", sentence::decided(decision))
            }
            EndCause::Unseen { container } => {
                format!("the kubelet did not see `{container}` exit (ContainerStatusUnknown)")
            }
            EndCause::Reason { reason, message } if message.is_empty() => reason.clone(),
            EndCause::Reason { reason, message } => format!("{reason}: {}", text::unpunctuated(message)),
            EndCause::NodeGone { since } => {
                let since = text::past(*since, self.at);
                format!("its node has not reported since {since}, and the Pod was given up")
            }
            EndCause::Incomplete => "it was stopped before all of its containers had succeeded".into(),
        }
    }

    /// Names the regular containers that exited with code 0. Sidecars may have exited with any code by then.
    fn all_succeeded(&self) -> String {
        let succeeded = self.containers.iter().filter(|container| {
            let is_done = matches!(&container.situation, Situation::Ended { exit, .. } if exit.code == 0);
            is_done && container.kind == ContainerKind::Regular
        });
        let names: Vec<&str> = succeeded.map(|container| &*container.name).collect();
        match &*names {
            [] => "all of its containers have succeeded".into(),
            [_] => format!("{} exited with code 0 and does not restart", text::names(&names)),
            [_, ..] => format!("{} exited with code 0 and do not restart", text::names(&names)),
        }
    }

    // --- Why ---

    /// Returns the rule behind the state, and the facts that it used.
    fn why(&self) -> Option<String> {
        match &self.situation {
            PodSituation::Unscheduled { message: Some(message) } => Some(text::unpunctuated(message).into()),
            PodSituation::NodeSilent { .. } => Some(
                "only the node controller sets Ready to False without a reason, and the kubelet has not set it back; its containers may still be running"
                    .into(),
            ),
            PodSituation::MirrorDeleted { source, .. } => Some(format!(
                "the kubelet runs a static Pod from its {}; the object in the API only mirrors it, and is created anew after a deletion",
                if source == "http" { "manifest URL" } else { "manifest file" }
            )),
            PodSituation::Leaving { cause } => cause.as_ref().map(|cause| {
                let why = self.why_of_end(cause).map(|why| format!("; {why}")).unwrap_or_default();
                format!("{}{why}", self.end_cause(cause))
            }),
            PodSituation::Resizing { message, .. } => {
                let resize = self.observed.as_ref().map(|observed| observed.resize.join(", ")).unwrap_or_default();
                let facts = [text::unpunctuated(message), &resize];
                let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
                Some(facts.join("; ")).filter(|facts| !facts.is_empty())
            }
            PodSituation::Ready => self.past_of_ready(),
            PodSituation::NodeLost { .. } => {
                Some("nothing is known of the Pod until its node reports; its containers may still be running".into())
            }
            PodSituation::Container { .. } => self.lead().and_then(|container| self.why_of(container)),
            PodSituation::GatesUnmet { gates } => {
                let gates = gates.iter().map(|(gate, status)| match status {
                    None => format!("there is no condition {gate}"),
                    Some(status) => format!("the condition {gate} is {status}"),
                });
                Some(gates.collect::<Vec<_>>().join(", "))
            }
            PodSituation::NoSandbox { ruled_out_by: Some(RestartPolicy::Never), .. } => {
                Some("with restartPolicy Never, a Pod that has run does not start again in a new sandbox".into())
            }
            PodSituation::NoSandbox { ruled_out_by: Some(policy), .. } => {
                Some(format!("with restartPolicy {policy}, no container is left to run in a new sandbox"))
            }
            PodSituation::NoSandbox { .. } if self.start_obstacles().next().is_some() => Some(self.obstacles_clause()),
            PodSituation::NoSandbox { after, .. } if after.is_none() && self.observed.is_some() => self.waits_since_clause(),
            PodSituation::NoSandbox { after, .. } => {
                let holder = self.container(after.as_deref()?)?;
                Some(format!("the kubelet first finishes what is under way: {}", holder.clause()))
            }
            PodSituation::VolumesNotMounted { since, volumes } | PodSituation::Unmounting { since, volumes } => {
                Some(sentence::awaited_volumes(volumes, *since, self.at))
            }
            PodSituation::NetworkNotReady { message } => Some(text::unpunctuated(message).into()),
            PodSituation::Stopping { .. } => {
                let stops = self.containers.iter().filter_map(|container| {
                    let Situation::Stopping { step, exit, .. } = &container.situation else { return None };
                    Some(sentence::stopping(&container.name, step, exit.as_ref(), self.at))
                });
                // Sidecars stand first in the spec, and stop last.
                let mut stops: Vec<_> = stops.collect();
                stops.reverse();
                let moving = self.containers.iter().find(|container| container.severity() == Severity::Moving);
                if let Some(moving) = moving.filter(|_| stops.is_empty()) {
                    stops.push(format!("the kubelet first finishes what is under way: {}", moving.clause()));
                }
                stops.extend(self.why_not_stopped());
                if let PodSituation::Stopping { cause: StopCause::WorkOver(cause), .. } = &self.situation {
                    stops.extend(self.why_of_end(cause));
                }
                Some(stops.join("; ")).filter(|stops| !stops.is_empty())
            }
            PodSituation::RestartingAll { container } => {
                // The rule behind the restart of all is that of the one that exited.
                let trigger = container.as_deref().and_then(|name| self.container(name))?;
                self.why_of(trigger)
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { message: None }
            | PodSituation::Unreported { .. }
            | PodSituation::Gone => None,
            PodSituation::Over { cause } => self.why_of_end(cause),
        }
    }

    /// Returns what is known of the exit that ended the Pod: its cause, and its message.
    fn why_of_end(&self, cause: &EndCause) -> Option<String> {
        let EndCause::ContainerFailed { container, .. } = cause else { return None };
        let container = self.container(container).filter(|_| self.observed.is_some())?;
        let Situation::Ended { exit, .. } = &container.situation else { return None };
        let cause = container.past.as_ref().and_then(|past| past.cause.clause(&container.name, exit));
        let saying = sentence::last_line(exit).map(|line| format!("`{}` said {line:?}", container.name));
        let facts: Vec<String> = cause.into_iter().chain(saying).collect();
        Some(facts.join("; ")).filter(|facts| !facts.is_empty())
    }

    /// Returns why a Pod whose grace is over has not been stopped.
    fn why_not_stopped(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        let failed = self.obstacles.iter().find(|obstacle| obstacle.kind == ObstacleKind::Kill);
        clauses.extend(failed.map(|obstacle| obstacle.clause(self.at)));
        let is_overdue = self.removal.as_ref().is_some_and(|removal| removal.overdue(self.at, OVERDUE).is_some());
        if is_overdue {
            let node = self.node().unwrap_or_else(|| "the node".into());
            let runs = self.containers.iter().any(|it| matches!(it.situation, Situation::Stopping { exit: None, .. }));
            clauses.push(if runs {
                format!(
                    "the kubelet kills what still runs when the grace is over, so the kubelet or the runtime of {node} does not act: the node is away, its runtime hangs, or a volume cannot be unmounted"
                )
            } else {
                format!(
                    "no container runs any more, so the kubelet of {node} is away, or cannot unmount a volume or remove the sandbox"
                )
            });
        }
        clauses
    }

    /// Returns what is known of the past runs of a Pod that is ready.
    fn past_of_ready(&self) -> Option<String> {
        let restarted: Vec<&ContainerExplanation> = self
            .containers
            .iter()
            .filter(|container| container.restart_count > 0 && container.kind != ContainerKind::Init)
            .collect();
        // Of several, the one that exited last.
        let last = restarted.iter().max_by_key(|container| container.past.as_ref().and_then(|past| past.last.at))?;
        Some(self.past_clause(last)).filter(|clause| !clause.is_empty())
    }

    /// Returns the past runs of a container that has been restarted.
    fn past_clause(&self, container: &ContainerExplanation) -> String {
        let name = &container.name;
        match &container.past {
            Some(past) => {
                let average = past.average_clause(container.restart_count).map(|average| format!("; {average}"));
                format!("{}{}", past.clause(name, self.at), average.unwrap_or_default())
            }
            // The kubelet reads the count from the container's log files if the runtime has lost its past.
            // Answers to `calcRestartCountByLogDir` in `pkg/kubelet/kuberuntime`.
            None if self.observed.is_some() && container.restart_count > 0 => {
                format!(
                    "the exit of `{name}` before its last restart is no longer in the status: the runtime's record of it was removed"
                )
            }
            None => String::new(),
        }
    }

    /// Returns the obstacles that come before the first container.
    fn obstacles_clause(&self) -> String {
        let clauses: Vec<String> =
            self.start_obstacles().take(MAX_NEXT).map(|obstacle| obstacle.clause(self.at)).collect();
        clauses.join("; ")
    }

    /// Returns since when a Pod waits that has not started.
    fn waits_since_clause(&self) -> Option<String> {
        let since = self.observed.as_ref()?.waits_since?;
        Some(format!("it has waited since {}, {} ago", text::past(since, self.at), text::span(self.at.since(since))))
    }

    /// Returns the reason for the situation of a container, if there is more to say than its clause.
    fn why_of(&self, container: &ContainerExplanation) -> Option<String> {
        let (name, now) = (&container.name, self.at);
        Some(match &container.situation {
            Situation::NotStarted { waits_for: WaitingFor::Preparation, .. }
                if self.start_obstacles().next().is_some() =>
            {
                self.obstacles_clause()
            }
            Situation::NotStarted { waits_for, .. } => {
                let since = self.waits_since_clause().filter(|_| *waits_for == WaitingFor::Preparation);
                format!(
                    "{}{}",
                    self.waiting(waits_for, &[&**name]),
                    since.map(|since| format!("; {since}")).unwrap_or_default()
                )
            }
            Situation::Pulling { image, since } => format!(
                "the pull of {image:?} began at {}, {} ago; no other container starts until it ends",
                text::past(*since, now),
                text::span(now.since(*since)),
            ),
            Situation::PostStart { .. } => {
                "no other container starts and no new status is published until the hook ends".into()
            }
            Situation::HeldBack { exit, decision, delay, .. } => {
                let (exited, decided) = (sentence::exited_saying(name, exit, now), sentence::decided(decision));
                format!("{exited}{}; {decided} {} after that exit", self.cause_and_average(container), Seconds(*delay))
            }
            Situation::HeldBackBetween { exit, decision, least_delay, most_delay } => {
                let cause = self.cause_and_average(container);
                let exited = exit.as_ref().map(|exit| format!("{}{cause}; ", sentence::exited_saying(name, exit, now)));
                let decided = decision.as_ref().map_or_else(|| format!("`{name}` restarts"), sentence::decided);
                let delay = text::at_least_at_most(*least_delay, *most_delay);
                format!("{}{decided} {delay} after that exit", exited.unwrap_or_default())
            }
            Situation::RestartDue { exit, decision, waits_for } => {
                let next = self.waiting(waits_for, &[&**name]);
                let cause = self.cause_and_average(container);
                format!("{}{cause}; {}; {next}", sentence::exited_saying(name, exit, now), sentence::decided(decision))
            }
            Situation::CannotStart { message, image, delay: Some(delay), .. } => format!(
                "the last pull of {image:?} failed: {}; the next one waits until {} after that",
                text::unpunctuated(message),
                Seconds(*delay)
            ),
            Situation::CannotStart { error, message, .. } => self.why_cannot_start(container, error, message),
            Situation::Running { lacks: Some(progress), .. } => {
                let failure = self.obstacle(ObstacleKind::Probe, Some(name));
                let failure = failure.map(|obstacle| format!("; {}", obstacle.clause(now))).unwrap_or_default();
                let past =
                    Some(self.past_clause(container)).filter(|past| container.restart_count > 0 && !past.is_empty());
                let past = past.map(|past| format!("; {past}")).unwrap_or_default();
                format!("{}{failure}{past}", sentence::probe_progress(progress))
            }
            Situation::Running { since, .. } if container.kind == ContainerKind::Init => {
                let since = since.map(|since| format!("it has been running since {}; ", text::past(since, now)));
                let rule = "the next container starts only after it has exited with code 0";
                format!("{}{rule}", since.unwrap_or_default())
            }
            Situation::Stopping { step, exit, .. } => sentence::stopping(name, step, exit.as_ref(), now),
            Situation::Ended { exit, decision } => {
                let cause = self.cause_and_average(container);
                format!("{}{cause}; {}", sentence::exited_saying(name, exit, now), sentence::decided(decision))
            }
            Situation::Starting | Situation::Running { .. } | Situation::NeverRan | Situation::Unknown => return None,
        })
    }

    /// Returns the cause of the last exit and the average length of the runs, each after a semicolon.
    fn cause_and_average(&self, container: &ContainerExplanation) -> String {
        let Some(past) = &container.past else { return String::new() };
        let clauses = [past.cause.clause(&container.name, &past.last), past.average_clause(container.restart_count)];
        clauses.into_iter().flatten().map(|clause| format!("; {clause}")).collect()
    }

    /// Returns the words of the runtime or the registry, what they mean, and how often and when they were given.
    fn why_cannot_start(&self, container: &ContainerExplanation, error: &StartError, message: &str) -> String {
        let name = Some(&*container.name);
        let is_pull = is_pull_error(error);
        let kind = if is_pull { ObstacleKind::Image } else { ObstacleKind::Container };
        let event = self.obstacle(kind, name);
        // A back-off's message has the words of the last attempt only since 1.32.
        let words = match (text::unpunctuated(message), event) {
            (words, Some(event))
                if words.is_empty() || is_pull && !words.contains("Err") && words.starts_with("Back-off") =>
            {
                text::unpunctuated(&event.message)
            }
            (words, _) => words,
        };
        let meaning =
            PullFailure::in_message(words).filter(|_| is_pull).map(|failure| format!("{}: ", failure.clause()));
        let times = event.map(|event| format!(", {}", event.occurrences(self.at))).unwrap_or_default();
        let exit = self.cause_of_failed_run(container).unwrap_or_default();
        format!("{}{words}{times}{exit}", meaning.unwrap_or_default())
    }

    /// Returns the exit of the instance whose start failed, if its restart has a time.
    fn cause_of_failed_run(&self, container: &ContainerExplanation) -> Option<String> {
        let restarts = self.next.iter().any(|next| next.what.container() == Some(&container.name));
        let past = container.past.as_ref().filter(|_| restarts && self.observed.is_some())?;
        let exited = sentence::exited(&container.name, &past.last, self.at);
        Some(format!("; {exited}, and its back-off may delay the next start (CrashLoopBackOff)"))
    }

    /// Returns what containers wait for before they start.
    fn waiting(&self, waits_for: &WaitingFor, names: &[&str]) -> String {
        let (wait, start) = if names.len() == 1 { ("waits", "starts") } else { ("wait", "start") };
        let names = text::names(names);
        match waits_for {
            WaitingFor::Node => format!("{names} {wait} for the Pod to get a node"),
            WaitingFor::Sandbox => format!("{names} {wait} for the Pod's sandbox"),
            WaitingFor::InitContainer(init) => {
                let is_sidecar = self.container(init).is_some_and(|init| init.kind == ContainerKind::Sidecar);
                let succeeds = if is_sidecar { "has started up" } else { "succeeds" };
                format!("{names} cannot start until `{init}` {succeeds}")
            }
            WaitingFor::Turn(other) => format!("{names} {wait} for `{other}`, which holds up the whole Pod"),
            WaitingFor::Reset => format!("{names} {start} again after all containers have been removed"),
            WaitingFor::Preparation => format!("{names} {wait} for volumes, an image or creation"),
            WaitingFor::NextSync => format!("{names} {start} with the next sync of the Pod"),
        }
    }

    // --- Next ---

    fn what_is_next(&self) -> String {
        let lead = self.lead().map(|container| &*container.name);
        // A periodic sync alone changes nothing: the line says that nothing is scheduled.
        let is_shown = |next: &&Next| match (next.what.container(), lead) {
            (None, _) => next.what != NextStep::Resync,
            // The steps of other containers stand in the line "Also".
            (Some(container), Some(lead)) => container == lead,
            (Some(_), None) => true,
        };
        let mut shown: Vec<&Next> = self.next.iter().filter(is_shown).collect();
        shown.sort_by_key(|next| (matches!(next.what, NextStep::Deadline), next.when.time()));
        // The deadline stands last, however many steps there are.
        let deadline = shown.iter().position(|next| next.what == NextStep::Deadline).map(|place| shown.remove(place));
        let mut clauses: Vec<String> = shown.into_iter().take(MAX_NEXT).map(|next| self.next_clause(next)).collect();
        if clauses.is_empty() {
            clauses.extend(self.unknown.iter().find_map(MissingFact::next_clause).or_else(|| self.next_without_time()));
        }
        clauses.extend(deadline.map(|next| self.next_clause(next)));
        let mut line = if clauses.is_empty() { "nothing is scheduled".into() } else { clauses.join("; ") };
        if let Some(clause) = self.next_delay_clause() {
            line = format!("{line}; {clause}");
        }
        line
    }

    /// Returns how long a container that was restarted waits after its next exit.
    fn next_delay_clause(&self) -> Option<String> {
        let is_lead = |container: &ContainerExplanation| self.lead().is_some_and(|lead| lead.name == container.name);
        let is_shown = |container: &&ContainerExplanation| self.situation == PodSituation::Ready || is_lead(container);
        let running = self.containers.iter().filter(is_shown).filter_map(|container| {
            let past = container.past.as_ref()?;
            Some((container, past, past.next_delay?))
        });
        let (container, _, delay) = running.max_by_key(|(_, past, _)| past.last.at)?;
        let reset = text::span(self.observed.as_ref()?.back_off_reset);
        Some(format!(
            "if `{}` exits again before it has run for {reset}, it waits up to {} before its restart",
            container.name,
            text::span(delay)
        ))
    }

    fn next_clause(&self, next: &Next) -> String {
        let when = match next.when {
            When::At(at) => text::ahead(at, self.at),
            // The bound has passed. A machine is then in the middle of a sync; an observed status may just be old.
            When::NotBefore(at) | When::Between { latest: at, .. } if at <= self.at => {
                if let Some(overdue) = self.overdue(next, at) {
                    return overdue;
                }
                let is_observed = self.observed.is_some();
                if is_observed { "at any moment" } else { "as soon as the kubelet's current sync of the Pod ends" }
                    .into()
            }
            When::NotBefore(at) => format!("{}, at the earliest", text::ahead(at, self.at)),
            When::Between { earliest, latest } if earliest <= self.at => {
                format!("{}, at the latest", text::ahead(latest, self.at))
            }
            When::Between { earliest, latest } => text::between(earliest, latest, self.at),
        };
        match &next.what {
            NextStep::Start { container } => self.start_clause(container, &when, ""),
            NextStep::Pull { container } => self.start_clause(container, &when, ", after a pull of its image"),
            NextStep::InspectImage { container } => match self.container(container).map(|it| &it.situation) {
                Some(Situation::CannotStart { .. }) => {
                    format!("the kubelet looks again for the image of `{container}` {when}")
                }
                _ => format!("`{container}` starts {when}, after a pull if the node does not have its image"),
            },
            NextStep::Probe { container, probe } => {
                format!("the {} probe of `{container}` runs {when}", probe.name().to_lowercase())
            }
            NextStep::PostStartEnds { container } => format!("the postStart hook of `{container}` ends {when}"),
            NextStep::PreStopEnds { container } => {
                let sleeps = matches!(self.stop_step(container), Some(StopStep::PreStop { sleeps: true, .. }));
                let latest = if sleeps { "" } else { " at the latest" };
                format!("`{container}` gets SIGTERM when its preStop hook ends, {when}{latest}")
            }
            NextStep::TurnEnds { container } => {
                let after = match self.stop_step(container) {
                    Some(StopStep::Turn { after, .. }) if !after.is_empty() => format!(" after {}", text::names(after)),
                    _ => String::new(),
                };
                format!("`{container}` gets SIGTERM{after}, {when} at the latest")
            }
            NextStep::Kill { container } => format!("`{container}` is killed (SIGKILL) if it still runs {when}"),
            NextStep::TaintEviction => {
                let tolerated = Seconds(self.tolerated());
                format!(
                    "the taint manager deletes the Pod {when}, once the node has been unreachable for {tolerated} (tolerationSeconds), unless it reports before"
                )
            }
            NextStep::Deadline => format!("activeDeadlineSeconds ends the Pod {when}"),
            NextStep::Resync => format!("the Pod is synced again {when}"),
        }
    }

    /// Returns how long the Pod tolerates its silent node.
    fn tolerated(&self) -> Duration {
        if let PodSituation::NodeSilent { tolerated: Some(tolerated), .. } = &self.situation {
            *tolerated
        } else {
            Duration::ZERO
        }
    }

    /// Returns the clause on a step of an observed Pod that should have been taken by now: its status is old.
    fn overdue(&self, next: &Next, due: Timestamp) -> Option<String> {
        if self.at.since(due) < OVERDUE {
            return None;
        }
        let age = self
            .observed
            .as_ref()?
            .changed_at
            .map(|at| format!(": this status is {} old", text::span(self.at.since(at))));
        // Only these two are steps that a status gives a time; the deadline has a situation of its own.
        let step = if let NextStep::Start { container } = &next.what {
            format!("the restart of `{container}`")
        } else if let NextStep::Kill { container } = &next.what {
            format!("the kill of `{container}`")
        } else if next.what == NextStep::TaintEviction {
            return Some(format!(
                "the taint manager deletes the Pod once it has seen the node unreachable for {} (tolerationSeconds): due since {}",
                Seconds(self.tolerated()),
                text::clock(due, self.at)
            ));
        } else {
            return None;
        };
        Some(format!("{step} has been overdue since {}{}", text::clock(due, self.at), age.unwrap_or_default()))
    }

    fn start_clause(&self, container: &str, when: &str, how: &str) -> String {
        match self.container(container).map(|container| &container.situation) {
            Some(Situation::HeldBack { next_delay, .. }) => format!(
                "`{container}` restarts {when}{how}; if it exits again soon, the next delay is {}",
                Seconds(*next_delay)
            ),
            Some(Situation::CannotStart { .. }) if how.is_empty() => {
                format!("the kubelet tries to start `{container}` again {when}")
            }
            Some(Situation::CannotStart { .. }) => format!("the image of `{container}` is pulled again {when}"),
            Some(Situation::NotStarted { .. }) => format!("`{container}` starts {when}{how}"),
            _ => format!("`{container}` restarts {when}{how}"),
        }
    }

    fn stop_step(&self, container: &str) -> Option<&StopStep> {
        if let Situation::Stopping { step, .. } = &self.container(container)?.situation { Some(step) } else { None }
    }

    /// Returns what follows if no step has a time.
    fn next_without_time(&self) -> Option<String> {
        Some(match &self.situation {
            PodSituation::Gated | PodSituation::Unscheduled { .. } => "nothing, until the Pod gets a node".into(),
            PodSituation::NodeLost { .. } => "nothing is known until the node reports".into(),
            PodSituation::Unreported { .. } => "the kubelet of the node starts the Pod as soon as it runs".into(),
            PodSituation::NoSandbox { ruled_out_by: Some(_), .. } => "nothing starts any more".into(),
            PodSituation::NoSandbox { .. } => "its containers start once the sandbox is ready".into(),
            PodSituation::NetworkNotReady { .. } => "the kubelet tries again every second".into(),
            PodSituation::VolumesNotMounted { .. } => "its containers start once all of its volumes are mounted".into(),
            PodSituation::Unmounting { .. } => {
                "the kubelet is done with the Pod once all of its volumes are unmounted".into()
            }
            PodSituation::RestartingAll { .. } => "all containers start again once the old ones are removed".into(),
            PodSituation::NodeSilent { .. } if self.removal.is_some() => {
                "nothing, until the node reports, is deleted from the cluster, or is taken out of service".into()
            }
            PodSituation::NodeSilent { tolerated: None, .. } => {
                "nothing, until the node reports: the Pod tolerates an unreachable node for ever".into()
            }
            PodSituation::NodeSilent { .. } => "nothing is known until the node reports".into(),
            PodSituation::MirrorDeleted { .. } => {
                "the kubelet deletes the mirror and creates a new one of the same name; the containers run on".into()
            }
            PodSituation::Leaving { .. } => self.next_of_leaving(),
            PodSituation::Stopping { cause: StopCause::Deleted { .. }, .. } => self.next_of_deleted(),
            PodSituation::Stopping { .. } => "the final status is published once all containers have stopped".into(),
            PodSituation::Over { .. } | PodSituation::Gone => "nothing more happens".into(),
            PodSituation::Resizing { condition, reason, .. } => match (&**condition, &**reason) {
                (_, "Infeasible") => "nothing, until the resize is changed".into(),
                (_, "Deferred" | "Error") => "the kubelet tries the resize again".into(),
                _ => return None,
            },
            PodSituation::GatesUnmet { .. } | PodSituation::Ready => return None,
            PodSituation::Container { .. } => return self.lead().and_then(next_of_lead),
        })
    }

    /// Returns what follows for a Pod that is being stopped.
    fn next_of_deleted(&self) -> String {
        let Some(removal) = &self.removal else {
            return "the Pod is removed from the API once all containers have stopped".into();
        };
        let is_overdue = removal.overdue(self.at, OVERDUE).is_some();
        let names = removal.finalizer_names();
        let node = self.node().unwrap_or_else(|| "the node".into());
        match (is_overdue, &*names) {
            (true, []) => format!("nothing, until the kubelet of {node} acts"),
            (true, names) => {
                format!("nothing, until the kubelet of {node} acts; then {}", finalizers_clause(names))
            }
            (false, []) => "the Pod is removed from the API once all containers have stopped".into(),
            (false, names) => format!("once all containers have stopped, {}", finalizers_clause(names)),
        }
    }

    fn next_of_leaving(&self) -> String {
        let Some(removal) = &self.removal else { return "the Pod leaves the API".into() };
        let names = removal.finalizer_names();
        let it = if names.len() == 1 { "its finalizer is" } else { "its finalizers are" };
        match &*names {
            [] => "the Pod leaves the API once the kubelet has confirmed that".into(),
            _ if removal.grace.is_zero() => {
                // One that never got a node has nothing there.
                let node = self.node().map_or("", |_| "; nothing is left to do on the node");
                format!("the Pod leaves the API once {it} removed{node}")
            }
            _ => format!(
                "the Pod leaves the API once both have happened, in any order: {it} removed, and the kubelet confirms"
            ),
        }
    }

    // --- What would change it ---

    fn what_would_change_it(&self) -> Option<String> {
        let is_active = |lead: &&ContainerExplanation| !matches!(lead.situation, Situation::Ended { .. });
        // A container that has ended changes no more: without an active lead, the changes of all containers count.
        let lead = self.lead().filter(is_active).map(|container| &*container.name);
        let changes = self.changes.iter().filter(|change| lead.is_none() || change.container() == lead);
        // The best remedy and its alternative; more would make the line unreadable.
        let changes: Vec<&PossibleChange> = changes.take(2).collect();
        match &*changes {
            [] => None,
            [PossibleChange::Exit { container }] => Some(format!("Stays like this until `{container}` exits")),
            [PossibleChange::Exit { container: one }, PossibleChange::Exit { container: other }] => {
                Some(format!("Stays like this until `{one}` or `{other}` exits"))
            }
            changes => {
                let clauses: Vec<String> = changes.iter().map(|change| change.clause(self)).collect();
                Some(format!("What would change it: {}", clauses.join("; ")))
            }
        }
    }

    fn what_is_unknown(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let clauses: Vec<String> = self.unknown.iter().map(MissingFact::clause).collect();
        Some(format!("{} (see the events of the Pod)", clauses.join("; ")))
    }

    fn quirk(&self) -> Option<String> {
        let clauses: Vec<String> = self.quirks.iter().map(Quirk::clause).collect();
        Some(clauses.join("; ")).filter(|clauses| !clauses.is_empty())
    }

    // --- The other containers ---

    fn secondary_containers(&self) -> Option<String> {
        let lead = self.lead().map(|container| &*container.name);
        let is_over = matches!(
            self.situation,
            PodSituation::Over { .. }
                | PodSituation::Leaving { .. }
                | PodSituation::Gone
                | PodSituation::NodeLost { .. }
        );
        let is_stop = matches!(self.situation, PodSituation::Stopping { .. });
        let is_shown = |container: &&ContainerExplanation| {
            let is_unbound = matches!(container.situation, Situation::NotStarted { waits_for: WaitingFor::Node, .. });
            // The line "Why" has all that are being stopped.
            let is_in_why = is_stop && matches!(container.situation, Situation::Stopping { .. });
            let is_notable = !is_over && !is_in_why && container.severity() != Severity::None;
            let is_holder = matches!(&self.situation, PodSituation::NoSandbox { after, ruled_out_by: None, .. }
                if after.as_deref() == Some(&container.name));
            let is_elsewhere = is_unbound || is_holder || lead == Some(&*container.name);
            !is_elsewhere && (is_notable || container.waiting_reason.is_some())
        };
        let mut clauses = self.grouped_clauses(&self.containers.iter().filter(is_shown).collect::<Vec<_>>());
        clauses.extend(self.restarted_beside());
        if self.is_mirror() && !matches!(self.situation, PodSituation::MirrorDeleted { .. }) {
            clauses.push("it is the mirror of a static Pod: only its manifest on the node changes it".into());
        }
        let restarted = self.kubelet_restarted_at.filter(|at| self.at.since(*at) < KUBELET_RESTART_MENTIONED);
        clauses.extend(restarted.map(|at| {
            format!("the kubelet restarted at {} and lost its back-offs and probe results", text::past(at, self.at))
        }));
        Some(clauses.join("; ")).filter(|clauses| !clauses.is_empty())
    }

    /// Returns the past runs of the running containers that no other line is about.
    fn restarted_beside(&self) -> Vec<String> {
        let is_over = matches!(
            self.situation,
            PodSituation::Over { .. }
                | PodSituation::Gone
                | PodSituation::NodeLost { .. }
                | PodSituation::Leaving { .. }
        );
        let is_shown = |container: &&ContainerExplanation| {
            let is_running = matches!(container.situation, Situation::Running { .. });
            container.restart_count > 0 && is_running && container.kind != ContainerKind::Init
        };
        // The line "Why" has the one that exited last, or the lead.
        let shown = if self.situation == PodSituation::Ready {
            let restarted = self.containers.iter().filter(is_shown);
            let last = restarted.max_by_key(|container| container.past.as_ref().and_then(|past| past.last.at));
            last.map(|container| &*container.name)
        } else {
            self.lead().map(|container| &*container.name)
        };
        if is_over || self.observed.is_none() {
            return Vec::new();
        }
        let beside = self.containers.iter().filter(is_shown).filter(|container| shown != Some(&*container.name));
        let clause = |container: &ContainerExplanation| {
            let times =
                if container.restart_count == 1 { "once".into() } else { format!("{} times", container.restart_count) };
            let last = container.past.as_ref().map(|past| {
                format!(", the last time after {} with {}", last_at(past, self.at), sentence::code(&past.last))
            });
            format!("`{}` was restarted {times}{}", container.name, last.unwrap_or_default())
        };
        beside.map(clause).collect()
    }

    /// Returns a clause per container, or one for all that wait for the same thing.
    fn grouped_clauses(&self, containers: &[&ContainerExplanation]) -> Vec<String> {
        let mut groups: Vec<(Vec<&str>, &ContainerExplanation)> = Vec::new();
        for container in containers {
            let is_same = |other: &ContainerExplanation| {
                matches!(container.situation, Situation::NotStarted { .. } | Situation::NeverRan)
                    && (&other.situation, &other.waiting_reason) == (&container.situation, &container.waiting_reason)
            };
            match groups.iter_mut().find(|(_, other)| is_same(other)) {
                Some((names, _)) => names.push(&container.name),
                None => groups.push((Vec::from([&*container.name]), container)),
            }
        }
        groups.iter().map(|(names, container)| self.short_clause(names, container)).collect()
    }

    fn short_clause(&self, names: &[&str], container: &ContainerExplanation) -> String {
        let reason = container.waiting_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        if let Situation::NotStarted { waits_for, .. } = &container.situation {
            return format!("{}{reason}", self.waiting(waits_for, names));
        }
        if container.situation == Situation::NeverRan {
            return format!("{} never ran{reason}", text::names(names));
        }
        if let Situation::Ended { exit, .. } = &container.situation
            && container.waiting_reason.is_none()
        {
            return sentence::exited(&container.name, exit, self.at);
        }
        // Without a lead, the line "Next" is about all containers.
        let next = self.next.iter().filter(|next| self.lead().is_some() && next.what.container().is_some());
        let mut next = next.filter(|next| next.what.container() == Some(&container.name));
        let next = next.next().map(|next| format!(", {}", self.next_clause(next))).unwrap_or_default();
        format!("{}{next}", container.clause())
    }

    // --- Conditions ---

    /// Returns the unmet conditions, those with the same status and cause together.
    fn conditions(&self) -> Option<String> {
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
        // A message that the first lines already contain, such as the scheduler's, is not repeated.
        let before = format!("{} {}", self.state(), self.why().unwrap_or_default());
        let clauses: Vec<String> = groups.iter().map(|(names, unmet)| unmet_clause(names, unmet, &before)).collect();
        Some(clauses.join("; ")).filter(|clauses| !clauses.is_empty())
    }
}

/// Returns the time of the last exit: `its exit at 12:05:00`.
fn last_at(past: &PastRuns, now: Timestamp) -> String {
    past.last.at.map_or_else(|| "an exit".into(), |at| format!("its exit at {}", text::past(at, now)))
}

/// Returns that finalizers keep an object: `its finalizer a/b keeps it in the API`.
fn finalizers_clause(names: &[&str]) -> String {
    match names {
        [name] => format!("its finalizer {name} keeps it in the API"),
        names => format!("its finalizers {} keep it in the API", text::list(names)),
    }
}

/// Returns the status and the cause of some conditions, without a message that stands in the lines before.
fn unmet_clause(conditions: &[&str], unmet: &UnmetCondition, before: &str) -> String {
    let are = if conditions.len() == 1 { "is" } else { "are" };
    let mut clause = format!("{} {are} {}", text::list(conditions), unmet.status);
    let about = match (&*unmet.containers, &*unmet.message) {
        ([], message) if before.contains(text::unpunctuated(message)) => String::new(),
        ([], message) => text::unpunctuated(message).to_string(),
        // The kubelet's message only lists the same containers, so their names stand for it.
        (containers, _) => text::names(containers),
    };
    let why = match (&*unmet.reason, &*about) {
        ("", "") => return clause,
        ("", about) | (about, "") => about.to_owned(),
        (reason, about) => format!("{reason}: {about}"),
    };
    clause.push_str(&format!(" ({why})"));
    clause
}

/// Returns what follows the lead container's situation if no step has a time.
fn next_of_lead(lead: &ContainerExplanation) -> Option<String> {
    let name = &lead.name;
    Some(match &lead.situation {
        Situation::Pulling { .. } => {
            format!("`{name}` starts once its image is pulled; a failed pull is retried after a back-off")
        }
        Situation::PostStart { .. } => "the other containers of the Pod continue once the hook ends".into(),
        Situation::NotStarted { .. } | Situation::Starting | Situation::RestartDue { .. } => {
            format!("`{name}` starts as soon as possible")
        }
        Situation::Stopping { restarts: true, .. } => {
            format!("`{name}` restarts once it has stopped, unless its back-off delays it")
        }
        Situation::Stopping { exit: None, .. } => format!("the Pod continues once `{name}` has stopped"),
        Situation::Stopping { exit: Some(_), .. } => {
            "the Pod continues once all containers that are being stopped have stopped".into()
        }
        Situation::Running { .. } if lead.kind == ContainerKind::Init => {
            format!("the next container starts once `{name}` has exited with code 0")
        }
        Situation::CannotStart { error: StartError::InvalidImageName, .. } => {
            format!("the kubelet keeps trying to start `{name}`, and fails as long as the image name is the same")
        }
        Situation::CannotStart { .. } => {
            format!("the kubelet tries to start `{name}` again as soon as its current sync of the Pod ends")
        }
        Situation::HeldBack { .. }
        | Situation::HeldBackBetween { .. }
        | Situation::Running { .. }
        | Situation::Ended { .. }
        | Situation::NeverRan
        | Situation::Unknown => return None,
    })
}
