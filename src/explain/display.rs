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
    ContainerExplanation, EndCause, Explanation, MissingFact, Next, NextStep, PodSituation, PossibleChange, Situation,
    StopCause, StopStep, UnmetCondition, WaitingFor, When, container::Severity, sentence, text,
};
use crate::{
    api::{Name, PodPhase, RestartPolicy},
    spec::ContainerKind,
    state::StartError,
    time::seconds::Seconds,
};

/// A restart of the kubelet is mentioned for this long.
const KUBELET_RESTART_MENTIONED: Duration = Duration::from_secs(300);

/// A step of an observed Pod is overdue after this long: until then, the kubelet may be at it.
const OVERDUE: Duration = Duration::from_secs(60);

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
            | PodSituation::Unreported { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::NetworkNotReady { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::Container { .. }
            | PodSituation::GatesUnmet { .. }
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

    fn clause(&self, situation: &PodSituation) -> String {
        match situation {
            PodSituation::Gated => "its scheduling gates keep it from being scheduled (SchedulingGated)".into(),
            PodSituation::Unscheduled { message: None } => "it is not scheduled to a node yet".into(),
            PodSituation::Unscheduled { .. } => "no node fits it (Unschedulable)".into(),
            PodSituation::NodeLost { since } => {
                let since = since.map(|since| format!(" since {}", text::past(since, self.at))).unwrap_or_default();
                format!("its node has not reported{since} (NodeLost)")
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
            PodSituation::NoSandbox { after, .. } => {
                let holder = self.container(after.as_deref()?)?;
                Some(format!("the kubelet first finishes what is under way: {}", holder.clause()))
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
            | PodSituation::Ready
            | PodSituation::Over { .. }
            | PodSituation::Gone => None,
        }
    }

    /// Returns the reason for the situation of a container, if there is more to say than its clause.
    fn why_of(&self, container: &ContainerExplanation) -> Option<String> {
        let (name, now) = (&container.name, self.at);
        Some(match &container.situation {
            Situation::NotStarted { waits_for, .. } => self.waiting(waits_for, &[&**name]),
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
                format!("{exited}; {decided} {} after that exit", Seconds(*delay))
            }
            Situation::HeldBackBetween { exit, decision, least_delay, most_delay } => {
                let exited = exit.as_ref().map(|exit| format!("{}; ", sentence::exited_saying(name, exit, now)));
                let decided = decision.as_ref().map_or_else(|| format!("`{name}` restarts"), sentence::decided);
                let delay = text::at_least_at_most(*least_delay, *most_delay);
                format!("{}{decided} {delay} after that exit", exited.unwrap_or_default())
            }
            Situation::RestartDue { exit, decision, waits_for } => {
                let next = self.waiting(waits_for, &[&**name]);
                format!("{}; {}; {next}", sentence::exited_saying(name, exit, now), sentence::decided(decision))
            }
            Situation::CannotStart { message, image, delay: Some(delay), .. } => format!(
                "the last pull of {image:?} failed: {}; the next one waits until {} after that",
                text::unpunctuated(message),
                Seconds(*delay)
            ),
            Situation::CannotStart { message, .. } => text::unpunctuated(message).to_string(),
            Situation::Running { lacks: Some(progress), .. } => sentence::probe_progress(progress),
            Situation::Running { since, .. } if container.kind == ContainerKind::Init => {
                let since = since.map(|since| format!("it has been running since {}; ", text::past(since, now)));
                let rule = "the next container starts only after it has exited with code 0";
                format!("{}{rule}", since.unwrap_or_default())
            }
            Situation::Stopping { step, exit, .. } => sentence::stopping(name, step, exit.as_ref(), now),
            Situation::Ended { exit, decision } => {
                format!("{}; {}", sentence::exited_saying(name, exit, now), sentence::decided(decision))
            }
            Situation::Starting | Situation::Running { .. } | Situation::NeverRan | Situation::Unknown => return None,
        })
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
        if clauses.is_empty() { "nothing is scheduled".into() } else { clauses.join("; ") }
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
            NextStep::Deadline => format!("activeDeadlineSeconds ends the Pod {when}"),
            NextStep::Resync => format!("the Pod is synced again {when}"),
        }
    }

    /// Returns the clause on a step of an observed Pod that should have been taken by now: its status is old.
    fn overdue(&self, next: &Next, due: crate::time::Timestamp) -> Option<String> {
        if self.at.since(due) < OVERDUE {
            return None;
        }
        let age = self.observed?.changed_at.map(|at| format!(": this status is {} old", text::span(self.at.since(at))));
        // Only these two are steps that a status gives a time; the deadline has a situation of its own.
        let step = if let NextStep::Start { container } = &next.what {
            format!("the restart of `{container}`")
        } else if let NextStep::Kill { container } = &next.what {
            format!("the kill of `{container}`")
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
            PodSituation::RestartingAll { .. } => "all containers start again once the old ones are removed".into(),
            PodSituation::Stopping { cause: StopCause::Deleted { .. }, .. } => {
                "the Pod is removed from the API once all containers have stopped".into()
            }
            PodSituation::Stopping { .. } => "the final status is published once all containers have stopped".into(),
            PodSituation::Over { .. } | PodSituation::Gone => "nothing more happens".into(),
            PodSituation::GatesUnmet { .. } | PodSituation::Ready => return None,
            PodSituation::Container { .. } => return self.lead().and_then(next_of_lead),
        })
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
                let clauses: Vec<String> = changes.iter().map(|change| change.clause(&self.situation)).collect();
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

    // --- The other containers ---

    fn secondary_containers(&self) -> Option<String> {
        let lead = self.lead().map(|container| &*container.name);
        let is_over =
            matches!(self.situation, PodSituation::Over { .. } | PodSituation::Gone | PodSituation::NodeLost { .. });
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
        let restarted = self.kubelet_restarted_at.filter(|at| self.at.since(*at) < KUBELET_RESTART_MENTIONED);
        clauses.extend(restarted.map(|at| {
            format!("the kubelet restarted at {} and lost its back-offs and probe results", text::past(at, self.at))
        }));
        Some(clauses.join("; ")).filter(|clauses| !clauses.is_empty())
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
