//! Explanation of an observed Pod: facts that follow from its status, and facts that no status contains.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::{
    ObservedPod,
    container::{self, Delay},
    need, obstacle, resize,
};
use crate::{
    api::{ConditionStatus, ContainerStatus, Name, Named, PodCondition, PodPhase},
    config::{KubeletChange, KubeletConfig},
    explain::{
        Explanation, Next, NextStep, ObservedStatus, WaitingFor, When,
        change::{self, PossibleChange, remedies},
        condition::{self, UnmetCondition},
        container::{ContainerExplanation, Situation, is_pull_error, lead},
        display::OVERDUE,
        fact::by_name,
        history::ExitCause,
        pod::{EndCause, PodSituation, StopCause, first_failure},
        remedy::Remedy,
        removal::Removal,
        scheduling,
    },
    rule::{deadline, restart, taint_eviction},
    spec::ProbeKind,
    state::{ConditionMessage, ConditionReason, ConditionType, ContainerRecord, PodReason, StartError},
    time::{Timestamp, seconds},
};

/// Fact that no status contains, and that an explanation would need.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::explain::{MissingFact, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/image-pull-back-off.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let explained = pod.explain("2026-03-01T12:08:50Z".parse()?);
/// let five_minutes = Duration::from_secs(300);
/// assert_eq!(explained.unknown, [MissingFact::NextPull { container: "app".into(), longest_wait: five_minutes }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum MissingFact {
    /// Time of a container's next restart, since its last exit has no time.
    NextRestart {
        /// Name of the container.
        container: String,
    },
    /// Time of the next pull of an image, since the last attempt is not in the status.
    NextPull {
        /// Name of the container.
        container: String,
        /// Longest time from the last attempt to the next.
        #[serde(rename = "mostSeconds", serialize_with = "seconds::serialize")]
        longest_wait: Duration,
    },
    /// Time of the next attempt to start a container, since the last one is not in the status.
    NextTry {
        /// Name of the container.
        container: String,
        /// Usual time from the last attempt to the next.
        #[serde(rename = "periodSeconds", serialize_with = "seconds::serialize")]
        period: Duration,
    },
    /// Results in a row of a probe so far.
    ProbeRun {
        /// Name of the container.
        container: String,
        /// Kind of the probe.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// Step that a container waits for before its start.
    Preparation {
        /// Name of the container.
        container: String,
    },
    /// Containers that got SIGTERM, and when.
    Stops,
    /// Containers that run on the node.
    Node,
    /// State of the node's kubelet.
    Kubelet,
}

impl ObservedPod {
    /// Explains the Pod: why it is in its state, what happens next and when, what would change it, and what is unknown.
    ///
    /// Its node has the default configuration; see [`explain_on`](ObservedPod::explain_on).
    ///
    /// ```
    /// use pod_lifecycle::{api::PodManifest, explain::ObservedPod};
    ///
    /// // What `kubectl get pod web -o json` prints.
    /// let printed = r#"{
    ///     "metadata": {"name": "web"},
    ///     "spec": {"nodeName": "node-1", "restartPolicy": "Always", "containers": [{"name": "app", "image": "shop:1"}]},
    ///     "status": {
    ///         "phase": "Running",
    ///         "containerStatuses": [{"name": "app", "ready": false, "restartCount": 3, "image": "shop:1", "imageID": "",
    ///             "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    ///             "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-03-01T12:00:50Z"}}}]
    ///     }
    /// }"#;
    /// let pod = ObservedPod::from_manifest(serde_json::from_str::<PodManifest>(printed)?)?;
    /// let text = pod.explain("2026-03-01T12:00:55Z".parse()?).to_string();
    /// assert!(text.starts_with(
    ///     "Pod web is Running but not Ready: container `app` keeps exiting and waits before its next restart \
    ///      (CrashLoopBackOff).\n\
    ///      Why: `app` exited with code 1 (Error) at 12:00:50, its 4th exit; restartPolicy Always restarts it 10 s to 40 s \
    ///      after that exit.\n\
    ///      Next: `app` restarts between 12:01:00 and 12:01:30, in 5 s to 35 s."
    /// ), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        self.explain_on(&KubeletConfig::default(), now)
    }

    /// Explains the Pod on a node with this configuration; only its version, back-offs and periods are used.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{config::{KubeletConfig, Kubernetes}, explain::{Situation, ObservedPod}};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let crash_loop = Kubernetes::default().crash_loop(Some(Duration::from_secs(60)));
    /// let node = KubeletConfig::default().with_crash_loop(crash_loop);
    /// let app = &pod.explain_on(&node, "2026-03-01T12:08:50Z".parse()?).containers[0];
    /// // The message contains 160 s; the next delay depends on the node.
    /// let Situation::HeldBack { delay, next_delay, .. } = app.situation else { return Err("is not".into()) };
    /// assert_eq!((delay.as_secs(), next_delay.as_secs()), (160, 60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_on(&self, node: &KubeletConfig, now: Timestamp) -> Explanation {
        Observation { pod: self, node, now }.explain()
    }
}

