//! Explanations: why a Pod is in its state, what happens next and when, and what would change it.
//!
//! [`PodMachine::explain`] explains a Pod at one moment. The explanation is data, and prints as two to seven lines. Its
//! times are exact, since they come from running a copy of the machine ahead.
//!
//! ```text
//! Pod web is Running but not Ready: container `main` keeps exiting and waits before its next restart (CrashLoopBackOff).
//! Why: `main` exited with code 1 (Error) at 12:00:50, its 4th exit; restartPolicy Always restarts it 40 s after that exit.
//! Next: `main` restarts at 12:01:30, in 27 s; if it exits again soon, the next delay is 80 s.
//! What would change it: fix the cause of the exit, which the log of `main` may show (kubectl logs; after a restart, with --previous); once `main` has run for more than 10 min, its delay is back to 10 s.
//! Conditions: Ready and ContainersReady are False (ContainersNotReady: `main`).
//! ```
//!
//! [`ObservedPod`] explains a Pod from its API object alone, as `kubectl get pod -o json` prints it:
//!
//! ```
//! use pod_lifecycle::explain::ObservedPod;
//!
//! let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
//! let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
//! let explanation = pod.explain("2026-03-01T12:08:50Z".parse()?);
//! assert!(explanation.to_string().contains("Next: `app` restarts at 12:09:54"), "{explanation}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod condition;
mod container;
mod display;
mod fact;
mod forecast;
mod history;
mod image;
mod next;
mod observed;
mod pod;
mod quirk;
mod remedy;
mod removal;
mod scheduling;
mod sentence;
mod specific;
mod stop;
mod text;
mod urgency;

pub use change::PossibleChange;
pub use condition::UnmetCondition;
pub use container::{ContainerExplanation, Situation, WaitingFor};
pub use fact::{LastExit, ProbeProgress, RestartDecision, RestartReason};
pub use history::{ExitCause, PastRuns};
pub use image::PullFailure;
pub use next::{Next, NextStep, When};
#[cfg(feature = "render")]
pub(crate) use observed::crash_loop_delay;
pub use observed::{
    Discrepancy, Inconsistency, MissingFact, Need, ObserveError, ObservedConditions, ObservedPod, Obstacle,
    ObstacleKind,
};
pub use pod::{AwaitedVolume, EndCause, PodSituation, StopCause};
pub use quirk::Quirk;
pub use remedy::Remedy;
pub use removal::{Finalizer, Removal};
pub use scheduling::UnfitNodes;
pub use stop::{StopReason, StopStep};
pub use urgency::Urgency;

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use crate::{
    api::{Name, PodPhase},
    kubelet::PodMachine,
    object::PodObject,
    spec::ContainerIndex,
    state::ConditionType,
    time::Timestamp,
};
use forecast::Forecast;

/// Explanation of a Pod at one moment: data, with the text as `Display`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// Time of the explanation.
    pub at: Timestamp,
    /// Name of the Pod.
    pub pod: String,
    /// Phase in the API.
    pub phase: PodPhase,
    /// True if the Pod counts as ready.
    pub ready: bool,
    /// True if its object is gone from the API.
    pub gone: bool,
    /// Situation of the Pod as a whole.
    pub situation: PodSituation,
    /// Explanation of each container, in the order of the spec.
    pub containers: Vec<ContainerExplanation>,
    /// Conditions with an unwanted status.
    pub unmet: Vec<UnmetCondition>,
    /// Restart of the kubelet, which loses its back-offs and probe results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_restarted_at: Option<Timestamp>,
    /// Next steps if nothing else happens, by container.
    pub next: Vec<Next>,
    /// Possible changes of the state, those of the most severe container first.
    pub changes: Vec<PossibleChange>,
    /// Removal from the API, if the Pod was deleted; only for an [`ObservedPod`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
    /// Reasons for which the scheduler placed it on no node, that of the most nodes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<UnfitNodes>,
    /// Obstacles that the events of an [`ObservedPod`] report, the latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<Obstacle>,
    /// Known bugs of the kubelet that the Pod shows; empty for an [`ObservedPod`], whose status does not prove them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<Quirk>,
    /// Facts that the status does not contain; empty for a [`PodMachine`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<MissingFact>,
    /// Facts on the status of an [`ObservedPod`] that only the text uses.
    #[serde(skip)]
    observed: Option<ObservedStatus>,
}

/// Object of an observed Pod, as far as the text of its explanation depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ObservedStatus {
    /// Newest time in the status.
    changed_at: Option<Timestamp>,
    /// Length of a run that resets the crash-loop back-off.
    back_off_reset: Duration,
    /// Start of the present wait of a Pod that does not start, if known.
    waits_since: Option<Timestamp>,
    /// Name of the scheduler that the Pod waits for.
    scheduler: String,
    /// Name of the node; empty without one.
    node: String,
    /// Namespace of the Pod; empty if the object has none.
    namespace: String,
    /// Managing controller: `Job/report`.
    owner: Option<String>,
    /// True if the object is the mirror of a static Pod.
    is_mirror: bool,
    /// Objects that the Pod needs before its containers start.
    needs: Vec<Need>,
    /// Image pull secrets of the spec.
    pull_secrets: Vec<String>,
    /// Resources of a resize: those in force, and those that are wanted.
    resize: Vec<String>,
}

