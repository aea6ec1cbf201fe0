//! Manifests: the objects of a file that make Pods, and the Pod of one of them.

use std::{fs, io};

use pod_lifecycle::api::{Name as _, PodManifest, PodStatus, Workload, WorkloadError, WorkloadKind};

use podlife::{
    fields::{self, UnknownField},
    yaml::{self, Node, Problem},
};

use crate::failure::Failure;

/// Fields of metadata that only the API server sets.
const SERVER_SET: [&str; 8] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
];

/// Key of a scenario that holds its Pod.
pub(crate) const POD: &str = "pod";

/// True for a scenario: it holds its Pod under a key, which no object of the API does.
pub(crate) fn is_scenario(document: &Node) -> bool {
    let has = |key| document.get(key).is_some();
    !has("kind") && !has("spec") && (has(POD) || has("script") || has("config"))
}

/// Returns the whole text of a file; `-` is standard input.
pub(crate) fn text(file: &str) -> Result<String, Failure> {
    let bytes = if file == "-" {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    let bytes = bytes.map_err(|error| Failure::new(file, format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        Failure::new(file, format!("the document: expected UTF-8 text, found something else at byte {valid}"))
    })
}

/// Object of a file that makes Pods.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    /// Kind of the workload; `None` for a Pod.
    pub(crate) workload: Option<WorkloadKind>,
    pub(crate) node: &'a Node,
    /// The document that it is in.
    pub(crate) document: &'a Node,
    /// Path of the object in its document: `items[3]`, or nothing.
    pub(crate) path: String,
}

/// The objects of a file.
#[derive(Debug, Default)]
pub(crate) struct Objects<'a> {
    /// Those that make Pods.
    pub(crate) making: Vec<Object<'a>>,
    /// Names of the others: `Service/web`.
    pub(crate) others: Vec<String>,
}

impl<'a> Objects<'a> {
    /// Finds the objects in documents, in lists and in scenarios; `path` is that of the documents in a larger one.
    pub(crate) fn of(documents: impl IntoIterator<Item = &'a Node>, path: &str) -> Result<Objects<'a>, Problem> {
        let mut objects = Objects::default();
        for document in documents {
            match document.get(POD).filter(|_| is_scenario(document)) {
                Some(pod) => objects.add(document, pod, POD, None)?,
                None => objects.add(document, document, path, None)?,
            }
        }
        Ok(objects)
    }

    /// Adds an object, or the items of a list. `item_kind` is the kind of a list's items that do not say theirs.
    fn add(&mut self, document: &'a Node, node: &'a Node, path: &str, item_kind: Option<&str>) -> Result<(), Problem> {
        if !matches!(node.content, yaml::Content::Map(_)) {
            return Err(node.expected("a mapping").below(path));
        }
        // As in the API's Go types, a Pod need not say that it is one.
        let kind = node.text("kind").or(item_kind).unwrap_or("Pod");
        let group = node.text("apiVersion").and_then(|version| version.split_once('/')).map(|(group, _)| group);
        let workload = WorkloadKind::ALL.iter().copied().find(|known| known.name() == kind);
        let is_of_group = |known: &str| node.text("apiVersion").is_none() || group.unwrap_or_default() == known;
        match kind.strip_suffix("List") {
            Some(item) if node.get("items").is_some() || item.is_empty() => {
                let items = node.get("items").map_or(&[][..], Node::items);
                for (index, node) in items.iter().enumerate() {
                    let item = Some(item).filter(|item| !item.is_empty());
                    self.add(document, node, &yaml::join(path, &format!("items[{index}]")), item)?;
                }
            }
            _ if kind == "Pod" && is_of_group("") => {
                self.making.push(Object { workload: None, node, document, path: path.into() });
            }
            _ => match workload.filter(|known| is_of_group(known.group())) {
                Some(kind) => self.making.push(Object { workload: Some(kind), node, document, path: path.into() }),
                None => self.others.push(format!("{kind}/{}", name(node))),
            },
        }
        Ok(())
    }

    /// Returns the object of this name, or the only one. `namespace` leaves out those of others.
    pub(crate) fn choose(&self, wanted: Option<&str>, namespace: Option<&str>) -> Result<&Object<'a>, WorkloadError> {
        let names = |objects: &[&Object<'a>]| objects.iter().map(|object| object.called()).collect::<Vec<_>>();
        let all: Vec<&Object<'a>> = self.making.iter().collect();
        if all.is_empty() {
            return Err(WorkloadError::NoPods { there: self.others.clone() });
        }
        let is_there = |object: &&Object<'a>| match (namespace, object.namespace()) {
            (Some(wanted), Some(namespace)) => wanted == namespace,
            (Some(_), None) | (None, _) => true,
        };
        let is_meant = |object: &&Object<'a>| wanted.is_none_or(|wanted| object.is_called(wanted));
        let meant: Vec<&Object<'a>> = all.iter().copied().filter(is_there).filter(is_meant).collect();
        match meant.as_slice() {
            [one] => Ok(one),
            [] => {
                let name = wanted
                    .map(str::to_owned)
                    .or(namespace.map(|namespace| format!("{namespace}/")))
                    .unwrap_or_default();
                Err(WorkloadError::NotFound { name, there: names(&all) })
            }
            several => Err(WorkloadError::Ambiguous { there: names(several) }),
        }
    }
}

