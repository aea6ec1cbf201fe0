//! Discovery: groups, versions, resources.
//!
//! <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    path::Discovery,
    resource::{Resource, Resources, Scope},
    reviews, scale,
    status::StatusError,
};

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Answers a discovery request.
pub(super) fn answer(resources: &Resources, question: &Discovery) -> Result<Value, StatusError> {
    match question {
        Discovery::CoreVersions => Ok(json!({"kind": "APIVersions", "versions": ["v1"]})),
        Discovery::Groups => {
            let groups: Vec<Value> = groups(resources).iter().map(|(name, versions)| group(name, versions)).collect();
            Ok(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Discovery::Group(name) => {
            let groups = groups(resources);
            let versions = groups.get(&**name).ok_or_else(StatusError::no_such_path)?;
            let mut group = group(name, versions);
            if let Some(group) = group.as_object_mut() {
                group.insert("kind".into(), "APIGroup".into());
                group.insert("apiVersion".into(), "v1".into());
            }
            Ok(group)
        }
        Discovery::Resources { group, version } => {
            let of_version = |one: &&Resource| one.group == *group && one.version == *version;
            let found: Vec<&Resource> = resources.iter().filter(of_version).collect();
            let Some(first) = found.first() else { return Err(StatusError::no_such_path()) };
            let all: Vec<Value> = found.iter().flat_map(|resource| entries(resource)).collect();
            Ok(json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": all
            }))
        }
    }
}

/// Returns the named groups with their versions.
fn groups(resources: &Resources) -> BTreeMap<&str, Vec<&str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in resources.iter().filter(|resource| !resource.group.is_empty()) {
        let versions = groups.entry(&resource.group).or_default();
        if !versions.contains(&&*resource.version) {
            versions.push(&resource.version);
        }
    }
    for versions in groups.values_mut() {
        // Stable versions count before betas and alphas, whose names are longer.
        versions.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| b.cmp(a)));
    }
    groups
}

fn group(name: &str, versions: &[&str]) -> Value {
    let version = |version: &&str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let preferred = versions.first().map(version);
    json!({"name": name, "versions": versions.iter().map(version).collect::<Vec<_>>(), "preferredVersion": preferred})
}

/// Returns a resource and its subresources.
fn entries(resource: &Resource) -> Vec<Value> {
    let is_namespaced = resource.scope == Scope::Namespaced;
    let entry = |name: String, kind: &str, verbs: &[&str]| json!({"name": name, "singularName": "", "namespaced": is_namespaced, "kind": kind, "verbs": verbs});
    let verbs = if reviews::is_review(resource) { &["create"][..] } else { &VERBS };
    let mut own = entry(resource.plural.clone(), &resource.kind, verbs);
    if let Some(fields) = own.as_object_mut() {
        fields.insert("singularName".into(), resource.singular.clone().into());
        if !resource.short_names.is_empty() {
            fields.insert("shortNames".into(), resource.short_names.clone().into());
        }
        // Shown by `kubectl get all`.
        let is_workload = matches!(&*resource.group, "apps" | "batch") && resource.plural != "controllerrevisions";
        if is_workload
            || resource.group.is_empty() && ["pods", "services", "replicationcontrollers"].contains(&&*resource.plural)
        {
            fields.insert("categories".into(), json!(["all"]));
        }
    }
    let mut entries = vec![own];
    let mut add = |name: &str, kind: &str, verbs: &[&str]| {
        entries.push(entry(format!("{}/{name}", resource.plural), kind, verbs));
    };
    if resource.has_status() {
        add("status", &resource.kind, &["get", "patch", "update"]);
    }
    if resource.scale.is_some() {
        entries.push(scale::entry(&resource.plural, is_namespaced));
    }
    let mut add = |name: &str, kind: &str, verbs: &[&str]| {
        entries.push(entry(format!("{}/{name}", resource.plural), kind, verbs));
    };
    if resource.is("", "pods") {
        add("binding", "Binding", &["create"]);
        add("ephemeralcontainers", "Pod", &["get", "patch", "update"]);
        entries.push(eviction());
        let resize = entry("pods/resize".into(), "Pod", &["get", "patch", "update"]);
        entries.push(resize);
    } else if resource.is("", "namespaces") {
        add("finalize", "Namespace", &["update"]);
    }
    entries
}

/// An eviction is of another group than its Pod; by that `kubectl drain` knows it.
fn eviction() -> Value {
    json!({"name": "pods/eviction", "singularName": "", "namespaced": true, "group": "policy", "version": "v1",
        "kind": "Eviction", "verbs": ["create"]})
}

pub(super) fn version_path(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", resource.api_version())
}

/// `/version`
pub(super) fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0+memory", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": "memory/any"})
}
