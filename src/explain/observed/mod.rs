//! Why a Pod is in its state, from its object alone: what a status says, what follows from it, and what does not.

mod back_off;
mod check;
mod condition;
mod container;
mod inconsistency;
mod next;
mod pod;
mod situation;

pub use pod::{Discrepancy, Inconsistency, ObserveError, ObservedConditions, ObservedPod};

use alloc::vec::Vec;

use super::{
    Explanation,
    change::{self, PossibleChange, remedies},
    container::{ContainerExplanation, Situation},
    pod::PodSituation,
    remedy::Remedy,
    unknowable::MissingFact,
};
use crate::{
    api::{ConditionStatus, Name},
    config::KubeletConfig,
    state::{ConditionType, StartError},
    time::Timestamp,
};

impl ObservedPod {
    /// Why the Pod is in its state, what happens next and when, what would change it, and what a status cannot tell.
    ///
    /// Its node is taken to be set up as Kubernetes does it, see [`explain_on`](ObservedPod::explain_on).
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
    ///     "PodMachine web is Running but not Ready: container app keeps exiting and is held back (CrashLoopBackOff).\n\
    ///      Why: app exited with code 1 (Error) at 12:00:50, its 4th exit; restartPolicy Always restarts it, 10 s to 40 s \
    ///      after that exit.\n\
    ///      Next: app restarts between 12:01:00 and 12:01:30, in 5 s to 35 s."
    /// ), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        self.explain_on(&KubeletConfig::default(), now)
    }

    /// Why the Pod is in its state, what happens next and when, what would change it, and what a status cannot tell,
    /// on a node that is set up like this: the limits of its back-offs and its periods count.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{config::{FeatureGates, KubeletConfig}, explain::{Situation, ObservedPod}};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let crash_loop = FeatureGates::default().crash_loop(Some(Duration::from_secs(60)));
    /// let node = KubeletConfig { crash_loop, ..KubeletConfig::default() };
    /// let app = &pod.explain_on(&node, "2026-03-01T12:08:50Z".parse()?).containers[0];
    /// // The message says 160 s; what follows is the node's to say.
    /// let Situation::HeldBack { delay, next_delay, .. } = app.situation else { return Err("is not".into()) };
    /// assert_eq!((delay.as_secs(), next_delay.as_secs()), (160, 60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_on(&self, node: &KubeletConfig, now: Timestamp) -> Explanation {
        Observation { pod: self, node, now }.explain()
    }
}

/// All that there is to go by.
#[derive(Clone, Copy)]
struct Observation<'a> {
    pod: &'a ObservedPod,
    node: &'a KubeletConfig,
    now: Timestamp,
}

