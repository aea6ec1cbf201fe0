//! Updates and patches.

use std::sync::Arc;

use pod_lifecycle::api::FieldErrorType;

use super::{
    apply::{self, Writer},
    convert, metadata,
    object::Object,
    patch::Patch,
    pods,
    resource::{GroupKind, Origin, Resource},
    state::{Call, State},
    status::{StatusError, field_error},
    strategy,
};

/// Part of an object that a request can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything but the status.
    Main,
    /// `status`
    Status,
    /// `ephemeralcontainers` of a Pod.
    EphemeralContainers,
    /// `resize` of a Pod.
    Resize,
}

impl State {
    /// Replaces an object or a part of it.
    pub(super) fn replace(&mut self, call: &Call, part: Part) -> Result<Arc<Object>, StatusError> {
        let new = call.object()?;
        call.check_name(&new)?;
        let old = self.existing(call)?;
        let uid = new.uid();
        if !uid.is_empty() && uid != old.uid() {
            let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
            return Err(StatusError::conflict(&call.resource.group_resource(), call.name(), why));
        }
        if new.text("metadata.resourceVersion").is_empty() && !allows_unconditional_update(&call.resource) {
            let kind = GroupKind { group: call.resource.group.clone(), kind: call.resource.plural.clone() };
            let detail = "must be specified for an update";
            let error = field_error("metadata.resourceVersion", FieldErrorType::Invalid, Some("0"), detail);
            return Err(StatusError::invalid(&kind, call.name(), &[error]));
        }
        let new = call.admit(call.checked(new)?)?;
        self.amend(call, part, &old, new, Writer::Update)
    }

    /// Patches an object or a part of it.
    pub(super) fn patch(&mut self, call: &Call, part: Part) -> Result<Arc<Object>, StatusError> {
        if call.query.force {
            let detail = "may not be specified for non-apply patch";
            let error = field_error("force", FieldErrorType::Forbidden, None, detail);
            return Err(StatusError::invalid_option("PatchOptions", error));
        }
        let patch = Patch::read(&call.resource, &call.content_type, &call.body)?;
        let old = self.existing(call)?;
        let patched = patch.apply(&call.resource, convert::outgoing(&call.resource, &old))?;
        call.check_name(&patched)?;
        let new = call.admit(call.checked_patch(patched)?)?;
        self.amend(call, part, &old, new, Writer::Update)
    }

    /// Replaces the object as far as the part and the rules allow.
    pub(super) fn amend(
        &mut self,
        call: &Call,
        part: Part,
        old: &Arc<Object>,
        mut new: Object,
        writer: Writer,
    ) -> Result<Arc<Object>, StatusError> {
        let (resource, strategy) = (&call.resource, call.strategy());
        let version = new.text("metadata.resourceVersion");
        if !version.is_empty() && version != old.text("metadata.resourceVersion") {
            return Err(StatusError::modified(&resource.group_resource(), call.name()));
        }
        strategy.default(&mut new)?;
        match part {
            Part::Main if resource.has_status() => new.copy("status", old),
            Part::Main => {}
            Part::Status => strategy.prepare_for_status_update(&mut new, old),
            Part::EphemeralContainers => pods::ephemeral::prepare(&mut new, old),
            Part::Resize => pods::resize::prepare(&mut new, old),
        }
        metadata::keep(&mut new, old);
        if part != Part::Status && strategy::differs_in_spec(resource, &new, old) {
            metadata::count_generation(&mut new);
        }
        let mut errors = metadata::validate(resource, &new);
        errors.extend(metadata::validate_update(&new, old));
        errors.extend(match part {
            Part::Main => [strategy.validate(&new), strategy.validate_update(&new, old)].concat(),
            Part::Status => strategy.validate_status_update(&new, old),
            Part::EphemeralContainers => [strategy.validate(&new), pods::ephemeral::validate(&new, old)].concat(),
            Part::Resize => [strategy.validate(&new), pods::resize::validate(&new, old)].concat(),
        });
        State::refuse_invalid(call, &new, errors)?;
        apply::record(call, writer, Some(old), &mut new);
        Ok(self.conclude(call, old, new))
    }

    /// Stores a changed object, or removes one whose last finalizer is gone.
    pub(super) fn conclude(&mut self, call: &Call, old: &Arc<Object>, new: Object) -> Arc<Object> {
        if new == **old {
            Arc::clone(old)
        } else if metadata::is_ready_to_go(&new) && !metadata::is_ready_to_go(old) {
            self.withdraw(call, old)
        } else {
            self.commit(call, new)
        }
    }
}

/// True if an update may omit the resource version.
///
/// Answers to `AllowUnconditionalUpdate`.
fn allows_unconditional_update(resource: &Resource) -> bool {
    const CONDITIONAL: &[&str] = &[
        "customresourcedefinitions",
        "csinodes",
        "leases",
        "poddisruptionbudgets",
        "runtimeclasses",
        "volumeattachments",
    ];
    resource.origin == Origin::BuiltIn && !CONDITIONAL.contains(&&*resource.plural)
}
