//! The kubelet's side of a Pod: events and time in, actions and statuses out.
//!
//! Each component of the kubelet is a file with its own state, and knows only what lies below it:
//!
//! | component | file |
//! |---|---|
//! | [`PodMachine`]: face and routing | this one |
//! | admission (`HandlePodAdditions`) | [`admission`] |
//! | sync loop (`syncLoopIteration`) | [`sync_loop`], [`sync_loop_queue`], [`timers`], [`kubelet_restart`], [`kill_pod_now`], [`runtime_events`] |
//! | API object (watch) | [`api_pod`] |
//! | pod worker | [`pod_worker`], which owns the [`sync_state`] under way |
//! | sync (`SyncPod`) | [`sync_pod`], [`start_container`], [`kill_container`], [`resize_pod`], [`generate_status`] |
//! | everything that a sync works with | [`components`] |
//! | status manager | [`status_manager`], [`status_view`] |
//! | volume manager (its loops, and the waits of syncs) | [`volume_manager`] |
//! | allocation manager (in-place resize) | [`allocation_manager`] |
//! | probe manager, runtime manager, garbage collection, PLEG | [`prober_manager`], [`runtime_manager`] with [`back_offs`], [`container_gc`], [`pleg`] |
//!
//! The components remember and act; the rules that they ask are pure functions in `rule`:
//!
//! | question | rule | asked by |
//! |---|---|---|
//! | start and doubling of a back-off (crash loop, image pull) | `rule::back_off` | [`back_offs`], for [`start_container`] |
//! | thresholds and initial delay of a probe | `rule::probe` | [`prober_manager`] |
//! | grace periods, order of sidecars | `rule::grace`, `rule::termination_order` | [`pod_worker`], [`kill_container`] |
//! | phase at an eviction, a preemption or a node shutdown | `rule::phase` (`KillCause`) | [`pod_worker`], for [`kill_pod_now`] |
//! | containers to start, stop and restart | `rule::pod_actions` | [`sync_pod`] |
//! | active deadline | `rule::deadline` | [`generate_status`], [`sync_loop`] |
//! | phase, conditions and container statuses | `rule::pod_status` | [`generate_status`] |
//! | resizes: steps, order, conditions' resources | `rule::resize` | [`allocation_manager`], [`resize_pod`] |
//! | exit code 137 of a container that was lost | `rule::final_statuses` | [`status_manager`]; with its sandbox: [`runtime_events`] |
//! | admission to a node | `rule::admission`, if the configuration has a node; else the embedder decides | [`admission`]; [`PodMachine::rejected`] publishes a refusal |
//!
//! [`fast_path`] holds every shortcut, [`inspect`] the read-only view for explanations, [`validate_event`] the
//! refusals.

mod admission;
mod allocation_manager;
mod api_pod;
mod back_offs;
mod components;
mod container_gc;
mod fast_path;
mod generate_status;
mod image_manager;
mod inspect;
mod kill_container;
mod kill_pod_now;
mod kubelet_restart;
mod pleg;
mod pod_worker;
mod prober_manager;
mod resize_pod;
mod runtime_events;
mod runtime_manager;
mod sink;
#[cfg(feature = "snapshot")]
mod snapshot;
mod start_container;
mod status_manager;
mod status_view;
mod sync_loop;
mod sync_loop_queue;
mod sync_pod;
mod sync_state;
#[cfg(test)]
mod tests;
mod timers;
mod validate_event;
mod volume_manager;

#[cfg(feature = "sim")]
pub(crate) use fast_path::{Interner, ProbeAnswer};
pub(crate) use inspect::{InspectStop, InspectSync, StartStep, StopProgress};
pub use kubelet_restart::ResumeError;
pub use pod_worker::{WORKER_MOVES, WorkerState};
pub(crate) use sink::Step;
pub use sink::{NoSink, Output, Sink};
#[cfg(all(feature = "snapshot", feature = "sim"))]
pub(crate) use snapshot::Version;
#[cfg(feature = "snapshot")]
pub use snapshot::{PodSnapshot, SnapshotError};
pub use status_view::{CONTAINER_MOVES, PHASE_MOVES, StatusView};
pub use timers::Wake;
pub(crate) use volume_manager::InspectVolume;

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::hash::{Hash, Hasher};

