//! History of a Pod: the part of its earlier steps that history invariants need.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::time::Duration;

use super::{StepRecord, sequence::leads_to, step::is_refused};
use crate::{
    action::{Action, Change, ContainerStateKind},
    api::{ConditionStatus, PodPhase},
    event::{ApiEvent, Event, HookKind, NodeEvent, RuntimeEvent},
    kubelet::{Output, PodMachine, WorkerState},
    rule::grace::MINIMUM_GRACE,
    spec::{ContainerIndex, ContainerKind, LifecycleHook, ProbeKind, VolumeIndex},
    state::{ConditionType, InstanceId, InstanceState, RecordedState},
    time::{Timestamp, seconds},
};

/// Record of a Pod's steps, by which [`HISTORY_INVARIANTS`](super::HISTORY_INVARIANTS) judge the next step.
///
/// ```
/// use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, invariants::{HISTORY_INVARIANTS, History, StepRecord}}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let (now, mut out, mut history) = (Timestamp::UNIX_EPOCH, Vec::new(), History::default());
///     let pod = PodMachine::new(spec, config, now, &mut out);
///     let first = StepRecord { before: &pod, after: &pod, now, event: None, out: &out };
///     history.record_input(&first);
///     for (name, invariant) in HISTORY_INVARIANTS {
///         prop_assert_eq!(invariant(&history, &first), Ok(()), "{}", name);
///     }
///     history.record_outputs(&first);
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    // --- Published by transitions ---
    pub(super) phase: Option<PodPhase>,
    /// True if another writer has set a terminal phase.
    pub(super) has_phase_of_others: bool,
    pub(super) conditions: Vec<(ConditionType, ConditionStatus)>,
    pub(super) containers: BTreeMap<ContainerIndex, ContainerHistory>,
    // --- Clock ---
    pub(super) latest: Option<Timestamp>,
    /// True if the clock was ever set back: durations are then unknown.
    pub(super) was_set_back: bool,
    // --- Worker ---
    /// True while a restart of the kubelet, which creates a new worker, is under way.
    pub(super) restarts: bool,
    /// True if a regular container ever existed: init containers do not run again then.
    pub(super) has_regular: bool,
    /// True if the node has ever refused the Pod: its status was replaced.
    pub(super) was_refused: bool,
    // --- Termination ---
    pub(super) termination: Option<Termination>,
    /// Shortest grace period of all deletions, evictions and shutdowns.
    pub(super) shortest_grace: Option<Duration>,
    // --- Runtime ---
    /// Largest number of instances in a relist.
    pub(super) most_listed: usize,
    /// True if a relist ever differed from the known state: a container missing in one may be back in the next.
    pub(super) has_relist_differed: bool,
    /// Number of instances that the kubelet has created.
    pub(super) created: usize,
    /// Volumes whose mount was reported, and no unmount since.
    pub(super) mounted: BTreeSet<VolumeIndex>,
}

/// History of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ContainerHistory {
    pub(super) state: Option<ContainerStateKind>,
    /// Instances that the kubelet has created.
    pub(super) created: BTreeSet<InstanceId>,
    /// True for an init container after which the next may start: a sidecar has run, any other has exited with code 0.
    pub(super) has_passed: bool,
    /// Instances for which the runtime reported a start.
    pub(super) started: BTreeSet<InstanceId>,
    /// Start of each instance's preStop hook.
    pub(super) pre_stop: BTreeMap<InstanceId, Timestamp>,
}

/// Termination of a Pod: the time since its worker left `Syncing`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Termination {
    pub(super) since: Timestamp,
    /// True if a sync was under way then: it completes the starts that it has begun.
    pub(super) was_syncing: bool,
    /// Containers created since, and `None` for a sandbox.
    pub(super) started: BTreeSet<Option<ContainerIndex>>,
}

impl History {
    /// Returns the last published phase.
    #[must_use]
    pub fn phase(&self) -> Option<PodPhase> {
        self.phase
    }

