//! Inputs: JSON or YAML, and the objects in it.

use pod_lifecycle::{
    Timestamp,
    api::{Name, PodManifest, Workload, WorkloadError, WorkloadKind},
    config::KubernetesVersion,
    sim::{Scenario, Script, Settings},
    status::EventObject,
};
use podlife::yaml::{self, Content, Key, Node};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use crate::problem::{InputError, Problem};

/// UID of a Pod whose manifest has none; an API server would draw a random one.
const UID: &str = "5f0c6e6e-7d3c-4c57-9f4e-3a1f5b1c2d3e";

/// Options of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Present time: ages and delays are relative to it.
    pub at: Option<Timestamp>,
    /// Version of Kubernetes.
    pub kubernetes: KubernetesVersion,
    /// Events of the Pods, as `kubectl get events -o json` prints them.
    pub events: Option<Value>,
    /// Name of the object that is meant, if there are several: `web` or `deployment/web`.
    pub name: Option<String>,
    /// Format of a picture: `svg` (the default), `mermaid`, `lanes` or `ascii`.
    pub format: Option<String>,
    /// Width of a picture: pixels of an SVG, columns of lanes.
    pub width: Option<u32>,
}

impl Options {
    /// Reads options from JSON; an empty text has none.
    ///
    /// # Errors
    ///
    /// [`InputError`] names the option.
    pub fn read(text: &str) -> Result<Options, InputError> {
        if text.trim().is_empty() {
            return Ok(Options::default());
        }
        let options = one(&documents(text)?, "options")?.read();
        options.map_err(|problem| Problem::of_yaml(&problem).below("options").into())
    }

    /// Returns the present time.
    pub(crate) fn now(&self) -> Result<Timestamp, InputError> {
        self.at
            .ok_or_else(|| Problem::at("options.at", "expected the present time, such as 2026-03-01T12:00:00Z").into())
    }
}

/// Reads the documents of a text.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>, InputError> {
    // Not only faster: JSON writes some characters in a way that YAML does not know.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(vec![node(value)]);
    }
    yaml::documents(text).map_err(|problem| Problem::of_yaml(&problem).into())
}

fn node(value: Value) -> Node {
    let place = (0, 0);
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(value) => Content::Bool(value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Content::Int(number),
            (None, Some(number)) => Content::Uint(number),
            (None, None) => Content::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Content::Text(text),
        Value::Array(items) => Content::List(items.into_iter().map(node).collect()),
        Value::Object(fields) => {
            let entries = fields.into_iter().map(|(name, value)| (Key { place, name }, node(value)));
            Content::Map(entries.collect())
        }
    };
    Node { place, content }
}

/// Returns the only document of a text; `what` is its expected kind.
fn one<'a>(documents: &'a [Node], what: &str) -> Result<&'a Node, InputError> {
    match documents {
        [one] => Ok(one),
        [] => Err(Problem::at("", format!("is empty; expected {what}")).into()),
        [_, second, ..] => {
            let problem = Problem::at("", format!("expected one document with {what}, found another one after it"));
            Err(problem.or_at(Some(second.place)).into())
        }
    }
}

// --- Objects ---

/// Kind of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pod,
    Workload(WorkloadKind),
    Event,
    Other(String),
}

/// Object of an input.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    pub(crate) kind: Kind,
    node: &'a Node,
    /// Path in its document: `items[3]`, or nothing.
    path: String,
}

/// Returns the objects of documents; lists are searched.
pub(crate) fn objects(documents: &[Node]) -> Result<Vec<Object<'_>>, InputError> {
    let mut found = Vec::new();
    for document in documents {
        add(&mut found, document, "", None)?;
    }
    Ok(found)
}

