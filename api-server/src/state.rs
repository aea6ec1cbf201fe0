//! State of the server, and the common path of all writes.

use std::{cell::RefCell, sync::Arc};

use pod_lifecycle::Timestamp;
use serde_json::Value;

use super::{
    apply::{self, Writer},
    convert, definitions, metadata,
    names::Names,
    object::Object,
    path::Target,
    query::{Effect, FieldValidation, Query},
    resource::{Resource, Resources, Scope},
    status::StatusError,
    store::{Key, Store},
    strategy::{self, Strategy},
    types,
    validation::Findings,
};

/// Objects, resources and generated names.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) resources: Resources,
    pub(super) names: Names,
    /// Records an event on workloads, on which nothing acts.
    pub(super) notes_missing_controllers: bool,
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
    pub(super) user_agent: String,
    /// Texts for the header `Warning`.
    pub(super) warnings: RefCell<Vec<String>>,
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

    /// Drops the fields that the object's type does not have, and says so as `fieldValidation` asks.
    pub(super) fn checked(&self, object: Object) -> Result<Object, StatusError> {
        let (object, unknown) = self.check_fields(object)?;
        if unknown.is_empty() {
            return Ok(object);
        }
        let Resource { kind, version, .. } = &*self.resource;
        let messages = unknown.join(", ");
        Err(StatusError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {messages}"
        )))
    }

    /// The same of the result of a patch.
    pub(super) fn checked_patch(&self, patched: Object) -> Result<Object, StatusError> {
        let (patched, unknown) = self.check_fields(patched)?;
        if unknown.is_empty() {
            return Ok(patched);
        }
        let patch = String::from_utf8_lossy(&self.body);
        let error = format!("strict decoding error: {}", unknown.join(", "));
        Err(StatusError::strictly_invalid_patch(&patch, &error))
    }

    /// Returns the unknown fields if they are to be refused.
    fn check_fields(&self, object: Object) -> Result<(Object, Vec<String>), StatusError> {
        let Resource { kind, version, .. } = &*self.resource;
        let mut fields = object.into_fields();
        let findings = match (types::of(&self.resource), &self.resource.schema) {
            (Some(definition), _) => Findings::of_object(&mut fields, definition),
            (None, Some(schema)) => Findings::of_custom(&mut fields, schema),
            (None, None) => Findings::default(),
        };
        if let Some(error) = &findings.mistyped {
            return Err(StatusError::bad_request(format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: {error}"
            )));
        }
        let object = Object::read(Value::Object(fields))?;
        let unknown = match self.query.field_validation {
            FieldValidation::Strict => findings.messages(),
            FieldValidation::Warn => {
                self.warnings.borrow_mut().extend(findings.messages());
                Vec::new()
            }
            FieldValidation::Ignore => Vec::new(),
        };
        Ok((object, unknown))
    }

    /// True if a patch is a server-side apply.
    pub(super) fn is_apply(&self) -> bool {
        self.content_type == "application/apply-patch+yaml"
    }

    /// Returns the name of the writer: `fieldManager`, or the client's name. Answers to `managerOrUserAgent`.
    pub(super) fn manager(&self) -> String {
        let named = self.query.field_manager.as_deref().filter(|name| !name.is_empty());
        let agent = self.user_agent.split('/').next().filter(|name| !name.is_empty());
        named.or(agent).unwrap_or("unknown").into()
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
                self.collect_dependents(object, call.now);
                self.release_owners(object, call.now);
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
        self.create_object(call, call.checked(call.object()?)?, Writer::Update)
    }

    /// Creates an object that was read and checked.
    pub(super) fn create_object(
        &mut self,
        call: &Call,
        object: Object,
        writer: Writer,
    ) -> Result<Arc<Object>, StatusError> {
        let (resource, strategy) = (&call.resource, call.strategy());
        let mut object = call.admit(object)?;
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
        apply::record(call, writer, None, &mut object);
        let created = self.commit(call, object);
        if call.query.effect == Effect::Stored {
            self.note_missing_controller(resource, &created, call.now);
        }
        Ok(created)
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
