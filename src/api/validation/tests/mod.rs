//! Each rule in the words of the domain, asked through [`validate`].

mod containers;
mod handlers;
mod pods;

use alloc::{format, string::String, vec::Vec};

use serde_json::{Value, json};

use super::validate;
use crate::api::PodManifest;

/// The problems of a Pod that is otherwise in order, after defaults: `field: type`.
fn problems_of(pod: &Value) -> Vec<String> {
    let pod: PodManifest = serde_json::from_value(pod.clone()).unwrap();
    let Err(invalid) = validate(&pod.with_defaults()) else { return Vec::new() };
    invalid.errors().iter().map(|error| format!("{}: {}", error.field, error.kind)).collect()
}

/// The problems of a spec whose containers are in order.
fn spec(more: Value) -> Vec<String> {
    let mut spec = json!({"containers": [{"name": "app", "image": "i"}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    problems_of(&json!({"metadata": {"name": "web"}, "spec": spec}))
}

fn with(more: Value) -> Value {
    let mut container = json!({"name": "app", "image": "i"});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

/// The problems of one regular container, without the way to it.
fn container(more: Value) -> Vec<String> {
    strip("spec.containers[0].", spec(json!({"containers": [with(more)]})))
}

/// The problems of one init container, without the way to it.
fn init_container(more: Value) -> Vec<String> {
    let mut init = json!({"name": "init"});
    init.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    strip("spec.initContainers[0].", spec(json!({"initContainers": [with(init)]})))
}

fn strip(prefix: &str, problems: Vec<String>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.strip_prefix(prefix).unwrap_or(&problem).into()).collect()
}

const NONE: [&str; 0] = [];
