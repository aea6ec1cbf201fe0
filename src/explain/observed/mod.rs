//! Observed Pods: explanations and checks from an API object alone, as `kubectl get pod -o json` prints it.

mod container;
mod explain;
mod inconsistency;
mod need;
mod obstacle;
mod resize;

#[cfg(feature = "render")]
pub(crate) use container::crash_loop_delay;
pub use explain::MissingFact;
pub use inconsistency::{Discrepancy, Inconsistency};
pub use need::Need;
pub(super) use obstacle::missing_object;
pub use obstacle::{Obstacle, ObstacleKind};

use alloc::vec::Vec;

use crate::{
    api::{ConditionStatus, Name, Named, PodManifest, PodPhase, PodStatus},
    kubectl,
    rule::{conditions, external_conditions, phase},
    spec::{ContainerIndex, ContainerSpec, PodSpec, SpecError},
    state::{Condition, ConditionReason, ConditionType, ContainerIds, ContainerRecord, observed_records},
    status::{EventObject, RecordedEvent},
    time::Timestamp,
};

/// Annotation of a mirror Pod. `ConfigMirrorAnnotationKey` in `pkg/kubelet/types/pod_update.go`.
const CONFIG_MIRROR: &str = "kubernetes.io/config.mirror";

/// A Pod known only by its API object. It offers what the rules derive from spec and status.
///
/// Unknown fields and reasons are kept as they are. Facts that only the node has (the runtime, probes, back-offs) are not
/// guessed: explanations list them as [`MissingFact`]s.
///
/// ```
/// use pod_lifecycle::{api::{PodManifest, PodPhase}, explain::ObservedPod};
///
/// // What `kubectl get pod web -o json` prints.
/// let printed = r#"{
///     "metadata": {"name": "web"},
///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx"}]},
///     "status": {
///         "phase": "Running",
///         "conditions": [{"type": "Ready", "status": "True"}],
///         "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "image": "nginx", "imageID": "",
///             "state": {"waiting": {"reason": "ImagePullBackOff"}}}]
///     }
/// }"#;
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// assert_eq!(pod.phase(), PodPhase::Pending);
/// assert!(!pod.conditions().ready.is_true());
/// let inconsistencies: Vec<String> = pod.inconsistencies().iter().map(ToString::to_string).collect();
/// assert_eq!(inconsistencies, [
///     "status.phase: is Running, but by its containers the Pod is Pending",
///     "status.conditions[0].status: Ready is True, but should be False: `app` is not ready (ContainersNotReady)",
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPod {
    manifest: PodManifest,
    spec: PodSpec,
    records: Vec<Option<ContainerRecord>>,
    ids: ContainerIds,
    events: Vec<RecordedEvent>,
}

/// Error of reading an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// The spec is one that no API server admits.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// Conditions that follow from the containers' statuses and the readiness gates.
///
/// The kubelet's other conditions depend on the node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ObservedConditions {
    /// `Initialized`.
    pub initialized: Condition,
    /// `Ready`.
    pub ready: Condition,
    /// `ContainersReady`.
    pub containers_ready: Condition,
}