    /// Records the input of a step and the states around it, before the invariants are checked.
    pub fn record_input(&mut self, step: &StepRecord<'_>) {
        self.was_set_back |= self.latest.is_some_and(|latest| latest > step.now);
        self.latest = self.latest.max(Some(step.now));
        match step.event {
            Some(Event::Node(NodeEvent::KubeletRestarted)) => self.restarts = true,
            Some(Event::Node(NodeEvent::Evicted { grace_seconds, .. })) => {
                // The shortest that the event allows; a hard eviction leaves 1 s, so 0 is on the safe side.
                self.record_grace(seconds::of_field(grace_seconds.unwrap_or(0)));
            }
            // Without a number the Pod keeps its own grace period, which `minimum_grace` has anyway.
            Some(Event::Node(NodeEvent::ShutDown { grace_seconds: Some(longest) })) => {
                self.record_grace(seconds::of_field(*longest));
            }
            Some(Event::Api(ApiEvent::Ended(_))) => self.has_phase_of_others = true,
            Some(Event::Api(ApiEvent::Deleted { grace_seconds, .. })) => {
                self.record_grace(seconds::of_grace(*grace_seconds));
            }
            Some(Event::Runtime(RuntimeEvent::ContainerStarted { container, instance, result: Ok(()), .. })) => {
                self.containers.entry(*container).or_default().started.insert(*instance);
            }
            Some(Event::Runtime(RuntimeEvent::VolumeSetUp { volume, result: Ok(()) })) => {
                self.mounted.insert(*volume);
            }
            Some(Event::Runtime(RuntimeEvent::VolumeTornDown { volume, result: Ok(()) })) => {
                self.mounted.remove(volume);
            }
            Some(_) | None => {}
        }
        // Both: a relist may take an instance away in this very step.
        self.record_init_progress(step.before);
        self.record_init_progress(step.after);
        if is_refused(step) {
            // Housekeeping stops what is left of a Pod that a restarted kubelet has refused, with a grace of 1 s.
            self.record_grace(Duration::from_secs(1));
            self.was_refused = true;
        }
        if step.after.worker_state() == WorkerState::Syncing {
            // After a restart the kubelet may have forgotten that it was terminating the Pod.
            self.termination = None;
        } else if self.termination.is_none() {
            let was_syncing = !step.before.is_idle() || step.event.is_none();
            self.termination = Some(Termination { since: step.now, was_syncing, started: BTreeSet::new() });
        }
        if let Some(Event::Runtime(RuntimeEvent::Relisted(listed))) = step.event {
            self.most_listed = self.most_listed.max(listed.instances.len());
            self.has_relist_differed |= listed != step.before.runtime();
        }
    }

    /// Records the outputs of a step, after the invariants are checked.
    pub fn record_outputs(&mut self, step: &StepRecord<'_>) {
        // The new worker is there once the state has gone backwards.
        if !leads_to(step.before.worker_state(), step.after.worker_state()) {
            self.restarts = false;
        }
        for output in step.out {
            match output {
                Output::Transition(transition) => self.record_change(&transition.change),
                Output::Action(action) => self.record_action(action, step.now),
                Output::Event(_) | Output::Published | Output::DeleteObject => {}
            }
        }
    }

    fn record_grace(&mut self, grace: Duration) {
        self.shortest_grace = Some(self.shortest_grace.map_or(grace, |shortest| shortest.min(grace)));
    }

