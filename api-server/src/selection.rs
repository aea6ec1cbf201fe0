//! Selection of objects for a list or watch.

use std::sync::Arc;

use super::{
    fields,
    object::Object,
    path::Target,
    query::Query,
    resource::Resource,
    selector::{FieldSelector, LabelSelector},
    status::StatusError,
    store::Key,
};

/// Namespace and selectors of a list or watch.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    namespace: Option<String>,
    name: Option<String>,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    pub(super) fn read(resource: &Arc<Resource>, target: &Target, query: &Query) -> Result<Selection, StatusError> {
        fields::check(resource, &query.fields)?;
        Ok(Selection {
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            labels: query.labels.clone(),
            fields: query.fields.clone(),
        })
    }

    /// True if no selector restricts the result.
    pub(super) fn is_unfiltered(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// True if an object of that name can match.
    pub(super) fn is_about(&self, key: &Key) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace)
            && self.name.as_ref().is_none_or(|name| key.name == *name)
    }

    pub(super) fn matches(&self, object: &Object) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| object.namespace() == namespace)
            && self.name.as_ref().is_none_or(|name| object.name() == name)
            && self.labels.matches(|key| object.label(key))
            && fields::matches(&self.fields, object)
    }
}