use self::{
    api_pod::ApiPod, components::Kubelet, fast_path::Caches, pod_worker::PodWorker, sync_loop::SyncLoop,
    validate_event::Validator,
};
use crate::{
    api::{PodCondition, PodManifest, PodPhase},
    config::{KubeletConfig, Timing},
    event::{Event, EventError, NodeEvent, RefusedEvent, RuntimeEvent},
    spec::{PodSpec, SpecError},
    state::{ContainerIds, RuntimeStatus},
    time::Timestamp,
};

/// State machine of one Pod on its node, as the kubelet runs it.
///
/// Its methods are of four kinds:
///
/// * constructors: [`new`](PodMachine::new) for a Pod that was just bound, [`from_object`](PodMachine::from_object) for an
///   object from a watch, [`resume`](PodMachine::resume) after a restart of the agent, [`rejected`](PodMachine::rejected)
///   for a Pod that the node does not admit;
/// * inputs: [`handle_event`](PodMachine::handle_event) and [`observe`](PodMachine::observe) for what happened,
///   [`handle_timeout`](PodMachine::handle_timeout) for time;
/// * outputs: actions, transitions and events go to the [`Sink`] that each input is given, and
///   [`poll_timeout`](PodMachine::poll_timeout) returns when to call `handle_timeout`;
/// * queries, which change nothing: [`phase`](PodMachine::phase), [`status`](PodMachine::status),
///   [`explain`](PodMachine::explain) and others.
///
/// Each call is one atomic step. Actions are carried out in their order, and answered by the events that they name.
///
/// `now` may stand still or jump by decades. It should not go back; if it does, timers are only late. A timer that was missed
/// several times fires once.
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
#[derive(Clone, Debug)]
pub struct PodMachine {
    worker: PodWorker,
    /// Boxed, so that a Pod is small in a map.
    kubelet: Box<Kubelet>,
    caches: Caches,
}

/// The caches are no part of a Pod's state.
impl PartialEq for PodMachine {
    fn eq(&self, other: &PodMachine) -> bool {
        self.worker == other.worker && self.kubelet == other.kubelet
    }
}

impl Eq for PodMachine {}

impl Hash for PodMachine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.worker.hash(state);
        self.kubelet.hash(state);
    }
}

impl PodMachine {
    // --- Constructors ---

    /// Creates a Pod that was just bound to this node, and starts its first sync.
    #[must_use]
    pub fn new(spec: Arc<PodSpec>, config: Arc<KubeletConfig>, now: Timestamp, out: &mut dyn Sink) -> PodMachine {
        PodMachine::bound(Arc::new(ApiPod::new(spec, config.kubernetes)), config, now, out)
    }

