//! Observations of a Pod: events that it was given, actions that it asked for, and statuses that it wrote.
//!
//! Nothing here asks the machine for anything but its spec, its published status, and whether it waits for volumes or was
//! refused by its node.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use crate::{
    action::Action,
    api::{ConditionStatus, Name},
    event::{ApiEvent, Event, HookKind, NodeEvent, RuntimeEvent},
    kubelet::{InspectSync, PodMachine},
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    state::{ConditionType, InstanceId, SandboxId, TerminationReason},
    testkit::invariants::{StepRecord, step::is_refused},
    time::{Timestamp, seconds},
};

/// Everything that was observed of a Pod so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observed {
    // --- The runtime ---
    pub(super) instances: BTreeMap<(ContainerIndex, InstanceId), ObservedInstance>,
    /// Sandbox that was created last.
    pub(super) sandbox: Option<SandboxId>,
    /// True if the runtime has created a sandbox, which includes its network.
    pub(super) has_had_sandbox: bool,
    /// True if a relist ever contradicted what was observed: nothing more is known of the Pod then.
    pub(super) is_contradicted: bool,

    // --- The API ---
    /// End of the grace period by all deletions, in terms of the first.
    pub(super) deletion: Option<ObservedDeletion>,
    pub(super) is_removed: bool,
    /// True if another writer has ended the Pod.
    pub(super) was_ended_by_others: bool,
    pub(super) has_spec_changed: bool,
    /// Conditions of the object as the last writer left them, with the time of their last change.
    pub(super) conditions: BTreeMap<String, (ConditionStatus, Timestamp)>,

    // --- The node ---
    /// True if the node has evicted or preempted the Pod, or shut down.
    pub(super) was_ended_by_node: bool,
    /// True if a restarted kubelet has refused the Pod, which may run: its status is replaced, and it is killed at once.
    pub(super) was_refused: bool,
    /// True if that was a disruption.
    pub(super) was_disrupted: bool,
    /// True while the kubelet restarts: a sync under way is completed before.
    pub(super) is_restarting: bool,
    pub(super) has_restarted: bool,
    /// Shortest grace period of all deletions and evictions.
    shortest_grace: Option<Duration>,

    // --- The clock ---
    latest: Option<Timestamp>,
    pub(super) was_set_back: bool,
}

/// One run of a container, as it was observed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ObservedInstance {
    pub(super) sandbox: Option<SandboxId>,
    pub(super) run: Run,
    pub(super) started_at: Option<Timestamp>,
    pub(super) exited_at: Option<Timestamp>,
    pub(super) is_created: bool,
    pub(super) has_failed_to_start: bool,
    pub(super) stop: StopCall,
    pub(super) post_start: HookCall,
    pub(super) pre_stop: HookCall,
    pub(super) startup: ObservedProbe,
    pub(super) readiness: ObservedProbe,
    pub(super) liveness: ObservedProbe,
    /// Since when the status has shown the instance as started, with a readiness probe that may run.
    pub(super) probed_since: Option<Timestamp>,
    /// First timeout at which a readiness probe was overdue.
    pub(super) overdue_since: Option<Timestamp>,
}

/// Run of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Run {
    /// It has not started.
    #[default]
    NotStarted,
    /// It runs.
    Running,
    /// It has exited: successfully, if it is an init container that lets the next one start.
    Exited {
        /// The exit code.
        code: i32,
        /// True if it was killed for want of memory.
        is_oom: bool,
    },
}

/// `StopContainer` for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum StopCall {
    /// Not called.
    #[default]
    None,
    /// Called.
    Called,
    /// Called, and it has returned.
    Returned,
}

/// Call of a hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum HookCall {
    /// Not called.
    #[default]
    None,
    /// Called at this time, and not answered.
    Running(Timestamp),
    /// Answered with success.
    Finished,
    /// Answered with an error.
    Failed,
}

