//! Whole lives: the scenario is played again, and what came of it is compared at four levels.

mod levels;
mod lifted;

use pod_lifecycle::{
    sim::{Scenario, ScenarioError, ScriptAction, ScriptActionKind, Settings, Timeline},
    spec::PodSpec,
};
use serde_json::{Value, json};

use crate::Difference;
pub use levels::{LEVELS, Level};

/// Whether a line records a life.
pub fn is_life(line: &Value) -> bool {
    line["in"]["script"].is_object()
}

/// Plays a recorded life again, and writes it down as the recordings do.
pub fn replay(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, Scenario::play)
}

/// Plays a recorded life again, and has its Pod taken up anew where the kubelet restarts.
pub fn replay_resumed(line: &Value) -> Result<Value, String> {
    lift(scenario(line)?, |scenario| scenario.life()?.with_resumed_restarts().play())
}

/// Plays a life and writes it down as the recordings do.
fn lift(scenario: Scenario, play: impl Fn(&Scenario) -> Result<Timeline, ScenarioError>) -> Result<Value, String> {
    let timeline = play(&scenario).map_err(|error| error.to_string())?;
    let spec = PodSpec::from_admitted(&timeline.pod).map_err(|error| error.to_string())?;
    let changes_image = |action: &ScriptAction| matches!(action.kind, ScriptActionKind::SetImage { .. });
    let shows_images = scenario.script.actions.iter().any(changes_image);
    Ok(lifted::Lift { timeline, spec, scenario, shows_images }.lift())
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
    let seconds = |name: &str| input["config"][name].as_u64().and_then(|value| u32::try_from(value).ok());
    Ok(Scenario {
        description: String::new(),
        pod: serde_json::from_value(input["pod"].clone()).map_err(read)?,
        script: serde_json::from_value(input["script"].clone()).map_err(read)?,
        config: Settings {
            resync_seconds: input["config"]["resyncSeconds"].as_f64(),
            max_container_restart_period_seconds: seconds("maxContainerRestartPeriodSeconds"),
            reduced_crash_loop_back_off: input["config"]["reducedCrashLoopBackOff"] == true,
            feature_gates: read_or_default(&input["config"]["featureGates"])?,
            pleg: read_or_default(&input["config"]["pleg"])?,
            relist_after_sync: input["config"]["relistAfterPass"] == true,
            // The recorder did not run the kubelet's garbage collection.
            garbage_collection_seconds: Some(0.0),
            admitted: true,
            ..Settings::default()
        },
    })
}

fn read_or_default<T: serde::de::DeserializeOwned + Default>(value: &Value) -> Result<T, String> {
    if value.is_null() { Ok(T::default()) } else { serde_json::from_value(value.clone()).map_err(|it| it.to_string()) }
}