impl ObservedPod {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`ObserveError::Spec`] names the invalid field of the spec. The status is never a reason for an error.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let odd = serde_json::from_str(r#"{"spec": {"restartPolicy": "Sometimes", "containers": []}}"#)?;
    /// let error = ObservedPod::from_manifest(odd).unwrap_err().to_string();
    /// assert!(error.starts_with("spec.restartPolicy: unknown value \"Sometimes\""));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_manifest(manifest: PodManifest) -> Result<ObservedPod, ObserveError> {
        let spec = PodSpec::from_admitted(&manifest)?;
        let mut ids = ContainerIds::default();
        let records = observed_records(&spec, manifest.status.every_container(), &mut ids);
        Ok(ObservedPod { manifest, spec, records, ids, events: Vec::new() })
    }

    /// Adds the events of the Pod: explanations then contain what could not be mounted, pulled, created or stopped. Events of
    /// other objects, and of earlier Pods of the same name, are left out.
    #[must_use]
    pub fn with_events<'a>(mut self, events: impl IntoIterator<Item = &'a EventObject>) -> ObservedPod {
        let about = events.into_iter().filter(|event| event.is_about(&self.manifest.metadata));
        let recorded: Vec<RecordedEvent> = about.filter_map(EventObject::recorded).collect();
        self.events.extend(recorded);
        self
    }

    /// Returns the events of the Pod.
    #[must_use]
    pub fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    /// Returns the objects that the Pod needs before its containers start: the sources of its volumes and of its environment.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        need::all(&self.manifest)
    }

    /// Returns the object.
    #[must_use]
    pub fn manifest(&self) -> &PodManifest {
        &self.manifest
    }

    /// Returns the status of the object.
    #[must_use]
    pub fn status(&self) -> &PodStatus {
        &self.manifest.status
    }

    /// Returns the lowered spec.
    #[must_use]
    pub fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// Returns the containers' statuses, by container index.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let app = pod.records()[0].as_ref().ok_or("nothing is said")?;
    /// assert_eq!(app.last_termination().map(|end| end.reason.as_str()), Some("OOMKilled"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn records(&self) -> &[Option<ContainerRecord>] {
        &self.records
    }

    /// Returns the runtime's container IDs of the records, which [`status::container_status`](crate::status::container_status) prints.
    ///
    /// ```
    /// use pod_lifecycle::{explain::ObservedPod, status};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let app = pod.records()[0].as_ref().ok_or("nothing is said")?;
    /// let printed = status::container_status(pod.spec(), 0.into(), app, pod.ids());
    /// let published = &pod.status().container_statuses[0];
    /// assert_eq!((&printed.container_id, &printed.last_state), (&published.container_id, &published.last_state));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ids(&self) -> &ContainerIds {
        &self.ids
    }

    /// Computes the phase from the containers' statuses; if the status says Succeeded or Failed already, that is returned.
    ///
    /// A container that has exited and may restart counts as running.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. Answers to `getPhase` in
    /// `pkg/kubelet/kubelet_pods.go`.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        let published = self.published_phase().filter(|phase| phase.is_terminal());
        // A terminal phase never changes again; others follow from the containers.
        published.unwrap_or_else(|| self.computed_phase(false))
    }

    /// Computes the conditions from the containers' statuses and the readiness gates.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>. Answers to the functions of
    /// `pkg/kubelet/status/generate.go`.
    #[must_use]
    pub fn conditions(&self) -> ObservedConditions {
        let phase = self.phase();
        let records = Some(&*self.records);
        let gates = external_conditions::readiness_gates(&self.spec, &self.status().conditions);
        let containers_ready = conditions::containers_ready(&self.spec, records, phase);
        let was_initialized = self.holds(ConditionType::Initialized);
        ObservedConditions {
            initialized: conditions::initialized(&self.spec, records, phase, was_initialized),
            ready: conditions::ready(&self.spec, &containers_ready, |gate, _| gates.get(gate).copied().flatten()),
            containers_ready,
        }
    }

    /// Returns the row of `kubectl get pods`.
    #[must_use]
    pub fn row(&self, now: Timestamp) -> kubectl::Row {
        kubectl::row(&self.manifest, now)
    }

    /// Returns the places where the status contradicts the rules or itself.
    ///
    /// A kubelet publishes no such status; another writer, another implementation or a status in transition may.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/odd.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(
    ///     pod.inconsistencies()[1].to_string(),
    ///     "status.conditions[1].reason: no kubelet gives Ready the reason ProviderSaysSo, so another component wrote it"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        inconsistency::all(self)
    }

    /// Returns the published phase, if it is a known one.
    fn published_phase(&self) -> Option<PodPhase> {
        self.status().phase.as_ref().and_then(Named::known)
    }

    /// True if a condition was published as True.
    fn holds(&self, condition: ConditionType) -> bool {
        self.status_of(condition) == Some(ConditionStatus::True)
    }

    /// Returns the published status of a condition.
    fn status_of(&self, condition: ConditionType) -> Option<ConditionStatus> {
        self.status().condition(condition.name()).and_then(|condition| condition.status.known())
    }

    /// True if the Pod is being deleted.
    fn is_deleting(&self) -> bool {
        self.manifest.metadata.deletion_timestamp.is_some()
    }

    /// True if the object is the mirror of a static Pod. Answers to `IsMirrorPod` in `pkg/kubelet/types`.
    fn is_mirror(&self) -> bool {
        self.manifest.metadata.annotations.contains_key(CONFIG_MIRROR)
    }

    /// True if the node controller has set `Ready` to False, as it does for a node that is silent or not ready: it leaves
    /// the reason and everything else as it was, while the kubelet gives a reason to each False.
    ///
    /// Answers to `MarkPodsNotReady` in `pkg/controller/util/node`.
    fn is_marked_not_ready(&self) -> bool {
        let ready = self.status().condition(ConditionType::Ready.name());
        let is_without_reason = ready.is_some_and(|ready| {
            ready.status.known() == Some(ConditionStatus::False) && ready.reason.is_empty() && ready.message.is_empty()
        });
        let is_running = self.published_phase() == Some(PodPhase::Running);
        is_without_reason && is_running && self.conditions().containers_ready.is_true()
    }

    /// True if a kubelet has reported on the Pod.
    fn is_reported(&self) -> bool {
        // The kubelet sets startTime with its first status; other node agents may leave it out.
        self.status().start_time.is_some() || self.records.iter().any(Option::is_some)
    }

    /// Returns the containers with their statuses.
    fn containers(&self) -> impl Iterator<Item = (ContainerIndex, &ContainerSpec, Option<&ContainerRecord>)> {
        let record = |index: ContainerIndex| self.records.get(index.get()).and_then(Option::as_ref);
        self.spec.containers().map(move |(index, container)| (index, container, record(index)))
    }

    /// True if the Pod ends for another reason than its containers' exits.
    fn is_ended_from_outside(&self) -> bool {
        // Deletion, eviction, deadline and shutdown leave one of these three traces.
        self.is_deleting() || !self.status().reason.is_empty() || self.holds(ConditionType::DisruptionTarget)
    }

    /// True if the conditions are those of a Pod that has ended, whatever its phase.
    fn conditions_say_it_is_over(&self) -> bool {
        let ready = self.status().condition(ConditionType::Ready.name());
        let reason = ready.and_then(|ready| Named::<ConditionReason>::from(&*ready.reason).known());
        matches!(reason, Some(ConditionReason::PodCompleted | ConditionReason::PodFailed))
    }

    /// Computes the phase; if the Pod is over, containers that have exited do not restart.
    fn computed_phase(&self, is_over: bool) -> PodPhase {
        phase::pod_phase(&self.spec, &self.records, is_over, self.has_initialized())
    }

    fn phase_in_new_sandbox(&self) -> PodPhase {
        phase::pod_phase(&self.spec, &self.records, false, false)
    }

    /// True if a regular container has ever started; a status does not show in which sandbox.
    fn has_initialized(&self) -> bool {
        let mut regular = self.spec.regular_containers();
        regular.any(|(index, _)| {
            let record = self.records.get(index.get()).and_then(Option::as_ref);
            record.is_some_and(|record| {
                record.instance.is_some() || record.is_running() || record.termination().is_some()
            })
        })
    }
}

impl ObservedConditions {
    /// Returns the condition of a type, if it follows from a status.
    #[must_use]
    pub fn get(&self, condition_type: ConditionType) -> Option<&Condition> {
        match condition_type {
            ConditionType::Initialized => Some(&self.initialized),
            ConditionType::Ready => Some(&self.ready),
            ConditionType::ContainersReady => Some(&self.containers_ready),
            ConditionType::PodReadyToStartContainers
            | ConditionType::PodScheduled
            | ConditionType::AllContainersRestarting
            | ConditionType::DisruptionTarget
            | ConditionType::PodResizePending
            | ConditionType::PodResizeInProgress => None,
        }
    }
}
