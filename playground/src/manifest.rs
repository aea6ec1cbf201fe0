//! Manifest: the Pod of a text, which may hold Pods, workloads and other objects.

use pod_lifecycle::api::{Document, Name, PodManifest, Workload, WorkloadKind};
use podlife::yaml;
use serde::Deserialize;

use crate::{
    field_lines::FieldLines,
    problem::{ManifestLocation, Problem, Source},
    script_file::is_blank,
};

/// Pod with its document.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) pod: PodManifest,
    /// Document of the Pod.
    text: String,
    before: u64,
    path: String,
}

impl Manifest {
    /// Reads the Pod of the document with index `choice` among those that have Pods.
    pub(crate) fn read(text: &str, choice: usize) -> Result<Manifest, Problem> {
        let documents = documents_with_pods(text)?;
        let (header, document) = documents
            .get(choice)
            .or(documents.first())
            .ok_or_else(|| Problem::error(Source::Manifest, 1, "expected the manifest of a Pod or of a workload"))?;
        let pod = document.pod(header)?;
        let workload = header.workload();
        let path = workload.map(|kind| format!("{}.", kind.template_field())).unwrap_or_default();
        Ok(Manifest { pod, text: document.text.into(), before: document.before, path })
    }

    pub(crate) fn location(&self) -> ManifestLocation<'_> {
        ManifestLocation { text: &self.text, before: self.before, path: &self.path }
    }

    /// Returns the document of the Pod.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Returns the names of the documents that have Pods: `Deployment/web`.
pub(crate) fn choices(text: &str) -> Vec<String> {
    let documents = documents_with_pods(text).unwrap_or_default();
    documents.into_iter().map(|(header, _)| header.kind_and_name()).collect()
}

fn documents_with_pods(text: &str) -> Result<Vec<(Header, Part<'_>)>, Problem> {
    let mut found = Vec::new();
    for part in parts(text).into_iter().filter(|part| !is_blank(part.text)) {
        let header = yaml::read::<Header>(part.text, "a Pod's manifest").map_err(|problem| part.unread(&problem))?;
        if header.has_pods() {
            found.push((header, part));
        }
    }
    Ok(found)
}

/// Document of a text.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    text: &'a str,
    /// Number of lines before it.
    before: u64,
}

impl Part<'_> {
    fn pod(&self, header: &Header) -> Result<PodManifest, Problem> {
        let location = ManifestLocation { text: self.text, before: self.before, path: "" };
        if header.is_pod() {
            header.check_version(self)?;
            return yaml::read(self.text, "a Pod's manifest").map_err(|problem| self.unread(&problem));
        }
        let document = match header.workload() {
            Some(_) => yaml::read::<Workload>(self.text, "a workload").map(|it| Document::Workload(Box::new(it))),
            None => yaml::read(self.text, "a list of manifests"),
        };
        let document = document.map_err(|problem| self.unread(&problem))?;
        document.pod().map_err(|error| location.workload(&error))
    }

    fn unread(&self, problem: &yaml::Problem) -> Problem {
        Problem::unread(Source::Manifest, problem, self.before)
    }
}

/// Splits a text at the lines `---`.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut from, mut before) = (Vec::new(), 0, 0);
    let (mut at, mut line_number) = (0_usize, 0_u64);
    for line in text.split_inclusive('\n') {
        let is_separator = line.trim_end() == "---" || line.starts_with("--- ");
        if is_separator && at > from {
            parts.extend(text.get(from..at).map(|text| Part { text, before }));
            (from, before) = (at, line_number);
        }
        at = at.saturating_add(line.len());
        line_number = line_number.saturating_add(1);
    }
    parts.extend(text.get(from..).map(|text| Part { text, before }));
    parts
}

/// Header of a document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Header {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    generate_name: Option<String>,
}

impl Header {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("Pod")
    }

    fn kind_and_name(&self) -> String {
        let metadata = self.metadata.as_ref();
        let name = metadata.and_then(|it| it.name.as_ref().or(it.generate_name.as_ref()));
        format!("{}/{}", self.kind(), name.map_or("", String::as_str))
    }

    fn is_pod(&self) -> bool {
        self.kind() == "Pod"
    }

    fn workload(&self) -> Option<WorkloadKind> {
        WorkloadKind::ALL.iter().copied().find(|kind| kind.name() == self.kind())
    }

    fn has_pods(&self) -> bool {
        self.is_pod() || self.workload().is_some() || self.kind().ends_with("List")
    }

    /// Returns a problem if `apiVersion` is not `v1`.
    fn check_version(&self, part: &Part<'_>) -> Result<(), Problem> {
        match self.api_version.as_deref() {
            None | Some("v1") => Ok(()),
            Some(other) => {
                let line = FieldLines::of(part.text).line_of("apiVersion").saturating_add(part.before);
                Err(Problem::error(Source::Manifest, line, format!("apiVersion: expected \"v1\", found {other:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: app
          image: nginx:1.27
---
kind: Pod
metadata: {name: debug}
spec: {containers: [{name: shell, image: 'busybox:1'}]}
";

    #[test]
    fn every_kind_with_pods_can_be_chosen() {
        assert_eq!(choices(FILE), ["Deployment/web", "Pod/debug"]);
        let [web, debug] = [0, 1].map(|choice| Manifest::read(FILE, choice).unwrap());
        assert!(web.pod.metadata.name.starts_with("web-"), "{}", web.pod.metadata.name);
        assert_eq!(debug.pod.metadata.name, "debug");
        assert_eq!((web.before, debug.before), (3, 13));
        assert_eq!(Manifest::read(FILE, 7).unwrap().pod, web.pod, "an invalid index chooses the first");
    }

    #[test]
    fn the_pod_of_a_workload_is_its_template() {
        for (kind, version, template) in [
            ("Deployment", "apps/v1", "template: {spec: {containers: [{name: a, image: b}]}}"),
            ("StatefulSet", "apps/v1", "template: {spec: {containers: [{name: a, image: b}]}}"),
            ("DaemonSet", "apps/v1", "template: {spec: {containers: [{name: a, image: b}]}}"),
            ("Job", "batch/v1", "template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}"),
            (
                "CronJob",
                "batch/v1",
                "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}",
            ),
        ] {
            let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: it}}\nspec:\n  {template}\n");
            let manifest = Manifest::read(&text, 0).unwrap_or_else(|problem| panic!("{kind}: {problem:?}"));
            assert_eq!(manifest.pod.spec.containers.first().map(|it| it.name.as_str()), Some("a"), "{kind}");
        }
    }

    #[test]
    fn a_mistake_in_a_later_document_is_reported_with_its_line_in_the_whole_text() {
        let text = FILE.replace("image: nginx:1.27", "image: [nginx]");
        let problem = Manifest::read(&text, 0).unwrap_err();
        assert_eq!(problem.line, 13, "{}", problem.message);
    }

    #[test]
    fn a_document_without_pods_is_reported() {
        let problem = Manifest::read("kind: Service\n", 0).unwrap_err();
        assert!(problem.message.starts_with("expected the manifest of a Pod"), "{}", problem.message);
        assert_eq!(Manifest::read("apiVersion: v2\nkind: Pod\n", 0).unwrap_err().line, 1);
    }
}