    /// Creates a Pod that was just bound to this node, from its object as a watch delivers it: the time of its binding
    /// and a deletion in it are taken into account. A Pod that is being deleted starts nothing.
    ///
    /// A Pod whose object has a status that a kubelet wrote is [resumed](PodMachine::resume) instead.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names the invalid field.
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
        Ok(PodMachine::bound(Arc::new(ApiPod::first_seen(object, config.kubernetes)?), config, now, out))
    }

    /// Resumes a Pod after a restart of its agent, from the object with its last published status and from the runtime.
    ///
    /// What was published stands: start time and active deadline, phase and reason, restart counts and last states,
    /// conditions with their transition times, conditions of other owners. A ready sandbox is kept, and running
    /// containers are not started again. What only the agent's memory had is gone: back-offs are empty, and probes have
    /// no result; volumes are set up again. If the Pod was published as ready, each container that started more than 10 s before `now` stays ready
    /// until its probe fails; otherwise its containers are unready until their probes succeed (KEP-4781). A Pod that is
    /// being deleted starts nothing. For a Pod that has ended and of which nothing runs, the last status is published, and
    /// [`Output::DeleteObject`] is emitted if the Pod is being deleted. A Pod without a kubelet's status starts like a
    /// [new one](PodMachine::from_object), with the instances that the runtime has of it.
    ///
    /// `runtime`: newest first, everything that the runtime has, the ended instances and sandboxes too;
    /// [`restart_count`](crate::state::Instance::restart_count) is the runtime's attempt, and
    /// [`spec_changed`](crate::state::Instance::spec_changed) says whether the instance was made for another image than
    /// the object has now. `ids` maps the runtime's container ids to the instances in `runtime`. Ids that are only in
    /// the published status are added, and no later instance of the Pod gets a number that the map has.
    ///
    /// Answers to what a restarted kubelet does: the first `UpdatePod` in `pkg/kubelet/pod_workers.go`,
    /// `generateAPIPodStatus` of a Pod whose status the status manager does not have, and
    /// `setReadyStateOnKubeletRestart` in `pkg/kubelet/prober`.
    ///
    /// # Errors
    ///
    /// [`ResumeError`] names the invalid field, or what is impossible in the runtime's list; `ids` is unchanged.
    /// The status is never a reason for an error: values in it that are unknown are kept.
    ///
    /// An agent that starts:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{
    ///     Action, Output, PodMachine, Timestamp, config::KubeletConfig, api::{PodManifest, PodPhase},
    ///     state::{ContainerIds, Instance, InstanceState, RuntimeStatus, Sandbox, SandboxId},
    /// };
    ///
    /// // What a watch of the node's Pods lists.
    /// let object: PodManifest = serde_json::from_str(r#"{
    ///     "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]},
    ///     "status": {
    ///         "phase": "Running", "startTime": "2026-03-01T12:00:00Z",
    ///         "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T12:00:02Z"}],
    ///         "containerStatuses": [{
    ///             "name": "app", "ready": true, "started": true, "restartCount": 1, "image": "nginx:1", "imageID": "",
    ///             "containerID": "containerd://b2", "state": {"running": {"startedAt": "2026-03-01T12:00:02Z"}},
    ///             "lastState": {"terminated": {"exitCode": 1, "containerID": "containerd://a1"}}
    ///         }]
    ///     }
    /// }"#)?;
    /// // What the runtime lists, by the labels that the agent has put there: id, container, attempt, start.
    /// let listed = [("containerd://b2", "app", 1, "2026-03-01T12:00:02Z".parse::<Timestamp>()?)];
    ///
    /// let mut ids = ContainerIds::default();
    /// let mut runtime = RuntimeStatus::default();
    /// runtime.sandboxes.push(Sandbox {
    ///     id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true),
    /// });
    /// let spec = pod_lifecycle::spec::PodSpec::from_admitted(&object)?;
    /// for (id, name, attempt, started_at) in listed {
    ///     let container = spec.index_of(name).ok_or("a container that was removed")?;
    ///     runtime.instances.push(Instance {
    ///         id: ids.instance(container, id).ok_or("no id")?,
    ///         container: Some(container),
    ///         sandbox: SandboxId(0),
    ///         restart_count: attempt,
    ///         spec_changed: false,
    ///         state: InstanceState::Running { started_at: Some(started_at) },
    ///     });
    /// }
    /// let (now, mut out) = ("2026-03-01T13:00:00Z".parse()?, Vec::new());
    /// let pod = PodMachine::resume(&object, runtime, &mut ids, Arc::new(KubeletConfig::default()), now, &mut out)?;
    ///
    /// assert_eq!(pod.phase(), PodPhase::Running);
    /// assert!(!out.iter().any(|output| matches!(output, Output::Action(_))), "it runs: there is nothing to do");
    /// let app = &pod.status_with(&ids).container_statuses[0];
    /// assert_eq!((app.restart_count, app.ready, &*app.container_id), (1, true, "containerd://b2"));
    /// assert_eq!(app.last_state.terminated.as_ref().unwrap().container_id, "containerd://a1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(
        object: &PodManifest,
        runtime: RuntimeStatus,
        ids: &mut ContainerIds,
        config: Arc<KubeletConfig>,
        now: Timestamp,
        out: &mut dyn Sink,
    ) -> Result<PodMachine, ResumeError> {
        let first_seen = ApiPod::first_seen(object, config.kubernetes)?;
        validate_event::check_listing(&first_seen.spec, &runtime).map_err(ResumeError::Runtime)?;
        let kubelet = kubelet_restart::resume(first_seen, &object.status, runtime, ids, config, now);
        Ok(PodMachine::adopt(kubelet, &mut Step { now, out }))
    }

    /// Creates a Pod that its node does not admit: it fails at once, and nothing of it ever runs. `reason` is one word
    /// such as `OutOfcpu`, `NodeAffinity` or `UnexpectedAdmissionError`, `message` is for people.
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
        let mut pod = PodMachine::unsynced(Arc::new(ApiPod::new(spec, config.kubernetes)), config, now);
        admission::reject(reason, message, &mut pod.worker, &mut pod.kubelet, &mut Step { now, out });
        // The sync loop does not run: a rejected Pod is never dispatched to its worker.
        pod.sync_loop().update_next_wake();
        pod
    }

    /// Creates a Pod that was bound to this node, with nothing in the runtime.
    fn bound(object: Arc<ApiPod>, config: Arc<KubeletConfig>, now: Timestamp, out: &mut dyn Sink) -> PodMachine {
        let phase = object.api_terminal_phase;
        let mut kubelet = Kubelet::new(object, RuntimeStatus::default(), config, now);
        // A terminal phase that the object shows already is never left, so it counts as published.
        kubelet.status_manager.set_published_phase(phase);
        PodMachine::adopt(kubelet, &mut Step { now, out })
    }

    /// Runs the first sync of a Pod that the kubelet sees for the first time.
    fn adopt(kubelet: Kubelet, step: &mut Step<'_>) -> PodMachine {
        let mut pod = PodMachine::of(kubelet);
        pod.kubelet.start_volume_manager(step.now);
        if admission::admit(&mut pod.worker, &mut pod.kubelet, step) {
            kubelet_restart::adopt(&mut pod.worker, &pod.kubelet);
            pod.sync_loop().retry_resize_after_restart(step);
        }
        pod.sync_loop().run(step);
        pod
    }

    fn unsynced(object: Arc<ApiPod>, config: Arc<KubeletConfig>, now: Timestamp) -> PodMachine {
        let kubelet = Kubelet::new(object, RuntimeStatus::default(), config, now);
        PodMachine::of(kubelet)
    }

    fn of(kubelet: Kubelet) -> PodMachine {
        let caches = Caches::new(kubelet.config.fast_path);
        PodMachine { worker: PodWorker::new(), kubelet: Box::new(kubelet), caches }
    }

    /// Creates a Pod that is bound to no node, for its explanation.
    pub(crate) fn on_no_node(spec: Arc<PodSpec>, conditions: Vec<PodCondition>, now: Timestamp) -> PodMachine {
        let config = KubeletConfig::default();
        let object = ApiPod { conditions, ..ApiPod::new(spec, config.kubernetes) };
        PodMachine::unsynced(Arc::new(object), Arc::new(config), now)
    }

    // --- Inputs ---

    /// Handles an event.
    ///
    /// # Errors
    ///
    /// An impossible or late event is given back with an [`EventError`](crate::event::EventError), and nothing changes.
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
        if let Err(error) = self.validator().check(&event) {
            return Err(RefusedEvent::new(event, error));
        }
        let step = &mut Step { now, out };
        let was_finished = self.worker.state() == WorkerState::Finished;
        match event {
            Event::Runtime(RuntimeEvent::ProbeFinished { container, kind, outcome, output, .. }) => {
                self.sync_loop().handle_probe_answer(container, kind, outcome, &output, step);
                return Ok(());
            }
            Event::Runtime(event) => runtime_events::handle(event, &mut self.worker, &mut self.kubelet, step),
            // The kubelet's end cancels a wait for mounts; any other sync ends first.
            Event::Node(NodeEvent::KubeletRestarted) => {
                self.interrupt_wait(now, step.out);
                self.worker.request_kubelet_restart();
            }
            Event::Node(NodeEvent::InfoChanged(node)) => self.sync_loop().handle_node(node, step),
            Event::Node(event) => kill_pod_now::handle(event, &mut self.worker, &mut self.kubelet, step),
            Event::Api(event) => {
                let kubernetes = self.kubelet.config.kubernetes;
                if let Some(object) = self.kubelet.newest_object().changed(event, kubernetes, now) {
                    self.kubelet.post_object(object);
                }
                self.run_after_object(was_finished, step);
                return Ok(());
            }
        }
        self.sync_loop().run(step);
        Ok(())
    }

    /// Handles the object as a watch delivers it.
    pub(crate) fn handle_object(
        &mut self,
        now: Timestamp,
        object: &PodManifest,
        out: &mut dyn Sink,
    ) -> Result<(), EventError> {
        let was_finished = self.worker.state() == WorkerState::Finished;
        let (object, result) = self.kubelet.newest_object().observed(object, self.kubelet.config.kubernetes);
        if let Some(object) = object {
            self.kubelet.post_object(object);
            self.run_after_object(was_finished, &mut Step { now, out });
        }
        result
    }

    /// Replaces the object by one that changed while the kubelet was away, for a restart that follows.
    #[cfg(feature = "sim")]
    pub(crate) fn replace_object(&mut self, object: &PodManifest) -> Result<(), EventError> {
        let (object, result) = self.kubelet.newest_object().observed(object, self.kubelet.config.kubernetes);
        if let Some(object) = object {
            self.kubelet.object = Arc::new(object);
            self.caches.invalidate();
        }
        result
    }

    /// Runs the sync loop after a change of the object. Each change repeats the request to delete the object of a Pod
    /// that had finished before; a Pod that finishes now has made the request already.
    fn run_after_object(&mut self, was_finished: bool, step: &mut Step<'_>) {
        self.sync_loop().run(step);
        if was_finished {
            self.sync_loop().delete_object_if_done(step);
        }
    }

    /// Ends the sync under way if it waits for mounts, as a kubelet does that is stopped.
    pub(crate) fn interrupt_wait(&mut self, now: Timestamp, out: &mut dyn Sink) {
        self.sync_loop().interrupt_wait(&mut Step { now, out });
    }

    /// Writes the status again: the API shows another one than was published. A terminal phase of another writer stays
    /// until the status manager's next comparison, and so does anything else under [`Timing::NodeLike`].
    pub(crate) fn reconcile_status(&mut self, is_terminal: bool, now: Timestamp, out: &mut dyn Sink) {
        let is_late = matches!(self.kubelet.config.timing, Timing::NodeLike { .. });
        if is_late || is_terminal && !self.kubelet.status_manager.is_computed_terminal() {
            let at = self.kubelet.config.timing.next_status_sync(now);
            self.kubelet.status_manager.reconcile_by(at);
            self.sync_loop().update_next_wake();
        } else {
            self.sync_loop().rewrite_status(&mut Step { now, out });
        }
    }

    /// Handles every wake-up that is due; does nothing if none is.
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
        // Terminates: each wake-up moves its timer ahead, or removes it until an event.
        while self.poll_timeout().is_some_and(|at| at <= now) {
            self.handle_first_timeout(now, out);
        }
    }

    /// Handles only the first wake-up that is due. Use it to act between two wake-ups of the same time.
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
            self.sync_loop().handle_wake(wake, &mut Step { now, out });
        }
    }

    // --- Time ---

    /// Returns when the Pod wakes next without an event: call [`handle_timeout`](PodMachine::handle_timeout) then.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.next_wake().map(|(at, _)| at)
    }

    /// Returns when the Pod wakes next without an event, and for what.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, Wake, config::KubeletConfig, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"spec": {"activeDeadlineSeconds": 30, "containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let (spec, config) = (Arc::new(PodSpec::from_admitted(&manifest)?), Arc::new(KubeletConfig::default()));
    /// let pod = PodMachine::new(spec, config, Timestamp::UNIX_EPOCH, &mut NoSink);
    /// assert_eq!(pod.next_wake(), Some((Timestamp::from_unix_seconds(30), Wake::Deadline)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn next_wake(&self) -> Option<(Timestamp, Wake)> {
        self.caches.next_wake(|| sync_loop::next_wake(&self.worker, &self.kubelet))
    }

    // --- Queries ---

    /// Returns the spec that the last sync used.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.kubelet.spec
    }

    /// Returns the configuration of the node's kubelet.
    #[must_use]
    pub fn config(&self) -> &Arc<KubeletConfig> {
        &self.kubelet.config
    }

    /// Returns the runtime's state, as far as events have reported it.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeStatus {
        self.kubelet.pleg.runtime()
    }

    /// Returns the state of the pod worker.
    #[must_use]
    pub fn worker_state(&self) -> WorkerState {
        self.worker.state()
    }

    /// Returns the published phase.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.kubelet.status_manager.published_phase().unwrap_or(PodPhase::Pending)
    }

    /// Returns what is published, without formatted strings.
    #[must_use]
    pub fn published(&self) -> StatusView<'_> {
        self.kubelet.status_view()
    }

    /// Returns the spec with the resources that the kubelet has accepted.
    #[cfg(feature = "sim")]
    pub(crate) fn allocated_spec(&self) -> Arc<PodSpec> {
        self.kubelet.allocated_object().map_or_else(|| self.kubelet.object.spec.clone(), |object| object.spec.clone())
    }

    /// True if the node did not admit the Pod, and nothing of it runs.
    pub(crate) fn is_rejected(&self) -> bool {
        self.worker_state() == WorkerState::Rejected && self.runtime().is_quiet()
    }

    /// True if no sync is under way or requested.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.worker.is_idle()
    }

    /// True if the kubelet knows that the object is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.kubelet.newest_object().is_gone
    }

    /// True if the kubelet knows that the Pod is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.kubelet.newest_object().is_deleting()
    }

    /// True if a kubelet has got the Pod.
    pub(crate) fn is_on_node(&self) -> bool {
        !self.is_idle() || self.kubelet.status_manager.is_known() || self.worker_state() != WorkerState::Syncing
    }

    /// Returns how many statuses were written.
    pub(crate) fn writes(&self) -> u32 {
        self.kubelet.status_manager.writes()
    }

    /// True if a status was written, and the sync loop can notice that another writer has overwritten it.
    pub(crate) fn has_published(&self) -> bool {
        // A preemption blocks the loop, which reads nothing back meanwhile.
        self.writes() > 0 && !self.kubelet.queue.is_blocked()
    }

    // --- Routing ---

    /// Returns the sync loop for an input.
    fn sync_loop(&mut self) -> SyncLoop<'_> {
        let last_sync_was_no_op = self.caches.invalidate();
        let PodMachine { worker, kubelet, caches } = self;
        SyncLoop { worker, kubelet, caches, last_sync_was_no_op }
    }

    fn validator(&self) -> Validator<'_> {
        Validator { worker: &self.worker, kubelet: &self.kubelet }
    }
}

