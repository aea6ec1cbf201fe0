//! From a text to a scenario, whatever kind of object its Pod comes from.

use pod_lifecycle::{
    api::{Document, Name, PodManifest, Workload, WorkloadError, WorkloadKind},
    sim::{Scenario, Script, Settings},
};
use serde::Deserialize;

use podlife::yaml;

/// A scenario, and where its Pod stands in the file.
pub(crate) struct Input {
    pub(crate) scenario: Scenario,
    /// What the path of a field of the Pod begins with: `pod.`, `spec.template.`, or nothing.
    pub(crate) pod_path: String,
}

/// Reads a scenario; its `pod` may be of any kind that makes Pods.
pub(super) fn scenario(text: &str, name: Option<&str>) -> Result<Input, String> {
    const WHAT: &str = "a scenario";
    let header = yaml::read::<ScenarioHeader>(text, WHAT).unwrap_or_default();
    if header.pod.is_none_or(|pod| pod.is_pod()) && name.is_none() {
        let scenario: Scenario = yaml::read(text, WHAT)?;
        check_version(&scenario.pod, "pod.")?;
        return Ok(Input { scenario, pod_path: "pod.".into() });
    }
    let AnyScenario { description, pod, script, config } = yaml::read(text, WHAT)?;
    let (pod, path) = chosen(&[pod], name).map_err(|error| format!("pod: {}", worded(&error)))?;
    let mut scenario = Scenario::of(pod).described(description).on_node(config);
    scenario.script = script;
    Ok(Input { scenario, pod_path: format!("pod.{path}") })
}

/// Reads the Pod, or the workload of that name, whose containers are well.
pub(super) fn healthy(text: &str, name: Option<&str>) -> Result<Input, String> {
    let (pod, pod_path) = chosen(&documents(text)?, name).map_err(|error| worded(&error))?;
    Ok(Input { scenario: Scenario::healthy(pod), pod_path })
}

/// Every document; one that stands alone is read so that its errors have their line and column.
fn documents(text: &str) -> Result<Vec<Document>, String> {
    const WHAT: &str = "a Pod's manifest";
    let headers = yaml::read_all::<Header>(text, WHAT).unwrap_or_default();
    match headers.as_slice() {
        [] => Ok(vec![Document::Pod(Box::new(yaml::read(text, WHAT)?))]),
        [header] if header.is_pod() => {
            let pod = yaml::read(text, WHAT)?;
            check_version(&pod, "")?;
            Ok(vec![Document::Pod(Box::new(pod))])
        }
        [header] if header.is_workload() => {
            let workload: Workload = yaml::read(text, "a workload")?;
            Ok(vec![Document::Workload(Box::new(workload))])
        }
        _ => Ok(yaml::read_all(text, "manifests")?),
    }
}

/// The Pod of the document of that name, and the path of the Pod in that.
fn chosen(documents: &[Document], name: Option<&str>) -> Result<(PodManifest, String), WorkloadError> {
    let document = Document::select(documents, name)?;
    let mut path = String::new();
    if let Document::Workload(workload) = document {
        path = format!("{}.", workload.kind.template_field());
    }
    Ok((document.pod()?, path))
}

fn worded(error: &WorkloadError) -> String {
    let hint = if matches!(error, WorkloadError::Ambiguous { .. }) { "; choose with --name" } else { "" };
    format!("{error}{hint}")
}

/// A manifest of another version is reported.
fn check_version(pod: &PodManifest, prefix: &str) -> Result<(), String> {
    match pod.api_version.as_deref() {
        None | Some("v1") => Ok(()),
        Some(other) => Err(format!("{prefix}apiVersion: expected \"v1\", found {other:?}")),
    }
}

/// What a document says of itself.
#[derive(Default, Deserialize)]
struct Header {
    kind: Option<String>,
}

impl Header {
    fn is_pod(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "Pod")
    }

    fn is_workload(&self) -> bool {
        WorkloadKind::ALL.iter().any(|kind| self.kind.as_deref() == Some(kind.name()))
    }
}

/// What a scenario says of its Pod.
#[derive(Default, Deserialize)]
struct ScenarioHeader {
    pod: Option<Header>,
}

/// A scenario whose Pod may be of any kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyScenario {
    #[serde(default)]
    description: String,
    pod: Document,
    #[serde(default)]
    script: Script,
    #[serde(default)]
    config: Settings,
}
