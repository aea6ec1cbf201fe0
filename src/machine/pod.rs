//! A Pod's public face.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{
    Step,
    prober::{self, Prober},
    record::{ApiRecord, CONDITIONS, Generations, NodeRecord, Record, Slot},
    sink::Sink,
    tables::WorkerState,
    worker::Worker,
};
use crate::{
    config::KubeletConfig,
    event::{Event, EventError},
    manifest::{ConditionStatus, Name, PodCondition, PodPhase},
    rule::pod_status::{PhaseReason, PodRecord},
    spec::{ContainerIndex, PodSpec},
    state::{Condition, ConditionReason, ConditionType, ContainerRecord, InstanceId, PodConditions, RuntimeStatus},
    time::Timestamp,
};

/// One Pod on its node, as the kubelet lives it.
///
/// Events go in with [`handle_event`](Pod::handle_event), time with [`handle_timeout`](Pod::handle_timeout); what is to
/// be done, and what changed, comes out through the [`Sink`] that is passed in. Each call is one atomic step. Actions
/// are to be carried out in their order, and answered by the events that they name.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     Action, Clock, ManualClock, Output, Pod, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent},
///     manifest, spec::PodSpec, state::SandboxId,
/// };
///
/// let manifest: manifest::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// let mut out = Vec::new();
///
/// let mut pod = Pod::new(spec, Arc::new(KubeletConfig::default()), clock.now(), &mut out);
/// assert!(out.contains(&Output::Action(Action::RunPodSandbox { sandbox: SandboxId(0) })));
///
/// out.clear();
/// let ready = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
/// pod.handle_event(clock.now(), Event::Runtime(ready), &mut out)?;
/// assert_eq!(out, [Output::Action(Action::InspectImage { container: 0.into() })]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pod {
    pub(crate) spec: Arc<PodSpec>,
    pub(crate) config: Arc<KubeletConfig>,
    pub(crate) runtime: RuntimeStatus,
    pub(crate) record: Box<Record>,
    /// What an observer sees while the node is lost, and what the kubelet has yet to hear.
    pub(crate) seen: Option<Box<Record>>,
    pub(crate) probers: Box<[Prober]>,
    pub(crate) worker: Worker,
}

impl Pod {
    /// A Pod that a node has just got: its first pass begins at once.
    #[must_use]
    pub fn new(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, now: Timestamp, out: &mut dyn Sink) -> Pod {
        let mut pod = Pod::unbound(spec, config, now);
        pod.bind(&mut Step { now, out });
        pod
    }

