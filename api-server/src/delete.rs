//! Deleting objects: at once, with grace, or when their finalizers are gone.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>

use std::sync::Arc;

use pod_lifecycle::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    metadata, namespaces,
    object::Object,
    owners::Propagation,
    query::{self, Effect},
    resource::{GroupResource, Resource},
    state::{Call, State, require_json},
    status::{StatusError, success},
    strategy::Strategy,
};

/// `metav1.DeleteOptions`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeleteOptions {
    pub(super) grace_period_seconds: Option<i64>,
    pub(super) preconditions: Option<Preconditions>,
    propagation_policy: Option<String>,
    orphan_dependents: Option<bool>,
    dry_run: Option<Vec<String>>,
}

/// Preconditions of a deletion.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Preconditions {
    uid: Option<String>,
    pub(super) resource_version: Option<String>,
}

/// Result of a deletion.
#[derive(Clone, Debug)]
pub(super) enum Deleted {
    /// The object, which still exists or is returned as its last state.
    Object(Arc<Object>),
    /// A `Status` without the object.
    Gone(serde_json::Value),
}

impl DeleteOptions {
    /// Reads the options from the body or the query.
    pub(super) fn read(call: &Call) -> Result<DeleteOptions, StatusError> {
        if call.body.is_empty() {
            let grace_period_seconds = call.query.grace_period_seconds;
            let propagation_policy = call.query.propagation_policy.clone();
            return DeleteOptions { grace_period_seconds, propagation_policy, ..DeleteOptions::default() }.check();
        }
        require_json(&call.content_type)?;
        let options: DeleteOptions = serde_json::from_slice(&call.body).map_err(|error| {
            StatusError::bad_request(format!(
                "the object provided is unrecognized (must be of type DeleteOptions): {error}"
            ))
        })?;
        options.check()
    }

    pub(super) fn check(self) -> Result<DeleteOptions, StatusError> {
        let policy = self.propagation_policy.as_deref().unwrap_or("Background");
        if !["Foreground", "Background", "Orphan"].contains(&policy) {
            let supported = "\"Foreground\", \"Background\", \"Orphan\", \"nil\"";
            return Err(query::unsupported("DeleteOptions", "propagationPolicy", policy, supported));
        }
        if self.propagation_policy.is_some() && self.orphan_dependents.is_some() {
            return Err(StatusError::bad_request("orphanDependents and propagationPolicy cannot be both set"));
        }
        Ok(self)
    }

    /// Returns the treatment of dependents.
    fn propagation(&self, resource: &Resource) -> Propagation {
        match (self.propagation_policy.as_deref(), self.orphan_dependents) {
            (Some("Foreground"), _) => Propagation::Foreground,
            (Some("Orphan"), _) | (None, Some(true)) => Propagation::Orphan,
            (Some(_), _) | (None, Some(false)) => Propagation::Background,
            (None, None) => Propagation::default_of(resource),
        }
    }

    /// True if the options ask for a dry run.
    pub(super) fn effect(&self) -> Result<Effect, StatusError> {
        self.dry_run.iter().flatten().try_fold(Effect::Stored, |_, word| query::effect(word))
    }
}

impl Preconditions {
    /// Checks uid and resource version.
    pub(super) fn check(&self, resource: &Resource, object: &Object) -> Result<(), StatusError> {
        let record = |what: &str, asked: &Option<String>, is: &str, since: &str| match asked {
            Some(asked) if asked != is => {
                let kind = GroupResource { group: resource.group.clone(), resource: resource.kind.clone() };
                let why = format!(
                    "the {what} in the precondition ({asked}) does not match the {what} in record ({is}). \
                     The object might have been {since}"
                );
                Err(StatusError::conflict(&kind, object.name(), why))
            }
            Some(_) | None => Ok(()),
        };
        record("UID", &self.uid, object.uid(), "deleted and then recreated")?;
        let version = object.text("metadata.resourceVersion");
        record("ResourceVersion", &self.resource_version, version, "modified")
    }
}

impl State {
    /// Deletes an object as the request asks.
    pub(super) fn delete(&mut self, call: &mut Call) -> Result<Deleted, StatusError> {
        let options = DeleteOptions::read(call)?;
        if options.effect()? == Effect::DryRun {
            call.query.effect = Effect::DryRun;
        }
        let object = self.existing(call)?;
        self.delete_object(call, &object, &options)
    }

    /// Deletes an object with options.
    pub(super) fn delete_object(
        &mut self,
        call: &Call,
        object: &Arc<Object>,
        options: &DeleteOptions,
    ) -> Result<Deleted, StatusError> {
        if let Some(preconditions) = &options.preconditions {
            preconditions.check(&call.resource, object)?;
        }
        if call.resource.is("", "namespaces") {
            return self.delete_namespace(call, object);
        }
        let is_stored = call.query.effect == Effect::Stored;
        let mut object = Arc::clone(object);
        let mut collects_first = false;
        match options.propagation(&call.resource) {
            Propagation::Orphan if is_stored => self.orphan_dependents(&object),
            Propagation::Foreground if is_stored => {
                if let Some(waiting) = self.waiting_for_dependents(&object) {
                    object = self.commit(call, waiting);
                    collects_first = true;
                }
            }
            Propagation::Background | Propagation::Foreground | Propagation::Orphan => {}
        }
        let deletion = Deletion::begin(call.strategy(), &object, options.grace_period_seconds, call.now);
        let deleted = self.carry_out(call, &object, deletion);
        if collects_first {
            self.collect_dependents(&object, call.now);
        }
        Ok(deleted)
    }