/// State of a Pod in the API.
#[derive(Clone, Copy, Debug)]
struct ApiView {
    phase: PodPhase,
    is_gone: bool,
    node_lost_since: Option<Timestamp>,
    /// Time for which the Pod tolerates that; `None` for ever.
    tolerated: Option<Duration>,
}

impl PodObject {
    /// Explains a Pod from its object and, on a node, from its kubelet's machine.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, object::PodObject};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
    /// let explanation = object.explain(None, Timestamp::UNIX_EPOCH).to_string();
    /// assert!(explanation.starts_with("Pod web is Pending: it is not scheduled to a node yet."), "{explanation}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, pod: Option<&PodMachine>, now: Timestamp) -> Explanation {
        let seen = ApiView {
            phase: self.phase(),
            is_gone: self.is_gone(),
            node_lost_since: self.node_lost_since(),
            tolerated: self.toleration_of_node_loss(),
        };
        match pod {
            Some(pod) if seen.node_lost_since.is_some() => {
                // The kubelet's reports do not arrive: the conditions are the node controller's.
                let unmet = condition::unmet_of(&self.status().conditions, self.spec(), |_, _| Vec::new());
                let eviction = seen.node_lost_since.zip(seen.tolerated).filter(|_| !pod.is_deleting());
                let eviction = eviction
                    .filter(|_| self.manifest().metadata.deletion_timestamp.is_none() && !seen.phase.is_terminal());
                let next = eviction.map(|(since, tolerated)| {
                    // The controller's look at the node comes up to some seconds later.
                    Next { when: When::NotBefore(since + tolerated), what: NextStep::TaintEviction }
                });
                Explanation { unmet, next: next.into_iter().collect(), ..pod.explain_as(seen, now) }
            }
            Some(pod) => {
                let mut explanation = pod.explain_as(seen, now);
                // What the node controller wrote while the node was lost stands until the kubelet's next write.
                let shown = condition::unmet_of(&self.status().conditions, self.spec(), |_, _| Vec::new());
                let is_ready = |it: &UnmetCondition| it.condition == ConditionType::Ready.name();
                if !explanation.unmet.iter().any(is_ready) {
                    explanation.unmet.extend(shown.into_iter().filter(|it| is_ready(it) && it.reason.is_empty()));
                }
                explanation
            }
            None => {
                // Without a node there is no machine: a temporary one explains the Pod from its spec and its
                // conditions.
                PodMachine::on_no_node(self.spec().clone(), self.status().conditions.clone(), now).explain_as(seen, now)
            }
        }
    }
}

impl PodMachine {
    /// Explains the Pod: why it is in its state, what happens next and when, and what would change it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#,
    /// )?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let now = Timestamp::UNIX_EPOCH;
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut NoSink);
    /// let explanation = pod.explain(now).to_string();
    /// assert!(explanation.starts_with("Pod web is Pending: its sandbox and its network are not ready yet."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        let (phase, is_gone) = (self.phase(), self.is_gone());
        self.explain_as(ApiView { phase, is_gone, node_lost_since: None, tolerated: None }, now)
    }

    fn explain_as(&self, seen: ApiView, now: Timestamp) -> Explanation {
        // While the node is lost, neither readiness nor next steps are known outside of it.
        let is_visible = seen.node_lost_since.is_none();
        let forecast = Forecast::of(self, now);
        let indexes = self.spec().containers().map(|(index, _)| index);
        let containers: Vec<_> =
            indexes.filter_map(|index| ContainerExplanation::of(self, index, &forecast, now)).collect();
        let situation = PodSituation::of(self, seen, &containers);
        let next = if is_visible { next::next(self, &containers, &forecast, now) } else { Vec::new() };
        let unfit = scheduling::of_situation(&situation);
        Explanation {
            at: now,
            pod: self.spec().name().into(),
            phase: seen.phase,
            ready: is_visible && self.inspect().status().conditions.ready.is_true(),
            gone: seen.is_gone,
            unmet: condition::unmet(self),
            kubelet_restarted_at: self.inspect().kubelet_restarted_at(),
            next,
            changes: change::changes(self, &situation, &containers),
            removal: None,
            unfit,
            obstacles: Vec::new(),
            quirks: Quirk::all(self),
            // A machine knows everything that an explanation asks for.
            unknown: Vec::new(),
            observed: None,
            situation,
            containers,
        }
    }

    /// Explains one container; `None` if there is no such container.
    #[must_use]
    pub fn explain_container(&self, now: Timestamp, container: ContainerIndex) -> Option<ContainerExplanation> {
        ContainerExplanation::of(self, container, &Forecast::of(self, now), now)
    }
}

impl Explanation {
    /// Returns the explanation of the container with this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ContainerExplanation> {
        self.containers.iter().find(|container| container.name == name)
    }
}