    /// Records which init containers have completed.
    fn record_init_progress(&mut self, pod: &PodMachine) {
        let spec = pod.spec();
        if !spec.has_init_containers() {
            return;
        }
        for instance in &pod.runtime().instances {
            let Some(index) = instance.container else { continue };
            self.has_regular |= spec.is_regular(index);
            let is_sidecar = spec.container(index).is_some_and(|it| it.kind() == ContainerKind::Sidecar);
            // A container exists only if all init containers before it have completed.
            for (ahead, _) in spec.init_containers().filter(|(ahead, _)| *ahead < index) {
                self.containers.entry(ahead).or_default().has_passed = true;
            }
            let passes = match &instance.state {
                InstanceState::Running { .. } => is_sidecar,
                InstanceState::Exited(end) => is_sidecar || end.exit_code == 0,
                InstanceState::Created | InstanceState::Unknown => false,
            };
            if passes {
                self.containers.entry(index).or_default().has_passed = true;
            }
        }
        for (index, _) in spec.init_containers() {
            let record = pod.published().containers().get(index.get()).and_then(Option::as_ref);
            if let Some(RecordedState::Terminated(end)) = record.and_then(|record| record.state.as_ref())
                // The published record outlasts the instance, which garbage collection may remove.
                && end.exit_code == 0
            {
                self.containers.entry(index).or_default().has_passed = true;
            }
        }
    }

    fn record_change(&mut self, change: &Change) {
        match change {
            Change::Phase { to, .. } => self.phase = Some(*to),
            Change::Container { container, to, .. } => {
                self.containers.entry(*container).or_default().state = Some(*to);
            }
            Change::Condition { condition, to, .. } => {
                match self.conditions.iter_mut().find(|(which, _)| which == condition) {
                    Some(known) => known.1 = *to,
                    None => self.conditions.push((*condition, *to)),
                }
            }
        }
    }

    fn record_action(&mut self, action: &Action, now: Timestamp) {
        match action {
            Action::CreateContainer { container, instance, .. } => {
                self.containers.entry(*container).or_default().created.insert(*instance);
                self.created = self.created.saturating_add(1);
                self.record_start(Some(*container));
            }
            Action::RunPodSandbox { .. } => self.record_start(None),
            Action::RunHook { container, instance, hook: HookKind::PreStop } => {
                self.containers.entry(*container).or_default().pre_stop.insert(*instance, now);
            }
            Action::RunHook { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::FetchClaim { .. }
            | Action::SetUpVolume { .. }
            | Action::TearDownVolume { .. }
            | Action::InspectImage { .. }
            | Action::PullImage { .. }
            | Action::InspectVolumeImage { .. }
            | Action::PullVolumeImage { .. }
            | Action::StartContainer { .. }
            | Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::UpdateContainerResources { .. }
            | Action::UpdatePodSandboxResources { .. }
            | Action::SetPodCgroup { .. }
            | Action::MeasureMemory
            | Action::Probe { .. } => {}
        }
    }

    fn record_start(&mut self, what: Option<ContainerIndex>) {
        if let Some(termination) = &mut self.termination {
            termination.started.insert(what);
        }
    }

    /// Returns the shortest grace period that any stop of this container may have had so far.
    pub(super) fn minimum_grace(&self, pod: &PodMachine, container: ContainerIndex) -> Duration {
        let spec = pod.spec();
        let Some(container) = spec.container(container) else { return Duration::ZERO };
        let stops_with_pod = self.termination.as_ref().is_some_and(|it| !it.was_syncing);
        let waits_unseen = container.kind() == ContainerKind::Sidecar && !stops_with_pod;
        let sleeps_unseen = matches!(container.pre_stop(), Some(LifecycleHook::Sleep(_)));
        if spec.all_containers_could_restart() || waits_unseen || sleeps_unseen {
            // RestartAllContainers stops containers without grace. And no output shows how long a preStop hook has
            // slept, or how long a sidecar has waited for its turn when a sync stops all since their sandbox is gone.
            return Duration::ZERO;
        }
        let own = spec.termination_grace().unwrap_or(MINIMUM_GRACE);
        let probes = [ProbeKind::Startup, ProbeKind::Liveness].into_iter();
        let of_probes = probes.filter_map(|kind| container.probe(kind)?.termination_grace()).min();
        [self.shortest_grace, of_probes].into_iter().flatten().fold(own, Duration::min)
    }
}
