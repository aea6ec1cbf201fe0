//! Objects of files: each by its `kind`, lists and streams item by item, so that one that is wrong spoils no other.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
};

use pod_lifecycle::{
    api::{Name, ObjectMeta, PodManifest, Workload, WorkloadKind},
    status::EventObject,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::yaml;

/// Texts that were read, what is in them, and what cannot be read.
#[derive(Debug, Default)]
pub(super) struct Input {
    files: Vec<File>,
    /// Files that cannot be read.
    errors: Vec<String>,
}

/// A file, whole.
#[derive(Debug)]
struct File {
    /// Name for messages.
    name: String,
    text: String,
}

/// Objects of all files.
#[derive(Default)]
pub(super) struct Objects<'a> {
    pub(super) pods: Vec<Object<'a>>,
    pub(super) workloads: Vec<(Object<'a>, WorkloadKind)>,
    /// Events by namespace and name of their object.
    events: BTreeMap<(String, String), Vec<EventObject>>,
    /// Numbers of the objects that make no Pods, by kind.
    pub(super) others: BTreeMap<String, usize>,
    /// What cannot be read, with file, index and name.
    pub(super) errors: Vec<String>,
}

/// An object that has not been read yet, apart from its kind and its name.
pub(super) struct Object<'a> {
    /// File, index and name, for messages.
    place: String,
    json: &'a str,
}

/// What every object says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    metadata: Option<Named>,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
}

/// Items of a list; those of other kinds have a field of this name too, but no list in it.
#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
    /// What `kubectl get --watch --output-watch-events` wraps an object in.
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

impl Input {
    /// Reads a file; `-` is standard input. One that cannot be read is an error of the report.
    pub(super) fn read_file(&mut self, file: &str) {
        let name = if file == "-" { "standard input" } else { file };
        let bytes = if file == "-" {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(file)
        };
        let text = bytes.map_err(|error| format!("cannot be read: {error}")).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                let valid = error.utf8_error().valid_up_to();
                format!("expected UTF-8 text, found something else at byte {valid}")
            })
        });
        match text {
            Ok(text) => self.add(name, text),
            Err(error) => self.fail(format!("{name}: {error}")),
        }
    }

    /// Adds a text; `name` is what messages call it. YAML becomes JSON.
    pub(super) fn add(&mut self, name: &str, text: String) {
        // JSON is read as it stands: a cluster's Pods are many megabytes.
        if documents(&text).is_ok() {
            return self.files.push(File { name: name.into(), text });
        }
        match as_json(&text) {
            Ok(text) => self.files.push(File { name: name.into(), text }),
            Err(error) => self.fail(format!("{name}: {error}")),
        }
    }

    /// Adds an error: something that cannot be read.
    pub(super) fn fail(&mut self, error: String) {
        self.errors.push(error);
    }

    /// Returns the objects of all files, with the kind and the name of each.
    pub(super) fn objects(&self) -> Objects<'_> {
        let mut objects = Objects { errors: self.errors.clone(), ..Objects::default() };
        for file in &self.files {
            match documents(&file.text) {
                Ok(documents) if documents.is_empty() => {
                    objects.errors.push(format!("{}: is empty; expected Pods", file.name));
                }
                Ok(documents) => {
                    let is_one = documents.len() == 1;
                    for (index, document) in documents.into_iter().enumerate() {
                        let place =
                            if is_one { String::new() } else { format!("document {}", index.saturating_add(1)) };
                        objects.add(&file.name, &place, document.get(), None);
                    }
                }
                Err(error) => objects.errors.push(format!("{}: {error}", file.name)),
            }
        }
        objects
    }
}

/// Returns the documents of a stream of JSON.
fn documents(text: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter::<&RawValue>().collect()
}

/// Turns YAML into a stream of JSON.
fn as_json(text: &str) -> Result<String, String> {
    let documents: Vec<serde_json::Value> = yaml::read_all(text).map_err(|problem| problem.to_string())?;
    Ok(documents.iter().map(|document| format!("{document}\n")).collect())
}