    /// A Pod that no node has yet: it waits for [`ApiEvent::Bound`](crate::event::ApiEvent::Bound), or for a node that
    /// [refuses it](crate::event::NodeEvent::Rejected).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     NoSink, Pod, Timestamp, config::KubeletConfig, event::{ApiEvent, Event}, manifest, spec::PodSpec,
    /// };
    ///
    /// let manifest: manifest::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut pod = Pod::unbound(spec, Arc::new(KubeletConfig::default()), now);
    ///
    /// let message = "0/3 nodes are available: 3 Insufficient memory.".into();
    /// pod.handle_event(now, Event::Api(ApiEvent::Unschedulable { message }), &mut NoSink)?;
    /// assert_eq!(pod.status().conditions[0].reason, "Unschedulable");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn unbound(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, now: Timestamp) -> Pod {
        Pod {
            runtime: RuntimeStatus::default(),
            record: Box::new(Record::new(&spec, now)),
            seen: None,
            probers: prober::places(&spec),
            worker: Worker::new(WorkerState::Waiting),
            spec,
            config,
        }
    }

    /// Takes notice of something that happened.
    ///
    /// # Errors
    ///
    /// An event that cannot be, or that comes too late, is refused with an [`EventError`], and nothing changes.
    pub fn handle_event(&mut self, now: Timestamp, event: Event, out: &mut dyn Sink) -> Result<(), EventError> {
        let step = &mut Step { now, out };
        match event {
            Event::Runtime(event) => self.on_runtime_event(event, step),
            Event::Api(event) => self.on_api_event(event, step),
            Event::Node(event) => self.on_node_event(event, step),
        }
    }

    /// Handles every wake-up that is due; if none is, nothing happens.
    pub fn handle_timeout(&mut self, now: Timestamp, out: &mut dyn Sink) {
        // Each wake-up moves its timer ahead, or is answered only by an event.
        while self.poll_timeout().is_some_and(|at| at <= now) {
            self.handle_first_timeout(now, out);
        }
    }

    /// Handles the first of the wake-ups that are due, for those who do something else between two of one instant.
    pub fn handle_first_timeout(&mut self, now: Timestamp, out: &mut dyn Sink) {
        if let Some((_, wake)) = self.next_wake().filter(|(at, _)| *at <= now) {
            self.wake(wake, &mut Step { now, out });
        }
    }

    /// When the Pod wakes next by itself, unless something happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.record.node.wake_at
    }

    /// What the Pod ought to be.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.spec
    }

    /// What the runtime is known to have.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeStatus {
        &self.runtime
    }

    /// Where the Pod's worker stands.
    #[must_use]
    pub fn worker_state(&self) -> WorkerState {
        self.worker.state
    }

    /// The published phase; `Unknown` while the [node is lost](crate::event::ApiEvent::NodeLost), unless the Pod had
    /// ended before.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        Published::of(self).phase()
    }

    /// Whether no pass is under way or asked for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.worker.pass.is_none() && !self.worker.is_requested
    }

    /// Whether the API object is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.shown().api.is_gone
    }

    /// Whether the Pod is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.shown().api.deletion.is_some()
    }

    /// Whether the node cannot be reached: what the kubelet does is not seen, and it hears nothing.
    #[must_use]
    pub fn is_node_lost(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether the kubelet knows that the Pod is being deleted.
    pub(super) fn knows_deletion(&self) -> bool {
        self.record.api.deletion.is_some()
    }

    /// What the API shows: what the kubelet says, unless the node is lost.
    pub(super) fn shown(&self) -> &Record {
        self.seen.as_ref().unwrap_or(&self.record)
    }

    /// What the API has, for those who change it there.
    pub(super) fn shown_mut(&mut self) -> &mut Record {
        self.seen.as_mut().unwrap_or(&mut self.record)
    }

    /// What is published.
    #[must_use]
    pub fn published(&self) -> Published<'_> {
        Published::of(self)
    }
}

/// What is published of a Pod, without its strings.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    pod: &'a Pod,
}

impl<'a> Published<'a> {
    pub(super) fn of(pod: &'a Pod) -> Published<'a> {
        Published { pod }
    }

    /// The Pod itself.
    #[must_use]
    pub fn pod(&self) -> &'a Pod {
        self.pod
    }

