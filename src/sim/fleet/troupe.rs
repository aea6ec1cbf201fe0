//! What the Pods of one group share.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use super::{
    error::FleetError,
    member::{Light, Lived, Member, Stepping, is_light},
    plan::{self, Plan, PodPlan},
    scenario::Group,
};
use crate::{
    api::{PodManifest, PodStatus},
    kubelet::Prototype,
    object::PodObject,
    sim::{
        Scenario, ScenarioError, ScriptAction, Simulation, happening::SimEvent, script::seconds, stage::LoweredScript,
        world::FakeRuntime,
    },
    time::Timestamp,
};

/// At most so many prototypes are kept.
const MOST_PROTOTYPES: usize = 4_096;

/// What the Pods of one group share.
#[derive(Debug)]
pub(super) struct GroupTemplate {
    scenario: Arc<Scenario>,
    stage: Arc<LoweredScript>,
    /// What the object looks like on its node, without a status.
    pub(super) manifest: PodManifest,
    prototype: Prototype,
    /// Prototypes by the second at which they are bound.
    by_second: BTreeMap<Timestamp, Prototype>,
    /// Whether its Pods may be light.
    is_light: bool,
}

impl GroupTemplate {
    pub(super) fn new(plan: &Plan, group: &Group) -> Result<GroupTemplate, FleetError> {
        let scenario = plan::of_group(plan, group);
        let error = |error| FleetError::Scenario { group: group.name.clone(), error: Box::new(error) };
        let config = Arc::new(scenario.kubelet_config());
        let mut object: PodObject = scenario.object(plan.start).map_err(error)?;
        let is_light = is_light_object(&object, group);
        object.take_to_node(&config.node_name, plan.start);
        let whole = object.manifest().clone();
        let prototype = Prototype::from_object(&whole, config).map_err(|wrong| error(wrong.into()))?;
        Ok(GroupTemplate {
            stage: LoweredScript::new(&scenario, object.spec(), plan.start),
            manifest: PodManifest { status: PodStatus::default(), ..whole },
            scenario,
            prototype,
            by_second: BTreeMap::new(),
            is_light,
        })
    }

    /// A Pod begins, and lives up to a time.
    pub(super) fn begin(
        &mut self,
        plan: &Plan,
        fate: &PodPlan,
        until: Timestamp,
        stepping: &mut Stepping<'_>,
    ) -> Result<(Member, Lived), ScenarioError> {
        let actions = (stepping.fate)();
        if !self.is_light || !actions.iter().all(is_light) {
            let scenario = plan.scenario(stepping.number, crate::sim::script::MAX_SECONDS);
            let mut life = Simulation::begin(Arc::new(scenario))?;
            let mut lived = Lived::whole(&mut life, until, stepping)?;
            lived.changed.get_or_insert(until);
            return Ok((Member::Whole(Box::new(life)), lived));
        }
        let plans = self.happenings(fate.begins_at, &actions);
        let world = FakeRuntime::on(self.stage.clone(), fate.seed);
        let prototype = self.prototype_at(fate.begins_at);
        let (mut light, mut lived) = Light::begin(prototype, world, fate.begins_at, plans.into_iter(), stepping)?;
        lived.changed.get_or_insert(fate.begins_at);
        light.live(fate.begins_at, until, stepping, &mut lived)?;
        Ok((Member::Light(light), lived))
    }

    fn happenings(&self, begins_at: Timestamp, actions: &[ScriptAction]) -> Vec<(Timestamp, SimEvent)> {
        let deaths = self.scenario.script.sandbox_deaths.iter();
        let deaths = deaths.map(|death| (begins_at + seconds(*death), SimEvent::SandboxDeath));
        let actions = actions.iter().enumerate();
        deaths.chain(actions.map(|(place, action)| (begins_at + seconds(action.t), SimEvent::Action(place)))).collect()
    }

    fn prototype_at(&mut self, at: Timestamp) -> &Prototype {
        // Equivalent with `>=`, `==` or `<`: sooner or later they are forgotten, and made again when they are wanted.
        if self.by_second.len() > MOST_PROTOTYPES {
            self.by_second.clear();
        }
        let prototype = &self.prototype;
        self.by_second.entry(at.whole_seconds()).or_insert_with(|| prototype.scheduled_at(at))
    }
}

/// Whether the kubelet's part of the object is enough for Pods like this.
fn is_light_object(object: &PodObject, group: &Group) -> bool {
    let (manifest, script) = (object.manifest(), &group.scenario.script);
    manifest.metadata.finalizers.is_empty()
        && manifest.metadata.deletion_timestamp.is_none()
        && manifest.spec.readiness_gates.is_empty()
        && !object.spec().is_scheduling_gated()
        && *object.status() == PodStatus::default()
        && script.containers.values().all(|script| script.image.outages.is_empty())
}
