//! A Pod's public face.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{
    Published, Step, api_pod::ApiPod, components::Kubelet, observe, pod_worker::Worker, sink::Sink,
    status_manager::Knowledge, transitions::WorkerState,
};
use crate::{
    api::{PodCondition, PodManifest, PodPhase},
    config::KubeletConfig,
    event::{Event, RefusedEvent, RuntimeEvent},
    spec::{PodSpec, SpecError},
    state::RuntimeStatus,
    time::Timestamp,
};

/// One Pod on its node, as the kubelet lives it.
///
/// Events go in with [`handle_event`](PodMachine::handle_event), time with [`handle_timeout`](PodMachine::handle_timeout); what is to
/// be done, and what changed, comes out through the [`Sink`] that is passed in. Each call is one atomic step. Actions
/// are to be carried out in their order, and answered by the events that they name.
///
/// `now` may stand still, jump by decades, or go back: whatever was due later stays due then, and what was missed is
/// made up for once, not once for each time that it was missed. At the last instant of all nothing is due any more.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     Action, Clock, ManualClock, Output, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent},
///     api, spec::PodSpec, state::SandboxId,
/// };
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// let mut out = Vec::new();
///
/// let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), clock.now(), &mut out);
/// assert!(out.contains(&Output::Action(Action::RunPodSandbox { sandbox: SandboxId(0) })));
///
/// out.clear();
/// let ready = RuntimeEvent::SandboxCreated { sandbox: SandboxId(0), has_ip: Some(true) };
/// pod.handle_event(clock.now(), Event::Runtime(ready), &mut out)?;
/// assert_eq!(out, [Output::Action(Action::InspectImage { container: 0.into() })]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What can be asked of it:
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, Timestamp, WorkerState, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec,
/// };
///
/// # let manifest: api::PodManifest = serde_json::from_str(
/// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
/// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
/// assert_eq!((pod.phase(), pod.worker_state()), (PodPhase::Pending, WorkerState::Syncing));
/// assert_eq!((pod.spec().name(), pod.config().crash_loop.max.as_secs()), ("web", 300));
/// assert!(!pod.is_idle(), "its sandbox is being made");
/// assert!(!pod.is_deleting() && !pod.is_gone());
/// assert!(pod.runtime().sandboxes.is_empty());
/// assert_eq!(pod.published().start_time(), Some(Timestamp::UNIX_EPOCH));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodMachine {
    pub(super) worker: Worker,
    pub(super) parts: Box<Kubelet>,
}

impl PodMachine {
    /// A Pod that a node has just got: its first sync begins at once.
    #[must_use]
    pub fn new(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, now: Timestamp, out: &mut dyn Sink) -> PodMachine {
        PodMachine::begin(Arc::new(ApiPod::new(spec)), config, now, out)
    }