    /// The published phase; of a lost node `Unknown`, unless it was terminal before.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.pod.shown().api.phase.unwrap_or(PodPhase::Pending)
    }

    /// Why the Pod is in its phase: a word, and a sentence.
    #[must_use]
    pub fn reason(&self) -> (&'a str, &'a str) {
        let why = self.pod.shown().api.why.as_deref();
        why.map_or(("", ""), |why| (&why.reason, &why.message))
    }

    /// Conditions of other owners, as they stand in the API.
    #[must_use]
    pub fn foreign_conditions(&self) -> &'a [PodCondition] {
        &self.pod.shown().api.foreign
    }

    /// What is reported of the containers, by container index; `None` until something is.
    #[must_use]
    pub fn containers(&self) -> &'a [Option<ContainerRecord>] {
        &self.pod.shown().status.records
    }

    /// When the kubelet first saw the Pod.
    #[must_use]
    pub fn start_time(&self) -> Option<Timestamp> {
        self.pod.shown().start_time
    }

    /// Which generation of the object the status is about; 0 before a kubelet has looked at it.
    #[must_use]
    pub fn observed_generation(&self) -> i64 {
        self.pod.shown().generations.status
    }

    /// Which generation of the object a condition of the kubelet is about.
    #[must_use]
    pub fn condition_generation(&self, condition: ConditionType) -> i64 {
        let generations = self.pod.shown().generations;
        match condition {
            ConditionType::Ready | ConditionType::ContainersReady => generations.readiness,
            // The kubelet leaves this one without a generation.
            ConditionType::AllContainersRestarting => 0,
            ConditionType::PodReadyToStartContainers
            | ConditionType::Initialized
            | ConditionType::PodScheduled
            | ConditionType::DisruptionTarget => generations.status,
        }
    }

    /// The image of an instance, if the spec has another one by now.
    #[must_use]
    pub fn former_image(&self, container: ContainerIndex, instance: InstanceId) -> Option<&'a str> {
        self.pod.shown().slots.get(container.get())?.image_of(instance)
    }

    /// The kubelet's conditions, in the order of the API status, and when each last changed.
    #[must_use]
    pub fn conditions(&self) -> Vec<(ConditionType, Condition, Option<Timestamp>)> {
        let record = self.pod.shown();
        if !record.has_conditions() {
            return Vec::new();
        }
        let own = record.status.conditions.iter();
        let mut all: Vec<_> = own.map(|(which, condition)| (which, condition.clone(), record.since(which))).collect();
        if let Some(reason) = terminal_reason(self.phase()) {
            let ready = |which| matches!(which, ConditionType::Ready | ConditionType::ContainersReady);
            for (_, condition, _) in all.iter_mut().filter(|(which, condition, _)| ready(*which) && condition.is_true())
            {
                *condition = Condition::because(false, reason);
            }
        }
        all
    }
}

fn terminal_reason(phase: PodPhase) -> Option<ConditionReason> {
    match phase {
        PodPhase::Succeeded => Some(ConditionReason::PodCompleted),
        PodPhase::Failed => Some(ConditionReason::PodFailed),
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => None,
    }
}

impl Record {
    fn new(spec: &PodSpec, now: Timestamp) -> Record {
        let unset = || Condition { status: ConditionStatus::Unknown, ..Condition::plain(false) };
        Record {
            status: PodRecord {
                records: Vec::new(),
                phase: PodPhase::Pending,
                phase_reason: PhaseReason::Cleared,
                conditions: PodConditions {
                    ready_to_start_containers: unset(),
                    initialized: unset(),
                    ready: unset(),
                    containers_ready: unset(),
                    all_containers_restarting: None,
                },
            },
            why: None,
            changed_at: [None; CONDITIONS],
            gates: Vec::new(),
            start_time: None,
            generations: Generations::default(),
            new_spec: None,
            is_computed: false,
            api: ApiRecord {
                phase: None,
                why: None,
                foreign: spec.is_scheduling_gated().then(|| scheduling_gated(now)).into_iter().collect(),
                writes: 0,
                foreign_changed: false,
                deletion: None,
                is_gone: false,
                is_gated: spec.is_scheduling_gated(),
                generation: spec.generation(),
                node_lost_at: None,
            },
            node: NodeRecord::default(),
            slots: (0..spec.container_count()).map(|_| Slot::default()).collect(),
        }
    }

    /// Whether the kubelet has ever computed its conditions; it has not of a Pod that the node refused.
    pub(super) fn has_conditions(&self) -> bool {
        self.status.conditions.ready.status != ConditionStatus::Unknown
    }
}

/// What the API server says of a Pod with gates when it is created.
///
/// Answers to `applySchedulingGatedCondition` in `pkg/registry/core/pod`. KEP-3521.
fn scheduling_gated(now: Timestamp) -> PodCondition {
    PodCondition {
        type_: ConditionType::PodScheduled.name().into(),
        observed_generation: 0,
        status: ConditionStatus::False.into(),
        last_probe_time: None,
        last_transition_time: Some(now.whole_seconds()),
        reason: ConditionReason::SchedulingGated.name().into(),
        message: "Scheduling is blocked due to non-empty scheduling gates".into(),
    }
}