/// Answers of one probe of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ObservedProbe {
    /// Result that a threshold has made last.
    pub(super) result: Option<ProbeResult>,
    /// True if a threshold of successes was ever reached.
    pub(super) has_succeeded: bool,
    /// True if a threshold of failures was ever reached.
    pub(super) has_failed: bool,
    last: Option<ProbeResult>,
    run: u32,
    /// Part of the run since the kubelet has started.
    run_since_restart: u32,
    /// True while the handler runs.
    pub(super) is_open: bool,
    /// Last call or answer.
    pub(super) last_at: Option<Timestamp>,
}

/// Deletion of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObservedDeletion {
    /// Time of the first deletion.
    pub(super) at: Timestamp,
    /// Shortest grace period.
    pub(super) grace: Duration,
}

impl ObservedInstance {
    /// True if the instance runs.
    pub(super) fn is_running(&self) -> bool {
        self.run == Run::Running
    }

    /// True if the instance was ever started.
    pub(super) fn has_started(&self) -> bool {
        self.run != Run::NotStarted
    }

    /// True if the instance has exited with code 0.
    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.run, Run::Exited { code: 0, .. })
    }

    /// Returns one of the three probes.
    pub(super) fn probe(&self, kind: ProbeKind) -> &ObservedProbe {
        match kind {
            ProbeKind::Startup => &self.startup,
            ProbeKind::Readiness => &self.readiness,
            ProbeKind::Liveness => &self.liveness,
        }
    }

    /// Returns the time by which the next readiness probe is due at the latest; `None` while none has to run.
    pub(super) fn latest_readiness_probe(&self, probe: &ProbeSpec) -> Option<Timestamp> {
        let since = self.probed_since?;
        let is_due = !self.readiness.is_open && self.is_running() && self.stop != StopCall::Returned;
        let last = self.readiness.last_at.map_or(since, |last| last.max(since));
        is_due.then(|| last + longest_pause(probe))
    }

    fn probe_mut(&mut self, kind: ProbeKind) -> &mut ObservedProbe {
        match kind {
            ProbeKind::Startup => &mut self.startup,
            ProbeKind::Readiness => &mut self.readiness,
            ProbeKind::Liveness => &mut self.liveness,
        }
    }

    fn hook_mut(&mut self, hook: HookKind) -> &mut HookCall {
        match hook {
            HookKind::PostStart => &mut self.post_start,
            HookKind::PreStop => &mut self.pre_stop,
        }
    }
}

impl ObservedProbe {
    fn record(&mut self, result: ProbeResult, success_threshold: u32, failure_threshold: u32, is_restarting: bool) {
        let is_same = self.last == Some(result);
        self.run = if is_same { self.run.saturating_add(1) } else { 1 };
        self.run_since_restart = if is_same { self.run_since_restart.saturating_add(1) } else { 1 };
        self.last = Some(result);
        let is_success = result == ProbeResult::Success;
        let threshold = if is_success { success_threshold } else { failure_threshold };
        // A kubelet that restarts forgets the run, but nothing shows which answers it still counts: each that may count
        // excuses a status, and only those that must count accuse one.
        self.has_succeeded |= is_success && self.run >= threshold;
        self.has_failed |= !is_success && self.run >= threshold;
        if is_restarting {
            self.result = None;
        } else if self.run_since_restart >= threshold {
            self.result = Some(result);
        }
    }

    /// Forgets what a kubelet forgets that restarts.
    fn forget(&mut self) {
        (self.result, self.run_since_restart) = (None, 0);
    }
}

impl Observed {
    /// True if the observations are no basis for a judgement: the runtime has contradicted itself.
    pub(super) fn is_unreliable(&self) -> bool {
        self.is_contradicted
    }

    /// True if the Pod ends by an order from outside.
    pub(super) fn was_ended(&self) -> bool {
        self.deletion.is_some() || self.is_removed || self.was_ended_by_node || self.was_ended_by_others
    }

