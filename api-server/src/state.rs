//! State of the server, and the common path of all writes.

use std::sync::Arc;

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    convert, definitions, metadata,
    names::Names,
    object::Object,
    path::Target,
    query::{Effect, Query},
    resource::{Resource, Resources, Scope},
    status::StatusError,
    store::{Key, Store},
    strategy::{self, Strategy},
};

/// Objects, resources and generated names.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) resources: Resources,
    pub(super) names: Names,
}

/// Request for objects.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) resource: Arc<Resource>,
    pub(super) target: Target,
    pub(super) query: Query,
    /// Content type without parameters.
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) now: Timestamp,
}

impl Call {
    pub(super) fn name(&self) -> &str {
        self.target.name.as_deref().unwrap_or_default()
    }

    pub(super) fn key(&self) -> Key {
        Key { namespace: self.target.namespace.clone().unwrap_or_default(), name: self.name().into() }
    }

    pub(super) fn strategy(&self) -> &'static dyn Strategy {
        strategy::of(&self.resource)
    }

    /// Reads the object in the body.
    pub(super) fn object(&self) -> Result<Object, StatusError> {
        require_json(&self.content_type)?;
        Object::parse(&self.body)
    }

    /// Checks kind and namespace, and converts to the stored form.
    pub(super) fn admit(&self, mut object: Object) -> Result<Object, StatusError> {
        let resource = &self.resource;
        check_kind(resource, &object)?;
        let namespace = self.target.namespace.as_deref().unwrap_or_default();
        match (object.namespace(), resource.scope) {
            (own, Scope::Namespaced) if own == namespace => {}
            ("", Scope::Namespaced) => object.set("metadata.namespace", namespace),
            ("", Scope::Cluster) => {}
            (_, Scope::Namespaced | Scope::Cluster) => {
                return Err(StatusError::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        Ok(convert::incoming(resource, object))
    }

    /// Checks that the name is that of the path.
    pub(super) fn check_name(&self, object: &Object) -> Result<(), StatusError> {
        if object.name() == self.name() {
            return Ok(());
        }
        Err(StatusError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object.name(),
            self.name()
        )))
    }
}

/// Checks that the body is JSON.
pub(super) fn require_json(content_type: &str) -> Result<(), StatusError> {
    const REFUSED: &str =
        "the body of the request was in an unknown format - accepted media types include: application/json";
    match content_type {
        "" | "application/json" => Ok(()),
        "application/vnd.kubernetes.protobuf" => Err(StatusError::unsupported_media_type(format!(
            "{REFUSED} (the in-memory API server reads no protobuf, which kubectl sends for some of its commands, such as \
             `create namespace`; `create -f` and `apply -f` send JSON)"
        ))),
        _ => Err(StatusError::unsupported_media_type(REFUSED)),
    }
}

fn check_kind(resource: &Resource, object: &Object) -> Result<(), StatusError> {
    let (kind, api_version) = (object.text("kind"), object.text("apiVersion"));
    let is_kind = kind.is_empty() || kind == resource.kind;
    let is_version = api_version.is_empty() || api_version == resource.api_version();
    if is_kind && is_version {
        return Ok(());
    }
    let kind = if kind.is_empty() { &resource.kind } else { kind };
    Err(StatusError::bad_request(format!("{kind} in version {api_version:?} cannot be handled as a {}", resource.kind)))
}

/// Returns the error of an object that does not fit its kind.
pub(super) fn unreadable(resource_kind: &str, version: &str, error: &serde_json::Error) -> StatusError {
    StatusError::bad_request(format!(
        "{resource_kind} in version {version:?} cannot be handled as a {resource_kind}: {error}"
    ))
}

impl State {
    /// Returns the object of the path.
    pub(super) fn existing(&self, call: &Call) -> Result<Arc<Object>, StatusError> {
        let found = self.store.get(&call.resource.storage(), &call.key());
        found.ok_or_else(|| StatusError::not_found(&call.resource.group_resource(), call.name()))
    }

    /// Stores an object unless the request is a dry run.
    pub(super) fn commit(&mut self, call: &Call, object: Object) -> Arc<Object> {
        match call.query.effect {
            Effect::DryRun => Arc::new(object),
            Effect::Stored => {
                let stored = self.store.put(&call.resource.storage(), object);
                definitions::establish(&mut self.resources, &call.resource, &stored);
                stored
            }
        }
    }

    /// Removes an object unless the request is a dry run.
    pub(super) fn withdraw(&mut self, call: &Call, object: &Arc<Object>) -> Arc<Object> {
        match call.query.effect {
            Effect::DryRun => Arc::clone(object),
            Effect::Stored => {
                let removed = self.store.remove(&call.resource.storage(), &Key::of(object));
                definitions::abolish(self, &call.resource, object);
                removed.unwrap_or_else(|| Arc::clone(object))
            }
        }
    }

    /// Validates an object.
    pub(super) fn refuse_invalid(
        call: &Call,
        object: &Object,
        errors: Vec<pod_lifecycle::api::FieldError>,
    ) -> Result<(), StatusError> {
        if errors.is_empty() {
            return Ok(());
        }
        Err(StatusError::invalid(&call.resource.group_kind(), object.name(), &errors))
    }

    /// Creates an object.
    pub(super) fn create(&mut self, call: &Call) -> Result<Arc<Object>, StatusError> {
        let (resource, strategy) = (&call.resource, call.strategy());
        let mut object = call.admit(call.object()?)?;
        if object.has("metadata.resourceVersion") {
            return Err(StatusError::unclassified("resourceVersion should not be set on objects to be created"));
        }
        self.generate_name(call, &mut object);
        self.check_namespace(call, object.name())?;
        metadata::begin(resource, &mut object, self.names.uid(), call.now);
        strategy::drop_status(resource, &mut object);
        strategy.default(&mut object)?;
        strategy.prepare_for_create(&mut object, call.now);
        let mut errors = metadata::validate(resource, &object);
        errors.extend(strategy.validate(&object));
        State::refuse_invalid(call, &object, errors)?;
        if self.store.get(&resource.storage(), &Key::of(&object)).is_some() {
            return Err(StatusError::already_exists(&resource.group_resource(), object.name()));
        }
        Ok(self.commit(call, object))
    }

    /// <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle>
    fn check_namespace(&self, call: &Call, object: &str) -> Result<(), StatusError> {
        let Some(name) = &call.target.namespace else { return Ok(()) };
        let namespaces = super::namespaces::resource();
        let key = Key { namespace: String::new(), name: name.clone() };
        let Some(namespace) = self.store.get(&namespaces, &key) else {
            return Err(StatusError::not_found(&namespaces, name));
        };
        if namespace.is_being_deleted() {
            let why = format!("unable to create new content in namespace {name} because it is being terminated");
            return Err(StatusError::forbidden(&call.resource.group_resource(), object, why));
        }
        Ok(())
    }

    /// Generates a free name from `generateName`.
    fn generate_name(&mut self, call: &Call, object: &mut Object) {
        let prefix = object.text("metadata.generateName").to_owned();
        if !object.name().is_empty() || prefix.is_empty() {
            return;
        }
        object.set("metadata.name", self.names.name(&prefix));
        while self.store.get(&call.resource.storage(), &Key::of(object)).is_some() {
            object.set("metadata.name", self.names.name(&prefix));
        }
    }
}

/// Deserialises part of an object.
pub(super) fn read<T: serde::de::DeserializeOwned>(object: &Object) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::Object(object.fields().clone()))
}
