//! Scenarios of an input.

use pod_lifecycle::{
    api::PodManifest,
    sim::{Scenario, Script, Settings},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    input::{Options, pod_of, read_value, value},
    problem::{InputError, Problem},
};

/// UID of a Pod whose manifest has none; an API server would draw a random one.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";

/// A scenario without its Pod, which may be of any kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    #[serde(default)]
    description: String,
    #[serde(rename = "pod")]
    _pod: IgnoredAny,
    #[serde(default)]
    script: Script,
    #[serde(default)]
    config: Settings,
}

/// Reads a scenario, or the manifest of a Pod or workload whose containers are healthy.
pub(crate) fn scenario(text: &str, options: &Options) -> Result<Scenario, InputError> {
    let input = value(text)?;
    let has = |key| input.get(key).is_some();
    // No object of the API holds a Pod under this key.
    if has("kind") || has("spec") || !(has("pod") || has("script") || has("config")) {
        let mut settings = Settings::default();
        settings.kubernetes = options.kubernetes();
        return Ok(scenario_of(pod_of(&input, options)?, String::new(), Script::default(), settings));
    }
    let pod = input.get("pod").ok_or_else(|| Problem::at("pod", "expected a Pod or a workload"))?;
    let pod = pod_of(pod, options).map_err(|error| error.below("pod"))?;
    let mut file: ScenarioFile = read_value(input)?;
    if let Some(kubernetes) = options.kubernetes {
        file.config.kubernetes = kubernetes;
    }
    Ok(scenario_of(pod, file.description, file.script, file.config))
}

/// Returns the scenario of a Pod, which gets a UID if it has none.
#[must_use]
pub fn scenario_of(mut pod: PodManifest, description: String, script: Script, config: Settings) -> Scenario {
    if pod.metadata.uid.is_empty() {
        pod.metadata.uid = UID.into();
    }
    let mut scenario = Scenario::of(pod).described(description).on_node(config);
    scenario.script = script;
    scenario
}
