//! A Pod of which nothing is at hand but its object, as `kubectl get pod -o json` prints it.

pub use super::inconsistency::{Discrepancy, Inconsistency};

use alloc::vec::Vec;

use crate::{
    api::{ConditionStatus, Name, Named, PodManifest, PodPhase, PodStatus},
    kubectl,
    rule::{conditions, external_conditions, phase},
    spec::{ContainerIndex, ContainerSpec, PodSpec, SpecError},
    state::{Condition, ConditionReason, ConditionType, ContainerIds, ContainerRecord, observed_records},
    time::Timestamp,
};

/// A Pod of which nothing is at hand but its object with its status: what the rules say of it.
///
/// Fields and reasons that nobody knows are taken as they are. What only the node knows (the runtime, probes, back-off
/// counters) is not made up: see the methods for what follows from a status alone.
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
///     "status.phase: it is Running, but what is said of the containers makes it Pending",
///     "status.conditions[0].status: Ready is True, but app is not ready: it ought to be False (ContainersNotReady)",
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPod {
    manifest: PodManifest,
    spec: PodSpec,
    records: Vec<Option<ContainerRecord>>,
    ids: ContainerIds,
}

/// Why an object cannot be understood.
///
/// ```
/// use pod_lifecycle::explain::{ObserveError, ObservedPod};
///
/// let odd = serde_json::from_str(r#"{"spec": {"restartPolicy": "Sometimes", "containers": []}}"#)?;
/// let ObserveError::Spec(error) = ObservedPod::from_manifest(odd).unwrap_err() else { return Err("another error".into()) };
/// assert!(error.to_string().starts_with("spec.restartPolicy"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// Its spec says what no API server lets pass.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// The conditions that follow from what is said of the containers and of the readiness gates.
///
/// The kubelet's others depend on what only the node knows.
///
/// ```
/// use pod_lifecycle::{state::ConditionType, explain::{ObservedConditions, ObservedPod}};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let conditions: ObservedConditions = pod.conditions();
/// assert!(conditions.initialized.is_true() && !conditions.containers_ready.is_true());
/// assert_eq!(conditions.get(ConditionType::Ready), Some(&conditions.ready));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ObservedConditions {
    /// All init containers have done their part.
    pub initialized: Condition,
    /// The Pod may get traffic.
    pub ready: Condition,
    /// Every container is ready.
    pub containers_ready: Condition,
}