impl<'a> Objects<'a> {
    /// Adds an object, or the items of a list. `item_kind` is the kind of a list's items that do not say theirs.
    fn add(&mut self, file: &str, path: &str, json: &'a str, item_kind: Option<&str>) {
        let place = |more: &str| match (path, more) {
            ("", "") => file.to_owned(),
            ("", more) => format!("{file}: {more}"),
            (path, "") => format!("{file}: {path}"),
            (path, more) => format!("{file}: {path} ({more})"),
        };
        // The items of a list alone, as `jq` may leave them.
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
            for (index, item) in items.into_iter().enumerate() {
                self.add(file, &format!("{path}[{index}]"), item.get(), item_kind);
            }
            return;
        }
        let header: Header = match serde_json::from_str(json) {
            Ok(header) => header,
            Err(error) => {
                let words = in_words::<Header>(json, &error);
                return self.errors.push(format!("{}: {words}", place("")));
            }
        };
        let kind = header.kind.as_deref().or(item_kind);
        let list = kind.and_then(|kind| kind.strip_suffix("List"));
        if list.is_some() || kind.is_none() {
            match serde_json::from_str(json) {
                Ok(Items { object: Some(object), .. }) if kind.is_none() => {
                    return self.add(file, path, object.get(), None);
                }
                Ok(Items { items: Some(items), .. }) => {
                    let item_kind = list.filter(|item| !item.is_empty());
                    for (index, item) in items.into_iter().enumerate() {
                        let path =
                            if path.is_empty() { format!("items[{index}]") } else { format!("{path}.items[{index}]") };
                        self.add(file, &path, item.get(), item_kind);
                    }
                    return;
                }
                Err(error) if list.is_some() => {
                    return self.errors.push(format!("{}: {error}", place("")));
                }
                Ok(Items { .. }) | Err(_) => {}
            }
        }
        let metadata = header.metadata.unwrap_or_default();
        let name = metadata.name.unwrap_or_default();
        // As in the API's Go types, a Pod need not say that it is one.
        let kind = kind.unwrap_or("Pod");
        let called = match metadata.namespace.as_deref() {
            Some(namespace) if !namespace.is_empty() => format!("{kind} {namespace}/{name}"),
            _ => format!("{kind} {name}"),
        };
        let object = Object { place: place(called.trim_end()), json };
        let version = header.api_version.as_deref();
        let group = version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
        let is_of = |known: &str| group.is_none_or(|group| group == known);
        let workload = WorkloadKind::ALL.iter().copied().find(|known| known.name() == kind && is_of(known.group()));
        match (kind, workload) {
            (_, Some(workload)) => self.workloads.push((object, workload)),
            ("Pod", None) if is_of("") => self.pods.push(object),
            ("Event", None) if is_of("") || is_of("events.k8s.io") => match object.event() {
                Ok(event) => {
                    let of = &event.involved_object;
                    self.events.entry((of.namespace.clone(), of.name.clone())).or_default().push(event);
                }
                Err(error) => self.errors.push(error),
            },
            (kind, None) => {
                let count = self.others.entry(kind.into()).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// Returns the events of a Pod.
    pub(super) fn events_of(&self, pod: &ObjectMeta) -> &[EventObject] {
        let key = (pod.namespace.clone(), pod.name.clone());
        self.events.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of events that were read.
    pub(super) fn event_count(&self) -> usize {
        self.events.values().map(Vec::len).sum()
    }
}

impl Object<'_> {
    /// Reads the object as a Pod.
    pub(super) fn pod(&self) -> Result<PodManifest, String> {
        self.read()
    }

    /// Reads the object as one that makes Pods.
    pub(super) fn workload(&self) -> Result<Workload, String> {
        self.read()
    }

    /// Returns file, index and name, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Reads an event of either API group.
    fn event(&self) -> Result<EventObject, String> {
        let mut event: serde_json::Value = self.read()?;
        // `events.k8s.io/v1` has other names for the same fields.
        for (name, known) in [
            ("regarding", "involvedObject"),
            ("note", "message"),
            ("deprecatedCount", "count"),
            ("deprecatedFirstTimestamp", "firstTimestamp"),
            ("deprecatedLastTimestamp", "lastTimestamp"),
            ("deprecatedSource", "source"),
            ("reportingController", "reportingComponent"),
        ] {
            if let Some(fields) = event.as_object_mut()
                && let Some(value) = fields.remove(name)
            {
                fields.insert(known.into(), value);
            }
        }
        // Go writes nothing for a null here, and null for an empty time.
        if let Some(fields) = event.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        serde_json::from_value(event).map_err(|error| format!("{}: {error}", self.place))
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        let read = serde_json::from_str(self.json);
        read.map_err(|error| format!("{}: {}", self.place, in_words::<T>(self.json, &error)))
    }
}

/// Returns the error of a text that is no such object, with the path of the field: JSON is YAML, whose reader knows it.
fn in_words<T: DeserializeOwned>(json: &str, error: &serde_json::Error) -> String {
    match yaml::read::<T>(json, "an object") {
        // The place is that within the object, which means nothing in the file.
        Err(problem) => {
            let problem = problem.to_string();
            problem.rsplit_once(" (line ").map_or(problem.clone(), |(says, _)| says.into())
        }
        Ok(_) => error.to_string(),
    }
}