impl Object<'_> {
    /// Returns the name of its kind.
    pub(crate) fn kind(&self) -> &'static str {
        self.workload.map_or("Pod", |kind| kind.name())
    }

    /// Returns kind and name, as in `Deployment/web`, for messages.
    pub(crate) fn called(&self) -> String {
        match self.namespace() {
            Some(namespace) => format!("{}/{} in {namespace}", self.kind(), name(self.node)),
            None => format!("{}/{}", self.kind(), name(self.node)),
        }
    }

    fn namespace(&self) -> Option<&str> {
        self.node.get("metadata")?.text("namespace")
    }

    fn is_called(&self, wanted: &str) -> bool {
        match wanted.split_once('/') {
            None => name(self.node) == wanted,
            Some((kind, wanted)) => {
                let is_kind = match self.workload {
                    Some(of) => WorkloadKind::of_resource(kind) == Some(of),
                    None => ["pod", "pods", "po"].iter().any(|word| kind.eq_ignore_ascii_case(word)),
                };
                is_kind && name(self.node) == wanted
            }
        }
    }

    /// Returns what the paths of the Pod's fields begin with: `spec.template`, or nothing.
    pub(crate) fn template_path(&self) -> String {
        yaml::join(&self.path, self.workload.map_or("", |kind| kind.template_field()))
    }

    /// Returns the fields that the API does not have.
    pub(crate) fn unknown_fields(&self) -> Vec<UnknownField> {
        fields::unknown(self.node, self.kind(), &self.path)
    }

    /// Returns the paths of the fields that only the API server sets.
    pub(crate) fn server_set(&self) -> Vec<String> {
        if self.workload.is_some() {
            return Vec::new();
        }
        let metadata = self.node.get("metadata");
        let set = |node: Option<&Node>| node.is_some_and(|node| !node.is_empty());
        let in_metadata = SERVER_SET.iter().filter(|name| set(metadata.and_then(|metadata| metadata.get(name))));
        let mut paths: Vec<String> = in_metadata.map(|name| format!("metadata.{name}")).collect();
        paths.extend(set(self.node.get("status")).then(|| "status".into()));
        paths
    }

    /// Returns the Pod that it is, or one of those that it makes.
    pub(crate) fn pod(&self, namespace: Option<&str>) -> Result<PodManifest, Problem> {
        let problem = |problem: Problem| problem.below(&self.path);
        let mut pod: PodManifest = match self.workload {
            None => {
                match self.node.text("apiVersion") {
                    None | Some("v1") => {}
                    Some(other) => {
                        let says = format!("expected \"v1\", found {other:?}");
                        return Err(problem(Problem::at("apiVersion", says, self.node.place_of("apiVersion"))));
                    }
                }
                self.node.read().map_err(problem)?
            }
            Some(_) => {
                let workload: Workload = self.node.read().map_err(problem)?;
                workload.pod().map_err(|error| self.wrong(&error))?
            }
        };
        if let Some(namespace) = namespace.filter(|_| pod.metadata.namespace.is_empty()) {
            pod.metadata.namespace = namespace.into();
        }
        Ok(pod)
    }

    /// Returns the problem of a workload that makes no Pods.
    fn wrong(&self, error: &WorkloadError) -> Problem {
        let path = if let WorkloadError::MissingTemplate { field, .. } = error {
            field
        } else if let WorkloadError::Invalid { error, .. } = error {
            error.field.as_str()
        } else {
            ""
        };
        let of_list = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        Problem::stated(format!("{of_list}{error}"), self.node.place_of(path))
    }
}

/// Forgets what only the API server sets, as it does when a Pod is created.
pub(crate) fn forget_server_set(pod: &mut PodManifest) {
    let metadata = &mut pod.metadata;
    metadata.uid.clear();
    metadata.resource_version.clear();
    metadata.generation = 0;
    metadata.creation_timestamp = None;
    (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) = (None, None);
    for name in SERVER_SET {
        metadata.other.remove(name);
    }
    pod.status = PodStatus::default();
}

/// Returns the name of an object, or the prefix of a generated one.
fn name(object: &Node) -> &str {
    let text = |field| object.get("metadata").and_then(|metadata| metadata.text(field));
    text("name").or(text("generateName")).unwrap_or_default()
}
