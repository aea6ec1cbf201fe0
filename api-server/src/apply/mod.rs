//! Server-side apply and managed fields (apimachinery `managedfields`, structured-merge-diff).
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>

mod managers;
mod merge;
mod set;
mod shape;

use std::sync::Arc;

use pod_lifecycle::api::FieldErrorType;
use serde_json::Value;

use super::{
    convert,
    object::Object,
    state::{Call, State},
    status::{StatusError, field_error},
    update::Part,
};
pub(super) use managers::show as show_managers;
use managers::{Entry, Managers, Operation};
use set::FieldSet;
use shape::Type;

/// Fields that belong to the server. Answers to `stripSet`.
const UNOWNED: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
];

/// Writer of a change, for the managed fields.
#[derive(Debug)]
pub(super) enum Writer {
    /// A create, replace or patch: the changed fields are its.
    Update,
    /// A server-side apply, whose managers are known.
    Applied(Applied),
}

/// Managers after an apply.
#[derive(Debug)]
pub(super) struct Applied(Managers);

/// Result of an apply.
#[derive(Debug)]
pub(super) enum Outcome {
    Created(Arc<Object>),
    Changed(Arc<Object>),
}

/// Records in an object's managed fields what a write has changed; `old` is `None` for a creation.
pub(super) fn record(call: &Call, writer: Writer, old: Option<&Object>, new: &mut Object) {
    let supplied = new.remove("metadata.managedFields");
    let type_ = Type::of(&call.resource);
    let managers = match writer {
        Writer::Applied(Applied(managers)) => managers,
        Writer::Update => {
            let before = old.map(Managers::of).unwrap_or_default();
            let before = replaced_by_client(call, supplied).unwrap_or(before);
            // What has no managers was created without them, or they were taken away: it stays so.
            if old.is_some() && before.0.is_empty() {
                return;
            }
            let shown = |object: &Object| convert::outgoing(&call.resource, object).into_value();
            let old_value = old.map_or_else(|| merge::zero(type_), shown);
            let mut comparison = merge::compare(&old_value, &shown(new), type_);
            for set in [&mut comparison.added, &mut comparison.modified, &mut comparison.removed] {
                strip(set);
            }
            let mut managers = before;
            managers.record_update(entry(call, Operation::Update, FieldSet::default()), &comparison);
            managers
        }
    };
    managers.write(new);
}

/// Returns the managers that a client wrote itself, as `kubectl` does to take over from client-side apply.
fn replaced_by_client(call: &Call, supplied: Option<Value>) -> Option<Managers> {
    if call.target.subresource.is_some() || supplied.as_ref()?.as_array()?.is_empty() {
        return None;
    }
    let mut object = Object::default();
    object.set("metadata.managedFields", supplied?);
    Some(Managers::of(&object))
}

fn strip(set: &mut FieldSet) {
    UNOWNED.iter().for_each(|field| set.forget(field));
    let metadata = set::Step::Field("metadata".into());
    if let Some(node) = set.children.get_mut(&metadata) {
        node.is_member = false;
        if node.is_empty() {
            set.children.remove(&metadata);
        }
    }
}

/// Returns the entry of a request's manager.
fn entry(call: &Call, operation: Operation, fields: FieldSet) -> Entry {
    Entry {
        manager: call.manager(),
        operation,
        api_version: call.resource.api_version(),
        subresource: call.target.subresource.clone().unwrap_or_default(),
        time: managers::time(call.now),
        fields,
    }
}

