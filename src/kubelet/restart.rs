//! A Pod that lives already is taken up: its agent has restarted.

use alloc::{sync::Arc, vec::Vec};

use super::{
    PodMachine, Sink, Step,
    components::Kubelet,
    observe,
    pleg::RuntimeCache,
    relist::check_listing,
    status_manager::{HeldBack, Knowledge, PublishedPhase, StatusManager, StatusReason},
};
use crate::{
    api::{ContainerStatus, Name, PodManifest, PodPhase, PodStatus},
    config::KubeletConfig,
    event::EventError,
    rule::pod_status::{PhaseReason, PodRecord},
    spec::SpecError,
    state::{
        Condition, ConditionType, ContainerIds, ContainerRecord, PodConditions, RuntimeStatus, Termination,
        TerminationReason, observed_records,
    },
    time::Timestamp,
};

/// Why a Pod cannot be taken up.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     NoSink, PodMachine, ResumeError, Timestamp, config::KubeletConfig, event::EventError, api::PodManifest,
///     state::{ContainerIds, Instance, InstanceId, InstanceState, RuntimeStatus, SandboxId},
/// };
///
/// let object: PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let astray = Instance {
///     id: InstanceId::nth(0), container: Some(0.into()), sandbox: SandboxId(3), restart_count: 0, spec_changed: false,
///     state: InstanceState::Running { started_at: None },
/// };
/// let runtime = RuntimeStatus { sandboxes: Vec::new(), instances: vec![astray] };
/// let (config, now) = (Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH);
/// let refused = PodMachine::resume(&object, runtime, &mut ContainerIds::default(), config, now, &mut NoSink);
/// assert_eq!(refused, Err(ResumeError::Runtime(EventError::UnknownSandbox { sandbox: SandboxId(3) })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The object cannot be understood.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// No runtime has this: something is listed twice, or belongs to what is not listed.
    #[error("the runtime's list: {0}")]
    Runtime(#[source] EventError),
}

impl PodMachine {
    /// Takes up a Pod that lives already, or is dying: its agent has restarted, and has the object with the status that
    /// was published last, and what the runtime has of it now.
    ///
    /// What was published stands: start time and active deadline, phase and reason, restart counts and last states, the
    /// conditions, since when each has its status, those of others. A sandbox that is sound is kept, and what runs is not
    /// started again. What only the agent's memory had is gone: back-offs are empty, and probes have said nothing yet. A
    /// container that ran more than 10 s before `now` stays ready until its probe says otherwise, if its Pod was
    /// published as ready; one of a Pod that was not is unready until its probe succeeds (KEP-4781). A Pod that is being
    /// deleted starts nothing; one that has ended, and of which nothing runs, has its last status published, and
    /// [`Output::DeleteObject`](crate::Output::DeleteObject) is told if it is being deleted. A Pod that no kubelet has
    /// reported on yet is begun like a [new one](PodMachine::from_object), with whatever the runtime has of it.
    ///
    /// `runtime`: newest first, everything that the runtime has, the ended instances and sandboxes too;
    /// [`restart_count`](crate::state::Instance::restart_count) is the runtime's attempt, and
    /// [`spec_changed`](crate::state::Instance::spec_changed) says whether the instance was made for another image than
    /// the object has now. `ids`: the numbers of the instances in `runtime`; ids that only the published status speaks
    /// of get the next free ones, and no later instance of the Pod gets a number that is in the table.
    ///
    /// Answers to what a restarted kubelet does: the first `UpdatePod` in `pkg/kubelet/pod_workers.go`,
    /// `generateAPIPodStatus` of a Pod whose status the status manager does not have, and
    /// `setReadyStateOnKubeletRestart` in `pkg/kubelet/prober`.
    ///
    /// # Errors
    ///
    /// [`ResumeError`] names the field that cannot be understood, or what the runtime cannot have; `ids` is as it was.
    /// No status is an error.
    ///
    /// An agent starts up:
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
        let seen = observe::first_seen(object)?;
        check_listing(&seen.spec, &runtime).map_err(ResumeError::Runtime)?;
        let found = RuntimeCache::found(runtime, config.timing, now);
        let mut pod = PodMachine::unsynced(Arc::new(seen), RuntimeStatus::default(), config, now);
        pod.parts.runtime = found;
        pod.parts.rare_mut().kubelet_start = Some(now);
        pod.parts.find_published(&object.status, ids);
        pod.take_up();
        pod.settle(&mut Step { now, out });
        Ok(pod)
    }
}