    /// Returns one instance.
    pub(super) fn instance(&self, container: ContainerIndex, instance: InstanceId) -> Option<&ObservedInstance> {
        self.instances.get(&(container, instance))
    }

    /// Returns the instances of a container, oldest first.
    pub(super) fn instances_of(&self, container: ContainerIndex) -> impl DoubleEndedIterator<Item = &ObservedInstance> {
        self.instances.iter().filter(move |((of, _), _)| *of == container).map(|(_, instance)| instance)
    }

    /// True if an instance of the container runs.
    pub(super) fn is_running(&self, container: ContainerIndex) -> bool {
        self.instances_of(container).any(ObservedInstance::is_running)
    }

    /// Returns the shortest grace period that a stop of this container may have had.
    pub(super) fn shortest_grace(&self, spec: &PodSpec, container: &ContainerSpec) -> Duration {
        let probes = [ProbeKind::Startup, ProbeKind::Liveness].into_iter();
        let of_probes = probes.filter_map(|kind| container.probe(kind)?.termination_grace()).min();
        let all = [spec.termination_grace(), self.shortest_grace, of_probes];
        all.into_iter().flatten().min().unwrap_or_default()
    }

    fn record_grace(&mut self, grace: Duration) {
        self.shortest_grace = Some(self.shortest_grace.map_or(grace, |shortest| shortest.min(grace)));
    }

    // --- Inputs ---

    /// Records the event of a step, before its outputs.
    pub(super) fn record_input(&mut self, step: &StepRecord<'_>) {
        self.was_set_back |= self.latest.is_some_and(|latest| latest > step.now);
        if is_refused(step) {
            (self.was_refused, self.was_ended_by_node) = (true, true);
            self.record_grace(Duration::from_secs(1));
        }
        self.latest = self.latest.max(Some(step.now));
        match step.event {
            Some(Event::Runtime(event)) => self.record_runtime(event, step),
            Some(Event::Api(event)) => self.record_api(event, step),
            Some(Event::Node(event)) => self.record_node(event, step.before),
            None => {}
        }
    }