impl State {
    /// Applies the configuration in the body.
    pub(super) fn apply(&mut self, call: &Call, part: Part) -> Result<Outcome, StatusError> {
        if call.query.field_manager.as_deref().unwrap_or_default().is_empty() {
            let detail = "is required for apply patch";
            let error = field_error("fieldManager", FieldErrorType::Required, None, detail);
            return Err(StatusError::invalid_option("PatchOptions", error));
        }
        let applied = call.checked(read(&call.body)?)?;
        if applied.has("metadata.managedFields") {
            return Err(StatusError::bad_request("metadata.managedFields must be nil"));
        }
        for field in ["apiVersion", "kind"] {
            if applied.text(field).is_empty() {
                return Err(StatusError::bad_request(format!("an applied object has to name its {field}")));
            }
        }
        call.check_name(&applied)?;
        // Checks the kind and the namespace as for any other write.
        call.admit(applied.clone())?;
        let type_ = Type::of(&call.resource);
        let mut fields = merge::fields_of(&Value::Object(applied.fields().clone()), type_);
        strip(&mut fields);
        reset(call, part, &mut fields);
        let own = entry(call, Operation::Apply, fields);
        let Some(old) = self.store.get(&call.resource.storage(), &call.key()) else {
            if part != Part::Main {
                return Err(StatusError::not_found(&call.resource.group_resource(), call.name()));
            }
            if !applied.uid().is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {}, and no existing object was found",
                    applied.uid()
                );
                return Err(StatusError::conflict(&call.resource.group_resource(), call.name(), why));
            }
            let writer = Writer::Applied(Applied(Managers(vec![own])));
            return self.create_object(call, applied, writer).map(Outcome::Created);
        };
        let (merged, managers) = self.merged(call, &old, &applied, own)?;
        let new = call.admit(Object::read(merged)?)?;
        self.amend(call, part, &old, new, Writer::Applied(Applied(managers))).map(Outcome::Changed)
    }

    /// Merges a configuration into the live object. Answers to `Updater.Apply`.
    fn merged(
        &self,
        call: &Call,
        old: &Object,
        applied: &Object,
        own: Entry,
    ) -> Result<(Value, Managers), StatusError> {
        let type_ = Type::of(&call.resource);
        let live = convert::outgoing(&call.resource, old).into_value();
        let mut managers = Managers::of(old);
        if managers.0.is_empty() {
            // Everything that was there before the first apply has an owner of its own.
            let mut fields = merge::fields_of(&live, type_);
            strip(&mut fields);
            let before = "before-first-apply".to_owned();
            managers.0.push(Entry { manager: before, operation: Operation::Update, fields, ..own.clone() });
        }
        let last = managers.0.iter().position(|entry| entry.is_same(&own)).map(|at| managers.0.remove(at));
        let mut merged = merge::merge(&live, &Value::Object(applied.fields().clone()), type_);
        if let Some(last) = &last {
            let owned = merge::with_named_parents(&managers.all_fields().union(&own.fields), type_);
            let gone = merge::with_named_parents(&last.fields, type_).difference(&owned);
            merge::remove(&mut merged, &gone, type_);
        }
        let mut comparison = merge::compare(&live, &merged, type_);
        for set in [&mut comparison.added, &mut comparison.modified, &mut comparison.removed] {
            strip(set);
        }
        let conflicts = managers.conflicts(&own, &comparison);
        if !call.query.force && !conflicts.is_empty() {
            return Err(StatusError::apply_conflict(managers::message(&conflicts), managers::causes(&conflicts)));
        }
        managers.take_from_others(&own, &comparison);
        let is_same = last.as_ref().is_some_and(|last| last.fields == own.fields) && live == merged;
        let time = last.filter(|_| is_same).map_or_else(|| own.time.clone(), |last| last.time);
        managers.0.push(Entry { time, ..own });
        Ok((merged, managers))
    }
}

/// Drops the fields that a part of an object does not write. Answers to `GetResetFields`.
fn reset(call: &Call, part: Part, fields: &mut FieldSet) {
    match part {
        Part::Main if call.resource.has_status() => fields.forget("status"),
        Part::Main => {}
        Part::Status => {
            fields.forget("spec");
            if call.resource.origin == super::resource::Origin::BuiltIn {
                fields.forget("metadata");
            }
        }
        Part::EphemeralContainers | Part::Resize => fields.forget("status"),
    }
}

/// Reads an applied configuration: YAML, of which JSON is a part.
fn read(body: &[u8]) -> Result<Object, StatusError> {
    let value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) => serde_saphyr::from_slice(body)
            .map_err(|error| StatusError::bad_request(format!("error decoding YAML: {error}")))?,
    };
    Object::read(value)
}
