//! Template of a group: scenario, script and prototypes that its Pods share.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use super::{
    member::{Advance, Context, FastMember, Member, is_fast_action},
    plan::{self, Plan, PodPlan},
    scenario::{FleetError, Group},
};
use crate::{
    api::{PodPhase, PodStatus},
    kubelet::Prototype,
    object::PodObject,
    sim::{
        Scenario, ScenarioError, ScriptAction, Simulation,
        duration::MAX,
        fake_runtime::{FakeRuntime, LoweredScript, SimEvent},
    },
    time::Timestamp,
};

/// Upper bound of cached prototypes: more than an hour of seconds, in each of which a Pod is bound.
const MAX_PROTOTYPES: usize = 4_096;

/// Scenario, lowered script and prototypes that the Pods of a group share.
#[derive(Debug)]
pub(super) struct GroupTemplate {
    scenario: Arc<Scenario>,
    script: Arc<LoweredScript>,
    /// Start of the fleet, from which outages of the registry are counted.
    start: Timestamp,
    prototype: Prototype,
    /// Prototypes by the second at which they are bound: a status has whole seconds, so Pods of one second are equal.
    by_second: BTreeMap<Timestamp, Prototype>,
    /// True if its Pods may be fast.
    is_fast: bool,
}

impl GroupTemplate {
    pub(super) fn new(plan: &Plan, group: &Group) -> Result<GroupTemplate, FleetError> {
        let scenario = plan::of_group(plan, group);
        let error = |error| FleetError::Scenario { group: group.name.clone(), error: Box::new(error) };
        let config = Arc::new(scenario.kubelet_config().map_err(error)?);
        let mut object: PodObject = scenario.object(plan.start).map_err(error)?;
        let is_fast = is_fast_object(&object, group);
        object.take_to_node(&config.node_name, plan.start);
        let prototype = Prototype::from_object(object.manifest(), config).map_err(|wrong| error(wrong.into()))?;
        Ok(GroupTemplate {
            script: Arc::new(LoweredScript::of(&scenario.script, object.manifest(), object.spec())),
            start: plan.start,
            scenario,
            prototype,
            by_second: BTreeMap::new(),
            is_fast,
        })
    }

    /// Starts a Pod, and advances it up to a time.
    pub(super) fn start(
        &mut self,
        plan: &Plan,
        pod: &PodPlan,
        until: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<(Member, Advance), ScenarioError> {
        let actions = (context.script_actions)();
        if !self.is_fast || !actions.iter().all(is_fast_action) {
            // Its end is the fleet's to decide, so the simulation itself has none but the script's.
            let mut simulation = Simulation::start(Arc::new(plan.scenario(context.number, MAX)))?;
            let advance = Advance::full(&mut simulation, until, context)?.started(until);
            return Ok((Member::Full(Box::new(simulation)), advance));
        }
        let queued = self.queued(pod.begins_at, &actions);
        let runtime = FakeRuntime::new(self.script.clone(), self.start).with_seed(pod.seed);
        let prototype = self.prototype_at(pod.begins_at);
        let (mut fast, advance) = FastMember::start(prototype, runtime, pod.begins_at, queued.into_iter(), context)?;
        let advance = fast.advance(pod.begins_at, until, advance, context)?;
        Ok((Member::Fast(fast), advance))
    }

    /// Returns the sandbox deaths and script actions of a Pod.
    fn queued(&self, begins_at: Timestamp, actions: &[ScriptAction]) -> Vec<(Timestamp, SimEvent)> {
        let deaths = self.scenario.script.sandbox_deaths.iter();
        let deaths = deaths.map(|death| (begins_at + *death, SimEvent::SandboxDeath));
        let actions = actions.iter().enumerate();
        deaths.chain(actions.map(|(index, action)| (begins_at + action.at, SimEvent::ScriptAction(index)))).collect()
    }

    fn prototype_at(&mut self, at: Timestamp) -> &Prototype {
        // A cleared cache costs no more than a prototype for each second that comes again.
        if self.by_second.len() > MAX_PROTOTYPES {
            self.by_second.clear();
        }
        let prototype = &self.prototype;
        self.by_second.entry(at.whole_seconds()).or_insert_with(|| prototype.scheduled_at(at))
    }
}

/// Returns the status that the API server gives a new Pod.
fn as_created() -> PodStatus {
    PodStatus { phase: Some(PodPhase::Pending.into()), ..PodStatus::default() }
}

/// True if Pods like this need no object: nothing but the kubelet matters to them.
fn is_fast_object(object: &PodObject, group: &Group) -> bool {
    let (manifest, script) = (object.manifest(), &group.scenario.script);
    manifest.metadata.finalizers.is_empty()
        // Times of volumes count from the Pod's start, too.
        && script.volumes.is_empty()
        && manifest.metadata.deletion_timestamp.is_none()
        // Controllers' conditions, gates and earlier statuses stand in the object only.
        && manifest.spec.readiness_gates.is_empty()
        && !object.spec().is_scheduling_gated()
        && *object.status() == as_created()
        && !script.has_times_of_its_own()
        // A script's own outages count from the Pod's start, the shared runtime's from the fleet's.
        && script.containers.values().all(|script| script.image.outages.is_empty())
}