/// Adds an object, or the items of a list. `item_kind` is the kind of a list's items that do not say theirs.
fn add<'a>(found: &mut Vec<Object<'a>>, node: &'a Node, path: &str, item_kind: Option<&str>) -> Result<(), InputError> {
    // The items of a list alone, as `jq` may leave them.
    if let Content::List(items) = &node.content {
        for (index, item) in items.iter().enumerate() {
            add(found, item, &yaml::join(path, &format!("[{index}]")), item_kind)?;
        }
        return Ok(());
    }
    if !matches!(node.content, Content::Map(_)) {
        return Err(Problem::of_yaml(&node.expected("a mapping")).below(path).into());
    }
    // As in the API's Go types, a Pod need not say that it is one.
    let kind = node.text("kind").or(item_kind).unwrap_or("Pod");
    if let (Some(item), Some(items)) = (kind.strip_suffix("List"), node.get("items")) {
        let item = Some(item).filter(|item| !item.is_empty());
        for (index, node) in items.items().iter().enumerate() {
            add(found, node, &yaml::join(path, &format!("items[{index}]")), item)?;
        }
        return Ok(());
    }
    found.push(Object { kind: kind_of(node, kind), node, path: path.into() });
    Ok(())
}

fn kind_of(node: &Node, kind: &str) -> Kind {
    let version = node.text("apiVersion");
    let group = version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
    let is_of = |known: &str| group.is_none_or(|group| group == known);
    let workload = WorkloadKind::ALL.iter().copied().find(|known| known.name() == kind && is_of(known.group()));
    match (kind, workload) {
        (_, Some(workload)) => Kind::Workload(workload),
        ("Pod", None) if is_of("") => Kind::Pod,
        ("Event", None) if is_of("") || is_of("events.k8s.io") => Kind::Event,
        (kind, None) => Kind::Other(kind.into()),
    }
}

impl Object<'_> {
    pub(crate) fn kind_name(&self) -> &str {
        match &self.kind {
            Kind::Pod => "Pod",
            Kind::Workload(kind) => kind.name(),
            Kind::Event => "Event",
            Kind::Other(kind) => kind,
        }
    }

    fn makes_pods(&self) -> bool {
        matches!(self.kind, Kind::Pod | Kind::Workload(_))
    }

    fn name(&self) -> &str {
        let text = |field| self.node.get("metadata").and_then(|metadata| metadata.text(field));
        text("name").or(text("generateName")).unwrap_or_default()
    }

    /// Returns kind and name: `Deployment/web`.
    pub(crate) fn called(&self) -> String {
        format!("{}/{}", self.kind_name(), self.name())
    }

    fn is_called(&self, wanted: &str) -> bool {
        let Some((kind, name)) = wanted.split_once('/') else { return self.name() == wanted };
        let is_kind = match self.kind {
            Kind::Workload(of) => WorkloadKind::of_resource(kind) == Some(of),
            Kind::Pod => ["pod", "pods", "po"].iter().any(|word| kind.eq_ignore_ascii_case(word)),
            Kind::Event | Kind::Other(_) => false,
        };
        is_kind && self.name() == name
    }

    /// Returns the problem of a field, with its path and place in the whole input.
    pub(crate) fn locate(&self, problem: Problem) -> Problem {
        let place = self.node.place_of(&problem.path);
        problem.below(&self.path).or_at(Some(place))
    }

    /// Returns the problem of a field of the Pod.
    pub(crate) fn locate_in_pod(&self, problem: Problem) -> Problem {
        let template = if let Kind::Workload(kind) = self.kind { kind.template_field() } else { "" };
        self.locate(problem.below(template))
    }

    /// Returns the fields that the API does not have.
    pub(crate) fn unknown_fields(&self) -> Vec<Problem> {
        let unknown = podlife::fields::unknown(self.node, self.kind_name(), "");
        let problems = unknown.iter().map(|field| {
            let text = field.to_string().replace(&format!(" {}", yaml::At(field.place)), "");
            Problem { text, ..self.locate(Problem::at(&field.path, "")) }
        });
        problems.collect()
    }

    /// Returns the Pod that it is, or one of those that it makes.
    pub(crate) fn pod(&self) -> Result<PodManifest, Problem> {
        if let (Kind::Other(kind), Some("v1") | None) = (&self.kind, self.node.text("apiVersion")) {
            return Err(self.locate(Problem::at("kind", format!("expected a Pod or a workload, found {kind:?}"))));
        }
        if let Kind::Other(_) | Kind::Event = self.kind {
            let version = self.node.text("apiVersion").unwrap_or_default();
            let text = format!("expected a Pod or a workload, found {} of {version:?}", self.kind_name());
            return Err(self.locate(Problem::at("apiVersion", text)));
        }
        let read = |problem: yaml::Problem| Problem::of_yaml(&problem).below(&self.path);
        if self.kind == Kind::Pod {
            return self.node.read().map_err(read);
        }
        let workload: Workload = self.node.read().map_err(read)?;
        workload.pod().map_err(|error| self.locate(Problem::of_workload(&error)))
    }

    /// Returns the event that it is, of either API group.
    pub(crate) fn event(&self) -> Result<EventObject, Problem> {
        let read = |problem: yaml::Problem| Problem::of_yaml(&problem).below(&self.path);
        let mut event: Value = self.node.read().map_err(read)?;
        // `events.k8s.io/v1` has other names for the same fields.
        if let Some(fields) = event.as_object_mut() {
            for (name, known) in [
                ("regarding", "involvedObject"),
                ("note", "message"),
                ("deprecatedCount", "count"),
                ("deprecatedFirstTimestamp", "firstTimestamp"),
                ("deprecatedLastTimestamp", "lastTimestamp"),
                ("deprecatedSource", "source"),
                ("reportingController", "reportingComponent"),
            ] {
                if let Some(value) = fields.remove(name) {
                    fields.insert(known.into(), value);
                }
            }
            // Go writes null for an empty time.
            fields.retain(|_, value| !value.is_null());
        }
        node(event).read().map_err(read)
    }
}

