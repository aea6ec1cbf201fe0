//! Whole lives: the scenario is played again, and what came of it is compared at four levels.

mod levels;
mod lifted;

use std::time::Duration;

use pod_lifecycle::{
    config::UnknownVersion,
    sim::{Scenario, ScenarioError, ScriptAction, ScriptActionKind, Simulation, Timeline},
    spec::PodSpec,
};
use serde_json::{Value, json};

use crate::Difference;
pub use levels::{LEVELS, Level};
use lifted::StatusForm;

/// Whether a line records a life.
pub fn is_life(line: &Value) -> bool {
    line["in"]["script"].is_object()
}

/// Plays a recorded life again, and writes it down as the recordings do.
pub fn replay(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, StatusForm::of(line), |scenario| to_finish(scenario.simulate()?))
}

/// Plays a recorded life again, and has its Pod taken up anew where the kubelet restarts.
pub fn replay_resumed(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, StatusForm::of(line), |scenario| to_finish(scenario.simulate()?.with_resumed_restarts()))
}

/// Plays a life until the kubelet is done with the Pod: the recorder went no further, whatever else the script had.
fn to_finish(mut life: Simulation) -> Result<Timeline, ScenarioError> {
    while let Some(next) = life.next() {
        if life.is_finished() && next >= life.now() {
            return Ok(life.into_timeline());
        }
        life.step()?;
    }
    life.play()
}

/// Plays a life and writes it down as the recordings do.
fn lift(
    scenario: Scenario,
    form: StatusForm,
    play: impl Fn(&Scenario) -> Result<Timeline, ScenarioError>,
) -> Result<Value, String> {
    let timeline = play(&scenario).map_err(|error| error.to_string())?;
    let spec = PodSpec::from_admitted(&timeline.pod).map_err(|error| error.to_string())?;
    let changes_image = |action: &ScriptAction| matches!(action.kind, ScriptActionKind::SetImage { .. });
    let shows_images = scenario.script.actions.iter().any(changes_image);
    Ok(lifted::Lift { timeline, spec, scenario, shows_images, form }.lift())
}

/// Compares a recorded life with ours; one verdict a level.
pub fn check(line: &Value) -> Vec<Result<(), Difference>> {
    check_played(line, &replay(line))
}

/// Compares a recorded life with one of ours; one verdict a level.
pub fn check_played(line: &Value, played: &Result<Value, String>) -> Vec<Result<(), Difference>> {
    LEVELS
        .map(|(level, _)| match played {
            Ok(ours) => levels::compare(&line["out"], ours, level),
            Err(error) => Err(Difference { expected: Value::Null, got: json!({ "error": error }), places: Vec::new() }),
        })
        .into()
}

/// The scenario of a recorded life: its manifest was admitted by the API server.
pub fn scenario(line: &Value) -> Result<Scenario, String> {
    let input = &line["in"];
    let read = |error: serde_json::Error| error.to_string();
    let seconds = |name: &str| input["config"][name].as_f64().map(Duration::from_secs_f64);
    let mut scenario = Scenario::of(serde_json::from_value(input["pod"].clone()).map_err(read)?);
    scenario.script = serde_json::from_value(input["script"].clone()).map_err(read)?;
    if StatusForm::of(line) == StatusForm::WithNode {
        complete_config_objects(&mut scenario);
        move_image_volumes(&mut scenario);
        drop_missing_hooks(&mut scenario);
    }
    if StatusForm::of(line) != StatusForm::Short {
        // The API server counts from 1.
        scenario.pod.metadata.generation = scenario.pod.metadata.generation.max(1);
    }
    let config = &mut scenario.config;
    config.resync_period = seconds("resyncSeconds");
    config.max_container_restart_period = seconds("maxContainerRestartPeriodSeconds");
    config.reduced_crash_loop_back_off = input["config"]["reducedCrashLoopBackOff"] == true;
    if let Some(version) = line["version"].as_str() {
        config.kubernetes = version.parse().map_err(|error: UnknownVersion| error.to_string())?;
    }
    config.feature_gates = read_or_default(&input["config"]["featureGates"])?;
    if input["config"]["node"].is_object() {
        config.node = Some(serde_json::from_value(input["config"]["node"].clone()).map_err(read)?);
    }
    config.runtime_hides_resources = input["config"]["runtimeHidesResources"] == true;
    config.pleg = read_or_default(&input["config"]["pleg"])?;
    config.relist_after_sync = input["config"]["relistAfterPass"] == true;
    // The recorder starts its kubelet together with the Pod.
    config.new_kubelet = true;
    // The recorder did not run the kubelet's garbage collection.
    config.garbage_collection_period = Some(Duration::ZERO);
    // A recorder with whole statuses had a volume manager; the others' volumes were mounted from the beginning.
    config.volume_manager = input["config"]["fullStatus"] == true;
    config.admitted = true;
    Ok(scenario)
}

/// Moves the images of image volumes, which the recorder has as those of containers, to the volumes.
fn move_image_volumes(scenario: &mut Scenario) {
    let Scenario { pod, script, .. } = scenario;
    let spec = &pod.spec;
    let is_container =
        |name: &str| spec.init_containers.iter().chain(&spec.containers).any(|container| container.name == name);
    for volume in spec.volumes.iter().filter(|volume| volume.image.is_some() && !is_container(&volume.name)) {
        if let Some(of_container) = script.containers.remove(&volume.name) {
            script.volumes.entry(volume.name.clone()).or_default().image = of_container.image;
        }
    }
}

/// Makes explicit what the recorder's API server has: each config map and secret of the script has one key, `key`, and those
/// that the Pod refers to beside them do not exist.
fn complete_config_objects(scenario: &mut Scenario) {
    let Scenario { pod, script, .. } = scenario;
    for object in script.secrets.values_mut().chain(script.config_maps.values_mut()) {
        object.keys = Some(vec!["key".to_owned()]);
    }
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    let sources = containers.flat_map(|container| {
        let env = container.env.iter().filter_map(|variable| variable.value_from.as_ref());
        container.env_from.iter().chain(env)
    });
    for source in sources {
        let name =
            |kinds: [&str; 2]| kinds.into_iter().find_map(|kind| source[kind]["name"].as_str().map(str::to_owned));
        if let Some(name) = name(["secretRef", "secretKeyRef"]) {
            script.secrets.entry(name).or_default();
        } else if let Some(name) = name(["configMapRef", "configMapKeyRef"]) {
            script.config_maps.entry(name).or_default();
        }
    }
}

/// Drops the scripts of hooks that the Pod does not have: the recorder's scripts have some, and a scenario refuses them.
fn drop_missing_hooks(scenario: &mut Scenario) {
    let Scenario { pod, script, .. } = scenario;
    for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
        let Some(script) = script.containers.get_mut(&container.name) else { continue };
        let hooks = container.lifecycle.clone().unwrap_or_default();
        script.post_start = script.post_start.filter(|_| hooks.post_start.is_some());
        script.pre_stop = script.pre_stop.filter(|_| hooks.pre_stop.is_some());
    }
}

fn read_or_default<T: serde::de::DeserializeOwned + Default>(value: &Value) -> Result<T, String> {
    if value.is_null() { Ok(T::default()) } else { serde_json::from_value(value.clone()).map_err(|it| it.to_string()) }
}