impl Kubelet {
    /// What was published before the kubelet started.
    fn find_published(&mut self, status: &PodStatus, ids: &mut ContainerIds) {
        let records = observed_records(&self.spec, status.every_container(), ids);
        self.note_instances(ids);
        for container in status.every_container() {
            self.note_former_image(container, ids);
        }
        for ((index, _), record) in self.spec.containers().zip(&records) {
            if let Some(count) = record.as_ref().and_then(count_by_logs) {
                self.containers.keep_logs(index, count);
            }
        }
        if is_reported(status) {
            self.status.find(status, records);
        }
    }

    /// No later instance gets a number that one has had.
    fn note_instances(&mut self, ids: &ContainerIds) {
        for (index, _) in self.spec.containers() {
            let listed = self.runtime.actual().instances_of(index).map(|instance| instance.id);
            for instance in listed.chain(ids.last(index)) {
                self.containers.note_instance(index, instance);
            }
        }
    }

    /// An instance that was made for another image than the spec has now goes on being reported with its own.
    fn note_former_image(&mut self, status: &ContainerStatus, ids: &mut ContainerIds) {
        let Some(index) = self.spec.index_of(&status.name) else { return };
        let Some(instance) = ids.instance(index, &status.container_id) else { return };
        let mut listed = self.runtime.actual().instances_of(index);
        if listed.any(|listed| listed.id == instance && listed.spec_changed) {
            self.containers.record_image(index, instance, &status.image);
        }
    }
}

impl StatusManager {
    fn find(&mut self, status: &PodStatus, records: Vec<Option<ContainerRecord>>) {
        let phase = status.phase.as_ref().and_then(|phase| phase.known());
        let is_said = !status.reason.is_empty() || !status.message.is_empty();
        let why = is_said.then(|| StatusReason::new(&status.reason, &status.message));
        let condition = |which: ConditionType| status.condition(which.name());
        for which in ConditionType::ALL {
            self.set_since(*which, condition(*which).and_then(|condition| condition.last_transition_time));
        }
        let readiness = condition(ConditionType::Ready).map_or(0, |ready| ready.observed_generation);
        self.generations.status = status.observed_generation;
        self.generations.readiness = readiness;
        self.start_time = status.start_time;
        self.record = Arc::new(PodRecord {
            records,
            phase: phase.unwrap_or(PodPhase::Pending),
            phase_reason: PhaseReason::Kept,
            conditions: published_conditions(status, &self.record.conditions),
        });
        self.why.clone_from(&why);
        // The last write is in the API, whoever made it.
        self.published = PublishedPhase { phase, why, held_back: HeldBack::No, writes: 1, foreign_changed: false };
        self.knowledge = Knowledge::Published;
    }
}

/// Whether a kubelet, or whoever else has ended the Pod, has said anything of it.
fn is_reported(status: &PodStatus) -> bool {
    let phase = status.phase.as_ref().and_then(|phase| phase.known());
    status.start_time.is_some()
        || status.every_container().next().is_some()
        || status.condition(ConditionType::Ready.name()).is_some()
        || phase.is_some_and(PodPhase::is_terminal)
}

/// The kubelet's conditions as they were published, and what was not as it is `unset`.
fn published_conditions(status: &PodStatus, unset: &PodConditions) -> PodConditions {
    let of = |which: ConditionType| status.condition(which.name()).map(Condition::from);
    let or = |which: ConditionType, unset: &Condition| of(which).unwrap_or_else(|| unset.clone());
    PodConditions {
        ready_to_start_containers: or(ConditionType::PodReadyToStartContainers, &unset.ready_to_start_containers),
        initialized: or(ConditionType::Initialized, &unset.initialized),
        ready: or(ConditionType::Ready, &unset.ready),
        containers_ready: or(ConditionType::ContainersReady, &unset.containers_ready),
        all_containers_restarting: of(ConditionType::AllContainersRestarting),
    }
}

/// The restart count of an instance that was removed, so that all containers start afresh, and left its logs: the next
/// one is counted after it.
fn count_by_logs(record: &ContainerRecord) -> Option<i32> {
    let is_reset = |end: &Arc<Termination>| end.reason == TerminationReason::RestartingAllContainers;
    let was_reset = record.is_waiting() && record.last_termination().is_some_and(is_reset);
    record.restart_count.checked_sub(1).filter(|count| was_reset && *count >= 0)
}