/// Types of the conditions of a resize (KEP-1287).
const RESIZE_PENDING: &str = "PodResizePending";
const RESIZE_IN_PROGRESS: &str = "PodResizeInProgress";

/// Annotation with the source of a Pod: `file` or `http` for a static one. `pkg/kubelet/types/pod_update.go`.
const CONFIG_SOURCE: &str = "kubernetes.io/config.source";

/// Replaces advice for the next time by that for the cause of the container's exit.
fn next_time(change: PossibleChange, containers: &[ContainerExplanation]) -> PossibleChange {
    let PossibleChange::NextTime { container: Some(name), remedy } = change else { return change };
    let explained = containers.iter().find(|explained| explained.name == name);
    let remedy = explained.and_then(|explained| against_exit(explained).first().copied()).unwrap_or(remedy);
    PossibleChange::NextTime { container: Some(name), remedy }
}

/// Returns the remedies against another exit for the cause of the last one, the best first.
fn against_exit(explained: &ContainerExplanation) -> Vec<Remedy> {
    let Some(past) = &explained.past else { return Remedy::for_waiting(&StartError::CrashLoopBackOff).to_vec() };
    let remedy = match &past.cause {
        ExitCause::OutOfMemory { limit: Some(_) } => Remedy::MoreMemory,
        ExitCause::OutOfMemory { limit: None } => Remedy::HonestMemory,
        ExitCause::Probe { .. } | ExitCause::ProbablyProbe { .. } => Remedy::FailedProbe,
        ExitCause::SuccessOrProbe { .. } => return Vec::from([Remedy::LastingProcess, Remedy::FailedProbe]),
        ExitCause::Killed { .. } => Remedy::KillerOfContainer,
        ExitCause::Crash { .. } => Remedy::CrashedProgram,
        ExitCause::NotStarted => Remedy::RunnableCommand,
        ExitCause::Lost => Remedy::HealthOfNode,
        ExitCause::Stopped | ExitCause::Success | ExitCause::Failure => {
            return Remedy::for_termination(&(&*past.last.reason).into()).get(..1).unwrap_or_default().to_vec();
        }
    };
    Vec::from([remedy])
}

/// Inputs of an explanation: the object, its node's configuration, the time.
#[derive(Clone, Copy)]
pub(super) struct Observation<'a> {
    pub(super) pod: &'a ObservedPod,
    pub(super) node: &'a KubeletConfig,
    pub(super) now: Timestamp,
}

