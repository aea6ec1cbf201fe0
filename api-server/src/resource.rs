//! Registry of resources.

use std::{fmt, sync::Arc};

use std::collections::BTreeMap;

use serde_json::Value;

use super::{builtin, path::Target, scale::ScalePaths};

/// Resource name with group: `pods`, `deployments.apps`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupResource {
    pub(super) group: String,
    pub(super) resource: String,
}

/// Kind with group: `Pod`, `Deployment.apps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupKind {
    pub(super) group: String,
    pub(super) kind: String,
}

impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_group(f, &self.resource, &self.group)
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_group(f, &self.kind, &self.group)
    }
}

fn write_with_group(f: &mut fmt::Formatter<'_>, name: &str, group: &str) -> fmt::Result {
    f.write_str(name)?;
    if group.is_empty() { Ok(()) } else { write!(f, ".{group}") }
}

/// Scope of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Namespaced,
    Cluster,
}

/// Use of `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// `metadata.generation` counts the changes.
    Counted,
    /// No `metadata.generation`.
    Absent,
}

/// Writers of `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusSubresource {
    /// Only the subresource `status`; other writes, creation included, leave it alone.
    Only,
    /// The subresource and creation.
    AlsoCreation,
    /// No such subresource.
    Absent,
}

/// Origin of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Built in.
    BuiltIn,
    /// A CustomResourceDefinition, or the first object of its kind.
    Custom,
}

/// One resource in one version.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) short_names: Vec<String>,
    pub(super) scope: Scope,
    pub(super) generation: Generation,
    pub(super) status: StatusSubresource,
    /// Fields of the subresource `scale`, if there is one.
    pub(super) scale: Option<ScalePaths>,
    /// `additionalPrinterColumns` of a custom resource.
    pub(super) printer_columns: Vec<Value>,
    /// OpenAPI schema of a custom resource, if its definition has one.
    pub(super) schema: Option<Arc<Value>>,
    pub(super) origin: Origin,
}

impl Resource {
    pub(super) fn group_resource(&self) -> GroupResource {
        GroupResource { group: self.group.clone(), resource: self.plural.clone() }
    }

    pub(super) fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }

    /// `v1`, `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(super) fn has_status(&self) -> bool {
        self.status != StatusSubresource::Absent
    }

    /// True if this is the built-in resource of that group and name.
    pub(super) fn is(&self, group: &str, plural: &str) -> bool {
        self.origin == Origin::BuiltIn && self.group == group && self.plural == plural
    }

    /// Returns the storage key; events of both groups are the same objects.
    pub(super) fn storage(&self) -> GroupResource {
        if self.is("events.k8s.io", "events") {
            return GroupResource { group: String::new(), resource: "events".into() };
        }
        self.group_resource()
    }
}

/// All known resources.
#[derive(Debug)]
pub(super) struct Resources(BTreeMap<(String, String, String), Arc<Resource>>);

impl Resources {
    /// Returns the built-in resources.
    pub(super) fn built_in() -> Resources {
        let mut resources = Resources(BTreeMap::new());
        builtin::all().for_each(|resource| resources.add(resource));
        resources
    }

    /// Adds or redefines a custom resource; built-in ones stay.
    pub(super) fn add(&mut self, resource: Resource) {
        let key = (resource.group.clone(), resource.version.clone(), resource.plural.clone());
        if self.0.get(&key).is_none_or(|known| known.origin == Origin::Custom) {
            self.0.insert(key, Arc::new(resource));
        }
    }

    /// Removes the versions of a custom resource.
    pub(super) fn remove(&mut self, group: &str, plural: &str) {
        self.0.retain(|_, resource| {
            resource.origin == Origin::BuiltIn || resource.group != group || resource.plural != plural
        });
    }

    /// Returns the resource of a path.
    pub(super) fn find(&self, target: &Target) -> Option<Arc<Resource>> {
        let key = (target.group.clone(), target.version.clone(), target.plural.clone());
        self.0.get(&key).cloned()
    }

    /// Returns the first resource that fits.
    pub(super) fn find_by(&self, fits: impl Fn(&Resource) -> bool) -> Option<Arc<Resource>> {
        self.0.values().find(|resource| fits(resource)).cloned()
    }

    /// Returns all resources by group, version and name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.values().map(Arc::as_ref)
    }
}

/// Infers an undefined custom resource from its first object and its path.
pub(super) fn learnt(target: &Target, kind: &str) -> Resource {
    Resource {
        group: target.group.clone(),
        version: target.version.clone(),
        plural: target.plural.clone(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        short_names: Vec::new(),
        scope: if target.namespace.is_some() { Scope::Namespaced } else { Scope::Cluster },
        generation: Generation::Counted,
        status: StatusSubresource::Only,
        scale: None,
        printer_columns: Vec::new(),
        schema: None,
        origin: Origin::Custom,
    }
}
