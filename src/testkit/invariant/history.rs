//! What is remembered of a life, so that what came before can be asked for.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::time::Duration;

use super::{Step, life::leads_to};
use crate::{
    action::{Action, Change, ContainerStateKind},
    api::{ConditionStatus, PodPhase},
    event::{ApiEvent, Event, HookKind, NodeEvent, RuntimeEvent},
    kubelet::{Output, PodMachine, WorkerState},
    rule::termination::MINIMUM_GRACE,
    spec::{ContainerIndex, ContainerKind, LifecycleHook, ProbeKind},
    state::{ConditionType, InstanceId, InstanceState, RecordedState},
    time::{Timestamp, seconds},
};

/// What has been seen of a Pod's life, step after step; [`OF_A_LIFE`](super::OF_A_LIFE) is judged by it.
///
/// ```
/// use pod_lifecycle::{PodMachine, Timestamp, testkit::{self, invariant::{History, OF_A_LIFE, Step}}};
/// use proptest::{prelude::*, test_runner::TestRunner};
///
/// TestRunner::deterministic().run(&(testkit::spec(), testkit::config()), |(spec, config)| {
///     let (now, mut out, mut history) = (Timestamp::UNIX_EPOCH, Vec::new(), History::default());
///     let pod = PodMachine::new(spec, config, now, &mut out);
///     let begins = Step { before: &pod, after: &pod, now, event: None, out: &out };
///     history.hear(&begins);
///     for (name, holds) in OF_A_LIFE {
///         prop_assert_eq!(holds(&history, &begins), Ok(()), "{}", name);
///     }
///     history.record(&begins);
///     // On a node that polls nothing is told yet.
///     prop_assert!(history.phase().is_none_or(|told| told == pod.phase()));
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    pub(super) phase: Option<PodPhase>,
    pub(super) conditions: Vec<(ConditionType, ConditionStatus)>,
    pub(super) containers: BTreeMap<ContainerIndex, ContainerHistory>,
    /// The latest that it has ever been.
    pub(super) latest: Option<Timestamp>,
    /// Whether the clock was ever set back: then nobody knows how long something has taken.
    pub(super) was_set_back: bool,
    /// Whether a restart of the kubelet, which makes a new worker, is under way.
    pub(super) restarts: bool,
    /// Whether a regular container was ever there: then nothing is initialized any more.
    pub(super) has_regular: bool,
    pub(super) end: Option<End>,
    /// The shortest grace that anybody has asked for.
    pub(super) shortest_grace: Option<Duration>,
    /// The most instances that were ever listed at once.
    pub(super) most_listed: usize,
    /// Whether a relist has found something else than was known: what is lost in one may be found in the next.
    pub(super) was_misled: bool,
    /// How many instances were asked for.
    pub(super) asked: usize,
}

/// What has been seen of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ContainerHistory {
    pub(super) state: Option<ContainerStateKind>,
    /// The instances that were asked for.
    pub(super) names: BTreeSet<InstanceId>,
    /// Whether, as an init container, it has let the next one go on: a sidecar by running, another by ending well.
    pub(super) has_passed: bool,
    /// The instances that were told to have started.
    pub(super) started: BTreeSet<InstanceId>,
    /// When the preStop hooks of instances began.
    pub(super) hooks: BTreeMap<InstanceId, Timestamp>,
}

/// Since the end of the Pod was decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    pub(super) since: Timestamp,
    /// Whether a sync was under way then, which may start what it had begun.
    pub(super) was_syncing: bool,
    /// What was asked for since.
    pub(super) begun: BTreeSet<Option<ContainerIndex>>,
}

impl History {
    /// The phase that was told last.
    #[must_use]
    pub fn phase(&self) -> Option<PodPhase> {
        self.phase
    }

