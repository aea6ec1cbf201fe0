//! Representations of objects: whole, tables, metadata only.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>

use std::sync::Arc;

use pod_lifecycle::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    apply, convert, list::List, object::Object, query::IncludeObject, resource::Resource, status::StatusError,
    store::Packed, table,
};

/// Representation that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Whole,
    Table(IncludeObject),
    Metadata,
}

impl View {
    /// Chooses the first supported media type of an `Accept` header.
    pub(super) fn negotiate(accept: &str, include: IncludeObject) -> Result<View, StatusError> {
        if accept.trim().is_empty() {
            return Ok(View::Whole);
        }
        accept.split(',').find_map(|range| View::of_range(range, include)).ok_or_else(StatusError::not_acceptable)
    }

    fn of_range(range: &str, include: IncludeObject) -> Option<View> {
        let mut parts = range.split(';').map(str::trim);
        if !matches!(parts.next()?, "application/json" | "application/*" | "*/*") {
            return None;
        }
        let shape = parts.find_map(|parameter| parameter.strip_prefix("as="));
        match shape {
            None => Some(View::Whole),
            Some("Table") => Some(View::Table(include)),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(View::Metadata),
            Some(_) => None,
        }
    }

    /// Returns one object.
    pub(super) fn object(self, resource: &Resource, object: &Arc<Object>, now: Timestamp) -> Value {
        match self {
            View::Whole => convert::outgoing(resource, object).into_value(),
            View::Metadata => metadata(object),
            View::Table(include) => {
                let mut list = Map::new();
                list.insert("resourceVersion".into(), object.text("metadata.resourceVersion").into());
                table::table(resource, std::slice::from_ref(object), list, include, now)
            }
        }
    }

    /// Returns the object of a watch event.
    pub(super) fn event(self, resource: &Resource, object: &Arc<Object>, now: Timestamp) -> Value {
        self.object(resource, object, now)
    }

    /// Returns a bookmark.
    pub(super) fn bookmark(self, object: Value) -> Value {
        match self {
            View::Whole => object,
            View::Metadata => with_type(object, "PartialObjectMetadata"),
            View::Table(_) => {
                let row = with_type(object, "PartialObjectMetadata");
                let mut table =
                    with_type(json!({"columnDefinitions": [], "rows": [{"cells": [], "object": row}]}), "Table");
                if let (Some(fields), Some(metadata)) = (table.as_object_mut(), row.get("metadata")) {
                    fields.insert("metadata".into(), metadata.clone());
                }
                table
            }
        }
    }

    /// Returns a list as text, whose items are written one after another.
    pub(super) fn list(self, resource: &Resource, list: &List, now: Timestamp) -> String {
        let mut about = Map::new();
        about.insert("resourceVersion".into(), list.revision.to_string().into());
        if let Some(token) = &list.continue_token {
            about.insert("continue".into(), token.clone().into());
        }
        if let Some(remaining) = list.remaining {
            about.insert("remainingItemCount".into(), remaining.into());
        }
        let (kind, api_version, items) = match self {
            View::Table(include) => {
                let objects: Vec<Arc<Object>> = list.items.iter().map(Packed::open).collect();
                return table::table(resource, &objects, about, include, now).to_string();
            }
            View::Metadata => {
                let items: Vec<String> = list.items.iter().map(|object| metadata(&object.open()).to_string()).collect();
                ("PartialObjectMetadataList".into(), "meta.k8s.io/v1".into(), items)
            }
            View::Whole => {
                let items = list.items.iter().map(|object| item(resource, &object.open()).to_string()).collect();
                (format!("{}List", resource.kind), resource.api_version(), items)
            }
        };
        let frame = json!({"apiVersion": api_version, "kind": kind, "metadata": about}).to_string();
        let frame = frame.strip_suffix('}').unwrap_or(&frame);
        format!("{frame},\"items\":[{}]}}", items.join(","))
    }
}

/// Returns a list item; built-in kinds omit `kind` and `apiVersion`, custom ones keep them.
fn item(resource: &Resource, object: &Object) -> Value {
    let mut shown = convert::outgoing(resource, object);
    if resource.origin == super::resource::Origin::BuiltIn {
        shown.remove("kind");
        shown.remove("apiVersion");
    }
    shown.into_value()
}

/// `PartialObjectMetadata`
pub(super) fn metadata(object: &Object) -> Value {
    let mut shown = Object::default();
    shown.copy("metadata", object);
    apply::show_managers(&mut shown);
    with_type(shown.into_value(), "PartialObjectMetadata")
}

fn with_type(mut value: Value, kind: &str) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("kind".into(), kind.into());
        fields.insert("apiVersion".into(), "meta.k8s.io/v1".into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::View;
    use crate::query::IncludeObject;

    fn view(accept: &str) -> Option<View> {
        View::negotiate(accept, IncludeObject::Metadata).ok()
    }

    #[test]
    fn the_first_shape_that_can_be_had_is_taken() {
        let of_kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(view(of_kubectl), Some(View::Table(IncludeObject::Metadata)));
        assert_eq!(view("application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadata"), Some(View::Metadata));
        for whole in [
            "",
            "*/*",
            "application/json",
            "application/vnd.kubernetes.protobuf,application/json",
            "text/html, */*;q=0.8",
        ] {
            assert_eq!(view(whole), Some(View::Whole), "{whole}");
        }
        for refused in ["text/html", "application/yaml", "application/vnd.kubernetes.protobuf"] {
            assert_eq!(view(refused), None, "{refused}");
        }
    }
}