    fn carry_out(&mut self, call: &Call, object: &Arc<Object>, deletion: Deletion) -> Deleted {
        match deletion {
            Deletion::UnderWay => Deleted::Object(Arc::clone(object)),
            Deletion::WithGrace(marked) => {
                let is_over = metadata::is_ready_to_go(&marked);
                let marked = self.commit(call, marked);
                if is_over { self.gone(call, &marked) } else { Deleted::Object(marked) }
            }
            Deletion::AtOnce if object.finalizers().is_empty() => self.gone(call, object),
            Deletion::AtOnce => {
                let marked = marked_for_finalizers(object, call.now);
                Deleted::Object(if marked == **object { Arc::clone(object) } else { self.commit(call, marked) })
            }
        }
    }

    /// Namespaces are emptied by a controller, which takes away their finalizer in the end. There is none here.
    fn delete_namespace(&mut self, call: &Call, object: &Arc<Object>) -> Result<Deleted, StatusError> {
        namespaces::check_deletion(object)?;
        if object.items("spec.finalizers").is_empty() && object.finalizers().is_empty() {
            return Ok(self.gone(call, object));
        }
        let mut marked = marked_for_finalizers(object, call.now);
        marked.set("status.phase", "Terminating");
        if marked == **object {
            return Ok(Deleted::Object(Arc::clone(object)));
        }
        Ok(Deleted::Object(self.commit(call, marked)))
    }

    fn gone(&mut self, call: &Call, object: &Arc<Object>) -> Deleted {
        let last = self.withdraw(call, object);
        if shows_what_it_deletes(&call.resource) {
            return Deleted::Object(last);
        }
        let details = json!({"name": last.name(), "kind": call.resource.plural, "uid": last.uid()});
        let mut details = details;
        if let (false, Some(details)) = (call.resource.group.is_empty(), details.as_object_mut()) {
            details.insert("group".into(), call.resource.group.clone().into());
        }
        Deleted::Gone(success(details))
    }
}

/// Kind of a deletion.
enum Deletion {
    /// Already being deleted, with no longer grace.
    UnderWay,
    /// Marked, with this grace in seconds.
    WithGrace(Object),
    /// At once, unless finalizers keep the object.
    AtOnce,
}

impl Deletion {
    /// Answers to `BeforeDelete`.
    fn begin(strategy: &dyn Strategy, object: &Object, asked: Option<i64>, now: Timestamp) -> Deletion {
        let asked = asked.map(|seconds| if seconds < 0 { 1 } else { seconds });
        let Some(grace) = strategy.grace_period_seconds(object, asked) else { return Deletion::AtOnce };
        if object.is_being_deleted() {
            return Deletion::hasten(object, asked, now);
        }
        let mut marked = object.clone();
        marked.set("metadata.deletionTimestamp", seconds_after(now, grace).to_string());
        marked.set("metadata.deletionGracePeriodSeconds", grace);
        metadata::count_generation(&mut marked);
        Deletion::WithGrace(marked)
    }

    /// Shortens the grace of an earlier deletion; never lengthens it.
    fn hasten(object: &Object, asked: Option<i64>, now: Timestamp) -> Deletion {
        let current = object.number("metadata.deletionGracePeriodSeconds").unwrap_or_default();
        if current == 0 {
            return Deletion::AtOnce;
        }
        let Some(asked) = asked.filter(|asked| *asked < current) else { return Deletion::UnderWay };
        let now = now.whole_seconds();
        let end: Timestamp = object.text("metadata.deletionTimestamp").parse().unwrap_or(now);
        let hastened = seconds_after(end, asked.saturating_sub(current));
        // A grace that is over is over; but the kubelet has to remove the object, if it goes with grace.
        let seconds = if hastened < now && asked != 0 { 1 } else { asked };
        let mut marked = object.clone();
        marked.set("metadata.deletionTimestamp", hastened.max(now).to_string());
        marked.set("metadata.deletionGracePeriodSeconds", seconds);
        Deletion::WithGrace(marked)
    }
}

fn seconds_after(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(time.unix_seconds().saturating_add(seconds))
}

/// Marks an object as deleted, to be removed with its last finalizer.
fn marked_for_finalizers(object: &Object, now: Timestamp) -> Object {
    let mut marked = object.clone();
    let end: Option<Timestamp> = object.text("metadata.deletionTimestamp").parse().ok();
    if end.is_none() {
        metadata::count_generation(&mut marked);
    }
    if end.is_none_or(|end| end > now) {
        marked.set("metadata.deletionTimestamp", now.to_string());
    }
    marked.set("metadata.deletionGracePeriodSeconds", 0);
    marked
}

/// True if a deletion returns the object. Answers to `ReturnDeletedObject`.
fn shows_what_it_deletes(resource: &Resource) -> bool {
    const SHOWN: &[&str] = &[
        "csinodes",
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourceclaims",
        "resourceclaimtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "storageclasses",
        "volumeattachments",
    ];
    SHOWN.contains(&&*resource.plural) && resource.origin == super::resource::Origin::BuiltIn
}