    /// Takes in what goes into a step, before its outputs are judged.
    pub fn hear(&mut self, step: &Step<'_>) {
        self.was_set_back |= self.latest.is_some_and(|latest| latest > step.now);
        self.latest = self.latest.max(Some(step.now));
        match step.event {
            Some(Event::Node(NodeEvent::KubeletRestarted)) => self.restarts = true,
            Some(Event::Node(NodeEvent::Evicted { grace_seconds, .. })) => {
                self.hear_grace(seconds::of_field(grace_seconds.unwrap_or(0)));
            }
            Some(Event::Node(NodeEvent::ShutDown { grace_seconds: Some(longest) })) => {
                self.hear_grace(seconds::of_field(*longest));
            }
            Some(Event::Api(ApiEvent::Deleted { grace_seconds, .. })) => {
                self.hear_grace(seconds::of_grace(*grace_seconds));
            }
            Some(Event::Runtime(RuntimeEvent::ContainerStarted { container, instance, result: Ok(()), .. })) => {
                self.containers.entry(*container).or_default().started.insert(*instance);
            }
            Some(_) | None => {}
        }
        self.see(step.before);
        self.see(step.after);
        let ends = |pod: &PodMachine| pod.worker_state() != WorkerState::Syncing;
        if !ends(step.after) {
            // A kubelet that restarts may have forgotten that it ended the Pod.
            self.end = None;
        } else if self.end.is_none() {
            let was_syncing = !step.before.is_idle() || step.event.is_none();
            self.end = Some(End { since: step.now, was_syncing, begun: BTreeSet::new() });
        }
        if let Some(Event::Runtime(RuntimeEvent::Relisted(listed))) = step.event {
            self.most_listed = self.most_listed.max(listed.instances.len());
            self.was_misled |= listed != step.before.runtime();
        }
    }

    /// Records what came out of a step, once it has been judged.
    pub fn record(&mut self, step: &Step<'_>) {
        if !leads_to(step.before.worker_state(), step.after.worker_state()) {
            self.restarts = false;
        }
        for output in step.out {
            match output {
                Output::Transition(told) => self.record_change(&told.change),
                Output::Action(action) => self.record_action(action, step.now),
                Output::Event(_) | Output::Published | Output::DeleteObject => {}
            }
        }
    }

    fn hear_grace(&mut self, grace: Duration) {
        self.shortest_grace = Some(self.shortest_grace.map_or(grace, |shortest| shortest.min(grace)));
    }

    /// Looks at how far the init containers have come.
    fn see(&mut self, pod: &PodMachine) {
        let spec = pod.spec();
        if !spec.has_init_containers() {
            return;
        }
        for instance in &pod.runtime().instances {
            let Some(index) = instance.container else { continue };
            self.has_regular |= spec.is_regular(index);
            let is_sidecar = spec.container(index).is_some_and(|it| it.kind() == ContainerKind::Sidecar);
            // Whoever is there has been let in by those ahead.
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
                self.containers.entry(*container).or_default().names.insert(*instance);
                self.asked = self.asked.saturating_add(1);
                self.record_begun(Some(*container));
            }
            Action::RunPodSandbox { .. } => self.record_begun(None),
            Action::RunHook { container, instance, hook: HookKind::PreStop } => {
                self.containers.entry(*container).or_default().hooks.insert(*instance, now);
            }
            Action::RunHook { .. }
            | Action::StopPodSandbox { .. }
            | Action::RemovePodSandbox { .. }
            | Action::InspectImage { .. }
            | Action::PullImage { .. }
            | Action::StartContainer { .. }
            | Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::Probe { .. } => {}
        }
    }

    fn record_begun(&mut self, what: Option<ContainerIndex>) {
        if let Some(end) = &mut self.end {
            end.begun.insert(what);
        }
    }

    /// The least time that a stop of a container leaves in this life.
    pub(super) fn promised(&self, pod: &PodMachine, container: ContainerIndex) -> Duration {
        let spec = pod.spec();
        let Some(container) = spec.container(container) else { return Duration::ZERO };
        let is_of_the_end = self.end.as_ref().is_some_and(|end| !end.was_syncing);
        let waits_unseen = container.kind() == ContainerKind::Sidecar && !is_of_the_end;
        let sleeps_unseen = matches!(container.pre_stop(), Some(LifecycleHook::Sleep(_)));
        if spec.all_containers_could_restart() || waits_unseen || sleeps_unseen {
            // To restart all containers, they are stopped without grace. And nobody sees how long a preStop hook has
            // slept, or how long a sidecar has waited for its turn when a sync stops all because their sandbox is gone.
            return Duration::ZERO;
        }
        let own = spec.termination_grace().unwrap_or(MINIMUM_GRACE);
        let probes = [ProbeKind::Startup, ProbeKind::Liveness].into_iter();
        let of_probes = probes.filter_map(|kind| container.probe(kind)?.termination_grace()).min();
        [self.shortest_grace, of_probes].into_iter().flatten().fold(own, Duration::min)
    }
}
