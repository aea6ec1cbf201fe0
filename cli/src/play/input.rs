//! From a file to a scenario, whatever the file holds.

use pod_lifecycle::{
    Timestamp,
    api::WorkloadError,
    sim::{Scenario, ScenarioError, Script, Settings},
};
use podlife::yaml::{self, Node, Problem};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    failure::Failure,
    manifest::{self, Objects, POD},
    play::{
        arguments::{Arguments, NodeKind},
        story,
    },
};

/// What a Pod is called inside; the API server would draw it at random.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";

/// 2026-03-01T12:00:00Z: when a life begins if its scenario does not say.
const BEGINNING: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

/// A scenario, and what it was read from.
pub(crate) struct Input {
    pub(crate) scenario: Scenario,
    document: Node,
    /// Path of the Pod in the document: `pod`, `spec.template`, or nothing.
    pod_path: String,
    /// What is odd with the file, but no reason not to play it.
    pub(crate) warnings: Vec<String>,
    /// What was changed in the Pod, as the API server does.
    pub(crate) notes: Vec<String>,
}

impl Input {
    /// Returns why the scenario cannot be played.
    pub(crate) fn failure(&self, file: &str, error: &ScenarioError) -> Failure {
        Failure::of_scenario(file, &self.document, &self.pod_path, error)
    }
}

/// Reads the scenario that the arguments name, and makes of its manifest what the API server would store.
pub(crate) fn read(arguments: &Arguments) -> Result<Input, Failure> {
    read_text(manifest::text(arguments.file())?, arguments)
}

/// Reads the scenario of a text; the file of the arguments is a name in messages only.
pub(crate) fn read_text(text: String, arguments: &Arguments) -> Result<Input, Failure> {
    let file = arguments.file();
    let fail = |problem: Problem| Failure::new(file, problem);
    let documents = yaml::documents(&text).map_err(fail)?;
    // The tree has all of it.
    drop(text);
    let mut input = match documents.as_slice() {
        [] => return Err(Failure::new(file, "the document: is empty; expected a Pod's manifest or a scenario")),
        [document] if manifest::is_scenario(document) => scenario(document, arguments),
        documents => object(documents, "", arguments, false),
    }
    .map_err(fail)?;
    if arguments.strict && !input.warnings.is_empty() {
        return Err(Failure::of(file, input.warnings));
    }
    complete(&mut input, arguments);
    story::tell(&mut input.scenario, arguments).map_err(|problem| Failure::new(file, problem))?;
    Ok(input)
}

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

fn scenario(document: &Node, arguments: &Arguments) -> Result<Input, Problem> {
    let ScenarioFile { description, script, config, .. } = document.read()?;
    let mut input = object(document.get(POD), POD, arguments, config.admitted)?;
    input.document = document.clone();
    input.scenario = input.scenario.described(description).on_node(config);
    input.scenario.script = script;
    Ok(input)
}

/// Makes the scenario of the Pod or workload that is meant, whose containers are well. `path` is that of the documents in
/// a larger one; `is_stored`: they come from a cluster.
fn object<'a>(
    documents: impl IntoIterator<Item = &'a Node>,
    path: &str,
    arguments: &Arguments,
    is_stored: bool,
) -> Result<Input, Problem> {
    let objects = Objects::of(documents, path)?;
    let namespace = arguments.namespace.as_deref();
    let object = objects.choose(arguments.name.as_deref(), namespace).map_err(|error| {
        let hint = if matches!(error, WorkloadError::Ambiguous { .. }) { "; choose with --name" } else { "" };
        Problem::bare(format!("{error}{hint}"))
    })?;
    let mut pod = object.pod(namespace)?;
    let mut notes = Vec::new();
    if !is_stored {
        let dropped = object.server_set();
        manifest::forget_server_set(&mut pod);
        if !dropped.is_empty() {
            notes.push(format!("dropped, because the API server sets it: {}", dropped.join(", ")));
        }
    }
    Ok(Input {
        scenario: Scenario::healthy(pod),
        document: object.document.clone(),
        pod_path: object.template_path(),
        warnings: object.unknown_fields().iter().map(ToString::to_string).collect(),
        notes,
    })
}

/// Fills in what the command line says of the node, and what the API server says of the Pod.
fn complete(input: &mut Input, arguments: &Arguments) {
    let scenario = &mut input.scenario;
    if let Some(version) = arguments.kubernetes {
        scenario.config.kubernetes = version;
    }
    match arguments.node {
        None => {}
        Some(NodeKind::Ideal) => (scenario.config.pleg, scenario.config.relist_after_sync) = (None, false),
        Some(NodeKind::Real) => {
            let real = Settings::real_node();
            (scenario.config.pleg, scenario.config.relist_after_sync) = (real.pleg, real.relist_after_sync);
        }
    }
    scenario.config.start.get_or_insert(BEGINNING);
    if !scenario.config.admitted {
        let mut pod = core::mem::take(&mut scenario.pod).with_defaults();
        if pod.metadata.uid.is_empty() {
            pod.metadata.uid = UID.into();
        }
        scenario.pod = pod;
    }
}