/// Returns the object of this name that is a Pod or makes Pods, or the only one.
pub(crate) fn choose<'a>(objects: &'a [Object<'a>], name: Option<&str>) -> Result<&'a Object<'a>, InputError> {
    let names = |objects: &[&Object<'_>]| objects.iter().map(|object| object.called()).collect();
    let making: Vec<&Object<'_>> = objects.iter().filter(|object| object.makes_pods()).collect();
    let meant: Vec<_> = making.iter().copied().filter(|it| name.is_none_or(|name| it.is_called(name))).collect();
    let error = match (meant.as_slice(), name) {
        ([one], _) => return Ok(one),
        _ if making.is_empty() => WorkloadError::NoPods { there: objects.iter().map(Object::called).collect() },
        ([], Some(name)) => WorkloadError::NotFound { name: name.into(), there: names(&making) },
        (several, _) => WorkloadError::Ambiguous { there: names(several) },
    };
    Err(Problem::of_workload(&error).into())
}

/// Reads the one Pod of a text, as a cluster has it.
pub(crate) fn observed_pod(text: &str, options: &Options) -> Result<PodManifest, InputError> {
    let documents = documents(text)?;
    let objects: Vec<_> = objects(&documents)?.into_iter().filter(|object| object.kind == Kind::Pod).collect();
    Ok(choose(&objects, options.name.as_deref())?.pod()?)
}

// --- Scenarios ---

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
    let documents = documents(text)?;
    let [document] = documents.as_slice() else { return healthy(&documents, options) };
    let has = |key| document.get(key).is_some();
    // No object of the API holds a Pod under this key.
    if has("kind") || has("spec") || !(has("pod") || has("script") || has("config")) {
        return healthy(&documents, options);
    }
    let file = document.read::<ScenarioFile>().map_err(|problem| Problem::of_yaml(&problem))?;
    let pod = document.get("pod").map(std::slice::from_ref).unwrap_or_default();
    let below = |error: InputError| -> InputError {
        let problems = error.problems.into_iter().map(|problem| problem.below("pod"));
        problems.collect::<Vec<_>>().into()
    };
    let objects = objects(pod).map_err(below)?;
    let object = choose(&objects, options.name.as_deref()).map_err(below)?;
    let pod = object.pod().map_err(|problem| below(problem.into()))?;
    Ok(scenario_of(pod, file.description, file.script, file.config))
}

fn healthy(documents: &[Node], options: &Options) -> Result<Scenario, InputError> {
    let objects = objects(documents)?;
    let pod = choose(&objects, options.name.as_deref())?.pod()?;
    let mut settings = Settings::default();
    settings.kubernetes = options.kubernetes;
    Ok(scenario_of(pod, String::new(), Script::default(), settings))
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

/// Reads the one document of a text as a type; `what` is its expected kind.
pub(crate) fn read_one<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, InputError> {
    one(&documents(text)?, what)?.read().map_err(|problem| Problem::of_yaml(&problem).into())
}
