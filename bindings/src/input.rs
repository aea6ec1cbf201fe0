//! Inputs: JSON, and the objects in it.

use pod_lifecycle::{
    Timestamp,
    api::{Document, Name, PodManifest, WorkloadError, WorkloadKind},
    config::KubernetesVersion,
    status::EventObject,
};
use podlife::yaml::{self, Content, Key, Node};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::problem::{InputError, Problem};

/// Options of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Present time: ages and delays are relative to it.
    #[cfg_attr(feature = "typescript", tsify(optional, type = "string | Date"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub at: Option<Timestamp>,
    /// Version of Kubernetes; that of a scenario, or 1.36, if left out.
    #[cfg_attr(feature = "typescript", tsify(optional, type = "string"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub kubernetes: Option<KubernetesVersion>,
    /// Events of the Pods, as `kubectl get events -o json` prints them.
    #[cfg_attr(feature = "typescript", tsify(optional, type = "Record<string, any> | Record<string, any>[]"))]
    pub events: Option<Value>,
    /// Name of the object that is meant, if there are several: `web` or `deployment/web`.
    #[cfg_attr(feature = "typescript", tsify(optional))]
    pub name: Option<String>,
    /// Format of a picture: `svg` (the default), `mermaid`, `lanes` or `ascii`.
    #[cfg_attr(feature = "typescript", tsify(optional, type = "\"svg\" | \"mermaid\" | \"lanes\" | \"ascii\""))]
    pub format: Option<String>,
    /// Width of a picture: pixels of an SVG, columns of lanes.
    #[cfg_attr(feature = "typescript", tsify(optional))]
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
        read(text).map_err(|error| error.below("options"))
    }

    /// Returns the version of Kubernetes.
    pub(crate) fn kubernetes(&self) -> KubernetesVersion {
        self.kubernetes.unwrap_or_default()
    }

    /// Returns the present time.
    pub(crate) fn now(&self) -> Result<Timestamp, InputError> {
        self.at
            .ok_or_else(|| Problem::at("options.at", "expected the present time, such as 2026-03-01T12:00:00Z").into())
    }
}

/// Reads JSON.
pub(crate) fn value(text: &str) -> Result<Value, InputError> {
    serde_json::from_str(text).map_err(|error| Problem::at("", format!("is no JSON: {error}")).into())
}

/// Reads JSON as a type.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, InputError> {
    Ok(read_value(value(text)?)?)
}

/// Reads a value as a type. Unlike those of `serde_json`, the errors have the path of the field.
pub(crate) fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    node(value).read().map_err(|problem| Problem::of_yaml(&problem))
}

/// Returns a value as the tree that knows the fields of Kubernetes.
fn node(value: Value) -> Node {
    // JSON is often one line, so a place in it says nothing.
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
    value: &'a Value,
    /// Path in the input: `items[3]`, or nothing.
    path: String,
}

/// Returns the objects of an input; lists are searched.
pub(crate) fn objects(input: &Value) -> Result<Vec<Object<'_>>, InputError> {
    let mut found = Vec::new();
    add(&mut found, input, "", None)?;
    Ok(found)
}

/// Adds an object, or the items of a list. `item_kind` is the kind of a list's items that do not say theirs.
fn add<'a>(
    found: &mut Vec<Object<'a>>,
    value: &'a Value,
    path: &str,
    item_kind: Option<&str>,
) -> Result<(), InputError> {
    // The documents of a YAML file, or the items of a list alone.
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            add(found, item, &yaml::join(path, &format!("[{index}]")), item_kind)?;
        }
        return Ok(());
    }
    if !value.is_object() {
        return Err(Problem::at(path, format!("expected an object, found {value}")).into());
    }
    // As in the API's Go types, a Pod need not say that it is one.
    let kind = text(value, "kind").or(item_kind).unwrap_or("Pod");
    if let (Some(item), Some(Value::Array(items))) = (kind.strip_suffix("List"), value.get("items")) {
        let item = Some(item).filter(|item| !item.is_empty());
        for (index, value) in items.iter().enumerate() {
            add(found, value, &yaml::join(path, &format!("items[{index}]")), item)?;
        }
        return Ok(());
    }
    found.push(Object { kind: kind_of(value, kind), value, path: path.into() });
    Ok(())
}

fn kind_of(value: &Value, kind: &str) -> Kind {
    let version = text(value, "apiVersion");
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

/// Returns the text of a field, if it is one.
fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
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
        let name = |field| text(self.value.get("metadata")?, field);
        name("name").or(name("generateName")).unwrap_or_default()
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

    /// Returns the problem of a field, with its path in the whole input.
    pub(crate) fn locate(&self, problem: Problem) -> Problem {
        problem.below(&self.path)
    }

    /// Returns the problem of a field of the Pod.
    pub(crate) fn locate_in_pod(&self, problem: Problem) -> Problem {
        let template = if let Kind::Workload(kind) = self.kind { kind.template_field() } else { "" };
        self.locate(problem.below(template))
    }

    /// Returns the fields that the API does not have.
    pub(crate) fn unknown_fields(&self) -> Vec<Problem> {
        let unknown = podlife::fields::unknown(&node(self.value.clone()), self.kind_name(), "");
        let problems = unknown.iter().map(|field| {
            let text = field.to_string().replace(&format!(" {}", yaml::At(field.place)), "");
            self.locate(Problem::at(&field.path, text))
        });
        problems.collect()
    }

    /// Returns the Pod that it is, or one of those that it makes.
    pub(crate) fn pod(&self) -> Result<PodManifest, Problem> {
        let version = text(self.value, "apiVersion");
        if let Kind::Other(_) | Kind::Event = self.kind {
            let version = version.map(|version| format!(" of {version}")).unwrap_or_default();
            let text = format!("expected a Pod or a workload, found {}{version}", self.kind_name());
            return Err(self.locate(Problem::at("kind", text)));
        }
        if let (Kind::Pod, Some(other)) = (&self.kind, version.filter(|version| *version != "v1")) {
            return Err(self.locate(Problem::at("apiVersion", format!("expected \"v1\", found {other:?}"))));
        }
        let mut value = self.value.clone();
        // The items of a typed list need not say their kind.
        if let Some(fields) = value.as_object_mut() {
            fields.entry("kind").or_insert_with(|| self.kind_name().into());
        }
        let document: Document =
            serde_json::from_value(value).map_err(|error| self.locate(Problem::stated(&error.to_string())))?;
        document.pod().map_err(|error| self.locate(Problem::of_workload(&error)))
    }

    /// Returns the event that it is, of either API group.
    pub(crate) fn event(&self) -> Result<EventObject, Problem> {
        let mut event = self.value.clone();
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
        read_value(event).map_err(|problem| self.locate(problem))
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
    let input = value(text)?;
    let objects: Vec<_> = objects(&input)?.into_iter().filter(|object| object.kind == Kind::Pod).collect();
    Ok(choose(&objects, options.name.as_deref())?.pod()?)
}

/// Returns the Pod that an input is or makes.
pub(crate) fn pod_of(input: &Value, options: &Options) -> Result<PodManifest, InputError> {
    let objects = objects(input)?;
    Ok(choose(&objects, options.name.as_deref())?.pod()?)
}
