//! Objects that the containers of a Pod name: config maps, secrets and services.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pod_lifecycle::api::{Container, PodManifest};
use serde_json::Value;
use tokio::time::Instant;

use super::environment::text;
use crate::node::api::{Api, code};

/// Age up to which a list of services is used again.
const FRESH: Duration = Duration::from_secs(1);

/// Kind of an object whose data a container reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::node) enum Source {
    ConfigMap,
    Secret,
}

/// Objects by kind and name, as they were when a container was created.
#[derive(Debug, Default)]
pub(in crate::node) struct Objects {
    found: BTreeMap<(Source, String), Result<Value, Missing>>,
    services: Vec<Arc<Vec<Value>>>,
}

/// Error of an object that could not be read.
#[derive(Debug)]
struct Missing {
    is_absent: bool,
    message: String,
}

/// Names of the objects that a container reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Wanted {
    pub(in crate::node) namespace: String,
    names: BTreeSet<(Source, String)>,
}

/// List of a namespace's services, and when it was made.
type Listed = (Instant, Arc<Vec<Value>>);

/// Reader of objects; lists of services are shared for a moment.
#[derive(Clone)]
pub(in crate::node) struct ObjectReader {
    api: Api,
    services: Arc<Mutex<BTreeMap<String, Listed>>>,
}

impl Source {
    /// Returns the kind's name.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Source::ConfigMap => "ConfigMap",
            Source::Secret => "Secret",
        }
    }

    pub(super) fn resource(self) -> &'static str {
        match self {
            Source::ConfigMap => "configmap",
            Source::Secret => "secret",
        }
    }
}

impl Wanted {
    /// Returns what a container of a Pod reads: by its environment and its volumes.
    pub(super) fn by(pod: &PodManifest, container: &Container) -> Wanted {
        let mut names = BTreeSet::new();
        let mut add = |source: Source, reference: Option<&Value>, field: &str| {
            let name = reference.map(|reference| text(reference, field)).unwrap_or_default();
            if !name.is_empty() {
                names.insert((source, name.to_owned()));
            }
        };
        for from in &container.env_from {
            add(Source::ConfigMap, from.get("configMapRef"), "name");
            add(Source::Secret, from.get("secretRef"), "name");
        }
        for from in container.env.iter().filter_map(|variable| variable.value_from.as_ref()) {
            add(Source::ConfigMap, from.get("configMapKeyRef"), "name");
            add(Source::Secret, from.get("secretKeyRef"), "name");
        }
        let is_mounted = |name: &str| container.volume_mounts.iter().any(|mount| mount.name == name);
        for volume in pod.spec.volumes.iter().filter(|volume| is_mounted(&volume.name)) {
            let volume = serde_json::to_value(volume).unwrap_or_default();
            add(Source::ConfigMap, volume.get("configMap"), "name");
            add(Source::Secret, volume.get("secret"), "secretName");
            let sources = volume.pointer("/projected/sources").and_then(Value::as_array);
            for source in sources.into_iter().flatten() {
                add(Source::ConfigMap, source.get("configMap"), "name");
                add(Source::Secret, source.get("secret"), "name");
            }
        }
        Wanted { namespace: pod.metadata.namespace.clone(), names }
    }
}

impl Objects {
    /// Returns an object's data; `None` if it is absent and optional.
    pub(super) fn data(
        &self,
        source: Source,
        name: &str,
        optional: bool,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> {
        match self.found.get(&(source, name.to_owned())) {
            Some(Ok(object)) => Ok(Some(data_of(source, object))),
            Some(Err(missing)) if missing.is_absent && optional => Ok(None),
            Some(Err(missing)) => Err(missing.message.clone()),
            None if optional => Ok(None),
            None => Err(format!("{} {name:?} not found", source.resource())),
        }
    }

    /// Returns the services of the Pod's namespace and of `default`.
    pub(super) fn services(&self) -> impl Iterator<Item = &Value> {
        self.services.iter().flat_map(|list| list.iter())
    }
}

impl ObjectReader {
    pub(in crate::node) fn new(api: Api) -> ObjectReader {
        ObjectReader { api, services: Arc::default() }
    }

    /// Reads the objects that a container names.
    pub(in crate::node) async fn read(self, wanted: Wanted) -> Objects {
        let mut objects = Objects::default();
        for (source, name) in wanted.names {
            let path = format!("/api/v1/namespaces/{}/{}s/{name}", wanted.namespace, source.resource());
            let found = self.api.get::<Value>(&path).await.map_err(|error| {
                let is_absent = code(&error) == Some(404);
                // The words of the API server's error, which the kubelet passes on.
                let absent = format!("{} {name:?} not found", source.resource());
                Missing { is_absent, message: if is_absent { absent } else { error.to_string() } }
            });
            objects.found.insert((source, name), found);
        }
        objects.services.push(self.services(&wanted.namespace).await);
        if wanted.namespace != "default" {
            // The API server's own service is known in every namespace.
            objects.services.push(self.services("default").await);
        }
        objects
    }

    async fn services(&self, namespace: &str) -> Arc<Vec<Value>> {
        let known = self.services.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned();
        if let Some((_, services)) = known.filter(|(at, _)| at.elapsed() < FRESH) {
            return services;
        }
        let list = self.api.get::<Value>(&format!("/api/v1/namespaces/{namespace}/services")).await;
        let services = match list {
            Ok(mut list) => match list.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => Arc::new(items),
                Some(_) | None => Arc::default(),
            },
            Err(error) => {
                tracing::debug!(namespace, %error, "services are not known to containers");
                Arc::default()
            }
        };
        let mut cache = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (at, _)| at.elapsed() < FRESH);
        cache.insert(namespace.to_owned(), (Instant::now(), services.clone()));
        services
    }
}

/// Returns the keys of a ConfigMap or Secret with their bytes.
fn data_of(source: Source, object: &Value) -> BTreeMap<String, Vec<u8>> {
    let field = |name: &str| object.get(name).and_then(Value::as_object).into_iter().flatten();
    let texts = |name| field(name).filter_map(|(key, value)| Some((key, value.as_str()?)));
    let decoded = |(key, value): (&String, &str)| Some((key.clone(), base64(value)?));
    match source {
        Source::ConfigMap => {
            let plain = texts("data").map(|(key, value)| (key.clone(), value.as_bytes().to_vec()));
            plain.chain(texts("binaryData").filter_map(decoded)).collect()
        }
        Source::Secret => texts("data").filter_map(decoded).collect(),
    }
}

/// Decodes base64, as k8s-openapi's `ByteString` is encoded.
fn base64(text: &str) -> Option<Vec<u8>> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).ok()
}
