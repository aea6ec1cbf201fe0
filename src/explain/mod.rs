//! Why a Pod is in its state, what happens next and when, and what would change it.
//!
//! [`PodMachine::explain`] answers for one moment. The answer is data, and prints as two to six lines. Every time in it that
//! is given exactly is one that the machine keeps, unless something else happens before: it is not computed by a
//! second set of rules, but found by letting a copy of the Pod live on.
//!
//! ```text
//! PodMachine web is Running but not Ready: container main keeps exiting and is held back (CrashLoopBackOff).
//! Why: main exited with code 1 (Error) at 12:00:50, its 4th exit; restartPolicy Always restarts it, 40 s after that exit.
//! Next: main restarts at 12:01:30, in 27 s; if it exits again soon, the next delay will be 80 s.
//! What would change it: a run of main of more than 10 min, which brings the delay back to 10 s.
//! Conditions: Ready and ContainersReady are False (ContainersNotReady: main).
//! ```
//!
//! The same from the object of a Pod alone:
//!
//! ```
//! use pod_lifecycle::explain::ObservedPod;
//!
//! let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
//! let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
//! let explanation = pod.explain("2026-03-01T12:08:50Z".parse()?);
//! assert!(explanation.to_string().contains("Next: app restarts at 12:09:54"), "{explanation}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod condition;
mod container;
mod display;
mod fact;
mod foresight;
mod lines;
mod next;
mod observed;
mod pod;
mod remedy;
mod sentence;
mod stop;
mod text;
mod unknowable;
mod urgency;
mod wait;

pub use change::PossibleChange;
pub use condition::UnmetCondition;
pub use container::{ContainerExplanation, Situation};
pub use fact::{LastExit, ProbeProgress, RestartDecision, RestartReason};
pub use next::{Next, NextStep, When};
pub use observed::{Discrepancy, Inconsistency, ObserveError, ObservedConditions, ObservedPod};
pub use pod::{EndCause, PodSituation, StopCause};
pub use remedy::Remedy;
pub use stop::{StopReason, StopStep};
pub use unknowable::MissingFact;
pub use wait::WaitingFor;

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{api::PodPhase, kubelet::PodMachine, object::PodObject, spec::ContainerIndex, time::Timestamp};
use foresight::Forecast;

/// Why a Pod is in its state, what happens next and when, and what would change it.
///
/// ```
/// use pod_lifecycle::{explain::{Explanation, ObservedPod}, api::PodPhase};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let Explanation { phase, ready, containers, next, changes, .. } = pod.explain("2026-03-01T12:08:50Z".parse()?);
/// assert_eq!((phase, ready, containers.len()), (PodPhase::Running, false, 1));
/// assert!(!next.is_empty() && !changes.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The moment that it is about.
    pub at: Timestamp,
    /// The Pod's name.
    pub pod: String,
    /// The phase that is shown.
    pub phase: PodPhase,
    /// Whether the Pod counts as ready.
    pub ready: bool,
    /// Whether its object is gone from the API.
    pub gone: bool,
    /// Where the Pod as a whole stands.
    pub situation: PodSituation,
    /// What each container is doing, in the order of the spec.
    pub containers: Vec<ContainerExplanation>,
    /// The conditions that are not as one would like them.
    pub unmet: Vec<UnmetCondition>,
    /// When the kubelet restarted, if it did: back-offs and the counts of probes began anew then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_restarted_at: Option<Timestamp>,
    /// What happens of itself, by container.
    pub next: Vec<Next>,
    /// What would change the state, the most telling first.
    pub changes: Vec<PossibleChange>,
    /// What one would like to know and a status does not say; of a [`PodMachine`], nothing is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<MissingFact>,
}

/// What an observer of the API sees of a Pod.
#[derive(Clone, Copy, Debug)]
struct Seen {
    phase: PodPhase,
    is_gone: bool,
    node_lost_since: Option<Timestamp>,
}

impl PodObject {
    /// Why the Pod is in its state, what happens next and when, and what would change it: to those who see the object
    /// and, where a node has the Pod, what its kubelet knows.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, object::PodObject};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
    /// let explanation = object.explain(None, Timestamp::UNIX_EPOCH).to_string();
    /// assert!(explanation.starts_with("PodMachine web is Pending: no node has it yet."), "{explanation}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, pod: Option<&PodMachine>, now: Timestamp) -> Explanation {
        let seen = Seen { phase: self.phase(), is_gone: self.is_gone(), node_lost_since: self.node_lost_since() };
        match pod {
            Some(pod) if seen.node_lost_since.is_some() => {
                // What the kubelet knows does not get here; the node controller's word stands.
                let unmet = condition::unmet_of(&self.status().conditions, self.spec(), |_, _| Vec::new());
                Explanation { unmet, ..pod.explain_as(seen, now) }
            }
            Some(pod) => pod.explain_as(seen, now),
            None => {
                PodMachine::on_no_node(self.spec().clone(), self.status().conditions.clone(), now).explain_as(seen, now)
            }
        }
    }
}

impl PodMachine {
    /// Why the Pod is in its state, what happens next and when, and what would change it.
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
    /// assert!(explanation.starts_with("PodMachine web is Pending: its sandbox, with its network, is not there yet."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, now: Timestamp) -> Explanation {
        self.explain_as(Seen { phase: self.phase(), is_gone: self.is_gone(), node_lost_since: None }, now)
    }

    fn explain_as(&self, seen: Seen, now: Timestamp) -> Explanation {
        let is_visible = seen.node_lost_since.is_none();
        let foresight = Forecast::of(self, now);
        let indexes = self.spec().containers().map(|(index, _)| index);
        let containers: Vec<_> =
            indexes.filter_map(|index| ContainerExplanation::of(self, index, &foresight, now)).collect();
        let situation = PodSituation::of(self, seen, &containers);
        let next = if is_visible { next::next(self, &containers, &foresight, now) } else { Vec::new() };
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
            unknown: Vec::new(),
            situation,
            containers,
        }
    }

    /// What one container is doing, and why; `None` if there is no such container.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    /// use pod_lifecycle::explain::{Situation, WaitingFor};
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let now = Timestamp::UNIX_EPOCH;
    /// let pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), now, &mut NoSink);
    /// let app = pod.explain_container(now, 0.into()).ok_or("no container")?;
    /// assert_eq!(app.situation, Situation::NotStarted { waits_for: WaitingFor::Sandbox, last_exit: None });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_container(&self, now: Timestamp, container: ContainerIndex) -> Option<ContainerExplanation> {
        ContainerExplanation::of(self, container, &Forecast::of(self, now), now)
    }
}

impl Explanation {
    /// The explanation of the container with this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ContainerExplanation> {
        self.containers.iter().find(|container| container.name == name)
    }
}