impl Observation<'_> {
    fn explain(self) -> Explanation {
        let pod = self.pod;
        let indexes = pod.spec().containers().map(|(index, _)| index);
        let containers: Vec<_> = indexes.filter_map(|index| self.container(index)).collect();
        let situation = self.situation(&containers);
        Explanation {
            at: self.now,
            pod: pod.spec().name().into(),
            phase: pod.published_phase().unwrap_or_else(|| pod.phase()),
            ready: pod.holds(ConditionType::Ready),
            gone: false,
            unmet: self.unmet(),
            kubelet_restarted_at: None,
            next: self.next(&situation, &containers),
            changes: self.changes(&situation, &containers),
            unknown: self.unknown(&situation, &containers),
            situation,
            containers,
        }
    }

    fn changes(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<PossibleChange> {
        if matches!(situation, PodSituation::NoSandbox { .. }) {
            let remedies = Remedy::for_condition(ConditionType::PodReadyToStartContainers.name(), "");
            return remedies.iter().map(|&remedy| PossibleChange::Remedy { container: None, remedy }).collect();
        }
        if matches!(situation, PodSituation::Stopping { .. }) && !self.pod.is_deleting() {
            return Vec::new();
        }
        if let Some(mut changes) = change::of_situation(situation) {
            // What is being deleted on a silent node stays in the API until somebody does something.
            if matches!(situation, PodSituation::NodeLost { .. }) && self.pod.is_deleting() {
                changes.push(PossibleChange::Remedy { container: None, remedy: Remedy::ForceDelete });
            }
            return changes;
        }
        let mut by_urgency: Vec<_> = containers.iter().collect();
        by_urgency.sort_by_key(|container| container.urgency());
        by_urgency.into_iter().flat_map(|container| self.changes_of(container)).collect()
    }

    fn changes_of(self, explained: &ContainerExplanation) -> Vec<PossibleChange> {
        let name = &explained.name;
        match &explained.situation {
            Situation::HeldBack { exit, .. } => change::held_back(name, Some(exit), &self.node.crash_loop),
            Situation::HeldBackBetween { exit, .. } => change::held_back(name, exit.as_ref(), &self.node.crash_loop),
            Situation::CannotStart { error, .. } => remedies(name, Remedy::for_waiting(error)),
            Situation::RestartDue { exit, .. } => {
                remedies(name, Remedy::for_termination(&(&*exit.reason).into()).get(..1).unwrap_or_default())
            }
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
            Situation::Running { .. } => Vec::from([PossibleChange::Exit { container: name.clone() }]),
            Situation::Pulling { .. }
            | Situation::Starting
            | Situation::PostStart { .. }
            | Situation::Stopping { .. }
            | Situation::Ended { .. }
            | Situation::NeverRan
            | Situation::Unknown => Vec::new(),
        }
    }

    /// What one would like to know, of the Pod and of the container that explains its state.
    fn unknown(self, situation: &PodSituation, containers: &[ContainerExplanation]) -> Vec<MissingFact> {
        match situation {
            PodSituation::NodeLost { .. } => Vec::from([MissingFact::Node]),
            PodSituation::Unreported { .. } => Vec::from([MissingFact::Kubelet]),
            PodSituation::Stopping { .. } if self.something_runs() => Vec::from([MissingFact::Stops]),
            PodSituation::Container { container } => {
                let lead = containers.iter().find(|explained| explained.name == *container);
                lead.and_then(|lead| self.unknown_of(lead)).into_iter().collect()
            }
            PodSituation::Gated
            | PodSituation::Unscheduled { .. }
            | PodSituation::NoSandbox { .. }
            | PodSituation::RestartingAll { .. }
            | PodSituation::GatesUnmet { .. }
            | PodSituation::Ready
            | PodSituation::Stopping { .. }
            | PodSituation::Over { .. }
            | PodSituation::Gone => Vec::new(),
        }
    }

    fn unknown_of(self, explained: &ContainerExplanation) -> Option<MissingFact> {
        let container = explained.name.clone();
        Some(match &explained.situation {
            Situation::CannotStart { error, .. } if container::is_about_pull(error) => {
                MissingFact::NextPull { container, longest_wait: self.node.image_pull.max }
            }
            Situation::CannotStart { .. } => MissingFact::NextTry { container, period: self.node.retry_period },
            Situation::HeldBackBetween { exit, .. } if exit.as_ref().is_none_or(|exit| exit.at.is_none()) => {
                MissingFact::NextRestart { container }
            }
            Situation::RestartDue { exit, .. } if exit.at.is_none() => MissingFact::NextRestart { container },
            Situation::Running { lacks: Some(progress), .. } => {
                MissingFact::ProbeRun { container, probe: progress.probe }
            }
            Situation::NotStarted { waits_for: super::WaitingFor::Preparation, .. } => {
                MissingFact::Preparation { container }
            }
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

    /// Whether the sandbox, with its network, is said not to be there.
    fn lacks_sandbox(self) -> bool {
        self.pod.status_of(ConditionType::PodReadyToStartContainers) == Some(ConditionStatus::False)
    }
}