    /// A Pod that a node has just got, from its object as a watch delivers it: what is known of it already, say since
    /// when it is bound, or that it is being deleted, counts. One that is being deleted starts nothing.
    ///
    /// A Pod whose object has a status that a kubelet wrote is [resumed](PodMachine::resume) instead.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names the field that cannot be understood.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{Output, PodMachine, Timestamp, config::KubeletConfig, api};
    ///
    /// let deleted: api::PodManifest = serde_json::from_str(r#"{
    ///     "metadata": {"name": "web", "deletionTimestamp": "2026-03-01T12:00:30Z", "deletionGracePeriodSeconds": 30},
    ///     "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}
    /// }"#)?;
    /// let (now, mut out) = ("2026-03-01T12:00:00Z".parse::<Timestamp>()?, Vec::new());
    /// let pod = PodMachine::from_object(&deleted, Arc::new(KubeletConfig::default()), now, &mut out)?;
    /// assert!(pod.is_deleting());
    /// assert!(!out.iter().any(|output| matches!(output, Output::Action(_))), "nothing is started");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_object(
        object: &PodManifest,
        config: Arc<KubeletConfig>,
        now: Timestamp,
        out: &mut dyn Sink,
    ) -> Result<PodMachine, SpecError> {
        Ok(PodMachine::begin(Arc::new(observe::first_seen(object)?), config, now, out))
    }

    pub(super) fn begin(
        object: Arc<ApiPod>,
        config: Arc<KubeletConfig>,
        now: Timestamp,
        out: &mut dyn Sink,
    ) -> PodMachine {
        let mut pod = PodMachine::unsynced(object, RuntimeStatus::default(), config, now);
        pod.parts.status.published.phase = pod.parts.object.ended;
        pod.take_up();
        pod.settle(&mut Step { now, out });
        pod
    }

    pub(crate) fn unsynced(
        object: Arc<ApiPod>,
        runtime: RuntimeStatus,
        config: Arc<KubeletConfig>,
        now: Timestamp,
    ) -> PodMachine {
        PodMachine { worker: Worker::new(), parts: Box::new(Kubelet::new(object, runtime, config, now)) }
    }

    /// What there is to know of a Pod that no node has, for those who explain it.
    pub(crate) fn on_no_node(spec: Arc<PodSpec>, conditions: Vec<PodCondition>, now: Timestamp) -> PodMachine {
        let known = ApiPod { conditions, ..ApiPod::new(spec) };
        PodMachine::unsynced(Arc::new(known), RuntimeStatus::default(), Arc::new(KubeletConfig::default()), now)
    }

    /// A Pod that its node refuses, `UnexpectedAdmissionError`, `NodeAffinity` or `OutOfcpu` for example: it fails at
    /// once, and nothing of it ever runs. `reason` is one word, `message` is for people.
    ///
    /// Answers to `rejectPod` in `pkg/kubelet/kubelet.go`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api::{self, PodPhase}, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest =
    ///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
    /// let (config, now) = (Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH);
    /// let pod = PodMachine::rejected(spec, config, "OutOfcpu", "Node didn't have enough resource: cpu", now, &mut NoSink);
    /// assert_eq!((pod.phase(), pod.status().reason), (PodPhase::Failed, "OutOfcpu".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rejected(
        spec: Arc<PodSpec>,
        config: Arc<KubeletConfig>,
        reason: &str,
        message: &str,
        now: Timestamp,
        out: &mut dyn Sink,
    ) -> PodMachine {
        let mut pod = PodMachine::unsynced(Arc::new(ApiPod::new(spec)), RuntimeStatus::default(), config, now);
        pod.reject(reason, message, &mut Step { now, out });
        pod
    }

    /// Takes notice of something that happened.
    ///
    /// # Errors
    ///
    /// An event that cannot be, or that comes too late, is given back with an [`EventError`](crate::event::EventError),
    /// and nothing changes.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    /// use pod_lifecycle::{event::{Event, EventError, RuntimeEvent}, state::SandboxId};
    ///
    /// # let manifest: api::PodManifest =
    /// #     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut pod = PodMachine::new(spec, config, now, &mut NoSink);
    /// let before = pod.clone();
    /// let late = Event::Runtime(RuntimeEvent::SandboxDied { sandbox: SandboxId(7) });
    /// let refused = pod.handle_event(now, late, &mut NoSink).unwrap_err();
    /// assert_eq!(refused.error, EventError::UnknownSandbox { sandbox: SandboxId(7) });
    /// assert_eq!(pod, before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_event(&mut self, now: Timestamp, event: Event, out: &mut dyn Sink) -> Result<(), RefusedEvent> {
        if let Err(error) = self.check(&event) {
            return Err(RefusedEvent::new(event, error));
        }
        let step = &mut Step { now, out };
        if !matches!(event, Event::Runtime(RuntimeEvent::ProbeFinished { .. })) {
            self.parts.quiet.forget();
        }
        match event {
            Event::Runtime(event) => self.on_runtime_event(event, step),
            Event::Api(event) => self.on_api_event(event, step),
            Event::Node(event) => self.on_node_event(event, step),
        }
        Ok(())
    }

    /// Handles every wake-up that is due; if none is, nothing happens.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// # let manifest: api::PodManifest = serde_json::from_str(
    /// #     r#"{"spec": {"activeDeadlineSeconds": 30, "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let mut pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
    /// let due = pod.poll_timeout().ok_or("it never wakes")?;
    /// pod.handle_timeout(due, &mut NoSink);
    /// assert!(pod.poll_timeout().is_none_or(|next| next > due), "whatever was due is done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: Timestamp, out: &mut dyn Sink) {
        // Each wake-up moves its timer ahead, or is answered only by an event.
        while self.poll_timeout().is_some_and(|at| at <= now) {
            self.handle_first_timeout(now, out);
        }
    }

    /// Handles the first of the wake-ups that are due, for those who do something else between two of one instant.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// # let manifest: api::PodManifest = serde_json::from_str(
    /// #     r#"{"spec": {"activeDeadlineSeconds": 30, "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let mut pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
    /// while let Some((due, wake)) = pod.next_wake().filter(|(due, _)| due.unix_seconds() < 60) {
    ///     println!("at {due}: {wake:?}");
    ///     pod.handle_first_timeout(due, &mut NoSink);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_first_timeout(&mut self, now: Timestamp, out: &mut dyn Sink) {
        if let Some((_, wake)) = self.next_wake().filter(|(at, _)| *at <= now) {
            self.wake(wake, &mut Step { now, out });
        }
    }

    /// When the Pod wakes next by itself, unless something happens before.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// # let manifest: api::PodManifest = serde_json::from_str(
    /// #     r#"{"spec": {"activeDeadlineSeconds": 30, "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// # let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.poll_timeout(), pod.next_wake().map(|(at, _)| at));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.parts.wake.map(|(at, _)| at)
    }

    /// What the Pod ought to be, as the last sync knew it.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.parts.spec
    }

    /// How the node's kubelet is set up.
    #[must_use]
    pub fn config(&self) -> &Arc<KubeletConfig> {
        &self.parts.config
    }

    /// What the runtime is known to have.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeStatus {
        self.parts.runtime.actual()
    }

    /// Where the Pod's worker stands.
    #[must_use]
    pub fn worker_state(&self) -> WorkerState {
        self.worker.state
    }

    /// The published phase.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.published().phase()
    }

    /// Whether a kubelet has begun to look after the Pod.
    pub(crate) fn is_on_node(&self) -> bool {
        !self.is_idle() || self.parts.status.knowledge != Knowledge::None || self.worker_state() != WorkerState::Syncing
    }

    /// Whether no sync is under way or asked for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.worker.is_idle()
    }

    /// Whether the kubelet knows that the object is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.parts.newest_object().is_gone
    }

    /// Whether the kubelet knows that the Pod is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.parts.newest_object().is_deleting()
    }

    /// What is published.
    #[must_use]
    pub fn published(&self) -> Published<'_> {
        self.parts.published()
    }
}