impl ObservedPod {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`ObserveError::Spec`] names the field of the spec that cannot be understood. No status is an error.
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
        Ok(ObservedPod { manifest, spec, records, ids })
    }

    /// The object.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(pod.manifest().metadata.namespace, "shop");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn manifest(&self) -> &PodManifest {
        &self.manifest
    }

    /// The status as it was published.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(pod.status().container_statuses[0].restart_count, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> &PodStatus {
        &self.manifest.status
    }

    /// The Pod as it ought to be.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(pod.spec().index_of("app"), Some(0.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// What is said of the containers, by container index.
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

    /// The runtime's names that the records stand for: with them they are printed again as they were.
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

    /// The phase as it ought to be, from what is said of the containers; one that was published as terminal stays.
    ///
    /// What is stopped and might be started again counts as going on.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>. Answers to `getPhase` in
    /// `pkg/kubelet/kubelet_pods.go`.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodPhase, explain::ObservedPod};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(pod.phase(), PodPhase::Running);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        let published = self.published_phase().filter(|phase| phase.is_terminal());
        published.unwrap_or_else(|| self.computed_phase(Outlook::GoesOn))
    }

    /// The conditions as they ought to be, from what is said of the containers and of the readiness gates.
    ///
    /// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>. Answers to the functions of
    /// `pkg/kubelet/status/generate.go`.
    ///
    /// ```
    /// use pod_lifecycle::{state::ConditionReason, explain::ObservedPod};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(pod.conditions().ready.reason, Some(ConditionReason::ContainersNotReady));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// The row of `kubectl get pods`.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let row = pod.row("2026-03-01T12:08:50Z".parse()?);
    /// assert_eq!((&*row.status, &*row.restarts), ("CrashLoopBackOff", "5 (96s ago)"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row(&self, now: Timestamp) -> kubectl::Row {
        kubectl::row(&self.manifest, now)
    }

    /// Where the status contradicts the rules, or itself.
    ///
    /// A kubelet publishes no such status; but others may write to a Pod, a kubelet may be of another make, and what was
    /// true when it was read may have been on its way to change.
    ///
    /// ```
    /// use pod_lifecycle::explain::ObservedPod;
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/odd.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// assert_eq!(
    ///     pod.inconsistencies()[1].to_string(),
    ///     "status.conditions[1].reason: no kubelet gives Ready the reason ProviderSaysSo: somebody else wrote it"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        super::check::inconsistencies(self)
    }

    /// The phase that was published, if it is one.
    pub(crate) fn published_phase(&self) -> Option<PodPhase> {
        self.status().phase.as_ref().and_then(Named::known)
    }

    /// Whether a condition was published as true.
    pub(crate) fn holds(&self, condition: ConditionType) -> bool {
        self.status_of(condition) == Some(ConditionStatus::True)
    }

    /// The status of a condition as it was published.
    pub(crate) fn status_of(&self, condition: ConditionType) -> Option<ConditionStatus> {
        self.status().condition(condition.name()).and_then(|condition| condition.status.known())
    }

    /// Whether the Pod is being deleted.
    pub(crate) fn is_deleting(&self) -> bool {
        self.manifest.metadata.deletion_timestamp.is_some()
    }

    /// Whether a kubelet has ever reported on the Pod.
    pub(crate) fn is_reported(&self) -> bool {
        self.status().start_time.is_some() || self.records.iter().any(Option::is_some)
    }

    /// The containers with what is said of them.
    pub(crate) fn containers(
        &self,
    ) -> impl Iterator<Item = (ContainerIndex, &ContainerSpec, Option<&ContainerRecord>)> {
        let record = |index: ContainerIndex| self.records.get(index.get()).and_then(Option::as_ref);
        self.spec.containers().map(move |(index, container)| (index, container, record(index)))
    }

    /// Whether the Pod ends for another reason than that its containers have.
    pub(super) fn is_ended_from_outside(&self) -> bool {
        self.is_deleting() || !self.status().reason.is_empty() || self.holds(ConditionType::DisruptionTarget)
    }

    /// Whether the conditions are those of a Pod that is over, whatever phase it still shows.
    pub(crate) fn conditions_say_it_is_over(&self) -> bool {
        let ready = self.status().condition(ConditionType::Ready.name());
        let reason = ready.and_then(|ready| Named::<ConditionReason>::from(&*ready.reason).known());
        matches!(reason, Some(ConditionReason::PodCompleted | ConditionReason::PodFailed))
    }

    pub(super) fn computed_phase(&self, outlook: Outlook) -> PodPhase {
        phase::pod_phase(&self.spec, &self.records, outlook == Outlook::IsOver, self.has_initialized())
    }

    pub(super) fn phase_in_new_sandbox(&self) -> PodPhase {
        phase::pod_phase(&self.spec, &self.records, false, false)
    }

    /// Whether some regular container was ever started, as far as can be seen: in which sandbox, a status does not say.
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

/// Whether what has ended may be started again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    GoesOn,
    IsOver,
}

impl ObservedConditions {
    /// The condition of a type, if it follows from a status.
    ///
    /// ```
    /// use pod_lifecycle::{state::{Condition, ConditionType}, explain::ObservedPod};
    ///
    /// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/readiness-gate.json"));
    /// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
    /// let conditions = pod.conditions();
    /// assert_eq!(conditions.get(ConditionType::ContainersReady).map(Condition::is_true), Some(true));
    /// assert_eq!(conditions.get(ConditionType::DisruptionTarget), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, condition_type: ConditionType) -> Option<&Condition> {
        match condition_type {
            ConditionType::Initialized => Some(&self.initialized),
            ConditionType::Ready => Some(&self.ready),
            ConditionType::ContainersReady => Some(&self.containers_ready),
            ConditionType::PodReadyToStartContainers
            | ConditionType::PodScheduled
            | ConditionType::AllContainersRestarting
            | ConditionType::DisruptionTarget => None,
        }
    }
}