impl Observation<'_> {
    fn explain(self) -> Explanation {
        let pod = self.pod;
        let indexes = pod.spec().containers().map(|(index, _)| index);
        let containers: Vec<_> = indexes.filter_map(|index| self.container(index)).collect();
        let situation = self.situation(&containers);
        let obstacles = obstacle::all(pod);
        let metadata = &pod.manifest().metadata;
        let owner = metadata.owner_references.iter().find(|owner| owner.controller == Some(true));
        let status = ObservedStatus {
            changed_at: self.changed_at(),
            back_off_reset: self.node.crash_loop.reset_after,
            waits_since: self.waits_since(),
            scheduler: self.scheduler(),
            node: pod.manifest().spec.node_name.clone(),
            namespace: metadata.namespace.clone(),
            owner: owner.map(|owner| format!("{}/{}", owner.kind, owner.name)),
            is_mirror: pod.is_mirror(),
            needs: need::all(pod.manifest()),
            pull_secrets: self.pull_secrets(),
            resize: resize::changes(pod.manifest()),
        };
        Explanation {
            at: self.now,
            pod: pod.spec().name().into(),
            // The text is about the published status, even where it contradicts its containers.
            phase: pod.published_phase().unwrap_or_else(|| pod.phase()),
            ready: pod.holds(ConditionType::Ready),
            gone: false,
            unmet: self.unmet(),
            kubelet_restarted_at: None,
            removal: Removal::of(metadata),
            unfit: scheduling::of_situation(&situation),
            obstacles,
            quirks: Vec::new(),
            next: self.next(&situation, &containers),
            changes: self.changes(&situation, &containers),
            unknown: self.unknown(&situation, &containers),
            observed: Some(status),
            situation,
            containers,
        }
    }

    fn changes(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<PossibleChange> {
        if matches!(situation, PodSituation::NoSandbox { .. }) {
            let remedies = Remedy::for_condition(ConditionType::PodReadyToStartContainers.name(), "");
            return remedies.iter().map(|&remedy| PossibleChange::Remedy { container: None, remedy }).collect();
        }
        // Without a deletion the stop ends by itself: there is nothing to advise.
        if matches!(situation, PodSituation::Stopping { .. }) && !self.pod.is_deleting() {
            return Vec::new();
        }
        if let Some(changes) = self.changes_of_removal(situation) {
            return changes;
        }
        if let Some(changes) = change::of_situation(situation) {
            return changes.into_iter().map(|change| next_time(change, containers)).collect();
        }
        let mut by_severity: Vec<_> = containers.iter().collect();
        by_severity.sort_by_key(|container| container.severity());
        by_severity.into_iter().flat_map(|container| self.changes_of(container)).collect()
    }

    /// Returns the changes of a Pod that does not leave the API; `None` if it is not being removed.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these situations are part of a removal")]
    fn changes_of_removal(self, situation: &PodSituation) -> Option<Vec<PossibleChange>> {
        let removal = Removal::of(&self.pod.manifest().metadata)?;
        let is_overdue = removal.overdue(self.now, OVERDUE).is_some();
        let is_kept = !removal.finalizers.is_empty();
        // A forced delete removes no object that a finalizer keeps, and no mirror for longer than a moment.
        let remedies: Vec<Remedy> = match situation {
            PodSituation::NodeLost { .. } | PodSituation::NodeSilent { .. } => {
                let last = if is_kept { Remedy::FinalizerRemoval } else { Remedy::ForceDeleteIfNodeGone };
                Vec::from([Remedy::NodeReturn, last])
            }
            PodSituation::Leaving { .. } if is_kept => Vec::from([Remedy::FinalizerRemoval]),
            PodSituation::Stopping { .. } if is_kept && !is_overdue => Vec::from([Remedy::FinalizerRemoval]),
            PodSituation::Stopping { .. } if is_kept => Vec::from([Remedy::ReportOfNode, Remedy::FinalizerRemoval]),
            PodSituation::Leaving { .. } | PodSituation::Stopping { .. } if is_overdue => {
                Vec::from([Remedy::ReportOfNode, Remedy::ForceDeleteIfNodeGone])
            }
            _ => return None,
        };
        Some(remedies.into_iter().map(|remedy| PossibleChange::Remedy { container: None, remedy }).collect())
    }

    fn changes_of(self, explained: &ContainerExplanation) -> Vec<PossibleChange> {
        let name = &explained.name;
        match &explained.situation {
            Situation::HeldBack { .. } | Situation::HeldBackBetween { .. } => {
                let mut changes = remedies(name, &against_exit(explained));
                let limits = &self.node.crash_loop;
                changes.push(PossibleChange::LongRun {
                    container: name.clone(),
                    longer_than: limits.reset_after,
                    initial_delay: limits.initial,
                });
                changes
            }
            Situation::CannotStart { error, .. } => change::remedies_for_waiting(name, explained.kind, error),
            Situation::RestartDue { .. } => remedies(name, &against_exit(explained)),
            Situation::NotStarted { .. } => {
                let reason = explained.waiting_reason.as_deref().unwrap_or_default();
                remedies(name, Remedy::for_waiting(&StartError::from(reason)))
            }
            Situation::Running { lacks: Some(progress), .. } => Vec::from([PossibleChange::Successes {
                container: name.clone(),
                probe: progress.probe,
                needed: progress.successes_needed,
                has_begun: false,
                period: progress.period,
            }]),
            Situation::Running { .. } => {
                // What ended the last run ends this one too, if nothing is done.
                let repeats = explained.past.as_ref().filter(|past| past.next_delay.is_some());
                match repeats {
                    Some(_) => remedies(name, &against_exit(explained)),
                    None => Vec::from([PossibleChange::Exit { container: name.clone() }]),
                }
            }
            Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::Stopping { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan
            | Situation::Unknown => Vec::new(),
        }
    }

    /// Returns the missing facts on the Pod and on the container that explains its state.
    fn unknown(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<MissingFact> {
        match situation {
            PodSituation::NodeLost { .. } | PodSituation::NodeSilent { .. } => Vec::from([MissingFact::Node]),
            PodSituation::Unreported { .. } => Vec::from([MissingFact::Kubelet]),
            PodSituation::Stopping { .. } if self.something_runs() => Vec::from([MissingFact::Stops]),
            PodSituation::Container { container } => {
                let lead = containers.iter().find(|explained| explained.name == *container);
                lead.and_then(|lead| self.unknown_of(lead)).into_iter().collect()
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::NetworkNotReady { .. }
            | PodSituation::VolumesNotMounted { .. }
            | PodSituation::Unmounting { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Ready
            | PodSituation::Resizing { .. }
            | PodSituation::Stopping { .. }
            | PodSituation::MirrorDeleted { .. }
            | PodSituation::Leaving { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => Vec::new(),
        }
    }

    fn unknown_of(self, explained: &ContainerExplanation) -> Option<MissingFact> {
        let container = explained.name.clone();
        Some(match &explained.situation {
            // An event has the time of the last pull.
            Situation::CannotStart { .. } if self.next_pull(explained).is_some() => return None,
            Situation::CannotStart { error, .. } if is_pull_error(error) => {
                MissingFact::NextPull { container, longest_wait: self.node.image_pull.max }
            }
            // Its restart has bounds.
            Situation::CannotStart { .. } if self.restart(explained).is_some() => return None,
            Situation::CannotStart { .. } => MissingFact::NextTry { container, period: self.node.retry_period },
            Situation::HeldBackBetween { exit, .. } if exit.as_ref().is_none_or(|exit| exit.at.is_none()) => {
                MissingFact::NextRestart { container }
            }
            Situation::RestartDue { exit, .. } if exit.at.is_none() => MissingFact::NextRestart { container },
            Situation::Running { lacks: Some(progress), .. } => {
                MissingFact::ProbeRun { container, probe: progress.probe }
            }
            Situation::NotStarted { waits_for: WaitingFor::Preparation, .. } => MissingFact::Preparation { container },
            Situation::NotStarted { .. }
            | Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::HeldBack { .. }
            | Situation::HeldBackBetween { .. }
            | Situation::RestartDue { .. }
            | Situation::Running { .. }
            | Situation::Stopping { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan
            | Situation::Unknown => return None,
        })
    }

    /// True if the status says that the sandbox is not ready.
    pub(super) fn lacks_sandbox(self) -> bool {
        self.pod.status_of(ConditionType::PodReadyToStartContainers) == Some(ConditionStatus::False)
    }

    /// Returns the newest time in the status: it was written then or later.
    fn changed_at(self) -> Option<Timestamp> {
        let status = self.pod.status();
        let transitions = status.conditions.iter().filter_map(|condition| condition.last_transition_time);
        let of_container = |container: &ContainerStatus| {
            // Start and end of both states; a waiting state has no time.
            let states = [&container.state, &container.last_state];
            let times = states.map(|state| {
                let running = state.running.as_ref().and_then(|running| running.started_at);
                running.max(state.terminated.as_ref().and_then(|end| end.finished_at))
            });
            times.into_iter().max().flatten()
        };
        let of_containers = status.every_container().filter_map(of_container);
        transitions.chain(of_containers).chain(status.start_time).max()
    }

    // --- Situation of the Pod ---

    fn situation(self, containers: &[ContainerExplanation]) -> PodSituation {
        let node = &self.pod.manifest().spec.node_name;
        if self.pod.is_deleting() && self.pod.is_mirror() {
            let source = self.pod.manifest().metadata.annotations.get(CONFIG_SOURCE);
            let source = source.map_or("file", String::as_str).to_owned();
            return PodSituation::MirrorDeleted { node: self.mirrored_node(), source };
        }
        if self.is_over() {
            let cause = self.end_cause();
            return if self.pod.is_deleting() {
                PodSituation::Leaving { cause: Some(cause) }
            } else {
                PodSituation::Over { cause }
            };
        }
        // The API server removes a Pod without a node at once, unless a finalizer keeps it.
        if self.pod.is_deleting() && node.is_empty() && !self.pod.is_reported() {
            return PodSituation::Leaving { cause: None };
        }
        // A node controller sets this reason on the Pods of a node that does not report.
        let is_unknown = self.pod.published_phase() == Some(PodPhase::Unknown);
        if is_unknown || self.pod.status().reason == PodReason::NodeLost.as_str() {
            return PodSituation::NodeLost { since: self.node_lost_since() };
        }
        if self.pod.is_marked_not_ready() {
            let tolerated = taint_eviction::tolerated_unreachable(self.pod.manifest(), Duration::ZERO);
            return PodSituation::NodeSilent { node: node.clone(), since: self.node_lost_since(), tolerated };
        }
        if let Some(stopping) = self.stopping() {
            return stopping;
        }
        if let Some(unbound) = self.unbound() {
            return unbound;
        }
        if self.pod.holds(ConditionType::AllContainersRestarting) {
            return PodSituation::RestartingAll { container: self.trigger() };
        }
        let waits = |container: &ContainerExplanation| {
            matches!(
                container.situation,
                Situation::NotStarted { .. } | Situation::RestartDue { .. } | Situation::Unknown
            )
        };
        // PodReadyToStartContainers may lag behind: a container that runs proves a sandbox.
        if self.lacks_sandbox() && containers.iter().any(waits) && !self.something_runs() {
            // A container that once had an instance had a sandbox.
            let is_lost = self.pod.records().iter().flatten().any(|record| record.instance.is_some());
            return PodSituation::NoSandbox { is_lost, is_being_made: false, ruled_out_by: None, after: None };
        }
        let containers_ready = self.pod.conditions().containers_ready.is_true();
        if let Some(container) = lead(containers, containers_ready) {
            return PodSituation::Container { container: container.name.clone() };
        }
        let gates = self.unmet_gates();
        if !gates.is_empty() {
            return PodSituation::GatesUnmet { gates };
        }
        self.resizing().unwrap_or(PodSituation::Ready)
    }

    /// Returns the situation of a Pod with a resize that is pending or in progress (KEP-1287).
    ///
    /// Answers to `SetPodResizePendingCondition` and `SetPodResizeInProgressCondition` in `pkg/kubelet/status`.
    fn resizing(self) -> Option<PodSituation> {
        // A failure goes before a wait: the resize in progress is the one that was accepted.
        let found = [RESIZE_IN_PROGRESS, RESIZE_PENDING].into_iter().find_map(|condition| {
            let condition = self.pod.status().condition(condition)?;
            Some(condition).filter(|condition| condition.status.known() == Some(ConditionStatus::True))
        })?;
        Some(PodSituation::Resizing {
            condition: found.type_.clone(),
            reason: found.reason.clone(),
            message: found.message.clone(),
        })
    }

    /// Returns the node of a mirror Pod: the one that owns it.
    fn mirrored_node(self) -> String {
        let manifest = self.pod.manifest();
        let owner = manifest.metadata.owner_references.iter().find(|owner| owner.kind == "Node");
        owner.map_or_else(|| manifest.spec.node_name.clone(), |owner| owner.name.clone())
    }

    /// Returns since when a Pod waits that has not started: since its sandbox is missing, or since the kubelet has it.
    fn waits_since(self) -> Option<Timestamp> {
        let sandbox = self.condition(ConditionType::PodReadyToStartContainers);
        let sandbox = sandbox.filter(|condition| condition.status.known() == Some(ConditionStatus::False));
        let scheduled = self.condition(ConditionType::PodScheduled);
        let unscheduled = scheduled.filter(|condition| condition.status.known() == Some(ConditionStatus::False));
        let since = sandbox.or(unscheduled).and_then(|condition| condition.last_transition_time);
        let ready = self.condition(ConditionType::ContainersReady);
        let unready = ready.filter(|condition| condition.status.known() == Some(ConditionStatus::False));
        let since = since.or_else(|| unready.and_then(|condition| condition.last_transition_time));
        since.or(self.pod.status().start_time).or(self.pod.manifest().metadata.creation_timestamp)
    }

    fn scheduler(self) -> String {
        let name = self.pod.manifest().spec.other.get("schedulerName").and_then(serde_json::Value::as_str);
        // The default of the API server.
        name.unwrap_or("default-scheduler").into()
    }

    fn pull_secrets(self) -> Vec<String> {
        let secrets = self.pod.manifest().spec.other.get("imagePullSecrets").and_then(serde_json::Value::as_array);
        let name = |secret: &serde_json::Value| Some(secret.get("name")?.as_str()?.to_owned());
        secrets.into_iter().flatten().filter_map(name).collect()
    }

    /// True if the published phase is terminal.
    pub(super) fn is_over(self) -> bool {
        self.pod.published_phase().is_some_and(PodPhase::is_terminal)
    }

    /// True if a container is running.
    fn something_runs(self) -> bool {
        self.pod.records().iter().flatten().any(ContainerRecord::is_running)
    }

    fn condition(&self, which: ConditionType) -> Option<&PodCondition> {
        self.pod.status().condition(which.name())
    }

    fn end_cause(self) -> EndCause {
        let status = self.pod.status();
        // The reason first: an evicted or overdue Pod has exits of its containers too, but they are its effect.
        if !status.reason.is_empty() {
            return EndCause::Reason { reason: status.reason.clone(), message: status.message.clone() };
        }
        if self.pod.published_phase() == Some(PodPhase::Succeeded) {
            return EndCause::AllSucceeded;
        }
        if let Some(target) = self.disruption() {
            return EndCause::Reason { reason: target.reason.clone(), message: target.message.clone() };
        }
        first_failure(self.pod.spec(), self.pod.records()).unwrap_or(EndCause::Incomplete)
    }

    /// Returns the condition of a disruption that the Pod is the target of.
    fn disruption(&self) -> Option<&PodCondition> {
        let target = self.condition(ConditionType::DisruptionTarget)?;
        (target.status.known() == Some(ConditionStatus::True)).then_some(target)
    }

    /// Returns when the node controller set Ready to False, as it does for a node that does not report.
    fn node_lost_since(self) -> Option<Timestamp> {
        let ready = self.condition(ConditionType::Ready)?;
        let is_away = ready.status.known() != Some(ConditionStatus::True);
        ready.last_transition_time.filter(|_| is_away)
    }

    fn stopping(self) -> Option<PodSituation> {
        let computed = self.pod.phase();
        let outcome = Some(computed).filter(|phase| phase.is_terminal());
        let past_deadline = self.past_deadline();
        let cause = if let Some(at) = self.pod.manifest().metadata.deletion_timestamp {
            let grace = seconds::of_field(self.pod.manifest().metadata.deletion_grace_period_seconds.unwrap_or(0));
            // deletionTimestamp is the time of the request plus the grace period.
            StopCause::Deleted { at: at - grace, grace }
        } else if let Some(target) =
            self.disruption().filter(|target| target.reason == ConditionReason::TerminationByKubelet.name())
        {
            StopCause::Node { reason: target.reason.clone(), message: target.message.clone() }
        } else if let Some(longest) = past_deadline {
            StopCause::Deadline { longest }
        // The kubelet publishes a final phase only when all containers have stopped: until then the exits decide.
        } else if outcome.is_some() {
            let all_succeeded = computed == PodPhase::Succeeded;
            let failure = || first_failure(self.pod.spec(), self.pod.records()).unwrap_or(EndCause::Incomplete);
            StopCause::WorkOver(if all_succeeded { EndCause::AllSucceeded } else { failure() })
        } else {
            return None;
        };
        // An eviction and a deadline end the Pod as Failed, whatever its containers' exit codes.
        let is_failing = matches!(cause, StopCause::Node { .. } | StopCause::Deadline { .. });
        let outcome = if is_failing { Some(PodPhase::Failed) } else { outcome };
        Some(PodSituation::Stopping { cause, outcome })
    }

    /// Returns the active deadline, if it has passed.
    fn past_deadline(self) -> Option<Duration> {
        let at = deadline::expires_at(self.pod.spec(), self.pod.status().start_time?)?;
        self.pod.spec().active_deadline().filter(|_| at <= self.now)
    }

    /// Returns the situation of a Pod that no kubelet has reported on.
    fn unbound(self) -> Option<PodSituation> {
        if self.pod.is_reported() {
            return None;
        }
        let node = &self.pod.manifest().spec.node_name;
        if !node.is_empty() {
            return Some(PodSituation::Unreported { node: node.clone() });
        }
        let scheduled = self.condition(ConditionType::PodScheduled);
        // The condition may not be written yet; the gates of the spec say the same.
        let is_gated = scheduled.is_some_and(|scheduled| scheduled.reason == ConditionReason::SchedulingGated.name());
        if is_gated || self.pod.spec().is_scheduling_gated() {
            return Some(PodSituation::Gated);
        }
        let message = scheduled.filter(|scheduled| scheduled.reason == ConditionReason::Unschedulable.name());
        Some(PodSituation::Unscheduled { message: message.map(|scheduled| scheduled.message.clone()) })
    }

    /// Returns the container whose exit restarts all.
    fn trigger(self) -> Option<String> {
        let mut containers = self.pod.containers();
        let found = containers.find(|(_, spec, record)| {
            let end = record.and_then(|record| record.termination().or_else(|| record.last_termination()));
            end.is_some_and(|end| restart::restarts_all_containers(spec.restart(), end.exit_code))
        });
        found.map(|(_, spec, _)| spec.name().into())
    }

    /// Returns the readiness gates that are not True, with the status of their conditions.
    fn unmet_gates(self) -> Vec<(String, Option<ConditionStatus>)> {
        let gates = self.pod.spec().readiness_gates().iter().map(|gate| {
            let condition = self.pod.status().condition(gate);
            // A gate counts as met only if its condition is True; any other value is as good as Unknown.
            (gate.clone(), condition.map(|it| it.status.known().unwrap_or(ConditionStatus::Unknown)))
        });
        gates.filter(|(_, status)| *status != Some(ConditionStatus::True)).collect()
    }

    // --- Conditions ---

    /// Returns the unmet conditions, in the order of the status.
    fn unmet(self) -> Vec<UnmetCondition> {
        let containers_of = |condition: &PodCondition, status| self.containers_of(condition, status);
        condition::unmet_of(&self.pod.status().conditions, self.pod.spec(), containers_of)
    }

    /// Returns the containers behind a condition, if it is the one that follows from them.
    fn containers_of(self, condition: &PodCondition, status: ConditionStatus) -> Vec<String> {
        let conditions = self.pod.conditions();
        let which = Named::<ConditionType>::from(&*condition.type_).known();
        let Some(expected) = which.and_then(|which| conditions.get(which)) else { return Vec::new() };
        // Only then do the containers that fail the rule explain the published condition.
        let is_same =
            expected.status == status && expected.reason.is_some_and(|reason| reason.name() == condition.reason);
        match &expected.message {
            ConditionMessage::Containers(lacking) if is_same => {
                let indexes = lacking.unknown.iter().chain(&lacking.unmet);
                indexes.map(|&index| self.pod.spec().container_name(index).into()).collect()
            }
            ConditionMessage::Containers(_)
            | ConditionMessage::None
            | ConditionMessage::Gates(_)
            | ConditionMessage::RestartRule
            | ConditionMessage::Text(_) => Vec::new(),
        }
    }

    // --- Next steps ---

    fn next(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<Next> {
        match situation {
            PodSituation::Stopping { .. } => self.kills(containers),
            PodSituation::NodeSilent { since: Some(since), tolerated: Some(tolerated), .. }
                if !self.pod.is_deleting() =>
            {
                Vec::from([Next { when: When::NotBefore(*since + *tolerated), what: NextStep::TaintEviction }])
            }
            PodSituation::NoSandbox { .. }
            | PodSituation::NetworkNotReady { .. }
            | PodSituation::VolumesNotMounted { .. }
            | PodSituation::Unmounting { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::Container { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Resizing { .. }
            | PodSituation::Ready => {
                let restarts = containers.iter().filter_map(|container| self.restart(container));
                let pulls = containers.iter().filter_map(|container| self.next_pull(container));
                restarts.chain(pulls).chain(self.deadline()).collect()
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::Unreported { .. }
            | PodSituation::NodeLost { .. }
            | PodSituation::NodeSilent { .. }
            | PodSituation::MirrorDeleted { .. }
            | PodSituation::Leaving { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => Vec::new(),
        }
    }

    fn restart(self, explained: &ContainerExplanation) -> Option<Next> {
        let limits = &self.node.crash_loop;
        let record = self.record_of(explained)?;
        let (exit, delay) = match &explained.situation {
            Situation::HeldBack { exit, .. } => (exit.at, Delay::in_force(record, limits)),
            Situation::HeldBackBetween { exit, .. } => (exit.as_ref()?.at, Delay::in_force(record, limits)),
            Situation::RestartDue { exit, .. } => (exit.at, Delay::to_come(record, limits)),
            // The next sync finds an instance that exited, and so a restart.
            Situation::CannotStart { error, .. } => {
                (container::failed_run(record, error)?.finished_at, Delay::to_come(record, limits))
            }
            Situation::NotStarted { .. }
            | Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::Running { .. }
            | Situation::Stopping { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan
            | Situation::Unknown => return None,
        };
        let when = self.looked_at(delay.over(exit?));
        Some(Next { when, what: NextStep::Start { container: explained.name.clone() } })
    }

    /// Returns the next pull of an image, if an event has the last one: the back-off ends within its longest delay.
    fn next_pull(self, explained: &ContainerExplanation) -> Option<Next> {
        let Situation::CannotStart { error, .. } = &explained.situation else { return None };
        let failed = self.pod.events().iter().filter(|event| {
            let is_pull = event.reason == "Failed" && event.message.starts_with("Failed to pull image");
            is_pull && event.container.as_deref() == Some(&explained.name)
        });
        let last = failed.map(|event| event.last_seen).max().filter(|_| is_pull_error(error))?;
        let when = When::Between { earliest: last, latest: last + self.node.image_pull.max };
        Some(Next { when: self.looked_at(when), what: NextStep::Pull { container: explained.name.clone() } })
    }

    /// Returns when the kubelet looks for the end of a back-off: at once, or with its next retry.
    fn looked_at(&self, when: When) -> When {
        if self.node.kubernetes.has(KubeletChange::RetryWhenBackOffExpires) {
            return when;
        }
        // Until 1.34 the kubelet looks every 10 s, so it starts the container up to that much later.
        let late = self.node.retry_period;
        match when {
            When::At(at) => When::At(at),
            When::NotBefore(at) => When::Between { earliest: at, latest: at + late },
            When::Between { earliest, latest } => When::Between { earliest, latest: latest + late },
        }
    }

    fn record_of(&self, explained: &ContainerExplanation) -> Option<&ContainerRecord> {
        let index = self.pod.spec().index_of(&explained.name)?;
        self.pod.records().get(index.get())?.as_ref()
    }

    fn deadline(self) -> Option<Next> {
        let at = deadline::expires_at(self.pod.spec(), self.pod.status().start_time?)?;
        // The kubelet acts on it in a sync, which may be late.
        Some(Next { when: When::NotBefore(at), what: NextStep::Deadline })
    }

    /// Returns the kills of the containers that still run at the end of the grace period.
    fn kills(self, containers: &[ContainerExplanation]) -> Vec<Next> {
        let deletion = self.pod.manifest().metadata.deletion_timestamp;
        // The end of the grace period; SIGKILL is later if the kubelet began late or a preStop hook took all of it.
        let Some(at) = deletion.filter(|at| *at > self.now) else { return Vec::new() };
        let running = containers.iter().filter(|container| matches!(container.situation, Situation::Stopping { .. }));
        let kill = |container: &ContainerExplanation| Next {
            when: When::NotBefore(at),
            what: NextStep::Kill { container: container.name.clone() },
        };
        running.map(kill).collect()
    }
}