/// Shortcuts of a fleet; see [`fast_path`].
#[cfg(feature = "sim")]
impl PodMachine {
    /// Handles the answer of a probe without an event, unless its worker has ended meanwhile.
    pub(crate) fn handle_probe_answer(&mut self, answer: ProbeAnswer, step: &mut Step<'_>) {
        let ProbeAnswer { container, instance, kind, outcome, output } = answer;
        if self.kubelet.prober_manager.is_running(container, instance, kind) {
            self.sync_loop().handle_probe_answer(container, kind, outcome, &output, step);
        }
    }

    /// Applies an event to the runtime's state alone, while the kubelet does not run.
    pub(crate) fn record_runtime_event(&mut self, event: RuntimeEvent, now: Timestamp) {
        let event = Event::Runtime(event);
        if self.validator().check(&event).is_ok()
            && let Event::Runtime(event) = event
        {
            runtime_events::handle(event, &mut self.worker, &mut self.kubelet, &mut Step { now, out: &mut NoSink });
        }
    }

    /// Shares what equals another Pod's, and frees room that is held in reserve.
    pub(crate) fn share_with(&mut self, interner: &mut Interner) {
        if self.caches.uses(crate::config::FastPath::INTERNER) {
            interner.records.share(self.kubelet.status_manager.record_mut());
            interner.containers.share(self.kubelet.runtime_manager.shared_mut());
            self.kubelet.queue.shrink();
        }
    }
}

/// Object and configuration that many Pods of a fleet share: lowered once, and held once.
#[cfg(feature = "sim")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prototype {
    object: Arc<ApiPod>,
    config: Arc<KubeletConfig>,
}

#[cfg(feature = "sim")]
impl Prototype {
    /// Creates a prototype from an object: see [`PodMachine::from_object`].
    pub(crate) fn from_object(object: &PodManifest, config: Arc<KubeletConfig>) -> Result<Prototype, SpecError> {
        Ok(Prototype { object: Arc::new(ApiPod::first_seen(object, config.kubernetes)?), config })
    }

    /// Returns the same, but bound to its node at another time.
    pub(crate) fn scheduled_at(&self, at: Timestamp) -> Prototype {
        let object = ApiPod { scheduled_at: Some(at.whole_seconds()), ..ApiPod::clone(&self.object) };
        Prototype { object: Arc::new(object), config: self.config.clone() }
    }

    /// Creates a Pod that was just bound to its node, and starts its first sync.
    pub(crate) fn pod(&self, now: Timestamp, out: &mut dyn Sink) -> PodMachine {
        PodMachine::bound(self.object.clone(), self.config.clone(), now, out)
    }
}