    fn record_runtime(&mut self, event: &RuntimeEvent, step: &StepRecord<'_>) {
        match event {
            RuntimeEvent::SandboxCreated { sandbox, .. } => {
                self.sandbox = Some(*sandbox);
                self.has_had_sandbox = true;
            }
            RuntimeEvent::SandboxDied { sandbox } => {
                for instance in self.instances.values_mut() {
                    if instance.is_running() && instance.sandbox == Some(*sandbox) {
                        instance.run = Run::Exited { code: 137, is_oom: false };
                        instance.exited_at = Some(step.now);
                    }
                }
            }
            RuntimeEvent::ContainerCreated { container, instance, result } => {
                self.instances.entry((*container, *instance)).or_default().is_created = result.is_ok();
            }
            RuntimeEvent::ContainerStarted { container, instance, result: Ok(()), .. } => {
                let seen = self.instances.entry((*container, *instance)).or_default();
                // The exit of a process that runs for an instant may come before the return of its start.
                if seen.run == Run::NotStarted {
                    (seen.run, seen.started_at) = (Run::Running, Some(step.now));
                }
            }
            RuntimeEvent::ContainerStarted { container, instance, result: Err(_), .. } => {
                self.instances.entry((*container, *instance)).or_default().has_failed_to_start = true;
            }
            RuntimeEvent::ContainerExited { container, instance, exit } => {
                let is_oom = exit.reason == TerminationReason::OomKilled;
                let run = Run::Exited { code: exit.code, is_oom };
                let seen = self.instances.entry((*container, *instance)).or_default();
                (seen.run, seen.exited_at) = (run, Some(step.now));
            }
            RuntimeEvent::ContainerStopped { container, instance } => {
                self.instances.entry((*container, *instance)).or_default().stop = StopCall::Returned;
            }
            RuntimeEvent::HookFinished { container, instance, hook, result } => {
                let answer = if result.is_ok() { HookCall::Finished } else { HookCall::Failed };
                *self.instances.entry((*container, *instance)).or_default().hook_mut(*hook) = answer;
            }
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, .. } => {
                let probe = step.before.spec().container(*container).and_then(|container| container.probe(*kind));
                let is_restarting = self.is_restarting;
                let seen = self.instances.entry((*container, *instance)).or_default().probe_mut(*kind);
                (seen.is_open, seen.last_at) = (false, Some(step.now));
                if let (Some(probe), Some(result)) = (probe, outcome.result()) {
                    seen.record(result, probe.success_threshold(), probe.failure_threshold(), is_restarting);
                }
            }
            RuntimeEvent::Relisted(listed) => self.is_contradicted |= listed != step.before.runtime(),
            RuntimeEvent::SandboxFailed { .. }
            | RuntimeEvent::ImageInspected { .. }
            | RuntimeEvent::ImagePulled { .. }
            | RuntimeEvent::VolumeImageInspected { .. }
            | RuntimeEvent::VolumeImagePulled { .. }
            | RuntimeEvent::ClaimFetched { .. }
            | RuntimeEvent::VolumeAttachmentChanged { .. }
            | RuntimeEvent::VolumeSetUp { .. }
            | RuntimeEvent::VolumeTornDown { .. }
            | RuntimeEvent::ContainerResourcesUpdated { .. }
            | RuntimeEvent::SandboxResourcesUpdated { .. }
            | RuntimeEvent::PodCgroupSet { .. }
            | RuntimeEvent::MemoryMeasured { .. } => {}
        }
    }

    fn record_api(&mut self, event: &ApiEvent, step: &StepRecord<'_>) {
        match event {
            ApiEvent::Deleted { grace_seconds, .. } => {
                let grace = seconds::of_grace(*grace_seconds);
                self.record_grace(grace);
                let first = self.deletion.get_or_insert(ObservedDeletion { at: step.now, grace });
                first.grace = first.grace.min(grace);
            }
            ApiEvent::Removed => self.is_removed = true,
            ApiEvent::Ended(_) => self.was_ended_by_others = true,
            ApiEvent::SpecChanged(spec) => self.has_spec_changed |= spec != step.before.spec(),
            ApiEvent::ConditionSet(condition) => {
                let status = condition.status.known().unwrap_or(ConditionStatus::Unknown);
                let at = condition.last_transition_time.unwrap_or(step.now);
                self.conditions.insert(condition.type_.clone(), (status, at));
            }
            ApiEvent::ConditionRemoved { condition_type } => {
                self.conditions.remove(&**condition_type);
            }
        }
    }

    fn record_node(&mut self, event: &NodeEvent, pod: &PodMachine) {
        match event {
            NodeEvent::KubeletRestarted => {
                (self.is_restarting, self.has_restarted) = (true, true);
                self.instances.values_mut().for_each(|instance| instance.probed_since = None);
            }
            NodeEvent::Evicted { grace_seconds, is_disruption, .. } => {
                self.was_ended_by_node = true;
                self.was_disrupted |= is_disruption;
                // A hard eviction leaves 1 s at most.
                self.record_grace(seconds::of_field(grace_seconds.unwrap_or(0)));
            }
            NodeEvent::Preempted => (self.was_ended_by_node, self.was_disrupted) = (true, true),
            NodeEvent::ShutDown { grace_seconds } => {
                (self.was_ended_by_node, self.was_disrupted) = (true, true);
                let own = pod.spec().termination_grace().unwrap_or_default();
                self.record_grace(grace_seconds.map_or(own, seconds::of_field));
            }
            NodeEvent::NetworkNotReady { .. } | NodeEvent::NetworkReady | NodeEvent::InfoChanged(_) => {}
        }
    }

    // --- Outputs ---

    /// Records an action, after it was judged.
    pub(super) fn record_action(&mut self, action: &Action, now: Timestamp) {
        let sandbox = self.sandbox;
        let (Some(container), Some(instance)) = (action.container(), action.instance()) else { return };
        let seen = self.instances.entry((container, instance)).or_default();
        match action {
            Action::CreateContainer { .. } => seen.sandbox = sandbox,
            Action::StopContainer { .. } => seen.stop = StopCall::Called,
            Action::RunHook { hook, .. } => *seen.hook_mut(*hook) = HookCall::Running(now),
            Action::Probe { kind, .. } => {
                if *kind == ProbeKind::Readiness {
                    seen.overdue_since = None;
                }
                let probe = seen.probe_mut(*kind);
                (probe.is_open, probe.last_at) = (true, Some(now));
            }
            Action::RunPodSandbox { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::InspectImage { .. }
            | Action::PullImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
            | Action::StartContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::TearDownVolume { .. } => {}
        }
    }

    /// Records the status that stands in the API after a step, after it was judged.
    pub(super) fn record_status(&mut self, step: &StepRecord<'_>, has_written: bool) {
        // The restart itself waits for the end of the sync under way.
        if self.is_restarting {
            for instance in self.instances.values_mut() {
                instance.probed_since = None;
                ProbeKind::ALL.iter().for_each(|kind| instance.probe_mut(*kind).forget());
            }
        }
        self.is_restarting &= !step.after.is_idle();
        if has_written {
            for (which, condition, since) in step.after.published().conditions() {
                let at = since.unwrap_or(step.now);
                self.conditions.insert(name_of(which), (condition.status, at));
            }
        }
        let shown: Vec<_> = step
            .after
            .spec()
            .containers()
            .zip(step.after.published().containers())
            .filter(|((_, spec), record)| {
                let is_started = record.as_ref().is_some_and(|it| it.is_running() && it.started == Some(true));
                is_started && spec.probe(ProbeKind::Readiness).is_some()
            })
            .filter_map(|((index, _), record)| Some((index, record.as_ref()?.instance?)))
            .collect();
        // There is one worker for a container: while its handler runs in a former instance, it probes no other.
        let busy = self.instances.iter().filter(|(_, it)| it.readiness.is_open).map(|((container, _), _)| *container);
        let busy: Vec<ContainerIndex> = busy.collect();
        // SyncPod waits for the volumes before it adds probe workers: a restarted kubelet probes nothing until they are
        // mounted, whatever runs.
        let waits_for_volumes = step.after.inspect().sync().is_some_and(InspectSync::waits_for_volumes);
        for (key, instance) in &mut self.instances {
            if waits_for_volumes || busy.contains(&key.0) {
                (instance.probed_since, instance.overdue_since) = (None, None);
            } else if shown.contains(key) && instance.is_running() && instance.stop != StopCall::Returned {
                instance.probed_since.get_or_insert(step.now);
            } else {
                (instance.probed_since, instance.overdue_since) = (None, None);
            }
            // A clock may pass a whole day at once: only the next timeout shows that the probe has stopped.
            let probe = step.after.spec().container(key.0).and_then(|it| it.probe(ProbeKind::Readiness));
            let latest = probe.and_then(|probe| instance.latest_readiness_probe(probe));
            if step.event.is_none() && latest.is_some_and(|latest| step.now > latest) {
                instance.overdue_since.get_or_insert(step.now);
            }
        }
    }
}

/// Returns the longest time between two runs of a probe: a worker's first run is jittered, and a status takes a sync.
pub(super) fn longest_pause(probe: &ProbeSpec) -> Duration {
    let periods = probe.period().saturating_mul(2);
    probe.initial_delay().saturating_add(periods).saturating_add(Duration::from_secs(2))
}

/// Returns a condition's name in the object.
pub(super) fn name_of(which: ConditionType) -> String {
    which.name().into()
}

/// True if a hook's handler is one that the runtime runs: a `sleep` leaves no trace in actions and events.
pub(super) fn is_run(hook: Option<&LifecycleHook>) -> bool {
    matches!(hook, Some(LifecycleHook::Run(_)))
}
